// `dmlab device`: simulated devices that hold a session each; prints the outcomes.
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { Option } from 'commander'
import { LAB_ACCOUNT, idOf, makeClient } from '../../device/client.ts'
import type { Client, ClientSetup } from '../../device/client.ts'
import { DEVICE_PROFILES, deviceProfile } from '../../device/profiles.ts'
import type { DeviceProfile } from '../../device/profiles.ts'
import { ruler } from '../../device/answers.ts'
import type { ClientInput, ClientRecord } from '../../device/device.ts'
import { runDevice } from '../../lab/runner.ts'
import type { ClientParts, Post } from '../../lab/runner.ts'
import type { SessionOutcome } from '../../lab/runner.ts'
import type { Encoding } from '../../syncml/message.ts'
import { poster } from '../client.ts'
import { maxObjSizeOf } from '../../software/settings.ts'
import { wordsOf } from '../../syncml/text.ts'
import { processClock } from '../clock.ts'
import { holdLiving, softwareWish, stayLiving } from './living.ts'
import type { LivingWish } from './living.ts'
import { Failure, refuse, write, writeJson } from './output.ts'
import { gatewayed, gatewayedOptions } from './gatewayed.ts'
import type { GatewayedOptions } from './gatewayed.ts'
import { lwm2mDevices, lwm2mOptions } from './lwm2m.ts'
import type { Lwm2mOptions } from './lwm2m.ts'
import { doorOf, interrupted, line as sessionLine, listened, pushed, pushedOptions, ready } from './pushed.ts'
import type { PushedOptions } from './pushed.ts'
import { readState, writeState } from './statefile.ts'
import { tlsOptions, tlsTrust } from './tlsoptions.ts'
import type { TlsOptions } from './tlsoptions.ts'

const AUTH = { basic: 'syncml:auth-basic', md5: 'syncml:auth-md5', hmac: 'syncml:auth-MAC' } as const

/** Sessions under way at the same time. */
const AT_ONCE = 64

interface DeviceOptions extends TlsOptions, PushedOptions {
  readonly server: string
  readonly id?: string
  readonly user: string
  readonly password: string
  readonly serverId: string
  readonly serverPassword: string
  readonly auth: keyof typeof AUTH
  readonly encoding: Encoding
  readonly alert: 'client' | 'server'
  readonly sessionId?: string
  readonly count: string
  readonly state?: string
  readonly manufacturer?: string
  readonly model?: string
  readonly answer?: string
  readonly mo?: string
  readonly request?: string
  readonly maxObjSize?: string
  readonly profile?: string
  readonly strict?: true
  readonly timeout: string
  readonly json?: boolean
}

/** One device's outcome as `--json` prints it. */
type Outcome = { readonly id: string } & SessionOutcome & {
    /** Sessions the device began by itself afterwards, to report its jobs; absent where none. */
    readonly further?: readonly SessionOutcome[]
  }

/** What the command line gives: --server may be missing where a bootstrap or a push tells it. */
type Given = Omit<DeviceOptions, 'server'> & PushedOptions & GatewayedOptions & Lwm2mOptions

/** Adds the command. */
export function device(program: Command): void {
  const command = program
    .command('device')
    .description('simulated device(s) hold a session; prints the outcome')
    .option('--server <url>', 'URL of the DM Server (needed but with --bootstrap and --push-port)')
    .option('--id <id>', 'device id (default an IMEI of the test range); with --count a number is added')
    .option('--user <name>', 'user name of the account', LAB_ACCOUNT.user)
    .option('--password <text>', 'password of the account', LAB_ACCOUNT.password)
    .option('--server-id <id>', 'server id the device knows', LAB_ACCOUNT.serverId)
    .option('--server-password <text>', "the server's password; empty: its credentials are not asked for", LAB_ACCOUNT.serverPassword)
    .addOption(new Option('--auth <type>', 'authentication').choices(Object.keys(AUTH)).default('md5'))
    .addOption(new Option('--encoding <form>', 'how messages are written').choices(['xml', 'wbxml']).default('xml'))
    .addOption(
      new Option('--alert <who>', 'who is said to begin: client (Alert 1201) or server (1200)').choices(['client', 'server']).default('client'),
    )
    .option('--session-id <id>', 'SessionID to use, for example the one of a notification')
    .option('--count <n>', 'number of devices', '1')
    .option('--state <file>', 'file that keeps the device: tree and nonces, read when it is there, written at the end')
    .option('--manufacturer <text>', './DevInfo/Man')
    .option('--model <text>', './DevInfo/Mod')
    .option('--profile <name>', `kind of client: ${Object.keys(DEVICE_PROFILES).join(', ')} (default full, strict with --strict)`)
    .option(
      '--answer <what>',
      'answers questions (alerts 1100 to 1104, and its own about software): accept, reject, cancel, timeout, postpone, or a text; without it the device cannot show any',
    )
    .option(
      '--mo <names>',
      'management objects for software it has: scomo (or scomo-1.1), fumo (with commas); real downloads, real files beside --state',
    )
    .option('--request <what>', 'ask the server: install:PKG, update:COMPONENT, checkUpdate …; needs --mo')
    .option('--max-obj-size <octets>', 'MaxObjSize it announces (default that of its kind of client; 256 MiB with --mo, else 1 MiB)')
    .option('--timeout <ms>', 'longest wait for one answer', '120000')
    .option('--json', 'print one JSON document; with --push-port one line when ready, then one for each session')
  lwm2mOptions(gatewayedOptions(pushedOptions(tlsOptions(command)))).action(run)
}

async function run(given: Given): Promise<void> {
  const { server } = given
  const count = whole(given.count, '--count', 1, 100_000)
  if (given.lwm2m !== undefined) return lwm2mDevices(given, count)
  if (given.request !== undefined && given.mo === undefined) refuse('--request needs --mo')
  if (given.gateway !== undefined) return behindGateway(given, count)
  if (given.mode !== undefined || given.direct === true) refuse('--mode and --direct are for devices behind a gateway: --gateway')
  if (given.mo !== undefined && given.bootstrap !== undefined) refuse('--mo does not go with --bootstrap: bootstrap it first, with the same --state')
  if (given.mo === undefined && (given.pushPort !== undefined || given.bootstrap !== undefined)) return takesPushes(given, count)
  if (server === undefined) return refuse('--server <url> is needed')
  const options: DeviceOptions = { ...given, server }
  const timeoutMs = whole(options.timeout, '--timeout', 1, 86_400_000)
  if (!URL.canParse(options.server) || !/^https?:$/.test(new URL(options.server).protocol))
    refuse(`--server ${options.server}: not an http or https URL`)
  if (options.state !== undefined && count > 1) refuse('--state keeps one device; it does not go with --count')
  if (given.pushPort !== undefined && count > 1) refuse('--push-port is for one device; it does not go with --count')
  const state = options.state === undefined ? undefined : readState(options.state)
  const out = poster({ timeoutMs, userAgent: 'DM-Lab device', ...tlsTrust(given) })
  const outcomes: Outcome[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const ended = await hold(options, index, count, state, out.post)
      if (ended !== null) outcomes[index] = ended
      progress(index + 1, count)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
  out.close()
  if (given.pushPort !== undefined) return
  if (options.json === true) await writeJson({ devices: outcomes })
  else for (const outcome of outcomes) await write(`${line(outcome)}\n`)
  const failed = outcomes.flatMap((outcome) => [outcome, ...(outcome.further ?? [])]).filter(({ outcome }) => outcome === 'failed')
  if (failed.length > 0) throw new Failure(1, `${failed.length} of ${count} sessions failed${count === 1 ? `: ${failed[0]?.reason ?? ''}` : ''}`)
}

/** What became of one device; null of one that stayed, whose sessions were told as they ended. */
async function hold(options: DeviceOptions, index: number, count: number, state: unknown, post: Post): Promise<Outcome | null> {
  const env = { now: () => Date.now(), random: (octets: number) => new Uint8Array(randomBytes(octets)) }
  const profile = profileOf(options)
  const named = options.id === undefined ? undefined : nameOf(options.id, index, count)
  const told = options.maxObjSize === undefined ? undefined : whole(options.maxObjSize, '--max-obj-size', 1, 4_294_967_295)
  const maxObjSize = maxObjSizeOf(options.mo === undefined ? [] : softwareWish(options.mo, undefined).mo, told, profile)
  const setup = (id: string): ClientSetup => ({
    id,
    serverUri: options.server,
    user: options.user,
    password: options.password,
    serverId: options.serverId,
    serverPassword: options.serverPassword,
    auth: AUTH[options.auth],
    encoding: options.encoding,
    people: options.answer !== undefined,
    profile,
    ...(maxObjSize === undefined ? {} : { maxObjSize }),
    ...(options.manufacturer === undefined ? {} : { manufacturer: options.manufacturer }),
    ...(options.model === undefined ? {} : { model: options.model }),
  })
  const make = (id: string): Client => makeClient(setup(id), env, state)
  let client: Client
  try {
    client = make(named ?? testId(index))
    const saved = state === undefined ? undefined : idOf(client)
    if (named === undefined && saved !== undefined) client = make(saved)
  } catch (error) {
    return refuse(`${options.state ?? ''}: ${wordsOf(error)}`)
  }
  const start = {
    type: 'start' as const,
    initiated: options.alert,
    ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
  }
  const id = idOf(client) ?? named ?? testId(index)
  if (options.mo !== undefined) {
    const wish = softwareWish(options.mo, options.request)
    const ask = options.answer === undefined ? {} : { ask: answering(options.answer) }
    const living = { setup: setup(id), wish, env, post, state, file: options.state, ca: tlsTrust(options).ca, ...ask }
    if (options.pushPort !== undefined) {
      await stays(living, start, options)
      return null
    }
    const ends = await holdLiving(living, start)
    const [first, ...more] = ends as [SessionOutcome, ...SessionOutcome[]]
    return { id, ...first, ...(more.length === 0 ? {} : { further: more }) }
  }
  const parts = {
    post,
    clock: processClock(),
    save: (record: ClientRecord) => {
      client.remember(record)
      if (record.kind === 'reports') keep()
    },
    ...(options.answer === undefined ? {} : { ask: answering(options.answer) }),
  }
  const keep = (): void => {
    if (options.state !== undefined) writeState(options.state, client.state())
  }
  const [end, ...further] = (await runDevice(() => ({ ...parts, machine: client.machine }), start)) as [SessionOutcome, ...SessionOutcome[]]
  keep()
  return { id, ...end, ...(further.length === 0 ? {} : { further }) }
}

/** A device with software that stays until it is told to end. */
async function stays(living: LivingWish, start: ClientInput, options: DeviceOptions): Promise<void> {
  const { id } = living.setup
  await stayLiving(living, start, {
    listen: (arrived) => listened(options, arrived),
    ready: (port) => ready(id, port, options),
    door: doorOf(options),
    stopped: interrupted(),
    told: (end) => void sessionLine(id, end, options),
    refused: (text) => process.stderr.write(`${text}\n`),
  })
}

/** The profile asked for; refuses names there are none of. */
function profileOf({ profile, strict }: { readonly profile?: string; readonly strict?: true }): DeviceProfile {
  const name = profile ?? (strict === true ? 'strict' : 'full')
  return deviceProfile(name) ?? refuse(`--profile ${name}: known are ${Object.keys(DEVICE_PROFILES).join(', ')}`)
}

/** Answers by rule; `timeout` says nothing, so that the question's time passes. */
function answering(text: string): NonNullable<ClientParts['ask']> {
  const named = (['accept', 'reject', 'cancel', 'timeout', 'postpone'] as const).find((each) => each === text)
  const answerOf = ruler(named ?? { text })
  return (asked, answer) => {
    const ruled = answerOf(asked)
    if (ruled !== null) processClock().soon(() => answer(ruled))
  }
}

/** One device that takes pushes; without --server it has no account but those its state or a bootstrap brings. */
async function takesPushes(given: Given, count: number): Promise<void> {
  const { server, user, password, serverId, serverPassword, auth, encoding, manufacturer, model } = given
  if (count > 1) refuse('--bootstrap and --push-port are for one device; they do not go with --count')
  if (server !== undefined && (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)))
    refuse(`--server ${server}: not an http or https URL`)
  whole(given.timeout, '--timeout', 1, 86_400_000)
  const account = { user, password, serverId, serverPassword, auth: AUTH[auth], encoding, serverUri: server ?? 'http://127.0.0.1/' }
  const about = { profile: profileOf(given), ...(manufacturer === undefined ? {} : { manufacturer }), ...(model === undefined ? {} : { model }) }
  const setup = { ...account, ...about, people: given.answer !== undefined, ...(server === undefined ? { bare: true } : {}) }
  await pushed(given, setup, { id: given.id, otherwise: testId(0), ...(given.answer === undefined ? {} : { ask: answering(given.answer) }) })
}

/** Devices behind a gateway. */
async function behindGateway(given: Given, count: number): Promise<void> {
  const { user, password, auth, encoding, manufacturer, model, id } = given
  if (given.bootstrap !== undefined || given.request !== undefined) refuse('--bootstrap and --request do not go with --gateway')
  whole(given.timeout, '--timeout', 1, 86_400_000)
  const profile = profileOf(given)
  const { mo, version } = given.mo === undefined ? { mo: [], version: '1.0' } : softwareWish(given.mo, undefined)
  if (version !== '1.0') refuse('--mo scomo-1.1 does not go with --gateway')
  const told = given.maxObjSize === undefined ? undefined : whole(given.maxObjSize, '--max-obj-size', 1, 4_294_967_295)
  const maxObjSize = maxObjSizeOf(mo, told, profile)
  const about = { ...(manufacturer === undefined ? {} : { manufacturer }), ...(model === undefined ? {} : { model }) }
  const base = { user, password, auth: AUTH[auth], encoding, profile, mo, people: given.answer !== undefined, ...about }
  await gatewayed(given, {
    setup: { ...base, ...(maxObjSize === undefined ? {} : { maxObjSize }) },
    ids: Array.from({ length: count }, (_, index) => nameOf(id, index, count)),
    ...(given.answer === undefined ? {} : { ask: answering(given.answer) }),
  })
}

/** The id asked for, with a number where there are several; else one of the test range. */
function nameOf(id: string | undefined, index: number, count: number): string {
  if (id === undefined) return testId(index)
  return count === 1 ? id : `${id}-${String(index + 1).padStart(String(count).length, '0')}`
}

/** IMEI of the test range (TAC 00499901). */
const testId = (index: number): string => `IMEI:00499901${String(index + 1).padStart(7, '0')}`

function line({ id, further = [], ...first }: Outcome): string {
  return [first, ...further].map((end) => lineOf(id, end)).join('\n')
}

function lineOf(id: string, { sessionId, outcome, reason, messages, authentication }: SessionOutcome): string {
  return `${id}  session ${sessionId}  ${outcome}  ${messages} messages  authentication ${authentication}${reason === null ? '' : `  (${reason})`}`
}

function progress(done: number, count: number): void {
  if (count > 1 && process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} sessions${done === count ? '\n' : ''}`)
}

function whole(text: string, name: string, least: number, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least || number > most) refuse(`${name} ${text}: not a number from ${least} to ${most}`)
  return number
}
