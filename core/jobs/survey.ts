// What must be read of a device before anybody decides: each function says which URIs are still to be asked, or what follows from the answers.
import type { JobType } from '../api.ts'
import { decodeSegment, encodeSegment } from '../dmtree/uri.ts'
import { FUMO_ID } from '../mo/fumo.ts'
import { SCOMO_IDS } from '../mo/scomo.ts'
import type { Answer, Answers, Delivered, Deployed, DeviceMemory, Facts } from './types.ts'

/** Either questions, or what they were about. */
export type Need<T> = { readonly ask: readonly string[] } | { readonly have: T }

/** Objects that every device has and that are neither. */
const STANDARD = new Set(['DevInfo', 'DevDetail', 'DMAcc', 'Inbox'])
/** Names seen in the field, asked where a device does not list its tree. */
const SEEN: Readonly<Record<JobType, readonly string[]>> = { scomo: ['./SCOMO', './SCM'], fumo: ['./FwUpdate', './FUMO'] }
/** Children by which an object is known where no Type names it (INFERRED: clients in the field leave the Type of interior nodes empty). */
const SHAPE: Readonly<Record<JobType, (children: ReadonlySet<string>) => boolean>> = {
  scomo: (children) => children.has('Inventory') && children.has('Download'),
  fumo: (children) => children.has('DownloadAndUpdate') || (children.has('Download') && children.has('Update')),
}
/** Nodes looked at on one level at the most. */
const WIDE = 64
const DETAIL = ['FwV', 'SwV', 'HwV', 'LrgObj'].map((name) => `./DevDetail/${name}`)

const good = (answer: Answer | undefined): answer is Answer => answer !== undefined && answer.code >= 200 && answer.code < 300
const missing = (uris: readonly string[], answers: Answers): string[] => uris.filter((uri) => answers[uri] === undefined)

/** URIs of the children a Get of an interior node told. */
export function childrenOf(uri: string, answer: Answer | undefined): string[] {
  if (!good(answer)) return []
  const names = answer.data.split('/').filter((name) => name !== '')
  return names.map((name) => {
    try {
      return `${uri}/${encodeSegment(decodeSegment(name))}`
    } catch {
      return `${uri}/${name}`
    }
  })
}

const nameIn = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)

/**
 * The root by its Type property, not by its name: children of `.`, then their children (FUMO objects lie below a grouping node). Where no Type
 * names it, by its own children.
 */
export function findRoot(type: JobType, answers: Answers): Need<string | null> {
  if (answers['.'] === undefined) return { ask: ['.'] }
  const listed = childrenOf('.', answers['.'])
  const top = (listed.length > 0 ? listed : SEEN[type]).filter((uri) => !STANDARD.has(nameIn(uri))).slice(0, WIDE)
  const first = byType(type, top, answers)
  if ('ask' in first || first.have !== null) return first
  const lists = missing(top, answers)
  if (lists.length > 0) return { ask: lists }
  const below = top.flatMap((uri) => (good(answers[uri]) && answers[uri]?.format === 'node' ? childrenOf(uri, answers[uri]) : [])).slice(0, WIDE)
  const second = byType(type, below, answers)
  if ('ask' in second || second.have !== null) return second
  const shaped = byShape(type, top, answers)
  return 'ask' in shaped || shaped.have !== null ? shaped : byShape(type, below, answers)
}

function byShape(type: JobType, uris: readonly string[], answers: Answers): Need<string | null> {
  const unnamed = uris.filter((uri) => {
    const said = answers[`${uri}?prop=Type`]
    return !good(said) || said.data.trim() === ''
  })
  const ask = missing(unnamed, answers)
  if (ask.length > 0) return { ask }
  const fits = (uri: string): boolean => SHAPE[type](new Set(childrenOf(uri, answers[uri]).map(nameIn)))
  return { have: unnamed.find((uri) => answers[uri]?.format === 'node' && fits(uri)) ?? null }
}

const idsOf = (type: JobType): readonly string[] => (type === 'scomo' ? Object.values(SCOMO_IDS) : [FUMO_ID])

/** True where the Type property of that node names the object. */
export function isNamed(type: JobType, uri: string, answers: Answers): boolean {
  const said = answers[`${uri}?prop=Type`]
  return good(said) && idsOf(type).includes(said.data.trim())
}

function byType(type: JobType, uris: readonly string[], answers: Answers): Need<string | null> {
  const ask = missing(
    uris.map((uri) => `${uri}?prop=Type`),
    answers,
  )
  if (ask.length > 0) return { ask }
  return { have: uris.find((uri) => isNamed(type, uri, answers)) ?? null }
}

/** What is known without reading: nothing but the root. */
export function bareFacts(root: string, fwv: string): Facts {
  const unread = { delivered: null, deployed: null, download: null, envTypes: null, state: null, children: null }
  return { root, ...unread, pkgName: '', pkgVersion: '', fwv }
}

/** DevDetail and the inventory (Alternative Flow 2 of S1); `?list=StructData` with plain Gets where the device answers 406. */
export function readFacts(type: JobType, root: string, answers: Answers, memory: DeviceMemory, env: boolean): Need<Facts> {
  return type === 'scomo' ? readScomo(root, answers, memory, env) : readFumo(root, answers)
}

function readScomo(root: string, answers: Answers, memory: DeviceMemory, env: boolean): Need<Facts> {
  const list = `${root}/Inventory?list=StructData`
  const lists = [`${root}/Inventory/Delivered`, `${root}/Inventory/Deployed`]
  const runs = env ? [`${root}/Ext/EnvTypes`] : []
  const ask = missing([...DETAIL, ...(memory.noList ? lists : [list]), `${root}/Download`, ...runs], answers)
  if (ask.length > 0) return { ask }
  let uris = [...new Set(Object.keys(answers).flatMap((uri) => entryOf(uri, lists)))]
  if (!good(answers[list])) {
    if (!memory.noList && answers[list] !== undefined) memory.noList = true
    const plain = missing(lists, answers)
    if (plain.length > 0) return { ask: plain }
    uris = lists.flatMap((uri) => childrenOf(uri, answers[uri]))
    const leaves = missing(
      uris.flatMap((uri) => leavesOf(uri, lists)),
      answers,
    )
    if (leaves.length > 0) return { ask: leaves }
  }
  const text = (uri: string): string => (good(answers[uri]) ? (answers[uri]?.data ?? '') : '')
  const number = (uri: string): number | null => (good(answers[uri]) && /^\s*\d+\s*$/.test(answers[uri].data) ? Number(answers[uri].data) : null)
  const delivered = uris
    .filter((uri) => uri.startsWith(`${lists[0] ?? ''}/`))
    .map((uri): Delivered => ({ uri, pkgId: text(`${uri}/PkgID`), state: number(`${uri}/State`), status: number(`${uri}/Status`) ?? 10 }))
  const deployed = uris
    .filter((uri) => uri.startsWith(`${lists[1] ?? ''}/`))
    .map((uri): Deployed => ({
      uri,
      id: text(`${uri}/ID`) || nameIn(uri),
      version: text(`${uri}/Version`),
      state: number(`${uri}/State`) ?? 0,
      pkgIdRef: text(`${uri}/PkgIDRef`),
    }))
  const download = good(answers[`${root}/Download`]) ? childrenOf(`${root}/Download`, answers[`${root}/Download`]).map(nameIn) : null
  const runsOf =
    runs.length > 0 && good(answers[runs[0] ?? ''])
      ? text(runs[0] ?? '')
          .split(',')
          .map((each) => each.trim())
      : null
  return { have: { ...bareFacts(root, text('./DevDetail/FwV')), delivered, deployed, download, envTypes: runsOf } }
}

/** `<X>` or `<Y>` a URI lies in. */
function entryOf(uri: string, lists: readonly string[]): string[] {
  const list = lists.find((each) => uri.startsWith(`${each}/`))
  const name = list === undefined ? undefined : uri.slice(list.length + 1).split('/')[0]
  return list === undefined || name === undefined || name === '' || name.includes('?') ? [] : [`${list}/${name}`]
}

function leavesOf(uri: string, lists: readonly string[]): string[] {
  const names = uri.startsWith(`${lists[0] ?? ''}/`) ? ['PkgID', 'State', 'Status'] : ['ID', 'Version', 'State', 'PkgIDRef']
  return names.map((name) => `${uri}/${name}`)
}

function readFumo(root: string, answers: Answers): Need<Facts> {
  const leaves = ['State', 'PkgName', 'PkgVersion'].map((name) => `${root}/${name}`)
  const ask = missing([...DETAIL, root, ...leaves], answers)
  if (ask.length > 0) return { ask }
  const text = (uri: string): string => (good(answers[uri]) ? (answers[uri]?.data ?? '') : '')
  const state = /^\s*\d+\s*$/.test(text(`${root}/State`)) ? Number(text(`${root}/State`)) : null
  const children = good(answers[root]) ? childrenOf(root, answers[root]).map(nameIn) : null
  const waiting = { pkgName: text(`${root}/PkgName`), pkgVersion: text(`${root}/PkgVersion`) }
  return { have: { ...bareFacts(root, text('./DevDetail/FwV')), state, children, ...waiting } }
}
