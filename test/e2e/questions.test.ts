// Questions of simulated devices in Chromium: shown beside any screen, answered by mouse and keyboard, nothing for axe to complain of.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeviceQuestion } from '../../core/api.ts'
import { check } from '../../core/node/validate.ts'
import { windowBundle } from '../support/bundles.ts'
import { demoLab } from '../support/demo.ts'
import type { FakeLab } from '../support/fakelab.ts'
import { serveWindow, type FakeServer } from '../support/fakeserver.ts'
import { launch } from './browser.ts'

const there = existsSync(process.env['CHROMIUM'] ?? '/usr/bin/chromium')
const question = (more: Partial<DeviceQuestion>): DeviceQuestion => ({
  id: '1',
  device: 'SIM:100001',
  kind: 'confirm',
  text: 'Install the update now?',
  choices: [],
  preset: [],
  maxLength: null,
  form: 'A',
  secret: false,
  asker: 'server',
  askedAt: Date.now(),
  until: Date.now() + 60_000,
  ...more,
})

describe.skipIf(!there)(`questions in Chromium${there ? '' : ' (missing: chromium; apt-get install chromium)'}`, { timeout: 120_000 }, () => {
  let browser: Browser
  let page: Page
  let server: FakeServer
  let lab: FakeLab
  beforeAll(async () => {
    const folder = await windowBundle()
    browser = await launch()
    lab = demoLab()
    server = await serveWindow(folder, lab, 0, check)
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: 'dark',
      reducedMotion: 'reduce',
      bypassCSP: true,
    })
    context.setDefaultTimeout(30_000)
    page = await context.newPage()
    await page.goto(server.url)
    await page.getByText('Connected').waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const card = (text: string) => page.getByRole('form', { name: text })
  const said = (): string | undefined => lab.calls.findLast((call) => call.startsWith('devices.answer'))

  it('shows text, time left and answers; yes, no and Escape do what they say', async () => {
    lab.ask(question({ id: '1' }))
    await card('Install the update now?')
      .getByText(/^(1:00|0:[0-5]\d) left$/)
      .waitFor()
    await card('Install the update now?').getByRole('button', { name: 'No' }).click()
    await card('Install the update now?').waitFor({ state: 'detached' })
    expect(said()).toBe('devices.answer 1 {"act":"no"}')
    lab.ask(question({ id: '2' }))
    await card('Install the update now?').getByRole('button', { name: 'Yes' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(said).toBe('devices.answer 2 {"act":"ok"}')
    lab.ask(question({ id: '3', kind: 'input', text: 'PIN?', secret: true, maxLength: 4 }))
    await card('PIN?').locator('input[type=password]').fill('1234')
    await page.keyboard.press('Escape')
    await expect.poll(said).toBe('devices.answer 3 {"act":"cancel"}')
  })

  it('choices: preset ones are chosen, several cards stand side by side, axe finds nothing', async () => {
    lab.ask(question({ id: '4', kind: 'choices', text: 'Which ones?', choices: ['Mail', 'Calendar', 'Notes'], preset: ['2'] }))
    lab.ask(question({ id: '5', kind: 'choice', text: 'Pick a profile', choices: ['Home', 'Work'], preset: ['2'] }))
    await card('Pick a profile').waitFor()
    expect(await card('Which ones?').getByRole('checkbox', { name: 'Calendar' }).isChecked()).toBe(true)
    await page.addScriptTag({ content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8') })
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(at: string): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> } }
      const { violations } = await axe.run('[aria-label="Questions of simulated devices"]')
      return violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.target.join(' ')}`))
    })
    expect(found).toEqual([])
    if (process.env['DM_LAB_SHOTS'] !== undefined) await page.screenshot({ path: join(process.env['DM_LAB_SHOTS'], 'questions.png') })
    await card('Which ones?').getByRole('checkbox', { name: 'Mail' }).check()
    await card('Which ones?').getByRole('button', { name: 'OK' }).click()
    await expect.poll(said).toBe('devices.answer 4 {"act":"chosen","numbers":[1,2]}')
    await card('Pick a profile').getByRole('button', { name: 'OK' }).click()
    await expect.poll(said).toBe('devices.answer 5 {"act":"chosen","numbers":[2]}')
  })
})
