// Client and server joined back to back: the stories of a session, told by what passes on the wire.
import { describe, expect, test } from 'vitest'
import type { ClientOptions } from '../../core/device/device.ts'
import type { Frame } from '../../core/machine.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Command, Message } from '../../core/syncml/message.ts'
import { base64, utf8Bytes } from '../../core/syncml/text.ts'
import { ACCOUNT, CLIENT_ACCOUNT, DEVICE, exec, get, lastNonces, Pair, replace, SERVER_URI } from './support.ts'
import type { Passed } from './support.ts'

const NONCES = { client: { text: base64(utf8Bytes('nonce-for-client')) }, server: utf8Bytes('nonce-for-server'), reading: null } as const
const known = (pair: Pair): Pair => {
  const server = { text: base64(NONCES.server), octets: null }
  pair.ledger.save({
    kind: 'nonces',
    nonces: { device: DEVICE, serverId: ACCOUNT.serverId, client: utf8Bytes('nonce-for-client'), server, reading: null },
  })
  return pair
}
const ready = (client: Partial<ClientOptions> = {}, server: ConstructorParameters<typeof Pair>[1] = {}): Pair =>
  known(new Pair({ nonces: NONCES, ...client }, server))
const again = (passed: Passed, message: Message): Frame => ({ ...passed.frame, bytes: encode(message, { encoding: passed.frame.encoding }) })
const codes = (pair: Pair, id: string): unknown => pair.order(id).outcomes.map(({ command, code, data }) => [command, code, data])

test('more Status elements than one message holds, while Results are in transit, go with the next ones', () => {
  const pair = ready({ settings: { maxMsgSize: 16384 } }, { settings: { maxMsgSize: 1450 } })
  pair.device.leaves.set('./Big', 'x'.repeat(5000))
  pair.queue('a', [get('./Big'), ...Array.from({ length: 14 }, (_, i) => replace(`./X${String(i)}`, 'one'))])
  expect(pair.run().detail).toMatchObject({ state: 'completed' })
  expect(pair.order('a').state).toBe('done')
  expect(pair.order('a').outcomes[0]?.data).toHaveLength(5000)
  for (const { up, frame } of pair.wire.slice(1)) if (up) expect(frame.bytes.length).toBeLessThanOrEqual(1450)
})

describe('packages', () => {
  test('dm 1 to 4: nothing queued: #1, #2 with Status only, and the client is silent (dm 14)', () => {
    const pair = ready()
    const end = pair.run()
    expect(pair.story()).toEqual(['> 1: Alert 1201, Replace -, Final', '< 1: Status 0=212, Status 1=200, Status 2=200, Final'])
    expect(end.detail).toMatchObject({ state: 'completed', messages: 2, authentication: 'ok' })
    const { header } = (pair.wire[0] as Passed).message
    expect([header.verDtd, header.verProto, header.msgId, header.sessionId.length <= 4]).toEqual(['1.2', 'DM/1.2', '1', true])
    expect(pair.ledger.device(DEVICE)?.devInfo).toMatchObject({ './DevInfo/Man': 'Acme' })
  })

  test('dm 16: three orders in one package, outcomes each in its place', () => {
    const pair = ready()
    pair.queue('a', [get('./DevDetail/FwV'), get('./Nope')])
    pair.queue('b', [replace('./X', 'one')])
    pair.queue('c', [exec('./Run')])
    pair.device.codes = { 'Exec ./Run': 202 }
    pair.run()
    expect(pair.story().slice(1)).toEqual([
      '< 1: Status 0=212, Status 1=200, Status 2=200, Get ./DevDetail/FwV, Get ./Nope, Replace ./X, Exec ./Run, Final',
      '> 2: Status 0=212, Status 4=200, Results 4, Status 5=404, Status 6=200, Status 7=202, Final',
      '< 2: Status 0=200, Final',
    ])
    expect(['a', 'b', 'c'].map((id) => pair.order(id).state)).toEqual(['failed', 'done', 'done'])
    expect(codes(pair, 'a')).toEqual([
      [0, 200, '1.0.7'],
      [1, 404, ''],
    ])
    expect(pair.ledger.value(DEVICE, './DevDetail/FwV')).toMatchObject({ data: '1.0.7', format: 'chr' })
    expect(pair.ledger.value(DEVICE, './X')).toMatchObject({ data: 'one' })
  })

  test('dm 10: RespURI is followed, and another RespURI later too', () => {
    const pair = ready({}, { issueToken: () => 'abc' })
    pair.queue('a', [get('./DevDetail/FwV')])
    pair.run()
    expect(pair.wire.filter(({ up }) => up).map(({ frame }) => frame.uri)).toEqual([SERVER_URI, `${SERVER_URI}?sid=abc`])
    expect(pair.wire[2]?.message.header.target.locUri).toBe(`${SERVER_URI}?sid=abc`)
  })

  test('dm 13: after a notification Alert 1200 and the SessionID of the notification', () => {
    const pair = ready()
    pair.run({ initiated: 'server', sessionId: '4F' })
    expect(pair.story()[0]).toBe('> 1: Alert 1200, Replace -, Final')
    expect(pair.wire.every(({ message }) => message.header.sessionId === '4F')).toBe(true)
  })

  test('SessionID 0 is a SessionID like any other', () => expect(ready().run({ sessionId: '0' }).detail?.['state']).toBe('completed'))

  test('dm 35: a generic alert in Package #1 is kept with its Correlator; dm 49: without Type it gets 412', () => {
    const pair = ready()
    const item = { source: { locUri: './FwUpdate/Main' }, meta: { format: 'int', type: 'org.example.done' }, data: '200' }
    const whole = { kind: 'Alert' as const, cmdId: '', code: 1226, correlator: 'c42', items: [item] }
    pair.run({ alerts: [whole, { ...whole, items: [{ data: '1' }] }] })
    expect(pair.story()[1]).toBe('< 1: Status 0=212, Status 1=200, Status 2=200, Status 3=200, Status 4=412, Final')
    expect(pair.ledger.alerts).toMatchObject([
      { code: 1226, correlator: 'c42', items: [{ source: './FwUpdate/Main', data: '200', type: 'org.example.done' }] },
    ])
    expect(pair.problems()).toContain('alert.generic')
  })

  test('dm 33: Sequence: its Status first, then those of its children in order, Results behind their Status', () => {
    const pair = ready()
    pair.queue('a', [{ kind: 'Sequence', cmdId: '', commands: [get('./DevDetail/FwV'), replace('./X', '1'), get('./X')] }])
    pair.run()
    expect(pair.story()[2]).toBe('> 2: Status 0=212, Status 4=200, Status 5=200, Results 5, Status 6=200, Status 7=200, Results 7, Final')
    expect(pair.order('a').state).toBe('done')
  })

  test('an unknown or unused command is answered 406 or 400 and never performed', () => {
    const pair = ready()
    const element = (name: string) => ({
      vocabulary: 'syncml' as const,
      name,
      text: '',
      start: 0,
      end: 0,
      children: [{ vocabulary: 'syncml' as const, name: 'CmdID', text: '9', children: [], start: 0, end: 0 }],
    })
    pair.queue('a', [{ kind: 'Other', cmdId: '', name: 'Put', element: element('Put') }])
    pair.run()
    expect(codes(pair, 'a')).toEqual([[0, 406, '']])
    expect(pair.device.performed).toEqual([])
  })

  test('a cancelled dialogue stops the message: what follows is 215 (dm-protocol 7.2)', () => {
    const pair = ready()
    pair.device.codes = { 1101: 214 }
    pair.queue('a', [replace('./A', '1'), { kind: 'Alert', cmdId: '', code: 1101, items: [{}, { data: 'Sure?' }] }, replace('./B', '1')])
    pair.run()
    expect(codes(pair, 'a')).toEqual([
      [0, 200, ''],
      [1, 214, ''],
      [2, 215, ''],
    ])
  })

  test('dm 31 and 46: what the device refuses comes back as it said', () => {
    const pair = ready()
    pair.queue('a', [{ kind: 'Alert', cmdId: '', code: 1103, items: [{}, { data: 'Pick' }] }])
    pair.run()
    expect(codes(pair, 'a')).toEqual([[0, 406, '']])
  })
})

describe('small messages and large objects', () => {
  const big = 'Grüße & <Küsse> 🎁 '.repeat(160)

  test('dm 11, 21, 25: Get of a value larger than a message comes in chunks, Size in the first only, 213 and 1222 between', () => {
    const pair = ready({}, { settings: { maxMsgSize: 2000 } })
    pair.device.leaves.set('./Big', big)
    pair.queue('a', [get('./Big')])
    pair.run()
    const chunks = pair.wire.flatMap(({ message }) => message.commands.filter((command) => command.kind === 'Results'))
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.map((chunk) => chunk.items[0]?.meta?.size)).toEqual([utf8Bytes(big).length, ...chunks.slice(1).map(() => undefined)])
    expect(chunks.map((chunk) => chunk.items[0]?.moreData === true)).toEqual([...chunks.slice(1).map(() => true), false])
    expect(pair.wire.filter(({ up }) => up).every(({ frame }) => frame.bytes.length <= 2000)).toBe(true)
    expect(pair.story().some((line) => /^< \d+: Status 0=200, Status \d+=213, Alert 1222$/.test(line))).toBe(true)
    expect(pair.order('a').outcomes[0]?.data).toBe(big)
    expect(pair.problems()).toEqual([])
  })

  test('dm 11, 21: Replace of a large value in chunks; Final only with the last; the tree has the whole', () => {
    const pair = ready({ settings: { maxMsgSize: 1500 } })
    pair.queue('a', [replace('./Before', '1'), replace('./Big', big), replace('./After', '2')])
    pair.run()
    expect(pair.device.leaves.get('./Big')).toBe(big)
    expect(pair.device.performed.map((command) => ('items' in command ? command.items[0]?.target?.locUri : ''))).toEqual([
      './Before',
      './Big',
      './After',
    ])
    expect(pair.wire.filter(({ up }) => !up).every(({ frame }) => frame.bytes.length <= 1500)).toBe(true)
    const parts = pair.wire.filter(({ up, message }) => !up && !message.final)
    expect(parts.length).toBeGreaterThan(2)
    expect(pair.story().some((line) => /^> \d+: Status 0=200, Status \d+=213, Alert 1222$/.test(line))).toBe(true)
    expect(pair.order('a').state).toBe('done')
    expect(pair.problems()).toEqual([])
  })

  test('dm 45: octets go as they are in WBXML and as base64 in XML, Size counted as it stands', () => {
    const octets = Uint8Array.from({ length: 3000 }, (_, i) => i & 255)
    const sizes = (['xml', 'wbxml'] as const).map((encoding) => {
      const pair = ready({ wire: { encoding } }, { settings: { maxMsgSize: 1500 } })
      pair.device.leaves.set('./Bin', octets)
      pair.queue('a', [get('./Bin')])
      pair.run()
      expect(pair.order('a').outcomes[0]?.data).toBe(base64(octets))
      return pair.wire.flatMap(({ message }) => message.commands).find((command) => command.kind === 'Results')?.items[0]?.meta
    })
    expect(sizes).toMatchObject([
      { format: 'b64', size: 4000 },
      { format: 'bin', size: 3000 },
    ])
  })

  test('dm 22: a first chunk without Size gets 411, a wrong total 424; nothing is committed', () => {
    for (const [size, code] of [
      [undefined, 411],
      [99999, 424],
    ] as const) {
      const pair = ready({ settings: { maxMsgSize: 1500 } })
      pair.queue('a', [replace('./Big', big)])
      pair.run({}, (passed) => {
        if (passed.up) return passed.frame
        const commands = passed.message.commands.map((command): Command => {
          if (command.kind !== 'Replace' || command.items[0]?.meta?.size === undefined) return command
          return { ...command, items: command.items.map((item) => ({ ...item, meta: size === undefined ? {} : { size } })) }
        })
        return again(passed, { ...passed.message, commands })
      })
      expect(pair.order('a')).toMatchObject({ state: 'failed', outcomes: [{ code }] })
      expect(pair.device.leaves.has('./Big')).toBe(false)
    }
  })

  test('dm 24: larger than MaxObjSize: 416 on the first chunk from Size; our own server does not even send it', () => {
    const pair = ready({ settings: { maxMsgSize: 1500, maxObjSize: 1000 } })
    pair.queue('a', [replace('./Big', big), get('./DevDetail/FwV')])
    pair.run()
    expect(pair.order('a').outcomes.map(({ code }) => code)).toEqual([0, 200])
    expect(pair.order('a').outcomes[0]?.data).toContain('MaxObjSize of 1000')
    const blind = ready({ settings: { maxMsgSize: 1500, maxObjSize: 1000 } })
    blind.queue('a', [replace('./Big', big)])
    blind.run({}, (passed) => {
      if (!passed.up || passed.message.header.meta === undefined) return passed.frame
      return again(passed, { ...passed.message, header: { ...passed.message.header, meta: { maxMsgSize: 1500 } } })
    })
    expect(blind.order('a')).toMatchObject({ state: 'failed', outcomes: [{ code: 416 }] })
  })

  test('a value larger than the MaxObjSize of the server is not sent: 413', () => {
    const pair = ready({}, { settings: { maxObjSize: 1000 } })
    pair.device.leaves.set('./Big', big)
    pair.queue('a', [get('./Big')])
    pair.run()
    expect(codes(pair, 'a')).toEqual([[0, 413, '']])
  })

  test('dm 23: something else between chunks: Alert 1225 names the object, nothing of it is committed', () => {
    const pair = ready({ settings: { maxMsgSize: 1500 } })
    pair.queue('a', [replace('./Big', big)])
    let cut = false
    pair.run({}, (passed) => {
      const chunk = passed.message.commands.findIndex(
        (command) => command.kind === 'Replace' && command.items[0]?.moreData === true && command.items[0].meta === undefined,
      )
      if (passed.up || chunk < 0 || cut) return passed.frame
      cut = true
      const other = { ...replace('./Other', 'x'), cmdId: (passed.message.commands[chunk] as Command).cmdId } as Command
      return again(passed, { ...passed.message, commands: passed.message.commands.map((command, i) => (i === chunk ? other : command)) })
    })
    expect(pair.story().some((line) => line.startsWith('>') && line.includes('Alert 1225'))).toBe(true)
    const alert = pair.wire.flatMap(({ message }) => message.commands).find((command) => command.kind === 'Alert' && command.code === 1225)
    expect(alert).toMatchObject({ items: [{ target: { locUri: './Big' } }] })
    expect(pair.device.leaves.has('./Big')).toBe(false)
    expect(pair.device.leaves.get('./Other')).toBe('x')
  })

  test('an object in transit waits where the Status elements of a message leave no room for a chunk', () => {
    // What is asked while Results are under way comes with an object of its own: its length decides how many commands wait for their Status.
    for (let length = 200; length <= 4000; length += 100) {
      const pair = ready(
        { settings: { maxMsgSize: 4692 }, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' } },
        { settings: { maxMsgSize: 1450 } },
      )
      pair.device.leaves.set('./V/4', 'initial '.repeat(160))
      const octets = Uint8Array.from({ length }, (_, i) => i * 31)
      pair.queue('a', [get('./V/4'), replace('./V/0', octets), get('./V/0')])
      pair.queue('b', [get('./V/0'), replace('./V/0', ''), get('./V/0'), get('./V/0')])
      expect([length, pair.run().detail?.['reason']]).toEqual([length, ''])
      expect(['a', 'b'].map((id) => pair.order(id).state)).toEqual(['done', 'done'])
      for (const { up, frame } of pair.wire.slice(1)) expect(frame.bytes.length).toBeLessThanOrEqual(up ? 1450 : 4692)
    }
  })

  test('dm 17 and 18: many Results in several messages: the server asks with 1222 and without Final, the client closes last', () => {
    const pair = ready({}, { settings: { maxMsgSize: 1200 } })
    for (let i = 0; i < 12; i++) pair.device.leaves.set(`./V/${String(i)}`, `value ${String(i)} `.repeat(20))
    pair.queue(
      'a',
      Array.from({ length: 12 }, (_, i) => get(`./V/${String(i)}`)),
    )
    pair.run()
    const ups = pair.wire.filter(({ up }) => up).map(({ message }) => message.final)
    expect(ups.length).toBeGreaterThan(3)
    expect(ups.slice(1)).toEqual([...ups.slice(2).map(() => false), true])
    expect(
      pair
        .story()
        .filter((line) => line.startsWith('<'))
        .slice(1, -1)
        .every((line) => /Status 0=200, (Status \d+=(200|213), )*Alert 1222$/.test(line)),
    ).toBe(true)
    expect(pair.order('a').outcomes.map(({ data }) => data)).toEqual(Array.from({ length: 12 }, (_, i) => `value ${String(i)} `.repeat(20)))
  })

  test('more commands than fit: the server closes each message and goes on after the report (dm 16)', () => {
    const pair = ready({ settings: { maxMsgSize: 1300 } })
    pair.queue(
      'a',
      Array.from({ length: 30 }, (_, i) => replace(`./V/${String(i)}`, 'x'.repeat(50))),
    )
    pair.run()
    const downs = pair.wire.filter(({ up }) => !up)
    expect(downs.length).toBeGreaterThan(3)
    expect(downs.every(({ frame }) => frame.bytes.length <= 1300)).toBe(true)
    const working = downs.filter(({ message }) => message.commands.some(({ kind }) => kind === 'Replace'))
    expect(working.every(({ message }) => message.final)).toBe(true)
    expect(pair.device.performed).toHaveLength(30)
  })

  test('a command that no message of the peer can hold is told, the others go', () => {
    const pair = ready({ settings: { maxMsgSize: 1300 } })
    pair.queue('a', [{ kind: 'Atomic', cmdId: '', commands: [replace('./A', 'x'.repeat(3000))] }, get('./DevDetail/FwV')])
    pair.run()
    expect(pair.order('a')).toMatchObject({ state: 'failed', outcomes: [{ code: 0 }, { code: 200, data: '1.0.7' }] })
    expect(pair.order('a').outcomes[0]?.data).toContain('MaxMsgSize of 1300')
  })
})

describe('authentication both ways', () => {
  test('dm 52: no nonce anywhere: 407, repeat, 401 of the client, repeat; then 212 both ways', () => {
    const pair = new Pair({ settings: { requireServerAuth: true } })
    pair.queue('a', [get('./DevDetail/FwV')])
    const end = pair.run()
    expect(pair.story()).toEqual([
      '> 1: Alert 1201, Replace -, Final',
      '< 1: Status 0=407, Status 1=407, Status 2=407, Final',
      '> 2: Status 0=407, Alert 1201, Replace -, Final',
      '< 2: Status 0=212, Status 2=200, Status 3=200, Get ./DevDetail/FwV, Final',
      '> 3: Status 0=212, Status 4=200, Results 4, Final',
      '< 3: Status 0=200, Final',
    ])
    expect(end.detail).toMatchObject({ state: 'completed', authentication: 'ok' })
    expect(pair.order('a').state).toBe('done')
  })

  test('basic is shown at once and accepted with 212', () => {
    const pair = new Pair({ account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' } })
    expect(pair.run().detail).toMatchObject({ state: 'completed', messages: 2, authentication: 'ok' })
  })

  test('dm 52, 53: a stale nonce costs one exchange: Status only, then all is well', () => {
    const pair = ready({ nonces: { ...NONCES, client: { text: base64(utf8Bytes('long-gone.')) } } })
    const end = pair.run()
    expect(pair.story()).toEqual([
      '> 1: Alert 1201, Replace -, Final',
      '< 1: Status 0=401, Status 1=401, Status 2=401, Final',
      '> 2: Status 0=212, Alert 1201, Replace -, Final',
      '< 2: Status 0=212, Status 2=200, Status 3=200, Final',
    ])
    expect(pair.wire[1]?.message.commands.every((command) => command.kind === 'Status')).toBe(true)
    expect(end.detail?.['authentication']).toBe('ok')
  })

  test('dm 52: a wrong password: 401, once more, 401, the end; the order stays queued and nonces stay as they were', () => {
    const pair = ready({ account: { ...CLIENT_ACCOUNT, password: 'wrong' } })
    pair.queue('a', [exec('./Run')])
    const before = pair.ledger.nonces(DEVICE, ACCOUNT.serverId)
    const end = pair.run()
    expect(pair.story()).toEqual([
      '> 1: Alert 1201, Replace -, Final',
      '< 1: Status 0=401, Status 1=401, Status 2=401, Final',
      '> 2: Status 0=212, Alert 1201, Replace -, Final',
      '< 2: Status 0=401, Status 2=401, Status 3=401, Final',
    ])
    expect(end.detail).toMatchObject({ state: 'failed', authentication: 'refused' })
    expect([pair.order('a').state, pair.ledger.nonces(DEVICE, ACCOUNT.serverId)]).toEqual(['queued', before])
    expect(pair.notes.filter((note) => note.topic === 'auth').map((note) => note.text)).toContain(
      'the device is refused: wrong password, or a nonce that was never issued here',
    )
    expect(JSON.stringify(pair.notes)).not.toMatch(/Cl13nt|S3rv3r/)
  })

  test('dm 52: a wrong server: the client answers Status only and challenges once; nothing is performed', () => {
    const pair = known(new Pair({ nonces: NONCES, account: { ...CLIENT_ACCOUNT, serverPassword: 'other' } }))
    pair.queue('a', [get('./DevDetail/FwV')])
    const end = pair.run()
    expect(pair.story()).toEqual([
      '> 1: Alert 1201, Replace -, Final',
      '< 1: Status 0=212, Status 1=200, Status 2=200, Get ./DevDetail/FwV, Final',
      '> 2: Status 0=401, Status 4=401, Final',
      '< 2: Status 0=200, Get ./DevDetail/FwV, Final',
      '> 3: Status 0=401, Status 2=401, Final',
      '< 3: Status 0=200, Final',
    ])
    expect(end.detail).toMatchObject({ state: 'failed', authentication: 'server refused' })
    expect(pair.device.performed).toEqual([])
    expect(pair.order('a').state).toBe('queued')
  })

  test('a server with a stale nonce gets a fresh one and its commands are performed once', () => {
    const pair = ready({ nonces: { ...NONCES, server: utf8Bytes('a-newer-nonce.') } })
    pair.queue('a', [exec('./Run')])
    pair.run()
    expect(pair.story().slice(1)).toEqual([
      '< 1: Status 0=212, Status 1=200, Status 2=200, Exec ./Run, Final',
      '> 2: Status 0=401, Status 4=401, Final',
      '< 2: Status 0=200, Exec ./Run, Final',
      '> 3: Status 0=212, Status 2=200, Final',
      '< 3: Status 0=200, Final',
    ])
    expect(pair.device.performed).toHaveLength(1)
    expect(pair.order('a').state).toBe('done')
  })

  test('rule 7 of section 4: a server without credentials and without commands is not challenged', () => {
    const pair = new Pair({ settings: { requireServerAuth: true }, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' } })
    const end = pair.run()
    expect(pair.story()).toHaveLength(2)
    expect(end.detail).toMatchObject({ state: 'completed', authentication: 'server refused' })
  })

  test('dm 54: auth-MAC both ways: header on every message, 200 and NextNonce every time, never Cred', () => {
    const account = { ...ACCOUNT, authType: 'syncml:auth-MAC' as const }
    const pair = known(
      new Pair({ nonces: NONCES, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-MAC' }, settings: { requireServerAuth: true } }, {}, account),
    )
    pair.queue('a', [get('./DevDetail/FwV')])
    const end = pair.run()
    expect(end.detail).toMatchObject({ state: 'completed', authentication: 'ok' })
    expect(pair.wire.every(({ frame }) => frame.headers.some(([name]) => name === 'x-syncml-hmac'))).toBe(true)
    expect(pair.wire.every(({ message }) => message.header.cred === undefined)).toBe(true)
    const statuses = pair.wire.flatMap(({ message }) => message.commands.filter((command) => command.kind === 'Status' && command.cmdRef === '0'))
    expect(statuses.every((status) => status.kind === 'Status' && status.code === 200 && status.chal?.meta.nextNonce !== undefined)).toBe(true)
    expect(pair.order('a').state).toBe('done')
  })

  test('dm 56: one octet of a MAC message changed on the way: refused', () => {
    const account = { ...ACCOUNT, authType: 'syncml:auth-MAC' as const }
    const pair = known(new Pair({ nonces: NONCES, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-MAC' } }, {}, account))
    pair.run({}, (passed) => {
      if (!passed.up) return passed.frame
      return { ...passed.frame, bytes: utf8Bytes(new TextDecoder().decode(passed.frame.bytes).replace('Acme', 'Acmf')) }
    })
    expect(pair.story()[1]).toBe('< 1: Status 0=401, Status 1=401, Status 2=401, Final')
  })

  test('the next session uses the nonces of this one: two messages, no challenge', () => {
    const first = new Pair()
    first.run()
    const nonces = lastNonces(first)
    const second = new Pair(nonces === undefined ? {} : { nonces })
    second.ledger.save({
      kind: 'nonces',
      nonces: first.ledger.nonces(DEVICE, ACCOUNT.serverId) as NonNullable<ReturnType<typeof first.ledger.nonces>>,
    })
    expect(second.run().detail).toMatchObject({ state: 'completed', messages: 2, authentication: 'ok' })
  })
})

describe('ends', () => {
  test('dm 19: the server aborts: the client performs nothing more and does not answer', () => {
    const pair = ready()
    const end = pair.run({}, (passed) => {
      if (passed.up) return passed.frame
      return again(passed, { ...passed.message, commands: [...passed.message.commands, { kind: 'Alert', cmdId: '9', code: 1223, items: [] }] })
    })
    expect(pair.wire).toHaveLength(2)
    expect(end.detail).toMatchObject({ state: 'aborted' })
  })

  test('dm 19: the client aborts: the server answers Status only, and the order is queued again', () => {
    const pair = ready()
    pair.queue('a', [get('./DevDetail/FwV')])
    pair.run({}, (passed) => {
      if (!passed.up || passed.message.header.msgId === '1') return passed.frame
      return again(passed, { ...passed.message, commands: [...passed.message.commands, { kind: 'Alert', cmdId: '9', code: 1223, items: [] }] })
    })
    expect(pair.story().at(-1)).toBe('< 2: Status 0=200, Status 9=200, Final')
    expect(pair.notes.filter((note) => note.topic === 'session').at(-2)?.detail).toMatchObject({ state: 'aborted' })
    expect(pair.order('a').state).toBe('queued')
  })

  test('dm 8: a server of another version: 505 with ours in an Item, and the end', () => {
    const pair = ready()
    pair.run({}, (passed) => (passed.up ? passed.frame : again(passed, { ...passed.message, header: { ...passed.message.header, verDtd: '2.0' } })))
    expect(pair.story()[2]).toBe('> 2: Status 0=505, Final')
    expect(pair.wire[2]?.message.commands[0]).toMatchObject({ items: [{ data: '1.2' }] })
  })

  test('dm 8: a client of another version: 513 with ours in an Item', () => {
    const pair = ready()
    const end = pair.run({}, (passed) =>
      passed.up ? again(passed, { ...passed.message, header: { ...passed.message.header, verProto: 'DM/2.0' } }) : passed.frame,
    )
    expect(pair.wire[1]?.message.commands[0]).toMatchObject({ kind: 'Status', code: 513, items: [{ data: 'DM/1.2' }] })
    expect(end.detail).toMatchObject({ state: 'failed', reason: 'the server answered 513 for the SyncHdr' })
  })

  test('a message for another device: 404 for SyncHdr, and the end', () => {
    const pair = ready()
    const end = pair.run({}, (passed) =>
      passed.up ? passed.frame : again(passed, { ...passed.message, header: { ...passed.message.header, target: { locUri: 'IMEI:1' } } }),
    )
    expect(pair.story()[2]).toBe('> 2: Status 0=404, Final')
    expect(end.detail?.['state']).toBe('failed')
    expect(pair.problems()).toContain('hdr.target')
  })

  test('dm 20: the line is cut in the middle: the next session goes on where it can, an Exec that may have run is not sent again', () => {
    const pair = ready()
    pair.queue('a', [get('./DevDetail/FwV')])
    pair.queue('b', [exec('./Run')])
    pair.run({}, (passed) => (passed.up || passed.message.header.msgId !== '1' ? passed.frame : null))
    expect([pair.order('a').state, pair.order('b').state]).toEqual(['sent', 'sent'])
    const performed = pair.device.performed.length
    pair.serve({ type: 'gone', link: { link: 1 }, reason: 'reset' })
    const end = pair.run()
    expect(performed).toBe(0)
    expect(end.detail?.['state']).toBe('completed')
    expect([pair.order('a').state, pair.order('b').state]).toEqual(['done', 'unknown'])
    expect(pair.device.performed.map((command) => command.kind)).toEqual(['Get'])
  })

  test('dm 63: the same message again gets the same answer, octet for octet, and is not executed again', () => {
    const pair = ready({ settings: { resends: 1 } })
    pair.queue('a', [exec('./Run')])
    let lost = false
    pair.run({}, (passed) => {
      if (passed.up || lost || passed.message.header.msgId !== '2') return passed.frame
      lost = true
      return null
    })
    expect(pair.story().slice(2)).toEqual([
      '> 2: Status 0=212, Status 4=200, Final',
      '< 2: Status 0=200, Final',
      '> 2: Status 0=212, Status 4=200, Final',
      '< 2: Status 0=200, Final',
    ])
    expect(pair.wire.at(-1)?.frame.bytes).toEqual(pair.wire.at(-3)?.frame.bytes)
    expect(pair.device.performed).toHaveLength(1)
    expect(pair.problems()).toEqual(['hdr.resend'])
  })

  test('a server that asks for the next message for ever is left', () => {
    const pair = ready()
    pair.queue('a', [get('./DevDetail/FwV')])
    const end = pair.run({}, (passed) => {
      if (passed.up) return passed.frame
      const status = passed.message.commands.filter((command) => command.kind === 'Status' && command.cmdRef === '0')
      return again(passed, { ...passed.message, final: false, commands: [...status, { kind: 'Alert', cmdId: '9', code: 1222, items: [] }] })
    })
    expect(pair.wire.length).toBeLessThan(200)
    expect(end.detail?.['state']).not.toBe('completed')
  })
})
