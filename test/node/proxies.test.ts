// Story of the recording proxy: a lab between devices and a second lab that plays the foreign server; over real sockets, byte for byte, held, edited, and with every failure told.
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as tcpServer } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProxyWish, TraceRow } from '../../core/api.ts'
import { runClient } from '../../core/lab/runner.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { decode } from '../../core/syncml/codec.ts'
import { needs } from '../support/needs.ts'
import { deviceOf, packageOne, postBody, realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const run = promisify(execFile)
let lab: RealLab
let foreign: RealLab
const ends: (() => unknown)[] = []

beforeEach(async () => {
  lab = await realLab({ tlsPort: 0, tlsMust: true })
  foreign = await realLab({ tlsPort: 0, tlsMust: true, server: { respUri: false } })
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await lab.end()
  await foreign.end()
})

const origin = (url: string | null): string => new URL(url ?? '').origin
/** Opens a proxy in front of the foreign lab and gives the DM URL behind it. */
const proxied = async (wish: Partial<ProxyWish> = {}): Promise<string> =>
  `${(await lab.api.proxies.add({ upstream: origin(foreign.ready.dm), ...wish })).url}/dm`

/** The same in front of a server that asks for auth-MAC. */
async function signing(): Promise<string> {
  const other = await realLab({ tlsPort: null, server: { respUri: false, auth: 'syncml:auth-MAC' } })
  ends.push(() => other.end())
  return proxied({ upstream: origin(other.ready.dm) })
}

async function hold(serverUri: string, setup: object = {}, options: Parameters<typeof poster>[0] = {}): Promise<SessionOutcome> {
  const client = deviceOf(lab, { serverUri, ...setup })
  const out = poster({ timeoutMs: 20_000, ...options })
  try {
    const parts = { machine: client.machine, post: out.post, clock: processClock() }
    return await runClient({ ...parts, save: (record) => client.remember(record) }, { type: 'start', initiated: 'client' })
  } finally {
    out.close()
  }
}

/** A server of its own kind; gives its origin. */
async function stranger(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const messages = (rows: readonly TraceRow[]): TraceRow[] => rows.filter(({ kind }) => kind === 'message')
const bytesOf = async (of: RealLab): Promise<string[]> => {
  const rows = messages(await of.rows())
  return Promise.all(rows.map(async ({ seq }) => (await of.api.trace.frame(seq)).sha256))
}

describe('a relayed session', () => {
  test.each(['xml', 'wbxml'] as const)('%s, md5: both sides see the same bytes, the session is watched to its end', async (encoding) => {
    const url = await proxied()
    const outcome = await hold(url, { encoding, auth: 'syncml:auth-md5' })
    expect(outcome).toMatchObject({ outcome: 'completed' })
    const rows = messages(await lab.until((all) => messages(all).length >= outcome.messages))
    expect(rows.map(({ direction }) => direction)).toEqual(rows.map((_row, i) => (i % 2 === 0 ? 'up' : 'down')))
    expect(await bytesOf(lab)).toEqual(await bytesOf(foreign))
    expect(rows.filter(({ severity }) => severity === 'error' || severity === 'warn')).toEqual([])
    const [session] = await lab.api.trace.sessions()
    expect(session).toMatchObject({ state: 'completed', messages: rows.length, server: url })
    const { notes } = await lab.api.trace.frame(rows[0]?.seq ?? 0)
    expect(notes.some(({ text }) => text.startsWith(`relayed to ${origin(foreign.ready.dm)}`))).toBe(true)
  })

  test('MAC: what is signed stays valid', async () => {
    expect(await hold(await signing(), { auth: 'syncml:auth-MAC' })).toMatchObject({ outcome: 'completed' })
    const heads = await Promise.all(messages(await lab.rows()).map(async ({ seq }) => (await lab.api.trace.frame(seq)).headers))
    expect(heads.filter((headers) => headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')).length).toBeGreaterThan(1)
  })

  test('header fields keep order and spelling, both ways; only Host and what speaks of the connection are ours', async (context) => {
    needs(context, 'curl')
    const seen: string[][] = []
    const to = await stranger((req, res) => {
      seen.push(req.rawHeaders)
      req.resume()
      res.writeHead(207, 'Odd But Fine', [
        'X-oDD',
        '1',
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'Content-Type',
        'text/x',
        'Transfer-Encoding',
        'chunked',
      ])
      res.end('body')
    })
    const { url } = await lab.api.proxies.add({ upstream: `${to}/base` })
    const { stdout } = await run('curl', [
      '-sS',
      '-i',
      '-X',
      'POST',
      '-H',
      'x-SYNCML-hmac: m',
      '-H',
      'ACCEPT-charset: utf-8',
      '--data-binary',
      'abc',
      `${url}/dm?a=%41&b=`,
    ])
    expect(stdout).toMatch(/^HTTP\/1\.1 207 Odd But Fine\r\nX-oDD: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/)
    expect(stdout).toMatch(/\r\n\r\nbody$/)
    const [raw = []] = seen
    expect(raw.filter((_v, i) => i % 2 === 0)).toEqual(expect.arrayContaining(['Host', 'x-SYNCML-hmac', 'ACCEPT-charset', 'Content-Length']))
    expect(raw[raw.indexOf('Host') + 1]).toBe(new URL(to).host)
    const rows = (await lab.rows()).filter(({ kind }) => kind === 'http')
    expect(rows.map(({ direction, httpStatus }) => [direction, httpStatus])).toEqual([
      ['up', 0],
      ['down', 207],
    ])
    expect((await lab.api.trace.frame(rows[0]?.seq ?? 0)).startLine).toBe('POST /dm?a=%41&b= HTTP/1.1')
  })

  test('curl: the same bytes direct and through the proxy', async (context) => {
    needs(context, 'curl')
    const url = await proxied()
    const body = join(lab.workspace, 'body.xml')
    writeFileSync(body, packageOne({ session: '7', device: 'IMEI:7' }))
    const post = async (to: string): Promise<string> =>
      (await run('curl', ['-sS', '-H', 'Content-Type: application/vnd.syncml.dm+xml', '--data-binary', `@${body}`, to])).stdout
    const through = await post(url)
    // The very same message again is a resend: the foreign server gives the very same answer.
    expect(await post(foreign.ready.dm)).toBe(through)
    const [up, down] = messages(await lab.rows())
    expect(new TextDecoder().decode((await lab.api.trace.frame(down?.seq ?? 0)).bytes)).toBe(through)
    expect((await lab.api.trace.frame(up?.seq ?? 0)).sha256).toBe((await foreign.api.trace.frame(1)).sha256)
  })
})

describe('hold and edit', () => {
  test('every message waits for a decision; an edited request is signed anew and accepted, an edited answer is answered', async () => {
    const url = await signing()
    await lab.api.stepper.mode({ mode: 'all' })
    const changes: readonly (readonly [direction: string, from: string, to: string])[] = [
      ['down', '<LocURI>./DevDetail/FwV</LocURI>', '<LocURI>./DevDetail/HwV</LocURI>'],
      ['up', '<Final/>', '<Final></Final>'],
    ]
    const decided = new Set<number>()
    const off = lab.api.on('held', ({ held }) => {
      for (const card of held) {
        if (decided.has(card.id)) continue
        decided.add(card.id)
        void (async () => {
          const { bytes, headers } = await lab.api.trace.frame(card.seq)
          const text = new TextDecoder().decode(bytes)
          const signed = headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')
          const change = changes.find(([direction, from]) => direction === card.direction && text.includes(from) && (direction === 'down' || signed))
          const edited = change === undefined ? null : new TextEncoder().encode(text.replace(change[1], change[2]))
          await lab.api.stepper.decide(card.id, edited === null ? { act: 'continue' } : { act: 'edit', bytes: edited })
        })()
      }
    })
    const outcome = await hold(url, { auth: 'syncml:auth-MAC' })
    off()
    expect(outcome).toMatchObject({ outcome: 'completed' })
    const rows = messages(await lab.rows())
    expect(rows.every((row) => row.hold === 'released' || row.hold === 'edited')).toBe(true)
    const edited = await Promise.all(rows.filter((row) => row.hold === 'edited').map(({ seq }) => lab.api.trace.frame(seq)))
    expect(new Set(edited.map(({ row }) => row.direction))).toEqual(new Set(['up', 'down']))
    for (const frame of edited) {
      expect(frame.original).not.toBeNull()
      if (frame.row.direction === 'up') expect(frame.findings.map(({ rule }) => rule)).toContain('proxy.signed')
    }
    const said = await Promise.all(
      rows.filter(({ direction }) => direction === 'up').map(async ({ seq }) => new TextDecoder().decode((await lab.api.trace.frame(seq)).bytes)),
    )
    expect(said.some((text) => text.includes('./DevDetail/HwV'))).toBe(true)
    expect((await lab.api.trace.sessions())[0]).toMatchObject({ state: 'completed' })
  })

  test('dropped on the way up: the server never sees it, the device is told; on the way down: likewise', async () => {
    const url = await proxied()
    await lab.api.stepper.mode({ mode: 'all' })
    const waiting = postBody(url, packageOne())
    await lab.until((all) => all.some((row) => row.hold === 'held'))
    const [card] = await lab.api.stepper.held()
    await lab.api.stepper.decide(card?.id ?? 0, { act: 'drop' })
    expect(await waiting).toEqual({ status: 503, text: 'dropped by the lab\n' })
    expect(await foreign.rows()).toEqual([])
  })

  test('a device that leaves while its message is held: the card stays, as a draft', async () => {
    const url = await proxied()
    await lab.api.stepper.mode({ mode: 'all' })
    const leaving = new AbortController()
    const gone = fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.syncml.dm+xml' },
      body: packageOne(),
      signal: leaving.signal,
    }).catch(() => 'gone')
    await lab.until((all) => all.some((row) => row.hold === 'held'))
    leaving.abort()
    expect(await gone).toBe('gone')
    await lab.until((all) => all.some((row) => row.hold === 'peer gone'))
    const [card] = await lab.api.stepper.held()
    expect(card).toMatchObject({ peerWaits: false })
    expect(await foreign.rows()).toEqual([])
  })
})

describe('RespURI', () => {
  test('leads away: told as a finding, bytes stay; with rewrite it leads through the proxy, in both encodings', async () => {
    const other = await realLab({ tlsPort: null })
    ends.push(() => other.end())
    const upstream = origin(other.ready.dm)
    const plain = await proxied({ upstream })
    const { text } = await postBody(plain, packageOne())
    expect(text).toContain(`<RespURI>${upstream}/dm?sid=`)
    const down = messages(await lab.rows()).find(({ direction }) => direction === 'down')
    expect((await lab.api.trace.frame(down?.seq ?? 0)).findings.map(({ rule }) => rule)).toContain('proxy.respuri')
    for (const encoding of ['xml', 'wbxml'] as const) {
      const url = await proxied({ upstream, rewrite: true })
      const before = (await lab.rows()).length
      const outcome = await hold(url, { encoding, id: `IMEI:${encoding}`, auth: 'syncml:auth-MAC' })
      expect(outcome).toMatchObject({ outcome: 'completed' })
      const rows = messages((await lab.rows()).slice(before))
      // All of the session came through the proxy.
      expect(rows).toHaveLength(messages(await other.rows()).filter(({ device }) => device === `IMEI:${encoding}`).length)
      const changed = await lab.api.trace.frame(rows.find((row) => row.hold === 'edited')?.seq ?? 0)
      expect(decode(changed.bytes, encoding).message.header.respUri).toMatch(new RegExp(`^${origin(url)}/dm\\?sid=`))
      expect(changed.findings.map(({ rule }) => rule)).toContain('proxy.rewritten')
    }
  })

  test('another host in RespURI: the way back is kept', async () => {
    const paths: string[] = []
    const far = await stranger((req, res) => {
      paths.push(req.url ?? '')
      req.resume()
      res.end('far')
    })
    const near = await stranger((req, res) => {
      req.resume()
      res.writeHead(302, ['Location', `${far}/next?x=1`]).end()
    })
    const { url } = await lab.api.proxies.add({ upstream: near, rewrite: true })
    const answer = await fetch(`${url}/a`, { redirect: 'manual' })
    const location = answer.headers.get('location') ?? ''
    expect(new URL(location).origin).toBe(url)
    expect(await (await fetch(location)).text()).toBe('far')
    expect(paths).toEqual(['/next?x=1'])
  })
})

describe('failures have words', () => {
  const fails = async (upstream: string, status: number, words: RegExp, more: Partial<ProxyWish> = {}): Promise<void> => {
    const row = await lab.api.proxies.add({ upstream, ...more })
    const answer = await postBody(`${row.url}/dm`, packageOne())
    expect(answer.status).toBe(status)
    expect(answer.text).toMatch(words)
    const all = await lab.until((rows) => rows.some(({ kind, text }) => kind === 'connection' && words.test(text)))
    expect(all.some(({ kind, httpStatus }) => kind === 'http' && httpStatus === status)).toBe(true)
    const [now] = (await lab.api.proxies.list()).filter(({ id }) => id === row.id)
    expect(now).toMatchObject({ exchanges: 1, failures: 1 })
    expect(now?.lastFailure).toMatch(words)
  }

  test('nobody listens; slow; closes without an answer; rubbish; plain HTTP where TLS was meant', async () => {
    const silent = tcpServer(() => {})
    const rude = tcpServer((socket) => socket.once('data', () => socket.destroy()))
    const odd = tcpServer((socket) => socket.once('data', () => socket.end('220 welcome to mail\r\n')))
    const urls = await Promise.all(
      [silent, rude, odd].map(
        (server) =>
          new Promise<string>((resolve) => {
            server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`))
            ends.push(() => void server.close())
          }),
      ),
    )
    await fails('http://127.0.0.1:1', 502, /nobody listens there/)
    await fails(`http://${urls[0]}`, 504, /no whole answer within 300 ms/, { timeoutMs: 300 })
    await fails(`http://${urls[1]}`, 502, /closed the connection without an answer|socket hang up/)
    await fails(`http://${urls[2]}`, 502, /no HTTP that can be read/)
    await fails(origin(foreign.ready.dm).replace('http:', 'https:'), 502, /TLS/)
    await fails('http://no-such-host.invalid', 502, /host name/)
  })

  test('never our own control port, never a circle, no user names, ports that are taken', async () => {
    const withWindow = await realLab({ uiPort: 0 }).catch(() => null)
    if (withWindow !== null) {
      ends.push(() => withWindow.end())
      const ui = new URL(withWindow.ready.ui ?? '')
      await expect(withWindow.api.proxies.add({ upstream: ui.origin })).rejects.toThrow('control port')
      await expect(withWindow.api.proxies.add({ upstream: `http://localhost:${ui.port}` })).rejects.toThrow('control port')
    }
    const first = await lab.api.proxies.add({ upstream: origin(foreign.ready.dm) })
    await expect(lab.api.proxies.add({ upstream: first.url })).rejects.toThrow('a circle')
    await expect(lab.api.proxies.add({ upstream: 'http://u:p@127.0.0.1' })).rejects.toThrow('no user name')
    await expect(lab.api.proxies.add({ upstream: 'http://127.0.0.1:9', port: first.port })).rejects.toThrow('taken')
  })
})

describe('HTTPS', () => {
  const authority = async (of: RealLab): Promise<string> => new TextDecoder().decode((await of.api.trust.authority('pem')).bytes)

  test('upstream with its own authority, with the wrong one, and unproved', async () => {
    const upstream = origin(foreign.ready.dms)
    expect(await hold(await proxied({ upstream, trust: 'ca', ca: await authority(foreign) }))).toMatchObject({ outcome: 'completed' })
    const wrong = await lab.api.proxies.add({ upstream, trust: 'ca', ca: await authority(lab) })
    expect((await postBody(`${wrong.url}/dm`, packageOne())).text).toMatch(/certificate/)
    const before = (await lab.rows()).length
    expect(await hold(await proxied({ upstream, trust: 'none' }), { id: 'IMEI:other' })).toMatchObject({ outcome: 'completed' })
    const rows = messages((await lab.rows()).slice(before))
    expect((await lab.api.trace.frame(rows[0]?.seq ?? 0)).findings.map(({ rule }) => rule)).toContain('proxy.unproved')
  })

  test('towards the device, with a certificate of the lab', async () => {
    const url = await proxied({ https: true })
    expect(url).toMatch(/^https:/)
    expect(await hold(url, {}, { ca: await authority(lab) })).toMatchObject({ outcome: 'completed' })
  })
})

test('a proxy is there again after a restart, on its port; one whose port is taken says so', async () => {
  const row = await lab.api.proxies.add({ upstream: origin(foreign.ready.dm) })
  const gone = await lab.api.proxies.add({ upstream: origin(foreign.ready.dm) })
  await lab.api.proxies.remove(gone.id)
  const { workspace } = lab
  await lab.stop()
  lab = await realLab({ workspace, tlsPort: 0 })
  expect(await lab.api.proxies.list()).toMatchObject([{ id: row.id, url: row.url, state: 'listening' }])
  expect(await hold(`${row.url}/dm`)).toMatchObject({ outcome: 'completed' })
  await lab.stop()
  const thief = createServer()
  await new Promise<void>((resolve) => thief.listen(row.port, '127.0.0.1', resolve))
  ends.push(() => void thief.close())
  lab = await realLab({ workspace, tlsPort: 0 })
  expect((await lab.api.proxies.list())[0]).toMatchObject({ id: row.id, state: 'failed', url: '' })
  expect((await lab.api.proxies.list())[0]?.why).toMatch(/taken/)
})
