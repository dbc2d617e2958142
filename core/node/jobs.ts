// Jobs of a lab with real surroundings: documents in lab.db, files in images/, the download server's addresses, notifications, webhooks over HTTP.
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { JobRow, LabEventName, LabEvents, Mechanism, NotifyOptions, PackageFacts, PackageRow, Seq } from '../api.ts'
import { makeJobs } from '../jobs/area.ts'
import type { Jobs } from '../jobs/area.ts'
import type { KnownDevice } from '../jobs/ports.ts'
import type { SecurityMode } from '../jobs/types.ts'
import type { Clock } from '../lab/ports.ts'
import type { Env, Note } from '../machine.ts'
import type { Docs } from '../store/docs.ts'
import type { Ledger } from '../store/ledger.ts'
import { catalogueFiles } from './catalogue.ts'
import type { DownloadServer } from './dlserver.ts'
import { httpHooks } from './hooks.ts'
import type { Images } from './images.ts'

/** Devices of this product perform no order twice that carries a Correlator they know (scomo sheet 14 rule 3b); they say so by their type. */
const OWN_TYPE = 'simulator'
/** Jobs that moved are told at most this often, ms. */
const TELL_EVERY = 16

export interface LabJobsParts {
  readonly dir: string
  readonly docs: Docs
  readonly ledger: Ledger
  readonly clock: Clock
  readonly env: Env
  readonly images: Images
  readonly downloads: () => DownloadServer
  readonly simulated: (device: string) => boolean
  /** Where objects of a device stand by its dialect. */
  readonly dialect?: (device: string) => Pick<KnownDevice, 'roots'>
  readonly notify: (device: string, options: Pick<NotifyOptions, 'nonce' | 'resync'>) => Promise<{ readonly to: string }>
  /** Why a device has no sessions with this server; '' where nothing speaks against them. */
  readonly elsewhere: (device: string) => string
  readonly happened: (note: Note) => void
  readonly commit: () => void
  readonly seq: () => Seq
  /** What `auto` means; absent: chosen by the device. */
  readonly mechanism?: Mechanism | undefined
  /** What a weak set-up comes to. */
  readonly security: SecurityMode
  /** True where the device's last message came inside TLS. */
  readonly secure: (device: string) => boolean
  readonly ports: () => readonly number[]
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
}

export interface LabJobs extends Omit<Jobs, 'publish'> {
  /** Takes a file in as it comes; memory does not grow with it. Rejects with an Error in words; nothing is kept then. */
  upload(name: string, body: Readable, facts: PackageFacts): Promise<PackageRow>
}

export function labJobs(parts: LabJobsParts): LabJobs {
  const { dir, docs, ledger, clock, env, images, downloads, tell } = parts
  const files = catalogueFiles({ images, incoming: join(dir, 'images', 'incoming'), trust: join(dir, 'trust'), now: () => clock.now() })
  const hooks = httpHooks(parts.ports)
  const value = (device: string, uri: string): string | undefined => ledger.value(device, uri)?.data
  const known = (id: string): KnownDevice | undefined => {
    const record = ledger.device(id)
    if (record === undefined) return undefined
    const detail = (name: string): string => value(id, `./DevDetail/${name}`) ?? ''
    return {
      id,
      man: record.devInfo['./DevInfo/Man'] ?? '',
      mod: record.devInfo['./DevInfo/Mod'] ?? '',
      fwv: detail('FwV'),
      swv: detail('SwV'),
      hwv: detail('HwV'),
      simulated: parts.simulated(id) || detail('DevTyp') === OWN_TYPE,
      ...parts.dialect?.(id),
    }
  }
  const moved = batched<JobRow>(clock, (changed) => tell('jobs', { changed }))
  const jobs = makeJobs({
    ports: {
      docs,
      now: () => clock.now(),
      after: (ms, call) => clock.after(ms, call),
      random: (count) => env.random(count),
      devices: () => ledger.devices().flatMap(({ device }) => known(device) ?? []),
      device: known,
      value,
      elsewhere: parts.elsewhere,
      wake: async (device, missed) => (await parts.notify(device, missed === true ? { nonce: 'zeros', resync: true } : {})).to,
      url: ({ job, device, fileName, mechanism }) =>
        downloads().link(fileName, { mechanism: mechanism === 'auto' || mechanism === 'dm-large' ? 'dlota1' : mechanism, device, job }),
      ...(parts.mechanism === undefined ? {} : { mechanism: parts.mechanism }),
      file: (sha256) => files.file(sha256),
      security: () => parts.security,
      secure: parts.secure,
      seq: parts.seq,
      happened: parts.happened,
      jobsMoved: moved,
      catalogueMoved: (packages) => tell('catalogue', { packages }),
    },
    hooks: { ...hooks, vault: ledger.vault },
    intake: (name, bytes) => files.take(name, bytes),
    offer: (row, intake) => files.offer(row, intake),
    commit: parts.commit,
  })
  const { publish, ...rest } = jobs
  return {
    ...rest,
    upload: async (name, body, facts) => {
      const taken = await files.stream(name, body)
      try {
        return await publish(taken, facts)
      } catch (error) {
        files.forget(taken)
        throw error
      }
    },
    stop: () => {
      jobs.stop()
      hooks.stop()
    },
  }
}

/** Tells the newest state of what moved, once for all that moves together. */
function batched<T extends { readonly id: string }>(clock: Clock, call: (rows: readonly T[]) => void): (rows: readonly T[]) => void {
  const waiting = new Map<string, T>()
  return (rows) => {
    const first = waiting.size === 0
    for (const row of rows) waiting.set(row.id, row)
    if (!first) return
    clock.after(TELL_EVERY, () => {
      const all = [...waiting.values()]
      waiting.clear()
      call(all)
    })
  }
}
