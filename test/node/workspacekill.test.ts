// kill -9, for real: a child records and saves at full speed and is killed at random moments; the workspace opens, whole, each time.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openWorkspace } from '../../core/node/workspace.ts'
import { readPage } from '../../core/page.ts'
import { pragma } from '../../core/store/schema.ts'
import { needsSqlite } from '../store/memory.ts'
import { bodyOf } from '../store/rows.ts'

const KILLS = process.env['DM_LAB_SOAK'] === '1' ? 50 : 5
const child = join(import.meta.dirname, 'workspacechild.ts')

interface Told {
  readonly flushed: number
  readonly saved: number
  readonly held: number
}

/** Runs the child, kills it `after` ms after it opened the workspace, and gives what it had acknowledged. */
function runAndKill(dir: string, after: number): Promise<Told> {
  return new Promise((resolve, reject) => {
    const types = process.features.typescript ? [] : ['--experimental-strip-types']
    const notes = `${dir}.acknowledged`
    const running = spawn(process.execPath, [...types, '--no-warnings', child, dir, notes], { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    running.stderr.on('data', (data) => (errors += String(data)))
    running.stdout.once('data', () => setTimeout(() => running.kill('SIGKILL'), after))
    running.once('close', (code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the child ended by itself (${code}): ${errors}`))
      const text = readFileSync(notes, 'utf8')
      const last = (word: string): number => Number([...text.matchAll(new RegExp(`^${word} (\\d+)\\n`, 'gm'))].at(-1)?.[1] ?? 0)
      resolve({ flushed: last('flushed'), saved: last('saved'), held: last('held') })
    })
  })
}

test(
  `after ${KILLS} kills at random moments no workspace is corrupt, nothing acknowledged is missing`,
  { timeout: 30_000 + KILLS * 5_000 },
  async (context) => {
    needsSqlite(context)
    const root = mkdtempSync(join(tmpdir(), 'dm-lab-kill-'))
    let dir = ''
    let before = 0
    /** Last rows at a kill: what was to be said of them further may not have come. */
    const ends = new Set<number>()
    let seed = 12345
    try {
      for (let kill = 1; kill <= KILLS; kill++) {
        if (kill % 10 === 1) {
          dir = join(root, `workspace${kill}`)
          expect(before).toBeGreaterThanOrEqual(kill > 1 ? 100 : 0)
          before = 0
          ends.clear()
        }
        seed = (seed * 1103515245 + 12345) % 0x8000_0000
        const told = await runAndKill(dir, 20 + (seed % 700))
        const started = performance.now()
        const workspace = openWorkspace(dir)
        const opened = performance.now() - started
        const { trace, ledger } = workspace
        const where = `kill ${kill}: ${JSON.stringify(told)}; ${workspace.recovery}`
        // Opening reads what is missing, not everything; how long that takes is measured by the benchmarks.
        expect(opened, where).toBeLessThan(30_000)
        expect(workspace.recovery, where).toContain('which is gone, was taken over')
        expect(workspace.recovery, where).not.toMatch(/lost|removed|passed over/)
        expect(workspace.db.prepare('PRAGMA integrity_check').get(), where).toEqual({ integrity_check: 'ok' })
        expect(trace.last, where).toBeGreaterThanOrEqual(Math.max(told.flushed, before))
        const rows = readPage(trace.rows(1, trace.last))
        expect(rows.length, where).toBe(trace.last)
        rows.forEach((row, i) => {
          if (row.seq !== i + 1) expect(row.seq, where).toBe(i + 1)
        })
        ends.add(trace.last)
        const from = Math.max(1, before - 500)
        for (const frame of trace.each(from, trace.last)) {
          const { seq } = frame.row
          if (Buffer.compare(frame.bytes, bodyOf(seq)) !== 0) expect(frame.bytes, `${where}; row ${seq}`).toEqual(bodyOf(seq))
          if (seq % 7 === 0 && !ends.has(seq)) expect(frame.row.hold, `${where}; row ${seq}`).toBe('released')
        }
        const saved = Number(ledger.setting('saved') ?? 0)
        expect(saved, where).toBeGreaterThanOrEqual(told.saved)
        expect(ledger.alerts(0, 1e9).length, where).toBeGreaterThanOrEqual(saved)
        expect(ledger.values('d').length, where).toBeGreaterThanOrEqual(saved)
        for (const { held, bytes } of ledger.held()) expect([held.seq <= trace.last, bytes], where).toEqual([true, bodyOf(held.seq)])
        if (told.held > 0)
          expect(
            ledger.held().some((record) => record.held.id >= told.held),
            where,
          ).toBe(true)
        expect(pragma(workspace.db, 'user_version')).toBeGreaterThan(0)
        before = trace.last
        await workspace.close()
      }
      expect(before).toBeGreaterThan(100)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  },
)
