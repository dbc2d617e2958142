// Requests whose header lines end with LF alone: taken, told, and no door for smugglers.
import { connect } from 'node:tls'
import { afterEach, expect, it, test } from 'vitest'
import type { Listener } from './raw.ts'
import { bothWays, dial, frameOf, listener, postText, textOf, XML } from './raw.ts'
import { packageOne, realLab } from '../support/reallab.ts'

let open: Listener[] = []
const start = async (options: Parameters<typeof listener>[0] = {}): Promise<Listener> => {
  const lab = await listener(options)
  open.push(lab)
  return lab
}
afterEach(async () => {
  await Promise.all(open.map((lab) => lab.http.close()))
  open = []
})

/** The header block with LF alone, the body as it is. */
const bare = (request: string): string => {
  const end = request.indexOf('\r\n\r\n')
  return request.slice(0, end + 4).replaceAll('\r\n', '\n') + request.slice(end + 4)
}

bothWays('a request whose lines end with LF alone', () => {
  it('is taken, with its body to the octet, again on the same connection, and cut at any byte behind its first line', async () => {
    const lab = await start({ echo: true })
    const body = 'a\r\n\r\nb\n\nc'
    const text = bare(postText(body, ['X-Odd:  \ttwo  words '], '/dm?sid=0A'))
    for (let cut = text.indexOf('\n') + 1; cut <= text.length; cut += 7) {
      const wire = await dial(lab.http.port)
      const before = lab.received.length
      wire.write(text.slice(0, cut))
      await new Promise((resolve) => setTimeout(resolve, 1))
      wire.write(`${text.slice(cut)}${bare(postText('second'))}`)
      await wire.until('\r\n\r\nsecond')
      expect(lab.received).toHaveLength(before + 2)
      expect(lab.received[before]).toMatchObject({ startLine: 'POST /dm?sid=0A HTTP/1.1', bare: true })
      expect(textOf(lab.received[before]?.frame.bytes ?? new Uint8Array())).toBe(body)
      wire.socket.destroy()
    }
    expect(lab.received[0]?.headers.map(([name, value]) => `${name}: ${value}`)).toContain('X-Odd: two  words')
    expect(lab.refused).toEqual([])
    const usual = await dial(lab.http.port)
    usual.write(postText('usual'))
    await usual.until('\r\n\r\nusual')
    expect(lab.received.at(-1)).not.toHaveProperty('bare')
    usual.socket.destroy()
  })

  it('behind one that waits gets its answer in its turn', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(bare(postText('one')) + bare(postText('two')))
    await lab.have('received', 2)
    for (const { link, frame } of lab.received.toReversed()) lab.http.respond(link, frameOf(`answer ${textOf(frame.bytes)}`))
    expect((await wire.until('answer two')).match(/answer (?:one|two)/g)).toEqual(['answer one', 'answer two'])
    wire.socket.destroy()
  })

  const head = `POST /dm HTTP/1.1\nHost: lab\nContent-Type: ${XML}\n`
  const cases: Record<string, string> = {
    'two lengths': `${head}Content-Length: 4\nContent-Length: 5\n\nabcde`,
    'length and chunks together': `${head}Content-Length: 4\nTransfer-Encoding: chunked\n\n0\r\n\r\n`,
    chunks: `${head}Transfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\n\r\n`,
    'a list of lengths': `${head}Content-Length: 4, 5\n\nabcde`,
    'a length with a plus': `${head}Content-Length: +4\n\nabcd`,
    'white space before the colon': `${head}Content-Length : 4\n\nabcd`,
    'a folded field': `${head}X-A: 1\n 2\nContent-Length: 0\n\n`,
    'a bare CR in a field': `${head}X-A: 1\r2\nContent-Length: 0\n\n`,
    'a NUL in a field': `${head}X-A: 1\0\nContent-Length: 0\n\n`,
    'a space in the path': 'POST /a b HTTP/1.1\nHost: lab\nContent-Length: 0\n\n',
    CONNECT: 'CONNECT 127.0.0.1:22 HTTP/1.1\nHost: lab\n\n',
    'no end': `${head}X-Long: ${'a'.repeat(17_000)}`,
    'a first line alone with LF, then others with CRLF and chunks': `POST /dm HTTP/1.1\nHost: lab\r\nContent-Type: ${XML}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'LF alone only further down': `POST /dm HTTP/1.1\r\nHost: lab\nContent-Type: ${XML}\nContent-Length: 0\n\n`,
  }
  it.each(Object.entries(cases))('with %s is refused, recorded, and nothing behind it is taken for a request', async (_name, packet) => {
    const lab = await start({ echo: true })
    const wire = await dial(lab.http.port)
    wire.write(`${packet}${bare(postText('smuggled', [], '/smuggled'))}`)
    await wire.ended
    expect(wire.text()).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(wire.text().match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(lab.received).toEqual([])
    expect(lab.refused).toHaveLength(1)
    expect(lab.refused[0]?.httpStatus).toBeGreaterThanOrEqual(400)
  })

  it('that ends half way is refused and recorded', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.socket.end(head)
    await wire.ended
    expect(lab.refused).toHaveLength(1)
    expect(lab.refused[0]).toMatchObject({ httpStatus: 400, startLine: 'POST /dm HTTP/1.1' })
  })
})

test('a lab answers such a device, over HTTP and HTTPS, and a finding at the first message of its session names the clause', async () => {
  const lab = await realLab({ tlsPort: 0, tlsMust: true })
  try {
    const ca = new TextDecoder().decode((await lab.api.trust.authority('pem')).bytes)
    const ports = { dm: Number(new URL(lab.ready.dm).port), dms: Number(new URL(lab.ready.dms ?? '').port) }
    for (const way of ['dm', 'dms'] as const) {
      const message = bare(postText(packageOne({ device: `IMEI:${way}` }), ['Connection: close']))
      const answer = await new Promise<string>((resolve, reject) => {
        let text = ''
        const said = (socket: { write(text: string): void; on(what: 'data' | 'error' | 'close', call: (chunk: Buffer) => void): unknown }): void => {
          socket.on('data', (chunk) => (text += chunk.toString('latin1')))
          socket.on('close', () => resolve(text))
          socket.write(message)
        }
        if (way === 'dm') void dial(ports.dm).then(({ socket }) => said(socket), reject)
        else {
          const socket = connect({ host: '127.0.0.1', port: ports.dms, ca }, () => said(socket))
          socket.on('error', reject)
        }
      })
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      const rows = await lab.until((all) => all.some(({ device, direction }) => device === `IMEI:${way}` && direction === 'down'))
      const first = rows.find(({ device }) => device === `IMEI:${way}`)
      const { findings } = await lab.api.trace.frame(first?.seq ?? 0)
      expect(findings.filter(({ rule }) => rule === 'http.lines')).toMatchObject([{ severity: 'note', document: 'HTTP', clause: 'RFC 9112 2.2' }])
    }
  } finally {
    await lab.end()
  }
})
