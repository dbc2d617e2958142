// Peers that get the frame of a session wrong in ways real ones do: what can mean one thing only is taken and told, what cannot is refused.
import { expect, test } from 'vitest'
import { DmClient } from '../../core/device/device.ts'
import type { ClientOptions } from '../../core/device/device.ts'
import type { Effect, Frame } from '../../core/machine.ts'
import { readValue } from '../../core/dmtree/value.ts'
import { leadsTo } from '../../core/session/addressed.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Item } from '../../core/syncml/message.ts'
import { looksLike } from '../../core/syncml/looks.ts'
import { ACCOUNT, CLIENT_ACCOUNT, DEVICE, FlatDevice, fixedEnv, MemoryLedger, SERVER_URI, tell } from './support.ts'
import { DmServer } from '../../core/server/server.ts'
import { md5Credential, readings } from '../../core/auth/credentials.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'

const TYPE = 'application/vnd.syncml.dm+xml'
const frameOf = (xml: string, contentType = TYPE): Frame => ({
  bytes: new Uint8Array(Buffer.from(xml)),
  encoding: 'xml',
  contentType,
  headers: [],
  uri: '',
})

/** A device in session 1A that has sent Package #1; its account asks the server for nothing. */
function device(options: Partial<ClientOptions> = {}): DmClient {
  const account = { ...CLIENT_ACCOUNT, serverPassword: '' }
  const base = { serverUri: SERVER_URI, deviceId: DEVICE, account, wire: { encoding: 'xml' as const } }
  const client = new DmClient({ ...base, performer: new FlatDevice(), env: fixedEnv(), ...options })
  client.input({ type: 'start', initiated: 'client', sessionId: '1A' })
  return client
}

const status = (id: number, ref: string, cmd: string, code: number, more = ''): string =>
  `<Status><CmdID>${id}</CmdID><MsgRef>1</MsgRef><CmdRef>${ref}</CmdRef><Cmd>${cmd}</Cmd>${more}<Data>${code}</Data></Status>`
const OK = `${status(1, '0', 'SyncHdr', 212)}${status(2, '1', 'Alert', 200)}${status(3, '2', 'Replace', 200)}`
const GET = '<Get><CmdID>4</CmdID><Item><Target><LocURI>./DevDetail/FwV</LocURI></Target></Item></Get>'

function fromServer(change: (xml: string) => string = (xml) => xml, contentType = TYPE): Frame {
  const header = `<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>1</MsgID><Target><LocURI>${DEVICE}</LocURI></Target><Source><LocURI>${SERVER_URI}</LocURI></Source>`
  return frameOf(
    change(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>${header}</SyncHdr><SyncBody>${OK}${GET}<Final/></SyncBody></SyncML>`),
    contentType,
  )
}

/** What the device says to a frame, in one line, and the rules of the findings. */
function heard(client: DmClient, frame: Frame, link = 1): { readonly says: string; readonly uri: string; readonly rules: readonly string[] } {
  const effects: Effect<unknown>[] = client.input({ type: 'frame', link: { link }, frame })
  const sent = effects.find((effect) => effect.type === 'send')
  const rules = effects.flatMap((effect) => (effect.type === 'note' && effect.note.finding !== undefined ? [effect.note.finding.rule] : []))
  return {
    says: sent === undefined ? '' : tell(sent.message ?? decode(sent.frame.bytes, sent.frame.encoding).message),
    uri: sent?.frame.uri ?? '',
    rules,
  }
}

const SERVED = '2: Status 0=200, Status 4=200, Results 4, Final'

test.each([
  ['no SessionID at all', /<SessionID>1A<\/SessionID>/, '', 'hdr.session.changed'],
  ['SessionID in lower case', '>1A<', '>1a<', 'hdr.session.changed'],
  ['SessionID with leading zeros', '>1A<', '>001A<', 'hdr.session.changed'],
  ['SessionID in decimal', '>1A<', '>26<', 'hdr.session.changed'],
  ['no Target at all', `<Target><LocURI>${DEVICE}</LocURI></Target>`, '', 'hdr.target'],
  ['Target in lower case', `<LocURI>${DEVICE}`, `<LocURI>${DEVICE.toLowerCase()}`, 'hdr.target'],
])('%s: the server can mean this session and device only; told, and served', (_what, from, to, rule) => {
  const answer = fromServer((xml) => xml.replace(from, to))
  const { says, rules } = heard(device(), answer)
  expect(says).toBe(SERVED)
  expect(rules).toContain(rule)
  // A strict device guesses nothing.
  const strict = heard(device({ account: CLIENT_ACCOUNT, settings: { requireServerAuth: true } }), answer)
  expect(strict.says).toMatch(/^2: Status 0=40[04], Status 4=40[04], Final$/)
})

test('another session and another device stay refused', () => {
  expect(
    heard(
      device(),
      fromServer((xml) => xml.replace('>1A<', '>1B<')),
    ).says,
  ).toBe('2: Status 0=400, Status 4=400, Final')
  expect(
    heard(
      device(),
      fromServer((xml) => xml.replace(DEVICE, 'IMEI:1')),
    ).says,
  ).toBe('2: Status 0=404, Status 4=404, Final')
})

test('a RespURI that is a path or a query is read from the URI of the request; told', () => {
  const { uri, rules } = heard(
    device(),
    fromServer((xml) => xml.replace('</Source>', '</Source><RespURI>/next?sid=1</RespURI>')),
  )
  expect(uri).toBe('https://dm.example.com/next?sid=1')
  expect(rules).toContain('hdr.respuri.relative')
  expect(leadsTo('?sid=1', 'http://h:8080/dm?old=1')).toBe('http://h:8080/dm?sid=1')
  expect(leadsTo('HTTP://other/x', 'http://h/dm')).toBe('HTTP://other/x')
  for (const none of ['', 'next', '//other/x', 'http:///dm', 'http://', 'ftp://h/x', 'javascript:1', '/a b'])
    expect(leadsTo(none, 'http://h/dm')).toBe(null)
})

test('an answer without a SyncML content type is read as what it looks like; told', () => {
  const { says, rules } = heard(
    device(),
    fromServer((xml) => xml, 'text/xml; charset=utf-8'),
  )
  expect(says).toBe(SERVED)
  expect(rules).toEqual(['http.type'])
  expect(
    heard(
      device(),
      fromServer((xml) => xml, 'Application/VND.SyncML+XML;charset=UTF-8'),
    ).rules,
  ).toEqual([])
})

test('what looks like a SyncML message, and what does not', () => {
  const look = (text: string): string | null => looksLike(new Uint8Array(Buffer.from(text, 'latin1')))
  expect(look('\xef\xbb\xbf<?xml version="1.0"?>\r\n<SyncML xmlns="SYNCML:SYNCML1.2">')).toBe('xml')
  expect(look('<!-- x --><s:SyncML>')).toBe('xml')
  expect(look('<\0S\0y\0n\0c\0M\0L\0>\0')).toBe('xml')
  expect(look('\x02\xa4\x01\x6a\x00\x6d')).toBe('wbxml')
  expect(look('\x02\x00\x00\x6a\x1d-//SYNCML//DTD SyncML 1.2//EN\x6d')).toBe('wbxml')
  for (const other of ['', '<html><body>SyncML</body></html>', '{"SyncML":1}', '\x02\x0b\x6a\x00\x45', '<SyncMLish>']) expect(look(other)).toBe(null)
})

test('a server that never says Final: the device takes the package for complete after some messages that bring nothing', () => {
  const client = device()
  expect(
    heard(
      client,
      fromServer((xml) => xml.replace('<Final/>', '')),
    ).says,
  ).toBe('2: Status 0=200, Status 4=200, Results 4')
  const rules: string[] = []
  let rounds = 1
  for (; rounds < 20 && client.busy; rounds++) {
    const id = String(rounds + 1)
    const bare = fromServer((xml) =>
      xml
        .replace(/<SyncBody>.*<\/SyncBody>/, `<SyncBody>${status(1, '0', 'SyncHdr', 200)}</SyncBody>`)
        .replaceAll(/<(MsgID|MsgRef)>1</g, `<$1>${id}<`),
    )
    rules.push(...heard(client, bare, rounds + 1).rules)
  }
  expect(client.busy).toBe(false)
  expect(rules.filter((rule) => rule !== 'status.missing')).toEqual(['pkg.final.missing'])
  expect(rounds).toBeLessThan(10)
})

test('a client that never says Final is served all the same', () => {
  const ledger = new MemoryLedger()
  ledger.accounts.push(ACCOUNT)
  const server = new DmServer({ serverUri: SERVER_URI, ledger, env: fixedEnv(), settings: { requireAuth: false } })
  const said: string[] = []
  const rules: string[] = []
  for (let n = 1; n < 8 && !said.join().includes('Get'); n++) {
    const header = `<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>${n}</MsgID><Target><LocURI>${SERVER_URI}</LocURI></Target><Source><LocURI>${DEVICE}</LocURI></Source>`
    const body =
      n === 1
        ? '<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>'
        : `${status(1, '0', 'SyncHdr', 200)}${status(2, '3', 'Alert', 200)}`.replaceAll('<MsgRef>1', `<MsgRef>${n - 1}`)
    const xml = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>${header}</SyncHdr><SyncBody>${body}</SyncBody></SyncML>`
    for (const effect of server.input({ type: 'frame', link: { link: n }, frame: frameOf(xml) })) {
      if (effect.type === 'save') ledger.save(effect.record)
      else if (effect.type === 'send') said.push(tell(decode(effect.frame.bytes, effect.frame.encoding).message))
      else if (effect.type === 'note' && effect.note.finding !== undefined) rules.push(effect.note.finding.rule)
    }
  }
  expect(said[0]).toBe('1: Status 0=200, Status 1=200, Alert 1222')
  expect(said.at(-1)).toMatch(/Status 0=200, Get .*, Final$/)
  expect(rules).toContain('pkg.final.missing')
})

test.each([404, 500])('a client that refuses our SyncHdr with %i in the middle of its package: the session is aborted', (code) => {
  const ledger = new MemoryLedger()
  ledger.accounts.push(ACCOUNT)
  const server = new DmServer({ serverUri: SERVER_URI, ledger, env: fixedEnv(), settings: { requireAuth: false } })
  const say = (n: number, body: string): string => {
    const header = `<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>${n}</MsgID><Target><LocURI>${SERVER_URI}</LocURI></Target><Source><LocURI>${DEVICE}</LocURI></Source>`
    const frame = frameOf(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>${header}</SyncHdr><SyncBody>${body}</SyncBody></SyncML>`)
    const effects = server.input({ type: 'frame', link: { link: n }, frame })
    return effects.flatMap((effect) => (effect.type === 'send' ? [tell(decode(effect.frame.bytes, 'xml').message)] : [])).join()
  }
  expect(say(1, '<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>')).toContain('Get')
  expect(say(2, status(1, '0', 'SyncHdr', code))).toBe('2: Status 0=200, Alert 1223, Final')
  expect(say(3, status(1, '0', 'SyncHdr', 200))).toBe('3: Status 0=200, Final')
})

test.each([
  ['xml', 640],
  ['xml', 800],
  ['wbxml', 330],
] as const)('MaxMsgSize %s %i: everything optional stays out, no message is longer, the session goes on', (encoding, maxMsgSize) => {
  const ledger = new MemoryLedger()
  ledger.accounts.push(ACCOUNT)
  const server = new DmServer({ serverUri: SERVER_URI, ledger, env: fixedEnv(), settings: { greet: false, requireAuth: false } })
  const flat = new FlatDevice()
  const client = new DmClient({
    serverUri: SERVER_URI,
    deviceId: DEVICE,
    account: { ...CLIENT_ACCOUNT, serverPassword: '' },
    wire: { encoding },
    performer: flat,
    env: fixedEnv(3),
    settings: { maxMsgSize },
  })
  const order = { id: 'o', device: DEVICE, createdAt: 1, state: 'queued' as const, sessionId: '', outcomes: [] }
  ledger.orderMap.set('o', { ...order, commands: [{ kind: 'Get', cmdId: '', items: [{ target: { locUri: './DevDetail/FwV' } }] }] })
  let todo: Effect<unknown>[] = client.input({ type: 'start', initiated: 'client' })
  const down: number[] = []
  for (let round = 1; round < 20; round++) {
    const up = todo.find((effect) => effect.type === 'send')
    if (up === undefined) break
    todo = []
    for (const effect of server.input({ type: 'frame', link: { link: round }, frame: { ...up.frame, uri: '/dm' } })) {
      if (effect.type === 'save') ledger.save(effect.record)
      else if (effect.type === 'send') {
        down.push(effect.frame.bytes.length)
        todo = client.input({ type: 'frame', link: up.link, frame: effect.frame })
      }
    }
  }
  expect(client.busy).toBe(false)
  expect(Math.max(...down)).toBeLessThanOrEqual(maxMsgSize)
  expect(flat.performed.map(({ kind }) => kind)).toEqual(['Get'])
  expect(ledger.orderMap.get('o')?.state).toBe('done')
})

test('markup in Data that nobody escaped is its text; told', () => {
  const xml = `<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>1</MsgID><Target><LocURI>${DEVICE}</LocURI></Target><Source><LocURI>${SERVER_URI}</LocURI></Source></SyncHdr><SyncBody>${OK}<Replace><CmdID>4</CmdID><Item><Target><LocURI>./X</LocURI></Target><Data><enabled/><data id="a" value="1 &lt; 2"/></Data></Item></Replace><Final/></SyncBody></SyncML>`
  const data = decode(new Uint8Array(Buffer.from(xml)), 'xml').message.commands.flatMap((command) =>
    command.kind === 'Replace' ? command.items.map((item: Item) => item.data) : [],
  )
  expect(readValue(data[0], 'chr', null)).toEqual({ format: 'chr', value: '<enabled/><data id="a" value="1 &#60; 2"/>' })
  expect(readValue(data[0], 'XML', null).format).toBe('xml')
  const { says, rules } = heard(device(), frameOf(xml))
  expect(says).toBe('2: Status 0=200, Status 4=200, Final')
  expect(rules).toEqual(['cmd.markup'])
})

test('a nonce whose base64 is broken into lines is the same nonce', () => {
  const [octets] = readings({ text: '\n bm9u\r\nY2Uh\n' })
  expect(Buffer.from(octets).toString()).toBe('nonce!')
  expect(md5Credential('lab', 'lab', octets)).toBe(md5Credential('lab', 'lab', utf8Bytes('nonce!')))
})
