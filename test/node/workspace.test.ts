// A workspace folder's story: one owner, readers beside it, older ones brought forward, and every refusal in words.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startCheckpoint } from '../../core/node/checkpoint.ts'
import { startOf, takeLock } from '../../core/node/lock.ts'
import { openSegments } from '../../core/node/segments.ts'
import { openReadOnly, openSqlite } from '../../core/node/sqlite.ts'
import { openWorkspace, readApi } from '../../core/node/workspace.ts'
import { Ledger } from '../../core/store/ledger.ts'
import { migrate, pragma, STEPS, VERSION } from '../../core/store/schema.ts'
import { bodyOf, entryOf, needsSqlite } from '../store/memory.ts'
import { PATIENCE } from '../support/patience.ts'

let dir = ''
beforeEach((context) => {
  needsSqlite(context)
  dir = mkdtempSync(join(tmpdir(), 'dm-lab-workspace-'))
  return () => rmSync(dir, { recursive: true, force: true })
})

const open: { close(): Promise<void> }[] = []
const own = (...args: Parameters<typeof openWorkspace>): ReturnType<typeof openWorkspace> => {
  const workspace = openWorkspace(...args)
  open.push(workspace)
  return workspace
}
afterEach(async () => {
  for (const workspace of open.splice(0)) await workspace.close()
})

const mode = (name: string): number => statSync(join(dir, name)).mode & 0o777

test('a new workspace has its folders, a secret token, the account lab, and closes without a trace of the lock', async () => {
  const path = join(dir, 'new', 'lab')
  const workspace = own(path)
  expect(readdirSync(path).filter((name) => !name.startsWith('lab.db'))).toEqual(['ddf', 'frames', 'images', 'lock', 'rules', 'scenarios', 'token'])
  expect(workspace.token).toMatch(/^[0-9a-f]{64}$/)
  if (process.platform !== 'win32') expect(['token', 'lab.db', 'lock'].map((name) => mode(join('new', 'lab', name)))).toEqual([0o600, 0o600, 0o600])
  expect(workspace.ledger.accounts().map((account) => [account.device, account.userName, account.serverId])).toEqual([[null, 'lab', 'dm-lab']])
  expect(workspace.recovery).toBe('')
  await workspace.close()
  await workspace.close()
  expect(readdirSync(path).sort()).toEqual(['ddf', 'frames', 'images', 'lab.db', 'rules', 'scenarios', 'token'])
})

test('what was recorded and saved is there when it is opened again, with the same token', async () => {
  const first = own(dir)
  for (let n = 1; n <= 50; n++) first.trace.append(entryOf(n))
  first.ledger.dropAccount(null, 'lab')
  first.ledger.setSetting('enrol', 'ask')
  await first.close()
  const second = own(dir)
  expect([second.recovery, second.token, second.trace.last, second.ledger.setting('enrol')]).toEqual(['', first.token, 50, 'ask'])
  expect(second.trace.frame(17)?.bytes).toEqual(bodyOf(17))
  expect(second.ledger.accounts()).toEqual([])
})

test('a living owner keeps others out, also a second time in one process; the error names it', () => {
  own(dir)
  expect(() => openWorkspace(dir)).toThrow(`${join(dir, 'lock')}: the workspace is in use by process ${process.pid}`)
})

test('a lock of a process that is gone, of a reused pid, or of nonsense is taken over and told', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid
  const lock = join(dir, 'lock')
  const story = async (text: string): Promise<string> => {
    writeFileSync(lock, text)
    const workspace = own(dir)
    const { recovery } = workspace
    await workspace.close()
    expect(existsSync(lock)).toBe(false)
    return recovery
  }
  expect(await story(JSON.stringify({ pid: gone, start: '1' }))).toBe(`the lock of process ${gone}, which is gone, was taken over`)
  expect(await story('{"pid":')).toBe('an unreadable lock was taken over')
  expect(await story('')).toBe('an unreadable lock was taken over')
  if (startOf(process.pid) !== '')
    expect(await story(JSON.stringify({ pid: process.pid, start: '1' }))).toBe(`the lock of process ${process.pid}, which is gone, was taken over`)
  expect(readdirSync(dir).filter((name) => name.startsWith('lock'))).toEqual([])
})

test('of many that find a stale lock at once exactly one gets it', async () => {
  const source = `import { takeLock } from ${JSON.stringify(new URL('../../core/node/lock.ts', import.meta.url).href)}
    try { takeLock(process.argv[1]); console.log('mine') } catch (error) { console.log(error.message) }
    setTimeout(() => {}, 60_000); process.stdin.on('data', () => process.exit())`
  const lock = join(dir, 'lock')
  writeFileSync(lock, JSON.stringify({ pid: 0x3fffff, start: '1' }))
  const types = process.features.typescript ? [] : ['--experimental-strip-types']
  const children = Array.from({ length: 5 }, () => spawn(process.execPath, [...types, '--input-type=module', '-e', source, lock]))
  const said = await Promise.all(
    children.map((child) => new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())))),
  )
  const owner = children[said.indexOf('mine')]
  expect(said.filter((line) => line === 'mine').length, said.join('\n')).toBe(1)
  expect(said.filter((line) => line === `${lock}: the workspace is in use by process ${owner?.pid}`).length).toBe(4)
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve).stdin.write('end\n'))))
})

test('a lock that another took meanwhile is not removed by its old owner', () => {
  const path = join(dir, 'lock')
  const lock = takeLock(path)
  writeFileSync(path, JSON.stringify({ pid: 1, start: '' }))
  lock.release()
  expect(existsSync(path)).toBe(true)
})

test('readers see what the owner has flushed, find its API, and cannot write', async () => {
  const owner = own(dir)
  expect(readApi(dir)).toBeNull()
  owner.announce('http://127.0.0.1:7777/api/v1')
  const reader = own(dir, { readOnly: true })
  expect(readApi(dir)).toEqual({ url: 'http://127.0.0.1:7777/api/v1', pid: process.pid, token: owner.token })
  for (let n = 1; n <= 5; n++) owner.trace.append(entryOf(n))
  owner.trace.flush()
  expect([reader.trace.last, reader.token]).toEqual([5, owner.token])
  expect(reader.trace.frame(4)?.bytes).toEqual(bodyOf(4))
  owner.trace.append(entryOf(6))
  owner.trace.flush()
  expect(reader.trace.rows(1, 10).count).toBe(6)
  expect(reader.ledger.accounts().length).toBe(1)
  expect(() => reader.ledger.setSetting('a', 'b')).toThrow(/readonly/)
  expect(() => reader.announce('x')).toThrow('open for reading only')
  await owner.close()
  expect(readApi(dir)).toBeNull()
  expect(reader.trace.rows(1, 10).count).toBe(6)
})

test('a workspace without an owner can be read, and reading changes nothing in it', async () => {
  const owner = own(dir)
  owner.trace.append(entryOf(1))
  await owner.close()
  const before = readFileSync(join(dir, 'lab.db'))
  const reader = own(dir, { readOnly: true })
  expect(reader.trace.frame(1)?.bytes).toEqual(bodyOf(1))
  await reader.close()
  expect(readFileSync(join(dir, 'lab.db')).equals(before)).toBe(true)
  expect(() => openWorkspace(join(dir, 'images'), { readOnly: true })).toThrow('is not a workspace: it has no lab.db')
})

test('an older workspace is backed up, migrated and told; readers wait for that; the backup still opens', async () => {
  const old = openSqlite(join(dir, 'lab.db'))
  migrate(old, () => {}, STEPS.slice(0, 1))
  Ledger.open(old).setSetting('kept', 'yes')
  old.close()
  expect(() => openWorkspace(dir, { readOnly: true })).toThrow(
    `the workspace has version 1; open it once with "dmlab serve" to bring it to version ${VERSION}`,
  )
  writeFileSync(join(dir, 'lab.db.backup-v1'), 'of an earlier try')
  const workspace = own(dir)
  const backup = join(dir, 'lab.db.backup-v1-2')
  expect(workspace.recovery).toBe(`the workspace was brought from version 1 to ${VERSION}; the old database is kept as ${backup}`)
  expect(workspace.ledger.setting('kept')).toBe('yes')
  expect(readFileSync(join(dir, 'lab.db.backup-v1'), 'utf8')).toBe('of an earlier try')
  const kept = openReadOnly(backup)
  expect([pragma(kept, 'user_version'), Ledger.open(kept).setting('kept')]).toEqual([1, 'yes'])
  kept.close()
})

test('a newer workspace, another program’s file and no database at all are refused, and the lock is free again', async () => {
  const path = join(dir, 'lab.db')
  const newer = openSqlite(path)
  migrate(newer, () => {}, [...STEPS, () => {}])
  newer.close()
  expect(() => openWorkspace(dir)).toThrow(`${dir}: the workspace has version ${VERSION + 1}`)
  rmSync(path)
  writeFileSync(path, 'this is no database, but long enough to look at: '.repeat(50))
  expect(() => openWorkspace(dir)).toThrow(`${path}: file is not a database`)
  expect(existsSync(join(dir, 'lock'))).toBe(false)
  rmSync(path)
  own(dir)
})

test('a lost lab.db is made again from the segments, and that is told', async () => {
  const first = own(dir)
  for (let n = 1; n <= 5; n++) first.trace.append(entryOf(n))
  await first.close()
  rmSync(join(dir, 'lab.db'))
  const second = own(dir)
  expect(second.recovery).toBe('segment 1: 5 rows taken over that the index did not have yet')
  expect(second.trace.frame(5)?.bytes).toEqual(bodyOf(5))
})

test('a log that grows faster than it is emptied is made to begin anew', async () => {
  const database = join(dir, 'lab.db')
  const db = openSqlite(database)
  migrate(db, () => {})
  openSegments(join(dir, 'frames')).close()
  const failures: string[] = []
  const checkpoint = startCheckpoint({ database, segments: join(dir, 'frames'), every: 20, frames: 50, failed: (reason) => failures.push(reason) })
  const ledger = Ledger.open(db)
  let written = 0
  // The thread may come late; from then on the file does not grow with what is written.
  const small = (): boolean => written > 2000 && statSync(`${database}-wal`).size < (written * 4096) / 2
  for (const end = performance.now() + PATIENCE; !small() && performance.now() < end;) {
    for (let n = 0; n < 50; n++) ledger.setSetting(`s${n}`, String(written++).padEnd(400))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(small(), `${String(written)} writes`).toBe(true)
  expect(ledger.setting('s49')?.trim()).toBe(String(written - 1))
  await checkpoint.stop()
  db.close()
  expect(failures).toEqual([])
})

test('segment files: appends add up, reads beyond the end and missing files are told, many files stay few descriptors', () => {
  const segments = openSegments(join(dir, 'frames'))
  for (let segment = 1; segment <= 20; segment++) expect(segments.append(segment, Uint8Array.of(segment, 1))).toBe(0)
  expect(segments.append(3, Uint8Array.of(9))).toBe(2)
  expect([segments.list().length, segments.size(3), [...segments.read(3, 1, 2)]]).toEqual([20, 3, [1, 9]])
  expect(() => segments.read(3, 1, 5)).toThrow(`${join(dir, 'frames', '00000003.seg')} ends at 3, bytes up to 6 were expected`)
  expect(() => segments.read(99, 0, 1)).toThrow('ENOENT')
  segments.truncate(3, 1)
  segments.sync(3)
  segments.remove(4)
  expect([segments.size(3), segments.list().includes(4)]).toEqual([1, false])
  if (existsSync('/proc/self/fd')) {
    const opened = readdirSync('/proc/self/fd').length
    for (let segment = 5; segment <= 20; segment++) segments.read(segment, 0, 1)
    expect(readdirSync('/proc/self/fd').length - opened).toBeLessThanOrEqual(8)
  }
  segments.close()
})

test('the checkpoint thread empties the log, ends when told, and tells when it cannot work', async () => {
  const database = join(dir, 'lab.db')
  const db = openSqlite(database)
  migrate(db, () => {})
  openSegments(join(dir, 'frames')).close()
  const failures: string[] = []
  const failed = (reason: string): void => void failures.push(reason)
  const size = statSync(database).size
  const checkpoint = startCheckpoint({ database, segments: join(dir, 'frames'), every: 20, failed })
  const ledger = Ledger.open(db)
  for (let n = 0; n < 500; n++) ledger.setSetting(`s${n}`, 'x'.repeat(500))
  await expect.poll(() => statSync(database).size).toBeGreaterThan(size + 200_000)
  await checkpoint.stop()
  expect(failures).toEqual([])
  db.close()
  expect(existsSync(`${database}-wal`)).toBe(false)
  const lame = startCheckpoint({ database, segments: join(dir, 'nowhere'), every: 20, failed })
  await expect.poll(() => failures[0]).toContain('the checkpoint thread ended: ENOENT')
  await lame.stop()
})
