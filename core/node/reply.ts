// How answers look on the wire: every header field is written here, so that the trace can show exactly what left.
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Headers } from '../machine.ts'
import type { HttpLimits } from './limits.ts'
import { pairs } from './media.ts'

export const PLAIN = 'text/plain; charset=utf-8'

/** Header fields that say how our own connection is framed; a frame cannot set them. */
const OURS = new Set(['content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'date', 'server'])

/** The fields of a frame that may go on the wire, flat: name, value, name, value … */
export function ownFields(headers: Headers): string[] {
  const out: string[] = []
  for (const [name, value] of headers) if (!OURS.has(name.toLowerCase())) out.push(name, value)
  return out
}

const OK = 'HTTP/1.1 200 OK'

export function statusLine(status: number): string {
  return status === 200 ? OK : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`
}

const lines = (headers: Headers): string => {
  let text = ''
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  return text
}

/** A header block as text, down to the empty line, and as pairs. */
interface Block {
  readonly text: string
  readonly headers: Headers
}

/** What the answers of one second have in common, and the blocks of usual ones by the length of their body. */
interface Lead extends Block {
  readonly date: string
  readonly contentType: string
  readonly blocks: Map<number, Block>
}

/** Blocks remembered for one second at the most. */
const BLOCKS = 1000

/** Writes header blocks of one server. */
export interface Replies {
  /** All fields of an answer, flat: name, value, name, value … */
  fields(contentType: string, length: number, extra: readonly string[], keepAlive: boolean): string[]
  /** The same as text, down to the empty line, and as pairs. Throws where HTTP cannot carry `extra`. */
  block(status: number, contentType: string, length: number, extra: readonly string[], keepAlive: boolean): Block
  /** A whole answer as text, for a bare socket; the connection ends after it. */
  plain(status: number, reason: string): string
}

export function repliesOf(server: string, limits: HttpLimits, now: () => number): Replies {
  const keepAliveValue = `timeout=${Math.floor(limits.keepAlive / 1000)}`
  let second = -1
  let text = ''
  const date = (): string => {
    const at = now()
    if (Math.floor(at / 1000) !== second) {
      second = Math.floor(at / 1000)
      text = new Date(at).toUTCString()
    }
    return text
  }
  /** What answers have in common within a second. */
  const lead = (contentType: string): Lead => {
    const now = date()
    if (common.date !== now || common.contentType !== contentType) {
      const headers: Headers = [
        ['Date', now],
        ['Server', server],
        ['Content-Type', contentType],
      ]
      validateHeaderValue('Content-Type', contentType)
      common = { date: now, contentType, headers, text: lines(headers), blocks: new Map() }
    }
    return common
  }
  let common: Lead = { date: '', contentType: '', headers: [], text: '', blocks: new Map() }
  const stays: Headers = [
    ['Connection', 'keep-alive'],
    ['Keep-Alive', keepAliveValue],
  ]
  const ends: Headers = [['Connection', 'close']]
  const staysText = `${lines(stays)}\r\n`
  const endsText = `${lines(ends)}\r\n`
  return {
    block(status, contentType, length, extra, keepAlive) {
      const usual = status === 200 && extra.length === 0 && keepAlive
      const leads = usual ? lead(contentType) : null
      const known = leads?.blocks.get(length)
      if (known !== undefined) return known
      for (let i = 0; i + 1 < extra.length; i += 2) {
        validateHeaderName(extra[i] as string)
        validateHeaderValue(extra[i] as string, extra[i + 1] as string)
      }
      const { headers, text } = leads ?? lead(contentType)
      const own = pairs(extra)
      const size: [string, string] = ['Content-Length', String(length)]
      const block: Block = {
        text: `${statusLine(status)}\r\n${text}Content-Length: ${length}\r\n${lines(own)}${keepAlive ? staysText : endsText}`,
        headers: [...headers, size, ...own, ...(keepAlive ? stays : ends)],
      }
      if (leads !== null && leads.blocks.size < BLOCKS) leads.blocks.set(length, block)
      return block
    },
    fields(contentType, length, extra, keepAlive) {
      const fields = ['Date', date(), 'Server', server, 'Content-Type', contentType, 'Content-Length', String(length), ...extra]
      if (keepAlive) fields.push('Connection', 'keep-alive', 'Keep-Alive', keepAliveValue)
      else fields.push('Connection', 'close')
      return fields
    },
    plain(status, reason) {
      const body = `${reason}\n`
      const lines = [
        statusLine(status),
        `Date: ${date()}`,
        `Server: ${server}`,
        `Content-Type: ${PLAIN}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
      ]
      return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`
    },
  }
}
