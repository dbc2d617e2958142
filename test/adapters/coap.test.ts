// CoAP endpoints against each other over a network of the test's own, which loses, doubles and delays: whatever it does, a request is done once and its answer is whole, or fails in words.
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { OPTION, blockBytes, blockOf, optionOf, readDatagram, textsOf, uintBytes, writeDatagram } from '../../core/adapters/lwm2m/coap.ts'
import type { Datagram } from '../../core/adapters/lwm2m/coap.ts'
import { CoapAnswers } from '../../core/adapters/lwm2m/coapin.ts'
import { CoapAsks } from '../../core/adapters/lwm2m/coapout.ts'
import type { CoapAnswer, CoapObserver, CoapReply, CoapRequest, Peer } from '../../core/adapters/lwm2m/coaptalk.ts'
import { CoapWire } from '../../core/adapters/lwm2m/coapwire.ts'

/** Time that passes when nothing else is to do. */
class Time {
  now = 0
  readonly #due: { at: number; call: () => void }[] = []
  after(ms: number, call: () => void): () => void {
    const entry = { at: this.now + ms, call }
    this.#due.push(entry)
    return () => {
      const at = this.#due.indexOf(entry)
      if (at >= 0) this.#due.splice(at, 1)
    }
  }
  /** Until nothing is due, or so much time is over; what promises have to say in between is heard. */
  async run(until = Infinity): Promise<void> {
    for (;;) {
      for (let i = 0; i < 8; i += 1) await Promise.resolve()
      const next = this.#due.reduce<{ at: number; call: () => void } | null>(
        (least, each) => (least === null || each.at < least.at ? each : least),
        null,
      )
      if (next === null || next.at > until) break
      this.#due.splice(this.#due.indexOf(next), 1)
      this.now = next.at
      next.call()
    }
    if (until !== Infinity) this.now = until
  }
}

interface End {
  readonly asks: CoapAsks
  readonly answers: CoapAnswers
  readonly wire: CoapWire
  readonly at: Peer
}

/** What the network does with the n-th datagram: 0 loses it, 1 brings it, 2 brings it twice; and how late, ms. */
type Fates = (n: number, datagram: Datagram) => { readonly times: number; readonly late: number }
const GOOD: Fates = () => ({ times: 1, late: 10 })

class Net {
  readonly time = new Time()
  readonly passed: Datagram[] = []
  readonly #ends = new Map<number, (bytes: Uint8Array, from: Peer) => void>()
  readonly #fates: Fates
  #seed = 1

  constructor(fates: Fates = GOOD) {
    this.#fates = fates
  }

  send(bytes: Uint8Array, from: Peer, to: Peer): void {
    const datagram = readDatagram(bytes)
    if (typeof datagram === 'string') throw new Error(datagram)
    this.passed.push(datagram)
    const { times, late } = this.#fates(this.passed.length, datagram)
    for (let i = 0; i < times; i += 1) this.time.after(late + i, () => this.#ends.get(to.port)?.(bytes, from))
  }

  raw(port: number, heard: (datagram: Datagram, from: Peer) => void): Peer {
    const at = { host: 'h', port }
    this.#ends.set(port, (bytes, from) => {
      const datagram = readDatagram(bytes)
      if (typeof datagram !== 'string') heard(datagram, from)
    })
    return at
  }

  end(port: number, answer: (request: CoapRequest) => CoapReply | null = () => ({ code: '4.04' }), most = 1_000_000): End {
    const random = (octets: number): Uint8Array =>
      Uint8Array.from({ length: octets }, () => (this.#seed = (this.#seed * 48_271) % 2_147_483_647) & 255)
    const at = { host: 'h', port }
    const wire = new CoapWire({
      send: (bytes, to) => this.send(bytes, at, to),
      after: (ms, call) => this.time.after(ms, call),
      now: () => this.time.now,
      random,
    })
    const asks = new CoapAsks(wire)
    const answers = new CoapAnswers(wire, { most, answer, refused: () => {} })
    this.#ends.set(port, (bytes, from) => {
      const datagram = readDatagram(bytes)
      if (typeof datagram === 'string') return
      const { type, code, messageId } = datagram
      if (code !== '0.00' && code.startsWith('0')) answers.asked(datagram, from)
      else if (code !== '0.00') asks.answered(datagram, from)
      else if (type !== 'CON') wire.settled(from, messageId, type === 'ACK' ? 'acked' : 'reset')
    })
    return { asks, answers, wire, at }
  }
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 255)
const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1')

/** An answer, or why there was none. */
const outcome = (answer: Promise<CoapAnswer>): Promise<CoapAnswer | string> => answer.catch((error: unknown) => String(error))

describe('a network that loses, doubles and delays', () => {
  it('a package goes in blocks once, an answer of several blocks comes whole, or both fail in words', async () => {
    const fates = fc.infiniteStream(fc.record({ times: fc.constantFrom(1, 1, 1, 1, 0, 2), late: fc.constantFrom(1, 20, 20, 900, 3000) }))
    await fc.assert(
      fc.asyncProperty(fates, fc.integer({ min: 0, max: 3000 }), async (stream, size) => {
        const net = new Net(() => stream.next().value as { times: number; late: number })
        const done: string[] = []
        const server = net.end(1, ({ method, payload }) => {
          done.push(`${method} ${payload.length}`)
          if (method === 'PUT') expect(text(payload)).toBe(text(bytes(size)))
          return method === 'GET' ? { code: '2.05', format: 42, payload: bytes(2500) } : { code: '2.04' }
        })
        const client = net.end(2)
        const put = outcome(client.asks.ask({ ...server.at, method: 'PUT', path: '/5/0/0', format: 42, payload: bytes(size) }))
        await net.time.run()
        const got = outcome(client.asks.ask({ ...server.at, method: 'GET', path: '/big' }))
        await net.time.run()
        const [first, second] = [await put, await got]
        if (typeof first === 'string') expect(first).toMatch(/no answer to PUT .* within|was reset/)
        else expect(first.code).toBe('2.04')
        if (typeof second === 'string') expect(second).toMatch(/no answer to GET .* within|was reset/)
        else expect([second.code, second.format, text(second.payload)]).toEqual(['2.05', 42, text(bytes(2500))])
        // Blocks begun anew are one request each time.
        expect(done.filter((each) => each.startsWith('PUT')).length).toBeLessThanOrEqual(2)
      }),
      { numRuns: 150 },
    )
  })

  it('each loss costs its own wait, however many there were before', async () => {
    // Every third datagram is lost.
    const net = new Net((n) => ({ times: n % 3 === 0 ? 0 : 1, late: 5 }))
    const server = net.end(1, () => ({ code: '2.04' }))
    const client = net.end(2)
    const put = client.asks.ask({ ...server.at, method: 'PUT', path: '/5/0/0', payload: bytes(20_000) })
    await net.time.run()
    expect((await put).code).toBe('2.04')
    // 40 blocks, about 27 of them sent again after 2 to 3 s.
    expect(net.time.now).toBeLessThan(40 * 3000)
  })
})

describe('blocks of all kinds', () => {
  /** A server by hand that answers each request as it is told. */
  function by(net: Net, answers: (asked: Datagram, n: number) => Partial<Datagram>): { at: Peer; asked: Datagram[] } {
    const asked: Datagram[] = []
    const at = net.raw(1, (datagram, from) => {
      if (!datagram.code.startsWith('0') || datagram.code === '0.00') return
      asked.push(datagram)
      const reply = {
        type: 'ACK',
        code: '2.04',
        messageId: datagram.messageId,
        token: datagram.token,
        options: [],
        payload: new Uint8Array(0),
      } as const
      net.send(writeDatagram({ ...reply, ...answers(datagram, asked.length) }), at, from)
    })
    return { at, asked }
  }
  const block1 = (asked: Datagram): string => {
    const block = blockOf(asked, OPTION.block1)
    return block === null ? 'whole' : `${block.num}/${block.more ? 1 : 0}/${block.size}`
  }

  it('smaller ones where the peer asks for them, in its answer or by 4.13; down to 64, then 4.13 it is', async () => {
    const net = new Net()
    const wants64 = by(net, (asked) => {
      const block = blockOf(asked, OPTION.block1)
      if (block === null) return {}
      return { code: block.more ? '2.31' : '2.04', options: [[OPTION.block1, blockBytes({ ...block, size: 64 })]] }
    })
    const client = net.end(2)
    const put = client.asks.ask({ ...wants64.at, method: 'PUT', path: '/x', payload: bytes(1100) })
    await net.time.run()
    expect((await put).code).toBe('2.04')
    // The first block was taken whole: the next number counts in blocks of 64.
    expect(wants64.asked.map(block1).slice(0, 3)).toEqual(['0/1/512', '8/1/64', '9/1/64'])
    expect(wants64.asked.map(block1).at(-1)).toBe('17/0/64')
    const small = by(net, (asked) => {
      const block = blockOf(asked, OPTION.block1)
      return block === null || block.size > 128
        ? { code: '4.13' }
        : { code: block.more ? '2.31' : '2.04', options: [[OPTION.block1, blockBytes(block)]] }
    })
    const again = client.asks.ask({ ...small.at, method: 'PUT', path: '/x', payload: bytes(600) })
    await net.time.run()
    expect((await again).code).toBe('2.04')
    expect(small.asked.map(block1)).toEqual(['whole', '0/1/256', '0/1/128', '1/1/128', '2/1/128', '3/1/128', '4/0/128'])
    const full = by(net, () => ({ code: '4.13', options: [[OPTION.size1, uintBytes(500)]] }))
    const no = client.asks.ask({ ...full.at, method: 'PUT', path: '/x', payload: bytes(600) })
    await net.time.run()
    expect((await no).code, 'more than it has room for').toBe('4.13')
    expect(full.asked).toHaveLength(1)
  })

  it('an error ends the blocks at once; blocks that were lost begin anew once; one who takes a block for the whole is found out', async () => {
    const net = new Net()
    const client = net.end(2)
    const ask = async (answers: (asked: Datagram, n: number) => Partial<Datagram>): Promise<[CoapAnswer | string, string[]]> => {
      const server = by(net, answers)
      const end = outcome(client.asks.ask({ ...server.at, method: 'PUT', path: '/x', payload: bytes(2000) }))
      await net.time.run()
      return [await end, server.asked.map(block1)]
    }
    const taken = (asked: Datagram): Partial<Datagram> => {
      const block = blockOf(asked, OPTION.block1)
      return { code: block?.more === true ? '2.31' : '2.04', options: block === null ? [] : [[OPTION.block1, blockBytes(block)]] }
    }
    const [full, sent] = await ask((asked, n) => (n < 3 ? taken(asked) : { ...taken(asked), code: '4.13' }))
    expect(full).toMatchObject({ code: '4.13' })
    expect(sent).toHaveLength(3)
    const [lost, anew] = await ask((asked, n) => (n === 3 ? { code: '4.08' } : taken(asked)))
    expect(lost).toMatchObject({ code: '2.04' })
    expect(anew).toEqual(['0/1/512', '1/1/512', '2/1/512', '0/1/512', '1/1/512', '2/1/512', '3/0/512'])
    expect((await ask((asked, n) => (n > 1 ? { code: '4.08' } : taken(asked))))[0]).toMatchObject({ code: '4.08' })
    expect((await ask(() => ({ code: '2.04' })))[0]).toMatch(/took 512 octets for all 2000/)
  })

  it('an answer that changes while it is read is read anew; one with a hole, or without end, fails', async () => {
    const net = new Net()
    const client = net.end(2)
    const read = async (
      page: (num: number, n: number) => { etag: number; num?: number; more: boolean; payload?: Uint8Array },
    ): Promise<CoapAnswer | string> => {
      const server = by(net, (asked, n) => {
        const num = blockOf(asked, OPTION.block2)?.num ?? 0
        const { etag, more, payload = bytes(1024).fill(etag), num: given = num } = page(num, n)
        return {
          code: '2.05',
          options: [
            [OPTION.etag, Uint8Array.of(etag)],
            [OPTION.block2, blockBytes({ num: given, more, size: 1024 })],
          ],
          payload,
        }
      })
      const end = outcome(client.asks.ask({ ...server.at, method: 'GET', path: '/x' }))
      await net.time.run()
      return end
    }
    const changed = await read((num, n) => ({ etag: n === 1 ? 1 : 2, more: num < 1 }))
    expect(typeof changed === 'string' ? changed : [...new Set(changed.payload)]).toEqual([2])
    expect(await read((num, n) => ({ etag: n, more: num < 1 }))).toMatch(/changes while it is read/)
    expect(await read((num) => ({ etag: 1, num: num * 2, more: true }))).toMatch(/did not come/)
    expect(await read(() => ({ etag: 1, more: true }))).toMatch(/more than 4194304 octets/)
    expect(await read(() => ({ etag: 1, more: true, payload: bytes(100) }))).toMatch(/a block of 100 octets that says 1024/)
  })

  it('requests come in blocks of any size, with tokens of their own or none; a hole is 4.08, too much 4.13; what nobody knows is 4.02', async () => {
    const net = new Net()
    const seen: string[] = []
    const server = net.end(
      1,
      ({ method, path, query, payload }) => (seen.push(`${method} ${path.join('/')} ${query.join('&')} ${payload.length}`), { code: '2.04' }),
      2000,
    )
    const heard: Datagram[] = []
    const me = net.raw(9, (datagram) => void heard.push(datagram))
    let id = 0
    const send = async (
      num: number,
      more: boolean,
      size: number,
      payload: Uint8Array,
      token: number[] = [],
      options: Datagram['options'] = [],
    ): Promise<string> => {
      const head = { type: 'CON', code: '0.02', messageId: (id += 1), token: Uint8Array.from(token), payload } as const
      const block: Datagram['options'] = [
        [OPTION.uriPath, Buffer.from('rd')],
        [OPTION.uriQuery, Buffer.from('ep=a&b?c')],
        [OPTION.block1, blockBytes({ num, more, size })],
      ]
      net.send(writeDatagram({ ...head, options: [...block, ...options] }), me, server.at)
      await net.time.run()
      return heard.at(-1)?.code ?? ''
    }
    expect([await send(0, true, 64, bytes(64), [1]), await send(1, true, 64, bytes(64), [2]), await send(2, false, 64, bytes(10), [])]).toEqual([
      '2.31',
      '2.31',
      '2.04',
    ])
    expect(seen).toEqual(['POST rd ep=a&b?c 138'])
    expect(heard.map((each) => optionOf(each, OPTION.block1) === undefined)).toEqual([false, false, false])
    // The second block again, under another id.
    expect([
      await send(0, true, 16, bytes(16)),
      await send(1, true, 16, bytes(16)),
      await send(1, true, 16, bytes(16)),
      await send(2, false, 16, bytes(1)),
    ]).toEqual(['2.31', '2.31', '2.31', '2.04'])
    expect(seen.at(-1)).toBe('POST rd ep=a&b?c 33')
    expect([await send(0, true, 64, bytes(64)), await send(2, false, 64, bytes(64)), await send(1, false, 64, bytes(3))]).toEqual([
      '2.31',
      '4.08',
      '4.08',
    ])
    expect(await send(1_000_000, true, 1024, bytes(1024))).toBe('4.13')
    expect(await send(0, false, 64, bytes(5), [], [[9, Uint8Array.of(1)]])).toBe('4.02')
    expect(seen).toHaveLength(2)
  })
})

describe('following', () => {
  it('is told in order and whole, ends by a reset, an error or a wish; a notification nobody knows is reset', async () => {
    // The second and third notification change places.
    const net = new Net((_, { code, payload }) => ({ times: 1, late: code === '2.05' && payload[0] === 2 ? 500 : 10 }))
    const observers: CoapObserver[] = []
    const server = net.end(1, ({ observer, method }) => {
      if (observer !== null) observers.push(observer)
      return method === 'GET' ? { code: '2.05', format: 42, payload: observer === null ? bytes(1500) : Uint8Array.of(1) } : { code: '4.05' }
    })
    const client = net.end(2)
    const told: number[][] = []
    const failed: string[] = []
    const follow = (): (() => void) =>
      client.asks.observe(
        { ...server.at, path: '/3/0/13' },
        ({ payload }) => void told.push([payload.length, payload[0] ?? -1]),
        (why) => void failed.push(why.message),
      )
    const stop = follow()
    await net.time.run(1000)
    const [observer] = observers
    let over = 0
    observer?.ended(() => (over += 1))
    for (const value of [2, 3]) observer?.tell({ code: '2.05', payload: Uint8Array.of(value) })
    await net.time.run(5000)
    expect(told, 'what was overtaken is old').toEqual([
      [1, 1],
      [1, 3],
    ])
    observer?.tell({ code: '2.05', payload: bytes(1500) })
    await net.time.run(10_000)
    expect(told.at(-1), 'the rest was asked for').toEqual([1500, 0])
    stop()
    await net.time.run(20_000)
    expect([over, failed]).toEqual([1, []])
    follow()
    await net.time.run(30_000)
    observers.at(-1)?.tell({ code: '4.04' })
    await net.time.run(40_000)
    expect(failed).toEqual(['4.04 for /3/0/13'])
    // The client is new: it knows nothing of what it followed.
    follow()
    await net.time.run(50_000)
    observers.at(-1)?.ended(() => (over += 1))
    net.end(2)
    observers.at(-1)?.tell({ code: '2.05', payload: Uint8Array.of(9) })
    await net.time.run(60_000)
    expect(net.passed.at(-1)).toMatchObject({ type: 'RST', code: '0.00' })
    expect(over).toBe(2)
    expect(textsOf(net.passed[0] as Datagram, OPTION.uriPath)).toEqual(['3', '0', '13'])
  })
})
