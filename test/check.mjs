// `npm run check`: types (fences by tsconfig), lint without warnings, formatting, layers. Each step says what it is; the first failure does not stop the rest.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules/.bin', name)

const STEPS = [
  ['types: pure core', bin('tsc'), ['-p', 'core']],
  ['types: node', bin('tsc'), ['-p', 'core/node']],
  ['types: electron', bin('tsc'), ['-p', 'electron']],
  ['types: renderer', bin('vue-tsc'), ['-p', 'renderer']],
  ['types: tests', bin('vue-tsc'), ['-p', 'test']],
  ['lint', bin('eslint'), ['--max-warnings', '0', '.']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['layers', process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/layers.test.ts', '--reporter=dot']],
]

const failed = []
for (const [name, command, args] of STEPS) {
  process.stdout.write(`${name} …\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) failed.push(name)
}
process.stdout.write(failed.length === 0 ? 'check: all good\n' : `check failed: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
