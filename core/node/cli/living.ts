// A device of `dmlab device --mo …`: it has software, real downloads and real files, and goes on until nothing is left to do or to report.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SoftwareRequest } from '../../api.ts'
import { makeClient, partState } from '../../device/client.ts'
import type { Client, ClientSetup } from '../../device/client.ts'
import type { ClientInput } from '../../device/device.ts'
import { Door } from '../../device/door.ts'
import { LivingDevice } from '../../lab/living.ts'
import type { PushArrived } from '../../lab/pushes.ts'
import type { ClientParts, Post, SessionOutcome } from '../../lab/runner.ts'
import type { Env } from '../../machine.ts'
import { OPERATIONS } from '../../mo/alerts.ts'
import type { ScomoVersion } from '../../mo/scomo.ts'
import { SoftwareAgent } from '../../software/agent.ts'
import { wordsOf } from '../../syncml/text.ts'
import { processClock } from '../clock.ts'
import { makeDownloads } from '../dlclient.ts'
import { makeInstaller } from '../installer.ts'
import type { PushPort } from '../push.ts'
import { openDisk } from '../softwarehost.ts'
import { Failure, refuse } from './output.ts'
import { writeState } from './statefile.ts'

/** A rule puts a question off for a moment only, ms: nobody is there to be left in peace. */
const AGAIN = 1000

export interface SoftwareWish {
  readonly mo: readonly ('scomo' | 'fumo')[]
  /** Of its SCOMO. */
  readonly version: ScomoVersion
  /** What it asks its server for. */
  readonly request?: SoftwareRequest
}

/** Reads --mo and --request; refuses what does not read. */
export function softwareWish(mo: string, request: string | undefined): SoftwareWish {
  const named = mo.split(',').map((name) => name.trim())
  const version = named.includes('scomo-1.1') ? '1.1' : '1.0'
  const known = named.map((name) =>
    name === 'fumo' ? name : name === 'scomo' || name === 'scomo-1.1' ? 'scomo' : refuse(`--mo ${mo}: known are scomo, scomo-1.1 and fumo`),
  )
  if (request === undefined) return { mo: known, version }
  const [, word = '', about = ''] = /^([a-z]+)(?::(.*))?$/i.exec(request) ?? []
  const operation = OPERATIONS.find((each) => each.toLowerCase() === word.toLowerCase())
  if (operation === undefined) return refuse(`--request ${request}: an operation such as install:antivir-2.1; known are ${OPERATIONS.join(', ')}`)
  const component = ['Update', 'Remove', 'Activate', 'Deactivate'].includes(operation)
  const type = known.includes('scomo') ? 'scomo' : 'fumo'
  return { mo: known, version, request: { type, by: 'user', operation, ...(about === '' ? {} : component ? { component: about } : { pkg: about }) } }
}

/** Asks; a device that may not says why. */
function asked(living: LivingDevice, request: SoftwareRequest): Promise<SessionOutcome> {
  try {
    return living.request(request)
  } catch (error) {
    throw new Failure(1, wordsOf(error))
  }
}

export interface LivingWish {
  readonly setup: ClientSetup
  readonly wish: SoftwareWish
  readonly env: Env
  readonly post: Post
  /** What an earlier run kept. */
  readonly state: unknown
  /** File it is kept in, its packages in a folder beside it; undefined: both are gone at the end. */
  readonly file: string | undefined
  readonly ask?: NonNullable<ClientParts['ask']>
  /** PEM of the authority its downloads trust. */
  readonly ca?: string | undefined
}

/** Where pushes come to a device that stays, and whom it tells what. */
export interface LivingPushes {
  listen(arrived: (arrived: PushArrived) => void): Promise<PushPort>
  /** The port is open. */
  ready(port: PushPort): Promise<void>
  /** How its door takes pushes. */
  readonly door: ConstructorParameters<typeof Door>[1]
  readonly stopped: Promise<void>
  told(end: SessionOutcome): void
  refused(text: string): void
}

/** A device with software, switched off. */
export interface CliLiving {
  readonly living: LivingDevice
  /** Writes down what it is now, where a file keeps it. */
  keep(): void
  /** Switches it off; without a file its packages are gone. */
  close(): Promise<void>
}

/** The device; `told` hears of each session's end. With `retries` a report that fails is tried again, minutes later. */
function livingOf({ setup, wish, env, post, state, file, ask, ca }: LivingWish, told: (end: SessionOutcome) => void, retries: boolean): CliLiving {
  const folder = file === undefined ? mkdtempSync(join(tmpdir(), 'dmlab-device-')) : `${file}.files`
  const clock = processClock()
  const disk = openDisk({ folder, clock, makeDownloads, makeInstaller, ...(ca === undefined ? {} : { downloads: { ca } }) })
  // Whoever says how questions are answered wants the device to ask.
  const settings = {
    mo: wish.mo,
    version: wish.version,
    owner: setup.serverId,
    consent: ask === undefined ? 'never' : 'unconfirmed',
    againMs: AGAIN,
  } as const
  let kept = state
  const living: LivingDevice = new LivingDevice({
    make: (from) => {
      const agent = new SoftwareAgent({ store: disk.store, env, settings, state: partState(from) })
      return { client: makeClient(setup, env, from, agent), agent }
    },
    load: () => kept,
    keep: (now) => {
      kept = now()
      if (file !== undefined) writeState(file, kept)
    },
    host: disk,
    post,
    clock,
    retries,
    told,
    ...(ask === undefined ? {} : { ask }),
  })
  return {
    living,
    keep: () => {
      if (file !== undefined) writeState(file, living.client.state())
    },
    close: async () => {
      await living.off()
      if (file === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Holds the session and those that follow by themselves; their outcomes in order. */
export async function holdLiving(wish: LivingWish, start: ClientInput): Promise<SessionOutcome[]> {
  const ends: SessionOutcome[] = []
  const { living, keep, close } = livingOf(wish, (end) => ends.push(end), false)
  try {
    living.on()
    if (wish.wish.request === undefined) await living.session(start)
    else await asked(living, wish.wish.request)
    await living.idle()
    keep()
  } finally {
    await close()
  }
  return ends
}

/** Until `stopped`: a first session, then those that pushes ask for and those that follow by themselves. Resolves when it is switched off and kept. */
export async function stayLiving(wish: LivingWish, start: ClientInput, at: LivingPushes): Promise<void> {
  const { living, keep, close } = livingOf(wish, at.told, true)
  let door: { readonly client: Client; readonly door: Door } | null = null
  const doorOf = (): Door => {
    // After a restart of the device there is another client.
    if (door?.client !== living.client) door = { client: living.client, door: new Door(living.client, at.door) }
    return door.door
  }
  const port = await at.listen(({ push, trouble, remote }) => {
    void living.meet(() => {
      const entrance = push === null ? ({ what: 'nothing', refused: true, text: trouble } as const) : doorOf().receive(push)
      if (entrance.what === 'session') return entrance.start
      at.refused(`push from ${remote} ${entrance.what === 'nothing' && entrance.refused ? 'refused' : 'ignored'}: ${entrance.text}`)
      return null
    })
  })
  try {
    await at.ready(port)
    living.on()
    void (wish.wish.request === undefined ? living.session(start) : asked(living, wish.wish.request)).catch((error: unknown) =>
      at.refused(error instanceof Error ? error.message : String(error)),
    )
    await at.stopped
    keep()
  } finally {
    await port.close()
    await close()
  }
}
