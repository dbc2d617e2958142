// Runs a scenario against a lab through its LabApi: over real sockets with a simulated device of that lab, with any real device in the device's role, or
// looking on while a device and a foreign server play it through a recording proxy.
import type { FrameDetail, LabApi, PackageFacts, RunWish, Seq, TraceRow } from '../api.ts'
import { inDocuments } from '../lab/dialectmessage.ts'
import type { Speech } from '../lab/dialectmessage.ts'
import type { Clock } from '../lab/ports.ts'
import type { DeviceFlow } from './all.ts'
import { Course } from './course.ts'
import type { RunWatch } from './course.ts'
import { relayedFlow } from './relayed.ts'
import type { RunRecord } from './types.ts'

export interface LiveParts {
  readonly lab: Pick<LabApi, 'trace' | 'jobs' | 'catalogue' | 'software' | 'devices' | 'on'>
  readonly clock: Clock
  /** The device in the flow's role. */
  readonly device: string
  /** A package as a file that device can install; its facts win over what it says of itself. */
  readonly file: (
    pkg: DeviceFlow['setup']['catalogue'][number],
  ) => Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly facts: PackageFacts }>
  /** Where outcomes are POSTed besides the registered hooks; '' nowhere. */
  readonly notify: string
  /** Ms without a row after which the run ends, of a process that has its turns in time. */
  readonly patienceMs: number
  /** Ms after the last step in which conditions may still be decided. */
  readonly afterMs: number
  /** Breaks what the wish's fault breaks, when packages are there and before anybody begins; absent: nothing can be broken here. */
  readonly plant?: () => Promise<void>
  /** What the device's dialect calls things; null where it has none. */
  readonly speech?: Speech | null
  /** True: the device is a simulated one of this lab and can be told what to ask for. */
  readonly simulated: boolean
}

/** Between two looks at what was recorded. */
const TURN_MS = 20

const sleep = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))

/** Rows of this device, and those off the wire that name it. */
const concerns = (row: TraceRow, device: string): boolean => row.device === device || (row.kind === 'http' && row.device === '')

/**
 * Puts the packages into the catalogue, lets the infrastructure or the device begin, and follows the lab's trace until every step has its verdict.
 * With transport `relayed` nobody is told to begin: the rows of that device decide what they can. Rejects with an Error in words where it cannot begin.
 */
export async function runLive(parts: LiveParts, flow: DeviceFlow, wish: RunWish, watch: RunWatch = {}): Promise<RunRecord> {
  const { lab, clock, device, patienceMs, afterMs } = parts
  // A foreign server has its own packages and begins by itself; the lab looks on.
  const relayed = wish.transport === 'relayed'
  if ((wish.fault ?? '') !== '' && parts.plant === undefined) throw new Error('no fault can be planted in a device that is not ours')
  if (!relayed) await stock(parts, flow)
  await parts.plant?.()
  const startedAt = watch.startedAt ?? clock.now()
  const course = new Course(relayed ? relayedFlow(flow) : flow, wish, understanding(parts, watch), startedAt)
  let next: Seq = (await end(lab)) + 1
  let last = next - 1
  const off = lab.on('trace', (fact) => {
    last = Math.max(last, fact.last)
  })
  /** Takes in what was recorded since, in order. */
  const follow = async (): Promise<boolean> => {
    const before = next
    for (; next <= last; next++) {
      const detail: FrameDetail = await lab.trace.frame(next)
      // A message in the stepper's hands is looked at again when it is decided.
      if (detail.row.hold === 'held') break
      if (concerns(detail.row, device)) course.take(detail)
    }
    return next > before
  }
  try {
    if (!relayed && !mute(flow, wish)) await begin(parts, flow)
    // Counted in turns: where this process is late with them, it is late with rows, too.
    let quiet = 0
    while (!course.stopped && !course.decided && quiet < patienceMs) {
      if (await follow()) quiet = 0
      else course.tick(clock.now())
      await sleep(clock, TURN_MS)
      quiet += TURN_MS
    }
    for (const until = clock.now() + afterMs; !course.stopped && clock.now() < until;) {
      await follow()
      await sleep(clock, 50)
    }
    await follow()
    for (const session of await lab.trace.sessions()) course.ended(session)
    return course.finish(clock.now())
  } finally {
    off()
  }
}

async function end(lab: LiveParts['lab']): Promise<Seq> {
  // Asked in strides: a page tells how far it came.
  let seq = 0
  for (;;) {
    const page = await lab.trace.rows(seq + 1, 5000)
    if (page.count === 0) return seq
    seq = page.first + page.count - 1
  }
}

/** Packages of the flow that the catalogue has not. */
async function stock({ lab, file }: LiveParts, { setup }: DeviceFlow): Promise<void> {
  const known = new Set((await lab.catalogue.list()).filter(({ withdrawn }) => !withdrawn).map(({ pkgId }) => pkgId))
  for (const pkg of setup.catalogue) {
    if (known.has(pkg.pkgId)) continue
    const { name, bytes, facts } = await file(pkg)
    await lab.catalogue.add(name, bytes, facts)
  }
}

/** True where the fault is that nobody begins. */
const mute = ({ faults }: DeviceFlow, { fault = '' }: RunWish): boolean => faults.find(({ step }) => step === fault)?.plant.kind === 'mute'

/** Flows are written in the names of the documents. */
function understanding({ speech }: LiveParts, watch: RunWatch): RunWatch {
  return speech == null ? watch : { ...watch, understood: (_row, message) => inDocuments(message, speech.rooted) }
}

async function begin({ lab, device, notify, simulated, speech }: LiveParts, { setup }: DeviceFlow): Promise<void> {
  const { trigger } = setup
  if (trigger.by !== 'device') {
    const { target } = trigger.job
    // The jobs know node names of the documents below the device's own root.
    const own = target === undefined || speech == null ? {} : { target: speech.names.toDocument(speech.rooted.toDevice(target)) }
    await lab.jobs.create({ ...trigger.job, ...own, device, ...(notify === '' ? {} : { notify }) })
    return
  }
  // A real device asks by itself, or not at all.
  if (simulated) await lab.software.request(device, trigger.request)
}
