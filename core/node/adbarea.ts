// The calls of area adb: each looks for the adb server first, does its one thing through it, and answers with what is so afterwards.
import { serialOf } from '../adapters/adb/list.ts'
import type { AdbArea, AdbDeviceRow, AdbIdentified, AdbState } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { AdbDesk, WantedPort } from './adbdesk.ts'
import { within } from './adblink.ts'
import { labelOf } from './adbpage.ts'
import type { AdbPages } from './adbpage.ts'
import { startAdbServer } from './adbprogram.ts'
import type { watchAdb } from './adbwatch.ts'
import { connecting, pairing, pairWith } from './adbwifi.ts'
import type { AdbTarget } from './adbwork.ts'
import { openUrl, pushFile } from './adbwork.ts'

/** The adb server tries a connection for about ten seconds by itself. */
const CONNECT_WITHIN = 30_000
const COMES_WITHIN = 5_000
const FETCHED_WITHIN = 8_000

export interface AdbAreaParts {
  readonly clock: Clock
  readonly watch: ReturnType<typeof watchAdb>
  readonly pages: AdbPages
  /** The adb program of this machine; '' where there is none. */
  readonly program: () => string
  readonly desks: Map<string, AdbDesk>
  readonly deskOf: (serial: string) => AdbDesk
  readonly now: () => AdbState
  /** Looks for the server; rejects in words where none answers. */
  readonly served: () => Promise<void>
  /** The device, ready; looks for the server first, rejects in words. */
  readonly ready: (serial: string) => Promise<{ readonly desk: AdbDesk; readonly target: AdbTarget }>
  readonly changed: () => void
  /** Ports of the lab that devices speak to. */
  readonly ports: () => readonly WantedPort[]
  /** Base of the plain HTTP port on loopback. */
  readonly base: () => string
  /** Another port of the server was chosen. */
  readonly moved?: ((port: number) => void) | undefined
}

export function adbArea(parts: AdbAreaParts): AdbArea {
  const { clock, watch, pages, program, desks, deskOf, now, served, ready, changed } = parts
  const rowOf = (serial: string): AdbDeviceRow => {
    const row = now().devices.find((one) => one.serial === serial)
    if (row === undefined) throw new Error(`there is no Android device ${serial}`)
    return row
  }
  /** A request to the server itself; rejects in its words. */
  const asked = async <T>(what: string, task: Parameters<typeof within<T>>[3]): Promise<T> => {
    await served()
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
    identify,
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
}
