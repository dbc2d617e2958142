// The thread of sockets by itself: what came there has the times of its socket, and a lab without such a thread, or that loses it, goes on by itself.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Sent } from '../../core/node/http.ts'
import { Doors } from '../../core/node/doors.ts'
import type { LabOptions } from '../../core/node/laboptions.ts'
import { startSockets } from '../../core/node/sockets/front.ts'
import type { SocketThread } from '../../core/node/sockets/front.ts'
import { lean } from '../../core/node/sockets/lean.ts'
import type { SecurePort } from '../../core/node/trust/port.ts'
import { clock, dial, frameOf, listener, postText } from './raw.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function threaded(parts: Partial<Parameters<typeof startSockets>[0]> = {}): Promise<{ sockets: SocketThread; failed: string[] }> {
  const failed: string[] = []
  const sockets = await startSockets({ clock, failed: (reason) => void failed.push(reason), ...parts })
  ends.push(() => sockets.stop())
  return { sockets, failed }
}

describe('the thread of sockets', () => {
  it('tells the times at the socket: a thread that is busy when a request comes does not make it later', async () => {
    const { sockets } = await threaded()
    const lab = await listener({ sockets })
    ends.push(() => lab.http.close())
    const wire = await dial(lab.http.port)
    wire.write(postText('first'))
    await lab.have('received', 1)
    const sent = await new Promise<Sent>((resolve) => lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf('answer 1'), resolve))
    await wire.until('answer 1')
    expect(sent.at).toBeGreaterThanOrEqual(lab.received[0]?.at ?? Infinity)
    await new Promise<void>((resolve) => wire.socket.write(postText('second'), () => resolve()))
    const written = clock.now()
    const mono = clock.mono()
    while (clock.mono() < mono + 1500) continue
    await lab.have('received', 2)
    expect((lab.received[1]?.at ?? Infinity) - written).toBeLessThan(1000)
    expect((lab.received[1]?.mono ?? Infinity) - mono).toBeLessThan(1000)
    expect((lab.received[1]?.at ?? 0) - (lab.received[0]?.at ?? 0)).toBeGreaterThan(0)
    wire.socket.destroy()
  })

  it('serves several ports at once, each with its own limits', async () => {
    const { sockets } = await threaded()
    const [small, large] = [await listener({ sockets, echo: true, limits: { bodyBytes: 10 } }), await listener({ sockets, echo: true })]
    ends.push(
      () => small.http.close(),
      () => large.http.close(),
    )
    const [one, other] = [await dial(small.http.port), await dial(large.http.port)]
    one.write(postText('a body of 21 octets ..'))
    other.write(postText('a body of 21 octets ..'))
    expect(await one.until('the limit is 10')).toContain('413')
    await other.until('a body of 21 octets ..')
    one.socket.destroy()
    other.socket.destroy()
  })

  it('carries bodies of any size both ways at the pace of whoever is slower', { timeout: 60_000 }, async () => {
    const { sockets } = await threaded()
    const SIZE = 32e6
    let made = 0
    let taken = 0
    let go = (): void => {}
    const other = (req: IncomingMessage, res: ServerResponse): boolean => {
      if (req.method === 'GET') {
        res.writeHead(200, { 'Content-Length': SIZE })
        const read = function (this: Readable): void {
          const length = Math.min(50_000, SIZE - made)
          made += length
          this.push(length === 0 ? null : Buffer.alloc(length, 7))
        }
        new Readable({ read }).pipe(res)
      } else {
        req.pause()
        go = () =>
          void req
            .on('data', (chunk: Uint8Array) => (taken += chunk.length))
            .on('end', () => res.end('all of it'))
            .resume()
      }
      return true
    }
    const lab = await listener({ sockets, other })
    ends.push(() => lab.http.close())
    const down = createConnection({ host: '127.0.0.1', port: lab.http.port })
    down.write('GET /large HTTP/1.1\r\nHost: lab\r\n\r\n')
    await vi.waitUntil(() => made > 0)
    const up = await dial(lab.http.port)
    up.write(`PUT /large HTTP/1.1\r\nHost: lab\r\nContent-Length: ${SIZE}\r\n\r\n`)
    for (let sent = 0; sent < SIZE; sent += 100_000) up.write(Buffer.alloc(100_000))
    // Neither side reads: what the system's buffers do not take stays where it is.
    for (let before = -1; before !== made + up.socket.bytesWritten - up.socket.writableLength;) {
      before = made + up.socket.bytesWritten - up.socket.writableLength
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    expect(made).toBeLessThan(SIZE / 2)
    expect(up.socket.writableLength).toBeGreaterThan(SIZE / 2)
    let came = 0
    down.on('data', (chunk: Buffer) => (came += chunk.length))
    go()
    await vi.waitUntil(() => came > SIZE, { timeout: 30_000 })
    await up.until('all of it', 30_000)
    expect([made, taken]).toEqual([SIZE, SIZE])
    down.destroy()
    up.socket.destroy()
  })

  it('says in words that a port is taken', async () => {
    const { sockets } = await threaded()
    const first = await listener({ sockets })
    ends.push(() => first.http.close())
    await expect(listener({ sockets, port: first.http.port })).rejects.toThrow(`cannot listen on 127.0.0.1:${first.http.port}: the port is taken`)
  })

  it('that dies by a mistake loses its connections, which is told; the port is open again without it', { timeout: 30_000 }, async () => {
    const { sockets, failed } = await threaded({ file: new URL('./dyingthread.ts', import.meta.url) })
    const lab = await listener({ sockets })
    ends.push(() => lab.http.close())
    const waits = await dial(lab.http.port)
    waits.write(postText('waits'))
    await lab.have('received', 1)
    const bad = await dial(lab.http.port)
    bad.write('BANG')
    await Promise.all([waits.ended, bad.ended])
    await lab.have('gone', 1)
    expect(lab.gone).toEqual([
      { link: lab.received[0]?.link, reason: 'the connection failed: the thread of sockets ended: a mistake while it waited for the answer' },
    ])
    expect(failed).toEqual(['the thread of sockets ended (a mistake): its connections are lost, the ports are open again without it'])
    const next = await dial(lab.http.port)
    next.write(postText('next'))
    await lab.have('received', 2)
    lab.http.respond(lab.received[1]?.link ?? { link: 0 }, frameOf('answered without'))
    await next.until('answered without')
    next.socket.destroy()
  })
})

describe('a socket that a server accepted', () => {
  /** What comes through a socket that a server accepted, read by `way`; ends with the peer's end. */
  async function read(way: (socket: Socket) => Socket): Promise<{ same: boolean; text: string; ends: string }> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    ends.push(() => server.close())
    const told = new Promise<{ same: boolean; text: string; ends: string }>((resolve) => {
      server.once('connection', (accepted) => {
        const socket = way(accepted)
        let text = ''
        const addresses = `${socket.localPort} ${socket.remoteAddress}`
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          socket.write(`${text.length} `)
        })
        socket.on('end', () => socket.end(() => resolve({ same: socket === accepted, text, ends: addresses })))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const wire = await dial(port)
    wire.write('one ')
    await wire.until('4 ')
    wire.write('two')
    await wire.until('4 7 ')
    wire.socket.end()
    await wire.ended
    return { ...(await told), ends: (await told).ends.replace(String(port), 'PORT') }
  }

  it('becomes one that reads into a buffer for all; where Node has no handle to give it stays', async () => {
    const came = { text: 'one two', ends: 'PORT 127.0.0.1' }
    expect(await read(lean)).toEqual({ ...came, same: false })
    const without = (accepted: Socket): Socket => {
      const shown = Object.create(accepted, { _handle: { value: undefined } }) as Socket
      Object.defineProperty(shown, 'resume', { value: () => accepted.resume() })
      return lean(shown)
    }
    expect(await read(without)).toEqual({ ...came, same: true })
  })
})

describe('a lab', () => {
  it('that can have no such thread says so once and does without', async () => {
    await expect(threaded({ file: new URL('./nosuchthread.ts', import.meta.url) })).rejects.toThrow('nosuchthread')
    const told: string[] = []
    const doors = new Doors(() => Promise.reject(new Error('no threads here')))
    ends.push(() => doors.close())
    const facing = { host: '127.0.0.1', server: 'DM-Lab', clock, received: () => {}, refused: () => {}, gone: () => {} }
    const options = { workspace: '', host: '127.0.0.1', dmPort: 0, uiPort: null, socketThread: true } satisfies LabOptions
    await doors.open(facing, options, {} as SecurePort, { atGateway: () => {}, told: (text) => void told.push(text) })
    expect(told).toEqual(['no thread of their own for sockets: no threads here'])
    const wire = await dial(doors.dm?.port ?? 0)
    wire.write('GET /dm HTTP/1.1\r\n\r\n')
    expect(await wire.until('devices POST')).toContain('405')
    wire.socket.destroy()
  })
})
