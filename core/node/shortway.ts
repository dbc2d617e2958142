// The short way of a request: a plain POST of a SyncML type that came whole and in one piece is read here; all else goes to Node's parser, from its first byte.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Encoding } from '../syncml/message.ts'
import type { Headers } from '../machine.ts'
import type { HttpLimits } from './limits.ts'
import { encodingOf } from './media.ts'

/** A request that needs no parser. */
export interface Plain {
  readonly uri: string
  readonly headers: Headers
  readonly contentType: string
  readonly encoding: Encoding
  readonly body: Uint8Array
}

/** What the header fields of a request say. */
interface Block {
  readonly headers: Headers
  readonly contentType: string
  readonly encoding: Encoding
  readonly length: number
}

/** The targets and fields that are surely what Node's parser makes of them: no white space at ends, no control characters, none folded. */
const POST = /^POST (\/[\w\-.~%!$&'()*+,;=:@/?]*) HTTP\/1\.1\r\n/
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
const BLOCKS = 512
const LONGEST = 1024

/** Reads plain requests of one server; header fields that some device said before, to the letter, are not read again. */
export function plainReader(limits: HttpLimits): (chunk: Buffer) => Plain | null {
  const blocks = new Map<string, Block | null>()
  const read = (text: string): Block | null => {
    let block = blocks.get(text)
    if (block !== undefined) return block
    if (blocks.size >= BLOCKS) blocks.clear()
    block = blockOf(text)
    if (text.length <= LONGEST) blocks.set(text, block)
    return block
  }
  return (chunk) => {
    const end = chunk.indexOf('\r\n\r\n', 0, 'latin1')
    if (end < 0 || end > limits.headerBytes - 4) return null
    const head = chunk.toString('latin1', 0, end + 2)
    const line = POST.exec(head)
    if (line === null) return null
    const known = read(head.slice(line[0].length))
    if (known === null || known.length !== chunk.length - end - 4 || known.length > limits.bodyBytes) return null
    const { headers, contentType, encoding, length } = known
    const body = new Uint8Array(chunk.buffer, chunk.byteOffset + end + 4, length)
    return { uri: line[1] ?? '', headers, contentType, encoding, body }
  }
}

/** What the short way needs of the server around it. */
export interface Way {
  readonly limits: HttpLimits
  readonly read: (chunk: Buffer) => Plain | null
  /** `free`: no request is open. `waits`: the one that was taken last is not answered. `over`: nothing is taken for a request any more. */
  state(): 'free' | 'waits' | 'leaving' | 'over'
  /** Takes a request; false where it has to go the long way. */
  take(plain: Plain): boolean
  /** True once a whole header block came, on either way. */
  spoke(): boolean
  /** Hands the connection to Node's parser. */
  parser(): void
  /** A time limit that was met, or an error of the socket. */
  failed(error: Error & { code?: string }): void
}

/** As Node: an idle connection is closed a little later than the peer was told, so that a request of the last moment finds it open. */
const GRACE = 1000

/**
 * Lets a fresh connection take the short way, until anything comes that is no plain request: then it stays with Node's parser. A request that waits
 * for its answer is given to the parser once more, so that what comes behind it is answered in order.
 */
export function shortWay(socket: Socket, way: Way): void {
  const { read } = way
  let open: Buffer | null = null
  let timed = false

  const data = (chunk: Buffer): void => {
    const state = way.state()
    if (state === 'over') return
    const plain = state === 'free' ? read(chunk) : null
    if (plain === null || !way.take(plain)) return leave(state === 'waits' && open !== null ? Buffer.concat([open, chunk]) : chunk)
    open = chunk
    if (timed) return
    timed = true
    clearTimeout(late)
    socket.setTimeout(way.limits.keepAlive + GRACE, idle)
  }
  const idle = (): void => {
    if (way.state() === 'free') socket.destroy()
  }
  const ended = (): void => void socket.end()
  const failed = (error: Error): void => way.failed(error)
  /** The time for the first header block runs from the connection's first moment, on either way. */
  const late = setTimeout(() => {
    if (!way.spoke()) way.failed(Object.assign(new Error('no header block came'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }))
  }, way.limits.headersTimeout)
  late.unref()
  const leave = (bytes: Buffer): void => {
    socket.off('data', data).off('end', ended).off('error', failed).off('timeout', idle).setTimeout(0)
    way.parser()
    socket.emit('data', bytes)
  }
  socket.on('data', data).on('end', ended).on('error', failed)
  socket.once('close', () => clearTimeout(late))
}
