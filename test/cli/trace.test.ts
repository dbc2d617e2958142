// dmlab trace and export over a real workspace: the contract's shapes, redaction in every format, nothing overwritten, beside a running owner.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FrameDetail } from '../../core/api.ts'
import { readCapture } from '../../core/evidence/import.ts'
import { openWorkspace } from '../../core/node/workspace.ts'
import { bodies, detailOf, leaks } from '../evidence/canaries.ts'
import { hasSqlite } from '../support/needs.ts'
import { dmlab as alone, dmlabHere as dmlab, root, scratch, workspaceOf } from './dmlab.ts'

const details: FrameDetail[] = [
  ...[...bodies().values()].map(({ bytes, encoding }, i) => detailOf(bytes, encoding, 'message', i + 1)),
  detailOf(Buffer.from('not SyncML: password=Kanarie.basic.1\n'), '', 'http', 99),
  detailOf(new Uint8Array(), '', 'event', 100),
]
const count = details.length
const messages = count - 2
let ws = ''
const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe.skipIf(!hasSqlite)('with node:sqlite (Node 22.13 or newer)', () => {
  beforeAll(async () => {
    ws = await workspaceOf(details)
  })

  test('trace list --json: one message a line, fields as in the contract', async () => {
    const run = alone(['trace', 'list', '--json', '--workspace', ws])
    expect(run).toMatchObject({ code: 0, err: '' })
    const rows = lines(run.text)
    expect(rows).toHaveLength(messages)
    expect(Object.keys(rows[0] ?? {})).toEqual(
      'seq at mono direction hop sessionId device msgId package encoding size commands statuses findings'.split(' '),
    )
    expect(rows[0]).toMatchObject({
      seq: 1,
      at: '2026-09-21T14:13:20.123Z',
      mono: 12.5,
      direction: 'up',
      hop: 'S-D',
      package: '#1',
      encoding: 'xml',
      statuses: ['212'],
    })
    expect(lines((await dmlab(['trace', 'list', '--json', '--kind', 'all', '--workspace', ws])).text)).toHaveLength(count)
    expect(lines((await dmlab(['trace', 'list', '--json', '--from', '3', '--to', '5', '--workspace', ws])).text).map(({ seq }) => seq)).toEqual([
      3, 4, 5,
    ])
    expect(await dmlab(['trace', 'list', '--json', '--from', '2030-01-01T00:00:00Z', '--workspace', ws])).toMatchObject({ code: 0, text: '' })
    expect((await dmlab(['trace', 'list', '--json', '--session', '2', '--workspace', ws])).text).toBe('')
  })

  test('trace list for people, trace stats, trace show', async () => {
    const table = (await dmlab(['trace', 'list', '--workspace', ws])).text.trimEnd().split('\n')
    expect(table).toHaveLength(messages + 1)
    expect(table[1]).toContain('Alert 1201')
    const stats = lines((await dmlab(['trace', 'stats', '--json', '--workspace', ws])).text)
    expect(stats).toHaveLength(1)
    expect(stats[0]).toMatchObject({ rows: count, first: 1, last: count, kinds: { message: messages, http: 1, event: 1 }, sessions: 1, devices: 1 })
    const shown = (await dmlab(['trace', 'show', '1', '--workspace', ws])).text
    expect(shown).toContain('Content-Type: application/vnd.syncml.dm+xml')
    expect(shown).toContain('    <VerDTD>1.2</VerDTD>')
    expect((await dmlab(['trace', 'show', '1', '--raw', '--workspace', ws])).out.equals(Buffer.from(details[0]?.bytes ?? []))).toBe(true)
    expect((await dmlab(['trace', 'show', '1', '--json', '--workspace', ws])).text).toContain('"redacted":false')
    expect(await dmlab(['trace', 'show', '777', '--workspace', ws])).toMatchObject({
      code: 2,
      err: `dmlab: row 777: the trace holds 1 to ${String(count)}\n`,
    })
  })

  test('what is no workspace is refused in one line', async () => {
    const empty = scratch()
    expect(await dmlab(['trace', 'list', '--workspace', empty])).toMatchObject({
      code: 2,
      err: `dmlab: ${empty}: is no workspace (it has no lab.db)\n`,
    })
    expect(await dmlab(['trace', 'list', '--workspace', '/nowhere'])).toMatchObject({ code: 2, err: 'dmlab: /nowhere: no such folder\n' })
    expect(await dmlab(['trace', 'list', '--from', 'noon', '--workspace', ws])).toMatchObject({ code: 2 })
  })

  test('export ndjson: redacted, stamped, hashes right; unredacted only when asked for', async () => {
    const run = alone(['export', '--format', 'ndjson', '--workspace', ws])
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(leaks(run.out)).toEqual([])
    const rows = lines(run.text)
    expect(rows).toHaveLength(count)
    for (const row of rows) {
      expect(row['redacted']).toBe(true)
      expect(row['sha256']).toBe(
        createHash('sha256')
          .update(Buffer.from(row['body'] as string, 'base64'))
          .digest('hex'),
      )
    }
    expect(new Set(rows.map(({ device }) => device)).size).toBe(1)
    const open = await dmlab(['export', '--format', 'ndjson', '--unredacted', '--workspace', ws])
    expect(lines(open.text).every(({ redacted }) => redacted === false)).toBe(true)
    expect(leaks(open.out)).not.toEqual([])
    const back = [...readCapture('x', open.out, { now: 0, ms: Date.parse })]
    expect(back.map(({ entry }) => Buffer.from(entry.bytes).toString('hex'))).toEqual(details.map(({ bytes }) => Buffer.from(bytes).toString('hex')))
  })

  test('export raw: numbered files, headers, an index; redacted too', async () => {
    const folder = join(scratch(), 'raw')
    expect(await dmlab(['export', '--format', 'raw', '-o', folder, '--workspace', ws])).toMatchObject({ code: 0, err: '', text: '' })
    const names = readdirSync(folder)
    expect(names).toContain('000001-up.xml')
    expect(names).toContain('000007-up.wbxml')
    expect(names).toContain('000001-up.headers.txt')
    expect(leaks(Buffer.concat(names.flatMap((name) => [readFileSync(join(folder, name)), Buffer.from('\n')])))).toEqual([])
    const index = lines(readFileSync(join(folder, 'index.ndjson'), 'utf8'))
    expect(index.map(({ file }) => statSync(join(folder, file as string)).size)).toEqual(details.map(({ bytes }) => bytes.length))
    expect(await dmlab(['export', '--format', 'raw', '-o', folder, '--workspace', ws])).toMatchObject({ code: 2 })
    expect((await dmlab(['export', '--format', 'raw', '-o', folder, '--force', '--workspace', ws])).code).toBe(0)
    expect(await dmlab(['export', '--format', 'raw', '--workspace', ws])).toMatchObject({ code: 2 })
  })

  test('export to a file: never over another one, never half of one', async () => {
    const file = join(scratch(), 'out.ndjson')
    writeFileSync(file, 'mine')
    expect(await dmlab(['export', '--format', 'ndjson', '-o', file, '--workspace', ws])).toMatchObject({ code: 2 })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect((await dmlab(['export', '--format', 'ndjson', '-o', file, '--force', '--workspace', ws])).code).toBe(0)
    expect(lines(readFileSync(file, 'utf8'))).toHaveLength(count)
    expect(readdirSync(join(file, '..'))).toEqual(['out.ndjson'])
    expect(await dmlab(['export', '--format', 'har', '--workspace', ws])).toMatchObject({ code: 2 })
  })

  test('lint reads an export and tells the row', async () => {
    const file = join(scratch(), 'out.ndjson')
    await dmlab(['export', '--format', 'ndjson', '-o', file, '--workspace', ws])
    const run = await dmlab(['lint', '--json', file])
    expect(run.code).toBe(1)
    const { findings } = JSON.parse(run.text) as { findings: { seq: number; rule: string; severity: string }[] }
    expect(findings.filter(({ severity }) => severity === 'error').map(({ seq, rule }) => [seq, rule])).toEqual([
      [6, 'codec.unreadable'],
      [11, 'codec.unreadable'],
    ])
  })

  describe('beside a running owner', () => {
    let owner: ReturnType<typeof openWorkspace>
    let dir = ''
    beforeAll(() => {
      dir = join(scratch(), 'owned')
      owner = openWorkspace(dir)
    })
    afterAll(() => owner.close())

    test('rows appear once the owner has flushed them, and the owner is not disturbed', () => {
      const { row, ...rest } = details[0] as FrameDetail
      for (let i = 0; i < 3; i++) {
        owner.trace.append({ row, ...rest })
        owner.trace.flush()
        expect(lines(alone(['trace', 'list', '--json', '--workspace', dir]).text)).toHaveLength(i + 1)
      }
    })
  })

  test('a closed pipe ends quietly', async () => {
    const big = await workspaceOf(Array.from({ length: 3000 }, (_, i) => detailOf(Buffer.from('<a/>'), 'xml', 'message', i + 1)))
    const child = spawn(process.execPath, ['core/node/cli/cli.ts', 'trace', 'list', '--json', '--workspace', big], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let err = ''
    child.stderr.on('data', (chunk) => (err += String(chunk)))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('exit', resolve))
    expect([code, err]).toEqual([0, ''])
  })
})
