// Which package suits a device, and what a job's items are about: catalogue, ./DevInfo and what was read decide; no I/O, nothing sent.
import type { JobItemWish, JobOp, JobState, JobType, PackageRow } from '../api.ts'
import type { KnownDevice } from './ports.ts'
import type { Delivered, Deployed, Facts, Item } from './types.ts'
import { compareVersions, fits } from './versions.ts'

/** Why a package does not suit; '' where it does. */
export function unsuited(row: PackageRow, type: JobType, device: KnownDevice, facts: Facts | null): string {
  if (row.withdrawn) return `${row.pkgId} was withdrawn`
  if ((row.kind === 'firmware') !== (type === 'fumo')) return `${row.pkgId} is ${row.kind}`
  if (!fits(row.manufacturers, device.man)) return `${row.pkgId} is for ${row.manufacturers.join(', ')}, not for ${device.man || 'an unnamed maker'}`
  if (!fits(row.models, device.mod)) return `${row.pkgId} is for ${row.models.join(', ')}, not for ${device.mod || 'an unnamed model'}`
  const runs = facts?.envTypes
  if (row.envType !== '' && runs != null && !runs.some((each) => each.toLowerCase() === row.envType.toLowerCase()))
    return `${row.pkgId} needs ${row.envType}, the device runs ${runs.join(', ')}`
  const has = type === 'fumo' ? facts?.fwv || device.fwv : installedOf(row, facts)?.version
  if (row.fromVersion !== '' && has !== undefined && has !== '' && compareVersions(has, row.fromVersion) !== 0)
    return `${row.pkgId} updates ${row.fromVersion}, the device has ${has}`
  return ''
}

/** The installed component that a package brings; undefined where none is, or nobody knows. */
function installedOf(row: PackageRow, facts: Facts | null): Deployed | undefined {
  return facts?.deployed?.find((each) => row.components.some(({ id }) => id === each.id) || each.pkgIdRef === row.pkgId)
}

/** Dependencies that are not installed; nothing is known without an inventory. */
export function lacking(row: PackageRow, facts: Facts | null): PackageRow['dependencies'] {
  if (facts?.deployed == null) return []
  const { deployed } = facts
  return row.dependencies.filter(
    ({ id, version }) => !deployed.some((each) => each.id === id && (version === '' || compareVersions(each.version, version) >= 0)),
  )
}

/** Version of the package as far as the component goes. */
export function versionIn(row: PackageRow, component: string): string {
  return row.components.find(({ id }) => id === component)?.version || row.version
}

const carries = (row: PackageRow, component: string): boolean => row.components.some(({ id }) => id === component)

/** The newest suitable package for a component, or for the device where none is named. */
export function newest(
  catalogue: readonly PackageRow[],
  type: JobType,
  device: KnownDevice,
  facts: Facts | null,
  component: string,
): PackageRow | undefined {
  const suits = catalogue.filter((row) => (component === '' || carries(row, component)) && unsuited(row, type, device, facts) === '')
  return suits.reduce<PackageRow | undefined>((best, row) => {
    if (best === undefined) return row
    const order =
      component === '' && !sameThing(best, row) ? row.addedAt - best.addedAt : compareVersions(versionIn(row, component), versionIn(best, component))
    return order > 0 || (order === 0 && row.addedAt > best.addedAt) ? row : best
  }, undefined)
}

const sameThing = (a: PackageRow, b: PackageRow): boolean =>
  a.kind === 'firmware' ? b.kind === 'firmware' : a.components.some(({ id }) => carries(b, id)) || (a.name !== '' && a.name === b.name)

/** What an item comes to: a package to bring, an entry to work on, or an end. */
export type Choice =
  | { readonly go: PackageRow | null; readonly component: string; readonly deployed?: Deployed; readonly delivered?: Delivered }
  | { readonly end: JobState; readonly code: number; readonly text: string; readonly component?: string }

const end = (state: JobState, text: string, code = 0): Choice => ({ end: state, code, text })

/** Decides for one item. `reason` of the wish is P3's business, the caller's. */
export function choose(op: JobOp, type: JobType, item: JobItemWish, catalogue: readonly PackageRow[], device: KnownDevice, facts: Facts): Choice {
  if (op === 'exec' || item.target !== undefined)
    return { go: item.pkg === undefined ? null : (catalogue.find(({ pkgId }) => pkgId === item.pkg) ?? null), component: item.component ?? '' }
  if (type === 'scomo' && (op === 'remove' || op === 'activate' || op === 'deactivate')) return standing(op, item, facts)
  const row =
    item.pkg === undefined ? newest(catalogue, type, device, facts, item.component ?? '') : catalogue.find(({ pkgId }) => pkgId === item.pkg)
  if (row === undefined)
    return end('not_found', item.pkg === undefined ? 'no package of the catalogue suits this device' : `the catalogue has no ${item.pkg}`)
  const why = unsuited(row, type, device, facts)
  if (why !== '') return end(row.withdrawn ? 'cancelled' : 'not_applicable', why, /needs/.test(why) ? 1413 : 0)
  return type === 'fumo' ? firmware(row, device, facts, op) : software(op, row, item.component ?? row.components[0]?.id ?? '', facts)
}

function firmware(row: PackageRow, device: KnownDevice, facts: Facts, op: JobOp): Choice {
  const has = facts.fwv || device.fwv
  if (op !== 'deliver' && has !== '' && row.version !== '' && compareVersions(has, row.version) === 0)
    return end('not_needed', `firmware ${has} is on the device`, 200)
  return { go: row, component: '' }
}

function software(op: JobOp, row: PackageRow, component: string, facts: Facts): Choice {
  const there = facts.deployed?.find(({ id }) => id === component) ?? installedOf(row, facts)
  const version = versionIn(row, component)
  const delivered = facts.delivered?.find(({ pkgId, state, status }) => pkgId === row.pkgId && state !== null && status !== 60 && status !== 70)
  const same = there !== undefined && version !== '' && compareVersions(there.version, version) === 0
  if (op === 'update') {
    if (facts.deployed !== null && there === undefined) return end('not_applicable', `${component || row.pkgId} is not installed: nothing to update`)
    if (there !== undefined && version !== '' && compareVersions(there.version, version) >= 0)
      return end('not_needed', `${there.id} ${there.version} is installed`, 1200)
  } else if (same && (op === 'deliver' || there.state === (op === 'installInactive' ? 10 : 20)))
    return end('not_needed', `${there.id} ${there.version} is installed`, 1200)
  if (op === 'deliver' && delivered !== undefined) return end('not_needed', `${row.pkgId} lies on the device`, 1200)
  return { go: row, component, ...(there === undefined ? {} : { deployed: there }), ...(delivered === undefined ? {} : { delivered }) }
}

/** Remove, Activate, Deactivate: of what stands on the device. */
function standing(op: 'remove' | 'activate' | 'deactivate', item: JobItemWish, facts: Facts): Choice {
  if (item.component === undefined) {
    const delivered = facts.delivered?.find(({ pkgId }) => pkgId === item.pkg)
    const of = facts.deployed?.find(({ pkgIdRef }) => pkgIdRef === item.pkg)
    if (op === 'remove') {
      if (facts.delivered !== null && delivered === undefined) return end('not_found', `${item.pkg ?? ''} does not lie on the device`)
      return { go: null, component: '', ...(delivered === undefined ? {} : { delivered }) }
    }
    if (facts.deployed !== null && of === undefined) return end('not_found', `nothing of ${item.pkg ?? ''} is installed`)
    return of === undefined ? end('not_found', 'no component is named') : moved(op, of)
  }
  const deployed = facts.deployed?.find(({ id }) => id === item.component)
  if (facts.deployed !== null && deployed === undefined) return end('not_found', `${item.component} is not installed`)
  return deployed === undefined ? { go: null, component: item.component } : moved(op, deployed)
}

function moved(op: 'remove' | 'activate' | 'deactivate', deployed: Deployed): Choice {
  const { id, state } = deployed
  if (op === 'activate' && state === 20) return { end: 'not_needed', code: 1200, text: `${id} is active`, component: id }
  if (op === 'deactivate' && state === 10) return { end: 'not_needed', code: 1200, text: `${id} is inactive`, component: id }
  return { go: null, component: id, deployed }
}

/** An item as a job begins with it. */
export function freshItem(wish: JobItemWish, correlator: string): Item {
  return {
    wish,
    pkg: wish.pkg ?? '',
    component: wish.component ?? '',
    version: '',
    correlator,
    state: 'queued',
    resultCode: 0,
    text: '',
    mechanism: '',
    objects: [],
    executed: 'unknown',
    node: '',
    delivered: '',
    steps: [],
    at: 0,
    back: null,
    failed: null,
    needs: [],
  }
}
