// A row comes back from its octets as it went in, whatever its texts are, alone, in a page, and beside others.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TraceRow } from '../../core/api.ts'
import { Packer, Unpacker } from '../../core/store/packed.ts'
import { Page, Waiting } from '../../core/store/pages.ts'
import { rowOf } from './rows.ts'

const said = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant('\ufeffwith a mark'))
/** What joins the texts of a list can be in none of them. */
const word = said.map((text) => text.replaceAll('\n', ' '))

/** Rows with every field at its own. */
const rows: fc.Arbitrary<TraceRow> = fc
  .record({
    at: fc.double({ noNaN: true }),
    mono: fc.double({ noNaN: true }),
    kind: fc.constantFrom('message' as const, 'http' as const, 'push' as const, 'connection' as const, 'event' as const),
    direction: fc.constantFrom('up' as const, 'down' as const),
    hop: fc.constantFrom('S-D' as const, 'S-G' as const, 'G-D' as const),
    encoding: fc.constantFrom('' as const, 'xml' as const, 'wbxml' as const),
    severity: fc.constantFrom('' as const, 'chat' as const, 'note' as const, 'warn' as const, 'error' as const),
    hold: fc.constantFrom('no' as const, 'held' as const, 'released' as const, 'edited' as const, 'dropped' as const, 'peer gone' as const),
    session: fc.maxSafeNat(),
    size: fc.maxSafeNat(),
    httpStatus: fc.nat(999),
    findings: fc.nat(),
    final: fc.boolean(),
    sessionId: said,
    device: said,
    msgId: said,
    package: said,
    commands: fc.array(word, { maxLength: 4 }),
    statuses: fc.array(word, { maxLength: 4 }),
    target: said,
    text: said,
    origin: fc.option(said, { nil: undefined }),
  })
  .map(({ origin, ...row }) => (origin === undefined ? { ...row, seq: 7 } : { ...row, seq: 7, origin }))

test('a row comes back from its octets as it went in', () => {
  const packer = new Packer()
  fc.assert(
    fc.property(rows, fc.array(said, { maxLength: 9 }), fc.double({ noNaN: true }), (row, texts, number) => {
      packer.begin()
      const length = packer.row(row)
      packer.number(number)
      for (const text of texts) packer.text(text)
      const packed = new Unpacker(packer.packed.slice())
      expect([packed.row(7), packed.number(), texts.map(() => packed.text())]).toEqual([row, number, texts])
      expect(new Unpacker(packer.packed.slice(0, length)).row(7)).toEqual(row)
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('a long text, and thousands of them, find room', () => {
  const packer = new Packer()
  const texts = [...Array.from({ length: 3000 }, (_, n) => `text ${n}`), 'ä'.repeat(100_000)]
  for (const text of texts) packer.text(text)
  const packed = new Unpacker(packer.packed)
  expect(texts.map(() => packed.text())).toEqual(texts)
})

test('octets that end too early are told, not guessed', () => {
  const packer = new Packer()
  packer.row({ ...rowOf(11), seq: 11 })
  const whole = packer.packed.slice()
  for (let size = 0; size < whole.length; size++) expect(() => new Unpacker(whole.subarray(0, size)).row(11), `${size} octets`).toThrow(RangeError)
})

test('rows that wait stand in pages of a bounded size, each with its place and the span of its sessions', () => {
  const waiting = new Waiting()
  const packer = new Packer()
  const story = (n: number): TraceRow => ({ ...rowOf(n), seq: n })
  for (let n = 1; n <= 3000; n++) {
    packer.begin()
    packer.row(story(n))
    waiting.add(packer.packed, { segment: 1 + (n >> 10), start: n * 100, length: 60 + (n % 40) })
  }
  expect([waiting.count, waiting.row(2999, 3000), waiting.place(1), waiting.session(4)]).toEqual([
    3000,
    story(3000),
    { segment: 1, start: 200, length: 62 },
    6,
  ])
  expect([waiting.row(3000, 3001), waiting.row(-1, 0), waiting.place(3000)]).toEqual([undefined, undefined, undefined])
  let next = 1
  for (const { first, last, low, high, rows: octets } of waiting.pages(1)) {
    expect([first, last - first < 128, low >= 1, high <= 10]).toEqual([next, true, true, true])
    const page = new Page(first, last, octets)
    for (let n = first; n <= last; n++) {
      expect([page.row(n), page.session(n), page.place(n)]).toEqual([
        story(n),
        1 + (n % 10),
        { segment: 1 + (n >> 10), start: n * 100, length: 60 + (n % 40) },
      ])
      expect(new Unpacker(page.octets(n)).row(n)).toEqual(story(n))
    }
    next = last + 1
  }
  expect(next).toBe(3001)
})
