// The posting client: what it sends stands in the trace to the letter, and every way to fail has its own word.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { keptConnections, post, poster, TransportError } from '../../core/node/client.ts'
import type { Failure } from '../../core/node/client.ts'
import { frameOf, listener, textOf, XML } from './raw.ts'
import type { Listener } from './raw.ts'

let ends: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(ends.map((end) => end()))
  ends = []
})
const start = async (options: Parameters<typeof listener>[0] = {}): Promise<Listener> => {
  const lab = await listener(options)
  ends.push(() => lab.http.close())
  return lab
}

/** A server that says `text` to whoever connects, or nothing; `then` closes or resets. */
async function speaker(text: string | null, then: 'stay' | 'close' | 'reset' = 'stay'): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      if (text !== null) socket.write(text)
      if (then === 'close') socket.end()
      if (then === 'reset') setTimeout(() => socket.resetAndDestroy(), 20)
    })
    ends.push(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/dm`
}

async function failure(attempt: Promise<unknown>): Promise<{ failure: Failure; text: string }> {
  try {
    await attempt
  } catch (error) {
    expect(error).toBeInstanceOf(TransportError)
    return { failure: (error as TransportError).failure, text: (error as Error).message }
  }
  throw new Error('the post succeeded')
}

describe('a post', () => {
  it.each([
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\nContent-Type: text/xml\nContent-Length: 3\n\nabc'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc'],
    ['Content-Length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc'],
  ])('takes an answer with %s, as old servers write it', async (_what, text) => {
    expect(textOf((await post(await speaker(text), frameOf('x'))).bytes)).toBe('abc')
  })

  it('goes out as told, and brings status, fields, bytes and times', async () => {
    const lab = await start({ echo: true })
    const frame = frameOf('<SyncML/>', [
      ['x-syncml-hmac', 'algorithm=MD5, username="u", mac=m'],
      ['Content-Length', '77'],
    ])
    const answer = await post(`${lab.http.url}/dm?mode=Machine`, frame)
    expect(answer).toMatchObject({ httpStatus: 200, startLine: 'HTTP/1.1 200 OK', contentType: XML })
    expect(textOf(answer.bytes)).toBe('<SyncML/>')
    expect(answer.sent.startLine).toBe(lab.received[0]?.startLine)
    expect(answer.sent.headers).toEqual(lab.received[0]?.headers)
    expect(lab.received[0]?.startLine).toBe('POST /dm?mode=Machine HTTP/1.1')
    expect(lab.received[0]?.headers.map(([name]) => name)).toEqual([
      'Host',
      'Connection',
      'User-Agent',
      'Accept',
      'Content-Type',
      'x-syncml-hmac',
      'Content-Length',
    ])
    expect(lab.received[0]?.headers.at(-1)).toEqual(['Content-Length', '9'])
    expect(answer.at).toBeGreaterThanOrEqual(answer.sent.at)
    expect(answer.remote).toBe(lab.received[0]?.local)
    expect(answer.local).toBe(lab.received[0]?.remote)
  })

  it('a frame places and names the fields of the connection itself; type and length are told as they are', async () => {
    const lab = await start({ echo: true })
    const agents = keptConnections()
    ends.push(() => agents.close())
    const named = [
      ['Connection', 'Close'],
      ['User-Agent', 'Phone'],
      ['Content-Type', 'text/lies'],
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
      ['Host', 'dm.example.com:80'],
    ] as const
    for (let i = 0; i < 2; i++) await post(`${lab.http.url}/dm`, frameOf('<SyncML/>', named), { agents })
    expect(lab.received[1]?.headers).toEqual([
      ['Accept', 'application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml'],
      ['Connection', 'Close'],
      ['User-Agent', 'Phone'],
      ['Content-Type', XML],
      ['Content-Length', '9'],
      ['Host', 'dm.example.com:80'],
    ])
    expect(new Set(lab.received.map((r) => r.remote)).size).toBe(2)
  })

  it('keeps connections where it is given agents, and one each where not', async () => {
    const lab = await start({ echo: true })
    const agents = keptConnections()
    ends.push(() => agents.close())
    for (let i = 0; i < 3; i++) await post(`${lab.http.url}/dm`, frameOf(`${i}`), { agents })
    expect(new Set(lab.received.map((r) => r.remote)).size).toBe(1)
    for (let i = 0; i < 3; i++) await post(`${lab.http.url}/dm`, frameOf(`${i}`))
    expect(new Set(lab.received.map((r) => r.remote)).size).toBe(4)
  })

  it('shows refusals and redirects, and follows none', async () => {
    const lab = await start()
    const refused = await post(`${lab.http.url}/dm`, { ...frameOf('<x/>'), contentType: 'text/xml' })
    expect(refused.httpStatus).toBe(415)
    expect(textOf(refused.bytes)).toContain('Content-Type text/xml')
    const away = await speaker(`HTTP/1.1 302 Found\r\nLocation: ${lab.http.url}/dm\r\nContent-Length: 0\r\n\r\n`)
    const redirect = await post(away, frameOf('x'))
    expect(redirect).toMatchObject({ httpStatus: 302, startLine: 'HTTP/1.1 302 Found' })
    expect(lab.received).toEqual([])
  })

  it('speaks HTTPS to a server it is told to trust, and to no other', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dmlab-tls-'))
    ends.push(() => rmSync(dir, { recursive: true }))
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const subject = ['-subj', '/CN=lab', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    })
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    const lab = await start({ echo: true, tls })
    expect(lab.http.url).toMatch(/^https:/)
    expect(textOf((await post(`${lab.http.url}/dm`, frameOf('secret'), { ca: tls.cert })).bytes)).toBe('secret')
    expect((await failure(post(`${lab.http.url}/dm`, frameOf('x')))).failure).toBe('tls')
    await lab.have('refused', 1)
    expect(lab.refused[0]?.reason).toMatch(/^TLS handshake failed/)
    expect(lab.received).toHaveLength(1)
  })

  it('through a poster brings a frame, or the words that came instead', async () => {
    const lab = await start({ echo: true })
    const client = poster()
    ends.push(() => client.close())
    expect(await client.post({ ...frameOf('<a/>'), uri: `${lab.http.url}/dm` })).toMatchObject({
      httpStatus: 200,
      frame: { encoding: 'xml', contentType: XML, uri: '' },
    })
    const none = await client.post({ ...frameOf('<a/>'), contentType: 'text/xml', uri: `${lab.http.url}/dm` })
    expect(none).toMatchObject({ httpStatus: 415, frame: null })
    expect(none.text).toMatch(/^Content-Type text\/xml/)
  })
})

describe('a failure', () => {
  const closed = async (): Promise<string> => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return `http://127.0.0.1:${port}/dm`
  }
  const cases: [string, () => Promise<unknown>, Failure, RegExp][] = [
    ['nobody listens', async () => post(await closed(), frameOf('x')), 'refused', /nobody listens at 127/],
    ['no answer', async () => post(await speaker(null), frameOf('x'), { timeoutMs: 50 }), 'timed out', /within 50 ms/],
    [
      'half an answer, then silence',
      async () => post(await speaker('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'), frameOf('x'), { timeoutMs: 50 }),
      'timed out',
      /within 50 ms/,
    ],
    ['closed before the answer', async () => post(await speaker(null, 'close'), frameOf('x')), 'reset', /before it answered/],
    [
      'reset in the answer',
      async () => post(await speaker('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', 'reset'), frameOf('x')),
      'reset',
      /closed the connection/,
    ],
    [
      'closed in the answer',
      async () => post(await speaker('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', 'close'), frameOf('x')),
      'reset',
      /after 2 bytes/,
    ],
    [
      'an answer too large',
      async () => post(await speaker('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789'), frameOf('x'), { maxBytes: 8 }),
      'too large',
      /longer than 8 bytes/,
    ],
    ['no HTTP', async () => post(await speaker('SSH-2.0-OpenSSH_9\r\n'), frameOf('x')), 'protocol', /not HTTP\/1.1/],
    ['a stop', async () => post(await speaker(null), frameOf('x'), { signal: AbortSignal.timeout(30) }), 'stopped', /was stopped/],
    ['no URI', () => post('dm', frameOf('x')), 'uri', /not an http or https URI/],
    ['another scheme', () => post('file:///etc/passwd', frameOf('x')), 'uri', /not an http or https URI/],
    ['a field HTTP cannot carry', () => post('http://127.0.0.1:1/', frameOf('x', [['a', 'b\r\nc: d']])), 'uri', /cannot post/],
    [
      'a forbidden address',
      () => post('http://127.0.0.1:1/', frameOf('x'), { permit: (address) => `${address} is ours` }),
      'forbidden',
      /127\.0\.0\.1 is ours/,
    ],
    [
      'a name that leads to a forbidden address',
      () => post('http://localhost:1/', frameOf('x'), { permit: () => 'own port' }),
      'forbidden',
      /own port/,
    ],
    [
      'an odd spelling of a forbidden address',
      () => post('http://0x7f.1:1/', frameOf('x'), { permit: (address) => (address === '127.0.0.1' ? 'own port' : null) }),
      'forbidden',
      /own port/,
    ],
  ]
  it.each(cases)('by %s has its word', async (_name, attempt, word, text) => {
    const got = await failure(attempt())
    expect(got.failure).toBe(word)
    expect(got.text).toMatch(text)
  })

  it('on a kept connection that the server just closed says so', async () => {
    const lab = await start({ echo: true })
    const agents = keptConnections()
    ends.push(() => agents.close())
    await post(`${lab.http.url}/dm`, frameOf('1'), { agents })
    await lab.http.close()
    const got = await failure(post(`${lab.http.url}/dm`, frameOf('2'), { agents }))
    expect(['reset', 'refused']).toContain(got.failure)
  })
})
