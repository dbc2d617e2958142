// Who is called when: a few at a time, once more where nobody came, later where a session was cut.
import { expect, test } from 'vitest'
import { AWAKE, Calling, COMES_IN } from '../../core/jobs/calling.ts'

interface World {
  readonly calling: Calling
  readonly woken: string[]
  readonly said: string[]
  wanted: boolean
  pass(ms: number): Promise<void>
}

function world(reach = true): World {
  let now = 0
  const timers: { at: number; call: () => void }[] = []
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  const made: Omit<World, 'calling'> & { calling: Calling } = {
    woken: [],
    said: [],
    wanted: true,
    calling: null as never,
    pass: async (ms) => {
      await settled()
      for (const end = now + ms; ;) {
        const next = timers.filter(({ at }) => at <= end).sort((x, y) => x.at - y.at)[0]
        if (next === undefined) {
          now = end
          return
        }
        timers.splice(timers.indexOf(next), 1)
        now = next.at
        next.call()
        await settled()
      }
    },
  }
  made.calling = new Calling({
    after: (ms, call) => {
      const timer = { at: now + ms, call }
      timers.push(timer)
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
    },
    wake: async (device, missed) => {
      made.woken.push(missed === true ? `${device} anew` : device)
      if (!reach) throw new Error('no address')
      return 'udp://there'
    },
    wanted: () => made.wanted,
    say: (device, text) => made.said.push(`${device}: ${text}`),
  })
  return made
}

test('a thousand devices are called a few at a time: the next one when a session is over, or when somebody does not come', async () => {
  const at = world()
  const names = Array.from({ length: 1000 }, (_, i) => `d${String(i)}`)
  for (const name of names) at.calling.call(name)
  await at.pass(0)
  expect(at.woken).toEqual(names.slice(0, AWAKE))
  at.calling.came('d0')
  at.calling.left('d0')
  expect(at.woken.length).toBe(AWAKE + 1)
  at.calling.came('d1')
  await at.pass(COMES_IN)
  expect(at.woken.length).toBe(AWAKE * 2)
  for (let i = 0; i < 1000; i++) {
    at.calling.came(`d${String(i)}`)
    at.calling.left(`d${String(i)}`)
  }
  expect([...at.woken].sort()).toEqual([...names].sort())
})

test('who was called and does not come is called once more, with the default nonce, and then left in peace', async () => {
  const at = world()
  at.calling.call('d')
  await at.pass(29_000)
  expect([at.woken, at.said]).toEqual([['d'], ['d: the device is notified at udp://there']])
  await at.pass(1000)
  expect(at.woken).toEqual(['d', 'd anew'])
  at.calling.came('d')
  at.calling.left('d')
  at.calling.call('d')
  expect(at.woken.at(-1)).toBe('d')
})

test('a session that was cut is followed by calls ever later; nobody is called who is there, or has nothing to do', async () => {
  const at = world()
  at.calling.came('d')
  at.calling.call('d')
  expect(at.woken).toEqual([])
  at.calling.left('d')
  at.calling.again('d')
  await at.pass(999)
  expect(at.woken).toEqual([])
  await at.pass(1)
  expect(at.woken).toEqual(['d'])
  at.calling.came('d')
  at.calling.left('d')
  at.calling.again('d')
  at.wanted = false
  await at.pass(600_000)
  expect(at.woken).toEqual(['d'])
})

test('who cannot be notified gives its place to the next one, and the job says why it waits', async () => {
  const at = world(false)
  for (let i = 0; i < AWAKE + 1; i++) at.calling.call(`d${String(i)}`)
  await at.pass(0)
  expect(at.woken.length).toBe(AWAKE + 1)
  expect(at.said[0]).toBe('d0: the device is not notified: no address; the job waits for its next session')
})

test('what is stopped calls nobody', async () => {
  const at = world()
  at.calling.again('d')
  at.calling.stop()
  at.calling.call('e')
  await at.pass(600_000)
  expect(at.woken).toEqual([])
})
