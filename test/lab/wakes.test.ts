// The gateway's wakes: at most 256 devices at a time, a place kept until the session is over, and no superfluous call.
import { expect, test } from 'vitest'
import { AWAKE, Wakes } from '../../core/lab/wakes.ts'

function desk(reachable: (device: string) => boolean = () => true) {
  const rung: string[] = []
  const failed: string[] = []
  const timers = new Set<() => void>()
  const wanted = new Set<string>()
  const wakes = new Wakes({
    clock: {
      after: (_, call) => {
        timers.add(call)
        return () => void timers.delete(call)
      },
    },
    notify: async (device) => {
      rung.push(device)
      if (!reachable(device)) throw new Error('no way')
    },
    wanted: (device) => wanted.has(device),
    failed: (device, why) => failed.push(`${device}: ${why}`),
  })
  return { wakes, rung, failed, timers, wanted }
}
const name = (i: number): string => `d${String(i)}`

test('a thousand devices: never more than 256 at once, every one in its turn', () => {
  const { wakes, rung } = desk()
  for (let i = 0; i < 1000; i += 1) wakes.call(name(i))
  expect([rung.length, wakes.size]).toEqual([AWAKE, AWAKE])
  for (let i = 0; i < 1000; i += 1) {
    wakes.came(name(i))
    expect(wakes.size).toBeLessThanOrEqual(AWAKE)
    wakes.left(name(i))
  }
  expect(rung).toEqual(Array.from({ length: 1000 }, (_, i) => name(i)))
  expect(wakes.size).toBe(0)
})

test('who does not come, or cannot be notified, makes room', async () => {
  const { wakes, rung, failed, timers } = desk((device) => device !== name(1))
  for (let i = 0; i < AWAKE + 2; i += 1) wakes.call(name(i))
  await Promise.resolve()
  await Promise.resolve()
  expect(failed).toEqual(['d1: no way'])
  expect(rung.at(-1)).toBe(name(AWAKE))
  for (const ring of [...timers].slice(0, 1)) ring()
  expect(rung.at(-1)).toBe(name(AWAKE + 1))
})

test('a device that is connected is not called into a second session, unless more is to be done after the first', () => {
  const { wakes, rung, wanted } = desk()
  wakes.call('a')
  wakes.came('a')
  wakes.call('a')
  wakes.left('a')
  expect(rung).toEqual(['a'])
  wakes.came('a')
  wakes.call('a')
  wanted.add('a')
  wakes.left('a')
  expect(rung).toEqual(['a', 'a'])
})

test('one that comes by itself needs no call', () => {
  const { wakes, rung } = desk()
  for (let i = 0; i < AWAKE; i += 1) wakes.call(name(i))
  wakes.call('late')
  wakes.came('late')
  wakes.left('late')
  wakes.left(name(0))
  expect(rung).not.toContain('late')
})
