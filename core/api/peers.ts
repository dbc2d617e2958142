// Other labs whose traces join this one: a gateway in another process or on another host, looked at in one window. Types only.

/** Which lab to join. */
export interface PeerWish {
  /** What its ready line calls `ui` or `api`; `http://127.0.0.1:8081/`. The token may stand in it as `?token=`. */
  readonly url: string
  /** Its token, where the URL does not hold it. */
  readonly token?: string
  /** What its rows are marked with; absent: the gateway it plays, else its own name. */
  readonly name?: string
  /** So many of the rows it has already are taken too; default 500. Everything from then on is taken. */
  readonly history?: number
}

/** An attached lab. Its token is never told. */
export interface PeerRow {
  readonly id: string
  /** What its rows are marked with. */
  readonly name: string
  /** Without the token. */
  readonly url: string
  /** `lost`: it is tried again; `refused`: it is not, `why` says why. */
  readonly state: 'connecting' | 'attached' | 'lost' | 'refused'
  readonly why: string
  /** DevId of the gateway it plays; '' where it plays none, or was not reached yet. */
  readonly gateway: string
  /** How far its clock is ahead of ours, ms; null while that was not measured. Rows are put at our time. */
  readonly offsetMs: number | null
  /** Shortest way there and back of the measurement, ms: the offset is right to half of it. */
  readonly roundTripMs: number | null
  /** Rows taken since this process runs; rows it has that are on their way; rows older than what was asked for. */
  readonly rows: number
  readonly waiting: number
  readonly older: number
  /** Messages it holds now, and whether it holds every message. */
  readonly held: number
  readonly holding: boolean
  /** When it was attached, and when its last row came; ms since epoch, 0 never. */
  readonly attachedAt: number
  readonly lastAt: number
}

export interface PeersArea {
  /** This lab's own clock, ms since epoch: what another lab measures its offset with. */
  clock(): Promise<{ readonly now: number }>
  list(): Promise<readonly PeerRow[]>
  /** Joins a lab and keeps joined, also over restarts. Rejects in words: not reachable, wrong token, the lab itself. */
  attach(wish: PeerWish): Promise<PeerRow>
  /** Leaves it; the rows taken stay. */
  detach(id: string): Promise<void>
  /** Breakpoints of that lab: every message of it is held, or none. */
  hold(id: string, on: boolean): Promise<PeerRow>
}
