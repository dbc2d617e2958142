// Sessions as known families of device clients hold them, spoken by hand against the server: what they do out of the ordinary is understood and told.
import { expect, test } from 'vitest'
import { formatMacHeader, mac, md5Credential, readings } from '../../core/auth/credentials.ts'
import type { Headers, Note } from '../../core/machine.ts'
import type { Account } from '../../core/server/records.ts'
import { DmServer } from '../../core/server/server.ts'
import type { ServerSettings } from '../../core/server/settings.ts'
import { serverProfile } from '../../core/server/profiles.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Message, Status } from '../../core/syncml/message.ts'
import { ACCOUNT, DEVICE, fixedEnv, MemoryLedger, SERVER_URI, tell } from './support.ts'

const META = 'xmlns="syncml:metinf"'
const PACKAGE1 = `<Alert><CmdID>98</CmdID><Data>1201</Data></Alert><Replace><CmdID>99</CmdID><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Acme</Data></Item></Replace>`

/** A device that is played by hand: `say` posts a body and tells the answer in one line. */
class Hand {
  readonly ledger = new MemoryLedger()
  readonly server: DmServer
  rules: string[] = []
  last: Message | null = null
  #msgId = 0
  #link = 0

  constructor(settings: Partial<ServerSettings> = {}, account: Partial<Account> = {}) {
    this.ledger.accounts.push({ ...ACCOUNT, ...account })
    this.server = new DmServer({ serverUri: SERVER_URI, ledger: this.ledger, env: fixedEnv(), settings: { greet: false, ...settings } })
  }

  begin(): this {
    this.#msgId = 0
    return this
  }

  /** `cred`: inside SyncHdr. `headers`: made from the body that leaves. */
  say(body: string, cred = '', headers: (bytes: Uint8Array) => Headers = () => [], sessionId = '1', final = true): string {
    this.#msgId += 1
    const header = `<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${sessionId}</SessionID><MsgID>${String(this.#msgId)}</MsgID><Target><LocURI>${SERVER_URI}</LocURI></Target><Source><LocURI>${DEVICE}</LocURI></Source>${cred}`
    const xml = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>${header}</SyncHdr><SyncBody>${body}${final ? '<Final/>' : ''}</SyncBody></SyncML>`
    const bytes = new Uint8Array(Buffer.from(xml))
    const frame = { bytes, encoding: 'xml' as const, contentType: 'application/vnd.syncml.dm+xml', headers: headers(bytes), uri: '/dm' }
    this.rules = []
    this.last = null
    for (const effect of this.server.input({ type: 'frame', link: { link: ++this.#link }, frame })) {
      if (effect.type === 'save') this.ledger.save(effect.record)
      else if (effect.type === 'note') this.#rule(effect.note)
      else if (effect.type === 'send') this.last = decode(effect.frame.bytes, effect.frame.encoding).message
    }
    return this.last === null ? '' : tell(this.last)
  }

  order(id: string, uri: string): void {
    const commands = [{ kind: 'Get' as const, cmdId: '', items: [{ target: { locUri: uri } }] }]
    this.ledger.save({ kind: 'order', order: { id, device: DEVICE, createdAt: 1, state: 'queued', sessionId: '', outcomes: [], commands } })
  }

  #rule(note: Note): void {
    if (note.finding !== undefined) this.rules.push(note.finding.rule)
  }
}

const basicCred = (password: string): string => {
  const data = Buffer.from(`${ACCOUNT.userName}:${password}`).toString('base64')
  return `<Cred><Meta><Format ${META}>b64</Format><Type ${META}>syncml:auth-basic</Type></Meta><Data>${data}</Data></Cred>`
}
const status = (msgRef: number, cmdRef: number, cmd: string, code: number, chal = ''): string =>
  `<Status><CmdID>${String(cmdRef + 1)}</CmdID><MsgRef>${String(msgRef)}</MsgRef><CmdRef>${String(cmdRef)}</CmdRef><Cmd>${cmd}</Cmd>${chal}<Data>${String(code)}</Data></Status>`
const CHAL = `<Chal><Meta><Format ${META}>b64</Format><Type ${META}>syncml:auth-md5</Type><NextNonce ${META}>U1NOZXh0Tm9uY2U=</NextNonce></Meta></Chal>`

test('a device that wants to know the server before it lets go: the closing message is said once more, with credentials', () => {
  const hand = new Hand()
  expect(hand.say(PACKAGE1, basicCred(ACCOUNT.password))).toBe('1: Status 0=212, Status 98=200, Status 99=200, Final')
  expect(hand.last?.header.cred).toBeUndefined()
  const asks = hand.say(status(1, 0, 'SyncHdr', 407, CHAL) + PACKAGE1)
  expect(asks).toBe('2: Status 0=200, Status 98=200, Status 99=200, Final')
  const [octets] = readings({ text: 'U1NOZXh0Tm9uY2U=' })
  expect(hand.last?.header.cred?.data).toBe(md5Credential(ACCOUNT.serverId, ACCOUNT.serverPassword, octets))
  expect(hand.rules).not.toContain('pkg.late')
  // It does not believe it: told, and said no third time.
  hand.say(status(2, 0, 'SyncHdr', 401, CHAL) + PACKAGE1)
  expect(hand.rules).toContain('auth.refused')
})

test('a device that was refused and speaks on stays refused', () => {
  const hand = new Hand()
  expect(hand.say(PACKAGE1, basicCred('wrong'))).toBe('1: Status 0=401, Status 98=401, Status 99=401, Final')
  expect(hand.say(PACKAGE1, basicCred('wrong'))).toBe('2: Status 0=401, Status 98=401, Status 99=401, Final')
  expect(hand.say(status(2, 0, 'SyncHdr', 407, CHAL) + PACKAGE1)).toBe('3: Status 0=401, Status 98=401, Status 99=401, Final')
  expect(hand.last?.header.cred).toBeUndefined()
  expect(hand.rules).toContain('pkg.late')
})

const signedWith =
  (nonce: Uint8Array) =>
  (bytes: Uint8Array): Headers => [['x-syncml-hmac', formatMacHeader(ACCOUNT.userName, mac(ACCOUNT.userName, ACCOUNT.password, nonce, bytes))]]
const nextNonce = (message: Message | null): Uint8Array => {
  const chal = (message?.commands[0] as Status | undefined)?.chal
  return readings(chal?.meta.nextNonce ?? { text: '' })[0]
}

test('a client that makes every MAC of a session with the nonce of the first: taken, and told', () => {
  const hand = new Hand({}, { authType: 'syncml:auth-MAC' })
  hand.order('o', './DevDetail/FwV')
  expect(hand.say(PACKAGE1)).toContain('Status 0=407')
  const nonce = nextNonce(hand.last)
  expect(hand.say(PACKAGE1, '', signedWith(nonce))).toBe('2: Status 0=200, Status 98=200, Status 99=200, Get ./DevDetail/FwV, Final')
  expect(hand.rules).not.toContain('auth.nonce.kept')
  const results = `<Results><CmdID>9</CmdID><MsgRef>2</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./DevDetail/FwV</LocURI></Source><Data>1</Data></Item></Results>`
  expect(hand.say(status(2, 0, 'SyncHdr', 200) + status(2, 4, 'Get', 200) + results, '', signedWith(nonce))).toBe('3: Status 0=200, Final')
  expect(hand.rules).toContain('auth.nonce.kept')
  expect(hand.ledger.orderMap.get('o')?.state).toBe('done')
  // In a session of its own the old nonce proves nothing, and neither does it for a strict server.
  expect(hand.begin().say(PACKAGE1, '', signedWith(nonce), '2')).toContain('Status 0=401')
})

test('a strict server takes the newest nonce only', () => {
  const hand = new Hand({ ...serverProfile('strict')?.settings }, { authType: 'syncml:auth-MAC' })
  hand.order('o', './DevDetail/FwV')
  hand.say(PACKAGE1)
  const nonce = nextNonce(hand.last)
  expect(hand.say(PACKAGE1, '', signedWith(nonce))).toContain('Status 0=200')
  expect(hand.say(status(2, 0, 'SyncHdr', 200), '', signedWith(nonce))).toContain('Status 0=401')
})

test('a report about firmware without Format: its Type says what the Data are; told. Any other alert without it stays 412', () => {
  const report = (type: string): string =>
    `<Alert><CmdID>3</CmdID><Correlator>c1</Correlator><Data>1226</Data><Item><Source><LocURI>./FUMO/DownloadAndUpdate</LocURI></Source><Meta><Type ${META}>${type}</Type></Meta><Data>200</Data></Item></Alert>`
  const hand = new Hand()
  const said = hand.say(PACKAGE1 + report('org.openmobilealliance.dm.firmwareupdate.downloadandupdate'), basicCred(ACCOUNT.password))
  expect(said).toBe('1: Status 0=212, Status 98=200, Status 99=200, Status 3=200, Final')
  expect(hand.rules).toContain('alert.format')
  expect(hand.ledger.alerts).toMatchObject([{ correlator: 'c1', items: [{ data: '200' }] }])
  expect(new Hand().say(PACKAGE1 + report('org.example.done'), basicCred(ACCOUNT.password))).toContain('Status 3=412')
})

test('a client whose sessions all begin with the same octets: the last answer again, or a new session once something waits for it', () => {
  const hand = new Hand({ requireAuth: false })
  const nothing = hand.say(PACKAGE1)
  expect(nothing).toBe('1: Status 0=200, Status 98=200, Status 99=200, Final')
  expect(hand.begin().say(PACKAGE1)).toBe(nothing)
  expect(hand.rules).toContain('hdr.resend')
  hand.order('o', './DevDetail/FwV')
  expect(hand.begin().say(PACKAGE1)).toBe('1: Status 0=200, Status 98=200, Status 99=200, Get ./DevDetail/FwV, Final')
  // While that session is open its first message is a repetition, as ever.
  expect(hand.begin().say(PACKAGE1)).toContain('Get ./DevDetail/FwV')
  expect(hand.rules).toContain('hdr.resend')
})

test('a client that asks for the next message before it gives its Status, while it buffers a large object', () => {
  const hand = new Hand({ requireAuth: false })
  const commands = [{ kind: 'Add' as const, cmdId: '', items: [{ target: { locUri: './Big' }, data: 'x'.repeat(9000) }] }]
  const order = { id: 'o', device: DEVICE, createdAt: 1, state: 'queued' as const, sessionId: '', outcomes: [] }
  hand.ledger.save({ kind: 'order', order: { ...order, commands } })
  const limits = `<Meta><MaxMsgSize ${META}>5120</MaxMsgSize><MaxObjSize ${META}>1048576</MaxObjSize></Meta>`
  expect(hand.say(PACKAGE1, limits)).toBe('1: Status 0=200, Status 98=200, Status 99=200, Add ./Big more')
  expect(hand.last?.final).toBe(false)
  const next = '<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>'
  const buffered = (msgRef: number): string =>
    next + status(msgRef, 0, 'SyncHdr', 212).replace('<CmdID>1<', '<CmdID>2<') + status(msgRef, 4, 'Add', 213)
  expect(hand.say(buffered(1), '', undefined, '1', false)).toMatch(/^2: Status 0=200, Status 1=200, Add \.\/Big( more|, Final)$/)
})
