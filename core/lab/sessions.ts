// Gives every message its session: equal SessionIDs of two devices, two servers or two days are different sessions here.
import type { SessionRow } from '../api.ts'
import type { Direction, Seq } from '../api.ts'
import { graver } from '../syncml/finding.ts'
import type { Severity } from '../syncml/finding.ts'
import type { Summary } from '../syncml/summary.ts'
import { sameBytes } from '../syncml/text.ts'

/** A row as it grows; whoever is given one gets a copy. */
type Growing = { -readonly [K in keyof SessionRow]: SessionRow[K] }

interface Track {
  readonly row: Growing
  /** MsgID of the last message upwards. */
  lastUp: string
  /** The message that opened the session, while it is unanswered: the same bytes again are a resend, not a new session. */
  opening: Uint8Array | null
}

/** What is known of one device. Texts that rows repeat are kept once: cut out of a message they would hold on to all of it. */
interface Device {
  readonly name: string
  server: string
  count: number
  /** By SessionID. */
  readonly latest: Map<string, Track>
  /** The one that spoke last: most messages go on with it. */
  last: Track | null
}

/** A message about to be placed. */
export interface Placement {
  readonly direction: Direction
  readonly summary: Summary
  readonly at: number
  readonly bytes: Uint8Array
  /** What is over is not gone on with, even by the same bytes. */
  readonly fresh?: boolean
}

/** Running index of sessions. `restore` gives it the rows of an opened workspace; keys count upwards. */
export class SessionIndex {
  readonly #tracks = new Map<number, Track>()
  readonly #devices = new Map<string, Device>()
  /** The session of the message placed last. */
  #last: Track | null = null
  #next = 1
  #before = 0

  /** The session that had the name of the one placed last, itself where it goes on; 0 where none had. */
  get before(): number {
    return this.#before
  }

  restore(rows: readonly SessionRow[]): void {
    for (const row of rows) {
      const track = { row: { ...row }, lastUp: '', opening: null }
      const device = this.#device(row.device)
      const latest = device.latest.get(row.sessionId)
      this.#tracks.set(row.session, track)
      this.#next = Math.max(this.#next, row.session + 1)
      device.count += 1
      if (latest === undefined || latest.row.session < row.session) device.latest.set(row.sessionId, track)
      device.last = null
    }
  }

  /** Key of the session this message belongs to; a new one where it opens a session. */
  place({ direction, summary, at, bytes, fresh = false }: Placement): number {
    const device = this.#device(direction === 'up' ? summary.source : summary.target)
    const server = direction === 'up' ? summary.target : summary.source
    const known = device.last?.row.sessionId === summary.sessionId ? device.last : device.latest.get(summary.sessionId)
    this.#before = known?.row.session ?? 0
    const first = direction === 'up' && summary.package === '#1' && summary.msgId === '1'
    if (known !== undefined && !(first && (begins(known, bytes) || (fresh && known.row.state !== 'open')))) {
      if (direction === 'up') {
        known.lastUp = summary.msgId
        if (summary.msgId !== '1') known.opening = null
      }
      this.#last = device.last = known
      return known.row.session
    }
    if (device.server !== server) device.server = server
    const row: Growing = {
      session: this.#next++,
      device: device.name,
      server: device.server,
      sessionId: summary.sessionId,
      first: 0,
      last: 0,
      firstAt: at,
      lastAt: at,
      messages: 0,
      findings: 0,
      severity: '',
      state: 'open',
      reason: '',
    }
    const track = { row, lastUp: summary.msgId, opening: first ? bytes : null }
    this.#tracks.set(row.session, track)
    device.latest.set(summary.sessionId, track)
    this.#last = device.last = track
    device.count += 1
    return row.session
  }

  /** Key of the latest session of this device with this SessionID; 0 where there is none. */
  find(device: string, sessionId: string): number {
    return this.#devices.get(device)?.latest.get(sessionId)?.row.session ?? 0
  }

  /** Counts a message in; false where there is no such session. */
  count(session: number, seq: Seq, at: number, findings: number, severity: Severity | ''): boolean {
    const row = this.#track(session)?.row
    if (row === undefined) return false
    if (row.first === 0) row.first = seq
    row.last = seq
    row.lastAt = at
    row.messages += 1
    row.findings += findings
    if (severity !== '') row.severity = graver(row.severity, severity)
    return true
  }

  /** Adds findings that came after the message was counted; false where there is no such session. */
  blame(session: number, findings: number, severity: Severity | ''): boolean {
    const row = this.#track(session)?.row
    if (row === undefined) return false
    row.findings += findings
    row.severity = graver(row.severity, severity)
    return true
  }

  /** Moves a session's state, as the machine that holds it said; false where there is no such session. */
  move(session: number, state: SessionRow['state'], reason: string): boolean {
    const track = this.#track(session)
    if (track === undefined) return false
    track.row.state = state
    track.row.reason = reason
    if (state !== 'open') track.opening = null
    return true
  }

  /** A session's row as it is now. */
  get(session: number): SessionRow | undefined {
    const track = this.#track(session)
    return track && { ...track.row }
  }

  /** Device of a session; '' where there is none. */
  deviceOf(session: number): string {
    return this.#track(session)?.row.device ?? ''
  }

  /** True where the session has no message yet. */
  isNew(session: number): boolean {
    return this.#track(session)?.row.messages === 0
  }

  /** Sessions still open; after a restart nobody holds them any more. */
  open(): SessionRow[] {
    return this.all().filter((row) => row.state === 'open')
  }

  all(): SessionRow[] {
    return Array.from(this.#tracks.values(), (track) => ({ ...track.row }))
  }

  /** Number of sessions of a device. */
  of(device: string): number {
    return this.#devices.get(device)?.count ?? 0
  }

  get size(): number {
    return this.#tracks.size
  }

  #track(session: number): Track | undefined {
    return this.#last?.row.session === session ? this.#last : this.#tracks.get(session)
  }

  #device(name: string): Device {
    let device = this.#devices.get(name)
    if (device === undefined) this.#devices.set(name, (device = { name, server: '', count: 0, latest: new Map(), last: null }))
    return device
  }
}

/** A Package #1 with MsgID 1 begins a session unless it is the very message that opened the one we know, still unanswered. */
function begins({ row, lastUp, opening }: Track, bytes: Uint8Array): boolean {
  return !(row.state === 'open' && lastUp === '1' && opening !== null && sameBytes(opening, bytes))
}
