// Rows recorded per second and the cost of reading them back, against the same bytes as blobs in SQLite and as plain appends to a file.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TraceRow } from '../../core/api.ts'
import { openSqlite } from '../../core/node/sqlite.ts'
import { openWorkspace, type Workspace } from '../../core/node/workspace.ts'
import type { Db } from '../../core/store/ports.ts'
import type { NewEntry } from '../../core/store/entry.ts'
import { alternate } from './rows.ts'
import type { Row } from './rows.ts'

const ROUNDS = 5
const COUNT = 10_000
/** Rows between two flushes: what a busy lab records in about 200 ms. */
const BATCH = 500
const PAGE = 200
const READS = 1_000

const body = (n: number): Uint8Array => new Uint8Array(3_000).fill(32 + (n % 90))

const entry = (n: number): NewEntry => ({
  row: {
    kind: 'message',
    at: 1_790_000_000_000 + n,
    mono: n,
    direction: n % 2 === 0 ? 'down' : 'up',
    hop: 'S-D',
    session: 1 + Math.floor(n / 6),
    sessionId: (1 + (Math.floor(n / 6) % 65_535)).toString(16),
    device: `IMEI:${490_154_203_000_000 + (n % 100)}`,
    msgId: String(1 + (n % 6)),
    package: n % 2 === 0 ? '#4' : '#3',
    encoding: 'xml',
    size: 3_000,
    commands: ['Status', 'Results', 'Replace'],
    statuses: ['212', '200'],
    target: `./Vendor/Node${n % 500}`,
    final: true,
    httpStatus: n % 2 === 0 ? 200 : 0,
    findings: 0,
    severity: '',
    hold: 'no',
    text: '',
  },
  bytes: body(n),
  startLine: 'POST /dm HTTP/1.1',
  headers: [
    ['Host', '127.0.0.1:8080'],
    ['Content-Type', 'application/vnd.syncml.dm+xml'],
    ['Content-Length', '3000'],
  ],
  local: '127.0.0.1:8080',
  remote: '127.0.0.1:40000',
  cause: null,
  origin: 'bench',
  findings: [],
  notes: [],
})

const entries = Array.from({ length: COUNT }, (_, n) => entry(n))

/** A fresh folder for `work`, removed afterwards. */
async function inFolder<T>(work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const perSecond = (count: number, started: number): number => (count / (performance.now() - started)) * 1000

function record(workspace: Workspace): void {
  entries.forEach((one, n) => {
    workspace.trace.append(one)
    if (n % BATCH === BATCH - 1) workspace.trace.flush()
  })
}

/** The peer: one table, the summary as JSON, everything else said of the row as JSON, the body as a blob; same batches, same journal mode. */
function recordBlobs(db: Db): void {
  db.exec('PRAGMA wal_autocheckpoint = 1000')
  db.exec('CREATE TABLE frame (seq INTEGER PRIMARY KEY, session INTEGER NOT NULL, row TEXT NOT NULL, said TEXT NOT NULL, bytes BLOB NOT NULL)')
  const insert = db.prepare('INSERT INTO frame (session, row, said, bytes) VALUES (?, ?, ?, ?)')
  entries.forEach(({ row, bytes, ...said }, n) => {
    if (n % BATCH === 0) db.exec('BEGIN')
    insert.run(row.session, JSON.stringify(row), JSON.stringify(said), bytes)
    if (n % BATCH === BATCH - 1) db.exec('COMMIT')
  })
}

const appendOurs = (): Promise<number> =>
  inFolder(async (folder) => {
    const workspace = openWorkspace(folder)
    const started = performance.now()
    record(workspace)
    const rate = perSecond(COUNT, started)
    await workspace.close()
    return rate
  })

const appendBlobs = (): Promise<number> =>
  inFolder((folder) => {
    const db = openSqlite(join(folder, 'blobs.db'))
    const started = performance.now()
    recordBlobs(db)
    const rate = perSecond(COUNT, started)
    db.close()
    return rate
  })

const appendFile = (): Promise<number> =>
  inFolder((folder) => {
    const started = performance.now()
    for (const { bytes } of entries) appendFileSync(join(folder, 'bodies'), bytes)
    return perSecond(COUNT, started)
  })

/** Mean milliseconds of `read` at positions spread over the rows. */
function cost(read: (seq: number) => number): number {
  const started = performance.now()
  let bytes = 0
  for (let n = 0; n < READS; n++) bytes += read(1 + ((n * 7_919) % (COUNT - PAGE)))
  if (bytes === 0) throw new Error('nothing was read')
  return (performance.now() - started) / READS
}

/** Rows of `npm run bench -- store`. */
export async function store(): Promise<Row[]> {
  const [ours = 0, blobs = 0, file = 0] = await alternate(ROUNDS, [appendOurs, appendBlobs, appendFile])
  const reads = await inFolder(async (folder) => {
    const workspace = openWorkspace(join(folder, 'workspace'))
    record(workspace)
    const db = openSqlite(join(folder, 'blobs.db'))
    recordBlobs(db)
    const page = db.prepare('SELECT seq, row FROM frame WHERE seq BETWEEN ? AND ?')
    const one = db.prepare('SELECT row, said, bytes FROM frame WHERE seq = ?')
    const blobPage = (seq: number): number => page.all(seq, seq + PAGE - 1).map((sql) => JSON.parse(String(sql['row'])) as TraceRow).length
    const blobFrame = (seq: number): number => {
      const sql = one.get(seq)
      return JSON.parse(String(sql?.['row'])) && JSON.parse(String(sql?.['said'])) ? (sql?.['bytes'] as Uint8Array).length : 0
    }
    const medians = await alternate(ROUNDS, [
      () => cost((seq) => workspace.trace.rows(seq, PAGE).count),
      () => cost(blobPage),
      () => cost((seq) => workspace.trace.frame(seq)?.bytes.length ?? 0),
      () => cost(blobFrame),
    ])
    await workspace.close()
    db.close()
    return medians
  })
  const [rows = 0, blobRows = 0, frame = 0, blobFrames = 0] = reads
  const row = (name: string, mine: number, theirs: number, unit: string, note: string): Row => ({
    name,
    ours: mine,
    theirs,
    unit,
    ratio: mine / theirs,
    note,
  })
  return [
    row(
      'store.append',
      ours,
      blobs,
      'rows/s',
      `3 KB bodies, flushed every ${BATCH} rows; theirs: the same rows with their bytes as blobs in SQLite (WAL)`,
    ),
    row('store.appendFile', ours, file, 'rows/s', 'the same; theirs: the bare bodies, one fs.appendFileSync each, no index'),
    row('store.rows', rows, blobRows, `ms a page of ${PAGE}`, 'smaller is better; theirs: SELECT and JSON.parse of the rows in the table of blobs'),
    row(
      'store.frame',
      frame * 1000,
      blobFrames * 1000,
      'µs a frame',
      'smaller is better; ours with SHA-256 and CRC check; theirs: SELECT of the blob without either',
    ),
  ]
}
