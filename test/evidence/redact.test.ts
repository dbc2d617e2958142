// Redaction: no canary in what comes out, same length, same offsets, same tree; what is harmless stays.
import { describe, expect, test } from 'vitest'
import { toRecord } from '../../core/evidence/record.ts'
import { decodeTree } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import { bodies, CANARIES, detailOf, leaks, redactor } from './canaries.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const shape = (element: Element): unknown => [
  element.vocabulary,
  element.name,
  element.start,
  element.end,
  element.children.map(shape),
  element.embedded && shape(element.embedded),
]
const leaves = (element: Element, path = ''): [string, string][] => [
  ...(element.text === '' ? [] : [[`${path}/${element.name}`, element.text] as [string, string]]),
  ...[...element.children, ...(element.embedded ? [element.embedded] : [])].flatMap((child) => leaves(child, `${path}/${element.name}`)),
]

test('the bodies do hold the canaries, so that not finding them means something', () => {
  const found = new Set([...bodies().values()].flatMap(({ bytes }) => leaks(bytes)).map((kind) => kind.replace(/ in .*/, '')))
  const row = new Set(leaks(Buffer.from(JSON.stringify(toRecord(detailOf(new Uint8Array(), ''), iso)))).map((kind) => kind.replace(/ in .*/, '')))
  expect(Object.keys(CANARIES).filter((kind) => !found.has(kind) && !row.has(kind))).toEqual([])
  expect(Object.keys(CANARIES).length).toBeGreaterThanOrEqual(30)
})

describe.each([...bodies()])('%s', (name, { bytes, encoding }) => {
  const out = redactor().body(bytes, encoding, `IMEI:${CANARIES.imei}`)

  test('no canary is left', () => {
    expect(leaks(bytes)).not.toEqual([])
    expect(leaks(out.bytes)).toEqual([])
    expect(out.secrets).toBeGreaterThan(0)
  })

  test('length and tree are the same', () => {
    expect(out.bytes.length).toBe(bytes.length)
    if (name.includes('cut short')) {
      expect(out.whole).toBe(true)
      return
    }
    expect(out.whole).toBe(false)
    expect(shape(decodeTree(out.bytes, encoding).root)).toEqual(shape(decodeTree(bytes, encoding).root))
  })

  test('the input is untouched', () => {
    expect(leaks(bytes)).not.toEqual([])
  })

  test('a whole row has no canary in any field, also as NDJSON', () => {
    const line = JSON.stringify(toRecord(redactor().frame(detailOf(bytes, encoding)), iso))
    expect(leaks(Buffer.from(line))).toEqual([])
  })
})

test('what is harmless stays readable', () => {
  const { bytes, encoding } = bodies().get('xml') ?? { bytes: new Uint8Array(), encoding: 'xml' as const }
  const texts = leaves(decodeTree(redactor().body(bytes, encoding).bytes, encoding).root).map(([, text]) => text)
  for (const kept of [
    '1.2',
    'DM/1.2',
    '1A',
    'https://dm.example.com/dm',
    'alice',
    '1201',
    '212',
    './DMAcc/a/AppAuth/1/AAuthSecret',
    '1.0.7',
    'com.example.dm',
  ]) {
    expect(texts).toContain(kept)
  }
})

test('one identifier has one pseudonym in the whole export: body, headers, start line, device column, other rows', () => {
  const tool = redactor()
  const all = [...bodies().values()].filter(({ bytes }) => bytes.length > 0).map(({ bytes, encoding }) => tool.frame(detailOf(bytes, encoding)))
  const device = all[0]?.row.device ?? ''
  expect(device).toMatch(/^IMEI:\d{15}$/)
  expect(device).not.toContain(CANARIES.imei)
  const digits = device.slice(5)
  for (const frame of all) {
    expect(frame.row.device).toBe(device)
    expect(frame.startLine).toContain(`imei=${digits}`)
    expect(frame.headers.find(([name]) => name === 'User-Agent')?.[1]).toContain(`IMEI ${digits}`)
    expect(frame.notes[0]?.device).toBe(device)
    if (!frame.redaction.whole && frame.row.encoding === 'wbxml') expect(Buffer.from(frame.bytes).includes(device)).toBe(true)
  }
})

test('another export has other pseudonyms, so that two exports cannot be joined', () => {
  const of = (key: string): string => redactor(key).frame(detailOf(new Uint8Array(), '')).row.device
  expect(of('a')).not.toBe(of('b'))
})

test('headers: scheme and user name stay, values go', () => {
  const headers = new Map(redactor().frame(detailOf(new Uint8Array(), '')).headers)
  expect(headers.get('Authorization')).toMatch(/^Basic x+=*$/)
  expect(headers.get('x-syncml-hmac')).toBe('algorithm=MD5, username="alice", mac=xxxxxxxxxxxxxxxxxxxxxx==')
  expect(headers.get('Content-Type')).toBe('application/vnd.syncml.dm+xml')
  expect(headers.get('Cookie')).not.toContain('sess-')
})

test('a body that is no SyncML is blanked as a whole and the row says so', () => {
  const body = Buffer.from(`password is ${CANARIES.wifiPsk} and that is that`)
  const frame = redactor().frame(detailOf(body, '', 'http'))
  expect(frame.redaction.whole).toBe(true)
  expect(Buffer.from(frame.bytes).toString()).toBe('x'.repeat(body.length))
})

test('Package #0: the digest goes, session and server identifier stay', () => {
  const trigger = Buffer.from('02D8000000001A0E636F6D2E6578616D706C652E646D', 'hex')
  const push = Buffer.concat([Buffer.from('00112233445566778899aabbccddeeff', 'hex'), trigger])
  const frame = redactor().frame(detailOf(push, '', 'push'))
  expect(Buffer.from(frame.bytes).subarray(0, 16).toString()).toBe('x'.repeat(16))
  expect(Buffer.from(frame.bytes).subarray(16)).toEqual(trigger)
})

test('passwords of the workspace are found wherever they stand', () => {
  const body = Buffer.from(
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr/><SyncBody><Alert><Item><Data>log: opened with workspace-Pw1 at noon</Data></Item></Alert></SyncBody></SyncML>',
  )
  const out = redactor('k', { secrets: ['workspace-Pw1'] }).body(body, 'xml')
  expect(Buffer.from(out.bytes).toString()).toContain('log: opened with xxxxxxxxxxxxx at noon')
})
