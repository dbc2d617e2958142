// `dmlab serve`: the lab without a window; `npm start` uses it with --window where there is no Electron runtime.
import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { SERVER_PROFILES, serverProfile } from '../../server/profiles.ts'
import { wordsOf } from '../../syncml/text.ts'
import { keptGatewayId } from '../gatewayid.ts'
import { startLab } from '../main.ts'
import type { RunningLab } from '../main.ts'
import { fail } from './output.ts'

const AUTH = { basic: 'syncml:auth-basic', md5: 'syncml:auth-md5', hmac: 'syncml:auth-MAC' } as const
const ROLES = ['lab', 'server', 'gateway'] as const

/** Ports tried first; a free one is taken, and told, where nobody asked for this one and it is taken. */
const DM_PORT = 8080
const UI_PORT = 8081
const DMS_PORT = 8443

interface ServeOptions {
  readonly workspace: string
  readonly role: string
  readonly server?: string
  readonly gatewayId?: string
  readonly gatewayUser?: string
  readonly gatewayPassword?: string
  readonly serverId?: string
  readonly serverPassword?: string
  readonly gatewayPort?: number
  readonly lwm2m?: number
  readonly adb?: number | true
  readonly dmPort?: number
  readonly dmsPort?: number
  readonly tlsPort?: number
  readonly tls: boolean
  readonly uiPort?: number
  readonly pushPort?: number
  readonly host: string
  readonly advertise?: string
  readonly enrol?: 'auto' | 'ask' | 'never'
  readonly auth?: keyof typeof AUTH
  readonly profile?: string
  readonly security?: 'lab' | 'strict'
  readonly window?: boolean
  readonly open?: boolean
}

/** Where the workspace lies unless told otherwise. */
function defaultWorkspace(): string {
  const base =
    process.env['XDG_DATA_HOME'] ?? (process.platform === 'win32' ? process.env['LOCALAPPDATA'] : undefined) ?? join(homedir(), '.local/share')
  return join(base, 'dm-lab', 'workspace')
}

/** Adds the command. */
export function serve(program: Command): void {
  program
    .command('serve')
    .description('headless lab: DM Server, recorder, user interface; prints one JSON line when ready')
    .option('--workspace <dir>', 'folder of the workspace (made when missing)', defaultWorkspace())
    .option('--role <roles>', 'roles, comma separated: lab (all), server, gateway', 'lab')
    .option('--server <url>', 'DM Server that the gateway works for (default this process)')
    .option('--gateway-port <n>', "port of the gateway's server face, 0 picks a free one (default that of the DM Server)", port)
    .option('--gateway-id <id>', 'device id of the gateway towards its DM Server (default one of the workspace)')
    .option('--gateway-user <name>', 'user name of the gateway at its DM Server (default lab)')
    .option('--gateway-password <text>', 'its password there (default lab)')
    .option('--server-id <id>', 'server identifier of that DM Server (default dm-lab)')
    .option('--server-password <text>', "that server's password; given: it must prove that it knows it, or is refused")
    .option('--lwm2m <n>', 'UDP port where LwM2M devices register with the gateway, 0 picks a free one (default none)', port)
    .option('--adb [n]', 'Android devices of the adb server (its port, default 5037) are devices of the gateway, too', port)
    .option('--dm-port <n>', `port of the DM Server, 0 picks a free one (default ${DM_PORT}, or a free one)`, port)
    .option('--dms-port <n>', `port of the DM Server for HTTPS (default ${DMS_PORT}, or a free one); --tls-port says the same`, port)
    .addOption(new Option('--tls-port <n>', 'the same as --dms-port').argParser(port).hideHelp())
    .option('--no-tls', 'no HTTPS port')
    .option('--ui-port <n>', `port of the user interface (default ${UI_PORT}, or a free one)`, port)
    .option('--push-port <n>', 'UDP port that notifications leave from and pushes come to (default a free one)', port)
    .option('--host <addr>', 'address the device-facing ports bind to', '127.0.0.1')
    .option('--advertise <url>', 'base URL devices are told instead of the bound address')
    .option('--enrol <mode>', 'unknown devices: auto (default on loopback), ask (default elsewhere), never', enrolMode)
    .addOption(new Option('--auth <type>', 'authentication asked of devices whose account names none').choices(Object.keys(AUTH)))
    .option('--profile <name>', `kind of server: ${Object.keys(SERVER_PROFILES).join(', ')}`, profileName)
    .addOption(
      new Option('--security <mode>', 'weak security of jobs: lab lets it pass and says so (default), strict refuses it').choices(['lab', 'strict']),
    )
    .option('--window', 'print the URL of the window for people instead of the JSON line')
    .option('--open', 'open the window in the default browser')
    .action(run)
}

async function run(options: ServeOptions): Promise<void> {
  const roles = options.role.split(',')
  const odd = roles.find((role) => !ROLES.includes(role as never))
  if (odd !== undefined) fail(2, `--role ${odd}: unknown; known are ${ROLES.join(', ')}`)
  if (options.server !== undefined && !plays(options.role, 'gateway')) fail(2, '--server: only a gateway (--role gateway) works for a server')
  if ((options.lwm2m !== undefined || options.adb !== undefined) && !plays(options.role, 'gateway'))
    fail(2, '--lwm2m and --adb: only a gateway (--role gateway, or lab) speaks other protocols')
  let lab: RunningLab
  try {
    lab = await start(options)
  } catch (error) {
    fail(1, wordsOf(error))
  }
  const { ready } = lab
  await troubles(lab)
  // Whoever reads the ready line may end the lab at once.
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    lab.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(1, `stopping: ${wordsOf(error)}`),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (options.window === true)
    process.stdout.write(
      `DM Lab window: ${ready.ui}\nDM Server:     ${ready.dm}\n${ready.dms === null ? '' : `  by HTTPS:    ${ready.dms}\n`}Stop with Ctrl+C.\n`,
    )
  else process.stdout.write(`${JSON.stringify(ready)}\n`)
  if (options.open === true && ready.ui !== null) openBrowser(ready.ui)
}

/** What was mended at the start is said on stderr; so is, once, that the trace cannot be written, and that it can again. */
async function troubles({ api }: RunningLab): Promise<void> {
  const { recovery: mended } = await api.lab.state()
  if (mended !== '') process.stderr.write(`dmlab: ${mended}\n`)
  let told = false
  api.on('state', ({ recovery }) => {
    const trouble = recovery !== '' && recovery !== mended
    if (trouble !== told) process.stderr.write(`dmlab: ${trouble ? recovery : 'the trace is written again'}\n`)
    told = trouble
  })
}

/** `lab` is the whole lab: DM Server and DM Gateway. */
const plays = (roles: string, role: 'gateway'): boolean => roles.split(',').some((one) => one === 'lab' || one === role)

/** Starts on the ports asked for; where none was asked for and the usual one is taken, on a free one. */
async function start(options: ServeOptions): Promise<RunningLab> {
  const { workspace, host, advertise, enrol, auth, pushPort = 0 } = options
  const profile = serverProfile(options.profile ?? 'lab')?.settings ?? {}
  const server = { ...profile, ...(auth === undefined ? {} : { auth: AUTH[auth] }) }
  const gatewayId = options.gatewayId ?? (options.server === undefined ? undefined : keptGatewayId(workspace))
  const gateway = plays(options.role, 'gateway')
    ? {
        ...(options.gatewayPort === undefined ? {} : { gatewayPort: options.gatewayPort }),
        gateway: {
          ...(options.server === undefined ? {} : { server: options.server }),
          ...(gatewayId === undefined ? {} : { id: gatewayId }),
          ...(options.gatewayUser === undefined ? {} : { user: options.gatewayUser }),
          ...(options.gatewayPassword === undefined ? {} : { password: options.gatewayPassword }),
          ...(options.serverId === undefined ? {} : { serverId: options.serverId }),
          ...(options.serverPassword === undefined ? {} : { serverPassword: options.serverPassword }),
          ...(options.lwm2m === undefined ? {} : { lwm2m: options.lwm2m }),
          ...(options.adb === undefined ? {} : { adb: true }),
        },
      }
    : {}
  const told = { ...(advertise === undefined ? {} : { advertise }), ...(enrol === undefined ? {} : { enrol }) }
  const strict = options.security === undefined ? {} : { security: options.security }
  const adb = typeof options.adb === 'number' ? { adbPort: options.adb } : {}
  const base = { socketThread: true, ...adb, workspace, host, server, pushPort, ...gateway, ...told, ...strict }
  let dmPort = options.dmPort ?? DM_PORT
  let uiPort = options.uiPort ?? UI_PORT
  const asked = options.dmsPort ?? options.tlsPort
  const tls = options.tls ? { tlsPort: asked ?? DMS_PORT, tlsMust: asked !== undefined } : {}
  for (;;) {
    try {
      return await startLab({ ...base, dmPort, uiPort, ...tls })
    } catch (error) {
      const text = error instanceof Error ? error.message : ''
      if (options.dmPort === undefined && dmPort !== 0 && text.includes(`:${String(dmPort)}: `)) dmPort = 0
      else if (options.uiPort === undefined && uiPort !== 0 && text.includes(`:${String(uiPort)}: `)) uiPort = 0
      else throw error
      process.stderr.write(`${text}; taking a free one\n`)
    }
  }
}

function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['cmd', '/c', 'start', '', url] : ['xdg-open', url]
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true })
  child.on('error', () => process.stderr.write(`no browser could be opened; open ${url}\n`))
  child.unref()
}

function port(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65535) fail(2, `port ${text}: not a number from 0 to 65535`)
  return number
}

function enrolMode(text: string): string {
  if (!['auto', 'ask', 'never'].includes(text)) fail(2, `--enrol ${text}: known are auto, ask, never`)
  return text
}

function profileName(name: string): string {
  if (serverProfile(name) === undefined) fail(2, `--profile ${name}: known are ${Object.keys(SERVER_PROFILES).join(', ')}`)
  return name
}
