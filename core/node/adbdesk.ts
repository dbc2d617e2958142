// One Android device at work: its facts, its sign of life, its tunnels, its log. What was wished for stays wished for while the device is away.
import type { DeviceFacts } from '../adapters/adb/props.ts'
import { factsOf } from '../adapters/adb/props.ts'
import type { Known } from '../adapters/adb/roster.ts'
import { DEVICE_WORDS } from '../adapters/adb/words.ts'
import type { AdbDeviceRow, AdbLogLine, AdbReverseRow } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import { adbError } from './adblink.ts'
import type { AdbAddress } from './adblink.ts'
import { AdbLog } from './adblog.ts'
import type { AdbTarget } from './adbwork.ts'
import { deviceClock, deviceFacts, dropReverse, makeReverse, reverses } from './adbwork.ts'

/** How often a device listed as ready is asked for a sign of life, ms. */
const PING_EVERY = 20_000

/** A port to be reachable on the device, and what is there. */
export interface WantedPort {
  readonly port: number
  readonly role: string
}

export interface DeskParts {
  readonly serial: string
  readonly clock: Clock
  readonly address: () => AdbAddress
  /** The device was heard; `proof` says by what. */
  heard(proof: string): void
  lines(lines: readonly AdbLogLine[]): void
  moved(): void
  /** A tunnel is open now, or failed. */
  tunnelled(row: AdbReverseRow): void
  /** It did not do what a device that is there would do. */
  doubt(): void
}

/** Work with one device. */
export class AdbDesk {
  readonly log: AdbLog
  facts: DeviceFacts = factsOf(new Map())
  readonly #parts: DeskParts
  readonly #tunnels = new Map<number, AdbReverseRow>()
  #target: AdbTarget | null = null
  #gone = new AbortController()
  #ping: (() => void) | null = null
  /** Why it did not answer the last time; '' where it did. */
  #mute = ''
  #muteSince = 0

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.log = new AdbLog({
      clock: parts.clock,
      tell: (lines) => parts.lines(lines),
      heard: () => this.#heard('wrote a log line'),
      doubt: () => parts.doubt(),
    })
  }

  /** The device has a new connection, or none that can be used. */
  at(known: Known | null): void {
    this.#gone.abort()
    this.#ping?.()
    this.#ping = null
    this.#mute = ''
    this.#target = null
    for (const [port, row] of this.#tunnels)
      if (row.state !== 'wanted') this.#tunnel(port, row.role, 'wanted', 'it is made again when the device is back')
    if (known !== null) {
      this.#gone = new AbortController()
      const { address, clock } = this.#parts
      this.#target = { address: address(), serial: known.serial, transportId: known.transportId, gone: this.#gone.signal, now: () => clock.now() }
      void this.#begin(this.#target)
    }
    this.log.at(this.#target)
  }

  /** The device, ready to be worked with; throws in words where it is not. */
  ready(known: Known | undefined): AdbTarget {
    const { serial } = this.#parts
    if (this.#target !== null) return this.#target
    const words = known === undefined ? undefined : DEVICE_WORDS[known.state]
    throw new Error(`${serial} cannot be used: ${words?.text ?? 'it is not known'}${words === undefined || words.fix === '' ? '' : `. ${words.fix}`}`)
  }

  /** Asks the device for a sign of life, its facts and its clock. Rejects in words where it gives none. */
  async probe(target: AdbTarget): Promise<void> {
    try {
      this.facts = await deviceFacts(target)
      this.#heard('answered a probe')
      const clock = await deviceClock(target)
      if (clock !== null) this.log.measured(clock)
    } catch (error) {
      this.#silent(target, adbError(error).message)
      throw adbError(error)
    } finally {
      this.#parts.moved()
    }
  }

  /** Makes tunnels and keeps them wished for; each one's row says what became of it. */
  async reverse(target: AdbTarget, ports: readonly WantedPort[]): Promise<void> {
    for (const { port, role } of ports) this.#tunnel(port, role, 'wanted', '')
    await this.#tunnelsOn(target, ports)
  }

  /** Takes tunnels back; `ports` null: all of this lab. What is not there any more is no trouble. */
  async unreverse(target: AdbTarget | null, ports: readonly number[] | null): Promise<void> {
    const rows = [...this.#tunnels.values()].filter(({ remote }) => ports === null || ports.includes(remote))
    for (const { remote } of rows) this.#tunnels.delete(remote)
    this.#parts.moved()
    if (target === null) return
    // Ports that are named are taken back whoever made them; without names only what this lab made. What is known not to be there is left alone.
    const shut = new Set(rows.filter(({ state }) => state !== 'open').map(({ remote }) => remote))
    const there = (ports ?? rows.map(({ remote }) => remote)).filter((port) => !shut.has(port))
    const done = await Promise.allSettled(there.map(async (port) => dropReverse(target, port)))
    const failed = done.find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw adbError((failed as PromiseRejectedResult).reason)
  }

  get tunnels(): readonly AdbReverseRow[] {
    return [...this.#tunnels.values()].sort((a, b) => a.remote - b.remote)
  }

  /** Takes back what this lab made, where the device is there, and ends all work. */
  async stop(): Promise<void> {
    await this.unreverse(this.#target, null).catch(() => {})
    this.leave()
  }

  /** Ends all work and leaves the device as it is. */
  leave(): void {
    this.#ping?.()
    this.#ping = null
    this.log.stop()
    this.#gone.abort()
    this.#target = null
  }

  /** The row a screen sees. */
  row(known: Known, device: string): AdbDeviceRow {
    const { facts } = this
    const words = DEVICE_WORDS[known.state]
    const mute = known.state === 'device' && this.#mute !== ''
    const { serial, state, said, way, host, since, proofAt, proof, listedAt } = known
    return {
      serial,
      state,
      said,
      way,
      host,
      manufacturer: facts.manufacturer,
      model: facts.model === '' ? known.model : facts.model,
      product: facts.product === '' ? known.product : facts.product,
      android: facts.android,
      sdk: facts.sdk,
      build: facts.build,
      text: mute ? `the adb server lists it as ready, but it does not answer: ${this.#mute}` : words.text,
      fix: mute ? DEVICE_WORDS.offline.fix : words.fix,
      since: mute ? this.#muteSince : since,
      proofAt,
      proof,
      listedAt,
      device,
      reverse: this.tunnels,
      log: this.log.book.row(),
    }
  }

  async #begin(target: AdbTarget): Promise<void> {
    // A device that does not answer has its row say so.
    await this.probe(target).catch(() => {})
    if (target.gone.aborted) return
    this.#pinging(target)
    const wanted = [...this.#tunnels.values()].map(({ remote, role }) => ({ port: remote, role }))
    if (wanted.length > 0) await this.#tunnelsOn(target, wanted)
  }

  #pinging(target: AdbTarget): void {
    this.#ping = this.#parts.clock.after(PING_EVERY, () => {
      void deviceClock(target)
        .then((clock) => {
          this.#heard('answered a probe')
          if (clock !== null) this.log.measured(clock)
        })
        .catch((error: unknown) => this.#silent(target, adbError(error).message))
        .then(() => {
          if (target.gone.aborted) return
          this.#parts.moved()
          this.#pinging(target)
        })
    })
  }

  async #tunnelsOn(target: AdbTarget, ports: readonly WantedPort[]): Promise<void> {
    for (const { port, role } of ports) {
      try {
        await makeReverse(target, port, port)
      } catch (error) {
        if (!target.gone.aborted) this.#tunnel(port, role, 'failed', adbError(error).message)
      }
    }
    await this.#confirm(target)
  }

  /** A tunnel is open where the device itself lists it. */
  async #confirm(target: AdbTarget): Promise<void> {
    try {
      const list = await reverses(target)
      // What a connection that is over still said is true no more.
      if (target.gone.aborted) return
      this.#heard('listed its tunnels')
      for (const row of this.#tunnels.values()) {
        if (list.get(row.remote) === row.local) this.#tunnel(row.remote, row.role, 'open', '')
        else if (row.state !== 'failed') this.#tunnel(row.remote, row.role, 'failed', 'the device does not list it')
      }
    } catch (error) {
      for (const row of this.#tunnels.values())
        if (row.state !== 'failed' && !target.gone.aborted) this.#tunnel(row.remote, row.role, 'failed', adbError(error).message)
    }
    this.#parts.moved()
  }

  #tunnel(port: number, role: string, state: AdbReverseRow['state'], text: string): void {
    const was = this.#tunnels.get(port)
    const row: AdbReverseRow = { remote: port, local: port, role, state, text, at: this.#parts.clock.now() }
    this.#tunnels.set(port, row)
    if (state !== 'wanted' && (was?.state !== state || was.text !== text)) this.#parts.tunnelled(row)
  }

  #heard(proof: string): void {
    this.#mute = ''
    this.#parts.heard(proof)
  }

  #silent(target: AdbTarget, reason: string): void {
    if (target.gone.aborted) return
    if (this.#mute === '') this.#muteSince = this.#parts.clock.now()
    this.#mute = reason
    this.#parts.doubt()
  }
}
