// Commands of fan-outs on a device without OMA DM, told on a device in memory: Status and Results, long operations and their ends, what a restart makes of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ADB_ROWS } from '../../core/adapters/adb/mapping.ts'
import { command, finish } from '../../core/adapters/command.ts'
import type { Answer, Place } from '../../core/adapters/command.ts'
import { verdictOf } from '../../core/adapters/doubt.ts'
import { lwm2mAdapter } from '../../core/adapters/lwm2m/adapter.ts'
import type { LwLine } from '../../core/adapters/lwm2m/line.ts'
import { LWM2M_ROWS } from '../../core/adapters/lwm2m/mapping.ts'
import { Kept, resumeAt } from '../../core/adapters/perform.ts'
import { AdapterError } from '../../core/adapters/port.ts'
import type { Adapter, AdapterFact } from '../../core/adapters/port.ts'
import type { Request } from '../../core/syncml/message.ts'
import { ANDROID_ID as ID, android } from './android.ts'

function place(adapter: Adapter, deviceId = ID): Place & { readonly kept: Kept } {
  return {
    adapter,
    deviceId,
    kept: new Kept({}, () => {}),
    fetch: async (url) => {
      if (url.endsWith('gone')) throw new Error('404 not found')
      return Buffer.from(`package=com.app version=${url.at(-1) ?? ''}`)
    },
    after: () => () => {},
    stopped: () => () => {},
  }
}

const on = (kind: 'Get' | 'Add' | 'Replace' | 'Delete' | 'Exec', locUri: string, data?: string, format?: string): Request =>
  ({
    kind,
    cmdId: '1',
    correlator: kind === 'Exec' ? 'c1' : undefined,
    items: [{ target: { locUri }, ...(data === undefined ? {} : { data }), ...(format === undefined ? {} : { meta: { format } }) }],
  }) as unknown as Request

const valueOf = ({ code, results }: Answer): string => `${code} ${results.map(({ value }) => value).join()}`

describe('an Android device', () => {
  it('DevInfo is read, properties it has not are 404, firmware is refused with 406', async () => {
    const { adapter } = android()
    const at = place(adapter)
    expect(valueOf(await command(on('Get', './DevInfo/Mod'), at))).toBe('200 Phone 7')
    expect(valueOf(await command(on('Get', './DevInfo'), at))).toBe('200 DevId/Man/Mod/DmV/Lang')
    expect((await command(on('Get', './DevInfo/Lang'), at)).code).toBe(404)
    expect((await command(on('Get', './Nowhere'), at)).code).toBe(404)
    expect((await command(on('Replace', './DevInfo/Mod', 'x'), at)).code).toBe(405)
    expect(await command(on('Exec', './FwUpdate/A/Update'), at)).toMatchObject({ code: 406, text: /firmware of an Android device/ })
    for (const kind of ['Atomic', 'Copy'] as const)
      expect((await command({ ...on('Get', './DevInfo'), kind, commands: [] } as unknown as Request, at)).code).toBe(406)
  })

  it('a package travels in the command, is installed, listed, put to sleep and woken, removed', async () => {
    const { adapter, pm, files } = android()
    const at = place(adapter)
    const base = './SCOMO/Inventory/Delivered/app'
    expect((await command(on('Replace', `${base}/Data`, 'x'), at)).code, 'Replace makes no node').toBe(404)
    expect((await command(on('Add', `${base}/PkgID`, 'a'), at)).code, 'its parent comes first').toBe(404)
    expect((await command(on('Add', base), at)).code).toBe(200)
    expect((await command(on('Add', base), at)).code).toBe(418)
    const octets = Buffer.from('package=com.app version=7').toString('base64')
    expect((await command(on('Add', `${base}/Data`, octets, 'b64'), at)).code).toBe(200)
    expect(Buffer.from(files.get('/data/local/tmp/dm-lab-app.apk')?.bytes ?? []).toString()).toBe('package=com.app version=7')
    const install = await command(on('Exec', `${base}/Operations/Install`), at)
    expect(install).toMatchObject({ code: 202, later: { correlator: 'c1' } })
    expect(pm.log, 'nothing before the 202 is kept').toEqual([])
    expect(await finish({ uri: `${base}/Operations/Install` }, at)).toMatchObject({ code: 1200 })
    expect(valueOf(await command(on('Get', './SCOMO/Inventory/Deployed'), at))).toBe('200 com.android.settings/com.app')
    const deployed = './SCOMO/Inventory/Deployed/com.app'
    expect(valueOf(await command(on('Get', deployed), at))).toBe('200 ID/Version/State/Status/Operations')
    expect(valueOf(await command(on('Get', `${deployed}/Version`), at))).toBe('200 7')
    expect(valueOf(await command(on('Get', `${deployed}/State`), at))).toBe('200 20')
    expect((await command(on('Exec', `${deployed}/Operations/Deactivate`), at)).code).toBe(1200)
    expect(valueOf(await command(on('Get', `${deployed}/State`), at))).toBe('200 10')
    expect(await verdictOf(on('Exec', `${deployed}/Operations/Deactivate`), at)).toBe('done')
    expect(await verdictOf(on('Exec', `${deployed}/Operations/Activate`), at)).toBe('open')
    expect((await command(on('Exec', `${deployed}/Operations/Activate`), at)).code).toBe(1200)
    expect(await verdictOf(on('Exec', `${deployed}/Operations/Remove`), at)).toBe('open')
    expect((await command(on('Exec', `${deployed}/Operations/Remove`), at)).code).toBe(1200)
    expect(await verdictOf(on('Exec', `${deployed}/Operations/Remove`), at)).toBe('done')
    expect((await command(on('Exec', `${deployed}/Operations/Remove`), at)).code).toBe(1408)
    expect((await command(on('Exec', './SCOMO/Inventory/Deployed/nobody/Operations/Activate'), at)).code).toBe(1409)
    expect((await command(on('Exec', `${base}/Operations/Remove`), at)).code).toBe(1200)
    expect([files.size, at.kept.has(base)]).toEqual([0, false])
    expect(pm.log).toEqual(['installed com.app 7', 'disabled com.app', 'enabled com.app', 'uninstalled com.app'])
  })

  it('what pm says of a failed installation is the code', async () => {
    for (const [said, code] of [
      ['INSTALL_FAILED_INSUFFICIENT_STORAGE', 1406],
      ['INSTALL_FAILED_USER_RESTRICTED: Install canceled by user', 1401],
      ['INSTALL_FAILED_UPDATE_INCOMPATIBLE: signatures do not match', 1407],
      ['INSTALL_FAILED_OLDER_SDK', 1455],
      ['INSTALL_FAILED_SOMETHING_NEW', 1405],
    ] as const) {
      const { adapter, pm } = android()
      pm.identify = () => said
      const at = place(adapter)
      at.kept.put('./SCOMO/Download/app/PkgURL', 'http://x/1')
      expect((await finish({ uri: './SCOMO/Download/app/Operations/DownloadInstall' }, at)).code, said).toBe(code)
    }
    const { adapter } = android()
    const at = place(adapter)
    expect((await command(on('Exec', './SCOMO/Download/app/Operations/Download'), at)).code, 'no PkgURL yet').toBe(412)
    at.kept.put('./SCOMO/Download/app/PkgURL', 'http://x/gone')
    expect(await finish({ uri: './SCOMO/Download/app/Operations/Download' }, at)).toMatchObject({ code: 1402, text: '404 not found' })
  })

  it('nothing that is no plain word reaches the shell', async () => {
    const { adapter, shells } = android()
    const at = place(adapter)
    for (const name of ['a;reboot', 'a b', '$(reboot)', '`x`', 'a|b', "a'b", '..', 'a\nb', '&', '*']) {
      await command(on('Exec', `./SCOMO/Inventory/Deployed/${name}/Operations/Remove`), at)
      await finish({ uri: `./SCOMO/Inventory/Delivered/${name}/Operations/Install` }, at)
      await command(on('Replace', `./Vendor/DMLab/Files/${name}`, 'x'), at)
    }
    expect(shells).toEqual([])
    await expect(adapter.exec(ID, 'reboot', '')).rejects.toMatchObject({ status: 405 })
    await expect(adapter.deliver(ID, '/data/../etc/x', new Uint8Array(1))).rejects.toMatchObject({ status: 400 })
  })

  it('it is found once, again with news, and gone when the list has lost it', async () => {
    const { adapter, seen, moved } = android()
    const facts: AdapterFact[] = []
    adapter.discover((fact) => void facts.push(fact))
    moved()
    // The same hardware over Wi-Fi is the same device.
    seen[0] = { serial: '10.0.0.7:5555', host: '10.0.0.7', manufacturer: 'Example', model: 'Phone 7', serialNumber: 'R58' }
    moved()
    seen.length = 0
    moved()
    expect(facts.map((fact) => (fact.type === 'found' ? [fact.type, fact.device.address] : [fact.type]))).toEqual([
      ['found', { type: 'OTHER', address: 'R58' }],
      ['awake'],
      ['found', { type: 'IPv4', address: '10.0.0.7' }],
      ['awake'],
      ['gone'],
    ])
    await expect(adapter.get(ID, 'prop:ro.product.model')).rejects.toMatchObject({ status: 503 })
    await expect(adapter.wake(ID)).rejects.toMatchObject({ status: 406 })
  })
})

describe('a device that is followed', () => {
  /** Object 9 of one instance whose state and result are moved by hand. */
  function moving(): { adapter: Adapter; move(path: string, value: string): void; asked: string[] } {
    const followers = new Map<string, Set<(value: string) => void>>()
    const values = new Map<string, string>()
    const asked: string[] = []
    const adapter: Adapter = {
      protocol: 'lwm2m',
      wakes: true,
      rows: LWM2M_ROWS,
      discover: () => () => {},
      wake: async () => {},
      list: async () => [],
      get: async (_id, path) => values.get(path) ?? '0',
      set: async (_id, path, value) => void asked.push(`set ${path} ${value}`),
      exec: async (_id, path) => {
        asked.push(`exec ${path}`)
        if (path.endsWith('/6')) throw new AdapterError(405, 'not in this state')
        return ''
      },
      deliver: async (_id, path, bytes) => void asked.push(`deliver ${path} ${bytes.length}`),
      watch: (_id, path, told) => {
        const those = followers.get(path) ?? new Set()
        followers.set(path, those.add(told))
        const now = values.get(path)
        if (now !== undefined) told(now)
        return () => void those.delete(told)
      },
    }
    return {
      adapter,
      asked,
      move: (path, value) => {
        values.set(path, value)
        for (const told of [...(followers.get(path) ?? [])]) told(value)
      },
    }
  }
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

  it('a download and installation ends where state and result say so; a failure on the way ends it there', async () => {
    const { adapter, move, asked } = moving()
    const at = place(adapter)
    at.kept.put('./SCOMO/Download/app/PkgURL', 'http://x/1')
    const uri = './SCOMO/Download/app/Operations/DownloadInstall'
    const steps: number[] = []
    const end = finish({ uri }, { ...at, step: (index) => void steps.push(index) })
    move('/9/app/9', '1')
    move('/9/app/7', '1')
    await settle()
    move('/9/app/9', '3')
    move('/9/app/7', '3')
    await settle()
    expect(asked).toEqual(['set /9/app/3 http://x/1', 'exec /9/app/4'])
    move('/9/app/9', '0')
    await settle()
    move('/9/app/9', '58')
    expect((await end).code).toBe(1405)
    expect(steps).toEqual([0, 1, 2, 3, 4, 5])
    expect(at.kept.has('./SCOMO/Inventory/Delivered/app')).toBe(true)
    move('/9/app/9', '1')
    move('/9/app/7', '1')
    const lost = finish({ uri }, at)
    await settle()
    move('/9/app/9', '56')
    expect((await lost).code).toBe(1402)
  })

  it('time that is over, a stop and a refusal end it, too', async () => {
    const { adapter, asked } = moving()
    const at = place(adapter)
    let ring = (): void => {}
    const update = finish({ uri: './FwUpdate/A/Update' }, { ...at, after: (_ms, call) => ((ring = call), () => {}) })
    await settle()
    ring()
    expect(await update).toMatchObject({ code: 409, text: /no end within 1800 s: state unknown/ })
    let stop: (why: AdapterError) => void = () => {}
    const stopped = finish({ uri: './FwUpdate/A/Update' }, { ...at, stopped: (call) => ((stop = call), () => {}) })
    await settle()
    stop(new AdapterError(503, 'the gateway stops'))
    expect(await stopped).toMatchObject({ text: 'the gateway stops' })
    expect((await command(on('Exec', './SCOMO/Inventory/Deployed/app/Operations/Remove'), at)).code).toBe(1408)
    expect(asked).toEqual(['exec /5/0/2', 'exec /5/0/2', 'exec /9/app/6'])
  })

  it('after a restart nothing that moves the device is done again: what follows tells, else nobody can', () => {
    const acts = (rows: typeof ADB_ROWS, uri: string) => rows.find(({ on: kind, node }) => kind === 'Exec' && node === uri)?.acts ?? []
    const lw = acts(LWM2M_ROWS, './SCOMO/Download/<X>/Operations/DownloadInstall')
    expect(lw.map(({ do: what }, i) => [what, resumeAt(lw, i)])).toEqual([
      ['set', 1],
      ['watch', 1],
      ['stage', 2],
      ['stage', 3],
      ['exec', 5],
      ['watch', 5],
    ])
    const adb = acts(ADB_ROWS, './SCOMO/Download/<X>/Operations/DownloadInstall')
    expect(adb.map(({ do: what }, i) => [what, resumeAt(adb, i)])).toEqual([
      ['fetch', 0],
      ['deliver', 0],
      ['stage', 2],
      ['stage', 3],
      ['exec', null],
    ])
  })
})

describe('anything at all', () => {
  const uri = fc.oneof(
    fc.constantFrom(...[...ADB_ROWS, ...LWM2M_ROWS].map(({ node }) => node.replace('<X>', 'app'))),
    fc.constantFrom('./SCOMO/Download/a', './SCOMO/Inventory/Delivered/a/Data', '.', '', './DevInfo/DevId?list=Struct'),
    fc.string(),
  )
  const request = fc
    .tuple(
      fc.constantFrom('Get', 'Add', 'Replace', 'Delete', 'Exec', 'Copy', 'Atomic', 'Alert'),
      fc.array(fc.tuple(uri, fc.option(fc.string(), { nil: undefined })), { maxLength: 3 }),
    )
    .map(([kind, items]) => ({
      kind,
      cmdId: '1',
      items: items.map(([locUri, data]) => ({ target: { locUri }, ...(data === undefined ? {} : { data, meta: { format: 'b64' } }) })),
      commands: [],
    })) as unknown as fc.Arbitrary<Request>

  it('any commands on an Android device are answered with a status, and only plain words reach its shell', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 6 }), async (requests) => {
        const { adapter, shells } = android()
        const at = place(adapter)
        for (const each of requests) {
          const { code, later } = await command(each, at)
          expect(code).toBeGreaterThanOrEqual(200)
          if (later !== undefined) expect((await finish(later, at)).code).toBeGreaterThanOrEqual(200)
        }
        for (const text of shells) expect(text).toMatch(/^[A-Za-z0-9_./ -]+$/)
      }),
    )
  })

  it('a LwM2M device may answer what it likes: a status comes of it, never an exception', async () => {
    const reply = fc.record({
      code: fc.constantFrom('2.05', '2.04', '2.01', '4.00', '4.04', '4.06', '5.00', '7.31'),
      format: fc.constantFrom(0, 42, 110, 11542, 65535),
      payload: fc.uint8Array({ maxLength: 40 }),
      location: fc.constantFrom('', '/9/0', '/9/99999999', '/x'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 6 }), fc.infiniteStream(fc.option(reply, { freq: 8 })), async (requests, replies) => {
        const registration = {
          location: 'l',
          endpoint: 'x',
          from: { host: '1.2.3.4', port: 1 },
          lifetime: 1,
          version: '1.0',
          binding: 'U',
          objects: [],
          since: 0,
          until: 1,
        }
        const answer = async () => {
          const next = replies.next().value
          if (next === null || next === undefined) throw new Error('no answer')
          return next
        }
        const line: LwLine = {
          registrations: () => [registration],
          of: () => registration,
          follow: () => () => {},
          ask: answer,
          observe: (_endpoint, _path, told, failed) => {
            answer().then(told, failed)
            return () => {}
          },
        }
        const adapter = lwm2mAdapter({ line, after: () => () => {}, names: { get: () => ({}), put: () => {} } })
        // Nothing follows for ever: the time is over at once.
        const at: Place = { ...place(adapter, 'urn:x-dm-lab:lwm2m:x'), after: (_ms, call) => (setImmediate(call), () => {}) }
        for (const each of requests) {
          const { code, later } = await command(each, at)
          expect(code).toBeGreaterThanOrEqual(200)
          if (later !== undefined) expect((await finish(later, at)).code).toBeGreaterThanOrEqual(200)
        }
      }),
      { numRuns: 200 },
    )
  })
})
