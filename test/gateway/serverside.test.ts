// What the DM Server asks of gateways: what is taken back before it began, and images as they truly lie there. Answers are played by hand.
import { describe, expect, test } from 'vitest'
import type { FanoutRow, ImageRow } from '../../core/api.ts'
import { ServerFanouts } from '../../core/lab/fanouts.ts'
import type { Order } from '../../core/server/records.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import type { Docs } from '../../core/store/docs.ts'

const GW = 'urn:example:gw:1'
const IMAGE = './GwMO/Images/Images/p'
const bytes = new Uint8Array([1, 2, 3])

interface Rig {
  readonly all: ServerFanouts
  readonly orders: Order[]
  readonly woken: string[]
  readonly ended: string[]
  now: number
  /** The newest order ends so, and the session with it. */
  end(outcomes: readonly (readonly [uri: string, code: number, data?: string])[], state?: Order['state'], of?: Order): void
  pass(ms: number): void
  timers(): number
  row(): FanoutRow
  image(): ImageRow
}

function rig(docs: Docs = memoryDocs(), deaf = ''): Rig {
  const orders: Order[] = []
  const woken: string[] = []
  const ended: string[] = []
  let timers: { at: number; call: () => void }[] = []
  const put = (order: Order): void => {
    const at = orders.findIndex(({ id }) => id === order.id)
    if (at < 0) orders.push(order)
    else orders[at] = order
  }
  const all = new ServerFanouts({
    docs,
    now: () => made.now,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    queue: put,
    order: (id) => orders.find((order) => order.id === id),
    notify: (gateway) => (deaf === '' ? Promise.resolve(woken.push(gateway)) : Promise.reject(new Error(deaf))),
    package: (id) => (id === 'none' ? undefined : { bytes, sha256: id === 'other' ? 'ff' : 'aa' }),
    seq: () => 0,
    moved: () => {},
    ended: ({ id, state }) => ended.push(`${id} ${state}`),
    after: (ms, call) => {
      const timer = { at: made.now + ms, call }
      timers.push(timer)
      return () => void (timers = timers.filter((each) => each !== timer))
    },
  })
  const made: Rig = {
    all,
    orders,
    woken,
    ended,
    now: 1000,
    end: (outcomes, state = outcomes.every(([, code]) => code < 300) ? 'done' : 'failed', of = orders.at(-1)) => {
      if (of !== undefined) put({ ...of, state, outcomes: outcomes.map(([uri, code, data = '']) => ({ command: 0, uri, code, data })) })
      all.settle(GW)
    },
    pass: (ms) => {
      made.now += ms
      const due = timers.filter(({ at }) => at <= made.now)
      timers = timers.filter(({ at }) => at > made.now)
      for (const { call } of due) call()
    },
    timers: () => timers.length,
    row: () => all.all()[0] as FanoutRow,
    image: () => all.images()[0] as ImageRow,
  }
  return made
}

const kinds = (order: Order | undefined): string[] => order?.commands.map(({ kind }) => kind) ?? []
const targets = (order: Order | undefined): string[] =>
  order?.commands.flatMap((command) => ('items' in command ? (command.items[0]?.target?.locUri ?? '') : '')) ?? []
const get = { gateway: GW, devices: ['d1'], commands: [{ kind: 'Get' as const, locUri: './DevInfo/Mod' }] }

describe('a fan-out that is cancelled', () => {
  test('before its order left: the gateway never hears of it, and it is told as cancelled at once', () => {
    const { all, orders, ended, row } = rig()
    const { id } = all.create(get)
    expect(all.cancel(id)).toMatchObject({ state: 'cancelled', result: 214 })
    expect(orders.map(({ state }) => state)).toEqual(['failed'])
    expect(ended).toEqual([`${id} cancelled`])
    expect(row().reason).toContain('before the gateway had it')
    expect(() => all.cancel(id)).toThrow(`fan-out ${id} is cancelled`)
  })

  test('while it runs: Cancel, and its end is what the gateway tells', () => {
    const { all, orders, row, end } = rig()
    const { id } = all.create(get)
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/Start`, 202]])
    expect(row().state).toBe('running')
    all.cancel(id)
    expect(targets(orders.at(-1))).toEqual([`./GwMO/Fanout/Fanout/${id}/Operations/Cancel`])
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/Cancel`, 200]])
    expect(row().state).toBe('running')
  })

  test('of style Y, laid down and not begun: Cancel is answered 403, so its nodes are taken away; no notification starts it any more', () => {
    const { all, orders, row, end, ended, woken } = rig()
    const { id } = all.create({ ...get, style: 'Y' })
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/AutoStart`, 200]])
    all.cancel(id)
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/Cancel`, 403]])
    expect([kinds(orders.at(-1)), targets(orders.at(-1))]).toEqual([['Delete'], [`./GwMO/Fanout/Fanout/${id}`]])
    const calls = woken.length
    end([[`./GwMO/Fanout/Fanout/${id}`, 200]])
    expect(row()).toMatchObject({ state: 'cancelled', result: 214 })
    expect([ended, woken.length]).toEqual([[`${id} cancelled`], calls])
  })

  test('of style Y, while its order is in the air: it is laid down, and is not started by a notification', () => {
    const { all, orders, row, end } = rig()
    const { id } = all.create({ ...get, style: 'Y' })
    const [lay] = orders
    if (lay !== undefined) orders[0] = { ...lay, state: 'sent' }
    all.cancel(id)
    expect(row().state).toBe('queued')
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/AutoStart`, 200]], 'done', orders[0])
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/Cancel`, 403]], 'failed', orders[1])
    end([[`./GwMO/Fanout/Fanout/${id}`, 200]])
    expect(row().state).toBe('cancelled')
  })

  test('while nobody knows whether it was laid down: it is not laid down again', () => {
    const { all, orders, row, end } = rig()
    const { id } = all.create(get)
    const [lay] = orders
    if (lay !== undefined) orders[0] = { ...lay, state: 'sent' }
    all.cancel(id)
    end([], 'unknown', orders[0])
    end([[`./GwMO/Fanout/Fanout/${id}/Operations/Cancel`, 404]], 'failed', orders[1])
    end([[`./GwMO/Fanout/Fanout/${id}/State`, 404]], 'failed')
    expect(row()).toMatchObject({ state: 'cancelled' })
    expect(orders.filter((order) => kinds(order).includes('Exec')).length, 'one order to start, one to cancel').toBe(2)
  })
})

test('a gateway that cannot be called: fan-out and image say why they wait, until they are there', async () => {
  const { all, row, image, end, orders } = rig(memoryDocs(), 'there is no address of urn:example:gw:1')
  all.image({ gateway: GW, imageId: 'p', pkg: 'one' })
  all.create(get)
  await Promise.resolve()
  await Promise.resolve()
  const why = 'the gateway is not notified: there is no address of urn:example:gw:1; it gets this at its next session'
  expect([row().reason, image().reason]).toEqual([why, why])
  end([[`${IMAGE}/ImageData`, 200]], 'done', orders[0])
  end([[`./GwMO/Fanout/Fanout/x/Operations/Start`, 202]], 'done', orders[1])
  expect([row(), image()]).toMatchObject([
    { state: 'running', reason: '' },
    { state: 'transferring', reason: '' },
  ])
})

describe('an image as it lies at the gateway', () => {
  const leaf = (name: string, data: string, code = 200): readonly [string, number, string] => [`${IMAGE}/${name}`, code, data]
  const ready = (made: Rig): void => {
    made.all.image({ gateway: GW, imageId: 'p', pkg: 'one', expiry: 10 })
    made.end([[`${IMAGE}/ImageData`, 200]])
    const data = '<ImageReady><ImageID>p</ImageID><ImageURL>http://gw/p</ImageURL><Size>3</Size></ImageReady>'
    const item = { source: IMAGE, type: '', format: 'xml', mark: '', data }
    const alert = { device: GW, sessionId: '1', msgId: '1', at: 0, code: 1226, correlator: '', items: [item] }
    made.all.told(GW, 'imageReady', alert, item)
    expect(made.image().state).toBe('ready')
  }

  test('gw 71: an Expiry that comes too late is refused (403): the image stays expired here too', () => {
    const made = rig()
    ready(made)
    made.pass(20_000)
    expect(made.image().state).toBe('expired')
    made.all.expire(GW, 'p', 600)
    expect(made.image().state, 'nobody knows yet').toBe('expired')
    made.end([[`${IMAGE}/Expiry`, 403]])
    expect(made.image()).toMatchObject({ state: 'expired', expiresAt: 11_000, life: 10 })
    expect(made.image().reason).toContain('403')
  })

  test('gw 70: one that is taken counts from when it was written, however late the gateway came', () => {
    const made = rig()
    ready(made)
    made.all.expire(GW, 'p', 600)
    made.pass(8000)
    made.end([[`${IMAGE}/Expiry`, 200]])
    expect(made.image()).toMatchObject({ state: 'ready', expiresAt: 9000 + 600_000, life: 600 })
  })

  test('an expired image is delivered anew: the old node is taken away first', () => {
    const made = rig()
    ready(made)
    made.pass(20_000)
    made.all.image({ gateway: GW, imageId: 'p', pkg: 'other' })
    made.end([[IMAGE, 418]])
    expect(kinds(made.orders.at(-1))).toEqual(['Get', 'Get', 'Get', 'Get', 'Get'])
    made.end([leaf('State', '50'), leaf('ImageURL', '', 404), leaf('Size', '3'), leaf('Digest', 'sha-256:aa')], 'failed')
    expect(kinds(made.orders.at(-1))).toEqual(['Delete', 'Sequence', 'Replace'])
  })

  test('another package under the name of one that is ready is refused in words, at once where it is known, else by its digest', () => {
    const made = rig()
    ready(made)
    expect(() => made.all.image({ gateway: GW, imageId: 'p', pkg: 'other' })).toThrow(/another image p .* void it first/)
    const fresh = rig()
    fresh.all.image({ gateway: GW, imageId: 'p', pkg: 'other' })
    fresh.end([[IMAGE, 418]])
    fresh.end([leaf('State', '30'), leaf('ImageURL', 'http://gw/p'), leaf('Size', '3'), leaf('Digest', 'sha-256:aa')])
    expect(fresh.image()).toMatchObject({ state: 'failed', url: '' })
    expect(fresh.image().reason).toContain('another image')
  })

  test('gw 66: a download of the gateway that fails tells nobody: the server looks, and says so', () => {
    const made = rig()
    made.all.image({ gateway: GW, imageId: 'p', url: 'http://nowhere/p' })
    made.end([[`${IMAGE}/Operations/Download`, 202]])
    expect(made.image().state).toBe('transferring')
    const before = made.orders.length
    made.pass(5000)
    expect(made.orders.length).toBe(before + 1)
    made.end([leaf('State', '20')])
    expect([made.image().state, made.orders.length], 'under way: looked at again, later').toEqual(['transferring', before + 1])
    made.pass(60_000)
    made.end([leaf('State', '40')])
    expect(made.image()).toMatchObject({ state: 'failed' })
    expect(made.image().reason).toContain('did not arrive')
    made.pass(3_600_000)
    expect(made.orders.length).toBe(before + 2)
  })

  test('gw 69: an image that was asked for long before its gateway came is void when the gateway says, not before', () => {
    const made = rig()
    made.all.image({ gateway: GW, imageId: 'p', pkg: 'one', expiry: 60 })
    made.pass(50_000)
    const data = '<ImageReady><ImageID>p</ImageID><ImageURL>http://gw/p</ImageURL><Size>3</Size></ImageReady>'
    const item = { source: IMAGE, type: '', format: 'xml', mark: '', data }
    made.all.told(GW, 'imageReady', { device: GW, sessionId: '1', msgId: '1', at: 0, code: 1226, correlator: '', items: [item] }, item)
    expect(targets(made.orders.at(-1))).toContain(`${IMAGE}/Expiry`)
    made.end([leaf('State', '30'), leaf('Expiry', '58')])
    expect(made.image()).toMatchObject({ state: 'ready', expiresAt: 51_000 + 58_000, life: 60 })
    const count = made.orders.length
    made.all.settle(GW)
    expect(made.orders.length).toBe(count)
  })

  test('a lab that closes looks at nothing any more', () => {
    const made = rig()
    made.all.image({ gateway: GW, imageId: 'p', url: 'http://nowhere/p' })
    made.end([[`${IMAGE}/Operations/Download`, 202]])
    made.all.stop()
    const before = made.orders.length
    made.pass(3_600_000)
    expect([made.orders.length, made.timers()]).toEqual([before, 0])
  })
})
