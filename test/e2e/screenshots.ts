// `npm run screenshots`: a lab, simulated devices from the command line, and the pictures of docs/screenshots taken from that run.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { launch } from './browser.ts'

const root = resolve(import.meta.dirname, '../..')
const out = join(root, 'docs/screenshots')
const dmlab = join(root, 'core/node/cli/dmlab.mjs')

const workspace = mkdtempSync(join(tmpdir(), 'dm-lab-shots-'))
const lab = spawn(process.execPath, [dmlab, 'serve', '--workspace', join(workspace, 'field-trial'), '--dm-port', '0', '--ui-port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ready = await new Promise<{ dm: string; ui: string }>((done) => {
  let text = ''
  lab.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (text.includes('\n')) done(JSON.parse(text.slice(0, text.indexOf('\n'))) as { dm: string; ui: string })
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
await browser.close()
lab.kill('SIGTERM')
await new Promise((done) => lab.once('exit', done))
rmSync(workspace, { recursive: true, force: true })
process.stdout.write(`pictures in ${out}\n`)
