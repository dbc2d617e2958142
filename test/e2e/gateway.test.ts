// The gateway in Chromium: inventory with evidence, matrix, ladder, images, storyboard and attached labs, by mouse and keyboard, with a fake lab and with real ones over real sockets.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { serveWindow } from '../../core/node/web.ts'
import { GW, gatewayLab, known } from '../support/demogateway.ts'
import { createFakeLab, type FakeLab } from '../support/fakelab.ts'
import { deviceBehind } from '../support/gatewaystory.ts'
import { needs } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import { gatewayStory } from './gatewayshots.ts'
import { audit, shot, stage, THERE, WITHOUT, type OpenOptions } from './stage.ts'

describe.skipIf(!THERE)(`gateway in Chromium${WITHOUT}`, { timeout: 120_000 }, () => {
  const { open: over, later } = stage()
  const open = async (lab: Pick<FakeLab, 'api'>, options: OpenOptions = {}): Promise<Page> => {
    const { page } = await over(lab, { width: 1280, height: 720, ...options })
    await page.keyboard.press('Control+4')
    await page.getByRole('tablist', { name: /^Inventory, fan-outs/ }).waitFor()
    return page
  }
  const tab = (page: Page, name: RegExp) => page.getByRole('tablist', { name: /^Inventory, fan-outs/ }).getByRole('tab', { name })
  /** The page itself never scrolls sideways, and axe has nothing serious to say. */
  async function sound(page: Page, name: string): Promise<void> {
    await shot(page, name)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(await audit(page), name).toEqual([])
  }
  const said = (lab: FakeLab, call: string): string | undefined => lab.calls.findLast((one) => one.startsWith(call))

  it('inventory: a mode badge opens its evidence; findings lead; what differs is marked; keys walk it', async () => {
    const lab = gatewayLab()
    const page = await open(lab)
    const grid = page.getByRole('grid', { name: 'Inventory' })
    await grid
      .getByRole('row', { name: /dev-2/ })
      .getByRole('button', { name: /^transparent mode/ })
      .click()
    const side = page.getByRole('complementary', { name: 'Evidence' })
    await expect.poll(() => side.evaluate((one) => one === document.activeElement)).toBe(true)
    await side.getByText('urn:oma:at:oma-gwmo:deviceregistration:1.0').waitFor()
    expect(await side.getByText('INFERRED').count()).toBeGreaterThanOrEqual(3)
    await sound(page, 'gateway-evidence')
    await grid.focus()
    await page.keyboard.press('ArrowUp')
    await side.getByRole('heading', { name: 'urn:example:dev-1' }).waitFor()
    await side.getByText('address differs').waitFor()
    await page.getByRole('button', { name: '1 finding' }).click()
    expect(await grid.getByRole('row').count()).toBe(3)
    // A device moves: the evidence follows by itself.
    lab.gateways.inventories.set(GW, [
      known(0, { server: null, findings: [{ severity: 'warn', text: 'unknown to the server', clause: 'S4 X.2', seq: 2 }] }),
    ])
    lab.add({ kind: 'event', text: 'gateway.detached: urn:example:dev-1 is gone', device: 'urn:example:dev-1' })
    await grid.getByText('unknown to the server').waitFor()
    await side.getByRole('button', { name: /^#2/ }).first().click()
    await page.getByRole('grid', { name: 'Messages' }).waitFor()
  })

  it('fan-outs: the matrix tells first Status and late outcome; the failed are sent it again by keyboard alone; one that runs is cancelled', async () => {
    const lab = gatewayLab(40)
    const page = await open(lab, { scheme: 'dark' })
    await tab(page, /^Fan-outs/).click()
    const matrix = page.getByRole('grid', { name: 'Devices by commands' })
    await matrix.getByText('1405').first().waitFor()
    await sound(page, 'gateway-matrix-dark')
    await page.getByLabel('Which devices').selectOption('failed')
    expect(await matrix.getByRole('row').count()).toBe(5)
    await matrix.focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await page.getByText('2 devices chosen').waitFor()
    const listed = page.getByRole('listbox', { name: /^Fan-outs/ }).getByRole('option')
    const before = await listed.count()
    await page.getByRole('button', { name: 'Send again to chosen' }).click()
    await expect.poll(() => said(lab, 'gateways.retry')).toBe('gateways.retry f2 urn:example:dev-3 urn:example:dev-13')
    await expect.poll(() => listed.count()).toBe(before + 1)
    await listed.nth(1).click()
    await page.getByRole('button', { name: 'Cancel …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the fan-out' }).click()
    await expect.poll(() => said(lab, 'gateways.cancel')).toBe('gateways.cancel f2')
    await page.getByText('214').first().waitFor()
  })

  it('a new fan-out says what is missing, then asks for what was chosen', async () => {
    const lab = gatewayLab()
    const page = await open(lab)
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: /^Search commands/ }).fill('new fan-out')
    await page.keyboard.press('Enter')
    const form = page.getByRole('form', { name: 'New fan-out' })
    await form.getByRole('button', { name: 'Send the fan-out' }).click()
    await form.getByRole('alert').getByText('Choose devices').waitFor()
    await form.getByRole('checkbox', { name: 'urn:example:dev-0' }).check()
    await form.getByLabel('Filter').fill('Protocol=OMA-DM')
    await form.getByLabel('Command 1', { exact: true }).selectOption('Replace')
    await form.getByLabel('Path of command 1').fill('./Vendor/Text')
    await form.getByLabel('Data of command 1').fill('hello')
    await form.getByLabel('Each device has, seconds').fill('60')
    await sound(page, 'gateway-form')
    await form.getByRole('button', { name: 'Send the fan-out' }).click()
    await expect
      .poll(() => said(lab, 'gateways.fanout'))
      .toBe(
        `gateways.fanout {"gateway":"${GW}","devices":["urn:example:dev-0"],"filter":"Protocol=OMA-DM","commands":[{"kind":"Replace","locUri":"./Vendor/Text","data":"hello"}],"style":"Y'","timeout":60}`,
      )
    await form.waitFor({ state: 'detached' })
  })

  it('images: the ring tells what is left, who fetched it; extended and expired; storyboard: a device is expected', async () => {
    const lab = gatewayLab()
    const page = await open(lab)
    await tab(page, /^Images/).click()
    const card = page.getByRole('article', { name: 'Image PKG1' })
    await card.getByRole('img', { name: /^0[45]:\d\d until it is void/ }).waitFor()
    await card.getByText('urn:example:dev-0').waitFor()
    await sound(page, 'gateway-image')
    await card.getByLabel('New Expiry of PKG1, seconds').fill('1200')
    await page.keyboard.press('Enter')
    await expect.poll(() => said(lab, 'gateways.expire')).toBe('gateways.expire PKG1 1200')
    await card.getByRole('img', { name: /^1[56]:\d\d until/ }).waitFor()
    await card.getByRole('button', { name: 'Expire …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Expire it now' }).click()
    await expect.poll(() => said(lab, 'gateways.expire')).toBe('gateways.expire PKG1 0')
    await card.getByRole('img', { name: 'It is void' }).waitFor()
    const form = page.getByRole('form', { name: 'New image' })
    await form.getByLabel('Delivery').selectOption('url')
    await form.getByRole('button', { name: 'Send it to the gateway' }).click()
    await form.getByRole('alert').getByText('The URL begins').waitFor()
    await tab(page, /^Bootstrap/).click()
    const story = page.getByRole('article', { name: 'Bootstrap of urn:example:dev-9' })
    expect((await story.getByRole('listitem').allTextContents()).map((text) => text.replace(/\s+/g, ' ').slice(0, 3))).toEqual([
      'M.1',
      'M.2',
      'M.3',
      'M.4',
    ])
    await page.getByLabel('Device id', { exact: true }).fill('urn:example:lock')
    await page.getByRole('button', { name: 'Make its pairing code' }).click()
    await page.getByText('000016').waitFor()
    await sound(page, 'gateway-story')
    await tab(page, /^Names/).click()
    await page.getByLabel('Find a name').fill('deviceregistration')
    await page.getByText(/^INFERRED: S4 X\.1/).waitFor()
    await sound(page, 'gateway-names')
  })

  it('labs: attached by URL, held from here, detached after a question; what is held there says where', async () => {
    const lab = gatewayLab()
    const page = await open(lab)
    await tab(page, /^Labs/).click()
    const peer = page.getByRole('article', { name: 'Attached lab cellar' })
    await peer.getByText('90.0 s ahead of ours, right to 1.0 ms').waitFor()
    await peer.getByRole('button', { name: 'Hold messages there' }).click()
    await expect.poll(() => said(lab, 'peers.hold')).toBe('peers.hold p1 true')
    lab.hold(3, 'step mode', { origin: 'cellar', hop: 'G-D' })
    await page.getByText('at cellar').waitFor()
    await sound(page, 'gateway-labs')
    await page.getByLabel(/^URL of its window/).fill('nonsense')
    await page.getByRole('button', { name: 'Attach it' }).click()
    await page.getByRole('alert').getByText('with the token').waitFor()
    await page.getByLabel(/^URL of its window/).fill('http://127.0.0.1:9/?token=abc')
    await page.keyboard.press('Enter')
    await expect.poll(() => said(lab, 'peers.attach')).toBe('peers.attach http://127.0.0.1:9/?token=abc')
    await peer.getByRole('button', { name: 'Detach …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Detach it' }).click()
    await expect.poll(() => said(lab, 'peers.detach')).toBe('peers.detach p1')
  })

  it('a lab without a gateway says how there comes one; 5,000 devices are drawn as far as they are seen', async () => {
    const page = await open(createFakeLab())
    await page.getByRole('heading', { name: 'No gateway yet' }).waitFor()
    expect(await audit(page)).toEqual([])
    const many = await open(gatewayLab(5000))
    const grid = many.getByRole('grid', { name: 'Inventory' })
    await grid.getByRole('row').nth(3).waitFor()
    await grid.focus()
    await many.keyboard.press('End')
    await grid.getByRole('row', { name: /dev-4999 / }).waitFor()
    expect(await grid.getByRole('row').count()).toBeLessThan(60)
    await tab(many, /^Fan-outs/).click()
    const matrix = many.getByRole('grid', { name: 'Devices by commands' })
    await matrix.focus()
    await many.keyboard.press('End')
    await matrix.getByRole('row', { name: /dev-4999 / }).waitFor()
    expect(await matrix.getByRole('row').count()).toBeLessThan(60)
  })

  it.each(['light', 'dark'] as const)('has no serious accessibility finding in high contrast, %s', async (scheme) => {
    const page = await open(gatewayLab(), { scheme, theme: 'contrast' })
    for (const name of [/^Inventory/, /^Fan-outs/, /^Images/, /^Bootstrap/, /^Labs/, /^Names/]) {
      await tab(page, name).click()
      await page.waitForTimeout(150)
      expect(await audit(page), name.source).toEqual([])
    }
  })

  it('a real gateway with real devices: storyboard, evidence, image, fan-out, ladder, all through the window', async (context) => {
    needs(context, 'curl')
    const lab = await realLab({ gateway: {} })
    later(() => lab.end())
    const { page } = await over(lab, { width: 1280, height: 720 })
    page.setDefaultTimeout(30_000)
    const seen: string[] = []
    await gatewayStory(page, { dm: lab.ready.dm, gateway: lab.ready.gateway ?? '' }, async (name) => {
      seen.push(name)
      await sound(page, `real-${name}`)
    })
    expect(seen).toEqual(['bootstrap-storyboard', 'gateway-inventory', 'fanout-form', 'fanout-matrix', 'gateway-ladder', 'image-card'])
  })

  it('a gateway in a lab of its own: its rows stand in this ladder with where they come from; a message held there is decided here', async () => {
    const here = await realLab()
    const there = await realLab({ gateway: { server: here.ready.dm } })
    const dist = mkdtempSync(join(tmpdir(), 'dm-lab-dist-'))
    mkdirSync(join(dist, 'assets'))
    writeFileSync(join(dist, 'index.html'), '')
    const door = await serveWindow({ api: there.api, token: 'a'.repeat(64), dist, host: '127.0.0.1', port: 0 })
    later(async () => {
      await door.close()
      await there.end()
      await here.end()
      rmSync(dist, { recursive: true })
    })
    const page = await open(here)
    await tab(page, /^Labs/).click()
    await page.getByLabel(/^URL of its window/).fill(door.url)
    await page.getByLabel(/^Name its rows/).fill('cellar')
    await page.getByRole('button', { name: 'Attach it' }).click()
    const peer = page.getByRole('article', { name: 'Attached lab cellar' })
    await peer.getByText('plays a gateway').waitFor()
    const ways = { dm: here.ready.dm, gateway: there.ready.gateway ?? '' }
    const device = await deviceBehind(ways, 'urn:example:cam-1')
    later(() => device.off())
    await tab(page, /^Inventory/).click()
    await page.getByRole('grid', { name: 'Inventory' }).getByRole('row', { name: /cam-1/ }).getByText('registered').waitFor()
    await page.getByText('played by an attached lab, which is asked').waitFor()
    const [row] = await here.api.peers.list()
    await here.api.peers.hold(row?.id ?? '', true)
    const visit = device.register()
    const card = page.getByRole('listitem').filter({ hasText: 'at cellar' })
    await card.first().waitFor()
    await here.api.peers.hold(row?.id ?? '', false)
    await card.first().getByRole('button', { name: 'Continue' }).click()
    expect((await visit).outcome).toBe('completed')
    const gateway = (await here.api.gateways.list())[0]?.id ?? ''
    await here.api.gateways.fanout({ gateway, devices: ['urn:example:cam-1'], commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }], timeout: 60 })
    await tab(page, /^Fan-outs/).click()
    await page.getByText('all targets succeeded').first().waitFor()
    await page.getByRole('tab', { name: 'Ladder' }).click()
    const ladder = page.getByRole('treegrid', { name: 'Ladder of the fan-out' })
    await ladder.locator('.rung.bundle').click()
    await page.keyboard.press('ArrowRight')
    await ladder.locator('.rung.device').first().click()
    await page.keyboard.press('ArrowRight')
    await ladder.locator('.rung.level3 .origin', { hasText: 'cellar' }).first().waitFor()
    await sound(page, 'gateway-merged')
  })
})
