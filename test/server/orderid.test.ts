// Ids of orders: no two alike, and the later the greater.
import { expect, test } from 'vitest'
import { orderId } from '../../core/server/orderid.ts'

test('the id of a later order comes behind that of an earlier one, and those of one moment differ', () => {
  let count = 0
  const random = (length: number): Uint8Array => new Uint8Array(length).fill((count = (count + 7) % 256))
  const times = [0, 1_099_511_627_776, 1_795_000_000_000, 1_795_000_000_000.5, 1_795_000_000_001, 17_592_186_044_415]
  const ids = times.map((now) => orderId(now, random))
  expect(ids.map((id) => id.length)).toEqual(ids.map(() => 27))
  expect(new Set(ids).size).toBe(ids.length)
  const days = ids.map((id) => id.slice(0, 11))
  expect([...days].sort()).toEqual(days)
})
