// The DM client as a machine: what goes in, exactly what comes out; odd orders give one problem note; nonces survive.
import { describe, expect, test } from 'vitest'
import { DmClient } from '../../core/device/device.ts'
import type { ClientOptions, ClientRecord } from '../../core/device/device.ts'
import type { Effect, Frame } from '../../core/machine.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Command, Message } from '../../core/syncml/message.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'
import { CLIENT_ACCOUNT, DEVICE, fixedEnv, FlatDevice, get, SERVER_URI, tell } from '../session/support.ts'

const LINK = { link: 1 }

function client(options: Partial<ClientOptions> = {}): DmClient {
  const account = { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' as const, serverPassword: '' }
  return new DmClient({
    serverUri: SERVER_URI,
    deviceId: DEVICE,
    account,
    wire: { encoding: 'xml' },
    performer: new FlatDevice(),
    env: fixedEnv(),
    ...options,
  })
}

function lines(effects: readonly Effect<ClientRecord>[]): string[] {
  return effects.map((effect) => {
    switch (effect.type) {
      case 'note':
        return `${effect.note.topic}: ${effect.note.text}`
      case 'send':
        return `send ${String(effect.link.link)} to ${effect.frame.uri}: ${tell(decode(effect.frame.bytes, effect.frame.encoding).message)}`
      case 'timer':
        return `timer ${effect.id} ${String(effect.ms)}`
      default:
        return effect.type
    }
  })
}

const status = (cmdId: number, msgRef: number, cmdRef: number, code: number): Command => ({
  kind: 'Status',
  cmdId: String(cmdId),
  msgRef: String(msgRef),
  cmdRef: String(cmdRef),
  cmd: cmdRef === 0 ? 'SyncHdr' : 'Alert',
  targetRefs: [],
  sourceRefs: [],
  code,
  items: [],
})

function answer(msgId: number, commands: readonly Command[], more: Partial<Message> & { respUri?: string; sessionId?: string } = {}): Frame {
  const { respUri, sessionId } = more
  const header = {
    verDtd: '1.2',
    verProto: 'DM/1.2',
    sessionId: sessionId ?? '1A',
    msgId: String(msgId),
    target: { locUri: DEVICE },
    source: { locUri: SERVER_URI },
    ...(respUri === undefined ? {} : { respUri }),
  }
  const bytes = encode({ header, commands, final: more.final ?? true }, { encoding: 'xml' })
  return { bytes, encoding: 'xml', contentType: 'application/vnd.syncml.dm+xml', headers: [], uri: '' }
}

const START = { type: 'start', initiated: 'client', sessionId: '1A' } as const
const OK = [status(1, 1, 0, 212), status(2, 1, 1, 200), { ...status(3, 1, 2, 200), cmd: 'Replace' } as Command]

test('a whole session, effect by effect', () => {
  const device = client()
  expect(lines(device.input(START))).toEqual([
    `session: session 1A with ${SERVER_URI} begins`,
    `send 1 to ${SERVER_URI}: 1: Alert 1201, Replace -, Final`,
    'timer answer 120000',
  ])
  const work = [...OK, { ...get('./DevDetail/FwV'), cmdId: '4' } as Command]
  expect(lines(device.input({ type: 'frame', link: LINK, frame: answer(1, work, { respUri: 'http://other/dm?x=1' }) }))).toEqual([
    'auth: the server accepted our credentials',
    'send 2 to http://other/dm?x=1: 2: Status 0=200, Status 4=200, Results 4, Final',
    'timer answer 120000',
  ])
  expect(lines(device.input({ type: 'frame', link: { link: 2 }, frame: answer(2, [status(1, 2, 0, 200)]) }))).toEqual([
    'timer answer null',
    `session: session 1A with ${SERVER_URI} completed`,
  ])
  expect(device.busy).toBe(false)
})

test('dm 13: SessionIDs of its own are 16-bit upper-case hex without leading zeros, and not always the same', () => {
  const ids = [1, 2, 3, 4, 5].map((seed) => {
    const sent = client({ env: fixedEnv(seed) })
      .input({ type: 'start', initiated: 'client' })
      .find((effect) => effect.type === 'send')
    return sent?.type === 'send' ? decode(sent.frame.bytes, 'xml').message.header.sessionId : ''
  })
  for (const id of ids) expect(id).toMatch(/^[1-9A-F][0-9A-F]{0,3}$/)
  expect(new Set(ids).size).toBeGreaterThan(3)
})

describe('out of order: one problem note, and nothing moves', () => {
  const one = (effects: readonly Effect<ClientRecord>[]): string[] =>
    effects.map((effect) => (effect.type === 'note' ? effect.note.topic : effect.type))
  test('a frame before any session', () => expect(one(client().input({ type: 'frame', link: LINK, frame: answer(1, OK) }))).toEqual(['problem']))
  test('a second start', () => {
    const device = client()
    device.input(START)
    expect(one(device.input(START))).toEqual(['problem'])
  })
  test('a frame on another link', () => {
    const device = client()
    device.input(START)
    expect(one(device.input({ type: 'frame', link: { link: 99 }, frame: answer(1, OK) }))).toEqual(['problem'])
    expect(device.busy).toBe(true)
  })
  test('a timer or an answer that is none of ours', () => {
    expect(one(client().input({ type: 'timer', id: 'x' }))).toEqual(['problem'])
    expect(one(client().input({ type: 'answer', id: 'x', value: 1 }))).toEqual(['problem'])
  })
})

describe('ends that are none of ours', () => {
  const ended = (device: DmClient, input: Parameters<DmClient['input']>[0]): unknown => {
    device.input(START)
    const note = device.input(input).find((effect) => effect.type === 'note' && effect.note.topic === 'session')
    expect(device.busy).toBe(false)
    return note?.type === 'note' ? [note.note.detail?.['state'], note.note.detail?.['reason']] : null
  }
  test('no answer', () =>
    expect(ended(client(), { type: 'gone', link: LINK, reason: 'connection refused' })).toEqual(['failed', 'connection refused']))
  test('too late', () =>
    expect(ended(client({ settings: { answerMs: 50 } }), { type: 'timer', id: 'answer' })).toEqual(['timed out', 'no answer within 50 ms']))
  test('garbage', () => {
    const [state, reason] = ended(client(), { type: 'frame', link: LINK, frame: { ...answer(1, OK), bytes: utf8Bytes('<html>') } }) as string[]
    expect([state, reason?.startsWith('the answer cannot be read: byte ')]).toEqual(['failed', true])
  })
  test('401 without a challenge', () => {
    expect(ended(client(), { type: 'frame', link: LINK, frame: answer(1, [status(1, 1, 0, 401)]) })).toEqual([
      'failed',
      'the server refuses this device: 401 for our credentials, without a challenge',
    ])
  })
  test('503 for the SyncHdr', () =>
    expect(ended(client(), { type: 'frame', link: LINK, frame: answer(1, [status(1, 1, 0, 503)]) })).toEqual([
      'failed',
      'the server answered 503 for the SyncHdr',
    ]))
})

test('dm 14: the client sends nothing after a server package with Final that holds only Status', () => {
  const device = client()
  device.input(START)
  expect(device.input({ type: 'frame', link: LINK, frame: answer(1, OK) }).some((effect) => effect.type === 'send')).toBe(false)
})

test('dm 18: an open server package is answered with Alert 1222 and without Final', () => {
  const device = client()
  device.input(START)
  const part = [...OK, { ...get('./Nope'), cmdId: '4' } as Command]
  expect(lines(device.input({ type: 'frame', link: LINK, frame: answer(1, part, { final: false }) }))[1]).toBe(
    `send 2 to ${SERVER_URI}: 2: Status 0=200, Status 4=404, Alert 1222`,
  )
  expect(
    lines(
      device.input({ type: 'frame', link: { link: 2 }, frame: answer(2, [status(1, 2, 0, 200), { ...get('./Nope'), cmdId: '2' } as Command]) }),
    )[0],
  ).toBe(`send 3 to ${SERVER_URI}: 3: Status 0=200, Status 2=404, Final`)
})

test('a repeated CmdID (foreign servers): told, performed all the same', () => {
  const device = client()
  device.input(START)
  const effects = device.input({ type: 'frame', link: LINK, frame: answer(1, [...OK, { ...get('./DevDetail/FwV'), cmdId: '1' } as Command]) })
  expect(effects.flatMap((effect) => (effect.type === 'note' && effect.note.finding !== undefined ? [effect.note.finding.rule] : []))).toEqual([
    'cmd.cmdid.duplicate',
  ])
  expect(lines(effects).some((line) => line.endsWith('Status 1=200, Results 1, Final'))).toBe(true)
})

test('a RespURI that is none is told and not followed', () => {
  const device = client()
  device.input(START)
  const effects = lines(
    device.input({
      type: 'frame',
      link: LINK,
      frame: answer(1, [...OK, { ...get('./X'), cmdId: '4' } as Command], { respUri: 'file:///etc/passwd' }),
    }),
  )
  expect(effects.some((line) => line.startsWith('problem: RespURI is no absolute'))).toBe(true)
  expect(effects.some((line) => line.startsWith(`send 2 to ${SERVER_URI}:`))).toBe(true)
})

test('nonces are saved before the message that depends on them leaves', () => {
  const device = client({ account: CLIENT_ACCOUNT, nonces: { client: { text: 'bm9uY2U=' }, server: null, reading: null } })
  device.input(START)
  const chal = { meta: { format: 'b64', type: 'syncml:auth-md5', nextNonce: { text: 'bmV4dA==' } } }
  const effects = device.input({
    type: 'frame',
    link: LINK,
    frame: answer(1, [{ ...OK[0], chal } as Command, ...OK.slice(1), { ...get('./X'), cmdId: '4' } as Command]),
  })
  expect(effects.map((effect) => effect.type)).toEqual(['save', 'note', 'send', 'timer'])
  expect(effects[0]).toEqual({ type: 'save', record: { kind: 'nonces', nonces: { client: { text: 'bmV4dA==' }, server: null, reading: null } } })
})
