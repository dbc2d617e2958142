// Round trips of generated trees and messages: what goes in comes out, in both encodings and every style of writing.
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { decode, decodeTree, encode, encodeTree, type Wire } from '../../core/syncml/codec.ts'
import type { Element, Vocabulary } from '../../core/syncml/element.ts'
import type { Address, Chal, Command, Cred, Data, Item, Message, Meta, SyncHdr } from '../../core/syncml/message.ts'
import { elementAt, tokens } from '../../core/syncml/offsets.ts'
import { isXmlText } from '../../core/syncml/text.ts'
import { DMDDF, isContainer, METINF, SYNCML } from '../../core/syncml/tokens.ts'
import { plain } from './samples.ts'

const WIRES: readonly Wire[] = [
  { encoding: 'xml' },
  { encoding: 'xml', prolog: false },
  ...([1, 2, 3] as const).flatMap((version) =>
    (['number', 'text'] as const).flatMap((publicId) =>
      (['inline', 'table', 'opaque'] as const).flatMap((strings) =>
        (['lazy', 'eager'] as const).map((pages): Wire => ({ encoding: 'wbxml', version, publicId, strings, pages })),
      ),
    ),
  ),
]
const wire = fc.constantFrom(...WIRES)

/** Text that both encodings can carry: no NUL, no control XML does not have. */
const text = fc
  .oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', ' ', 'a\r\nb', ']]>', '&amp;', '\ufeff', 'ä'.repeat(70)),
  )
  .filter(isXmlText)
const word = fc.stringMatching(/^[!-~]{1,12}$/)

// ---- trees

const NAMES: readonly [Vocabulary, string][] = [
  ...[...SYNCML.codes.keys()].map((name): [Vocabulary, string] => ['syncml', name]),
  ...[...METINF.codes.keys()].filter((name) => name !== 'NextNonce').map((name): [Vocabulary, string] => ['metinf', name]),
  ...[...DMDDF.codes.keys()].map((name): [Vocabulary, string] => ['dmddf', name]),
  ...['X-Unknown', 'ünknown', 'y'].map((name): [Vocabulary, string] => ['other', name]),
]

function element([vocabulary, name]: [Vocabulary, string], children: Element[], content: string): Element {
  const drop = /^[ \t\r\n]*$/.test(content) && (children.length > 0 || isContainer(vocabulary, name))
  return { start: 0, end: 0, vocabulary, name, children, text: drop ? '' : content }
}

const { tree } = fc.letrec<{ tree: Element; node: Element }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'tree' },
    fc.tuple(fc.constantFrom(...NAMES), text).map(([name, content]) => element(name, [], content)),
    fc
      .tuple(fc.constantFrom(...NAMES), fc.array(tie('node'), { maxLength: 5 }), text)
      .map(([name, children, content]) => element(name, children, content)),
  ),
  tree: fc
    .tuple(fc.constantFrom<[Vocabulary, string][]>(['syncml', 'SyncML'], ['dmddf', 'MgmtTree']), fc.array(tie('node'), { maxLength: 6 }))
    .map(([name, children]) => element(name as unknown as [Vocabulary, string], children, '')),
}))

// ---- messages

const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]): fc.Arbitrary<T> =>
  fc.record(model, { requiredKeys: required }) as unknown as fc.Arbitrary<T>

const MGMT: Element = element(['dmddf', 'MgmtTree'], [element(['dmddf', 'VerDTD'], [], '1.2'), element(['dmddf', 'Node'], [], '')], '')
const data: fc.Arbitrary<Data> = fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: fc.constant([MGMT]) })
const octets: fc.Arbitrary<Data> = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Uint8Array.of(0xff, ...bytes))
const address = optional<Address>({ locUri: word, locName: word }, ['locUri'])
const meta = optional<Meta>(
  {
    format: word,
    type: word,
    mark: word,
    size: fc.nat(),
    version: word,
    nextNonce: fc.record({ text: fc.base64String({ minLength: 4, maxLength: 24 }) }),
    maxMsgSize: fc.nat(),
    maxObjSize: fc.nat(),
    emi: fc.array(word, { minLength: 1, maxLength: 3 }),
    anchor: fc.record({ last: word, next: word }),
    fieldLevel: fc.constant(true),
  },
  [],
)
const item = (content: fc.Arbitrary<Data>): fc.Arbitrary<Item> =>
  optional<Item>(
    { target: address, source: address, sourceParent: address, targetParent: address, meta, data: content, moreData: fc.constant(true) },
    [],
  )
const cred = optional<Cred>({ meta, data: word }, ['data'])
const chal: fc.Arbitrary<Chal> = fc.record({ meta })
const header = optional<SyncHdr>(
  {
    ...{ verDtd: fc.constantFrom('1.2', '1.1', '1.0'), verProto: word, sessionId: word, msgId: word, target: address, source: address },
    ...{ respUri: word, noResp: fc.constant(true), cred, meta },
  },
  ['verDtd', 'verProto', 'sessionId', 'msgId', 'target', 'source'],
)
const common = { cmdId: word, noResp: fc.constant(true), cred, meta }

function commands(content: fc.Arbitrary<Data>): fc.Arbitrary<Command[]> {
  const items = fc.array(item(content), { minLength: 1, maxLength: 3 })
  const codes = fc.integer({ min: 0, max: 99999 })
  const simple: fc.Arbitrary<Command>[] = [
    optional<Command>(
      { kind: fc.constantFrom('Add', 'Replace', 'Copy', 'Delete', 'Get'), ...common, items } as never,
      ['kind', 'cmdId', 'items'] as never,
    ),
    optional<Command>(
      { kind: fc.constant('Delete'), ...common, items, archive: fc.constant(true), sftDel: fc.constant(true) } as never,
      ['kind', 'cmdId', 'items'] as never,
    ),
    optional<Command>({ kind: fc.constant('Get'), ...common, items, lang: word } as never, ['kind', 'cmdId', 'items'] as never),
    optional<Command>(
      { kind: fc.constant('Exec'), ...common, correlator: word, items: items.map((list) => list.slice(0, 1)) } as never,
      ['kind', 'cmdId', 'items'] as never,
    ),
    optional<Command>(
      { kind: fc.constant('Alert'), ...common, code: codes, correlator: word, items } as never,
      ['kind', 'cmdId', 'code', 'items'] as never,
    ),
    optional<Command>(
      { kind: fc.constant('Results'), ...common, msgRef: word, cmdRef: word, targetRef: word, sourceRef: word, items } as never,
      ['kind', 'cmdId', 'msgRef', 'cmdRef', 'items'] as never,
    ),
    optional<Command>(
      {
        ...{ kind: fc.constant('Status'), cmdId: word, msgRef: word, cmdRef: word, cmd: word, chal, code: codes, items },
        ...{ targetRefs: fc.array(word, { maxLength: 2 }), sourceRefs: fc.array(word, { maxLength: 2 }) },
      } as never,
      ['kind', 'cmdId', 'msgRef', 'cmdRef', 'cmd', 'code', 'items', 'targetRefs', 'sourceRefs'] as never,
    ),
  ]
  const leaf = fc.oneof(...simple)
  const inner = fc.array(leaf, { maxLength: 3 })
  const group = optional<Command>(
    { kind: fc.constantFrom('Atomic', 'Sequence'), ...common, commands: inner } as never,
    ['kind', 'cmdId', 'commands'] as never,
  )
  return fc.array(fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: group }), { maxLength: 5 })
}

const message = (content: fc.Arbitrary<Data>): fc.Arbitrary<Message> => fc.record({ header, commands: commands(content), final: fc.boolean() })

/** As decoding gives it: Alert and Status keep the text of their number. */
function withData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withData)
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withData(inner)]))
  if (copy['kind'] === 'Alert' || copy['kind'] === 'Status') copy['data'] = String(copy['code'])
  return copy
}

const soak = process.env['DM_LAB_SOAK'] !== undefined
const runs = soak ? 20_000 : 400
if (soak) vi.setConfig({ testTimeout: 3_600_000 })
/** Short runs repeat exactly; long ones look elsewhere each time (a failure prints its seed). */
const seeded = (numRuns: number): { numRuns: number; seed?: number } => (soak ? { numRuns } : { numRuns, seed: 20240 })

describe('round trips', () => {
  test('a tree comes back from every style of both encodings', () => {
    fc.assert(
      fc.property(tree, wire, (root, how) => {
        const again = decodeTree(encodeTree(root, how), how.encoding)
        expect(plain(again.root)).toEqual(plain(root))
      }),
      seeded(runs),
    )
  })

  test('a message comes back from every style of both encodings', () => {
    fc.assert(
      fc.property(message(data), wire, (sent, how) => {
        const { message: received, findings } = decode(encode(sent, how), how.encoding)
        expect(plain(received)).toEqual(plain(withData(withNonce(sent, how))))
        expect(findings.map(({ rule }) => rule).filter((rule) => rule !== 'msg.exec.item')).toEqual([])
      }),
      seeded(runs),
    )
  })

  test('octets come back from every style of WBXML', () => {
    const wbxml = fc.constantFrom(...WIRES.filter(({ encoding }) => encoding === 'wbxml'))
    fc.assert(
      fc.property(message(octets), wbxml, (sent, how) => {
        expect(plain(decode(encode(sent, how), 'wbxml').message)).toEqual(plain(withData(withNonce(sent, how))))
      }),
      seeded(runs / 2),
    )
  })

  test('the same message is always the same octets', () => {
    fc.assert(
      fc.property(message(data), wire, (sent, how) => {
        expect(Buffer.compare(encode(sent, how), encode(structuredClone(sent), how))).toBe(0)
      }),
      seeded(runs / 4),
    )
  })

  test('the byte map of a written tree leads to its elements and back', () => {
    fc.assert(
      fc.property(tree, wire, (root, how) => {
        const bytes = encodeTree(root, how)
        const read = decodeTree(bytes, how.encoding).root
        let at = 0
        for (const token of tokens(bytes, how.encoding)) {
          expect(token.start).toBe(at)
          at = token.end
          const owner = token.path?.reduce((node, index) => node.children[index] as Element, read) ?? null
          expect(elementAt(read, token.start) === owner).toBe(true)
        }
        expect(at).toBe(bytes.length)
      }),
      seeded(runs / 4),
    )
  })
})

/** Where every string goes OPAQUE, so does a NextNonce, and it keeps its octets. */
function withNonce(value: unknown, how: Wire): unknown {
  if (how.strings !== 'opaque' || how.encoding === 'xml') return value
  const visit = (inner: unknown): unknown => {
    if (inner instanceof Uint8Array || typeof inner !== 'object' || inner === null) return inner
    if (Array.isArray(inner)) return inner.map(visit)
    return Object.fromEntries(
      Object.entries(inner).map(([key, field]) =>
        key === 'nextNonce'
          ? [key, { ...(field as object), octets: Uint8Array.from(Buffer.from((field as { text: string }).text)) }]
          : [key, visit(field)],
      ),
    )
  }
  return visit(value)
}
