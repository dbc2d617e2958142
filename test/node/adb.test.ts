// The USB path with Debian's own adb server on a port of its own, and a device end over TCP that speaks the transport protocol. Never the default port.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import type { AdbDeviceRow, AdbLogFact, AdbState } from '../../core/api.ts'
import { adbProgram } from '../../core/node/adbprogram.ts'
import { adbPort } from '../../core/node/adb.ts'
import { portHolder } from '../../core/node/holder.ts'
import { freePort } from '../support/freeport.ts'
import { leapClock } from '../support/leapclock.ts'
import type { LeapClock } from '../support/leapclock.ts'
import { PATIENCE } from '../support/patience.ts'
import { needs } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { AdbServer, Phone } from './adbrig.ts'

const MESSAGE =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>7</SessionID><MsgID>1</MsgID>' +
  '<Target><LocURI>http://127.0.0.1/dm</LocURI></Target><Source><LocURI>SN:R58M123ABC</LocURI></Source></SyncHdr>' +
  '<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/></SyncBody></SyncML>'

let server: AdbServer
let lab: RealLab
let clock: LeapClock
let phones: Phone[] = []
let started = false
let stopped = false

/** A phone on the server. */
async function phone(options: ConstructorParameters<typeof Phone>[0] = {}): Promise<Phone> {
  const made = await new Phone(options).plug()
  phones.push(made)
  return made
}

async function until<T>(ask: () => Promise<T> | T, good: (value: T) => boolean, ms = PATIENCE): Promise<T> {
  for (const end = performance.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const value = await ask()
    if (good(value)) return value
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(value)}`)
  }
}

const row = (state: AdbState, one: Phone): AdbDeviceRow | undefined => state.devices.find(({ serial }) => serial === one.address)
/** Facts of the rows by these names, in their order. */
async function happened(...names: string[]): Promise<unknown[]> {
  const rows = (await lab.rows()).filter(({ kind, text }) => kind === 'event' && names.includes(text.slice(0, text.indexOf(':'))))
  return Promise.all(rows.map(async ({ seq }) => (await lab.api.trace.frame(seq)).notes[0]?.detail))
}
const stateOf = async (one: Phone): Promise<AdbDeviceRow | undefined> => row(await lab.api.adb.state(), one)

async function begin(context: TestContext): Promise<void> {
  needs(context, 'adb')
  await server.start()
  started = true
}

beforeEach(async () => {
  phones = []
  started = false
  stopped = false
  server = new AdbServer(await freePort())
  clock = leapClock()
  lab = await realLab({ adbPort: server.port, clock })
})
afterEach(async () => {
  await (stopped ? rmSync(dirname(lab.workspace), { recursive: true, force: true }) : lab.end())
  for (const one of phones) await one.unplug()
  if (started) server.freeze(false)
  await server.end()
})

describe('the adb server', () => {
  it('is not there: nothing is started, and the state says what to do', async () => {
    const { server: row } = await lab.api.adb.state()
    expect(row).toMatchObject({ state: 'missing', address: `127.0.0.1:${server.port}`, version: 0, text: 'no adb server listens there' })
    expect(row.fix).toContain('adb start-server')
    expect(row.canStart).toBe(adbProgram() !== '')
    expect(row.nextTryAt).toBeGreaterThan(row.since)
    await expect(lab.api.adb.connect('192.168.1.7')).rejects.toThrow('no adb server listens there')
    expect((await portHolder(server.port)).taken).toBe(false)
  })

  it('is something else: the port is spoken to and answers no adb', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    await new Promise<void>((resolve) => other.listen(server.port, '127.0.0.1', resolve))
    const { server: row } = await lab.api.adb.state()
    expect(row).toMatchObject({ state: 'foreign', canStart: false })
    expect(row.text).toContain('something else answers there')
    await new Promise((resolve) => other.close(resolve))
  })

  it('is old: the version is told and what to do about it', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end('OKAY0004001f')))
    await new Promise<void>((resolve) => other.listen(server.port, '127.0.0.1', resolve))
    const { server: row } = await lab.api.adb.state()
    expect(row).toMatchObject({ state: 'old', version: 31 })
    expect(row.fix).toContain('platform-tools')
    await new Promise((resolve) => other.close(resolve))
  })

  it('comes, is killed in mid-stream, comes back: devices are unknown meanwhile and the lab finds both again', async (context) => {
    await begin(context)
    const one = await phone()
    expect((await lab.api.adb.state()).server).toMatchObject({ state: 'ready', version: 41, fix: '' })
    await lab.api.adb.connect(one.address)
    await lab.api.adb.reverse(one.address)
    await lab.api.adb.logcat(one.address, {})
    const told: AdbState[] = []
    lab.api.on('adb', (fact) => told.push(fact))
    await server.kill()
    const lost = await until(
      () => lab.api.adb.state(),
      ({ server }) => server.state === 'lost',
    )
    expect(lost.server.text).toContain('the adb server is gone')
    expect(row(lost, one)).toMatchObject({ state: 'unknown', said: 'device', text: 'the adb server is gone, so nothing is known of it now' })
    expect(row(lost, one)?.log.state).toBe('waiting')
    expect(row(lost, one)?.reverse.map(({ state }) => state)).not.toContain('open')
    await until(
      () => told.length,
      () => told.some((fact) => fact.server.state === 'lost'),
    )
    await server.start()
    await until(
      () => lab.api.adb.state(),
      (state) => state.server.state === 'ready',
    )
    // A device over TCP has to be connected to a new server; what was wished for is made again by itself.
    expect((await stateOf(one))?.state).toBe('vanished')
    await lab.api.adb.connect(one.address)
    const back = await until(
      () => stateOf(one),
      (found) =>
        found?.state === 'device' && found.reverse.length > 0 && found.reverse.every(({ state }) => state === 'open') && found.log.state === 'on',
    )
    expect(back?.text).toBe('the adb server has it ready')
    const rows = (await happened('adb.server', 'adb.device')) as { event: string; state: string }[]
    expect(rows.filter(({ event }) => event === 'adb.server')).toMatchObject([
      { state: 'ready', was: '' },
      { state: 'lost', was: 'ready' },
      { state: 'ready', was: 'lost' },
    ])
    expect(rows.map(({ state }) => state).filter((state) => ['device', 'unknown', 'lost', 'vanished'].includes(state))).toEqual([
      'device',
      'lost',
      'unknown',
      'vanished',
      'device',
    ])
  })

  it('hangs: a stopped server is told from one that is there', async (context) => {
    await begin(context)
    await lab.api.adb.state()
    server.freeze(true)
    /** Heartbeats and waits for an answer are over at once. */
    const later = (): Promise<AdbState> => {
      clock.leap(1000)
      return lab.api.adb.state()
    }
    const silent = await until(later, ({ server }) => server.state === 'silent')
    expect(silent.server.text).toBe('it takes connections and does not answer')
    server.freeze(false)
    await until(later, ({ server }) => server.state === 'ready')
  })
})

describe('a device', () => {
  it('is ready: facts, proof with its time, clock', async (context) => {
    await begin(context)
    const one = await phone({ clock: 3_600_000 })
    await lab.api.adb.connect(one.address)
    const before = Date.now()
    const found = await lab.api.adb.probe(one.address)
    expect(found).toMatchObject({
      state: 'device',
      way: 'wifi',
      host: '127.0.0.1',
      manufacturer: 'Example',
      model: 'Phone 7',
      android: '15',
      sdk: 35,
    })
    expect(found.build).toBe('example/phone7:15/X/1:user/release-keys')
    expect(found.proof).toBe('answered a probe')
    expect(found.proofAt).toBeGreaterThanOrEqual(before - 1)
    expect(Math.abs((found.log.offset ?? 0) - 3_600_000)).toBeLessThanOrEqual(found.log.uncertainty + 5)
  })

  it('has not allowed this computer: unauthorised with the fix, and nothing can be done with it', async (context) => {
    await begin(context)
    const one = await phone({ auth: 'never' })
    await expect(lab.api.adb.connect(one.address)).rejects.toThrow('has not allowed this computer: unlock it')
    const found = await until(
      () => stateOf(one),
      (device) => device?.state === 'unauthorized',
    )
    expect(found?.fix).toContain('Allow USB debugging?')
    expect(found?.proofAt).toBe(0)
    await expect(lab.api.adb.reverse(one.address)).rejects.toThrow('has not allowed this computer')
    const { tiles } = await lab.api.connect.state()
    const problem = tiles.find(({ way }) => way === 'adb')?.problems.find(({ about }) => about === one.address)
    expect(problem).toMatchObject({ id: 'adb.unauthorized', severity: 'error', action: { act: 'adb.reconnect', argument: one.address } })
  })

  it('accepts the key', async (context) => {
    await begin(context)
    const one = await phone({ auth: 'accept' })
    await lab.api.adb.connect(one.address)
    expect((await lab.api.adb.probe(one.address)).state).toBe('device')
  })

  it('goes offline, comes back, vanishes and is forgotten', async (context) => {
    await begin(context)
    const one = await phone()
    await lab.api.adb.connect(one.address)
    const { proofAt } = await lab.api.adb.probe(one.address)
    await lab.api.adb.reverse(one.address)
    await one.unplug()
    const off = await until(
      () => stateOf(one),
      (device) => device?.state === 'offline',
    )
    expect(off?.fix).toContain('Reconnect')
    expect(off?.proofAt).toBeGreaterThanOrEqual(proofAt)
    expect(off?.reverse.every(({ state }) => state === 'wanted')).toBe(true)
    await expect(lab.api.adb.forget('no-such')).rejects.toThrow('there is no Android device no-such')
    await expect(lab.api.adb.forget(one.address)).rejects.toThrow('is there')
    await one.plug()
    await until(
      async () => (await lab.api.adb.reconnect(one.address)).state,
      (state) => state === 'device',
    )
    const back = await until(
      () => stateOf(one),
      (device) => device?.reverse.length !== 0 && device?.reverse.every(({ state }) => state === 'open') === true,
    )
    expect(one.tunnels.size).toBe(back?.reverse.length)
    await lab.api.adb.disconnect(one.address)
    expect(await stateOf(one)).toMatchObject({ state: 'vanished', text: 'the adb server no longer lists it' })
    expect((await lab.api.adb.forget(one.address)).devices).toEqual([])
    const states = await until(
      async () => (await happened('adb.device')) as { serial: string; state: string; was: string }[],
      (rows) => rows.at(-1)?.state === 'vanished',
    )
    // Real servers show a device offline while they connect it; each row begins where the one before ended.
    expect(states.map(({ was }) => was)).toEqual(['', ...states.slice(0, -1).map(({ state }) => state)])
    const usable = states.map(({ state }) => state).filter((state, i, all) => state === 'device' || all[i - 1] === 'device')
    expect(usable).toEqual(['device', 'offline', 'device', 'vanished'])
    expect(await happened('adb.tunnel')).toMatchObject([{ state: 'open' }, { state: 'open' }])
  }, 60_000)

  it('is listed as ready and does not answer: the row says so', async (context) => {
    await begin(context)
    const one = await phone()
    await lab.api.adb.connect(one.address)
    await lab.api.adb.probe(one.address)
    one.mute = true
    await expect(lab.api.adb.probe(one.address)).rejects.toThrow('no answer within 5 s')
    const found = await stateOf(one)
    expect(found).toMatchObject({ state: 'device' })
    expect(found?.text).toContain('lists it as ready, but it does not answer')
    expect(found?.fix).not.toBe('')
    one.mute = false
    expect((await lab.api.adb.probe(one.address)).text).toBe('the adb server has it ready')
  })

  it('at an address where nothing is: the reason in words; pairing where this adb has none', async (context) => {
    await begin(context)
    const nobody = await freePort()
    await expect(lab.api.adb.connect(`127.0.0.1:${nobody}`)).rejects.toThrow(/refused: nothing listens there/)
    if ((await lab.api.adb.state()).server.pairing) context.skip('this adb has pairing')
    await expect(lab.api.adb.pair(`127.0.0.1:${nobody}`, '123456')).rejects.toThrow('this adb server has no pairing')
  })
})

describe('work with a device', () => {
  it('the lab is reached through the cable: tunnel, page, a message as proof, and taken back at the end', async (context) => {
    await begin(context)
    const one = await phone()
    await lab.api.adb.connect(one.address)
    const port = Number(new URL(lab.ready.dm).port)
    const made = await lab.api.adb.reverse(one.address)
    expect(made.reverse).toMatchObject([{ remote: port, local: port, role: 'dm, download', state: 'open' }])
    expect(one.tunnels.get(`tcp:${port}`)).toBe(`tcp:${port}`)
    expect(await one.fetch(port, '/')).toMatch(/^HTTP\/1\.1 4\d\d /)
    const before = Date.now()
    const answer = await one.fetch(port, '/dm', { type: 'application/vnd.syncml.dm+xml', text: MESSAGE })
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    const working = await until(
      async () => (await lab.api.connect.state()).tiles[0],
      (tile) => tile?.first != null,
    )
    expect(working).toMatchObject({
      way: 'adb',
      can: 'working',
      devices: ['SN:R58M123ABC'],
      first: { device: 'SN:R58M123ABC', seq: expect.any(Number) as number },
    })
    expect((await lab.api.trace.frame(working?.first?.seq ?? 0)).row).toMatchObject({ kind: 'message', device: 'SN:R58M123ABC', direction: 'up' })
    expect(working?.first?.at).toBeGreaterThanOrEqual(before - 1)
    expect((await lab.api.adb.probe(one.address)).device).toBe('SN:R58M123ABC')
    expect((await lab.api.adb.unreverse(one.address)).reverse).toEqual([])
    expect(one.tunnels.size).toBe(0)
    await lab.api.adb.reverse(one.address, [port])
    await lab.stop()
    stopped = true
    expect(one.tunnels.size).toBe(0)
  })

  it('a device that has no tunnels: each port says why', async (context) => {
    await begin(context)
    const one = await phone({ reverse: false })
    await lab.api.adb.connect(one.address)
    const { reverse } = await lab.api.adb.reverse(one.address)
    expect(reverse).toHaveLength(1)
    expect(reverse[0]).toMatchObject({ state: 'failed' })
    expect(reverse[0]?.text).not.toBe('')
    expect(await happened('adb.tunnel')).toMatchObject([{ serial: one.address, state: 'failed' }])
    const { tiles } = await lab.api.connect.state()
    expect(tiles.find(({ way }) => way === 'adb')?.problems.map(({ id }) => id)).toContain('adb.reverse')
  })

  it('which one is it: a page with a big label, fetched through the tunnel', async (context) => {
    await begin(context)
    const one = await phone()
    await lab.api.adb.connect(one.address)
    const shown = await lab.api.adb.identify(one.address, 'B2')
    expect(shown).toMatchObject({ label: 'B2', text: 'the device fetched the page' })
    expect(shown.fetchedAt).toBeGreaterThan(0)
    expect(one.opened).toEqual([shown.url])
    const page = await until(
      () => one.pages[0] ?? '',
      (text) => text.includes('</html>'),
    )
    expect(page).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(page).toContain('<h1>B2</h1>')
    expect(page).toContain("default-src 'none'")
    const guess = await fetch(new URL('/identify?t=00', shown.url).href.replace(/127\.0\.0\.1:\d+/, new URL(lab.ready.dm).host))
    expect(guess.status).toBe(404)
    const bare = await phone({ noBrowser: true })
    await lab.api.adb.connect(bare.address)
    await expect(lab.api.adb.identify(bare.address)).rejects.toThrow(
      'the device opens no page: Error: Activity not started, unable to resolve Intent',
    )
  })

  it('files arrive to the byte; a refusal is in the words of the device', async (context) => {
    await begin(context)
    const one = await phone()
    await lab.api.adb.connect(one.address)
    const bytes = new Uint8Array(1_000_003).map((_, i) => (i * 31) & 255)
    const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')
    expect(await lab.api.adb.push(one.address, { path: '/sdcard/Download/ca.crt', bytes, mode: 0o600 })).toMatchObject({ size: bytes.length })
    const file = one.files.get('/sdcard/Download/ca.crt')
    expect(sha(file?.bytes ?? new Uint8Array())).toBe(sha(bytes))
    expect(file?.mode).toBe(0o600)
    await lab.api.adb.push(one.address, { path: '/sdcard/empty', bytes: new Uint8Array(0) })
    expect(one.files.get('/sdcard/empty')?.bytes.length).toBe(0)
    await expect(lab.api.adb.push(one.address, { path: '/system/x', bytes })).rejects.toThrow('Read-only file system')
  })

  it("log lines stand on the lab's time axis, off by default, filtered, and told", async (context) => {
    await begin(context)
    const ahead = 7_200_000
    const one = await phone({ clock: ahead })
    await lab.api.adb.connect(one.address)
    expect((await stateOf(one))?.log.state).toBe('off')
    expect(one.logs.size).toBe(0)
    const facts: AdbLogFact[] = []
    lab.api.on('adblog', (fact) => facts.push(fact))
    await lab.api.adb.logcat(one.address, { level: 'I', text: 'session' })
    await until(
      () => one.logs.size,
      (count) => count === 1,
    )
    expect(one.shells).toContain("logcat -v threadtime -v epoch -v usec -T 1 '*:I'")
    const at = Date.now()
    one.say(`${one.stamp(at)}   812   930 I dmclient: session 26 begins`)
    one.say(`${one.stamp(at)}   812   930 D dmclient: session 26 in detail`)
    one.say(`${one.stamp(at + 1)}   812   930 W wifi    : nothing of interest`)
    one.say(`${one.stamp(at + 2)}   812   930 E dmclient: session 26: é failed`)
    const page = await until(
      () => lab.api.adb.log(one.address, { from: at - 60_000 }),
      ({ lines }) => lines.filter(({ tag }) => tag === 'dmclient').length === 2,
    )
    const [first, second] = page.lines.filter(({ tag }) => tag === 'dmclient')
    expect(first).toMatchObject({ pid: 812, tid: 930, level: 'I', tag: 'dmclient', text: 'session 26 begins' })
    expect(second?.text).toBe('session 26: é failed')
    expect(first?.deviceAt).toBeCloseTo(at + ahead, 0)
    expect(Math.abs((first?.at ?? 0) - at)).toBeLessThanOrEqual(page.log.uncertainty + 5)
    expect((await lab.api.adb.log(one.address, { filter: { level: 'E' } })).lines.map(({ level }) => level)).toEqual(['E'])
    await until(
      () => facts.flatMap(({ lines }) => lines).length,
      (count) => count >= 3,
    )
    expect((await lab.api.adb.logcat(one.address, null)).state).toBe('off')
    await until(
      () => one.logs.size,
      (count) => count === 0,
    )
  })

  it('an old logcat without epoch stamps is read all the same', async (context) => {
    await begin(context)
    const one = await phone({ old: true })
    await lab.api.adb.connect(one.address)
    await lab.api.adb.logcat(one.address, { tags: ['dmclient'] })
    await until(
      () => one.logs.size,
      (count) => count === 1,
    )
    expect(one.shells).toContain("logcat -v threadtime -T 1 'dmclient:V' '*:S'")
    // The device stands an hour east of Greenwich.
    const now = new Date()
    const local = new Date(now.getTime() + 3_600_000).toISOString()
    one.say(`${local.slice(5, 10)} ${local.slice(11, 23)}   1   2 I dmclient: old`)
    const page = await until(
      () => lab.api.adb.log(one.address, {}),
      ({ lines }) => lines.some(({ tag }) => tag === 'dmclient'),
    )
    expect(Math.abs((page.lines.find(({ tag }) => tag === 'dmclient')?.at ?? 0) - now.getTime())).toBeLessThanOrEqual(page.log.uncertainty + 600)
  })

  it('the program on this computer starts a server where none is, when told to, and never before', async (context) => {
    needs(context, 'adb')
    const folder = mkdtempSync(join(tmpdir(), 'dm-lab-adb-bin-'))
    expect(adbProgram({ PATH: `/nonexistent:${folder}`, HOME: folder })).toBe('')
    writeFileSync(join(folder, 'adb'), '#!/bin/sh\n', { mode: 0o755 })
    expect(adbProgram({ PATH: folder })).toBe(join(folder, 'adb'))
    rmSync(folder, { recursive: true })
    expect(adbPort({ ANDROID_ADB_SERVER_PORT: '5099' })).toBe(5099)
    expect(adbPort({ ANDROID_ADB_SERVER_PORT: 'x' })).toBe(5037)
    expect((await lab.api.adb.state()).server.state).toBe('missing')
    const up = await lab.api.adb.startServer()
    expect(up.server.state).toBe('ready')
    const holder = await lab.api.connect.port(server.port)
    expect(holder).toMatchObject({ taken: true })
    if (process.platform === 'linux') expect(holder.text).toMatch(/adb.* \(process \d+\)/)
    // Ended through its own protocol: it is not a child of this process.
    const { adbClient } = await import('../../core/node/adblink.ts')
    await adbClient({ host: '127.0.0.1', port: server.port }, new AbortController().signal).killServer()
    await until(
      () => lab.api.adb.state(),
      (state) => state.server.state === 'lost',
    )
  })
})
