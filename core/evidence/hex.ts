// Bytes written as hexadecimal text, read back; anything that is not hexadecimal is refused with its place.

/** What may stand between two digits of hexadecimal text, besides white space. */
const SEPARATORS = ',:;'

/** Octets of hexadecimal text; white space, `0x`, comma, colon and semicolon between octets are passed over. Else what is wrong, and where. */
export function fromHex(text: Uint8Array): Uint8Array<ArrayBuffer> | { readonly offset: number; readonly reason: string } {
  const out = new Uint8Array(text.length >> 1)
  let length = 0
  let high = -1
  let at = 0
  const wrong = (offset: number, reason: string): { offset: number; reason: string } => ({ offset, reason })
  if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) at = 3
  for (; at < text.length; at++) {
    const c = text[at] as number
    const next = text[at + 1]
    if (high < 0 && c === 0x30 && (next === 0x78 || next === 0x58)) {
      at++
      continue
    }
    const digit = digitOf(c)
    if (digit >= 0) {
      if (high < 0) high = digit
      else {
        out[length++] = high * 16 + digit
        high = -1
      }
    } else if (c > 0x20 && !SEPARATORS.includes(String.fromCharCode(c)))
      return wrong(at, `character 0x${c.toString(16).toUpperCase().padStart(2, '0')} is no hexadecimal digit`)
    else if (high >= 0) return wrong(at, 'half an octet: one hexadecimal digit stands alone')
  }
  if (high >= 0) return wrong(text.length, 'half an octet: an odd number of hexadecimal digits')
  if (length === 0) return wrong(0, 'no hexadecimal digits')
  return out.slice(0, length)
}

function digitOf(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  if (c >= 0x61 && c <= 0x66) return c - 0x57
  return c >= 0x41 && c <= 0x46 ? c - 0x37 : -1
}
