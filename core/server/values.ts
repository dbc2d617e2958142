// Values of a device's tree as the server remembers them: text of Items, base64 where they are octets.
import { EncodeError, encodeTree } from '../syncml/codec.ts'
import { base64, dataText, utf8Bytes, utf8Lossy } from '../syncml/text.ts'
import type { Data, Item, Meta, Request } from '../syncml/message.ts'
import type { KnownValue } from './records.ts'

/** Data as text: octets as base64, nested elements as XML. Octets that happen to be UTF-8 were decoded as text; Format bin tells. */
export function textOfData(data: Data | undefined, format?: string): string {
  if (data === undefined) return ''
  if (typeof data === 'string') return format === 'bin' ? base64(utf8Bytes(data)) : data
  if (data instanceof Uint8Array) return base64(data)
  try {
    return data.map((element) => utf8Lossy(encodeTree(element, { encoding: 'xml', prolog: false }))).join('')
  } catch (error) {
    // Elements with names that XML does not know (unknown WBXML tokens): their text is all that can be told.
    if (error instanceof EncodeError) return dataText(data)
    throw error
  }
}

/** The values that Items of Results carry; Meta of the Results applies where an Item has none (SML). Items without a Source are left out. */
export function valuesOf(device: string, items: readonly Item[], meta: Meta | undefined, at: number): KnownValue[] {
  return items.flatMap((item) => {
    const uri = item.source?.locUri ?? ''
    return uri === '' ? [] : [valueOf(device, uri, item, meta, at)]
  })
}

/** The values that an Add or Replace with success has written; other commands, interior nodes and whole sub-trees write none we know. */
export function valuesWritten(device: string, command: Request, at: number): KnownValue[] {
  if (command.kind !== 'Add' && command.kind !== 'Replace') return []
  return command.items.flatMap((item) => {
    const uri = item.target?.locUri ?? ''
    const { format, type } = { ...command.meta, ...item.meta }
    if (uri === '' || uri.includes('?') || format === 'node' || item.data === undefined || /dmtnds/.test(type ?? '')) return []
    return [valueOf(device, uri, item, command.meta, at)]
  })
}

function valueOf(device: string, uri: string, item: Item, meta: Meta | undefined, at: number): KnownValue {
  const { format, type } = { ...meta, ...item.meta }
  const octets = item.data instanceof Uint8Array
  return { device, uri, format: format ?? (octets ? 'bin' : 'chr'), type: type ?? 'text/plain', data: textOfData(item.data, format), at }
}
