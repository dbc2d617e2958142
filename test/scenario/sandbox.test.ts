// A lab in memory: sessions, notifications, downloads and installations pass the real parts and leave the real trace.
import { describe, expect, it } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import { runDevice } from '../../core/lab/runner.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { memoryPost, pushOf } from '../../core/scenario/front.ts'
import { MemoryDownloads } from '../../core/scenario/memorydownloads.ts'
import { memoryDisk, MemoryInstaller } from '../../core/scenario/memoryinstaller.ts'
import { makeSandbox, PLACES } from '../../core/scenario/sandbox.ts'
import { contentOf } from '../../core/scenario/setup.ts'
import { Shop } from '../../core/scenario/shop.ts'
import { ANTIVIR, IDLE, OLD } from '../../core/scenario/steps.ts'
import { seededEnv } from '../../core/scenario/seeded.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { hasSqlite } from '../support/needs.ts'
import { PORTS, sha256 } from './ports.ts'

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const content = contentOf(ANTIVIR, (bytes) => octets(sha256(bytes)))

describe.skipIf(!hasSqlite)('sandbox (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  const lab = (seed: number, encoding: Encoding = 'xml') => {
    const sandbox = makeSandbox(PORTS, { seed, settings: { enrol: 'auto' } })
    const setup = { id: PLACES.device, serverUri: PLACES.serverUri, user: 'lab', password: 'lab', serverId: 'dm-lab', serverPassword: 'lab' } as const
    const client = makeClient(
      { ...setup, auth: 'syncml:auth-md5', encoding },
      seededEnv(seed, 'device', () => sandbox.clock.now()),
    )
    const ends: SessionOutcome[] = []
    const hold = (start: Parameters<typeof runDevice>[1]) =>
      runDevice(
        () => ({
          machine: client.machine,
          post: memoryPost(sandbox.net, 'phone'),
          clock: sandbox.clock,
          save: (record) => client.remember(record),
        }),
        start,
        (end) => ends.push(end),
      )
    const door = new Door(client)
    sandbox.net.listen(PLACES.push, (bytes) => {
      const push = pushOf(bytes)
      const entrance = push === null ? null : door.receive(push)
      if (entrance?.what === 'session') void hold(entrance.start)
    })
    const bodies = () => [...sandbox.store.each(1, sandbox.store.last)].map(({ bytes }) => Buffer.from(bytes).toString('hex'))
    return { sandbox, ends, hold, bodies }
  }

  it.each(['xml', 'wbxml'] as const)(
    'a session, a notification and the session it asks for, in %s; the same seed gives the same bytes',
    async (encoding) => {
      const runs = await Promise.all(
        [1, 1, 2].map(async (seed) => {
          const { sandbox, ends, hold, bodies } = lab(seed, encoding)
          void hold({ type: 'start', initiated: 'client' })
          await sandbox.clock.run()
          void sandbox.notifier.notify(PLACES.device, {})
          await sandbox.clock.run()
          expect(ends.map(({ outcome, authentication }) => `${outcome} ${authentication}`)).toEqual(['completed ok', 'completed ok'])
          const told = bodies()
          const kinds = [...sandbox.store.each(1, sandbox.store.last)].map(({ row }) => `${row.kind} ${row.package}`)
          expect(kinds).toContain('push #0')
          // The first is challenged and says its Package #1 again.
          expect(kinds.filter((kind) => kind === 'message #1')).toHaveLength(3)
          expect(sandbox.clock.waiting).toBe(0)
          sandbox.close()
          return told.join('\n')
        }),
      )
      expect(runs[0]).toBe(runs[1])
      expect(runs[0]).not.toBe(runs[2])
    },
  )

  it('refuses what is no SyncML, as a real lab does, and the refusal is a row', async () => {
    const { sandbox } = lab(1)
    const answers: number[] = []
    for (const [method, type] of [
      ['GET', ''],
      ['POST', 'text/html'],
    ] as const)
      void sandbox.net.ask('x', { method, url: PLACES.serverUri, headers: [['Content-Type', type]] }).then(({ status }) => answers.push(status))
    await sandbox.clock.run()
    expect(answers.sort()).toEqual([405, 415])
    expect([...sandbox.store.each(1, 9)].map(({ row }) => `${row.kind} ${String(row.httpStatus)}`).sort()).toEqual(['http 405', 'http 415'])
    sandbox.close()
  })

  describe('delivery', () => {
    const delivery = (flaw: Shop['flaw'] = null, room = 1 << 20) => {
      const { sandbox } = lab(1)
      const ware = { name: ANTIVIR.pkgId, bytes: content, sha256: sha256(content), contentType: 'application/octet-stream' }
      const shop = new Shop({
        recorder: sandbox.recorder,
        clock: sandbox.clock,
        origin: PLACES.shop,
        ware: (name) => (name === ware.name ? ware : undefined),
        device: (token) => (token === 'j1' ? PLACES.device : ''),
      })
      shop.flaw = flaw
      sandbox.net.serve(PLACES.shop, (request) => shop.serve(request))
      const disk = memoryDisk(room, sha256)
      const downloads = new MemoryDownloads({ net: sandbox.net, clock: sandbox.clock, disk, client: 'phone', sha256 })
      const get = async (name: string, free = disk.room()) => {
        const answer = downloads.ask({ key: name, url: `${PLACES.shop}/dl/j1/${name}`, pkgType: '', room: free, anew: false })
        await sandbox.clock.run()
        return answer
      }
      const rows = () =>
        [...sandbox.store.each(1, sandbox.store.last)].map(({ row, startLine }) => `${row.direction} ${startLine} ${String(row.size)} ${row.device}`)
      return { sandbox, disk, get, rows }
    }

    it('fetches by descriptor and by plain GET with the digest intact; rows tell of every exchange', async () => {
      const { get, disk, rows } = delivery()
      const byDescriptor = await get('antivir-2.1.dd')
      expect(byDescriptor).toMatchObject({ status: 900, cause: 'ok', digestChecked: true, file: { size: 150_000, sha256: sha256(content) } })
      const plain = await get('antivir-2.1')
      expect(plain).toMatchObject({ status: 900, file: { sha256: sha256(content) } })
      expect(Buffer.compare(disk.read(plain.file?.file ?? '') ?? new Uint8Array(), content)).toBe(0)
      const [, descriptor, , object, notify, notified] = rows()
      expect(descriptor).toMatch(/^down HTTP\/1\.1 200 \d+ IMEI/)
      expect(object).toBe(`down HTTP/1.1 200 150000 ${PLACES.device}`)
      expect([notify, notified]).toEqual([
        expect.stringMatching(`^up POST /dl/notify/j1 HTTP/1.1 \\d+ ${PLACES.device}`),
        `down HTTP/1.1 200 0 ${PLACES.device}`,
      ])
    })

    it.each([
      ['missing', 'not found', 954],
      ['corrupt', 'mismatch', 905],
      ['unavailable', 'unavailable', 954],
    ] as const)('%s: ends as %s with nothing left on the disk', async (flaw, cause, status) => {
      const { get, disk } = delivery(flaw)
      expect(await get('antivir-2.1.dd')).toMatchObject({ cause, status })
      expect(disk.room()).toBe(1 << 20)
    })

    it('a full disk and a cut line', async () => {
      const small = delivery(null, 1000)
      expect(await small.get('antivir-2.1.dd')).toMatchObject({ status: 901, cause: 'memory' })
      const away = delivery()
      away.sandbox.net.cut(PLACES.shop)
      expect(await away.get('antivir-2.1')).toMatchObject({ cause: 'refused' })
    })
  })

  describe('installer', () => {
    const installer = (flaw?: 'install' | 'activate' | 'start', factory = [OLD]) => {
      const disk = memoryDisk(1 << 20, sha256)
      const told: string[] = []
      const it = new MemoryInstaller({
        disk,
        known: new Map([[sha256(content), { ...ANTIVIR, ...(flaw === undefined ? {} : { flaw }) }]]),
        factory,
        now: () => 0,
        iso: PORTS.iso,
        happened: ({ what, text }) => told.push(`${what} ${text}`),
      })
      const ask = {
        key: 'k',
        pkgId: 'antivir-2.1',
        envType: '',
        installParams: '',
        active: true,
        man: '',
        mod: '',
        envTypes: [],
        security: 'lab',
        digestChecked: true,
      } as const
      return { it, told, ask, file: disk.put('p', content) }
    }

    it('puts a newer version over an older one, once for a key, and it runs', async () => {
      const { it, told, ask, file } = installer()
      const answer = await it.install({ ...ask, file })
      expect(answer).toMatchObject({ code: 1200, components: [{ id: 'com.msf.antivir', version: '2.1', active: true, pkgId: 'antivir-2.1' }] })
      expect(answer.components[0]?.lastStart).toBe(`1970-01-01T00:00:00.000Z 2.1 ${sha256(content)} update`)
      expect(await it.install({ ...ask, file })).toBe(answer)
      expect(told).toEqual(['update com.msf.antivir 2.1 over 2.0', 'start com.msf.antivir 2.1 runs'])
      expect(await it.outcome('k')).toBe(answer)
      expect(await it.outcome('never')).toBeNull()
    })

    it.each(['install', 'start'] as const)('a package that breaks at %s leaves the old version running', async (flaw) => {
      const { it, ask, file } = installer(flaw)
      expect(await it.install({ ...ask, file })).toMatchObject({ code: 1405, components: [] })
      expect(it.components()).toMatchObject([{ version: '2.0', active: true }])
    })

    it('knows packages by their bytes, activates, deactivates, removes, discards', async () => {
      const { it, ask, file } = installer('activate', [IDLE])
      expect(await it.install({ ...ask, key: 'x', file: { ...file, sha256: sha256(new Uint8Array(1)) } })).toMatchObject({ code: 1402 })
      expect(await it.activate({ key: 'a', id: IDLE.id })).toMatchObject({ code: 1409 })
      const { it: sound } = installer(undefined, [IDLE])
      expect(await sound.activate({ key: 'a', id: IDLE.id })).toMatchObject({ code: 1200, component: { active: true } })
      expect(await sound.deactivate({ key: 'd', id: IDLE.id })).toMatchObject({ code: 1200, component: { active: false } })
      expect(await sound.uninstall({ key: 'u', id: IDLE.id })).toMatchObject({ code: 1200, component: null })
      expect(await sound.uninstall({ key: 'v', id: IDLE.id })).toMatchObject({ code: 1408 })
      const before = sound.store.room()
      await sound.discard({ key: 'f', id: 'p' })
      expect(sound.store.room()).toBe(before + content.length)
    })
  })
})
