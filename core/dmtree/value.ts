// Values of leaves: how each Format is checked, stored and written. Octets only where the format is bin (META, TND 7.7.3, dm-protocol 3.2).
import type { Data } from '../syncml/message.ts'
import { EncodeError, encodeTree } from '../syncml/codec.ts'
import { base64, fromBase64, isXmlText, utf8Bytes, utf8Lossy, utf8Text } from '../syncml/text.ts'
import { TreeError } from './error.ts'

export const FORMATS = ['b64', 'bin', 'bool', 'chr', 'int', 'node', 'null', 'xml', 'date', 'time', 'float'] as const
export type Format = (typeof FORMATS)[number]

/** Octets where the node's format is bin, text otherwise. */
export type Value = string | Uint8Array

/** The format of that name, whatever its case; throws TreeError 415 where there is none. */
export function formatNamed(name: string): Format {
  const format = FORMATS.find((known) => known === name.toLowerCase())
  if (format === undefined) throw new TreeError(415, `format '${name}' is not known`)
  return format
}

const SHAPES: Partial<Record<Format, RegExp>> = {
  bool: /^(true|false)$/,
  int: /^[+-]?\d{1,10}$/,
  float: /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$/,
  date: /^(\d{4}-\d{2}-\d{2}|\d{8})$/,
  time: /^(\d{2}:\d{2}:\d{2}|\d{6})(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/,
  null: /^$/,
}

/** Why a text is no value of that format, or null where it is one. */
export function valueProblem(format: Format, text: string): string | null {
  if (!isXmlText(text)) return `text for format ${format} holds a character that XML cannot carry; bin can`
  const shape = SHAPES[format]
  if (shape !== undefined && !shape.test(text)) return `'${text.slice(0, 40)}' is no ${format}`
  if (format === 'int' && (Number(text) > 2147483647 || Number(text) < -2147483648)) return `'${text}' is outside 32 bits`
  if (format === 'b64' && fromBase64(text) === null) return `'${text.slice(0, 40)}' is not base64`
  return null
}

/** Size property: decoded bytes (TND 7.7.5); of a native b64 node the length of its text. */
export function sizeOf(value: Value): number {
  return typeof value === 'string' ? utf8Length(value) : value.length
}

/** The value as text: base64 for octets, itself otherwise. */
export function valueText(value: Value): string {
  return typeof value === 'string' ? value : base64(value)
}

/**
 * Reads the Data of a command into a value.
 * `meta` is the Format on the wire (undefined where absent), `wanted` the formats the node may have (null: any).
 * b64 on the wire becomes bin in the tree unless the node wants b64 itself (dm-protocol 3.2). Throws TreeError 412 or 415.
 */
export function readValue(data: Data | undefined, meta: string | undefined, wanted: readonly Format[] | null): { format: Format; value: Value } {
  const wire = meta === undefined ? undefined : formatNamed(meta)
  if (data === undefined && wire !== 'null') throw new TreeError(412, 'Item has no Data')
  const format = settle(wire, wanted, data)
  if (wanted !== null && !wanted.includes(format)) throw new TreeError(415, `format ${format} is not permitted here; ${wanted.join(', ')} is`)
  if (format === 'bin') return { format, value: wire === 'b64' ? octetsOfBase64(dataText(data)) : octets(data) }
  const text = dataText(data)
  const problem = valueProblem(format, text)
  if (problem !== null) throw new TreeError(415, problem)
  return { format, value: format === 'bool' || format === 'int' ? text.trim() : text }
}

function settle(wire: Format | undefined, wanted: readonly Format[] | null, data: Data | undefined): Format {
  if (wire === 'b64') return wanted?.includes('b64') === true ? 'b64' : 'bin'
  if (wire !== undefined) return wire
  if (data instanceof Uint8Array) return 'bin'
  // Without a Format the wire says chr; a node of another text format takes the text as its own (INFERRED, deployed servers omit it).
  if (wanted !== null && !wanted.includes('chr')) return wanted.find((format) => format !== 'node' && format !== 'bin') ?? 'chr'
  return 'chr'
}

function octets(data: Data | undefined): Uint8Array {
  if (data instanceof Uint8Array) return data
  return utf8Bytes(dataText(data))
}

function dataText(data: Data | undefined): string {
  if (data === undefined) return ''
  if (typeof data === 'string') return data
  if (data instanceof Uint8Array) {
    const text = utf8Text(data)
    if (text === null) throw new TreeError(415, 'Data holds octets that are not UTF-8; format bin is needed')
    return text
  }
  // Markup that was not escaped, as deployed servers send it: its text (REP wants it escaped; kept as INFERRED tolerance).
  try {
    return data.map((element) => utf8Lossy(encodeTree(element, { encoding: 'xml', prolog: false }))).join('')
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error
    throw new TreeError(415, 'Data holds elements that XML cannot write')
  }
}

/** Decodes base64 text, white space ignored. Throws TreeError 415. */
export function octetsOfBase64(text: string, offset = 0): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes === null) throw new TreeError(415, `'${text.slice(0, 40)}' is not base64`, offset)
  return bytes
}

function utf8Length(text: string): number {
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x80) length += 1
    else if (c < 0x800) length += 2
    else if (c >= 0xd800 && c < 0xdc00) {
      length += 4
      i += 1
    } else length += 3
  }
  return length
}
