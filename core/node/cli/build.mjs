// Builds dist/: renderer, main, preload and lab, in turn. `--if-needed` builds only what is missing or older than its sources.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')

/** Each build: its mode, the file that proves it, and the folders it is made of. */
const BUILDS = [
  { mode: 'renderer', proof: 'dist/renderer/index.html', from: ['renderer', 'core'] },
  { mode: 'lab', proof: 'dist/lab/cli.js', from: ['core'] },
  { mode: 'main', proof: 'dist/main/main.js', from: ['electron', 'core'] },
  { mode: 'preload', proof: 'dist/preload/preload.cjs', from: ['electron'] },
]

const newest = (path) => {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** Runs the builds wanted; returns false when one failed. `wanted` names modes, all when empty. */
export function build({ ifNeeded = false, quiet = false, wanted = [] } = {}) {
  const inputs = ['vite.config.ts', 'package.json']
  for (const { mode, proof, from } of BUILDS) {
    if (wanted.length > 0 && !wanted.includes(mode)) continue
    const made = join(root, proof)
    if (ifNeeded && existsSync(made)) {
      const age = statSync(made).mtimeMs
      if ([...from, ...inputs].every((path) => newest(join(root, path)) <= age)) continue
    }
    if (!quiet) process.stderr.write(`building ${mode} …\n`)
    const run = spawnSync(process.execPath, [vite, 'build', '--mode', mode, '--logLevel', 'warn'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    if (run.status !== 0) {
      process.stderr.write(`the ${mode} build failed\n`)
      return false
    }
  }
  return true
}

if (process.argv[1] === import.meta.filename) {
  const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
  process.exit(build({ ifNeeded: process.argv.includes('--if-needed'), wanted }) ? 0 : 1)
}
