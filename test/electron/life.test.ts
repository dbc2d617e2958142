// Beginning and end of the application under the double: locks, failures to start, files, quitting while the lab still writes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Build, Stage } from '../support/electron-double/stage.ts'
import { CHROMIUM, build, launch } from '../support/electron-double/stage.ts'

describe.skipIf(!CHROMIUM)('the life of the application under the double (needs chromium: apt-get install chromium)', () => {
  let built: Build
  let stage: Stage | undefined
  let files: string
  beforeAll(async () => {
    built = await build('test page')
    files = mkdtempSync(join(tmpdir(), 'dm-lab-files-'))
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })
  afterAll(() => {
    rmSync(files, { recursive: true, force: true })
  })

  it('leaves at once where another instance runs', async () => {
    stage = await launch(built, [], { lock: false })
    expect(await stage.quit).toBe(0)
    expect(stage.windows()).toEqual([])
    expect(stage.utilities).toEqual([])
  })
  it('comes to the front when a second one is started, and opens a window if all were closed', async () => {
    stage = await launch(built, ['--workspace', join(files, 'w')])
    await stage.page()
    stage.module.app.emit('second-instance', {}, [], '')
    expect(stage.names()).toContain('win.focus')
    expect(stage.windows()).toHaveLength(1)
  })
  it('says which flag it does not understand and ends with 2', async () => {
    stage = await launch(built, ['--dm-port', 'eighty'])
    expect(await stage.quit).toBe(2)
    expect(stage.of('dialog.showErrorBox')[0]?.args.join(' ')).toContain('--dm-port takes a number from 0 to 65535, not eighty')
    expect(stage.utilities).toEqual([])
  })
  it('passes the command line to the lab', async () => {
    stage = await launch(built, [`--workspace=${join(files, 'mine')}`, '--dm-port', '0', '--enrol', 'never'])
    await stage.page()
    expect(stage.of('utilityProcess.postMessage')[0]?.args[0]).toEqual({
      type: 'start',
      options: { workspace: join(files, 'mine'), host: '127.0.0.1', dmPort: 0, tlsPort: 8443, uiPort: 0, gateway: {}, enrol: 'never' },
    })
  })
  it('asks what to do when the lab cannot start, tries again, and quits on request', async () => {
    const answers = [0, 1]
    stage = await launch(built, ['--workspace', join(files, 'locked')], { messageBox: () => answers.shift() ?? 1 })
    expect(await stage.quit).toBe(0)
    expect(stage.of('dialog.showMessageBox').map((call) => (call.args[0] as { detail: string }).detail)).toEqual(
      Array(2).fill(`${join(files, 'locked')} is in use by process 4711`),
    )
    expect(stage.utilities).toHaveLength(2)
  })
  it('waits for the lab to write what it holds, then quits', async () => {
    stage = await launch(built, ['--workspace', join(files, 'slow')])
    await stage.page()
    const at = performance.now()
    stage.module.app.quit()
    stage.module.app.quit()
    expect(stage.of('utilityProcess.exit')).toEqual([])
    expect(await stage.quit).toBe(0)
    expect(performance.now() - at).toBeGreaterThan(550)
    expect(stage.of('utilityProcess.postMessage').filter((call) => (call.args[0] as { type: string }).type === 'stop')).toHaveLength(1)
    expect(stage.of('utilityProcess.exit').map((call) => call.args)).toEqual([[0, null]])
  })
  it('waits at most five seconds for one that does not finish', async () => {
    stage = await launch(built, ['--workspace', join(files, 'stuck')])
    await stage.page()
    const at = performance.now()
    stage.module.app.quit()
    expect(await stage.quit).toBe(0)
    const took = performance.now() - at
    // Long before it would have ended by itself: never.
    expect(took).toBeGreaterThan(4_500)
    expect(stage.of('utilityProcess.exit')).toHaveLength(1)
  })
  it('closes with its last window, and puts it back in the same place next time', async () => {
    stage = await launch(built, ['--workspace', join(files, 'w')])
    await stage.page()
    stage.windows()[0]?.close()
    expect(await stage.quit).toBe(0)
    expect(JSON.parse(readFileSync(join(stage.settings.userData, 'windows.json'), 'utf8'))).toEqual({
      main: { x: 0, y: 0, width: 1440, height: 900, maximized: false },
    })
  })
  it('flushes when the system shuts down', async () => {
    stage = await launch(built, ['--workspace', join(files, 'w')])
    await stage.page()
    let prevented = false
    stage.module.powerMonitor.emit('shutdown', { preventDefault: () => (prevented = true) })
    expect(prevented).toBe(true)
    expect(await stage.quit).toBe(0)
  })
  it('tells the lab and the page when the system keeps no secrets', async () => {
    stage = await launch(built, ['--workspace', join(files, 'w')], { keyStore: false })
    const page = await stage.page()
    expect(await page.locator('h1').textContent()).toContain('no key store')
    expect(await page.evaluate('window.desktop.secretsSafe()')).toBe(false)
  })
  it('opens the captures that were chosen and saves where the user says', async () => {
    const capture = join(files, 'one.wbxml')
    writeFileSync(capture, Buffer.from([3, 1, 0x6a, 0]))
    stage = await launch(built, ['--workspace', join(files, 'w')])
    const page = await stage.page()
    expect(await page.evaluate('window.desktop.openCapture()')).toBeNull()
    stage.settings.open = () => ({ canceled: false, filePaths: [capture] })
    expect(await page.evaluate('window.desktop.openCapture().then((f) => [f[0].name, f[0].bytes.constructor.name, ...f[0].bytes])')).toEqual([
      'one.wbxml',
      'Uint8Array',
      3,
      1,
      106,
      0,
    ])
    expect(await page.evaluate('window.desktop.saveAs("x.ndjson", new Uint8Array([65, 66]))')).toBeNull()
    const target = join(files, 'saved.ndjson')
    stage.settings.save = () => ({ canceled: false, filePath: target })
    expect(await page.evaluate('window.desktop.saveAs("../../x.ndjson", new Uint8Array([65, 66]))')).toBe('saved.ndjson')
    expect(readFileSync(target, 'utf8')).toBe('AB')
    expect((stage.of('dialog.showSaveDialog').at(-1)?.args[0] as { defaultPath: string }).defaultPath).toBe('x.ndjson')
    stage.settings.save = () => ({ canceled: false, filePath: join(files, 'missing/x') })
    await expect(page.evaluate('window.desktop.saveAs("x", new Uint8Array(1))')).rejects.toThrow('ENOENT')
  })
  it('refuses a seventeenth window in words', async () => {
    stage = await launch(built, ['--workspace', join(files, 'w')])
    const page = await stage.page()
    for (let n = 1; n < 16; n += 1) await page.evaluate('window.desktop.openWindow("ladder")')
    await expect(page.evaluate('window.desktop.openWindow("ladder")')).rejects.toThrow('at most 16 windows')
    expect(stage.windows()).toHaveLength(16)
  })
})
