// Area adb: the adb server's watch, a desk for each device, and the calls of the screen. It looks for a server only when asked, and starts one only when told to.
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import { deviceHappening, serverHappening, tunnelHappening } from '../adapters/adb/happenings.ts'
import { dmDeviceOf } from '../adapters/adb/props.ts'
import type { Move } from '../adapters/adb/roster.ts'
import { USABLE } from '../adapters/adb/words.ts'
import type { AdbArea, AdbLogFact, AdbState } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { Note } from '../machine.ts'
import { adbArea } from './adbarea.ts'
import { AdbDesk } from './adbdesk.ts'
import type { WantedPort } from './adbdesk.ts'
import { adbLine } from './adbline.ts'
import { adbPages } from './adbpage.ts'
import type { AdbPages } from './adbpage.ts'
import { recentAdbProgram } from './adbprogram.ts'
import { watchAdb } from './adbwatch.ts'
import type { AdbTarget } from './adbwork.ts'

/** Port of the adb server where nobody says otherwise. */
const ADB_PORT = 5037
/** Facts are told at most this often, ms. */
const TELL_EVERY = 50
/** What stands still is given back within this time when the lab stops, ms. */
const STOP_WITHIN = 2_000

export interface LabAdbParts {
  readonly clock: Clock
  /** Absent: ANDROID_ADB_SERVER_PORT, else 5037. */
  readonly port?: number | undefined
  /** Ports of the lab that devices speak to. */
  readonly ports: () => readonly WantedPort[]
  /** Base of the plain HTTP port on loopback, such as `http://127.0.0.1:8080`. */
  readonly base: () => string
  /** Ids of DM devices the lab knows. */
  readonly devices: () => readonly string[]
  readonly tell: (fact: AdbState) => void
  /** The server, a device or a tunnel moved, as a happening for the trace. */
  readonly happened?: (note: Note) => void
  readonly lines: (fact: AdbLogFact) => void
  /** Another port of the server was chosen. */
  readonly moved?: (port: number) => void
  readonly program?: () => string
}

export interface LabAdb {
  readonly area: AdbArea
  /** State as it is now, without looking for a server. */
  now(): AdbState
  readonly handle: AdbPages['handle']
  /** Devices for an adapter; whoever follows makes it look for a server. */
  readonly line: AndroidLine
  /** Leaves the server; tunnels stay as they are. */
  leave(): void
  /** Takes the tunnels back and leaves the server. */
  stop(): Promise<void>
}

/** Port that the environment names, as adb itself reads it; 5037 otherwise. */
export function adbPort(env: NodeJS.ProcessEnv = process.env): number {
  const named = Number(env['ANDROID_ADB_SERVER_PORT'])
  return Number.isInteger(named) && named > 0 && named < 65_536 ? named : ADB_PORT
}

/** Makes the area. */
export function labAdb(parts: LabAdbParts): LabAdb {
  const { clock, program = recentAdbProgram } = parts
  const desks = new Map<string, AdbDesk>()
  const pages = adbPages(() => clock.now())
  let telling: (() => void) | null = null
  let stopped = false
  /** State of the server that was told last; null before it was there. */
  let followed: AdbState['server']['state'] | null = null

  const followers = new Set<() => void>()
  const changed = (): void => {
    if (stopped) return
    telling ??= clock.after(TELL_EVERY, () => {
      telling = null
      parts.tell(now())
      for (const moved of [...followers]) moved()
    })
  }
  const deskOf = (serial: string): AdbDesk => {
    let desk = desks.get(serial)
    if (desk === undefined) {
      const heard = (proof: string): void => {
        watch.roster.proved(serial, proof, clock.now())
        changed()
      }
      const made: AdbDesk = new AdbDesk({
        serial,
        clock,
        address: () => watch.address,
        heard,
        lines: (lines) => parts.lines({ serial, log: made.log.book.row(), lines }),
        moved: changed,
        tunnelled: (row) => parts.happened?.(tunnelHappening(serial, row, dmOf(serial))),
        doubt: () => void watch.refresh(),
      })
      desks.set(serial, (desk = made))
    }
    return desk
  }
  /** Id of the DM device that this one is, as far as its serial number tells. */
  const dmOf = (serial: string, ids = parts.devices()): string => {
    const number = desks.get(serial)?.facts.serialNumber ?? ''
    return dmDeviceOf(number === '' && watch.roster.get(serial)?.way === 'usb' ? serial : number, ids)
  }
  const moved = (moves: readonly Move[]): void => {
    const note = serverHappening(followed, watch.facts)
    if (note !== null) {
      followed = watch.facts.state
      parts.happened?.(note)
    }
    for (const move of moves) parts.happened?.(deviceHappening(move, dmOf(move.now.serial)))
    for (const { before, now: known } of moves) {
      const was = before !== null && USABLE.has(before.state)
      const is = USABLE.has(known.state)
      if (was || is) deskOf(known.serial).at(is ? known : null)
    }
    changed()
  }
  const watch = watchAdb({ address: { host: '127.0.0.1', port: parts.port ?? adbPort() }, clock, moved })

  const now = (): AdbState => {
    const { state, version, pairing, text, fix, since, lastAt, nextTryAt } = watch.facts
    const found = program()
    const { host, port } = watch.address
    const canStart = found !== '' && (state === 'missing' || state === 'lost')
    const ids = parts.devices()
    return {
      server: { state, address: `${host}:${port}`, version, text, fix, since, lastAt, nextTryAt, program: found, canStart, pairing },
      devices: watch.roster.all().map((known) => {
        return deskOf(known.serial).row(known, dmOf(known.serial, ids))
      }),
    }
  }
  /** The server answers; rejects in words where it does not. */
  const served = async (): Promise<void> => {
    await watch.look()
    const { state, text, fix } = watch.facts
    if (state !== 'ready') throw new Error(`${text}. ${fix}`)
  }
  /** The device, ready; looks for the server first. */
  const ready = async (serial: string): Promise<{ desk: AdbDesk; target: AdbTarget }> => {
    await served()
    const known = watch.roster.get(serial)
    if (known === undefined) throw new Error(`there is no Android device ${serial}`)
    const desk = deskOf(serial)
    return { desk, target: desk.ready(known) }
  }

  const area = adbArea({ ...parts, watch, pages, program, desks, deskOf, now, served, ready, changed })
  return {
    area,
    now,
    line: adbLine({
      watch,
      clock,
      facts: (serial) => desks.get(serial)?.facts,
      ready: async (serial) => (await ready(serial)).target,
      follow: (moved) => {
        followers.add(moved)
        return () => void followers.delete(moved)
      },
    }),
    handle: pages.handle,
    leave: () => {
      stopped = true
      telling?.()
      for (const desk of desks.values()) desk.leave()
      watch.stop()
    },
    stop: async () => {
      stopped = true
      telling?.()
      await Promise.race([
        Promise.all([...desks.values()].map(async (desk) => desk.stop())),
        new Promise<void>((resolve) => void setTimeout(resolve, STOP_WITHIN).unref()),
      ])
      watch.stop()
    },
  }
}
