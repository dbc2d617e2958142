// Descriptors: the sheet's example byte for byte, liberal reading, every rule of 3.1 with its code, and XML that means harm.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DescriptorError, isDescriptor, parseDescriptor } from '../../core/download/dd.ts'
import { buildDescriptor } from '../../core/download/ddbuild.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const media = (inner: string, more = ''): Uint8Array =>
  bytes(`<?xml version="1.0"?>\n<media xmlns="http://www.openmobilealliance.org/xmlns/dd"${more}>${inner}</media>`)
const GOOD = '<type>application/octet-stream</type><size>150000</size><objectURI>a.bin</objectURI>'

const SHEET = `<?xml version="1.0" encoding="UTF-8"?>
<media xmlns="http://www.openmobilealliance.org/xmlns/dd">
  <DDVersion>1.0</DDVersion>
  <type>application/octet-stream</type>
  <size>150000</size>
  <objectURI>https://ads.example.com/antivir-2.1.bin</objectURI>
  <installNotifyURI>https://ads.example.com/notify/job-7f31</installNotifyURI>
  <name>AntiVir 2.1</name>
  <vendor>Mobile Security Forces</vendor>
  <description>Virus scanner update</description>
  <infoURL>https://ads.example.com/info</infoURL>
  <iconURI>https://ads.example.com/icon.png</iconURI>
  <nextURL>https://ads.example.com/done</nextURL>
  <installParam>mode=silent</installParam>
</media>
`

const refused = (what: Uint8Array): [number, number, string, string] => {
  try {
    parseDescriptor(what)
  } catch (error) {
    if (error instanceof DescriptorError) return [error.status, error.offset, error.message, error.installNotifyUri]
    throw error
  }
  return [0, 0, 'taken', '']
}

test('the example of the sheet is built exactly and read completely', () => {
  const read = parseDescriptor(bytes(SHEET))
  expect(buildDescriptor(read)).toBe(SHEET)
  expect(read).toMatchObject({
    version: '1.0',
    name: 'AntiVir 2.1',
    vendor: 'Mobile Security Forces',
    installParam: 'mode=silent',
    nextUrl: 'https://ads.example.com/done',
  })
  expect(read.objects).toEqual([
    {
      types: ['application/octet-stream'],
      size: 150_000,
      installSize: null,
      uris: ['https://ads.example.com/antivir-2.1.bin'],
      objectId: '',
      objectVersion: '',
      order: 0,
      sha256: '',
    },
  ])
})

test('dl 5: unknown elements are passed over, any order, several types, CDATA, prefixes, no namespace', () => {
  const read = parseDescriptor(
    media(`<crc>1</crc><objectURI> a.bin </objectURI><size>7</size><type>a/b</type><type>c/d</type><installParam><![CDATA[a<b&c]]></installParam>`),
  )
  expect(read).toMatchObject({ installParam: 'a<b&c', ignored: ['crc'], objects: [{ types: ['a/b', 'c/d'], uris: ['a.bin'] }] })
  expect(
    parseDescriptor(bytes(`<d:media xmlns:d="urn:x"><d:type>a/b</d:type><d:size>1</d:size><d:objectURI>x</d:objectURI></d:media>`)).objects[0]?.size,
  ).toBe(1)
  expect(parseDescriptor(bytes(`<media>${GOOD}</media>`)).version).toBe('1.0')
})

test('dl 4: what is mandatory, repeated, no number, of another version; the place is told', () => {
  expect(refused(media(GOOD.replace(/<type>.*<\/type>/, '')))).toMatchObject([906, 22, 'descriptor, byte 22: media has no type', ''])
  expect(refused(media(GOOD.replace(/<size>.*<\/size>/, '')))[2]).toContain('has no size')
  expect(refused(media(GOOD.replace(/<objectURI>.*<\/objectURI>/, '')))[2]).toContain('has no objectURI')
  expect(refused(media(`${GOOD}<size>1</size>`))[2]).toContain('a second size')
  expect(refused(media(GOOD.replace('150000', '-5')))[2]).toContain('not a whole number')
  expect(refused(media(GOOD.replace('150000', '9'.repeat(30))))[0]).toBe(906)
  expect(refused(media('<DDVersion>3.0</DDVersion>' + GOOD))).toMatchObject([951, 22, 'descriptor, byte 22: version 3.0 is not known', ''])
  expect(refused(media('<DDVersion>x</DDVersion>' + GOOD))[0]).toBe(951)
  expect(refused(bytes(SHEET.replace('<size>150000</size>', '')))[3]).toBe('https://ads.example.com/notify/job-7f31')
  expect(refused(bytes('<html/>'))[2]).toContain('not media')
  expect(refused(media('<size><b/></size>' + GOOD.replace('<size>150000</size>', '')))[2]).toContain('holds elements')
})

describe('dl 34: hostile XML', () => {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${String(i + 1)} "${`&l${String(i)};`.repeat(10)}">`).join('')
  test.each([
    ['an external entity', `<!DOCTYPE media [<!ENTITY x SYSTEM "file:///etc/passwd">]><media>${GOOD.replace('a.bin', '&x;')}</media>`],
    ['billion laughs', `<!DOCTYPE media [<!ENTITY l0 "lol">${entities}]><media><type>&l9;</type></media>`],
    ['a document type alone', `<!DOCTYPE media SYSTEM "http://example.com/dd.dtd"><media>${GOOD}</media>`],
    ['a parameter entity', `<!DOCTYPE media [<!ENTITY % p SYSTEM "http://example.com/x">%p;]><media>${GOOD}</media>`],
    ['an entity nobody declared', `<media>${GOOD.replace('a.bin', '&nope;')}</media>`],
    ['deep nesting', `<media>${'<a>'.repeat(5000)}</media>`],
    ['too many elements', `<media>${'<a/>'.repeat(5000)}${GOOD}</media>`],
    ['a descriptor of 1 MiB', `<media><name>${'x'.repeat(1 << 20)}</name>${GOOD}</media>`],
    ['a cut end', `<media>${GOOD}`],
    ['nothing', ''],
    ['no XML', 'PK\u0003\u0004'],
  ])('%s is refused with its place', (_, text) => {
    const [status, offset, reason] = refused(bytes(text))
    expect(status, reason).toBe(906)
    expect(reason).toMatch(/^descriptor, byte \d+: /)
    expect(offset).toBeLessThanOrEqual(Math.max(bytes(text).length, 0))
  })

  test('a document type in UTF-16 does not slip through', () => {
    const text = `\ufeff<!DOCTYPE media SYSTEM "x"><media>${GOOD}</media>`
    const wide = new Uint8Array(text.length * 2)
    ;[...text].forEach((c, i) => wide.set([c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8], i * 2))
    expect(refused(wide)[0]).toBe(906)
  })

  test('any bytes give a descriptor or a DescriptorError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(SHEET.length), (noise, at) => {
        refused(noise)
        const spoiled = bytes(SHEET)
        spoiled.set(noise.subarray(0, Math.max(0, spoiled.length - at)), Math.min(at, spoiled.length - Math.min(noise.length, spoiled.length - at)))
        refused(spoiled)
      }),
      { numRuns: 500 },
    )
  })
})

test('descriptor 2.0: first product, objects in order, servers in turn; what is built is read', () => {
  const wish = {
    version: '2.0' as const,
    name: 'AntiVir & more <2.1>',
    vendor: 'MSF',
    installNotifyUri: 'http://h/n',
    downloadNotifyUri: 'http://h/d',
    suppressUserConfirmation: true,
    nextUrl: 'http://h/next',
    objects: [
      { types: ['a/b'], size: 2, uris: ['http://one/2', 'http://two/2'], order: 2, objectId: 'second' },
      { types: ['a/b', 'c/d'], size: 1, uris: ['http://one/1'], order: 1, installSize: 9, sha256: 'ab'.repeat(32) },
    ],
  }
  const read = parseDescriptor(bytes(buildDescriptor(wish)))
  expect(read).toMatchObject({
    version: '2.0',
    name: wish.name,
    vendor: 'MSF',
    suppressUserConfirmation: true,
    downloadNotifyUri: 'http://h/d',
    ignored: [],
  })
  expect(read.objects.map(({ size, uris, order }) => [size, uris.length, order])).toEqual([
    [1, 1, 1],
    [2, 2, 2],
  ])
  expect(read.objects[0]?.sha256).toBe('ab'.repeat(32))
  expect(refused(media('<product><meta/></product>', ' DDVersion="2.0"'))[2]).toContain('no mediaObject')
  expect(refused(media('', ' DDVersion="2.1"'))[2]).toContain('no product')
})

test('what a descriptor cannot carry is told when it is built; types are told apart', () => {
  expect(() => buildDescriptor({ objects: [] })).toThrow(/exactly one object/)
  expect(() => buildDescriptor({ objects: [{ types: ['a/b'], size: 1, uris: ['x', 'y'] }] })).toThrow(/exactly one address/)
  expect(() => buildDescriptor({ name: '\u0001', objects: [{ types: ['a/b'], size: 1, uris: ['x'] }] })).toThrow(/name holds characters/)
  expect([isDescriptor('Application/VND.oma.dd+xml; charset=utf-8'), isDescriptor('application/vnd.oma.dd2+xml'), isDescriptor('text/xml')]).toEqual([
    true,
    true,
    false,
  ])
})
