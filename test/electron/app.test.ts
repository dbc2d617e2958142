// The application as built, under the double of Electron: what it sets, whom it obeys, and what survives a crash.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECKS, channelOf } from '../../electron/calls.ts'
import type { CallName } from '../../electron/calls.ts'
import { SECURE } from '../../electron/desktop.ts'
import type { Build, Stage } from '../support/electron-double/stage.ts'
import { CHROMIUM, build, launch } from '../support/electron-double/stage.ts'

const ROUNDS = process.env['DM_LAB_SOAK'] === undefined ? 2_000 : 10_000

describe.skipIf(!CHROMIUM)('the desktop shell under the double (needs chromium: apt-get install chromium)', () => {
  let built: Build
  let stage: Stage
  beforeAll(async () => {
    built = await build('test page')
    stage = await launch(built, ['--dm-port', '0'])
    await stage.page()
  })
  afterAll(async () => {
    await stage?.close()
  })

  it('starts in the right order: sandbox and scheme before ready, guards before the first window', () => {
    const names = stage.names()
    const order = [
      'app.enableSandbox',
      'protocol.registerSchemesAsPrivileged',
      'app.whenReady',
      'session.protocol.handle',
      'session.setPermissionRequestHandler',
      'utilityProcess.fork',
      'new BrowserWindow',
      'win.loadURL',
      'win.show',
    ]
    expect(order.map((name) => names.indexOf(name))).toEqual([...order.map((name) => names.indexOf(name))].sort((a, b) => a - b))
    for (const name of order) expect(names).toContain(name)
    expect(stage.of('win.loadURL').map((call) => call.args[0])).toEqual(['app://lab/index.html'])
  })
  it('gives every window the secure settings and nothing beyond them', async () => {
    const page = await stage.page()
    await page.evaluate('window.desktop.openWindow("ladder")')
    await stage.page(1)
    const made = stage.of('new BrowserWindow')
    expect(made).toHaveLength(2)
    for (const { args } of made) {
      const { preload, ...rest } = (args[0] as { webPreferences: { preload: string } }).webPreferences
      expect(rest).toEqual(SECURE)
      expect(preload).toMatch(/dist\/preload\/preload\.cjs$/)
    }
    stage.windows()[1]?.close()
  })
  it('lets a page call the lab over its own port, typed arrays and all', async () => {
    const page = await stage.page()
    expect(await page.locator('h1').textContent()).toMatch(/^tiny \d+ sealed s3cret$/)
    expect(await page.evaluate('window.lab.trace.rows(5, 2).then((p) => [p.numbers.constructor.name, ...p.numbers, p.strings[1]])')).toEqual([
      'Float64Array',
      5,
      6,
      7,
      8,
      'naïve',
    ])
    expect(await page.evaluate('window.lab.evidence.open("x.wbxml", new Uint8Array(1000))')).toEqual({ first: 1, last: 1000 })
    await expect(page.evaluate('window.lab.stepper.decide(1, {act: "drop"})')).rejects.toThrow('not in the tiny lab')
  })
  it('exposes named functions only: no ipc, no require, no process, no Buffer', async () => {
    const page = await stage.page()
    expect(await page.evaluate('Object.keys(window.desktop).sort()')).toEqual([
      'onCommand',
      'onLab',
      'openCapture',
      'openExternal',
      'openWindow',
      'platform',
      'requestPort',
      'saveAs',
      'secretsSafe',
      'setTheme',
      'setTitleBadge',
      'versions',
    ])
    expect(
      await page.evaluate('[typeof require, typeof process, typeof Buffer, typeof module, typeof window.electron, typeof window.ipcRenderer]'),
    ).toEqual(Array(6).fill('undefined'))
    expect(await page.evaluate('Object.isFrozen(window.desktop)')).toBe(true)
  })
  it('asks for nothing outside app://lab and breaks no rule of its own policy', async () => {
    const page = await stage.page()
    expect(stage.of('request').filter((call) => call.args[2] !== 'allowed')).toEqual([])
    expect(await page.evaluate('window.violations')).toEqual([])
    expect(await page.evaluate('getComputedStyle(document.querySelector("h1")).color')).toBe('rgb(1, 2, 3)')
  })
  it('refuses remote scripts, images, fetches, frames and inline script, by policy and by request filter', async () => {
    const page = await stage.page()
    const outcomes = await page.evaluate(`(async () => {
      const tries = []
      tries.push(await fetch('https://evil.example/x').then(() => 'fetched', () => 'refused'))
      tries.push(await new Promise((done) => { const i = new Image(); i.onload = () => done('loaded'); i.onerror = () => done('refused'); i.src = 'https://evil.example/i.png' }))
      try { const s = document.createElement('script'); s.append('window.inlined = true'); document.body.append(s); s.textContent = 'window.inlined = true' } catch { }
      const f = document.createElement('iframe'); f.src = 'https://evil.example/'; document.body.append(f)
      tries.push(await new Promise((done) => { try { const w = new WebSocket('wss://evil.example/'); w.onerror = () => done('refused'); w.onopen = () => done('opened') } catch { done('refused') } }))
      let evil; try { evil = eval('1+1') } catch { evil = 'refused' }
      tries.push(evil, String(window.inlined))
      return tries
    })()`)
    expect(outcomes).toEqual(['refused', 'refused', 'refused', 'refused', 'undefined'])
    expect(stage.of('request').filter((call) => String(call.args[1]).includes('evil') && call.args[2] === 'allowed')).toEqual([])
    // Chromium reports a violation as an event of its own, some time after the refusal.
    for (const kind of ['connect-src', 'img-src', 'frame-src'])
      await page.waitForFunction(`window.violations.some((text) => text.startsWith('${kind}'))`, undefined, { timeout: 30_000 })
    await page.evaluate('window.violations = []')
  })
  it('stays where it is when captured content tries to lead it away or to open windows', async () => {
    const page = await stage.page()
    const before = page.url()
    // One after the other: a navigation that is asked for takes the place of one that is still on its way.
    const acts: readonly [string, string, number, () => Promise<unknown>][] = [
      ['the link', 'navigation', 1, () => page.click('#evil')],
      ['another site', 'navigation', 2, () => page.evaluate('void (location.href = "https://evil.example/else")')],
      ['another file', 'navigation', 3, () => page.evaluate('void (location.href = "https://app-lab.test/../../etc/passwd.html")')],
      ['a window', 'window.open', 1, () => page.evaluate('void window.open("https://evil.example/w")')],
      ['a link to a window', 'window.open', 2, () => page.click('#blank')],
    ]
    for (const [what, kind, count, act] of acts) {
      await act()
      await stage.until(`${what} to be refused`, () => stage.of(kind).length >= count)
    }
    expect(stage.of('navigation').map((call) => call.args[2])).toEqual(['prevented', 'prevented', 'prevented'])
    expect(stage.of('window.open').map((call) => call.args[1])).toEqual(['deny', 'deny'])
    expect(page.url()).toBe(before)
    expect(stage.of('shell.openExternal')).toEqual([])
    expect(await page.evaluate('window.lab != null')).toBe(true)
  })
  it('denies webviews, redirects and navigation of frames', () => {
    const contents = stage.windows()[0]?.webContents
    const prevented = (name: string, fields: object): boolean => {
      let stopped = false
      contents?.emit(name, { ...fields, preventDefault: () => (stopped = true) }, {}, {})
      return stopped
    }
    expect(prevented('will-attach-webview', {})).toBe(true)
    expect(prevented('will-redirect', { url: 'https://evil.example', isMainFrame: true })).toBe(true)
    expect(prevented('will-frame-navigate', { url: 'app://lab/index.html', isMainFrame: false })).toBe(true)
    expect(prevented('will-navigate', { url: 'app://lab/index.html#ladder', isMainFrame: true })).toBe(false)
    expect(prevented('will-navigate', { url: 'app://other/index.html', isMainFrame: true })).toBe(true)
    expect(prevented('will-navigate', { url: 'file:///etc/passwd', isMainFrame: true })).toBe(true)
  })
  it('grants writing the clipboard and no other permission, and no device', () => {
    const granted = (permission: string, url: string, isMainFrame = true): boolean[] => {
      const answers: boolean[] = []
      stage.permission.request?.(null, permission, (answer) => answers.push(answer), { requestingUrl: url, isMainFrame })
      answers.push(stage.permission.check?.(null, permission, url, { requestingUrl: url, isMainFrame }) ?? true)
      return answers
    }
    expect(granted('clipboard-sanitized-write', 'app://lab/index.html')).toEqual([true, true])
    expect(granted('clipboard-sanitized-write', 'https://evil.example/')).toEqual([false, false])
    expect(granted('clipboard-sanitized-write', 'app://lab/index.html', false)).toEqual([false, false])
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'midi',
      'midiSysex',
      'pointerLock',
      'fullscreen',
      'openExternal',
      'clipboard-read',
      'display-capture',
      'serial',
      'hid',
      'usb',
      'fileSystem',
      'local-network-access',
      'unknown',
    ])
      expect(granted(permission, 'app://lab/index.html'), permission).toEqual([false, false])
    expect(stage.permission.device?.({ deviceType: 'usb' })).toBe(false)
  })
  it('opens only listed https documentation, and only after a yes', async () => {
    const page = await stage.page()
    const open = (url: string): Promise<unknown> =>
      page.evaluate((u) => (window as unknown as { desktop: { openExternal(u: string): Promise<boolean> } }).desktop.openExternal(u), url)
    for (const url of [
      'http://www.w3.org/TR/wbxml/',
      'https://www.w3.org.evil.example/',
      'https://user@www.w3.org/',
      'https://www.w3.org:8443/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'smb://x/y',
      'www.w3.org',
    ])
      expect(await open(url), url).toBe(false)
    expect(stage.of('dialog.showMessageBox')).toEqual([])
    expect(await open('https://www.w3.org/TR/wbxml/')).toBe(false)
    stage.settings.messageBox = () => 0
    expect(await open('https://www.w3.org/TR/wbxml/')).toBe(true)
    stage.settings.messageBox = () => 1
    expect(stage.of('dialog.showMessageBox')).toHaveLength(2)
    expect(stage.of('shell.openExternal').map((call) => call.args[0])).toEqual(['https://www.w3.org/TR/wbxml/'])
  })
  it('obeys the top frame of its own page and nobody else', async () => {
    const contents = stage.windows()[0]?.webContents ?? null
    const good = { url: 'app://lab/index.html', top: true }
    const ask = (frame: { url: string; top: boolean } | null, sender = contents): Promise<unknown> =>
      stage.invoke('desktop:setTitleBadge', [0], frame, sender)
    await expect(ask(good)).resolves.toBeUndefined()
    await expect(ask({ ...good, top: false })).rejects.toThrow('not the top frame')
    await expect(ask({ ...good, url: 'https://evil.example/index.html' })).rejects.toThrow('not a page of this application')
    await expect(ask({ ...good, url: 'app://lab.evil/index.html' })).rejects.toThrow('not a page of this application')
    await expect(ask({ ...good, url: 'app://lab/other.html' })).rejects.toThrow('not a page of this application')
    await expect(ask({ ...good, url: 'about:blank' })).rejects.toThrow('not a page of this application')
    await expect(ask(null)).rejects.toThrow('gone')
    await expect(ask(good, null)).rejects.toThrow('not a window')
    const page = await stage.page()
    const fromFrame = page.evaluate(
      `(async () => { const f = document.createElement('iframe'); document.body.append(f); return f.contentWindow.__double_invoke('desktop:setTitleBadge', [0]) })()`,
    )
    await expect(fromFrame).rejects.toThrow('not the top frame')
  })
  it('withstands random payloads on every channel without a side effect', async () => {
    const contents = stage.windows()[0]?.webContents ?? null
    const effects = ['dialog.', 'shell.', 'new BrowserWindow', 'app.quit', 'app.exit', 'utilityProcess.', 'win.', 'app.setBadgeCount']
    const harmless = new Set<CallName>(['port', 'openCapture', 'secretsSafe'])
    expect([...stage.handlers.keys()].sort()).toEqual((Object.keys(CHECKS) as CallName[]).map(channelOf).sort())
    let seed = 20_261_121
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return Math.floor((seed / 0x7fffffff) * n * 0.999_999)
    }
    const value = (depth = 0): unknown =>
      [
        () => undefined,
        () => null,
        () => random(2) === 0,
        () => random(1e9) - 5e8 + 0.5,
        () => Number.NaN,
        () => -1 - random(10),
        () => 10n ** 30n,
        () => `\u0001${randomBytes(random(40)).toString('latin1')}`,
        () => '../'.repeat(1 + random(20)) + 'etc/passwd',
        () => '\u0000'.repeat(3000),
        () => 'https://evil.example/' + 'a'.repeat(random(4000)),
        () => new Date(0),
        () => new Map([[{}, value(4)]]),
        () => new Uint16Array(random(100)),
        () => new ArrayBuffer(8),
        () => JSON.parse('{"__proto__":{"polluted":true},"length":5}') as unknown,
        () => (depth > 3 ? 0 : Array.from({ length: random(5) }, () => value(depth + 1))),
        () => (depth > 3 ? 0 : { toString: value(depth + 1), name: value(depth + 1), bytes: value(depth + 1) }),
      ][random(18)]?.()
    for (const name of Object.keys(CHECKS) as CallName[]) {
      const before = stage.calls.length
      let refused = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const args = Array.from({ length: harmless.has(name) ? 1 + random(4) : random(4) }, () => value())
        if (name === 'openExternal' && args.length === 1 && typeof args[0] === 'string') continue
        await stage.invoke(channelOf(name), args, { url: 'app://lab/index.html', top: true }, contents).then(
          (answer) => expect(answer, `${name} ${JSON.stringify(args.map(String))}`).toBe('never answered'),
          () => (refused += 1),
        )
      }
      expect(refused, name).toBeGreaterThan(ROUNDS / 2)
      expect(
        stage.calls.slice(before).filter((call) => effects.some((effect) => call.name.startsWith(effect))),
        name,
      ).toEqual([])
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(await (await stage.page()).evaluate('window.lab.trace.sessions()')).toEqual([])
  })
  it('starts a lab that died again, and the page finds it by itself', async () => {
    const page = await stage.page()
    const first = await page.locator('h1').textContent()
    stage.utilities.at(-1)?.child.kill('SIGKILL')
    await stage.until(
      'another lab',
      async () => (await page.locator('h1').textContent()) !== first && (await page.evaluate('window.lab != null')) === true,
    )
    expect(stage.utilities).toHaveLength(2)
    const starts = stage
      .of('utilityProcess.postMessage')
      .flatMap(({ args }) => ((args[0] as { type: string }).type === 'start' ? [(args[0] as { options: { dmPort: number } }).options.dmPort] : []))
    expect(starts, 'a free port at first, then the one it got').toEqual([0, 1])
    expect(await page.evaluate('window.statuses')).toEqual(expect.arrayContaining(['down', 'starting', 'running']))
    expect(await page.evaluate('window.lab.trace.sessions()')).toEqual([])
  })
  it('refuses calls that were open when the lab died, instead of leaving them', async () => {
    const page = await stage.page()
    await expect(page.evaluate('window.lab.trace.rows(666, 1)')).rejects.toThrow('connection lost')
    await stage.page()
    expect(stage.utilities).toHaveLength(3)
  })
  it('reloads a window whose renderer crashed while the lab goes on', async () => {
    const pid = stage.utilities.at(-1)?.pid
    const window = stage.windows()[0]
    const dead = await stage.page()
    window?.webContents.forcefullyCrashRenderer()
    await stage.until('a new page', () => window?.page !== dead)
    const page = await stage.page()
    expect(await page.locator('h1').textContent()).toContain(`tiny ${String(pid)}`)
    expect(stage.names()).toContain('webContents.reload')
  })
  it('shows held messages in the title and on the dock, and follows the theme', async () => {
    const page = await stage.page()
    await page.evaluate('window.desktop.setTitleBadge(3)')
    expect(stage.windows()[0]?.title).toBe('(3 held) DM Lab')
    await page.evaluate('window.desktop.setTitleBadge(0)')
    expect(stage.windows()[0]?.title).toBe('DM Lab')
    await page.evaluate('window.desktop.setTheme("dark")')
    expect(stage.module.nativeTheme.themeSource).toBe('dark')
    expect(await page.evaluate('window.desktop.secretsSafe()')).toBe(true)
  })
  it('tells the page what the menu was asked', async () => {
    const page = await stage.page()
    type Item = { label?: string; click?: () => void; submenu?: Item[] }
    const all = (items: readonly Item[]): Item[] => items.flatMap((item) => [item, ...all(item.submenu ?? [])])
    all(stage.menu() as Item[])
      .find((item) => item.label === 'Continue Held Message')
      ?.click?.()
    await stage.until('the command', async () => ((await page.evaluate('window.commands')) as string[]).includes('continue'))
  })
})
