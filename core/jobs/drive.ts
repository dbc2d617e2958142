// One job, from reading the device to its end: survey, decision, the user's yes, its items. What is to be sent follows from the record alone.
import type { Command } from '../syncml/message.ts'
import { notImplemented, refusedByUser } from './codes.ts'
import { decide } from './decide.ts'
import { endAll } from './ending.ts'
import { sceneOf } from './stage.ts'
import type { Stage } from './stage.ts'
import { advance, hear as hearItem, leaving } from './steps.ts'
import { bareFacts, findRoot, isNamed, readFacts } from './survey.ts'
import type { Answers, Item, JobRecord } from './types.ts'
import { isOver } from './types.ts'
import { get, wants as itemWants } from './wants.ts'
import type { Want } from './wants.ts'

/** A want of one job: `item` -1 is the job's own. */
export interface JobWant extends Want {
  readonly item: number
}

const own = (want: Want): JobWant => ({ ...want, item: -1 })
const reads = (uris: readonly string[]): JobWant[] => uris.map((uri) => own({ key: `get ${uri}`, command: get(uri) }))

/** What is to be sent now; the record goes on as far as it can. */
export function drive(job: JobRecord, stage: Stage): JobWant[] {
  if (job.phase === 'survey') {
    const ask = survey(job, stage)
    if (ask.length > 0) return reads(ask)
  }
  if (job.phase === 'confirm') {
    if (job.items.every(({ state }) => isOver(state))) job.phase = 'over'
    else if (!job.confirmed) return [own({ key: 'confirm', command: question(job, stage) })]
    else job.phase = 'work'
  }
  return job.phase === 'work' ? work(job, stage) : []
}

function work(job: JobRecord, stage: Stage): JobWant[] {
  const scene = sceneOf(job, stage)
  for (const item of job.items) if (ready(job, item)) advance(scene, item)
  // An item that ended may have been what others waited for.
  for (const item of job.items) settle(job, item)
  for (const item of job.items) if (ready(job, item)) advance(scene, item)
  if (job.items.every(({ state }) => isOver(state))) {
    job.phase = 'over'
    return []
  }
  return job.items.flatMap((item, index) => {
    if (!ready(job, item)) return []
    const list = itemWants(scene, item)
    leaving(
      scene,
      item,
      list.map(({ key }) => key),
    )
    return list.map((want) => ({ ...want, item: index }))
  })
}

/** True where the item may be worked on: not over, and what it needs is done. */
function ready(job: JobRecord, item: Item): boolean {
  if (isOver(item.state)) return false
  const index = job.items.indexOf(item)
  const before = job.wish.stopOnError === true ? job.items.slice(0, index) : item.needs.map((need) => job.items[need])
  return before.every((each) => each === undefined || isOver(each.state))
}

/** Items whose dependency failed do not begin; with stopOnError nothing begins after a failure. */
function settle(job: JobRecord, item: Item): void {
  if (isOver(item.state) || item.at > 0 || item.steps.some((step) => step.do === 'exec' && step.state !== 'todo')) return
  const bad = (each: Item | undefined): boolean => each !== undefined && isOver(each.state) && each.state !== 'done' && each.state !== 'not_needed'
  const index = job.items.indexOf(item)
  const blocked = item.needs.map((need) => job.items[need]).find(bad)
  if (blocked !== undefined)
    Object.assign(item, { state: 'failed', resultCode: notImplemented(job.type), text: `it needs ${blocked.pkg}, which was not installed` })
  else if (job.wish.stopOnError === true && job.items.slice(0, index).some(bad))
    Object.assign(item, { state: 'cancelled', text: 'an item before it failed' })
}

// -- survey and decision

function survey(job: JobRecord, stage: Stage): readonly string[] {
  const root = rootOf(job, stage)
  if ('ask' in root) return root.ask
  if (root.have === null) {
    endAll(job, 'not_applicable', notImplemented(job.type), `the device has no ${job.type.toUpperCase()} object`)
    return []
  }
  const env = stage.packages().some(({ row }) => row.envType !== '')
  const blind = job.wish.inventory === false
  const facts = blind ? { have: bareFacts(root.have, stage.device.fwv) } : readFacts(job.type, root.have, job.answers, stage.memory, env)
  if ('ask' in facts) return facts.ask
  decide(job, stage, facts.have, job.answers)
  return []
}

function rootOf(job: JobRecord, stage: Stage): { readonly ask: readonly string[] } | { readonly have: string | null } {
  const targets = job.items.map(({ wish }) => wish.target)
  // A full URI with nothing to be read says where the object is.
  const said = targets.every((each) => each !== undefined) && job.wish.inventory === false ? rootIn(targets[0] ?? '') : ''
  if (said !== '') return { have: said }
  const known = stage.device.roots?.[job.type] ?? stage.memory.roots[job.type]
  if (known !== undefined) return { have: known }
  const found = findRoot(job.type, job.answers)
  if ('have' in found && found.have !== null) {
    stage.memory.roots[job.type] = found.have
    const how = isNamed(job.type, found.have, job.answers) ? '' : ' by its children (INFERRED: no Type names it)'
    stage.log(job, `${job.type.toUpperCase()} is at ${found.have}${how}`)
  }
  return found
}

const rootIn = (uri: string): string =>
  /^(.+?)\/(?:Inventory|Download)\//.exec(uri)?.[1] ?? /^(.+)\/(?:Download|Update|DownloadAndUpdate)$/.exec(uri)?.[1] ?? ''

// -- the user

const VERBS: Readonly<Record<JobRecord['op'], string>> = {
  deliver: 'Download',
  install: 'Install',
  installInactive: 'Install',
  update: 'Upgrade',
  remove: 'Remove',
  activate: 'Activate',
  deactivate: 'Deactivate',
  exec: 'Run',
}

/** One question for the whole list (scomo sheet 16.4, 16.6). */
function question(job: JobRecord, stage: Stage): Command {
  const names = job.items
    .filter(({ state }) => !isOver(state))
    .map((item) => {
      const row = stage.packages().find((each) => each.row.pkgId === item.pkg)?.row
      const name = row?.name || item.component || item.pkg || item.wish.target || ''
      if (item.version === '') return `"${name}"`
      return job.op === 'update' ? `"${name}" to ${item.version}` : `"${name} ${item.version}"`
    })
  return { kind: 'Alert', cmdId: '', code: 1101, items: [{ data: 'MINDT=10&MAXDT=60' }, { data: `${VERBS[job.op]} ${names.join(', ')}?` }] }
}

const SAID: Readonly<Record<number, string>> = { 304: 'the user said no', 214: 'the user cancelled', 408: 'nobody answered in time' }

/** Takes the answer to one want. */
export function hear(job: JobRecord, stage: Stage, want: { readonly item: number; readonly key: string }, code: number, answers: Answers): void {
  const item = job.items[want.item]
  if (item !== undefined) return hearItem(sceneOf(job, stage), item, want.key, code, answers)
  if (want.key !== 'confirm') return void Object.assign(job.answers, answers)
  if (code === 200) {
    job.confirmed = true
    stage.log(job, 'the user said yes')
  } else if (SAID[code] !== undefined) endAll(job, 'refused', refusedByUser(job.type), SAID[code])
  else endAll(job, 'failed', notImplemented(job.type), `the device asked nobody: Alert 1101 was answered ${String(code)}`)
}
