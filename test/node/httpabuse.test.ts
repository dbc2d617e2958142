// A hostile network in front of the device-facing server: whatever it does, a well-behaved device is answered quickly and memory stays small.
import { afterEach, expect, it } from 'vitest'
import { bothWays, dial, frameOf, listener, postText, XML } from './raw.ts'
import type { Listener, Wire } from './raw.ts'

const SOAK = process.env['DM_LAB_SOAK'] !== undefined
let open: Listener[] = []
let wires: Wire[] = []
const start = async (options: Parameters<typeof listener>[0] = {}): Promise<Listener> => {
  const lab = await listener(options)
  open.push(lab)
  return lab
}
const connect = async (lab: Listener): Promise<Wire> => {
  const wire = await dial(lab.http.port)
  wires.push(wire)
  return wire
}
afterEach(async () => {
  wires.forEach((wire) => wire.socket.destroy())
  wires = []
  await Promise.all(open.map((lab) => lab.http.close()))
  open = []
})

/** Milliseconds each of `count` well-behaved requests took, one after the other, each on a connection of its own. */
async function device(lab: Listener, count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const begun = performance.now()
    const wire = await dial(lab.http.port)
    wire.write(postText(`<SyncML>${i}</SyncML>`))
    await wire.until(`<SyncML>${i}</SyncML>`)
    times.push(performance.now() - begun)
    wire.socket.destroy()
  }
  return times.sort((a, b) => a - b)
}
const p99 = (sorted: readonly number[]): number => sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Infinity
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

bothWays('slow peers', () => {
  it('1,000 half-spoken header blocks: a device is answered with p99 of at most 500 ms, the crowd is told of and stays within the limit', async () => {
    const lab = await start({ echo: true })
    // What this machine needs for a device that is alone; on a busy one that is more than half of what is allowed.
    const alone = p99(await device(lab, 100))
    const before = process.memoryUsage().rss
    let stop = false
    const crowd = (async () => {
      for (let i = 0; i < 1000 && !stop; i += 20) {
        const batch = await Promise.all(Array.from({ length: 20 }, () => connect(lab)))
        batch.forEach((wire) => wire.write('POST /dm HTTP/1.1\r\nHost: lab\r\nX-Slow: '))
        batch.forEach((wire) => {
          const drip = setInterval(() => wire.socket.writable && wire.write('a'), 100)
          void wire.ended.then(() => clearInterval(drip))
        })
      }
    })()
    const during = await device(lab, 300)
    await crowd
    const after = await device(lab, 300)
    stop = true
    const most = Math.max(500, 10 * alone)
    expect(p99(during)).toBeLessThanOrEqual(most)
    expect(p99(after)).toBeLessThanOrEqual(most)
    expect(lab.refused[0]?.reason).toBe('closed to make room: 256 connections are open')
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
    await expect.poll(() => lab.refused.map((r) => r.reason).join()).toMatch(/so it went with \d{2,} connections in the last second/)
  })

  it('a header block that does not end, and a body that does not end, time out with 408', async () => {
    const lab = await start({ limits: { headersTimeout: 100, requestTimeout: 200, checkInterval: 20 } })
    const head = await connect(lab)
    head.write('POST /dm HTTP/1.1\r\nHost: lab\r\n')
    const body = await connect(lab)
    body.write(`POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: ${XML}\r\nContent-Length: 10\r\n\r\n12345`)
    const silent = await connect(lab)
    expect(await head.until('did not arrive in time')).toContain('HTTP/1.1 408 Request Timeout')
    expect(await body.until('did not arrive in time')).toContain('HTTP/1.1 408 Request Timeout')
    await Promise.all([head.ended, body.ended, silent.ended])
    await lab.have('refused', 3)
    const upload = lab.refused.find((r) => r.bytes.length > 0)
    expect(upload).toMatchObject({ httpStatus: 408, startLine: 'POST /dm HTTP/1.1', truncated: true })
    expect(Buffer.from(upload?.bytes ?? []).toString()).toBe('12345')
  })

  it('uploads that never end give way to newcomers; those who wait for an answer do not', async () => {
    const lab = await start({ limits: { connections: 4 } })
    const waiting = [await connect(lab), await connect(lab)]
    for (const wire of waiting) wire.write(postText('waits'))
    await lab.have('received', 2)
    const slow = [await connect(lab), await connect(lab)]
    for (const wire of slow) wire.write(`POST /dm HTTP/1.1\r\nContent-Type: ${XML}\r\nContent-Length: 10\r\n\r\n123`)
    await pause(30)
    const third = await connect(lab)
    third.write(postText('third'))
    await lab.have('received', 3)
    const fourth = await connect(lab)
    fourth.write(postText('fourth'))
    await lab.have('received', 4)
    expect(lab.refused.map((r) => [r.httpStatus, r.reason, r.truncated])).toEqual([
      [0, 'closed to make room: 4 connections are open', true],
      [0, 'closed to make room: 4 connections are open', true],
    ])
    const fifth = await connect(lab)
    expect(await fifth.until('all wait for an answer')).toContain('HTTP/1.1 503 Service Unavailable')
    for (const r of lab.received) lab.http.respond(r.link, frameOf('answered'))
    for (const wire of [...waiting, third, fourth]) await wire.until('answered')
    expect(lab.gone).toEqual([])
  })

  it('bodies that would fill the memory together are refused with 503', async () => {
    const lab = await start({ limits: { uploadBytes: 4000, bodyBytes: 2000 } })
    const head = `POST /dm HTTP/1.1\r\nContent-Type: ${XML}\r\nContent-Length: 2000\r\n\r\n`
    const all = [await connect(lab), await connect(lab)]
    for (const wire of all) wire.write(head + 'x'.repeat(1400))
    await pause(30)
    const third = await connect(lab)
    third.write(head + 'x'.repeat(1400))
    await third.until('503 Service Unavailable')
    for (const wire of all) wire.write('x'.repeat(600))
    await lab.have('received', 1)
    third.socket.destroy()
    const next = await connect(lab)
    next.write(head + 'x'.repeat(2000))
    await lab.have('received', 3)
  })
})

bothWays('floods', () => {
  it('a body in chunks of one byte costs no more than its bytes', async () => {
    const lab = await start({ echo: true })
    const size = SOAK ? 4_000_000 : 300_000
    const wire = await connect(lab)
    wire.write(postText('', ['Transfer-Encoding: chunked']))
    const part = Buffer.from('1\r\nx\r\n'.repeat(10_000))
    const before = process.memoryUsage().heapUsed
    for (let sent = 0; sent < size; sent += 10_000) await new Promise((resolve) => wire.socket.write(part, resolve))
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6)
    wire.write('0\r\n\r\n')
    await lab.have('received', 1)
    expect(lab.received[0]?.frame.bytes.length).toBe(size)
  })

  it('of header fields end with 431; a thousand fields within the limit are all kept', async () => {
    const lab = await start({ echo: true, limits: { headerBytes: 16384 } })
    const many = await connect(lab)
    many.write(
      postText(
        'many',
        Array.from({ length: 1000 }, (_, i) => `X-${i}: ${i}`),
      ),
    )
    await many.until('many')
    expect(lab.received[0]?.headers).toHaveLength(1003)
    const flood = await connect(lab)
    flood.write(
      postText(
        'flood',
        Array.from({ length: 3000 }, (_, i) => `X-Field-${i}: ${i}`),
      ),
    )
    expect(await flood.until('exceed the limit of 16384 bytes')).toContain('HTTP/1.1 431')
    expect(lab.refused[0]).toMatchObject({ httpStatus: 431, startLine: 'POST /dm HTTP/1.1' })
  })

  it('of unanswered pipelined requests close the connection; every request is told', async () => {
    const lab = await start({ limits: { pipelined: 4 } })
    const wire = await connect(lab)
    wire.write(postText('again').repeat(8))
    await wire.ended
    await lab.have('refused', 1)
    await lab.have('gone', lab.received.length)
    expect(lab.received.length).toBeLessThanOrEqual(4)
    expect(lab.refused[0]?.reason).toBe('more than 4 unanswered requests on one connection')
  })

  it('of pipelined requests that are answered at once are no harm', async () => {
    const lab = await start({ echo: true })
    const wire = await connect(lab)
    wire.write(Array.from({ length: 30 }, (_, i) => postText(`<m>${i}</m>`)).join(''))
    await wire.until('<m>29</m>')
    expect(lab.received).toHaveLength(30)
  })
})

bothWays('request smuggling and bad framing', () => {
  const head = `POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: ${XML}\r\n`
  const cases: Record<string, string> = {
    'length and chunks together': `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `${head}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
    'a list of lengths': `${head}Content-Length: 4, 5\r\n\r\nabcde`,
    'a negative length': `${head}Content-Length: -1\r\n\r\n`,
    'a length in hex': `${head}Content-Length: 0x4\r\n\r\nabcd`,
    'a length with a plus': `${head}Content-Length: +4\r\n\r\nabcd`,
    'a length beyond 64 bits': `${head}Content-Length: 99999999999999999999\r\n\r\n`,
    'an unknown transfer coding': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'chunked not last': `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'white space before the colon': `${head}Content-Length : 4\r\n\r\nabcd`,
    'a folded field': `${head}X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n`,
    'a bare CR in a field': `${head}X-A: 1\r2\r\nContent-Length: 0\r\n\r\n`,
    'a NUL in a field': `${head}X-A: 1\0\r\nContent-Length: 0\r\n\r\n`,
    'a bad chunk size': `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n`,
    'a chunk longer than it says': `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`,
    'a chunk size beyond 64 bits': `${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc`,
    'endless chunk extensions': `${head}Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
    'a space in the path': `POST /a b HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n`,
    'HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a method nobody knows': 'SMUGGLE / HTTP/1.1\r\nHost: lab\r\n\r\n',
    CONNECT: 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: lab\r\n\r\n',
    'an unknown expectation': `${head}Content-Length: 0\r\nExpect: miracles\r\n\r\n`,
  }
  it.each(Object.entries(cases))('%s is refused, recorded, and nothing behind it is taken for a request', async (_name, packet) => {
    const lab = await start({ echo: true })
    const wire = await connect(lab)
    wire.write(`${packet}${postText('smuggled', [], '/smuggled')}`)
    await wire.ended
    expect(wire.text()).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(wire.text().match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(lab.received).toEqual([])
    expect(lab.refused).toHaveLength(1)
    expect(lab.refused[0]?.httpStatus).toBeGreaterThanOrEqual(400)
    expect(await device(lab, 1)).toHaveLength(1)
  })

  it('random bytes never cost more than their connection', async () => {
    const lab = await start({ echo: true })
    let seed = 7
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
    const valid = Buffer.from(postText('<SyncML/>', ['Transfer-Encoding: chunked']).replace(/<SyncML\/>$/, '9\r\n<SyncML/>\r\n0\r\n\r\n'), 'latin1')
    for (let round = 0; round < (SOAK ? 5000 : 200); round++) {
      const bytes = Uint8Array.from(valid)
      for (let change = 0; change <= random(4); change++) bytes[random(bytes.length)] = random(256)
      const wire = await dial(lab.http.port)
      wire.socket.end(bytes)
      await wire.ended
      wire.socket.destroy()
    }
    expect(await device(lab, 5)).toHaveLength(5)
  })
})
