// A real LwM2M server and real clients over UDP: registration, bootstrap, trigger, observation, packages in blocks; malformed datagrams; what tshark makes of it.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { lwm2mAdapter } from '../../core/adapters/lwm2m/adapter.ts'
import type { LwSetup } from '../../core/adapters/lwm2m/device.ts'
import type { Adapter, AdapterFact } from '../../core/adapters/port.ts'
import { processClock } from '../../core/node/clock.ts'
import { startLwm2m } from '../../core/node/lwm2m.ts'
import type { LwServer } from '../../core/node/lwm2m.ts'
import { startLwClient } from '../../core/node/lwm2mdevice.ts'
import type { LwClient } from '../../core/node/lwm2mdevice.ts'
import { randomSource } from '../../core/node/random.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import type { Docs } from '../../core/store/docs.ts'
import { pcapOfUdp } from '../notify/pcap.ts'
import { needs } from '../support/needs.ts'
import { leapClock } from '../support/leapclock.ts'
import type { LeapClock } from '../support/leapclock.ts'
import { PATIENCE } from '../support/patience.ts'

const clock = processClock()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Rig {
  readonly server: LwServer
  readonly adapter: Adapter
  readonly facts: AdapterFact[]
  readonly said: string[]
  readonly docs: Docs
  /** The server's clock. */
  readonly clock: LeapClock
}

async function rig(docs: Docs = memoryDocs(), port = 0): Promise<Rig> {
  const said: string[] = []
  const own = leapClock()
  const server = await startLwm2m({
    host: '127.0.0.1',
    port,
    clock: own,
    random: randomSource(),
    docs,
    admits: (endpoint) => endpoint !== 'unwanted',
    happened: (text) => void said.push(text),
  })
  open.push(server)
  const names = new Map<string, Readonly<Record<string, number>>>()
  const adapter = lwm2mAdapter({
    line: server.line,
    after: (ms, call) => clock.after(ms, call),
    names: { get: (id) => names.get(id) ?? {}, put: (id, now) => void names.set(id, now) },
  })
  const facts: AdapterFact[] = []
  const end = adapter.discover((fact) => void facts.push(fact))
  open.push({ close: async () => end() })
  return { server, adapter, facts, said, docs, clock: own }
}

async function client(
  url: string,
  setup: Partial<LwSetup> = {},
  more: { bootstrap?: boolean; lifetime?: number } = {},
): Promise<LwClient & { log: string[] }> {
  const log: string[] = []
  const made = await startLwClient({
    setup: { endpoint: 'ed4', manufacturer: 'Example', model: 'LW4', takesMs: 5, ...setup },
    url,
    host: '127.0.0.1',
    clock,
    log: (text) => void log.push(text),
    ...more,
  })
  open.push({ close: () => made.close(true) })
  return Object.assign(made, { log })
}

async function until(good: () => boolean, what: () => unknown = () => ''): Promise<void> {
  for (const end = performance.now() + PATIENCE; !good(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(what())}`)
}

const ID = 'urn:x-dm-lab:lwm2m:ed4'

/** Follows state and result to what they become. */
function followed(adapter: Adapter, path: string): { readonly seen: string[]; readonly end: () => void } {
  const seen: string[] = []
  const end = adapter.watch(
    ID,
    path,
    (value) => void seen.push(value),
    (error) => void seen.push(String(error)),
  )
  return { seen, end }
}

describe('registration', () => {
  it('registers, is asked what it is, is woken by its trigger, leaves; a lifetime that ends is a loss', { timeout: 60_000 }, async () => {
    const { server, adapter, facts, clock: theirs } = await rig()
    const one = await client(server.url)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(facts[0]).toEqual({
      type: 'found',
      device: { deviceId: ID, name: 'ed4', address: { type: 'IPv4', address: '127.0.0.1' }, devInfo: { Man: 'Example', Mod: 'LW4' } },
    })
    expect(await adapter.get(ID, '/3/0/1')).toBe('LW4')
    expect(await adapter.get(ID, 'endpoint')).toBe('ed4')
    facts.length = 0
    await adapter.wake(ID)
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(one.log).toContain('exec /1/0/8')
    await one.close()
    await until(() => facts.some(({ type }) => type === 'gone'))
    expect(facts.at(-1)).toEqual({ type: 'gone', deviceId: ID, reason: 1 })
    await expect(adapter.get(ID, '/3/0/1')).rejects.toThrow(/not registered/)
    const short = await client(server.url, { endpoint: 'brief' }, { lifetime: 600 })
    await short.registered
    await short.close(true)
    theirs.leap(1_200_000)
    await until(
      () => facts.filter(({ type }) => type === 'gone').length === 2,
      () => facts,
    )
    expect(facts.at(-1)).toEqual({ type: 'gone', deviceId: 'urn:x-dm-lab:lwm2m:brief', reason: 2 })
  })
})

describe('bootstrap', () => {
  it('a client asks for its account, is written Security and Server, registers where they say', { timeout: 60_000 }, async () => {
    const { server, adapter, facts, said } = await rig()
    const one = await client(server.url, {}, { bootstrap: true })
    await one.registered
    await until(() => facts.some(({ type }) => type === 'found') && said.length > 0)
    expect(said).toEqual([`ed4 was bootstrapped by LwM2M: its server is ${server.url}`])
    expect(one.device.account()).toEqual({ uri: server.url, lifetime: 300 })
    expect(await adapter.get(ID, '/1/0/1')).toBe('300')
    await expect(adapter.get(ID, '/0/0/0'), 'keys are nobody else’s').rejects.toThrow(/4\.01/)
    const other = await client(server.url, { endpoint: 'unwanted' }, { bootstrap: true })
    await expect(other.registered).rejects.toThrow(/4\.00/)
    const third = await client(server.url, { endpoint: 'unwanted' })
    await expect(third.registered).rejects.toThrow(/4\.03/)
  })

  it('a server that starts again knows its clients', { timeout: 60_000 }, async () => {
    const { server, docs } = await rig()
    const one = await client(server.url)
    await one.registered
    const port = Number(new URL(server.url).port)
    await server.close()
    const again = await rig(docs, port)
    await until(() => again.facts.some(({ type }) => type === 'found'))
    await again.adapter.wake(ID)
    await until(() => again.facts.some(({ type }) => type === 'awake'))
    expect(again.server.line.registrations()).toHaveLength(1)
  })
})

describe('packages', () => {
  const image = (version: string, size: number): Uint8Array => {
    const bytes = new Uint8Array(size).map((_, i) => (i * 31) & 255)
    bytes.set(Buffer.from(`name=cam version=${version}\n`))
    return bytes
  }

  it(
    'firmware in blocks: 200 kB arrive octet for octet, state and result are followed through download, update and restart',
    { timeout: 60_000 },
    async () => {
      const { server, adapter, facts } = await rig()
      const one = await client(server.url)
      await one.registered
      await until(() => facts.some(({ type }) => type === 'awake'))
      const state = followed(adapter, '/5/0/3')
      const result = followed(adapter, '/5/0/5')
      await until(() => state.seen.length > 0 && result.seen.length > 0)
      await adapter.deliver(ID, '/5/0/0', image('2.0', 200_000))
      await until(
        () => state.seen.at(-1) === '2',
        () => state.seen,
      )
      expect(one.log).toContain('firmware cam 2.0, 200000 octets')
      await adapter.exec(ID, '/5/0/2', '')
      await until(
        () => state.seen.at(-1) === '0' && result.seen.at(-1) === '1',
        () => [state.seen, result.seen],
      )
      expect(state.seen).toContain('3')
      await until(
        () => one.log.filter((line) => line.startsWith('registered')).length === 2,
        () => one.log,
      )
      expect(await adapter.get(ID, '/3/0/3')).toBe('2.0')
      // It is followed anew since it registered anew.
      await adapter.deliver(ID, '/5/0/0', image('2.1', 3000))
      await until(
        () => state.seen.at(-1) === '2',
        () => state.seen,
      )
      await adapter.deliver(ID, '/5/0/0', Buffer.from('BROKEN'))
      await until(
        () => result.seen.at(-1) === '5',
        () => result.seen,
      )
      state.end()
      result.end()
      await expect(adapter.exec(ID, '/5/0/2', '')).rejects.toThrow(/4\.05/)
    },
  )

  it('software: an instance is made for a new name, and found again by name, number and PkgName', { timeout: 60_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await client(server.url)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'awake'))
    expect(await adapter.list(ID, '/9')).toEqual([])
    await adapter.deliver(ID, '/9/editor/2', image('1.0', 5000))
    const result = followed(adapter, '/9/editor/9')
    await until(() => result.seen.at(-1) === '3')
    await adapter.exec(ID, '/9/editor/4', '')
    await until(() => result.seen.at(-1) === '2')
    result.end()
    expect(await adapter.list(ID, '/9')).toEqual(['cam'])
    for (const name of ['editor', 'cam', '0']) expect(await adapter.get(ID, `/9/${name}/12`)).toBe('true')
    await adapter.exec(ID, '/9/cam/11', '')
    expect(await adapter.get(ID, '/9/0/12')).toBe('false')
    await adapter.exec(ID, '/9/editor/6', '')
    expect(await adapter.list(ID, '/9')).toEqual([])
    await expect(adapter.get(ID, '/9/nobody/12')).rejects.toMatchObject({ status: 404 })
    await expect(adapter.set(ID, '/3/0/0', 'x')).rejects.toMatchObject({ status: 405 })
    expect(one.log.filter((line) => /^(installed|uninstalled)/.test(line))).toEqual(['installed cam 1.0', 'uninstalled cam'])
  })
})

describe('blocks both ways', () => {
  it('a registration and an answer of several blocks', { timeout: 60_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await client(server.url)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'awake'))
    for (let i = 0; i < 200; i += 1) one.device.create(9, new Uint8Array(0))
    one.device.write([9, 199, 2], 42, Buffer.from('name=last version=7\n'))
    // Whatever it is asked next, it tells its new instances: 200 links, more than one block.
    await adapter.wake(ID)
    const instances = (): number => server.line.registrations()[0]?.objects.find(([id]) => id === 9)?.[1].length ?? 0
    await until(() => instances() === 200, instances)
    // The name is found in an answer of several blocks.
    expect(await adapter.get(ID, '/9/last/1')).toBe('7')
  })
})

/** A UDP socket that sends what it is told. */
async function stranger(): Promise<{ socket: Socket; heard: Buffer[]; send(bytes: Uint8Array, port: number): Promise<void> }> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => socket.close(() => resolve())) })
  const heard: Buffer[] = []
  socket.on('message', (bytes) => void heard.push(bytes))
  return { socket, heard, send: (bytes, port) => new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve())) }
}

describe('on the wire', () => {
  it('nothing that arrives ends the server: no CoAP, cut, huge, answers nobody asked for', { timeout: 60_000 }, async () => {
    const { server, said, facts } = await rig()
    const port = Number(new URL(server.url).port)
    const { send, heard } = await stranger()
    const head = fc.tuple(fc.constantFrom(0x40, 0x50, 0x60, 0x70, 0x44, 0x48), fc.constantFrom(0, 1, 2, 3, 4, 5, 0x45, 0x5f, 0x84, 0xa0))
    const near = fc.tuple(head, fc.uint8Array({ minLength: 2, maxLength: 60 })).map(([[a, b], rest]) => Uint8Array.of(a, b, ...rest))
    const datagrams = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 80 }), near), { numRuns: 600, seed: 7 })
    for (const bytes of datagrams) await send(bytes, port)
    const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')
    // POST rd as block 1048575 of 1024 octets: it claims a gigabyte.
    const before = process.memoryUsage().rss
    await send(hex('41 02 00 01 aa b2 72 64 d3 03 ff ff f6 ff 00'), port)
    // Block1 without octets, as a request and as an answer.
    await send(hex('40 02 00 02 b2 72 64 d0 03'), port)
    await send(hex('40 44 00 03 d0 0e'), port)
    const one = await client(server.url)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'found'))
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
    expect(said.some((text) => / that are no CoAP: /.test(text))).toBe(true)
    expect(said.length, 'a stranger cannot fill the trace').toBeLessThan(20)
    // A ping is answered with a reset.
    heard.length = 0
    await send(hex('40 00 43 21'), port)
    await until(
      () => heard.some((bytes) => bytes.toString('hex') === '70004321'),
      () => heard,
    )
  })

  it('a client answers its server and nobody else; a repeated request is done once', { timeout: 60_000 }, async () => {
    const { server, adapter, facts } = await rig()
    const one = await client(server.url)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'awake'))
    const port = Number(new URL(one.url).port)
    const { send, heard } = await stranger()
    // POST /9: a stranger makes an instance; 4.01.
    await send(Buffer.from('410200050ab139', 'hex'), port)
    await until(() => heard.length > 0)
    expect(heard[0]?.[1]).toBe(0x81)
    expect(await adapter.list(ID, '/9')).toEqual([])
    // The same datagram twice: one registration, one answer twice.
    const register = Buffer.concat([Buffer.from('410277770bb27264', 'hex'), Buffer.from([0x44]), Buffer.from('ep=s')])
    const serverPort = Number(new URL(server.url).port)
    // The server asks it things, too: only answers count.
    const answers = (): Buffer[] => heard.filter((bytes) => bytes.readUInt16BE(2) === 0x7777)
    await send(register, serverPort)
    await until(() => answers().length === 1)
    await send(register, serverPort)
    await until(() => answers().length === 2)
    expect(answers()[1]).toEqual(answers()[0])
    expect(answers()[0]?.[1]).toBe(0x41)
    expect(server.line.registrations()).toHaveLength(2)
  })

  it('tshark reads every datagram: codes, paths, blocks, TLV of object 3; none malformed', { timeout: 60_000 }, async (context) => {
    needs(context, 'tshark')
    const { server, adapter, facts } = await rig()
    const recorded: Buffer[] = []
    const at = Number(new URL(server.url).port)
    const [outer, inner] = [createSocket('udp4'), createSocket('udp4')]
    for (const socket of [outer, inner]) {
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
      open.push({ close: () => new Promise((resolve) => socket.close(() => resolve())) })
    }
    let back = 0
    outer.on('message', (bytes, from) => {
      back = from.port
      recorded.push(bytes)
      inner.send(bytes, at, '127.0.0.1')
    })
    inner.on('message', (bytes) => {
      recorded.push(bytes)
      outer.send(bytes, back, '127.0.0.1')
    })
    const one = await client(`coap://127.0.0.1:${outer.address().port}`)
    await one.registered
    await until(() => facts.some(({ type }) => type === 'awake'))
    await adapter.wake(ID)
    await adapter.deliver(ID, '/5/0/0', Buffer.from('name=cam version=2\n'.padEnd(3000, '.')))
    const state = followed(adapter, '/5/0/3')
    await until(() => state.seen.at(-1) === '2')
    state.end()
    const folder = mkdtempSync(join(tmpdir(), 'dm-lab-coap-'))
    const file = join(folder, 'coap.pcap')
    writeFileSync(file, pcapOfUdp(recorded, 5683))
    const ask = async (...words: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)('tshark', ['-r', file, '-d', 'udp.port==5683,coap', ...words])
      return stdout
    }
    expect(await ask('-Y', '_ws.malformed')).toBe('')
    const lines = (await ask('-T', 'fields', '-e', 'coap.code', '-e', 'coap.opt.uri_path_recon', '-e', 'coap.opt.block_number')).split('\n')
    const posts = lines.filter((line) => line.startsWith('2\t'))
    expect(posts[0]).toMatch(/^2\t\/rd\t/)
    expect(posts.some((line) => line.includes('/1/0/8'))).toBe(true)
    expect(
      lines.filter((line) => line.startsWith('3\t')).map((line) => line.split('\t')[2]),
      'PUT in six blocks',
    ).toEqual(['0', '1', '2', '3', '4', '5'])
    const strings = await ask('-Y', 'lwm2mtlv', '-T', 'fields', '-e', 'lwm2mtlv.resource.manufacturer', '-e', 'lwm2mtlv.resource.model_number')
    expect(strings).toContain('Example\tLW4')
    rmSync(folder, { recursive: true, force: true })
  })
})
