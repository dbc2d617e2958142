// `dmlab notify`: a Package #0 built and shown, sent by this process, or sent by the lab that owns a workspace, whose trace then records it.
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { NotifyOptions } from '../../api.ts'
import { fromHex } from '../../evidence/hex.ts'
import { issueSessionId } from '../../notify/ids.ts'
import { notification, toPdu } from '../../notify/push.ts'
import type { PushParts } from '../../notify/push.ts'
import { ruler } from '../../notify/ruler.ts'
import { smsUserData } from '../../notify/sms.ts'
import { PushError } from '../../notify/wspvalues.ts'
import { DEFAULT_NONCES, decodePackage0, Package0Error, sessionIdText, trigger } from '../../syncml/package0.ts'
import type { Trigger, UiMode } from '../../syncml/package0.ts'
import { base64, fromBase64, hexOf, utf8Bytes, wordsOf } from '../../syncml/text.ts'
import { notificationJson, notificationText } from './notification.ts'
import { Failure, refuse, write, writeJson } from './output.ts'
import { askOwner } from './owner.ts'
import { sendAlone } from './sending.ts'

const VERSIONS = { '1.0': 10, '1.1': 11, '1.2': 12 } as const
const MODES: Readonly<Record<string, UiMode>> = {
  'not-specified': 'not specified',
  background: 'background',
  informative: 'informative',
  'user-interaction': 'user interaction',
}

interface Options {
  readonly device: string
  readonly serverId?: string
  readonly identity?: string
  readonly password?: string
  readonly nonce?: string
  readonly version: keyof typeof VERSIONS
  readonly uiMode: string
  readonly initiator: 'client' | 'server'
  readonly sessionId?: string
  readonly vendor?: string
  readonly gatewayDevice?: string
  readonly print?: true
  readonly hex?: true
  readonly pdu?: true
  readonly sms?: true
  readonly json?: true
  readonly to?: string
  readonly workspace?: string
  readonly wait?: string
  readonly resync?: true
  readonly flaw?: 'password' | 'nonce' | 'digest'
}

/** Adds the command. */
export function notify(program: Command): void {
  program
    .command('notify')
    .description('builds a notification (Package #0) and prints it, sends it, or has the lab of a workspace send it')
    .requiredOption('--device <id>', 'device it is for')
    .option('--server-id <id>', 'server identifier (ServerID of DMAcc); with --workspace that of the account')
    .option('--password <text>', "the server's password at the device (AAuthSecret of SRVCRED); with --workspace that of the account")
    .option('--identity <name>', 'name hashed into the digest where it is not the server identifier')
    .option(
      '--nonce <b64>',
      'nonce the device gave last, base64; `zeros` and `text`: the default nonce in its two readings (without a workspace default: zeros)',
    )
    .addOption(new Option('--version <n>', 'version field').choices(Object.keys(VERSIONS)).default('1.1'))
    .addOption(new Option('--ui-mode <mode>', 'what the user sees').choices(Object.keys(MODES)).default('background'))
    .addOption(new Option('--initiator <who>', 'who wishes the session').choices(['client', 'server']).default('server'))
    .option('--session-id <n>', 'session id, decimal or 0x…, 1 to 65535 (default: a fresh one)')
    .option('--vendor <hex>', 'vendor-specific octets')
    .option('--gateway-device <id>', 'end device behind the gateway (extended push header)')
    .option('--print', 'print the fields bit by bit (default without --to and --workspace)')
    .option('--hex', 'print Package #0 in hexadecimal')
    .option('--pdu', 'print the WSP push PDU in hexadecimal')
    .option('--sms', 'print the user data of the SMS that carry it, one a line, in hexadecimal')
    .option('--json', 'print one JSON document')
    .option('--to <url>', 'send it to udp://host:port, http://… or sms:+NUMBER?port=/dev/ttyUSB0')
    .option('--workspace <dir>', 'the lab that owns this workspace builds, sends and records it, with its account and nonce')
    .option('--wait <ms>', 'with --workspace: how long the lab waits for the session')
    .option('--resync', 'with --workspace: sends it again with the default nonce where no session comes')
    .addOption(new Option('--flaw <what>', 'with --workspace: a digest that is wrong on purpose').choices(['password', 'nonce', 'digest']))
    .action((options: Options) => (options.workspace === undefined ? alone(options) : byLab(options, options.workspace)))
}

async function byLab(options: Options, workspace: string): Promise<void> {
  const { device, to, uiMode, initiator, gatewayDevice: endDevice, nonce, resync, flaw } = options
  for (const [name, value] of [
    ['--server-id', options.serverId],
    ['--password', options.password],
    ['--identity', options.identity],
  ] as const)
    if (value !== undefined) refuse(`${name} does not go with --workspace: the lab has the account`)
  if (nonce !== undefined && nonce !== 'zeros' && nonce !== 'text') refuse('--nonce with --workspace: zeros or text; otherwise the lab has it')
  const vendor = octetsOf('--vendor', options.vendor)
  const wish: NotifyOptions = {
    version: VERSIONS[options.version],
    uiMode: MODES[uiMode] ?? 'background',
    initiator,
    ...(to === undefined ? {} : { to }),
    ...(options.sessionId === undefined ? {} : { sessionId: idOf(options.sessionId) }),
    ...(vendor === undefined ? {} : { vendor: base64(vendor) }),
    ...(endDevice === undefined ? {} : { endDevice }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(resync === true ? { resync } : {}),
    ...(flaw === undefined ? {} : { flaw }),
    ...(options.wait === undefined ? {} : { waitMs: Number(options.wait) }),
    ...(options.print === true ? { send: false } : {}),
  }
  const made = await askOwner(workspace, `devices/${encodeURIComponent(device)}/notify`, wish)
  const body = fromBase64(String(made['package0'])) ?? new Uint8Array()
  const pdu = fromBase64(String(made['pdu'])) ?? new Uint8Array()
  if (options.json === true) return writeJson(made)
  if (options.print === true || shows(options)) return show(options, body, pdu)
  await write(`notification for session ${String(made['sessionId'])} sent to ${String(made['to'])} (row ${String(made['seq'])})\n`)
}

async function alone(options: Options): Promise<void> {
  const { serverId, password, identity, to } = options
  if (options.resync === true || options.wait !== undefined || options.flaw !== undefined) refuse('--wait, --resync and --flaw go with --workspace')
  if (serverId === undefined || password === undefined) return refuse('needs --server-id and --password, or --workspace')
  const parts = built({ ...options, serverId }, { identity: identity ?? serverId, password, nonce: nonceOf(options.nonce) })
  const pdu = toPdu(parts)
  if (to === undefined) return options.json === true ? writeJson(asJson(options.device, parts.body, pdu)) : show(options, parts.body, pdu)
  if (options.print === true) refuse('--print shows and --to sends: one of them')
  let where: string
  try {
    const { httpStatus, remote } = await sendAlone(to, parts)
    if (httpStatus >= 300) throw new Error(`${to} answered HTTP ${String(httpStatus)}`)
    where = remote
  } catch (error) {
    throw new Failure(1, wordsOf(error))
  }
  const { sessionId } = decodePackage0(parts.body)
  if (options.json === true) await writeJson({ ...asJson(options.device, parts.body, pdu), to, remote: where })
  else if (shows(options)) await show(options, parts.body, pdu)
  else await write(`notification for session ${sessionIdText(sessionId)} sent to ${where}\n`)
}

function built(options: Options & { readonly serverId: string }, secret: Parameters<typeof notification>[1]): PushParts {
  const { serverId, uiMode, initiator, version, gatewayDevice } = options
  const vendor = octetsOf('--vendor', options.vendor)
  const id = options.sessionId === undefined ? issueSessionId([], (count) => new Uint8Array(randomBytes(count))) : idOf(options.sessionId)
  const fields: Trigger = trigger(serverId, id ?? 1, {
    version: VERSIONS[version],
    uiMode: MODES[uiMode] ?? 'background',
    initiator,
    ...(vendor === undefined ? {} : { vendor }),
  })
  try {
    return notification(fields, secret, gatewayDevice)
  } catch (error) {
    if (error instanceof Package0Error || error instanceof PushError) refuse(error.message)
    throw error
  }
}

function asJson(device: string, body: Uint8Array, pdu: Uint8Array): object {
  const fields = decodePackage0(body)
  const text = sessionIdText(fields.sessionId)
  return { device, ...notificationJson(fields), sessionIdText: text, package0: base64(body), pdu: base64(pdu), fields: ruler(fields) }
}

const shows = ({ hex, pdu, sms }: Options): boolean => hex === true || pdu === true || sms === true

async function show(options: Options, body: Uint8Array, pdu: Uint8Array): Promise<void> {
  if (!shows(options)) return write(notificationText(body, decodePackage0(body), true))
  if (options.hex === true) await write(`${hexOf(body)}\n`)
  if (options.pdu === true) await write(`${hexOf(pdu)}\n`)
  if (options.sms === true) for (const data of smsUserData(pdu, randomBytes(1)[0])) await write(`${hexOf(data)}\n`)
}

function idOf(text: string): number {
  const id = /^0x[0-9a-f]{1,4}$/i.test(text) ? parseInt(text, 16) : /^\d{1,5}$/.test(text) ? Number(text) : NaN
  return id >= 1 && id <= 65535 ? id : refuse(`--session-id ${text}: not a number from 1 to 65535 (0x… for hexadecimal)`)
}

function octetsOf(option: string, text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  const octets = fromHex(utf8Bytes(text))
  return octets instanceof Uint8Array ? octets : refuse(`${option}: character ${String(octets.offset)}: ${octets.reason}`)
}

function nonceOf(text: string | undefined): Uint8Array {
  if (text === undefined || text === 'zeros') return DEFAULT_NONCES[0]?.nonce ?? new Uint8Array(4)
  if (text === 'text') return DEFAULT_NONCES[1]?.nonce ?? new Uint8Array(10)
  return fromBase64(text) ?? refuse('--nonce: no base64 (nor zeros or text)')
}
