// `dmlab serve` and `dmlab device` with their kinds, authentication and answers: real processes, real sockets.
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { hasSqlite } from '../support/needs.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

let server: Running | null = null
afterEach(async () => {
  await server?.stop()
  server = null
})

interface Ready {
  readonly dm: string
  readonly api: string
  readonly ui: string
}

async function serve(...words: string[]): Promise<Ready> {
  server = running(['serve', '--workspace', join(scratch(), 'ws'), '--dm-port', '0', '--ui-port', '0', ...words])
  return JSON.parse(await server.line(0)) as Ready
}

/** Calls the lab's HTTP API. */
async function call(ready: Ready, method: string, path: string, body?: unknown): Promise<void> {
  const token = new URL(ready.ui).searchParams.get('token') ?? ''
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(new URL(path, ready.api), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  expect([answer.status, await answer.text()]).toEqual([expect.toSatisfy((status: number) => status < 300), expect.anything()])
}

test.skipIf(!hasSqlite)(
  'dmlab serve --auth hmac: a device enrols, then proves itself with MACs; no password is printed (needs node:sqlite)',
  { timeout: 60_000 },
  async () => {
    const ready = await serve('--auth', 'hmac')
    const words = [
      'device',
      '--server',
      ready.dm,
      '--id',
      'IMEI:7',
      '--user',
      'seven',
      '--password',
      'Sesam-7',
      '--state',
      join(scratch(), 'state.json'),
    ]
    const first = alone([...words, '--auth', 'basic'])
    const second = await dmlab([...words, '--auth', 'hmac', '--profile', 'symbian', '--encoding', 'wbxml', '--json'])
    expect([first.code, second.code, first.err, second.err]).toEqual([0, 0, '', ''])
    expect(JSON.parse(second.text)).toMatchObject({ devices: [{ id: 'IMEI:7', outcome: 'completed', authentication: 'ok' }] })
    const wrong = await dmlab(['device', '--server', ready.dm, '--id', 'IMEI:7', '--user', 'seven', '--password', 'Sesam-8'])
    expect([wrong.code, /refuses this device/.test(wrong.err)]).toEqual([1, true])
    const said = [first, second, wrong].map(({ text, err }) => text + err).join('') + (server?.err() ?? '') + (server?.lines.join('') ?? '')
    expect(said).not.toMatch(/Sesam-|U2VzYW0t/)
  },
)

test.skipIf(!hasSqlite)(
  'dmlab device --answer: a text, a refusal, and nobody at all; an Exec that runs on is reported in a second session (needs node:sqlite)',
  { timeout: 60_000 },
  async () => {
    const ready = await serve()
    const device = async (...words: string[]) => {
      const ran = await dmlab(['device', '--server', ready.dm, '--id', 'IMEI:8', '--json', ...words])
      expect([ran.code, ran.err]).toEqual([0, ''])
      return (JSON.parse(ran.text) as { devices: { messages: number; further?: unknown[] }[] }).devices[0]
    }
    const queue = (...commands: unknown[]): Promise<void> => call(ready, 'POST', 'devices/IMEI%3A8/commands', commands)
    const statuses = async (): Promise<string[]> => {
      const ran = await dmlab([
        'trace',
        'list',
        '--json',
        '--workspace',
        server?.process.spawnargs[server.process.spawnargs.indexOf('--workspace') + 1] ?? '',
      ])
      const rows = ran.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { direction: string; statuses: string[] })
      return rows.findLast((row) => row.direction === 'up' && row.statuses.length > 1)?.statuses ?? []
    }
    await device()
    await queue({ kind: 'Ask', code: 1102, text: 'Name?' })
    await device('--answer', 'Jane')
    expect(await statuses()).toContain('200')
    await queue({ kind: 'Ask', code: 1101, text: 'Sure?' })
    await device('--answer', 'reject')
    expect(await statuses()).toContain('304')
    await queue({ kind: 'Ask', code: 1101, text: 'Sure?' })
    await device()
    expect(await statuses()).toContain('406')
    await queue({ kind: 'Exec', locUri: './Vendor/DMLab/Ops/Later', data: 'x' })
    expect((await device())?.further).toMatchObject([{ outcome: 'completed' }])
  },
)

test('unknown names are refused with the known ones', async () => {
  const device = await dmlab(['device', '--server', 'http://127.0.0.1:9/', '--profile', 'toString'])
  const lab = alone(['serve', '--profile', 'nobody'])
  expect([device.code, lab.code]).toEqual([2, 2])
  expect([device.err, lab.err]).toEqual([expect.stringContaining('symbian'), expect.stringContaining('strict')])
})
