// The window's side as its own user meets it: files, screens, and the local API with its OpenAPI document.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { overSocket } from '../../core/node/channel.ts'
import { safeName } from '../../core/node/files.ts'
import type { WebLimits } from '../../core/node/limits.ts'
import { ROUTES } from '../../core/node/routes.ts'
import { serveWindow } from '../../core/node/web.ts'
import type { WindowServer } from '../../core/node/web.ts'
import { connect, METHODS } from '../../core/rpc.ts'
import { memoryLab } from '../support/memorylab.ts'
import { dial } from './raw.ts'

const token = '0123456789abcdef'.repeat(4)
const lab = memoryLab()
let dir: string
let window: WindowServer
let origin: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dmlab-web-'))
  mkdirSync(join(dir, 'dist/assets'), { recursive: true })
  writeFileSync(join(dir, 'dist/index.html'), '<!doctype html><title>DM Lab</title>')
  writeFileSync(join(dir, 'dist/assets/index-Ab_1.js'), 'export {}')
  writeFileSync(join(dir, 'dist/assets/index.css'), 'body{}')
  writeFileSync(join(dir, 'dist/.hidden.txt'), 'hidden')
  writeFileSync(join(dir, 'secret.txt'), 'secret')
  symlinkSync(join(dir, 'secret.txt'), join(dir, 'dist/link.txt'))
  window = await serveWindow({ api: lab.api, token, dist: join(dir, 'dist'), host: '127.0.0.1', port: 0 })
  origin = new URL(window.url).origin
})
afterAll(async () => {
  await window.close()
  rmSync(dir, { recursive: true })
})

const api = async (path: string, init: RequestInit = {}): Promise<{ status: number; json: Record<string, unknown>; headers: Headers }> => {
  const answer = await fetch(`${origin}/api/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) },
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown>, headers: answer.headers }
}
const send = (method: string, body: unknown): RequestInit => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('files', () => {
  it('come with their types and the whole set of security fields', async () => {
    expect(window.url).toBe(`${origin}/?token=${token}`)
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/index.html?token=x', 'text/html; charset=utf-8'],
      ['/assets/index-Ab_1.js', 'text/javascript; charset=utf-8'],
      ['/assets/index.css', 'text/css; charset=utf-8'],
    ]) {
      const answer = await fetch(`${origin}${path ?? ''}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe(type)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      const policy = answer.headers.get('content-security-policy')?.split('; ')
      for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"])
        expect(policy).toContain(rule)
      expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${window.port} wss://127.0.0.1:${window.port}`)
    }
  })

  it('are only read, and only those of the window', async () => {
    expect((await fetch(`${origin}/`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${origin}/`, { method: 'HEAD' })).status).toBe(200)
    for (const path of ['/nothing.js', '/.hidden.txt', '/link.txt', '/assets', '/assets/', '/secret.txt'])
      expect((await fetch(`${origin}${path}`)).status, path).toBe(404)
  })

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/..%5csecret.txt',
    '/%00',
    '//etc/passwd',
    '/C:/x.txt',
    '/a/%2e%2e/%2e%2e/secret.txt',
    '/%',
    '/aux:.txt',
    'secret.txt',
    '*',
  ])('do not include %s', async (path) => {
    expect(safeName(path)).toBeNull()
    const wire = await dial(window.port)
    wire.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${window.port}\r\nConnection: close\r\n\r\n`)
    await wire.ended
    expect(wire.text()).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(wire.text()).not.toContain('secret\n')
  })

  it('missing altogether is said in words', async () => {
    const bare = await serveWindow({ api: lab.api, token, dist: join(dir, 'none'), host: '127.0.0.1', port: 0 })
    const answer = await fetch(bare.url)
    expect([answer.status, await answer.text()]).toEqual([404, '{"error":{"status":404,"message":"the window is not built (npm run build)"}}'])
    await bare.close()
  })
})

describe('a screen', () => {
  const open = (path: string, headers: Record<string, string> = {}): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${window.port}${path}`, { headers })
      socket.once('open', () => resolve(socket))
      socket.once('error', reject)
    })
  const closed = (socket: WebSocket): Promise<[number, string]> =>
    new Promise((resolve) => socket.once('close', (code, reason) => resolve([code, reason.toString()])))

  it('connects with the token in the query or as bearer, and sees the lab', async () => {
    for (const socket of [await open(`/ws?token=${token}`), await open('/ws', { authorization: `Bearer ${token}` })]) {
      expect((await connect(overSocket(socket)).lab.state()).name).toBe('memory')
      socket.terminate()
    }
  })

  it('is not needed to watch: a program takes what happens as JSON text, refused without the token', async () => {
    await expect(open('/api/v1/events')).rejects.toThrow('401')
    const socket = await open('/api/v1/events', { authorization: `Bearer ${token}` })
    const heard: { event: string; job?: { state: string; createdAt: string }; packages?: unknown[]; fanout?: { createdAt: string } }[] = []
    socket.on('message', (data, binary) => heard.push(binary ? { event: 'bytes' } : (JSON.parse((data as Buffer).toString()) as (typeof heard)[0])))
    await lab.api.catalogue.add('antivir-9.zip', new Uint8Array(3), {})
    const { jobs } = await lab.api.jobs.create({ type: 'scomo', op: 'install', device: 'IMEI:1', pkg: 'antivir-9' })
    await expect.poll(() => heard.map(({ event }) => event)).toEqual(['catalogue', 'job'])
    expect(heard[1]?.job).toMatchObject({ id: jobs[0]?.id, state: 'queued' })
    expect(heard[1]?.job?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT/)
    await lab.api.gateways.fanout({ gateway: 'gw', devices: ['IMEI:1'], commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }] })
    await expect
      .poll(() => heard.at(-1))
      .toMatchObject({ event: 'fanout', fanout: { gateway: 'gw', createdAt: expect.stringMatching(/^\d{4}-.*Z$/) } })
    socket.send('anything')
    expect(await closed(socket)).toEqual([1003, 'nothing is taken here'])
    expect((await api('/events')).status).toBe(426)
    expect((await api('/openapi.json')).json['paths']).toHaveProperty(['/events', 'get', 'responses', '101'])
  })

  it('that talks nonsense is closed with the reason', async () => {
    const text = await open(`/ws?token=${token}`)
    text.send('{"call":1}')
    expect(await closed(text)).toEqual([1003, 'binary frames only'])
    const bytes = await open(`/ws?token=${token}`)
    bytes.send(Uint8Array.from([0, 0, 0, 9, 1]))
    expect(await closed(bytes)).toEqual([1007, 'frame head longer than the frame'])
  })

  it('that sends too much, has died, or does not read, is closed', async () => {
    const start = (limits: Partial<WebLimits>): Promise<WindowServer> =>
      serveWindow({ api: lab.api, token, dist: dir, host: '127.0.0.1', port: 0, limits })
    const dialled = (port: number, autoPong = true): Promise<WebSocket> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?token=${token}`, { autoPong })
        socket.once('open', () => resolve(socket))
        socket.once('error', reject)
      })
    const small = await start({ messageBytes: 1000, heartbeat: 50 })
    const big = await dialled(small.port)
    big.on('error', () => {})
    big.send(new Uint8Array(2000))
    expect((await closed(big))[0]).toBe(1009)
    const [well, dead] = [await dialled(small.port), await dialled(small.port, false)]
    expect((await closed(dead))[0]).toBe(1006)
    expect((await connect(overSocket(well)).lab.state()).name).toBe('memory')
    await small.close()
    const patient = await start({ bufferedBytes: 1_000_000 })
    const lazy = await dialled(patient.port)
    lazy.pause()
    let rows = 0
    for (let i = 0; i < 60 && lab.listeners() > 0; i++) {
      lab.burst(5000)
      rows += 5000
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(lab.listeners()).toBe(0)
    expect(rows).toBeGreaterThan(5000)
    lazy.terminate()
    await patient.close()
  })
})

describe('the local API', () => {
  it('shows state, trace, frames, sessions and devices in the contract’s form', async () => {
    await lab.api.devices.simulate({ id: 'dev-1' })
    const state = await api('/state')
    expect(state.status).toBe(200)
    expect(state.json).toMatchObject({ name: 'memory', hold: { mode: 'off' } })
    expect(state.json['startedAt']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const last = Number(state.json['last'])
    const rows = (await api(`/trace?first=${last - 1}&count=2`)).json['rows'] as { seq: number; at: string; commands: string[] }[]
    expect(rows.map((row) => row.seq)).toEqual([last - 1, last])
    expect(rows[0]?.at).toMatch(/Z$/)
    expect(rows[0]?.commands).toEqual(['Alert 1201', 'Replace'])
    const frame = (await api(`/trace/${last}`)).json as { bytes: string; sha256: string; original: null }
    expect(Buffer.from(frame.bytes, 'base64').toString()).toContain('<SyncML>')
    expect(frame.original).toBeNull()
    const [session] = (await api('/sessions')).json['sessions'] as { session: number; device: string; lastAt: string }[]
    expect(session).toMatchObject({ device: 'dev-1' })
    expect(((await api(`/sessions/${session?.session ?? 0}`)).json['rows'] as number[]).length).toBe(4)
    expect((await api('/devices')).json['devices']).toMatchObject([{ id: 'dev-1', simulated: true }])
  })

  it('does what the window can do: hold, edit, simulate, queue, open', async () => {
    expect((await api('/hold', send('PUT', { mode: 'all' }))).status).toBe(200)
    expect((await api('/devices', send('POST', { id: 'dev-2' }))).json).toEqual({ id: 'dev-2' })
    const [held] = (await api('/held')).json['held'] as { id: number; seq: number }[]
    await api('/hold', send('PUT', { mode: 'off' }))
    const bytes = Buffer.from('<edited/>').toString('base64')
    expect((await api(`/held/${held?.id ?? 0}`, send('POST', { act: 'edit', bytes }))).status).toBe(200)
    expect((await api(`/trace/${held?.seq ?? 0}`)).json).toMatchObject({ bytes, row: { hold: 'edited' } })
    expect((await api('/devices/dev%2F2/commands', send('POST', [{ kind: 'Get', locUri: './DevInfo' }]))).status).toBe(200)
    expect(lab.queued.at(-1)).toEqual({ device: 'dev/2', count: 1 })
    const open = await api('/captures?name=a.xml', { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: '<SyncML/>' })
    expect(open.json['first']).toBe(open.json['last'])
  })

  it('refuses in words and JSON', async () => {
    const cases: [string, RequestInit, number, RegExp][] = [
      ['/nothing', {}, 404, /no such path/],
      ['', {}, 404, /no such path/],
      ['/state', { method: 'POST' }, 405, /POST is not known here/],
      ['/trace?first=x', {}, 400, /parameter first: expected a whole number/],
      ['/trace?first=-1', {}, 400, /parameter first/],
      ['/trace?last=1', {}, 400, /unknown parameter last/],
      ['/trace/99999999', {}, 404, /there is no row 99999999/],
      ['/trace/0x1', {}, 400, /parameter seq/],
      ['/trace/%', {}, 404, /no such path/],
      ['/captures', { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: 'x' }, 400, /parameter name is missing/],
      ['/captures?name=e.xml', { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: '' }, 400, /e\.xml holds no message/],
      ['/devices', { method: 'POST', body: '{}' }, 415, /application\/json/],
      ['/devices', { ...send('POST', {}), body: '{' }, 400, /no JSON/],
      ['/devices', send('POST', { id: 'a', shell: 1 }), 400, /POST \/devices: body: .*shell/],
      ['/devices', send('POST', { auth: 'none' }), 400, /body\.auth/],
      ['/held/1', send('POST', { act: 'edit', bytes: '*' }), 400, /body\.bytes/],
      // Nothing happens where a body is not understood, also where none is wanted.
      ['/gateways/pairings/cam', { method: 'POST', body: '{' }, 400, /no JSON/],
      ['/gateways/pairings/cam', send('POST', { secret: 1 }), 400, /takes no body: .*secret/],
      ['/wifi/invitations/no-such', { method: 'DELETE' }, 400, /^parameter id: /],
      ['/trust/authority/txt', {}, 400, /^parameter format: .*pem/],
      ['/trust/clients/xyz', { method: 'DELETE' }, 400, /^parameter serial: /],
      ['/connect/port/70000', {}, 400, /^parameter port: /],
      ['/held/12345', send('POST', { act: 'continue' }), 404, /12345/],
    ]
    for (const [path, init, status, words] of cases) {
      const got = await api(path, init)
      expect(got.status, path).toBe(status)
      expect((got.json['error'] as { status: number; message: string }).message).toMatch(words)
      expect((got.json['error'] as { status: number }).status).toBe(status)
    }
    const small = await serveWindow({ api: lab.api, token, dist: dir, host: '127.0.0.1', port: 0, limits: { messageBytes: 10 } })
    const large = await fetch(`${new URL(small.url).origin}/api/v1/captures?name=x`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
      body: 'more than ten bytes',
    })
    expect(large.status).toBe(413)
    await small.close()
  })

  it('describes itself: every route, its parameters and bodies', async () => {
    const { json } = await api('/openapi.json')
    const paths = json['paths'] as Record<
      string,
      Record<
        string,
        {
          operationId: string
          parameters: { name: string }[]
          requestBody?: { content: Record<string, { schema: { oneOf?: unknown[]; properties?: object } }> }
        }
      >
    >
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    // And one WebSocket, which is no route.
    expect(operations).toHaveLength(ROUTES.length + 1)
    expect(new Set(operations.map((o) => o.operationId)).size).toBe(ROUTES.length + 1)
    for (const [path, methods] of Object.entries(paths))
      for (const operation of Object.values(methods))
        for (const [, name] of path.matchAll(/\{(\w+)\}/g)) expect(operation.parameters.map((p) => p.name)).toContain(name)
    expect(Object.keys(paths['/devices']?.['post']?.requestBody?.content['application/json']?.schema.properties ?? {})).toContain('wrongPassword')
    expect(paths['/held/{id}']?.['post']?.requestBody?.content['application/json']?.schema.oneOf).toHaveLength(4)
    // Every call of LabApi can be made over HTTP: one route each (the API has no second way to do a thing).
    expect(ROUTES).toHaveLength(Object.values(METHODS).flat().length)
  })
})
