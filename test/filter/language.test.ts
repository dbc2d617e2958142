// The filter language over a recorded session: what passes, what each mistake says and where, what is written is read again.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameDetail } from '../../core/api.ts'
import type { Expr } from '../../core/filter/ast.ts'
import { print } from '../../core/filter/ast.ts'
import { FilterError } from '../../core/filter/error.ts'
import { compile } from '../../core/filter/evaluate.ts'
import { explain } from '../../core/filter/explain.ts'
import { Reading } from '../../core/filter/facts.ts'
import { parse } from '../../core/filter/parser.ts'
import { rowFilter, ROWS } from '../../core/filter/rows.ts'
import { passing, searchSlice } from '../../core/filter/search.ts'
import { fieldsOf, type Schema } from '../../core/filter/schema.ts'
import { session } from './rows.ts'

/** Row `seq` of the session. */
const the = (seq: number): FrameDetail => tapes.xml[seq - 1] as FrameDetail
const tapes = { xml: session('xml').rows, wbxml: session('wbxml').rows }

function found(text: string, encoding: 'xml' | 'wbxml' = 'xml'): number[] {
  const rows = tapes[encoding]
  const run = {
    scenario: 's1-5.4.2',
    run: 3,
    step: (key: string) => (key === '2' ? { first: 2, last: 3, deciding: [3] } : null),
    decided: (seq: number) => (seq === 3 ? ['2'] : []),
  }
  const around = {
    frame: (seq: number) => rows[seq - 1],
    row: (seq: number) => rows[seq - 1]?.row,
    run,
    marks: (seq: number) => (seq === 4 ? [1, 7] : []),
  }
  return [
    ...passing(
      rowFilter(text),
      rows.map(({ row }) => row),
      around,
    ),
  ].map(({ seq }) => seq)
}

describe('what passes', () => {
  it.each<[string, number[]]>([
    ['dir == up', [2, 4, 6, 7, 8]],
    ['dir == UP && kind == message', [2, 4, 6, 7]],
    ['hop in (S-D, G-D) && kind == push', [1]],
    ['cmd == Exec', [5]],
    ['cmd == exec && uri ~ "/Operations/"', [5]],
    ['cmd == Get && uri ~ "/Operations/"', []],
    ['uri startswith ./DevInfo', [2]],
    ['uri == "./DevInfo/Mod"', [2]],
    ['target startswith "./SCOMO"', [3, 5]],
    ['source startswith "./SCOMO"', [7]],
    ['status >= 400', [6]],
    ['status == 200', [3, 4, 5, 6]],
    ['status in (401, 410..420)', [6]],
    ['status in {200}', [3, 4, 5, 6]],
    ['status != 200', []],
    ['status', [3, 4, 5, 6]],
    ['!status', [1, 2, 7, 8]],
    ['any(status != 200)', [3, 4, 6]],
    ['all(status < 300)', [3, 4, 5]],
    ['all(status) < 300', [3, 4, 5]],
    ['count(status) == 3', [6]],
    ['count(cmd == Status) > 1', [3, 4, 6]],
    ['count(uri) == 2', [2, 3, 5]],
    ['len(data) > 20', [7]],
    ['any(cmd == Add && uri ~ "Operations")', []],
    ['any(cmd == Exec && uri ~ "Operations")', [5]],
    ['parent == Atomic', [5]],
    ['any(cmd == Exec && parent == atomic)', [5]],
    ['cmdid == 8', [5]],
    ['status.cmd == Add', [6]],
    ['any(status == 418 && status.cmd == Add)', [6]],
    ['any(status == 215 && status.cmd == Add)', []],
    ['status.target ~ "antivir$"', [6]],
    ['alert.code == 1226', [7]],
    ['alert.code in (1200, 1201)', [2]],
    ['alert.type == "urn:oma:at:scomo:1.0:OperationComplete"', [7]],
    ['alert.type ~ "(?i)operationCOMPLETE$"', [7]],
    ['mo == scomo', [3, 5, 7]],
    ['mo in (devinfo, devdetail)', [2, 3, 4]],
    ['format == node', [5]],
    ['type == "text/plain"', [4]],
    ['data contains "1403"', [7]],
    ['correlator == job-7', [5, 7]],
    ['size > 0.2 KiB && size < 1MiB && kind == message && dir == down', [3, 5]],
    ['chunk', []],
    ['pkg == 1 || pkg == "#4"', [2, 5]],
    ['msgid == 2 && dir == up', [4]],
    ['session == 1A && session.key == 1 && final == true && dir == down', [3, 5]],
    ['http.method == POST', [2]],
    ['http.status == 200', [3]],
    ['auth == accepted', [3, 4, 5, 6]],
    ['lint.sev == error', [6]],
    ['lint.sev >= warn', [6]],
    ['lint.sev == warn', [6]],
    ['lint.rule ~ "^hdr[.]"', [6]],
    ['edited', [6]],
    ['held == edited', [6]],
    ['mark == 7', [4]],
    ['time >= "2026-01-31T12:00:06Z"', [6, 7, 8]],
    ['time < 12:00:02', [1]],
    ['delta > 1.5 s', [4]],
    ['dur == 250 ms', [3]],
    ['dur in (0..1s)', [3]],
    ['step == 2', [3]],
    ['scenario == s1-5.4.2 && run == 3 && seq == 1', [1]],
    ['after(step "2")', [4, 5, 6, 7, 8]],
    ['before(step 2)', [1]],
    ['within(step "2")', [2, 3]],
    ['within(#3..#5)', [3, 4, 5]],
    ['within(1s, #5)', [5, 6]],
    ['within(2 s, step "2")', [3, 4]],
    ['after(#6) && dir == up', [7, 8]],
    ['before("12:00:03")', [1, 2, 3]],
    ['answers(step "2")', [4]],
    ['any(status == 200 && answers(#3))', [4]],
    ['any(status == 200 && status.cmd == Get && answers(#5))', []],
    ['event == emi.notified', [8]],
    ['"antivir"', [5, 7]],
    ['"ALERT 12"', [2, 7]],
    ['note ~ "job-7"', [8]],
    ['not (dir == up or kind == push)', [3, 5]],
    ['cmd', [2, 3, 4, 5, 6, 7]],
  ])('%s', (text, rows) => {
    expect(found(text)).toEqual(rows)
    expect(found(text, 'wbxml').length, 'the same in WBXML').toBe(text.startsWith('size') ? found(text, 'wbxml').length : rows.length)
    const filter = rowFilter(text)
    expect(explain(filter.expr, ROWS)).toMatch(/^Rows where .+\.$/)
    expect(bare(parse(print(filter.expr), ROWS))).toEqual(bare(filter.expr))
  })

  it('decodes only what it must: a cheap term that fails leaves the bytes alone', () => {
    const asked: number[] = []
    const rows = tapes.xml
    const around = { frame: (seq: number) => (asked.push(seq), rows[seq - 1]), row: (seq: number) => rows[seq - 1]?.row }
    const seqs = (text: string): number[] => {
      asked.length = 0
      for (const row of passing(
        rowFilter(text),
        rows.map(({ row }) => row),
        around,
      ))
        void row
      return [...new Set(asked)]
    }
    expect(seqs('uri ~ "/Operations/" && cmd == Exec')).toEqual([5])
    expect(seqs('any(cmd == Exec && uri ~ "/Operations/")')).toEqual([5])
    expect(seqs('status >= 400 || dir == up')).toEqual([])
    expect(seqs('alert.type contains scomo')).toEqual([2, 7])
    expect(seqs('lint.rule ~ order')).toEqual([6])
    expect(seqs('uri == ./DevInfo/Man')).not.toContain(2)
  })

  it('says the same of a row whose bytes cannot be read, or are not at hand, without an exception', () => {
    const { row } = the(5)
    const broken = { ...the(5), bytes: Uint8Array.of(1, 2, 3) }
    for (const around of [{}, { frame: () => broken }]) {
      const reading = new Reading(around)
      expect(rowFilter('parent == Atomic').row(row, reading)).toBe(false)
      expect(rowFilter('cmd == Exec').row(row, reading)).toBe(true)
      expect(rowFilter('answers(#3) || within(step "1") || delta > 1 || dur > 1').row(row, reading)).toBe(false)
    }
  })
})

describe('what it says', () => {
  it.each([
    [
      'cmd == Exec && uri ~ "^./SCOMO"',
      'Rows where at least one command is Exec, and at least one target or source URI matches the pattern “^./SCOMO”.',
    ],
    ['status != 200', 'Rows where there is a status and none of them is 200.'],
    ['!(status == 200 || chunk)', 'Rows where it is not so that (at least one status is 200, or the chunk is set).'],
    [
      'size > 4 KiB && (dur > 5 s || time < 14:02)',
      'Rows where the size is more than 4 KiB, and (the duration is more than 5 s, or the time is before 14:02 UTC).',
    ],
    [
      'any(cmd == Exec && uri ~ "x")',
      'Rows where one command of the message is such that it is Exec, and its target or source URI matches the pattern “x”.',
    ],
    ['status in (401, 400..499)', 'Rows where at least one status is one of 401 or 400 to 499.'],
    ['"scomo"', 'Rows where anything shown contains “scomo”.'],
    ['status >= 400 && within(step "Y.3")', 'Rows where at least one status is at least 400, and the row belongs to step Y.3.'],
  ])('%s', (text, words) => {
    expect(explain(rowFilter(text).expr, ROWS)).toBe(words)
  })
})

describe('mistakes', () => {
  it.each<[string, number, number, RegExp]>([
    ['', 0, 0, /the filter ends here; expected a field/],
    ['sttaus == 200', 0, 6, /there is no field sttaus; expected status/],
    ['status = 200', 7, 8, /a single = is no operator; expected ==/],
    ['status == ', 10, 10, /a value for status is missing; expected a number/],
    ['status == abc', 10, 13, /abc is no number/],
    ['status == 5 s', 12, 13, /s does not belong here; expected &&/],
    ['status ~ "4.."', 7, 8, /~ looks into texts; status is a number/],
    ['uri > 5', 4, 5, /> compares numbers.*uri is a text/],
    ['dir == sideways', 7, 15, /dir is never sideways; expected up or down/],
    ['size > 5 XiB', 9, 12, /XiB does not belong here/],
    ['size > 5XiB', 7, 11, /XiB is no unit of a size; expected B,/],
    ['uri ~ "a(b"', 8, 11, /pattern: this \( is not closed/],
    ['uri ~ "\\u0041(b"', 13, 16, /pattern: this \( is not closed/],
    ['uri ~ "(?=x)"', 7, 13, /pattern: only \(\?: \)/],
    ['uri ~ "*"', 7, 9, /nothing to repeat/],
    ['uri == "open', 7, 12, /this text is not closed; expected "/],
    ['(dir == up', 10, 10, /the filter ends here; expected \)/],
    ['dir == up)', 9, 10, /\) does not belong here; expected &&, \|\| or the end/],
    ['dir == up & hop == S-D', 10, 11, /a single & is no operator; expected &&/],
    ['dir == up || ', 13, 13, /the filter ends here; expected a field/],
    ['dir up', 4, 6, /up follows dir without an operator; expected ==/],
    ['cmd:exec', 0, 8, /cmd:exec is no field; expected cmd == exec/],
    ['status in 200', 10, 13, /200 does not belong here; expected \( and a list/],
    ['status in (200', 14, 14, /the filter ends here; expected \)/],
    ['uri in ("a".."b")', 11, 13, /a range wants numbers; uri is a text/],
    ['time > yesterday', 7, 16, /yesterday is no value; expected a time/],
    ['time > 2026-02-30', 7, 17, /is no value/],
    ['final == maybe', 9, 14, /maybe is no value; expected true or false/],
    ['count(status)', 13, 13, /count\(\) is a number and wants to be compared/],
    ['len(status) > 3', 4, 10, /len\(\) counts characters of texts; status is a number/],
    ['after(soon)', 6, 10, /soon is no moment; expected step "2", #118 or "14:02:00"/],
    ['within(#3)', 9, 10, /within\(\) wants a step, two moments/],
    ['within(5 s)', 10, 11, /\) does not belong here; expected ,/],
    ['answers("12:00")', 8, 15, /is no moment; expected step "2" or #118/],
    ['step "2"', 5, 8, /follows step without an operator/],
    ['""', 0, 2, /an empty text/],
    ['dir == up ; hop', 10, 11, /; belongs to no word/],
    [`${'('.repeat(80)}dir`, 60, 61, /more than 60 brackets/],
    [`${'!'.repeat(200)}dir`, 60, 61, /more than 60 brackets/],
    [`"${'x'.repeat(10_001)}"`, 10_000, 10_003, /at most 10000 characters/],
  ])('%s', (text, start, end, message) => {
    let error: unknown
    try {
      rowFilter(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(FilterError)
    if (!(error instanceof FilterError)) return
    expect([error.start, error.end]).toEqual([start, end])
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(new RegExp(`^position ${start + 1}: `))
  })

  it('any text gives a filter or a FilterError with a place inside it, quickly', () => {
    const pieces = [
      'cmd',
      'uri',
      'status',
      '==',
      '~',
      '(',
      ')',
      '&&',
      '||',
      '!',
      'any(',
      'count(',
      'in',
      '"a"',
      "'",
      '200',
      '..',
      '5s',
      '#3',
      'step',
      'within(',
      ',',
      ' ',
      '\\',
      '"(a*)*b"',
      'é',
    ]
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((list) => list.join(' ')),
        ),
        (text) => {
          try {
            const filter = rowFilter(text)
            for (const { row } of tapes.xml) expect(typeof filter.row(row, new Reading({ frame: (seq) => tapes.xml[seq - 1] }))).toBe('boolean')
          } catch (error) {
            if (!(error instanceof FilterError)) throw error
            expect(error.start).toBeGreaterThanOrEqual(0)
            expect(error.start).toBeLessThanOrEqual(text.length)
            expect(error.end).toBeGreaterThanOrEqual(error.start)
          }
        },
      ),
      { numRuns: 1500 },
    )
  })
})

/** Without places. */
function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, v: unknown) => (key === 'start' || key === 'end' ? undefined : v)))
}

describe('written and read again', () => {
  const text = fc.string({ maxLength: 12 })
  const number = fc.oneof(
    fc.integer({ min: -1e6, max: 1e6 }),
    fc.integer({ min: 0, max: 1e6 }).map((n) => n / 100),
  )
  const place = { start: 0, end: 0 }
  const compare = fc.oneof(
    fc.record({
      field: fc.constantFrom('uri', 'device', 'data'),
      op: fc.constantFrom('==', '!=', 'contains', 'startswith'),
      value: text.map((value) => ({ type: 'text', value })),
    }),
    fc.record({
      field: fc.constant('uri'),
      op: fc.constant('~'),
      value: fc.constantFrom('^./A', '[a-z]+\\d', '(a|"b")*$').map((value) => ({ type: 'text', value })),
    }),
    fc.record({
      field: fc.constantFrom('status', 'msgid'),
      op: fc.constantFrom('==', '<', '>=', '!='),
      value: number.map((value) => ({ type: 'number', value })),
    }),
    fc.record({
      field: fc.constant('size'),
      op: fc.constant('>'),
      value: fc.tuple(number, fc.constantFrom('', 'KiB', 'MB')).map(([value, unit]) => ({ type: 'size', value, unit })),
    }),
    fc.record({
      field: fc.constant('dur'),
      op: fc.constant('<='),
      value: fc.tuple(number, fc.constantFrom('', 'ms', 's', 'h')).map(([value, unit]) => ({ type: 'duration', value, unit })),
    }),
    fc.record({ field: fc.constant('dir'), op: fc.constant('=='), value: fc.constantFrom('up', 'down').map((value) => ({ type: 'text', value })) }),
    fc.record({ field: fc.constant('final'), op: fc.constant('=='), value: fc.boolean().map((value) => ({ type: 'flag', value })) }),
    fc.record({
      field: fc.constant('time'),
      op: fc.constant('<'),
      value: fc.constantFrom('14:02', '2026-01-31T12:00:00.5Z').map((value) => ({ type: 'time', value })),
    }),
  )
  const moment = fc.oneof(
    text.map((key) => ({ type: 'step', key })),
    fc.nat().map((seq) => ({ type: 'row', seq })),
    fc.constantFrom('12:00', '2026-01-31').map((value) => ({ type: 'time', value })),
  )
  const anchor = fc.oneof(
    text.map((key) => ({ type: 'step', key })),
    fc.nat().map((seq) => ({ type: 'row', seq })),
  )
  const tree = fc.letrec<{ expr: unknown }>((tie) => ({
    expr: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      compare.map((one) => ({ type: 'compare', ...one })),
      fc.constantFrom('status', 'chunk', 'uri').map((field) => ({ type: 'has', field })),
      fc.string({ minLength: 1, maxLength: 8 }).map((wanted) => ({ type: 'search', text: wanted })),
      fc.tuple(number, number).map(([a, b]) => ({
        type: 'in',
        field: 'status',
        items: [
          { type: 'number', value: a },
          { type: 'range', from: { type: 'number', value: a }, to: { type: 'number', value: b } },
        ],
      })),
      fc
        .array(text, { minLength: 1, maxLength: 3 })
        .map((list) => ({ type: 'in', field: 'uri', items: list.map((value) => ({ type: 'text', value })) })),
      fc.record({ type: fc.constantFrom('after', 'before'), moment }),
      anchor.map((to) => ({ type: 'answers', to })),
      fc.tuple(moment, moment).map(([from, to]) => ({ type: 'within', from, to, span: null })),
      fc.tuple(moment, number).map(([from, value]) => ({ type: 'within', from, to: null, span: { type: 'duration', value, unit: 's' } })),
      fc.record({ type: fc.constantFrom('and', 'or'), terms: fc.array(tie('expr'), { minLength: 2, maxLength: 3 }) }),
      tie('expr').map((term) => ({ type: 'not', term })),
      fc.record({ type: fc.constantFrom('any', 'all'), of: tie('expr') }),
      tie('expr').map((of) => ({ type: 'count', of, op: '>', value: { type: 'number', value: 2 } })),
      fc.constant({ type: 'len', field: 'data', op: '>=', value: { type: 'number', value: 7 } }),
    ),
  }))
  /** Chains of one kind are one list once they were read without brackets between them. */
  it('parse(print(ast)) is the ast', () => {
    fc.assert(
      fc.property(tree.expr, (expr) => {
        const made = { ...(expr as object), ...place } as Expr
        const written = print(made)
        fc.pre(written.length < 5000)
        expect(bare(parse(written, ROWS))).toEqual(bare(made))
      }),
      { numRuns: 600 },
    )
  })
})

describe('other things than rows', () => {
  interface Device {
    readonly man: string
    readonly swv: string
  }
  const DEVICES: Schema<Device> = {
    fields: fieldsOf<Device>([
      { name: 'man', type: 'text', say: 'manufacturer', about: '', many: false, needs: 'row', read: ({ man }) => [man] },
      { name: 'swv', type: 'text', say: 'software version', about: '', many: false, needs: 'row', read: ({ swv }) => [swv] },
    ]),
  }
  it('the same language over another table', () => {
    const filter = compile('man == "ACME" && any(swv startswith "4.")', DEVICES)
    expect([filter.test({ man: 'ACME', swv: '4.2' }), filter.test({ man: 'ACME', swv: '5.0' })]).toEqual([true, false])
    expect(() => compile('cmd == Exec', DEVICES)).toThrow(/there is no field cmd/)
    expect(compile('"x" || after(#3) || answers(#3)', DEVICES).test({ man: 'x', swv: '' })).toBe(false)
  })
})

describe('a long trace', () => {
  it.each([
    ['status >= 400', 4],
    ['status >= 400 || correlator == nobody', 1000],
  ])('is searched slice by slice, every row once, and can be left at any point: %s', (expression, least) => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ ...the((i % 8) + 1).row, seq: i + 1 }))
    const source = (first: number, last: number) => rows.slice(first - 1, last)
    const filter = rowFilter(expression)
    const all: number[] = []
    let slices = 0
    for (let first = 1; first <= rows.length; slices++) {
      let asked = 0
      const { found: hits, through } = searchSlice(filter, { rows: source, around: {} }, first, rows.length, () => ++asked >= 3)
      expect(through).toBeGreaterThanOrEqual(first)
      all.push(...hits)
      first = through + 1
    }
    expect(slices).toBeGreaterThanOrEqual(least)
    expect(all).toEqual(rows.filter(({ statuses }) => statuses.includes('418')).map(({ seq }) => seq))
  })
})
