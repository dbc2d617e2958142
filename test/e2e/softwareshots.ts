// Pictures of jobs, consent, component board and a scenario's run, taken while a person would work with them: everything is done through the window of a real lab.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { buildPackage } from '../../core/node/packages.ts'

const DEVICE = 'IMEI:004999010640020'

/** Plays both stories in the window at `url` and leaves their pictures in the folder `out`. */
export async function softwareShots(browser: Browser, url: string, out: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
  page.setDefaultTimeout(30_000)
  const shot = async (name: string): Promise<void> => {
    for (const close of await page.getByRole('button', { name: 'Dismiss' }).all()) await close.click()
    await page.waitForTimeout(500)
    await page.screenshot({ path: join(out, `${name}.png`) })
  }
  await page.goto(url)
  await page.getByText('Connected').waitFor()
  await softwareStory(page, shot)
  await scenarioStory(page, shot)
  await page.close()
}

/** A device, two packages, six jobs, the answers of a person; `shot` is called where there is something to see. */
export async function softwareStory(page: Page, shot: (name: string) => Promise<void>): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'dm-lab-packages-'))
  await startDevice(page)
  await takeIn(page, files, 'com.msf.antivir', 'AntiVir', '2.1')
  await takeIn(page, files, 'com.msf.notes', 'Notes', '1.3')
  rmSync(files, { recursive: true, force: true })

  await newJob(page, 'install', /^AntiVir 2\.1/)
  await toDevice(page)
  const phone = page.getByRole('region', { name: 'Screen of the device' })
  await phone.getByText('The device asks by itself').waitFor()
  await shot('consent')
  await answer(page, 'Accept', 'Deployed, active')
  await newJob(page, 'installInactive', /^Notes 1\.3/)
  await toDevice(page)
  await answer(page, 'Accept', 'Deployed, inactive')
  await newJob(page, 'install', /^Notes 1\.3/)
  await toDevice(page)
  await phone.getByRole('button', { name: 'Reject' }).click()
  await page.keyboard.press('Control+9')
  await ended(page, 3)
  await toDevice(page)
  await page.locator('[data-uri$="/com.msf.antivir"]').click()
  await shot('component-board')

  await newJob(page, 'deactivate', 'com.msf.antivir')
  await ended(page, 4)
  await newJob(page, 'remove', 'com.msf.unheard')
  await ended(page, 5)
  await newJob(page, 'activate', 'com.msf.antivir', false)
  await page.getByRole('grid', { name: 'Jobs, newest first' }).getByRole('row').last().click()
  await page.getByRole('complementary', { name: 'Job' }).getByText(/1200/).first().waitFor()
  await shot('job-list')
}

/** A flow of S1 is run to its end, and the step that asks the device is looked at. */
export async function scenarioStory(page: Page, shot: (name: string) => Promise<void>): Promise<void> {
  await page.keyboard.press('Control+5')
  await page.getByRole('treeitem', { name: /5\.4\.2\.1/ }).click()
  await page.getByLabel('Pace').selectOption({ label: 'none' })
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('button', { name: 'Save the report as HTML' }).waitFor()
  await page.locator('#step-6a').click()
  await shot('scenario-checklist')
}

async function startDevice(page: Page): Promise<void> {
  await page.keyboard.press('Control+2')
  await page.getByLabel('Device id (one is made up if empty)').fill(DEVICE)
  await page.getByLabel('SCOMO, software components').check()
  await page.getByLabel('FUMO, firmware').check()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('row', { name: new RegExp(DEVICE) }).waitFor()
  await page
    .getByText(/^session \S+ completed$/)
    .first()
    .waitFor()
}

async function takeIn(page: Page, folder: string, id: string, name: string, version: string): Promise<void> {
  const pkgId = `${name.toLowerCase()}-${version}`
  const content = Uint8Array.from({ length: 120_000 }, (_, i) => (i * 2654435761) >>> 24)
  const file = join(folder, `${pkgId}.pkg`)
  const component = { id, version, name, files: { 'bin/run': content }, start: { say: [`${name} ${version} is ready`] } }
  writeFileSync(file, await buildPackage({ pkgId, version, name, description: `${name} for every device`, components: [component] }))
  await page.keyboard.press('Control+9')
  await page.getByRole('tab', { name: /^Catalogue/ }).click()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Put a file in …' }).first().click()])
  await chooser.setFiles(file)
  await page.getByRole('button', { name: 'Take it in' }).click()
  await page.getByText(`In the catalogue as ${pkgId}`).waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
}

/** Makes a job for the device: with a package of the catalogue, or a component by its id. `wake` false: it waits for the next session. */
async function newJob(page: Page, op: string, what: RegExp | string, wake = true): Promise<void> {
  await page.keyboard.press('Control+9')
  await page.getByRole('button', { name: 'New job' }).first().click()
  const form = page.getByRole('form', { name: 'New job' })
  await form.getByRole('combobox', { name: 'Device', exact: true }).selectOption(DEVICE)
  await form.getByRole('combobox', { name: 'Operation' }).selectOption(op)
  if (typeof what === 'string') await form.getByRole('textbox').first().fill(what)
  else {
    await form.getByRole('checkbox', { name: what }).check()
    await form.getByRole('combobox', { name: 'Mechanism' }).selectOption('dlota1')
    await form.getByRole('combobox', { name: 'Consent' }).selectOption('device')
  }
  if (!wake) {
    await form.getByText('Further').click()
    await form.getByRole('checkbox', { name: /^Wake the device/ }).uncheck()
  }
  await form.getByRole('button', { name: 'Make the job' }).click()
  await form.waitFor({ state: 'detached' })
}

async function toDevice(page: Page): Promise<void> {
  await page.keyboard.press('Control+2')
  await page.getByRole('row', { name: new RegExp(DEVICE) }).click()
}

/** Says the same to every question until a card stands in the column. */
async function answer(page: Page, button: string, column: string): Promise<void> {
  const card = page.getByRole('region', { name: column, exact: true }).locator('[data-uri]').first()
  const press = page.getByRole('region', { name: 'Screen of the device' }).getByRole('button', { name: button })
  for (const end = Date.now() + 30_000; !(await card.isVisible()); await page.waitForTimeout(100)) {
    if (await press.isVisible()) await press.click().catch(() => undefined)
    if (Date.now() > end) throw new Error(`no card in ${column}`)
  }
}

/** Waits until so many jobs have ended. */
async function ended(page: Page, count: number): Promise<void> {
  const grid = page.getByRole('grid', { name: 'Jobs, newest first' })
  for (const end = Date.now() + 60_000; ; await page.waitForTimeout(200)) {
    const states = await grid.locator('.pill.state').allTextContents()
    if (states.filter((text) => !/queued|waiting|running|accepted/.test(text)).length >= count) return
    if (Date.now() > end) throw new Error(`still ${states.join(', ')}`)
  }
}
