// What a lab does with devices: jobs and their packages, software boards, real devices in the field, labs beside this one.
import type { NotifyOptions } from '../api.ts'
import { Boards } from '../lab/boards.ts'
import { Peers } from '../lab/peers.ts'
import type { SimulatedDevices } from './devices.ts'
import { makeDownloadServer } from './dlserver.ts'
import type { DownloadServer } from './dlserver.ts'
import { labField } from './field.ts'
import type { Field } from './field.ts'
import type { House } from './house.ts'
import { imagesIn } from './images.ts'
import type { Images } from './images.ts'
import { labJobs } from './jobs.ts'
import type { LabJobs } from './jobs.ts'
import type { LabTrust } from './trustlab.ts'
import { dialLab } from './peerdial.ts'

/** What the DM Server asks of devices in strict mode (scomo sheet 13, R1). */
export const STRICT = { auth: 'syncml:auth-MAC' } as const

export interface LabWork {
  readonly boards: Boards
  readonly images: Images
  readonly downloads: DownloadServer
  readonly jobs: LabJobs
  readonly field: Field
  readonly peers: Peers
}

export interface LabWorkParts {
  readonly devices: SimulatedDevices
  readonly trust: LabTrust
  readonly notify: (device: string, wish: Pick<NotifyOptions, 'nonce' | 'resync'>) => Promise<{ readonly to: string }>
  /** Why a device has no sessions with this server; '' where nothing speaks against them. */
  readonly elsewhere: (device: string) => string
}

export function labWork(house: House, parts: LabWorkParts): LabWork {
  const { devices } = parts
  const images = imagesIn(house.folder('images'), () => house.clock.now())
  const downloads = downloadsOf(house, images, parts.trust)
  const jobs = jobsOf(house, parts, images, downloads, (device) => field.roots(device))
  const field: Field = fieldOf(house, devices, jobs, parts.trust)
  const boards = new Boards({
    store: house.workspace.trace,
    sessions: () => house.recorder.sessions.all(),
    clock: house.clock,
    ...devices,
    tell: (fact) => house.tell('software', fact),
    speech: (device) => field.speech(device),
  })
  return { boards, images, downloads, jobs, field, peers: peersOf(house) }
}

function downloadsOf(house: House, images: Images, trust: LabTrust): DownloadServer {
  const { clock, origin, options, recording } = house
  return makeDownloadServer({
    images,
    base: (device, req) => trust.told('download', device, req),
    server: 'DM-Lab',
    ...(options.broken?.downloads === undefined ? {} : { faults: options.broken.downloads }),
    clock,
    record: (entry) => {
      if (!recording) return 0
      const seq = house.recorder.import({ ...entry, origin }, null)
      house.changed()
      return seq
    },
  })
}

function jobsOf(
  house: House,
  { devices, trust, notify, elsewhere }: LabWorkParts,
  images: Images,
  downloads: DownloadServer,
  dialect: (device: string) => ReturnType<Field['roots']>,
): LabJobs {
  const { clock, env, docs, workspace, options, commit, happened, tell } = house
  return labJobs({
    dir: workspace.dir,
    docs,
    ledger: workspace.ledger,
    clock,
    env,
    images,
    downloads: () => downloads,
    simulated: (device) => devices.activity(device) !== undefined,
    dialect,
    notify,
    elsewhere,
    happened,
    commit,
    // The row of the message under way is written when the machine has spoken.
    seq: () => (house.recording ? workspace.trace.last + 1 : 0),
    mechanism: options.mechanism,
    security: house.security,
    secure: (device) => trust.addresses.secure(device),
    ports: () => [house.dmPort, house.windowPort],
    tell,
  })
}

function fieldOf(house: House, devices: SimulatedDevices, jobs: LabJobs, trust: LabTrust): Field {
  const { clock, docs, workspace, options, origin, doors, commit, tell } = house
  return labField({
    dir: workspace.dir,
    trace: workspace.trace,
    ledger: workspace.ledger,
    docs,
    commit,
    clock,
    origin,
    recorder: () => house.recorder,
    lab: () => house.lab,
    host: () => {
      if (house.host === null) throw new Error('the lab is not open yet')
      return house.host
    },
    devices,
    jobs: jobs.areas.jobs,
    bound: options.host,
    control: () => [house.windowPort],
    secure: () => (doors.dms === null ? null : trust.port),
    auth: options.server?.auth ?? (house.security === 'strict' ? STRICT.auth : null),
    tell,
  })
}

function peersOf(house: House): Peers {
  const { clock, docs, env, workspace, recording, commit, changed } = house
  return new Peers({
    docs,
    commit,
    vault: workspace.ledger.vault,
    clock,
    random: env.random,
    recorder: () => house.recorder,
    recording,
    lab: () => house.lab,
    dial: dialLab,
    tell: (rows) => house.tell('peers', { peers: rows }),
    changed,
    heldMoved: () => house.lab.heldMoved(),
  })
}
