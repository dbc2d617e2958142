// SCOMO on a device: what a server adds, executes and reads, and what the installer truly did.
import { describe, expect, test } from 'vitest'
import { SCOMO_NODES } from '../../core/mo/scomo.ts'
import { command, read } from '../device/support.ts'
import { Bench, DELIVERED, DEPLOYED, DOWNLOAD, ME } from './bench.ts'

const OTHER = 'other-server'

describe('the tree', () => {
  test('sc 1: the root says which object it is', () => {
    for (const version of ['1.0', '1.1'] as const) expect(new Bench({ version }).get('./SCOMO?prop=Type')).toBe(`urn:oma:mo:oma-scomo:${version}`)
  })

  test('sc 2: below the root stand Download, Inventory and Ext', () => {
    const bench = new Bench({ envTypes: ['native.linux'] })
    expect(bench.get('./SCOMO')).toBe('Download/Inventory/Ext')
    expect([bench.get('./SCOMO/Inventory'), bench.get('./SCOMO/Ext/EnvTypes')]).toEqual(['Delivered/Deployed', 'native.linux'])
  })

  test('sc 3: an added package gets Status 10, Operations and the primitives', () => {
    const bench = new Bench()
    expect(bench.add(`${DOWNLOAD}/x`)).toBe('200')
    expect([bench.at(`${DOWNLOAD}/x`), bench.get(`${DOWNLOAD}/x/Operations`)]).toEqual(['-/10', 'Download/DownloadInstall/DownloadInstallInactive'])
    expect(bench.add(`${DELIVERED}/y`)).toBe('200')
    expect([bench.at(`${DELIVERED}/y`), bench.get(`${DELIVERED}/y`)]).toEqual(['-/10', 'Status/Data/Operations'])
    expect(bench.get(`${DELIVERED}/y/Operations`)).toBe('Install/InstallInactive/Remove')
  })

  test('sc 4: Data cannot be read, nor the value of a primitive', () => {
    const bench = new Bench()
    bench.direct()
    expect(bench.get(`${DELIVERED}/antivir21/Data`)).toBe('status 405')
  })

  test('sc 5: Status, State and deployed components are not for servers to write', () => {
    const bench = new Bench()
    bench.deployed()
    const refused = [
      bench.replace(`${DELIVERED}/antivir21/Status`, '40'),
      bench.replace(`${DELIVERED}/antivir21/State`, '10'),
      bench.replace(`${DEPLOYED}/com.msf.antivir/Version`, '9'),
      bench.add(`${DEPLOYED}/mine`),
      bench.remove(`${DEPLOYED}/com.msf.antivir`),
      bench.add(`${DOWNLOAD}/x/State`, '10'),
    ]
    expect(refused).toEqual(['405', '405', '405', '405', '405', '405'])
  })

  test('sc 24: the inventory as StructData, Data left out', () => {
    const bench = new Bench()
    bench.deployed()
    const { results = [] } = bench.client.device.performer.perform(command('Get', './SCOMO/Inventory?list=StructData'), { serverId: ME })
    const uris = results.map((item) => item.source?.locUri ?? '')
    expect(uris).toContain(`${DEPLOYED}/com.msf.antivir/Version`)
    expect(uris.filter((uri) => uri.endsWith('/Data'))).toEqual([])
  })

  test('sc 46: Replace of what is not there makes nothing', () => {
    const bench = new Bench()
    expect([bench.replace(`${DELIVERED}/x/Data`, 'b'), bench.replace(`${DOWNLOAD}/x/PkgURL`, 'u')]).toEqual(['404', '404'])
    expect([bench.get(DELIVERED), bench.get(DOWNLOAD)]).toEqual(['', ''])
  })

  test('sc 45: 1.1 has Reboot, a server of 1.0 works with it; 1.0 has it not', () => {
    const bench = new Bench({ version: '1.1' })
    const uri = bench.package()
    expect([bench.add(`${uri}/Reboot`, 'after'), bench.exec(`${uri}/Operations/DownloadInstall`, 'c')]).toEqual(['200', '202'])
    expect(bench.pump().told).toEqual([`c 1200 ${DEPLOYED}/com.msf.antivir com.msf.antivir`])
    expect(bench.double.log.join()).toContain('the device restarts after antivir-2.1 was installed')
    expect(new Bench().add(`${DOWNLOAD}/x/Reboot`, 'after')).toBe('405')
  })

  test('sc 45: Reboot before, after and both: the device is off and on again around the installation, which happens once and is told afterwards', () => {
    const boots = (it: Bench): number => it.double.log.filter((line) => line === 'boot: the device is on').length
    for (const [value, times] of [
      ['none', 0],
      ['before', 1],
      ['after', 1],
      ['both', 2],
      ['nonsense', 0],
    ] as const) {
      const bench = new Bench({ version: '1.1' })
      const uri = bench.package()
      bench.add(`${uri}/Reboot`, value)
      bench.hold.add('restart')
      bench.exec(`${uri}/Operations/DownloadInstall`, 'c')
      const before = boots(bench)
      expect([bench.pump().told.length, bench.double.components.size, bench.at(uri)], value).toEqual(
        times === 0 ? [1, 1, '-/10'] : value === 'after' ? [0, 1, '-/50'] : [0, 0, '-/40'],
      )
      // Whatever is asked of it meanwhile, the package is in use.
      if (times > 0) expect([bench.remove(uri), bench.exec(`${uri}/Operations/Download`, 'd')], value).toEqual(['403', '403'])
      bench.hold.clear()
      expect(bench.pump().told, value).toEqual([`c 1200 ${DEPLOYED}/com.msf.antivir com.msf.antivir`])
      expect([boots(bench) - before, bench.double.log.filter((line) => line.startsWith('installed')).length], value).toEqual([times, 1])
      expect([bench.at(uri), bench.get(`${DELIVERED}/antivir21/Reboot`), bench.at(`${DEPLOYED}/com.msf.antivir`)], value).toEqual([
        '-/10',
        value,
        '20/10',
      ])
    }
  })

  test('sc 45: a delivered package with Reboot is installed around a restart, too; its Exec is answered 202', () => {
    const bench = new Bench({ version: '1.1', reports: 'auto' })
    const uri = bench.direct()
    bench.add(`${uri}/Reboot`, 'both')
    expect([bench.exec(`${uri}/Operations/Install`, 'c'), bench.pump().told]).toEqual(['202', [`c 1200 ${DEPLOYED}/com.msf.antivir com.msf.antivir`]])
    expect([bench.at(uri), bench.double.log.filter((line) => line === 'boot: the device is on').length]).toEqual(['20/10', 3])
  })

  test('every node a server may add is described as the table says', () => {
    const bench = new Bench({ version: '1.1' })
    for (const row of SCOMO_NODES.filter(({ path }) => path.includes('<X>'))) {
      const uri = `./SCOMO/${row.path.replace('<X>', 'x')}`
      const content = row.format === 'bin' ? new Uint8Array(0) : row.format === 'int' ? '1' : ''
      const code = row.format === 'node' ? bench.add(uri) : bench.add(uri, content, { format: row.format })
      const allowed = row.access.includes('Add')
      expect([uri, allowed ? ['200', '418'].includes(code) : ['405', '418'].includes(code), code]).toEqual([uri, true, code])
    }
  })

  test('without auto-add a server makes Operations and primitives itself (sheet 3.4 rule 2a)', () => {
    const bench = new Bench({ autoAdd: false })
    const uri = bench.package()
    expect([bench.get(uri), bench.exec(`${uri}/Operations/Download`, 'c')]).toEqual(['Status/PkgID/PkgURL', '404'])
    expect([bench.add(`${uri}/Operations`), bench.add(`${uri}/Operations/Download`, '', { format: 'null' })]).toEqual(['200', '200'])
    expect([bench.exec(`${uri}/Operations/Download`, 'c'), bench.pump().told]).toEqual(['202', [`c 1200 ${DELIVERED}/antivir21 antivir-2.1`]])
  })
})

describe('what primitives do', () => {
  test('sc 6: Download: 202, 30 during, 40 after, Delivered 10/10, one alert', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.hold.add('download')
    expect(bench.exec(`${uri}/Operations/Download`, 'job-1')).toBe('202')
    expect([bench.pump().at(uri), bench.reports]).toEqual(['-/30', []])
    bench.hold.clear()
    expect([bench.pump().at(uri), bench.at(`${DELIVERED}/antivir21`)]).toEqual(['-/40', '10/10'])
    expect(bench.told).toEqual([`job-1 1200 ${DELIVERED}/antivir21 antivir-2.1`])
  })

  test.each([
    ['sc 7: DownloadInstall ends active', 'DownloadInstall', '20/10'],
    ['sc 8: DownloadInstallInactive ends inactive', 'DownloadInstallInactive', '10/10'],
  ])('%s', (_title, primitive, deployed) => {
    const bench = new Bench()
    const uri = bench.package()
    bench.exec(`${uri}/Operations/${primitive}`, 'c')
    bench.pump()
    expect([bench.at(uri), bench.at(`${DELIVERED}/antivir21`), bench.at(`${DEPLOYED}/com.msf.antivir`)]).toEqual(['-/10', '20/10', deployed])
    expect(bench.told).toEqual([`c 1200 ${DEPLOYED}/com.msf.antivir com.msf.antivir`])
  })

  test('sc 7: a combined primitive ends active, its Download back at 10', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.exec(`${uri}/Operations/DownloadInstall`)
    expect(bench.pump().at(uri)).toBe('-/10')
  })

  test('sc 8: an inactive installation does not start anything', () => {
    const bench = new Bench()
    bench.exec(`${bench.package()}/Operations/DownloadInstallInactive`)
    bench.pump()
    expect(bench.get(`${DEPLOYED}/com.msf.antivir/Ext/LastStart`)).toBe('status 404')
  })

  test('sc 9: Install and InstallInactive of a delivered package', () => {
    for (const [primitive, state] of [
      ['Install', '20/10'],
      ['InstallInactive', '10/10'],
    ] as const) {
      const bench = new Bench()
      const uri = bench.direct()
      expect(bench.at(uri)).toBe('10/10')
      bench.exec(`${uri}/Operations/${primitive}`)
      bench.pump()
      expect([bench.at(uri), bench.at(`${DEPLOYED}/com.msf.antivir`)]).toEqual(['20/10', state])
    }
  })

  test('sc 10: a component names its package', () => {
    const bench = new Bench()
    expect(bench.get(`${bench.deployed()}/PkgIDRef`)).toBe('antivir-2.1')
  })

  test('sc 11: Activate and Deactivate, twice each', () => {
    const bench = new Bench()
    const uri = bench.deployed('InstallInactive')
    const states: string[] = []
    for (const primitive of ['Activate', 'Activate', 'Deactivate', 'Deactivate']) {
      bench.exec(`${uri}/Operations/${primitive}`)
      states.push(bench.pump().at(uri))
    }
    expect(states).toEqual(['20/10', '20/10', '10/10', '10/10'])
    expect(bench.told.map((text) => text.slice(0, 6))).toEqual(['- 1200', '- 1200', '- 1200', '- 1200'])
    expect(bench.double.log.filter((line) => /^(de)?activate com/.test(line))).toHaveLength(2)
  })

  test('sc 12: Remove of a component deletes it, of a package leaves the component', () => {
    const bench = new Bench()
    const uri = bench.deployed()
    bench.exec(`${DELIVERED}/antivir21/Operations/Remove`)
    expect([bench.pump().at(`${DELIVERED}/antivir21`), bench.at(uri), bench.get(`${uri}/PkgIDRef`)]).toEqual(['gone', '20/10', 'antivir-2.1'])
    bench.exec(`${uri}/Operations/Remove`, 'r')
    expect([bench.pump().at(uri), bench.double.components.size]).toEqual(['gone', 0])
    expect(bench.told.at(-1)).toBe(`r 1200 ${uri} com.msf.antivir`)
  })

  test('sc 13: a failed installation leaves the old version running', () => {
    const bench = new Bench()
    const old = bench.direct('antivir20', 'antivir-2.0')
    bench.exec(`${old}/Operations/Install`)
    bench.pump()
    bench.double.fails.set('install', { code: 1405 })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/DownloadInstall`, 'c')
    bench.pump()
    expect([bench.at(uri), bench.at(`${DELIVERED}/antivir21`)]).toEqual(['-/60', '10/50'])
    bench.double.fails.set('install', { code: 1406, dataGone: true })
    bench.exec(`${DELIVERED}/antivir21/Operations/Install`, 'd')
    bench.pump()
    expect([bench.at(`${DELIVERED}/antivir21`), bench.at(`${DEPLOYED}/com.msf.antivir`), bench.get(`${DEPLOYED}/com.msf.antivir/Version`)]).toEqual([
      '10/60',
      '20/10',
      '2.0',
    ])
    expect(bench.told.slice(1)).toEqual([`c 1405 ${DELIVERED}/antivir21 antivir-2.1`, `d 1406 ${DELIVERED}/antivir21 antivir-2.1`])
  })

  test('sc 32: no data is Status 60, sent as 60; sc 13: 70 on Download', () => {
    const bench = new Bench()
    bench.double.fails.set('install', { code: 1407, dataGone: true })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/DownloadInstall`, 'c')
    expect([bench.pump().at(uri), bench.told]).toEqual(['-/70', [`c 1407 ${uri} antivir-2.1`]])
    const direct = bench.direct('other')
    bench.exec(`${direct}/Operations/Install`)
    expect(bench.pump().get(`${direct}/Status`)).toBe('60')
    // Remove clears the entry although there is nothing left to remove.
    bench.exec(`${direct}/Operations/Remove`)
    expect(bench.pump().at(direct)).toBe('gone')
  })

  test('an update takes the place of the old version (C10), the other ways too (U2, U3)', () => {
    const bench = new Bench()
    bench.exec(`${bench.direct('antivir20', 'antivir-2.0')}/Operations/Install`)
    bench.pump()
    const uri = `${DEPLOYED}/com.msf.antivir`
    expect(bench.get(`${uri}/Version`)).toBe('2.0')
    bench.exec(`${bench.package()}/Operations/DownloadInstall`)
    bench.pump()
    expect([bench.get(DEPLOYED), bench.get(`${uri}/Version`), bench.get(`${uri}/PkgIDRef`), bench.at(uri)]).toEqual([
      'com.msf.antivir',
      '2.1',
      'antivir-2.1',
      '20/10',
    ])
    expect(bench.get(`${uri}/Ext/LastStart`)).toContain('2.1')
    // U2: the older one over it; U3: remove, then install the newer one again.
    bench.exec(`${DELIVERED}/antivir20/Operations/Install`)
    expect(bench.pump().get(`${uri}/Version`)).toBe('2.0')
    bench.exec(`${uri}/Operations/Remove`)
    bench.pump()
    bench.exec(`${DELIVERED}/antivir21/Operations/Install`)
    expect(bench.pump().get(`${uri}/Version`)).toBe('2.1')
  })

  test('several components: one Item for each, same correlator', () => {
    const bench = new Bench()
    const uri = bench.direct('suite', 'suite-1')
    bench.exec(`${uri}/Operations/Install`, 'c')
    expect(bench.pump().told).toEqual([`c 1200 ${DEPLOYED}/app.one app.one + 1200 ${DEPLOYED}/app.two app.two`])
  })

  test('a second fetch of the same name gets a name of its own (sheet 3.4 rule 5)', () => {
    const bench = new Bench()
    const uri = bench.package()
    for (const correlator of ['a', 'b']) {
      bench.exec(`${uri}/Operations/Download`, correlator)
      bench.pump()
    }
    expect(bench.get(DELIVERED)).toBe('antivir21/antivir21_1')
  })

  test('sc 18: after the report nothing is tried again by itself', () => {
    const bench = new Bench()
    bench.double.fails.set('download', { cause: 'network' })
    bench.exec(`${bench.package()}/Operations/Download`, 'c')
    bench.pump()
    bench.double.fails.clear()
    bench.restart()
    expect([bench.asks, bench.told, [...bench.timers]]).toEqual([[], ['c 1402 ./SCOMO/Download/antivir21 antivir-2.1'], []])
  })
})

describe('direct delivery', () => {
  test('sc 23: only committed bytes count: no State before, 10/10 after', () => {
    const bench = new Bench()
    const uri = `${DELIVERED}/x`
    bench.add(uri)
    expect([bench.add(`${uri}/PkgID`, 'antivir-2.1'), bench.add(`${uri}/Data`, new Uint8Array(0), { format: 'bin' })]).toEqual(['200', '200'])
    expect([bench.at(uri), bench.exec(`${uri}/Operations/Install`)]).toEqual(['-/10', '403'])
    expect(bench.replace(`${uri}/Data`, new Uint8Array([1, 2, 3]), { format: 'bin' })).toBe('200')
    expect([bench.at(uri), bench.double.files.size]).toEqual(['10/10', 1])
    expect(bench.add(`${uri}/Data`, new Uint8Array(0), { format: 'bin' })).toBe('418')
  })

  test('no room: 420, and nothing is there', () => {
    const bench = new Bench()
    bench.double.room = 2
    const uri = `${DELIVERED}/x`
    bench.add(uri)
    expect([bench.replace(`${uri}/Data`, new Uint8Array(3), { format: 'bin' }), bench.at(uri), bench.double.files.size]).toEqual(['420', '-/10', 0])
  })

  test('new bytes replace the package (V13); an Atomic that fails leaves the old ones', () => {
    const bench = new Bench()
    const uri = bench.direct()
    bench.exec(`${uri}/Operations/Install`)
    bench.pump()
    const [before] = [...bench.double.files.keys()]
    const data = command('Replace', `${uri}/Data`, new Uint8Array([9]), { format: 'bin' })
    expect(bench.do({ kind: 'Atomic', cmdId: '1', commands: [data, command('Replace', './Nowhere', 'x')] })).toBe('507 [216 404]')
    expect([bench.at(uri), [...bench.double.files.keys()]]).toEqual(['20/10', [before]])
    expect([bench.do(data), bench.at(uri), bench.double.files.size]).toEqual(['200', '10/10', 1])
    expect(bench.double.files.has(before ?? '')).toBe(false)
  })

  test('sc 31: a package in work cannot be deleted, otherwise it can; its bytes go along', () => {
    const bench = new Bench()
    const uri = bench.package()
    bench.hold.add('download')
    bench.exec(`${uri}/Operations/Download`, 'c')
    bench.pump()
    expect([bench.remove(uri), bench.at(uri)]).toEqual(['403', '-/30'])
    bench.hold.clear()
    bench.pump()
    expect([bench.remove(uri), bench.at(uri), bench.at(`${DELIVERED}/antivir21`)]).toEqual(['200', 'gone', '10/10'])
    expect([bench.remove(`${DELIVERED}/antivir21`), bench.double.files.size]).toEqual(['200', 0])
  })

  test('deleted while its user is still asked: the order ends with 1400', () => {
    const bench = new Bench({ consent: 'always' })
    const uri = bench.package()
    bench.exec(`${uri}/Operations/Download`, 'c')
    expect([bench.pump().asks[0]?.topic, bench.remove(uri), bench.pump().told]).toEqual(['consent', '200', [`c 1400 ${uri}`]])
    expect([...bench.timers]).toEqual([])
  })
})

describe('refusals', () => {
  test('sc 21: no node 404, no primitive 405, no right 425', () => {
    const bench = new Bench()
    const uri = bench.package()
    expect(bench.exec(`${DOWNLOAD}/nowhere/Operations/Download`)).toBe('404')
    expect(bench.exec(`${uri}/PkgID`)).toBe('405')
    expect(bench.exec(`${uri}/Operations/Download`, 'c', OTHER)).toBe('425')
    expect([bench.pump().told, bench.at(uri)]).toEqual([[], '-/10'])
  })

  test('sc 21: a device that executes nothing says 406', () => {
    const bench = new Bench({ mo: ['scomo'] })
    expect(bench.exec('./Vendor/DMLab/Ops/Nothing')).toBe('404')
    expect(bench.exec(`${bench.package()}/Operations/Ext`)).toBe('404')
  })

  test('without a URL nothing is queued', () => {
    const bench = new Bench()
    bench.add(`${DOWNLOAD}/x`)
    expect([bench.exec(`${DOWNLOAD}/x/Operations/Download`), bench.pump().asks]).toEqual(['403', []])
  })

  test('sc 27: an environment that is not there: 1413, nothing fetched', () => {
    const bench = new Bench({ envTypes: ['Native.Linux'] })
    const uri = bench.package()
    bench.add(`${uri}/EnvType`, 'java.midp')
    bench.exec(`${uri}/Operations/DownloadInstall`, 'c')
    expect([bench.pump().told, bench.at(uri), bench.double.files.size]).toEqual([[`c 1413 ${uri} antivir-2.1`], '-/20', 0])
    bench.replace(`${uri}/EnvType`, 'native.linux')
    bench.exec(`${uri}/Operations/DownloadInstall`, 'd')
    expect(bench.pump().told.at(-1)).toBe(`d 1200 ${DEPLOYED}/com.msf.antivir com.msf.antivir`)
  })

  test('sc 28: a bad signature: 1407, nothing installed, nothing started', () => {
    const bench = new Bench()
    bench.double.fails.set('install', { code: 1407 })
    bench.exec(`${bench.direct()}/Operations/Install`, 'c')
    expect([bench.pump().told, bench.get(DEPLOYED), bench.double.log.some((line) => line.startsWith('installed'))]).toEqual([
      [`c 1407 ${DELIVERED}/antivir21 antivir-2.1`],
      '',
      false,
    ])
  })

  test('sc 50: lab lets a plain address through and says so, strict refuses one it does not know', () => {
    const bench = new Bench()
    bench.exec(`${bench.package()}/Operations/Download`)
    bench.pump()
    expect(bench.double.log.join('\n')).toContain('finding plain-http')
    const strict = new Bench({ security: 'strict' })
    strict.exec(`${strict.package('x', 'ftp://ads.example/antivir-2.1')}/Operations/Download`, 'c')
    expect(strict.pump().told).toEqual([`c 1402 ${DOWNLOAD}/x antivir-2.1`])
  })

  test('two servers: the other one sees and does only what its rights give', () => {
    const bench = new Bench()
    const uri = bench.package()
    expect([read(bench.client.device.performer, `${uri}/PkgURL`, OTHER), bench.add(`${DOWNLOAD}/y`, undefined, undefined, OTHER)]).toEqual([
      'status 425',
      '425',
    ])
    bench.replace('./SCOMO?prop=ACL', `Add=${ME}+${OTHER}&Get=*&Exec=${ME}&Replace=${ME}&Delete=${ME}`)
    expect(bench.add(`${DOWNLOAD}/y`, undefined, undefined, OTHER)).toBe('200')
    expect(bench.add(`${DOWNLOAD}/y/PkgURL`, 'http://ads.example/suite-1', undefined, OTHER)).toBe('200')
    expect(bench.exec(`${DOWNLOAD}/y/Operations/Download`, 'c', OTHER)).toBe('425')
  })
})
