// Links in pushes: Service Indications as other tools read them, in both forms, and bodies that carry none.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LINK_TYPES, LinkError, readLink, SI_WBXML, SI_XML, writeLink } from '../../core/notify/si.ts'
import { readPdu, toPdu } from '../../core/notify/push.ts'

const URLS = [
  'http://gw.lan.example/gw/image/PKG1',
  'https://www.gw.example/gw/image/PKG1.dd?device=urn%3Aexample%3Adev%3Aed1&x="<\'é>',
  'HTTP://192.0.2.1:8080/a',
]
const there = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('a link in a push', () => {
  test.each(LINK_TYPES)('gw 118: comes back from %s as it was written, by WSP as well', (type) => {
    for (const href of URLS) {
      const link = { href, text: type === 'text/plain' ? '' : 'PKG1 & more' }
      const push = readPdu(toPdu({ contentType: type, application: 'x-wap-application:wml.ua', body: writeLink(link, type) }))
      expect([push.contentType, push.application, push.wsp?.typeCode]).toEqual([type, 'x-wap-application:wml.ua', expect.any(Number)])
      expect(readLink(type, push.body)).toEqual(link)
    }
  })
  test('the tokens are those of SI 1.0, and the example of its specification is read', () => {
    expect(hex(writeLink({ href: 'http://a.b/c', text: 'x' }, SI_WBXML))).toBe(
      `02056a0045c60c03${Buffer.from('a.b/c').toString('hex')}000103780001 01`.replace(' ', ''),
    )
    // WAP-167 9.4: http://www.xyz.com/email/123/abc.wml, created and si-expires as opaque dates.
    const example = bytes(
      `02 05 6a 00 45 c6 0d 03 78797a 00 85 03 ${Buffer.from('email/123/abc.wml').toString('hex')} 00 0a c3 07 19990625152315 10 c3 04 19990630 01 03 ${Buffer.from('You have 4 new emails').toString('hex')} 00 01 01`,
    )
    expect(readLink(SI_WBXML, example)).toEqual({ href: 'http://www.xyz.com/email/123/abc.wml', text: 'You have 4 new emails' })
  })
  test.skipIf(!there('wbxml2xml'))('libwbxml reads the same out of our octets, and we out of its own (needs wbxml2xml, xml2wbxml)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dmlab-si-'))
    try {
      for (const href of URLS.slice(0, 1)) {
        const at = (name: string): string => join(folder, name)
        writeFileSync(at('a.wbxml'), writeLink({ href, text: 'PKG1' }, SI_WBXML))
        execFileSync('wbxml2xml', ['-o', at('a.xml'), at('a.wbxml')], { stdio: 'ignore' })
        expect(readLink(SI_XML, new Uint8Array(readFileSync(at('a.xml'))))).toEqual({ href, text: 'PKG1' })
        writeFileSync(at('b.xml'), writeLink({ href, text: 'PKG1' }, SI_XML))
        execFileSync('xml2wbxml', ['-o', at('b.wbxml'), at('b.xml')], { stdio: 'ignore' })
        expect(readLink(SI_WBXML, new Uint8Array(readFileSync(at('b.wbxml'))))).toEqual({ href, text: 'PKG1' })
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  test.each([
    [SI_XML, '<si><indication>no href</indication></si>', 'has no href'],
    [SI_XML, '<sl href="http://a.b/"/>', 'is sl, no si'],
    [SI_XML, '<si><indication href="ftp://a.b/c">x</indication></si>', 'no http or https address'],
    ['text/plain', 'javascript:alert(1)', 'no http or https address'],
    ['text/plain', 'see http://a.b/c', 'not one address'],
  ] as const)('%s %s: refused, in words', (type, text, why) => {
    expect(() => readLink(type, new TextEncoder().encode(text))).toThrow(why)
  })
  test('WBXML that is cut anywhere, or anything else, is refused at its place', () => {
    const whole = writeLink({ href: 'http://a.b/c', text: 'x' }, SI_WBXML)
    for (let n = 0; n < whole.length; n += 1) expect(() => readLink(SI_WBXML, whole.subarray(0, n))).toThrow(LinkError)
    expect(() => readLink(SI_WBXML, bytes('03 0b 6a 00 45'))).toThrow('byte 1: public identifier 11')
    expect(() => readLink(SI_WBXML, bytes('02 05 6a 00 45 ff'))).toThrow(LinkError)
  })
})
