// Rules that the sources and the bundles of the shell must keep, checked by reading them.
import { readFileSync, readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Build } from '../support/electron-double/stage.ts'
import { ROOT, build } from '../support/electron-double/stage.ts'

const under = (folder: string, ends: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.test(name))
    .map((name) => join(folder, name))
const source = (path: string): string => readFileSync(path, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')

describe('the sources', () => {
  const shell = under(join(ROOT, 'electron'), /\.ts$/)
  const page = under(join(ROOT, 'renderer'), /\.(ts|vue|html|css)$/)
  it('are there', () => expect(shell.length).toBeGreaterThan(10))
  it.each([
    ['no webview', /<webview|webviewTag: true/],
    [
      'no weakened window',
      /nodeIntegration: true|contextIsolation: false|sandbox: false|webSecurity: false|allowRunningInsecureContent: true|experimentalFeatures: true|enableBlinkFeatures/,
    ],
    ['no remote module, no raw ipc, no file page', /@electron\/remote|ipcRenderer\.sendSync|loadFile\(|file:\/\//],
    ['no weakening switch', /appendSwitch|disable-web-security|--no-sandbox|setUsePlainTextEncryption/],
    ['no code from text', /\beval\(|new Function\(|executeJavaScript|insertCSS/],
  ])('%s', (_name, forbidden) => {
    for (const path of shell) expect(source(path), path).not.toMatch(forbidden)
  })
  it('open windows in one place, listen on ipcMain in one place, open outside links in one place', () => {
    const holding = (pattern: RegExp): string[] => shell.filter((path) => pattern.test(source(path))).map((path) => path.split('/').at(-1) ?? '')
    expect(holding(/new BrowserWindow\(/)).toEqual(['windows.ts'])
    expect(holding(/ipcMain\.(on|handle|once)/)).toEqual(['router.ts'])
    expect(holding(/shell\.openExternal/)).toEqual(['windows.ts'])
    expect(holding(/loadURL\(/)).toEqual(['windows.ts'])
  })
  it('of the page load nothing remote and write no markup from text', () => {
    for (const path of page) {
      expect(source(path), path).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)=["']https?:/)
      expect(source(path), path).not.toMatch(/v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|<webview|<iframe/)
    }
  })
})

describe('the bundles', () => {
  let built: Build
  beforeAll(async () => {
    built = await build('test page')
  })
  it('need nothing but electron and Node itself', () => {
    for (const path of under(join(built.folder, 'dist/main'), /\.js$/)) {
      const needs = [
        ...readFileSync(path, 'utf8').matchAll(/^\s*(?:import|export)\s[^'"]*?from\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm),
      ].map((match) => match[1] ?? match[2] ?? '')
      for (const name of needs) expect(name === 'electron' || /^\.\.?\//.test(name) || isBuiltin(name), `${name} in ${path}`).toBe(true)
    }
  })
  it('bring the native part of the serial port, and it loads from where they are', async () => {
    const chunks = under(join(built.folder, 'dist/main/assets'), /\.js$/).filter((path) => readFileSync(path, 'utf8').includes('bindings-cpp'))
    expect(chunks).toHaveLength(1)
    const made = (await import(/* @vite-ignore */ pathToFileURL(chunks[0] ?? '').href)) as Record<string, unknown>
    const found = Object.values(made).flatMap((value) => [
      value,
      ...(typeof value === 'function' && value.length === 0 ? [(value as () => unknown)()] : []),
    ])
    const library = found.find((value) => typeof value === 'object' && value !== null && 'SerialPort' in value) as {
      SerialPort: { list(): Promise<unknown[]> }
    }
    expect(await library.SerialPort.list()).toBeInstanceOf(Array)
  })
  it('give the preload one CommonJS file that requires electron only', () => {
    expect(under(join(built.folder, 'dist/preload'), /\.c?js$/)).toHaveLength(1)
    const text = readFileSync(join(built.folder, 'dist/preload/preload.cjs'), 'utf8')
    expect([...text.matchAll(/require\(\s*["'`]([^"'`]+)/g)].map((match) => match[1])).toEqual(['electron'])
    expect(text).not.toMatch(/\bBuffer\b|\bimport\s*\(|^import /m)
  })
})
