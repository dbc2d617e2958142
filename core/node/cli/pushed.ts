// `dmlab device` with --bootstrap or --push-port: one device that takes pushes and holds the sessions they ask for, one after the other.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import type { Command } from 'commander'
import { idOf, makeClient } from '../../device/client.ts'
import type { Client, ClientSetup } from '../../device/client.ts'
import { Door } from '../../device/door.ts'
import type { Entrance } from '../../device/door.ts'
import { readBootFile } from '../../bootstrap/inbox.ts'
import { fromHex } from '../../evidence/hex.ts'
import type { PushArrived } from '../../lab/pushes.ts'
import { runDevice } from '../../lab/runner.ts'
import type { ClientParts, Post, SessionOutcome } from '../../lab/runner.ts'
import { PushError } from '../../notify/wspvalues.ts'
import { wordsOf } from '../../syncml/text.ts'
import { poster } from '../client.ts'
import { processClock } from '../clock.ts'
import { listenPush } from '../push.ts'
import type { PushPort } from '../push.ts'
import { Failure, nameOf, readInput, refuse, write, writeJson } from './output.ts'
import { readState, writeState } from './statefile.ts'
import { tlsTrust } from './tlsoptions.ts'
import type { TlsOptions } from './tlsoptions.ts'

/** Options of a device that takes pushes, besides those of every device. */
export interface PushedOptions extends TlsOptions {
  readonly pushPort?: string
  readonly pushHost: string
  readonly bootstrap?: string
  readonly pin?: string
  readonly imsi?: string
  readonly strict?: true
  readonly unsigned?: true
  readonly state?: string
  readonly timeout: string
  readonly json?: boolean
  /** How questions are answered; `reject` and `cancel` refuse sessions that ask the user first. */
  readonly answer?: string
}

/** Adds the options. */
export function pushedOptions(command: Command): Command {
  return command
    .option(
      '--push-port <n>',
      'stay and take notifications and bootstrap messages on this UDP port (and HTTP on the same number), 0 picks a free one',
    )
    .option('--push-host <addr>', 'address the push port binds to', '127.0.0.1')
    .option(
      '--strict',
      'tolerate nothing: servers without credentials, notifications of unknown versions, with reserved bits, or with headers out of order',
    )
    .option('--bootstrap <file>', 'take a bootstrap message first; without --server the device has no other account')
    .option('--pin <digits>', 'PIN for bootstrap messages with USERPIN or USERNETWPIN')
    .option('--imsi <digits>', 'IMSI (or ESN) for bootstrap messages with NETWPIN or USERNETWPIN')
    .option('--unsigned', 'take bootstrap messages without MAC')
}

/** Who the device is and whom it asks. */
export interface PushedSubject {
  readonly id: string | undefined
  /** Its id where none was asked for and no state has one. */
  readonly otherwise: string
  readonly ask?: NonNullable<ClientParts['ask']>
}

/** Runs the device. Rejects with Failure 1 where a bootstrap is refused or its session fails. */
export async function pushed(options: PushedOptions, setup: Omit<ClientSetup, 'id'>, subject: PushedSubject): Promise<void> {
  const state = options.state === undefined ? undefined : readState(options.state)
  const device = made(options, setup, state, subject.id, subject.otherwise)
  const stop = new AbortController()
  const out = poster({ timeoutMs: Number(options.timeout), userAgent: 'DM-Lab device', signal: stop.signal, ...tlsTrust(options) })
  const one = new PushedDevice(options, device, { post: out.post, signal: stop.signal, ...(subject.ask === undefined ? {} : { ask: subject.ask }) })
  try {
    if (options.bootstrap !== undefined) await bootstrapped(one, options)
    if (options.pushPort !== undefined) await listening(one, options, stop)
  } finally {
    out.close()
  }
  if (options.pushPort === undefined && one.failed !== null) throw new Failure(1, `the session failed: ${one.failed}`)
}

function made(options: PushedOptions, setup: Omit<ClientSetup, 'id'>, state: unknown, id: string | undefined, otherwise: string): Client {
  const env = { now: () => Date.now(), random: (octets: number) => new Uint8Array(randomBytes(octets)) }
  try {
    const first = makeClient({ ...setup, id: id ?? otherwise }, env, state)
    const saved = state === undefined ? undefined : idOf(first)
    return id === undefined && saved !== undefined ? makeClient({ ...setup, id: saved }, env, state) : first
  } catch (error) {
    return refuse(`${options.state ?? ''}: ${wordsOf(error)}`)
  }
}

/** How a door takes pushes, by the options. */
export function doorOf({ strict, unsigned, imsi, pin, answer }: PushedOptions): NonNullable<ConstructorParameters<typeof Door>[1]> {
  return { imsi, pin, strict: strict === true, unsigned: unsigned === true, consent: () => answer !== 'reject' && answer !== 'cancel' }
}

/** A device and its door; pushes are taken one after the other, each with its session. */
class PushedDevice {
  readonly id: string
  readonly #options: PushedOptions
  readonly #client: Client
  readonly #door: Door
  readonly #parts: Pick<ClientParts, 'ask' | 'signal'> & { readonly post: Post }
  /** Why the last session failed; null where it did not. */
  failed: string | null = null

  constructor(options: PushedOptions, client: Client, parts: Pick<ClientParts, 'ask' | 'signal'> & { readonly post: Post }) {
    this.#options = options
    this.#client = client
    this.#parts = parts
    this.id = idOf(client) ?? ''
    this.#door = new Door(client, doorOf(options))
  }

  receive(push: Parameters<Door['receive']>[0]): Entrance {
    return this.#door.receive(push)
  }

  /** Holds the session, and those the device begins by itself to report its jobs; `told` hears of each. Keeps the state after each. */
  async hold(start: Extract<Entrance, { what: 'session' }>['start'], told: (end: SessionOutcome) => void = () => {}): Promise<SessionOutcome> {
    const client = this.#client
    const parts = { ...this.#parts, clock: processClock(), save: (record: Parameters<Client['remember']>[0]) => client.remember(record) }
    const [first, ...further] = await runDevice(
      () => ({ ...parts, machine: client.machine }),
      start,
      (end) => {
        this.keep()
        told(end)
      },
    )
    const failed = [first, ...further].find((end) => end?.outcome === 'failed')
    this.failed = failed === undefined ? null : (failed.reason ?? '')
    return first as SessionOutcome
  }

  keep(): void {
    if (this.#options.state !== undefined) writeState(this.#options.state, this.#client.state())
  }
}

async function bootstrapped(device: PushedDevice, options: PushedOptions): Promise<void> {
  const file = options.bootstrap ?? ''
  const given = await readInput(file)
  const octets = fromHex(given)
  let entrance: Entrance
  try {
    entrance = device.receive(readBootFile(octets instanceof Uint8Array ? octets : given))
  } catch (error) {
    if (error instanceof PushError) return refuse(`${nameOf(file)}: ${error.message}`)
    throw error
  }
  if (entrance.what !== 'session') throw new Failure(1, `${nameOf(file)}: ${entrance.text}`)
  process.stderr.write(`bootstrapped: ${entrance.text}\n`)
  // Kept before the session: the account stays, whatever becomes of that.
  device.keep()
  const lines = options.pushPort !== undefined || options.json !== true
  const end = await device.hold(entrance.start, lines ? (each) => void line(device.id, each, options) : undefined)
  if (!lines) await writeJson({ devices: [{ id: device.id, ...end }] })
}

/** Resolves when the process is told to end. */
export function interrupted(): Promise<void> {
  return new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

/** The line of a device that stays, printed when its port is open. */
export async function ready(id: string, { url, httpUrl }: PushPort, { json }: PushedOptions): Promise<void> {
  if (json === true) await writeJson({ push: url, http: httpUrl, id, pid: process.pid })
  else await write(`${id}  takes pushes at ${url} and ${httpUrl}\n`)
}

async function listening(device: PushedDevice, options: PushedOptions, stop: AbortController): Promise<void> {
  let queue = Promise.resolve()
  const take = async (arrived: PushArrived): Promise<void> => {
    if (stop.signal.aborted) return
    const entrance: Entrance =
      arrived.push === null ? { what: 'nothing', refused: true, text: `it cannot be read: ${arrived.trouble}` } : device.receive(arrived.push)
    if (entrance.what !== 'session') {
      process.stderr.write(`push from ${arrived.remote} ${entrance.refused ? 'refused' : 'ignored'}: ${entrance.text}\n`)
      return
    }
    process.stderr.write(`push from ${arrived.remote}: ${entrance.text}\n`)
    await device.hold(entrance.start, (end) => void line(device.id, end, options))
  }
  const port = await listened(options, (arrived) => {
    queue = queue.then(() => take(arrived))
  })
  const stopped = interrupted()
  await ready(device.id, port, options)
  await stopped
  stop.abort()
  await port.close()
  await queue
  device.keep()
}

/** Opens the push port of the options; Failure 1 where it cannot be had. */
export async function listened(options: PushedOptions, received: (arrived: PushArrived) => void): ReturnType<typeof listenPush> {
  const port = Number(options.pushPort)
  if (!Number.isInteger(port) || port < 0 || port > 65535) refuse(`--push-port ${options.pushPort ?? ''}: not a number from 0 to 65535`)
  try {
    return await listenPush({ host: options.pushHost, port, http: true, clock: processClock(), received })
  } catch (error) {
    throw new Failure(1, wordsOf(error))
  }
}

/** Prints the end of a session of a device that stays. */
export async function line(id: string, end: SessionOutcome, { json }: PushedOptions): Promise<void> {
  if (json === true) return writeJson({ id, ...end })
  const { sessionId, outcome, messages, authentication, reason } = end
  await write(
    `${id}  session ${sessionId}  ${outcome}  ${String(messages)} messages  authentication ${authentication}${reason === null ? '' : `  (${reason})`}\n`,
  )
}
