// Jobs, catalogue and provider put together: one policy for the DM Server, three areas for LabApi. What a call changes is durable when it resolves.
import type { CatalogueArea, JobsArea, PackageFacts, PackageRow, ProviderArea } from '../api.ts'
import type { Policy } from '../server/policy.ts'
import { Catalogue } from './catalogue.ts'
import type { Intake } from './catalogue.ts'
import { JobEngine } from './engine.ts'
import { Hooks } from './hooks.ts'
import type { HookPorts } from './hooks.ts'
import type { JobsPorts } from './ports.ts'
import { Provider } from './provider.ts'

export interface JobParts {
  readonly ports: JobsPorts
  readonly hooks: Pick<HookPorts, 'sign' | 'post' | 'forbidden' | 'vault'>
  /** Takes a file into the images, and reads what it says of itself. Rejects with an Error in words. */
  intake(name: string, bytes: Uint8Array): Promise<Intake>
  /** The package is in the catalogue: the download server offers it; gives the name it is offered by. Absent: its file name. */
  offer?(row: PackageRow, intake: Intake): Promise<string>
  /** Commits what was put. Throws where it could not be kept. */
  commit(): void
}

export interface Jobs {
  readonly policy: Policy
  readonly engine: JobEngine
  readonly catalogue: Catalogue
  readonly hooks: Hooks
  readonly areas: { readonly jobs: JobsArea; readonly catalogue: CatalogueArea; readonly provider: ProviderArea }
  /** A file that was taken in already (streamed) becomes a package. Rejects with an Error in words; nothing is kept then. */
  publish(intake: Intake, facts: PackageFacts): Promise<PackageRow>
  /** Goes on with what an earlier process left: devices are woken, outcomes told. */
  start(): void
  stop(): void
}

/** Composes; begins nothing before `start`. */
export function makeJobs({ ports, hooks: out, intake, offer, commit }: JobParts): Jobs {
  const { docs, now, after, random, happened, devices, device } = ports
  const hooks = new Hooks({ docs, now, after, random, happened, ...out })
  const provider: Provider = new Provider({ docs, engine: () => engine, devices, device, wake: (id) => engine.call(id) })
  const engine: JobEngine = new JobEngine(ports, {
    over: (job) => hooks.ended(job),
    told: (job) => hooks.told(job),
    session: (view) => provider.session(view),
    looks: (view) => provider.looks(view),
    looked: (view, answers) => provider.looked(view, answers),
  })
  const catalogue = new Catalogue(docs, now)
  const publish = async (taken: Intake, facts: PackageFacts): Promise<PackageRow> => {
    const row = catalogue.check(taken, facts)
    catalogue.add(row, offer === undefined ? taken.fileName : await offer(row, taken))
    provider.published(row)
    commit()
    ports.catalogueMoved(catalogue.rows())
    return row
  }
  /** Runs a change and commits it. */
  const kept = async <T>(change: () => T): Promise<T> => {
    const value = change()
    commit()
    return value
  }
  return {
    policy: engine,
    engine,
    catalogue,
    hooks,
    publish,
    areas: {
      jobs: {
        create: (wish) =>
          kept(() => {
            if (wish.notify !== undefined) hooks.allow(wish.notify)
            return engine.create(wish)
          }),
        list: async (of, before) => engine.list(of, before),
        get: async (id) => engine.detail(id),
        cancel: (id) => kept(() => engine.cancel(id)),
      },
      catalogue: {
        list: async () => catalogue.rows(),
        add: async (name, bytes, facts) => publish(await intake(name, bytes), facts),
        withdraw: async (pkgId) => {
          const row = catalogue.withdraw(pkgId)
          engine.withdrawn(pkgId)
          commit()
          ports.catalogueMoved(catalogue.rows())
          return row
        },
      },
      provider: providerArea(provider, hooks, kept),
    },
    start: () => {
      engine.start()
      hooks.start()
    },
    stop: () => {
      engine.stop()
      hooks.stop()
    },
  }
}

function providerArea(provider: Provider, hooks: Hooks, kept: <T>(change: () => T) => Promise<T>): ProviderArea {
  return {
    groups: async () => provider.groups(),
    putGroup: (group) => kept(() => provider.putGroup(group)),
    dropGroup: (name) => kept(() => provider.dropGroup(name)),
    sets: async () => provider.sets(),
    putSet: (set) => kept(() => provider.putSet(set)),
    dropSet: (id) => kept(() => provider.dropSet(id)),
    subscriptions: async () => provider.subscriptions(),
    putSubscription: (subscription) => kept(() => provider.putSubscription(subscription)),
    dropSubscription: (id) => kept(() => provider.dropSubscription(id)),
    hooks: async () => hooks.rows(),
    addHook: (url) => kept(() => hooks.add(url)),
    dropHook: (id) => kept(() => hooks.drop(id)),
  }
}
