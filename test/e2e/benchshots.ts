// Pictures of real devices, from a real lab: Debian's adb server on a port of its own, a device end that speaks adb over TCP, sessions over real sockets, a refusal that truly happened.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { TraceRow } from '../../core/api.ts'
import { LAB_ACCOUNT, makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import { readPage } from '../../core/page.ts'
import { AdbServer, Phone } from '../node/adbrig.ts'
import { freePort } from '../support/freeport.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const SERIAL = 'R58N30ABCDE'
const PHONE = `SN:${SERIAL}`
const STRANGER = 'IMEI:860000000000042'
const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }

const adbThere = (): boolean => {
  try {
    execFileSync('adb', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Plays the story in a lab of its own and leaves four pictures in the folder `out`. */
export async function benchShots(browser: Browser, out: string): Promise<void> {
  const port = await freePort()
  const server = new AdbServer(port)
  const phone = new Phone({ auth: 'accept', serialno: SERIAL, clock: 1840 })
  const locked = new Phone({ auth: 'never' })
  const lab = await realLab({ adbPort: port, uiPort: 0, enrol: 'ask' })
  try {
    if (adbThere()) await server.start()
    else process.stderr.write('adb is not installed (apt-get install adb): the pictures show no Android device\n')
    await onCable(lab, phone, locked)
    await story(lab, phone)
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
    page.setDefaultTimeout(60_000)
    await page.goto(lab.ready.ui ?? '')
    await page.getByText('Connected').waitFor()
    const refused = (await lab.rows()).find((row) => row.device === PHONE && row.statuses[0] === '401')
    if (refused === undefined) throw new Error('no message was refused')
    await pictures(page, refused.seq, async (name) => {
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(out, `${name}.png`) })
    })
    await page.close()
  } finally {
    await lab.end()
    await phone.unplug()
    await locked.unplug()
    await server.end()
  }
}

/** Both devices at the adb server; the ports of one lead here, and its log runs. */
async function onCable(lab: RealLab, phone: Phone, locked: Phone): Promise<void> {
  await phone.plug()
  await locked.plug()
  if ((await lab.api.adb.state()).server.state !== 'ready') return
  await lab.api.adb.connect(phone.address)
  await lab.api.adb.connect(locked.address).catch(() => {})
  await lab.api.adb.reverse(phone.address)
  await lab.api.adb.logcat(phone.address, { level: 'V' })
  for (const end = performance.now() + 20_000; phone.logs.size === 0 && performance.now() < end;) await new Promise((done) => setTimeout(done, 50))
}

/** A line of the phone's log, written at that moment of this computer's clock. */
function say(phone: Phone, level: string, tag: string, text: string, at = Date.now()): void {
  phone.say(`${phone.stamp(at)}  2410  2477 ${level} ${tag}: ${text}`)
}

/** The phone's log follows what its DM client truly sends and gets. */
function narrate(lab: RealLab, phone: Phone): () => void {
  const begun = Date.now()
  const line = (row: TraceRow): void => {
    if (row.device !== PHONE || row.kind !== 'message' || row.at < begun) return
    const status = row.statuses[0] ?? ''
    if (row.direction === 'up')
      say(
        phone,
        'D',
        'DmClient',
        `message ${row.msgId} of session ${row.sessionId}, ${String(row.size)} octets: ${row.commands.join(', ') || 'Status only'}`,
        row.at - 1,
      )
    else if (status === '401' || status === '407')
      say(phone, 'W', 'DmAuth', `SyncHdr ${status}: challenge, the nonce is stored and the message sent again`, row.at + 0.5)
    else if (status !== '') say(phone, 'I', 'DmAuth', `SyncHdr ${status}: authenticated; ${row.commands.join(', ') || 'no command'}`, row.at + 0.5)
  }
  return lab.api.on('trace', ({ rows }) => {
    for (const row of rows === null ? [] : readPage(rows)) line(row)
  })
}

const setup = (lab: RealLab): ClientSetup => ({
  id: PHONE,
  serverUri: lab.ready.dm,
  ...LAB_ACCOUNT,
  auth: 'syncml:auth-md5',
  encoding: 'xml',
  manufacturer: 'Example',
  model: 'Phone 7',
})

/** The phone holds sessions, forgets its newest nonce once; a stranger comes and is not decided about. */
async function story(lab: RealLab, phone: Phone): Promise<void> {
  const client: Client = makeClient(setup(lab), env)
  await session(client)
  const kept: unknown = structuredClone(client.state())
  await session(client)
  await session(client)
  const done = narrate(lab, phone)
  say(phone, 'I', 'DmClient', 'alarm: polling interval is over, a session begins')
  say(phone, 'D', 'ConnectivityService', 'network request satisfied by USB tether')
  await session(makeClient(setup(lab), env, kept))
  await new Promise((resolve) => setTimeout(resolve, 200))
  say(phone, 'I', 'DmClient', 'session ends: no more commands')
  say(phone, 'E', 'FlashHealth', '3 pages remapped, 0 lost')
  await new Promise((resolve) => setTimeout(resolve, 400))
  done()
  await session(deviceOf(lab, { id: STRANGER, manufacturer: 'Example', model: 'Tracker 2', user: 'Tracker', password: 'unheard' })).catch(() => {})
}

async function pictures(page: Page, refused: number, shot: (name: string) => Promise<void>): Promise<void> {
  await page.keyboard.press('Control+2')
  await page.getByRole('article', { name: `${STRANGER} wants to talk` }).waitFor()
  await page
    .getByRole('grid', { name: 'Devices' })
    .getByRole('row', { name: new RegExp(PHONE) })
    .click()
  await shot('wants-to-talk')

  await page.getByRole('tab', { name: 'Messages and log' }).click()
  await page
    .getByRole('listbox', { name: 'Messages and log lines by time' })
    .getByText('session ends')
    .or(page.getByText('No message yet'))
    .first()
    .waitFor()
  await page.getByRole('button', { name: `Ignore ${STRANGER}` }).click()
  await page.getByRole('article', { name: `${STRANGER} wants to talk` }).waitFor({ state: 'detached' })
  for (const close of await page.getByRole('button', { name: 'Dismiss' }).all()) await close.click()
  await shot('device-logcat')

  const tabs = page.getByRole('tablist', { name: 'Devices and how they come here' })
  await tabs.getByRole('tab', { name: 'Connect' }).click()
  await page.getByRole('article', { name: 'Simulated device' }).waitFor()
  await shot('connect-grid')

  await page.keyboard.press('Control+1')
  await page.locator(`#row-${String(refused)}`).click()
  await page.getByRole('tab', { name: /^Why 40/ }).click()
  await page.getByRole('region', { name: 'What was tried' }).waitFor()
  await shot('why-401')
}
