// Bare sockets and a server under test for the transport stories: what is written is exactly what goes out.
import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Frame, Link } from '../../core/machine.ts'
import { listen } from '../../core/node/http.ts'
import { startSockets } from '../../core/node/sockets/front.ts'
import type { SocketThread } from '../../core/node/sockets/front.ts'
import type { DmHttp, ListenOptions, Received, Refused } from '../../core/node/http.ts'
import { PATIENCE } from '../support/patience.ts'

/** A connection that remembers what came. */
export interface Wire {
  readonly socket: Socket
  /** Everything received so far, as latin1. */
  text(): string
  /** Resolves when what came holds `part`; rejects after `ms`. */
  until(part: string, ms?: number): Promise<string>
  /** Resolves when the peer ended or reset the connection. */
  readonly ended: Promise<void>
  write(text: string | Uint8Array): void
}

export function dial(port: number): Promise<Wire> {
  const socket = createConnection({ host: '127.0.0.1', port })
  let text = ''
  let over = false
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((check) => check())
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    wake()
  })
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      over = true
      wake()
      resolve()
    }
    socket.on('end', finish)
    socket.on('close', finish)
  })
  const until = (part: string, ms = PATIENCE): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(new Error(`no ${JSON.stringify(part)} within ${ms} ms; got ${JSON.stringify(text)}`)), ms)
      const done = (error?: Error): void => {
        clearTimeout(timer)
        waiting.delete(check)
        if (error) reject(error)
        else resolve(text)
      }
      const check = (): void => {
        if (text.includes(part)) done()
        else if (over) done(new Error(`connection over before ${JSON.stringify(part)}; got ${JSON.stringify(text)}`))
      }
      waiting.add(check)
      check()
    })
  const wire: Wire = {
    socket,
    text: () => text,
    until,
    ended,
    write: (data) => void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(wire))
    socket.once('error', reject)
  })
}

/** A server that notes everything and leaves answering to the test (or echoes at once). */
export interface Listener {
  readonly http: DmHttp
  readonly received: Received[]
  readonly refused: Refused[]
  readonly gone: { link: Link; reason: string }[]
  /** Resolves when `list` has `count` entries. */
  have(list: 'received' | 'refused' | 'gone', count: number, ms?: number): Promise<void>
}

/** The thread that owns the sockets of every `listener`; null: they are in this one. */
let thread: SocketThread | null = null

/** Tells the same stories twice: with sockets in this thread, and in a thread of their own. */
export function bothWays(name: string, stories: () => void): void {
  describe(name, stories)
  describe(`${name}, with sockets in a thread of their own`, () => {
    beforeAll(async () => {
      thread = await startSockets({ clock, failed: (reason) => expect.fail(reason) })
    })
    afterAll(async () => {
      await thread?.stop()
      thread = null
    })
    stories()
  })
}

export const clock = { now: () => performance.timeOrigin + performance.now(), mono: () => performance.now() }

export async function listener(options: Partial<ListenOptions> & { echo?: boolean } = {}): Promise<Listener> {
  const received: Received[] = []
  const refused: Refused[] = []
  const gone: { link: Link; reason: string }[] = []
  const http: DmHttp = await listen({
    host: '127.0.0.1',
    port: 0,
    server: 'DM-Lab/test',
    clock,
    ...(thread === null ? {} : { sockets: thread }),
    received(r) {
      received.push(r)
      if (options.echo === true) http.respond(r.link, { ...r.frame, headers: [] })
    },
    refused: (r) => void refused.push(r),
    gone: (link, reason) => void gone.push({ link, reason }),
    ...options,
  })
  const lists = { received, refused, gone }
  return {
    http,
    ...lists,
    async have(list, count, ms = PATIENCE) {
      for (const end = performance.now() + ms; lists[list].length < count;) {
        if (performance.now() > end) throw new Error(`only ${lists[list].length} of ${count} ${list} within ${ms} ms`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
  }
}

/** Resolves when the server has read all that was written to it on other connections before: a request written later has its answer. */
export async function roundTrip(lab: Listener): Promise<void> {
  const wire = await dial(lab.http.port)
  const before = lab.received.length
  wire.write(postText('round trip'))
  await lab.have('received', before + 1)
  lab.http.respond(lab.received[before]?.link ?? { link: 0 }, frameOf('round trip'))
  await wire.until('round trip')
  wire.socket.destroy()
}

export const XML = 'application/vnd.syncml.dm+xml'
export const WBXML = 'application/vnd.syncml.dm+wbxml'

/** A POST as text; `fields` are whole lines. */
export function postText(body: string, fields: readonly string[] = [], path = '/dm', version = '1.1'): string {
  const type = fields.some((line) => /^content-type:/i.test(line)) ? [] : [`Content-Type: ${XML}`]
  const framing = fields.some((line) => /^transfer-encoding:/i.test(line)) ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]
  return [`POST ${path} HTTP/${version}`, 'Host: lab', ...type, ...framing, ...fields, '', body].join('\r\n')
}

export function frameOf(text: string, headers: Frame['headers'] = []): Frame {
  return { bytes: new TextEncoder().encode(text), encoding: 'xml', contentType: XML, headers, uri: '' }
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
