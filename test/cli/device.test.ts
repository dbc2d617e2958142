// `dmlab device --mo`: a device with software as a process of its own, real downloads and files; what it keeps between runs.
import { existsSync, readFileSync } from 'node:fs'
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

const ID = 'IMEI:004999017777770'

test.skipIf(!hasSqlite)(
  'it installs what it is sent, keeps it beside its state, and asks its server (needs node:sqlite)',
  { timeout: 60_000 },
  async () => {
    server = running(['serve', '--workspace', join(scratch(), 'ws'), '--dm-port', '0', '--ui-port', '0'])
    const ready = JSON.parse(await server.line(0)) as { readonly dm: string; readonly api: string; readonly ui: string }
    const token = new URL(ready.ui).searchParams.get('token') ?? ''
    const send = async (commands: unknown): Promise<void> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const url = new URL(`devices/${encodeURIComponent(ID)}/commands`, ready.api)
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(commands) })
      expect([answer.status, await answer.text()]).toEqual([expect.toSatisfy((status: number) => status < 300), expect.anything()])
    }
    const state = join(scratch(), 'device.json')
    const words = ['device', '--server', ready.dm, '--id', ID, '--mo', 'scomo', '--state', state, '--json']
    const uri = './SCOMO/Inventory/Delivered/notes'
    const first = await dmlab(words)
    expect([first.code, first.err]).toEqual([0, ''])
    await send([
      { kind: 'Add', locUri: uri, format: 'node' },
      { kind: 'Add', locUri: `${uri}/PkgID`, data: 'notes-1.0' },
      { kind: 'Replace', locUri: `${uri}/Data`, data: 'aGVsbG8=', format: 'b64' },
      { kind: 'Exec', locUri: `${uri}/Operations/InstallInactive` },
    ])
    const second = alone([...words, '--answer', 'postpone'])
    // It asked, was put off, asked again and was allowed to.
    expect([second.code, second.err]).toEqual([0, ''])
    const tree = readFileSync(state, 'utf8')
    expect([tree.includes('"PkgIDRef"'), existsSync(`${state}.files`)]).toEqual([true, true])
    const asked = await dmlab([...words, '--request', 'install:antivir-2.1'])
    expect([asked.code, JSON.parse(asked.text)]).toEqual([0, { devices: [expect.objectContaining({ id: ID, outcome: 'completed' })] }])
    const again = await dmlab([...words, '--request', 'install:antivir-2.1'])
    expect([again.code, again.err.includes('asked this already')]).toEqual([1, true])
  },
)

test('what does not go together is refused', async () => {
  const device = ['device', '--server', 'http://127.0.0.1:1/dm']
  expect((await dmlab([...device, '--mo', 'scomo,other'])).err).toContain('known are scomo, scomo-1.1 and fumo')
  expect((await dmlab([...device, '--request', 'install:x'])).err).toContain('--request needs --mo')
  expect((await dmlab([...device, '--mo', 'scomo', '--push-port', '0', '--count', '2'])).err).toContain('does not go with --count')
})
