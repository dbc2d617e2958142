// The whole desktop application: real window, real lab, real DM session over HTTP; only Electron itself is a double.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Build, Stage } from '../support/electron-double/stage.ts'
import { CHROMIUM, ROOT, build, launch } from '../support/electron-double/stage.ts'
import { hasSqlite } from '../support/needs.ts'

/** True once the page obeys `window.desktop.onCommand`. */
const listens = readdirSync(join(ROOT, 'renderer'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|vue)$/.test(name))
  .some((name) => readFileSync(join(ROOT, 'renderer', name), 'utf8').includes('onCommand'))

describe.skipIf(!CHROMIUM || !hasSqlite)('the desktop application (needs chromium: apt-get install chromium, and Node 22.13)', () => {
  let built: Build
  let stage: Stage
  let workspace: string | undefined
  const problems: string[] = []
  const page = (): Promise<Page> =>
    stage.until('a window that shows the lab', async () =>
      (await stage.windows()[0]?.page?.getByText('Connected', { exact: true }).count()) === 1 ? stage.windows()[0]?.page : null,
    )
  const recorded = async (): Promise<number> =>
    Number(
      (
        (
          (await (
            await page()
          )
            .getByText(/^REC [\d,]+$/)
            .first()
            .textContent()) ?? ''
        ).match(/[\d,]+/)?.[0] ?? '0'
      ).replaceAll(',', ''),
    )
  const watch = (shown: Page): void => {
    shown.on('console', (message) => (message.type() === 'error' ? problems.push(message.text()) : undefined))
    shown.on('pageerror', (error) => problems.push(error.message))
  }
  beforeAll(async () => {
    built = await build('renderer')
    workspace = mkdtempSync(join(tmpdir(), 'dm-lab-workspace-'))
    stage = await launch(built, ['--workspace', String(workspace), '--dm-port', '0'], { lab: null })
    watch(await stage.until('a page', () => stage.windows()[0]?.page))
  })
  afterAll(async () => {
    await stage?.close()
    if (workspace !== undefined) rmSync(workspace, { recursive: true, force: true })
  })

  it('opens, connects to the lab in its own process, and asks for nothing but its own files', async () => {
    const shown = await page()
    expect(await shown.getByText(/http:\/\/127\.0\.0\.1:\d+\/dm/).count()).toBeGreaterThan(0)
    const asked = stage.of('request').map((call) => call.args)
    expect(asked.length).toBeGreaterThan(2)
    expect(asked.filter(([, url, outcome]) => !String(url).startsWith('app://lab/') || outcome !== 'allowed')).toEqual([])
  })
  it('shows a session of a simulated device as it happens', async () => {
    await (await page()).getByText('Watch a demo').click()
    await stage.until('recorded messages', async () => (await recorded()) >= 4)
  })
  it('goes on with everything it had after the lab was killed', async () => {
    const before = await stage.until('the end of the session', async () => {
      const seen = await recorded()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return seen > 0 && seen === (await recorded()) ? seen : null
    })
    const address =
      (await (
        await page()
      )
        .getByText(/http:\/\/127\.0\.0\.1:\d+\/dm/)
        .first()
        .textContent()) ?? 'none'
    stage.utilities.at(-1)?.child.kill('SIGKILL')
    await stage.until('another lab', () => stage.utilities.length === 2)
    await stage.until('the lab to be connected again', async () => (await recorded()) >= before)
    expect(await (await page()).getByText(address).count(), 'the same address as before').toBeGreaterThan(0)
  })
  it('is back by itself when its page has crashed, with nothing lost', async () => {
    const before = await recorded()
    const dead = await page()
    stage.windows()[0]?.webContents.forcefullyCrashRenderer()
    await stage.until('a new page', () => stage.windows()[0]?.page !== dead)
    expect(await stage.until('the same rows', async () => (await recorded()) >= before)).toBe(true)
  })
  it.skipIf(!listens)('does what the menu is asked (the page must listen to window.desktop.onCommand)', async () => {
    const shown = await page()
    type Item = { label?: string; click?: () => void; submenu?: Item[] }
    const all = (items: readonly Item[]): Item[] => items.flatMap((item) => [item, ...all(item.submenu ?? [])])
    all(stage.menu() as Item[])
      .find((item) => item.label === 'Devices')
      ?.click?.()
    await stage.until('the devices screen', async () => (await shown.getByRole('heading', { name: /devices/i }).count()) > 0)
  })
  it('broke none of its own rules on the way', () => {
    expect(problems.filter((text) => /Content Security Policy|TrustedHTML|TrustedScript|is not a function|undefined/.test(text))).toEqual([])
  })
  it('quits when the lab has written everything, and the workspace opens again', async () => {
    stage.module.app.quit()
    expect(await stage.quit).toBe(0)
    await stage.until('the end of the lab', () => stage.of('utilityProcess.exit').length === 2)
    expect(stage.of('utilityProcess.exit').at(-1)?.args[0]).toBe(0)
  })
})
