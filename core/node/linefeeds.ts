// Requests whose header lines end with LF alone (RFC 9112 2.2 lets a recipient take them): their lines get the ends that Node's parser wants, their bodies stay. All else stays as it is, and is refused there.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { HttpLimits } from './limits.ts'

const LF = 0x0a
const CR = 0x0d

/** True where the first line is that of a request, whole, and ends with LF alone. */
export function loneLineFeed(chunk: Buffer): boolean {
  const end = chunk.indexOf(LF)
  return end > 0 && chunk[end - 1] !== CR && /^[A-Z]{3,10} .* HTTP\/1\.[01]$/.test(chunk.toString('latin1', 0, end))
}

/** Index behind the empty line that ends a header block; -1 where it has not come. */
function blockEnd(bytes: Buffer): number {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/**
 * A header block with CRLF at the end of every line, and how many octets of body follow it; null where that is not certain: another framing than
 * one Content-Length, folded lines, a CR elsewhere, CONNECT, a change of protocol. Who frames a request may not differ from who reads it.
 */
function mended(block: string): { readonly text: string; readonly length: number } | null {
  const lines = block.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (!/^(?:POST|GET|HEAD|PUT|DELETE|OPTIONS) /.test(block) || lines.some((line) => /^[ \t]|\r/.test(line))) return null
  const fields = lines.slice(1)
  if (fields.some((line) => /^(?:transfer-encoding|upgrade|http2-settings)\b/i.test(line))) return null
  const lengths = fields.filter((line) => /^content-length\b/i.test(line))
  const length = lengths.length === 0 ? '0' : /^content-length:[ \t]*(\d{1,9})[ \t]*$/i.exec(lengths[0] ?? '')?.[1]
  if (lengths.length > 1 || length === undefined) return null
  return { text: lines.join('\r\n'), length: Number(length) }
}

/** Reads a connection's octets and gives what the parser is to see. */
class Mender {
  readonly #most: number
  #head: Buffer = Buffer.alloc(0)
  /** Octets of the body that are still to come. */
  #body = 0
  /** True once something came that stays as it is, with all behind it. */
  over = false

  constructor(most: number) {
    this.#most = most
  }

  feed(chunk: Buffer): Buffer {
    const out: Buffer[] = []
    let rest = chunk
    while (rest.length > 0 && !this.over) {
      if (this.#body > 0) {
        out.push(rest.subarray(0, this.#body))
        const taken = Math.min(this.#body, rest.length)
        this.#body -= taken
        rest = rest.subarray(taken)
      } else rest = this.#line(out, rest)
    }
    return Buffer.concat([...out, rest])
  }

  /** What was kept back of a header block that has not ended. */
  rest(): Buffer {
    return this.#head
  }

  /** Collects a header block; gives back what is behind it. */
  #line(out: Buffer[], chunk: Buffer): Buffer {
    this.#head = Buffer.concat([this.#head, chunk])
    const end = blockEnd(this.#head)
    if (end < 0 && this.#head.length <= this.#most) return Buffer.alloc(0)
    const found = end < 0 ? null : mended(this.#head.toString('latin1', 0, end))
    const head = this.#head
    this.#head = Buffer.alloc(0)
    this.over = found === null
    if (found === null) return head
    out.push(Buffer.from(found.text, 'latin1'))
    this.#body = found.length
    return head.subarray(end)
  }
}

/**
 * Puts itself before the parser of a connection, whose listeners for data it calls in its stead, if the next chunk begins with such a request;
 * `noticed` is told then.
 */
export function mendLines(socket: Socket, limits: Pick<HttpLimits, 'headerBytes'>, noticed: () => void): void {
  const parsers = socket.listeners('data') as ((chunk: Buffer) => void)[]
  const mender = new Mender(limits.headerBytes)
  let begun = false
  const data = (chunk: Buffer): void => {
    if (!begun && loneLineFeed(chunk)) noticed()
    else if (!begun) mender.over = true
    begun = true
    const bytes = mender.over ? chunk : mender.feed(chunk)
    if (mender.over) {
      // The parser takes up its own listening again, so that it may end it.
      socket.off('data', data)
      for (const parse of parsers) socket.on('data', parse)
    }
    if (bytes.length > 0) for (const parse of parsers) parse.call(socket, bytes)
  }
  for (const parse of parsers) socket.off('data', parse)
  socket.on('data', data)
  socket.prependOnceListener('end', () => {
    const rest = mender.rest()
    if (rest.length > 0) for (const parse of parsers) parse.call(socket, rest)
  })
}
