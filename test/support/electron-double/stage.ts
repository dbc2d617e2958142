// Has the real bundles built and runs the main bundle, unchanged, under the double.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { bundle, windowBundle } from '../bundles.ts'
import { once } from '../once.ts'
import type { Double, Settings } from './double.ts'
import { makeDouble } from './double.ts'

export const ROOT = resolve(import.meta.dirname, '../../..')
export const CHROMIUM = existsSync('/usr/bin/chromium')

/** A folder that holds dist/{main,preload,renderer} and tinylab.js; other test files read it, too. */
export interface Build {
  readonly folder: string
  readonly tinylab: string
}

/** Has main (with the lab's entry), preload and a page built: the test page, or the real renderer. */
export async function build(page: 'test page' | 'renderer'): Promise<Build> {
  const own = ['--config', join(import.meta.dirname, 'vite.config.ts'), '--mode']
  const folder = await once(`desktop ${page}`, async (made) => {
    const parts = await Promise.all([
      once('main', (out) => bundle(out, '--mode', 'main')),
      once('preload', (out) => bundle(out, '--mode', 'preload')),
      page === 'renderer' ? windowBundle() : once('test page', (out) => bundle(out, ...own, 'page')),
      once('tinylab', (out) => bundle(out, ...own, 'tinylab')),
    ])
    for (const [i, name] of ['dist/main', 'dist/preload', 'dist/renderer', 'tinylab'].entries())
      cpSync(parts[i] ?? '', join(made, name), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(made, 'package.json'))
  })
  return { folder, tinylab: join(folder, 'tinylab/tinylab.js') }
}

let runs = 0

/** Maps `electron` to the double that belongs to the run named in the importing module's query. */
const HOOK = `export async function resolve(specifier, context, next) {
  if (specifier !== 'electron') return next(specifier, context)
  const run = new URL(context.parentURL).searchParams.get('run')
  const names = ${JSON.stringify(Object.keys(makeDouble({} as Settings).module))}
  const source = 'const e = globalThis.__electronDoubles[' + run + '];' + names.map((name) => 'export const ' + name + ' = e.' + name).join(';')
  return { url: 'data:text/javascript,' + encodeURIComponent(source), shortCircuit: true }
}`

const doubles: Record<number, object> = {}
;(globalThis as unknown as { __electronDoubles: typeof doubles }).__electronDoubles = doubles

const { load } = createRequire(import.meta.url)('./native.cjs') as { load(url: string): Promise<unknown> }

export interface Stage extends Double {
  /** The page of the n-th window, once its script has connected to the lab. */
  page(n?: number): Promise<Page>
  until<T>(what: string, look: () => T | undefined | null | false | Promise<T | undefined | null | false>, ms?: number): Promise<T>
  close(): Promise<void>
}

/** Starts the application of `built` with `argv` after the program's name. */
export async function launch(built: Build, argv: readonly string[] = [], settings: Partial<Settings> = {}): Promise<Stage> {
  if (runs === 0) register(`data:text/javascript,${encodeURIComponent(HOOK)}`)
  const run = ++runs
  const userData = mkdtempSync(join(tmpdir(), 'dm-lab-user-'))
  const double = makeDouble({
    userData,
    isPackaged: false,
    lock: true,
    lab: built.tinylab,
    keyStore: true,
    messageBox: () => 1,
    open: () => ({ canceled: true, filePaths: [] }),
    save: () => ({ canceled: true, filePath: '' }),
    ...settings,
  })
  doubles[run] = double.module
  const kept = process.argv
  process.argv = [process.execPath, built.folder, ...argv]
  try {
    await load(`${pathToFileURL(join(built.folder, 'dist/main/main.js')).href}?run=${String(run)}`)
    await new Promise((done) => setImmediate(done))
  } finally {
    process.argv = kept
  }
  const until: Stage['until'] = async (what, look, ms = 30_000) => {
    const end = performance.now() + ms
    for (;;) {
      const seen = await Promise.resolve(look()).catch(() => null)
      if (seen !== undefined && seen !== null && seen !== false) return seen
      if (performance.now() > end) throw new Error(`waited ${String(ms)} ms for ${what}; calls: ${double.names().slice(-25).join(', ')}`)
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  return {
    ...double,
    until,
    page: (n = 0) =>
      until('a connected page', async () => {
        const page = double.windows()[n]?.page
        return page !== undefined && page !== null && (await page.evaluate('window.lab != null')) === true ? page : null
      }),
    close: async () => {
      for (const utility of double.utilities) if (utility.child.exitCode === null && utility.child.signalCode === null) utility.child.kill('SIGKILL')
      await double.closePages()
      delete doubles[run]
      rmSync(userData, { recursive: true, force: true })
    },
  }
}
