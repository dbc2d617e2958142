// The host performs the DM Server's effects in order; since all inputs and effects pass it, the trace writes itself.
import type { Held, HoldMode, Hop, Verdict } from '../api.ts'
import type { Effect, Frame, Link, Machine, Note } from '../machine.ts'
import { Passing } from '../server/passing.ts'
import type { ServerInput } from '../server/serverterms.ts'
import type { Order, ServerRecord } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import type { Message } from '../syncml/message.ts'
import type { Clock, Received, Refused, Sent, Transport } from './ports.ts'
import type { Admission, Admitted } from './admission.ts'
import { Commits } from './commits.ts'
import type { Leaving } from './commits.ts'
import type { Draft, Placed, Recorder } from './recorder.ts'
import type { Reading } from './reading.ts'
import { answerOf, cardOf, notesOf } from './open.ts'
import type { Open } from './open.ts'
import { Stepper } from './stepper.ts'
import { Timers } from './timers.ts'

/** Told after anything that the screen shows may have moved. */
export interface HostWatcher {
  held(held: readonly Held[]): void
  changed(): void
  device(device: string): void
}

/** Runs one DM Server machine behind a transport: records, holds, answers, keeps time. */
export class Host {
  readonly stepper = new Stepper()
  readonly #machine: Machine<ServerInput, ServerRecord>
  readonly #transport: Transport
  readonly #recorder: Recorder
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #watcher: HostWatcher
  readonly #admission: Admission
  readonly #hop: (device: string) => Hop
  readonly #open = new Passing<Open>()
  readonly #timers: Timers
  readonly #commits: Commits
  constructor(parts: {
    machine: Machine<ServerInput, ServerRecord>
    transport: Transport
    recorder: Recorder
    ledger: Ledger
    clock: Clock
    watcher: HostWatcher
    /** Which leg a device's messages are on; absent: S-D. */
    hop?: (device: string) => Hop
    /** Judges the connection every message comes on; absent: each is as good as any other. */
    admission?: Admission
  }) {
    this.#machine = parts.machine
    this.#transport = parts.transport
    this.#recorder = parts.recorder
    this.#ledger = parts.ledger
    this.#clock = parts.clock
    this.#watcher = parts.watcher
    this.#hop = parts.hop ?? (() => 'S-D')
    this.#admission = parts.admission ?? (() => ({ notes: [], refusal: '' }))
    this.#timers = new Timers(
      parts.clock,
      () => this.stepper.waiting,
      (id) => this.#ring(id),
    )
    this.#commits = new Commits(parts.ledger, parts.clock, (leaving, fault) => this.#let(leaving, fault))
    for (const record of parts.ledger.held()) this.stepper.hold({ ...record.held, peerWaits: false }, record.session, null)
  }

  /** Frames that came in together, in order: what they need of the ledger is committed once, and what may leave leaves at once. All are read before the first is handled. */
  receivedAll(all: readonly Received[]): void {
    const readings = all.map(({ frame }) => this.#recorder.reading(frame))
    this.#commits.gather()
    try {
      for (let i = 0; i < all.length; i++) this.received(all[i] as Received, readings[i])
    } finally {
      this.#commits.commit()
    }
  }

  /** A SyncML frame came in. Its row is written once the machine has spoken, so that it holds what the machine said. */
  received(received: Received, reading: Reading | null = this.#recorder.reading(received.frame)): void {
    const { link, frame, startLine, headers, local, remote, at, mono } = received
    const draft = this.#recorder.read({
      direction: 'up',
      hop: this.#hop,
      frame,
      reading,
      at,
      mono,
      startLine,
      headers,
      local,
      remote,
      cause: null,
      answers: '',
      httpStatus: 0,
      hold: 'no',
    })
    const admitted = this.#admission(received, {
      device: draft.row.device,
      sessionId: draft.row.sessionId,
      first: this.#recorder.sessions.isNew(draft.row.session),
    })
    if (admitted.refusal !== '') return this.#deny(received, draft, admitted)
    const why = this.stepper.why(draft.row.session)
    if (why !== null) this.#keepBack(received, this.#recorder.write(draft, admitted.notes, 'held'), why)
    else {
      const { decoded } = draft
      const effects = this.#machine.input(decoded === null ? { type: 'frame', link, frame } : { type: 'frame', link, frame, decoded })
      const notes = admitted.notes.length === 0 ? notesOf(effects) : [...admitted.notes, ...notesOf(effects)]
      const open = this.#begin(received, this.#recorder.write(draft, notes))
      this.#move(notes, open)
      this.#perform(effects)
    }
    this.#watcher.changed()
  }

  /** A message waits for a person before the machine sees it. */
  #keepBack(received: Received, placed: Placed, why: string): void {
    const open = this.#begin(received, placed)
    this.#hold(open, placed, received.frame, why, (verdict) => {
      if (verdict.act === 'drop') return this.#drop(open, placed)
      const frame = verdict.act === 'edit' ? { ...received.frame, bytes: verdict.bytes } : received.frame
      this.#released(placed, verdict, frame)
      this.#run(this.#machine.input({ type: 'frame', link: received.link, frame }), open)
    })
  }

  /** A message on a connection that may not carry it: no machine sees it, and the peer is told why. */
  #deny(received: Received, draft: Draft, { notes, refusal }: Admitted): void {
    const opens = this.#recorder.sessions.isNew(draft.row.session)
    this.#begin(received, this.#recorder.write(draft, notes))
    if (opens) this.#recorder.move(draft.row.session, 'failed', refusal)
    this.#refuse(received.link, 403, refusal)
    this.#watcher.changed()
  }

  #begin(received: Received, placed: Placed): Open {
    const open: Open = { received, placed, cards: null, leaving: null }
    this.#open.set(received.link.link, open)
    return open
  }

  refused(refused: Refused): void {
    this.#recorder.refused(refused)
    this.#watcher.changed()
  }

  /** The peer of a link left before it was answered. Held messages of that exchange become drafts. */
  gone(link: Link, reason: string): void {
    const open = this.#open.get(link.link)
    if (open === undefined) return
    this.#open.delete(link.link)
    open.leaving?.()
    this.#recorder.event(this.#clock.now(), this.#clock.mono(), `peer left: ${reason}`, open.placed.session, open.placed.seq)
    const abandoned = this.stepper.abandon((held) => open.cards?.has(held.id) === true)
    for (const held of abandoned) this.#recorder.hold(held.seq, 'peer gone')
    if (abandoned.length > 0) this.#heldMoved()
    this.#run(this.#machine.input({ type: 'gone', link, reason }), open)
    this.#watcher.changed()
  }

  /** Gives the machine an order of the lab (queue commands, a decision about a device). */
  order(input: ServerInput): void {
    this.#run(this.#machine.input(input), null)
    this.#commits.commit()
    this.#watcher.changed()
  }

  /** Queues an order for a device; resolves when it is kept. It is committed with whatever came in together with it. */
  queue(order: Order): Promise<void> {
    this.#run(this.#machine.input({ type: 'queue', order }), null)
    this.#watcher.changed()
    return this.#commits.kept()
  }

  mode(mode: HoldMode): void {
    this.stepper.setMode(mode)
    this.#watcher.changed()
  }

  /** Decides a held message. Throws an Error in words when there is nothing to decide. */
  decide(id: number, verdict: Verdict): void {
    const held = this.stepper.decide(id, verdict)
    this.#ledger.unhold(id)
    if (!held.peerWaits) this.#recorder.hold(held.seq, 'dropped')
    this.#heldMoved()
    if (!this.stepper.waiting) this.#timers.ringLate()
    this.#watcher.changed()
  }

  /** Commits what waits now. */
  commit(): void {
    this.#commits.commit()
  }

  stop(): void {
    this.#commits.commit()
    this.#timers.stop()
  }

  /** Performs the effects of an input whose row, if it has one, stands already. */
  #run(effects: readonly Effect<ServerRecord>[], open: Open | null): void {
    const notes = notesOf(effects)
    if (open !== null) this.#recorder.remark(open.placed.seq, open.placed.session, notes)
    this.#move(notes, open)
    this.#perform(effects)
  }

  /** Performs effects in order. Records are staged, and nothing leaves before they are committed; that is done once for all that came in together. */
  #perform(effects: readonly Effect<ServerRecord>[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'save':
          this.#save(effect.record)
          break
        case 'note':
          break
        case 'timer':
          this.#timers.set(effect.id, effect.ms)
          break
        case 'send':
          this.#commits.leave({ link: effect.link, frame: effect.frame, message: effect.message, reason: '' })
          break
        case 'close':
          this.#commits.leave({ link: effect.link, frame: null, message: undefined, reason: effect.reason })
          break
        case 'ask':
          throw new Error(`the DM Server asked ${effect.topic}, which nobody here answers`)
        default:
          effect satisfies never
      }
    }
  }

  #save(record: ServerRecord): void {
    this.#commits.stage(record)
    if (record.kind === 'device') this.#watcher.device(record.device.device)
    if (record.kind === 'account' && record.account.device !== null) this.#watcher.device(record.account.device)
  }

  /** What waited for a commit leaves, or is refused where it failed: `fault` says why. */
  #let(leaving: readonly Leaving[], fault: string): void {
    if (fault !== '') this.#recorder.event(this.#clock.now(), this.#clock.mono(), fault, 0, null)
    for (const { link, frame, message, reason } of leaving) {
      if (fault !== '') this.#refuse(link, 503, fault)
      else if (frame === null) this.#refuse(link, 400, reason)
      else this.#send(link, frame, message)
    }
    if (leaving.length > 0 || fault !== '') this.#watcher.changed()
  }

  /** Session notes move their session; where no message caused them they are a row of their own. */
  #move(notes: readonly Note[], open: Open | null): void {
    for (const note of notes) {
      if (note.topic !== 'session') continue
      const session = this.#recorder.sessions.find(note.device, note.sessionId)
      const state = note.detail?.['state']
      if (session === 0 || typeof state !== 'string') continue
      if (state === 'open' || state === 'completed' || state === 'failed' || state === 'aborted' || state === 'timed out') {
        this.#recorder.move(session, state, state === 'open' || state === 'completed' ? '' : String(note.detail?.['reason'] ?? note.text))
      }
      if (open === null) this.#recorder.event(this.#clock.now(), this.#clock.mono(), note.text, session, null, [note])
    }
  }

  #send(link: Link, frame: Frame, message: Message | undefined): void {
    const open = this.#open.get(link.link)
    if (open === undefined) return
    const why = this.stepper.why(open.placed.session)
    const unsent = (): Sent => ({ at: this.#clock.now(), mono: this.#clock.mono(), startLine: '', headers: frame.headers })
    if (why === null) {
      this.#answer(
        open,
        (done) => this.#transport.respond(link, frame, done),
        (sent) => this.#recorder.message(answerOf(open, frame, message, sent, 'no')),
        () => this.#recorder.message(answerOf(open, frame, message, unsent(), 'peer gone')),
      )
      return
    }
    const placed = this.#recorder.message(answerOf(open, frame, message, unsent(), 'held'))
    this.#hold(open, placed, frame, why, (verdict) => {
      if (verdict.act === 'drop') return this.#drop(open, placed)
      const bytes = verdict.act === 'edit' ? verdict.bytes : frame.bytes
      const out = { ...frame, bytes }
      if (verdict.act === 'edit') this.#run(this.#machine.input({ type: 'edited', link, frame: out }), open)
      this.#answer(
        open,
        (done) => this.#transport.respond(link, out, done),
        (sent) => this.#released(placed, verdict, out, sent),
        () => this.#recorder.hold(placed.seq, 'peer gone'),
      )
    })
  }

  /** Lets an answer leave; exactly one of `sent` and `lost` follows. */
  #answer(open: Open, leave: (done: (sent: Sent) => void) => void, sent: (what: Sent) => void, lost: () => void): void {
    const { link } = open.received
    open.leaving = lost
    leave((what) => {
      this.#open.delete(link.link)
      sent(what)
      this.#watcher.changed()
    })
  }

  #refuse(link: Link, httpStatus: number, text: string): void {
    const open = this.#open.get(link.link)
    if (open === undefined) return
    this.#answer(
      open,
      (done) => this.#transport.refuse(link, httpStatus, text, done),
      (sent) => this.#recorder.answerError(sent, httpStatus, text, open.placed.seq, open.placed.session),
      () => {},
    )
  }

  #hold(open: Open, placed: Placed, frame: Frame, why: string, resume: (verdict: Verdict) => void): void {
    const { session } = placed
    const id = this.stepper.nextId()
    const held = cardOf(id, placed, frame, why, this.#clock.now())
    open.cards ??= new Set()
    open.cards.add(id)
    this.#ledger.hold({ held, session, bytes: frame.bytes })
    this.stepper.hold(held, session, (verdict) => {
      open.cards?.delete(id)
      resume(verdict)
    })
    this.#heldMoved()
  }

  #released(placed: Placed, verdict: Verdict, frame: Frame, sent?: Sent): void {
    const times = { at: sent?.at ?? placed.row.at, mono: sent?.mono ?? placed.row.mono }
    if (verdict.act === 'edit') this.#recorder.hold(placed.seq, 'edited', { ...times, bytes: frame.bytes })
    else this.#recorder.hold(placed.seq, 'released', times)
  }

  #drop(open: Open, placed: Placed): void {
    const { link } = open.received
    this.#recorder.hold(placed.seq, 'dropped')
    this.#refuse(link, 503, 'dropped by the lab')
    if (placed.row.direction === 'down') this.#run(this.#machine.input({ type: 'gone', link, reason: 'the answer was dropped in the lab' }), open)
  }

  #heldMoved(): void {
    this.#watcher.held(this.stepper.held())
  }

  #ring(id: string): void {
    this.#run(this.#machine.input({ type: 'timer', id }), null)
    this.#watcher.changed()
  }
}
