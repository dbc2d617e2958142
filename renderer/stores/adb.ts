// Android devices through adb: their states, what a person asks of them, and their log lines as far as they are kept here.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { AdbDeviceRow, AdbLogFact, AdbLogFilter, AdbLogLine, AdbState, LabApi } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

/** Lines kept in the window for one device; the lab keeps its own, longer, buffer. */
const MOST_LINES = 20_000
const PAGE = 5_000

/** Lines of one device's log that are here. */
export interface LogHere {
  readonly lines: readonly AdbLogLine[]
  /** Older lines that are not here (any more). */
  readonly left: number
}
const NONE: LogHere = { lines: [], left: 0 }

/** Lines put behind those that are here: known numbers once, the oldest go beyond `most`. */
export function appended(here: LogHere, lines: readonly AdbLogLine[], most = MOST_LINES): LogHere {
  const last = here.lines.at(-1)?.n ?? 0
  const fresh = lines.filter((one) => one.n > last)
  if (fresh.length === 0) return here
  const all = [...here.lines, ...fresh]
  const over = Math.max(0, all.length - most)
  return { lines: over === 0 ? all : all.slice(over), left: here.left + over }
}

export const useAdb = defineStore('adb', () => {
  const world = useWorld()
  const live = useLive<AdbState | null, 'adb'>(
    null,
    (lab) => lab.adb.state(),
    'adb',
    (fact) => fact,
  )
  const logs = shallowRef<ReadonlyMap<string, LogHere>>(new Map())
  const chosen = ref('')
  const busy = ref('')
  const devices = computed(() => live.value.value?.devices ?? [])
  const device = computed(() => devices.value.find((one) => one.serial === chosen.value) ?? devices.value[0] ?? null)
  /** The device behind adb that a DM device is; null where nothing shows it. */
  const of = (id: string): AdbDeviceRow | null => devices.value.find((one) => one.device !== '' && one.device === id) ?? null
  const log = (serial: string): LogHere => logs.value.get(serial) ?? NONE

  const keepLines = (serial: string, lines: readonly AdbLogLine[]): void => {
    const now = log(serial)
    const next = appended(now, lines)
    if (next !== now) logs.value = new Map(logs.value).set(serial, next)
  }
  /** Reads the kept lines of a device that are not here yet. */
  async function readLog(serial: string): Promise<void> {
    const lab = world.api
    if (lab === null) return
    try {
      for (let after = log(serial).lines.at(-1)?.n ?? 0; ;) {
        const page = await lab.adb.log(serial, { after, count: PAGE })
        if (world.api !== lab) return
        keepLines(serial, page.lines)
        if (!page.more || page.through <= after) return
        after = page.through
      }
    } catch (error) {
      if (world.api === lab) world.say(`Reading the log of ${serial}: ${error instanceof Error ? error.message : String(error)}`, 'bad')
    }
  }
  function heard(fact: AdbLogFact): void {
    const state = live.value.value
    if (state !== null)
      live.value.value = { ...state, devices: state.devices.map((one) => (one.serial === fact.serial ? { ...one, log: fact.log } : one)) }
    const last = log(fact.serial).lines.at(-1)?.n ?? 0
    const first = fact.lines[0]
    // A gap means that the lab had more to say than it told: the pages have it all.
    if (first !== undefined && first.n > Math.max(last + 1, fact.log.first)) void readLog(fact.serial)
    else keepLines(fact.serial, fact.lines)
  }
  let off: (() => void) | null = null
  watch(
    () => world.api,
    (lab: LabApi | null) => {
      off?.()
      logs.value = new Map()
      off = lab?.on('adblog', heard) ?? null
    },
    { immediate: true },
  )

  /** Performs a call that gives the whole state; true where it succeeded. */
  async function states(what: string, act: (lab: LabApi) => Promise<AdbState>): Promise<boolean> {
    busy.value = what
    const state = await world.attempt(what, act)
    busy.value = ''
    if (state === null) return false
    live.value.value = state
    return true
  }
  /** Performs a call about one device, and reads how all fare. */
  async function about<T>(what: string, act: (lab: LabApi) => Promise<T>): Promise<T | null> {
    busy.value = what
    const answer = await world.attempt(what, act)
    busy.value = ''
    if (answer !== null) await live.load()
    return answer
  }
  return {
    state: live.value,
    problem: live.problem,
    devices,
    chosen,
    device,
    busy,
    of,
    log,
    readLog,
    load: live.load,
    startServer: () => states('Starting the adb server', (lab) => lab.adb.startServer()),
    server: (port: number) => states(`Looking for an adb server at port ${String(port)}`, (lab) => lab.adb.server(port)),
    connect: (address: string) => states(`Connecting to ${address}`, (lab) => lab.adb.connect(address)),
    disconnect: (address: string) => states(`Disconnecting ${address}`, (lab) => lab.adb.disconnect(address)),
    pair: (address: string, code: string) => states(`Pairing with ${address}`, (lab) => lab.adb.pair(address, code)),
    forget: (serial: string) => states(`Forgetting ${serial}`, (lab) => lab.adb.forget(serial)),
    probe: (serial: string) => about(`Asking ${serial} for a sign of life`, (lab) => lab.adb.probe(serial)),
    reconnect: (serial: string) => about(`Reconnecting ${serial}`, (lab) => lab.adb.reconnect(serial)),
    reverse: (serial: string, ports?: readonly number[]) =>
      about(`Leading ports of ${serial} to this lab`, (lab) => (ports === undefined ? lab.adb.reverse(serial) : lab.adb.reverse(serial, ports))),
    unreverse: (serial: string, ports?: readonly number[]) =>
      about(`Taking ports of ${serial} back`, (lab) => (ports === undefined ? lab.adb.unreverse(serial) : lab.adb.unreverse(serial, ports))),
    identify: (serial: string) => about(`Showing ${serial} which one it is`, (lab) => lab.adb.identify(serial)),
    push: (serial: string, path: string, bytes: Uint8Array) => about(`Pushing ${path}`, (lab) => lab.adb.push(serial, { path, bytes })),
    logcat: (serial: string, filter: AdbLogFilter | null) =>
      about(filter === null ? `Turning the log of ${serial} off` : `Turning the log of ${serial} on`, (lab) => lab.adb.logcat(serial, filter)),
  }
})
