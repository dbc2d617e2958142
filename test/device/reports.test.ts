// Generic alerts owed after a 202: in the next message of the session, else in a session of the device's own; never lost, never said twice.
import { describe, expect, test } from 'vitest'
import type { Client } from '../../core/device/client.ts'
import { PLAYGROUND } from '../../core/device/profile.ts'
import { ReportBox } from '../../core/device/reports.ts'
import type { Alert, Command } from '../../core/syncml/message.ts'
import { get } from '../session/support.ts'
import { World } from '../session/world.ts'

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

/** A world, and its alerts in words. */
function world() {
  const it = new World()
  const alerts = (): string[] => it.pair.ledger.alerts.map(({ correlator, items }) => `${correlator}=${items[0]?.data ?? ''}`)
  const hold = async (client: Client): Promise<string[]> => (await it.hold(client)).map((end) => end.outcome)
  return { it, pair: it.pair, alerts, hold }
}

describe('where a report goes', () => {
  test('dm 35: in the next message of the session, when there is one; the 202 came before', async () => {
    const { it, pair, hold, alerts } = world()
    pair.queue('o', [later('c42')])
    let asked = false
    const client = it.client()
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
    const { it, pair, hold, alerts } = world()
    pair.queue('o', [later('a'), later('b')])
    expect(await hold(it.client())).toEqual(['completed', 'completed'])
    expect(alerts()).toEqual(['a=a', 'b=b'])
  })

  test('a job that takes its time: the device waits for it, then reports', async () => {
    const { it, hold, alerts } = world()
    const client = it.client()
    client.machine.input({ type: 'report', alert: ALERT, afterMs: 5000 })
    expect(await hold(client)).toEqual(['completed', 'completed'])
    expect([alerts(), it.waits.filter((ms) => ms < 60_000)]).toEqual([['c42=done'], [5000]])
  })
})

describe('nothing is lost', () => {
  test('dm 20: a session that fails leaves the report owed, in the state too; the next one says it', async () => {
    const { it, hold, alerts } = world()
    const client = it.client()
    for (const record of client.machine.input({ type: 'report', alert: ALERT })) if (record.type === 'save') client.remember(record.record)
    it.line = false
    expect(await hold(client)).toEqual(['failed'])
    const state = JSON.parse(JSON.stringify(client.state())) as unknown
    it.line = true
    const again = it.client({}, state)
    expect(again.machine.owes).not.toBeNull()
    expect(await hold(again)).toEqual(['completed'])
    expect(alerts()).toEqual(['c42=done'])
    expect(it.client({}, JSON.parse(JSON.stringify(again.state()))).machine.owes).toBeNull()
  })

  test('a challenge does not swallow it: it goes again with the credentials, and counts once', async () => {
    const { it, pair, hold, alerts } = world()
    const client = it.client()
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
