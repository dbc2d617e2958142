// Random octets come in the number asked for, and no stretch of them comes twice.
import { expect, test } from 'vitest'
import { randomSource } from '../../core/node/random.ts'

test('any number of octets, each given once, and what was given belongs to the caller', () => {
  const random = randomSource()
  const seen = new Set<string>()
  for (let n = 0; n < 2000; n++) {
    const octets = random(16)
    expect(octets.length).toBe(16)
    seen.add(Buffer.from(octets).toString('hex'))
    octets.fill(0)
  }
  expect(seen.size).toBe(2000)
  expect([0, 1, 512, 513, 5000].map((count) => random(count).length)).toEqual([0, 1, 512, 513, 5000])
  expect(new Set(random(5000)).size).toBeGreaterThan(200)
})
