// The GSM 7-bit default alphabet (3GPP TS 23.038 6.2.1) packed in octets, both ways; what it cannot say is refused.

const ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const ESCAPE = 0x1b
/** Extension table: what follows the escape. */
const EXTENSION: ReadonlyMap<number, string> = new Map([
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
])
const EXTENDED: ReadonlyMap<string, number> = new Map([...EXTENSION].map(([code, letter]) => [letter, code]))

/** Septets of a text; null where a character is in neither table. */
export function septets(text: string): number[] | null {
  const out: number[] = []
  for (const letter of text) {
    const extended = EXTENDED.get(letter)
    const code = letter === '\u001b' ? -1 : ALPHABET.indexOf(letter)
    if (extended !== undefined) out.push(ESCAPE, extended)
    else if (code >= 0) out.push(code)
    else return null
  }
  return out
}

/** Text of septets; an escape before nothing known is a space (TS 23.038 6.2.1.1). */
export function septetText(codes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number
    if (code !== ESCAPE) text += ALPHABET[code] ?? '?'
    else text += EXTENSION.get(codes[++i] ?? -1) ?? ' '
  }
  return text
}

/** Packs septets, the first at bit `fill` of the first octet (TS 23.038 6.1.2.1). */
export function packSeptets(codes: readonly number[], fill = 0): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil((fill + codes.length * 7) / 8))
  codes.forEach((code, i) => {
    const bit = fill + i * 7
    const wide = code << (bit & 7)
    out[bit >> 3] = (out[bit >> 3] as number) | (wide & 0xff)
    if (wide > 0xff) out[(bit >> 3) + 1] = (out[(bit >> 3) + 1] as number) | (wide >> 8)
  })
  return out
}

/** `count` septets out of octets, the first at bit `fill`; fewer where the octets end before. */
export function unpackSeptets(octets: Uint8Array, count: number, fill = 0): number[] {
  const out: number[] = []
  for (let i = 0; i < count; i++) {
    const bit = fill + i * 7
    if (bit + 7 > octets.length * 8) break
    const wide = (octets[bit >> 3] as number) | ((octets[(bit >> 3) + 1] ?? 0) << 8)
    out.push((wide >> (bit & 7)) & 0x7f)
  }
  return out
}
