// What every part of a lab stands on, and where those that are made later are found. Parts call each other through it; nothing is decided here.
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { LabEventName, LabEvents } from '../api.ts'
import type { Host } from '../lab/host.ts'
import type { Lab } from '../lab/lab.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Witness } from '../lab/witness.ts'
import type { Env, Note } from '../machine.ts'
import type { Docs } from '../store/docs.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import { processClock } from './clock.ts'
import { Doors } from './doors.ts'
import type { RunningGateway } from './gateway.ts'
import type { LabOptions } from './laboptions.ts'
import { randomSource } from './random.ts'
import { guardSecrets } from './vault.ts'
import { openWorkspace } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** The window's door. */
export interface WindowDoor {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export class House {
  readonly options: LabOptions
  readonly clock: Clock
  readonly env: Env
  readonly workspace: Workspace
  /** What opening had to mend, in words; '' where nothing. */
  readonly recovery: string
  readonly docs: Docs
  readonly doors = new Doors()
  readonly origin = hostname()
  readonly recording: boolean
  // Made one after the other; nobody calls before all are there.
  lab!: Lab
  recorder!: Recorder
  witness!: Witness
  /** Null while they are not open. */
  host: Host | null = null
  gateway: RunningGateway | null = null
  window: WindowDoor | null = null
  /** Why the last flush failed; '' while all is written. */
  trouble = ''

  constructor(options: LabOptions, workspace: Workspace, recovery: string) {
    this.options = options
    this.clock = options.clock ?? processClock()
    this.workspace = workspace
    this.recovery = recovery
    this.recording = options.record !== false
    this.env = { now: this.clock.now, random: randomSource() }
    this.docs = sqlDocs(workspace.db, () => this.clock.soon(this.commit))
  }

  /** Documents of this turn are committed with the ledger's records; nobody else would when no message is under way. */
  readonly commit = (): void => this.host?.commit()

  readonly tell = <K extends LabEventName>(event: K, fact: LabEvents[K]): void => this.lab.facts.tell(event, fact)
  readonly changed = (): void => this.lab.changed()
  readonly happened = (note: Note): void => this.witness.happened(note)

  /** A folder of the workspace. */
  folder(...names: readonly string[]): string {
    return join(this.workspace.dir, ...names)
  }

  /** `--advertise`, without a slash at its end. */
  get advertised(): string | undefined {
    return this.options.advertise?.replace(/\/+$/, '')
  }
  /** URL that devices are told: what is advertised, else the open port. */
  get base(): string {
    return this.advertised ?? this.doors.dm?.url ?? ''
  }
  /** Port of the window; 0 where there is none. */
  get windowPort(): number {
    return portOf(this.window?.url)
  }
  get dmPort(): number {
    return portOf(this.doors.dm?.url)
  }
  get security(): 'lab' | 'strict' {
    return this.options.security ?? 'lab'
  }
}

const portOf = (url: string | undefined): number => (url === undefined ? 0 : Number(new URL(url).port))

/** Opens the workspace, with the secrets of its accounts; rejects with one clear Error (locked, unreadable). */
export async function openHouse(options: LabOptions): Promise<House> {
  const workspace = openWorkspace(resolve(options.workspace))
  try {
    const sealing = await guardSecrets(workspace.ledger, options.secrets)
    return new House(options, workspace, [workspace.recovery, sealing].filter((text) => text !== '').join('; '))
  } catch (error) {
    await workspace.close()
    throw error
  }
}
