// Two labs in one window, over real sockets: rows of both in one trace at one time, held messages decided where they are held, and nothing twice.
import { afterEach, describe, expect, test } from 'vitest'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveWindow } from '../../core/node/web.ts'
import type { LabApi, TraceRow } from '../../core/api.ts'
import { GATEWAY_ACCOUNT, GATEWAY_ID } from '../../core/node/gateway.ts'
import { PATIENCE } from '../support/patience.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const TOKEN = 'a'.repeat(64)

/** A lab and the door its screens come through; `ahead` makes its own clock wrong by so many ms. */
async function lab(options: Parameters<typeof realLab>[0] = {}, ahead = 0): Promise<{ lab: RealLab; url: string; close: () => Promise<void> }> {
  const running = await realLab(options)
  const dist = mkdtempSync(join(tmpdir(), 'dm-lab-dist-'))
  mkdirSync(join(dist, 'assets'))
  writeFileSync(join(dist, 'index.html'), '')
  const api: LabApi = ahead === 0 ? running.api : withClock(running.api, ahead)
  const door = await serveWindow({ api, token: TOKEN, dist, host: '127.0.0.1', port: 0 })
  let open = true
  let runs = true
  const stop = async (): Promise<void> => {
    if (!runs) return
    runs = false
    await running.stop()
  }
  const close = async (): Promise<void> => {
    if (!open) return
    open = false
    await door.close()
    rmSync(dist, { recursive: true })
  }
  ends.push(async () => {
    await close()
    await stop()
    rmSync(join(running.workspace, '..'), { recursive: true, force: true })
  })
  return { lab: { ...running, stop }, url: door.url, close }
}

/** The same lab as a computer with another clock would tell it. */
function withClock(api: LabApi, ahead: number): LabApi {
  const shifted: LabApi = Object.create(api) as LabApi
  const trace: LabApi['trace'] = {
    ...api.trace,
    frame: async (seq) => {
      const frame = await api.trace.frame(seq)
      return { ...frame, row: { ...frame.row, at: frame.row.at + ahead } }
    },
  }
  Object.defineProperty(shifted, 'trace', { value: trace })
  Object.defineProperty(shifted, 'peers', { value: { ...api.peers, clock: async () => ({ now: (await api.peers.clock()).now + ahead }) } })
  Object.defineProperty(shifted, 'on', { value: api.on.bind(api) })
  return shifted
}

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 15))) {
    const value = await ask()
    if (good(value)) return value
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(value, null, 1)}`)
  }
}

describe('a lab attached to another', () => {
  test('its rows join the trace with their origin, at our time by its measured clock, and what it records later follows by itself', async () => {
    const here = await lab()
    const there = await lab({}, 90_000)
    await session(deviceOf(there.lab, { id: 'IMEI:1' }))
    const row = await here.lab.api.peers.attach({ url: there.url, name: 'bench' })
    expect(row).toMatchObject({ name: 'bench', state: 'attached', url: expect.not.stringContaining(TOKEN) })
    // Right to half of the shortest way there and back, and the clocks' own grain.
    const right = (row.roundTripMs ?? 0) / 2 + 5
    expect(Math.abs((row.offsetMs ?? 0) - 90_000)).toBeLessThan(right)
    expect(row.roundTripMs).toBeGreaterThan(0)
    const theirs = await there.lab.rows()
    const rows = await until(here.lab.rows, (all) => all.filter(({ origin }) => origin === 'bench').length === theirs.length)
    const taken = rows.filter(({ origin }) => origin === 'bench')
    expect(taken.map(({ commands, direction, size }) => ({ commands, direction, size }))).toEqual(
      theirs.map(({ commands, direction, size }) => ({ commands, direction, size })),
    )
    // The wrong clock is undone: the rows stand where they happened.
    taken.forEach((one, i) => expect(Math.abs(one.at - (theirs[i]?.at ?? 0))).toBeLessThan(right))
    const frame = await here.lab.api.trace.frame(taken[0]?.seq ?? 0)
    expect(frame.origin).toBe('bench')
    expect(frame.bytes).toEqual((await there.lab.api.trace.frame(theirs[0]?.seq ?? 0)).bytes)
    await until(here.lab.api.trace.sessions, (all) => all.some(({ device, state }) => device === 'IMEI:1' && state === 'completed'))
    await session(deviceOf(there.lab, { id: 'IMEI:2', encoding: 'wbxml' }))
    await session(deviceOf(here.lab, { id: 'IMEI:3' }))
    await until(here.lab.rows, (all) => all.some(({ device, origin }) => device === 'IMEI:2' && origin === 'bench'))
    expect((await here.lab.rows()).filter(({ device, origin }) => device === 'IMEI:3' && origin !== undefined)).toEqual([])
  })

  test('a message held there stands in our tray; edit, step and continue act there, and its row follows', async () => {
    const here = await lab()
    const there = await lab()
    const peer = await here.lab.api.peers.attach({ url: there.url, name: 'bench' })
    const told: number[] = []
    here.lab.api.on('held', ({ held }) => told.push(held.length))
    await here.lab.api.peers.hold(peer.id, true)
    expect((await there.lab.api.lab.state()).hold).toEqual({ mode: 'all' })
    expect((await here.lab.api.lab.state()).hold, 'our own breakpoints are our own').toEqual({ mode: 'off' })
    const going = session(deviceOf(there.lab, { id: 'IMEI:1' }))
    const [card] = await until(here.lab.api.stepper.held, (all) => all.length === 1)
    if (card === undefined) throw new Error('no card')
    expect(card).toMatchObject({ origin: 'bench', device: 'IMEI:1', direction: 'up' })
    expect((await here.lab.api.lab.state()).held).toBe(1)
    await until(
      async () => told,
      (all) => all.at(-1) === 1,
    )
    expect((await here.lab.api.trace.frame(card.seq)).row).toMatchObject({ hold: 'held', origin: 'bench' })
    const text = new TextDecoder().decode((await here.lab.api.trace.frame(card.seq)).bytes)
    const bytes = new TextEncoder().encode(text.replace('<LocName>', '<LocName >'))
    await here.lab.api.stepper.decide(card.id, { act: 'edit', bytes })
    await until(
      () => here.lab.api.trace.frame(card.seq),
      ({ row }) => row.hold === 'edited',
    )
    const [down] = await until(here.lab.api.stepper.held, (all) => all.some(({ direction }) => direction === 'down'))
    await here.lab.api.peers.hold(peer.id, false)
    await here.lab.api.stepper.decide(down?.id ?? 0, { act: 'step' })
    const [next] = await until(here.lab.api.stepper.held, (all) => all.some(({ id }) => id !== down?.id))
    expect(next?.why).toBe('step: the next message of this session')
    await here.lab.api.stepper.decide(next?.id ?? 0, { act: 'continue' })
    expect((await going).outcome).toBe('completed')
    await expect(here.lab.api.stepper.decide(next?.id ?? 0, { act: 'continue' })).rejects.toThrow('nothing is held')
    const edited = await here.lab.api.trace.frame(card.seq)
    expect(new TextDecoder().decode(edited.bytes)).toContain('<LocName >')
    expect(new TextDecoder().decode(edited.original ?? new Uint8Array())).toContain('<LocName>')
  })

  test('it is lost and comes back: what happened meanwhile is there once; our own restart goes on where it was', async () => {
    const here = await lab()
    const there = await lab()
    await here.lab.api.peers.attach({ url: there.url, name: 'bench' })
    await session(deviceOf(there.lab, { id: 'IMEI:1' }))
    const first = await there.lab.rows()
    await until(here.lab.rows, (all) => all.filter(({ origin }) => origin === 'bench').length === first.length)
    const { port } = new URL(there.url)
    await there.close()
    await until(here.lab.api.peers.list, ([row]) => row?.state === 'lost')
    await session(deviceOf(there.lab, { id: 'IMEI:2' }))
    const again = await serveWindow({ api: there.lab.api, token: TOKEN, dist: tmpdir(), host: '127.0.0.1', port: Number(port) })
    ends.push(() => again.close())
    await until(here.lab.api.peers.list, ([row]) => row?.state === 'attached')
    const all = await there.lab.rows()
    const taken = await until(here.lab.rows, (rows) => rows.filter(({ origin }) => origin === 'bench').length >= all.length)
    expect(taken.filter(({ origin }) => origin === 'bench')).toHaveLength(all.length)
    await here.lab.stop()
    await session(deviceOf(there.lab, { id: 'IMEI:3' }))
    const reopened = await realLab({ workspace: here.lab.workspace })
    ends.push(() => reopened.stop())
    const total = (await there.lab.rows()).length
    const rows = await until(reopened.rows, (each) => each.filter(({ origin }) => origin === 'bench').length >= total)
    expect(rows.filter(({ origin }) => origin === 'bench')).toHaveLength(total)
    const [row] = await reopened.api.peers.list()
    await reopened.api.peers.detach(row?.id ?? '')
    expect(await reopened.api.peers.list()).toEqual([])
  })

  test('two labs attached to each other tell each message once; a wrong token, the lab itself, nobody and a stranger are refused in words', async () => {
    const here = await lab()
    const there = await lab()
    await here.lab.api.peers.attach({ url: there.url, name: 'there' })
    await there.lab.api.peers.attach({ url: here.url, name: 'here' })
    await session(deviceOf(there.lab, { id: 'IMEI:1' }))
    await session(deviceOf(here.lab, { id: 'IMEI:2' }))
    const messages = async (of: RealLab): Promise<string[]> =>
      (await of.rows()).filter(({ kind }) => kind === 'message').map(({ device, origin = '' }) => `${device} ${origin}`)
    const [a, b] = [
      await until(
        () => messages(here.lab),
        (all) => all.length >= 8,
      ),
      await until(
        () => messages(there.lab),
        (all) => all.length >= 8,
      ),
    ]
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([(await messages(here.lab)).length, (await messages(there.lab)).length]).toEqual([a.length, b.length])
    expect(new Set(a)).toEqual(new Set(['IMEI:1 there', 'IMEI:2 ']))
    const refused: readonly [string, RegExp][] = [
      [here.url, /this lab itself/],
      [there.url, /is attached already/],
      [there.url.replace(/\/\?.*/, '/'), /token of that lab is missing/],
      ['http://127.0.0.1:9/?token=x', /cannot be reached: ECONNREFUSED/],
    ]
    for (const [url, why] of refused) await expect(here.lab.api.peers.attach({ url })).rejects.toThrow(why)
    const third = await lab()
    await expect(here.lab.api.peers.attach({ url: third.url.replace(TOKEN, 'b'.repeat(64)) })).rejects.toThrow('does not take this token')
    await expect(here.lab.api.peers.attach({ url: third.url, name: 'there' })).rejects.toThrow('another attached lab is called there')
    expect(await here.lab.api.peers.list()).toHaveLength(1)
  })

  test('a gateway in a process of its own: the leg between server and gateway once, the leg to its devices from there; what it holds is decided here', async () => {
    const here = await lab()
    const there = await lab({ gateway: { server: here.lab.ready.dm } })
    const peer = await here.lab.api.peers.attach({ url: there.url })
    expect(peer).toMatchObject({ name: GATEWAY_ID, gateway: GATEWAY_ID })
    await here.lab.api.peers.hold(peer.id, true)
    const account = { user: 'lab', password: 'lab', serverId: GATEWAY_ACCOUNT.serverId, serverPassword: 'lab' }
    const device = deviceOf(there.lab, { id: 'IMEI:7', serverUri: there.lab.ready.gateway ?? '', ...account, auth: 'syncml:auth-md5' })
    const going = session(device)
    const [card] = await until(here.lab.api.stepper.held, (all) => all.length > 0)
    expect(card).toMatchObject({ hop: 'G-D', device: 'IMEI:7', origin: GATEWAY_ID })
    await here.lab.api.peers.hold(peer.id, false)
    await here.lab.api.stepper.decide(card?.id ?? 0, { act: 'continue' })
    expect((await going).outcome).toBe('completed')
    const mine = (all: readonly TraceRow[], hop: string): number =>
      all.filter((row) => row.kind === 'message' && row.hop === hop && row.origin === GATEWAY_ID).length
    const told = (all: readonly TraceRow[]): boolean =>
      all.some(({ hop, commands }) => hop === 'S-G' && commands.some((each) => each.includes('1226')))
    const rows = await until(here.lab.rows, (all) => told(all) && mine(all, 'G-D') >= 2)
    // Whoever else recorded the northern leg, the messages stand here once.
    const north = rows.filter((row) => row.kind === 'message' && row.hop === 'S-G')
    expect(new Set(north.map(({ direction, sessionId, msgId }) => `${direction} ${sessionId} ${msgId}`)).size).toBe(north.length)
    await until(here.lab.api.gateways.relations, (all) => all.some(({ deviceId, gateway }) => deviceId === 'IMEI:7' && gateway === GATEWAY_ID))
  })
})
