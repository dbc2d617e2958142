// Pictures of the gateway at work: devices over real sockets register, are bootstrapped, fetch an image and answer a fan-out; everything a person does is done in the window.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { bootstrapped, deviceBehind, packageBytes, type Ways } from '../support/gatewaystory.ts'

const CAMERAS = ['urn:example:cam-1', 'urn:example:cam-2', 'urn:example:cam-3'] as const
const METER = 'urn:example:meter-4'
const TV = 'urn:example:tv-5'
const LOCK = 'urn:example:lock-6'

/** Plays the story in the window at `url` and leaves its pictures in the folder `out`. */
export async function gatewayShots(browser: Browser, url: string, ways: Ways, out: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
  page.setDefaultTimeout(30_000)
  await page.goto(url)
  await page.getByText('Connected').waitFor()
  await gatewayStory(page, ways, async (name) => {
    for (const close of await page.getByRole('button', { name: 'Dismiss' }).all()) await close.click()
    await page.waitForTimeout(400)
    await page.screenshot({ path: join(out, `${name}.png`) })
  })
  await page.close()
}

const tab = (page: Page, name: RegExp) => page.getByRole('tablist', { name: /^Inventory, fan-outs/ }).getByRole('tab', { name })

/** Registers devices, bootstraps one, sends an image and a fan-out of which one device cannot take part and one is away; `shot` is called where there is something to see. */
export async function gatewayStory(page: Page, ways: Ways, shot: (name: string) => Promise<void>): Promise<void> {
  const devices = []
  const infrastructure = createServer((request, response) => void request.resume().on('end', () => response.writeHead(204).end()))
  await new Promise<void>((done) => void infrastructure.listen(0, '127.0.0.1', done))
  for (const [i, id] of CAMERAS.entries()) devices.push(await deviceBehind(ways, id, { mo: ['scomo'], wbxml: i === 1 }))
  devices.push(await deviceBehind(ways, METER))
  devices.push(await deviceBehind(ways, TV, { mode: 'transparent' }))
  try {
    await webhook(page, `http://127.0.0.1:${String((infrastructure.address() as AddressInfo).port)}/outcome`)
    await storyboard(page, shot)
    await inventory(page, shot)
    await image(page)
    // A camera that is away: the gateway waits for it in vain.
    await devices[2]?.off()
    await fanout(page, shot)
    await tab(page, /^Images/).click()
    await page.getByRole('article', { name: 'Image PKG1' }).getByText('Fetched by 2 devices').waitFor()
    await shot('image-card')
  } finally {
    for (const device of devices) await device.off().catch(() => undefined)
    infrastructure.closeAllConnections()
    infrastructure.close()
  }
}

/** The infrastructure is told of every outcome. */
async function webhook(page: Page, url: string): Promise<void> {
  await page.keyboard.press('Control+9')
  await page.getByRole('tab', { name: 'Provider' }).click()
  const hooks = page.getByRole('region', { name: 'Webhooks' })
  await hooks.getByLabel('URL').fill(url)
  await hooks.getByRole('button', { name: 'Register' }).click()
  await hooks.getByRole('button', { name: 'I have it' }).click()
}

async function storyboard(page: Page, shot: (name: string) => Promise<void>): Promise<void> {
  await page.keyboard.press('Control+4')
  await tab(page, /^Bootstrap/).click()
  const expect = page.getByRole('region', { name: 'Expect a device' })
  await expect.getByLabel('Device id').fill(LOCK)
  await expect.getByRole('button', { name: 'Make its pairing code' }).click()
  const code = (await expect.locator('.code').textContent()) ?? ''
  const url = (await expect.locator('.told code').textContent()) ?? ''
  const story = page.getByRole('article', { name: `Bootstrap of ${LOCK}` })
  await story.getByText('it has not come yet').waitFor()
  await bootstrapped(url, LOCK, code)
  await story.getByText('was authenticated and gets its account').waitFor()
  await shot('bootstrap-storyboard')
}

async function inventory(page: Page, shot: (name: string) => Promise<void>): Promise<void> {
  await tab(page, /^Inventory/).click()
  const grid = page.getByRole('grid', { name: 'Inventory' })
  await grid.getByRole('row', { name: new RegExp(LOCK) }).waitFor()
  await grid
    .getByRole('row', { name: new RegExp(TV) })
    .getByRole('button', { name: /^transparent mode/ })
    .click()
  await page.getByRole('complementary', { name: 'Evidence' }).getByText('What proves the mode').waitFor()
  await shot('gateway-inventory')
}

async function image(page: Page): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'dm-lab-image-'))
  const file = join(files, 'PKG1.pkg')
  writeFileSync(file, await packageBytes('PKG1', 'AntiVir', '2.1'))
  await page.keyboard.press('Control+9')
  await page.getByRole('tab', { name: /^Catalogue/ }).click()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Put a file in …' }).first().click()])
  await chooser.setFiles(file)
  await page.getByRole('button', { name: 'Take it in' }).click()
  await page.getByText('In the catalogue as PKG1').waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  rmSync(files, { recursive: true, force: true })
  await page.keyboard.press('Control+4')
  await tab(page, /^Images/).click()
  const form = page.getByRole('form', { name: 'New image' })
  await form.getByLabel('Package of the catalogue').selectOption('PKG1')
  await form.getByRole('button', { name: 'Send it to the gateway' }).click()
  await page
    .getByRole('article', { name: 'Image PKG1' })
    .getByText(/ready$/)
    .waitFor()
}

async function fanout(page: Page, shot: (name: string) => Promise<void>): Promise<void> {
  await tab(page, /^Fan-outs/).click()
  await page.getByRole('button', { name: 'New fan-out' }).first().click()
  const form = page.getByRole('form', { name: 'New fan-out' })
  for (const id of [...CAMERAS, METER]) await form.getByRole('checkbox', { name: id }).check()
  await form.getByRole('button', { name: 'Install an image (SCOMO)' }).click()
  await form.getByLabel('Each device has, seconds').fill('6')
  await shot('fanout-form')
  await form.getByRole('button', { name: 'Send the fan-out' }).click()
  const matrix = page.getByRole('grid', { name: 'Devices by commands' })
  await matrix
    .getByRole('row', { name: new RegExp(METER) })
    .getByText('404', { exact: true })
    .waitFor()
  await matrix.getByText('1200').first().waitFor()
  await page.getByText('206 at least one succeeded').waitFor()
  await matrix.getByText('408 no answer').waitFor()
  await page.getByRole('button', { name: 'Choose the failed' }).click()
  await shot('fanout-matrix')
  await page.getByRole('tablist', { name: 'Matrix or ladder' }).getByRole('tab', { name: 'Ladder' }).click()
  const ladder = page.getByRole('treegrid', { name: 'Ladder of the fan-out' })
  await ladder.locator('.rung.bundle').waitFor()
  await ladder.locator('.rung.bundle').click()
  await page.keyboard.press('Space')
  await ladder.getByRole('row', { name: /cam-1/ }).first().waitFor()
  await ladder.locator('.rung.gap').first().waitFor()
  await page.locator('.lane.emi').waitFor()
  await page.getByRole('separator', { name: 'Height of the inspector' }).focus()
  await page.keyboard.press('Home')
  await ladder
    .getByRole('row', { name: /Sequence/ })
    .first()
    .click()
  await shot('gateway-ladder')
}
