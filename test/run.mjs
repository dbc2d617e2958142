// Runs every test this machine can run and closes with one plain line: N passed, N failed, N skipped. `--soak` runs the long versions.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { build } from '../core/node/cli/build.mjs'

/** So many files may be run a second time: what fails in more of them is no chance. */
const AGAIN = 3

const root = resolve(import.meta.dirname, '..')
const words = process.argv.slice(2)
const soak = words.includes('--soak')
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const say = (line) => process.stdout.write(`${line}\n`)

/** One run of vitest over `chosen` (nothing: all files). */
function run(chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-test-'))
  const counts = join(folder, 'counts.json')
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--reporter=default', '--reporter=./test/support/counts.mjs', ...chosen], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, DM_LAB_COUNTS: counts, ...(soak ? { DM_LAB_SOAK: '1' } : {}) },
  })
  try {
    const result = JSON.parse(readFileSync(counts, 'utf8'))
    return status !== 0 && result.failed === 0 ? { ...result, failed: 1, broken: [`vitest ended with code ${status}`], unhandled: 1 } : result
  } catch {
    return nothing('vitest wrote no result')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const nothing = (why) => ({ passed: 0, failed: 1, skipped: [], broken: [why], files: {}, unhandled: 1 })

/** A file with a failure is run a second time, whole; it counts as it ends then, and both are said: what passes only now is to be cured. */
function again(first) {
  const files = Object.entries(first.files)
  if (files.length === 0 || files.length > AGAIN || first.unhandled > 0) return first
  for (const [file, { failed, names }] of files) say(`run again: ${file} (${failed} failed at first: ${names.join('; ')})`)
  const second = run(files.map(([file]) => file))
  const sum = (key) => files.reduce((total, [, count]) => total + count[key], 0)
  return {
    passed: first.passed - sum('passed') + second.passed,
    failed: first.failed - sum('failed') + second.failed,
    skipped: [...new Set([...first.skipped, ...second.skipped])],
    broken: second.broken,
    twice: files.filter(([file]) => second.files[file] === undefined).map(([file]) => file),
  }
}

say(`Node ${process.version}`)
const result = build({ ifNeeded: true }) ? again(run(words.filter((word) => word !== '--soak'))) : nothing('the build failed')

for (const line of result.broken) say(`broken: ${line}`)
for (const line of result.skipped) say(`skipped: ${line}`)
for (const file of result.twice ?? []) say(`passed at the second run only: ${file}`)
const strict = Boolean(process.env.DM_LAB_NO_SKIPS) && result.skipped.length > 0
if (strict) say('a skipped test counts as a failure here: everything it needs is installed')
const failed = result.failed + (strict ? result.skipped.length : 0)
say(`${result.passed} passed, ${failed} failed, ${strict ? 0 : result.skipped.length} skipped`)
process.exit(failed > 0 || result.passed === 0 ? 1 : 0)
