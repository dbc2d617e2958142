// Virtual time: deterministic order, promises between calls, work outside, limits.
import { describe, expect, it } from 'vitest'
import { seeded, seededEnv } from '../../core/scenario/seeded.ts'
import { EPOCH, VirtualClock } from '../../core/scenario/virtualclock.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const pause = (clock: VirtualClock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))

describe('virtual clock', () => {
  it('calls by due time, then in the order they were asked for; soon comes before anything that is due', async () => {
    const clock = new VirtualClock(settle)
    const told: string[] = []
    const tell = (what: string) => () => void told.push(`${what} ${String(clock.mono())}`)
    clock.after(20, tell('late'))
    clock.after(10, tell('first'))
    clock.after(10, tell('second'))
    clock.after(0, tell('zero'))
    clock.soon(tell('soon'))
    clock.after(10, () => {
      tell('third')()
      clock.soon(tell('nested soon'))
      clock.after(0, tell('nested zero'))
    })
    expect(await clock.run()).toBe('idle')
    expect(told).toEqual(['soon 0', 'zero 0', 'first 10', 'second 10', 'third 10', 'nested soon 10', 'nested zero 10', 'late 20'])
    expect(clock.now()).toBe(EPOCH + 20)
  })

  it('lets promise chains of any length finish before time moves', async () => {
    const clock = new VirtualClock(settle)
    const at: number[] = []
    clock.after(5, () => {
      void (async () => {
        for (let i = 0; i < 100; i++) await Promise.resolve()
        at.push(clock.mono())
        await pause(clock, 7)
        at.push(clock.mono())
      })()
    })
    clock.after(6, () => at.push(clock.mono()))
    await clock.run()
    expect(at).toEqual([5, 6, 12])
  })

  it('stands still while work is done in real time', async () => {
    const clock = new VirtualClock(settle)
    const told: string[] = []
    clock.after(1, () => {
      void clock.during(new Promise((resolve) => setTimeout(resolve, 30))).then(() => told.push(`work over at ${String(clock.mono())}`))
    })
    clock.after(2, () => told.push('time moved'))
    await clock.run()
    expect(told).toEqual(['work over at 1', 'time moved'])
  })

  it('ends by limit, by condition, or because something never rests', async () => {
    const clock = new VirtualClock(settle)
    let ticks = 0
    const tick = (): void => {
      ticks += 1
      clock.after(10, tick)
    }
    tick()
    expect(await clock.run({ limitMs: 100 })).toBe('limit')
    expect([ticks, clock.mono()]).toEqual([11, 100])
    expect(await clock.run({ until: () => ticks === 15 })).toBe('until')
    expect(await clock.run({ calls: 50 })).toBe('restless')
    const cancelled = new VirtualClock(settle)
    cancelled.after(5, () => expect.unreachable('a cancelled call was made'))()
    expect([await cancelled.run(), cancelled.mono()]).toEqual(['idle', 0])
  })

  it('runs once at a time', async () => {
    const clock = new VirtualClock(settle)
    clock.after(1, () => {})
    const first = clock.run()
    await expect(clock.run()).rejects.toThrow('runs already')
    expect(await first).toBe('idle')
  })
})

describe('seeded octets', () => {
  it('are the same for a seed and a name, others for another seed or name, and spread evenly', () => {
    const draw = (seed: number, name: string): string => [...seeded(seed, name).octets(32)].join(' ')
    expect(draw(1, 'server')).toBe(draw(1, 'server'))
    expect(new Set([draw(1, 'server'), draw(2, 'server'), draw(1, 'device'), draw(0, ''), draw(-1, '')]).size).toBe(5)
    const counts = new Array<number>(256).fill(0)
    for (const octet of seeded(7, 'spread').octets(256_000)) counts[octet] = (counts[octet] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1150)
  })

  it('make an Env on a clock', () => {
    const env = seededEnv(3, 'device', () => 42)
    expect([env.now(), env.random(5).length]).toEqual([42, 5])
    const { between } = seeded(3, 'latency')
    const numbers = Array.from({ length: 1000 }, () => between(5, 8))
    expect([...new Set(numbers)].sort()).toEqual([5, 6, 7])
  })
})
