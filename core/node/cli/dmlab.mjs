#!/usr/bin/env node
// The launcher of `dmlab`: runs dist/lab/cli.js on a Node that has node:sqlite; its own Node if it has, else the pinned one. Adds no word and no byte.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { constants } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { isatty } from 'node:tty'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const program = join(root, 'dist/lab/cli.js')
const pinned = ['bin/node', 'bin/node.exe'].map((path) => join(root, 'node_modules/node', path)).find((path) => existsSync(path))

/** Runs the same command on the pinned Node; signals go down, the exit code or signal comes up. */
function hand(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, DMLAB_LAUNCHED: '1' },
  })
  // A terminal sends Ctrl+C to both of us; only where there is none does it have to be passed on.
  const passed = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']
  for (const signal of passed) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => {
    if (!isatty(0)) child.kill('SIGINT')
  })
  child.on('error', (error) => {
    process.stderr.write(`dmlab: ${node} cannot be started: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2)
    for (const name of [...passed, 'SIGINT']) process.removeAllListeners(name)
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100)
  })
}

if (!existsSync(program)) {
  process.stderr.write('dmlab: the program is not built yet (dist/lab/cli.js is missing): run `npm run build`\n')
  process.exitCode = 2
} else if (!isBuiltin('node:sqlite') && pinned !== undefined && process.env.DMLAB_LAUNCHED !== '1') {
  hand(pinned)
} else {
  await import(pathToFileURL(program).href)
}
