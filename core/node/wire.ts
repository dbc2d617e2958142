// Bytes of HTTP exchanges: collecting a body, reading what is left of a broken packet, and what a parser's error means; no I/O.
import type { Headers } from '../machine.ts'
import type { HttpLimits } from './limits.ts'

export const EMPTY = new Uint8Array(0)

/**
 * Adds `chunk` behind the first `size` bytes of `body`. The first chunk is kept as it is; later ones go into one growing array, so that a body in
 * a million tiny chunks costs no more than one in a single chunk.
 */
export function keep(body: Uint8Array, size: number, chunk: Uint8Array): Uint8Array {
  if (size === 0) return chunk
  const needed = size + chunk.length
  let room = body
  if (body.length < needed) {
    room = new Uint8Array(Math.max(needed * 2, 4096))
    room.set(body.subarray(0, size))
  }
  room.set(chunk, size)
  return room
}

/** The first `size` bytes as a plain Uint8Array (no Buffer: those turn into something else in JSON) that holds no more memory than it shows. */
export function exact(body: Uint8Array, size: number): Uint8Array {
  if (body.buffer.byteLength === size && body.byteOffset === 0) return new Uint8Array(body.buffer)
  return new Uint8Array(body.subarray(0, size))
}

/** Start line and header fields of a packet that could not be parsed, as far as they look like that; never throws. */
export function splitPacket(packet: Uint8Array): { startLine: string; headers: Headers } {
  const text = Buffer.from(packet.buffer, packet.byteOffset, Math.min(packet.length, 65536)).toString('latin1')
  const end = text.search(/\r?\n\r?\n/)
  const lines = (end < 0 ? text : text.slice(0, end)).split(/\r?\n/)
  const first = lines.shift() ?? ''
  const startLine = /^[\x20-\x7e]{1,8192}$/.test(first) ? first : ''
  const headers: [string, string][] = []
  if (startLine !== '')
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    }
  return { startLine, headers }
}

type ParserError = Error & { readonly code?: string; readonly reason?: string; readonly bytesParsed?: number }

/** HTTP status and reason for an error of Node's HTTP parser or of the socket; status 0 where the peer is gone. */
export function statusOfError(error: ParserError, limits: HttpLimits): { status: number; reason: string } {
  const code = error.code ?? ''
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return {
      status: 408,
      reason: `the request did not arrive in time (header block ${limits.headersTimeout} ms, whole request ${limits.requestTimeout} ms)`,
    }
  }
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, reason: `request line and header fields exceed the limit of ${limits.headerBytes} bytes` }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return { status: 413, reason: 'chunk extensions are too long' }
  if (code === 'HPE_INVALID_EOF_STATE') return { status: 400, reason: 'the peer ended the connection in the middle of a request' }
  if (code.startsWith('HPE_')) {
    const where = error.bytesParsed === undefined ? '' : ` at byte ${error.bytesParsed} of the packet`
    return { status: 400, reason: `not HTTP/1.1: ${error.reason ?? error.message} (${code})${where}` }
  }
  if (code === 'ECONNRESET') return { status: 0, reason: 'the peer reset the connection' }
  return { status: 0, reason: `the connection failed: ${error.message}` }
}
