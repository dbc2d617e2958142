// Payloads of gateway alerts: what is written reads back, what others write is taken in any order, what is broken says where.
import { describe, expect, test } from 'vitest'
import {
  PayloadError,
  aggregationText,
  attachText,
  detachText,
  imageReadyText,
  readAggregation,
  readAttach,
  readDetach,
  readImageReady,
  readRegistration,
  readServerList,
  registrationText,
  serverListText,
} from '../../core/gateway/payloads.ts'
import type { Aggregation, Attach } from '../../core/gateway/payloads.ts'

const ATTACH: Attach = {
  gatewayId: 'urn:example:gw:1',
  gateway: { type: 'URI', address: 'https://gw.example/push' },
  deviceId: 'urn:example:dev:ed1',
  localId: 'ed1',
  device: { type: 'IPv4', address: '192.0.2.21' },
  mode: 1,
  componentType: 0,
}
const LATE = {
  cmd: '4',
  correlator: 'j6.ed2.4',
  type: 'urn:oma:at:scomo:1.0:OperationComplete',
  source: './SCOMO/Inventory/Delivered/PKG1/Operations/Install',
  target: './SCOMO/Inventory/Delivered/PKG1',
  data: '<ResultCode>1405</ResultCode><Identifier>PKG1</Identifier>',
}

describe('attach', () => {
  test('gw 8: the alert names gateway address, device id, device address and mode, exactly as the sheet writes it', () => {
    expect(attachText(ATTACH)).toBe(
      '<DeviceAttach><Gateway><ID>urn:example:gw:1</ID><Address type="URI">https://gw.example/push</Address></Gateway><Device><DeviceID>urn:example:dev:ed1</DeviceID>' +
        '<LocalID>ed1</LocalID><Address type="IPv4">192.0.2.21</Address><Mode>1</Mode><ComponentType>0</ComponentType></Device></DeviceAttach>',
    )
    expect(readAttach(attachText(ATTACH))).toEqual(ATTACH)
  })
  test('version 1.0 has no ComponentType', () => {
    const older = { ...ATTACH, componentType: null }
    expect(attachText(older)).not.toContain('ComponentType')
    expect(readAttach(attachText(older))).toEqual(older)
  })
  test('any order, blanks, unknown elements and octets are taken', () => {
    const text = `<?xml version="1.0"?> <DeviceAttach><Device><Mode> 0 </Mode><X/><DeviceID>a&amp;b</DeviceID></Device><Gateway><Address>g</Address></Gateway></DeviceAttach>`
    const read = readAttach(new TextEncoder().encode(text))
    expect(read).toMatchObject({ deviceId: 'a&b', mode: 0, componentType: null, gateway: { type: 'OTHER', address: 'g' } })
  })
  test.each([
    ['<DeviceAttach><Gateway><Address>g</Address></Gateway><Device><DeviceID>d</DeviceID></Device></DeviceAttach>', 'Device/Mode is missing'],
    ['<DeviceAttach><Gateway><Address>g</Address></Gateway><Device><DeviceID>d</DeviceID><Mode>7</Mode></Device></DeviceAttach>', 'none of 0, 1, 2'],
    ['<DeviceAttach><Gateway>', 'not readable'],
    ['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><DeviceAttach>&e;</DeviceAttach>', 'not readable'],
    ['<Other/>', 'begins with Other'],
  ])('%s is refused in words', (text, words) => {
    expect(() => readAttach(text)).toThrow(PayloadError)
    expect(() => readAttach(text)).toThrow(words)
  })
})

describe('the others', () => {
  test('detach, registration, server list and image ready read back', () => {
    expect(readDetach(detachText({ deviceId: 'd', reason: 2 }))).toEqual({ deviceId: 'd', reason: 2 })
    const registration = { deviceId: 'd', device: { type: 'IPv4', address: '192.0.2.23' }, servers: ['dms.example', 'b'] }
    expect(readRegistration(registrationText(registration))).toEqual(registration)
    const list = { event: 'added', server: 'dms.example', servers: ['dms.example'] } as const
    expect(readServerList(serverListText(list))).toEqual(list)
    const image = { imageId: 'PKG1', imageUrl: 'http://gw.lan.example/img/PKG1', size: 150000 }
    expect(readImageReady(imageReadyText(image))).toEqual(image)
  })
  test('an aggregation with statuses, a late alert and groups reads back', () => {
    const aggregation: Aggregation = {
      final: true,
      summary: { targets: 3, succeeded: 1, failed: 2, pending: 0 },
      devices: [
        { deviceId: 'urn:example:dev:ed1', code: 200, statuses: [{ cmd: '1', name: 'Replace', code: 200 }], late: [], results: '' },
        { deviceId: 'urn:example:dev:ed2', code: 1405, statuses: [], late: [LATE], results: '' },
        { deviceId: 'urn:example:dev:ed9', code: 408, statuses: [], late: [], results: '' },
      ],
      groups: [{ code: 200, devices: ['urn:example:dev:ed1'] }],
    }
    expect(readAggregation(aggregationText(aggregation))).toEqual(aggregation)
  })
  test('gw 104: the relayed alert of a failed installation is the one the sheet prints', () => {
    const late = { ...LATE }
    const text = aggregationText({
      final: false,
      summary: null,
      devices: [{ deviceId: 'urn:example:dev:ed2', code: 1405, statuses: [], late: [late], results: '' }],
      groups: [],
    })
    expect(text).toBe(
      '<FanoutResult final="false"><Device id="urn:example:dev:ed2" code="1405"><LateAlert cmd="4" correlator="j6.ed2.4" type="urn:oma:at:scomo:1.0:OperationComplete" ' +
        'source="./SCOMO/Inventory/Delivered/PKG1/Operations/Install" target="./SCOMO/Inventory/Delivered/PKG1"><ResultCode>1405</ResultCode><Identifier>PKG1</Identifier></LateAlert></Device></FanoutResult>',
    )
  })
  test('plain text of a firmware alert travels as text, hostile text is escaped', () => {
    const text = (data: string): string =>
      aggregationText({
        final: false,
        summary: null,
        devices: [{ deviceId: 'd', code: 200, statuses: [], late: [{ ...LATE, data }], results: '' }],
        groups: [],
      })
    expect(readAggregation(text('200')).devices[0]?.late[0]?.data).toBe('200')
    expect(readAggregation(text('</LateAlert><evil')).devices[0]?.late[0]?.data).toBe('</LateAlert><evil')
  })
})
