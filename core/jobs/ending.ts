// The end of a job: what its items come to, and what is said of it.
import { goodCode } from './codes.ts'
import type { JobBook } from './book.ts'
import { condition } from './security.ts'
import type { Item, JobRecord } from './types.ts'
import { isOver } from './types.ts'

/** Everything that is not over ends so. */
export function endAll(job: JobRecord, state: Item['state'], code: number, text: string): void {
  for (const item of job.items) if (!isOver(item.state)) Object.assign(item, { state, resultCode: code, text })
  job.phase = 'over'
}

/** State, code and reason of the whole (scomo sheet 16.6). */
export function conclude(job: JobRecord): void {
  const states = job.items.map(({ state }) => state)
  const well = (state: Item['state']): boolean => state === 'done' || state === 'not_needed'
  const bad = job.items.find(({ state }) => !well(state))
  const first = states[0] ?? 'failed'
  if (states.every((state) => state === first)) job.state = first
  else if (bad === undefined) job.state = 'done'
  else if (states.some(well)) job.state = 'partial'
  else job.state = states.includes('unknown') ? 'unknown' : 'failed'
  job.resultCode = bad === undefined ? goodCode(job.type) : bad.resultCode
  job.reason = job.state === 'done' ? '' : (bad ?? job.items[0])?.text || ''
}

/** What a concluded job leaves behind: its condition, its log, what is not remembered any more. */
export function settled(job: JobRecord, book: JobBook): void {
  job.phase = 'over'
  if (job.state === 'done' && (job.op === 'install' || job.op === 'update'))
    condition(job, book, job.op === 'update' ? 'Q2' : 'Q1', true, 'what was targeted is delivered and installed')
  // The object may have moved (a factory reset): it is looked for again.
  if (job.items.some(({ text }) => /answered 404/.test(text))) delete book.memory(job.device).roots[job.type]
  book.log(job, `ends ${job.state}${job.reason === '' ? '' : `: ${job.reason}`}`)
}
