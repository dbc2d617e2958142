// Runs every test this machine can run and closes with one plain line: N passed, N failed, N skipped. `--soak` runs the long versions.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { build } from '../core/node/cli/build.mjs'

const root = resolve(import.meta.dirname, '..')
const words = process.argv.slice(2)
const soak = words.includes('--soak')
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const folder = mkdtempSync(join(tmpdir(), 'dm-lab-test-'))
const counts = join(folder, 'counts.json')

process.stdout.write(`Node ${process.version}\n`)
let result = { passed: 0, failed: 1, skipped: [], broken: ['the build failed'] }
if (build({ ifNeeded: true })) {
  const run = spawnSync(
    process.execPath,
    [vitest, 'run', '--reporter=default', '--reporter=./test/support/counts.mjs', ...words.filter((word) => word !== '--soak')],
    { cwd: root, stdio: 'inherit', env: { ...process.env, DM_LAB_COUNTS: counts, ...(soak ? { DM_LAB_SOAK: '1' } : {}) } },
  )
  try {
    result = JSON.parse(readFileSync(counts, 'utf8'))
    if (run.status !== 0 && result.failed === 0) result = { ...result, failed: 1, broken: [`vitest ended with code ${run.status}`] }
  } catch {
    result = { passed: 0, failed: 1, skipped: [], broken: ['vitest wrote no result'] }
  }
}
rmSync(folder, { recursive: true, force: true })

for (const line of result.broken) process.stdout.write(`broken: ${line}\n`)
for (const line of result.skipped) process.stdout.write(`skipped: ${line}\n`)
const strict = Boolean(process.env.DM_LAB_NO_SKIPS) && result.skipped.length > 0
if (strict) process.stdout.write('a skipped test counts as a failure here: everything it needs is installed\n')
const failed = result.failed + (strict ? result.skipped.length : 0)
process.stdout.write(`${result.passed} passed, ${failed} failed, ${strict ? 0 : result.skipped.length} skipped\n`)
process.exit(failed > 0 || result.passed === 0 ? 1 : 0)
