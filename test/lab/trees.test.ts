// The tree as the lab sees it, over real HTTP: what the device told, what was read, written, refused and rolled back; past moments, copies and comparisons.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabEvents } from '../../core/api.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { TreeLab } from './treelab.ts'
import { treeLab, until } from './treelab.ts'

const PLACE = './Vendor/DMLab/Scratch'
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a device nobody has read', () => {
  let lab: TreeLab
  let id = ''
  beforeAll(async () => {
    lab = await treeLab()
    id = (await lab.session()).id
  })
  afterAll(() => lab.stop())

  it('is known by what it told and what the greeting read; everything else says never fetched', async () => {
    const overview = await lab.api.tree.overview({ device: id })
    expect(overview).toMatchObject({ fromDevInfo: 5, stale: 0, gone: 0, discovery: null })
    const { nodes } = await lab.api.tree.children({ device: id }, '.', 0, 100)
    expect(nodes.map((node) => [node.uri, node.kind, node.status])).toEqual([
      ['./DevInfo', 'interior', 'never fetched'],
      ['./DevDetail', 'interior', 'never fetched'],
    ])
    const man = await lab.api.tree.node({ device: id }, './DevInfo/Man', '')
    expect(man.node).toMatchObject({ value: 'DM Lab', status: 'fetched' })
    expect(man.history[0]).toMatchObject({ kind: 'told', by: 'device', command: 'Replace' })
    expect(man.description).toMatchObject({ schema: 'DevInfo', access: ['Get'], formats: ['chr'], permanent: true })
    await expect(lab.api.tree.node({ device: id }, './Nowhere', '')).rejects.toThrow('nothing is known of ./Nowhere')
  })

  it('is walked breadth first, at its rate, and then known whole', async () => {
    const told: (LabEvents['tree']['discovery'] | null)[] = []
    const off = lab.api.on('tree', (fact) => told.push(fact.discovery))
    expect(await lab.api.tree.discover(id, { perSecond: 200, acl: true, again: true })).toMatchObject({ state: 'waiting', asked: 0 })
    const begun = performance.now()
    await lab.session(id)
    const walk = await until(async () => {
      const now = await lab.api.tree.discovery(id)
      return now?.state === 'done' ? now : undefined
    }, 'the walk is done')
    off()
    expect(walk.left).toBe(0)
    expect(walk.asked).toBeGreaterThan(100)
    // The first batch leaves at once, every further one when the rate permits.
    expect(performance.now() - begun).toBeGreaterThan(((walk.asked - 50) / 200) * 1000 - 50)
    expect(told.some((each) => each?.state === 'running' && each.asked > 0)).toBe(true)
    const overview = await lab.api.tree.overview({ device: id })
    // What has no Get (the account's secrets) stays never fetched and says so.
    expect(overview.neverFetched).toBe(walk.refused)
    expect(overview.nodes).toBeGreaterThan(40)
    const secret = await lab.api.tree.search({ device: id }, 'AAuthSecret', 10)
    expect(secret.nodes[0]).toMatchObject({ status: 'never fetched', value: null })
    const gets = (await lab.api.tree.node({ device: id }, secret.nodes[0]?.uri ?? '', '')).refusal
    expect(gets).toMatchObject({ code: 405, command: 'Get' })
    expect((await lab.api.tree.search({ device: id }, 'sImUlAtOr', 10)).nodes.map((node) => node.uri)).toEqual(['./DevDetail/DevTyp'])
    expect(await lab.api.tree.search({ device: id }, 'e', 3)).toMatchObject({ nodes: { length: 3 } })
  })

  it('a walk that nothing is left of is done at once', async () => {
    expect(await lab.api.tree.discover(id, { root: './DevInfo' })).toMatchObject({ state: 'done', asked: 0, left: 0 })
  })
})

describe('writing', () => {
  let lab: TreeLab
  let id = ''
  beforeAll(async () => {
    lab = await treeLab()
    id = (await lab.session()).id
  })
  afterAll(() => lab.stop())

  it('a cart is previewed to the byte, checked, sent, and its outcome told per command', async () => {
    const cart = {
      mode: 'sequence' as const,
      when: 'wake now' as const,
      commands: [
        { kind: 'Add' as const, locUri: `${PLACE}/a`, format: 'chr', type: 'text/plain', data: 'one' },
        { kind: 'Get' as const, locUri: './DevDetail/FwV' },
        { kind: 'Replace' as const, locUri: './DevDetail/FwV', data: '9' },
      ],
    }
    const xml = await lab.api.tree.preview(id, cart, 'xml')
    expect(xml.xml).toMatch(/^<Sequence><CmdID>1<\/CmdID><Add><CmdID>2<\/CmdID>.*<\/Sequence>$/s)
    expect(text(xml.bytes.subarray(xml.start, xml.end))).toBe(xml.xml)
    const wbxml = await lab.api.tree.preview(id, cart, 'wbxml')
    expect(wbxml.xml).toBe(xml.xml)
    expect(decode(wbxml.bytes, 'wbxml').message.commands[0]).toMatchObject({ kind: 'Sequence', start: wbxml.start, end: wbxml.end })
    expect(xml.remarks).toContainEqual(expect.objectContaining({ command: 2, rule: 'ddf.access', severity: 'warn' }))
    const early = await lab.api.tree.send('IMEI:typo', { mode: 'single', commands: [{ kind: 'Get', locUri: './X' }], when: 'next session' })
    expect(early).toMatchObject({ woken: false, note: 'this lab has never met IMEI:typo: the order waits for its first session' })
    const sent = await lab.api.tree.send(id, cart)
    // The notification reaches the simulated device at its own port, and the device comes by itself.
    expect(sent).toMatchObject({ woken: true, note: expect.stringMatching(/^notified at udp:\/\/127\.0\.0\.1:\d+$/) as string })
    const order = await until(async () => {
      const now = await lab.api.tree.order(sent.order)
      return now.state === 'queued' || now.state === 'sent' ? undefined : now
    }, 'the order is done')
    expect(order).toMatchObject({ mode: 'sequence', state: 'failed', code: 200 })
    expect(order.commands.map(({ kind, code, data }) => [kind, code, data])).toEqual([
      ['Add', 200, ''],
      ['Get', 200, '1.0.7'],
      ['Replace', 405, ''],
    ])
    expect(order.commands[2]?.why).toMatch(/^405: /)
    expect((await lab.api.tree.orders(id))[0]?.id).toBe(sent.order)
    // The bytes on the wire are those of the preview but for the CmdIDs.
    const rows = await lab.api.trace.session((await lab.api.trace.sessions())[0]?.session ?? 0)
    const wire = await Promise.all([...rows].map(async (seq) => text((await lab.api.trace.frame(seq)).bytes)))
    const bare = (part: string): string => part.replace(/<CmdID>\d+<\/CmdID>/g, '')
    expect(wire.some((body) => bare(body).includes(bare(xml.xml)))).toBe(true)
  })

  it('who wrote this? - the command with its row and CmdID', async () => {
    const { history, node } = await lab.api.tree.node({ device: id }, `${PLACE}/a`, '')
    expect(node).toMatchObject({ value: 'one', status: 'fetched', kind: 'leaf' })
    expect(history[0]).toMatchObject({ kind: 'written', command: 'Add', code: 200 })
    const { message } = decode((await lab.api.trace.frame(history[0]?.commandSeq ?? 0)).bytes, 'xml')
    expect(JSON.stringify(message.commands)).toContain(`${PLACE}/a`)
  })

  it('an Atomic that fails leaves the tree as it was, and says which command failed it', async () => {
    const before = await lab.api.tree.export({ device: id }, PLACE, 'tnds-xml')
    const order = await lab.send(
      id,
      [
        { kind: 'Replace', locUri: `${PLACE}/a`, data: 'two' },
        { kind: 'Replace', locUri: './DevDetail/FwV', data: '9' },
        { kind: 'Delete', locUri: `${PLACE}/a` },
      ],
      'atomic',
    )
    expect(order).toMatchObject({ mode: 'atomic', state: 'failed', code: 507 })
    expect(order.commands.map((command) => command.code)).toEqual([216, 405, 215])
    expect(order.commands[0]?.why).toMatch(/rolled back/)
    expect(text((await lab.api.tree.export({ device: id }, PLACE, 'tnds-xml')).bytes)).toBe(text(before.bytes))
    const proof = await lab.send(id, [{ kind: 'Get', locUri: `${PLACE}/a` }])
    expect(proof.commands[0]?.data).toBe('one')
  })

  it('why 425? - the deciding ancestor', async () => {
    const locked = await lab.send(id, [
      { kind: 'Add', locUri: `${PLACE}/locked`, format: 'node' },
      { kind: 'Add', locUri: `${PLACE}/locked/x`, data: 'v' },
      { kind: 'Replace', locUri: `${PLACE}/locked?prop=ACL`, data: 'Get=*' },
    ])
    expect(locked.state).toBe('done')
    const [remark] = await lab.api.tree.check(id, {
      mode: 'single',
      when: 'next session',
      commands: [{ kind: 'Replace', locUri: `${PLACE}/locked/x`, data: 'w' }],
    })
    expect(remark).toMatchObject({ rule: 'acl', text: expect.stringContaining(`${PLACE}/locked`) as string })
    const order = await lab.send(id, [{ kind: 'Replace', locUri: `${PLACE}/locked/x`, data: 'w' }])
    expect(order.commands[0]).toMatchObject({ code: 425 })
    expect(order.commands[0]?.why).toContain(`the ACL of ${PLACE}/locked, its nearest ancestor with a value, gives Replace to nobody`)
    const { refusal, acl } = await lab.api.tree.node({ device: id }, `${PLACE}/locked/x`, '')
    expect(refusal).toMatchObject({ code: 425, command: 'Replace', why: expect.stringContaining('its nearest ancestor') as string })
    expect(acl).toMatchObject({ own: null, effective: 'Get=*', from: `${PLACE}/locked`, server: 'dm-lab' })
    expect(acl.rights.find((right) => right.command === 'Replace')?.allowed).toBe(false)
    expect((await lab.api.tree.node({ device: id }, `${PLACE}/locked`, 'other')).acl).toMatchObject({ own: 'Get=*', certain: true, server: 'other' })
  })

  it('what is gone is gone, and stays to be seen; whoever looks is told', async () => {
    const told: LabEvents['tree'][] = []
    const off = lab.api.on('tree', (fact) => told.push(fact))
    const order = await lab.send(id, [{ kind: 'Delete', locUri: `${PLACE}/a` }])
    await until(() => (told.some((fact) => fact.uris.includes(`${PLACE}/a`)) ? true : undefined), 'the change is told')
    await until(() => (told.filter((fact) => fact.orders.includes(order.id)).length > 1 ? true : undefined), 'the order is told')
    off()
    expect(told.every((fact) => fact.device === id)).toBe(true)
    expect((await lab.api.tree.node({ device: id }, `${PLACE}/a`, '')).node).toMatchObject({ status: 'gone', value: 'one' })
    expect(text((await lab.api.tree.export({ device: id }, PLACE, 'csv')).bytes)).not.toContain('/a,')
  })

  it('time travel: after every row of the trace the tree is what was known then', async () => {
    const ticks = await lab.api.tree.changes(id, 0)
    expect(ticks.map((tick) => tick.uris.at(-1))).toEqual(['./DevInfo/Lang', './DevDetail/LrgObj', `${PLACE}/a`, `${PLACE}/locked/x`, `${PLACE}/a`])
    const value = async (after: number): Promise<string> => {
      const { nodes } = await lab.api.tree.search({ device: id, after }, `${PLACE}/a`, 10)
      return nodes.map((node) => `${node.status} ${node.value}`).join()
    }
    const seen = new Set<string>()
    for (const tick of ticks) seen.add(await value(tick.seq))
    expect([...seen]).toEqual(['', 'fetched one', 'gone one'])
    const deleted = ticks.find((tick) => tick.uris.includes(`${PLACE}/a`) && tick.seq > (ticks.at(-2)?.seq ?? 0))
    expect((await lab.api.tree.search({ device: id, after: deleted?.seq ?? 0 }, `${PLACE}/a`, 10)).nodes[0]?.changed).toBe(true)
    const only = await lab.api.tree.changes(id, ticks[0]?.session ?? 0)
    expect(only.length).toBeLessThan(ticks.length)
  })
})

describe('messages that were held', () => {
  it('count when they are let go, as what left; dropped ones never', async () => {
    const lab = await treeLab()
    const { api } = lab
    await api.stepper.mode({ mode: 'all' })
    const { id } = await api.devices.simulate({ id: 'held', encoding: 'xml', auth: 'basic' })
    const next = (): Promise<{ readonly id: number; readonly seq: number; readonly commands: readonly string[] }> =>
      until(async () => (await api.stepper.held())[0], 'a message is held')
    const first = await next()
    expect(await api.tree.overview({ device: id })).toMatchObject({ nodes: 0 })
    const { bytes } = await api.trace.frame(first.seq)
    await api.stepper.decide(first.id, { act: 'edit', bytes: new TextEncoder().encode(text(bytes).replace('DM Lab', 'Edited')) })
    const answer = await next()
    expect(await api.tree.overview({ device: id })).toMatchObject({ nodes: 0 })
    await api.stepper.mode({ mode: 'off' })
    await api.stepper.decide(answer.id, { act: 'continue' })
    await until(async () => ((await api.trace.sessions())[0]?.state === 'completed' ? true : undefined), 'the session is over')
    const man = await until(async () => {
      const { nodes } = await api.tree.search({ device: id }, './DevInfo/Man', 1)
      return nodes[0]
    }, 'the tree is known')
    const sent = (await api.tree.changes(id, 0))[0]?.seq ?? 0
    expect((await api.tree.search({ device: id, after: sent }, './DevInfo/Man', 1)).nodes[0]?.value).toMatch(/Edited|DM Lab/)
    expect(man.status).toBe('fetched')
    await api.stepper.mode({ mode: 'all' })
    await api.tree.send(id, { mode: 'single', when: 'next session', commands: [{ kind: 'Add', locUri: `${PLACE}/dropped`, data: 'x' }] })
    await until(async () => api.devices.simulate({ id, encoding: 'xml', auth: 'basic' }).catch(() => undefined), 'the device is free')
    await api.stepper.decide((await next()).id, { act: 'continue' })
    await api.stepper.decide((await next()).id, { act: 'drop' })
    await expect(api.tree.node({ device: id }, `${PLACE}/dropped`, '')).rejects.toThrow('nothing is known')
    await lab.stop()
  })
})

describe('copies', () => {
  let lab: TreeLab
  let id = ''
  beforeAll(async () => {
    lab = await treeLab()
    id = (await lab.session()).id
    await lab.api.tree.discover(id, { perSecond: 10_000, acl: true })
    await lab.session(id)
  })
  afterAll(() => lab.stop())

  it('a snapshot is taken, compared with the present, and a script from the difference brings the device back', async () => {
    const before = await lab.api.tree.snapshot({ device: id }, 'before / 1')
    expect(before).toMatchObject({ name: 'before / 1', device: id })
    await expect(lab.api.tree.snapshot({ device: id }, 'before / 1')).rejects.toThrow('there is a snapshot')
    const order = await lab.send(id, [
      { kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: '=cmd|evil, "quoted"\nsecond line' },
      { kind: 'Add', locUri: `${PLACE}/deep/er/leaf`, data: 'x' },
      { kind: 'Replace', locUri: `${PLACE}?prop=Title`, data: 'a title' },
    ])
    const shown = order.commands.map((command) => command.code)
    expect(shown).toEqual([200, 200, 200])
    const changes = await lab.api.tree.diff({ snapshot: 'before / 1' }, { device: id })
    expect(changes.changes.map((change) => [change.kind, change.uri, change.properties.map((property) => property.name).join()])).toEqual([
      ['added', `${PLACE}/deep`, ''],
      ['added', `${PLACE}/deep/er`, ''],
      ['added', `${PLACE}/deep/er/leaf`, ''],
      ['changed', './Vendor/DMLab/Settings/Text', 'value'],
    ])
    const { cart, remarks } = await lab.api.tree.script({ device: id }, { snapshot: 'before / 1' }, 'atomic')
    expect(remarks).toEqual([])
    expect(cart.commands.map((command) => `${command.kind} ${command.locUri}`)).toEqual([
      `Delete ${PLACE}/deep`,
      'Replace ./Vendor/DMLab/Settings/Text',
    ])
    expect((await lab.send(id, cart.commands, 'atomic')).state).toBe('done')
    expect((await lab.api.tree.diff({ snapshot: 'before / 1' }, { device: id })).changes).toEqual([])
    await lab.api.tree.dropSnapshot('before / 1')
    expect(await lab.api.tree.snapshots()).toEqual([])
    await expect(lab.api.tree.diff({ snapshot: 'before / 1' }, { device: id })).rejects.toThrow('there is no snapshot before / 1')
  })

  it.each(['tnds-xml', 'tnds-wbxml', 'csv'] as const)('an export as %s holds no secret and no identifier unless it is asked to', async (format) => {
    const secret = { kind: 'Add', locUri: `${PLACE}/WepKey`, format: 'chr', type: 'text/plain', data: 'Sesam-0ffne-Dich' } as const
    const quoted = { kind: 'Add', locUri: `${PLACE}/note`, format: 'chr', type: 'text/plain', data: `of ${id}; password=Sesam-0ffne-Dich` } as const
    await lab.send(id, [secret, quoted])
    const plain = await lab.api.tree.export({ device: id }, '.', format, true)
    expect(plain).toMatchObject({ redacted: null, name: expect.stringContaining(id.replace(':', '-')) as string })
    const safe = await lab.api.tree.export({ device: id }, '.', format)
    expect(safe.name).toBe(`tree.redacted.${format === 'csv' ? 'csv' : format.replace('-', '.')}`)
    expect(safe.redacted?.secrets).toBeGreaterThan(0)
    expect(safe.redacted?.identifiers).toBeGreaterThan(0)
    for (const hidden of ['Sesam-0ffne-Dich', id.replace('IMEI:', '')]) {
      expect(text(plain.bytes)).toContain(hidden)
      expect(text(safe.bytes)).not.toContain(hidden)
    }
    // It is a tree all the same: read back, it differs in the values alone.
    const name = `safe ${format}`
    await lab.api.tree.import(name, safe.bytes)
    const { changes } = await lab.api.tree.diff({ device: id }, { snapshot: name })
    expect(changes.filter(({ kind }) => kind === 'changed').map(({ uri }) => uri)).toEqual(
      expect.arrayContaining([`${PLACE}/WepKey`, `${PLACE}/note`, './DevInfo/DevId']),
    )
    expect(changes.filter(({ kind }) => kind === 'added')).toEqual([])
    await lab.api.tree.dropSnapshot(name)
    await lab.send(id, [
      { kind: 'Delete', locUri: `${PLACE}/WepKey` },
      { kind: 'Delete', locUri: `${PLACE}/note` },
    ])
  })

  it.each(['tnds-xml', 'tnds-wbxml', 'csv'] as const)('what is exported as %s comes back the same', async (format) => {
    const { bytes } = await lab.api.tree.export({ device: id }, '.', format, true)
    const row = await lab.api.tree.import(`back ${format}`, bytes)
    expect(row).toMatchObject({ device: '', seq: 0 })
    const { changes } = await lab.api.tree.diff({ device: id }, { snapshot: row.name })
    // CSV has leaves only: interior nodes without any are left out.
    const missing = changes.filter((change) => change.kind !== 'changed').map((change) => change.uri)
    expect(changes.filter((change) => change.kind === 'changed')).toEqual([])
    if (format === 'csv') expect(missing.filter((uri) => !/Ext|Scratch|Inbox|Secret|AAuthData|Bearer/.test(uri))).toEqual([])
    else expect(missing).toEqual([])
  })

  it('a broken document is refused with its place', async () => {
    await expect(lab.api.tree.import('bad', new TextEncoder().encode('<MgmtTree><Node>'))).rejects.toThrow(/byte/)
    await expect(lab.api.tree.import('bad', new TextEncoder().encode('uri,format,type,value\r\n./a,chr\r\n'))).rejects.toThrow('line 2: 2 columns')
  })

  it('DDFs come and go, and describe nodes', async () => {
    const ddf =
      '<MgmtTree><VerDTD>1.2</VerDTD><Man>Acme</Man><Mod>M</Mod><Node><NodeName>DMLab</NodeName><Path>./Vendor</Path><DFProperties><AccessType><Get/></AccessType>' +
      '<DFFormat><node/></DFFormat><DFType><DDFName/></DFType></DFProperties><Node><NodeName>Mode</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType>' +
      '<Description>How it runs</Description><DFFormat><int/></DFFormat><DFType><MIME>text/plain</MIME></DFType></DFProperties></Node></Node></MgmtTree>'
    expect(await lab.api.tree.addSchema('acme.xml', new TextEncoder().encode(ddf))).toMatchObject({
      man: 'Acme',
      nodes: 2,
      tops: ['./Vendor/DMLab'],
      error: '',
    })
    const commands = [
      { kind: 'Replace' as const, locUri: './Vendor/DMLab/Mode', format: 'int', data: 'many' },
      { kind: 'Replace' as const, locUri: './Vendor/DMLab/Mode', format: 'bool', data: 'true' },
      { kind: 'Delete' as const, locUri: './Vendor/DMLab/Mode' },
      { kind: 'Add' as const, locUri: './Vendor/DMLab/Other', data: '' },
      { kind: 'Exec' as const, locUri: './Vendor/DMLab/Mode' },
    ]
    const remarks = await lab.api.tree.check(id, { mode: 'atomic', when: 'next session', commands })
    const of = (i: number): string[] => remarks.filter((remark) => remark.command === i).map((remark) => remark.rule)
    expect(of(0)).toContain('ddf.value')
    expect(of(1)).toContain('ddf.format')
    expect(of(2)).toContain('ddf.access')
    expect(of(3)).toContain('ddf.unknown')
    expect(of(4)).toEqual(expect.arrayContaining(['atomic', 'ddf.access']))
    await lab.api.tree.dropSchema('acme.xml')
    expect((await lab.api.tree.schemas()).map((schema) => schema.name)).toEqual(['DevInfo', 'DevDetail', 'DMAcc'])
    await expect(lab.api.tree.addSchema('bad.xml', new TextEncoder().encode('<MgmtTree/>'))).rejects.toThrow('bad.xml: DDF: MgmtTree has no Node')
  })
})

describe('a lab that stops in the middle of a walk', () => {
  it('goes on when it is started again and the device comes back', async () => {
    const first = await treeLab()
    const { id } = await first.session()
    await first.api.tree.discover(id, { perSecond: 20 })
    void first.session(id).catch(() => {})
    await until(async () => (((await first.api.tree.discovery(id))?.asked ?? 0) > 10 ? true : undefined), 'the walk is under way')
    await first.stop(true)
    const second = await treeLab(first.workspace)
    const resumed = await second.api.tree.discovery(id)
    expect(resumed).toMatchObject({ state: 'waiting', root: '.' })
    expect(resumed?.left).toBeGreaterThan(0)
    // Fast enough now: the rate belongs to the walk, so a new one takes over from what is known.
    await second.api.tree.discover(id, { perSecond: 10_000 })
    await second.session(id)
    const done = await second.api.tree.discovery(id)
    expect(done).toMatchObject({ state: 'done', left: 0 })
    expect(await second.api.tree.overview({ device: id })).toMatchObject({ neverFetched: done?.refused })
    await second.stop()
  })

  it('is cancelled where somebody says so', async () => {
    const lab = await treeLab()
    const { id } = await lab.session()
    await lab.api.tree.discover(id, {})
    expect(await lab.api.tree.cancelDiscovery(id)).toMatchObject({ state: 'cancelled' })
    await lab.session(id)
    expect(await lab.api.tree.discovery(id)).toMatchObject({ state: 'cancelled', asked: 0 })
    await lab.stop()
  })
})
