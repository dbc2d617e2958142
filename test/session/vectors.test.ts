// E4 to E7 and W2 to W5: a real client and a real server, joined, reproduce the worked session octet for octet.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { utf8Bytes, base64 } from '../../core/syncml/text.ts'
import { DEVICE, get, lastNonces, Pair } from './support.ts'

const W5 = `
02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 31 41 00 01 5B 03
32 00 01 6E 57 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01 01 67 57 03
68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 00 01 56 03 63 6F 6D
2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 01 6B 69 4B 03 31 00 01 5C 03 32 00 01 4C 03 30 00 01
4A 03 53 79 6E 63 48 64 72 00 01 4F 03 32 30 30 00 01 01 12 01 01`

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

function worked(encoding: 'xml' | 'wbxml'): Pair {
  const limits = { maxMsgSize: 16384, maxObjSize: 65536 }
  const pair = new Pair(
    {
      wire: { encoding },
      settings: { ...limits, requireServerAuth: true },
      nonces: { client: { text: base64(utf8Bytes('NonceForClient01')) }, server: utf8Bytes('NonceForServer01'), reading: null },
      issueNonce: () => utf8Bytes('NextNonceForS002'),
    },
    { settings: limits, issueNonce: () => utf8Bytes('NextNonceForC002'), issueToken: () => '7f3a' },
  )
  const nonces = { device: DEVICE, serverId: 'com.example.dm', client: utf8Bytes('NonceForClient01'), reading: null }
  pair.ledger.save({ kind: 'nonces', nonces: { ...nonces, server: { text: base64(utf8Bytes('NonceForServer01')), octets: null } } })
  pair.queue('o1', [get('./DevDetail/FwV')])
  return pair
}

test('dm 12: E4 to E7 in XML, byte for byte', () => {
  const pair = worked('xml')
  const end = pair.run({ sessionId: '1A' })
  expect(pair.wire.map(({ frame }) => [frame.bytes.length, md5(frame.bytes)])).toEqual([
    [1116, '1c0a15c2e4e53863a9c44f5efe99caae'],
    [1361, '34042be159fac41b86e134ffc255f901'],
    [1037, '90f1d9059f9088f910658aa707d58a7c'],
    [465, 'd63eb4725b24c2c4a11ef9e6fe4e1469'],
  ])
  expect(end.detail).toEqual({ state: 'completed', reason: '', server: 'https://dm.example.com/dm', messages: 4, authentication: 'ok' })
  expect(pair.order('o1')).toMatchObject({
    state: 'done',
    sessionId: '1A',
    outcomes: [{ command: 0, code: 200, uri: './DevDetail/FwV', data: '1.0.7' }],
  })
})

test('dm 51: W2 to W5 in WBXML, byte for byte', () => {
  const pair = worked('wbxml')
  pair.run({ sessionId: '1A' })
  const lengths = pair.wire.map(({ frame }) => frame.bytes.length)
  expect(lengths).toEqual([382, 487, 370, 150])
  expect(pair.wire.slice(0, 3).map(({ frame }) => md5(frame.bytes))).toEqual([
    '3fb10b1b62e2b843404232dffe16f393',
    '02cf3b124d9e292b5f9f027bea479a57',
    'c87a24b1fffe4f0fd8aa93df59f57c5a',
  ])
  expect(Buffer.from(pair.wire[3]?.frame.bytes ?? []).toString('hex')).toBe(W5.replace(/\s/g, '').toLowerCase())
})

test('dm 58 and 52: after the worked session both next nonces are kept on both sides', () => {
  const pair = worked('xml')
  pair.run({ sessionId: '1A' })
  expect(lastNonces(pair)).toEqual({
    client: { text: base64(utf8Bytes('NextNonceForC002')) },
    server: utf8Bytes('NextNonceForS002'),
    reading: null,
  })
  expect(pair.ledger.nonces(DEVICE, 'com.example.dm')).toMatchObject({
    client: utf8Bytes('NextNonceForC002'),
    server: { text: base64(utf8Bytes('NextNonceForS002')) },
  })
})
