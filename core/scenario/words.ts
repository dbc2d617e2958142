// Scenarios in words: what decides a step, what a row was, and a scenario as LabApi shows it.
import type { ScenarioInfo, TraceRow } from '../api.ts'
import { inferredIn } from './inferred.ts'
import type { Fact, Predicate, Scenario } from './types.ts'

/** A predicate as text: an expression of the filter language, or what else must be told. */
export function wordsOf(predicate: Predicate): string {
  if ('row' in predicate) return `${predicate.row}${predicate.same === undefined ? '' : ` (the same octets as in step ${predicate.same})`}`
  if ('event' in predicate) return `event ${predicate.event}${factsText(predicate.where)}`
  if ('job' in predicate) return `job is ${predicate.job.join(' or ')}${factsText(predicate.where)}`
  if ('time' in predicate) {
    const { afterMs, since } = predicate.time
    return `${String(afterMs)} ms after ${since === undefined ? 'the step before' : `step ${since}`}`
  }
  if ('tree' in predicate) {
    const { uri, is = 'present', value } = predicate.tree
    if (is !== 'value') return `tree: ${uri} is ${is}`
    return `tree: ${uri} is ${value === undefined ? 'known' : typeof value === 'string' ? value : value.join(' or ')}`
  }
  if ('then' in predicate) return predicate.then.map((each) => `(${wordsOf(each)})`).join(', then ')
  if ('all' in predicate) return predicate.all.map((each) => `(${wordsOf(each)})`).join(' and ')
  return predicate.any.map((each) => `(${wordsOf(each)})`).join(' or ')
}

function factsText(where: Readonly<Record<string, Fact | readonly Fact[]>> = {}): string {
  const all = Object.entries(where).map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' or ') : String(value)}`)
  return all.length === 0 ? '' : ` (${all.join(', ')})`
}

/** `#12 Alert 1201 Replace ./DevInfo 200` */
export function aboutRow(row: TraceRow | undefined): string {
  if (row === undefined) return ''
  const what =
    row.kind === 'message'
      ? [row.package, ...new Set([...row.commands, ...row.statuses]), row.target].filter((text) => text !== '').join(' ')
      : `${row.kind}: ${row.text}`
  return `#${String(row.seq)} ${what}`
}

/** A scenario as LabApi shows it. */
export function infoOf(scenario: Scenario): ScenarioInfo {
  const { id, document, clause, title, actors, alternativeOf } = scenario
  return {
    id,
    document,
    clause,
    title,
    actors,
    alternativeOf,
    steps: scenario.steps.map(({ key, label, text, from, to, decide, offWire = false }) => {
      const decides = wordsOf(decide)
      const inferred = inferredIn(decides)
      return { key, label, text, from, to, decides, offWire, ...(inferred.length === 0 ? {} : { inferred }) }
    }),
    pre: scenario.pre.map(({ key, text }) => `${key}: ${text}`),
    post: scenario.post.map(({ key, text }) => `${key}: ${text}`),
  }
}
