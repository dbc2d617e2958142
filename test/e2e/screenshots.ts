// `npm run screenshots`: a lab, simulated devices from the command line and its own, and the pictures of docs/screenshots taken from that run.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { benchShots } from './benchshots.ts'
import { launch } from './browser.ts'
import { gatewayShots } from './gatewayshots.ts'
import { softwareShots } from './softwareshots.ts'

const root = resolve(import.meta.dirname, '../..')
const out = join(root, 'docs/screenshots')
const dmlab = join(root, 'core/node/cli/dmlab.mjs')

const workspace = mkdtempSync(join(tmpdir(), 'dm-lab-shots-'))
const lab = spawn(process.execPath, [dmlab, 'serve', '--workspace', join(workspace, 'field-trial'), '--dm-port', '0', '--ui-port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ready = await new Promise<{ dm: string; ui: string; api: string; gateway: string }>((done) => {
  let text = ''
  lab.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (text.includes('\n')) done(JSON.parse(text.slice(0, text.indexOf('\n'))) as { dm: string; ui: string; api: string; gateway: string })
  })
})
const device = (...words: string[]): void => {
  spawnSync(process.execPath, [dmlab, 'device', '--server', ready.dm, ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
}

mkdirSync(out, { recursive: true })
device('--id', 'IMEI:004999010640001', '--manufacturer', 'Acme', '--model', 'M1')
device('--id', 'IMEI:004999010640002', '--encoding', 'wbxml', '--auth', 'md5')
device('--id', 'IMEI:004999010640001', '--password', 'wrong')
device('--id', 'IMEI:004999010640003', '--encoding', 'wbxml', '--alert', 'server', '--session-id', '26')

/** One call of the lab's local API. */
const token = readFileSync(join(workspace, 'field-trial', 'token'), 'utf8').trim()
async function ask<T>(path: string, body?: object): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(new URL(path, ready.api), body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
  return (await answer.json()) as T
}
async function until(what: string, good: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await good()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (performance.now() > end) throw new Error(`still not so: ${what}`)
}

const TREE = 'IMEI:004999010640010'
const tree = `devices/${encodeURIComponent(TREE)}/tree`
const PLACE = './Vendor/DMLab'
const activity = async (): Promise<string> =>
  (await ask<{ devices: { id: string; activity: string }[] }>('devices')).devices.find(({ id }) => id === TREE)?.activity ?? ''
/** Sends commands, wakes the device, waits for what came of them. */
async function send(mode: string, commands: readonly object[]): Promise<void> {
  const { order } = await ask<{ order: string }>(`${tree}/orders`, { mode, commands, when: 'wake now' })
  await until('the order is done', async () => !['queued', 'sent'].includes((await ask<{ state: string }>(`orders/${order}`)).state))
  await until('the session is over', async () => /completed$/.test(await activity()))
}

// A device of the lab itself: walked node by node, changed, refused, changed again.
await ask('devices', { id: TREE, encoding: 'wbxml', answers: 'accept' })
await until('the first session is over', async () => /completed$/.test(await activity()))
await ask(`${tree}/discovery`, { perSecond: 2000, acl: true })
await ask(`devices/${encodeURIComponent(TREE)}/notify`, {})
await until('the walk is done', async () => (await ask<{ discovery: { state: string } | null }>(`${tree}/discovery`)).discovery?.state === 'done')
await until('the session is over', async () => /completed$/.test(await activity()))
await ask('snapshots', { name: 'factory', of: { device: TREE } })
await send('sequence', [
  { kind: 'Add', locUri: `${PLACE}/Scratch/Profile`, format: 'node' },
  { kind: 'Add', locUri: `${PLACE}/Scratch/Profile/Name`, format: 'chr', type: 'text/plain', data: 'field trial' },
  { kind: 'Replace', locUri: `${PLACE}/Settings/Text`, format: 'chr', type: 'text/plain', data: 'set by the lab' },
])
await send('single', [
  { kind: 'Replace', locUri: `${PLACE}/Scratch/Profile?prop=ACL`, data: 'Add=dm-lab&Get=*&Delete=dm-lab' },
  { kind: 'Get', locUri: `${PLACE}/Scratch/Profile?prop=ACL` },
])
await send('atomic', [{ kind: 'Replace', locUri: `${PLACE}/Scratch/Profile/Name`, data: 'not allowed' }])
await ask('snapshots', { name: 'after the trial', of: { device: TREE } })

const browser = await launch()
const shoot = async (
  name: string,
  scheme: 'light' | 'dark',
  size: { width: number; height: number },
  act: (page: Page) => Promise<void>,
): Promise<void> => {
  const page = await browser.newPage({ viewport: size, colorScheme: scheme })
  await page.goto(ready.ui)
  await page.getByRole('row').nth(3).waitFor()
  await act(page)
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(out, `${name}.png`) })
  await page.close()
}
const large = { width: 1440, height: 900 }
const small = { width: 1280, height: 720 }
const choose = (n: number) => async (page: Page) => page.getByRole('row').nth(n).click()

await shoot('trace-list', 'light', large, choose(4))
await shoot('trace-list-dark', 'dark', large, choose(8))
await shoot('trace-ladder', 'light', large, async (page) => {
  await choose(4)(page)
  await page.keyboard.press('l')
})
await shoot('inspector-wbxml', 'light', small, async (page) => {
  await choose(8)(page)
  await page.getByText('LocURI', { exact: true }).first().click()
})

const onTree =
  (act: (page: Page) => Promise<void>) =>
  async (page: Page): Promise<void> => {
    await page.keyboard.press('Control+3')
    await page.getByRole('treegrid', { name: 'Management tree' }).waitFor()
    await page.getByLabel('Device', { exact: true }).selectOption(TREE)
    await page.getByText('. (root)').waitFor()
    await act(page)
  }
async function goTo(page: Page, uri: string): Promise<void> {
  await page.getByLabel('Find nodes by name, path or value').fill(uri)
  await page.getByRole('option', { name: uri }).first().waitFor()
  await page.getByRole('listbox', { name: 'Found nodes' }).focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await page.locator('[data-node] code', { hasText: uri }).first().waitFor()
}
const rights = onTree(async (page) => {
  await goTo(page, `${PLACE}/Scratch/Profile/Name`)
  await page.getByRole('tab', { name: /ACL/ }).click()
  await page.getByText('inherited from').waitFor()
})
await shoot('tree-acl', 'light', large, rights)
await shoot('tree-acl-dark', 'dark', large, rights)
await shoot(
  'tree-cart',
  'light',
  large,
  onTree(async (page) => {
    await goTo(page, `${PLACE}/Settings/Text`)
    await page.getByRole('button', { name: 'Replace …' }).click()
    await page.getByLabel('Data', { exact: true }).fill('a second trial')
    await page.getByRole('button', { name: 'Put in the cart' }).click()
    await goTo(page, './DevDetail/FwV')
    await page.getByRole('button', { name: 'Get', exact: true }).click()
    await page.getByLabel('Send as').selectOption('sequence')
    await page.getByLabel('Commands as XML', { exact: true }).getByText('a second trial').waitFor()
  }),
)
await shoot(
  'tree-diff',
  'light',
  large,
  onTree(async (page) => {
    const label = (select: string, name: string) =>
      page.getByLabel(select).evaluate((element, wanted) => {
        const option = [...(element as HTMLSelectElement).options].find(({ text }) => text.includes(wanted))
        return option?.value ?? ''
      }, name)
    await page.getByLabel('Tree A').selectOption(await label('Tree A', 'factory'))
    await page.getByLabel('Tree B').selectOption(await label('Tree B', 'after the trial'))
    await page.getByRole('button', { name: 'Compare A with B' }).click()
    await page.getByRole('option', { name: /added/ }).first().waitFor()
  }),
)
await shoot(
  'tree-time',
  'light',
  large,
  onTree(async (page) => {
    await goTo(page, `${PLACE}/Settings/Text`)
    await page.getByRole('treegrid', { name: 'Management tree' }).focus()
    for (let i = 0; i < 4; i++) await page.keyboard.press('[')
    await page.getByText(/^After row \d+, message/).waitFor()
  }),
)
await softwareShots(browser, ready.ui, out)
await gatewayShots(browser, ready.ui, { dm: ready.dm, gateway: ready.gateway }, out)
await benchShots(browser, out)
await browser.close()
lab.kill('SIGTERM')
await new Promise((done) => lab.once('exit', done))
rmSync(workspace, { recursive: true, force: true })
process.stdout.write(`pictures in ${out}\n`)
