// From a decision to steps: which nodes are made, what travels, which primitives run, what is read at the end (scomo sheet 6, 16; fumo sheet 5, 11).
import type { JobOp, JobType, JobWish, Mechanism, PackageRow } from '../api.ts'
import type { Peer } from '../session/desk.ts'
import type { DataStep, Delivered, Deployed, DeviceMemory, ExecStep, Facts, PutNode, PutStep, Step, VerifyStep } from './types.ts'
import { nodeName } from './versions.ts'

/** Direct delivery is the server's own choice below this only (download sheet 1). */
export const SMALL = 512 * 1024

/** Octets as they travel: base64 text in XML. */
function travelSize(size: number, encoding: Peer['encoding']): number {
  return encoding === 'xml' ? Math.ceil(size / 3) * 4 : size
}

/**
 * How a package travels. A device that takes no large objects, or none of that size, gets it by an alternate mechanism even where `dm-large` was asked
 * for (scomo sheet 16.1); `why` says so. `lrgObj` undefined: never told.
 */
export function mechanismFor(
  wish: Mechanism | undefined,
  size: number,
  peer: Peer,
  lrgObj: string | undefined,
): { readonly mechanism: Mechanism; readonly why: string } {
  const wanted = wish ?? 'auto'
  if (wanted !== 'auto' && wanted !== 'dm-large') return { mechanism: wanted, why: '' }
  const travels = travelSize(size, peer.encoding)
  const fits = lrgObj?.trim().toLowerCase() === 'true' && (peer.maxObjSize === undefined || travels <= peer.maxObjSize)
  if (wanted === 'dm-large') {
    if (fits) return { mechanism: 'dm-large', why: '' }
    const why =
      lrgObj?.trim().toLowerCase() === 'true'
        ? `its MaxObjSize is ${String(peer.maxObjSize)}, the package travels as ${String(travels)}`
        : 'its LrgObj is not true'
    return { mechanism: 'dlota1', why: `the device takes no such large object: ${why}` }
  }
  // INFERRED (download sheet 1): a descriptor first; the large object only where asked for, or where it is small and nothing else is known to be better.
  return { mechanism: 'dlota1', why: '' }
}

export const put = (uri: string, format: PutNode['format'], data = '', optional = false, how: PutNode['how'] = 'Add'): PutNode => ({
  uri,
  format,
  data,
  how,
  optional,
  state: 'todo',
  code: 0,
  tries: 0,
})
const puts = (nodes: PutNode[], joined: boolean): PutStep => ({ do: 'put', nodes, joined })
const data = (uri: string, sha256: string): DataStep => ({ do: 'data', uri, sha256, state: 'todo', code: 0, how: 'Replace', tries: 0 })
export const exec = (uri: string, correlator: string, optional = false): ExecStep => ({
  do: 'exec',
  uri,
  primitive: uri.slice(uri.lastIndexOf('/') + 1),
  correlator,
  optional,
  state: 'todo',
  code: 0,
  mend: 0,
  answers: {},
  sentAt: 0,
  session: '',
})
const verify = (active: boolean): VerifyStep => ({ do: 'verify', active, answers: {} })

/** What a plan rests on. */
export interface Design {
  readonly type: JobType
  readonly op: JobOp
  readonly wish: JobWish
  readonly target: string
  readonly row: PackageRow | null
  readonly component: string
  readonly deployed: Deployed | undefined
  readonly delivered: Delivered | undefined
  readonly facts: Facts
  readonly mechanism: Mechanism
  /** '' for a package that does not travel by URL. */
  readonly url: string
  readonly correlator: string
  /** Name of `<X>`, and whether a node of that name may be there already. */
  readonly node: string
  readonly taken: boolean
}

export interface Plan {
  readonly steps: Step[]
  readonly back: Step[] | null
  /** Node the package lies in. */
  readonly delivered: string
}

/** A name for `<X>` that no other package has on this device, and whether nodes of that name may be there. */
export function nodeFor(
  pkgId: string,
  facts: Facts,
  memory: DeviceMemory,
): { readonly node: string; readonly inDownload: boolean; readonly inDelivered: boolean } {
  const base = nodeName(pkgId)
  for (let n = 1; ; n++) {
    const node = n === 1 ? base : `${base}_${String(n)}`
    const by = facts.delivered?.find(({ uri }) => uri.endsWith(`/Delivered/${node}`))?.pkgId ?? memory.used[node]
    if (by !== undefined && by !== pkgId) continue
    // Where nobody looked, what the server made itself may still be there.
    const there = (names: readonly string[] | undefined | null): boolean => names?.includes(node) ?? memory.used[node] !== undefined
    const delivered = facts.delivered?.map(({ uri }) => uri.slice(uri.lastIndexOf('/') + 1))
    return { node, inDownload: there(facts.download), inDelivered: there(delivered) }
  }
}

export function planFor(design: Design): Plan {
  return design.type === 'fumo' ? fumo(design) : scomo(design)
}

// -- SCOMO

function scomo(design: Design): Plan {
  const { op, target, component, deployed, delivered, facts, correlator, node } = design
  const store = delivered?.uri ?? `${facts.root}/Inventory/Delivered/${node}`
  const place = deployed?.uri ?? `${facts.root}/Inventory/Deployed/${component}`
  const alone = (steps: Step[]): Plan => ({ steps, back: null, delivered: store })
  switch (op) {
    case 'exec':
      return alone([exec(target, correlator)])
    case 'remove':
      return alone([exec(`${target || (component === '' ? store : place)}/Operations/Remove`, correlator)])
    case 'activate':
      return alone([exec(`${target || place}/Operations/Activate`, correlator), verify(true)])
    case 'deactivate':
      return alone([exec(`${target || place}/Operations/Deactivate`, correlator), verify(false)])
    case 'deliver':
      return alone(target === '' ? bring(design, 'Download') : [exec(`${target}/Operations/Download`, correlator)])
    case 'install':
    case 'installInactive':
    case 'update': {
      const install = op === 'installInactive' ? 'InstallInactive' : 'Install'
      const last = verify(op !== 'installInactive')
      if (target !== '')
        return {
          steps: [exec(`${target}/Operations/${target.includes('/Download/') ? 'Download' : ''}${install}`, correlator), last],
          back: null,
          delivered: '',
        }
      if (op === 'update') return updating(design, store, last)
      if (delivered !== undefined) return alone([...rebooting(design, store), exec(`${store}/Operations/${install}`, correlator), last])
      return alone(inOne(design, install, last))
    }
    default:
      return op satisfies never
  }
}

/** Brought and installed: one primitive where the device fetches it, two where the server writes it. */
function inOne(design: Design, install: 'Install' | 'InstallInactive', last: VerifyStep): Step[] {
  if (design.mechanism !== 'dm-large') return [...bring(design, `Download${install}`), last]
  return [...bring(design, 'Download'), exec(`{delivered}/Operations/${install}`, design.correlator), last]
}

/** U1 to U3 (scomo sheet 6). The old package is removed at the end, whatever comes of that. */
function updating(design: Design, store: string, last: VerifyStep): Plan {
  const { facts, deployed, delivered, correlator, wish, row } = design
  const old = facts.delivered?.find(({ pkgId }) => deployed !== undefined && pkgId !== '' && pkgId === deployed.pkgIdRef && pkgId !== row?.pkgId)
  const clean = old === undefined ? [] : [exec(`${old.uri}/Operations/Remove`, `${correlator}-old`, true)]
  const way = wish.updateWay ?? 'U1'
  if (way === 'U1' && delivered === undefined) return { steps: [...inOne(design, 'Install', last), ...clean], back: null, delivered: store }
  const fetched = delivered === undefined ? bring({ ...design, correlator: way === 'U1' ? correlator : `${correlator}-get` }, 'Download') : []
  const install = exec(`{delivered}/Operations/Install`, correlator)
  if (way !== 'U3' || deployed === undefined) return { steps: [...fetched, install, last, ...clean], back: null, delivered: store }
  const remove = exec(`${deployed.uri}/Operations/Remove`, `${correlator}-out`)
  const back = old === undefined ? null : [exec(`${old.uri}/Operations/Install`, `${correlator}-back`)]
  return { steps: [...fetched, remove, install, last, ...clean], back, delivered: store }
}

/** SCOMO 1.1 says below the package when the device restarts; one of 1.0 refuses the node, and the job goes on without. */
const reboot = ({ wish }: Design, base: string): PutNode[] => (wish.reboot === undefined ? [] : [put(`${base}/Reboot`, 'chr', wish.reboot, true)])
const rebooting = (design: Design, base: string): Step[] => (design.wish.reboot === undefined ? [] : [puts(reboot(design, base), true)])

/** The package comes onto the device (16.1 and 16.2). */
function bring(design: Design, primitive: string): Step[] {
  const { row, facts, node, mechanism, url, correlator, taken } = design
  if (row === null) return []
  if (mechanism === 'dm-large') {
    const base = `${facts.root}/Inventory/Delivered/${node}`
    const named = row.name === '' ? [] : [put(`${base}/Name`, 'chr', row.name, true)]
    const nodes = [
      put(base, 'node'),
      put(`${base}/PkgID`, 'chr', row.pkgId),
      ...named,
      put(`${base}/PkgType`, 'chr', row.pkgType, true),
      ...(row.envType === '' ? [] : [put(`${base}/EnvType`, 'chr', row.envType, true)]),
      ...reboot(design, base),
      put(`${base}/Data`, 'bin'),
    ]
    return [puts(nodes, !taken), data(`${base}/Data`, row.sha256)]
  }
  const base = `${facts.root}/Download/${node}`
  const there = facts.download?.includes(node) === true
  const nodes = there
    ? [put(`${base}/PkgID`, 'chr', row.pkgId, false, 'Replace'), put(`${base}/PkgURL`, 'chr', url, false, 'Replace')]
    : [
        put(base, 'node'),
        put(`${base}/PkgID`, 'chr', row.pkgId),
        ...(row.envType === '' ? [] : [put(`${base}/EnvType`, 'chr', row.envType, true)]),
        put(`${base}/PkgURL`, 'chr', url),
      ]
  // Where a node of that name may be there, its old URL must be gone before the Exec.
  return [puts([...nodes, ...reboot(design, base)], !taken), exec(`${base}/Operations/${primitive}`, correlator)]
}

// -- FUMO

function fumo(design: Design): Plan {
  const { op, target, facts, row, mechanism, correlator, url } = design
  const x = facts.root
  const alone = (steps: Step[]): Plan => ({ steps, back: null, delivered: x })
  if (op === 'exec' || row === null) return alone([exec(target || `${x}/Update`, correlator)])
  const waits =
    (facts.state === 40 || facts.state === 50) && facts.pkgVersion === row.version && (facts.pkgName === row.name || facts.pkgName === row.pkgId)
  const update = exec(`${x}/Update`, correlator)
  if (waits) return alone(op === 'deliver' ? [] : [update])
  if (mechanism === 'dm-large') return alone([data(`${x}/Update/PkgData`, row.sha256), ...(op === 'deliver' ? [] : [update])])
  const byUrl = (primitive: string, own: string): Step[] => [
    puts([put(`${x}/${primitive}/PkgURL`, 'chr', url, false, 'Replace')], true),
    exec(`${x}/${primitive}`, own),
  ]
  if (op === 'deliver') return alone(byUrl('Download', correlator))
  const both = facts.children === null || facts.children.includes('DownloadAndUpdate')
  return alone(both ? byUrl('DownloadAndUpdate', correlator) : [...byUrl('Download', `${correlator}-get`), update])
}
