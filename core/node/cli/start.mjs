// `npm start`: builds what is missing and opens the desktop window; where there is no Electron runtime, serves the same window to a browser.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from './build.mjs'

const root = resolve(import.meta.dirname, '../../..')
const words = process.argv.slice(2)
const dev = words.includes('--dev')

/** Path of an Electron executable, or null: the override's folder first, then what the electron package has unpacked. */
function electron() {
  const name = { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }[process.platform] ?? 'electron'
  const folders = [process.env.ELECTRON_OVERRIDE_DIST_PATH, join(root, 'node_modules/electron/dist')]
  for (const folder of folders) if (folder && existsSync(join(folder, name))) return join(folder, name)
  return null
}

/** Starts a child that shares our terminal, passes signals on, and ends with its code. */
function become(command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`${command}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

if (!build({ ifNeeded: true })) process.exit(1)
const runtime = electron()
if (dev) {
  const { hot } = await import('./dev.mjs')
  await hot(root, words)
} else if (runtime !== null) {
  become(runtime, [root, ...words])
} else {
  process.stderr.write('No Electron runtime here (set ELECTRON_OVERRIDE_DIST_PATH to an unpacked one): serving the window to a browser.\n')
  const open = !words.includes('--no-open') && (process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY))
  const rest = words.filter((word) => word !== '--no-open')
  become(process.execPath, [join(root, 'core/node/cli/dmlab.mjs'), 'serve', '--window', ...(open ? ['--open'] : []), ...rest])
}
