// LwM2M clients of other makes at the gateway's port: each kind registers, is read, followed, written to in blocks, updated, managed, and leaves, with its own habits on the wire.
import { createHash } from 'node:crypto'
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
  const adapter = lwm2mAdapter({ line: server.line, names: { get: (id) => names.get(id) ?? {}, put: (id, now) => void names.set(id, now) } })
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
