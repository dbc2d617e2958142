// FUMO on a device: downloads, packages written over DM, updates that restart it, and what its reports say.
import { describe, expect, test } from 'vitest'
import { FUMO_CODES, FUMO_OF_CAUSE } from '../../core/mo/fumo.ts'
import { Bench, MAIN, ME } from './bench.ts'

const FW = 'http://ads.example/fw-3.2.bin'

function bench(settings = {}): Bench {
  const it = new Bench(settings)
  it.replace(`${MAIN}/Download/PkgURL`, FW)
  it.replace(`${MAIN}/DownloadAndUpdate/PkgURL`, FW)
  return it
}
const state = (it: Bench): string => it.get(`${MAIN}/State`)

describe('the tree', () => {
  test('fu 1, fu 2, fu 5, fu 32: one object, Type without a number of its own, State 10, both ways to fetch and to update', () => {
    const it = new Bench()
    expect([it.get(`${MAIN}?prop=Type`), state(it), it.get(MAIN)]).toEqual([
      'urn:oma:mo:oma-fumo:1.0',
      '10',
      'Download/Update/DownloadAndUpdate/State',
    ])
    expect(it.get(`${MAIN}/State?prop=Format`)).toBe('int')
  })

  test('fu 3, fu 4: URLs read back, bytes do not', () => {
    const it = bench()
    expect([it.get(`${MAIN}/Download/PkgURL`), it.get(`${MAIN}/DownloadAndUpdate/PkgURL`), it.get(`${MAIN}/Update/PkgData`)]).toEqual([
      FW,
      FW,
      'status 405',
    ])
  })

  test('fu 31: Replace of what is not there makes nothing', () => {
    const it = new Bench()
    expect([it.replace('./FwUpdate/Other/Download/PkgURL', FW), it.get('./FwUpdate')]).toEqual(['404', 'Main'])
  })

  test('a dynamic object can be added beside the permanent one, which stays', () => {
    const it = new Bench()
    expect([it.add('./FwUpdate/Radio'), it.get('./FwUpdate/Radio/State'), it.remove('./FwUpdate/Radio'), it.remove(MAIN)]).toEqual([
      '200',
      '10',
      '200',
      '405',
    ])
    expect([it.add('./FwUpdate/Radio/Mine', 'x'), it.add(`${MAIN}/State/x`, 'x')]).toEqual(['405', '405'])
  })

  test('fu 30: no right 425, no node 404, nothing to execute 405', () => {
    const it = bench()
    expect([it.exec(`${MAIN}/Download`, 'c', 'other'), it.exec(`${MAIN}/Nothing`), it.exec(`${MAIN}/State`)]).toEqual(['425', '404', '405'])
  })

  test('PkgName may be written, unless the device is strict', () => {
    expect(bench().replace(`${MAIN}/PkgName`, 'x')).toBe('404')
    const [open, strict] = [bench(), bench({ strictNames: true })].map((it) => {
      it.exec(`${MAIN}/Download`)
      it.pump()
      return it.replace(`${MAIN}/PkgName`, 'mine')
    })
    expect([open, strict]).toEqual(['200', '405'])
  })
})

describe('operations', () => {
  test('fu 6, fu 12, fu 29: Download: 202, 30, 50; one alert about the object; the package by its name', () => {
    const it = bench()
    it.hold.add('download')
    expect([it.exec(`${MAIN}/Download`, 'fw-55'), it.pump() && state(it), it.told]).toEqual(['202', '30', []])
    it.hold.clear()
    it.pump()
    expect([state(it), it.told, it.get(`${MAIN}/PkgName`), it.get(`${MAIN}/PkgVersion`)]).toEqual(['50', ['fw-55 200'], 'fw', '3.2'])
    expect(it.reports[0]?.items[0]).toEqual({
      source: { locUri: MAIN },
      meta: { type: 'org.openmobilealliance.dm.firmwareupdate.download', format: 'int', mark: 'informational' },
      data: '200',
    })
  })

  test('fu 7: Update in 50: 60, then 90; when the server has the report, 100 and the package gone', () => {
    const it = bench()
    it.exec(`${MAIN}/Download`)
    it.pump()
    it.hold.add('flash')
    expect([it.exec(`${MAIN}/Update`, 'fw-56'), it.pump() && state(it)]).toEqual(['202', '60'])
    it.hold.clear()
    it.pump()
    expect([state(it), it.told.at(-1), it.get('./DevDetail/FwV'), it.double.files.size]).toEqual(['90', 'fw-56 200', '3.2', 1])
    const alert = it.reports.at(-1)
    if (alert !== undefined) it.feed({ type: 'acknowledged', serverId: ME, alert })
    expect([state(it), it.double.files.size, it.exec(`${MAIN}/Update`)]).toEqual(['100', 0, '403'])
  })

  test('fu 8: DownloadAndUpdate: one alert, at the end', () => {
    const it = bench()
    it.hold.add('flash')
    expect([it.exec(`${MAIN}/DownloadAndUpdate`, 'c'), it.pump() && state(it), it.told]).toEqual(['202', '60', []])
    it.hold.clear()
    expect([it.pump().told, state(it)]).toEqual([['c 200'], '90'])
    expect(it.reports[0]?.items[0]?.meta?.type).toBe('org.openmobilealliance.dm.firmwareupdate.downloadandupdate')
  })

  test('fu 8: the device restarts in between: nothing is told and no version changes before it is on again', () => {
    const it = bench()
    it.hold.add('restart')
    it.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    const boots = (): number => it.double.log.filter((line) => line === 'boot: the device is on').length
    const before = it.get('./DevDetail/FwV')
    expect([it.pump().told, state(it), boots(), it.exec(`${MAIN}/Download`)]).toEqual([[], '60', 1, '403'])
    expect([it.get('./DevDetail/FwV'), before === '3.2']).toEqual([before, false])
    it.hold.clear()
    expect([it.pump().told, state(it), it.get('./DevDetail/FwV'), boots()]).toEqual([['c 200'], '90', '3.2', 2])
    expect(it.double.log.filter((line) => line.startsWith('flashed'))).toHaveLength(1)
  })

  test('fu 9: its download fails: the alert says so, State 20, no update', () => {
    const it = bench()
    it.double.fails.set('download', { cause: 'network' })
    it.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    expect([it.pump().told, state(it), it.double.log.some((line) => line.startsWith('flashed'))]).toEqual([['c 503'], '20', false])
  })

  test('fu 10: State moves only with the committed bytes; they and a URL exclude each other', () => {
    const it = bench()
    expect([it.replace(`${MAIN}/Update/PkgData`, new Uint8Array([1, 2]), { format: 'bin' }), state(it)]).toEqual(['200', '50'])
    expect([it.get(`${MAIN}/Download/PkgURL`), it.exec(`${MAIN}/Download`)]).toEqual(['', '403'])
    it.double.room = 0
    const full = bench()
    full.double.room = 1
    expect([full.replace(`${MAIN}/Update/PkgData`, new Uint8Array([1, 2]), { format: 'bin' }), state(full)]).toEqual(['420', '10'])
  })

  test('fu 11: no Correlator in, none out', () => {
    const it = bench()
    it.exec(`${MAIN}/Download`)
    it.pump()
    expect(it.reports.map((alert) => alert.correlator)).toEqual([undefined])
  })

  test('fu 13: failures are marked', () => {
    const marks: (string | undefined)[] = []
    for (const cause of ['network', 'auth'] as const) {
      const it = bench()
      it.double.fails.set('download', { cause })
      it.exec(`${MAIN}/Download`)
      marks.push(it.pump().reports[0]?.items[0]?.meta?.mark)
    }
    const refused = bench({ consent: 'always' })
    refused.person.push({ act: 'no' })
    refused.exec(`${MAIN}/Download`)
    expect([...marks, refused.pump().reports[0]?.items[0]?.meta?.mark]).toEqual(['critical', 'critical', 'warning'])
  })

  test('fu 14: nothing is tried again before a new Exec', () => {
    const it = bench()
    it.double.fails.set('download', { cause: 'unavailable' })
    it.exec(`${MAIN}/Download`, 'c')
    it.pump()
    it.double.fails.clear()
    it.restart()
    expect([it.told, it.asks, state(it)]).toEqual([['c 412'], [], '20'])
    expect([it.exec(`${MAIN}/Download`, 'd'), it.pump().told.at(-1)]).toEqual(['202', 'd 200'])
  })

  test('fu 16: every result of a failure can be reached', () => {
    const codes = new Set<number>()
    for (const cause of FUMO_OF_CAUSE.keys()) {
      const it = bench()
      it.double.fails.set('download', { cause })
      it.exec(`${MAIN}/Download`)
      codes.add(Number(it.pump().reports[0]?.items[0]?.data))
    }
    for (const code of [402, 403, 404, 405, 409, 410, 502]) {
      const it = bench()
      it.double.fails.set('flash', { code })
      it.exec(`${MAIN}/DownloadAndUpdate`)
      codes.add(Number(it.pump().reports[0]?.items[0]?.data))
    }
    const refused = bench({ consent: 'always' })
    refused.person.push({ act: 'no' })
    refused.exec(`${MAIN}/Download`)
    codes.add(Number(refused.pump().reports[0]?.items[0]?.data))
    const wanted = FUMO_CODES.filter(
      ({ last, code, words }) => last === undefined && code >= 400 && code !== 408 && (code < 490 || code > 496) && words !== '',
    )
    expect(wanted.map(({ code }) => code).filter((code) => !codes.has(code))).toEqual([])
  })

  test('a failed update keeps its package (70) or not (80); from 70 it can be tried again', () => {
    const it = bench()
    it.double.fails.set('flash', { code: 410 })
    it.exec(`${MAIN}/DownloadAndUpdate`, 'a')
    expect([it.pump().told.at(-1), state(it)]).toEqual(['a 410', '70'])
    it.double.fails.set('flash', { code: 402, dataGone: true })
    it.exec(`${MAIN}/Update`, 'b')
    expect([it.pump().told.at(-1), state(it), it.exec(`${MAIN}/Update`)]).toEqual(['b 402', '80', '403'])
  })

  test('its user says no: State 10 before the download, 50 before the update, the package kept', () => {
    const it = bench({ consent: 'always' })
    it.person.push({ act: 'no' })
    it.exec(`${MAIN}/Download`, 'a')
    expect([it.pump().told, state(it)]).toEqual([['a 401'], '10'])
    it.person.push({ act: 'ok' }, { act: 'no' })
    it.exec(`${MAIN}/DownloadAndUpdate`, 'b')
    expect([it.pump().told.at(-1), state(it), it.double.files.size]).toEqual(['b 401', '50', 1])
  })

  test('alert_source=exec names the executed node; autoreset goes back to 10', () => {
    const it = bench({ alertSource: 'exec', autoReset: true })
    it.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    it.pump()
    const [alert] = it.reports
    expect(alert?.items[0]?.source?.locUri).toBe(`${MAIN}/DownloadAndUpdate`)
    if (alert !== undefined) it.feed({ type: 'acknowledged', serverId: ME, alert })
    expect([state(it), it.double.files.size]).toEqual(['10', 0])
  })
})

describe('power cuts', () => {
  test('fu 15, fu 20: in the middle of an update: what the update agent did decides, and it is reported', () => {
    const it = bench()
    it.hold.add('flash')
    it.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    it.pump()
    const cut = it.saved
    // It was done before the power came back.
    const [ask] = it.asks
    it.double.answer('flash', ask?.question)
    it.restart(cut)
    expect([state(it), it.told, it.double.log.filter((line) => line.startsWith('flashed')).length]).toEqual(['90', ['c 200'], 1])
    // It was not.
    const other = bench()
    other.hold.add('flash')
    other.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    other.pump()
    other.restart()
    expect([state(other), other.told]).toEqual(['70', ['c 410']])
  })

  test('in the middle of a download: it goes on (F23), or has failed (F24)', () => {
    for (const [resume, wanted] of [
      [true, ['50', 'c 200']],
      [false, ['20', 'c 503']],
    ] as const) {
      const it = bench({ resume })
      it.hold.add('download')
      it.exec(`${MAIN}/Download`, 'c')
      it.pump()
      it.hold.clear()
      it.restart()
      expect([state(it), ...it.told]).toEqual(wanted)
    }
  })

  test('fu 19, fu 33: an accepted order is never dropped, and an operation under way is never reset', () => {
    const it = bench({ autoReset: true })
    it.exec(`${MAIN}/DownloadAndUpdate`, 'c')
    it.restart()
    expect([it.told, state(it)]).toEqual([['c 200'], '90'])
    it.exec(`${MAIN}/DownloadAndUpdate`, 'd')
    const [alert] = it.reports
    it.hold.add('download')
    it.pump()
    if (alert !== undefined) it.feed({ type: 'acknowledged', serverId: ME, alert })
    expect(state(it)).toBe('30')
  })

  test('fu 33: where orders of a lost session are not to run, they end with 400', () => {
    const it = bench({ runAfterAbort: false })
    it.exec(`${MAIN}/Download`, 'c')
    expect([it.pump().told, state(it)]).toEqual([[], '10'])
    it.feed({ type: 'session', serverId: ME, completed: false })
    expect([it.told, state(it)]).toEqual([['c 400'], '10'])
  })
})

test('fu 21: a request has Data though it is empty, and no Source unless asked about one object', () => {
  const it = bench()
  const [any, one] = [
    it.agent.request({ type: 'fumo', by: 'user', operation: 'CheckUpdate' }),
    it.agent.request({ type: 'fumo', by: 'device', operation: 'CheckUpdate', source: MAIN }),
  ]
  expect([any.items[0]?.data, any.items[0]?.source, one.items[0]?.source]).toEqual(['', undefined, { locUri: MAIN }])
  expect(one.items[0]?.meta?.type).toBe('org.openmobilealliance.dm.firmwareupdate.devicerequest')
})
