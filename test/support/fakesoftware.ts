// The areas about software of a lab in memory: jobs, catalogue, provider, board and scenarios hold what they are told; for the contract suite and the window's tests.
import type { JobDetail, JobRow, LabApi, LabEvents, PackageRow, ScenarioInfo, ScenarioRun, SoftwareBoard } from '../../core/api.ts'

export type SoftwareAreas = Pick<LabApi, 'jobs' | 'catalogue' | 'provider' | 'software' | 'scenarios'>

type Tell = <K extends 'jobs' | 'catalogue' | 'software' | 'scenario'>(event: K, fact: LabEvents[K]) => void

/** What a test may put in beforehand; the lists are live. */
export interface SoftwareWorld {
  readonly jobs: JobDetail[]
  readonly packages: PackageRow[]
  readonly boards: Map<string, SoftwareBoard>
  readonly scenarios: ScenarioInfo[]
  readonly runs: ScenarioRun[]
  /** Tells the subscribers; a test that changes the lists calls it. */
  tell: Tell
  /** What a started run does; without it the run stays as it began. */
  onRun: (run: ScenarioRun) => void
}

export function softwareWorld(): SoftwareWorld {
  return { jobs: [], packages: [], boards: new Map(), scenarios: [], runs: [], tell: () => {}, onRun: () => {} }
}

/** The areas over `world`. `called` is told of every call that changes something. */
export function fakeSoftware(parts: {
  readonly tell: Tell
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: SoftwareWorld
}): SoftwareAreas {
  const { tell, now, called = () => {}, world = softwareWorld() } = parts
  world.tell = tell
  const groups = new Map<string, readonly string[]>()
  const sets = new Map<string, Parameters<LabApi['provider']['putSet']>[0]>()
  const subscriptions = new Map<string, Parameters<LabApi['provider']['putSubscription']>[0]>()
  const hooks = new Map<string, Awaited<ReturnType<LabApi['provider']['hooks']>>[number]>()
  const job = (id: string): JobDetail => {
    const found = world.jobs.find(({ job: row }) => row.id === id)
    if (found === undefined) throw new Error(`there is no job ${id}`)
    return found
  }
  const move = (id: string, change: Partial<JobRow>): JobRow => {
    const detail = job(id)
    const row = { ...detail.job, ...change, updatedAt: now() }
    world.jobs[world.jobs.indexOf(detail)] = { ...detail, job: row }
    tell('jobs', { changed: [row] })
    return row
  }
  return {
    jobs: {
      create: async (wish) => {
        called(`jobs.create ${JSON.stringify(wish)}`)
        const devices = wish.device === undefined ? (groups.get(wish.group ?? '') ?? []) : [wish.device]
        if (devices.length === 0) throw new Error('no device fits the wish')
        const batch = `batch-${world.jobs.length + 1}`
        const made = devices.map((device, i): JobRow => {
          const wishes = wish.items ?? [wish]
          const items = wishes.map((item) => ({
            pkg: item.pkg ?? '',
            component: item.component ?? '',
            version: '',
            correlator: '',
            state: 'queued' as const,
            resultCode: 0,
            text: '',
            mechanism: '' as const,
            objects: [],
            executed: 'unknown' as const,
          }))
          const id = `job-${world.jobs.length + 1 + i}`
          const { type, op } = wish
          const times = { createdAt: now(), updatedAt: now() }
          return { id, batch, device, type, op, state: 'queued', reason: '', resultCode: 0, origin: 'emi', ...times, items }
        })
        for (const row of made) world.jobs.unshift({ job: row, wish, log: [], findings: [], told: [] })
        tell('jobs', { changed: made })
        return { batch, jobs: made }
      },
      list: async (device, before = '') => {
        const rows = world.jobs.map(({ job: row }) => row).filter((row) => device === '' || row.device === device)
        return before === '' ? rows : rows.slice(rows.findIndex((row) => row.id === before) + 1)
      },
      get: async (id) => job(id),
      cancel: async (id) => move(id, { state: 'cancelled' }),
    },
    catalogue: {
      list: async () => [...world.packages],
      add: async (name, bytes, facts) => {
        called(`catalogue.add ${name} ${bytes.length}`)
        const row: PackageRow = {
          pkgId: name.replace(/\.\w+$/, ''),
          kind: 'software',
          name,
          version: '',
          description: '',
          components: [],
          envType: '',
          pkgType: 'application/octet-stream',
          size: bytes.length,
          sha256: '0'.repeat(64),
          manufacturers: [],
          models: [],
          dependencies: [],
          fromVersion: '',
          signed: false,
          addedAt: now(),
          remarks: [],
          withdrawn: false,
          ...facts,
        }
        world.packages.push(row)
        tell('catalogue', { packages: [...world.packages] })
        return row
      },
      withdraw: async (pkgId) => {
        const at = world.packages.findIndex((row) => row.pkgId === pkgId)
        const old = world.packages[at]
        if (old === undefined) throw new Error(`there is no package ${pkgId}`)
        const row = { ...old, withdrawn: true }
        world.packages[at] = row
        tell('catalogue', { packages: [...world.packages] })
        return row
      },
    },
    provider: {
      groups: async () => [...groups].map(([name, devices]) => ({ name, devices })),
      putGroup: async ({ name, devices }) => void groups.set(name, devices),
      dropGroup: async (name) => void groups.delete(name),
      sets: async () => [...sets.values()],
      putSet: async (set) => void sets.set(set.id, set),
      dropSet: async (id) => void sets.delete(id),
      subscriptions: async () => [...subscriptions.values()],
      putSubscription: async (subscription) => void subscriptions.set(subscription.id, subscription),
      dropSubscription: async (id) => void subscriptions.delete(id),
      hooks: async () => [...hooks.values()],
      addHook: async (url) => {
        const hook = { id: `hook-${hooks.size + 1}`, url, createdAt: now(), pending: 0, lastAt: 0, lastStatus: 0 }
        hooks.set(hook.id, hook)
        return { hook, secret: 'told once' }
      },
      dropHook: async (id) => void hooks.delete(id),
    },
    software: {
      board: async (device) => world.boards.get(device) ?? { device, roots: [], cards: [], log: [] },
      request: async (device, request) => called(`software.request ${device} ${request.operation}`),
      restart: async (device) => called(`software.restart ${device}`),
    },
    scenarios: {
      list: async () => [...world.scenarios],
      run: async (wish) => {
        const info = world.scenarios.find(({ id }) => id === wish.id)
        if (info === undefined) throw new Error(`there is no scenario ${wish.id}`)
        const run: ScenarioRun = {
          run: world.runs.length + 1,
          id: wish.id,
          encoding: wish.encoding ?? 'xml',
          transport: wish.transport ?? 'memory',
          seed: wish.seed ?? 1,
          state: 'running',
          verdict: '',
          startedAt: now(),
          duration: 0,
          first: 0,
          last: 0,
          steps: info.steps.map(({ key, label }) => ({ key, label, verdict: 'not reached', messages: [], reason: '', at: null })),
          conditions: [],
          findings: [],
          fault: wish.fault ?? '',
        }
        world.runs.unshift(run)
        tell('scenario', run)
        called(`scenarios.run ${JSON.stringify(wish)}`)
        world.onRun(run)
        return run
      },
      runs: async () => [...world.runs],
      cancel: async (number) => {
        const at = world.runs.findIndex(({ run }) => run === number)
        const old = world.runs[at]
        if (old === undefined) throw new Error(`there is no run ${number}`)
        const run = { ...old, state: 'cancelled' as const }
        world.runs[at] = run
        tell('scenario', run)
      },
      report: async (runs, format) => ({ name: `report.${format === 'html' ? 'html' : 'xml'}`, bytes: new TextEncoder().encode(runs.join()) }),
    },
  }
}
