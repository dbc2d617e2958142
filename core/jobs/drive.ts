// One job, from reading the device to its end: survey, decision, the user's yes, its items. What is to be sent follows from the record alone.
import type { Mechanism, PackageRow } from '../api.ts'
import type { HappeningFacts, HappeningName } from '../mo/events.ts'
import type { Peer } from '../session/desk.ts'
import type { Command } from '../syncml/message.ts'
import { choose, freshItem, lacking, newest, versionIn } from './choose.ts'
import type { Choice } from './choose.ts'
import { goodCode, notImplemented, refusedByUser } from './codes.ts'
import { mechanismFor, nodeFor, planFor } from './plan.ts'
import type { KnownDevice, UrlAsk } from './ports.ts'
import { advance, hear as hearItem, leaving } from './steps.ts'
import { bareFacts, findRoot, readFacts } from './survey.ts'
import type { Answers, DeviceMemory, Facts, Item, JobRecord, PackageDoc } from './types.ts'
import { isOver } from './types.ts'
import { compareVersions } from './versions.ts'
import { get, wants as itemWants } from './wants.ts'
import type { Scene, Want } from './wants.ts'

const NOWHERE = { node: '', inDownload: false, inDelivered: false }

/** What a job is worked on with, in one session. */
export interface Stage {
  readonly device: KnownDevice
  readonly peer: Peer
  /** Token of the session; never the same for two of them. */
  readonly session: string
  readonly now: number
  readonly memory: DeviceMemory
  readonly packages: () => readonly PackageDoc[]
  value(uri: string): string | undefined
  /** What `auto` means here. */
  readonly mechanism: Mechanism | undefined
  url(ask: UrlAsk): string
  bytes(sha256: string): Uint8Array
  log(job: JobRecord, text: string): void
  happened(job: JobRecord, name: HappeningName, text: string, facts: HappeningFacts): void
}

/** A want of one job: `item` -1 is the job's own. */
export interface JobWant extends Want {
  readonly item: number
}

const own = (want: Want): JobWant => ({ ...want, item: -1 })
const reads = (uris: readonly string[]): JobWant[] => uris.map((uri) => own({ key: `get ${uri}`, command: get(uri) }))

export function sceneOf(job: JobRecord, stage: Stage): Scene {
  return {
    type: job.type,
    root: job.facts?.root ?? '',
    memory: stage.memory,
    now: stage.now,
    sessionId: stage.session,
    own: stage.device.simulated,
    bytes: (sha256) => stage.bytes(sha256),
    log: (text) => stage.log(job, text),
  }
}

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
  const known = stage.memory.roots[job.type]
  if (known !== undefined) return { have: known }
  const found = findRoot(job.type, job.answers)
  if ('have' in found && found.have !== null) {
    stage.memory.roots[job.type] = found.have
    stage.log(job, `${job.type.toUpperCase()} is at ${found.have}`)
  }
  return found
}

const rootIn = (uri: string): string =>
  /^(.+?)\/(?:Inventory|Download)\//.exec(uri)?.[1] ?? /^(.+)\/(?:Download|Update|DownloadAndUpdate)$/.exec(uri)?.[1] ?? ''

function decide(job: JobRecord, stage: Stage, facts: Facts, answers: Answers): void {
  job.facts = facts
  const lrgObj = answers['./DevDetail/LrgObj']?.data ?? stage.value('./DevDetail/LrgObj')
  job.answers = {}
  const packages = stage.packages()
  const rows = packages.map(({ row }) => row)
  for (let index = 0; index < job.items.length; index++) {
    const item = job.items[index]
    if (item === undefined || isOver(item.state)) continue
    const choice = choose(job.op, job.type, item.wish, rows, stage.device, facts)
    const row = 'go' in choice ? choice.go : null
    const component = choice.component ?? item.component
    const version = row === null ? '' : component === '' ? row.version : versionIn(row, component)
    stage.happened(job, 'server.chooses', 'go' in choice ? `${row?.pkgId || component || item.wish.target || 'what is there'}` : choice.text, {
      pkg: 'end' in choice ? '' : (row?.pkgId ?? item.pkg),
      component,
      version,
    })
    if ('end' in choice) Object.assign(item, { state: choice.end, resultCode: choice.code, text: choice.text, component })
    else {
      Object.assign(item, { pkg: row?.pkgId ?? item.pkg, component, version })
      if (row !== null && job.type === 'scomo' && job.op !== 'deliver') dependencies(job, item, row, rows, stage.device, facts)
      if (!isOver(item.state)) design(job, stage, item, index, choice, packages, lrgObj)
    }
  }
  const old = job.op === 'update' && job.items.some((item) => !isOver(item.state))
  if (job.op === 'update') condition(job, stage, 'P3', old, old ? 'an older version is there' : 'nothing older is installed')
  job.phase = 'confirm'
  job.confirmed ||= job.wish.confirm !== 'user'
}

export function condition(job: JobRecord, stage: Pick<Stage, 'happened'>, id: string, met: boolean, text: string): void {
  stage.happened(job, 'job.condition', `${id} ${met ? 'is met' : 'is not met'}: ${text}`, { id, met })
}

/** What a package needs and the device has not: brought by another item of the job, or by one that is added. */
function dependencies(job: JobRecord, item: Item, row: PackageRow, rows: readonly PackageRow[], device: KnownDevice, facts: Facts): void {
  for (const { id, version } of lacking(row, facts)) {
    const brings = (each: Item): boolean =>
      each !== item && rows.some((pkg) => pkg.pkgId === (each.pkg || each.wish.pkg) && pkg.components.some((component) => component.id === id))
    const there = job.items.findIndex(brings)
    if (there >= 0) {
      item.needs.push(there)
      continue
    }
    const found = newest(rows, 'scomo', device, facts, id)
    if (found === undefined || (version !== '' && compareVersions(versionIn(found, id), version) < 0)) {
      Object.assign(item, {
        state: 'not_applicable',
        text: `${row.pkgId} needs ${id}${version === '' ? '' : ` ${version}`}, and the catalogue has none that suits`,
      })
      return
    }
    job.items.push(freshItem({ pkg: found.pkgId }, `${job.id}-${String(job.items.length + 1)}`))
    item.needs.push(job.items.length - 1)
  }
}

function design(
  job: JobRecord,
  stage: Stage,
  item: Item,
  index: number,
  choice: Extract<Choice, { go: unknown }>,
  packages: readonly PackageDoc[],
  lrgObj: string | undefined,
): void {
  const { facts, type, op, wish } = job
  if (facts === null) return
  const doc = packages.find(({ row }) => row.pkgId === choice.go?.pkgId)
  const row = doc?.row ?? null
  const target = item.wish.target ?? ''
  const travels = row !== null && target === '' && choice.delivered === undefined
  const wanted = wish.mechanism === undefined || wish.mechanism === 'auto' ? stage.mechanism : wish.mechanism
  const { mechanism, why } = travels ? mechanismFor(wanted, row.size, stage.peer, lrgObj) : { mechanism: 'auto' as Mechanism, why: '' }
  if (why !== '') stage.log(job, why)
  const { node, inDownload, inDelivered } = row === null ? NOWHERE : nodeFor(row.pkgId, facts, stage.memory)
  const taken = mechanism === 'dm-large' ? inDelivered : inDownload
  const url =
    travels && mechanism !== 'dm-large' && doc !== undefined
      ? stage.url({ job: job.id, item: index, device: job.device, row, fileName: doc.fileName, mechanism })
      : ''
  const { component, correlator } = item
  const plan = planFor({
    type,
    op,
    wish,
    target,
    row,
    component,
    deployed: choice.deployed,
    delivered: choice.delivered,
    facts,
    mechanism,
    url,
    correlator,
    node,
    taken,
  })
  Object.assign(item, { node, steps: plan.steps, back: plan.back, delivered: plan.delivered, mechanism: travels ? mechanism : '' })
  if (!travels) return
  stage.memory.used[node] = row.pkgId
  stage.happened(job, 'server.mechanism', `${row.pkgId} travels by ${mechanism}`, { pkg: row.pkgId, mechanism })
  weak(job, row, mechanism, url)
}

/** What the security rules R1 to R7 find weak and `lab` mode lets pass (scomo sheet 13). */
function weak(job: JobRecord, row: PackageRow, mechanism: Mechanism, url: string): void {
  if (url.startsWith('http:')) finding(job, 'plain-http', `PkgURL of ${row.pkgId} is plain http (R7)`)
  if (row.signed) return
  finding(job, 'unsigned-package', `${row.pkgId} is not signed (R6)`)
  finding(job, 'no-version-check', `without a signed manifest nobody judges whether ${row.pkgId} is older than what is installed (R5)`)
  if (mechanism === 'http' || mechanism === 'dm-large') finding(job, 'no-digest', `no digest of ${row.pkgId} goes along (R2)`)
}

export function finding(job: JobRecord, id: string, text: string): void {
  if (!job.findings.some((each) => each.id === id && each.text === text)) job.findings.push({ id, text })
}

/** Everything that is not over ends so. */
export function endAll(job: JobRecord, state: Item['state'], code: number, text: string): void {
  for (const item of job.items) if (!isOver(item.state)) Object.assign(item, { state, resultCode: code, text })
  job.phase = 'over'
}

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

// -- the end

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
