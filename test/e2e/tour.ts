// Every screen of the window as data: the lab that fills it, and how a person comes there. The screens' test visits them all; a picture of each is taken where DM_LAB_SHOTS names a folder.
import type { Page } from 'playwright-core'
import { benchLab } from '../support/demobench.ts'
import { demoLab, heldLab } from '../support/demo.ts'
import { gatewayLab } from '../support/demogateway.ts'
import { consent, softwareLab } from '../support/demosoftware.ts'
import { createFakeLab, type FakeLab } from '../support/fakelab.ts'

export interface Stop {
  readonly name: string
  readonly go: (page: Page) => Promise<unknown>
}

const tab = (list: RegExp | string, name: RegExp | string) => async (page: Page) =>
  page.getByRole('tablist', { name: list }).getByRole('tab', { name }).click()
const keys =
  (...all: readonly string[]) =>
  async (page: Page) => {
    for (const one of all) await page.keyboard.press(one)
  }
const inspector = (id: string) => async (page: Page) => page.locator(`#tab-${id}`).click()
const WAYS = /^Devices and how/
const BEHIND = /^Inventory, fan-outs/
const SOFTWARE = /Jobs/

/** Nothing at all has happened yet. */
export const EMPTY: readonly Stop[] = [
  { name: 'welcome', go: async () => {} },
  { name: 'empty-devices', go: keys('Control+2') },
  { name: 'empty-tree', go: keys('Control+3') },
  { name: 'empty-gateway', go: keys('Control+4') },
  { name: 'empty-scenarios', go: keys('Control+5') },
  { name: 'empty-jobs', go: keys('Control+9') },
  { name: 'empty-catalogue', go: tab(SOFTWARE, /^Catalogue/) },
  { name: 'empty-provider', go: tab(SOFTWARE, 'Provider') },
]
/** Rows, sessions, a refused message, one that is broken. */
const TRACE: readonly Stop[] = [
  { name: 'trace-unchosen', go: async (page) => page.getByRole('button', { name: 'Play a flow' }).waitFor() },
  { name: 'trace-filter-help', go: async (page) => page.getByRole('button', { name: 'What can be filtered' }).click() },
  {
    name: 'trace',
    go: async (page) => {
      await page.getByRole('button', { name: 'What can be filtered' }).click()
      await page.locator('#row-13').click()
    },
  },
  { name: 'trace-raw', go: inspector('raw') },
  { name: 'trace-hex', go: inspector('hex') },
  { name: 'trace-transport', go: inspector('transport') },
  { name: 'trace-findings', go: inspector('findings') },
  { name: 'trace-columns', go: async (page) => page.getByRole('button', { name: 'Columns' }).click() },
  {
    name: 'trace-menu',
    go: async (page) => {
      await page.keyboard.press('Escape')
      await page.locator('#row-13').click({ button: 'right' })
    },
  },
  {
    name: 'trace-broken',
    go: async (page) => {
      await page.keyboard.press('Escape')
      await page.locator('#row-14').click()
      await page.locator('#tab-decoded').click()
    },
  },
  {
    name: 'trace-ladder',
    go: async (page) => {
      await page.locator('#row-13').click()
      await page.getByRole('button', { name: 'Ladder' }).click()
    },
  },
  { name: 'trace-filtered', go: async (page) => page.locator('#filter').fill('cmd == Exec && status == 999') },
]
const HELD: readonly Stop[] = [
  { name: 'held', go: async (page) => page.locator('#row-20').click() },
  { name: 'held-drop', go: keys('Shift+F8') },
  {
    name: 'held-editor',
    go: async (page) => {
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: /^Edit/ }).first().click()
    },
  },
]
const DEVICES: readonly Stop[] = [
  { name: 'devices', go: keys('Control+2') },
  { name: 'devices-log', go: tab('More of the device', 'Messages and log') },
  { name: 'devices-adb', go: tab('More of the device', 'USB and adb') },
  { name: 'connect', go: tab(WAYS, 'Connect') },
  { name: 'usb', go: tab(WAYS, 'USB and adb') },
  { name: 'modem', go: tab(WAYS, 'Modem') },
  { name: 'addresses', go: tab(WAYS, 'Addresses') },
  { name: 'trust', go: tab(WAYS, 'Certificates') },
  { name: 'proxies', go: tab(WAYS, 'Proxies') },
  { name: 'dialect', go: tab(WAYS, 'Dialect') },
]
const TREE: readonly Stop[] = [
  { name: 'tree', go: keys('Control+3', 'ArrowDown', 'ArrowRight') },
  { name: 'tree-acl', go: async (page) => page.getByRole('tab', { name: /ACL/ }).click() },
  { name: 'tree-ddf', go: async (page) => page.getByRole('tab', { name: 'DDF' }).click() },
  { name: 'tree-history', go: async (page) => page.getByRole('tab', { name: /History/ }).click() },
  { name: 'tree-found', go: async (page) => page.getByLabel('Find nodes by name, path or value').fill('Dev') },
]
const GATEWAY: readonly Stop[] = [
  { name: 'gateway-inventory', go: keys('Control+4') },
  { name: 'gateway-matrix', go: tab(BEHIND, /^Fan-outs/) },
  { name: 'gateway-ladder', go: tab('Matrix or ladder', 'Ladder') },
  { name: 'gateway-new', go: async (page) => page.getByRole('button', { name: 'New fan-out' }).first().click() },
  { name: 'gateway-images', go: tab(BEHIND, /^Images/) },
  { name: 'gateway-bootstrap', go: tab(BEHIND, /^Bootstrap/) },
  { name: 'gateway-labs', go: tab(BEHIND, /^Labs/) },
  { name: 'gateway-names', go: tab(BEHIND, /^Names/) },
]
const JOBS: readonly Stop[] = [
  { name: 'scenarios', go: keys('Control+5') },
  { name: 'scenario-run', go: async (page) => page.getByRole('treeitem', { name: /5\.4\.2\.1/ }).click() },
  { name: 'jobs', go: keys('Control+9') },
  { name: 'job-new', go: async (page) => page.getByRole('button', { name: 'New job' }).click() },
  { name: 'catalogue', go: tab(SOFTWARE, /^Catalogue/) },
  { name: 'provider', go: tab(SOFTWARE, 'Provider') },
  { name: 'board', go: keys('Control+2') },
]
const SHEETS: readonly Stop[] = [
  { name: 'palette', go: keys('Control+K') },
  { name: 'shortcuts', go: keys('Escape', 'F1') },
]

/** What is visited, lab by lab. */
export const TOUR: readonly { readonly lab: () => FakeLab; readonly stops: readonly Stop[] }[] = [
  { lab: () => createFakeLab(), stops: EMPTY },
  { lab: () => demoLab(), stops: [...TRACE, ...SHEETS] },
  { lab: heldLab, stops: HELD },
  { lab: () => benchLab().lab, stops: DEVICES },
  { lab: () => demoLab(), stops: TREE },
  { lab: () => gatewayLab(12), stops: GATEWAY },
  {
    lab: () => {
      const { lab } = softwareLab()
      lab.ask(consent())
      return lab
    },
    stops: JOBS,
  },
]
