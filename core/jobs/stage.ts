// What a job is worked on with in one session: the device, its limits, the catalogue. How it is put together, and the narrower view its items get.
import type { Mechanism } from '../api.ts'
import type { HappeningFacts, HappeningName } from '../mo/events.ts'
import type { SessionView } from '../server/policy.ts'
import type { Peer } from '../session/desk.ts'
import type { Bulk } from '../syncml/message.ts'
import type { JobBook } from './book.ts'
import { knownFrom } from './ports.ts'
import type { JobsPorts, KnownDevice, UrlAsk } from './ports.ts'
import { DOC } from './types.ts'
import type { DeviceMemory, JobRecord, PackageDoc, SecurityMode } from './types.ts'
import type { Scene } from './wants.ts'

/** What a job is worked on with, in one session. */
export interface Stage {
  readonly device: KnownDevice
  readonly peer: Peer
  /** Token of the session; never the same for two of them. */
  readonly session: string
  readonly now: number
  readonly memory: DeviceMemory
  readonly packages: () => readonly PackageDoc[]
  value(uri: string): string | undefined
  /** What `auto` means here. */
  readonly mechanism: Mechanism | undefined
  readonly security: SecurityMode
  /** The messages of this session come inside TLS. */
  readonly secure: boolean
  url(ask: UrlAsk): string
  file(sha256: string): Bulk
  log(job: JobRecord, text: string): void
  happened(job: JobRecord, name: HappeningName, text: string, facts: HappeningFacts): void
}

/** The stage of a session; `session` is its token. */
export function stageOf(view: SessionView, session: string, ports: JobsPorts, book: JobBook): Stage {
  const { device } = view
  let packages: readonly PackageDoc[] | null = null
  return {
    device: knownFrom(ports.device(device), view),
    peer: view.peer ?? { maxObjSize: undefined, encoding: 'xml' },
    session,
    now: ports.now(),
    memory: book.memory(device),
    packages: () => (packages ??= ports.docs.all(DOC.package).map(({ value }) => value as PackageDoc)),
    value: (uri) => ports.value(device, uri),
    mechanism: ports.mechanism,
    security: ports.security?.() ?? 'lab',
    secure: ports.secure?.(device) === true,
    url: (ask) => ports.url(ask),
    file: (sha256) => ports.file(sha256),
    log: (job, text) => book.log(job, text),
    happened: (job, name, text, facts) => book.happened(job, name, text, facts),
  }
}

/** What one item of a job sees of it. */
export function sceneOf(job: JobRecord, stage: Stage): Scene {
  return {
    type: job.type,
    root: job.facts?.root ?? '',
    memory: stage.memory,
    now: stage.now,
    sessionId: stage.session,
    own: stage.device.simulated,
    cancelled: job.cancelled,
    file: (sha256) => stage.file(sha256),
    log: (text) => stage.log(job, text),
  }
}
