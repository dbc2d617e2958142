// Ranges, addresses and manifests: small languages read by table.
import { expect, test } from 'vitest'
import { readAddress, resolveAddress, showAddress } from '../../core/download/address.ts'
import { identityOf, ManifestError, MANIFEST_KEYS, readManifest, readStart, writeManifest } from '../../core/download/package.ts'
import {
  conditionOf,
  contentRange,
  contentRangeOf,
  ifRangeHolds,
  readContentRange,
  strongEtag,
  toldSha256,
  wantedRange,
} from '../../core/download/ranges.ts'
import { fromBase64 } from '../../core/syncml/text.ts'

test.each([
  ['', { what: 'whole' }],
  ['bytes=0-', { what: 'part', from: 0, to: 99 }],
  ['bytes=65-', { what: 'part', from: 65, to: 99 }],
  ['Bytes = 1-2', { what: 'part', from: 1, to: 2 }],
  ['bytes=90-1000', { what: 'part', from: 90, to: 99 }],
  ['bytes=-10', { what: 'part', from: 90, to: 99 }],
  ['bytes=-1000', { what: 'part', from: 0, to: 99 }],
  ['bytes=-0', { what: 'unsatisfiable' }],
  ['bytes=100-', { what: 'unsatisfiable' }],
  ['bytes=0-1,5-6', { what: 'whole' }],
  ['bytes=0-9, 100-', { what: 'part', from: 0, to: 9 }],
  ['bytes=,0-9 ,', { what: 'part', from: 0, to: 9 }],
  ['bytes=100-,200-300', { what: 'unsatisfiable' }],
  ['bytes=0-9,x', { what: 'whole' }],
  ['bytes=', { what: 'whole' }],
  ['bytes=5-2', { what: 'whole' }],
  ['bytes=x-', { what: 'whole' }],
  ['bytes=-', { what: 'whole' }],
  ['lines=1-2', { what: 'whole' }],
] as const)('Range %j of 100 bytes', (field, wanted) => expect(wantedRange(field, 100)).toMatchObject(wanted))

test('conditions: 412 before 304, entity tags before dates, dates that are none count for nothing', () => {
  const none = { ifMatch: '', ifUnmodifiedSince: NaN, ifNoneMatch: '', ifModifiedSince: NaN }
  const of = (fields: Partial<typeof none>): 304 | 412 | null => conditionOf({ ...none, ...fields }, '"a"', 5000)
  expect(of({})).toBe(null)
  expect([of({ ifMatch: '*' }), of({ ifMatch: '"b", "a"' }), of({ ifMatch: '"b"' }), of({ ifMatch: 'W/"a"' })]).toEqual([null, null, 412, 412])
  expect([of({ ifUnmodifiedSince: 5000 }), of({ ifUnmodifiedSince: 4000 }), of({ ifMatch: '"a"', ifUnmodifiedSince: 4000 })]).toEqual([
    null,
    412,
    null,
  ])
  expect([of({ ifNoneMatch: '*' }), of({ ifNoneMatch: '"b", W/"a"' }), of({ ifNoneMatch: '"b"' })]).toEqual([304, 304, null])
  expect([of({ ifModifiedSince: 5000 }), of({ ifModifiedSince: 4000 }), of({ ifNoneMatch: '"b"', ifModifiedSince: 5000 })]).toEqual([304, null, null])
  expect(of({ ifMatch: '"b"', ifNoneMatch: '"a"' })).toBe(412)
})

test('Content-Range, If-Range, ETag, digests', () => {
  expect(contentRange(65537, 149_999, 150_000)).toBe('bytes 65537-149999/150000')
  expect(readContentRange(contentRange(65537, 149_999, 150_000))).toEqual({ from: 65537, to: 149_999, size: 150_000 })
  expect(readContentRange(contentRangeOf(7))).toEqual({ from: null, to: null, size: 7 })
  expect(readContentRange('bytes 1-2/*')).toEqual({ from: 1, to: 2, size: null })
  for (const bad of ['', 'bytes 5-2/9', 'bytes 5-9/9', 'bytes 1-/9', 'lines 1-2/3']) expect(readContentRange(bad), bad).toBe(null)
  const date = 'Sat, 21 Nov 2026 10:00:00 GMT'
  expect(['', '"a"', 'W/"a"', '"b"', date, 'Sat, 21 Nov 2026 10:00:01 GMT'].map((field) => ifRangeHolds(field, '"a"', date))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ])
  expect(['"v21"', 'W/"v21"', 'v21', '""', '"a"b"'].map(strongEtag)).toEqual(['"v21"', '', '', '""', ''])
  const base64 = 'uX35WiFlHSmLb0Sq/dJDBTgdgazE0589uc4KHBHboKs='
  const hex = 'b97df95a21651d298b6f44aafdd24305381d81acc4d39f3db9ce0a1c11dba0ab'
  expect(toldSha256(`sha-512=:AAAA:, sha-256=:${base64}:`, '', fromBase64)).toBe(hex)
  expect(toldSha256('', `SHA-256=${base64}`, fromBase64)).toBe(hex)
  expect(toldSha256('sha-256=:AAAA:', '', fromBase64)).toBe('')
})

test.each([
  ['b.bin', 'http://h:1/a/x.dd?q=1', 'http://h:1/a/b.bin'],
  ['/b.bin?z', 'http://h/a/x.dd', 'http://h/b.bin?z'],
  ['../b', 'http://h/a/c/x', 'http://h/a/b'],
  ['../../../../b', 'http://h/a/c/x', 'http://h/b'],
  ['./', 'http://h/a/x', 'http://h/a/'],
  ['?q', 'http://h/a/x?z', 'http://h/a/x?q'],
  ['', 'http://h/a/x?z', 'http://h/a/x?z'],
  ['//other/x', 'https://h/a', 'https://other/x'],
  ['HTTPS://Other:8/x#f', 'http://h/a', 'https://other:8/x'],
  ['ftp://h/x', 'http://h/a', null],
  ['javascript:1', 'http://h/a', null],
  ['http://user@h/x', 'http://h/a', null],
  ['http://h/x@y', 'http://h/a', 'http://h/x@y'],
  ['b c', 'http://h/a', null],
  ['x', 'nonsense', null],
] as const)('address %j seen from %j', (reference, base, wanted) => expect(resolveAddress(reference, base)).toBe(wanted))

test('absolute addresses', () => {
  expect(showAddress(readAddress('http://[::1]:80') ?? { scheme: 'http', authority: '', path: '' })).toBe('http://[::1]:80/')
  for (const bad of ['http://', 'http:///x', 'http://a b/', 'http://h:x/', 'http://h\\x', '/x', 'http://a\n/'])
    expect(readAddress(bad), bad).toBe(null)
})

const SHEET =
  'SwM-Manifest=1\nKind=software\nPkgID=antivir-2.1\nVersion=2.1\nEnvType=native.linux.arm64\nFromVersion=2.0\nLength=150000\n' +
  'SHA-256=uX35WiFlHSmLb0Sq/dJDBTgdgazE0589uc4KHBHboKs=\nNotAfter=20271231T000000Z\nAllowDowngrade=0\n'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the manifest of the sheet: 212 bytes, read and written the same', () => {
  const manifest = readManifest(bytes(SHEET))
  expect(SHEET.length).toBe(212)
  expect(new TextDecoder().decode(writeManifest({ ...manifest, components: [] }))).toBe(SHEET)
  expect(manifest).toMatchObject({ kind: 'software', fromVersion: '2.0', length: 150_000, allowDowngrade: false })
  expect(manifest.components).toEqual([{ id: 'antivir', version: '2.1', folder: '', name: 'antivir', start: '' }])
  expect(MANIFEST_KEYS.filter(({ standing }) => standing === 'CONFIRMED').map(({ key }) => key)).toEqual(
    'SwM-Manifest Kind PkgID Version EnvType Model FromVersion Length SHA-256 NotAfter AllowDowngrade'.split(' '),
  )
})

test.each([
  ['a first line that is another', SHEET.replace('=1\n', '=2\n'), 1],
  ['lines in another order', SHEET.replace(/(Kind=.*\n)(PkgID=.*\n)/, '$2$1'), 3],
  ['a line twice', SHEET.replace('Kind=software\n', 'Kind=software\nKind=software\n'), 3],
  ['CR LF', SHEET.replaceAll('\n', '\r\n'), 1],
  ['no last line end', SHEET.slice(0, -1), 10],
  ['no Key=Value', SHEET + 'nonsense\n', 11],
  ['a length that is none', SHEET.replace('150000', '1e5'), 7],
  ['a digest that is none', SHEET.replace('uX35', 'u'), 8],
  ['a component outside', SHEET + 'Component=../evil;1;x/\n', 11],
  ['a component twice', SHEET + 'Component=a;1;x/\nComponent=a;2;y/\n', 11],
  ['a start of nobody', SHEET + 'Component=a;1;x/\nStart=b;run\n', 12],
])('a manifest with %s is refused with its line', (_, text, line) => {
  try {
    readManifest(bytes(text))
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError)
    expect((error as ManifestError).line, (error as Error).message).toBe(line)
  }
})

test('who a package without manifest is; start routines', () => {
  const of = (installParams: string, pkgId: string, file: string) => Object.values(identityOf({ installParams, pkgId, file })).join(' ')
  expect(of('id=com.msf.antivir;version=2.1', 'x-1', 'y-2.bin')).toBe('com.msf.antivir 2.1 install parameters')
  expect(of('mode=silent', 'antivir-2.1', 'y-2.bin')).toBe('antivir 2.1 PkgID')
  expect(of('', '', 'anti-vir-2.1.3.tar')).toBe('anti-vir 2.1.3 file name')
  expect(of('version=7', 'antivir', '')).toBe('antivir 7 nothing')
  expect(of('id=../x', '', '')).toBe('component  nothing')
  expect(readStart(bytes('DM-Lab-Start=1\nSay=a\nFail=b\n'))).toEqual({ say: ['a'], fail: 'b' })
  expect(() => readStart(bytes('#!/bin/sh\nrm -rf /\n'))).toThrow(/does not begin/)
  expect(() => readStart(bytes('DM-Lab-Start=1\nRun=x\n'))).toThrow(/neither/)
})
