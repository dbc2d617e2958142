// A device that lives on between sessions: its software works, its reports find their servers, and nothing is said or done twice.
import { describe, expect, test } from 'vitest'
import { makeClient, partState } from '../../core/device/client.ts'
import { LivingDevice } from '../../core/lab/living.ts'
import type { Post, SessionOutcome } from '../../core/lab/runner.ts'
import { readComplete } from '../../core/mo/alerts.ts'
import { VirtualClock } from '../../core/scenario/virtualclock.ts'
import { SoftwareAgent } from '../../core/software/agent.ts'
import type { SoftwareSettings } from '../../core/software/settings.ts'
import type { SoftwareHost } from '../../core/software/ports.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Command, Item } from '../../core/syncml/message.ts'
import { dataText } from '../../core/syncml/text.ts'
import { fixedEnv, Pair } from '../session/support.ts'
import { SETUP } from '../session/world.ts'
import { Double } from '../software/double.ts'
import { DELIVERED, DEPLOYED, DOWNLOAD, URL } from '../software/bench.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const item = (uri: string, rest: Omit<Item, 'target'> = {}): Item => ({ target: { locUri: uri }, ...rest })
const add = (uri: string, data?: string): Command => ({
  kind: 'Add',
  cmdId: '',
  items: [item(uri, data === undefined ? { meta: { format: 'node' } } : { meta: { format: 'chr' }, data })],
})
const exec = (uri: string, correlator: string): Command => ({ kind: 'Exec', cmdId: '', correlator, items: [item(uri)] })

/** A device and its server on one clock. */
class World {
  readonly pair = new Pair({}, {})
  readonly clock = new VirtualClock(settle)
  readonly double = new Double()
  readonly ends: SessionOutcome[] = []
  kept: string | undefined
  /** False: posts fail. `deaf`: the answer never arrives. */
  line: boolean | 'deaf' = true
  /** How long the installer needs, ms. */
  takes = 10
  readonly living: LivingDevice
  #links = 0

  /** Sizes told with first chunks. */
  readonly sizes: number[] = []

  constructor(settings: Partial<SoftwareSettings> = {}, encoding: 'xml' | 'wbxml' = 'xml') {
    const env = { ...fixedEnv(7), now: () => this.clock.now() }
    const { double } = this
    const later = <T>(work: () => T): Promise<T> => new Promise((resolve) => this.clock.after(this.takes, () => resolve(work())))
    const host: SoftwareHost = {
      store: double.store,
      download: (ask) => later(() => double.download(ask)),
      install: (ask) => later(() => double.install(ask)),
      activate: (ask) => later(() => double.change('activate', ask)),
      deactivate: (ask) => later(() => double.change('deactivate', ask)),
      uninstall: (ask) => later(() => double.change('uninstall', ask)),
      discard: (ask) => later(() => double.change('discard', ask)),
      flash: (ask) => later(() => double.flash(ask)),
      outcome: async (key) => double.journal.get(key) ?? null,
      boot: () => [...double.components.values()],
      note: (what, text) => double.note(what, text),
    }
    this.living = new LivingDevice({
      make: (state) => {
        const agent = new SoftwareAgent({ store: double.store, env, settings: { owner: SETUP.serverId, ...settings }, state: partState(state) })
        return { client: makeClient({ ...SETUP, encoding }, env, state, agent), agent }
      },
      load: () => (this.kept === undefined ? undefined : JSON.parse(this.kept)),
      keep: (state) => (this.kept = JSON.stringify(state())),
      host,
      post: this.#post,
      clock: this.clock,
      told: (end) => this.ends.push(end),
    })
    this.living.on()
  }

  #post: Post = async (frame) => {
    if (this.line === false) throw new Error('no line')
    const answer = this.pair.serve({
      type: 'frame',
      link: { link: ++this.#links },
      frame: { ...frame, uri: frame.uri.replace(/^https?:\/\/[^/]+/, '') },
    })
    if (
      this.line === 'deaf' &&
      decode(frame.bytes, frame.encoding).message.commands.some((command) => command.kind === 'Alert' && command.code === 1226)
    ) {
      this.line = true
      throw new Error('the answer got lost')
    }
    if (answer !== undefined)
      for (const command of decode(answer.bytes, answer.encoding).message.commands)
        if (command.kind === 'Replace') this.sizes.push(...command.items.flatMap(({ meta }) => meta?.size ?? []))
    return { httpStatus: answer === undefined ? 400 : 200, frame: answer ?? null, text: this.pair.closed }
  }

  async hold(...commands: Command[]): Promise<void> {
    this.pair.queue(`q${String(this.#links)}`, commands)
    void this.living.session({ type: 'start', initiated: 'client' })
    await this.clock.run()
  }

  get told(): string[] {
    return this.pair.ledger.alerts
      .filter(({ correlator }) => correlator !== '')
      .map(({ correlator, items }) => `${correlator} ${String(readComplete(dataText(items[0]?.data))?.code ?? '')}`)
  }
}

const fetch = (primitive: string, correlator: string): Command[] => [
  add(`${DOWNLOAD}/x`),
  add(`${DOWNLOAD}/x/PkgID`, 'antivir-2.1'),
  add(`${DOWNLOAD}/x/PkgURL`, URL),
  exec(`${DOWNLOAD}/x/Operations/${primitive}`, correlator),
]

describe('reports', () => {
  test('sc 6: a package is fetched after the session, and reported in one of the device', async () => {
    const world = new World()
    await world.hold(...fetch('DownloadInstall', 'job-1'))
    expect([world.ends.map(({ outcome }) => outcome), world.told, world.living.client.owed()]).toEqual([
      ['completed', 'completed'],
      ['job-1 1200'],
      [],
    ])
  })

  test('sc 16: the server got it but its answer was lost: said again a minute later, and not a third time', async () => {
    const world = new World()
    world.line = 'deaf'
    const start = world.clock.now()
    await world.hold(...fetch('Download', 'job-2'))
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['completed', 'failed', 'completed'])
    expect([world.told, world.clock.now() - start >= 60_000]).toEqual([['job-2 1200', 'job-2 1200'], true])
    await world.hold()
    expect(world.told).toHaveLength(2)
  })

  test('sc 17: off in between: the report leaves when the device is on again', async () => {
    const world = new World()
    world.pair.queue('q', fetch('DownloadInstall', 'job-3'))
    world.takes = 1000
    void world.living.session({ type: 'start', initiated: 'client' })
    await world.clock.run({ limitMs: 500 })
    expect([world.told, world.living.busy]).toEqual([[], false])
    const off = world.living.restart()
    await world.clock.run()
    await off
    await world.clock.run()
    expect(world.told).toEqual(['job-3 1200'])
    expect(world.double.log.filter((line) => line.startsWith('installed'))).toHaveLength(1)
  })
})

test('what ends soon is told by the Status of its Exec; what takes longer by an alert', async () => {
  const world = new World({ syncMs: 100 })
  await world.hold(...fetch('DownloadInstall', 'a'))
  const app = `${DEPLOYED}/com.msf.antivir/Operations`
  world.pair.queue('soon', [exec(`${app}/Deactivate`, 'b')])
  await world.hold()
  expect([world.pair.order('soon').outcomes.map(({ code }) => code), world.told]).toEqual([[1200], ['a 1200']])
  world.takes = 500
  world.pair.queue('late', [exec(`${app}/Activate`, 'c'), exec(`${DELIVERED}/nowhere/Operations/Install`, 'd')])
  await world.hold()
  expect([world.pair.order('late').outcomes.map(({ code }) => code), world.told]).toEqual([
    [202, 404],
    ['a 1200', 'c 1200'],
  ])
})

test('a session that is lost while an Exec waits: the order is done, and reported', async () => {
  const world = new World()
  await world.hold(...fetch('DownloadInstallInactive', 'a'))
  world.takes = 1000
  world.pair.queue('q', [exec(`${DEPLOYED}/com.msf.antivir/Operations/Activate`, 'b')])
  void world.living.session({ type: 'start', initiated: 'client' })
  await world.clock.run({ limitMs: 100 })
  const again = world.living.restart()
  await world.clock.run()
  await again
  await world.clock.run()
  expect(world.told).toEqual(['a 1200', 'b 1200'])
  expect(world.double.log.filter((line) => line.startsWith('activate '))).toHaveLength(1)
})

test('sc 23, sc 49: 150000 bytes over DM: Size 200000 in XML, 150000 in WBXML; they count when the last chunk is there', async () => {
  for (const [encoding, size] of [
    ['xml', 200_000],
    ['wbxml', 150_000],
  ] as const) {
    const world = new World({}, encoding)
    const bytes = Uint8Array.from({ length: 150_000 }, (_none, i) => i % 251)
    const data: Command = { kind: 'Replace', cmdId: '', items: [item(`${DELIVERED}/x/Data`, { meta: { format: 'bin' }, data: bytes })] }
    world.pair.queue('q', [add(`${DELIVERED}/x`), data])
    await world.hold()
    expect([encoding, world.sizes, world.pair.order('q').outcomes.map(({ code }) => code)]).toEqual([encoding, [size], [200, 200]])
    const [held] = [...world.double.files.values()]
    expect(held instanceof Uint8Array && Buffer.compare(held, bytes)).toBe(0)
  }
})
