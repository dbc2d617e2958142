// The built window in Chromium against a fake lab: what a person does with keyboard and mouse, under the strict policy, without one violation.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demoLab, heldLab, worked } from '../support/demo.ts'
import { createFakeLab, type FakeLab } from '../support/fakelab.ts'
import { has, needs } from '../support/needs.ts'
import { serveWindow, type FakeServer } from '../support/fakeserver.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const root = resolve(import.meta.dirname, '../..')
let folder = ''
let browser: Browser
let axe = ''

describe('window in Chromium', { timeout: 60_000 }, () => {
  const ends: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    if (!has('chromium')) return
    folder = mkdtempSync(join(tmpdir(), 'dm-lab-window-'))
    const vite = join(createRequire(import.meta.url).resolve('vite/package.json'), '../bin/vite.js')
    execFileSync(process.execPath, [vite, 'build', '--mode', 'renderer', '--outDir', folder, '--logLevel', 'error'], {
      cwd: root,
      env: { ...process.env, NODE_ENV: 'production' },
    })
    axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    browser = await chromium.launch({ executablePath: execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(), args: FLAGS })
  }, 120_000)
  beforeEach((context) => needs(context, 'chromium'))
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  afterAll(async () => {
    await browser?.close()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  /** Opens the window; whatever the page complains of fails the test at its end. */
  async function open(
    lab: FakeLab,
    options: { width?: number; height?: number; scheme?: 'light' | 'dark'; theme?: string } = {},
  ): Promise<{ page: Page; server: FakeServer }> {
    const server = await serveWindow(folder, lab)
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.scheme ?? 'light',
      reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(8000)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket connection|net::ERR/.test(message.text())) complaints.push(`console: ${message.text()}`)
    })
    await page.addInitScript((theme) => {
      const seen: string[] = []
      Object.assign(window, { violations: seen })
      document.addEventListener('securitypolicyviolation', (event) =>
        seen.push(`${event.violatedDirective} ${event.sourceFile}:${event.lineNumber} ${event.sample}`),
      )
      if (theme !== undefined) window.localStorage.setItem('dm-lab.theme', JSON.stringify(theme))
    }, options.theme)
    ends.push(async () => {
      const violations = await page.evaluate(() => (window as unknown as { violations: string[] }).violations)
      await context.close()
      await server.close()
      expect(violations).toEqual([])
      expect(complaints).toEqual([])
    })
    await page.goto(server.url)
    await page.getByText('Connected').waitFor()
    return { page, server }
  }

  /** Serious and critical findings of axe, as `rule: target`. Runs in an isolated world, beyond the page's policy. */
  async function audit(page: Page): Promise<string[]> {
    const session = await page.context().newCDPSession(page)
    const { frameTree } = await session.send('Page.getFrameTree')
    const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'audit' })
    await session.send('Runtime.evaluate', { contextId: executionContextId, expression: axe })
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
      expression: `axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ' ' + (n.any[0]?.message ?? '') )))`,
    })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'axe failed')
    return result.value as string[]
  }
  const rowText = (page: Page, seq: number): Promise<string> => page.locator(`#row-${seq}`).innerText()

  it('takes the token out of the address and shows the first run, whose demo leads to rows', async () => {
    const lab = createFakeLab()
    lab.onSimulate = ({ id = 'SIM:1' }) => {
      const key = lab.session(id, '1', 'open')
      worked(id, '1').forEach((bytes, i) => lab.message(i % 2 === 0 ? 'up' : 'down', bytes, 'xml', key))
    }
    const { page } = await open(lab)
    expect(page.url()).not.toContain('token')
    await page.getByText('Runs on this computer only. No account. No telemetry.').waitFor()
    await page.getByRole('button', { name: /Connect a device/ }).click()
    await page.getByText('npx dmlab device --server http://127.0.0.1:8080/dm').waitFor()
    expect(await audit(page)).toEqual([])
    await page.getByRole('button', { name: /Watch a demo/ }).click()
    await page.locator('#row-4').waitFor()
    expect(await rowText(page, 1)).toContain('Alert 1201, Replace')
    await page.reload()
    await page.locator('#row-4').waitFor()
  })

  it('opens a capture from a file', async () => {
    const lab = createFakeLab()
    const { page } = await open(lab)
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: /Open a capture/ }).click()
    await (await chooser).setFiles({ name: 'one.xml', mimeType: 'text/xml', buffer: Buffer.from(worked()[0] as Uint8Array) })
    await page.locator('#row-1[aria-selected=true]').waitFor()
    expect(lab.calls.filter((call) => call.startsWith('evidence'))).toEqual(['evidence.open one.xml 1116'])
  })

  it('walks by keyboard alone: rows, inspector, tabs, ladder, palette, sheet', async () => {
    const { page } = await open(demoLab())
    await page.locator('#row-20').waitFor()
    await page.keyboard.press('Control+1')
    await page.keyboard.press('Home')
    await page.keyboard.press('j')
    await page.locator('#row-2[aria-selected=true]').waitFor()
    expect(await page.locator('[role=grid]').getAttribute('aria-activedescendant')).toBe('row-2')
    expect(await page.locator('[role=grid]').getAttribute('aria-rowcount')).toBe('21')
    await page.getByRole('treeitem', { name: /^VerDTD/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'tree')
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown')
    expect(await page.locator('.outline [aria-selected=true] .name').innerText()).toBe('SessionID')
    await page.keyboard.press('Alt+2')
    await page.getByText('Exactly as on the wire').waitFor()
    await page.keyboard.press('Control+Alt+3')
    await page.locator('#tab-hex[aria-selected=true]').waitFor()
    await page.keyboard.press('Alt+1')
    await page.keyboard.press('Escape')
    await page.keyboard.press('n')
    await page.locator('#row-13[aria-selected=true]').waitFor()
    await page.keyboard.press('L')
    await page.locator('#rung-13[aria-selected=true]').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.locator('#rung-14[aria-selected=true]').waitFor()
    await page.keyboard.press('Control+K')
    await page.keyboard.type('407')
    await page.getByRole('option', { name: /407/ }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.locator('dialog [role=status]').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+F')
    await page.keyboard.type('jkln?')
    expect(await page.locator('#filter').inputValue()).toBe('jkln?')
    await page.getByText('0 of 20 rows match').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#rung-14').waitFor()
  })

  it('links element, text and byte both ways, in WBXML too, and shows what a table reference refers to', async () => {
    const { page } = await open(demoLab())
    await page.locator('#row-9').click()
    const line = page.locator('.outline .line', { hasText: 'NextNonce' })
    await line.click()
    const lit = await page.locator('.hex .chars .focus').allInnerTexts()
    expect(lit.join('')).toContain('TmV4dE5vbmNlRm9yUzAwMg==')
    const data = page.locator('.outline .line', { hasText: '1.0.7' })
    await data.hover()
    expect((await page.locator('.hex .chars .hover').count()) + (await page.locator('.outline .line.hover').count())).toBeGreaterThan(0)
    await page.locator('.hex').focus()
    await page.keyboard.press('Home')
    await page.getByText('version', { exact: false }).first().waitFor()
    await page.locator('#row-20').click()
    await page.locator('.outline .line', { hasText: 'MsgRef' }).first().waitFor()
    const reference = page.locator('.hex .cell.tableRef').first()
    await reference.click()
    await page.locator('.token .refers').waitFor()
    expect(await page.locator('.hex .cell.linked').count()).toBeGreaterThan(2)
    await page.keyboard.press('Alt+2')
    await page.getByText('As XML: derived, not the wire').waitFor()
    expect(await page.locator('.raw .focus').count()).toBeGreaterThan(0)
  })

  it('says why a body does not decode and marks the byte; shows an edit beside its original', async () => {
    const { page } = await open(demoLab())
    await page.locator('#row-14').click()
    await page.getByText('This body does not decode as WBXML.').waitFor()
    await page.locator('.hex .cell.fault').waitFor()
    await page.locator('#row-16').click()
    await page.locator('.outline .line', { hasText: 'Command failed' }).waitFor()
    await page.getByRole('button', { name: 'Showing as sent' }).click()
    await page.locator('.outline .explain', { hasText: /^OK$/ }).waitFor()
    await page.locator('#row-13').click()
    await page.locator('#tab-findings').click()
    await page.getByRole('button', { name: /bytes 0x/ }).click()
    expect((await page.locator('.hex .chars .focus').allInnerTexts()).join('')).toContain('<MsgRef>9</MsgRef>')
    await page.locator('#row-6').click()
    await page.locator('#tab-transport').click()
    await page.getByText('Content type text/xml is not SyncML').last().waitFor()
  })

  it('holds: counts, continues with F8, steps, edits with a check, asks before dropping, keeps a draft when the peer left', async () => {
    const lab = heldLab()
    const { page } = await open(lab)
    await page.getByText('3 held', { exact: true }).waitFor()
    await page.getByText('Peer gone - kept as draft').waitFor()
    await page.keyboard.press('F10')
    await page.getByText('2 held', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Edit' }).first().click()
    const editor = page.locator('.cm-content')
    await editor.waitFor()
    await editor.press('Control+End')
    await page.keyboard.type('x')
    await page.locator('.verdict.bad').waitFor()
    await page.getByRole('button', { name: 'Send edited' }).click()
    await page.getByRole('button', { name: 'Send broken' }).waitFor()
    await editor.press('Control+End')
    await page.keyboard.press('Backspace')
    await page.getByText('Unchanged.').waitFor()
    await page.getByLabel('Edit as').selectOption('hex')
    await page.getByText('3C 3F 78 6D 6C').waitFor()
    await page.getByRole('button', { name: 'Send edited' }).click()
    await page.getByText('1 held', { exact: true }).waitFor()
    await page.keyboard.press('F8')
    await page.getByText('The peer has left').waitFor()
    await page.keyboard.press('Shift+F8')
    await page.getByRole('button', { name: 'Drop', exact: true }).last().click()
    await page.locator('.tray').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+F8')
    await page.getByText('Breakpoints OFF').first().waitFor()
    const size = (worked('SIM:100001', '2C')[1] as Uint8Array).length
    expect(lab.calls.filter((call) => call.startsWith('stepper'))).toEqual([
      'stepper.decide 1 step',
      `stepper.decide 2 edit ${size}`,
      'stepper.decide 3 drop',
      'stepper.mode {"mode":"off"}',
    ])
  })

  it('follows the end only from the end, counts what came below, and never moves the selection', async () => {
    const lab = demoLab()
    const other = lab.session('SIM:8', '8')
    for (let i = 0; i < 60; i++) lab.message('up', worked()[0] as Uint8Array, 'xml', other)
    const { page } = await open(lab, { height: 720 })
    await page.locator('#row-80').waitFor()
    await page.locator('.grid').evaluate((grid) => (grid.scrollTop = 0))
    await page.locator('#row-20').click()
    await page.waitForTimeout(50)
    const key = lab.session('SIM:9', '9', 'open')
    for (let i = 0; i < 300; i++) lab.message('up', worked()[0] as Uint8Array, 'xml', key)
    await page.getByRole('button', { name: '300 new' }).waitFor()
    expect(await page.locator('.grid').evaluate((grid) => grid.scrollTop)).toBe(0)
    await page.getByRole('button', { name: '300 new' }).click()
    await page.locator('#row-380').waitFor()
    lab.message('up', worked()[0] as Uint8Array, 'xml', key)
    await page.locator('#row-381').waitFor()
    await page.keyboard.press('Control+F')
    await page.keyboard.type('device:SIM:9')
    await page.getByText('301 of 381 rows').waitFor()
    expect(await page.locator('.head h2').innerText()).toContain('#20')
  })

  it('comes back after a lost connection with what came meanwhile', async () => {
    const lab = demoLab()
    const { page, server } = await open(lab)
    server.accept(false)
    server.cut()
    await page.getByText('Connection to the lab lost.').waitFor()
    expect(await rowText(page, 20)).toContain('Results')
    const key = lab.session('SIM:9', '9')
    for (const bytes of worked()) lab.message('up', bytes, 'xml', key)
    server.accept(true)
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.locator('#row-24').waitFor()
    await page.getByText('Connection to the lab lost.').waitFor({ state: 'detached' })
    expect(lab.calls).toContain('trace.rows 21 5000')
  })

  it('stays quick with 100,000 rows and a body of 1.5 MB', async () => {
    const lab = createFakeLab()
    const key = lab.session('SIM:1', '1')
    for (let i = 0; i < 100_000; i++)
      lab.add({ session: key, device: 'SIM:1', sessionId: '1', encoding: 'xml', commands: i % 1000 === 0 ? ['Exec'] : ['Get'] })
    const big = new TextDecoder().decode(worked()[2]).replace('1.0.7', 'A'.repeat(1_500_000))
    lab.message('up', new TextEncoder().encode(big), 'xml', key)
    const { page } = await open(lab)
    await page.locator('#row-100001').waitFor()
    await page.locator('#row-100001').click()
    await page.locator('.outline .line', { hasText: 'FwV' }).first().waitFor()
    await page.locator('#tab-raw').click()
    await page.locator('.raw .markup').first().waitFor()
    expect(await page.locator('.raw .row').count()).toBeLessThan(120)
    await page.keyboard.press('Control+F')
    await page.keyboard.type('cmd:exec')
    await page.getByText('100 of 100,001 rows').waitFor()
    expect(await page.locator('.grid .row').count()).toBeLessThan(120)
  })

  it('queues commands and starts simulated devices as asked', async () => {
    const lab = demoLab()
    const { page } = await open(lab, { width: 1280, height: 720 })
    await page.keyboard.press('Control+2')
    await page.getByRole('row', { name: /IMEI:490154203237518/ }).click()
    await page.getByRole('combobox', { name: 'Command', exact: true }).selectOption('Replace')
    await page.getByRole('textbox', { name: 'LocURI', exact: true }).fill('DevDetail/Ext')
    await page.getByText('begins with ./').waitFor()
    await page.getByRole('textbox', { name: 'LocURI', exact: true }).fill('./DevDetail/Ext/x')
    await page.getByRole('textbox', { name: 'Data', exact: true }).fill('7')
    await page.getByRole('button', { name: 'Queue', exact: true }).click()
    await page.getByText('waits for the next session').waitFor()
    await page.getByRole('combobox', { name: 'Encoding' }).selectOption('wbxml')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByText(/Simulated device .* started/).waitFor()
    expect(lab.calls.filter((call) => call.startsWith('devices'))).toEqual([
      'devices.queue IMEI:490154203237518 [{"kind":"Replace","locUri":"./DevDetail/Ext/x","format":"chr","data":"7"}]',
      'devices.simulate {"encoding":"wbxml","auth":"md5","initiated":"client","wrongPassword":false,"answers":"person"}',
    ])
    expect(await audit(page)).toEqual([])
  })

  it.each([
    ['light', undefined],
    ['dark', undefined],
    ['light', 'contrast'],
    ['dark', 'contrast'],
  ] as const)('has no serious accessibility finding in %s, theme %s, and fits 1280 by 720', async (scheme, theme) => {
    const { page } = await open(heldLab(), { scheme, width: 1280, height: 720, ...(theme === undefined ? {} : { theme }) })
    await page.locator('#row-13').click()
    await page.locator('.outline .line').first().waitFor()
    const found: string[] = await audit(page)
    for (const tab of theme === undefined ? ['raw', 'hex', 'findings', 'transport'] : []) {
      await page.locator(`#tab-${tab}`).click()
      found.push(...(await audit(page)))
    }
    await page.getByRole('button', { name: 'Ladder' }).click()
    found.push(...(await audit(page)))
    await page.keyboard.press('Control+K')
    await page.getByRole('combobox', { name: /Search commands/ }).waitFor()
    found.push(...(await audit(page)))
    expect([...new Set(found)]).toEqual([])
    const over = await page.evaluate(() => [
      document.documentElement.scrollWidth - window.innerWidth,
      document.documentElement.scrollHeight - window.innerHeight,
    ])
    expect(over).toEqual([0, 0])
  })
})
