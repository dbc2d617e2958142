// What passes: found while it is there, however many come and go, and in whatever order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Passing } from '../../core/server/passing.ts'

test('it holds what a Map holds, whatever comes and goes', () => {
  const steps = fc.array(
    fc.tuple(
      fc.boolean(),
      fc.oneof(
        fc.nat(40),
        fc.nat(40).map((n) => n * 64),
        fc.nat(4_000_000_000),
      ),
    ),
    { maxLength: 400 },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const passing = new Passing<{ n: number }>()
      const map = new Map<number, { n: number }>()
      all.forEach(([comes, key], n) => {
        if (comes) {
          passing.set(key, { n })
          map.set(key, { n })
        } else {
          passing.delete(key)
          map.delete(key)
        }
        expect(passing.get(key)).toEqual(map.get(key))
      })
      expect(passing.size).toBe(map.size)
      for (const [, key] of all) expect(passing.get(key)).toEqual(map.get(key))
    }),
    { seed: 6, numRuns: 300 },
  )
})

test('growing numbers, of which a few are open at a time, are found and forgotten', () => {
  const passing = new Passing<string>()
  for (let link = 1; link <= 5000; link++) {
    passing.set(link, `link ${link}`)
    passing.delete(link - 30)
    expect([passing.get(link - 29), passing.get(link - 30), passing.size]).toEqual([
      link > 29 ? `link ${link - 29}` : undefined,
      undefined,
      Math.min(link, 30),
    ])
  }
})
