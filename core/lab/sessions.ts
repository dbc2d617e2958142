// Gives every message its session: equal SessionIDs of two devices, two servers or two days are different sessions here.
import type { SessionRow } from '../api.ts'
import type { Direction, Seq } from '../api.ts'
import type { Severity } from '../syncml/finding.ts'
import type { Summary } from '../syncml/summary.ts'

const SEVERITIES: readonly (Severity | '')[] = ['', 'chat', 'note', 'warn', 'error']

/** The graver of two severities. */
export function graver(a: Severity | '', b: Severity | ''): Severity | '' {
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b
}

interface Track {
  row: SessionRow
  /** MsgID and bytes of the last message upwards: the same bytes again are a resend, not a new session. */
  lastUp: string
  opening: string
}

/** A message about to be placed. `mark` identifies its bytes (any cheap digest); asked for only where a session may begin. */
export interface Placement {
  readonly direction: Direction
  readonly summary: Summary
  readonly at: number
  readonly mark: () => string
}

/** Running index of sessions. `restore` gives it the rows of an opened workspace; keys count upwards. */
export class SessionIndex {
  readonly #tracks = new Map<number, Track>()
  readonly #latest = new Map<string, number>()
  readonly #perDevice = new Map<string, number>()
  #next = 1

  restore(rows: readonly SessionRow[]): void {
    for (const row of rows) {
      this.#tracks.set(row.session, { row, lastUp: '', opening: '' })
      this.#next = Math.max(this.#next, row.session + 1)
      this.#perDevice.set(row.device, this.of(row.device) + 1)
      const name = nameOf(row.device, row.sessionId)
      this.#latest.set(name, Math.max(row.session, this.#latest.get(name) ?? 0))
    }
  }

  /** Key of the session this message belongs to; a new one where it opens a session. */
  place({ direction, summary, at, mark }: Placement): number {
    const device = direction === 'up' ? summary.source : summary.target
    const server = direction === 'up' ? summary.target : summary.source
    const name = nameOf(device, summary.sessionId)
    const key = this.#latest.get(name)
    const track = key === undefined ? undefined : this.#tracks.get(key)
    const opens = direction === 'up' && summary.commands.some((command) => command === 'Alert 1200' || command === 'Alert 1201')
    const first = opens && summary.msgId === '1'
    if (track !== undefined && key !== undefined && !(first && begins(track, mark()))) {
      if (direction === 'up') track.lastUp = summary.msgId
      return key
    }
    const session = this.#next++
    const row: SessionRow = {
      session,
      device,
      server,
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
    this.#tracks.set(session, { row, lastUp: summary.msgId, opening: first ? mark() : '' })
    this.#latest.set(name, session)
    this.#perDevice.set(device, this.of(device) + 1)
    return session
  }

  /** Key of the latest session of this device with this SessionID; 0 where there is none. */
  find(device: string, sessionId: string): number {
    return this.#latest.get(nameOf(device, sessionId)) ?? 0
  }

  /** Counts a message in; returns the session's new row. */
  count(session: number, seq: Seq, at: number, findings: number, severity: Severity | ''): SessionRow | undefined {
    const row = this.#tracks.get(session)?.row
    if (row === undefined) return undefined
    return this.#put({
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
    const row = this.#tracks.get(session)?.row
    return row && this.#put({ ...row, findings: row.findings + findings, severity: graver(row.severity, severity) })
  }

  /** Moves a session's state, as the machine that holds it said. */
  move(session: number, state: SessionRow['state'], reason: string): SessionRow | undefined {
    const row = this.#tracks.get(session)?.row
    return row && this.#put({ ...row, state, reason })
  }

  get(session: number): SessionRow | undefined {
    return this.#tracks.get(session)?.row
  }

  /** Sessions still open; after a restart nobody holds them any more. */
  open(): SessionRow[] {
    return [...this.#tracks.values()].map((track) => track.row).filter((row) => row.state === 'open')
  }

  all(): SessionRow[] {
    return [...this.#tracks.values()].map((track) => track.row)
  }

  /** Number of sessions of a device. */
  of(device: string): number {
    return this.#perDevice.get(device) ?? 0
  }

  get size(): number {
    return this.#tracks.size
  }

  #put(row: SessionRow): SessionRow {
    const track = this.#tracks.get(row.session)
    if (track !== undefined) track.row = row
    return row
  }
}

const nameOf = (device: string, sessionId: string): string => `${device}\n${sessionId}`

/** A Package #1 with MsgID 1 begins a session unless it is the very message that opened the one we know, still unanswered. */
function begins(track: Track, mark: string): boolean {
  return !(track.row.state === 'open' && track.lastUp === '1' && track.opening === mark)
}
