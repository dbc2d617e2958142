// The tiles of the connect grid from what is known of each way: what can be done now first, every failure with cause and fix.
import type { AdbDeviceRow, AdbState, ConnectAction, ConnectProblem, ConnectProof, ConnectTile, ConnectWay, ModemState, PathProof } from '../api.ts'
import { loopbackProblem, vpnProblems } from './reach.ts'
import type { OwnNetwork } from './reach.ts'

/** What came one way. */
export interface Came {
  readonly first: ConnectProof | null
  readonly newest: ConnectProof | null
  readonly paths: readonly PathProof[]
  readonly devices: readonly string[]
}

export interface TileParts {
  readonly came: (way: ConnectWay) => Came
  readonly adb: AdbState
  /** null: this lab has no modem area; a text: why it cannot tell. */
  readonly modem: ModemState | string | null
  readonly networks: readonly OwnNetwork[]
  readonly loopbackOnly: boolean
  readonly listening: readonly string[]
}

type Part = Pick<ConnectTile, 'title' | 'text'> & {
  readonly can: 'now' | 'step' | 'no'
  readonly problems?: readonly ConnectProblem[]
  readonly actions?: readonly ConnectAction[]
}

const RANK: Readonly<Record<ConnectTile['can'], number>> = { working: 0, now: 1, step: 2, no: 3 }
/** Real devices before made-up ones where both can be done now. */
const ORDER: readonly ConnectWay[] = ['adb', 'wifi', 'modem', 'simulated', 'file']
const action = (act: ConnectAction['act'], argument: string, text: string): ConnectAction => ({ act, argument, text })

/** All tiles, best first. */
export function connectTiles(parts: TileParts): readonly ConnectTile[] {
  const made: Readonly<Record<ConnectWay, Part>> = {
    adb: adbPart(parts.adb),
    wifi: wifiPart(parts),
    modem: modemPart(parts.modem),
    simulated: {
      title: 'Simulated device',
      can: 'now',
      text: `a DM client inside this lab; other programs on this computer reach it at ${parts.listening[0] ?? 'its DM port'}`,
      actions: [action('simulate', '', 'Start a simulated device')],
    },
    file: {
      title: 'File',
      can: 'now',
      text: 'a capture of this lab, or one message as XML, WBXML or hexadecimal',
      actions: [action('evidence.open', '', 'Open a capture')],
    },
  }
  return ORDER.map((way): ConnectTile => {
    const { problems = [], actions = [], ...part } = made[way]
    const came = parts.came(way)
    return { way, ...part, can: came.first === null ? part.can : 'working', problems, actions, ...came }
  }).sort((a, b) => RANK[a.can] - RANK[b.can])
}

function adbPart({ server, devices }: AdbState): Part {
  const title = 'Android over USB or Wi-Fi (adb)'
  if (server.state !== 'ready') {
    const start = server.canStart ? action('adb.startServer', '', 'Start the adb server') : null
    const id = server.program === '' && (server.state === 'missing' || server.state === 'lost') ? 'adb.missing' : `adb.server.${server.state}`
    const cause =
      server.program === ''
        ? 'no adb program was found on this computer either'
        : `${server.program} is installed; this lab starts a server only when told to`
    const trouble: ConnectProblem = { id, severity: 'error', about: server.address, text: server.text, cause, fix: server.fix, action: start }
    const waits = server.state === 'connecting' || server.state === 'idle'
    return {
      title,
      can: 'step',
      text: `${server.text} (${server.address})`,
      problems: waits ? [] : [trouble],
      actions: start === null ? [] : [start],
    }
  }
  const here = devices.filter(({ state }) => state !== 'vanished' && state !== 'unknown')
  const ready = here.filter(({ state }) => state === 'device')
  const actions = [
    ...ready.flatMap(readyActions),
    action('adb.connect', '', 'Connect over Wi-Fi'),
    ...(server.pairing ? [action('adb.pair', '', 'Pair over Wi-Fi')] : []),
  ]
  const problems = here.flatMap(deviceProblems)
  const through = ready.filter(({ reverse }) => reverse.some(({ state }) => state === 'open'))
  if (here.length === 0) {
    const none: ConnectProblem = {
      id: 'adb.none',
      severity: 'warn',
      about: '',
      text: 'no Android device is connected',
      cause: 'USB debugging is off, the cable only charges, or the driver is missing (Windows)',
      fix: 'Switch on USB debugging in the developer options (tap the build number seven times first), use a data cable, choose "File transfer"',
      action: null,
    }
    return { title, can: 'step', text: 'the adb server answers and lists no device', problems: [none], actions }
  }
  const text =
    ready.length === 0
      ? `${here.length} listed, none can be used yet`
      : `${names(ready)} ready; ${through.length === 0 ? "the lab's ports are not on the device yet" : `the lab's ports are on ${names(through)}`}`
  return { title, can: ready.length === 0 ? 'step' : 'now', text, problems, actions }
}

const names = (rows: readonly AdbDeviceRow[]): string => rows.map(({ model, serial }) => (model === '' ? serial : model)).join(', ')

function readyActions({ serial, model, reverse }: AdbDeviceRow): readonly ConnectAction[] {
  const name = model === '' ? serial : `${model} (${serial})`
  const open = reverse.some(({ state }) => state === 'open')
  return [...(open ? [] : [action('adb.reverse', serial, `Bring the lab's ports onto ${name}`)]), action('adb.identify', serial, `Show me ${name}`)]
}

/** Problems of one device: its state, a device that is listed and mute, tunnels that failed. */
function deviceProblems({ serial, state, said, text, fix, reverse }: AdbDeviceRow): readonly ConnectProblem[] {
  const again = state === 'offline' || state === 'unauthorized' || state === 'device' ? action('adb.reconnect', serial, 'Reconnect') : null
  const own: ConnectProblem[] =
    fix === ''
      ? []
      : [
          {
            id: `adb.${state === 'device' ? 'mute' : state.replace(' ', '')}`,
            severity: 'error',
            about: serial,
            text: `${serial}: ${text}`,
            cause: `the adb server says: ${said}`,
            fix,
            action: again,
          },
        ]
  const failed = reverse.filter((one) => one.state === 'failed')
  const tunnels = failed.map((one): ConnectProblem => ({
    id: 'adb.reverse',
    severity: 'error',
    about: serial,
    text: `${serial}: port ${one.remote} does not lead to the lab`,
    cause: one.text,
    fix: 'Try again; Android before 5 has no adb reverse, and before 9 none over Wi-Fi: use the network address instead',
    action: action('adb.reverse', serial, 'Try again'),
  }))
  return [...own, ...tunnels]
}

function wifiPart({ networks, loopbackOnly, listening }: TileParts): Part {
  const title = 'Wi-Fi or Ethernet'
  const outer = networks.filter(({ internal }) => !internal)
  const none: ConnectProblem = {
    id: 'network.none',
    severity: 'error',
    about: '',
    text: 'this computer is in no network',
    cause: 'no interface but loopback has an address',
    fix: 'Switch Wi-Fi or Ethernet on',
    action: null,
  }
  const problems = [...(outer.length === 0 ? [none] : []), ...(loopbackOnly ? [loopbackProblem('')] : []), ...vpnProblems(networks)]
  const stands = problems.some(({ severity }) => severity === 'error')
  const text = stands
    ? (problems[0]?.text ?? '')
    : `listening on ${listening.join(' and ')}; this computer is ${outer.map(({ name, address }) => `${address} (${name})`).join(', ')}`
  return { title, can: stands ? 'step' : 'now', text, problems, actions: stands ? [] : [action('wifi.qr', '', 'Show a QR code')] }
}

function modemPart(modem: ModemState | string | null): Part {
  const title = 'Serial modem (SMS)'
  if (modem === null || typeof modem === 'string') return { title, can: 'no', text: modem ?? 'this lab has no modems' }
  const { ports, trouble } = modem
  if (trouble !== '') return { title, can: 'no', text: trouble }
  if (ports.length === 0)
    return { title, can: 'no', text: 'this computer has no serial port; a modem shows up as /dev/ttyUSB0, /dev/ttyACM0 or COM3' }
  const problems = ports
    .filter((port) => port.trouble !== '')
    .map((port): ConnectProblem => ({
      id: 'modem.port',
      severity: 'error',
      about: port.path,
      text: `${port.path} cannot be used`,
      cause: port.trouble,
      fix: port.trouble,
      action: null,
    }))
  const free = ports.filter((port) => port.trouble === '')
  const actions = free.map(({ path }) => action('modem.send', path, `Wake a device through ${path}`))
  return {
    title,
    can: free.length === 0 ? 'step' : 'now',
    text: free.length === 0 ? 'no serial port can be opened' : `${free.map(({ path }) => path).join(', ')}`,
    problems,
    actions,
  }
}
