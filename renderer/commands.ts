// What every named action does. Keys, palette and menus all come here.
import { nextTick } from 'vue'
import { focusSoon } from './components/base/walk.ts'
import { KEYS } from './model/keys.ts'
import { useGateways } from './stores/gateways.ts'
import { useJobs } from './stores/jobs.ts'
import { useScenarios } from './stores/scenarios.ts'
import { useStepper } from './stores/stepper.ts'
import { useTrace } from './stores/trace.ts'
import { useTree } from './stores/tree.ts'
import { useView, type DevicesTab, type GatewayTab } from './stores/view.ts'
import { useWorld } from './stores/world.ts'

export interface Commands {
  /** Performs an action; false where it is not possible now (the key then keeps its ordinary meaning). */
  run(id: string): boolean
  /** Actions for the palette. */
  readonly list: readonly { readonly id: string; readonly label: string; readonly keys: string }[]
}

/** Rows of a page, where the focus is in no list of rows. */
const PAGE = 20

/** The rows of a screen, or what brings the first where there are none yet. */
const ROWS = 'main [data-rows], main .vacant .button.main'
const focus = (selector: string): void => void nextTick(() => document.querySelector<HTMLElement>(selector)?.focus())
/** Commands that have no key of their own; the first are what the palette offers before anything is typed. */
const FURTHER: readonly { id: string; label: string }[] = [
  { id: 'simulate', label: 'Start a simulated device' },
  { id: 'connect', label: 'Connect a device: ways, proofs, what is in the way' },
  { id: 'openCapture', label: 'Open a capture …' },
  { id: 'wake', label: 'Wake a device: notification, bit by bit' },
  { id: 'newJob', label: 'New job for a device …' },
  { id: 'newFanout', label: 'New fan-out: commands for many devices behind a gateway …' },
  { id: 'runScenario', label: 'Run the scenario looked at' },
  { id: 'clearFilter', label: 'Show all rows' },
  { id: 'usb', label: 'USB and adb: Android devices' },
  { id: 'modem', label: 'Serial modem and SMS' },
  { id: 'addresses', label: 'Addresses devices are told' },
  { id: 'trust', label: 'Certificates and TLS' },
  { id: 'proxies', label: 'Recording proxies' },
  { id: 'dialect', label: 'Dialect of devices' },
  { id: 'deviceLog', label: 'Log of the device beside its messages' },
  { id: 'catalogue', label: 'Catalogue of packages' },
  { id: 'provider', label: 'Groups, default sets, subscriptions, webhooks' },
  { id: 'images', label: 'Images at gateways' },
  { id: 'storyboard', label: 'Bootstrap of devices behind a gateway, M.1 to M.4' },
  { id: 'labs', label: 'Attached labs: a gateway in another process or on another host' },
  { id: 'runAll', label: 'Run all scenarios' },
  { id: 'themeSystem', label: 'Theme: system' },
  { id: 'themeLight', label: 'Theme: light' },
  { id: 'themeDark', label: 'Theme: dark' },
  { id: 'themeContrast', label: 'Theme: high contrast' },
  { id: 'density', label: 'Compact or roomy rows' },
  { id: 'letters', label: 'Switch single-letter keys on or off' },
  { id: 'welcome', label: 'Show the first-run tiles while nothing is recorded' },
]

/** Moves the focus between panes in reading order. */
function pane(step: 1 | -1): boolean {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter((one) => one.offsetParent !== null)
  const at = panes.findIndex((one) => one.contains(document.activeElement))
  const next = panes[(at + step + panes.length) % panes.length]
  next?.focus()
  return next !== undefined
}

/** Reads a capture into the workspace and shows its first row. */
async function take(name: string, bytes: Uint8Array): Promise<void> {
  const world = useWorld()
  const rows = await world.attempt(`Opening ${name}`, (lab) => lab.evidence.open(name, bytes))
  if (rows === null) return
  useView().screen = 'trace'
  useTrace().reveal(rows.first)
  world.say(`${name}: rows ${rows.first} to ${rows.last}.`)
}

/** Asks for capture files: by the shell's dialog where there is one, else by the browser's. */
export async function openCapture(): Promise<void> {
  const ask = window.desktop?.openCapture
  if (ask !== undefined) {
    for (const file of (await ask()) ?? []) await take(file.name, file.bytes)
    return
  }
  const input = document.createElement('input')
  input.type = 'file'
  input.accept = '.ndjson,.json,.xml,.wbxml,.hex,.txt,application/xml'
  input.addEventListener('change', async () => {
    const file = input.files?.[0]
    if (file === undefined) return
    await take(file.name, new Uint8Array(await file.arrayBuffer()))
  })
  input.click()
}

/** Builds the table; call inside a component's setup. */
export function createCommands(): Commands {
  const view = useView()
  const world = useWorld()
  const trace = useTrace()
  const stepper = useStepper()
  const tree = useTree()
  const scenarios = useScenarios()
  const jobs = useJobs()
  const gateways = useGateways()

  const move = (to: number): boolean => {
    if (trace.count === 0) return false
    trace.select(trace.seqAt(Math.max(0, Math.min(trace.count - 1, to))))
    return true
  }
  const here = (): number => trace.indexOf(trace.selected)
  const onTrace = (then: () => void): boolean => {
    view.screen = 'trace'
    void nextTick(then)
    return true
  }
  const finding = (step: 1 | -1): boolean => {
    for (let i = here() + step; i >= 0 && i < trace.count; i += step) {
      const row = trace.row(trace.seqAt(i))
      // Beyond what is loaded the search goes through the filter instead of reading everything here.
      if (row === undefined) break
      if (row.findings > 0) return move(i)
    }
    world.say(
      step === 1
        ? 'No further finding among the rows loaded below. Filter with lint.sev >= warn to search all.'
        : 'No earlier finding among the rows loaded above.',
    )
    return true
  }
  const simulate = async (): Promise<void> => {
    const started = await world.attempt('Starting the simulator', (lab) => lab.devices.simulate({}))
    if (started !== null) world.say(`Simulated device ${started.id} started.`)
  }
  const devices = (tab: DevicesTab): void => {
    view.screen = 'devices'
    view.devicesTab = tab
    focusSoon('#devices-panel [data-pane]')
  }
  const gateway = (tab?: GatewayTab): void => {
    view.screen = 'gateway'
    if (tab !== undefined) view.gatewayTab = tab
    focusSoon('#gateway-panel [data-pane]:not(aside)')
  }
  const table: Readonly<Record<string, () => unknown>> = {
    palette: () => void (view.palette = true),
    shortcuts: () => void (view.shortcuts = true),
    trace: () => onTrace(() => focus('[data-rows]')),
    devices: () => {
      view.screen = 'devices'
      view.devicesTab = 'devices'
      focusSoon(ROWS)
    },
    connect: () => devices('connect'),
    usb: () => devices('usb'),
    modem: () => devices('modem'),
    addresses: () => devices('addresses'),
    trust: () => devices('trust'),
    proxies: () => devices('proxies'),
    dialect: () => devices('dialect'),
    deviceLog: () => onTrace(() => (view.traceLog = !view.traceLog)),
    tree: () => {
      view.screen = 'tree'
      focusSoon(ROWS)
    },
    gateway: () => gateway(),
    newFanout: () => {
      gateways.making = true
      gateway('fanouts')
    },
    images: () => gateway('images'),
    storyboard: () => gateway('bootstrap'),
    labs: () => gateway('labs'),
    scenarios: () => {
      view.screen = 'scenarios'
      focusSoon(ROWS)
    },
    jobs: () => {
      view.screen = 'jobs'
      view.jobsTab = 'jobs'
      focusSoon(ROWS)
    },
    newJob: () => {
      view.screen = 'jobs'
      view.jobsTab = 'jobs'
      jobs.making = true
    },
    catalogue: () => {
      view.screen = 'jobs'
      view.jobsTab = 'catalogue'
      focusSoon(ROWS)
    },
    provider: () => {
      view.screen = 'jobs'
      view.jobsTab = 'provider'
    },
    runScenario: () => {
      view.screen = 'scenarios'
      void scenarios.start()
    },
    runAll: () => {
      view.screen = 'scenarios'
      void scenarios.startAll()
    },
    earlier: () => (view.screen === 'tree' ? tree.step(-1) : false),
    later: () => (view.screen === 'tree' ? tree.step(1) : false),
    paneLeft: () => pane(-1),
    paneRight: () => pane(1),
    filter: () => onTrace(() => focus('#filter')),
    filterHere: () => focus('#filter'),
    next: () => move(here() + 1),
    previous: () => move(here() < 0 ? trace.count - 1 : here() - 1),
    pageDown: () => move(here() + PAGE),
    pageUp: () => move(here() - PAGE),
    firstRow: () => move(0),
    lastRow: () => move(trace.count - 1),
    nextFinding: () => (view.screen === 'trace' ? finding(1) : false),
    previousFinding: () => (view.screen === 'trace' ? finding(-1) : false),
    inspect: () => {
      if (trace.selected === 0) move(0)
      focus('[data-inspector]')
    },
    ladder: () => {
      if (view.screen !== 'trace') return false
      view.centre = view.centre === 'list' ? 'ladder' : 'list'
      focus('[data-rows]')
    },
    back: () => {
      if (document.activeElement?.closest('[data-rows]') !== null) return false
      focus('[data-rows]')
    },
    decoded: () => void ((view.tab = 'decoded'), focus('[data-inspector]')),
    raw: () => void ((view.tab = 'raw'), focus('[data-inspector]')),
    hex: () => void ((view.tab = 'hex'), focus('[data-inspector]')),
    continue: () => stepper.act('continue'),
    step: () => stepper.act('step'),
    drop: () => stepper.act('drop'),
    holdAll: () => void world.toggleHold(),
    simulate: () => void simulate(),
    wake: () => {
      const device = (view.screen === 'tree' ? tree.device : trace.frame?.row.device) || world.deviceList[0]?.id
      if (device === undefined) return false
      view.waking = { device, like: null }
      return true
    },
    openCapture: () => void openCapture(),
    clearFilter: () => (trace.setFilter(''), trace.setScope({ kind: 'all' })),
    themeSystem: () => void (view.theme = 'system'),
    themeLight: () => void (view.theme = 'light'),
    themeDark: () => void (view.theme = 'dark'),
    themeContrast: () => void (view.theme = 'contrast'),
    density: () => void (view.density = view.density === 'compact' ? 'roomy' : 'compact'),
    letters: () => {
      view.letterKeys = !view.letterKeys
      world.say(`Single-letter keys are ${view.letterKeys ? 'on' : 'off'}.`)
    },
    welcome: () => void (view.welcomeDone = false),
  }
  const skip = new Set(['next', 'previous', 'pageDown', 'pageUp', 'filterHere', 'palette', 'back'])
  return {
    run: (id) => (Object.hasOwn(table, id) ? table[id]?.() !== false : false),
    list: [
      ...FURTHER.map((one) => ({ ...one, keys: '' })),
      ...KEYS.filter((key) => key.own !== true && !skip.has(key.id)).map((key) => ({ id: key.id, label: key.label, keys: key.chords[0] ?? '' })),
    ],
  }
}
