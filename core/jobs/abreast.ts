// Jobs of one device that stand in each other's way: the same software is worked on by one at a time, in the order they were asked for. INFERRED. Pure.
import type { PackageDoc, JobRecord } from './types.ts'
import { isOver } from './types.ts'

/** What the open items of a job are about; null: it may be anything. */
type Matter = ReadonlySet<string> | null

/** By the packages, their components and the nodes it names; all of FUMO is one thing. */
export function matterOf(job: JobRecord, packages: () => readonly PackageDoc[]): Matter {
  if (job.type === 'fumo') return new Set(['fumo'])
  const matter = new Set<string>()
  for (const { pkg, component, wish, state } of job.items) {
    if (isOver(state)) continue
    const name = pkg || (wish.pkg ?? '')
    const id = component || (wish.component ?? '')
    const [, node = ''] = /\/(?:Download|Delivered|Deployed)\/([^/]+)/.exec(wish.target ?? '') ?? []
    if (name === '' && id === '' && node === '') return null
    if (name !== '') matter.add(`package ${name}`)
    const brought = packages().find(({ row }) => row.pkgId === name)?.row.components ?? []
    for (const each of [id, node, ...brought.map((one) => one.id)]) if (each !== '') matter.add(`component ${each}`)
  }
  return matter
}

/** True while the device works, or is about to work, on an order of this job. One that is cancelled, or of which nobody knows anything, holds nobody up. */
function works(job: JobRecord): boolean {
  if (job.cancelled) return false
  return job.items.some(({ state, steps, at }) => {
    const step = steps[at]
    return state === 'accepted' || (state === 'waiting' && step?.do === 'exec' && step.state === 'todo')
  })
}

const meet = (a: Matter, b: Matter): boolean => a === null || b === null || [...a].some((each) => b.has(each))

/** The reason of a job that waits for another one. */
export const behind = (id: string): string => `after ${id}, which works on the same software`

/** Those that were asked for before, as one goes through the jobs of a device. */
export class Abreast {
  readonly #packages: () => readonly PackageDoc[]
  readonly #ahead: { readonly job: JobRecord; readonly matter: Matter; readonly held: boolean }[] = []

  constructor(packages: () => readonly PackageDoc[]) {
    this.#packages = packages
  }

  /** The job that this one has to wait for; null where it may go on. What a device asked for itself waits for nobody: it was told that it is done now. */
  before(job: JobRecord): JobRecord | null {
    const fresh = job.phase === 'survey' && job.origin !== 'device'
    if (!fresh || this.#ahead.length === 0) return null
    const matter = matterOf(job, this.#packages)
    const found = this.#ahead.find((each) => each.job.type === job.type && (each.held || works(each.job)) && meet(each.matter, matter))
    if (found !== undefined) this.#ahead.push({ job, matter, held: !job.cancelled })
    return found?.job ?? null
  }

  /** This one had nothing to say. */
  passed(job: JobRecord): void {
    if (works(job)) this.#ahead.push({ job, matter: matterOf(job, this.#packages), held: false })
  }
}
