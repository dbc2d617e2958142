// Notifications at the gateway: how they are packed, which digests count, for whom they go on, and that nobody touches them.
import { describe, expect, test } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import type { Client } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import { generic } from '../../core/gateway/inventory.ts'
import { registrationText, serverListText } from '../../core/gateway/payloads.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import { DM_APPLICATION, NOTIFICATION, notification, pduRemarks, readPdu, toPdu } from '../../core/notify/push.ts'
import { joinSms, readSms, smsUserData } from '../../core/notify/sms.ts'
import { trigger } from '../../core/syncml/package0.ts'
import { DMS, World, ed } from './world.ts'
import { proxied } from './jobs.ts'

describe('notifications', () => {
  const SECRET = { identity: 'dms.example', password: 'lab', nonce: new TextEncoder().encode('nonce') }
  test('gw 45: content type, then the application id, then the end device; its octets are those the sheet prints', () => {
    const parts = notification(trigger('dms.example', 0x2b), SECRET, ed(3))
    const pdu = toPdu(parts)
    const head = '01 06 18 C4 AF 87 D0 75 72 6E 3A 65 78 61 6D 70 6C 65 3A 64 65 76 3A 65 64 33 00'
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
    expect(hex(pdu.subarray(0, 27))).toBe(head.replace(/ /g, ''))
    expect(pdu.subarray(27)).toEqual(parts.body)
    expect(pduRemarks(readPdu(pdu))).toEqual([])
    expect(smsUserData(pdu), 'WDP and WSP headers of 34 octets, all in one').toHaveLength(1)
  })
  test('gw 45: a name that makes the headers longer than 48 octets is told; what no single SMS holds is concatenated, and nothing of it is lost', () => {
    const found = [1, 20, 32, 33, 65, 66, 200].map((length) => {
      const parts = notification(trigger('dms.example', 0x2b), SECRET, 'd'.repeat(length))
      const pdu = toPdu(parts)
      const sms = smsUserData(pdu, 7)
      for (const each of sms) expect(each.length).toBeLessThanOrEqual(140)
      const whole = readPdu(joinSms(sms.map(readSms).reverse()))
      expect(whole).toMatchObject({ contentType: NOTIFICATION, application: DM_APPLICATION, endDevice: 'd'.repeat(length), body: parts.body })
      expect(whole.wsp?.headers[0]?.name).toBe('X-Wap-Application-Id')
      expect(sms.length > 1, `${String(pdu.length)} octets`).toBe(pdu.length > 133)
      const headers = whole.bodyStart + 7
      expect(pduRemarks(whole)).toEqual(headers > 48 ? [`WDP and WSP headers of ${String(headers)} octets over SMS; 48 is the most`] : [])
      return [headers > 48, sms.length]
    })
    expect(found.filter(([long]) => long === true).length).toBeGreaterThan(1)
    expect([found[0], found.at(-1)]).toEqual([
      [false, 1],
      [true, 2],
    ])
  })

  const push = (body: Uint8Array) => readPdu(toPdu({ contentType: NOTIFICATION, application: DM_APPLICATION, body }))
  /** The server has given the client a nonce for what it sends. */
  function noncing(client: Client): Client {
    client.remember({ kind: 'nonces', nonces: { client: null, server: SECRET.nonce, reading: null } })
    return client
  }
  /** Package #0 for a client, with the nonce the server knows, or another. */
  function package0(client: Client, change: { password?: string; nonce?: Uint8Array; sessionId?: number } = {}): Uint8Array {
    expect(client.notifyAccount('dms.example')).toMatchObject({ password: SECRET.password, nonce: SECRET.nonce })
    const secret = { ...SECRET, ...(change.password === undefined ? {} : { password: change.password }), nonce: change.nonce ?? SECRET.nonce }
    return new Uint8Array(notification(trigger('dms.example', change.sessionId ?? 0x2b), secret).body)
  }
  test("gw 82: a notification whose digest is wrong begins nothing at the gateway's door; the default nonce may be used once", () => {
    const world = proxied()
    const door = new Door(noncing(world.north))
    for (const body of [package0(world.north, { password: 'guess' }), package0(world.north, { nonce: new Uint8Array([9]) })]) {
      expect(door.receive(push(body))).toMatchObject({ what: 'nothing', refused: true })
    }
    const flipped = package0(world.north)
    flipped[3] = (flipped[3] ?? 0) ^ 1
    expect(door.receive(push(flipped))).toMatchObject({ what: 'nothing', refused: true })
    const zero = package0(world.north, { nonce: new Uint8Array(4), sessionId: 0x2c })
    expect(door.receive(push(zero))).toMatchObject({ what: 'session', start: { sessionId: '2C' } })
    expect(door.receive(push(zero)).what, 'the same once more').toBe('nothing')
    const good = noncing(proxied().north)
    expect(new Door(good).receive(push(package0(good)))).toMatchObject({ what: 'session', start: { initiated: 'server', sessionId: '2B' } })
  })

  const transparent = (servers: readonly string[] = ['dms.example']): World => {
    const world = new World({ mode: 0 })
    const text = registrationText({ deviceId: ed(3), device: { type: 'IPv4', address: '192.0.2.23' }, servers })
    world.visit(3, { alerts: [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] })
    return world
  }
  test('gw 83: notifications are forwarded for servers in the list of the device as it stands now, and for nobody else (GS-08)', () => {
    const world = transparent()
    const list = (event: 'added' | 'removed', server: string, servers: readonly string[]): void =>
      void world.visit(3, {
        alerts: [generic(ALERTS.serverList.type, 'xml', '', serverListText({ event, server, servers }), 'informational')],
      })
    const ask = (server: string): string => {
      const said = world.gateway.forward(ed(3), server, NOTIFICATION, new Uint8Array([1]))
      world.settle()
      return said
    }
    expect([ask('dms.example'), ask('b.example'), ask(''), ask('DMS.example')]).toEqual([
      'forwarded',
      'not its server',
      'not its server',
      'not its server',
    ])
    list('added', 'b.example', ['dms.example', 'b.example'])
    expect([ask('dms.example'), ask('b.example')]).toEqual(['forwarded', 'forwarded'])
    list('removed', 'dms.example', ['b.example'])
    expect([ask('dms.example'), ask('b.example')]).toEqual(['not its server', 'forwarded'])
    world.restart()
    expect([ask('dms.example'), ask('b.example')]).toEqual(['not its server', 'forwarded'])
    expect(world.forwarded).toHaveLength(5)
  })
  test('gw 84: what is protected goes on untouched, a wrong digest too; the device finds out by the digest (GS-09)', () => {
    const world = transparent()
    const device = (): Client => {
      const setup = { id: ed(3), serverUri: DMS, user: 'lab', password: 'lab', serverId: 'dms.example', serverPassword: 'lab' }
      return noncing(makeClient({ ...setup, auth: 'syncml:auth-md5', encoding: 'xml' }, world.env))
    }
    const body = package0(device())
    for (const each of [body, body.map((octet, i) => (i < 16 ? octet ^ 0xff : octet))]) {
      const before = Uint8Array.from(each)
      expect(world.gateway.forward(ed(3), 'dms.example', NOTIFICATION, each)).toBe('forwarded')
      world.settle()
      expect(world.forwarded.at(-1)).toEqual({ type: 'forward', localId: 'ed3', contentType: NOTIFICATION, body: before })
    }
    expect(new Door(device()).receive(push(world.forwarded[0]?.body ?? new Uint8Array()))).toMatchObject({ what: 'session' })
    expect(new Door(device()).receive(push(world.forwarded[1]?.body ?? new Uint8Array()))).toMatchObject({ what: 'nothing', refused: true })
    for (let at = 0; at < body.length; at += 1) {
      const altered = Uint8Array.from(body)
      altered[at] = (altered[at] ?? 0) ^ 0x10
      expect(new Door(device()).receive(push(altered)), `octet ${String(at)}`).toMatchObject({ what: 'nothing', refused: true })
    }
  })
})
