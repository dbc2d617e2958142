// What a service provider lays down (S3 5.1): default sets a device type, subscriptions, groups. They make jobs by themselves; a device that fits already gets none.
import type { DefaultSet, DeviceGroup, JobItemWish, JobOp, JobWish, PackageRow, Subscription } from '../api.ts'
import type { SessionView } from '../server/policy.ts'
import type { Docs } from '../store/docs.ts'
import type { Command } from '../syncml/message.ts'
import { newest, unsuited, versionIn } from './choose.ts'
import type { JobEngine } from './engine.ts'
import type { KnownDevice } from './ports.ts'
import { knownFrom } from './ports.ts'
import { findRoot, readFacts } from './survey.ts'
import type { Answers, Facts, PackageDoc } from './types.ts'
import { DOC, isOver } from './types.ts'
import { compareVersions } from './versions.ts'
import { get } from './wants.ts'

interface SetDoc {
  readonly set: DefaultSet
  /** Counts changes: what failed under an older one is tried anew. */
  readonly revision: number
  /** Components that were in the set once and are not any more. */
  readonly removed: readonly string[]
}

/** What was tried on a device for a set. */
interface Check {
  revision: number
  /** Job by operation and package. */
  tried: Record<string, string>
  compliant: boolean
}

interface Look {
  readonly sets: readonly string[]
  readonly answers: Answers
}

export interface ProviderParts {
  readonly docs: Docs
  readonly engine: () => JobEngine
  readonly devices: () => readonly KnownDevice[]
  readonly device: (id: string) => KnownDevice | undefined
  readonly wake: (device: string) => void
}

export class Provider {
  readonly #parts: ProviderParts
  readonly #looking = new Map<string, Look>()
  /** Subscriptions by device; null: to be read. */
  #subscribers: Map<string, Subscription[]> | null = null

  constructor(parts: ProviderParts) {
    this.#parts = parts
  }

  // -- groups

  groups(): readonly DeviceGroup[] {
    return this.#all<DeviceGroup>(DOC.group)
  }
  putGroup(group: DeviceGroup): void {
    this.#parts.docs.put(DOC.group, group.name, group)
  }
  dropGroup(name: string): void {
    this.#drop(DOC.group, name, 'group')
  }

  // -- default sets

  sets(): readonly DefaultSet[] {
    return this.#all<SetDoc>(DOC.set).map(({ set }) => set)
  }

  /** Made or changed: devices of the type are woken and compared when they come. */
  putSet(set: DefaultSet): void {
    const { docs, devices, wake } = this.#parts
    const before = docs.get(DOC.set, set.id) as SetDoc | undefined
    const now = new Set(set.items.map(({ component }) => component))
    const gone = [...(before?.removed ?? []), ...(before?.set.items.map(({ component }) => component) ?? [])].filter(
      (component) => !now.has(component),
    )
    const removed = set.remove ? [...new Set(gone)] : []
    docs.put(DOC.set, set.id, { set, revision: (before?.revision ?? 0) + 1, removed } satisfies SetDoc)
    for (const { id, man, mod } of devices()) if (man === set.man && mod === set.mod) wake(id)
  }
  dropSet(id: string): void {
    this.#drop(DOC.set, id, 'default set')
    // One that is made under this name later is another one.
    const { docs } = this.#parts
    for (const { id: check } of docs.all(DOC.setCheck)) if (check.startsWith(`${id} `)) docs.drop(DOC.setCheck, check)
  }

  // -- subscriptions

  subscriptions(): readonly Subscription[] {
    return this.#all<Subscription>(DOC.subscription)
  }
  /** Made or changed: what the catalogue has already counts too, the newest of each component (S3 5.1.1). */
  putSubscription(subscription: Subscription): void {
    this.#parts.docs.put(DOC.subscription, subscription.id, subscription)
    this.#subscribers = null
    const known = this.#parts.device(subscription.device)
    if (known !== undefined) for (const row of this.#best(known)) this.#subscribed(subscription, row, known)
  }
  dropSubscription(id: string): void {
    this.#drop(DOC.subscription, id, 'subscription')
    this.#subscribers = null
  }

  /** The newest package of each component that suits the device. */
  #best(known: KnownDevice): ReadonlySet<PackageRow> {
    const rows = this.#all<PackageDoc>(DOC.package).map(({ row }) => row)
    const ids = rows.flatMap(({ kind, components }) => (kind === 'software' ? components.map(({ id }) => id) : []))
    return new Set([...new Set(ids)].flatMap((id) => newest(rows, 'scomo', known, null, id) ?? []))
  }

  /** A device comes that nobody knew, or of which nobody knew what it is, when it was subscribed: what it was never offered is offered now (S3 5.1.1). */
  #arrived(known: KnownDevice, own: readonly Subscription[]): void {
    if (own.length === 0) return
    for (const row of this.#best(known)) for (const subscription of own) this.#subscribed(subscription, row, known, true)
  }

  /** A new version is in the catalogue: one job for each subscribed device it suits (S3 5.1.1, 5.2). */
  published(row: PackageRow): void {
    if (row.kind !== 'software') return
    for (const subscription of this.subscriptions()) {
      const known = this.#parts.device(subscription.device)
      if (known !== undefined) this.#subscribed(subscription, row, known)
    }
  }

  /** A device that runs the package, or has its job already, gets none; with `once` neither one that was offered it before. */
  #subscribed({ device, components, newToo, confirm }: Subscription, row: PackageRow, known: KnownDevice, once = false): void {
    const engine = this.#parts.engine()
    const covered = components.length === 0 || row.components.some(({ id }) => components.includes(id))
    if (!covered || unsuited(row, 'scomo', known, null) !== '') return
    const fresh = engine.offers(device, row.pkgId)
    const wish: JobWish = { device, type: 'scomo', op: newToo ? 'install' : 'update', pkg: row.pkgId, confirm, reason: 'feature' }
    if ((fresh || !once) && !engine.has(device, 'subscription', wish)) engine.create(wish, 'subscription')
  }

  // -- comparing devices with their sets

  /** A session begins: a device whose type has a set is compared, once in this session. */
  session(view: SessionView): void {
    this.#looking.delete(view.device)
    this.#subscribers ??= Map.groupBy(this.subscriptions(), ({ device }) => device)
    const own = this.#subscribers.get(view.device) ?? []
    const all = this.#all<SetDoc>(DOC.set)
    if (own.length === 0 && all.length === 0) return
    const known = this.#known(view)
    const { man, mod } = known
    this.#arrived(known, own)
    const sets = all.filter(({ set }) => set.man === man && set.mod === mod)
    if (sets.length > 0) this.#looking.set(view.device, { sets: sets.map(({ set }) => set.id), answers: {} })
  }

  /** Nothing while a job of a set works on the device; when that is over in this session, the look follows. */
  looks(view: SessionView): readonly Command[] {
    const look = this.#looking.get(view.device)
    const need = look === undefined || this.#parts.engine().busy(view.device, 'set') ? null : this.#read(view.device, look)
    return need !== null && 'ask' in need ? need.ask.map(get) : []
  }

  looked(view: SessionView, answers: Answers): void {
    const look = this.#looking.get(view.device)
    if (look === undefined) return
    Object.assign(look.answers, answers)
    const need = this.#read(view.device, look)
    if ('ask' in need) return
    this.#looking.delete(view.device)
    if (need.have === null) return
    for (const id of look.sets) {
      const doc = this.#parts.docs.get(DOC.set, id) as SetDoc | undefined
      if (doc !== undefined) this.#compare(this.#known(view), doc, need.have)
    }
  }

  #read(device: string, { answers }: Look): { readonly ask: readonly string[] } | { readonly have: Facts | null } {
    const memory = this.#parts.engine().memory(device)
    const known = this.#parts.device(device)?.roots?.scomo ?? memory.roots.scomo
    const root = known === undefined ? findRoot('scomo', answers) : { have: known }
    if ('ask' in root) return root
    if (root.have === null) return { have: null }
    if (known === undefined) memory.roots.scomo = root.have
    return readFacts('scomo', root.have, answers, memory, false)
  }

  #compare(device: KnownDevice, { set, revision, removed }: SetDoc, facts: Facts): void {
    const { docs, engine } = this.#parts
    const key = `${set.id} ${device.id}`
    const last = docs.get(DOC.setCheck, key) as Check | undefined
    const check: Check = last?.revision === revision ? { ...last, compliant: false } : { revision, tried: {}, compliant: false }
    const wanted = this.#wanted(device, set, removed, facts)
    const open = wanted.filter(({ op, item }) => this.#open(check.tried[`${op} ${item.pkg ?? item.component ?? ''}`]))
    for (const op of new Set(open.map((each) => each.op))) {
      const items = open.filter((each) => each.op === op).map(({ item }) => item)
      const [job] = engine().create({ device: device.id, type: 'scomo', op, items, confirm: set.confirm, wake: false, reason: 'feature' }, 'set').jobs
      for (const item of items) check.tried[`${op} ${item.pkg ?? item.component ?? ''}`] = job?.id ?? ''
    }
    docs.put(DOC.setCheck, key, { ...check, compliant: wanted.length === 0 })
  }

  /** A device that came back without a component gets it again; what failed under this revision is not tried again by itself. */
  #open(tried: string | undefined): boolean {
    if (tried === undefined) return true
    const job = this.#parts.engine().job(tried)
    return job === undefined || (isOver(job.state) && (job.state === 'done' || job.state === 'not_needed'))
  }

  #wanted(device: KnownDevice, set: DefaultSet, removed: readonly string[], facts: Facts): { readonly op: JobOp; readonly item: JobItemWish }[] {
    const rows = this.#all<PackageDoc>(DOC.package).map(({ row }) => row)
    const missing = set.items.flatMap(({ component, pkg, version, active }): { op: JobOp; item: JobItemWish }[] => {
      const row = version === 'latest' ? newest(rows, 'scomo', device, facts, component) : rows.find(({ pkgId }) => pkgId === pkg)
      const there = facts.deployed?.find(({ id }) => id === component)
      if (row !== undefined && unsuited(row, 'scomo', device, facts) === '') {
        if (there === undefined) return [{ op: active ? 'install' : 'installInactive', item: { pkg: row.pkgId, component } }]
        if (compareVersions(there.version, versionIn(row, component)) < 0) return [{ op: 'update', item: { pkg: row.pkgId, component } }]
      }
      if (there === undefined || there.state === (active ? 20 : 10)) return []
      return [{ op: active ? 'activate' : 'deactivate', item: { component } }]
    })
    const out = removed.filter((component) => facts.deployed?.some(({ id }) => id === component) === true)
    return [...missing, ...out.map((component) => ({ op: 'remove' as const, item: { component } }))]
  }

  #known(view: SessionView): KnownDevice {
    return knownFrom(this.#parts.device(view.device), view)
  }

  #all<T>(kind: string): readonly T[] {
    return this.#parts.docs.all(kind).map(({ value }) => value as T)
  }

  #drop(kind: string, id: string, what: string): void {
    if (this.#parts.docs.get(kind, id) === undefined) throw new Error(`there is no ${what} ${id}`)
    this.#parts.docs.drop(kind, id)
  }
}
