// One attached lab: its rows are taken into this trace at our time, its held messages stand in our tray, and what is decided about them goes back to it.
import type { FrameDetail, Held, HoldMode, LabApi, LabEvents, LabState, PeerRow, Seq, TraceRow, Verdict } from '../api.ts'
import type { Note } from '../machine.ts'
import { readPage } from '../page.ts'
import { PEER_CARDS } from './holders.ts'
import { seenHere, takenBefore } from './peertwin.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'

/** A connection to another lab. */
export interface Dialled {
  readonly api: LabApi
  /** Told once, in words. */
  onClose(listener: (reason: string) => void): void
  close(): void
}

/** Reaches a lab. Rejects with an Error in words; `Unwelcome` where trying again is of no use. */
export type Dial = () => Promise<Dialled>
export class Unwelcome extends Error {}

/** How far a lab's rows were taken, so that none comes twice. */
export interface Progress {
  /** Its workspace: another one begins afresh. */
  readonly mark: string
  readonly last: Seq
}

export interface PeerParts {
  readonly id: string
  readonly url: string
  readonly name: string | undefined
  readonly history: number
  readonly attachedAt: number
  readonly dial: Dial
  readonly clock: Clock
  readonly recorder: Recorder
  readonly recording: boolean
  /** True for this lab itself. */
  readonly own: (state: LabState) => Promise<boolean>
  readonly progress: Progress | null
  readonly keep: (progress: Progress) => void
  /** A number for a card; unique among attached labs. */
  readonly number: () => number
  /** Its row moved; rows came; its cards moved. */
  readonly moved: () => void
  readonly changed: () => void
  readonly heldMoved: () => void
}

/** Pauses before it is tried again, ms. */
const WAITS = [500, 1000, 2000, 5000, 10_000]
/** Rows asked for at a time, and frames asked for at once. */
const PAGE = 256
const AT_ONCE = 16
/** Rows remembered to follow what becomes of them. */
const REMEMBERED = 20_000
/** Its clock is measured so often, ms, with so many questions. */
const MEASURE_EVERY = 30_000
const QUESTIONS = 5

export class Peer {
  readonly #parts: PeerParts
  row: PeerRow
  #link: Dialled | null = null
  #progress: Progress | null
  #wanted: Seq = 0
  #pulling: Promise<void> | null = null
  #failures = 0
  #cancel: (() => void) | null = null
  #measuring: (() => void) | null = null
  #stopped = false
  /** Its rows that are ours under another number, oldest first; its sessions likewise. */
  readonly #seqs = new Map<Seq, Seq>()
  /** The cards as they were told last: one may wait for its row. */
  #shown = '[]'
  readonly #notes = new Map<Seq, number>()
  readonly #sessions = new Map<number, number>()
  #theirs: readonly Held[] = []
  readonly #numbers = new Map<number, number>()

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.#progress = parts.progress
    const told = { gateway: '', offsetMs: null, roundTripMs: null, rows: 0, waiting: 0, older: 0, held: 0, holding: false, lastAt: 0 }
    const { id, url, attachedAt, name = '' } = parts
    this.row = { id, url, name, state: 'connecting', why: '', attachedAt, ...told }
  }

  /** Joins once; rejects where that fails. From then on it is joined again by itself. */
  async join(): Promise<void> {
    const link = await this.#parts.dial()
    try {
      await this.#joined(link)
    } catch (error) {
      link.close()
      throw error
    }
  }

  /** Tries until it is joined. */
  keepTrying(): void {
    this.#cancel = null
    if (this.#stopped) return
    this.join().catch((error: unknown) => this.#lost(error instanceof Error ? error.message : String(error), error instanceof Unwelcome))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#measuring?.()
    this.#link?.close()
    this.#link = null
    this.#theirs = []
    this.#shown = '[]'
  }

  async #joined(link: Dialled): Promise<void> {
    const { parts, api } = { parts: this.#parts, api: link.api }
    const state = await api.lab.state()
    const mark = state.workspace
    if (await parts.own(state)) throw new Unwelcome('that is this lab itself')
    const gateway = (await api.gateways.list().catch(() => [])).find(({ own }) => own)?.id ?? ''
    await this.#measure(api)
    const known = this.#progress
    const from = known !== null && known.mark === mark && known.last <= state.last ? known.last : Math.max(0, state.last - parts.history)
    const older = known !== null && known.mark === mark ? this.row.older : Math.max(0, from - Math.max(0, state.first - 1))
    this.#progress = { mark, last: from }
    this.#wanted = Math.max(from, state.last)
    this.#link = link
    this.#failures = 0
    const name = parts.name ?? (gateway === '' ? state.name : gateway)
    this.#move({ name, gateway, older, state: 'attached', why: '', holding: state.hold.mode === 'all' })
    link.onClose((reason) => {
      if (this.#link === link) this.#lost(reason, false)
    })
    api.on('trace', (fact) => this.#trace(fact))
    api.on('held', ({ held }) => this.#cards(held))
    api.on('state', ({ hold }) => this.#move({ holding: hold.mode === 'all' }))
    api.on('sessions', ({ changed }) => changed.forEach((row) => this.#session(row)))
    this.#tell(`lab ${name} is attached: rows from ${from + 1} on; its clock is ${ahead(this.row.offsetMs)}`)
    // Rows that came while nobody listened yet.
    this.#wanted = Math.max(this.#wanted, (await api.lab.state()).last)
    this.#again(api)
    void this.#pull().then(() => this.#settled(api))
  }

  #lost(reason: string, forGood: boolean): void {
    const was = this.row.state
    this.#measuring?.()
    this.#link = null
    this.#cards([])
    if (this.#stopped) return
    this.#move({ state: forGood ? 'refused' : 'lost', why: reason, waiting: 0 })
    if (was === 'attached') this.#tell(`lab ${this.row.name} is lost: ${reason}`)
    if (!forGood) this.#cancel = this.#parts.clock.after(WAITS[Math.min(this.#failures++, WAITS.length - 1)] ?? 10_000, () => this.keepTrying())
  }

  /** What was there is here: how its sessions ended, and what it holds. */
  async #settled(api: LabApi): Promise<void> {
    const [sessions, held] = await Promise.all([api.trace.sessions(), api.stepper.held()]).catch(() => [[], null] as const)
    if (this.#link?.api !== api || held === null) return
    sessions.forEach((row) => this.#session(row))
    for (const { seq, origin } of held) if (origin === undefined && !this.#seqs.has(seq)) await this.#find(api, seq)
    this.#cards(held)
  }

  /** A row that an earlier process of ours took. */
  async #find(api: LabApi, theirs: Seq): Promise<void> {
    const frame = await api.trace.frame(theirs).catch(() => null)
    const ours = frame === null ? undefined : takenBefore(this.#parts.recorder, this.row.name, frame)
    if (frame !== null && ours !== undefined) this.#remember(theirs, ours.seq, frame.row.session, ours.session, frame.notes.length)
  }

  // Its clock.

  #again(api: LabApi): void {
    this.#measuring = this.#parts.clock.after(MEASURE_EVERY, () => {
      this.#measure(api).then(
        () => this.#again(api),
        () => {},
      )
    })
  }

  /** The question with the shortest way tells most: the other clock read in the middle of it. */
  async #measure(api: LabApi): Promise<void> {
    const { clock } = this.#parts
    let best = { offset: 0, way: Infinity }
    for (let n = 0; n < QUESTIONS; n += 1) {
      const sent = clock.mono()
      const middle = clock.now()
      const { now } = await api.peers.clock()
      const way = clock.mono() - sent
      if (way < best.way) best = { offset: now - (middle + way / 2), way }
    }
    this.#move({ offsetMs: best.offset, roundTripMs: best.way })
  }

  #aligned(at: number): { readonly at: number; readonly mono: number } {
    const { clock } = this.#parts
    const ours = at - (this.row.offsetMs ?? 0)
    return { at: ours, mono: clock.mono() - (clock.now() - ours) }
  }

  // Its rows.

  #trace(fact: LabEvents['trace']): void {
    const taken = this.#progress?.last ?? 0
    this.#wanted = Math.max(this.#wanted, fact.last)
    const changed =
      fact.rows === null ? [...this.#seqs.keys()].filter((seq) => seq >= fact.first && seq <= fact.last) : readPage(fact.rows).map(({ seq }) => seq)
    for (const seq of changed) if (seq <= taken && this.#seqs.has(seq)) void this.#follow(seq)
    void this.#pull()
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#pullAll()
      .catch((error: unknown) => this.#link?.api !== undefined && this.#lost(error instanceof Error ? error.message : String(error), false))
      .then(() => {
        this.#pulling = null
      })
    return this.#pulling
  }

  async #pullAll(): Promise<void> {
    for (;;) {
      const link = this.#link
      const progress = this.#progress
      if (link === null || progress === null || progress.last >= this.#wanted) return
      const rows = readPage(await link.api.trace.rows(progress.last + 1, PAGE))
      if (rows.length === 0) return
      for (let i = 0; i < rows.length; i += AT_ONCE) {
        const some = rows.slice(i, i + AT_ONCE)
        // What it took from others is theirs to tell: two labs attached to each other would never end.
        const frames = await Promise.all(some.map((row) => (row.origin === undefined ? link.api.trace.frame(row.seq) : null)))
        if (this.#stopped || this.#link !== link) return
        for (const frame of frames) if (frame !== null) this.#take(frame)
        this.#reached(some.at(-1)?.seq ?? progress.last)
      }
    }
  }

  #reached(last: Seq): void {
    if (this.#progress !== null) this.#parts.keep((this.#progress = { ...this.#progress, last }))
    this.#move({ waiting: Math.max(0, this.#wanted - last), lastAt: this.#parts.clock.now() })
    this.#parts.changed()
    this.#cards(this.#theirs)
  }

  #take(frame: FrameDetail): void {
    const { recorder, recording } = this.#parts
    if (!recording) return
    const { row, bytes, original, startLine, headers, local, remote, findings, notes } = frame
    const { seq: theirs, session: their, ...said } = row
    const placed = { ...said, ...this.#aligned(row.at) }
    const twin = seenHere(recorder, placed, frame)
    if (twin !== undefined) {
      const later = placed.at - twin.at
      const note: Note = {
        topic: 'state',
        text: `${this.row.name} saw it too, ${later.toFixed(1)} ms later`,
        device: row.device,
        sessionId: row.sessionId,
      }
      recorder.remark(twin.seq, twin.session, [note])
      this.#remember(theirs, twin.seq, their, twin.session, notes.length)
      return
    }
    const cause = frame.cause === null ? null : (this.#seqs.get(frame.cause) ?? null)
    const origin = this.row.name
    const entry = { row: { ...placed, session: 0, origin }, bytes, startLine, headers, local, remote, cause, origin, findings, notes }
    const seq = recorder.import(entry, original)
    this.#remember(theirs, seq, their, recorder.row(seq)?.session ?? 0, notes.length)
    this.#move({ rows: this.row.rows + 1 })
  }

  #remember(theirs: Seq, seq: Seq, their: number, session: number, notes: number): void {
    this.#seqs.set(theirs, seq)
    this.#notes.set(theirs, notes)
    if (this.#seqs.size > REMEMBERED) {
      const oldest = this.#seqs.keys().next().value as Seq
      this.#seqs.delete(oldest)
      this.#notes.delete(oldest)
    }
    if (their !== 0 && session !== 0) this.#sessions.set(their, session)
  }

  /** A row of its that we have changed there: held, let go, edited, or more was said of it. */
  async #follow(theirs: Seq): Promise<void> {
    const link = this.#link
    const seq = this.#seqs.get(theirs)
    if (link === null || seq === undefined) return
    const frame = await link.api.trace.frame(theirs).catch(() => null)
    const ours = this.#parts.recorder.row(seq)
    if (frame === null || ours === undefined || this.#link !== link) return
    this.#said(theirs, seq, ours, frame)
    if (ours.origin !== this.row.name || ours.hold === frame.row.hold) return this.#parts.changed()
    const edited = frame.original === null ? {} : { bytes: frame.bytes }
    this.#parts.recorder.hold(seq, frame.row.hold, { ...edited, ...this.#aligned(frame.row.at) })
    this.#parts.changed()
  }

  #said(theirs: Seq, seq: Seq, ours: TraceRow, frame: FrameDetail): void {
    const more = frame.notes.slice(this.#notes.get(theirs) ?? 0)
    this.#notes.set(theirs, frame.notes.length)
    this.#parts.recorder.remark(seq, ours.session, more)
  }

  #session({
    session,
    state,
    reason,
  }: {
    readonly session: number
    readonly state: 'open' | 'completed' | 'failed' | 'aborted' | 'timed out'
    readonly reason: string
  }): void {
    const ours = this.#sessions.get(session)
    if (ours === undefined || state === 'open') return
    this.#parts.recorder.move(ours, state, reason)
    this.#parts.changed()
  }

  /** The number a row of it has here; undefined where it was not taken. */
  seqOf(theirs: Seq): Seq | undefined {
    return this.#seqs.get(theirs)
  }

  get api(): LabApi | null {
    return this.#link?.api ?? null
  }

  // Its held messages.

  #cards(held: readonly Held[]): void {
    // Cards of labs it is attached to itself are not its own.
    this.#theirs = held.filter(({ origin }) => origin === undefined)
    for (const { id } of this.#theirs) if (!this.#numbers.has(id)) this.#numbers.set(id, PEER_CARDS + this.#parts.number())
    if (this.row.held !== this.#theirs.length) this.#move({ held: this.#theirs.length })
    const now = JSON.stringify(this.held())
    if (now === this.#shown) return
    this.#shown = now
    this.#parts.heldMoved()
  }

  /** As our tray shows them: our numbers, our rows, our time. A card whose row has not come yet waits for it. */
  held(): readonly Held[] {
    return this.#theirs.flatMap((card) => {
      const seq = this.#seqs.get(card.seq)
      const id = this.#numbers.get(card.id)
      return seq === undefined || id === undefined ? [] : [{ ...card, id, seq, at: this.#aligned(card.at).at, origin: this.row.name }]
    })
  }

  owns(id: number): boolean {
    return this.#theirs.some((card) => this.#numbers.get(card.id) === id)
  }

  async decide(id: number, verdict: Verdict): Promise<void> {
    const card = this.#theirs.find((each) => this.#numbers.get(each.id) === id)
    if (card === undefined || this.#link === null) throw new Error(`nothing is held under number ${id}`)
    await this.#link.api.stepper.decide(card.id, verdict)
  }

  /** Holds every message there, none, or those of one session (our number). */
  async hold(mode: HoldMode): Promise<boolean> {
    const link = this.#link
    if (link === null) return false
    if (mode.mode !== 'session') {
      await link.api.stepper.mode(mode)
      this.#move({ holding: mode.mode === 'all' })
      return true
    }
    const theirs = [...this.#sessions].findLast(([, ours]) => ours === mode.session)?.[0]
    if (theirs === undefined) return false
    await link.api.stepper.mode({ mode: 'session', session: theirs })
    return true
  }

  #move(change: Partial<PeerRow>): void {
    this.row = { ...this.row, ...change }
    this.#parts.moved()
  }

  #tell(text: string): void {
    const { recorder, clock, recording } = this.#parts
    if (!recording) return
    recorder.event(clock.now(), clock.mono(), text, 0, null)
    this.#parts.changed()
  }
}

function ahead(offset: number | null): string {
  const ms = offset ?? 0
  return Math.abs(ms) < 1 ? 'ours within a millisecond' : `${Math.abs(ms).toFixed(1)} ms ${ms > 0 ? 'ahead of' : 'behind'} ours`
}
