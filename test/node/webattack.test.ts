// A hostile web page in the engineer's browser, and a hostile neighbour: nothing on the window's port answers them, and the device port has no window.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveWindow } from '../../core/node/web.ts'
import type { WindowServer } from '../../core/node/web.ts'
import { post } from '../../core/node/client.ts'
import { memoryLab } from '../support/memorylab.ts'
import { dial, frameOf, listener } from './raw.ts'

const token = 'a1'.repeat(32)
const lab = memoryLab()
let window: WindowServer
beforeAll(async () => {
  window = await serveWindow({ api: lab.api, token, dist: import.meta.dirname, host: '127.0.0.1', port: 0, advertise: 'https://lab.example/' })
})
afterAll(() => window.close())

/** Sends one request as it stands and brings status and text. */
async function ask(lines: readonly string[], body = ''): Promise<{ status: number; text: string }> {
  const wire = await dial(window.port)
  wire.write(`${lines.join('\r\n').replaceAll('PORT', String(window.port))}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  await wire.ended
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(wire.text())?.[1]), text: wire.text() }
}
const bearer = `Authorization: Bearer ${token}`

/** A WebSocket handshake with these further fields; the status it gets. */
async function handshake(path: string, fields: readonly string[]): Promise<number> {
  const wire = await dial(window.port)
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  wire.write(`${[`GET ${path} HTTP/1.1`, ...fields, ...upgrade].join('\r\n').replaceAll('PORT', String(window.port))}\r\n\r\n`)
  const text = await wire.until('\r\n\r\n')
  wire.socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
}

describe('names (DNS rebinding)', () => {
  it.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', '[::1]:PORT', 'lab.example'])('Host %s is ours', async (host) => {
    expect((await ask([`GET /api/v1/state HTTP/1.1`, `Host: ${host}`, bearer])).status).toBe(200)
    expect(await handshake(`/ws?token=${token}`, [`Host: ${host}`])).toBe(101)
  })

  it.each([
    'evil.example:PORT',
    'evil.example',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.:PORT',
    'localhost:PORT.evil.example',
    '127.0.0.1.nip.io:PORT',
    '0.0.0.0:PORT',
    '',
    'lab.example:PORT',
    'xlab.example',
  ])('Host %s is not, whatever else is right', async (host) => {
    const state = await ask([`GET /api/v1/state HTTP/1.1`, `Host: ${host}`, bearer])
    expect(state.status).toBe(403)
    expect(state.text).toContain('is not a name of this lab')
    expect((await ask([`GET /web.test.ts HTTP/1.1`, `Host: ${host}`])).status).toBe(403)
    expect(await handshake(`/ws?token=${token}`, [`Host: ${host}`])).toBe(403)
  })

  it('a request without Host is refused', async () => {
    expect((await ask(['GET /api/v1/state HTTP/1.1', bearer])).status).toBe(400)
    expect((await ask(['GET /api/v1/state HTTP/1.0', bearer])).status).toBe(403)
  })
})

describe('pages of other origins (CSRF, cross-origin WebSocket)', () => {
  it.each([
    'https://evil.example',
    'http://evil.example:PORT',
    'http://localhost:1',
    'http://127.0.0.1',
    'null',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'file://',
    'garbage',
  ])('Origin %s gets nothing, even with the token', async (origin) => {
    const fields = ['Host: 127.0.0.1:PORT', `Origin: ${origin}`]
    expect((await ask(['GET /api/v1/state HTTP/1.1', ...fields, bearer])).status).toBe(403)
    expect((await ask(['POST /api/v1/devices HTTP/1.1', ...fields, bearer, 'Content-Type: application/json'], '{}')).status).toBe(403)
    expect(await handshake(`/ws?token=${token}`, fields)).toBe(403)
    expect(await lab.api.devices.list()).toEqual([])
  })

  it('our own origin is served, without a single CORS field', async () => {
    const fields = ['Host: 127.0.0.1:PORT', 'Origin: http://127.0.0.1:PORT', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors']
    const got = await ask(['GET /api/v1/state HTTP/1.1', ...fields, bearer])
    expect(got.status).toBe(200)
    expect(got.text.toLowerCase()).not.toContain('access-control')
    expect(await handshake(`/ws?token=${token}`, fields)).toBe(101)
    expect(await handshake(`/ws?token=${token}`, ['Host: lab.example', 'Origin: https://lab.example'])).toBe(101)
  })

  it('preflights, form posts, images and scripts of other sites are refused', async () => {
    const site = ['Host: 127.0.0.1:PORT', 'Sec-Fetch-Site: cross-site']
    expect(
      (await ask(['OPTIONS /api/v1/devices HTTP/1.1', ...site, 'Origin: https://evil.example', 'Access-Control-Request-Method: POST'])).status,
    ).toBe(403)
    expect((await ask(['POST /api/v1/devices HTTP/1.1', ...site, 'Sec-Fetch-Mode: navigate', 'Content-Type: text/plain'], '{}')).status).toBe(403)
    expect((await ask(['GET /web.test.ts HTTP/1.1', ...site, 'Sec-Fetch-Mode: no-cors'])).status).toBe(403)
    expect((await ask(['GET / HTTP/1.1', ...site, 'Sec-Fetch-Mode: navigate'])).status).toBe(404)
  })
})

describe('tokens', () => {
  const wrong = ['', 'x', token.slice(1), `${token}0`, token.toUpperCase(), 'undefined', 'null', `${token.slice(0, -1)}\u00e4`]
  it.each(wrong)('%s is none', async (guess) => {
    for (const field of [
      `Authorization: Bearer ${guess}`,
      `Authorization: Basic ${token}`,
      `Authorization: ${token}`,
      'X-None: 1',
      `Cookie: token=${token}`,
    ]) {
      const got = await ask(['GET /api/v1/state HTTP/1.1', 'Host: 127.0.0.1:PORT', field])
      expect(got.status).toBe(401)
      expect(got.text).toContain('WWW-Authenticate: Bearer')
      expect(got.text).not.toContain(token)
    }
    expect(await handshake(`/ws?token=${encodeURIComponent(guess)}`, ['Host: 127.0.0.1:PORT'])).toBe(401)
  })

  it('are needed for every path of the API, also one that does not exist; a token in the query is none there', async () => {
    for (const path of ['/api/v1', '/api/v1/', '/api/v1/openapi.json', '/api/v1/nothing', `/api/v1/state?token=${token}`]) {
      expect((await ask([`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1:PORT'])).status, path).toBe(401)
    }
    expect(await handshake('/ws', ['Host: 127.0.0.1:PORT'])).toBe(401)
    expect(await handshake(`/other?token=${token}`, ['Host: 127.0.0.1:PORT'])).toBe(404)
    expect(await handshake(`/api/v1/state?token=${token}`, ['Host: 127.0.0.1:PORT', bearer])).toBe(404)
  })
})

describe('two ports', () => {
  it('the device-facing one has no window, no API and no WebSocket', async () => {
    const dm = await listener()
    for (const path of ['/', '/index.html', `/?token=${token}`, '/api/v1/state', `/ws?token=${token}`]) {
      const wire = await dial(dm.http.port)
      wire.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${dm.http.port}\r\n${bearer}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
      expect(await wire.until('devices POST SyncML here')).toMatch(/^HTTP\/1\.1 405 /)
      wire.socket.destroy()
    }
    await dm.http.close()
  })

  it('a SyncML post to the window’s port is no way in', async () => {
    expect((await post(`http://127.0.0.1:${window.port}/api/v1/devices`, frameOf('{}'))).httpStatus).toBe(401)
    expect((await post(`http://127.0.0.1:${window.port}/dm`, frameOf('<SyncML/>'))).httpStatus).toBe(405)
  })
})
