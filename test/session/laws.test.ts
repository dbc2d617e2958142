// Laws of the wire that hold in every session, whoever speaks; and what real clients write in other orders is read all the same.
import { describe, expect, test } from 'vitest'
import { PLAYGROUND } from '../../core/device/profile.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Alert, Command, Request } from '../../core/syncml/message.ts'
import { utf8Bytes, utf8Lossy } from '../../core/syncml/text.ts'
import { get, Pair, replace } from './support.ts'
import { World } from './world.ts'
import type { Line } from './world.ts'

const BIG = `${PLAYGROUND}/Settings/Text`
const group = (kind: 'Atomic' | 'Sequence', ...commands: Command[]): Command => ({ kind, cmdId: '', commands: commands as Request[] })

/** A session with everything: groups, chunks both ways, errors, interior nodes. */
async function everything(encoding: 'xml' | 'wbxml'): Promise<World> {
  const world = new World({ settings: { greet: false, maxMsgSize: 2048 } })
  world.pair.queue('o', [
    replace(BIG, 'y'.repeat(40_000)),
    get(BIG),
    get('./DevDetail'),
    get('./Nowhere'),
    get(`${PLAYGROUND}/Settings/Blob`),
    group('Sequence', replace(`${PLAYGROUND}/Settings/Number`, '5'), get(`${PLAYGROUND}/Settings/Number`)),
    group('Atomic', replace(`${PLAYGROUND}/Settings/Number`, '6'), replace('./Nowhere', 'x')),
  ])
  expect((await world.hold(world.client({ encoding })))[0]).toMatchObject({ outcome: 'completed' })
  return world
}

const flat = (commands: readonly Command[]): Command[] =>
  commands.flatMap((command) => ['commands' in command ? [command, ...flat(command.commands)] : [command]].flat())

describe.each(['xml', 'wbxml'] as const)('in %s', (encoding) => {
  test('dm 1 to 4: header, MsgID, CmdID and the order of Status', async () => {
    const { wire } = await everything(encoding)
    for (const up of [true, false]) {
      const own = wire.filter((line) => line.up === up)
      expect(own.map(({ message }) => message.header.msgId)).toEqual(own.map((_, i) => String(i + 1)))
      for (const { message } of own) {
        const { header } = message
        expect([header.verDtd, header.verProto, header.sessionId]).toEqual(['1.2', 'DM/1.2', wire[0]?.message.header.sessionId])
        const ids = flat(message.commands).map(({ cmdId }) => cmdId)
        expect([new Set(ids).size, ids.includes('0'), ids.includes('')]).toEqual([ids.length, false, false])
        const refs = message.commands.flatMap((command) => (command.kind === 'Status' ? [command] : []))
        if (header.msgId !== '1' || !up) expect([refs[0]?.cmdRef, refs[0]?.cmd]).toEqual(['0', 'SyncHdr'])
        // Of each message the answers keep their order; those to the message that just came may overtake older ones.
        for (const of of new Set(refs.map(({ msgRef }) => msgRef))) {
          const places = refs.flatMap(({ msgRef, cmdRef }) => (msgRef === of ? [Number(cmdRef)] : []))
          expect(places).toEqual([...places].sort((a, b) => a - b))
        }
      }
    }
  })

  test('dm 5, 6: Results after their Status, with Source and Meta; no Status for Status, for Results only 213', async () => {
    const { wire } = await everything(encoding)
    const answered = new Set<string>()
    let chunks = 0
    for (const { up, message } of wire as readonly Line[]) {
      for (const command of message.commands) {
        if (command.kind === 'Status') {
          expect(command.cmd).not.toBe('Status')
          if (command.cmd === 'Results') expect([up, command.code]).toEqual([false, 213])
          if (up) answered.add(`${command.msgRef}/${command.cmdRef}`)
        }
        if (command.kind !== 'Results') continue
        expect(answered.has(`${command.msgRef}/${command.cmdRef}`)).toBe(true)
        for (const item of command.items) {
          expect(item.source?.locUri).toMatch(/^\.\//)
          if (item.source?.locUri === './DevDetail') expect(item.meta?.format).toBe('node')
          if (item.moreData === true) chunks += 1
        }
      }
    }
    expect(chunks).toBeGreaterThan(10)
  })
})

test('dm 7: any order of children and white space around values is read; what we write is in DTD order', () => {
  const odd =
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><RespURI> http://a/dm?x=1 </RespURI><Source><LocName>u</LocName><LocURI> IMEI:1\n</LocURI></Source><MsgID> 1 </MsgID>' +
    '<Target><LocURI>\thttp://a/dm </LocURI></Target><SessionID>1A</SessionID><VerProto>DM/1.2</VerProto><VerDTD>1.2</VerDTD></SyncHdr><SyncBody>' +
    '<Exec><Item><Data>x</Data><Target><LocURI>./A</LocURI></Target></Item><Correlator>c</Correlator><CmdID> 2 </CmdID></Exec>' +
    '<Status><Data> 200 </Data><Cmd>Get</Cmd><CmdRef>4</CmdRef><MsgRef>1</MsgRef><CmdID>3</CmdID></Status><Final/></SyncBody></SyncML>'
  const { message } = decode(utf8Bytes(odd), 'xml')
  expect(message).toMatchObject({
    header: {
      msgId: '1',
      sessionId: '1A',
      target: { locUri: 'http://a/dm' },
      source: { locUri: 'IMEI:1', locName: 'u' },
      respUri: 'http://a/dm?x=1',
    },
    commands: [
      { kind: 'Exec', cmdId: '2', correlator: 'c', items: [{ target: { locUri: './A' }, data: 'x' }] },
      { kind: 'Status', cmdId: '3', cmdRef: '4', code: 200 },
    ],
  })
  const written = [...utf8Lossy(encode(message, { encoding: 'xml' })).matchAll(/<([A-Za-z]+)[ >/]/g)].map(([, name]) => name).join(' ')
  expect(written).toContain('SyncHdr VerDTD VerProto SessionID MsgID Target LocURI Source LocURI LocName RespURI')
  expect(written).toContain('Exec CmdID Correlator Item Target LocURI Data Status CmdID MsgRef CmdRef Cmd Data')
})

describe('dm 50: client events', () => {
  const event = (meta: { type?: string; format?: string }): Alert => ({ kind: 'Alert', cmdId: '', code: 1224, items: [{ meta, data: 'user' }] })

  test('dm 50: with Type and Format they are kept', () => {
    const pair = new Pair()
    pair.run({ alerts: [event({ type: 'com.example/Login', format: 'chr' })] })
    expect(pair.ledger.alerts).toMatchObject([{ code: 1224, items: [{ type: 'com.example/Login', format: 'chr', data: 'user' }] }])
    expect(pair.problems()).not.toContain('alert.event')
  })

  test('dm 50: without them that is a finding', () => {
    const pair = new Pair()
    pair.run({ alerts: [event({ type: 'com.example/Login' })] })
    expect(pair.problems()).toContain('alert.event')
  })
})

test('dm 59: a secret the server changes counts from the next session on, also after a restart', async () => {
  const world = new World({ settings: { greet: false } })
  const client = world.client({ auth: 'syncml:auth-basic' })
  world.pair.queue('o', [replace('./DMAcc/lab/AppAuth/1/AAuthSecret', 'brand-new'), get('./DevDetail/FwV')])
  expect(await world.hold(client)).toMatchObject([{ outcome: 'completed', authentication: 'ok' }])
  expect(world.pair.order('o').outcomes.map(({ code }) => code)).toEqual([200, 200])
  expect(await world.hold(client)).toMatchObject([{ outcome: 'failed', authentication: 'refused' }])
  const [account] = world.pair.ledger.accounts
  world.pair.ledger.accounts[0] = { ...(account as NonNullable<typeof account>), password: 'brand-new' }
  expect(await world.hold(client)).toMatchObject([{ outcome: 'completed', authentication: 'ok' }])
  const restarted = world.client({ auth: 'syncml:auth-basic' }, JSON.parse(JSON.stringify(client.state())))
  expect(await world.hold(restarted)).toMatchObject([{ outcome: 'completed', authentication: 'ok' }])
})
