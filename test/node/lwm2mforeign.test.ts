// LwM2M clients of other makes at the gateway's port: each kind registers, is read, followed, written to in blocks, updated, managed, and leaves, with its own habits on the wire.
import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { Agent } from 'coap'
import type { IncomingMessage } from 'coap'
import { afterEach, describe, expect, it } from 'vitest'
import { lwm2mAdapter } from '../../core/adapters/lwm2m/adapter.ts'
import type { Adapter, AdapterFact } from '../../core/adapters/port.ts'
import { processClock } from '../../core/node/clock.ts'
import { startLwm2m } from '../../core/node/lwm2m.ts'
import type { LwServer } from '../../core/node/lwm2m.ts'
import { randomSource } from '../../core/node/random.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import { PATIENCE } from '../support/patience.ts'
import { Foreign, KINDS } from './foreignlwm2m.ts'
import type { Kind } from './foreignlwm2m.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface Rig {
  readonly server: LwServer
  readonly adapter: Adapter
  readonly facts: AdapterFact[]
  readonly said: string[]
}

async function rig(host = '127.0.0.1'): Promise<Rig> {
  const said: string[] = []
  const happened = (text: string): void => void said.push(text)
  const server = await startLwm2m({ host, port: 0, clock: processClock(), random: randomSource(), docs: memoryDocs(), admits: () => true, happened })
  open.push(() => server.close())
  const names = new Map<string, Readonly<Record<string, number>>>()
  const adapter = lwm2mAdapter({
    line: server.line,
    after: (ms, call) => processClock().after(ms, call),
    names: { get: (id) => names.get(id) ?? {}, put: (id, now) => void names.set(id, now) },
  })
  const facts: AdapterFact[] = []
  open.push(adapter.discover((fact) => void facts.push(fact)))
  return { server, adapter, facts, said }
}

async function visitor(url: string, kind: Kind, name = 'visitor'): Promise<Foreign> {
  const one = new Foreign(name, url, kind)
  open.push(() => one.close())
  expect(await one.start()).toBe('2.01')
  return one
}

async function until(good: () => boolean, what: () => unknown = () => ''): Promise<void> {
  for (const end = performance.now() + PATIENCE; !good(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(what())}`)
}

const ID = 'urn:x-dm-lab:lwm2m:visitor'
const image = (size: number): Buffer => {
  const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 37) & 255))
  bytes.write('name=tool version=1\n')
  return bytes
}
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe.each(Object.entries(KINDS) as [string, Kind][])('a client like %s', (name, kind) => {
  it('registers, is read, followed, written to in blocks, updated, restarts, is woken, leaves', { timeout: 120_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await visitor(server.url, kind)
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(facts[0], name).toMatchObject({ type: 'found', device: { deviceId: ID, devInfo: { Man: 'Foreign', Mod: 'F1' } } })
    expect(await adapter.get(ID, '/3/0/3')).toBe('1.0')
    expect(await adapter.get(ID, '/5/0/3')).toBe('0')
    const state: string[] = []
    const result: string[] = []
    const ends = [
      adapter.watch(
        ID,
        '/5/0/3',
        (value) => void state.push(value),
        (error) => void state.push(String(error)),
      ),
      adapter.watch(
        ID,
        '/5/0/5',
        (value) => void result.push(value),
        (error) => void result.push(String(error)),
      ),
    ]
    await until(
      () => state.length > 0 && result.length > 0,
      () => [state, result, one.log],
    )
    const firmware = image(5000)
    await adapter.deliver(ID, '/5/0/0', firmware)
    expect(one.packages).toEqual([sha(firmware)])
    await until(
      () => state.at(-1) === '2',
      () => [state, one.log],
    )
    await adapter.exec(ID, '/5/0/2', '')
    await until(
      () => state.at(-1) === '0' && result.at(-1) === '1',
      () => [state, result, one.log],
    )
    expect(one.log.filter((line) => line === 'flashed')).toHaveLength(1)
    expect(await adapter.get(ID, '/3/0/3')).toBe('2.0')
    for (const end of ends) end()
    await adapter.deliver(ID, '/9/tool/2', image(3000))
    expect(one.packages.at(-1)).toBe(sha(image(3000)))
    await adapter.exec(ID, '/9/tool/4', '')
    await until(
      () => one.values.get('9/0/7') === 4,
      () => [...one.values],
    )
    expect(await adapter.list(ID, '/9')).toEqual(['tool'])
    expect(await adapter.get(ID, '/9/tool/12')).toBe('true')
    facts.length = 0
    await adapter.wake(ID)
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(await one.deregister()).toBe(0x42)
    await until(() => facts.some(({ type }) => type === 'gone'))
  })
})

describe('odd ways', () => {
  it('queue mode as 1.0 and as 1.1 say it; an update with another binding and lifetime', { timeout: 60_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await visitor(server.url, { version: '1.1', binding: ['b=U', 'Q'] })
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(server.line.registrations()[0]).toMatchObject({ binding: 'UQ', version: '1.1' })
    expect(await one.update(['b=UQ', 'lt=600'])).toBe(0x44)
    expect(server.line.registrations()[0]).toMatchObject({ binding: 'UQ', lifetime: 600 })
    expect(await adapter.get(ID, '/3/0/1')).toBe('F1')
  })

  it(
    'restarts without a word: it registers anew from another port, its old place is nobody’s, what it followed goes on',
    { timeout: 60_000 },
    async () => {
      const { server, adapter, facts } = await rig()
      const one = await visitor(server.url, KINDS.anjay)
      await until(() => facts.some(({ type }) => type === 'awake'))
      const seen: string[] = []
      open.push(
        adapter.watch(
          ID,
          '/5/0/3',
          (value) => void seen.push(value),
          (error) => void seen.push(String(error)),
        ),
      )
      await until(() => seen.length > 0)
      const two = await visitor(server.url, KINDS.anjay)
      expect(two.endpoint.port).not.toBe(one.endpoint.port)
      expect(await one.update()).toBe(0x84)
      expect(await one.deregister()).toBe(0x84)
      expect(server.line.registrations()).toHaveLength(1)
      await until(() => two.observed.has('5/0/3'))
      await two.move('5/0/3', 1)
      await until(
        () => seen.at(-1) === '1',
        () => seen,
      )
      // What the old one still tells is nothing to anybody: it is reset.
      const told = one.observed.get('5/0/3')
      expect(await one.endpoint.tell(told?.token ?? Buffer.alloc(1), 99, { code: '2.05', format: 112, payload: Buffer.of(0x80) })).toBe(3)
    },
  )

  it('an account in the form a client likes, or can read at all', { timeout: 60_000 }, async () => {
    const { server, said } = await rig()
    for (const [kind, pct, first] of [
      [KINDS.zephyr, undefined, ['PUT /0/0 11542', 'PUT /0/0 112', 'PUT /1/0 11542', 'PUT /1/0 112']],
      [KINDS.anjay, 112, ['PUT /0/0 112', 'PUT /1/0 112']],
      [KINDS.wakaama, undefined, ['PUT /0/0 11542', 'PUT /1/0 11542']],
    ] as const) {
      const one = new Foreign('visitor', server.url, kind)
      open.push(() => one.close())
      expect((await one.bootstrap(pct)).filter((line) => line.startsWith('PUT'))).toEqual(first)
    }
    await until(
      () => said.length === 3,
      () => said,
    )
    expect(said.every((text) => text.includes('visitor was bootstrapped by LwM2M'))).toBe(true)
  })

  it('by IPv6 and IPv4 at one port for both', { timeout: 60_000 }, async (context) => {
    if (
      !Object.values(networkInterfaces())
        .flat()
        .some((each) => each?.address === '::1')
    )
      context.skip('needs IPv6 on loopback')
    const { server, adapter, facts } = await rig('::')
    const { port } = new URL(server.url)
    await visitor(`coap://[::1]:${port}`, KINDS.zephyr, 'six')
    await visitor(`coap://127.0.0.1:${port}`, KINDS.wakaama, 'four')
    await until(() => facts.filter(({ type }) => type === 'awake').length === 2)
    const found = facts.flatMap((fact) =>
      fact.type === 'found' ? [`${fact.device.name} ${fact.device.address.type} ${fact.device.address.address}`] : [],
    )
    expect(found.sort()).toEqual(['four IPv4 127.0.0.1', 'six IPv6 ::1'])
    for (const name of ['six', 'four']) expect(await adapter.get(`urn:x-dm-lab:lwm2m:${name}`, '/3/0/0')).toBe('Foreign')
  })

  it('objects below a path of its own, links with attributes of all kinds, names with any characters', { timeout: 60_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await visitor(server.url, KINDS.rooted)
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(server.line.registrations()[0]?.root).toBe('/lwm2m')
    await adapter.wake(ID)
    expect(one.log).toContain('POST /1/0/8')
    await visitor(server.url, { ct: '"60 110 112 11542 11543"' }, 'a&b?c=d%20/e')
    expect(server.line.of('a&b?c=d%20/e')?.objects.map(([id]) => id)).toEqual([1, 3, 5, 9])
  })

  it('another CoAP library registers in blocks, updates, leaves, and is told what it may not', { timeout: 60_000 }, async () => {
    const { server } = await rig()
    const agent = new Agent({ type: 'udp4' })
    const ask = (method: 'POST' | 'DELETE' | 'FETCH', pathname: string, query = '', body = ''): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const options = { ...(body === '' ? {} : { contentFormat: 40 }), ...(body.length > 64 ? { options: { Block1: Buffer.of(2) } } : {}) }
        const request = agent.request({ hostname: '127.0.0.1', port: Number(new URL(server.url).port), method, pathname, query, ...options })
        request.on('response', resolve)
        request.on('error', reject)
        request.end(body)
      })
    const links = Array.from({ length: 60 }, (_, i) => `</3303/${i}>`).join(',')
    const made = await ask('POST', '/rd', 'ep=library&lt=60&lwm2m=1.1&b=U', `</>;rt="oma.lwm2m",</1/0>,</3/0>,${links}`)
    expect(made.code).toBe('2.01')
    expect(server.line.of('library')?.objects.find(([id]) => id === 3303)?.[1]).toHaveLength(60)
    const location = (made._packet.options ?? [])
      .filter(({ name }) => name === 'Location-Path')
      .map(({ value }) => String(value))
      .join('/')
    expect((await ask('POST', `/${location}`, 'lt=90')).code).toBe('2.04')
    expect((await ask('POST', '/rd', 'lt=60', links)).code, 'no name').toBe('4.00')
    expect((await ask('DELETE', `/${location}`)).code).toBe('2.02')
    agent.close()
  })
})
