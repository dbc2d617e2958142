// The launcher: finds a Node with node:sqlite, passes arguments, stdin, signals and exit codes through untouched, and says when nothing is built.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, scratch } from './dmlab.ts'

const pinned = join(root, 'node_modules/node/bin/node')
/** A Node that lacks node:sqlite; older ones lack it anyway and do not know the flag. */
const without = process.allowedNodeEnvironmentFlags.has('--experimental-sqlite') ? ['--no-experimental-sqlite'] : []

/** A project folder of our own whose built program is `program`; null: not built. */
function project(program: string | null): string {
  const dir = scratch()
  mkdirSync(join(dir, 'core/node/cli'), { recursive: true })
  mkdirSync(join(dir, 'dist/lab'), { recursive: true })
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
  copyFileSync(join(root, 'core/node/cli/dmlab.mjs'), join(dir, 'core/node/cli/dmlab.mjs'))
  if (existsSync(pinned)) {
    mkdirSync(join(dir, 'node_modules'))
    symlinkSync(join(root, 'node_modules/node'), join(dir, 'node_modules/node'))
  }
  if (program !== null) writeFileSync(join(dir, 'dist/lab/cli.js'), program)
  return join(dir, 'core/node/cli/dmlab.mjs')
}

test('not built: one line, exit 2', () => {
  const run = spawnSync(process.execPath, [project(null), 'serve'], { encoding: 'utf8' })
  expect(run).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'dmlab: the program is not built yet (dist/lab/cli.js is missing): run `npm run build`\n',
  })
})

test('arguments, stdin, output and exit code go through as they are', () => {
  const launcher = project(
    `for await (const c of process.stdin) process.stdout.write(c); process.stdout.write(process.argv.slice(2).join('|')); process.exitCode = 7`,
  )
  for (const flags of [[], without]) {
    const bytes = Buffer.from([0, 255, 13, 10, 0x1b])
    const run = spawnSync(process.execPath, [...flags, launcher, '--a b', '', '*'], { input: bytes })
    expect(run).toMatchObject({ status: 7, stderr: Buffer.alloc(0), stdout: Buffer.concat([bytes, Buffer.from('--a b||*')]) })
  }
})

test.skipIf(!existsSync(pinned))('a Node without node:sqlite hands over to the pinned one', () => {
  const launcher = project(`import { isBuiltin } from 'node:module'; console.log(JSON.stringify([process.execPath, isBuiltin('node:sqlite')]))`)
  const run = spawnSync(process.execPath, [...without, launcher], { encoding: 'utf8' })
  const [path, sqlite] = JSON.parse(run.stdout) as [string, boolean]
  expect([realpathSync(path), sqlite]).toEqual([realpathSync(pinned), true])
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s reaches the program, and its way of ending comes back', async (signal) => {
  const launcher = project(
    `process.on('${signal}', () => { process.stdout.write('bye'); process.exit(3) }); setInterval(() => {}, 1000); console.log('ready')`,
  )
  const child = spawn(process.execPath, [...without, launcher], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += String(chunk)
    if (text === 'ready\n') child.kill(signal)
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([text, code]).toEqual(['ready\nbye', 3])
})

test('a program killed by a signal ends the launcher by the same signal', async () => {
  const launcher = project(`process.kill(process.pid, 'SIGKILL')`)
  const child = spawn(process.execPath, [...without, launcher], { stdio: 'ignore' })
  const ended = await new Promise((resolve) =>
    child.on('exit', (_, signal) => {
      resolve(signal)
    }),
  )
  expect(ended).toBe('SIGKILL')
})
