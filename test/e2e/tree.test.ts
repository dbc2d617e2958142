// The tree in Chromium against a fake lab: walked by keyboard, changed through the cart, looked at in time, compared; strict policy, no violation.
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { LabEvents, NotifyOptions, NotifyResult, OrderRow, TreeArea, TreeNode } from '../../core/api.ts'
import { md5 } from '../../core/auth/md5.ts'
import { ruler } from '../../core/notify/ruler.ts'
import { decodePackage0, encodePackage0, trigger } from '../../core/syncml/package0.ts'
import { demoLab } from '../support/demo.ts'
import { createFakeLab, type FakeLab } from '../support/fakelab.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import { audit, shot, stage, THERE, WITHOUT } from './stage.ts'

/** A lab whose tree answers can be replaced, and who can be made to say that a tree moved. */
function rigged(lab: FakeLab, change: Partial<TreeArea> = {}): { readonly lab: FakeLab; tell(fact: Partial<LabEvents['tree']>): void } {
  const heard = new Set<(fact: LabEvents['tree']) => void>()
  const on = lab.api.on
  Object.assign(lab.api.tree, change)
  Object.assign(lab.api, {
    on: ((event, listener) => {
      if (event === 'tree') heard.add(listener as (fact: LabEvents['tree']) => void)
      const off = on(event, listener)
      return () => {
        heard.delete(listener as (fact: LabEvents['tree']) => void)
        off()
      }
    }) satisfies typeof on,
  })
  return {
    lab,
    tell: (fact) => heard.forEach((listener) => listener({ device: 'SIM:100001', seq: 9, uris: [], total: 0, discovery: null, orders: [], ...fact })),
  }
}

describe.skipIf(!THERE)(`tree in Chromium${WITHOUT}`, { timeout: 120_000 }, () => {
  const { open: opened, later } = stage()
  /** Opens the tree. */
  const open: typeof opened = async (lab, options) => {
    const at = await opened(lab, options)
    await at.page.keyboard.press('Control+3')
    return at
  }
  const grid = (page: Page) => page.getByRole('treegrid', { name: 'Management tree' })
  const chosen = (page: Page) => page.locator('[role=treegrid] [aria-selected=true]')
  /** Goes to a node by the search box. */
  async function goTo(page: Page, uri: string): Promise<void> {
    await page.getByLabel('Find nodes by name, path or value').fill(uri)
    await page.getByRole('option', { name: uri }).first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('[data-node] code', { hasText: uri }).first().waitFor()
  }

  it('is walked by keyboard: arrows, letters, Home and End, Enter for the node, Escape back', async () => {
    const { page } = await open(demoLab())
    await grid(page).waitFor()
    await chosen(page).getByText('. (root)').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('row', { name: /DevId/ }).waitFor()
    await page.keyboard.press('ArrowRight')
    await chosen(page).getByText('DevId', { exact: true }).waitFor()
    const at = await chosen(page).evaluate((row) =>
      ['aria-level', 'aria-posinset', 'aria-setsize', 'aria-rowindex'].map((name) => row.getAttribute(name)),
    )
    expect(at).toEqual(['3', '1', '5', '4'])
    expect(await grid(page).getAttribute('aria-activedescendant')).toBe(await chosen(page).getAttribute('id'))
    await page.keyboard.press('s')
    await chosen(page).getByText('SCOMO', { exact: true }).waitFor()
    await page.keyboard.press('End')
    await chosen(page).getByText('Vendor', { exact: true }).waitFor()
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowLeft')
    expect(await page.getByRole('row', { name: /DevInfo/ }).getAttribute('aria-expanded')).toBe('false')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Node')
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treegrid')
    await shot(page, 'walk')
    expect(await audit(page)).toEqual([])
  })

  it('shows states by word and shape, rights with the deciding ancestor, the refusal, DDF and history', async () => {
    const { page } = await open(demoLab(), { width: 1280, height: 720, scheme: 'dark' })
    await grid(page).waitFor()
    await goTo(page, './Vendor/Old')
    await chosen(page).getByText('gone', { exact: true }).waitFor()
    await goTo(page, './DevDetail/SwV')
    await chosen(page)
      .getByText(/^stale/)
      .waitFor()
    await goTo(page, './DevDetail/Bearer')
    await chosen(page).getByText('never fetched').waitFor()
    await goTo(page, './DMAcc/lab/ServerID')
    await page.getByRole('tab', { name: /ACL/ }).click()
    await page.getByText('inherited from').waitFor()
    await page.getByLabel('Rights of the server').fill('other')
    await page.getByText(/other may not Add .* the ACL of \.\/DMAcc\/lab/).waitFor()
    await goTo(page, './DevDetail/FwV')
    await page.getByText('Why 405?').waitFor()
    expect(await audit(page)).toEqual([])
    await page.getByRole('tab', { name: 'DDF' }).click()
    await page.getByText('Firmware version').waitFor()
    await page.getByRole('tab', { name: /History/ }).click()
    await shot(page, 'history')
    await page.getByRole('button', { name: /^command, row/ }).click()
    await page.locator('[role=row][aria-selected=true]').first().waitFor()
    expect(await page.locator('[aria-current=page]').innerText()).toBe('Trace')
  })

  it('who wrote this? lights up the command itself: its element, its text, its bytes', async () => {
    const real = await realLab()
    later(() => real.end())
    const device = deviceOf(real, { id: 'SIM:100001' })
    await session(device)
    const write = (name: string) => ({ kind: 'Replace' as const, locUri: './Vendor/DMLab/Settings/Text', format: 'chr', data: name })
    await real.api.tree.send('SIM:100001', {
      mode: 'sequence',
      commands: [{ kind: 'Get', locUri: './DevDetail/FwV' }, write('the last word')],
      when: 'next session',
    })
    await session(device)
    const { page } = await open(real)
    await goTo(page, './Vendor/DMLab/Settings/Text')
    await page.getByRole('button', { name: 'Who wrote this?' }).click()
    const element = page.locator('[role=treeitem][aria-selected=true]')
    await element.getByText('Replace', { exact: true }).waitFor()
    const lit = async (): Promise<string> => (await page.locator('[aria-label="Text of the message"] .focus').allInnerTexts()).join('')
    await page.getByRole('tab', { name: 'Raw' }).click()
    await expect.poll(lit).toMatch(/^<Replace><CmdID>\d+<\/CmdID>.*the last word.*<\/Replace>$/s)
    await shot(page, 'who-wrote-this')
    await page.getByRole('tab', { name: 'Hex' }).click()
    await expect.poll(() => page.locator('.focus').count()).toBeGreaterThan(100)
    // Back in the outline the chosen command is in sight again.
    await page.getByRole('tab', { name: 'Decoded' }).click()
    await element.getByText('Replace', { exact: true }).waitFor()
    expect(await audit(page)).toEqual([])
  })

  it('gathers commands in the cart, shows exact XML and WBXML, remarks on them and sends them anyway', async () => {
    const orders: OrderRow[] = []
    const { lab, tell } = rigged(demoLab(), { orders: async () => orders })
    const { page } = await open(lab)
    await grid(page).waitFor()
    await goTo(page, './DevDetail/FwV')
    await page.getByRole('button', { name: 'Replace …' }).click()
    await page.getByLabel('Data', { exact: true }).fill('4.2.0')
    await page.getByRole('button', { name: 'Put in the cart' }).click()
    await goTo(page, './DevDetail/LrgObj')
    await page.getByRole('button', { name: 'Replace …' }).click()
    await page.getByLabel('false').check()
    await page.getByRole('button', { name: 'Put in the cart' }).click()
    await page.getByRole('button', { name: 'Get', exact: true }).click()
    await page.getByRole('button', { name: 'Earlier' }).nth(2).click()
    await page.getByLabel('Send as').selectOption('sequence')
    const xml = page.getByLabel('Commands as XML', { exact: true })
    await expect.poll(() => xml.innerText()).toMatch(/^<Sequence>.*4\.2\.0.*<Get>.*<Data>false.*<\/Sequence>$/)
    await page.getByText('ddf.access').waitFor()
    expect(await audit(page)).toEqual([])
    await shot(page, 'cart')
    await page.getByRole('button', { name: 'Edit raw' }).first().click()
    await page.getByLabel('Target LocURI').fill('./Nonsense')
    await page.getByRole('form', { name: 'Command as it is' }).getByRole('button', { name: 'Take' }).click()
    await page.getByText('ddf.access').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Remove' }).first().click()
    await page.getByLabel('WBXML', { exact: true }).check()
    await page.getByLabel(/Message as WBXML/).waitFor()
    await page.getByLabel('Send when').selectOption('wake now')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page
      .getByText(/was not notified\. No push address of this device is known\./)
      .first()
      .waitFor()
    expect(lab.calls.filter((call) => call.startsWith('tree.send'))).toEqual([
      'tree.send SIM:100001 {"mode":"sequence","commands":[{"kind":"Get","locUri":"./DevDetail/LrgObj"},{"kind":"Replace","locUri":"./DevDetail/LrgObj","format":"bool","data":"false"}],"when":"wake now"}',
    ])
    const command = { kind: 'Replace', locUri: './DevDetail/LrgObj', data: '' }
    orders.unshift({
      id: '1',
      device: 'SIM:100001',
      createdAt: Date.now(),
      mode: 'sequence',
      state: 'done',
      sessionId: '7',
      code: 200,
      commands: [{ ...command, code: 425, why: 'the ACL of ./DevDetail gives Replace to nobody' }],
    })
    tell({ orders: ['1'] })
    await chosen(page).getByText('Replace 425').waitFor()
    await page
      .locator('[data-node]')
      .getByText(/Permission denied.*gives Replace to nobody/)
      .first()
      .waitFor()
    await shot(page, 'sent')
    expect(await audit(page)).toEqual([])
  })

  it('steps through time with [ and ], lists what changed, leads to the message, and comes back to now', async () => {
    const asked: (number | undefined)[] = []
    const base = demoLab()
    const children = base.api.tree.children
    const { lab, tell } = rigged(base, {
      children: async (ref, uri, first, count) => {
        asked.push('device' in ref ? ref.after : undefined)
        return children(ref, uri, first, count)
      },
    })
    const { page } = await open(lab)
    await grid(page).waitFor()
    await grid(page).focus()
    await page.getByText('step through 3 changes').waitFor()
    await page.keyboard.press('[')
    await page.getByText(/After row 5, message 3/).waitFor()
    await expect.poll(() => asked.at(-1)).toBe(5)
    await page.keyboard.press('[')
    await page.getByText(/After row 3, message 2/).waitFor()
    await shot(page, 'time')
    expect(await audit(page)).toEqual([])
    await page.getByRole('button', { name: './DevDetail/FwV' }).click()
    await chosen(page).getByText('FwV').waitFor()
    // What the device does meanwhile does not move the past.
    const calls = asked.length
    tell({ uris: ['./DevInfo/Man'], total: 1 })
    await page.waitForTimeout(500)
    expect(asked.slice(calls)).toEqual([])
    await grid(page).focus()
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    await page.getByText('step through 3 changes').waitFor()
    await expect.poll(() => asked.at(-1)).toBeUndefined()
    const slider = page.getByRole('slider', { name: 'Moment' })
    await slider.focus()
    await page.keyboard.press('Home')
    await page.getByText(/After row 1, message 1/).waitFor()
    await page.getByRole('button', { name: 'row 1 in the trace' }).click()
    await page.locator('#row-1[aria-selected=true]').waitFor()
  })

  it('finds by name, path and value, says whether that is all, and shows a find in the tree', async () => {
    const { page } = await open(demoLab())
    await grid(page).waitFor()
    await page.keyboard.press('Control+f')
    await page.keyboard.type('com.example.maps')
    await page.getByText(/^1 node matches \(all \d+ searched\)/).waitFor()
    expect(await audit(page)).toEqual([])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await chosen(page).getByText('ID', { exact: true }).waitFor()
    expect(await chosen(page).getAttribute('aria-level')).toBe('6')
    await page.keyboard.press('Control+f')
    await page.keyboard.type('zzz')
    await page.getByText(/^0 nodes match \(all \d+ searched\)/).waitFor()
  })

  it('takes snapshots, compares, makes the SyncML of the difference, exports and reads back', async () => {
    const { page } = await open(demoLab())
    const lab = page
    await grid(lab).waitFor()
    await page.getByLabel('Name of the snapshot').fill('before')
    await page.getByRole('button', { name: 'Take', exact: true }).click()
    await page.getByRole('button', { name: /^before/ }).waitFor()
    await page.getByRole('button', { name: 'Compare A with B' }).click()
    await page.getByText('1 added, 1 removed, 1 changed; 2 nodes not compared').waitFor()
    await page.getByRole('option', { name: /changed .\/DevDetail\/SwV/ }).waitFor()
    await shot(page, 'diff')
    expect(await audit(page)).toEqual([])
    await page.getByRole('button', { name: /Make the SyncML/ }).click()
    await page.getByText('Replace ./DevDetail/SwV = 11').waitFor()
    expect(await audit(page)).toEqual([])
    await page.getByRole('button', { name: /^Put 2 in the cart/ }).click()
    await page.getByRole('tab', { name: 'Change cart 2' }).waitFor()
    await page.getByRole('button', { name: 'Back to the tree' }).click()
    await page.getByText('Export and import').click()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export …' }).click()
    expect((await download).suggestedFilename()).toBe('tree.xml')
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Import …' }).click()
    await (await chooser).setFiles({ name: 'other.xml', mimeType: 'text/xml', buffer: Buffer.from('<MgmtTree/>') })
    await page.getByText('other.xml is the snapshot other.xml').waitFor()
    await page.getByRole('button', { name: 'Delete the snapshot other.xml' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('button', { name: 'Delete the snapshot other.xml' }).waitFor({ state: 'detached' })
  })

  it('says that a tree was never read, and shows the walk from start to cancel and resume', async () => {
    const base = demoLab()
    const { overview, node } = base.api.tree
    const { lab } = rigged(base, {
      overview: async (ref) => {
        const about = await overview(ref)
        return about.discovery === null ? { ...about, fetched: 5, neverFetched: 53, stale: 0 } : about
      },
      node: async (ref, uri, server) => {
        const detail = await node(ref, uri, server)
        return { ...detail, node: { ...detail.node, status: 'never fetched' } }
      },
    })
    const { page } = await open(lab, { width: 1280, height: 720 })
    await page.getByText('This device’s tree has not been read.').waitFor()
    await page.getByText('5 values are known from DevInfo.').waitFor()
    expect(await audit(page)).toEqual([])
    await shot(page, 'unread')
    await page.getByLabel('Gets a second, at most').fill('50')
    await page.locator('form').getByRole('button', { name: 'Discover now' }).click()
    await page.getByText('12 asked, 1 refused, 40 left.').waitFor()
    expect(lab.calls.filter((call) => call.startsWith('tree.discover'))).toEqual([
      'tree.discover SIM:100001 {"root":".","perSecond":50,"again":false,"acl":false}',
    ])
    await shot(page, 'walking')
    await page.getByRole('button', { name: 'Cancel the walk' }).click()
    await page.getByText('Walk cancelled.').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Reading the tree.').waitFor()
    const chooser = page.waitForEvent('filechooser')
    await page.getByText('DDFs', { exact: true }).click()
    await page.getByRole('button', { name: 'Load DDF …' }).last().click()
    await (await chooser).setFiles({ name: 'vendor.xml', mimeType: 'text/xml', buffer: Buffer.from('<MgmtTree/>') })
    await page.getByText('vendor.xml describes 1 nodes.').waitFor()
  })

  it('keeps fifty thousand nodes fluid: a page of children at a time, few elements, the end at once', async () => {
    const many = 50_000
    let pages = 0
    const base = demoLab()
    const at = (uri: string, children: number | null, value: string | null): TreeNode => ({
      uri,
      name: uri === '.' ? '' : uri.slice(2),
      kind: children === null ? 'leaf' : 'interior',
      format: children === null ? 'chr' : 'node',
      type: '',
      value,
      size: value?.length ?? 0,
      status: 'fetched',
      seq: 1,
      at: 1,
      children,
      changed: false,
    })
    const node = base.api.tree.node
    const { lab } = rigged(base, {
      node: async (ref, uri, server) => ({ ...(await node(ref, '.', server)), node: uri === '.' ? at('.', many, null) : at(uri, null, 'v') }),
      children: async (_ref, _uri, first, count) => {
        pages += 1
        const nodes = Array.from({ length: Math.min(count, many - first) }, (_, i) => at(`./n${first + i}`, null, String(first + i)))
        return { nodes, more: many - first - nodes.length }
      },
    })
    const { page } = await open(lab)
    await page.getByRole('row', { name: /n0 / }).waitFor()
    await grid(page).focus()
    const before = pages
    await page.keyboard.press('End')
    await page.getByRole('row', { name: /n49999/ }).waitFor()
    expect(pages - before).toBeLessThan(4)
    expect(await page.locator('[role=treegrid] [role=row]').count()).toBeLessThan(80)
    const frames = await page.evaluate(async () => {
      const list = document.querySelector('[role=treegrid]') as HTMLElement
      const times: number[] = []
      let last = performance.now()
      for (let i = 0; i < 60; i++) {
        list.scrollTop = (list.scrollHeight / 60) * i
        await new Promise((done) => requestAnimationFrame(done))
        const now = performance.now()
        times.push(now - last)
        last = now
      }
      return times.sort((a, b) => a - b)[30] as number
    })
    // The median frame while jumping through all of it; what a browser without a screen manages on a busy machine.
    expect(frames).toBeLessThan(200)
    expect(await page.locator('[role=treegrid] [role=row]').count()).toBeLessThan(80)
  })

  it('says when nothing is there, when an answer fails, and when the connection is gone', async () => {
    const empty = await open(createFakeLab())
    await empty.page.getByRole('heading', { name: 'No device yet' }).waitFor()
    expect(await audit(empty.page)).toEqual([])
    const base = demoLab()
    const overview = base.api.tree.overview
    let broken = true
    const { lab } = rigged(base, {
      overview: async (ref) => {
        if (broken) throw new Error('the mirror of SIM:100001 cannot be read')
        return overview(ref)
      },
    })
    const { page, server } = await open(lab)
    await page.getByText('the mirror of SIM:100001 cannot be read').waitFor()
    broken = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await grid(page).waitFor()
    server.accept(false)
    server.cut()
    await page.getByText('Connection lost').first().waitFor()
    expect(await page.getByRole('row', { name: /DevInfo/ }).count()).toBe(1)
    server.accept(true)
    await page.getByText('Connected').waitFor()
    await page.getByRole('row', { name: /DevInfo/ }).waitFor()
  })

  it('shows a notification bit by bit, and makes another: bytes and digest anew after each change', async () => {
    const secret = { identity: 'com.example.dm', password: 'S3rv3rS3cret', nonce: new TextEncoder().encode('NonceForServer01') }
    const lab = demoLab()
    Object.assign(lab.api.devices, {
      async notify(device: string, options: NotifyOptions): Promise<NotifyResult> {
        const id = options.sessionId ?? 0x1a
        const package0 = encodePackage0(trigger(secret.identity, id, { ...options, vendor: new Uint8Array(0) }), secret, md5)
        const seq = options.send === false ? 0 : lab.add({ kind: 'push', direction: 'down', device, package: '#0', bytes: package0, text: 'sent' })
        return {
          seq,
          sessionId: id.toString(16).toUpperCase(),
          to: 'udp://10.0.0.2:2948',
          package0,
          pdu: package0,
          fields: ruler(decodePackage0(package0)),
        }
      },
    })
    const first = encodePackage0(trigger(secret.identity, 0x1a), secret, md5)
    const seq = lab.add({
      kind: 'push',
      direction: 'down',
      device: 'SIM:100001',
      package: '#0',
      bytes: Uint8Array.from([1, 6, 3, 0xc4, 0xaf, 0x87, ...first]),
      text: 'notification of session 1A',
      headers: [['X-Oma-GwMO', 'IMEI:7']],
    })
    const { page } = await open(lab)
    await page.keyboard.press('Control+1')
    await page.locator(`#row-${seq}`).click()
    await page.getByRole('tab', { name: 'Notification', selected: true }).waitFor()
    await page.getByText('begins at byte 6').waitFor()
    await page.getByText('IMEI:7').waitFor()
    expect(await page.getByRole('row', { name: /^digest/ }).innerText()).toContain('632e75b253474aad5a14c33b96572db0')
    await shot(page, 'notification')
    expect(await audit(page)).toEqual([])
    await page.getByRole('button', { name: 'Edit and send another …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('632e75b253474aad5a14c33b96572db0').waitFor()
    await dialog.getByLabel('sessionid (16 bits)').fill('27')
    await dialog.getByText('0000000000011011', { exact: true }).waitFor()
    expect(await dialog.getByRole('row', { name: /^digest/ }).innerText()).not.toContain('632e75b2')
    await dialog.getByLabel('version (10 bits, times ten)').fill('1024')
    await dialog.getByText('“1024” is not a whole number from 0 to 1023').waitFor()
    expect(await dialog.getByRole('button', { name: 'Wake the device now' }).isDisabled()).toBe(true)
    await dialog.getByLabel('version (10 bits, times ten)').fill('10')
    await dialog.getByText('0000001010', { exact: true }).waitFor()
    await shot(page, 'wake')
    expect(await audit(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Wake the device now' }).click()
    await dialog.getByText('session 1B is awaited').waitFor()
    await dialog.getByRole('button', { name: `row ${seq + 1}` }).click()
    await page.locator(`#row-${seq + 1}[aria-selected=true]`).waitFor()
    await page.getByRole('tab', { name: 'Notification', selected: true }).waitFor()
  })

  it('tells of a real lab and a simulated device: read, walked, changed, refused, looked at in time, compared, restored', async () => {
    const real = await realLab()
    later(() => real.end())
    const device = deviceOf(real)
    await session(device)
    const { page } = await open(real)
    await page.getByText('This device’s tree has not been read.').waitFor()
    await page.getByText('5 values are known from DevInfo, 6 were read beside them.').waitFor()
    await page.getByRole('button', { name: 'Discover now' }).first().click()
    await page.getByText('Waits for the device to come').waitFor()
    await session(device)
    await page.getByText('Walk complete.').waitFor()
    await goTo(page, './DevDetail/FwV')
    await shot(page, 'real-walked')
    expect(await audit(page)).toEqual([])
    await page.getByLabel('Name of the snapshot').fill('before')
    await page.getByRole('button', { name: 'Take', exact: true }).click()
    await page.getByRole('button', { name: /^before/ }).waitFor()

    await page.getByRole('button', { name: 'Replace …' }).click()
    await page.getByLabel('Data', { exact: true }).fill('9.9')
    await page.getByRole('button', { name: 'Put in the cart' }).click()
    await goTo(page, '.')
    await page.getByRole('button', { name: 'Add …' }).click()
    await page.getByLabel('Name of the new child').fill('Lab')
    await page.getByRole('form').getByLabel('Format').selectOption('node')
    await page.getByRole('button', { name: 'Put in the cart' }).click()
    await page.getByRole('region', { name: 'Change cart' }).getByText('Add ./Lab').first().waitFor()
    await page.getByLabel('WBXML', { exact: true }).check()
    await page.getByLabel(/Message as WBXML/).waitFor()
    await page.getByRole('button', { name: /^Send/ }).click()
    await page
      .getByText(/^Queued for IMEI/)
      .first()
      .waitFor()
    await session(device)
    await goTo(page, './DevDetail/FwV')
    await chosen(page)
      .getByText(/^Replace [45]\d\d/)
      .waitFor()
    await page.getByRole('tab', { name: /ACL/ }).click()
    await page.getByText(/^Why [45]\d\d\?$/).waitFor()
    await shot(page, 'real-refused')
    await goTo(page, './Lab')
    await chosen(page)
      .getByText(/^Add 20\d/)
      .waitFor()

    await grid(page).focus()
    await page.keyboard.press('[')
    await page.getByText(/^After row \d+, message/).waitFor()
    await shot(page, 'real-time')
    await page.keyboard.press('[')
    await page.getByRole('button', { name: 'Back to now' }).click()

    await page.getByRole('button', { name: 'Compare A with B' }).click()
    await page.getByRole('option', { name: /added \.\/Lab/ }).waitFor()
    await page.getByLabel('Tree A').selectOption({ index: 0 })
    await page.getByLabel('Tree B').selectOption({ index: 1 })
    await page.getByRole('button', { name: 'Compare A with B' }).click()
    await page.getByRole('option', { name: /removed \.\/Lab/ }).waitFor()
    await page.getByRole('button', { name: /Make the SyncML/ }).click()
    await page.getByRole('dialog').getByText('Delete ./Lab', { exact: true }).waitFor()
    await shot(page, 'real-script')
    await page.getByRole('button', { name: /in the cart of/ }).click()
    await page.getByRole('button', { name: /^Send/ }).click()
    await page
      .getByText(/^Queued for IMEI/)
      .first()
      .waitFor()
    await session(device)
    await page.getByRole('tab', { name: /^Sent/ }).click()
    await page.getByText('Delete 200').first().waitFor()
  })
})
