// An edited body: from bytes to text and back, and whether what came of it still decodes. Pure.
import { decodeTree, encodeTree, type Wire } from '../../core/syncml/codec.ts'
import { CodecError } from '../../core/syncml/error.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { formatHex, parseHex } from './hex.ts'

/** How a body is edited: its own text, its octets, or (WBXML only) XML that is encoded again. */
export type Way = 'text' | 'hex' | 'xml'

/** Ways that are open for a body, best first. */
export function ways(bytes: Uint8Array, encoding: Encoding): readonly Way[] {
  if (encoding === 'wbxml') return decodes(bytes, encoding) === null ? ['xml', 'hex'] : ['hex']
  return textOf(bytes) === null ? ['hex'] : ['text', 'hex']
}

/** UTF-8 text that comes back to the same bytes, else null. */
function textOf(bytes: Uint8Array): string | null {
  try {
    // CR alone or before LF would be lost in an editor: such bodies are edited as hex.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes('\r') ? null : text
  } catch {
    return null
  }
}

/** The body as editable text. */
export function toDraft(bytes: Uint8Array, encoding: Encoding, way: Way): string {
  if (way === 'hex') return formatHex(bytes)
  if (way === 'text') return textOf(bytes) ?? ''
  return new TextDecoder().decode(encodeTree(decodeTree(bytes, encoding).root, { encoding: 'xml' }))
}

export interface Draft {
  /** What would be sent; null where the text does not even give bytes. */
  readonly bytes: Uint8Array | null
  /** What is wrong with it; '' where it decodes. */
  readonly error: string
  /** Character of the text at which it is wrong; null where that is not known. */
  readonly at: number | null
}

/** Reads an edited text; `original` is the body it was made from, whose way of writing WBXML is kept. */
export function fromDraft(text: string, encoding: Encoding, way: Way, original: Uint8Array): Draft {
  if (way === 'hex') {
    let bytes: Uint8Array
    try {
      bytes = parseHex(text)
    } catch (error) {
      const words = (error as Error).message
      const position = /position (\d+)/.exec(words)?.[1]
      return { bytes: null, error: words, at: position === undefined ? null : Number(position) - 1 }
    }
    const wrong = decodes(bytes, encoding)
    return { bytes, error: wrong?.reason ?? '', at: wrong === null ? null : hexPlace(text, wrong.offset) }
  }
  const typed = new TextEncoder().encode(text)
  const wrong = decodes(typed, 'xml')
  const at = wrong === null ? null : new TextDecoder().decode(typed.subarray(0, wrong.offset)).length
  if (way === 'text' || wrong !== null) return { bytes: way === 'text' ? typed : null, error: wrong?.reason ?? '', at }
  try {
    return { bytes: encodeTree(decodeTree(typed, 'xml').root, wireOf(original)), error: '', at: null }
  } catch (error) {
    return { bytes: null, error: error instanceof Error ? error.message : String(error), at: null }
  }
}

/** How the original was written: version, kind of public identifier, string table or not. */
function wireOf(original: Uint8Array): Wire {
  const form = decodeTree(original, 'wbxml').form
  if (form === null) return { encoding: 'wbxml' }
  const version = form.version === 1 || form.version === 3 ? form.version : 2
  return {
    encoding: 'wbxml',
    version,
    publicId: form.publicId === 0 ? 'text' : 'number',
    strings: form.tableRefs > 0 ? 'table' : form.opaques > form.inline ? 'opaque' : 'inline',
  }
}

function decodes(bytes: Uint8Array, encoding: Encoding): { offset: number; reason: string } | null {
  try {
    decodeTree(bytes, encoding)
    return null
  } catch (error) {
    return error instanceof CodecError ? { offset: error.offset, reason: error.reason } : { offset: 0, reason: String(error) }
  }
}

/** Character at which byte number `offset` of a hex text begins. */
function hexPlace(text: string, offset: number): number {
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    if (!/[0-9a-f]/i.test(text[i] ?? '')) continue
    if (digits === offset * 2) return i
    digits += 1
  }
  return Math.max(0, text.length - 1)
}
