// Area connect: the grid of ways, with proof from the trace. A way counts as working when a message came that way since the lab's start, and not before.
import type { AdbState, ConnectArea, ConnectProof, ConnectState, ConnectWay, ModemState, PathProof, PortHolder, SessionRow } from '../api.ts'
import { wordsOf } from '../syncml/text.ts'
import { connectTiles } from './connecttiles.ts'
import type { Came } from './connecttiles.ts'
import type { Clock } from './ports.ts'
import { hostOnly, octetsOf, reachOf } from './reach.ts'
import type { OwnNetwork } from './reach.ts'

export interface ConnectParts {
  readonly clock: Clock
  /** Looks for the adb server where nobody did yet. */
  readonly adb: () => Promise<AdbState>
  /** What is known of it without looking. */
  readonly adbNow: () => AdbState
  /** null: this lab has no modems. */
  readonly modem: (() => Promise<ModemState>) | null
  readonly networks: () => readonly OwnNetwork[]
  /** What devices can speak to, the DM port first; and the TCP ports of these. */
  readonly listening: () => readonly string[]
  readonly ports: () => readonly number[]
  readonly loopbackOnly: () => boolean
  readonly sessions: () => readonly SessionRow[]
  /** Last row that was there when the lab started. */
  readonly startedAfter: () => number
  /** Other end of the row's connection; '' where it had none (a file), undefined where there is no such row. */
  readonly remote: (seq: number) => string | undefined
  readonly simulated: (device: string) => boolean
  /** Paths that devices' browsers proved, newest first. */
  readonly paths: () => readonly PathProof[]
  readonly resolve: (host: string) => Promise<readonly string[]>
  readonly holder: (port: number) => Promise<PortHolder>
  readonly tell: (state: ConnectState) => void
}

/** A device whose way is known is looked at again after this, ms: it may have changed. */
const LOOK_AGAIN = 5_000
/** Sessions of earlier days that are looked at for the newest proof. */
const EARLIER = 200
const TELL_EVERY = 250

/** True for an address of this computer itself, with or without a port. */
function isLoopback(remote: string): boolean {
  const octets = octetsOf(hostOnly(remote))
  return octets === null || octets[0] === 127 || (octets.length === 16 && octets.slice(0, 15).every((octet) => octet === 0))
}

interface Seen {
  readonly way: ConnectWay
  readonly at: number
}

/** The area, over what the lab knows. */
export class Connect {
  readonly #parts: ConnectParts
  readonly #startedAt: number
  readonly #first = new Map<ConnectWay, ConnectProof>()
  readonly #newest = new Map<ConnectWay, ConnectProof>()
  readonly #devices = new Map<string, Seen>()
  #history = false
  #looked = false
  #telling: (() => void) | null = null
  #modem: ModemState | string | null = null
  readonly area: ConnectArea

  constructor(parts: ConnectParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
    this.area = {
      state: async () => this.state(),
      reach: async (address) => {
        const host = hostOnly(address)
        const resolved = octetsOf(host) === null ? await parts.resolve(host) : [host]
        return reachOf(address, resolved, { networks: parts.networks(), loopbackOnly: parts.loopbackOnly(), ports: parts.ports() })
      },
      port: async (port) => parts.holder(port),
    }
  }

  async state(): Promise<ConnectState> {
    this.#looked = true
    await this.#earlier()
    const [adb, modem] = await Promise.all([this.#parts.adb(), this.#askModem()])
    this.#modem = modem
    return this.#made(adb)
  }

  /** Sessions moved. */
  sessions(changed: readonly SessionRow[]): void {
    void this.#lookAt(changed)
  }

  /** Something a tile shows moved: told soon, once for all that moves meanwhile, where somebody looked before. */
  moved(): void {
    if (!this.#looked) return
    this.#telling ??= this.#parts.clock.after(TELL_EVERY, () => {
      this.#telling = null
      this.#parts.tell(this.#made(this.#parts.adbNow()))
    })
  }

  stop(): void {
    this.#telling?.()
    this.#looked = false
  }

  #made(adb: AdbState): ConnectState {
    const { networks, listening, loopbackOnly, clock } = this.#parts
    const facts = { networks: networks(), listening: listening(), loopbackOnly: loopbackOnly() }
    const tiles = connectTiles({ came: (way) => this.#came(way), adb, modem: this.#modem, ...facts })
    return { tiles, listening: facts.listening, loopbackOnly: facts.loopbackOnly, at: clock.now() }
  }

  #came(way: ConnectWay): Came {
    const devices = [...this.#devices].filter(([, seen]) => seen.way === way).map(([device]) => device)
    return {
      first: this.#first.get(way) ?? null,
      newest: this.#newest.get(way) ?? null,
      devices,
      paths: this.#parts.paths().filter((path) => this.#pathWay(path) === way),
    }
  }

  /** A browser on this computer came through a tunnel where one is open, else it proves nothing of a device. */
  #pathWay({ remote }: PathProof): ConnectWay | null {
    if (!isLoopback(remote)) return 'wifi'
    return this.#parts.adbNow().devices.some(({ reverse }) => reverse.some(({ state }) => state === 'open')) ? 'adb' : null
  }

  async #askModem(): Promise<ModemState | string | null> {
    if (this.#parts.modem === null) return null
    return this.#parts.modem().catch((error: unknown) => wordsOf(error))
  }

  /** Proofs of earlier days, once. */
  async #earlier(): Promise<void> {
    if (this.#history) return
    this.#history = true
    const rows = [...this.#parts.sessions()].sort((a, b) => b.firstAt - a.firstAt).slice(0, EARLIER)
    for (const row of rows.reverse()) await this.#look(row)
  }

  /** One after the other: what the first of many tells makes most others not worth a look. */
  async #lookAt(rows: readonly SessionRow[]): Promise<void> {
    for (const row of rows) if (this.#worth(row)) await this.#look(row)
  }

  #worth(row: SessionRow): boolean {
    const known = this.#devices.get(row.device)
    return row.first !== 0 && (known === undefined || !this.#soon(row, known))
  }

  async #look(row: SessionRow): Promise<void> {
    if (!this.#worth(row)) return
    const fresh = row.firstAt >= this.#startedAt
    const remote = this.#parts.remote(row.first)
    if (remote === undefined) return
    const way = await this.#wayOf(row.device, remote, fresh)
    this.#devices.set(row.device, { way, at: row.lastAt })
    const proof: ConnectProof = { seq: row.first, at: row.firstAt, device: row.device, remote }
    if (fresh && remote !== '' && (this.#first.get(way)?.at ?? Infinity) > proof.at) this.#first.set(way, proof)
    // What was read from a file came when it was opened, whatever its times say.
    if (remote === '' && row.first > this.#parts.startedAfter()) this.#first.set('file', this.#first.get('file') ?? proof)
    if ((this.#newest.get(way)?.at ?? -Infinity) <= proof.at) this.#newest.set(way, proof)
    this.moved()
  }

  /** True where looking again would tell little new: many devices move many times a second. */
  #soon(row: SessionRow, known: Seen): boolean {
    const newest = this.#newest.get(known.way)
    if (newest === undefined || row.lastAt - known.at >= LOOK_AGAIN) return false
    return newest.device === row.device || row.firstAt - newest.at < TELL_EVERY
  }

  async #wayOf(device: string, remote: string, fresh: boolean): Promise<ConnectWay> {
    if (remote === '') return 'file'
    if (this.#parts.simulated(device)) return 'simulated'
    if (!isLoopback(remote)) return 'wifi'
    const tunnels = this.#parts.adbNow().devices.some(({ reverse }) => reverse.some(({ state }) => state === 'open'))
    if (!tunnels || !fresh) return 'simulated'
    // Through a tunnel it is the adb server that connects; where its name cannot be read, an open tunnel has to do.
    const { program } = await this.#parts.holder(Number(remote.slice(remote.lastIndexOf(':') + 1)))
    return program === '' || /(^|\/)adb(\.exe)?$/.test(program) ? 'adb' : 'simulated'
  }
}
