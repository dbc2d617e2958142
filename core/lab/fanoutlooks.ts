// Orders to a gateway whose end is not known (a crash on either side): what to read there, and what the answers prove. Nothing is started twice.
import { OUR_ROOTS } from '../gateway/orders.ts'
import type { ImageRow } from '../api.ts'
import type { Order } from '../server/records.ts'
import type { Command } from '../syncml/message.ts'

/** `again`: it is not there; `anew`: it lies there half and is laid down anew; `there`: it came whole; `ask`: nothing is known still. */
export type Look = 'again' | 'anew' | 'there' | 'ask'

/** What an answer to one Get says. */
export interface Seen {
  readonly code: number
  readonly data: string
}

export const fanoutAt = (id: string): string => `${OUR_ROOTS.fanout}/Fanout/${id}`
export const imageAt = (name: string): string => `${OUR_ROOTS.images}/Images/${name}`

/** The outcome that made an order fail; undefined where none did. */
export const badOf = (order: Order): Order['outcomes'][number] | undefined => order.outcomes.find(({ code }) => code >= 300 || code === 0)

/** True where an order may have been performed although it is not known to be: its end was lost, or it met its own nodes (418). */
export const inDoubt = (order: Order): boolean => order.state === 'unknown' || (order.state === 'failed' && badOf(order)?.code === 418)

/** Reads these leaves of a node. */
export const lookFor = (at: string, leaves: readonly string[]): Command[] =>
  leaves.map((leaf) => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri: `${at}/${leaf}` } }] }))

/** What a look saw of a leaf. */
export function seen(order: Order, uri: string): Seen {
  const found = order.outcomes.find((outcome) => outcome.uri === uri && outcome.data !== '') ?? order.outcomes.find((outcome) => outcome.uri === uri)
  return { code: found?.code ?? 0, data: found?.data.trim() ?? '' }
}

/** A job that is idle was never started: it may be taken away and laid down anew. */
export function fanoutLook(order: Order, id: string): Look {
  const { code, data } = seen(order, `${fanoutAt(id)}/State`)
  if (code === 404) return 'again'
  if (code !== 200) return 'ask'
  return data === '10' ? 'anew' : 'there'
}

/** Leaves that tell of an image. */
export const IMAGE_LEAVES = ['State', 'ImageURL', 'Size', 'Digest', 'Expiry'] as const

/** An image that is empty, failed or void is delivered anew; `other`: a good one lies there, of other bytes than those wanted (`sha256`, '' where they are not known). */
export function imageLook(order: Order, name: string, sha256: string): Look | 'other' {
  const { code, data } = seen(order, `${imageAt(name)}/State`)
  if (code === 404) return 'again'
  if (code !== 200) return 'ask'
  if (data === '10' || data === '40' || data === '50') return 'anew'
  const { code: known, data: digest } = seen(order, `${imageAt(name)}/Digest`)
  return data === '30' && known === 200 && sha256 !== '' && digest.toLowerCase() !== `sha-256:${sha256}` ? 'other' : 'there'
}

/** When the image becomes void, by the seconds that the gateway told; undefined where it told none. */
export function voidAt(order: Order, name: string, now: number): { readonly expiresAt?: number } {
  const { code, data } = seen(order, `${imageAt(name)}/Expiry`)
  return code === 200 && /^\d{1,9}$/.test(data) ? { expiresAt: now + Number(data) * 1000 } : {}
}

/** What became of an image that was on its way; null where it still is, or nobody can tell. */
export function imageEnd(order: Order, name: string): (Pick<ImageRow, 'state' | 'reason'> & { readonly url: string }) | null {
  const { code, data } = seen(order, `${imageAt(name)}/State`)
  const { data: url } = seen(order, `${imageAt(name)}/ImageURL`)
  if (code === 404) return { state: 'failed', reason: 'it is not at the gateway any more', url: '' }
  if (code !== 200) return null
  if (data === '30') return { state: 'ready', reason: '', url }
  if (data === '40') return { state: 'failed', reason: 'it did not arrive at the gateway (State 40)', url: '' }
  return data === '50' ? { state: 'expired', reason: 'its Expiry was over before it had arrived', url: '' } : null
}

/** Takes away what lies there. */
export const removal = (at: string): Command => ({ kind: 'Delete', cmdId: '', items: [{ target: { locUri: at } }] })
/** Why an order failed, in words. */
export function answered(order: Order): string {
  const bad = badOf(order)
  return `the gateway answered ${bad?.code ?? 0} for ${bad?.uri ?? 'the order'}`
}
