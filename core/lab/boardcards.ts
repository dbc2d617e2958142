// Cards of the software board as rules: which nodes are one, what an outcome leads to on it, what its numbers are called (scomo sheet 5, fumo sheet 4).
import type { Seq, SoftwareCard } from '../api.ts'
import { codeGood } from '../mo/codes.ts'
import { FUMO_STATES } from '../mo/fumo.ts'
import { wordsOf } from '../mo/rows.ts'
import { DELIVERED_STATE, DELIVERED_STATUS, DEPLOYED_STATE, DEPLOYED_STATUS, DOWNLOAD_STATUS } from '../mo/scomo.ts'

type CardPlace = SoftwareCard['place']

/** Where SCOMO keeps cards, below its root. */
export const PLACES: readonly (readonly [CardPlace, string])[] = [
  ['download', 'Download'],
  ['delivered', 'Inventory/Delivered'],
  ['deployed', 'Inventory/Deployed'],
]

/** What an alert lets us conclude until somebody reads it. */
export interface Assumed {
  readonly seq: Seq
  readonly state: number | null
  readonly status: number | null
  readonly gone: boolean
}

/** Numbers an outcome leads to on that card (scomo sheet 5, fumo sheet 4); null where it says nothing of them. `order` is `Exec Install`, `Replace Data` … */
export function conclude(order: string, card: string, code: number, seq: Seq): Assumed | null {
  const primitive = order.slice(order.indexOf(' ') + 1)
  const make = (state: number | null, status: number | null, gone = false): Assumed => ({ seq, state, status, gone })
  const place = placeOf(card)
  if (place === 'firmware') {
    if (order === 'Replace PkgData') return make(50, null)
    if (primitive === 'Download') return codeGood(code) ? make(50, null) : make(code === 401 ? 10 : 20, null)
    return codeGood(code) ? make(90, null) : null
  }
  if (order === 'Replace Data') return make(10, 10)
  if (!codeGood(code)) return null
  if (primitive === 'Remove') return make(null, null, true)
  if (place === 'deployed') return make(primitive.endsWith('Inactive') || primitive === 'Deactivate' ? 10 : 20, 10)
  if (place === 'delivered') return make(primitive.includes('Install') ? 20 : 10, 10)
  return make(null, primitive === 'Download' ? 40 : 10)
}

/** Its numbers in words; '' where none are known. */
export function wordsFor(place: CardPlace, state: number | null, status: number | null): string {
  const idle = status === null || status === 10
  switch (place) {
    case 'firmware':
      return state === null ? '' : wordsOf(FUMO_STATES, state)
    case 'download':
      return status === null ? '' : wordsOf(DOWNLOAD_STATUS, status)
    case 'delivered':
      return [state === null ? '' : wordsOf(DELIVERED_STATE, state), idle ? '' : wordsOf(DELIVERED_STATUS, status)]
        .filter((text) => text !== '')
        .join(', ')
    case 'deployed':
      return [state === null ? '' : wordsOf(DEPLOYED_STATE, state), idle ? '' : wordsOf(DEPLOYED_STATUS, status)]
        .filter((text) => text !== '')
        .join(', ')
    default:
      return place satisfies never
  }
}

/** Card an executed or written node belongs to; null where it is of no software object. */
export function cardOf(uri: string): string | null {
  const scomo = /^(.*\/(?:Download|Inventory\/Delivered|Inventory\/Deployed)\/[^/]+)\/(?:Operations\/[^/]+(?:\/[^/]+)?|Data)$/.exec(uri)?.[1]
  return scomo ?? /^(\.\/.+)\/(?:Download|Update|DownloadAndUpdate|Update\/PkgData)$/.exec(uri)?.[1] ?? null
}

/** Place of a card. */
export function placeOf(uri: string): CardPlace {
  return PLACES.find(([, below]) => new RegExp(`/${below}/[^/]+$`).test(uri))?.[0] ?? 'firmware'
}
