// Gateways as the lab's DM Server sees them: relations, fan-outs and images over real surroundings, their outcomes for webhooks, and what the window looks at.
import { readFileSync } from 'node:fs'
import type { GatewaysArea, LabEventName, LabEvents, NotifyOptions, NotifyResult, Seq } from '../api.ts'
import type { Hooks } from '../jobs/hooks.ts'
import { ServerFanouts } from '../lab/fanouts.ts'
import { insideOf } from '../lab/gatewayinside.ts'
import { Gateways } from '../lab/gateways.ts'
import { gatewaysArea } from '../lab/gatewaysarea.ts'
import { LandmarkBook } from '../lab/landmarks.ts'
import type { Peers } from '../lab/peers.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Env, Note } from '../machine.ts'
import { readPage } from '../page.ts'
import type { Order } from '../server/records.ts'
import type { Docs } from '../store/docs.ts'
import type { TraceStore } from '../store/trace.ts'
import type { RunningGateway } from './gateway.ts'
import type { Images } from './images.ts'

/** What moved in the gateway of this process is told at most so often, ms. */
const GATEWAY_EVERY = 200

export interface LabGatewaysParts {
  readonly clock: Clock
  readonly env: Env
  readonly docs: Docs
  readonly commit: () => void
  readonly notify: (device: string, options: NotifyOptions) => Promise<NotifyResult>
  readonly happened: (note: Note) => void
  readonly queue: (order: Order) => void
  readonly order: (id: string) => Order | undefined
  readonly images: Images
  readonly hooks: Pick<Hooks, 'fanoutEnded'>
  readonly trace: Pick<TraceStore, 'rows' | 'session' | 'last'>
  readonly recording: boolean
  readonly recorder: () => Recorder
  readonly peers: Pick<Peers, 'none' | 'playing'>
  /** The gateway that this process plays; null where it plays none. */
  readonly own: () => RunningGateway | null
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
  /** Held messages and counts of the lab may have moved. */
  readonly changed: () => void
}

export interface LabGateways {
  /** Policy of the DM Server, and the way of a notification. */
  readonly gateways: Gateways
  readonly fanouts: ServerFanouts
  readonly area: GatewaysArea
  /** Rows were written: landmarks among them are kept. */
  traced(fact: LabEvents['trace']): void
  /** Something moved in the gateway of this process. */
  moved(): void
  /** Goes on with what an earlier process left. */
  start(): void
  stop(): void
}

export function labGateways(parts: LabGatewaysParts): LabGateways {
  const { clock, env, docs, trace, images, tell } = parts
  const seq = (): Seq => (parts.recording ? trace.last + 1 : 0)
  const gateways: Gateways = new Gateways({
    docs,
    now: clock.now,
    notify: parts.notify,
    moved: () => tell('gateways', { fanouts: [] }),
    told: (from, what, alert, item) => fanouts.told(from, what, alert, item),
    // Once what the session saved is in the ledger: what became of its orders stands there.
    ended: (device) => clock.soon(() => fanouts.settle(device)),
    happened: parts.happened,
  })
  const fanouts = new ServerFanouts({
    docs,
    now: clock.now,
    random: env.random,
    queue: parts.queue,
    order: parts.order,
    notify: (id) => gateways.wake(id),
    package: (id) => {
      const offer = images.get(id)
      return offer === undefined ? undefined : { bytes: new Uint8Array(readFileSync(images.path(offer.sha256))), sha256: offer.sha256 }
    },
    seq,
    moved: (row) => tell('gateways', { fanouts: [row] }),
    happened: parts.happened,
    ended: (row, late) => parts.hooks.fanoutEnded(row, late),
    after: (ms, call) => clock.after(ms, call),
  })
  const marks = new LandmarkBook(docs, parts.commit)
  let telling: (() => void) | null = null
  const area = gatewaysArea(gateways, fanouts, parts.own, {
    inside: () => {
      const own = parts.own()
      return own === null ? null : insideOf(own)
    },
    playing: (id) => parts.peers.playing(id),
    marks,
    sessions: () => parts.recorder().sessions.all(),
    row: (at) => parts.recorder().row(at),
    rowsOf: (session) => trace.session(session),
  })
  return {
    gateways,
    fanouts,
    area,
    traced: (fact) => {
      if (parts.own() !== null || !parts.peers.none || !gateways.relations.none)
        marks.moved(fact, (first, count) => readPage(trace.rows(first, count)))
    },
    moved: () => {
      parts.changed()
      telling ??= clock.after(GATEWAY_EVERY, () => {
        telling = null
        tell('gateways', { fanouts: [] })
      })
    },
    start: () => fanouts.start(),
    stop: () => fanouts.stop(),
  }
}
