// What jobs need from the lab around them; everything is synchronous but what says Promise.
import type { JobRow, JobType, Mechanism, PackageRow, Seq } from '../api.ts'
import type { Note } from '../machine.ts'
import type { SessionView } from '../server/policy.ts'
import type { Docs } from '../store/docs.ts'
import type { Bulk } from '../syncml/message.ts'
import type { SecurityMode } from './types.ts'

/** A device as the choice of packages sees it. */
export interface KnownDevice {
  readonly id: string
  readonly man: string
  readonly mod: string
  readonly fwv: string
  readonly swv: string
  readonly hwv: string
  /** A simulated device of this lab: it repeats nothing for a repeated Correlator (scomo sheet 14 rule 3b). */
  readonly simulated: boolean
  /** Where its objects stand, as far as somebody said so (dialect); others are found by their Type. */
  readonly roots?: Partial<Readonly<Record<JobType, string>>>
}

/** Which transfer a URL is for: the download server tells by it whose request it is. */
export interface UrlAsk {
  readonly job: string
  readonly item: number
  readonly device: string
  readonly row: PackageRow
  readonly fileName: string
  readonly mechanism: Mechanism
}

/** A device with what it says of itself in this very message. */
export function knownFrom(known: KnownDevice | undefined, { device, devInfo }: Pick<SessionView, 'device' | 'devInfo'>): KnownDevice {
  const { man = '', mod = '', ...rest } = known ?? { id: device, fwv: '', swv: '', hwv: '', simulated: false }
  return { ...rest, man: devInfo['./DevInfo/Man'] ?? man, mod: devInfo['./DevInfo/Mod'] ?? mod }
}

export interface JobsPorts {
  /** Committed with the records of the same turn, before anything leaves. */
  readonly docs: Docs
  now(): number
  /** Calls once after `ms`; returns what cancels it. */
  after(ms: number, call: () => void): () => void
  random(count: number): Uint8Array
  devices(): readonly KnownDevice[]
  device(id: string): KnownDevice | undefined
  /** A value of the device's tree as the server knows it. */
  value(device: string, uri: string): string | undefined
  /** Sends a Package #0; resolves with where to, rejects with why not. `missed`: one was sent and nobody came, so the nonce may be out of step. */
  wake(device: string, missed?: boolean): Promise<string>
  /** Why the device has no sessions with this server, in words; '' where nothing speaks against them. */
  elsewhere?(device: string): string
  /** URL for PkgURL; with dlota1 and dlota2 that of a descriptor. */
  url(ask: UrlAsk): string
  /** What `auto` means where the job does not say; absent: chosen by the device (core/jobs/plan.ts). */
  readonly mechanism?: Mechanism
  /** What a weak set-up comes to; absent: `lab`. */
  security?(): SecurityMode
  /** True where the device's last message came inside TLS. */
  secure?(device: string): boolean
  /** The bytes of a package of the catalogue, by handle: they are read as they travel. Throws an Error in words where they are not there. */
  file(sha256: string): Bulk
  /** Row of the message being handled; 0 where none is. */
  seq(): Seq
  /** Records what happens off the wire (core/mo/events.ts). */
  happened(note: Note): void
  jobsMoved(changed: readonly JobRow[]): void
  catalogueMoved(packages: readonly PackageRow[]): void
}
