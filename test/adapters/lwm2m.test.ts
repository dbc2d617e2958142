// The pure part of LwM2M: TLV, JSON, links, paths and datagrams of any octets; registrations; a client's objects; what tables say.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapSteps } from '../../core/adapters/lwm2m/bootstrap.ts'
import { blockOf, readDatagram, writeDatagram } from '../../core/adapters/lwm2m/coap.ts'
import { LwDevice } from '../../core/adapters/lwm2m/device.ts'
import { LinkError, objectsOf, readLinks, writeLinks } from '../../core/adapters/lwm2m/link.ts'
import { LWM2M_ROWS } from '../../core/adapters/lwm2m/mapping.ts'
import { FORMATS, bytesOf, textOf } from '../../core/adapters/lwm2m/model.ts'
import { PayloadError, linksOf, readPayload, senmlOf, tlvOf } from '../../core/adapters/lwm2m/payload.ts'
import { MOST, Registry, lwm2mDeviceId, readQuery } from '../../core/adapters/lwm2m/registry.ts'
import type { RegistryFact } from '../../core/adapters/lwm2m/registry.ts'
import { SenmlError, readJson } from '../../core/adapters/lwm2m/senml.ts'
import { TlvError, multiple, objectInstance, readTlv, resource, resourceInstance, writeTlv } from '../../core/adapters/lwm2m/tlv.ts'
import { ADB_ROWS } from '../../core/adapters/adb/mapping.ts'
import { isInferred } from '../../core/mo/mark.ts'
import { SCOMO_CODES } from '../../core/mo/scomo.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.split(' ').map((each) => Number.parseInt(each, 16)))
const octets = fc.uint8Array({ maxLength: 200 })

/** Only errors of this kind come out. */
function only<T>(kinds: readonly (abstract new (...args: never[]) => Error)[], call: () => T): T | null {
  try {
    return call()
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return null
    throw error
  }
}

describe('octets', () => {
  it("the standard's own example of object 3 is read and written", () => {
    // OMA-TS-LightweightM2M-V1_0 clause 6.4.3.1, the first resources of its example.
    const example = bytes(
      'c8 00 14 4f 70 65 6e 20 4d 6f 62 69 6c 65 20 41 6c 6c 69 61 6e 63 65 c8 01 16 4c 69 67 68 74 77 65 69 67 68 74 20 4d 32 4d 20 43 6c 69 65 6e 74 86 06 41 00 01 41 01 05 c1 09 64',
    )
    const entries = readTlv(example)
    expect(entries.map(({ kind, id }) => [kind, id])).toEqual([
      ['resource', 0],
      ['resource', 1],
      ['multiple', 6],
      ['resource', 9],
    ])
    expect(writeTlv(entries)).toEqual(example)
    expect(readPayload(FORMATS.tlv, example, [3, 0]).slice(0, 2)).toEqual([
      { path: [3, 0, 0], text: 'Open Mobile Alliance' },
      { path: [3, 0, 1], text: 'Lightweight M2M Client' },
    ])
    expect(() => readTlv(bytes('c8 00 14 4f'))).toThrow('a length of 20 where 1 octets are left at octet 0')
    expect(() => readTlv(bytes('08 00 03 41 00 01'))).toThrow('a resourceInstance cannot stand here at octet 3')
  })

  it('any entries come back as they were', () => {
    const value = fc.uint8Array({ maxLength: 300 })
    const id = fc.integer({ min: 0, max: 0xffff })
    const one = fc.oneof(
      fc.tuple(id, value).map(([n, v]) => resource(n, v)),
      fc.tuple(id, fc.array(fc.tuple(id, value), { maxLength: 4 })).map(([n, all]) =>
        multiple(
          n,
          all.map(([m, v]) => resourceInstance(m, v)),
        ),
      ),
    )
    const entries = fc.oneof(
      fc.array(one, { maxLength: 6 }),
      fc.array(
        fc.tuple(id, fc.array(one, { maxLength: 4 })).map(([n, all]) => objectInstance(n, all)),
        { maxLength: 4 },
      ),
    )
    fc.assert(fc.property(entries, (all) => void expect(readTlv(writeTlv(all))).toEqual(all)))
    const long = resource(300, new Uint8Array(70_000))
    expect(readTlv(writeTlv([long]))).toEqual([long])
  })

  it('any octets are entries or a clear error, in every format', () => {
    fc.assert(fc.property(octets, (given) => void only([TlvError], () => readTlv(given))))
    const format = fc.constantFrom(...Object.values(FORMATS), 9999)
    fc.assert(
      fc.property(
        format,
        octets,
        fc.constantFrom([3, 0], [9], [5, 0, 3], []),
        (f, given, path) => void only([PayloadError], () => readPayload(f, given, path)),
      ),
    )
    fc.assert(fc.property(fc.json(), (text) => void only([SenmlError], () => readJson(text, '/3/0'))))
    fc.assert(fc.property(octets, (given) => void only([PayloadError], () => linksOf(given))))
    fc.assert(fc.property(fc.string(), (text) => void only([LinkError], () => readLinks(text))))
  })

  it('numbers, truth and text as octets and back', () => {
    const whole = fc.bigInt({ min: -(2n ** 59n), max: 2n ** 59n })
    fc.assert(fc.property(whole, (n) => void expect(textOf('integer', bytesOf('integer', String(n)))).toBe(String(n))))
    expect([...bytesOf('integer', '-129')]).toEqual([0xff, 0x7f])
    expect(textOf('boolean', bytesOf('boolean', 'true'))).toBe('true')
    for (const [type, text] of [
      ['integer', '1.5'],
      ['boolean', 'yes'],
    ] as const)
      expect(() => bytesOf(type, text)).toThrow(/is no whole number|neither true nor false/)
    expect(() => textOf('integer', new Uint8Array(3))).toThrow('1, 2, 4 or 8 octets')
    const values = [
      { path: [9, 0, 0], text: 'editor' },
      { path: [9, 0, 7], text: '4' },
      { path: [9, 0, 12], text: 'true' },
    ]
    expect(readPayload(FORMATS.senmlJson, senmlOf(values), [9, 0])).toEqual(values)
    expect(readPayload(FORMATS.json, Buffer.from('{"bn":"/9/0","e":[{"n":"0","sv":"editor"},{"n":"12","bv":true}]}'), [9, 0])).toEqual([
      values[0],
      values[2],
    ])
  })

  it('links', () => {
    const text = '</>;rt="oma.lwm2m";ct=11542,</1/0>,</3/0>,</5/0>,</9>'
    expect([...objectsOf(readLinks(text))]).toEqual([
      [1, [0]],
      [3, [0]],
      [5, [0]],
      [9, []],
    ])
    expect(writeLinks(readLinks(text))).toBe(text)
    expect([...objectsOf(readLinks('</lw>;rt="oma.lwm2m",</lw/3/0>,</3/7>'))]).toEqual([[3, [0]]])
    expect(() => readLinks('</3/0>,')).toThrow('a link is missing behind the comma at character 7')
  })

  it('a datagram is looked at before anything acts on it', () => {
    const get = bytes('44 01 12 34 aa bb cc dd b2 72 64')
    expect(readDatagram(get)).toMatchObject({ type: 'CON', code: '0.01', messageId: 0x1234, options: [[11, bytes('72 64')]] })
    expect(readDatagram(bytes('60 00 00 07'))).toMatchObject({ type: 'ACK', code: '0.00' })
    // Block1 1048575, 1024 octets each: one datagram that claims a gigabyte.
    const claims = readDatagram(bytes('40 03 00 01 d3 0e ff ff f6'))
    expect(typeof claims === 'string' ? null : blockOf(claims, 27)).toEqual({ num: 1_048_575, more: false, size: 1024 })
    // No octets are the number 0: block 0 of 16 octets.
    const none = readDatagram(bytes('40 03 00 01 d0 0e'))
    expect(typeof none === 'string' ? null : blockOf(none, 27)).toEqual({ num: 0, more: false, size: 16 })
    for (const [hex, why] of [
      ['00 01', 'too few'],
      ['84 01 00 01', 'version 2'],
      ['49 01 00 01', 'a token of 9'],
      ['44 01 00 01 aa', 'cut off'],
      ['40 01 00 01 ff', 'a payload mark'],
      ['40 01 00 01 bf', 'an option that cannot be read'],
      ['40 01 00 01 b5 72', 'an option of 5 octets'],
      ['40 03 00 01 d1 0e 07', 'a block option'],
      ['40 03 00 01 d4 0e 00 00 00 00', 'a block option of 4'],
      ['40 00 00 01 00', 'an empty message with something'],
      ['40 20 00 01', 'reserved'],
    ] as const)
      expect(readDatagram(bytes(hex)), hex).toMatch(why)
    fc.assert(
      fc.property(octets, (given) => {
        const read = readDatagram(given)
        // What can be read says the same once it is written.
        if (typeof read !== 'string') expect(readDatagram(writeDatagram(read))).toEqual(read)
      }),
    )
  })
})

describe('registrations', () => {
  const LINKS = Buffer.from('</1/0>,</3/0>')
  const from = { host: '10.0.0.4', port: 5000 }
  const book = (): {
    registry: Registry
    time: { now: number }
    facts: RegistryFact[]
    register(ep: string, more?: string, at?: typeof from): string
  } => {
    const time = { now: 1000 }
    let n = 0
    const registry = new Registry({ now: () => time.now, random: (count) => new Uint8Array(count).fill((n += 1)), admits: (ep) => ep !== 'no' })
    const facts: RegistryFact[] = []
    return {
      registry,
      time,
      facts,
      register: (ep, more = '', at = from) => {
        const told = registry.register(readQuery([`ep=${ep}`, ...more.split('&')]), LINKS, at)
        facts.push(...told.facts)
        return told.answer.location === '' ? told.answer.code : told.answer.location
      },
    }
  }

  it('what is wrong is refused in words; a name is not given to another host while its lifetime lasts', () => {
    const { register, registry, facts, time } = book()
    expect(register('a')).toHaveLength(18)
    expect(['', 'no', 'b&lt=0', 'b&lt=x', 'b&lwm2m=2.0'].map((ep) => register(ep.split('&')[0] ?? '', ep.split('&')[1]))).toEqual([
      '4.00',
      '4.03',
      '4.00',
      '4.00',
      '4.12',
    ])
    expect(register('a', '', { host: '10.0.0.66', port: 1 })).toBe('4.03')
    expect(facts.at(-1)).toMatchObject({
      type: 'refused',
      text: 'a is registered from 10.0.0.4 until its lifetime ends; 10.0.0.66 cannot take its place',
    })
    const again = register('a', 'lt=10')
    expect(facts.at(-1)).toMatchObject({ type: 'registered', replaced: true })
    expect(registry.all()).toHaveLength(1)
    expect(registry.update('nowhere', new Map(), new Uint8Array(0), from).answer.code).toBe('4.04')
    const moved = registry.update(again, readQuery(['lt=5']), Buffer.from('</3/0>,</9/0>'), { host: '10.0.0.4', port: 6000 })
    expect(moved.facts).toMatchObject([
      {
        type: 'updated',
        moved: true,
        registration: {
          lifetime: 5,
          objects: [
            [3, [0]],
            [9, [0]],
          ],
        },
      },
    ])
    time.now += 5000
    expect(registry.tick(1000)).toEqual([])
    expect(registry.tick()).toMatchObject([{ type: 'left', lost: true }])
    expect(registry.due()).toBeNull()
    expect(register('a', '', { host: '10.0.0.66', port: 1 })).toHaveLength(18)
  })

  it('there is an end to how many', () => {
    const registry = new Registry({ now: () => 0, random: (count) => crypto.getRandomValues(new Uint8Array(count)), admits: () => true })
    for (let i = 0; i < MOST; i += 1) registry.register(readQuery([`ep=d${i}`]), LINKS, from)
    expect(registry.register(readQuery(['ep=more']), LINKS, from).answer.code).toBe('5.03')
  })

  it('any request is answered', () => {
    const { registry } = book()
    const query = fc.array(fc.oneof(fc.constantFrom('ep=x', 'lt=60', 'b=U', 'lwm2m=1.1'), fc.string()), { maxLength: 5 })
    fc.assert(
      fc.property(query, octets, (options, payload) => {
        expect(registry.register(readQuery(options), payload, from).answer.code).toMatch(/^[245]\.\d\d$/)
        expect(registry.update('x', readQuery(options), payload, from).answer.code).toBe('4.04')
      }),
    )
  })

  it('identifiers: a URN stays, another name becomes one', () => {
    expect([lwm2mDeviceId('urn:imei:004999010640000'), lwm2mDeviceId('cam 7/ä')]).toEqual(['urn:imei:004999010640000', 'urn:x-dm-lab:lwm2m:cam-7--'])
  })
})

describe("a client's objects", () => {
  const run = (device: LwDevice): string[] => device.take().flatMap((effect) => (effect.type === 'log' ? [effect.text] : []))

  it('bootstrap writes what no server may write or read', () => {
    const device = new LwDevice({ endpoint: 'x' })
    const steps = bootstrapSteps({ uri: 'coap://h:1', shortId: 7, lifetime: 60 })
    expect(device.write([0, 0], FORMATS.tlv, steps[2]?.payload ?? new Uint8Array(0)).code).toBe('4.01')
    for (const { method, path, payload } of steps.slice(0, 4)) {
      const at = path.slice(1).split('/').map(Number)
      expect((method === 'DELETE' ? device.remove(at, true) : device.write(at, FORMATS.tlv, payload, true)).code).toMatch(/^2\.0[24]$/)
    }
    expect(device.account()).toEqual({ uri: 'coap://h:1', lifetime: 60 })
    expect(device.read([0, 0]).code).toBe('4.01')
    expect(device.read([1, 0, 0]).code).toBe('2.05')
  })

  it('firmware: every way through its state table', () => {
    const device = new LwDevice({ endpoint: 'x' })
    const at = (): string => `${device.value('/5/0/3') ?? ''}/${device.value('/5/0/5') ?? ''}`
    expect(device.execute([5, 0, 2], '').code).toBe('4.05')
    device.write([5, 0, 1], FORMATS.text, Buffer.from('ftp://x/y'))
    expect(at()).toBe('0/9')
    device.write([5, 0, 1], FORMATS.text, Buffer.from('nonsense'))
    expect(at()).toBe('0/7')
    device.write([5, 0, 1], FORMATS.text, Buffer.from('http://x/y'))
    expect(at()).toBe('1/0')
    device.fetched('firmware', null)
    expect(at()).toBe('0/7')
    device.write([5, 0, 0], FORMATS.opaque, Buffer.from('name=a version=2-FAILS\n'))
    expect(at()).toBe('2/0')
    expect(device.execute([5, 0, 2], '').code).toBe('2.04')
    expect(device.write([5, 0, 0], FORMATS.opaque, Buffer.from('x')).code, 'not while it updates').toBe('4.05')
    device.rang('update')
    expect(at()).toBe('2/8')
    device.write([5, 0, 0], FORMATS.opaque, Buffer.from('name=a version=3\n'))
    device.execute([5, 0, 2], '')
    device.rang('update')
    expect(at()).toBe('0/1')
    expect(device.value('/3/0/3')).toBe('3')
  })

  it('software: install, fail, deactivate, uninstall', () => {
    const device = new LwDevice({ endpoint: 'x' })
    expect(device.create(9, new Uint8Array(0))).toMatchObject({ code: '2.01', instance: 0 })
    expect(device.create(3, new Uint8Array(0)).code).toBe('4.05')
    const at = (): string => [7, 9, 12].map((id) => device.value(`/9/0/${id}`)).join('/')
    expect(device.execute([9, 0, 4], '').code).toBe('4.05')
    device.write([9, 0, 2], FORMATS.opaque, Buffer.from('name=e version=1-FAILS\n'))
    expect(at()).toBe('3/3/false')
    device.execute([9, 0, 4], '')
    device.rang('install 0')
    expect(at()).toBe('3/58/false')
    device.write([9, 0, 3], FORMATS.text, Buffer.from('http://x/y'))
    device.fetched('software 0', Buffer.from('name=e version=2\n'))
    device.execute([9, 0, 4], '')
    device.rang('install 0')
    expect(at()).toBe('4/2/true')
    device.execute([9, 0, 11], '')
    expect(at()).toBe('4/2/false')
    device.execute([9, 0, 6], '')
    expect(at()).toBe('0/0/false')
    expect(run(device)).toContain('installed e 2')
  })

  it('any request is answered, and reads stay readable', () => {
    const path = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 65535), { maxLength: 4 })
    const step = fc.oneof(
      fc.tuple(fc.constant('read' as const), path),
      fc.tuple(fc.constant('write' as const), path, fc.constantFrom(0, 42, 110, 11542, 9), octets),
      fc.tuple(fc.constant('execute' as const), path),
      fc.tuple(fc.constant('create' as const), path, octets),
      fc.tuple(fc.constant('remove' as const), path),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const device = new LwDevice({ endpoint: 'x' })
        for (const given of steps) {
          const [what, at] = given
          const answer =
            what === 'read'
              ? device.read(at)
              : what === 'write'
                ? device.write(at, given[2], given[3])
                : what === 'execute'
                  ? device.execute(at, '')
                  : what === 'create'
                    ? device.create(at[0] ?? 0, given[2])
                    : device.remove(at)
          expect(answer.code).toMatch(/^[24]\.\d\d$/)
          expect(device.read([5, 0]).code).toBe('2.05')
          expect(readPayload(FORMATS.tlv, tlvOf([5, 0], device.read([5, 0]).values), [5, 0])).not.toHaveLength(0)
        }
      }),
    )
  })
})

describe('mappings', () => {
  it('every row is marked as inferred, and its codes stand in the tables of SCOMO', () => {
    const known = new Set(SCOMO_CODES.map(({ code }) => code))
    for (const row of [...ADB_ROWS, ...LWM2M_ROWS]) {
      expect(isInferred(row.mark), `${row.on} ${row.node}`).toBe(true)
      for (const act of row.acts) {
        const codes = act.do === 'watch' ? Object.values(act.ends) : act.do === 'exec' ? (act.says ?? []).map(([, code]) => code) : []
        for (const code of codes.filter((each) => each >= 1000)) expect(known.has(code), String(code)).toBe(true)
      }
    }
  })
})
