// Octets a MAC may have been computed over instead of the entity that was sent: the same message in other clothes.
import { decodeTree, encodeTree } from '../syncml/codec.ts'
import { CodecError } from '../syncml/error.ts'
import type { Encoding } from '../syncml/message.ts'
import { concat, latin1Text, utf8Bytes, utf8Text } from '../syncml/text.ts'
import { base64 } from '../syncml/text.ts'
import type { Body } from './whyaxes.ts'

const FIX = 'compute the MAC over the entity exactly as it is sent'

/** Variants of one body, the body itself not among them. */
export function bodiesOf(body: Uint8Array, encoding: Encoding): Body[] {
  const found: Body[] = []
  const seen = new Set([latin1Text(body)])
  const add = (id: string, text: string, octets: Uint8Array | null): void => {
    if (octets === null) return
    const key = latin1Text(octets)
    if (seen.has(key)) return
    seen.add(key)
    found.push({ id, text: `the MAC is over ${text}`, fix: FIX, octets })
  }
  add('body.empty', 'an empty body', new Uint8Array())
  add('body.base64', 'the base64 text of the body', utf8Bytes(base64(body)))
  const text = encoding === 'xml' ? (utf8Text(body) ?? latin1Text(body)) : null
  if (text !== null) {
    const marked = text.startsWith('\ufeff') ? text.slice(1) : text
    const write = (id: string, words: string, changed: string): void => add(id, words, utf8Bytes(changed))
    write('body.bom', 'the body without its byte order mark', marked)
    write('body.bom', 'the body with a byte order mark', `\ufeff${marked}`)
    write('body.declaration', 'the body without its XML declaration', text.replace(/^<\?xml[^>]*\?>\s*/, ''))
    write('body.declaration', 'the body without declaration and DOCTYPE', text.replace(/^<\?xml[^>]*\?>\s*/, '').replace(/^<!DOCTYPE[^>]*>\s*/, ''))
    write('body.declaration', 'the body with an XML declaration', `<?xml version="1.0" encoding="UTF-8"?>${text}`)
    write('body.lines', 'the body with LF instead of CR LF', text.replace(/\r\n/g, '\n'))
    write('body.lines', 'the body with CR LF instead of LF', text.replace(/\r?\n/g, '\r\n'))
    write('body.end', 'the body without white space at its end', text.trimEnd())
    write('body.end', 'the body with a line end behind it', `${text}\n`)
    write('body.end', 'the body with CR LF behind it', `${text}\r\n`)
    write('body.indent', 'the body without white space between elements', text.replace(/>\s+</g, '><'))
    add('body.charset', 'the body in ISO-8859-1', latin1(text))
    write('body.charset', 'the UTF-8 of the body read as ISO-8859-1', latin1Text(body))
    const units = Uint8Array.from([...Array(text.length).keys()].flatMap((i) => [text.charCodeAt(i) & 255, text.charCodeAt(i) >> 8]))
    add('body.charset', 'the body in UTF-16 (little end first)', units)
    add('body.charset', 'the body in UTF-16 with a byte order mark', concat([Uint8Array.of(0xff, 0xfe), units]))
  }
  add('body.nul', 'the body with a NUL behind it', concat([body, new Uint8Array(1)]))
  for (const to of ['xml', 'wbxml'] as const) for (const [words, octets] of encoded(body, encoding, to)) add('body.encoded', words, octets)
  return found
}

/** The message written again by this lab's writers. */
function encoded(body: Uint8Array, from: Encoding, to: Encoding): [string, Uint8Array][] {
  const name = to === 'xml' ? 'XML' : 'WBXML'
  const words = from === to ? `the same message written again as ${name}` : `the message in ${name} instead of what was sent`
  try {
    const { root } = decodeTree(body, from)
    const styles = to === 'xml' ? [{}] : [{}, { strings: 'opaque' as const }, { publicId: 'text' as const }]
    return styles.map((style) => [words, encodeTree(root, { encoding: to, ...style })])
  } catch (error) {
    if (error instanceof CodecError) return []
    throw error
  }
}

function latin1(text: string): Uint8Array | null {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  return codes.some((code) => code > 255) ? null : Uint8Array.from(codes)
}
