// How rows reach the screen: pages, order, filter. The story: a burst arrives, somebody filters, a hold state moves, old pages go.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRow } from '../../core/api.ts'
import { packPage } from '../../core/page.ts'
import { liveValues, readFilter, termsOf, withTerm } from '../../renderer/model/filter.ts'
import { createOrder, lowerBound } from '../../renderer/model/order.ts'
import { createPages } from '../../renderer/model/pages.ts'

const row = (seq: number, more: Partial<TraceRow> = {}): TraceRow => ({
  seq,
  kind: 'message',
  at: 1000 * seq,
  mono: 1000 * seq,
  direction: seq % 2 === 0 ? 'down' : 'up',
  hop: 'S-D',
  session: 1 + (seq % 3),
  sessionId: '1A',
  device: `dev${seq % 3}`,
  msgId: '1',
  package: '#1',
  encoding: 'xml',
  size: 10,
  commands: seq % 2 === 0 ? ['Get'] : ['Alert 1201', 'Replace'],
  statuses: ['212', '200'],
  target: './DevInfo',
  final: true,
  httpStatus: 0,
  findings: 0,
  severity: '',
  hold: 'no',
  text: '',
  ...more,
})
const rows = (first: number, count: number): TraceRow[] => Array.from({ length: count }, (_, i) => row(first + i))
const settle = async (): Promise<void> => {
  for (let i = 0; i < 40; i++) await Promise.resolve()
}

describe('pages', () => {
  it('keeps every row of any sequence of fragments, newest first, whatever the bucket size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 40 }),
        (bucket, pieces) => {
          const pages = createPages(bucket, 1000)
          const truth = new Map<number, string>()
          pieces.forEach(([first, count], i) => {
            pages.put(packPage(rows(first, count).map((one) => ({ ...one, text: `piece ${i}` }))))
            for (let seq = first; seq < first + count; seq++) truth.set(seq, `piece ${i}`)
          })
          for (let seq = 1; seq <= 270; seq++) expect(pages.row(seq)?.text).toBe(truth.get(seq))
        },
      ),
      { numRuns: 60 },
    )
  })
  it('lets the least recently used bucket go and says which rows are missing', () => {
    const pages = createPages(10, 2)
    pages.put(packPage(rows(1, 10)))
    pages.put(packPage(rows(11, 10)))
    pages.put(packPage(rows(21, 10)))
    expect(pages.row(5)).toBeUndefined()
    expect(pages.row(15)?.seq).toBe(15)
    expect(pages.missing(1, 30)).toEqual([{ first: 1, count: 10 }])
    pages.forget(12, 12)
    expect(pages.missing(11, 20)).toEqual([{ first: 11, count: 10 }])
    expect(pages.held()).toBe(19)
  })
})

describe('pages with gaps', () => {
  it('takes a page that leaves rows out for what it is: only the rows in it', () => {
    const pages = createPages(10, 10)
    pages.put(packPage([row(1), row(3)]))
    expect([pages.row(1)?.seq, pages.row(2), pages.row(3)?.seq]).toEqual([1, undefined, 3])
    expect(pages.missing(1, 3)).toEqual([{ first: 1, count: 10 }])
    pages.put(packPage(rows(1, 12)))
    pages.put(packPage([row(2, { hold: 'held' }), row(12, { hold: 'held' })]))
    expect([pages.row(2)?.hold, pages.row(3)?.hold, pages.row(12)?.hold]).toEqual(['held', 'no', 'held'])
  })
})

describe('filter', () => {
  const rowA = row(7, {
    device: 'IMEI:49',
    commands: ['Exec'],
    statuses: ['212', '404'],
    target: './SCOMO/Download',
    severity: 'error',
    findings: 1,
    hold: 'held',
    package: '#2',
  })
  it.each([
    ['exec', true],
    ['EXEC scomo', true],
    ['exec delete', false],
    ['-exec', false],
    ['-delete', true],
    ['IMEI:49', true],
    ['IMEI:50', false],
    ['#7', true],
    ['"./SCOMO/Down"', true],
    ['cmd == exec', true],
    ['cmd == Exec && status >= 400', true],
    ['status in (500..599)', false],
    ['device contains IMEI && dir == up', true],
    ['pkg == 2', true],
    ['lint.sev == error', true],
    ['held == held', true],
    ['uri ~ "^./SCOMO"', true],
    ['', true],
    ['   ', true],
  ])('%s lets the row through: %s', (text, passes) => {
    const filter = readFilter(text)
    expect(filter.error).toBe('')
    expect(filter.test(rowA)).toBe(passes)
  })
  it('says in words what it does, and where and why it cannot be read', () => {
    expect(readFilter('exec -scomo').words).toBe('Rows where anything shown contains “exec”, and it is not so that anything shown contains “scomo”.')
    expect(readFilter('cmd == Exec').words).toBe('Rows where at least one command is Exec.')
    expect(readFilter('cmd == Exec || uri == "./Dev')).toMatchObject({
      error: 'Position 23: this text is not closed. Expected: ".',
      place: { start: 22, end: 28 },
      words: '',
    })
    expect(readFilter('cmd:exec').error).toBe('Position 1: cmd:exec is no field. Expected: cmd == exec.')
    expect(readFilter('cmd ==').place).toEqual({ start: 6, end: 7 })
    expect(readFilter('cmd ==').test(rowA)).toBe(true)
  })
  it('never throws; an error has a place in the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { error, place, test } = readFilter(text)
        expect(typeof test(rowA)).toBe('boolean')
        expect(place !== null).toBe(error !== '')
      }),
    )
  })
  it('offers terms that hold for the row, and joins them to what is there', () => {
    const terms = termsOf(rowA)
    expect(terms.map(({ expression }) => expression)).toEqual(
      expect.arrayContaining([
        'cmd == Exec',
        'uri == "./SCOMO/Download"',
        'status == 404',
        'device == "IMEI:49"',
        'pkg == "#2"',
        'lint.sev == error',
      ]),
    )
    for (const { expression } of terms) expect(readFilter(expression).test(rowA), expression).toBe(true)
    expect(withTerm('', 'cmd == Exec', false)).toBe('cmd == Exec')
    expect(withTerm('dir == up || hop == S-G', 'cmd == Exec', true)).toBe('(dir == up || hop == S-G) && !(cmd == Exec)')
    expect(withTerm('exec', 'dir == up', false)).toBe('"exec" && dir == up')
    expect(withTerm('dir ==', 'cmd == Exec', false)).toBe('cmd == Exec')
  })
  it('knows which values there are, the most frequent first', () => {
    const live = liveValues([row(1), row(2), row(4), rowA])
    expect(live('cmd')).toEqual(['Get', 'Alert', 'Replace', 'Exec'])
    expect(live('alert.code')).toEqual(['1201'])
    expect(live('nothing')).toEqual([])
  })
})

describe('order', () => {
  const lab = (count: number) => {
    const all = rows(1, count)
    const loads: number[] = []
    const asked: string[] = []
    const order = createOrder({
      // The lab's side: bytes say what rows do not; a slice is 700 rows.
      find: async (expression, first, count) => {
        asked.push(`${expression} ${first} ${count}`)
        const through = Math.min(first + count - 1, first + 699)
        return {
          found: all.filter((one) => one.seq >= first && one.seq <= through && one.seq % 10 === 0 && one.hold === 'no').map((one) => one.seq),
          through,
        }
      },
      row: (seq) => all[seq - 1],
      load: async (from) => void loads.push(from),
      session: async (session) => Float64Array.from(all.filter((one) => one.session === session).map((one) => one.seq)),
      changed: () => {},
    })
    order.bounds(1, count)
    return { all, order, loads, asked }
  }
  it('is all rows without a list of them', () => {
    const { order } = lab(10)
    order.bounds(1, 1_000_000)
    expect([order.count(), order.seqAt(999_999), order.indexOf(500_000), order.narrowed()]).toEqual([1_000_000, 1_000_000, 499_999, false])
  })
  it('searches step by step, counts what it examined, and goes on with new rows', async () => {
    const { all, order } = lab(5000)
    order.narrow({ kind: 'all' }, readFilter('cmd == Get'))
    expect(order.searching()).toBe(true)
    expect([order.count(), order.seqAt(1)], 'what stood there stays until something was examined').toEqual([5000, 2])
    await settle()
    expect([order.searching(), order.searched(), order.count(), order.base()]).toEqual([false, 5000, 2500, 5000])
    all.push(row(5001), row(5002))
    order.bounds(1, 5002)
    await settle()
    expect([order.count(), order.seqAt(2500), order.indexOf(5002), order.indexOf(5001)]).toEqual([2501, 5002, 2500, -1])
  })
  it('narrows to a session and reads only its rows', async () => {
    const { order, loads } = lab(9000)
    order.narrow({ kind: 'session', session: 2 }, readFilter(''))
    await settle()
    expect([order.count(), order.base(), order.seqAt(0), order.seqAt(1)]).toEqual([3000, 3000, 1, 4])
    expect(loads.length).toBeLessThanOrEqual(6)
  })
  it('moves a row in or out when its hold state changes', async () => {
    const { all, order } = lab(20)
    order.narrow({ kind: 'all' }, readFilter('held == held'))
    await settle()
    expect(order.count()).toBe(0)
    all[9] = row(10, { hold: 'held' })
    order.changedRows([all[9]])
    expect([order.count(), order.seqAt(0)]).toEqual([1, 10])
    all[9] = row(10, { hold: 'released' })
    order.changedRows([all[9]])
    expect(order.count()).toBe(0)
  })
  it('asks the lab where bytes decide, slice by slice, without a row travelling', async () => {
    const { all, order, loads, asked } = lab(3000)
    order.narrow({ kind: 'all' }, readFilter('data contains "x"'))
    await settle()
    expect([order.searching(), order.searched(), order.count(), order.base(), order.seqAt(1), loads.length]).toEqual([false, 3000, 300, 3000, 20, 0])
    expect(asked).toEqual([1, 701, 1401, 2101, 2801].map((first) => `data contains "x" ${first} ${3001 - first}`))
    all[9] = row(10, { hold: 'held' })
    order.changedRows([all[9]])
    await settle()
    expect([order.count(), order.seqAt(0)]).toEqual([299, 20])
    order.narrow({ kind: 'session', session: 2 }, readFilter('data contains "x"'))
    await settle()
    expect([order.count(), order.base(), order.seqAt(0)]).toEqual([99, 1000, 40])
    order.narrow({ kind: 'device', device: 'dev0' }, readFilter('data contains "x"'))
    await settle()
    expect([order.count(), order.base(), order.seqAt(0)]).toEqual([100, 1000, 30])
  })
  it('forgets an old search when a new one begins', async () => {
    const { order } = lab(5000)
    order.narrow({ kind: 'all' }, readFilter('cmd == Get'))
    order.narrow({ kind: 'device', device: 'dev1' }, readFilter(''))
    await settle()
    expect(order.count()).toBe(1667)
  })
  it('finds the lower bound of any value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer()),
        fc.integer(),
        (list, value) =>
          lowerBound(
            [...list].sort((a, b) => a - b),
            value,
          ) === list.filter((one) => one < value).length,
      ),
    )
  })
})
