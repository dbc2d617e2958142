// Area adb: the adb server's watch, a desk for each device, and the calls of the screen. It looks for a server only when asked, and starts one only when told to.
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import { deviceHappening, serverHappening, tunnelHappening } from '../adapters/adb/happenings.ts'
import { serialOf } from '../adapters/adb/list.ts'
import { dmDeviceOf } from '../adapters/adb/props.ts'
import type { Move } from '../adapters/adb/roster.ts'
import { USABLE } from '../adapters/adb/words.ts'
import type { AdbArea, AdbDeviceRow, AdbIdentified, AdbLogFact, AdbState } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { Note } from '../machine.ts'
import { AdbDesk } from './adbdesk.ts'
import type { WantedPort } from './adbdesk.ts'
import { within } from './adblink.ts'
import { adbLine } from './adbline.ts'
import { adbPages, labelOf } from './adbpage.ts'
import type { AdbPages } from './adbpage.ts'
import { recentAdbProgram, startAdbServer } from './adbprogram.ts'
import { watchAdb } from './adbwatch.ts'
import { connecting, pairing, pairWith } from './adbwifi.ts'
import type { AdbTarget } from './adbwork.ts'
import { openUrl, pushFile } from './adbwork.ts'

/** Port of the adb server where nobody says otherwise. */
export const ADB_PORT = 5037
/** Facts are told at most this often, ms. */
const TELL_EVERY = 50
/** The adb server tries a connection for about ten seconds by itself. */
const CONNECT_WITHIN = 30_000
const COMES_WITHIN = 5_000
const FETCHED_WITHIN = 8_000
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
  const rowOf = (serial: string): AdbDeviceRow => {
    const row = now().devices.find((one) => one.serial === serial)
    if (row === undefined) throw new Error(`there is no Android device ${serial}`)
    return row
  }
  /** The device, ready; looks for the server first. */
  const ready = async (serial: string): Promise<{ desk: AdbDesk; target: AdbTarget }> => {
    await watch.look()
    const { state, text, fix } = watch.facts
    if (state !== 'ready') throw new Error(`${text}. ${fix}`)
    const known = watch.roster.get(serial)
    if (known === undefined) throw new Error(`there is no Android device ${serial}`)
    const desk = deskOf(serial)
    return { desk, target: desk.ready(known) }
  }
  /** A request to the server itself; rejects in its words. */
  const asked = async <T>(what: string, task: Parameters<typeof within<T>>[3]): Promise<T> => {
    await watch.look()
    const { state, text, fix } = watch.facts
    if (state !== 'ready') throw new Error(`${text}. ${fix}`)
    return within(watch.address, CONNECT_WITHIN, what, task)
  }
  const listed = (serial: string): boolean => {
    const state = watch.roster.get(serial)?.state
    return state !== undefined && state !== 'vanished' && state !== 'unknown' && state !== 'offline' && state !== 'connecting'
  }
  const wanted = (ports: readonly number[] | undefined): readonly WantedPort[] => {
    const own = parts.ports()
    return ports === undefined ? own : ports.map((port) => ({ port, role: own.find((one) => one.port === port)?.role ?? '' }))
  }
  const tunnel = async (serial: string, ports: readonly number[] | undefined): Promise<AdbDeviceRow> => {
    const { desk, target } = await ready(serial)
    const list = wanted(ports)
    if (list.length === 0) throw new Error('this lab has no port on 127.0.0.1, where a tunnel ends: start it with --host 127.0.0.1 or 0.0.0.0')
    await desk.reverse(target, list)
    return rowOf(serial)
  }

  const area: AdbArea = {
    state: async () => {
      await watch.look()
      return now()
    },
    server: async (port) => {
      parts.moved?.(port)
      await watch.move(port)
      return now()
    },
    startServer: async () => {
      await watch.look()
      if (watch.facts.state === 'ready') return now()
      const found = program()
      if (found === '') throw new Error('no adb program is installed here: apt-get install adb, or the Android SDK platform-tools')
      await startAdbServer(found, watch.address.port)
      await watch.look()
      if (!(await watch.until(() => watch.facts.state === 'ready', COMES_WITHIN))) throw new Error(`${found} ran, and still: ${watch.facts.text}`)
      return now()
    },
    probe: async (serial) => {
      const { desk, target } = await ready(serial)
      await desk.probe(target)
      return rowOf(serial)
    },
    reconnect: async (serial) => {
      const { host } = rowOf(serial)
      await asked(`reconnect ${serial}`, async (client) => {
        // Over Wi-Fi the server's own `reconnect` only drops the device.
        if (host === '') return client.reconnectDevice({ serial })
        await client.wireless.disconnect(serial).catch(() => {})
        await client.wireless.connect(serial)
      }).catch((error: unknown) => connecting(serial, error))
      await watch.refresh()
      await watch.until(() => listed(serial), COMES_WITHIN)
      return rowOf(serial)
    },
    reverse: tunnel,
    unreverse: async (serial, ports) => {
      await watch.look()
      const desk = deskOf(serial)
      const usable = watch.roster.get(serial)?.state === 'device' && watch.facts.state === 'ready'
      await desk.unreverse(usable ? desk.ready(watch.roster.get(serial)) : null, ports ?? null)
      return rowOf(serial)
    },
    connect: async (address) => {
      await asked(`connect ${address}`, async (client) => client.wireless.connect(serialOf(address))).catch((error: unknown) =>
        connecting(address, error),
      )
      await watch.until(() => listed(serialOf(address)), COMES_WITHIN)
      return now()
    },
    disconnect: async (address) => {
      const serial = serialOf(address)
      await asked(`disconnect ${address}`, async (client) => client.wireless.disconnect(serial))
      await watch.until(() => watch.roster.get(serial)?.state === 'vanished', COMES_WITHIN)
      return now()
    },
    pair: async (address, code) => {
      await asked(`pair ${address}`, async (client) => pairWith(client, address, code)).catch((error: unknown) => pairing(address, error))
      return now()
    },
    push: async (serial, file) => {
      const { target } = await ready(serial)
      const begun = clock.mono()
      await pushFile(target, file)
      watch.roster.proved(serial, 'took a file', clock.now())
      changed()
      return { path: file.path, size: file.bytes.length, ms: clock.mono() - begun }
    },
    identify: async (serial, label) => identify(serial, label),
    logcat: async (serial, filter) => {
      await watch.look()
      if (watch.roster.get(serial) === undefined) throw new Error(`there is no Android device ${serial}`)
      const row = deskOf(serial).log.want(filter)
      changed()
      return row
    },
    log: async (serial, wish) => {
      const desk = desks.get(serial)
      if (desk === undefined) throw new Error(`there is no Android device ${serial}`)
      return desk.log.book.page(wish)
    },
    forget: async (serial) => {
      if (watch.roster.get(serial) === undefined) throw new Error(`there is no Android device ${serial}`)
      if (!watch.roster.forget(serial)) throw new Error(`${serial} is there: only a device that vanished can be forgotten`)
      await desks.get(serial)?.stop()
      desks.delete(serial)
      changed()
      return now()
    },
  }

  const identify = async (serial: string, wish: string | undefined): Promise<AdbIdentified> => {
    const { target } = await ready(serial)
    const base = new URL(parts.base())
    const port = Number(base.port)
    const row = await tunnel(serial, [port])
    const open = row.reverse.find(({ remote }) => remote === port)
    if (open?.state !== 'open') throw new Error(`the device cannot reach the lab: ${open?.text ?? 'there is no tunnel'}`)
    const label = wish ?? labelOf(watch.roster.all().findIndex((one) => one.serial === serial))
    const path = pages.make(label, `${row.manufacturer} ${row.model} - ${serial}`.trim())
    const url = new URL(path, `http://127.0.0.1:${port}`).href
    await openUrl(target, url)
    const fetchedAt = await pages.fetched(path, FETCHED_WITHIN, (ms, call) => clock.after(ms, call))
    if (fetchedAt !== 0) watch.roster.proved(serial, 'fetched a page through its tunnel', fetchedAt)
    changed()
    const text =
      fetchedAt === 0
        ? `the device took the order and fetched nothing within ${FETCHED_WITHIN / 1000} s: is its screen locked?`
        : 'the device fetched the page'
    return { url, label, fetchedAt, text }
  }

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
