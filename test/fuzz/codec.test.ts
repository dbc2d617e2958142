// For any octets, decoding gives a value or CodecError and nothing else, in work bounded by their number; the byte map covers each octet exactly once.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CodecError, decode, decodeTree, EncodeError, encode, encodeTree, sniff } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import { LIMITS } from '../../core/syncml/limits.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { tokens } from '../../core/syncml/offsets.ts'
import { summarise } from '../../core/syncml/summary.ts'
import { shared } from '../support/shared.ts'
import { B3, E4, E5, E6, E7, TNDS_XML, utf8, W2, W3, W4, W5, W6, W7, W8, W9 } from '../syncml/samples.ts'

const INPUTS = process.env['DM_LAB_SOAK'] === undefined ? 5_000 : 250_000
/** Another seed looks elsewhere; the one that failed repeats the failure. */
const SEED = Number(process.env['DM_LAB_SEED'] ?? 1)

/** Mulberry32: small, fast, the same everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

const WBXML_OCTETS = [0x00, 0x01, 0x02, 0x03, 0x04, 0x40, 0x43, 0x44, 0x7f, 0x80, 0x81, 0x83, 0x84, 0xc0, 0xc3, 0xc4, 0xed, 0xff]
const XML_PIECES = [
  '<',
  '>',
  '/',
  '&',
  '&#x0;',
  '&#',
  '"',
  "'",
  '=',
  '<!',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '?>',
  '<!DOCTYPE ',
  '[',
  '\0',
  '\ufeff',
  'xmlns',
  ':',
  ' ',
  '\r',
  'ä',
  '\xff',
  '</',
  '/>',
]

/** One mutated document: some octets changed, removed, doubled, put in, or spliced from another one. */
function mutate(seeds: readonly Uint8Array[], next: (below: number) => number, encoding: Encoding): Uint8Array {
  let bytes = Buffer.from(seeds[next(seeds.length)] ?? new Uint8Array())
  for (let rounds = 1 + next(4); rounds > 0; rounds--) {
    const at = next(bytes.length + 1)
    const end = Math.min(bytes.length, at + 1 + next(24))
    const cut = (middle: Uint8Array, to: number): Buffer => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(to)])
    const piece =
      encoding === 'xml'
        ? Buffer.from(XML_PIECES[next(XML_PIECES.length)] ?? '', 'latin1')
        : Buffer.from([WBXML_OCTETS[next(WBXML_OCTETS.length)] ?? 0])
    const other = seeds[next(seeds.length)] ?? bytes
    const from = next(other.length + 1)
    const changes = [
      () => cut(piece, at),
      () => cut(piece, at + piece.length),
      () => cut(Buffer.from([next(256)]), at + 1),
      () => cut(new Uint8Array(), end),
      () => cut(bytes.subarray(at, end), at),
      () => cut(other.subarray(from, from + next(200)), at),
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), other.subarray(from)]),
      () => cut(Buffer.alloc(next(70), bytes[at] ?? 0), at),
    ]
    bytes = Buffer.from((changes[next(changes.length)] ?? changes[0])?.() ?? bytes)
  }
  return new Uint8Array(bytes)
}

function codecErrorOnly<T>(act: () => T, length: number): T | null {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    if (!(error.offset >= 0 && error.offset <= length && error.reason !== ''))
      throw new Error(`offset ${String(error.offset)} of ${String(length)}: ${error.reason}`, { cause: error })
    return null
  }
}

/** Elements of a tree; each lies inside its parent and behind its elder sibling. */
function measure(element: Element): number {
  let at = element.start
  let count = 1
  for (const child of element.children) {
    if (child.start < at || child.end > element.end || child.end <= child.start)
      throw new Error(`${child.name} lies at ${String(child.start)}-${String(child.end)} in ${element.name}`)
    at = child.end
    count += measure(child)
  }
  return count
}

function check(bytes: Uint8Array, encoding: Encoding): boolean {
  const list = tokens(bytes, encoding)
  let at = 0
  for (const token of list) {
    if (token.start !== at || token.end <= at) throw new Error(`byte ${String(at)}: gap or overlap in the byte map (${token.kind})`)
    at = token.end
  }
  if (at !== bytes.length) throw new Error(`the byte map ends at ${String(at)} of ${String(bytes.length)}`)
  const tree = codecErrorOnly(() => decodeTree(bytes, encoding), bytes.length)
  if (tree !== null && list.at(-1)?.kind === 'error') throw new Error('the byte map refuses what the tree accepts')
  const decoded = codecErrorOnly(() => decode(bytes, encoding), bytes.length)
  if (tree === null) {
    if (decoded !== null) throw new Error('a message without a tree')
    return false
  }
  if (measure(tree.root) > bytes.length) throw new Error('more elements than octets')
  if (tree.findings.length > LIMITS.findings + 1) throw new Error('too many findings')
  for (const { offset, length } of tree.findings)
    if (offset < 0 || length < 0 || offset + length > bytes.length) throw new Error('a finding outside the document')
  if (decoded !== null) summarise(decoded.message)
  for (const to of ['xml', 'wbxml'] as const) {
    writesOrRefuses(() => encodeTree(tree.root, { encoding: to }), to)
    if (decoded !== null) writesOrRefuses(() => encode(decoded.message, { encoding: to, strings: 'table' }), to)
  }
  return true
}

/** What was read can be written, or is refused by name; and what was written can be read and written again, octet for octet. */
function writesOrRefuses(write: () => Uint8Array, encoding: Encoding): void {
  try {
    const written = write()
    const root = decodeTree(written, encoding, { treeElements: LIMITS.treeElements * 2, outputFloor: 1 << 30, depth: LIMITS.depth + 2 }).root
    const once = encodeTree(root, { encoding })
    const twice = encodeTree(decodeTree(once, encoding, { outputFloor: 1 << 30, depth: LIMITS.depth + 2 }).root, { encoding })
    if (Buffer.compare(once, twice) !== 0)
      throw new Error(`writing is not stable: ${Buffer.from(once).toString('latin1')} / ${Buffer.from(twice).toString('latin1')}`)
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error
  }
}

const real = (ending: RegExp): Uint8Array[] => {
  const folder = shared('corpus/captured-sessions')
  if (folder === null) return []
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => ending.test(name)).sort()
  return names.filter((_, i) => i % 3 === 0).map((name) => new Uint8Array(readFileSync(join(folder, name))))
}

const fixtures = [E4, E5, E6, E7].map((message) => encode(message, { encoding: 'xml' }))
const pretty = fixtures.map((bytes) => utf8(Buffer.from(bytes).toString().replaceAll('><', '>\r\n <')))
const wide = Uint8Array.from(Buffer.from(`\ufeff${Buffer.from(fixtures[0] ?? '').toString()}`, 'utf16le'))
const doctype = utf8(
  `<!DOCTYPE MgmtTree [<?x y?>]><!-- c -->${TNDS_XML.replaceAll('Node', 'd:Node').replace('xmlns=', 'xmlns:d="syncml:dmddf1.2" xmlns=')}`,
)
const SEEDS: Readonly<Record<Encoding, readonly Uint8Array[]>> = {
  xml: [...fixtures, ...pretty, wide, doctype, utf8('<Data xmlns="SYNCML:SYNCML1.2">a&amp;b&#65;<![CDATA[<c>]]></Data>'), ...real(/-client\.xml$/)],
  wbxml: [W2, W3, W4, W5, W7, W8, W9, B3, ...Object.values(W6), encode(E5, { encoding: 'wbxml', strings: 'table' }), ...real(/-client\.wbxml$/)],
}

describe.each(['xml', 'wbxml'] as const)('%s', (encoding) => {
  test(`${String(INPUTS)} mutated messages, seed ${String(SEED)}`, { timeout: 3_600_000 }, () => {
    const next = generator(SEED)
    let read = 0
    for (let i = 0; i < INPUTS; i++) {
      const bytes = mutate(SEEDS[encoding], next, encoding)
      try {
        if (check(bytes, encoding)) read++
        sniff(bytes)
      } catch (error) {
        throw new Error(`input ${String(i)} of seed ${String(SEED)}: ${Buffer.from(bytes).toString('base64')}`, { cause: error })
      }
    }
    // the mutations are neither all harmless nor all fatal
    expect(read).toBeGreaterThan(INPUTS / 50)
    expect(read).toBeLessThan(INPUTS * 0.95)
  })

  test('short and random inputs', () => {
    const next = generator(SEED + 1)
    for (let i = 0; i < INPUTS; i++)
      check(
        Uint8Array.from({ length: next(40) }, () => (next(2) === 0 ? next(256) : (WBXML_OCTETS[next(WBXML_OCTETS.length)] ?? 0))),
        encoding,
      )
  })
})

describe('work is bounded by the number of octets', () => {
  const size = 300_000
  const xml = (text: string): [Encoding, Uint8Array] => ['xml', utf8(text)]
  const wbxml = (head: string, body: Uint8Array): [Encoding, Uint8Array] => [
    'wbxml',
    Uint8Array.from(Buffer.concat([Buffer.from(head.replaceAll(' ', ''), 'hex'), body])),
  ]
  const hostile: [string, [Encoding, Uint8Array]][] = [
    ['an endless name', xml(`<${'a'.repeat(size)}`)],
    ['attributes without end', xml(`<a ${'b="c" '.repeat(size / 6)}`)],
    ['references', xml(`<a>${'&#65;'.repeat(size / 5)}</a>`)],
    ['ampersands', xml(`<a>${'&'.repeat(size)}</a>`)],
    ['open comments', xml(`<a>${'<!-- '.repeat(size / 5)}`)],
    ['empty CDATA', xml(`<a>${'<![CDATA[]]>'.repeat(size / 12)}</a>`)],
    ['text cut by comments', xml(`<a>${'x<!---->'.repeat(size / 8)}</a>`)],
    ['NULs', xml(`<a>${'\0'.repeat(size)}</a>`)],
    ['prefixes', xml(`<a>${'<q:b/>'.repeat(size / 6)}</a>`)],
    ['strays in one Item', xml(`<SyncML><SyncHdr/><SyncBody><Add><Item>${'<Cmd/>'.repeat(19000)}</Item></Add></SyncBody></SyncML>`)],
    ['brackets in DOCTYPE', xml(`<!DOCTYPE a ${'[]'.repeat(size / 2)}><a/>`)],
    ['deep nesting', wbxml('03 A4 01 6A 00', Buffer.alloc(size, 0x54))],
    ['pieces that are no text', wbxml('03 A4 01 6A 00 6D', Buffer.from('C301FF'.repeat(size / 3), 'hex'))],
    ['a table without NUL, and references', wbxml(`03 A4 01 6A 83 74 ${'41'.repeat(500)}6D`, Buffer.from('8300'.repeat(size / 2), 'hex'))],
    ['unknown tokens', wbxml('03 A4 01 6A 00 6D', Buffer.alloc(19000, 0x30))],
    ['page switches', wbxml('03 A4 01 6A 00', Buffer.alloc(size, 0x00))],
    ['documents in documents', wbxml('03 A4 01 6A 00 6D', Buffer.from('C30A03A4036A004AC3020102'.repeat(size / 12), 'hex'))],
    ['attribute values', wbxml('03 0B 6A 00 85 06', Buffer.alloc(size, 0xc5))],
  ]

  test.each(hostile)('%s', (_, [encoding, bytes]) => {
    const list = tokens(bytes, encoding)
    expect(list.length).toBeLessThanOrEqual(bytes.length)
    expect(list.at(-1)?.end).toBe(bytes.length)
    const tree = codecErrorOnly(() => decodeTree(bytes, encoding), bytes.length)
    if (tree !== null) expect(tree.findings.length).toBeLessThanOrEqual(LIMITS.findings + 1)
    codecErrorOnly(() => decode(bytes, encoding), bytes.length)
  })
})
