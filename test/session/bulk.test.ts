// Data by handle: it travels as the very same bytes as Data in memory, is never read in pieces longer than a message, and goes to a spool as it comes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outcome, Spool } from '../../core/session/ports.ts'
import type { Bulk, Command, Data, Encoding, Item, ItemCommand, Message, Request } from '../../core/syncml/message.ts'
import type { Frame } from '../../core/machine.ts'
import { encode } from '../../core/syncml/codec.ts'
import { base64, concat, fromBase64, latin1Text } from '../../core/syncml/text.ts'
import { FlatDevice, get, Pair, replace } from './support.ts'
import type { Passed } from './support.ts'

const again = (passed: Passed, message: Message): Frame => ({ ...passed.frame, bytes: encode(message, { encoding: passed.frame.encoding }) })

/** Octets that do not repeat, and look like text in places. */
const octets = (size: number, seed = 7): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i % 97 < 40 ? 65 + (i % 26) : (i * seed + (i >> 8)) & 0xff))

/** A file in memory that tells how it was read. */
function fileOf(bytes: Uint8Array): Bulk & { readonly pieces: number[] } {
  const pieces: number[] = []
  const read = (offset: number, length: number): Uint8Array => {
    pieces.push(length)
    return bytes.slice(offset, offset + length)
  }
  return { name: 'package', size: bytes.length, sha256: '', read, pieces }
}

function write(locUri: string, content: Bulk | Data, kind: 'Add' | 'Replace' = 'Replace'): Command {
  const meta = { format: 'bin', type: 'application/octet-stream' }
  const what = typeof content === 'object' && 'read' in content ? { bulk: content } : { data: content }
  return { kind, cmdId: '', items: [{ target: { locUri }, meta, ...what }] }
}

/** Keeps what is below ./File/ as it comes. */
class SpoolDevice extends FlatDevice {
  readonly spools: { parts: Uint8Array[]; size: number; state: 'open' | 'closed' | 'dropped' }[] = []
  room = Infinity
  refuse = 0

  spool(_command: ItemCommand, item: Item, size: number): Spool | number | null {
    if (item.target?.locUri.startsWith('./File/') !== true) return null
    if (this.refuse > 0) return this.refuse
    const own: SpoolDevice['spools'][number] = { parts: [], size, state: 'open' }
    this.spools.push(own)
    return {
      append: (piece) => {
        own.parts.push(piece)
        if (own.parts.reduce((sum, part) => sum + part.length, 0) > this.room) throw new Error('the disk is full')
      },
      close: () => {
        own.state = 'closed'
        return fileOf(concat(own.parts))
      },
      drop: () => void (own.state = 'dropped'),
    }
  }

  override perform(request: Request): Outcome {
    if (!('items' in request)) return super.perform(request)
    const items = request.items.map((item) => (item.bulk === undefined ? item : { ...item, data: item.bulk.read(0, item.bulk.size) }))
    return super.perform({ ...request, items } as Request)
  }
}

type Limits = { readonly maxMsgSize: number | null; readonly maxObjSize?: number | null }

function paired(encoding: Encoding, settings: Limits, device = new FlatDevice()): Pair & { readonly device2: FlatDevice } {
  const pair = new Pair({ wire: { encoding }, settings, performer: device })
  return Object.assign(pair, { device2: device })
}

/** What stands in a leaf; base64 undone, as the device at hand does not. */
function held(device: FlatDevice, uri: string): Data | null | undefined {
  const value = device.leaves.get(uri)
  return typeof value === 'string' ? fromBase64(value) : value
}

const BIG: Limits = { maxMsgSize: 1500, maxObjSize: null }
const runs = process.env['DM_LAB_SOAK'] === undefined ? 30 : 2000

describe.each(['xml', 'wbxml'] as const)('in %s', (encoding) => {
  test('any size under any limit: byte for byte what Data in memory gives, and no piece longer than a message', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.oneof(fc.integer({ min: 1400, max: 6000 }), fc.constant(null)),
        fc.boolean(),
        fc.boolean(),
        (size, maxMsgSize, before, after) => {
          const bytes = octets(size)
          const file = fileOf(bytes)
          const run = (content: Bulk | Data): Pair => {
            const pair = paired(encoding, { maxMsgSize, maxObjSize: null })
            pair.queue('a', [...(before ? [get('./DevDetail/FwV')] : []), write('./File/x', content), ...(after ? [replace('./V', 'after')] : [])])
            expect(pair.run().detail).toMatchObject({ state: 'completed' })
            expect(pair.order('a').state).toBe('done')
            return pair
          }
          const [inMemory, byHandle] = [run(bytes), run(file)]
          expect(byHandle.story()).toEqual(inMemory.story())
          expect(byHandle.wire.map(({ frame }) => latin1Text(frame.bytes))).toEqual(inMemory.wire.map(({ frame }) => latin1Text(frame.bytes)))
          expect(Math.max(...file.pieces)).toBeLessThanOrEqual(maxMsgSize ?? 1 << 20)
          expect(byHandle.ledger.values.has('./File/x')).toBe(false)
        },
      ),
      { numRuns: runs, seed: 30 },
    )
  })

  test('dl 1: a spool gets every octet, in order, in pieces no longer than a message', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1500, max: 30_000 }), fc.integer({ min: 1400, max: 4000 }), fc.boolean(), (size, maxMsgSize, handle) => {
        const bytes = octets(size, 11)
        const device = new SpoolDevice()
        const pair = paired(encoding, { maxMsgSize, maxObjSize: null }, device)
        pair.queue('a', [write('./File/x', handle ? fileOf(bytes) : bytes), write('./V/x', bytes)])
        pair.run()
        expect(pair.order('a').state).toBe('done')
        for (const uri of ['./File/x', './V/x']) expect(latin1Text(held(device, uri) as Uint8Array)).toBe(latin1Text(bytes))
        for (const { parts, state } of device.spools) {
          expect(state).toBe('closed')
          for (const part of parts) expect(part.length).toBeLessThanOrEqual(maxMsgSize)
        }
        // What one message holds is no large object, and other leaves are gathered as ever.
        expect(device.spools.length).toBe(pair.wire.some(({ message }) => message.commands.some(chunkOf('./File/x'))) ? 1 : 0)
      }),
      { numRuns: runs, seed: 31 },
    )
  })

  test('Size is that of what travels; each chunk in base64 can be decoded by itself', () => {
    const bytes = octets(10_001)
    const pair = paired(encoding, BIG)
    pair.queue('a', [write('./File/x', fileOf(bytes))])
    pair.run()
    const items = pair.wire
      .flatMap(({ message }) => message.commands)
      .flatMap((command) => (command.kind === 'Replace' && !isOwn(command) ? command.items : []))
    expect(items[0]?.meta).toMatchObject(encoding === 'xml' ? { format: 'b64', size: base64(bytes).length } : { format: 'bin', size: 10_001 })
    expect(items.length).toBeGreaterThan(8)
    if (encoding === 'xml') for (const { data } of items) expect((data as string).length % 4).toBe(0)
  })

  test('dl 3: larger than MaxObjSize: it does not leave', () => {
    const pair = paired(encoding, { maxMsgSize: 1500, maxObjSize: 9000 })
    pair.queue('a', [write('./File/x', fileOf(octets(9001))), get('./DevDetail/FwV')])
    pair.run()
    expect(pair.order('a').outcomes.map(({ code }) => code)).toEqual([0, 200])
    expect(pair.order('a').outcomes[0]?.data).toContain('larger than the peer')
  })

  test('as one of several Items it goes in a command of its own; inside an Atomic it does not go at all', () => {
    const bytes = octets(5000)
    const pair = paired(encoding, BIG)
    const two = {
      ...write('./File/x', fileOf(bytes)),
      items: ['x', 'y'].map((name) => ({ target: { locUri: `./File/${name}` }, bulk: fileOf(bytes) })),
    } as Command
    pair.queue('a', [two, { kind: 'Atomic', cmdId: '', commands: [write('./File/z', fileOf(bytes))] }])
    pair.run()
    expect(pair.order('a').outcomes.map(({ code }) => code)).toEqual([200, 200, 0])
    expect(pair.order('a').outcomes[2]?.data).toContain('a file travels only as the one Item')
    expect(held(pair.device2, './File/y')).toEqual(bytes)
  })

  test('a file that is gone in the middle ends the session in words', () => {
    const file = { ...fileOf(octets(9000)), read: (offset: number, length: number) => octets(9000).slice(offset, Math.min(offset + length, 4000)) }
    const pair = paired(encoding, BIG, new SpoolDevice())
    pair.queue('a', [write('./File/x', file)])
    expect(pair.run().detail).toMatchObject({ state: 'failed' })
    expect(pair.notes.map(({ text }) => text).join()).toMatch(/the file package gave \d+ octets instead of \d+/)
    expect((pair.device2 as SpoolDevice).spools.map(({ state }) => state)).toEqual(['dropped'])
  })
})

const isOwn = (command: ItemCommand): boolean => command.items[0]?.source?.locUri.startsWith('./DevInfo') === true
const chunkOf =
  (locUri: string) =>
  (command: Command): boolean =>
    'items' in command && command.items.some(({ target, moreData }) => target?.locUri === locUri && moreData === true)

describe('a spool keeps nothing of what does not come whole', () => {
  const bytes = octets(9000)
  const start = (encoding: Encoding = 'xml'): { pair: Pair; device: SpoolDevice } => {
    const device = new SpoolDevice()
    const pair = paired(encoding, BIG, device)
    pair.queue('a', [write('./File/x', fileOf(bytes))])
    return { pair, device }
  }
  const edit = (change: (command: ItemCommand, n: number) => ItemCommand | Command[]): ((passed: Passed) => ReturnType<typeof again>) => {
    let n = 0
    return (passed) => {
      if (passed.up) return passed.frame
      const commands = passed.message.commands.flatMap((command): Command[] => {
        if (command.kind !== 'Replace') return [command]
        n += 1
        const changed = change(command, n)
        return Array.isArray(changed) ? changed : [changed]
      })
      return again(passed, { ...passed.message, commands } as Message)
    }
  }
  const over = ({ pair, device }: ReturnType<typeof start>): unknown => [
    pair.order('a').outcomes.map(({ code }) => code),
    device.spools.map(({ state }) => state),
    device.leaves.has('./File/x'),
  ]
  const withMeta = (command: ItemCommand, meta: object): ItemCommand => ({
    ...command,
    items: command.items.map((item) => ({ ...item, meta: { ...item.meta, ...meta } })),
  })

  test.each([
    ['dl 2: more than Size', (n: number) => n - 1000],
    ['dl 2: less than Size', (n: number) => n + 1],
  ])('%s: 424', (_title, wrong) => {
    const both = start()
    both.pair.run(
      {},
      edit((command) => (command.items[0]?.meta?.size === undefined ? command : withMeta(command, { size: wrong(command.items[0].meta.size) }))),
    )
    expect(over(both)).toEqual([[424], ['dropped'], false])
  })

  test('no base64: 415', () => {
    const both = start()
    both.pair.run(
      {},
      edit((command, n) =>
        n === 3 ? { ...command, items: command.items.map((item) => ({ ...item, data: '-'.repeat(String(item.data).length) })) } : command,
      ),
    )
    expect(over(both)).toEqual([[415], ['dropped'], false])
  })

  test('dl 2: something else in between: 1225', () => {
    const both = start()
    both.pair.run(
      {},
      edit((command, n) => (n === 3 ? ({ ...replace('./Other', 'x'), cmdId: command.cmdId } as ItemCommand) : command)),
    )
    expect(both.pair.story().some((line) => line.includes('Alert 1225'))).toBe(true)
    expect([both.device.spools.map(({ state }) => state), both.device.leaves.has('./File/x')]).toEqual([['dropped'], false])
  })

  test.each(['xml', 'wbxml'] as const)('the disk fills up in the middle: 420 at once, in %s', (encoding) => {
    const both = start(encoding)
    both.device.room = 4000
    both.pair.run()
    expect(over(both)).toEqual([[420], ['dropped'], false])
    // Nothing more of it was sent.
    expect(both.device.spools[0]?.parts.length).toBeLessThan(12)
    expect(both.pair.problems()).toContain('obj.full')
  })

  test('refused with the first chunk: nothing more is sent', () => {
    for (const code of [420, 425, 404]) {
      const both = start()
      both.device.refuse = code
      both.pair.run()
      expect(over(both)).toEqual([[code], [], false])
      expect(both.pair.wire.filter(({ message }) => message.commands.some(chunkOf('./File/x'))).length).toBe(1)
    }
  })

  test('the line is cut: dropped; the next session sends it whole again', () => {
    const both = start()
    let n = 0
    both.pair.run({}, (passed) => (!passed.up && ++n === 5 ? null : passed.frame))
    expect(both.device.spools.map(({ state }) => state)).toEqual(['dropped'])
    both.pair.serve({ type: 'gone', link: { link: both.pair.wire.length - 1 }, reason: 'the line was cut' })
    both.pair.run()
    expect(both.device.spools.map(({ state }) => state)).toEqual(['dropped', 'closed'])
    expect(both.device.leaves.get('./File/x')).toEqual(bytes)
    expect(both.pair.order('a').state).toBe('done')
  })

  test('base64 as others cut it: in the middle of a group, with line ends, without padding', () => {
    const text = base64(bytes).replace(/=+$/, '').replace(/.{61}/g, '$&\r\n')
    const cuts = [0, 1, 1402, 2805, 5003, text.length]
    const device = new SpoolDevice()
    const pair = paired('xml', BIG, device)
    const chunks = cuts.slice(1).map((to, i): Item => {
      const last = to === text.length
      return {
        target: { locUri: './File/x' },
        ...(i === 0 ? { meta: { format: 'b64', size: text.length } } : {}),
        data: text.slice(cuts[i], to),
        ...(last ? {} : { moreData: true }),
      }
    })
    // One message holds them all: the device takes them one after the other.
    const header = { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '1', target: { locUri: 'x' }, source: { locUri: 'y' } }
    pair.queue('a', [get('./DevDetail/FwV')])
    pair.run({}, (passed) => {
      if (passed.up || !passed.message.commands.some(({ kind }) => kind === 'Get')) return passed.frame
      const commands = [
        ...passed.message.commands.filter(({ kind }) => kind === 'Status'),
        ...chunks.map((item, i): Command => ({ kind: 'Replace', cmdId: String(10 + i), items: [item] })),
      ]
      const message = { ...passed.message, commands }
      return { ...passed.frame, bytes: encode({ ...message, header: { ...header, ...message.header } }, { encoding: 'xml' }) }
    })
    expect(device.leaves.get('./File/x')).toEqual(bytes)
  })
})
