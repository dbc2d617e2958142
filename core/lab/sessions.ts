// Gives every message its session: equal SessionIDs of two devices, two servers or two days are different sessions here.
import type { SessionRow } from '../api.ts'
import type { Direction, Seq } from '../api.ts'
import { graver } from '../syncml/finding.ts'
import type { Severity } from '../syncml/finding.ts'
import type { Summary } from '../syncml/summary.ts'

interface Track {
  row: SessionRow
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
      const track = { row, lastUp: '', opening: null }
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
    const opens = direction === 'up' && summary.commands.some((command) => command === 'Alert 1200' || command === 'Alert 1201')
    const first = opens && summary.msgId === '1'
    if (known !== undefined && !(first && (begins(known, bytes) || (fresh && known.row.state !== 'open')))) {
      if (direction === 'up') {
        known.lastUp = summary.msgId
        if (summary.msgId !== '1') known.opening = null
      }
      this.#last = device.last = known
      return known.row.session
    }
    if (device.server !== server) device.server = server
    const row: SessionRow = {
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

  /** Counts a message in; returns the session's new row. */
  count(session: number, seq: Seq, at: number, findings: number, severity: Severity | ''): SessionRow | undefined {
    const track = this.#track(session)
    if (track === undefined) return undefined
    const { row } = track
    return this.#put(track, {
      ...row,
      first: row.first === 0 ? seq : row.first,
      last: seq,
      lastAt: at,
      messages: row.messages + 1,
      findings: row.findings + findings,
      severity: graver(row.severity, severity),
    })
  }

  /** Adds findings that came after the message was counted. */
  blame(session: number, findings: number, severity: Severity | ''): SessionRow | undefined {
    const track = this.#track(session)
    return track && this.#put(track, { ...track.row, findings: track.row.findings + findings, severity: graver(track.row.severity, severity) })
  }

  /** Moves a session's state, as the machine that holds it said. */
  move(session: number, state: SessionRow['state'], reason: string): SessionRow | undefined {
    const track = this.#track(session)
    return track && this.#put(track, { ...track.row, state, reason })
  }

  get(session: number): SessionRow | undefined {
    return this.#track(session)?.row
  }

  /** Sessions still open; after a restart nobody holds them any more. */
  open(): SessionRow[] {
    return this.all().filter((row) => row.state === 'open')
  }

  all(): SessionRow[] {
    return Array.from(this.#tracks.values(), (track) => track.row)
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

  #put(track: Track, row: SessionRow): SessionRow {
    track.row = row
    if (row.state !== 'open') track.opening = null
    return row
  }

  #device(name: string): Device {
    let device = this.#devices.get(name)
    if (device === undefined) this.#devices.set(name, (device = { name, server: '', count: 0, latest: new Map(), last: null }))
    return device
  }
}

/** A Package #1 with MsgID 1 begins a session unless it is the very message that opened the one we know, still unanswered. */
function begins({ row, lastUp, opening }: Track, bytes: Uint8Array): boolean {
  return !(row.state === 'open' && lastUp === '1' && opening !== null && equal(opening, bytes))
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])
