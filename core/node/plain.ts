// Plain requests: a POST of a SyncML type that came whole and in one piece, whose header block Node's parser would surely read as it is read here; pure.
import { Buffer } from 'node:buffer'
import type { Encoding } from '../syncml/message.ts'
import type { Headers } from '../machine.ts'
import type { HttpLimits } from './limits.ts'
import { encodingOf } from './media.ts'

/** What the header fields of a request say. */
export interface Block {
  readonly headers: Headers
  readonly contentType: string
  readonly encoding: Encoding
  readonly length: number
}

/** The targets and fields that are surely what Node's parser makes of them: no white space at ends, no control characters, none folded. */
const METHOD = Buffer.from('POST /')
const VERSION = Buffer.from(' HTTP/1.1\r\n')
const TARGET = Array.from({ length: 256 }, (_, code) => /[\w\-.~%!$&'()*+,;=:@/?]/.test(String.fromCharCode(code)))
const FIELD = /([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[ \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)\r\n/y

/** Fields that make a request anything but plain. A connection that is to stay open is one anyway. */
const SPECIAL = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'proxy-connection',
  'keep-alive',
  'http2-settings',
])

function blockOf(text: string): Block | null {
  const headers: [string, string][] = []
  let contentType = ''
  let length = -1
  FIELD.lastIndex = 0
  while (FIELD.lastIndex < text.length) {
    const found = FIELD.exec(text)
    if (found === null) return null
    const [, name = '', value = ''] = found
    const lower = name.toLowerCase()
    if (SPECIAL.has(lower) || (lower === 'connection' && value.toLowerCase() !== 'keep-alive')) return null
    if (lower === 'content-type') contentType ||= value
    else if (lower === 'content-length') {
      if (length >= 0 || !/^\d{1,9}$/.test(value)) return null
      length = Number(value)
    }
    headers.push([name, value])
  }
  const encoding = encodingOf(contentType)
  return encoding === null || length < 0 ? null : { headers, contentType, encoding, length }
}

/** Blocks of header fields that are remembered, and the longest of them; when there are more the memory starts anew. */
export const BLOCKS = 512
export const LONGEST = 1024

/** A plain request as it came: target, header block down to its last line end, body. */
export interface Found {
  readonly uri: string
  readonly text: string
  readonly block: Block
  readonly body: Uint8Array
}

/** What a header block says, by its text; those that some device said before, to the letter, are not read again. */
export function blockReader(): (text: string) => Block | null {
  const blocks = new Map<string, Block | null>()
  return (text) => {
    let block = blocks.get(text)
    if (block !== undefined) return block
    if (blocks.size >= BLOCKS) blocks.clear()
    block = blockOf(text)
    if (text.length <= LONGEST) blocks.set(text, block)
    return block
  }
}

/** Finds plain requests; null where a chunk is anything else. */
export function plainFinder(limits: Pick<HttpLimits, 'headerBytes' | 'bodyBytes'>): (chunk: Buffer) => Found | null {
  const read = blockReader()
  return (chunk) => {
    const target = targetEnd(chunk)
    const fields = target + VERSION.length
    // The line end before the fields may be the first half of the empty line.
    const end = target < 0 ? -1 : chunk.indexOf('\r\n\r\n', fields - 2, 'latin1')
    if (end < 0 || end > limits.headerBytes - 4) return null
    const text = chunk.toString('latin1', fields, end + 2)
    const block = read(text)
    if (block === null || block.length !== chunk.length - end - 4 || block.length > limits.bodyBytes) return null
    const uri = chunk.toString('latin1', METHOD.length - 1, target)
    return { uri, text, block, body: new Uint8Array(chunk.buffer, chunk.byteOffset + end + 4, block.length) }
  }
}

/** Index behind the target of a POST whose request line is plain and whole; -1: it is anything else. */
function targetEnd(chunk: Buffer): number {
  if (!stands(chunk, 0, METHOD)) return -1
  let at = METHOD.length
  while (TARGET[chunk[at] as number] === true) at += 1
  return stands(chunk, at, VERSION) ? at : -1
}

function stands(chunk: Buffer, at: number, what: Buffer): boolean {
  for (let i = 0; i < what.length; i += 1) if (chunk[at + i] !== what[i]) return false
  return true
}

/** The octets that a plain request came as. */
export function rawOf({ uri, text, body }: Found): Buffer {
  return Buffer.concat([Buffer.from(`POST ${uri} HTTP/1.1\r\n${text}\r\n`, 'latin1'), body])
}
