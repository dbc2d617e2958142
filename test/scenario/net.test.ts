// The network in memory: latency by seed, refused connections, lost datagrams, and what a server sees of a request.
import { describe, expect, it } from 'vitest'
import { MemoryNet, partsOf } from '../../core/scenario/memorynet.ts'
import type { NetRequest } from '../../core/scenario/memorynet.ts'
import { seeded } from '../../core/scenario/seeded.ts'
import { VirtualClock } from '../../core/scenario/virtualclock.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words)

function world(seed = 1) {
  const clock = new VirtualClock(settle)
  const net = new MemoryNet({ clock, random: seeded(seed, 'latency') })
  return { clock, net }
}

describe('memory net', () => {
  it('carries a request and its answer, each with a latency of its own', async () => {
    const { clock, net } = world()
    const seen: NetRequest[] = []
    net.serve('http://dm.example.com', async (request) => {
      seen.push(request)
      return { status: 200, headers: [['Content-Type', 'text/plain']], body: bytes(`got ${text(request.body)}`) }
    })
    let answer = ''
    void net
      .ask('device', { method: 'POST', url: 'HTTP://DM.example.com/dm?sid=1', headers: [['Content-Type', 'a/b']], body: bytes('hello') })
      .then((response) => (answer = `${String(response.status)} ${text(response.body)}`))
    await clock.run()
    expect(answer).toBe('200 got hello')
    expect(seen[0]).toMatchObject({
      startLine: 'POST /dm?sid=1 HTTP/1.1',
      headers: [
        ['Host', 'DM.example.com'],
        ['Content-Type', 'a/b'],
        ['Content-Length', '5'],
      ],
      local: 'DM.example.com:80',
      remote: 'device:40000',
    })
    expect(clock.mono()).toBeGreaterThanOrEqual(10)
    expect(clock.mono()).toBeLessThanOrEqual(80)
  })

  it('takes as long as the seed says', async () => {
    const durations = await Promise.all(
      [5, 5, 6].map(async (seed) => {
        const { clock, net } = world(seed)
        net.serve('http://a', async () => ({ status: 204, headers: [], body: new Uint8Array(0) }))
        const times: number[] = []
        for (let i = 0; i < 5; i++) void net.ask('b', { method: 'GET', url: 'http://a/', headers: [] }).then(() => times.push(clock.mono()))
        await clock.run()
        return times.join(' ')
      }),
    )
    expect(durations[0]).toBe(durations[1])
    expect(durations[0]).not.toBe(durations[2])
  })

  it('refuses where nobody listens, or the line is cut, and only while it is', async () => {
    const { clock, net } = world()
    net.serve('http://a:81', async () => ({ status: 200, headers: [], body: new Uint8Array(0) }))
    const results: string[] = []
    const ask = async (url: string): Promise<void> => {
      void net.ask('b', { method: 'GET', url, headers: [] }).then(
        ({ status }) => results.push(String(status)),
        (error: unknown) => results.push(String(error)),
      )
      await clock.run()
    }
    await ask('http://a/')
    net.cut('http://a:81')
    await ask('http://a:81/')
    net.cut('http://a:81', false)
    await ask('http://a:81/')
    await ask('nonsense')
    expect(results).toEqual([
      'Error: nobody listens at a (connection refused)',
      'Error: nobody listens at a:81 (connection refused)',
      '200',
      'Error: cannot ask nonsense: no absolute URL',
    ])
  })

  it('delivers datagrams late or never, and waits for whoever watches', async () => {
    const clock = new VirtualClock(settle)
    let looked = 0
    const net = new MemoryNet({ clock, random: seeded(1, ''), latency: [3, 3], pace: async () => void (looked += 1) })
    const got: string[] = []
    net.listen('udp://phone:2948', (octets, from) => got.push(`${text(octets)} of ${from} at ${String(clock.mono())}`))
    net.send('server', 'udp://phone:2948', bytes('wake up'))
    net.send('server', 'udp://nobody:2948', bytes('lost'))
    await clock.run()
    net.cut('udp://phone:2948')
    net.send('server', 'udp://phone:2948', bytes('lost too'))
    await clock.run()
    expect(got).toEqual(['wake up of server at 3'])
    expect(looked).toBe(3)
  })

  it('splits URLs', () => {
    expect(partsOf('https://Ads.example.com:8443/a/b.dd?x=1#f')).toEqual({
      origin: 'https://ads.example.com:8443',
      host: 'Ads.example.com:8443',
      target: '/a/b.dd?x=1',
    })
    expect([partsOf('http://a'), partsOf('http:///x'), partsOf('x')]).toEqual([{ origin: 'http://a', host: 'a', target: '/' }, null, null])
  })
})
