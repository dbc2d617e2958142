// A plain message is never read again after it was written: what its bytes say must be what it says, in every encoding and style.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, encode, EncodeError, growing, type Wire } from '../../core/syncml/codec.ts'
import type { Address, Command, Item, Message, Meta } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'

const WIRES: readonly Wire[] = [
  { encoding: 'xml' },
  { encoding: 'xml', prolog: false },
  { encoding: 'wbxml' },
  { encoding: 'wbxml', version: 1, publicId: 'text', strings: 'table', pages: 'eager' },
  { encoding: 'wbxml', version: 3, strings: 'opaque' },
]

/** Mostly well-behaved, now and then with what a reader trims, tells or reads as something else. */
const odd = fc.constantFrom(
  '',
  ' ',
  ' a',
  'a\n',
  'a\r\nb',
  '\t',
  'a\u0085',
  '\ufeffa',
  'a\u0000',
  '&amp;',
  ']]>',
  '<a/>',
  '\u2028',
  '🎁',
  'ü',
  '%00',
  '007',
)
const word = fc.oneof({ weight: 30, arbitrary: fc.stringMatching(/^[!-~]{1,12}$/) }, { weight: 1, arbitrary: odd })
const text = fc.oneof({ weight: 8, arbitrary: fc.string({ maxLength: 40 }) }, { weight: 2, arbitrary: odd })
const number = fc.oneof({ weight: 12, arbitrary: fc.nat() }, { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1, 1.5, 1e21, Infinity) })
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]): fc.Arbitrary<T> =>
  fc.record(model, { requiredKeys: required }) as unknown as fc.Arbitrary<T>

const address = some<Address>({ locUri: word, locName: word }, ['locUri'])
const nextNonce = fc.record({ text: word })
const meta = some<Meta>({ format: word, type: word, mark: word, size: number, version: word, nextNonce, maxMsgSize: number, maxObjSize: number }, [])
const rare = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { freq: 20, nil: undefined })
const data = fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }) })
const item = some<Item>({ target: address, source: address, meta, data, moreData: fc.constant(true) }, [])
const items = fc.array(item, { maxLength: 2 })
const refs = fc.array(word, { maxLength: 2 })
const codes = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 9999 }) }, { weight: 1, arbitrary: number })
const simple: fc.Arbitrary<Command> = fc.oneof(
  some<Command>(
    { kind: fc.constantFrom('Add', 'Replace', 'Delete', 'Get', 'Copy'), cmdId: word, meta, items } as never,
    ['kind', 'cmdId', 'items'] as never,
  ),
  some<Command>({ kind: fc.constant('Exec'), cmdId: word, meta, items, correlator: word } as never, ['kind', 'cmdId', 'items'] as never),
  some<Command>(
    { kind: fc.constant('Alert'), cmdId: word, code: codes, meta, items, data: word } as never,
    ['kind', 'cmdId', 'items', 'code'] as never,
  ),
  some<Command>(
    {
      ...{ kind: fc.constant('Status'), cmdId: word, msgRef: word, cmdRef: word, cmd: word, targetRefs: refs, sourceRefs: refs, code: codes },
      ...{ items, chal: fc.record({ meta }), data: rare(word) },
    } as never,
    ['kind', 'cmdId', 'msgRef', 'cmdRef', 'cmd', 'targetRefs', 'sourceRefs', 'code', 'items'] as never,
  ),
)
const message: fc.Arbitrary<Message> = fc.record({
  header: some<Message['header']>(
    {
      ...{ verDtd: fc.constantFrom('1.2', '1.2', '1.1', ''), verProto: word, sessionId: word, msgId: word, target: address, source: address },
      ...{ respUri: word, cred: fc.record({ meta, data: text }), meta },
    },
    ['verDtd', 'verProto', 'sessionId', 'msgId', 'target', 'source'],
  ),
  commands: fc.array(simple, { maxLength: 3 }),
  final: fc.boolean(),
})

const runs = process.env['DM_LAB_SOAK'] === undefined ? 4000 : 200_000

test('a plain message has the summary of its bytes, and reading them finds nothing', { timeout: 600_000 }, () => {
  let seen = 0
  fc.assert(
    fc.property(message, fc.constantFrom(...WIRES), (said, wire) => {
      const bytes = plainBytes(said, wire)
      if (bytes === null) return
      seen += 1
      const read = decode(bytes, wire.encoding)
      expect(summarise(said)).toEqual(summarise(read.message))
      expect(read.findings).toEqual([])
    }),
    { seed: 11, numRuns: runs },
  )
  expect(seen).toBeGreaterThan(runs / 20)
})

/** The bytes of a plain message; null where it is none, or cannot be written. */
function plainBytes({ header, commands, final }: Message, wire: Wire): Uint8Array | null {
  return written(() => {
    const draft = growing(header, wire)
    for (const command of commands) draft?.add(command)
    return draft?.plain === true ? draft.finish(final) : null
  })
}

/** What cannot be written is never recorded as sent. */
function written<T>(write: () => T): T | null {
  try {
    return write()
  } catch (error) {
    if (error instanceof EncodeError) return null
    throw error
  }
}

test('a message that grows command by command is the one written at once, and as long as it says', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(message, fc.constantFrom(...WIRES), fc.array(simple, { minLength: 1, maxLength: 2 }), (said, wire, more) => {
      const bytes = written(() => encode(said, wire))
      const draft = written(() => growing(said.header, wire))
      if (draft === null) return
      const passing = (command: Command): void => {
        const before = draft.length
        if (written(() => draft.add(command)) !== null) draft.undo()
        expect(draft.length).toBe(before)
      }
      const all = written(() => {
        for (const command of said.commands) {
          more.forEach(passing)
          draft.add(command)
          expect(draft.length).toBe(
            encode({ ...said, commands: said.commands.slice(0, said.commands.indexOf(command) + 1), final: true }, wire).length,
          )
        }
        return true
      })
      expect(all === null).toBe(bytes === null)
      if (bytes !== null) expect(draft.finish(said.final)).toEqual(bytes)
    }),
    { seed: 12, numRuns: runs },
  )
})

test('what cannot be told from the message alone is not plain', () => {
  const address = { locUri: 'a' }
  const header = { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '1', target: address, source: address }
  const plain = (...commands: Command[]): boolean => plainBytes({ header, commands, final: true }, { encoding: 'wbxml' }) !== null
  const get: Command = { kind: 'Get', cmdId: '1', items: [{ target: address }] }
  expect(plain(get)).toBe(true)
  expect(plain({ ...get, items: [] })).toBe(false)
  expect(plain({ ...get, cmdId: '' })).toBe(false)
  expect(plain({ ...get, items: [{ target: { locUri: ' a' } }] })).toBe(false)
  expect(plain({ ...get, items: [{ target: address, data: Uint8Array.of(1) }] })).toBe(false)
  expect(plain({ kind: 'Sequence', cmdId: '1', commands: [get] })).toBe(false)
  expect(plain({ ...get, items: [{ target: address, data: '\u0001' }] })).toBe(false)
  // No octet of it ever stands in XML.
  expect(() => encode({ header, commands: [{ ...get, items: [{ target: address, data: '\u0001' }] }], final: true }, { encoding: 'xml' })).toThrow(
    EncodeError,
  )
})
