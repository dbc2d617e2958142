// The bundles as the tests use them: built with the project's own configuration, never those under dist/.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { once } from './once.ts'

const root = resolve(import.meta.dirname, '../..')
const vite = join(createRequire(import.meta.url).resolve('vite/package.json'), '../bin/vite.js')

/** One build of vite's. Rejects with what it printed. */
export async function bundle(folder: string, ...words: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'error', ...words], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  })
}

/** The folder of the window's bundle. */
export const windowBundle = (): Promise<string> => once('renderer', (folder) => bundle(folder, '--mode', 'renderer'))
