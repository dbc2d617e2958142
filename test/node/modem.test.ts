// SMS through a serial modem: a real lab, a real pseudo-terminal, a scripted modem behind it; what is sent, what is reported, and every way to fail.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeDeliver, encodeStatusReport, pduHex, pduOctets, tpduLength } from '../../core/notify/pdu.ts'
import { readPdu as readSmsPdu } from '../../core/notify/pduread.ts'
import { notification, readPdu, toPdu } from '../../core/notify/push.ts'
import { smsUserData } from '../../core/notify/sms.ts'
import { trigger } from '../../core/syncml/package0.ts'
import { concat } from '../../core/syncml/text.ts'
import { has } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { scriptedModem } from './modemrig.ts'
import type { ScriptedModem } from './modemrig.ts'

const bench = test.skipIf(!has('socat'))
const name = (what: string): string => `${what}${has('socat') ? '' : ' (needs socat: apt-get install socat)'}`

let lab: RealLab
const modems: ScriptedModem[] = []
const modem = async (...args: Parameters<typeof scriptedModem>): Promise<ScriptedModem> => {
  const one = await scriptedModem(...args)
  modems.push(one)
  return one
}

beforeAll(async () => {
  lab = await realLab()
})
afterAll(async () => {
  await lab.end()
  await Promise.all(modems.map((one) => one.unplug().catch(() => {})))
})

const NUMBER = '+491701234567'
const AT = '2026-11-21T16:05:00+01:00'
/** Octets a device gets from these SUBMIT PDUs. */
const carried = (pdus: readonly string[]): Uint8Array => concat(pdus.map((hex) => readSmsPdu(pduOctets(hex), 'to the network').payload))
const enrolled = async (device: string): Promise<void> =>
  void (await lab.api.devices.bootstrap({ device, profile: 'dm', security: 'NETWPIN', imsi: '262011234567890' }))

bench(name('a notification goes out as one SMS; the report settles it; the silence after it is an event'), async () => {
  const one = await modem()
  await enrolled('IMEI:m1')
  const to = `sms:${NUMBER}?port=${one.path}&validity=60`
  const sent = await lab.api.devices.notify('IMEI:m1', { to, waitMs: 1500 })
  expect(one.pdus).toHaveLength(1)
  const pdu = readSmsPdu(pduOctets(one.pdus[0] ?? ''), 'to the network')
  expect(pdu).toMatchObject({ number: NUMBER, report: true, header: { ports: { destination: 2948, source: 49154 }, concatenation: null } })
  expect(pdu.payload).toEqual(sent.pdu)
  expect(one.heard).toContain(`AT+CMGS=${String(pdu.length)}`)
  const frame = await lab.api.trace.frame(sent.seq)
  expect(frame).toMatchObject({
    row: { kind: 'push', package: '#0', device: 'IMEI:m1' },
    local: one.path,
    remote: NUMBER,
    startLine: `SMS ${NUMBER}`,
  })
  expect(frame.headers).toEqual([['SMS-SUBMIT', one.pdus[0]]])
  const report = encodeStatusReport({ reference: 41, number: '01701234567', at: AT, done: AT, status: 0 })
  one.says(`+CDS: ${String(tpduLength(report))}`, pduHex(report))
  const rows = await lab.until(
    (all) => all.some(({ text }) => text.startsWith('the SMS to')) && all.some(({ text }) => text.startsWith('no session')),
  )
  const told = rows.find(({ text }) => text.startsWith('the SMS to'))
  expect(told?.text).toBe(`the SMS to ${NUMBER} was delivered: received by the device (reference 41, ${AT})`)
  expect((await lab.api.trace.frame(told?.seq ?? 0)).cause).toBe(sent.seq)
  expect(rows.find(({ text }) => text.startsWith('no session'))?.text).toContain('of IMEI:m1 within 1.5 s of its notification')
  const [message] = (await lab.api.modem.messages()).filter(({ path }) => path === one.path)
  expect(message).toMatchObject({ text: 'delivered', seq: sent.seq, parts: [{ state: 'delivered', reference: 41 }] })
  // Nothing is awaited any more: the port is given back, and the address is known for next time.
  await expect.poll(async () => (await lab.api.modem.state()).modems.find(({ path }) => path === one.path)?.stage).toBe('closed')
  expect((await lab.api.devices.notify('IMEI:m1', { send: false })).to).toBe(to)
})

bench(name('a bootstrap goes out in parts over one link, each with a reference of its own'), async () => {
  const one = await modem()
  const made = await lab.api.devices.bootstrap({
    device: 'IMEI:m2',
    profile: 'cp',
    security: 'NETWPIN',
    imsi: '262011234567890',
    to: `sms:${NUMBER}?port=${one.path}`,
  })
  expect(one.pdus.length).toBeGreaterThan(1)
  expect(one.heard).toContain('AT+CMMS=1')
  expect(carried(one.pdus)).toEqual(made.pdu)
  const message = (await lab.api.modem.messages()).findLast(({ path }) => path === one.path)
  expect(message?.parts.map(({ state, reference }) => [state, reference])).toEqual(one.pdus.map((_, i) => ['sent', 41 + i]))
  const failed = encodeStatusReport({ reference: 42, number: NUMBER, at: AT, done: AT, status: 0x46 })
  one.says(`+CDS: ${String(tpduLength(failed))}`, pduHex(failed))
  const rows = await lab.until((all) => all.some(({ text }) => text.startsWith('part 2 of')))
  expect(rows.find(({ text }) => text.startsWith('part 2 of'))?.text).toContain(
    `was not delivered: its validity ran out; for good (reference 42, ${AT})`,
  )
  expect((await lab.api.modem.messages()).find(({ id }) => id === message?.id)?.text).toBe(
    'failed: its validity ran out; for good (2026-11-21T16:05:00+01:00)',
  )
  await lab.api.modem.close(one.path)
})

bench(name('what the network refuses is said in words, and how far it got is an event'), async () => {
  let count = 0
  const one = await modem({ pdu: () => (++count === 2 ? '+CMS ERROR: 38' : undefined) })
  await expect(
    lab.api.devices.bootstrap({ device: 'IMEI:m3', profile: 'cp', security: 'NETWPIN', imsi: '26201', to: `sms:${NUMBER}?port=${one.path}` }),
  ).rejects.toThrow('+CMS ERROR 38: the network is out of order')
  const rows = await lab.until((all) => all.some(({ text }) => text.includes('broke off')))
  expect(rows.at(-1)?.text).toMatch(/^an SMS to \+491701234567 broke off after 1 of \d parts: \+CMS ERROR 38: the network is out of order$/)
  expect(one.pdus).toHaveLength(2)
})

bench(name('a SIM that wants its PIN says so, and takes it'), async () => {
  let open = false
  const one = await modem({
    answer: (command) => {
      if (command === 'AT+CPIN="2468"') open = true
      return command === 'AT+CPIN?' && !open ? '+CPIN: SIM PIN\r\n\r\nOK' : undefined
    },
  })
  await expect(lab.api.modem.probe(one.path)).rejects.toThrow(`${one.path}: the SIM wants its PIN`)
  const row = await lab.api.modem.probe(one.path, { pin: '2468' })
  expect(row).toMatchObject({ name: 'Acme Tester 1', sim: 'ready', dbm: -79, operator: 'Bench Net', trouble: '' })
  expect(JSON.stringify(await lab.api.modem.dialogue(one.path))).not.toContain('2468')
})

bench(
  name('nobody answers: told within seconds, and the port is given back'),
  async () => {
    const one = await modem({ answer: () => null })
    await expect(lab.api.modem.listen(one.path)).rejects.toThrow(`${one.path}: no answer: is this the port of a modem`)
    expect(one.heard.length).toBeGreaterThanOrEqual(3)
    const row = (await lab.api.modem.state()).modems.find(({ path }) => path === one.path)
    expect(row).toMatchObject({ stage: 'failed', listening: false })
  },
  15_000,
)

test.skipIf(!has('socat') || !has('flock'))('a busy port names who holds it (needs socat and flock)', async () => {
  const one = await modem()
  const holder = spawn('flock', ['-n', one.path, 'sh', '-c', 'echo held; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(holder.stdout, 'data')
    await expect(lab.api.modem.listen(one.path)).rejects.toThrow(
      new RegExp(`^${one.path} is busy: held by (flock|sh|sleep|socat) \\(process \\d+\\)`),
    )
    await expect(lab.api.devices.notify('IMEI:m1', { to: `sms:${NUMBER}?port=${one.path}` })).rejects.toThrow('is busy')
  } finally {
    holder.kill()
  }
})

bench(name('a modem pulled out while it listens is told; a port that is none is refused'), async () => {
  const one = await modem()
  await lab.api.modem.listen(one.path)
  await one.unplug()
  await expect
    .poll(async () => (await lab.api.modem.state()).modems.find(({ path }) => path === one.path)?.trouble)
    .toBe('the port is gone: the modem was pulled out or switched off')
  await expect(lab.api.modem.listen('/dev/ttyNOT0')).rejects.toThrow('there is no /dev/ttyNOT0: is the modem plugged in?')
  await expect(lab.api.modem.listen('/dev/null')).rejects.toThrow('/dev/null is no serial port')
})

bench(name('what comes in is recorded: a push in parts out of order, a text, rubbish'), async () => {
  const one = await modem()
  await lab.api.modem.listen(one.path)
  const push = toPdu(
    notification(trigger('dm-lab', 0x1234, { vendor: new Uint8Array(200).fill(9) }), { identity: 'dm-lab', password: 'x', nonce: Uint8Array.of(0) }),
  )
  const parts = smsUserData(push, 77).map((userData) => encodeDeliver({ from: NUMBER, at: AT, userData, header: true }))
  expect(parts).toHaveLength(2)
  const before = (await lab.rows()).length
  for (const part of [...parts].reverse()) one.says(`+CMT: ,${String(tpduLength(part))}`, pduHex(part))
  const rows = await lab.until((all) => all.length > before && all.at(-1)?.kind === 'push')
  expect(rows.at(-1)?.text).toBe('notification of dm-lab for session 1234 came in')
  const frame = await lab.api.trace.frame(rows.at(-1)?.seq ?? 0)
  expect(frame.bytes).toEqual(push)
  expect(readPdu(frame.bytes).body).toHaveLength(readPdu(push).body.length)
  expect(frame.headers).toEqual(parts.map((part) => ['SMS-DELIVER', pduHex(part)]))
  const text = encodeDeliver({ from: 'Operator', at: AT, userData: pduOctets('C8329BFD06'), header: false, dcs: 0, septets: 5 })
  one.says(`+CMT: ,${String(tpduLength(text))}`, pduHex(text))
  await lab.until((all) => all.at(-1)?.text === 'an SMS from Operator came in: Hello')
  one.says('+CMT: ,5', '0004')
  await lab.until((all) => all.at(-1)?.text.includes('an SMS PDU that cannot be read') === true)
  await lab.api.modem.close(one.path)
})

test('PDUs are built for another sender without any modem, and read field by field', async () => {
  const wish = { to: `sms:${NUMBER}`, pdu: new Uint8Array(300).fill(5), reference: 200 }
  const built = await lab.api.modem.build(wish)
  expect(built).toMatchObject({ number: NUMBER, reference: 200 })
  expect(built.parts.map(({ command, pdu }) => [command, pdu.text])).toEqual([
    ['AT+CMGS=153', `SMS to ${NUMBER}: part 1 of 3, port 2948, 128 octets`],
    ['AT+CMGS=153', `SMS to ${NUMBER}: part 2 of 3, port 2948, 128 octets`],
    ['AT+CMGS=69', `SMS to ${NUMBER}: part 3 of 3, port 2948, 44 octets`],
  ])
  expect(carried(built.parts.map(({ pdu }) => pdu.hex))).toEqual(wish.pdu)
  expect(await lab.api.modem.decode(built.parts[0]?.pdu.hex ?? '', 'to the network')).toEqual(built.parts[0]?.pdu)
  await expect(lab.api.modem.decode('0011', 'to the network')).rejects.toThrow('octet 2: ends before TP-MR')
  await expect(lab.api.modem.send({ ...wish, to: 'sms:+49?colour=red' })).rejects.toThrow('colour is not known')
})
