// A device cut off between any two messages: after the restart its session goes on by the last message sent again, and nothing is performed twice.
import { describe, expect, test } from 'vitest'
import { makeClient, partState } from '../../core/device/client.ts'
import { LivingDevice } from '../../core/lab/living.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import type { Frame } from '../../core/machine.ts'
import { readComplete } from '../../core/mo/alerts.ts'
import { VirtualClock } from '../../core/scenario/virtualclock.ts'
import { SoftwareAgent } from '../../core/software/agent.ts'
import type { SoftwareHost } from '../../core/software/ports.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Command, Item } from '../../core/syncml/message.ts'
import { dataText } from '../../core/syncml/text.ts'
import { fixedEnv, Pair } from '../session/support.ts'
import { SETUP } from '../session/world.ts'
import { Double } from '../software/double.ts'
import { DOWNLOAD, URL } from '../software/bench.ts'

const item = (uri: string, rest: Omit<Item, 'target'> = {}): Item => ({ target: { locUri: uri }, ...rest })
const chr = (uri: string, data: string): Command => ({ kind: 'Add', cmdId: '', items: [item(uri, { meta: { format: 'chr' }, data })] })
const exec = (uri: string, correlator: string): Command => ({
  kind: 'Exec',
  cmdId: '',
  items: [item(uri)],
  ...(correlator === '' ? {} : { correlator }),
})

interface Cut {
  /** At which message of the device, counted from 1. */
  readonly at: number
  /** Before it reached the server, or when the answer was on its way. */
  readonly when: 'before' | 'after'
}

/** A server, and a device that loses its power at a message. */
class World {
  readonly pair = new Pair()
  readonly clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)))
  readonly double = new Double()
  readonly ends: SessionOutcome[] = []
  readonly up: { readonly sessionId: string; readonly msgId: string; readonly bytes: string }[] = []
  kept: string | undefined
  living!: LivingDevice
  #life = 0
  #posts = 0
  readonly #cut: Cut | null
  readonly #auth: 'syncml:auth-md5' | 'syncml:auth-MAC'

  constructor(cut: Cut | null, auth: 'syncml:auth-md5' | 'syncml:auth-MAC') {
    this.#cut = cut
    this.#auth = auth
    this.#on()
  }

  /** Power: whatever the life before still had under way comes to nothing. */
  #on(): void {
    const mine = ++this.#life
    const env = { ...fixedEnv(7 + mine), now: () => this.clock.now() }
    const { double } = this
    const later = <T>(work: () => T): Promise<T> =>
      new Promise((resolve) => this.clock.after(10, () => (mine === this.#life ? resolve(work()) : undefined)))
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
        const agent = new SoftwareAgent({ store: double.store, env, settings: { owner: SETUP.serverId }, state: partState(state) })
        return { client: makeClient({ ...SETUP, auth: this.#auth }, env, state, agent), agent }
      },
      load: () => (this.kept === undefined ? undefined : JSON.parse(this.kept)),
      keep: (state) => {
        if (mine === this.#life) this.kept = JSON.stringify(state())
      },
      host,
      post: (frame) => {
        const { header } = decode(frame.bytes, frame.encoding).message
        this.up.push({ sessionId: header.sessionId, msgId: header.msgId, bytes: Buffer.from(frame.bytes).toString('base64') })
        const post = ++this.#posts
        const cut = post === this.#cut?.at ? this.#cut.when : null
        if (cut === 'before') return this.#die()
        const answer = this.pair.serve({
          type: 'frame',
          link: { link: post },
          frame: { ...frame, uri: frame.uri.replace(/^https?:\/\/[^/]+/, '') },
        })
        if (cut === 'after') return this.#die()
        return Promise.resolve({ httpStatus: answer === undefined ? 400 : 200, frame: answer ?? null, text: this.pair.closed })
      },
      clock: this.clock,
      told: (end) => {
        if (mine === this.#life) this.ends.push(end)
      },
    })
    this.living.on()
  }

  #die(): Promise<never> {
    this.#life += 1
    this.clock.after(1000, () => this.#on())
    return new Promise(() => {})
  }

  async hold(): Promise<void> {
    void this.living.session({ type: 'start', initiated: 'client' })
    await this.clock.run()
  }

  get installs(): number {
    return this.double.log.filter((line) => line.startsWith('installed')).length
  }

  get told(): string[] {
    return this.pair.ledger.alerts.flatMap(({ correlator, items }) => {
      const code = readComplete(dataText(items[0]?.data))?.code
      return code === undefined ? [] : [`${correlator} ${String(code)}`.trim()]
    })
  }
}

/** Three Adds and an Exec that no Correlator makes known again. */
function order(world: World, correlator: string): void {
  world.pair.queue('q', [
    { kind: 'Add', cmdId: '', items: [item(`${DOWNLOAD}/x`, { meta: { format: 'node' } })] },
    chr(`${DOWNLOAD}/x/PkgID`, 'antivir-2.1'),
    chr(`${DOWNLOAD}/x/PkgURL`, URL),
    exec(`${DOWNLOAD}/x/Operations/DownloadInstall`, correlator),
  ])
}

const CUTS: readonly Cut[] = [1, 2, 3, 4, 5].flatMap((at) =>
  // What the answer to message 2 orders has not come: the test before this one.
  [{ at, when: 'before' as const }, ...(at === 2 ? [] : [{ at, when: 'after' as const }])],
)

describe.each(['syncml:auth-md5', 'syncml:auth-MAC'] as const)('%s', (auth) => {
  test('an order that never reached the device is not sent blindly again', async () => {
    const world = new World({ at: 2, when: 'after' }, auth)
    order(world, '')
    await world.hold()
    await world.hold()
    expect(world.installs).toBe(0)
    expect(['sent', 'unknown']).toContain(world.pair.order('q').state)
  })

  test.each(CUTS)('sc 51: power cut $when message $at: one installation, told, also without a Correlator', async (cut) => {
    for (const correlator of ['', 'job-1']) {
      const world = new World(cut, auth)
      order(world, correlator)
      await world.hold()
      // The first message carries nothing that must not be lost: its session is simply gone, and the server has the order still.
      if (world.installs === 0) await world.hold()
      const about = `${JSON.stringify(world.up.map(({ sessionId, msgId }) => `${sessionId}/${msgId}`))} ${JSON.stringify(world.ends)}`
      expect(world.installs, about).toBe(1)
      expect([...new Set(world.told)], about).toEqual([`${correlator} 1200`.trim()])
      expect(world.pair.order('q').outcomes.map(({ code }) => code)).toEqual([200, 200, 200, 202])
      expect(world.kept === undefined ? {} : (JSON.parse(world.kept) as object)).not.toHaveProperty('talk')
    }
  })
})

test('the message that was under way is sent again byte for byte, MsgID and all; the server knows it and answers as before', async () => {
  const world = new World({ at: 3, when: 'after' }, 'syncml:auth-md5')
  order(world, '')
  await world.hold()
  const [, , lost, again] = world.up
  expect(lost?.msgId).toBe('3')
  expect(again).toEqual(lost)
  expect(world.pair.notes.filter(({ finding }) => finding?.rule === 'hdr.resend')).toHaveLength(1)
  expect(world.ends.map(({ outcome, sessionId }) => `${sessionId === lost?.sessionId ? 'the same' : 'another'} ${outcome}`)).toEqual([
    'the same completed',
    'another completed',
  ])
})

test('a session that only read is not kept: the device begins anew', async () => {
  const world = new World({ at: 2, when: 'after' }, 'syncml:auth-md5')
  world.pair.queue('q', [{ kind: 'Get', cmdId: '', items: [item('./DevInfo/Man')] }])
  await world.hold()
  expect(world.up.map(({ msgId }) => msgId)).toEqual(['1', '2'])
})

test('a server that says the same message twice is not obeyed twice; one that goes on so is left', async () => {
  const world = new World(null, 'syncml:auth-md5')
  const { machine } = world.living.client
  const sent = (effects: ReturnType<typeof machine.input>): Extract<(typeof effects)[number], { type: 'send' }> => {
    const send = effects.find((effect) => effect.type === 'send')
    if (send?.type !== 'send') throw new Error('nothing was sent')
    return send
  }
  order(world, '')
  const first = sent(machine.input({ type: 'start', initiated: 'client' }))
  const serve = (frame: Frame, link: number): Frame => {
    const answer = world.pair.serve({ type: 'frame', link: { link }, frame: { ...frame, uri: frame.uri.replace(/^https?:\/\/[^/]+/, '') } })
    if (answer === undefined) throw new Error('no answer')
    return answer
  }
  const proved = sent(machine.input({ type: 'frame', link: first.link, frame: serve(first.frame, 1) }))
  const answer = serve(proved.frame, 2)
  const second = sent(machine.input({ type: 'frame', link: proved.link, frame: answer }))
  const again = sent(machine.input({ type: 'frame', link: second.link, frame: answer }))
  expect(again.frame).toEqual(second.frame)
  expect(world.living.agent.open).toHaveLength(1)
  const left = machine.input({ type: 'frame', link: again.link, frame: answer })
  expect(left.find((effect) => effect.type === 'note' && effect.note.topic === 'session')).toMatchObject({ note: { detail: { state: 'failed' } } })
})
