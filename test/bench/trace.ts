// Rows examined per second by a filter over a recorded trace, against parsing the same rows as lines of JSON and testing them in JavaScript.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TraceRow } from '../../core/api.ts'
import { Searching } from '../../core/lab/searching.ts'
import { openWorkspace } from '../../core/node/workspace.ts'
import { readPage } from '../../core/page.ts'
import type { TraceStore } from '../../core/store/trace.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Message } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'
import { alternate } from './rows.ts'
import type { Row } from './rows.ts'

const ROUNDS = 5
const COUNT = 20_000

function message(n: number): Message {
  const uri = `./Vendor/Group${n % 50}/Node${n % 500}`
  return {
    header: {
      verDtd: '1.2',
      verProto: 'DM/1.2',
      sessionId: '1A',
      msgId: '2',
      target: { locUri: 'http://lab/dm' },
      source: { locUri: `IMEI:${n % 100}` },
    },
    commands: [
      { kind: 'Status', cmdId: '1', msgRef: '1', cmdRef: '0', cmd: 'SyncHdr', targetRefs: [], sourceRefs: [], code: 212, items: [] },
      { kind: 'Status', cmdId: '2', msgRef: '1', cmdRef: '2', cmd: 'Get', targetRefs: [], sourceRefs: [], code: n % 40 === 0 ? 404 : 200, items: [] },
      { kind: 'Results', cmdId: '3', msgRef: '1', cmdRef: '2', items: [{ source: { locUri: uri }, data: 'x'.repeat(1500) }] },
    ],
    final: true,
  }
}

function fill(store: TraceStore): void {
  for (let n = 0; n < COUNT; n++) {
    const own = message(n)
    const bytes = encode(own, { encoding: 'xml' })
    const { commands, statuses, firstTarget } = summarise(own)
    const row: Omit<TraceRow, 'seq'> = {
      kind: 'message',
      at: 1_790_000_000_000 + n,
      mono: n,
      direction: 'up',
      hop: 'S-D',
      session: 1 + Math.floor(n / 6),
      sessionId: '1A',
      device: `IMEI:${n % 100}`,
      msgId: '2',
      package: '#3',
      encoding: 'xml',
      size: bytes.length,
      commands,
      statuses,
      target: firstTarget,
      final: true,
      httpStatus: 0,
      findings: 0,
      severity: '',
      hold: 'no',
      text: '',
    }
    store.append({ row, bytes, startLine: '', headers: [], local: '', remote: '', cause: null, origin: 'bench', findings: [], notes: [] })
  }
  store.flush()
}

/** Rows a second of a search to its end, and what it found. */
function search(searching: Searching, expression: string): { readonly rate: number; readonly found: number } {
  const before = performance.now()
  let found = 0
  for (let at = 1; at <= COUNT;) {
    const slice = searching.find(expression, at, COUNT - at + 1)
    found += slice.found.length
    at = slice.through + 1
  }
  return { rate: (COUNT * 1000) / (performance.now() - before), found }
}

/** Rows of the area `trace`. */
export async function trace(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'dm-lab-bench-'))
  const workspace = openWorkspace(join(dir, 'ws'))
  try {
    fill(workspace.trace)
    const lines: string[] = []
    for (let at = 1; at <= COUNT; at += 5000) for (const row of readPage(workspace.trace.rows(at, 5000))) lines.push(JSON.stringify(row))
    const searching = new Searching(workspace.trace, () => performance.now())
    const expression = 'status >= 400 && uri startswith "./Vendor/Group4"'
    let sure = -1
    const plain = (): number => {
      const before = performance.now()
      let found = 0
      for (const line of lines) {
        const row = JSON.parse(line) as TraceRow
        if (row.statuses.some((code) => Number(code) >= 400) && row.target.startsWith('./Vendor/Group4')) found += 1
      }
      sure = found
      return (COUNT * 1000) / (performance.now() - before)
    }
    const ours = (text: string) => (): number => {
      const { rate, found } = search(searching, text)
      if (sure >= 0 && found !== sure) throw new Error(`${text} found ${found} rows, the scan ${sure}`)
      return rate
    }
    const [theirs = 0, rows = 0, bytes = 0] = await alternate(ROUNDS, [
      plain,
      ours(expression),
      ours(`status >= 400 && any(cmd == Results && source startswith "./Vendor/Group4")`),
    ])
    const row = (name: string, mine: number, note: string): Row => ({ name, ours: mine, theirs, unit: 'rows/s', ratio: mine / theirs, note })
    return [
      row(
        'trace.filter',
        rows,
        `${COUNT} rows on disk by their summaries, in slices of 12 ms; theirs: the same rows as lines of JSON in memory, parsed and tested`,
      ),
      row('trace.filter.bytes', bytes, 'the same question asked of the decoded bodies where the summary leaves it open (1 row in 40)'),
    ]
  } finally {
    await workspace.close()
    rmSync(dir, { recursive: true, force: true })
  }
}
