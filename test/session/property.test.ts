// Properties of joined sessions: any command list under any legal size limit arrives whole and in order, no message is larger than its receiver allows, and the session ends.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command, Data, Request } from '../../core/syncml/message.ts'
import { dataBytes } from '../../core/syncml/text.ts'
import { base64, fromBase64, utf8Bytes } from '../../core/syncml/text.ts'
import { CLIENT_ACCOUNT, DEVICE, exec, get, Pair, replace } from './support.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '&', '<', '>', 'ü', '語', '🎁', '"', '\n'), maxLength: 3000 })
const data: fc.Arbitrary<Data> = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3000 }) })
const leaf = fc.integer({ min: 0, max: 9 }).map((n) => `./V/${String(n)}`)
const simple: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(leaf, data).map(([uri, value]) => replace(uri, value)),
  leaf.map(get),
  leaf.map(exec),
)
/** Many times what one message has room for. */
const large: fc.Arbitrary<Data> = fc.tuple(fc.boolean(), fc.integer({ min: 8_000, max: 30_000 })).map(([text, size]) => {
  return text ? 'größer & <größer> '.repeat(Math.ceil(size / 18)) : Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff)
})
const written = fc.tuple(leaf, fc.string({ unit: 'grapheme-ascii', maxLength: 20 })).map(([uri, value]) => replace(uri, value))
const short = fc.oneof(
  leaf.map(get),
  fc.tuple(leaf, fc.string({ unit: 'grapheme-ascii', maxLength: 20 })).map(([uri, value]) => replace(uri, value)),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: simple },
  { weight: 1, arbitrary: fc.array(short, { minLength: 1, maxLength: 3 }).map((commands): Command => ({ kind: 'Sequence', cmdId: '', commands })) },
  { weight: 1, arbitrary: fc.array(written, { minLength: 1, maxLength: 3 }).map((commands): Command => ({ kind: 'Atomic', cmdId: '', commands })) },
  { weight: 1, arbitrary: fc.tuple(leaf, large).map(([uri, value]) => replace(uri, value)) },
)

/** What a request asks, without what the wire adds: kind, URIs, and the octets of its Data. */
function essence(request: Command): unknown {
  if ('commands' in request) return [request.kind, request.commands.map(essence)]
  if (!('items' in request)) return request.kind
  return request.items.map((item) => {
    const format = item.meta?.format
    const octets = format === 'b64' && typeof item.data === 'string' ? (fromBase64(item.data) ?? utf8Bytes('?')) : dataBytes(item.data)
    return [request.kind, item.target?.locUri, item.data === undefined ? null : base64(octets)]
  })
}

const flatten = (requests: readonly Request[]): unknown[] =>
  requests.filter((request) => !('commands' in request)).flatMap((request) => essence(request) as unknown[])

const runs = process.env['DM_LAB_SOAK'] === undefined ? 120 : 5000

test('dm 11, 16, 18: any commands, any limits, both encodings, with and without a challenge', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
      fc.integer({ min: 1450, max: 6000 }),
      fc.integer({ min: 1450, max: 6000 }),
      fc.constantFrom('xml' as const, 'wbxml' as const),
      fc.constantFrom('syncml:auth-basic' as const, 'syncml:auth-md5' as const),
      (orders, clientMax, serverMax, encoding, auth) => {
        const pair = new Pair(
          { wire: { encoding }, account: { ...CLIENT_ACCOUNT, auth }, settings: { maxMsgSize: clientMax } },
          { settings: { maxMsgSize: serverMax } },
        )
        for (let i = 0; i < 10; i++) pair.device.leaves.set(`./V/${String(i)}`, 'initial '.repeat(i * 40))
        orders.forEach((commands, i) => pair.queue(`o${String(i)}`, commands))
        const end = pair.run()
        expect(end.detail).toMatchObject({ state: 'completed', authentication: 'ok' })
        expect(flatten(pair.device.performed)).toEqual(flatten(allOf(orders.flat() as Request[])))
        expect(orders.map((_, i) => pair.order(`o${String(i)}`).state)).toEqual(orders.map(() => 'done'))
        for (const { up, frame } of pair.wire.slice(1)) expect(frame.bytes.length).toBeLessThanOrEqual(up ? serverMax : clientMax)
        expect(pair.problems().filter((rule) => !rule.startsWith('auth.'))).toEqual([])
        for (const [uri, known] of pair.ledger.values) {
          const held = pair.device.leaves.get(uri.slice(DEVICE.length + 1))
          if (held === undefined || typeof held !== 'string' || known.format !== 'chr') continue
          expect(known.data).toBe(held)
        }
      },
    ),
    { numRuns: runs, seed: 20 },
  )
})

/** Groups and their children, in the order a device performs them. */
function allOf(requests: readonly Request[]): Request[] {
  return requests.flatMap((request) => ('commands' in request ? [request, ...allOf(request.commands as Request[])] : [request]))
}

test('results of any size come back whole, whatever the server takes', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(
      fc.array(data, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1200, max: 4000 }),
      fc.constantFrom('xml' as const, 'wbxml' as const),
      (values, serverMax, encoding) => {
        const pair = new Pair(
          { wire: { encoding }, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' } },
          { settings: { maxMsgSize: serverMax } },
        )
        values.forEach((value, i) => pair.device.leaves.set(`./V/${String(i)}`, value))
        pair.queue('a', [{ kind: 'Get', cmdId: '', items: values.map((_, i) => ({ target: { locUri: `./V/${String(i)}` } })) }])
        pair.run()
        const back = pair.order('a').outcomes.map((outcome) => outcome.data)
        expect(back).toEqual(values.map((value) => (typeof value === 'string' ? value : base64(dataBytes(value)))))
        expect(pair.wire.every(({ up, frame }, i) => !up || i === 0 || frame.bytes.length <= serverMax)).toBe(true)
      },
    ),
    { numRuns: runs, seed: 21 },
  )
})
