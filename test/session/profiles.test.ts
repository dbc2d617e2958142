// Every kind of client against every kind of server: each session completes, or ends as the table says; what is tolerated is a finding.
import { describe, expect, test } from 'vitest'
import { DEVICE_PROFILES, deviceProfile } from '../../core/device/profiles.ts'
import type { DeviceProfile, DeviceProfileName } from '../../core/device/profiles.ts'
import { PLAYGROUND } from '../../core/device/profile.ts'
import { SERVER_PROFILES, serverProfile } from '../../core/server/profiles.ts'
import type { ServerProfile, ServerProfileName } from '../../core/server/profiles.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Command, Request } from '../../core/syncml/message.ts'
import type { AuthName } from '../../core/auth/credentials.ts'
import type { Frame } from '../../core/machine.ts'
import type { Element } from '../../core/syncml/element.ts'
import { get, replace, SERVER_URI } from './support.ts'
import { World } from './world.ts'

const DEVICES = Object.keys(DEVICE_PROFILES) as DeviceProfileName[]
const SERVERS = Object.keys(SERVER_PROFILES) as ServerProfileName[]

/** Sessions that cannot complete, and what the device says of their authentication. */
const FAIL: Readonly<Record<string, string>> = { 'strict plain': 'server refused' }

/** What a device that always says Final could not fit into one message is lost to a server that takes Final at its word. */
const CUT = 'libdmclient small xml'

const TEXT = `${PLAYGROUND}/Settings/Text`
const group = (kind: 'Atomic' | 'Sequence', ...commands: Command[]): Command => ({ kind, cmdId: '', commands: commands as Request[] })
const WORK: readonly Command[] = [
  get('./DevDetail/FwV'),
  replace(TEXT, 'x'.repeat(3000)),
  get(TEXT),
  group('Sequence', replace(`${PLAYGROUND}/Settings/Number`, '7'), get(`${PLAYGROUND}/Settings/Number`)),
  group('Atomic', replace(`${PLAYGROUND}/Settings/Number`, '8')),
  replace(`${PLAYGROUND}/Nowhere`, 'x'),
  get(`${TEXT}?prop=TStamp`),
  get(`${PLAYGROUND}?list=Struct`),
]

function worldOf(server: ServerProfileName): World {
  const { settings }: ServerProfile = SERVER_PROFILES[server]
  return new World({ settings: { ...settings, greet: false } })
}

/** The same, refusing servers without credentials: only then a server gets a nonce to prove itself with. */
const insisting = (profile: DeviceProfile): DeviceProfile => ({ ...profile, settings: { ...profile.settings, requireServerAuth: true } })

describe.each(DEVICES)('device %s', (name) => {
  const profile: DeviceProfile = DEVICE_PROFILES[name]

  test.each(SERVERS.flatMap((server) => (['xml', 'wbxml'] as const).map((encoding) => [server, encoding] as const)))(
    'with server %s in %s',
    async (server, encoding) => {
      const world = worldOf(server)
      world.pair.queue('o', WORK)
      const client = world.client({ profile, encoding })
      // The second session goes on with the nonces of the first.
      for (const turn of [1, 2]) {
        if (turn === 2) world.pair.queue('o', WORK)
        const [end] = await world.hold(client)
        const fails = FAIL[`${name} ${server}`]
        expect([end?.outcome, end?.authentication]).toEqual(fails === undefined ? ['completed', 'ok'] : ['failed', fails])
        if (fails !== undefined) continue
        const { outcomes } = world.pair.order('o')
        const atomic = profile.features.atomic === false ? 406 : 200
        const lists = profile.features.lists?.has('Struct') === false ? 406 : 200
        const stamp = profile.features.properties?.has('TStamp') === false ? 406 : 200
        const codes = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => outcomes.find((outcome) => outcome.command === i)?.code)
        // An object that fits no message of the server, from a device without chunks.
        const whole = server !== 'small' || profile.habits.largeObjects !== false
        const rest = `${name} ${server} ${encoding}` === CUT ? [0, 0, 0] : [404, stamp, lists]
        expect(codes).toEqual([200, 200, whole ? 200 : 413, 200, atomic, ...rest])
        expect(outcomes.find((outcome) => outcome.command === 2)?.data).toHaveLength(whole ? 3000 : 0)
      }
      const limits = { up: SERVER_PROFILES[server].settings, down: profile.settings } as {
        up: ServerProfile['settings']
        down: DeviceProfile['settings']
      }
      for (const { up, frame } of world.wire.slice(2)) {
        const most = up ? (limits.up.maxMsgSize ?? 65536) : (limits.down.maxMsgSize ?? 16384)
        if ((up ? limits.up.maxMsgSize : limits.down.maxMsgSize) !== null) expect(frame.bytes.length).toBeLessThanOrEqual(most)
      }
    },
  )
})

describe('habits show on the wire', () => {
  /** First message of a device of that profile. */
  const first = async (name: DeviceProfileName, encoding: 'xml' | 'wbxml' = 'xml') => {
    const world = worldOf('lab')
    world.pair.queue('o', [get('./DevDetail/FwV')])
    await world.hold(world.client({ profile: insisting(DEVICE_PROFILES[name]), encoding }))
    return { world, line: world.wire[0] as World['wire'][number] }
  }

  test('a decimal SessionID below 32768', async () => {
    const { line } = await first('symbian')
    expect(line.message.header.sessionId).toMatch(/^[0-9]{1,5}$/)
    expect(Number(line.message.header.sessionId)).toBeLessThan(32768)
  })

  test('WBXML: strings OPAQUE, public identifier as text', async () => {
    const form = async (name: DeviceProfileName) => decode((await first(name, 'wbxml')).line.frame.bytes, 'wbxml').form
    expect(await form('symbian')).toMatchObject({ inline: 0 })
    expect((await form('symbian'))?.opaques).toBeGreaterThan(10)
    expect((await form('aosp'))?.publicId).toBe(0)
    expect((await form('full'))?.publicId).not.toBe(0)
  })

  test('an older content type, answered in kind', async () => {
    const { world, line } = await first('wordy')
    expect([line.frame.contentType, world.wire[1]?.frame.contentType]).toEqual(['application/vnd.syncml+xml', 'application/vnd.syncml+xml'])
  })

  test('dm 57: nonces of five digits are hashed as they are', async () => {
    const { world } = await first('symbian')
    const challenge = world.wire.findLast(
      ({ up, message }) => up && message.commands.some((command) => command.kind === 'Status' && command.chal !== undefined),
    )
    const status = challenge?.message.commands.find((command) => command.kind === 'Status' && command.chal !== undefined)
    expect(status?.kind === 'Status' ? atob(status.chal?.meta.nextNonce?.text ?? '') : '').toMatch(/^\d{5}$/)
  })
})

describe('what kinds of clients write differently', () => {
  const hold = async (name: DeviceProfileName, encoding: 'xml' | 'wbxml', server: ServerProfileName = 'lab', auth: AuthName = 'syncml:auth-md5') => {
    const world = worldOf(server)
    const client = world.client({ profile: insisting(DEVICE_PROFILES[name]), encoding, auth })
    const all = [get('./DevDetail/FwV'), get(TEXT), get(`${PLAYGROUND}?list=Struct`)]
    world.pair.queue('o', all)
    const [end] = await world.hold(client)
    expect(end?.outcome).toBe('completed')
    return world.wire.filter(({ up }) => up)
  }
  /** Names of an element's children, for each element of that name. */
  const children = (frame: Frame, name: string): string[][] => {
    const found: string[][] = []
    const walk = (element: Element): void => {
      if (element.name === name) found.push(element.children.map((child) => child.name))
      element.children.forEach(walk)
    }
    walk(decode(frame.bytes, frame.encoding).root)
    return found
  }

  for (const encoding of ['xml', 'wbxml'] as const) {
    test(`Samsung in ${encoding}: Correlator before Data; the others in the order of the DTD`, async () => {
      const alerts = async (name: DeviceProfileName) => {
        const profile = DEVICE_PROFILES[name]
        const world = worldOf('lab')
        const client = world.client({ profile, encoding })
        const item = { source: { locUri: './Vendor' }, meta: { type: 'urn:x', format: 'chr' }, data: '200' }
        const alert = { kind: 'Alert' as const, cmdId: '', code: 1226, correlator: 'c7', items: [item] }
        client.machine.input({ type: 'report', alert })
        await world.hold(client)
        expect(world.pair.ledger.alerts[0]).toMatchObject({ code: 1226, correlator: 'c7' })
        return world.wire.flatMap(({ frame }) => children(frame, 'Alert')).findLast((names) => names.includes('Correlator'))
      }
      expect(await alerts('samsung')).toEqual(['CmdID', 'Correlator', 'Data', 'Item'])
      expect(await alerts('full')).toEqual(['CmdID', 'Data', 'Correlator', 'Item'])
    })

    test(`the published examples in ${encoding}: MsgRef before CmdID, Source after Meta; the server understands all of it`, async () => {
      const frames = (await hold('examples', encoding)).map(({ frame }) => frame)
      const statuses = frames.flatMap((frame) => children(frame, 'Status'))
      expect(statuses.length).toBeGreaterThan(3)
      for (const names of statuses) expect(names.slice(0, 2)).toEqual(['MsgRef', 'CmdID'])
      const items = frames.flatMap((frame) => children(frame, 'Item')).filter((names) => names.includes('Source') && names.includes('Meta'))
      expect(items.length).toBeGreaterThan(0)
      for (const names of items) expect(names.indexOf('Source')).toBeGreaterThan(names.indexOf('Meta'))
    })
  }

  test('libdmclient: Final in every message, also in those that are parts', async () => {
    const parts = async (name: DeviceProfileName): Promise<boolean[]> => {
      const world = worldOf('small')
      world.pair.queue(
        'o',
        Array.from({ length: 12 }, () => get('./DevInfo/DevId')),
      )
      await world.hold(world.client({ profile: DEVICE_PROFILES[name] }))
      return world.wire.filter(({ up }) => up).map(({ message }) => message.final)
    }
    expect(await parts('full')).toContain(false)
    expect(new Set(await parts('libdmclient'))).toEqual(new Set([true]))
  })

  test('a server that adds an interior node without rights on its parent: Add, Delete, Replace (TND); with libdmclient it may read it, too', async () => {
    const codes = async (name: DeviceProfileName): Promise<unknown> => {
      const world = worldOf('lab')
      const add: Command = { kind: 'Add', cmdId: '', items: [{ target: { locUri: './New' }, meta: { format: 'node' } }] }
      world.pair.queue('o', [add, get('./New'), get('./New?prop=ACL')])
      await world.hold(world.client({ profile: DEVICE_PROFILES[name] }))
      return world.pair.order('o').outcomes.map(({ code }) => code)
    }
    expect(await codes('full')).toEqual([200, 425, 425])
    expect(await codes('libdmclient')).toEqual([200, 200, 200])
  })

  test('header sets: fields, their order, the port in Host, the form of x-syncml-hmac, a query of its own', async () => {
    const names = (line: World['wire'][number] | undefined): string[] => (line?.frame.headers ?? []).map(([field]) => field)
    const [symbian] = await hold('symbian', 'wbxml')
    expect(symbian?.frame.headers).toEqual([
      ['Accept', 'application/vnd.syncml.dm+wbxml'],
      ['Cache-Control', 'no-store'],
      ['Accept-Charset', 'utf-8'],
      ['Accept-Language', 'en'],
    ])
    const samsung = (await hold('samsung', 'xml', 'mac', 'syncml:auth-MAC')).at(-1)
    expect(names(samsung)).toEqual([
      'Cache-Control',
      'Connection',
      'User-Agent',
      'Accept',
      'Accept-Language',
      'Accept-Charset',
      'Host',
      'Content-Type',
      'Content-Length',
      'x-syncml-hmac',
    ])
    expect(new Map(samsung?.frame.headers).get('Host')).toBe('dm.example.com:443')
    expect(new Map(samsung?.frame.headers).get('Content-Length')).toBe(String(samsung?.frame.bytes.length))
    const mac = async (name: DeviceProfileName): Promise<string> =>
      new Map((await hold(name, 'xml', 'mac', 'syncml:auth-MAC')).at(-1)?.frame.headers).get('x-syncml-hmac') ?? ''
    expect(await mac('aosp')).toMatch(/^algorithm=MD5, username="[^"]+", mac=\S+$/)
    expect(await mac('webos')).toMatch(/^algorithm=MD5, mac=\S+, username="[^"]+"$/)
    const [first, second] = await hold('windows', 'xml')
    expect(first?.frame.uri).toBe(`${SERVER_URI}?mode=Maintenance&Platform=WoA`)
    expect(first?.frame.headers).toEqual([['User-Agent', 'MSFT OMA DM Client/1.2.0.1']])
    expect(second?.frame.uri).toMatch(/\?sid=/)
  })
})

describe('credentials in every message or once', () => {
  const creds = (world: World, up: boolean): boolean[] =>
    world.wire.filter((line) => line.up === up).map(({ message }) => message.header.cred !== undefined)

  test('212: once; 200: in each message, in both directions', async () => {
    for (const [device, server, each] of [
      ['full', 'lab', false],
      ['wordy', 'wordy', true],
    ] as const) {
      const world = worldOf(server)
      const client = world.client({ profile: insisting(DEVICE_PROFILES[device]), auth: 'syncml:auth-basic' })
      world.pair.queue('o', [get('./DevDetail/FwV')])
      await world.hold(client)
      world.wire.length = 0
      world.pair.queue('o', [get('./DevDetail/FwV')])
      await world.hold(client)
      expect(creds(world, true)).toEqual([true, each])
      expect(creds(world, false).slice(0, 2)).toEqual([true, each])
    }
  })

  test('dm 54: a server that asks for auth-MAC: a header and a NextNonce with every message, never 212, no Cred', async () => {
    const world = worldOf('mac')
    const client = world.client({ auth: 'syncml:auth-MAC', profile: insisting(DEVICE_PROFILES.full) })
    world.pair.queue('o', [get('./DevDetail/FwV')])
    await world.hold(client)
    world.wire.length = 0
    world.pair.queue('o', [get('./DevDetail/FwV')])
    expect(await world.hold(client)).toMatchObject([{ outcome: 'completed', authentication: 'ok' }])
    for (const { frame, message } of world.wire) {
      expect(frame.headers.map(([field]) => field)).toEqual(['x-syncml-hmac'])
      expect(message.header.cred).toBeUndefined()
      const header = message.commands.find((command) => command.kind === 'Status' && command.cmdRef === '0')
      if (header?.kind === 'Status')
        expect([header.code, header.chal?.meta.type, header.chal?.meta.nextNonce === undefined]).toEqual([200, 'syncml:auth-MAC', false])
    }
  })
})

test('profiles are looked up by name; nothing else is one', () => {
  expect(deviceProfile('symbian')?.title).toBe('Symbian and Nokia')
  expect(serverProfile('mac')?.settings.auth).toBe('syncml:auth-MAC')
  expect([deviceProfile('toString'), serverProfile('__proto__')]).toEqual([undefined, undefined])
  for (const { facts } of [...Object.values(DEVICE_PROFILES), ...Object.values(SERVER_PROFILES)])
    for (const [, what] of facts) expect(what).not.toBe('')
})
