// `dmlab modem` against a scripted modem on a real pseudo-terminal: how it fares, a push sent, what comes in, and every way to end.
import { afterAll, expect, test } from 'vitest'
import { encodeDeliver, encodeStatusReport, pduHex, pduOctets, tpduLength } from '../../core/notify/pdu.ts'
import { readPdu } from '../../core/notify/pduread.ts'
import { smsUserData } from '../../core/notify/sms.ts'
import { scriptedModem } from '../node/modemrig.ts'
import type { ScriptedModem } from '../node/modemrig.ts'
import { has } from '../support/needs.ts'
import { hexOf } from '../../core/syncml/text.ts'
import { dmlabHere as dmlab } from './dmlab.ts'
import { running } from './running.ts'

const bench = test.skipIf(!has('socat'))
const name = (what: string): string => `${what}${has('socat') ? '' : ' (needs socat: apt-get install socat)'}`
const NUMBER = '+491701234567'
const AT = '2026-11-21T16:05:00+01:00'
const PUSH = new Uint8Array(200).map((_, i) => i)

const modems: ScriptedModem[] = []
const modem = async (...args: Parameters<typeof scriptedModem>): Promise<ScriptedModem> => {
  const one = await scriptedModem(...args)
  modems.push(one)
  return one
}
afterAll(async () => void (await Promise.all(modems.map((one) => one.unplug()))))

bench(name('list: ports, and with --port how the modem there fares; a PIN is asked for and taken'), async () => {
  const one = await modem()
  const state = JSON.parse((await dmlab(['modem', 'list', '--json'])).text) as { ports: unknown[] }
  expect(Array.isArray(state.ports)).toBe(true)
  const row = await dmlab(['modem', 'list', '--port', one.path])
  expect(row).toMatchObject({ code: 0, err: '', text: `${one.path}  Acme Tester 1  SIM ready  -79 dBm  Bench Net\n` })
  expect(JSON.parse((await dmlab(['modem', 'list', '--port', one.path, '--json'])).text)).toMatchObject({ sim: 'ready', dbm: -79 })
  let open = false
  const locked = await modem({
    answer: (command) => {
      if (command === 'AT+CPIN="2468"') open = true
      return command === 'AT+CPIN?' && !open ? '+CPIN: SIM PIN\r\n\r\nOK' : undefined
    },
  })
  expect(await dmlab(['modem', 'list', '--port', locked.path])).toMatchObject({
    code: 1,
    text: '',
    err: `dmlab: ${locked.path}: the SIM wants its PIN (give it: --pin)\n`,
  })
  expect((await dmlab(['modem', 'list', '--port', locked.path, '--pin', '2468'])).code).toBe(0)
  expect(await dmlab(['modem', 'list', '--port', one.path, '--baud', 'fast'])).toMatchObject({ code: 2, err: 'dmlab: --baud fast: no number\n' })
  expect(await dmlab(['modem', 'list', '--port', '/dev/ttyNOT0'])).toMatchObject({ code: 1 })
})

bench(name('send: a long push in parts; printed instead; refused by the network; nobody there'), async () => {
  const one = await modem()
  const to = `sms:${NUMBER}?port=${one.path}&report=no`
  const sent = await dmlab(['modem', 'send', '--to', to, hexOf(PUSH)])
  expect(sent).toMatchObject({ code: 0, err: '', text: `sent through ${one.path} to ${NUMBER}: reference 41, reference 42\n` })
  const carried = one.pdus.flatMap((hex) => [...readPdu(pduOctets(hex), 'to the network').payload])
  expect(carried).toEqual([...PUSH])
  const printed = await dmlab(['modem', 'send', '--to', to, '--print', hexOf(PUSH)])
  const [command = '', hex = ''] = printed.text.split('\n')
  expect(one.pdus).toHaveLength(2)
  expect(command).toBe(`AT+CMGS=${String(tpduLength(pduOctets(hex)))}`)
  one.behaviour = { pdu: () => '+CMS ERROR: 38' }
  expect(await dmlab(['modem', 'send', '--to', to, 'AABB'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('+CMS ERROR 38: the network is out of order'),
  })
  expect(await dmlab(['modem', 'send', '--to', 'sms:+49?colour=red', 'AABB'])).toMatchObject({ code: 1 })
  expect(await dmlab(['modem', 'send', '--to', to, 'AAB'])).toMatchObject({ code: 2, text: '' })
  expect((await dmlab(['modem', 'send', 'AABB'])).code).toBe(2)
})

test('decode: a PDU to the network and one from it, field by field; rubbish is unreadable input', async () => {
  const [userData = new Uint8Array()] = smsUserData(PUSH.subarray(0, 20), 7)
  const came = pduHex(encodeDeliver({ from: NUMBER, at: AT, userData, header: true }))
  const told = await dmlab(['modem', 'decode', came])
  expect(told.code).toBe(0)
  expect(told.text).toMatch(/^SMS from \+491701234567/)
  expect(told.text).toMatch(/^bits +field +value +meaning\n0-7 +SMSC length +0 /m)
  const report = pduHex(encodeStatusReport({ reference: 41, number: NUMBER, at: AT, done: AT, status: 0 }))
  expect(JSON.parse((await dmlab(['modem', 'decode', report, '--json'])).text)).toMatchObject({ kind: 'status report', hex: report })
  expect(await dmlab(['modem', 'decode', '0011', '--sent'])).toMatchObject({ code: 2, text: '', err: 'dmlab: octet 2: ends before TP-MR\n' })
})

bench(
  name('listen: one line for each message that comes in, as JSON too; interrupted it ends with 0, and with 1 when the modem is pulled out'),
  async () => {
    const one = await modem()
    const [userData = new Uint8Array()] = smsUserData(PUSH.subarray(0, 20), 7)
    const came = encodeDeliver({ from: NUMBER, at: AT, userData, header: true })
    const hears = running(['modem', 'listen', '--port', one.path, '--json'])
    expect(JSON.parse(await hears.line(0))).toMatchObject({ path: one.path, listening: true })
    one.says(`+CMT: ,${String(tpduLength(came))}`, pduHex(came))
    expect(JSON.parse(await hears.line(1))).toMatchObject({ from: NUMBER, bytes: hexOf(PUSH.subarray(0, 20)) })
    expect(await hears.stop()).toBe(0)
    const again = running(['modem', 'listen', '--port', one.path])
    expect(await again.line(0)).toBe(`listening: ${one.path}  Acme Tester 1  SIM ready  -79 dBm  Bench Net`)
    const ended = new Promise((resolve) => again.process.once('close', resolve))
    await one.unplug()
    expect(await ended).toBe(1)
    expect(again.err()).toBe(`dmlab: ${one.path}: the port is gone: the modem was pulled out or switched off\n`)
  },
  60_000,
)
