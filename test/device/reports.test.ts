// Generic alerts owed after a 202: in the next message of the session, else in a session of the device's own; never lost, never said twice.
import { describe, expect, test } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import type { Client } from '../../core/device/client.ts'
import { PLAYGROUND } from '../../core/device/profile.ts'
import { ReportBox } from '../../core/device/reports.ts'
import { runDevice } from '../../core/lab/runner.ts'
import type { Post } from '../../core/lab/runner.ts'
import type { Alert, Command } from '../../core/syncml/message.ts'
import { ACCOUNT, DEVICE, fixedEnv, get, Pair, SERVER_URI } from '../session/support.ts'

const ALERT: Alert = {
  kind: 'Alert',
  cmdId: '',
  code: 1226,
  data: '1226',
  correlator: 'c42',
  items: [{ meta: { type: 'x', format: 'chr' }, data: 'done' }],
}
const later = (correlator: string): Command => ({
  kind: 'Exec',
  cmdId: '',
  correlator,
  items: [{ target: { locUri: `${PLAYGROUND}/Ops/Later` }, data: correlator }],
})

const SETUP = {
  id: DEVICE,
  serverUri: SERVER_URI,
  user: ACCOUNT.userName,
  password: ACCOUNT.password,
  serverId: ACCOUNT.serverId,
  serverPassword: ACCOUNT.serverPassword,
  auth: 'syncml:auth-md5' as const,
  encoding: 'xml' as const,
}

/** A server (the pair's) and a device that comes and goes; `cut` makes posts fail. */
function world() {
  const pair = new Pair()
  let elapsed = 0
  const env = { ...fixedEnv(7), now: () => 1_700_000_000_000 + elapsed }
  let link = 0
  let cut = false
  const post: Post = async (frame) => {
    if (cut) throw new Error('no line')
    const answer = pair.serve({ type: 'frame', link: { link: ++link }, frame: { ...frame, uri: frame.uri.replace(/^https:\/\/[^/]+/, '') } })
    return { httpStatus: 200, frame: answer ?? null, text: '' }
  }
  const waits: number[] = []
  const clock = {
    now: env.now,
    mono: () => 0,
    soon: (call: () => void) => queueMicrotask(call),
    after: (ms: number, call: () => void) => {
      waits.push(ms)
      // The short waits are those for a job; the answer's own limit never passes here.
      if (ms < 60_000)
        queueMicrotask(() => {
          elapsed += ms
          call()
        })
      return () => {}
    },
  }
  const hold = async (client: Client) => {
    const save = (record: Parameters<Client['remember']>[0]): void => client.remember(record)
    return (await runDevice(() => ({ machine: client.machine, post, clock, save }), { type: 'start', initiated: 'client' })).map((end) => end.outcome)
  }
  const alerts = (): string[] => pair.ledger.alerts.map(({ correlator, items }) => `${correlator}=${items[0]?.data ?? ''}`)
  return { pair, env, hold, alerts, waits, line: (up: boolean) => void (cut = !up) }
}

describe('where a report goes', () => {
  test('dm 35: in the next message of the session, when there is one; the 202 came before', async () => {
    const { pair, env, hold, alerts } = world()
    pair.queue('o', [later('c42')])
    let asked = false
    const client = makeClient(SETUP, env)
    // A second order taken in the round after keeps the session going.
    const serve = pair.serve.bind(pair)
    pair.serve = (input) => {
      if (!asked && pair.ledger.orderMap.get('o')?.state === 'sent') {
        asked = true
        pair.queue('p', [get('./DevDetail/FwV')])
      }
      return serve(input)
    }
    expect(await hold(client)).toEqual(['completed'])
    expect([pair.order('o').outcomes[0]?.code, alerts()]).toEqual([202, ['c42=c42']])
    expect(client.machine.owes).toBeNull()
  })

  test('dm 35: in a session of its own where the server had nothing more to say', async () => {
    const { pair, env, hold, alerts } = world()
    pair.queue('o', [later('a'), later('b')])
    expect(await hold(makeClient(SETUP, env))).toEqual(['completed', 'completed'])
    expect(alerts()).toEqual(['a=a', 'b=b'])
  })

  test('a job that takes its time: the device waits for it, then reports', async () => {
    const { env, hold, alerts, waits } = world()
    const client = makeClient(SETUP, env)
    client.machine.input({ type: 'report', alert: ALERT, afterMs: 5000 })
    expect(await hold(client)).toEqual(['completed', 'completed'])
    expect([alerts(), waits.filter((ms) => ms < 60_000)]).toEqual([['c42=done'], [5000]])
  })
})

describe('nothing is lost', () => {
  test('dm 20: a session that fails leaves the report owed, in the state too; the next one says it', async () => {
    const { env, hold, alerts, line } = world()
    const client = makeClient(SETUP, env)
    for (const record of client.machine.input({ type: 'report', alert: ALERT })) if (record.type === 'save') client.remember(record.record)
    line(false)
    expect(await hold(client)).toEqual(['failed'])
    const state = JSON.parse(JSON.stringify(client.state())) as unknown
    line(true)
    const again = makeClient(SETUP, env, state)
    expect(again.machine.owes).not.toBeNull()
    expect(await hold(again)).toEqual(['completed'])
    expect(alerts()).toEqual(['c42=done'])
    expect(makeClient(SETUP, env, JSON.parse(JSON.stringify(again.state()))).machine.owes).toBeNull()
  })

  test('a challenge does not swallow it: it goes again with the credentials, and counts once', async () => {
    const { pair, env, hold, alerts } = world()
    const client = makeClient(SETUP, env)
    client.machine.input({ type: 'report', alert: ALERT })
    expect(await hold(client)).toEqual(['completed'])
    expect(pair.notes.some((note) => note.topic === 'auth')).toBe(true)
    expect(alerts()).toEqual(['c42=done'])
  })

  test('the box: due, left, again, answered', () => {
    let now = 0
    const box = new ReportBox(() => now, [{ alert: ALERT, due: 10 }])
    expect([box.next, box.due()]).toEqual([10, []])
    now = 10
    expect(box.due().map(({ id }) => id)).toEqual([1])
    box.left(1)
    expect(box.due()).toEqual([])
    box.answered(1, 401)
    box.again()
    expect(box.due()).toHaveLength(1)
    expect(box.takeSave()).toBeNull()
    box.answered(1, 412)
    expect([box.next, box.takeSave(), box.takeSave()]).toEqual([null, [], null])
  })
})
