// What may be in the tree, made from the tables of core/mo: one description for each node, as a DDF would say it.
import { described } from '../dmtree/describe.ts'
import type { Described } from '../dmtree/describe.ts'
import type { Access } from '../dmtree/node.ts'
import { FUMO_ID, FUMO_NODES } from '../mo/fumo.ts'
import type { NodeRow } from '../mo/rows.ts'
import { SCOMO_IDS, SCOMO_NODES } from '../mo/scomo.ts'
import type { ScomoVersion } from '../mo/scomo.ts'

/** `./SCOMO` and what may be below it. */
export function scomoSchema(version: ScomoVersion): Described {
  const rows = SCOMO_NODES.filter(({ since }) => since === undefined || version === since)
  return { ...build(rows, '', 'SCOMO'), path: '.', permanent: true, ddfName: SCOMO_IDS[version], title: 'SCOMO' }
}

/** `./FwUpdate` with firmware objects below it: one of them permanent, others by name. `strict`: PkgName and PkgVersion are Get only. */
export function fumoSchema(strict: boolean): Described {
  const rows = FUMO_NODES.map((row) => (!strict && /^Pkg(Name|Version)$/.test(row.path) ? { ...row, access: 'Get Replace' } : row))
  const top = build(rows, '', '')
  const object: Described = { ...top, access: access('Get Add Delete'), ddfName: FUMO_ID, title: 'Firmware package' }
  return described({
    name: 'FwUpdate',
    path: '.',
    formats: ['node'],
    access: access('Get Add'),
    permanent: true,
    children: [object],
    title: 'FwUpdate',
  })
}

function build(rows: readonly NodeRow[], path: string, name: string): Described {
  const row = rows.find((each) => each.path === path)
  if (row === undefined) throw new Error(`no row ${path}`)
  const children = rows.filter((each) => each.path !== '' && parentOf(each.path) === path)
  const most = row.occurrence === 'ZeroOrMore' ? Infinity : 1
  return described({
    name,
    formats: [row.format],
    access: access(row.access),
    occurrence: { least: row.occurrence === 'One' ? 1 : 0, most },
    text: row.meaning,
    children: children.map((each) => build(rows, each.path, nameOf(each.path))),
  })
}

const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace('<X>', '')
const access = (words: string): ReadonlySet<Access> => new Set(words.split(' ') as Access[])
