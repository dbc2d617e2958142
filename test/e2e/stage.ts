// The stage of the tests in Chromium: the window's bundle opened over a lab; whatever the page or its policy complains of fails the test.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { check } from '../../core/node/validate.ts'
import { windowBundle } from '../support/bundles.ts'
import type { FakeLab } from '../support/fakelab.ts'
import { serveWindow, type FakeServer } from '../support/fakeserver.ts'
import { launch } from './browser.ts'

/** False where this machine has no browser; `describe.skipIf(!THERE)` with `WITHOUT` in its name. */
export const THERE = existsSync(process.env['CHROMIUM'] ?? '/usr/bin/chromium')
export const WITHOUT = THERE ? '' : ' (missing: chromium; apt-get install chromium)'

export interface OpenOptions {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
  /** The theme kept in the browser. */
  readonly theme?: string
}

export interface Stage {
  /** Opens the window over a lab; it is closed, and its complaints told, after the test. */
  open(lab: Pick<FakeLab, 'api'>, options?: OpenOptions): Promise<{ readonly page: Page; readonly server: FakeServer }>
  /** Called after the test, newest first. */
  later(end: () => Promise<unknown>): void
}

/** Has the window built and starts a browser for the tests of the describe this is called in. */
export function stage(): Stage {
  const ends: (() => Promise<unknown>)[] = []
  let folder = ''
  let browser: Browser
  beforeAll(async () => {
    folder = await windowBundle()
    browser = await launch()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  afterAll(async () => {
    await browser?.close()
  })
  return {
    later: (end) => void ends.push(end),
    open: async (lab, options = {}) => {
      const server = await serveWindow(folder, lab, 0, check)
      const context = await browser.newContext({
        viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
        colorScheme: options.scheme ?? 'light',
        reducedMotion: 'reduce',
      })
      context.setDefaultTimeout(30_000)
      const page = await context.newPage()
      const told = await listening(page, options.theme)
      ends.push(async () => {
        const complaints = await told()
        await context.close()
        await server.close()
        expect(complaints).toEqual([])
      })
      await page.goto(server.url)
      await page.getByText('Connected').waitFor()
      return { page, server }
    },
  }
}

/** Notes errors, complaints of the console and violations of the policy; gives what tells them. */
async function listening(page: Page, theme: string | undefined): Promise<() => Promise<string[]>> {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/WebSocket connection|net::ERR/.test(message.text())) complaints.push(`console: ${message.text()}`)
  })
  await page.addInitScript((wanted) => {
    const seen: string[] = []
    Object.assign(window, { violations: seen })
    document.addEventListener('securitypolicyviolation', (event) =>
      seen.push(`${event.violatedDirective} ${event.sourceFile}:${event.lineNumber} ${event.sample}`),
    )
    if (wanted !== undefined) window.localStorage.setItem('dm-lab.theme', JSON.stringify(wanted))
  }, theme)
  return async () => [...complaints, ...(await page.evaluate(() => (window as unknown as { violations: string[] }).violations))]
}

/** Serious and critical findings of axe, as `rule: target`. Runs in an isolated world, beyond the page's policy. */
export async function audit(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'audit' })
  const expression = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await session.send('Runtime.evaluate', { contextId: executionContextId, expression })
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    contextId: executionContextId,
    awaitPromise: true,
    returnByValue: true,
    expression: `axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ' ' + (n.any[0]?.message ?? '') )))`,
  })
  if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'axe failed')
  return result.value as string[]
}

/** A picture of the page in the folder that DM_LAB_SHOTS names; nothing where it names none. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env['DM_LAB_SHOTS']
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) })
}
