// Package #0 on the command line: the worked example of the notification sheet, both ways, and refusals by field.
import { expect, test } from 'vitest'
import { dmlab as alone, dmlabHere as dmlab } from './dmlab.ts'

const DIGEST = '632E75B253474AAD5A14C33B96572DB0'
const TRIGGER = '02D8000000001A0E636F6D2E6578616D706C652E646D'
const secret = { password: 'S3rv3rS3cret', nonce: Buffer.from('NonceForServer01').toString('base64') }
const fields = { serverId: 'com.example.dm', sessionId: 0x1a }

test('fields become octets with the right digest, octets become fields', async () => {
  const built = alone(['encode', '--type', 'notification', '-'], JSON.stringify({ ...fields, ...secret }))
  expect(built).toMatchObject({ code: 0, err: '' })
  expect(built.out.toString('hex').toUpperCase()).toBe(DIGEST + TRIGGER)
  const shown = await dmlab(['decode', '--type', 'notification', '--json'], built.out)
  expect(JSON.parse(shown.text)).toMatchObject({
    ...fields,
    type: 'notification',
    version: 11,
    uiMode: 'background',
    initiator: 'server',
    future: 0,
    vendor: '',
  })
  const again = await dmlab(['encode', '--type', 'notification', '--hex'], shown.text)
  expect(again.text.trim()).toBe(built.out.toString('hex'))
  const text = (await dmlab(['decode', '--type', 'notification', '--offsets'], built.out.toString('hex'))).text
  expect(text).toMatch(/0015-0016 +001a +sessionid +16 bits +26 \(1A\)/)
  expect(text).toMatch(/0018-0025 +636f6d2e6578616d706c652e646d +server-identifier +112 bits +com\.example\.dm/)
})

test('what does not fit is refused with the field or the byte', async () => {
  const refused = async (json: object): Promise<string> => (await dmlab(['encode', '--type', 'notification'], JSON.stringify(json))).err
  expect(await refused(fields)).toBe('dmlab: stdin: needs either digest, or password and nonce\n')
  expect(await refused({ ...fields, ...secret, sessionId: 70_000 })).toMatch(/^dmlab: stdin: byte 21: sessionid 70000 is not within 0 and 65535\n$/)
  expect(await refused({ ...fields, digest: 'AAAA' })).toBe('dmlab: stdin: digest has 3 octets instead of 16\n')
  expect(await dmlab(['decode', '--type', 'notification'], 'abcd')).toMatchObject({ code: 2, text: '' })
  expect(await dmlab(['decode', '--type', 'telegram'], 'abcd')).toMatchObject({ code: 2 })
})
