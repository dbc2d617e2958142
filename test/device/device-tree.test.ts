// A client with a real management tree behind it, joined with a real server: groups, queries and large values over the wire, in both encodings.
import { describe, expect, test } from 'vitest'
import { makeDevice } from '../../core/device/profile.ts'
import type { Command } from '../../core/syncml/message.ts'
import { CLIENT_ACCOUNT, DEVICE, get, Pair, replace, SERVER_URI } from '../session/support.ts'

const PLAY = './Vendor/DMLab'
const add = (locUri: string, data?: string): Command => ({
  kind: 'Add',
  cmdId: '',
  items: [{ target: { locUri }, ...(data === undefined ? { meta: { format: 'node' } } : { data }) }],
})

function joined(encoding: 'xml' | 'wbxml', serverMax = 16384): Pair {
  const { performer } = makeDevice({ id: DEVICE, serverUri: SERVER_URI })
  return new Pair(
    { wire: { encoding }, performer, account: { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' } },
    { settings: { maxMsgSize: serverMax } },
  )
}

const codes = (pair: Pair, id: string): number[] => pair.order(id).outcomes.map(({ code }) => code)

describe.each(['xml', 'wbxml'] as const)('over %s', (encoding) => {
  test('Add, Get, Replace, Delete on the playground come back with their codes and values', () => {
    const pair = joined(encoding)
    pair.queue('a', [
      add(`${PLAY}/s`),
      add(`${PLAY}/s/x`, 'one'),
      get(`${PLAY}/s/x`),
      replace(`${PLAY}/s/x`, 'two'),
      get(`${PLAY}/s`),
      { kind: 'Delete', cmdId: '', items: [{ target: { locUri: `${PLAY}/s` } }] },
      get(`${PLAY}/s`),
    ])
    expect(pair.run().detail).toMatchObject({ state: 'completed' })
    expect(codes(pair, 'a')).toEqual([200, 200, 200, 200, 200, 200, 404])
    expect(pair.order('a').outcomes.map(({ data }) => data)).toEqual(['', '', 'one', '', 'x', '', ''])
    expect(pair.problems()).toEqual([])
  })

  test('dm 32: a failing Atomic: 507, the child before rolled back (216), the one after not done (215), the tree as before', () => {
    const pair = joined(encoding)
    pair.queue('a', [
      add(`${PLAY}/s`),
      { kind: 'Atomic', cmdId: '', commands: [add(`${PLAY}/s/x`, '1'), replace('./Nope', '1'), add(`${PLAY}/s/y`, '1')] },
      get(`${PLAY}/s`),
    ])
    pair.run()
    expect(codes(pair, 'a')).toEqual([200, 507, 216, 404, 215, 200])
    expect(pair.order('a').outcomes.at(-1)?.data).toBe('')
  })

  test('dm 31: Get inside Atomic: 500 for it, and the Atomic fails', () => {
    const pair = joined(encoding)
    pair.queue('a', [{ kind: 'Atomic', cmdId: '', commands: [get('./DevInfo/Man')] }])
    pair.run()
    expect(codes(pair, 'a')).toEqual([507, 500])
    expect(pair.problems()).toContain('cmd.atomic.get')
  })

  test('dm 33: Sequence: 200 once started, its children one by one, the failing one too', () => {
    const pair = joined(encoding)
    pair.queue('a', [{ kind: 'Sequence', cmdId: '', commands: [get('./Nope'), get('./DevInfo/Man')] }])
    pair.run()
    expect(codes(pair, 'a')).toEqual([200, 404, 200])
  })

  test('dm 27, 28, 39: 404, 405 and nothing created', () => {
    const pair = joined(encoding)
    pair.queue('a', [replace(`${PLAY}/nothing`, 'x'), { kind: 'Delete', cmdId: '', items: [{ target: { locUri: '.' } }] }, get(`${PLAY}/nothing`)])
    pair.run()
    expect(codes(pair, 'a')).toEqual([404, 405, 404])
  })

  test('dm 25: a whole sub-tree as TNDS through small messages', () => {
    const whole = joined(encoding)
    whole.queue('a', [get('./DevDetail?list=TNDS')])
    whole.run()
    const small = joined(encoding, 1300)
    small.queue('a', [get('./DevDetail?list=TNDS')])
    small.run()
    expect(small.wire.length).toBeGreaterThan(whole.wire.length)
    expect(small.order('a').outcomes[0]?.data).toBe(whole.order('a').outcomes[0]?.data)
    expect(whole.order('a').outcomes[0]?.data).toContain('FwV')
  })
})
