// Story of HTTPS: the lab's authority, sessions through it with and without client certificates, and every way a handshake goes wrong told in words; over real sockets.
import { execFile } from 'node:child_process'
import { connect as tcp } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as tls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TraceRow } from '../../core/api.ts'
import { runClient } from '../../core/lab/runner.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { freshKey, issue, leafTimes, makeAuthority } from '../../core/node/trust/certificates.ts'
import { needs } from '../support/needs.ts'
import { deviceOf, packageOne, realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const run = promisify(execFile)
const DEVICE = 'IMEI:004999010640000'
let lab: RealLab

beforeEach(async () => {
  lab = await realLab({ tlsPort: 0, tlsMust: true })
})
afterEach(() => lab.end())

const port = (): number => Number(new URL(lab.ready.dms ?? '').port)
const pem = async (): Promise<string> => new TextDecoder().decode((await lab.api.trust.authority('pem')).bytes)

/** One session by HTTPS. */
async function secure(options: Parameters<typeof poster>[0], id = DEVICE, setup: object = {}): Promise<SessionOutcome> {
  const client = deviceOf(lab, { id, serverUri: lab.ready.dms ?? '', ...setup })
  const out = poster({ timeoutMs: 10_000, ...options })
  try {
    const parts = { machine: client.machine, post: out.post, clock: processClock() }
    return await runClient({ ...parts, save: (record) => client.remember(record) }, { type: 'start', initiated: 'client' })
  } finally {
    out.close()
  }
}

/** A handshake by hand; resolves with the socket or its error. */
function shake(options: ConnectionOptions): Promise<TLSSocket | Error> {
  return new Promise((resolve) => {
    const socket = tls({ host: '127.0.0.1', port: port(), ...options }, () => resolve(socket))
    socket.on('error', resolve)
  })
}

/** Says bytes, and gives back what came until the end. */
function say(at: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = tcp(at, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
}

const connections = (rows: readonly TraceRow[]): string[] => rows.filter(({ kind }) => kind === 'connection').map(({ text }) => text)
const oneConnection = async (): Promise<string> => connections(await lab.until((rows) => connections(rows).length > 0))[0] ?? ''

describe('dm 64: a session through HTTPS', () => {
  test('is held with the lab authority alone, in both encodings; what protects it stands at its first message', async () => {
    for (const encoding of ['xml', 'wbxml'] as const) {
      const outcome = await secure({ ca: await pem() }, `IMEI:${encoding}`, { encoding })
      expect(outcome).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    }
    const rows = await lab.until((all) => all.filter(({ kind }) => kind === 'message').length >= 8)
    const [first] = rows
    const { notes, findings } = await lab.api.trace.frame(first?.seq ?? 0)
    expect(notes.find(({ detail }) => detail?.['tls'] !== undefined)?.text).toMatch(/^TLSv1\.3, TLS_\w+, no server name, no client certificate$/)
    expect(findings.filter(({ rule }) => rule.startsWith('http.'))).toEqual([])
    const answer = await lab.api.trace.frame(rows[1]?.seq ?? 0)
    expect(new TextDecoder().decode(answer.bytes)).toContain(`<RespURI>https://127.0.0.1:${String(port())}/dm?`)
  })

  test('over plain HTTP is held, too, and a finding at its first message says so once', async () => {
    const client = deviceOf(lab)
    const out = poster({ timeoutMs: 10_000 })
    await runClient(
      { machine: client.machine, post: out.post, clock: processClock(), save: (record) => client.remember(record) },
      { type: 'start', initiated: 'client' },
    )
    out.close()
    const rows = await lab.until((all) => all.length >= 4)
    const rules = await Promise.all(
      rows.map(async ({ seq }) => (await lab.api.trace.frame(seq)).findings.map(({ rule, severity }) => `${rule} ${severity}`)),
    )
    expect(rules.flat().filter((rule) => rule.startsWith('http.'))).toEqual(['http.plain.local note'])
    expect(rules[0]).toContain('http.plain.local note')
  })

  test('of a client that speaks TLS 1.2 only is held; below that it is refused, and the row names both sides', async () => {
    const ca = await pem()
    const socket = await shake({ ca, maxVersion: 'TLSv1.2' })
    expect(socket).not.toBeInstanceOf(Error)
    const body = packageOne({ device: 'IMEI:12', session: '9' })
    const head = `POST /dm HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: ${String(body.length)}\r\n\r\n`
    ;(socket as TLSSocket).write(head + body)
    const [row] = await lab.until((rows) => rows.some(({ device }) => device === 'IMEI:12'))
    expect((await lab.api.trace.frame(row?.seq ?? 0)).notes.some(({ detail }) => detail?.['tls'] === 'TLSv1.2')).toBe(true)
    ;(socket as TLSSocket).destroy()
    expect(await shake({ ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' })).toBeInstanceOf(Error)
    expect(await oneConnection()).toBe(
      'TLS handshake failed: no shared TLS version: the client offers TLSv1, TLSv1.1; this lab takes TLSv1.2 to TLSv1.3, profile compatible',
    )
  })

  test('of an old client is held once the profile is legacy, and its version is a finding', async () => {
    const after = await lab.api.trust.settings({ profile: 'legacy' })
    expect(after.settings).toMatchObject({ profile: 'legacy', minVersion: 'TLSv1' })
    const socket = await shake({ ca: await pem(), minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })
    expect(socket).not.toBeInstanceOf(Error)
    const body = packageOne({ device: 'IMEI:10' })
    const head = `POST /dm HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: ${String(body.length)}\r\n\r\n`
    ;(socket as TLSSocket).write(head + body)
    const [row] = await lab.until((rows) => rows.some(({ device }) => device === 'IMEI:10'))
    expect((await lab.api.trace.frame(row?.seq ?? 0)).findings.map(({ rule }) => rule)).toContain('tls.version')
    ;(socket as TLSSocket).destroy()
  })
})

describe('client certificates', () => {
  test('the bound device is let in, another one and a withdrawn certificate are refused in words, and no machine sees them', async () => {
    await lab.api.trust.settings({ clientCertificates: 'optional' })
    const ca = await pem()
    const { row, cert, key } = await lab.api.trust.issue({ device: DEVICE })
    expect(await secure({ ca, cert, key })).toMatchObject({ outcome: 'completed' })
    expect((await lab.api.trust.state()).clients[0]).toMatchObject({ device: DEVICE, serial: row.serial })
    expect((await lab.api.trust.state()).clients[0]?.lastAt).toBeGreaterThan(0)

    const other = await secure({ ca, cert, key }, 'IMEI:stranger')
    expect(other).toMatchObject({ outcome: 'failed' })
    const words = `the client certificate (serial ${row.serial}) is bound to ${DEVICE}, and the message says it comes from IMEI:stranger`
    expect(other.reason).toContain(words)
    const rows = await lab.until((all) => all.some(({ httpStatus }) => httpStatus === 403))
    const denied = rows.filter(({ device }) => device === 'IMEI:stranger')
    expect((await lab.api.trace.frame(denied[0]?.seq ?? 0)).findings.map(({ rule }) => rule)).toEqual(['tls.client'])
    expect(rows.find(({ httpStatus }) => httpStatus === 403)).toMatchObject({ kind: 'http', text: words })
    expect((await lab.api.devices.list()).map(({ id }) => id)).not.toContain('IMEI:stranger')
    expect((await lab.api.trace.sessions()).find(({ device }) => device === 'IMEI:stranger')).toMatchObject({ state: 'failed', reason: words })

    await lab.api.trust.withdraw(row.serial)
    expect((await secure({ ca, cert, key })).reason).toContain('was withdrawn')
  })

  test('one of a foreign authority is refused; none is, where one is required; an expired one, too', async () => {
    await lab.api.trust.settings({ clientCertificates: 'required' })
    const ca = await pem()
    const foreign = issue(makeAuthority('ec', Date.now()), { use: 'client', name: DEVICE, ...leafTimes(Date.now()) }, freshKey('ec'))
    expect((await secure({ ca, ...foreign })).reason).toMatch(/client certificate CN=.* is not good: it was not issued by this lab's authority/)
    expect((await secure({ ca })).reason).toContain('the client showed no certificate')
    const none = await fetchTls('/dl/anything', ca)
    expect(none).toMatch(/^HTTP\/1\.1 403 .*showed no certificate/s)
    const { cert, key } = await lab.api.trust.issue({ device: DEVICE, days: 1 })
    // From a day ago on for one day: it is over.
    expect((await secure({ ca, cert, key })).reason).toContain('it has expired')
  })
})

/** A GET by HTTPS, as it comes. */
async function fetchTls(path: string, ca: string): Promise<string> {
  const socket = (await shake({ ca })) as TLSSocket
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('close', () => resolve(text))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  })
}

describe('what goes wrong before a message', () => {
  test('a client that trusts another authority: refused by it, and the row says why, whether it says so or only hangs up', async () => {
    const wrong = await secure({ ca: makeAuthority('ec', Date.now()).cert })
    expect(wrong.reason).toMatch(/no trusted TLS connection .*the authority of its certificate is not trusted here/)
    expect(await oneConnection()).toMatch(
      /hung up without a request: .*do not trust this lab's authority|hung up in the middle .* does not take the lab's certificate/,
    )
  })

  test('no shared cipher: the row lists what the client offers and what the lab takes', async () => {
    expect(await shake({ ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' })).toBeInstanceOf(Error)
    expect(await oneConnection()).toMatch(/^TLS handshake failed: no shared cipher: the client offers 0x009E; this lab takes TLSv1\.2 to TLSv1\.3/)
  })

  test('plain HTTP to the HTTPS port is answered 400, TLS to the HTTP port, too; both are rows of kind connection with the bytes', async () => {
    const answer = await say(port(), 'POST /dm HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*plain HTTP came to the HTTPS port/s)
    const rows = await lab.until((all) => connections(all).length === 1)
    expect(rows.at(-1)).toMatchObject({ kind: 'connection', httpStatus: 400, severity: 'error' })
    expect((await lab.api.trace.frame(rows.at(-1)?.seq ?? 0)).startLine).toBe('POST /dm HTTP/1.1')
    const plain = Number(new URL(lab.ready.dm).port)
    await new Promise((resolve) => {
      const socket = tls({ host: '127.0.0.1', port: plain })
      socket.on('error', resolve)
    })
    expect(connections(await lab.until((all) => connections(all).length === 2))[1]).toMatch(/^TLS came to the plain HTTP port/)
  })

  test('a client that offers HTTP/1.0 alone by ALPN is served', async () => {
    const socket = await shake({ ca: await pem(), ALPNProtocols: ['http/1.0'] })
    expect(socket).not.toBeInstanceOf(Error)
    expect((socket as TLSSocket).alpnProtocol).toBe('http/1.0')
    const message = packageOne()
    const answer = new Promise<string>((resolve) => {
      let text = ''
      ;(socket as TLSSocket).on('data', (piece: Buffer) => (text += piece.toString())).on('end', () => resolve(text))
    })
    const head = `POST /dm HTTP/1.0\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: ${String(Buffer.byteLength(message))}\r\n\r\n`
    ;(socket as TLSSocket).write(head + message)
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK[^]*<Cmd>SyncHdr<\/Cmd>/)
  })

  test('rubbish, SSL 2.0 and a client that leaves in the middle', async () => {
    await say(port(), new Uint8Array([1, 2, 3, 4, 5]))
    await say(port(), new Uint8Array([0x80, 0x2e, 1, 0, 2, 0, 3, 0, 0, 0]))
    const hello = await helloBytes()
    await new Promise<void>((resolve) => {
      const socket = tcp(port(), '127.0.0.1', () => socket.write(hello, () => setTimeout(() => socket.resetAndDestroy(), 100)))
      socket.on('data', () => {})
      socket.on('error', () => {})
      socket.on('close', () => resolve())
    })
    const words = connections(await lab.until((all) => connections(all).length >= 3))
    expect(words).toHaveLength(3)
    expect(words[0]).toBe('what came to the HTTPS port is no TLS')
    expect(words[1]).toBe('the client speaks SSL 2.0, which nothing here does')
    expect(words[2]).toMatch(/^TLS handshake failed: the client hung up in the middle of the handshake/)
  })

  test('a ClientHello in pieces of one byte is waited for', async () => {
    const hello = await helloBytes()
    const answered = new Promise<number>((resolve) => {
      const socket = tcp({ port: port(), host: '127.0.0.1', noDelay: true }, () => {
        void (async () => {
          for (const byte of hello) {
            socket.write(new Uint8Array([byte]))
            await new Promise((next) => setImmediate(next))
          }
        })()
      })
      socket.on('data', (chunk: Buffer) => {
        resolve(chunk[0] ?? 0)
        socket.destroy()
      })
    })
    // A handshake record: ServerHello.
    expect(await answered).toBe(0x16)
  })
})

/** What Node's client says first. */
function helloBytes(): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    void import('node:net').then(({ createServer }) => {
      const server = createServer((socket) => {
        socket.once('data', (chunk) => {
          resolve(new Uint8Array(chunk))
          socket.destroy()
          server.close()
        })
      })
      server.on('error', reject)
      server.listen(0, '127.0.0.1', () => tls({ port: (server.address() as { port: number }).port, host: '127.0.0.1' }).on('error', () => {}))
    })
  })
}

describe('certificates', () => {
  test('curl and openssl agree with them, and with their names', async (context) => {
    needs(context, 'curl', 'openssl')
    const file = join(lab.workspace, 'tls', 'ca.pem')
    const posted = ['--cacert', file, '-sS', '-o', '-', '-w', '%{http_code}', '-H', 'Content-Type: application/vnd.syncml.dm+xml']
    const { stdout } = await run('curl', [...posted, '--data-binary', packageOne({ device: 'IMEI:curl' }), lab.ready.dms ?? ''])
    expect(stdout).toMatch(/<SyncML.*200$/s)
    const named = await run('curl', [...posted, '--data-binary', packageOne({ device: 'IMEI:curl2' }), `https://localhost:${String(port())}/dm`])
    expect(named.stdout).toMatch(/200$/)
    await expect(run('curl', ['-sS', `https://127.0.0.1:${String(port())}/ca.pem`])).rejects.toThrow(/certificate|SSL/i)
    expect(await oneConnection()).toMatch(/does not trust this lab's authority|does not take the lab's certificate|not trust the authority/)
    for (const name of ['127.0.0.1', 'localhost']) {
      const options = ['s_client', '-connect', `127.0.0.1:${String(port())}`, '-CAfile', file, '-verify_return_error', '-x509_strict', '-brief']
      const check = name === 'localhost' ? ['-servername', name, '-verify_hostname', name] : ['-noservername', '-verify_ip', name]
      const child = run('openssl', [...options, ...check])
      child.child.stdin?.end()
      expect((await child).stderr).toContain('Verification: OK')
    }
  })

  test('are chosen by server name, and a name of no meaning gets the one for all', async () => {
    const ca = await pem()
    await lab.api.addresses.add({ name: 'office', https: 'https://dm.lab.example:8443' })
    const names = async (servername: string): Promise<string> => {
      const socket = (await shake({ ca, servername, checkServerIdentity: () => undefined })) as TLSSocket
      const { subjectaltname = '' } = socket.getPeerCertificate()
      socket.destroy()
      return subjectaltname
    }
    expect(await names('dm.lab.example')).toBe('DNS:dm.lab.example')
    expect(await names('localhost')).toBe('DNS:localhost')
    expect(await names('elsewhere.example')).toMatch(/IP Address:127\.0\.0\.1/)
    expect(await names('elsewhere.example')).toMatch(/DNS:dm\.lab\.example/)
  })

  test('are fetched by plain HTTP as DER and PEM; the QR code says where, and the fingerprint', async () => {
    const state = await lab.api.trust.state()
    expect(state.authority?.url).toBe(lab.ready.dm.replace(/\/dm$/, '/ca.crt'))
    const answer = await fetch(state.authority?.url ?? '')
    expect(answer.headers.get('content-type')).toBe('application/x-x509-ca-cert')
    const der = await lab.api.trust.authority('der')
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(der.bytes)
    expect(await (await fetch((state.authority?.url ?? '').replace('.crt', '.pem'))).text()).toBe(await pem())
    expect(new TextDecoder().decode((await lab.api.trust.authority('qr')).bytes)).toMatch(/^<svg .*<path/s)
  })

  test('of a new authority replace all; connections go on with them at once', async () => {
    const before = await pem()
    const { cert, key } = await lab.api.trust.issue({ device: DEVICE })
    writeFileSync(join(lab.workspace, '..', 'client.pem'), cert + key)
    const state = await lab.api.trust.replace('rsa')
    expect(state.authority).toMatchObject({ key: 'rsa', secret: 'plain' })
    expect(state.clients).toEqual([])
    expect((await secure({ ca: before })).outcome).toBe('failed')
    expect(await secure({ ca: await pem() })).toMatchObject({ outcome: 'completed' })
    // Clients without elliptic curves are served now.
    const socket = await shake({ ca: await pem(), ciphers: 'AES128-SHA', maxVersion: 'TLSv1.2' })
    expect(socket).not.toBeInstanceOf(Error)
    ;(socket as TLSSocket).destroy()
  })
})

test('a lab that comes back has the same authority; without its port the reason is told', async () => {
  const before = await lab.api.trust.state()
  await lab.stop()
  lab = await realLab({ workspace: lab.workspace, tlsPort: 0 })
  const after = await lab.api.trust.state()
  expect(after.authority?.fingerprint).toBe(before.authority?.fingerprint)
  expect(after.servers.map(({ serial }) => serial)).toEqual(before.servers.map(({ serial }) => serial))
  await lab.stop()
  lab = await realLab({ workspace: lab.workspace })
  expect(await lab.api.trust.state()).toMatchObject({ https: '', why: 'no port was asked for' })
  expect(lab.ready.dms).toBeNull()
})
