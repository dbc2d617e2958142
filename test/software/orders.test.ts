// What becomes of an order between its 202 and its report: power cuts, repeated orders, the device's own questions, Status instead of alerts.
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { SCOMO_CODES, SCOMO_OF_CAUSE } from '../../core/mo/scomo.ts'
import { Bench, DELIVERED, DEPLOYED, DOWNLOAD, ME, URL } from './bench.ts'
import { Double } from './double.ts'

const APP = `${DEPLOYED}/com.msf.antivir`

describe('reports', () => {
  test('sc 14, sc 15: Source, Target, Type, Mark, Data in order; the correlator only where one came', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.exec(`${uri}/Operations/DownloadInstall`)
    bench.pump()
    expect(bench.reports).toEqual([
      {
        kind: 'Alert',
        cmdId: '',
        code: 1226,
        data: '1226',
        items: [
          {
            target: { locUri: APP },
            source: { locUri: `${uri}/Operations/DownloadInstall` },
            meta: { type: 'urn:oma:at:scomo:1.0:OperationComplete', format: 'xml', mark: 'informational' },
            data: '<ResultCode>1200</ResultCode><Identifier>com.msf.antivir</Identifier>',
          },
        ],
      },
    ])
  })

  test('sc 17: the report goes to the server that ordered, over a restart too', () => {
    const bench = new Bench({ owner: '*' })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/Download`, 'c', 'dm-two')
    bench.pump()
    expect([bench.reportedTo, bench.client.owed().map(({ serverId }) => serverId)]).toEqual([['dm-two'], ['dm-two']])
    bench.restart()
    expect(bench.client.owed().map(({ serverId }) => serverId)).toEqual(['dm-two'])
  })

  test('sc 19: every result of a failure can be reached', () => {
    const codes = new Set<number>()
    const ran = (set: (bench: Bench) => void, settings = {}, primitive = 'DownloadInstall'): void => {
      const bench = new Bench(settings)
      set(bench)
      bench.exec(`${bench.package()}/Operations/${primitive}`, 'c')
      if (bench.pump().timers.size > 0) bench.fire([...bench.timers.keys()][0] ?? '')
      codes.add(Number(bench.told[0]?.split(' ')[1]))
    }
    for (const cause of SCOMO_OF_CAUSE.keys()) ran((bench) => bench.double.fails.set('download', { cause }))
    for (const code of [1405, 1406, 1407, 1412, 1413, 1453, 1455, 1456, 1470, 1471]) ran((bench) => bench.double.fails.set('install', { code }))
    ran((bench) => bench.person.push({ act: 'no' }), { consent: 'always' })
    ran(() => {}, { consent: 'always' })
    for (const [primitive, topic] of [
      ['Remove', 'uninstall'],
      ['Activate', 'activate'],
      ['Deactivate', 'deactivate'],
    ] as const) {
      const bench = new Bench()
      const uri = bench.deployed(primitive === 'Activate' ? 'InstallInactive' : 'Install')
      bench.double.fails.set(topic, { code: 1408 })
      const before = bench.get(`${uri}/State`)
      bench.exec(`${uri}/Operations/${primitive}`)
      codes.add(Number(bench.pump().told[0]?.split(' ')[1]))
      expect(bench.at(uri)).toBe(`${before}/${String({ Remove: 20, Activate: 40, Deactivate: 60 }[primitive])}`)
    }
    // 1411 is answered as 406 at once; 149x belong to suspended transfers.
    const wanted = SCOMO_CODES.filter(({ code, last }) => last === undefined && code >= 1400 && code !== 1411 && (code < 1490 || code > 1499))
    expect(wanted.map(({ code }) => code).filter((code) => !codes.has(code))).toEqual([])
  })
})

describe('Status instead of an alert', () => {
  const auto = { reports: 'auto', syncCode: 'native' } as const

  test('an Exec waits for its end; the session goes on with the code', () => {
    const bench = new Bench(auto)
    const uri = bench.direct()
    const { performer } = bench.client.device
    const steps = performer.begin({ kind: 'Exec', cmdId: '1', items: [{ target: { locUri: `${uri}/Operations/Install` } }] }, { serverId: ME })
    const first = steps.next()
    expect(first.value).toMatchObject({ pending: 'o2', waitMs: 20_000 })
    bench.pump()
    expect([bench.outcomes, bench.told]).toEqual([[['o2', 1200]], []])
    expect(steps.next(1200).value).toMatchObject({ statuses: [{ code: 1200 }] })
    expect(bench.at(uri)).toBe('20/10')
  })

  test('it takes longer, or the session is lost: 202 and an alert after all', () => {
    for (const how of ['longer', 'lost'] as const) {
      const bench = new Bench(auto)
      const uri = bench.direct()
      const { performer } = bench.client.device
      const steps = performer.begin({ kind: 'Exec', cmdId: '1', items: [{ target: { locUri: `${uri}/Operations/Install` } }] }, { serverId: ME })
      steps.next()
      if (how === 'longer') expect(steps.next(null).value).toMatchObject({ statuses: [{ code: 202 }] })
      else steps.return({ statuses: [] })
      expect([how, bench.pump().told, bench.outcomes]).toEqual([how, [`- 1200 ${APP} com.msf.antivir`], []])
    }
  })

  test('a plain device says 200 and 500', () => {
    const bench = new Bench({ reports: 'auto', syncCode: 'plain' })
    const uri = bench.direct()
    const run = (): void =>
      void bench.client.device.performer
        .begin({ kind: 'Exec', cmdId: '1', items: [{ target: { locUri: `${uri}/Operations/Install` } }] }, { serverId: ME })
        .next()
    run()
    bench.pump()
    bench.double.fails.set('install', { code: 1405 })
    run()
    bench.pump()
    expect(bench.outcomes.map(([, code]) => code)).toEqual([200, 500])
  })
})

describe('the same order again', () => {
  test('sc 30: while it runs 202 and no second run; afterwards the stored result', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.hold.add('install')
    const again = (): string => bench.exec(`${uri}/Operations/DownloadInstall`, 'job-1')
    expect([again(), bench.pump() && again()]).toEqual(['202', '202'])
    bench.hold.clear()
    bench.pump()
    expect([bench.told.length, again(), bench.pump().told.length]).toEqual([1, '202', 1])
    const [alert] = bench.reports
    if (alert !== undefined) bench.feed({ type: 'acknowledged', serverId: ME, alert })
    // The server has it, and asks nevertheless: the same alert once more.
    expect([again(), bench.pump().told]).toEqual(['202', [bench.told[0], bench.told[0]]])
    expect(bench.double.log.filter((line) => line.startsWith('installed'))).toHaveLength(1)
    // Another server, another primitive or no correlator is another order.
    expect(bench.exec(`${uri}/Operations/Download`, 'job-1')).toBe('202')
  })

  test('a result told by Status is told by Status again, over a restart', () => {
    const bench = new Bench({ reports: 'auto' })
    const uri = `${bench.direct()}/Operations/Install`
    const request = { kind: 'Exec', cmdId: '1', correlator: 'c', items: [{ target: { locUri: uri } }] } as const
    bench.client.device.performer.begin(request, { serverId: ME }).next()
    bench.pump()
    bench.restart()
    expect([bench.do(request), bench.told]).toEqual(['1200', []])
  })

  test('results are kept as long as their report is owed, and seven days', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.exec(`${uri}/Operations/Download`, 'old')
    bench.pump()
    const [alert] = bench.reports
    bench.now += 8 * 86_400_000
    bench.exec(`${uri}/Operations/Download`, 'b')
    bench.pump()
    expect(bench.agent.state().orders.map(({ correlator }) => correlator)).toEqual(['old', 'b'])
    if (alert !== undefined) bench.feed({ type: 'acknowledged', serverId: ME, alert })
    bench.exec(`${uri}/Operations/Download`, 'c')
    expect(bench.agent.state().orders.map(({ correlator }) => correlator)).toEqual(['b', 'c'])
  })
})

describe('its own questions', () => {
  test('sc 26: no: 1401 and nothing changed; yes goes on to the next', () => {
    const bench = new Bench({ consent: 'always' })
    const uri = bench.package()
    bench.person.push({ act: 'no' })
    bench.exec(`${uri}/Operations/DownloadInstall`, 'a')
    expect([bench.pump().told, bench.at(uri), bench.get(DELIVERED)]).toEqual([[`a 1401 ${uri} antivir-2.1`], '-/10', ''])
    bench.person.push({ act: 'ok' }, { act: 'cancel' })
    bench.exec(`${uri}/Operations/DownloadInstall`, 'b')
    bench.pump()
    // The half that was agreed to stays done (D12).
    expect([bench.told.at(-1), bench.at(uri), bench.at(`${DELIVERED}/antivir21`)]).toEqual([
      `b 1401 ${DELIVERED}/antivir21 antivir-2.1`,
      '-/60',
      '10/10',
    ])
    bench.person.push({ act: 'ok' })
    bench.exec(`${DELIVERED}/antivir21/Operations/Install`, 'c')
    expect(bench.pump().told.at(-1)).toBe(`c 1200 ${APP} com.msf.antivir`)
  })

  test('nobody answers: 1450; put off: asked again; the question is open over a restart', () => {
    const bench = new Bench({ consent: 'always' })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/Download`, 'a')
    bench.pump()
    bench.restart()
    expect(bench.asks.map(({ topic }) => topic)).toEqual(['consent'])
    bench.person.push({ act: 'postpone' })
    bench.pump()
    expect([[...bench.timers.keys()], bench.asks]).toEqual([['again o1'], []])
    bench.fire('again o1')
    expect([bench.asks.length, [...bench.timers.keys()]]).toEqual([1, ['consent o1']])
    bench.fire('consent o1')
    expect([bench.told, bench.at(uri)]).toEqual([[`a 1450 ${uri} antivir-2.1`], '-/10'])
  })

  test('whoever agreed to the server, or wished it, is not asked twice', () => {
    const bench = new Bench({ consent: 'unconfirmed' })
    const uri = bench.package()
    bench.client.device.performer.begin({ kind: 'Alert', cmdId: '1', code: 1101, items: [{ data: '' }, { data: 'Install?' }] }, { serverId: ME })
    bench.exec(`${uri}/Operations/Download`, 'a')
    expect(bench.pump().asks.map(({ topic }) => topic)).toEqual(['consent'])
    bench.person.push({ act: 'ok' })
    bench.pump()
    const steps = bench.client.device.performer.begin(
      { kind: 'Alert', cmdId: '1', code: 1101, items: [{ data: '' }, { data: 'Install?' }] },
      { serverId: ME },
    )
    steps.next()
    steps.next({ act: 'ok' })
    bench.exec(`${uri}/Operations/Download`, 'b')
    expect([bench.pump().asks, bench.told.length]).toEqual([[], 2])
    bench.now += 600_001
    bench.exec(`${uri}/Operations/Download`, 'c')
    expect(bench.pump().asks.length).toBe(1)
  })
})

test('sc 29: requests of user and device: unregistered names, XML, no correlator; not too often', () => {
  const bench = new Bench()
  const request = { type: 'scomo', by: 'user', operation: 'Install', pkg: 'antivir-2.1', source: './SCOMO' } as const
  expect(bench.agent.request(request)).toEqual({
    kind: 'Alert',
    cmdId: '',
    code: 1226,
    data: '1226',
    items: [
      {
        source: { locUri: './SCOMO' },
        meta: { type: 'urn:oma:at:scomo:1.0:UserRequest', format: 'xml' },
        data: '<ScomoRequest><Operation>Install</Operation><PkgID>antivir-2.1</PkgID></ScomoRequest>',
      },
    ],
  })
  expect(() => bench.agent.request(request)).toThrow('again in 60 s')
  bench.now += 60_000
  expect(bench.agent.request({ ...request, by: 'device' }).items[0]?.meta?.type).toBe('urn:oma:at:scomo:1.0:DeviceRequest')
})

describe('power cuts', () => {
  test.each([
    ['download', 'DownloadInstall', '-/30', true, '-/10', 1200],
    ['download', 'Download', '-/30', false, '-/20', 1402],
    ['install', 'DownloadInstall', '-/50', true, '-/60', 1405],
  ] as const)('sc 22: Download: the %s of %s is cut at %s (resume %s): %s, %i', (topic, primitive, during, resume, after, code) => {
    const bench = new Bench({ resume })
    const uri = bench.package()
    bench.hold.add(topic)
    bench.exec(`${uri}/Operations/${primitive}`, 'c')
    expect(bench.pump().at(uri)).toBe(during)
    bench.hold.clear()
    bench.restart()
    expect([bench.at(uri), bench.told.map((text) => Number(text.split(' ')[1]))]).toEqual([after, [code]])
  })

  test.each([
    ['Delivered', 'Install', 'install', '10/40', '10/50', 1405],
    ['Delivered', 'Remove', 'discard', '10/30', '10/20', 1408],
    ['Deployed', 'Remove', 'uninstall', '20/30', '20/20', 1408],
    ['Deployed', 'Deactivate', 'deactivate', '20/70', '20/60', 1410],
    ['Deployed', 'Activate', 'activate', '10/50', '10/40', 1409],
  ] as const)('sc 22: %s %s: %s is cut at %s: %s, %i', (place, primitive, topic, during, after, code) => {
    const bench = new Bench()
    const uri = place === 'Delivered' ? bench.direct() : bench.deployed(primitive === 'Activate' ? 'InstallInactive' : 'Install')
    bench.hold.add(topic)
    bench.exec(`${uri}/Operations/${primitive}`, 'c')
    expect(bench.pump().at(uri)).toBe(during)
    bench.hold.clear()
    bench.restart()
    expect([bench.at(uri), bench.told.map((text) => Number(text.split(' ')[1]))]).toEqual([after, [code]])
  })

  test('sc 22: what nobody works on falls back: every progressing number', () => {
    const bench = new Bench()
    const app = bench.deployed()
    const uri = bench.package()
    const falls: readonly (readonly [string, number, number])[] = [
      [uri, 30, 20],
      [uri, 50, 60],
      [`${DELIVERED}/antivir21`, 40, 50],
      [`${DELIVERED}/antivir21`, 30, 20],
      [app, 30, 20],
      [app, 50, 40],
      [app, 70, 60],
    ]
    for (const [at, from, to] of falls) {
      bench.force(`${at}/Status`, String(from))
      bench.save()
      bench.restart()
      expect([at, from, bench.get(`${at}/Status`)]).toEqual([at, from, String(to)])
    }
  })

  test('the installer can prove success: it counts, and is not done again', () => {
    const bench = new Bench()
    bench.hold.add('install')
    bench.exec(`${bench.direct()}/Operations/Install`, 'c')
    bench.pump()
    const [ask] = bench.asks
    bench.double.answer('install', ask?.question)
    bench.hold.clear()
    bench.restart()
    expect([bench.told, bench.at(`${DELIVERED}/antivir21`), bench.at(APP)]).toEqual([[`c 1200 ${APP} com.msf.antivir`], '20/10', '20/10'])
    expect(bench.double.log.filter((line) => line.startsWith('installed'))).toHaveLength(1)
  })

  test('sc 51: an order whose session is lost runs and reports, or ends with 1400', () => {
    const bench = new Bench({ runAfterAbort: false })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/Download`, 'a')
    expect(bench.pump().asks).toEqual([])
    bench.feed({ type: 'session', serverId: ME, completed: false })
    expect([bench.told, bench.at(uri)]).toEqual([[`a 1400 ${uri} antivir-2.1`], '-/10'])
    bench.exec(`${uri}/Operations/Download`, 'b')
    bench.feed({ type: 'session', serverId: ME, completed: true })
    expect(bench.pump().told.at(-1)).toContain('b 1200')
    const usual = new Bench()
    usual.exec(`${usual.package()}/Operations/Download`, 'c')
    usual.restart()
    expect(usual.told).toEqual([`c 1200 ${DELIVERED}/antivir21 antivir-2.1`])
  })

  test('cut after any save: the order is executed exactly once by the log of the device itself, and reported', () => {
    const story = (bench: Bench): void => {
      const uri = bench.package()
      bench.exec(`${uri}/Operations/DownloadInstall`, 'c')
      bench.pump()
    }
    const whole = new Bench()
    const first = whole.saves.length
    story(whole)
    const cuts = whole.saves.length
    expect(cuts - first).toBeGreaterThan(6)
    for (let cut = first; cut < cuts; cut++) {
      // The disk is as it was when the save was made: what the installer did later is not there, what it did before is.
      const bench = new Bench()
      let state = ''
      const { save } = bench
      let journal = ''
      bench.save = () => {
        save.call(bench)
        if (bench.saves.length - 1 !== cut) return
        state = bench.saved
        journal = JSON.stringify([...bench.double.journal])
      }
      story(bench)
      const double = new Double()
      for (const [key, answer] of JSON.parse(journal) as [string, never][]) double.journal.set(key, answer)
      for (const [name, content] of bench.double.files) double.files.set(name, content)
      for (const component of bench.double.components.values()) if (double.journal.size > 0) double.components.set(component.id, component)
      const again = new Bench({}, double)
      again.restart(state)
      const taken = again.agent.state().orders.length > 0
      // The server did not get its 202: it orders again with the same correlator.
      if (again.get(`${DOWNLOAD}/antivir21/PkgURL`) !== URL) again.package()
      again.exec(`${DOWNLOAD}/antivir21/Operations/DownloadInstall`, 'c')
      again.pump()
      const done = double.journal.size
      const order = again.agent.state().orders.filter(({ correlator }) => correlator === 'c')
      expect([cut, taken ? order.length : 1, order.map(({ stage }) => stage)]).toEqual([cut, 1, ['over']])
      const code = order[0]?.end?.code
      // Lost in the middle of the installer's work it has failed, and nothing of it is there; else it is done, once.
      if (code === 1200) expect([cut, done, again.at(APP), double.components.get('com.msf.antivir')?.version]).toEqual([cut, 1, '20/10', '2.1'])
      else expect([cut, code, again.at(APP), double.components.size]).toEqual([cut, 1405, 'gone', 0])
      expect(order[0]?.end?.alert).not.toBeNull()
    }
  })
})

test('whatever a server sends, and whenever the power goes: the tree says what the installer holds', { timeout: 300_000 }, () => {
  const names = ['a', 'b']
  const step = fc.oneof(
    fc.record({
      do: fc.constant('fetch' as const),
      name: fc.constantFrom(...names),
      pkg: fc.constantFrom('antivir-2.0', 'antivir-2.1', 'suite-1', 'nonsense'),
    }),
    fc.record({ do: fc.constant('direct' as const), name: fc.constantFrom(...names), pkg: fc.constantFrom('antivir-2.0', 'suite-1', 'nonsense') }),
    fc.record({ do: fc.constant('exec' as const), at: fc.nat(5), primitive: fc.nat(8) }),
    fc.record({ do: fc.constant('delete' as const), at: fc.nat(5) }),
    fc.record({ do: fc.constant('fail' as const), topic: fc.constantFrom('download', 'install', 'activate', 'uninstall'), gone: fc.boolean() }),
    fc.constant({ do: 'mend' as const }),
    fc.constant({ do: 'cut' as const }),
    fc.constant({ do: 'pump' as const }),
  )
  const PRIMITIVE = [
    'Download',
    'DownloadInstall',
    'DownloadInstallInactive',
    'Install',
    'InstallInactive',
    'Remove',
    'Activate',
    'Deactivate',
    'Remove',
  ]
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const bench = new Bench()
      const objects = (): string[] =>
        [DOWNLOAD, DELIVERED, DEPLOYED].flatMap((base) =>
          bench
            .get(base)
            .split('/')
            .filter((name) => name !== '' && !name.startsWith('status'))
            .map((name) => `${base}/${name}`),
        )
      for (const one of steps) {
        const all = objects()
        if (one.do === 'fetch') bench.package(one.name, `http://ads.example/${one.pkg}`, one.pkg)
        else if (one.do === 'direct') bench.direct(one.name, one.pkg)
        else if (one.do === 'exec') bench.exec(`${all[one.at % Math.max(1, all.length)] ?? DOWNLOAD}/Operations/${PRIMITIVE[one.primitive] ?? ''}`)
        else if (one.do === 'delete') bench.remove(all[one.at % Math.max(1, all.length)] ?? `${DOWNLOAD}/none`)
        else if (one.do === 'fail') bench.double.fails.set(one.topic, { dataGone: one.gone })
        else if (one.do === 'mend') bench.double.fails.clear()
        else if (one.do === 'cut') bench.restart()
        else bench.pump()
      }
      bench.pump()
      const told = bench
        .get(DEPLOYED)
        .split('/')
        .filter((name) => name !== '')
        .map((name) => [bench.get(`${DEPLOYED}/${name}/ID`), bench.get(`${DEPLOYED}/${name}/Version`), bench.get(`${DEPLOYED}/${name}/State`)])
      const held = [...bench.double.components.values()].map(({ id, version, active }) => [id, version, active ? '20' : '10'])
      expect(told.sort()).toEqual(held.sort())
      for (const uri of objects()) expect([uri, ['10', '20', '40', '50', '60', '70'].includes(bench.get(`${uri}/Status`))]).toEqual([uri, true])
      // Bytes are there for exactly the packages that say so.
      for (const uri of objects().filter((each) => each.startsWith(DELIVERED))) {
        const held = bench.get(`${uri}/Status`) !== '60' && !bench.get(`${uri}/State`).startsWith('status')
        expect([uri, uri in bench.agent.state().files]).toEqual([uri, held])
      }
      expect(bench.agent.open).toEqual([])
    }),
    { numRuns: process.env['DM_LAB_SOAK'] === undefined ? 60 : 2000, seed: 20261121 },
  )
})
