// Scenarios, jobs, catalogue, component board and consent in Chromium against a fake lab and a real one: live, by mouse and keyboard, strict policy, nothing for axe to complain of.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consent, demoBoard, downloadRows, downloadRun, softwareLab } from '../support/demosoftware.ts'
import type { FakeLab } from '../support/fakelab.ts'
import { realLab } from '../support/reallab.ts'
import { scenarioStory, softwareStory } from './softwareshots.ts'
import { audit, shot, stage, THERE, WITHOUT, type OpenOptions } from './stage.ts'

describe.skipIf(!THERE)(`software in Chromium${WITHOUT}`, { timeout: 120_000 }, () => {
  const { open: over, later } = stage()
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dm-lab-software-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const open = async (lab: Pick<FakeLab, 'api'>, options: OpenOptions = {}): Promise<Page> =>
    (await over(lab, { width: 1280, height: 720, ...options })).page
  /** The page itself never scrolls sideways. */
  async function fits(page: Page): Promise<void> {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(wide).toBeLessThanOrEqual(0)
  }
  const steps = (page: Page) => page.getByRole('list', { name: 'Steps' })
  const words = async (page: Page): Promise<string[]> =>
    (await steps(page).locator('button.step .verdict').allTextContents()).map((text) => text.replace(/[^a-z ]/g, '').trim())

  describe('scenarios', () => {
    it('a run lights up step by step beside its ladder; a click on a step lights its messages and shows the first', async () => {
      const { lab } = softwareLab()
      const rows: number[] = []
      const next = downloadRows(lab)
      lab.software.onRun = (run) => {
        lab.software.runs.shift()
        lab.software.runs.unshift(run)
      }
      const page = await open(lab)
      await page.keyboard.press('Control+5')
      await page.getByRole('treeitem', { name: /5\.4\.2\.1/ }).click()
      expect(await words(page)).toEqual(Array(9).fill('pass'))
      await page.getByLabel('Encoding').selectOption('wbxml')
      await page.getByLabel('Seed').fill('7')
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await expect
        .poll(() => lab.calls.findLast((call) => call.startsWith('scenarios.run')))
        .toBe('scenarios.run {"id":"s1-5.4.2","encoding":"wbxml","seed":7,"transport":"memory","pace":200}')
      await page.getByText('The run has begun').waitFor()
      const [run] = lab.software.runs
      if (run === undefined) throw new Error('no run')
      for (const add of next) {
        rows.push(add())
        lab.software.tell('scenario', downloadRun(run, rows))
        if (rows.length === 3) {
          await expect.poll(() => words(page)).toEqual(['pass', 'pass', 'pass', 'running', 'waiting', 'waiting', 'waiting', 'waiting', 'waiting'])
          expect(await steps(page).locator('[aria-current=step]').count()).toBe(1)
          await page
            .getByRole('contentinfo')
            .getByRole('button', { name: /s1-5\.4\.2 running/ })
            .waitFor()
        }
      }
      await expect.poll(() => words(page)).toEqual(Array(9).fill('pass'))
      await page.locator('#step-6a').click()
      const ladder = page.getByRole('grid', { name: 'Ladder of the run' })
      expect(await ladder.locator('.rung.lit').count()).toBe(2)
      await page.getByLabel('Inspector').getByText('Exec').first().waitFor()
      expect(await ladder.getByRole('row', { selected: true }).getAttribute('id')).toBe(`rung-${String(rows[5])}`)
      await ladder.focus()
      await page.keyboard.press('ArrowDown')
      expect(await ladder.getByRole('row', { selected: true }).getAttribute('id')).toBe(`rung-${String(rows[6])}`)
      await shot(page, 'scenario-run')
      expect(await audit(page)).toEqual([])
      await fits(page)
    })

    it('a failed run says which step and why; lanes carry the infrastructure and the download server', async () => {
      const { lab } = softwareLab()
      const page = await open(lab, { scheme: 'dark', width: 1440, height: 900 })
      await page.keyboard.press('Control+5')
      await page
        .getByRole('listbox', { name: 'Runs, newest first' })
        .getByRole('option', { name: /1\s*s1-5\.4\.2/ })
        .click()
      expect(await words(page)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'fail', 'not reached', 'not reached', 'not reached'])
      await page.getByText('the device refuses the Exec: 405').waitFor()
      await page.getByText('broken on purpose at step 6').waitFor()
      const head = page.getByRole('grid', { name: 'Ladder of the run' }).locator('.head')
      expect((await head.locator('.lane').allTextContents()).map((text) => text.trim())).toEqual([
        'Infrastructure',
        'DM Server',
        'Download Server',
        'Device',
      ])
      expect(await audit(page)).toEqual([])
    })

    it('branches stand at their steps; the keyboard walks library and steps; reports are saved', async () => {
      const { lab } = softwareLab()
      const page = await open(lab)
      await page.keyboard.press('Control+5')
      const tree = page.getByRole('tree', { name: 'Scenarios' })
      await expect.poll(() => tree.evaluate((one) => one === document.activeElement)).toBe(true)
      await page.keyboard.press('ArrowDown')
      expect(await tree.getByRole('treeitem', { selected: true }).getAttribute('id')).toBe('scenario-s1-5.4.1-alt1')
      await page.getByRole('heading', { name: 'Not run yet' }).waitFor()
      await page.getByRole('treeitem', { name: /5\.4\.2\.1/ }).click()
      await steps(page)
        .getByRole('button', { name: /Alternative Flow 2/ })
        .click()
      await page
        .getByRole('group', { name: 'Branches of this flow' })
        .getByRole('button', { name: /Alternative Flow 2/, pressed: true })
        .waitFor()
      await steps(page).locator('.own').getByText('Alternative Flow 2', { exact: true }).waitFor()
      await page
        .getByRole('group', { name: 'Branches of this flow' })
        .getByRole('button', { name: /Normal flow/ })
        .click()
      await page.locator('#step-1').focus()
      await page.keyboard.press('ArrowDown')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('step-2')
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the report as HTML' }).click()])
      expect(file.suggestedFilename()).toBe('report.html')
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: /^Search commands/ }).fill('5.1.5')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: /5\.1\.5/ }).waitFor()
    })
  })

  describe('jobs', () => {
    it('are listed with state, result and age, narrowed, shown with their log, and lead to the row that decided', async () => {
      const { lab, rows } = softwareLab()
      const page = await open(lab)
      await page.keyboard.press('Control+9')
      const grid = page.getByRole('grid', { name: 'Jobs, newest first' })
      expect(await grid.getByRole('row').count()).toBe(13)
      await page.getByLabel('State', { exact: true }).selectOption('failed')
      await grid.getByRole('row', { name: /1405 install failed/ }).waitFor()
      expect(await grid.getByRole('row').count()).toBe(2)
      await page.getByLabel('State', { exact: true }).selectOption('')
      await grid.focus()
      await page.keyboard.press('Home')
      for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown')
      const side = page.getByRole('complementary', { name: 'Job' })
      await side.getByText('Alert 1226 OperationComplete: 1200').waitFor()
      await side.getByText('HTTP 204, 1 try').waitFor()
      await shot(page, 'jobs')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await side.getByRole('button', { name: `#${String(rows[4])}: show it in the trace` }).click()
      await expect.poll(() => page.getByRole('row', { selected: true }).getAttribute('id')).toBe(`row-${String(rows[4])}`)
    })

    it('one is made by the form, which says what is missing, and cancelled after a question', async () => {
      const { lab } = softwareLab()
      const page = await open(lab, { scheme: 'dark' })
      await page.keyboard.press('Control+9')
      await page.getByRole('button', { name: 'New job' }).click()
      const form = page.getByRole('form', { name: 'New job' })
      await form.getByLabel('Operation').selectOption('remove')
      await page.keyboard.press('Escape')
      await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'New job')
      await page.keyboard.press('Enter')
      await form.getByLabel('Operation').selectOption('remove')
      await form.getByRole('button', { name: 'Make the job' }).click()
      await form.getByRole('alert').getByText('Say which components to remove.').waitFor()
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('job-components')
      await form.getByLabel('Operation').selectOption('install')
      await form.getByRole('combobox', { name: 'Device', exact: true }).selectOption('SIM:100001')
      await form.getByRole('checkbox', { name: /AntiVir 2\.1/ }).check()
      await form.getByLabel('Consent').selectOption('device')
      expect(await audit(page)).toEqual([])
      await form.getByRole('button', { name: 'Make the job' }).click()
      await expect
        .poll(() => lab.calls.find((call) => call.startsWith('jobs.create')))
        .toBe('jobs.create {"pkg":"antivir-2.1","device":"SIM:100001","type":"scomo","op":"install","confirm":"device"}')
      const side = page.getByRole('complementary', { name: 'Job' })
      await side.getByText('queued').first().waitFor()
      await side.getByRole('button', { name: 'Cancel …' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click()
      await side.getByText('cancelled').first().waitFor()
    })

    it('a file goes into the catalogue with its digest; a package is withdrawn; axe has nothing to say', async () => {
      const { lab } = softwareLab()
      const page = await open(lab)
      await page.keyboard.press('Control+9')
      await page.getByRole('tab', { name: /Catalogue/ }).click()
      const path = join(folder, 'notes-1.3.bin')
      writeFileSync(path, 'bytes of notes')
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Put a file in …' }).click()])
      await chooser.setFiles(path)
      const intake = page.getByRole('region', { name: 'Intake of notes-1.3.bin' })
      await intake.getByLabel('Version', { exact: true }).fill('1.3')
      await intake.getByLabel('Components: id and version, one a line').fill('com.msf.notes 1.3')
      await intake.getByRole('button', { name: 'Take it in' }).click()
      await intake.getByText('In the catalogue as notes-1.3').waitFor()
      expect(lab.software.packages.at(-1)).toMatchObject({ version: '1.3', components: [{ id: 'com.msf.notes', version: '1.3' }], size: 14 })
      // The fake lab takes no digest: the window says that it read another one than the lab tells.
      await intake.getByText(/This window read another digest/).waitFor()
      expect(await audit(page)).toEqual([])
      await page.getByRole('button', { name: 'Withdraw …' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Withdraw it' }).click()
      await expect.poll(() => lab.software.packages.find((one) => one.pkgId === 'notes-1.3')?.withdrawn).toBe(true)
      await fits(page)
    })

    it('a provider lays down groups, sets and subscriptions; the secret of a webhook is shown once', async () => {
      const { lab } = softwareLab()
      const page = await open(lab, { scheme: 'dark' })
      await page.keyboard.press('Control+9')
      await page.getByRole('tab', { name: 'Provider' }).click()
      const part = (name: string) => page.getByRole('region', { name, exact: true })
      await part('Groups').getByLabel('Name').fill('field')
      await part('Groups').getByLabel('Devices, one a line').fill('SIM:100001\nSIM:100002')
      await part('Groups').getByRole('button', { name: 'Keep the group' }).click()
      await part('Groups').getByText('2 devices').waitFor()
      await part('Default sets').getByLabel('Maker').fill('Acme')
      await part('Default sets').getByLabel('Model').fill('M1')
      await part('Default sets').getByLabel('Package of item 1').selectOption('antivir-2.1')
      expect(await part('Default sets').getByLabel('Component of item 1').inputValue()).toBe('com.msf.antivir')
      await part('Default sets').getByRole('button', { name: 'Keep the set' }).click()
      await part('Default sets').getByText('Acme M1').waitFor()
      await part('Subscriptions').getByRole('combobox', { name: 'Device', exact: true }).selectOption('SIM:100001')
      await part('Subscriptions').getByLabel('Provider').fill('shop')
      await part('Subscriptions').getByRole('button', { name: 'Subscribe' }).click()
      await part('Subscriptions').getByText('shop: all components').waitFor()
      await part('Webhooks').getByLabel('URL').fill('http://127.0.0.1:9000/outcome')
      await part('Webhooks').getByRole('button', { name: 'Register' }).click()
      await part('Webhooks').getByText('told once').waitFor()
      expect(await audit(page)).toEqual([])
      await part('Webhooks').getByRole('button', { name: 'I have it' }).click()
      expect(await page.getByText('told once').count()).toBe(0)
      await fits(page)
    })
  })

  describe('component board', () => {
    it('shows cards in their columns, moves them live, links each move to its order and its proof', async () => {
      const { lab, rows } = softwareLab()
      const page = await open(lab)
      await page.emulateMedia({ reducedMotion: 'no-preference' })
      await page.keyboard.press('Control+2')
      await page.getByRole('row', { name: /SIM:100001/ }).click()
      const column = (name: string) => page.getByRole('region', { name, exact: true })
      const antivir = (place: string) => column(place).locator('[data-uri="./SCOMO/Inventory/Deployed/com.msf.antivir"]')
      await antivir('Deployed, inactive').click()
      await page.getByText('Exec Install, Alert 1226').first().waitFor()
      await column('Download').getByText('inferred').waitFor()
      lab.software.boards.set('SIM:100001', demoBoard(rows, Date.now(), true))
      lab.software.tell('software', { device: 'SIM:100001' })
      await antivir('Deployed, active').waitFor()
      const running = await page.evaluate(() => document.getAnimations().map((one) => Number(one.effect?.getTiming().duration)))
      expect(running.every((ms) => ms <= 150)).toBe(true)
      await page
        .getByRole('region', { name: 'The device’s own log' })
        .or(page.getByLabel("The device's own log"))
        .getByText(/sha256/)
        .waitFor()
      await page.waitForTimeout(200)
      await shot(page, 'board')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await page
        .getByRole('button', { name: `proof #${String(rows[11])}: show it in the trace` })
        .first()
        .click()
      await expect.poll(() => page.getByRole('row', { selected: true }).getAttribute('id')).toBe(`row-${String(rows[11])}`)
    })

    it('a simulated device asks its server, goes off and on; a device without objects says what to do', async () => {
      const { lab } = softwareLab()
      const page = await open(lab)
      await page.keyboard.press('Control+2')
      await page.getByRole('row', { name: /SIM:100001/ }).click()
      await page.locator('[data-uri="./SCOMO/Inventory/Deployed/com.msf.base"]').click()
      await page.getByRole('button', { name: 'Update …' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(/unregistered names/).waitFor()
      expect(await dialog.getByLabel('Component').inputValue()).toBe('com.msf.base')
      await dialog.getByLabel('Who wants it').selectOption('device')
      expect(await audit(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Ask', exact: true }).click()
      await expect.poll(() => lab.calls.at(-1)).toBe('software.request SIM:100001 Update')
      await page.getByRole('button', { name: 'Restart' }).click()
      await expect.poll(() => lab.calls.at(-1)).toBe('software.restart SIM:100001')
      await page.getByRole('row', { name: /IMEI:350000000000017/ }).click()
      await page.getByText('No SCOMO or FUMO object is known on this device.').waitFor()
      await page.getByRole('button', { name: 'Ask for ./SCOMO and ./FUMO' }).click()
      await expect.poll(() => lab.calls.at(-1)).toMatch(/devices\.queue IMEI:350000000000017 .*SCOMO\?list=StructData/)
    })
  })

  describe('consent', () => {
    it('stands on the phone of the device: accept, reject, later, silence; only its own questions can wait', async () => {
      const { lab } = softwareLab()
      const page = await open(lab, { scheme: 'dark', width: 1440, height: 900 })
      await page.keyboard.press('Control+2')
      await page.getByRole('row', { name: /SIM:100001/ }).click()
      const said = (): string | undefined => lab.calls.findLast((call) => call.startsWith('devices.answer'))
      const phone = page.getByRole('region', { name: 'Screen of the device' })
      await phone.getByText('Nothing is asked.').waitFor()
      for (const [button, answer] of [
        ['Accept', '{"act":"ok"}'],
        ['Reject', '{"act":"no"}'],
        ['Later', '{"act":"postpone"}'],
      ] as const) {
        lab.ask(consent({ id: `own-${button}` }))
        await phone.getByText('The device asks by itself').waitFor()
        if (button === 'Accept') {
          await shot(page, 'consent')
          expect(await audit(page)).toEqual([])
        }
        await phone.getByRole('button', { name: button }).click()
        await expect.poll(said).toBe(`devices.answer own-${button} ${answer}`)
      }
      lab.ask(consent({ id: 'silent' }))
      await phone.getByRole('button', { name: 'Let it time out' }).click()
      await phone.getByText('Nobody answers. It is not done: result 1450.').waitFor()
      await phone.getByRole('timer').getByText(/left$/).waitFor()
      lab.ask(null)
      lab.ask(consent({ id: 'server', asker: 'server' }))
      await phone.getByText('The server asks (Alert 1101)').waitFor()
      expect(await phone.getByRole('button', { name: 'Later' }).count()).toBe(0)
      // On any other screen the question stands beside what is shown; here it stands on the phone alone.
      expect(await page.getByRole('region', { name: 'Questions of simulated devices' }).count()).toBe(0)
      await page.keyboard.press('Control+1')
      await page.getByRole('region', { name: 'Questions of simulated devices' }).getByRole('button', { name: 'Yes' }).click()
      await expect.poll(said).toBe('devices.answer server {"act":"ok"}')
    })

    it('a simulated device is started with its objects and a rule for when nobody is there', async () => {
      const { lab } = softwareLab()
      const page = await open(lab)
      await page.keyboard.press('Control+2')
      await page.getByLabel('SCOMO, software components').check()
      await page.getByLabel('Questions: of the server (alerts 1100 to 1104), and its own').selectOption('postpone')
      await page.getByRole('button', { name: 'Start', exact: true }).click()
      await expect.poll(() => lab.calls.find((call) => call.startsWith('devices.simulate'))).toContain('"answers":"postpone","mo":["scomo"]')
    })
  })

  it('a real lab: packages go in, jobs are made, a person answers, and cards and states follow', async () => {
    const lab = await realLab()
    later(() => lab.end())
    const page = await open(lab)
    await softwareStory(page, async () => {})
    const jobs = [...(await lab.api.jobs.list(''))].sort((a, b) => a.createdAt - b.createdAt)
    expect(jobs.map((job) => [job.op, job.state, job.resultCode])).toEqual([
      ['install', 'done', 1200],
      ['installInactive', 'done', 1200],
      ['install', 'refused', 1401],
      ['deactivate', 'done', 1200],
      ['remove', 'not_found', 0],
      ['activate', 'queued', 0],
    ])
    expect(await audit(page)).toEqual([])
  })

  it('a real lab runs a flow of S1: every step is decided by a row that stands in the ladder', async () => {
    const lab = await realLab()
    later(() => lab.end())
    const page = await open(lab)
    await scenarioStory(page, async () => {})
    expect(new Set(await words(page))).toEqual(new Set(['pass']))
    const [run] = await lab.api.scenarios.runs()
    const decided = run?.steps.find((one) => one.key === '6a')?.messages ?? []
    expect(decided.length).toBeGreaterThan(0)
    for (const seq of decided.slice(0, 1)) expect(await page.locator(`#rung-${String(seq)}`).getAttribute('aria-selected')).toBe('true')
    expect(await audit(page)).toEqual([])
  })

  it.each(['light', 'dark'] as const)('has no serious accessibility finding in high contrast, %s', async (scheme) => {
    const { lab } = softwareLab()
    const page = await open(lab, { scheme, theme: 'contrast' })
    lab.ask(consent())
    for (const keys of ['Control+5', 'Control+9', 'Control+2']) {
      await page.keyboard.press(keys)
      await page.waitForTimeout(150)
      expect(await audit(page), keys).toEqual([])
    }
  })
})
