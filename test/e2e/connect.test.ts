// Real devices in Chromium against a fake lab: the connect grid, devices that want to talk, adb with its log beside the messages, certificates, addresses, modem, proxies, dialect.
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { freePort } from '../support/freeport.ts'
import { benchLab, logLine, PHONE, SERIAL, STRANGER, stranger } from '../support/demobench.ts'
import { createFakeLab, type FakeLab } from '../support/fakelab.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import { makeClient } from '../../core/device/client.ts'
import { audit, shot, stage, THERE, WITHOUT, type OpenOptions } from './stage.ts'

describe.skipIf(!THERE)(`real devices in Chromium${WITHOUT}`, { timeout: 120_000 }, () => {
  const { open: over, later } = stage()
  const open = async (lab: Pick<FakeLab, 'api'>, options: OpenOptions = {}): Promise<Page> => {
    const { page } = await over(lab, { width: 1280, height: 720, ...options })
    await page.keyboard.press('Control+2')
    return page
  }
  const tab = (page: Page, name: string) =>
    page.getByRole('tablist', { name: 'Devices and how they come here' }).getByRole('tab', { name: new RegExp(`^${name}`) })
  /** The page itself never scrolls sideways. */
  async function fits(page: Page): Promise<void> {
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  }
  const said = (lab: FakeLab, begin: string): string | undefined => lab.calls.findLast((call) => call.startsWith(begin))

  describe('connect', () => {
    it('tiles stand by what can be done now, with proof of the first message; a problem is mended by its button', async () => {
      const { lab, rows } = benchLab()
      const page = await open(lab)
      await tab(page, 'Connect').click()
      const tiles = page.getByRole('region', { name: 'Ways to connect' }).getByRole('article')
      await tiles.first().waitFor()
      expect(await tiles.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).toEqual([
        'USB and Android (adb)',
        'Simulated device',
        'Capture file',
        'Wi-Fi',
        'Serial modem (SMS)',
      ])
      await shot(page, 'connect')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await tiles.first().getByRole('button', { name: 'Reconnect' }).click()
      await expect.poll(() => said(lab, 'adb.reconnect')).toBe('adb.reconnect 9A231FFAZ000QX')
      await page.getByRole('article', { name: 'Wi-Fi' }).getByRole('button', { name: 'Choose an address' }).click()
      await page.getByRole('region', { name: 'Ways to this lab' }).waitFor()
      await tab(page, 'Connect').click()
      await tiles
        .first()
        .getByRole('button', { name: /^First message received at/ })
        .click()
      await expect.poll(() => page.getByRole('row', { selected: true }).getAttribute('id')).toBe(`row-${String(rows[0])}`)
    })

    it('says what is listened to, why an address does not reach it, and finds a way by QR code; mDNS is off until asked', async () => {
      const { lab } = benchLab()
      const page = await open(lab, { scheme: 'dark' })
      await tab(page, 'Connect').click()
      await page.getByText('This computer only: a device on a network').waitFor()
      await page.getByLabel(/^A device does not get through/).fill('192.168.1.7')
      await page.getByRole('button', { name: 'Look', exact: true }).click()
      await page.getByText('No interface of this computer is in the network of 192.168.1.7.').waitFor()
      await page.getByRole('article', { name: 'Wi-Fi' }).getByRole('button', { name: 'Show the QR code' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('img', { name: /^QR code of http:/ }).waitFor()
      await dialog.getByText(/Waits for a device to open it, \d+:\d\d left/).waitFor()
      expect(await dialog.getByLabel('Publish this lab as _oma-dm._tcp').isChecked()).toBe(false)
      const [invite] = lab.modem.wifi.invites
      if (invite === undefined) throw new Error('no invitation')
      const probes = [
        { candidate: 'wlan0/192.168.1.5', base: 'http://192.168.1.5:8080', result: 'ours' as const, ms: 14, text: '', seen: true },
        { candidate: 'given', base: 'http://lab.example', result: 'no' as const, ms: 3000, text: 'no answer within 3 s', seen: false },
      ]
      const report = {
        at: Date.now(),
        remote: '192.168.1.7',
        local: '192.168.1.5',
        userAgent: 'Mozilla/5.0 (Android)',
        probes,
        best: 'http://192.168.1.5:8080',
      }
      lab.modem.wifi = { ...lab.modem.wifi, invites: [{ ...invite, state: 'done', report }] }
      lab.tell('wifi', lab.modem.wifi)
      await dialog.getByText('http://192.168.1.5:8080 works from the device').waitFor()
      await dialog.getByText('no answer within 3 s').waitFor()
      await dialog.getByLabel('Look for others').check()
      await dialog.getByText('nobody on this network publishes').waitFor()
      expect(await audit(page)).toEqual([])
    })

    it('an empty lab says what to do and how to reach it', async () => {
      const page = await open(createFakeLab())
      await page.getByRole('heading', { name: 'No device yet' }).waitFor()
      await page.getByRole('button', { name: 'Ways to connect' }).click()
      await page.getByRole('article', { name: 'Simulated device' }).getByRole('button', { name: 'Start one' }).waitFor()
      expect(await audit(page)).toEqual([])
    })
  })

  describe('an unknown device', () => {
    it('is a card with who it says it is; adopting gives it an account, ignoring takes the card away', async () => {
      const { lab } = benchLab()
      const page = await open(lab)
      const card = page.getByRole('article', { name: `${STRANGER} wants to talk` })
      await card.getByText('Example Tracker 2').waitFor()
      await card.getByText(/192\.168\.1\.23:40112, 3 times/).waitFor()
      await page.getByRole('button', { name: /Devices\s*1 want to talk/ }).waitFor()
      await shot(page, 'wants')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await card.getByRole('button', { name: `Adopt ${STRANGER}` }).click()
      await expect.poll(() => said(lab, 'devices.decide')).toBe(`devices.decide ${STRANGER} adopt`)
      await card.waitFor({ state: 'detached' })
      lab.tell('wants', { open: [stranger({ device: 'IMEI:1', seq: 0 }), stranger({ device: 'IMEI:2', shown: 'none' })] })
      await page.getByRole('button', { name: 'Ignore IMEI:1' }).click()
      await expect.poll(() => said(lab, 'devices.decide')).toBe('devices.decide IMEI:1 ignore')
    })
  })

  describe('why 401?', () => {
    it('stands in the inspector of a refused message and of its answer: the cause, what to do, what was tried', async () => {
      const { lab, rows } = benchLab()
      const page = await open(lab)
      await page.keyboard.press('Control+1')
      await page.locator(`#row-${String(rows[1])}`).click()
      await page.getByRole('tab', { name: 'Why 401?' }).click()
      const panel = page.getByLabel('Why the credentials were refused')
      await panel.getByText('The digest rests on an older nonce').first().waitFor()
      await panel.getByText('22 variants computed for 4 of 5 suppositions; 1 fits.').waitFor()
      expect(await panel.getByRole('region', { name: 'What was tried' }).getByRole('listitem').first().textContent()).toContain('fits')
      await shot(page, 'why')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await panel.getByRole('button', { name: `row ${String(rows[0])}`, exact: true }).click()
      await panel.getByText('The digest rests on an older nonce').first().waitFor()
      await page.locator(`#row-${String(rows[3])}`).click()
      await page.getByRole('tab', { name: 'Why 401?' }).waitFor({ state: 'detached' })
      await page.locator(`#row-${String(rows[0])}`).click()
      await page.getByRole('tab', { name: 'Why 401?' }).click()
      await panel.getByRole('button', { name: 'Account and nonces of the device …' }).click()
      await page.getByRole('form', { name: 'Account' }).waitFor()
      expect(await page.getByRole('heading', { name: PHONE }).count()).toBe(1)
    })
  })

  describe('a device', () => {
    it('shows the last proof with its age, ticking; the log stands on the time axis of its messages, filtered, off until turned on', async () => {
      const { lab, rows, at } = benchLab()
      const page = await open(lab, { width: 1440, height: 900 })
      const row = page.getByRole('grid', { name: 'Devices' }).getByRole('row', { name: new RegExp(PHONE) })
      await row.getByText(/wrote a log line \d+ s ago/).waitFor()
      const before = await row.textContent()
      await expect.poll(() => row.textContent()).not.toBe(before)
      await row.click()
      await page.getByRole('tab', { name: 'Messages and log' }).click()
      const axis = page.getByRole('listbox', { name: 'Messages and log lines by time' })
      const message = (seq: number | undefined) => axis.getByRole('option', { name: new RegExp(`#${String(seq)}\\b`) })
      await message(rows[1]).waitFor()
      const order = await axis.getByRole('option').allTextContents()
      const place = (text: string): number => order.findIndex((one) => one.includes(text))
      expect(place(`#${String(rows[0])}`)).toBeGreaterThan(place('package #1'))
      expect(place('challenge syncml:auth-md5')).toBeGreaterThan(place(`#${String(rows[1])}`))
      await shot(page, 'logcat')
      expect(await audit(page)).toEqual([])
      await page.getByLabel('Filter the log lines').fill('tag:DmAuth nonce')
      await page.getByText('2 of 10').waitFor()
      await page.getByLabel('Filter the log lines').fill('')
      await page.getByLabel('Shown from level').selectOption('E')
      await page.getByText('1 of 10').waitFor()
      await page.getByLabel('Shown from level').selectOption('V')
      const phone = lab.adb.adb.devices[0]
      if (phone === undefined) throw new Error('no phone')
      lab.tell('adblog', { serial: SERIAL, log: { ...phone.log, last: 11 }, lines: [logLine(11, at + 5000, 'F', 'DmClient', 'it fell over')] })
      await axis.getByText('it fell over').waitFor()
      await page.getByRole('button', { name: 'Turn the log off' }).click()
      await expect.poll(() => said(lab, 'adb.logcat')).toBe(`adb.logcat ${SERIAL} null`)
      await page.getByRole('button', { name: 'Turn the log on' }).click()
      await expect.poll(() => said(lab, 'adb.logcat')).toBe(`adb.logcat ${SERIAL} {"level":"D"}`)
      await axis.focus()
      await page.keyboard.press('ArrowUp')
      await message(rows[2]).click()
      await expect.poll(() => page.getByRole('row', { selected: true }).getAttribute('id')).toBe(`row-${String(rows[2])}`)
      await page.getByRole('button', { name: 'Log of the device' }).click()
      await page.getByRole('option', { name: new RegExp(`#${String(rows[2])}\\b`), selected: true }).waitFor()
      expect(await audit(page)).toEqual([])
      await fits(page)
    })

    it('behind adb: tunnels, files, which one it is; an unauthorised one says what to do', async () => {
      const { lab } = benchLab()
      const page = await open(lab, { scheme: 'dark' })
      await tab(page, 'USB and adb').click()
      const list = page.getByRole('listbox', { name: 'Devices behind adb' })
      await list.getByRole('option', { name: new RegExp(SERIAL) }).waitFor()
      const pane = page.getByRole('region', { name: `Android device ${SERIAL}` })
      await pane.getByText('cannot bind listener').waitFor()
      await shot(page, 'adb')
      expect(await audit(page)).toEqual([])
      await fits(page)
      await pane.getByRole('button', { name: 'Take back port 8081' }).click()
      await expect.poll(() => said(lab, 'adb.unreverse')).toBe(`adb.unreverse ${SERIAL}`)
      await pane.getByRole('button', { name: 'Lead all ports of the lab' }).click()
      await expect.poll(() => said(lab, 'adb.reverse')).toBe(`adb.reverse ${SERIAL} 8080`)
      await pane.getByRole('button', { name: 'Show which one it is' }).click()
      await page.getByText('the device fetched the page').waitFor()
      await pane.getByRole('button', { name: 'The lab’s certificate' }).click()
      await expect.poll(() => said(lab, 'adb.push')).toBe(`adb.push ${SERIAL} /sdcard/Download/dm-lab-ca.crt`)
      await list.focus()
      await page.keyboard.press('ArrowDown')
      await page.getByRole('region', { name: 'Android device 9A231FFAZ000QX' }).getByText('accept “Allow USB debugging”').waitFor()
      await page.getByLabel('Address of a device').fill('192.168.1.7:5555')
      await page.keyboard.press('Enter')
      await expect.poll(() => said(lab, 'adb.connect')).toBe('adb.connect 192.168.1.7:5555')
    })

    it('an adb server that is not there is started by a button', async () => {
      const { lab } = benchLab()
      const server = {
        ...lab.adb.adb.server,
        state: 'missing' as const,
        canStart: true,
        text: 'Nothing listens at 127.0.0.1:5037.',
        fix: 'Start it.',
        pairing: false,
      }
      lab.adb.adb = { server, devices: [] }
      const page = await open(lab)
      await tab(page, 'USB and adb').click()
      await page.getByText('Nothing listens at 127.0.0.1:5037.').waitFor()
      await page.getByRole('button', { name: 'Start adb server' }).click()
      await expect.poll(() => said(lab, 'adb.startServer')).toBe('adb.startServer')
      expect(await audit(page)).toEqual([])
    })

    it('is told an address chosen by hand and tested; gets a certificate; goes back to a known state', async () => {
      const { lab } = benchLab()
      const page = await open(lab)
      await page
        .getByRole('grid', { name: 'Devices' })
        .getByRole('row', { name: new RegExp(PHONE) })
        .click()
      const side = page.getByRole('complementary', { name: 'Device actions' })
      await side.getByText('Address it is told').click()
      await side.getByLabel(`Address ${PHONE} is told`).selectOption('wlan0/192.168.1.5')
      await expect.poll(() => said(lab, 'addresses.choose')).toBe(`addresses.choose ${PHONE} wlan0/192.168.1.5`)
      await side.getByText('http://192.168.1.5:8080/dm').waitFor()
      await side.getByRole('button', { name: 'Test', exact: true }).click()
      await side.getByText('this lab answered').first().waitFor()
      await side.getByText('Client certificates').click()
      await side.getByRole('button', { name: 'Issue a certificate' }).click()
      await page.getByRole('dialog').getByText('shown here once').waitFor()
      expect(await audit(page)).toEqual([])
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Close/ })
        .click()
      await side.getByRole('button', { name: 'Reset …' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Reset it' }).click()
      await page.getByRole('dialog').getByText('both nonces are forgotten').waitFor()
      expect(said(lab, 'devices.reset')).toBe(`devices.reset ${PHONE} {"nonces":true,"orders":true}`)
    })

    it('is woken by SMS: the PDUs stand on their ruler and can be copied', async () => {
      const { lab } = benchLab()
      const page = await open(lab)
      await page
        .getByRole('grid', { name: 'Devices' })
        .getByRole('row', { name: new RegExp(PHONE) })
        .click()
      await page.getByRole('button', { name: 'Wake it …' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel(/^To/).fill('sms:+491701234567?port=/dev/ttyUSB0')
      const ruler = dialog.getByRole('table', { name: 'Fields of the PDU' })
      await ruler
        .getByRole('row', { name: /TP-UDH/ })
        .first()
        .waitFor()
      await dialog.getByText(/AT\+CMGS=\d+/).waitFor()
      expect(await audit(page)).toEqual([])
    })
  })

  it('certificates: fingerprint, export, TLS profile, a new authority after a question', async () => {
    const { lab } = benchLab()
    const page = await open(lab)
    await tab(page, 'Certificates').click()
    const authority = page.getByRole('region', { name: 'Authority' })
    expect((await authority.getByLabel('SHA-256 fingerprint').textContent())?.match(/AB/g)?.length).toBe(32)
    const [file] = await Promise.all([page.waitForEvent('download'), authority.getByRole('button', { name: 'Export PEM' }).click()])
    expect(file.suggestedFilename()).toBe('dm-lab-ca.pem')
    await page.getByLabel('Ciphers').selectOption('modern')
    await expect.poll(() => said(lab, 'trust.settings')).toBe('trust.settings {"profile":"modern"}')
    await page.getByLabel('Device the certificate is for').fill(PHONE)
    await page.getByRole('button', { name: 'Issue a certificate' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Close/ })
      .click()
    await page.getByRole('button', { name: `Withdraw the certificate of ${PHONE}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw it' }).click()
    await page.getByRole('cell', { name: 'withdrawn', exact: true }).waitFor()
    await shot(page, 'trust')
    expect(await audit(page)).toEqual([])
    await fits(page)
    await authority.getByRole('button', { name: 'New authority …' }).click()
    await page.getByRole('dialog').getByLabel('Key').selectOption('rsa')
    await page.getByRole('dialog').getByRole('button', { name: 'Replace the authority' }).click()
    await expect.poll(() => said(lab, 'trust.replace')).toBe('trust.replace rsa')
  })

  it('addresses: every way is tested, a NAT name is added by hand', async () => {
    const { lab } = benchLab()
    const page = await open(lab, { scheme: 'dark' })
    await tab(page, 'Addresses').click()
    await page.getByRole('button', { name: 'Test all from here' }).click()
    await expect.poll(() => page.getByText(/^HTTPS: this lab answered/).count()).toBe(2)
    const form = page.getByRole('region', { name: 'An address by hand' })
    await form.getByLabel('Name').fill('office')
    await form.getByLabel('HTTP base').fill('http://lab.example:8088')
    await form.getByRole('button', { name: 'Add' }).click()
    await page
      .getByRole('row', { name: /lab\.example/ })
      .getByRole('button', { name: 'Remove lab.example' })
      .waitFor()
    await shot(page, 'addresses')
    expect(await audit(page)).toEqual([])
    await fits(page)
  })

  it('modem: asked, listened to, a message and a PDU octet by octet; a wrong PDU says where', async () => {
    const { lab } = benchLab()
    const page = await open(lab)
    await tab(page, 'Modem').click()
    await page.getByText('join the group dialout').waitFor()
    await page.getByRole('button', { name: 'Listen', exact: true }).click()
    await expect.poll(() => said(lab, 'modem.listen')).toBe('modem.listen /dev/ttyUSB0')
    await page.getByText(/^it answered/).waitFor()
    await page.getByRole('log').getByText('is anybody there?').waitFor()
    await lab.api.modem.send({ to: 'sms:+491701234567', pdu: new Uint8Array(200) })
    await page.getByText('part 2 of 2').waitFor()
    await page.getByRole('button', { name: 'Octet by octet' }).click()
    await page.getByRole('table', { name: 'Fields of the PDU' }).first().waitFor()
    await shot(page, 'modem')
    expect(await audit(page)).toEqual([])
    await page.getByLabel('PDU in hexadecimal').fill('0011')
    await page.getByRole('button', { name: 'Read it' }).click()
    await page.getByRole('region', { name: 'Read a PDU' }).getByRole('alert').getByText(/octet/).waitFor()
    await fits(page)
  })

  it('proxies: opened by the form, listed with what they do, closed after a question', async () => {
    const { lab } = benchLab()
    const page = await open(lab)
    await tab(page, 'Proxies').click()
    await page.getByText('None is open.').waitFor()
    await page.getByLabel('Address of the foreign server').fill('https://dm.example.com')
    await page.getByLabel('The server is believed by').selectOption('none')
    await page.getByRole('button', { name: 'Open the proxy' }).click()
    await expect.poll(() => said(lab, 'proxies.add')).toBe('proxies.add https://dm.example.com')
    await page.getByText('anybody is believed').waitFor()
    await shot(page, 'proxies')
    expect(await audit(page)).toEqual([])
    await fits(page)
    await page.getByRole('button', { name: 'Close the proxy to https://dm.example.com' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Close it' }).click()
    await expect.poll(() => said(lab, 'proxies.remove')).toBe('proxies.remove p1')
  })

  it('dialect: mistakes are marked while typing and lead to their place; a good text is in force at once', async () => {
    const { lab } = benchLab()
    const page = await open(lab, { scheme: 'dark' })
    await tab(page, 'Dialect').click()
    const editor = page.getByRole('textbox', { name: 'Dialect file' })
    await editor.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{ "rules": [ }')
    const mistakes = page.getByRole('region', { name: 'Mistakes' })
    await mistakes.getByText('1 error').waitFor()
    expect(await page.getByRole('button', { name: 'Save, in force at once' }).isDisabled()).toBe(true)
    await shot(page, 'dialect')
    expect(await audit(page)).toEqual([])
    await mistakes.getByRole('button', { name: /line 1, column 1/ }).click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{ "rules": [] }')
    await mistakes.getByText('No mistakes.').waitFor()
    await tab(page, 'Proxies').click()
    await tab(page, 'Dialect').click()
    await editor.getByText('"rules"').waitFor()
    await page.getByRole('button', { name: 'Save, in force at once' }).click()
    await page.getByText('The dialect is in force.').waitFor()
    expect(said(lab, 'dialect.put')).toMatch(/^dialect\.put 1[0-9]$/)
    lab.proxies.views.set(PHONE, {
      device: PHONE,
      manufacturer: 'Acme',
      model: 'M1',
      rules: [0],
      roots: { scomo: './Vendor/SCOMO' },
      nodes: {},
      alerts: {},
      profile: 'small',
    })
    await page.getByRole('combobox', { name: 'Device', exact: true }).selectOption('')
    await page.getByRole('combobox', { name: 'Device', exact: true }).selectOption(PHONE)
    await page.getByText('./Vendor/SCOMO').waitFor()
    await fits(page)
  })

  it('the pages are reached by keys alone: tabs with arrows, the palette by name', async () => {
    const { lab } = benchLab()
    const page = await open(lab)
    await tab(page, 'Devices').focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('region', { name: 'Ways to connect' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('devices-tab-connect')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: /^Search commands/ }).fill('certificates and tls')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Authority' }).waitFor()
  })

  it('a real lab: a card is adopted, a nonce too old is explained, an authority made, a proxy opened, a dialect written', async () => {
    const lab = await realLab({ enrol: 'ask', adbPort: await freePort() })
    later(() => lab.end())
    const known = { user: 'tracker', password: 'unheard' }
    const stranger = { id: STRANGER, manufacturer: 'Example', model: 'Tracker 2', ...known }
    await session(deviceOf(lab, stranger))
    const page = await open(lab)
    const card = page.getByRole('article', { name: `${STRANGER} wants to talk` })
    await card.getByText('Example Tracker 2').waitFor()
    await card.getByRole('button', { name: `Adopt ${STRANGER}` }).click()
    await card.waitFor({ state: 'detached' })
    expect((await session(deviceOf(lab, stranger))).authentication).toBe('ok')
    const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
    const digest = {
      ...stranger,
      serverUri: lab.ready.dm,
      serverId: 'dm-lab',
      serverPassword: 'lab',
      auth: 'syncml:auth-md5' as const,
      encoding: 'xml' as const,
    }
    await lab.api.devices.setAccount(STRANGER, { auth: 'md5' })
    const client = makeClient(digest, env)
    await session(client)
    const old: unknown = structuredClone(client.state())
    await session(client)
    const before = (await lab.rows()).length
    await session(makeClient(digest, env, old))
    const refused = (await lab.rows()).find((row) => row.seq > before && row.statuses[0] === '401')
    await page.keyboard.press('Control+1')
    await page.locator(`#row-${String(refused?.seq)}`).click()
    await page.getByRole('tab', { name: 'Why 401?' }).click()
    await page.getByLabel('Why the credentials were refused').getByText('Cause proven').waitFor()
    expect(await page.getByRole('region', { name: 'Cause' }).textContent()).toMatch(/nonce\.stale.*Stale nonce/)
    await page.keyboard.press('Control+2')
    await tab(page, 'Certificates').click()
    await page
      .getByRole('button', { name: 'Make the authority' })
      .or(page.getByRole('button', { name: 'Export PEM' }))
      .click()
    await page.getByLabel('SHA-256 fingerprint').waitFor()
    await tab(page, 'Proxies').click()
    await page.getByLabel('Address of the foreign server').fill('http://127.0.0.1:9')
    await page.getByRole('button', { name: 'Open the proxy' }).click()
    await page.getByRole('region', { name: 'Proxies' }).getByText('listening').waitFor()
    await tab(page, 'Dialect').click()
    await page.getByText('No mistakes.').waitFor()
    await page.getByRole('button', { name: 'Save, in force at once' }).click()
    await page.getByText('The dialect is in force.').waitFor()
    expect(await audit(page)).toEqual([])
  })

  it.each(['light', 'dark'] as const)('has no serious accessibility finding in high contrast, %s', async (scheme) => {
    const { lab } = benchLab()
    const page = await open(lab, { scheme, theme: 'contrast' })
    for (const name of ['Devices', 'Connect', 'USB and adb', 'Modem', 'Addresses', 'Certificates', 'Proxies', 'Dialect']) {
      await tab(page, name).click()
      await page.waitForTimeout(150)
      expect(await audit(page), name).toEqual([])
      await fits(page)
    }
  })
})
