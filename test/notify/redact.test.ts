// Pushes in exports: digests, end devices and everything a bootstrap carries are blanked; what a reader needs stays.
import { createHash, createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import type { FrameDetail } from '../../core/api.ts'
import { Redactor } from '../../core/evidence/redact.ts'
import { CP_WBXML, notification, readPdu, toPdu } from '../../core/notify/push.ts'
import { decodePackage0, trigger } from '../../core/syncml/package0.ts'
import { B3, PACKAGE0, SECRET, SERVER_ID, SMS } from './support.ts'

const redactor = new Redactor({
  keyed: (text) => new Uint8Array(createHmac('sha256', 'k').update(text).digest()),
  sha256: (octets) => createHash('sha256').update(octets).digest('hex'),
})
const shown = (bytes: Uint8Array): Uint8Array => {
  const row = { kind: 'push', device: '', encoding: '', text: '', target: '', commands: [] } as unknown as FrameDetail['row']
  const detail = { row, bytes, original: null, headers: [], startLine: '', findings: [], notes: [], sha256: '' } as unknown as FrameDetail
  return redactor.frame(detail).bytes
}

it('a notification in its WSP push: digest and end device go, server and session stay', () => {
  const pdu = toPdu(notification(trigger(SERVER_ID, 0x1a), SECRET, 'IMEI:490154203237518'))
  const out = shown(pdu)
  expect(out).toHaveLength(pdu.length)
  expect(Buffer.from(out).toString('latin1')).not.toContain('490154203237518')
  const push = readPdu(out)
  expect(push.application).toBe('x-wap-application:syncml.dm')
  expect(decodePackage0(push.body)).toMatchObject({ serverId: SERVER_ID, sessionId: 0x1a, version: 11 })
  expect(Buffer.from(push.body.subarray(0, 16)).toString()).toBe('x'.repeat(16))
})

it('in its SMS the same', () => {
  const out = shown(SMS)
  expect(Buffer.from(out.subarray(0, 13))).toEqual(Buffer.from(SMS.subarray(0, 13)))
  expect(Buffer.from(out.subarray(29))).toEqual(Buffer.from(PACKAGE0.subarray(16)))
  expect(Buffer.from(out.subarray(13, 29)).toString()).toBe('x'.repeat(16))
})

it('a bootstrap push shows no secret, no user name, no MAC', () => {
  const text = Buffer.from(shown(toPdu({ contentType: CP_WBXML, security: 'USERPIN', mac: 'AB'.repeat(20), body: B3 }))).toString('latin1')
  for (const secret of ['Cl13ntS3cret', 'S3rv3rS3cret', 'client-0001', 'ABABAB']) expect(text).not.toContain(secret)
})
