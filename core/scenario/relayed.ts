// A flow as a recording proxy can judge it: what happens inside a server that is not this lab's cannot be seen, and is not applicable. Data in, data out.
import type { DeviceFlow } from './all.ts'
import type { Condition, Contradiction, Predicate, Step } from './types.ts'

const INSIDE = "it happens inside a DM Server that is not this lab's: nothing recorded here can decide it"
const PAST = 'no download came through this lab: the device fetched it elsewhere'

/** What of a predicate can be decided by recorded messages alone; null where nothing of it can. */
export function onWire(predicate: Predicate): Predicate | null {
  if ('event' in predicate || 'job' in predicate) return null
  if ('all' in predicate) {
    const parts = predicate.all.map(onWire)
    return parts.includes(null) ? null : { all: parts as Predicate[] }
  }
  if ('then' in predicate) {
    const parts = predicate.then.map(onWire)
    return parts.includes(null) ? null : { then: parts as Predicate[] }
  }
  if ('any' in predicate) {
    const parts = predicate.any.flatMap((each) => onWire(each) ?? [])
    return parts.length === 0 ? null : { any: parts }
  }
  return predicate
}

const failing = (fails: readonly Contradiction[] = []): Contradiction[] =>
  fails.flatMap(({ when, reason }) => {
    const left = onWire(when)
    return left === null ? [] : [{ when: left, reason }]
  })

function stepOf(step: Step): Step {
  const decide = onWire(step.decide)
  const fails = failing(step.fails)
  if (decide === null) return { ...step, fails, missing: 'not applicable', unseen: INSIDE }
  const download = step.from === 'Download Server' || step.to === 'Download Server'
  return { ...step, decide, fails, ...(download ? { missing: 'not applicable', unseen: PAST } : {}) }
}

function conditionOf(condition: Condition): Condition {
  const decide = onWire(condition.decide)
  const fails = failing(condition.fails)
  return decide === null ? { ...condition, fails, missing: 'not applicable' } : { ...condition, decide, fails }
}

/** The flow, with every step and condition that the wire cannot decide as not applicable. */
export function relayedFlow(flow: DeviceFlow): DeviceFlow {
  return { ...flow, steps: flow.steps.map(stepOf), pre: flow.pre.map(conditionOf), post: flow.post.map(conditionOf) }
}
