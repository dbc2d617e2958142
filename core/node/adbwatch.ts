// Follows one adb server: its version, its device lists as they change, its heartbeat; comes back by itself when it does. The machine decides, this dials.
import type { AdbServerClient } from '@yume-chan/adb'
import { readDeviceList } from '../adapters/adb/list.ts'
import { Roster } from '../adapters/adb/roster.ts'
import type { Move } from '../adapters/adb/roster.ts'
import { AdbServerMachine } from '../adapters/adb/server.ts'
import type { ServerFacts, ServerInput } from '../adapters/adb/server.ts'
import type { Clock } from '../lab/ports.ts'
import { ANSWER_WITHIN, AdbError, adbClient, adbError, within } from './adblink.ts'
import type { AdbAddress } from './adblink.ts'

/**
 * How often the list is asked for besides the stream, ms: a server that was stopped keeps its sockets open, and the stream of adb 29 does not tell when a device
 * goes offline.
 */
const HEARTBEAT = 3_000

export interface AdbWatch {
  readonly address: AdbAddress
  readonly facts: ServerFacts
  readonly roster: Roster
  /** Somebody wants to know: begins, or tries at once. Resolves when the try under way has an outcome. */
  look(): Promise<void>
  /** Another port. */
  move(port: number): Promise<void>
  /** There is a doubt about a device: asks for the list now. */
  refresh(): Promise<void>
  /** Resolves when `good` holds, or after `ms`. */
  until(good: () => boolean, ms: number): Promise<boolean>
  stop(): void
}

export interface AdbWatchParts {
  readonly address: AdbAddress
  readonly clock: Clock
  /** Devices or the server moved. */
  moved(moves: readonly Move[]): void
}

/** Makes a watch that rests until somebody looks. */
export function watchAdb(parts: AdbWatchParts): AdbWatch {
  const { clock } = parts
  let { address } = parts
  const machine = new AdbServerMachine()
  const roster = new Roster()
  let line: AbortController | null = null
  let timer: (() => void) | null = null
  let trying: Promise<void> = Promise.resolve()
  const waiting = new Set<() => void>()

  const told = (moves: readonly Move[]): void => {
    parts.moved(moves)
    for (const look of [...waiting]) look()
  }
  const input = (what: ServerInput): void => {
    for (const effect of machine.input(what, clock.now())) {
      switch (effect.type) {
        case 'dial':
          trying = dial()
          break
        case 'hangUp':
          line?.abort()
          line = null
          break
        case 'timer':
          timer?.()
          timer = effect.ms === null ? null : clock.after(effect.ms, () => input({ type: 'timer' }))
          break
        case 'moved':
          told(effect.gone ? roster.serverGone(clock.now()) : [])
          break
        default:
          effect satisfies never
      }
    }
  }
  const failed = (error: unknown): void => {
    const { kind, message, code } = adbError(error)
    if (kind === 'nobody') input({ type: 'refused', code, reason: message })
    else if (kind === 'silent') input({ type: 'silent', reason: 'it takes connections and does not answer' })
    else if (machine.facts.state === 'ready') input({ type: 'ended', reason: message })
    else input({ type: 'foreign', reason: kind === 'ended' ? 'it closes the connection without an answer' : message })
  }
  const dial = async (): Promise<void> => {
    line?.abort()
    const mine = (line = new AbortController())
    try {
      input({ type: 'version', version: await within(address, ANSWER_WITHIN, 'version', (client) => client.getVersion(), mine.signal) })
      if (mine.signal.aborted) return
      const pairing = await hasPairing(address, mine.signal)
      const first = new Promise<void>((resolve, reject) => {
        follow(mine, pairing, resolve).then(reject, reject)
      })
      await first
    } catch (error) {
      if (!mine.signal.aborted) failed(error)
    }
  }
  /** Reads device lists for as long as they come; `begun` is called at the first. Rejects with the reason of the end, whatever it is. */
  const follow = async (mine: AbortController, pairing: boolean, begun: () => void): Promise<never> => {
    const silent = clock.after(ANSWER_WITHIN, () => mine.signal.aborted || failed(new AdbError('silent', 'no device list came')))
    let heartbeat: (() => void) | null = null
    let lists = 0
    try {
      const nextList = await deviceLists(adbClient(address, mine.signal))
      for (;;) {
        const text = await nextList()
        if (mine.signal.aborted) throw new AdbError('ended', 'given up')
        silent()
        lists += 1
        const moves = roster.listed(readDeviceList(text).devices, clock.now())
        if (lists === 1) {
          heartbeat = beat(mine)
          input({ type: 'ready', pairing })
          begun()
        } else input({ type: 'heard' })
        told(moves)
      }
    } catch (error) {
      silent()
      // `heartbeat` was set inside the loop, which the compiler does not see.
      ;(heartbeat as (() => void) | null)?.()
      if (lists > 0 && !mine.signal.aborted) failed(adbError(error).kind === 'ended' ? new AdbError('ended', 'it closed the connection') : error)
      throw error
    }
  }
  /** Asks for the list now and then. */
  const beat = (mine: AbortController): (() => void) => {
    const again = (): void => {
      next = clock.after(HEARTBEAT, () => void asked(mine).then(() => mine.signal.aborted || again()))
    }
    let next: (() => void) | null = null
    again()
    return () => next?.()
  }
  const asked = async (mine: AbortController): Promise<void> => {
    try {
      const text = await within(address, ANSWER_WITHIN, 'device list', listOf, mine.signal)
      if (mine.signal.aborted || machine.facts.state !== 'ready') return
      input({ type: 'heard' })
      const moves = roster.listed(readDeviceList(text).devices, clock.now())
      if (moves.length > 0) told(moves)
    } catch (error) {
      if (!mine.signal.aborted) failed(error)
    }
  }
  return {
    get address() {
      return address
    },
    get facts() {
      return machine.facts
    },
    roster,
    look: async () => {
      input({ type: 'look' })
      await trying
    },
    move: async (port) => {
      address = { ...address, port }
      input({ type: 'moved' })
      await trying
    },
    refresh: async () => {
      if (line !== null && machine.facts.state === 'ready') await asked(line)
    },
    until: (good, ms) =>
      new Promise((resolve) => {
        const done = (held: boolean): void => {
          waiting.delete(look)
          late()
          resolve(held)
        }
        const look = (): void => void (good() && done(true))
        const late = clock.after(ms, () => done(good()))
        waiting.add(look)
        look()
      }),
    stop: () => {
      input({ type: 'stop' })
      for (const look of [...waiting]) look()
    },
  }
}

/** Gives one list after the other. Servers without the long form of the stream are asked for the long list at each change. */
async function deviceLists(client: AdbServerClient): Promise<() => Promise<string>> {
  try {
    const long = await client.createConnection('host:track-devices-l')
    return async () => long.readString()
  } catch (error) {
    if (adbError(error).kind !== 'refused') throw error
    const short = await client.createConnection('host:track-devices')
    return async () => {
      await short.readString()
      return listOf(client)
    }
  }
}

async function listOf(client: AdbServerClient): Promise<string> {
  const stream = await client.createConnection('host:devices-l')
  return stream.readString()
}

/** Servers that have pairing (30.0 and later) know mDNS too; older ones refuse the question. */
async function hasPairing(address: AdbAddress, signal: AbortSignal): Promise<boolean> {
  return within(address, ANSWER_WITHIN, 'mdns', (client) => client.mDns.check(), signal).then(
    () => true,
    () => false,
  )
}
