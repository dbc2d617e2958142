// The DM Server as a machine: what goes in, exactly what comes out. Many sessions, enrolment, vanishing devices, changed answers.
import { describe, expect, test } from 'vitest'
import { basic } from '../../core/auth/credentials.ts'
import type { Effect, Frame } from '../../core/machine.ts'
import type { Order, ServerRecord } from '../../core/server/records.ts'
import { DmServer } from '../../core/server/server.ts'
import type { ServerInput, ServerOptions } from '../../core/server/serverterms.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Alert, Command, Message, SyncHdr } from '../../core/syncml/message.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'
import { ACCOUNT, exec, fixedEnv, get, MemoryLedger, SERVER_URI, tell } from '../session/support.ts'

const USER = { meta: { format: 'b64', type: 'syncml:auth-basic' }, data: basic('client-0001', 'Cl13ntS3cret') }

function post(message: Message, uri = '/dm', encoding: 'xml' | 'wbxml' = 'xml'): Frame {
  return { bytes: encode(message, { encoding }), encoding, contentType: `application/vnd.syncml.dm+${encoding}`, headers: [], uri }
}

function header(device: string, sessionId: string, msgId: number, more: Partial<SyncHdr> = {}): SyncHdr {
  return { verDtd: '1.2', verProto: 'DM/1.2', sessionId, msgId: String(msgId), target: { locUri: SERVER_URI }, source: { locUri: device }, ...more }
}

const ALERT: Alert = { kind: 'Alert', cmdId: '1', code: 1201, items: [] }
const DEVINFO: Command = { kind: 'Replace', cmdId: '2', items: [{ source: { locUri: './DevInfo/Man' }, data: 'Acme' }] }
const first = (device: string, sessionId: string, more: Partial<SyncHdr> = { cred: USER }): Message => ({
  header: header(device, sessionId, 1, more),
  commands: [ALERT, DEVINFO],
  final: true,
})
const status = (cmdId: number, msgRef: number, cmdRef: number, cmd: string, code: number): Command => ({
  kind: 'Status',
  cmdId: String(cmdId),
  msgRef: String(msgRef),
  cmdRef: String(cmdRef),
  cmd,
  targetRefs: [],
  sourceRefs: [],
  code,
  items: [],
})

/** A server with its ledger and the host's part: saves are performed, a frame gets exactly one answer. */
class Bench {
  readonly ledger = new MemoryLedger()
  readonly server: DmServer
  effects: Effect<ServerRecord>[] = []
  #links = 0

  constructor(settings: ServerOptions['settings'] = {}, options: Partial<ServerOptions> = {}) {
    this.server = new DmServer({
      serverUri: SERVER_URI,
      ledger: this.ledger,
      env: fixedEnv(),
      ...options,
      settings: { greet: false, respUri: false, ...settings },
    })
  }

  input(input: ServerInput): Effect<ServerRecord>[] {
    this.effects = this.server.input(input)
    for (const effect of this.effects) if (effect.type === 'save') this.ledger.save(effect.record)
    return this.effects
  }

  /** Posts and tells the answer in one line; a refusal as `closed: why`. */
  post(message: Message | Frame, uri?: string): string {
    const link = { link: ++this.#links }
    const frame = 'bytes' in message ? message : post(message, uri)
    const answers = this.input({ type: 'frame', link, frame }).filter((effect) => effect.type === 'send' || effect.type === 'close')
    expect(answers).toHaveLength(1)
    const [answer] = answers
    if (answer?.type === 'send') {
      this.last = answer.frame
      return tell(decode(answer.frame.bytes, answer.frame.encoding).message)
    }
    return answer?.type === 'close' ? `closed: ${answer.reason}` : ''
  }

  last: Frame = post(first('x', '1'))

  get link(): { readonly link: number } {
    return { link: this.#links }
  }

  queue(id: string, device: string, commands: readonly Command[]): void {
    this.input({ type: 'queue', order: { id, device, createdAt: 1, commands, state: 'queued', sessionId: '', outcomes: [] } })
  }

  state(id: string): Order['state'] | undefined {
    return this.ledger.orderMap.get(id)?.state
  }

  sessions(): unknown[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'note' && effect.note.topic === 'session' ? [[effect.note.sessionId, effect.note.detail?.['state']]] : [],
    )
  }
}

const bench = (settings: ServerOptions['settings'] = {}, ...devices: string[]): Bench => {
  const made = new Bench(settings)
  for (const device of devices.length === 0 ? ['A'] : devices) made.ledger.accounts.push({ ...ACCOUNT, device })
  return made
}

test('a whole exchange, effect by effect', () => {
  const it = bench()
  it.queue('o', 'A', [get('./DevDetail/FwV')])
  const effects = it.input({ type: 'frame', link: { link: 7 }, frame: post(first('A', '5')) })
  const told = effects.map((effect) => {
    if (effect.type === 'save') return `save ${effect.record.kind}`
    if (effect.type === 'note') return `note ${effect.note.topic}: ${effect.note.text}`
    if (effect.type === 'timer') return `timer ${effect.id} ${String(effect.ms)}`
    return effect.type === 'send' ? `send ${String(effect.link.link)} ${tell(decode(effect.frame.bytes, 'xml').message)}` : effect.type
  })
  expect(told).toEqual([
    'note session: session 5 of A begins',
    'save device',
    'save values',
    'save order',
    'note auth: the device proved itself with syncml:auth-basic',
    'send 7 1: Status 0=212, Status 1=200, Status 2=200, Get ./DevDetail/FwV, Final',
    'timer session 1 300000',
  ])
})

test('dm 15: answers in the encoding and under the content type of the request', () => {
  const it = bench()
  it.post(post(first('A', '1'), '/dm', 'wbxml'))
  expect([it.last.encoding, it.last.contentType]).toEqual(['wbxml', 'application/vnd.syncml.dm+wbxml'])
  it.post({ ...post(first('A', '2')), contentType: 'application/vnd.syncml+xml' })
  expect([it.last.encoding, it.last.contentType]).toEqual(['xml', 'application/vnd.syncml+xml'])
})

test('bytes that are no message: closed with the reason and the offset, no session begun', () => {
  const it = bench()
  expect(it.post({ ...post(first('A', '1')), bytes: utf8Bytes('<SyncML><SyncHdr>') })).toMatch(/^closed: no SyncML message: byte \d+: /)
  expect(it.server.sessions).toBe(0)
  expect(it.post({ ...first('A', '1'), header: { ...header('', '1', 1) } })).toBe('closed: SyncHdr names no Source')
})

describe('dm 62: many sessions', () => {
  test('two sessions of one device and one of another, interleaved, each with its own outcomes', () => {
    const it = bench({}, 'A', 'B')
    it.queue('a1', 'A', [get('./1')])
    expect(it.post(first('A', '1'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Get ./1, Final')
    it.queue('a2', 'A', [get('./2')])
    it.queue('b1', 'B', [get('./3')])
    expect(it.post(first('A', '2'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Get ./2, Final')
    expect(it.post(first('B', '1'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Get ./3, Final')
    const answer = (device: string, sessionId: string, code: number): Message => ({
      header: header(device, sessionId, 2),
      commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', code)],
      final: true,
    })
    expect(it.post(answer('A', '2', 404))).toBe('2: Status 0=200, Final')
    expect(it.post(answer('B', '1', 200))).toBe('2: Status 0=200, Final')
    expect(it.post(answer('A', '1', 200))).toBe('2: Status 0=200, Final')
    expect([it.state('a1'), it.state('a2'), it.state('b1')]).toEqual(['done', 'failed', 'done'])
  })

  test('the RespURI token finds the session; a token of another session is told and not followed', () => {
    const it = new Bench(
      { respUri: true },
      {
        issueToken: (() => {
          let n = 0
          return () => `t${String(++n)}`
        })(),
      },
    )
    it.ledger.accounts.push({ ...ACCOUNT, device: 'A' }, { ...ACCOUNT, device: 'B' })
    it.queue('a', 'A', [get('./1')])
    it.post(first('A', '1'))
    expect(decode(it.last.bytes, 'xml').message.header.respUri).toBe(`${SERVER_URI}?sid=t1`)
    it.post(first('B', '1'))
    const answer: Message = { header: header('A', '1', 2), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', 200)], final: true }
    expect(it.post(answer, '/dm?sid=t2')).toBe('2: Status 0=200, Final')
    expect(it.effects.some((effect) => effect.type === 'note' && effect.note.finding?.rule === 'hdr.token')).toBe(true)
  })

  test('a SessionID used again for a new #1: the old session ends, the new one begins', () => {
    const it = bench()
    it.queue('o', 'A', [get('./1')])
    it.post(first('A', '1'))
    const other = first('A', '1')
    expect(it.post({ ...other, commands: [...other.commands, { ...ALERT, cmdId: '3', code: 1224, items: [] }] })).toContain('1: Status 0=212')
    expect(it.sessions()).toEqual([
      ['1', 'aborted'],
      ['1', 'open'],
    ])
    expect(it.state('o')).toBe('sent')
  })

  test('a device that goes on and on has its newest four ended sessions kept; what an open one has in its hands stays there', () => {
    const it = bench()
    it.queue('x', 'A', [exec('./Run')])
    it.post(first('A', 'open'))
    for (let i = 1; i <= 8; i += 1) expect(it.post(first('A', String(i)))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Final')
    expect(it.server.sessions).toBe(5)
    for (let i = 1; i <= 9; i += 1) if (i > 1) it.input({ type: 'timer', id: `session ${String(i)}` })
    expect(it.server.sessions).toBe(1)
    it.post(first('A', '9'))
    expect(it.state('x')).toBe('sent')
  })

  test('SessionID 0 is served', () => expect(bench().post(first('A', '0'))).toContain('Status 0=212'))
})

describe('dm 63 and 20: losses', () => {
  test('the same octets again: the same answer, nothing executed twice', () => {
    const it = bench()
    it.queue('o', 'A', [exec('./Run')])
    it.post(first('A', '1'))
    const before = it.last.bytes
    it.input({ type: 'gone', link: it.link, reason: 'reset' })
    it.post(first('A', '1'))
    expect(it.last.bytes).toEqual(before)
    expect(it.effects.filter((effect) => effect.type === 'save')).toEqual([])
  })

  test('gone and not back: the session is over; an Exec that left is unknown, a Get is queued again', () => {
    const it = bench()
    it.queue('x', 'A', [exec('./Run')])
    it.queue('g', 'A', [get('./1')])
    it.post(first('A', '1'))
    expect(it.input({ type: 'gone', link: it.link, reason: 'reset' }).filter((effect) => effect.type === 'timer')).toEqual([
      { type: 'timer', id: 'session 1', ms: 30000 },
    ])
    it.input({ type: 'timer', id: 'session 1' })
    expect(it.sessions()).toEqual([['1', 'aborted']])
    expect([it.state('x'), it.state('g'), it.server.sessions]).toEqual(['unknown', 'queued', 0])
  })

  test('silence: timed out', () => {
    const it = bench({ idleMs: 1000 })
    it.queue('g', 'A', [get('./1')])
    it.post(first('A', '1'))
    it.input({ type: 'timer', id: 'session 1' })
    expect([it.sessions(), it.state('g')]).toEqual([[['1', 'timed out']], 'queued'])
  })

  test('orders that a server before this one had sent: an Exec is unknown, the rest is sent anew', () => {
    const it = bench()
    const sent = { createdAt: 1, device: 'A', sessionId: '9', outcomes: [], state: 'sent' as const }
    it.ledger.save({ kind: 'order', order: { ...sent, id: 'x', commands: [{ kind: 'Sequence', cmdId: '', commands: [exec('./Run')] }] } })
    it.ledger.save({ kind: 'order', order: { ...sent, id: 'g', commands: [get('./1')] } })
    expect(it.post(first('A', '1'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Get ./1, Final')
    expect([it.state('x'), it.state('g')]).toEqual(['unknown', 'sent'])
  })

  test('after the end: a device that speaks on gets Status only', () => {
    const it = bench()
    expect(it.post(first('A', '1'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Final')
    const late: Message = {
      header: header('A', '1', 2),
      commands: [status(1, 1, 0, 'SyncHdr', 200), { ...ALERT, cmdId: '2', code: 1226 }],
      final: true,
    }
    expect(it.post(late)).toBe('2: Status 0=200, Status 2=412, Final')
    expect(it.effects.some((effect) => effect.type === 'note' && effect.note.finding?.rule === 'pkg.late')).toBe(true)
  })

  test('a session nobody knows (the lab was restarted): challenged, so that the client begins again', () => {
    const it = bench()
    const middle: Message = { header: header('A', '1', 3), commands: [status(1, 2, 0, 'SyncHdr', 200)], final: true }
    expect(it.post(middle)).toBe('1: Status 0=407, Final')
    const anew = first('A', '1')
    expect(it.post({ ...anew, header: { ...anew.header, msgId: '4' } })).toBe('2: Status 0=212, Status 1=200, Status 2=200, Final')
  })
})

describe('enrolment', () => {
  test('auto: the credentials shown become the account', () => {
    const it = new Bench({ enrol: 'auto' })
    expect(it.post(first('N', '1'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Final')
    expect(it.ledger.accounts).toMatchObject([
      { device: 'N', userName: 'client-0001', password: 'Cl13ntS3cret', serverId: 'dm-lab', state: 'enrolled' },
    ])
    const wrong = { ...USER, data: basic('client-0001', 'other') }
    expect(it.post(first('N', '2', { cred: wrong }))).toBe('1: Status 0=401, Status 1=401, Status 2=401, Final')
  })

  test('auto: a digest of nobody we know is answered with a challenge for Basic', () => {
    const it = new Bench({ enrol: 'auto' })
    const digest = { meta: { format: 'b64', type: 'syncml:auth-md5' }, data: 'f+G+ZBwxTwM0KDOxlHxcnA==' }
    expect(it.post(first('N', '1', { cred: digest }))).toBe('1: Status 0=401, Status 1=401, Status 2=401, Final')
    expect(decode(it.last.bytes, 'xml').message.commands[0]).toMatchObject({ chal: { meta: { type: 'syncml:auth-basic' } } })
    const anew = first('N', '1')
    expect(it.post({ ...anew, header: { ...anew.header, msgId: '2' } })).toBe('2: Status 0=212, Status 1=200, Status 2=200, Final')
  })

  test('auto: a device that shows no credentials is served, until it has shown some', () => {
    const it = new Bench({ enrol: 'auto' })
    expect(it.post(first('N', '1', {}))).toBe('1: Status 0=200, Status 1=200, Status 2=200, Final')
    expect(it.ledger.device('N')?.devInfo).toEqual({ './DevInfo/Man': 'Acme' })
    expect(it.post(first('N', '2', {}))).toContain('Status 0=200')
    expect(it.post(first('N', '3'))).toContain('Status 0=212')
    expect(it.post(first('N', '4', {}))).toContain('Status 0=407')
  })

  test('nothing required: an enrolled device that shows no credentials is served too, wrong ones are refused', () => {
    const it = bench({ requireAuth: false })
    expect(it.post(first('A', '1', {}))).toContain('Status 0=200')
    expect(it.post(first('A', '2', { cred: { ...USER, data: basic('x', 'y') } }))).toContain('Status 0=401')
  })

  test('ask: 401 and a waiting account; after the decision it is served', () => {
    const it = new Bench({ enrol: 'ask' })
    expect(it.post(first('N', '1'))).toBe('1: Status 0=401, Status 1=401, Status 2=401, Final')
    expect(it.sessions()).toEqual([
      ['1', 'open'],
      ['1', 'failed'],
    ])
    expect(it.ledger.accounts).toMatchObject([{ device: 'N', userName: 'client-0001', state: 'waiting' }])
    expect(it.post(first('N', '2'))).toContain('Status 0=401')
    it.input({ type: 'decide', device: 'N', state: 'enrolled' })
    expect(it.post(first('N', '3'))).toContain('Status 0=212')
    it.input({ type: 'decide', device: 'N', state: 'refused' })
    expect(it.post(first('N', '4'))).toContain('Status 0=401')
  })

  test('never: 401, nothing is kept of it', () => {
    const it = new Bench({ enrol: 'never' })
    expect(it.post(first('N', '1'))).toBe('1: Status 0=401, Status 1=401, Status 2=401, Final')
    expect([it.ledger.accounts, it.ledger.device('N')]).toEqual([[], undefined])
  })

  test('the account for every device serves a device without its own, and only for that user', () => {
    const it = new Bench({ enrol: 'ask' })
    it.ledger.accounts.push({ ...ACCOUNT, device: null, userName: 'lab', password: 'lab' })
    expect(it.post(first('N', '1', { cred: { ...USER, data: basic('lab', 'lab') } }))).toContain('Status 0=212')
    expect(it.post(first('M', '1'))).toContain('Status 0=401')
  })
})

describe('policy', () => {
  test('asked again and again with the last outcomes until it has nothing more', () => {
    const asked: unknown[] = []
    const plan = [[get('./A')], [get('./B')], []]
    const it = new Bench(
      {},
      {
        policy: {
          next: ({ round }, outcomes) => {
            asked.push([round, outcomes.map(({ outcomes: all }) => all.map(({ uri, code }) => [uri, code]))])
            const commands = plan[round] ?? []
            return commands.length === 0 ? [] : [{ order: null, commands }]
          },
        },
      },
    )
    it.ledger.accounts.push({ ...ACCOUNT, device: 'A' })
    it.post(first('A', '1'))
    it.post({ header: header('A', '1', 2), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', 200)], final: true })
    expect(it.post({ header: header('A', '1', 3), commands: [status(1, 2, 0, 'SyncHdr', 200), status(2, 2, 2, 'Get', 404)], final: true })).toBe(
      '3: Status 0=200, Final',
    )
    expect(asked).toEqual([
      [0, []],
      [1, [[['./A', 200]]]],
      [2, [[['./B', 404]]]],
    ])
  })

  test('a device never read is greeted with ./DevDetail once', () => {
    const it = bench({ greet: true })
    expect(it.post(first('A', '1'))).toContain(
      'Get ./DevDetail/FwV, Get ./DevDetail/SwV, Get ./DevDetail/HwV, Get ./DevDetail/DevTyp, Get ./DevDetail/OEM, Get ./DevDetail/LrgObj, Final',
    )
    const results: Command = { kind: 'Results', cmdId: '3', msgRef: '1', cmdRef: '4', items: [{ source: { locUri: './DevDetail/FwV' }, data: '7' }] }
    it.post({ header: header('A', '1', 2), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', 200), results], final: true })
    expect(it.post(first('A', '2'))).toBe('1: Status 0=212, Status 1=200, Status 2=200, Final')
    expect(it.ledger.value('A', './DevDetail/FwV')?.data).toBe('7')
  })
})

describe('findings on odd clients', () => {
  const rules = (it: Bench): string[] =>
    it.effects.flatMap((effect) => (effect.type === 'note' && effect.note.finding !== undefined ? [effect.note.finding.rule] : []))
  const open = (): Bench => {
    const it = bench()
    it.queue('o', 'A', [get('./1'), get('./2')])
    it.post(first('A', '1'))
    return it
  }

  test('a command without its Status: told, the order failed', () => {
    const it = open()
    it.post({ header: header('A', '1', 2), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', 200)], final: true })
    expect(rules(it)).toEqual(['status.missing'])
    expect(it.ledger.orderMap.get('o')).toMatchObject({ state: 'failed', outcomes: [{ code: 200 }, { code: 0, data: 'the device sent no Status' }] })
  })

  test('a Status for a Status, an unknown reference, SyncHdr not first: told, tolerated (pytune, hs20)', () => {
    const it = open()
    const odd = [
      status(1, 1, 1, 'Status', 200),
      status(2, 1, 5, 'Get', 200),
      status(3, 1, 4, 'Get', 200),
      status(4, 1, 99, 'Get', 200),
      { ...status(5, 1, 0, 'SyncHdr', 200), cmdRef: '' } as Command,
    ]
    expect(it.post({ header: header('A', '1', 2), commands: odd, final: true })).toBe('2: Status 0=200, Final')
    expect(rules(it).sort()).toEqual(['status.first', 'status.of.status', 'status.order', 'status.unknown'])
    expect(it.state('o')).toBe('done')
  })

  test('MsgID out of order, CmdID twice, Get from a client: told; the Get is answered 405', () => {
    const it = open()
    const commands = [
      status(1, 1, 0, 'SyncHdr', 200),
      status(2, 1, 4, 'Get', 200),
      status(2, 1, 5, 'Get', 200),
      { ...get('./X'), cmdId: '7' } as Command,
    ]
    expect(it.post({ header: header('A', '1', 9), commands, final: true })).toBe('2: Status 0=200, Status 7=405, Final')
    expect(rules(it).sort()).toEqual(['cmd.client', 'cmd.cmdid.duplicate', 'hdr.msgid.order'])
  })

  test('a finding points at its bytes', () => {
    const it = open()
    const frame = post({
      header: header('A', '1', 9),
      commands: [status(1, 1, 0, 'SyncHdr', 200), { ...get('./X'), cmdId: '7' } as Command],
      final: true,
    })
    it.post(frame)
    const note = it.effects.find((effect) => effect.type === 'note' && effect.note.finding?.rule === 'cmd.client')
    const { offset, length } = (note?.type === 'note' && note.note.finding) || { offset: 0, length: 0 }
    expect(new TextDecoder().decode(frame.bytes.subarray(offset, offset + length))).toBe(
      '<Get><CmdID>7</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Get>',
    )
  })

  test('dm 9: Results without MsgRef are those of message 1', () => {
    const it = open()
    const xml = new TextDecoder().decode(
      post({
        header: header('A', '1', 2),
        commands: [
          status(1, 1, 0, 'SyncHdr', 200),
          status(2, 1, 4, 'Get', 200),
          status(3, 1, 5, 'Get', 404),
          { kind: 'Results', cmdId: '4', msgRef: '1', cmdRef: '4', items: [{ source: { locUri: './1' }, data: 'v' }] },
        ],
        final: true,
      }).bytes,
    )
    it.post({ ...post(first('A', '1')), bytes: utf8Bytes(xml.replace('<Results><CmdID>4</CmdID><MsgRef>1</MsgRef>', '<Results><CmdID>4</CmdID>')) })
    expect(it.ledger.value('A', './1')?.data).toBe('v')
  })
})

describe('an answer changed in the stepper', () => {
  test('new CmdIDs are known, what was taken out counts as never sent', () => {
    const it = bench()
    it.queue('o', 'A', [get('./1'), exec('./Run')])
    it.post(first('A', '1'))
    const { message } = decode(it.last.bytes, 'xml')
    const changed = {
      ...message,
      commands: message.commands
        .filter((command) => command.kind !== 'Exec')
        .map((command) => (command.kind === 'Get' ? { ...command, cmdId: '77' } : command)),
    }
    it.input({ type: 'edited', link: it.link, frame: post(changed, '') })
    it.post({ header: header('A', '1', 2), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 77, 'Get', 200)], final: true })
    expect(it.effects.some((effect) => effect.type === 'note' && effect.note.finding !== undefined)).toBe(false)
    expect(it.ledger.orderMap.get('o')).toMatchObject({
      state: 'failed',
      outcomes: [
        { command: 0, code: 200 },
        { command: 1, code: 0, data: 'not sent: taken out of the message before it left' },
      ],
    })
  })

  test('the answer of a session that is over is there though the blocks it came and left in hold something else', () => {
    const it = bench()
    const once = post(first('A', '1'))
    const { bytes } = once
    const block = new Uint8Array(bytes)
    it.post({ ...once, bytes: block })
    const said = new Uint8Array(it.last.bytes)
    block.fill(0)
    it.last.bytes.fill(0)
    it.post(once)
    expect(it.last.bytes).toEqual(said)
    expect(it.sessions()).toEqual([])
  })

  test('a resend gets the changed answer', () => {
    const it = bench()
    it.queue('o', 'A', [get('./1')])
    it.post(first('A', '1'))
    const { message } = decode(it.last.bytes, 'xml')
    const changed = post(
      { ...message, commands: message.commands.map((command) => (command.kind === 'Get' ? { ...command, cmdId: '78' } : command)) },
      '',
    )
    it.input({ type: 'edited', link: it.link, frame: changed })
    it.post(first('A', '1'))
    expect(it.last.bytes).toEqual(changed.bytes)
  })
})

test.each(['xml', 'wbxml'] as const)('a device of DM 1.1.2 is answered in its own version, in %s, and a finding says so', (encoding) => {
  const it = bench()
  const old = { verDtd: '1.1', verProto: 'DM/1.1' }
  it.queue('o', 'A', [get('./DevDetail/FwV')])
  expect(it.post(post(first('A', '1', { ...old, cred: USER }), '/dm', encoding))).toBe(
    '1: Status 0=212, Status 1=200, Status 2=200, Get ./DevDetail/FwV, Final',
  )
  const findings = it.effects.flatMap((effect) => (effect.type === 'note' && effect.note.finding !== undefined ? [effect.note.finding.rule] : []))
  expect(findings).toEqual(['hdr.version.11'])
  const answer = decode(it.last.bytes, encoding).message.header
  expect([answer.verDtd, answer.verProto]).toEqual(['1.1', 'DM/1.1'])
  if (encoding === 'xml') expect(new TextDecoder().decode(it.last.bytes)).toContain('<SyncML xmlns="SYNCML:SYNCML1.1">')
  else expect([...it.last.bytes.subarray(0, 3)]).toEqual([2, 0x9f, 0x53])
  const results: Command = { kind: 'Results', cmdId: '3', msgRef: '1', cmdRef: '4', items: [{ source: { locUri: './DevDetail/FwV' }, data: '1' }] }
  const reply = { header: header('A', '1', 2, old), commands: [status(1, 1, 0, 'SyncHdr', 200), status(2, 1, 4, 'Get', 200), results], final: true }
  expect(it.post(post(reply, '/dm', encoding))).toBe('2: Status 0=200, Final')
  expect(it.state('o')).toBe('done')
  for (const odd of [
    { ...old, verProto: 'DM/1.2' },
    { ...old, verDtd: '1.0' },
  ])
    expect(it.post(first('A', '2', { ...odd, cred: USER }))).toBe('1: Status 0=505, Status 1=505, Status 2=505, Final')
})
