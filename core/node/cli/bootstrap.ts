// `dmlab bootstrap`: an account as a bootstrap message with its MAC, printed, written, sent, or made by the lab of a workspace, which keeps it.
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { Option } from 'commander'
import { accountOf, freshPin, freshSecrets } from '../../bootstrap/account.ts'
import type { AccountAuth } from '../../bootstrap/account.ts'
import { cpDocument, encodeCp } from '../../bootstrap/cp.ts'
import { dmBootstrap, encodeDm } from '../../bootstrap/dm.ts'
import { makeMac } from '../../bootstrap/mac.ts'
import { xmlText } from '../../evidence/printable.ts'
import { CP_WBXML, CP_XML, DM_APPLICATION, DM_WBXML, toPdu } from '../../notify/push.ts'
import type { PushParts } from '../../notify/push.ts'
import { decodeTree } from '../../syncml/codec.ts'
import type { Encoding } from '../../syncml/message.ts'
import { base64, fromBase64, hexOf, wordsOf } from '../../syncml/text.ts'
import { Failure, refuse, write, writeJson, writeResult } from './output.ts'
import { askOwner } from './owner.ts'
import { sendAlone } from './sending.ts'

const AUTH: Readonly<Record<string, AccountAuth>> = { basic: 'BASIC', md5: 'DIGEST', hmac: 'HMAC' }

interface Options {
  readonly profile: 'dm' | 'dm-add' | 'cp'
  readonly device?: string
  readonly server?: string
  readonly serverId?: string
  readonly name?: string
  readonly user?: string
  readonly password?: string
  readonly serverPassword?: string
  readonly auth: string
  readonly mac: 'NETWPIN' | 'USERPIN' | 'USERNETWPIN'
  readonly pin?: string
  readonly imsi?: string
  readonly encoding: Encoding
  readonly print?: true
  readonly hex?: true
  readonly pdu?: true
  readonly json?: true
  readonly to?: string
  readonly output?: string
  readonly force?: true
  readonly workspace?: string
}

/** A bootstrap as it is shown and sent, wherever it was made. */
interface Made {
  readonly secrets: Readonly<Record<string, string>>
  readonly contentType: string
  readonly mac: string
  readonly document: Uint8Array
  readonly pdu: Uint8Array
}

/** Adds the command. */
export function bootstrap(program: Command): void {
  program
    .command('bootstrap')
    .description('builds a bootstrap message that brings a device its account; secrets that are not given are made and shown once')
    .addOption(
      new Option('--profile <name>', 'DM profile as TNDS, DM profile as single Adds, client provisioning')
        .choices(['dm', 'dm-add', 'cp'])
        .default('dm'),
    )
    .option('--device <id>', 'device it is for (needed for the DM profile and with --workspace)')
    .option('--server <url>', 'URL of the DM Server; with --workspace that of the lab')
    .option('--server-id <id>', 'server identifier', 'dm-lab')
    .option('--name <text>', 'display name of the account')
    .option('--user <name>', 'user name of the device (default its id)')
    .option('--password <text>', "the device's password (default: made)")
    .option('--server-password <text>', "the server's password (default: made)")
    .addOption(new Option('--auth <type>', 'authentication').choices(Object.keys(AUTH)).default('md5'))
    .addOption(new Option('--mac <type>', 'what the MAC rests on').choices(['NETWPIN', 'USERPIN', 'USERNETWPIN']).default('USERPIN'))
    .option('--pin <digits>', 'PIN for USERPIN and USERNETWPIN (default: made)')
    .option('--imsi <digits>', 'IMSI (or ESN) for NETWPIN and USERNETWPIN')
    .addOption(new Option('--encoding <form>', 'client provisioning only').choices(['xml', 'wbxml']).default('wbxml'))
    .option('--print', 'print the document as XML (default without --to and -o)')
    .option('--hex', 'print the document in hexadecimal')
    .option('--pdu', 'print the WSP push PDU in hexadecimal')
    .option('--json', 'print one JSON document')
    .option('--to <url>', 'send it to udp://host:port, http://… or sms:+NUMBER?port=/dev/ttyUSB0')
    .option('-o, --output <file>', 'write the WSP push PDU, which `dmlab device --bootstrap` reads')
    .option('--force', 'overwrite the file')
    .option('--workspace <dir>', 'the lab that owns this workspace makes the account, keeps it, and sends and records the message')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const made = options.workspace === undefined ? alone(options) : await byLab(options, options.workspace)
  if (options.to !== undefined && options.workspace === undefined) await send(options.to, made.parts)
  if (options.output !== undefined) await writeResult(made.pdu, options.output, options.force === true)
  const { secrets, contentType, mac, document, pdu } = made
  if (options.json === true) {
    return writeJson({ profile: options.profile, ...secrets, contentType, sec: options.mac, mac, document: base64(document), pdu: base64(pdu) })
  }
  if (options.hex === true || options.pdu === true) {
    if (options.hex === true) await write(`${hexOf(document)}\n`)
    if (options.pdu === true) await write(`${hexOf(pdu)}\n`)
    return
  }
  if (options.print === true || (options.to === undefined && options.output === undefined)) {
    const encoding = contentType === CP_XML ? 'xml' : 'wbxml'
    await write(xmlText(decodeTree(document, encoding).root, false))
  }
  const shown = Object.entries({ ...secrets, 'content type': `${contentType}; SEC=${options.mac}; MAC=${mac}` }).filter(([, value]) => value !== '')
  await write(shown.map(([name, value]) => `${name}: ${value}\n`).join(''))
}

function alone(options: Options): Made & { readonly parts: PushParts } {
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))
  const { profile, device, server, serverId = 'dm-lab', user = device, mac: security, imsi } = options
  if (server === undefined || !/^https?:\/\//i.test(server)) return refuse('needs --server with an http or https URL, or --workspace')
  if (profile !== 'cp' && device === undefined) refuse('needs --device: the DM profile names the device it is for')
  if (user === undefined) return refuse('needs --user, or --device whose id is the user name then')
  const fresh = freshSecrets(random)
  const pin = security === 'NETWPIN' ? '' : (options.pin ?? freshPin(random))
  const password = options.password ?? fresh.password
  const serverPassword = options.serverPassword ?? fresh.serverPassword
  const secrets = { password, serverPassword, clientNonce: fresh.clientNonce, serverNonce: fresh.serverNonce }
  const account = accountOf({ ...secrets, serverId, name: options.name, address: server, auth: AUTH[options.auth] ?? 'DIGEST', userName: user })
  const cp = profile === 'cp'
  const document = cp
    ? encodeCp(cpDocument(account), options.encoding)
    : encodeDm(dmBootstrap(account, device ?? '', profile === 'dm' ? 'inline' : 'add'))
  const contentType = cp ? (options.encoding === 'xml' ? CP_XML : CP_WBXML) : DM_WBXML
  let mac: string
  try {
    mac = makeMac(cp ? 'cp' : 'dm', security, { imsi, pin }, document)
  } catch (error) {
    return refuse(wordsOf(error))
  }
  const parts: PushParts = { contentType, security, mac, body: document, ...(cp ? {} : { application: DM_APPLICATION }) }
  const told = { serverId, userName: user, password, serverPassword, pin }
  return { parts, secrets: told, contentType, mac, document, pdu: toPdu(parts) }
}

async function byLab(options: Options, workspace: string): Promise<Made & { readonly parts: PushParts }> {
  const { profile, device, server, serverId, name, user, auth, mac: security, pin, imsi, encoding, to } = options
  if (device === undefined) return refuse('needs --device')
  for (const [option, value] of [
    ['--password', options.password],
    ['--server-password', options.serverPassword],
  ] as const)
    if (value !== undefined) refuse(`${option} does not go with --workspace: the lab makes the secrets`)
  const wish = {
    device,
    profile,
    security,
    pin,
    imsi,
    serverUri: server,
    serverId,
    name,
    userName: user,
    auth,
    to,
    ...(profile === 'cp' ? { encoding } : {}),
  }
  const made = await askOwner(workspace, 'bootstrap', wish)
  const text = (key: string): string => String(made[key] ?? '')
  const document = fromBase64(text('document')) ?? new Uint8Array()
  const pdu = fromBase64(text('pdu')) ?? new Uint8Array()
  const secrets = Object.fromEntries(['serverId', 'userName', 'password', 'serverPassword', 'pin'].map((key) => [key, text(key)]))
  const contentType = text('contentType')
  return { secrets, contentType, mac: text('mac'), document, pdu, parts: { contentType, body: document } }
}

async function send(to: string, parts: PushParts): Promise<void> {
  try {
    const { httpStatus } = await sendAlone(to, parts)
    if (httpStatus >= 300) throw new Error(`${to} answered HTTP ${String(httpStatus)}`)
  } catch (error) {
    throw new Failure(1, wordsOf(error))
  }
}
