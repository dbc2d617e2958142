// `dmlab wifi` on a running lab: a code in the terminal, a device's browser that reports, mDNS on and off; and what the ports say when somebody else holds them.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectInvite, MdnsState, WifiState } from '../../core/api.ts'
import { dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

const workspace = join(scratch(), 'lab')
let lab: Running
beforeAll(async () => {
  lab = running(['serve', '--workspace', workspace, '--dm-port', '0', '--no-tls', '--ui-port', '0'])
  await lab.line(0)
})
afterAll(() => lab.stop())

const wifi = (...words: string[]): ReturnType<typeof dmlab> => dmlab(['wifi', ...words, '--workspace', workspace])
const state = async (): Promise<WifiState> => JSON.parse((await wifi('list', '--json')).text) as WifiState
const pageOf = (invite: ConnectInvite): URL => new URL(invite.codes[0]?.url ?? '')
/** What the page in a device's browser does. */
async function browse(invite: ConnectInvite, works: boolean): Promise<void> {
  const token = pageOf(invite).searchParams.get('t') ?? ''
  const { origin } = pageOf(invite)
  if (works) await fetch(`${origin}/connect/probe?t=${token}&n=0`)
  const probes = works ? [{ n: 0, result: 'ours', ms: 7, text: 'the lab answered' }] : []
  await fetch(`${origin}/connect/report?t=${token}`, { method: 'POST', body: JSON.stringify({ probes }) })
}

test('an invitation is a code for the terminal and an address; it stands in the list', async () => {
  const made = await wifi('invite', '--device', 'IMEI:w')
  expect(made.code).toBe(0)
  const lines = made.text.split('\n')
  const url = lines.find((line) => line.startsWith('http://')) ?? ''
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connect\?t=[\w-]{22}/)
  expect(lines.filter((line) => /^[ █▀▄]+$/.test(line)).length).toBeGreaterThan(10)
  expect((await wifi('list')).text).toMatch(/^mDNS is off\ninvitation {2}[0-9a-f]{8} {2}open {2}IMEI:w {2}http/)
  expect(await wifi('invite', '--choose')).toMatchObject({ code: 2, err: 'dmlab: --choose needs --device: who is to be told?\n' })
  expect(await wifi('invite', '--minutes', '0')).toMatchObject({ code: 2 })
})

test.each([
  [true, 0],
  [false, 1],
] as const)('--wait ends with what the device found (works: %s)', async (works, code) => {
  const before = (await state()).invites.length
  const waiting = wifi('invite', '--device', 'IMEI:wait', '--wait', '--json')
  // While it waits, its words go nowhere else: the lab is asked beside it.
  const api = await import('../../core/node/workspace.ts').then(({ readApi }) => readApi(workspace))
  if (api === null) throw new Error('no lab')
  const invites = async (): Promise<readonly ConnectInvite[]> =>
    ((await (await fetch(new URL('wifi', api.url), { headers: { authorization: `Bearer ${api.token}` } })).json()) as WifiState).invites
  await expect.poll(async () => (await invites()).length).toBe(before + 1)
  const made = (await invites()).findLast(({ device }) => device === 'IMEI:wait')
  if (made === undefined) throw new Error('no invitation')
  await browse(made, works)
  const done = await waiting
  expect(done.code).toBe(code)
  expect(JSON.parse(done.text)).toMatchObject({ state: 'done', report: { best: works ? (made.ways[0]?.candidate ?? '') : '' } })
  if (!works) expect(done.err).toBe('dmlab: no address of the lab can be reached from that device\n')
})

test('mDNS goes on and off', async () => {
  const on = await wifi('publish', '--name', 'Bench C', '--interface', 'lo', '--json')
  expect(JSON.parse(on.text) as MdnsState).toMatchObject({ publishing: true, name: 'Bench C', interface: 'lo', trouble: '' })
  expect((await wifi('list')).text).toContain('mDNS publishes "Bench C" on lo (127.0.0.1)')
  expect((await wifi('publish', '--off')).text).toBe('mDNS is off\n')
  expect(await wifi('browse', '--interface', 'none9')).toMatchObject({ code: 2, err: 'dmlab: there is no interface none9 with an IPv4 address\n' })
})

test('a port that is taken says by whom', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  const refused = running(['serve', '--workspace', join(scratch(), 'x'), '--dm-port', String(port), '--no-tls', '--ui-port', '0'])
  await new Promise((resolve) => refused.process.once('close', resolve))
  holder.close()
  expect(refused.err()).toContain(`cannot listen on 127.0.0.1:${port}: `)
  expect(refused.err()).toMatch(
    process.platform === 'linux' ? new RegExp(`the port is taken: port ${port} is held by .+ \\(process ${process.pid}\\)`) : /is taken/,
  )
})
