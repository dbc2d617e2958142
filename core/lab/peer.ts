// One attached lab: its rows are taken into this trace at our time, its held messages stand in our tray, and what is decided about them goes back to it.
import type { Held, HoldMode, LabApi, LabEvents, LabState, PeerRow, Seq, SessionRow, Verdict } from '../api.ts'
import { readPage } from '../page.ts'
import { wordsOf } from '../syncml/text.ts'
import { PEER_CARDS } from './holders.ts'
import { ahead, alignedTo, measureClock } from './peerclock.ts'
import { PeerRows } from './peerrows.ts'
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
/** Its clock is measured so often, ms. */
const MEASURE_EVERY = 30_000

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
  /** The cards as they were told last: one may wait for its row. */
  #shown = '[]'
  readonly #rows: PeerRows
  #theirs: readonly Held[] = []
  readonly #numbers = new Map<number, number>()

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.#progress = parts.progress
    this.#rows = new PeerRows({ recorder: parts.recorder, name: () => this.row.name, aligned: (at) => this.#aligned(at) })
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
    this.join().catch((error: unknown) => this.#lost(wordsOf(error), error instanceof Unwelcome))
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
    api.on('sessions', ({ changed }) => changed.forEach((row) => this.#ended(row)))
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
    sessions.forEach((row) => this.#ended(row))
    for (const { seq, origin } of held) if (origin === undefined && this.#rows.seqOf(seq) === undefined) await this.#rows.find(api, seq)
    this.#cards(held)
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

  async #measure(api: LabApi): Promise<void> {
    this.#move(await measureClock(api, this.#parts.clock))
  }

  #aligned(at: number): ReturnType<typeof alignedTo> {
    return alignedTo(this.#parts.clock, this.row.offsetMs, at)
  }

  // Its rows.

  #trace(fact: LabEvents['trace']): void {
    const taken = this.#progress?.last ?? 0
    this.#wanted = Math.max(this.#wanted, fact.last)
    const changed = fact.rows === null ? this.#rows.between(fact.first, fact.last) : readPage(fact.rows).map(({ seq }) => seq)
    for (const seq of changed) if (seq <= taken && this.#rows.seqOf(seq) !== undefined) void this.#follow(seq)
    void this.#pull()
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#pullAll()
      .catch((error: unknown) => this.#link?.api !== undefined && this.#lost(wordsOf(error), false))
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
        for (const frame of frames) if (frame !== null && this.#parts.recording && this.#rows.take(frame)) this.#move({ rows: this.row.rows + 1 })
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

  async #follow(theirs: Seq): Promise<void> {
    const link = this.#link
    if (link === null) return
    const frame = await link.api.trace.frame(theirs).catch(() => null)
    if (frame !== null && this.#link === link && this.#rows.follow(frame)) this.#parts.changed()
  }

  #ended(row: SessionRow): void {
    if (this.#rows.ended(row)) this.#parts.changed()
  }

  /** The number a row of it has here; undefined where it was not taken. */
  seqOf(theirs: Seq): Seq | undefined {
    return this.#rows.seqOf(theirs)
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
      const seq = this.#rows.seqOf(card.seq)
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
    const theirs = this.#rows.sessionOf(mode.session)
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
