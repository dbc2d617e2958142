// What a record says that is known already, so that it costs no write: most sessions tell what their device told before.
import type { DeviceRecord, KnownValue, Order } from '../server/records.ts'

/** A value that a device only confirms is written again when its time is so much older (ms): a device tells its ./DevInfo in every session. */
const CONFIRMED_EVERY = 60_000

/** True for a value that is known already and was written lately. */
export function confirms(known: KnownValue | null | undefined, { format, type, data, at }: KnownValue): boolean {
  const same = known != null && known.data === data && known.format === format && known.type === type
  return same && at >= known.at && at - known.at < CONFIRMED_EVERY
}

/** True for the same order asking for the very same commands, whatever has become of it. */
export function sameWish(a: Order, b: Order): boolean {
  return a.id === b.id && a.commands === b.commands && a.createdAt === b.createdAt
}

/** The open orders of a device once this one is saved; undefined where the database has to tell their order. */
export function openAfter(orders: readonly Order[], order: Order): readonly Order[] | undefined {
  const open = order.state !== 'done' && order.state !== 'failed'
  const at = orders.findIndex(({ id }) => id === order.id)
  if (at >= 0) return open ? orders.with(at, order) : orders.toSpliced(at, 1)
  if (!open) return orders
  const last = orders.at(-1)
  return last === undefined || last.createdAt < order.createdAt ? [...orders, order] : undefined
}

/** True where two records of a device differ in `lastAt` at the most. */
export function sameDevice(a: DeviceRecord, b: DeviceRecord): boolean {
  if (a.firstAt !== b.firstAt) return false
  if (a.devInfo === b.devInfo) return true
  const uris = Object.keys(b.devInfo)
  return uris.length === Object.keys(a.devInfo).length && uris.every((uri) => a.devInfo[uri] === b.devInfo[uri])
}
