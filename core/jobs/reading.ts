// Small readings of records, wishes, answers and alerts that the engine decides by.
import type { JobItemWish, JobWish } from '../api.ts'
import type { CommandOutcome } from '../server/policy.ts'
import type { Command } from '../syncml/message.ts'
import type { Completed } from './alerts.ts'
import type { Answers, ExecStep, Item, JobRecord } from './types.ts'

/** True where an Exec of the item may have left. */
export function ordered(item: Item): boolean {
  return item.steps.some(
    (step) => step.do === 'exec' && !step.optional && (step.state === 'sent' || step.state === 'accepted' || step.state === 'lost'),
  )
}

/** By Correlator; where the alert has none by Source and device (SC-37). */
export function belongs(job: JobRecord, item: Item, step: ExecStep, { correlator, source, primitive, type }: Completed): boolean {
  if (step.state === 'todo' && step.sentAt === 0) return false
  if (item.steps.indexOf(step) < item.at) return false
  if (correlator !== '') return step.correlator === correlator
  if (step.state === 'refused') return false
  if (type === 'scomo') return source === step.uri.replace('{delivered}', item.delivered)
  const root = job.facts?.root ?? ''
  return step.primitive === primitive && (source === root || source.startsWith(`${root}/`))
}

/** What the answers to one command say, by the URI asked and by those a list brought. */
export function answersOf(command: Command, parts: CommandOutcome['outcomes']): Answers {
  const asked = 'items' in command ? (command.items[0]?.target?.locUri ?? '') : ''
  const answers: Answers = {}
  for (const { uri, code, data, format = '' } of parts) if (uri !== '' && uri !== asked) answers[uri] = { code, data, format }
  const mine = parts.find(({ uri }) => uri === asked) ?? parts[0]
  // Properties and lists may be answered under the name of the node.
  const value = mine?.data === '' && asked.includes('?prop=') ? (parts.find(({ data }) => data !== '') ?? mine) : mine
  answers[asked] = { code: mine?.code ?? 0, data: value?.data ?? '', format: value?.format ?? '' }
  return answers
}

/** The item of a wish that names one. */
export const itemOf = ({ pkg, component, target }: JobItemWish): JobItemWish => ({
  ...(pkg === undefined ? {} : { pkg }),
  ...(component === undefined ? {} : { component }),
  ...(target === undefined ? {} : { target }),
})

/** Throws an Error in words where a wish contradicts itself. */
export function sensible(wish: JobWish, items: readonly JobItemWish[]): void {
  const { op, type } = wish
  if (wish.items !== undefined && (wish.pkg ?? wish.component ?? wish.target) !== undefined)
    throw new Error('tell either items, or one of pkg, component and target')
  if (type === 'fumo' && (op === 'remove' || op === 'activate' || op === 'deactivate' || op === 'installInactive'))
    throw new Error(`FUMO knows no ${op}`)
  if (op === 'exec' && items.some(({ target }) => target === undefined)) throw new Error('exec needs the target: the full URI of the primitive')
  const named = items.every((item) => (item.pkg ?? item.component ?? item.target) !== undefined)
  if ((op === 'remove' || op === 'activate' || op === 'deactivate') && !named) throw new Error(`${op} needs a component, a package or a target`)
}
