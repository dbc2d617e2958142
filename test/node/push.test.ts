// Notifications and bootstrap messages over real sockets: the lab sends, a device takes them, the session comes back, the trace tells it all.
import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountsOf } from '../../core/device/profile.ts'
import { decodeWsp } from '../../core/notify/wsp.ts'
import { notification, toPdu } from '../../core/notify/push.ts'
import { listenPush, pushSender, udpTarget } from '../../core/node/push.ts'
import { processClock } from '../../core/node/clock.ts'
import { decodePackage0, trigger } from '../../core/syncml/package0.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { pushedDevice } from './pushed.ts'
import type { PushedDevice } from './pushed.ts'

let lab: RealLab
const devices: PushedDevice[] = []
const device = async (
  id: string,
  ...rest: [Partial<Parameters<typeof pushedDevice>[1]>?, Parameters<typeof pushedDevice>[2]?]
): Promise<PushedDevice> => {
  const one = await pushedDevice(lab.ready.dm, { id, ...rest[0] }, rest[1])
  devices.push(one)
  return one
}

beforeAll(async () => {
  lab = await realLab()
})
afterAll(async () => {
  await Promise.all(devices.map((one) => one.close()))
  await lab.end()
})

describe('a notification', () => {
  it('nb 8, nb 10: wakes the device, whose session has its SessionID and Alert 1200; the row holds the exact octets', async () => {
    const one = await device('IMEI:1')
    const sent = await lab.api.devices.notify('IMEI:1', { to: one.url })
    await one.until(() => one.sessions.length === 1)
    expect(one.sessions[0]).toMatchObject({ sessionId: sent.sessionId, outcome: 'completed' })
    const rows = await lab.until((all) => all.some((row) => row.device === 'IMEI:1' && row.package === '#1'))
    const push = rows.find((row) => row.seq === sent.seq)
    expect(push).toMatchObject({
      kind: 'push',
      package: '#0',
      direction: 'down',
      device: 'IMEI:1',
      sessionId: sent.sessionId,
      size: one.arrived[0]?.length,
    })
    const frame = await lab.api.trace.frame(sent.seq)
    expect(frame.bytes).toEqual(one.arrived[0])
    expect(frame.bytes).toEqual(sent.pdu)
    expect(decodeWsp(frame.bytes).body).toEqual(sent.package0)
    expect(frame.remote).toBe(one.url.slice('udp://'.length))
    const first = rows.find((row) => row.device === 'IMEI:1' && row.package === '#1')
    expect(first).toMatchObject({ sessionId: sent.sessionId, commands: ['Alert 1200', 'Replace'] })
    const notes = (await lab.api.trace.frame(first?.seq ?? 0)).notes.map(({ text }) => text)
    expect(notes.join('\n')).toContain(`answers notification ${sent.sessionId}`)
  })

  it('nb 11: a device never spoken to is called with the default nonce, both sides renew it, and the next call rests on the new one', async () => {
    const one = await device('IMEI:2')
    const first = await lab.api.devices.notify('IMEI:2', { to: one.url })
    expect(first.seq).toBeGreaterThan(0)
    await one.until(() => one.sessions.length === 1)
    expect((await lab.rows()).find((row) => row.seq === first.seq)?.text).toContain('default nonce (four zero octets)')
    expect(one.client.notifyAccount('dm-lab')?.nonce).not.toBeNull()
    const second = await lab.api.devices.notify('IMEI:2', {})
    expect(second.to).toBe(one.url)
    await one.until(() => one.sessions.length === 2)
    expect(one.sessions.map(({ outcome, authentication }) => [outcome, authentication])).toEqual([
      ['completed', one.sessions[0]?.authentication],
      ['completed', one.sessions[0]?.authentication],
    ])
    expect((await lab.rows()).find((row) => row.seq === second.seq)?.text).not.toContain('default nonce')
    const statuses = (await lab.rows()).filter((row) => row.device === 'IMEI:2').flatMap((row) => row.statuses)
    expect(statuses).not.toContain('401')
  })

  it('over HTTP it does the same', async () => {
    const one = await device('IMEI:3')
    const sent = await lab.api.devices.notify('IMEI:3', { to: one.httpUrl })
    await one.until(() => one.sessions.length === 1)
    const frame = await lab.api.trace.frame(sent.seq)
    expect(frame.bytes).toEqual(sent.package0)
    expect(frame.row.httpStatus).toBe(204)
    expect(frame.headers).toContainEqual(['Content-Type', 'application/vnd.syncml.notification'])
    expect(frame.headers).toContainEqual(['X-Wap-Application-Id', 'x-wap-application:syncml.dm'])
  })

  it.each([
    ['password', 'wrong secret, or a nonce that was never given'],
    ['digest', 'wrong digest'],
  ] as const)('nb 2: a wrong %s is refused with its cause, and silence is told', async (flaw, cause) => {
    const id = `IMEI:4-${flaw}`
    const one = await device(id)
    await lab.api.devices.notify(id, { to: one.url })
    await one.until(() => one.sessions.length === 1)
    const wrong = await lab.api.devices.notify(id, { flaw, waitMs: 100 })
    await one.until(() => one.refusals.length === 1)
    expect(one.refusals[0]).toContain(cause)
    const rows = await lab.until((all) => all.some((row) => row.kind === 'event' && row.text.includes(id)))
    const event = rows.find((row) => row.kind === 'event' && row.text.includes(id))
    expect(event?.text).toBe(`no session ${wrong.sessionId} of ${id} within 0.1 s of its notification`)
    expect((await lab.api.trace.frame(event?.seq ?? 0)).cause).toBe(wrong.seq)
    expect(one.sessions).toHaveLength(1)
  })

  it('nb 11: a wrong nonce is refused; then the lab falls back to the default nonce, and both sides are in step again', async () => {
    const one = await device('IMEI:5')
    await lab.api.devices.notify('IMEI:5', { to: one.url })
    await one.until(() => one.sessions.length === 1)
    const wrong = await lab.api.devices.notify('IMEI:5', { flaw: 'nonce', resync: true, waitMs: 150 })
    await one.until(() => one.sessions.length === 2)
    expect(one.refusals).toEqual(['wrong digest: wrong secret, or a nonce that was never given to this server'])
    expect(one.sessions[1]).toMatchObject({ sessionId: wrong.sessionId, outcome: 'completed' })
    const pushes = (await lab.rows()).filter((row) => row.kind === 'push' && row.device === 'IMEI:5')
    expect(pushes.map((row) => row.sessionId === wrong.sessionId)).toEqual([false, true, true])
    const next = await lab.api.devices.notify('IMEI:5', {})
    await one.until(() => one.sessions.length === 3)
    expect(one.sessions[2]).toMatchObject({ sessionId: next.sessionId, outcome: 'completed' })
    const rows = await lab.rows()
    expect(rows.find((row) => row.seq === next.seq)?.text).not.toContain('default nonce')
    expect(rows.filter((row) => row.seq > next.seq && row.device === 'IMEI:5').flatMap((row) => row.statuses)).not.toContain('401')
  })

  it('sessions in which the server asks nothing leave both nonces as they were: call after call rests on the stored one', async () => {
    const one = await device('IMEI:5b')
    for (let i = 1; i <= 5; i++) {
      const sent = await lab.api.devices.notify('IMEI:5b', { to: one.url })
      await one.until(() => one.sessions.length === i)
      expect((await lab.rows()).find((row) => row.seq === sent.seq)?.text.includes('default nonce')).toBe(i === 1)
    }
    expect(one.refusals).toEqual([])
    expect((await lab.rows()).filter((row) => row.device === 'IMEI:5b').flatMap((row) => row.statuses)).not.toContain('401')
  })

  it('nb 11: the text reading of the default nonce works as well', async () => {
    const one = await device('IMEI:6')
    await lab.api.devices.notify('IMEI:6', { to: one.url, nonce: 'text' })
    await one.until(() => one.sessions.length === 1)
    expect(one.sessions[0]?.outcome).toBe('completed')
  })

  it('nb 9: the same id twice: the datagram that comes again begins no second session', async () => {
    const one = await device('IMEI:7')
    const sent = await lab.api.devices.notify('IMEI:7', { to: one.url })
    await one.until(() => one.sessions.length === 1)
    const socket = createSocket('udp4')
    const { host, port } = udpTarget(one.url)
    await new Promise((resolve) => socket.send(sent.pdu, port, host, resolve))
    await one.until(() => one.refusals.length === 1)
    socket.close()
    // The account has a new nonce by now: an old digest no longer holds, which refuses the repetition as well.
    expect(one.refusals[0]).toMatch(/came again|wrong/)
    expect(one.sessions).toHaveLength(1)
  })

  it('queued commands are carried out in the session it brings', async () => {
    const one = await device('IMEI:8')
    await lab.api.devices.queue('IMEI:8', [{ kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'woken' }])
    await lab.api.devices.notify('IMEI:8', { to: one.url })
    await one.until(() => one.sessions.length === 1)
    expect(one.client.device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).toBe('woken')
  })

  it('is only built where told so: nothing leaves, nothing is recorded, the ruler covers every bit', async () => {
    const before = (await lab.api.lab.state()).last
    const built = await lab.api.devices.notify('IMEI:9', {
      send: false,
      sessionId: 0x1234,
      version: 10,
      uiMode: 'informative',
      initiator: 'client',
      endDevice: 'ed3',
      vendor: 'AQI=',
    })
    expect(built).toMatchObject({ seq: 0, sessionId: '1234' })
    expect(decodePackage0(built.package0)).toMatchObject({
      sessionId: 0x1234,
      version: 10,
      uiMode: 'informative',
      initiator: 'client',
      serverId: 'dm-lab',
    })
    expect(decodeWsp(built.pdu).headers.map(({ name, value }) => [name, value])).toEqual([
      ['X-Wap-Application-Id', 'x-wap-application:syncml.dm'],
      ['X-Oma-GwMO', 'ed3'],
    ])
    expect(built.fields.at(-1)?.end).toBe(built.package0.length * 8)
    expect((await lab.api.lab.state()).last).toBe(before)
  })

  it('refuses in words what cannot be', async () => {
    await expect(lab.api.devices.notify('IMEI:never-seen', {})).rejects.toThrow('no push address of IMEI:never-seen is known')
    await expect(lab.api.devices.notify('IMEI:9', { to: 'udp://127.0.0.1:99999' })).rejects.toThrow('is no udp://host:port')
    await expect(lab.api.devices.notify('IMEI:9', { to: 'http://127.0.0.1:1/' })).rejects.toThrow('nobody listens')
    await expect(lab.api.devices.notify('IMEI:9', { to: 'udp://127.0.0.1:9', vendor: 'no base64!' })).rejects.toThrow('vendor is no base64')
  })

  it('SessionIDs issued for one device never repeat while they are outstanding', async () => {
    const quiet = createSocket('udp4')
    await new Promise<void>((resolve) => quiet.bind(0, '127.0.0.1', resolve))
    const to = `udp://127.0.0.1:${String(quiet.address().port)}`
    const ids = new Set<string>()
    for (let i = 0; i < 20; i++) ids.add((await lab.api.devices.notify('IMEI:10', { to, waitMs: 60_000 })).sessionId)
    expect(ids.size).toBe(20)
    quiet.close()
  })
})

describe('the lab’s own push port', () => {
  it('records what comes in, readable or not', async () => {
    expect(lab.ready.push).toMatch(/^udp:\/\/127\.0\.0\.1:\d+$/)
    const sender = pushSender(processClock())
    const parts = notification(trigger('stranger', 0x2b), { identity: 'stranger', password: 'x', nonce: new Uint8Array(4) }, 'urn:example:dev:ed3')
    await sender.send(lab.ready.push ?? '', parts)
    const rows = await lab.until((all) => all.some((row) => row.text.includes('stranger')))
    const row = rows.find(({ text }) => text.includes('stranger'))
    expect(row).toMatchObject({
      kind: 'push',
      package: '#0',
      sessionId: '2B',
      text: 'notification of stranger for session 2B came in for the end device urn:example:dev:ed3',
    })
    expect((await lab.api.trace.frame(row?.seq ?? 0)).bytes).toEqual(toPdu(parts))
    const socket = createSocket('udp4')
    const { host, port } = udpTarget(lab.ready.push ?? '')
    await new Promise((resolve) => socket.send(new Uint8Array([1, 7, 0]), port, host, resolve))
    socket.close()
    await lab.until((all) => all.some((row) => row.text === 'a push that cannot be read: byte 1: PDU type 0x07 is no push (0x06)'))
  })

  it('a port that is taken is told', async () => {
    const { port } = udpTarget(lab.ready.push ?? '')
    await expect(listenPush({ host: '127.0.0.1', port, clock: processClock(), received: () => {} })).rejects.toThrow(
      `UDP port ${String(port)} of 127.0.0.1 is taken`,
    )
  })
})

describe('a bootstrap', () => {
  it.each([
    ['dm', 'USERPIN'],
    ['dm-add', 'NETWPIN'],
    ['cp', 'USERNETWPIN'],
  ] as const)('nb 24: profile %s with %s over UDP: the account is made, the first session rests on it', async (profile, security) => {
    const id = `IMEI:boot-${profile}`
    const imsi = '262011234567890'
    const one = await device(id, { bare: true }, { imsi, pin: '4711' })
    expect(one.client.servers()).toEqual([])
    const made = await lab.api.devices.bootstrap({ device: id, profile, security, pin: '4711', imsi, to: one.url })
    await one.until(() => one.sessions.length === 1)
    expect(one.sessions[0]).toMatchObject({ outcome: 'completed' })
    expect(accountsOf(one.client.device.tree)).toMatchObject([
      { serverId: 'dm-lab', client: { name: id, secret: made.password }, server: { secret: made.serverPassword } },
    ])
    const rows = await lab.until((all) => all.some((row) => row.device === id && row.package === '#1'))
    expect(rows.find((row) => row.seq === made.seq)).toMatchObject({ kind: 'push', device: id, direction: 'down', size: one.arrived[0]?.length })
    expect(rows.find((row) => row.device === id && row.package === '#1')?.commands[0]).toBe('Alert 1201')
    expect(rows.filter((row) => row.device === id).flatMap((row) => row.statuses)).not.toContain('401')
    const next = await lab.api.devices.notify(id, {})
    await one.until(() => one.sessions.length === 2)
    expect(one.sessions[1]).toMatchObject({ sessionId: next.sessionId, outcome: 'completed' })
    expect((await lab.rows()).find((row) => row.seq === next.seq)?.text).not.toContain('default nonce')
  })

  it('nb 23: with another PIN the device refuses it, and has no account', async () => {
    const one = await device('IMEI:boot-wrong', { bare: true }, { pin: '0000' })
    const made = await lab.api.devices.bootstrap({ device: 'IMEI:boot-wrong', profile: 'cp', security: 'USERPIN', to: one.url })
    expect(made.pin).toMatch(/^\d{6}$/)
    await one.until(() => one.refusals.length === 1)
    expect(one.refusals[0]).toContain('wrong MAC for USERPIN')
    expect(one.client.servers()).toEqual([])
    expect(one.sessions).toEqual([])
  })

  it('its secrets are new each time, and kept in the account; what lacks a secret is refused and keeps nothing', async () => {
    const wish = { device: 'IMEI:boot-two', profile: 'cp', security: 'USERPIN' } as const
    const [a, b] = [await lab.api.devices.bootstrap(wish), await lab.api.devices.bootstrap(wish)]
    expect(a.password).not.toBe(b.password)
    expect(a.serverPassword).not.toBe(a.password)
    expect(a).toMatchObject({ seq: 0, to: '', userName: 'IMEI:boot-two', serverId: 'dm-lab' })
    expect((await lab.api.devices.list()).map(({ id }) => id)).toContain('IMEI:boot-two')
    await expect(lab.api.devices.bootstrap({ device: 'IMEI:boot-none', profile: 'dm', security: 'NETWPIN' })).rejects.toThrow(
      'NETWPIN needs the IMSI',
    )
    expect((await lab.api.devices.list()).map(({ id }) => id)).not.toContain('IMEI:boot-none')
  })
})

describe('a push from outside to a simulated device of the lab', () => {
  it('is a row with its octets, what is odd about its form is a finding, what the device makes of it an event; its session follows', async () => {
    const id = 'IMEI:from-outside'
    await lab.api.devices.simulate({ id })
    await lab.until((all) => all.filter((row) => row.device === id && row.direction === 'down' && row.kind === 'message').length >= 2)
    // The lab's own push is recorded where it left, and there alone.
    const own = await lab.api.devices.notify(id, {})
    await lab.until((all) => all.some((row) => row.device === id && row.sessionId === own.sessionId && row.package === '#2'))
    expect((await lab.rows()).filter((row) => row.kind === 'push' && row.device === id)).toHaveLength(1)
    const more = await lab.api.devices.notify(id, { send: false })
    const url = new URL(own.to)
    const socket = createSocket('udp4')
    try {
      for (const octets of [more.package0, new Uint8Array([1, 7, 9])])
        await new Promise((resolve) => socket.send(octets, Number(url.port), url.hostname, resolve))
      const rows = await lab.until(
        (all) =>
          all.some((row) => row.device === id && row.sessionId === more.sessionId && row.package === '#2') &&
          all.some((row) => row.kind === 'event' && row.text.includes('is no push')),
      )
      const [push, odd] = rows.filter((row) => row.kind === 'push' && row.device === id && row.seq > own.seq)
      expect(push).toMatchObject({ package: '#0', sessionId: more.sessionId, findings: 1, severity: 'note' })
      const frame = await lab.api.trace.frame(push?.seq ?? 0)
      expect(frame.bytes).toEqual(more.package0)
      expect(frame.findings).toMatchObject([{ rule: 'push.form', document: 'NOTI', clause: '6.3' }])
      expect(odd?.text).toBe('a push that cannot be read: byte 1: PDU type 0x07 is no push (0x06)')
      const events = rows.filter((row) => row.kind === 'event').map(({ text }) => text)
      expect(events.find((text) => text.startsWith(`${id} takes the push`))).toContain('without the WSP header')
    } finally {
      socket.close()
    }
  })
})
