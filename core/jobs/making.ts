// A job as it begins, and what is told of it then.
import type { JobItemWish, JobRow, JobWish } from '../api.ts'
import type { HappeningFacts, HappeningName } from '../mo/events.ts'
import type { JobBook } from './book.ts'
import { freshItem } from './choose.ts'
import type { JobRecord } from './types.ts'
import { LIMIT_MS } from './types.ts'

export interface Making {
  readonly id: string
  readonly batch: string
  readonly device: string
  readonly origin: JobRow['origin']
  readonly wish: JobWish
  readonly items: readonly JobItemWish[]
  readonly now: number
  /** What is missing before the device can come; '' nothing as far as anybody knows. */
  readonly missing: string
}

/** Correlators of the items of a job that begins. */
export const correlatorsOf = (base: string, count: number): readonly string[] =>
  count === 1 ? [base] : Array.from({ length: count }, (_, i) => `${base}.${String(i + 1)}`)

export function freshJob({ id, batch, device, origin, wish, items, now, missing }: Making): JobRecord {
  const correlators = correlatorsOf(wish.correlator ?? id, items.length)
  return {
    id,
    batch,
    device,
    type: wish.type,
    op: wish.op,
    origin,
    wish,
    createdAt: now,
    updatedAt: now,
    limitAt: now + (wish.limitMs ?? LIMIT_MS),
    state: missing === '' ? 'queued' : 'waiting',
    reason: missing,
    resultCode: 0,
    phase: 'survey',
    confirmed: false,
    cancelled: false,
    answers: {},
    facts: null,
    items: items.map((item, i) => freshItem(item, correlators[i] ?? id)),
    log: [],
    findings: [],
  }
}

const BY: Readonly<Record<JobRow['origin'], readonly [HappeningName, string]>> = {
  emi: ['emi.request', 'the infrastructure'],
  device: ['device.request', 'the device'],
  set: ['provider.command', 'a default set'],
  subscription: ['provider.command', 'a subscription'],
}

/** Says who asked for it. */
export function announced(job: JobRecord, book: JobBook): void {
  const { op, origin, type, wish } = job
  const items = job.items.map((item) => item.wish)
  const named = Object.entries({ pkg: items[0]?.pkg, component: items[0]?.component, target: items[0]?.target, reason: wish.reason })
  const told = Object.fromEntries(named.filter(([, value]) => value !== undefined)) as HappeningFacts
  const [name, who] = BY[origin]
  const what = items.map((item) => item.pkg ?? item.component ?? item.target ?? 'what suits').join(', ')
  book.happened(job, name, `${op} ${what}`, { op, origin, type, ...told })
  book.log(job, `asked for by ${who}`)
}
