// What became of an order nobody heard of again: Status, State and inventory are read; an Exec is never sent blindly a second time (scomo sheet 14 rule 3d).
import type { JobType } from '../api.ts'
import { DELIVERED_STATUS, DEPLOYED_STATUS, DOWNLOAD_STATUS } from '../mo/scomo.ts'
import { childrenOf } from './survey.ts'
import type { Need } from './survey.ts'
import type { Answer, Answers, ExecStep, Item } from './types.ts'

/** `before`: everything is as it was when the order left. */
export type Effect =
  { readonly is: 'done' | 'progress' | 'before'; readonly objects: readonly string[] } | { readonly is: 'failed'; readonly code: number }

const good = (answer: Answer | undefined): boolean => answer !== undefined && answer.code >= 200 && answer.code < 300
const need = (uris: readonly string[], answers: Answers): string[] => uris.filter((uri) => answers[uri] === undefined)
const text = (uri: string, answers: Answers): string => (good(answers[uri]) ? (answers[uri]?.data.trim() ?? '') : '')
const number = (uri: string, answers: Answers): number => (/^\d+$/.test(text(uri, answers)) ? Number(text(uri, answers)) : 0)
/** Components looked at, at the most, where one is to be found by its ID. */
const WIDE = 100

/** Node a primitive stands below; the primitive itself for FUMO. */
export function ownerOf(uri: string): string {
  const at = uri.lastIndexOf('/Operations/')
  return at < 0 ? uri.slice(0, uri.lastIndexOf('/')) : uri.slice(0, at)
}

/** The component of an item by its ID, or by the package it came from; null where it is not installed. */
export function locate(root: string, item: Item, answers: Answers): Need<string | null> {
  const list = `${root}/Inventory/Deployed`
  if (answers[list] === undefined) return { ask: [list] }
  const uris = childrenOf(list, answers[list]).slice(0, WIDE)
  const ask = need(
    uris.flatMap((uri) => [`${uri}/ID`, `${uri}/PkgIDRef`]),
    answers,
  )
  if (ask.length > 0) return { ask }
  const byId = uris.find((uri) => item.component !== '' && text(`${uri}/ID`, answers) === item.component)
  return { have: byId ?? uris.find((uri) => item.pkg !== '' && text(`${uri}/PkgIDRef`, answers) === item.pkg) ?? null }
}

/** What the device shows of an order. */
export function effectOf(type: JobType, root: string, item: Item, step: ExecStep, answers: Answers): Need<Effect> {
  return type === 'fumo' ? fumo(root, item, step, answers) : scomo(root, item, step, answers)
}

const is = (what: 'done' | 'progress' | 'before', ...objects: string[]): Need<Effect> => ({ have: { is: what, objects } })
const failed = (code: number): Need<Effect> => ({ have: { is: 'failed', code } })
const progressing = (table: readonly { readonly value: number; readonly progressing: boolean }[], value: number): boolean =>
  table.some((row) => row.value === value && row.progressing)

function scomo(root: string, item: Item, step: ExecStep, answers: Answers): Need<Effect> {
  const owner = ownerOf(step.uri)
  const status = `${owner}/Status`
  if (owner.startsWith(`${root}/Download/`)) return fetched(root, item, step, answers, status)
  if (owner.startsWith(`${root}/Inventory/Delivered/`)) return delivered(root, item, step, answers, owner)
  return deployed(step, answers, owner)
}

function fetched(root: string, item: Item, step: ExecStep, answers: Answers, status: string): Need<Effect> {
  const store = `${root}/Inventory/Delivered/${item.node}`
  const uris = step.primitive === 'Download' ? [status, `${store}/PkgID`, `${store}/State`] : [status]
  const ask = need(uris, answers)
  if (ask.length > 0) return { ask }
  const now = number(status, answers)
  if (progressing(DOWNLOAD_STATUS, now)) return is('progress')
  if (step.primitive === 'Download') {
    const there = number(`${store}/State`, answers) > 0 && text(`${store}/PkgID`, answers) === item.pkg
    if (there) return is('done', store)
    return now === 40 ? is('done') : now === 20 ? failed(1402) : is('before')
  }
  return now === 20 ? failed(1402) : now === 60 || now === 70 ? failed(1405) : now === 40 ? is('progress') : installed(root, item, step, answers)
}

function installed(root: string, item: Item, step: ExecStep, answers: Answers): Need<Effect> {
  const found = locate(root, item, answers)
  if ('ask' in found) return found
  if (found.have === null) return is('before')
  const uris = ['Version', 'State', 'PkgIDRef'].map((name) => `${found.have ?? ''}/${name}`)
  const ask = need(uris, answers)
  if (ask.length > 0) return { ask }
  const wanted = step.primitive.endsWith('Inactive') ? 10 : 20
  const version = text(uris[0] ?? '', answers)
  const fits = (item.pkg !== '' && text(uris[2] ?? '', answers) === item.pkg) || (item.version !== '' && version === item.version)
  return fits && number(uris[1] ?? '', answers) === wanted ? is('done', found.have) : is('before')
}

function delivered(root: string, item: Item, step: ExecStep, answers: Answers, owner: string): Need<Effect> {
  const ask = need([owner, `${owner}/Status`], answers)
  if (ask.length > 0) return { ask }
  const gone = answers[owner]?.code === 404
  const now = number(`${owner}/Status`, answers)
  if (progressing(DELIVERED_STATUS, now)) return is('progress')
  if (step.primitive === 'Remove') return gone ? is('done', owner) : now === 20 ? failed(1408) : is('before')
  const effect = installed(root, item, step, answers)
  if ('ask' in effect || effect.have.is === 'done') return effect
  return now === 50 || now === 60 || now === 70 ? failed(1405) : effect
}

function deployed(step: ExecStep, answers: Answers, owner: string): Need<Effect> {
  const ask = need([owner, `${owner}/Status`, `${owner}/State`], answers)
  if (ask.length > 0) return { ask }
  const now = number(`${owner}/Status`, answers)
  const state = number(`${owner}/State`, answers)
  if (progressing(DEPLOYED_STATUS, now)) return is('progress')
  if (step.primitive === 'Remove') return answers[owner]?.code === 404 ? is('done', owner) : now === 20 ? failed(1408) : is('before')
  if (step.primitive === 'Activate') return state === 20 ? is('done', owner) : now === 40 ? failed(1409) : is('before')
  if (/^Deactiv/.test(step.primitive)) return state === 10 ? is('done', owner) : now === 60 ? failed(1410) : is('before')
  return is('before')
}

/** Unknown States count as work going on (fumo sheet 3). */
function fumo(root: string, item: Item, step: ExecStep, answers: Answers): Need<Effect> {
  const ask = need([`${root}/State`, './DevDetail/FwV'], answers)
  if (ask.length > 0) return { ask }
  const now = number(`${root}/State`, answers)
  const flashed = item.version !== '' && text('./DevDetail/FwV', answers) === item.version
  if (step.primitive === 'Download')
    return now === 40 || now === 50 ? is('done', root) : now === 20 ? failed(503) : now === 10 || now > 60 ? is('before') : is('progress')
  if (now === 90 || now === 100 || (now === 10 && flashed)) return is('done', root)
  if (now === 70 || now === 80) return failed(410)
  if (now === 20) return failed(503)
  if (now === 10 || now === 0) return is('before')
  return step.primitive === 'Update' && now === 50 ? is('before') : is('progress')
}
