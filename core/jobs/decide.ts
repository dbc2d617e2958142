// What a job does with a device that was read: which package suits, what it needs besides, how it travels; the plan of every item follows. Nothing is sent here.
import type { Mechanism, PackageRow } from '../api.ts'
import { choose, freshItem, lacking, newest, versionIn } from './choose.ts'
import type { Choice } from './choose.ts'
import { mechanismFor, nodeFor, planFor } from './plan.ts'
import type { KnownDevice } from './ports.ts'
import { condition, weigh } from './security.ts'
import type { Stage } from './stage.ts'
import type { Answers, Facts, Item, JobRecord, PackageDoc } from './types.ts'
import { isOver } from './types.ts'
import { compareVersions } from './versions.ts'

const NOWHERE = { node: '', inDownload: false, inDelivered: false }

/** Every item gets its plan, or its end. */
export function decide(job: JobRecord, stage: Stage, facts: Facts, answers: Answers): void {
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
  const refusal = weigh(job, stage, row, mechanism, url)
  if (refusal === '') return
  Object.assign(item, { state: 'failed', resultCode: type === 'scomo' ? 1407 : 404, text: refusal })
  condition(job, stage, op === 'update' ? 'P2u' : 'P2', false, refusal)
}
