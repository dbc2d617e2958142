// Skips a DOCTYPE and never processes it: an internal subset may hold only instructions, comments and white space.
import type { XmlText } from './xmltext.ts'

/** Index behind the DOCTYPE that begins at `start`. Throws CodecError for declarations, parameter entities, and a DOCTYPE without end. */
export function skipDoctype(text: XmlText, start: number): number {
  const { bytes, end } = text
  let p = start + 9
  while (p < end) {
    const c = bytes[p] as number
    if (c === 0x3e) return p + 1
    if (c === 0x22 || c === 0x27) p = skipTo(text, String.fromCharCode(c), p + 1, start)
    else if (c === 0x5b) p = skipSubset(text, p, start)
    else if (c === 0x3c) text.fail('"<" inside DOCTYPE', p)
    p++
  }
  return text.fail('the document ends inside DOCTYPE', start)
}

/** Index of the `]` that ends the internal subset which begins at `from`. */
function skipSubset(text: XmlText, from: number, start: number): number {
  const { bytes, end, source } = text
  let p = from + 1
  while (p < end && bytes[p] !== 0x5d) {
    if (source.startsWith('<?', p)) p = skipTo(text, '?>', p + 2, start)
    else if (source.startsWith('<!--', p)) p = skipTo(text, '-->', p + 4, start)
    else if (bytes[p] !== 0x20 && bytes[p] !== 0x0a && bytes[p] !== 0x0d && bytes[p] !== 0x09) {
      text.fail('DOCTYPE declares something (entities, elements or a reference): not accepted', p)
    }
    p++
  }
  if (p >= end) text.fail('the document ends inside DOCTYPE', start)
  return p
}

/** Index of the last octet of `mark`, looked for from `from`. */
function skipTo(text: XmlText, mark: string, from: number, start: number): number {
  const at = text.source.indexOf(mark, from)
  if (at < 0) text.fail('the document ends inside DOCTYPE', start)
  return at + mark.length - 1
}
