// dmlab decode and encode as users and scripts meet them: text, tokens, JSON, exit codes, and the same answers as libwbxml gives.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fromPrintable, xmlText } from '../../core/evidence/printable.ts'
import { decodeTree, encodeTree } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import { needs, needsShared } from '../support/needs.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'

/** E7 of the DM sheet in WBXML (W5 of the WBXML sheet). */
const W5 =
  '02A4016A006D6C7103312E3200017203444D2F312E320001650331410001' +
  '5B03320001 6E5703494D45493A3439303135343230333233373531380001016757 0368747470733A2F2F646D2E6578616D706C652E636F6D2F646D0001' +
  '5603636F6D2E6578616D706C652E646D000101016B694B033100015C033200014C033000014A0353796E6348647200014F03323030000101120101'
const bytes = Buffer.from(W5.replaceAll(' ', ''), 'hex')
const TNDS = '0300006A1B2D2F2F4F4D412F2F4454442D444D2D44444620312E322F2F454E00' + '0002607703312E3200016466034578000101' + '01'

const dtd = (element: Element): unknown => [element.vocabulary, element.name, element.text, element.children.map(dtd)]

test('decode prints XML, from WBXML, from hexadecimal text, from stdin; encode gives the bytes back', async () => {
  const file = join(scratch(), 'm.wbxml')
  writeFileSync(file, bytes)
  const xml = alone(['decode', file])
  expect(xml).toMatchObject({ code: 0, err: '' })
  expect(xml.text).toContain('<LocURI>IMEI:490154203237518</LocURI>')
  expect(alone(['decode'], W5).text).toBe(xml.text)
  expect((await dmlab(['decode', '-', '--hex'], W5)).text).toBe(xml.text)
  expect(alone(['encode'], xml.text)).toMatchObject({ code: 0, err: '', out: bytes })
  expect((await dmlab(['encode', '--hex'], xml.text)).text).toBe(`${bytes.toString('hex')}\n`)
})

test('decode --offsets: every byte in exactly one line; --json the same for scripts', async () => {
  const { tokens } = JSON.parse((await dmlab(['decode', '--offsets', '--json'], bytes)).text) as {
    tokens: { start: number; end: number; element: string }[]
  }
  expect(tokens[0]?.start).toBe(0)
  expect(tokens.at(-1)?.end).toBe(bytes.length)
  tokens.slice(1).forEach((token, i) => expect(token.start).toBe(tokens[i]?.end))
  const lines = (await dmlab(['decode', '--offsets'], bytes)).text.trimEnd().split('\n')
  expect(lines).toHaveLength(tokens.length + 1)
  expect(lines.find((line) => line.includes('IMEI:490154203237518'))).toMatch(
    /^0025-003A +03494d4549.*string +IMEI:490154203237518 +\/SyncML\/SyncHdr\/Target\/LocURI$/,
  )
})

test('decode --json: the tree with byte ranges, how it was written, findings', async () => {
  const shown = JSON.parse((await dmlab(['decode', '--json'], bytes)).text) as {
    encoding: string
    size: number
    form: object
    tree: object
    findings: unknown[]
  }
  expect(shown).toMatchObject({ encoding: 'wbxml', size: bytes.length, form: { version: 2, publicId: 0x1201 }, findings: [] })
  expect(shown.tree).toMatchObject({ name: 'SyncML', start: 5, end: bytes.length, children: [{ name: 'SyncHdr' }, { name: 'SyncBody' }] })
})

test('unreadable input ends with 2 and one line: file, offset, reason', async () => {
  const file = join(scratch(), 'cut.wbxml')
  writeFileSync(file, bytes.subarray(0, 60))
  const cases: [string[], string | Uint8Array, RegExp][] = [
    [['decode', file], '', /^dmlab: .*cut\.wbxml: byte \d+: .+\n$/],
    [['decode', '/nowhere/x'], '', /^dmlab: \/nowhere\/x: no such file\n$/],
    [['decode', scratch()], '', /is a folder\n$/],
    [['decode'], '<SyncML><a>', /^dmlab: stdin: byte 11: .+\n$/],
    [['decode'], '', /^dmlab: stdin: byte 0: the file is empty\n$/],
    [['encode'], 'hello', /^dmlab: stdin: byte 0: neither XML nor WBXML nor hexadecimal text .*\n$/],
    [['encode'], '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /^dmlab: stdin: byte \d+: .+\n$/],
  ]
  for (const [words, input, line] of cases) {
    const run = await dmlab(words, input)
    expect([words, run.code, run.text]).toEqual([words, 2, ''])
    expect(run.err).toMatch(line)
  }
})

test('wrong usage ends with 2 and one line; a message that is none is shown and refused with 1', async () => {
  for (const words of [
    ['frobnicate'],
    ['decode', 'a', 'b'],
    ['encode', '--strings', 'cubes'],
    ['encode', '--version', '9'],
    ['trace', 'list'],
    ['decode', '--bogus'],
  ]) {
    const run = await dmlab(words)
    expect([words, run.code, run.err.trimEnd().split('\n').length]).toEqual([words, 2, 1])
  }
  expect(await dmlab(['encode', '--string-table', '--strings', 'opaque'], '<SyncML/>')).toMatchObject({
    code: 2,
    err: expect.stringContaining('contradict') as string,
  })
  const run = await dmlab(['decode'], '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncBody/></SyncML>')
  expect(run.code).toBe(1)
  expect(run.text).toContain('<SyncBody/>')
  expect(run.err).toMatch(/^dmlab: stdin: byte \d+: .*SyncHdr.*\n$/)
})

test('files are never overwritten without --force', async () => {
  const file = join(scratch(), 'out.wbxml')
  writeFileSync(file, 'mine')
  const xml = (await dmlab(['decode'], bytes)).text
  expect(await dmlab(['encode', '-o', file], xml)).toMatchObject({ code: 2, err: `dmlab: ${file}: is there already; --force overwrites it\n` })
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect((await dmlab(['encode', '-o', file, '--force'], xml)).code).toBe(0)
  expect(readFileSync(file)).toEqual(bytes)
  expect(readdirSync(join(file, '..'))).toEqual(['out.wbxml'])
})

test('what XML cannot hold is marked, and comes back the same: raw octets, embedded documents, unknown tokens, control characters', () => {
  const opaque = (octets: string): string => `C3${(octets.length / 2).toString(16).padStart(2, '0')}${octets}`
  const data = (inner: string): string => `544F${inner}0101`
  const body = [data(opaque('00FF10')), data(opaque(TNDS)), data('03610162 00'.replace(' ', '')), '30']
  const odd = Buffer.from(`02A4016A006D6C71033100 0101 6B 60${body.join('')} 01 01 01`.replaceAll(' ', ''), 'hex')
  const tree = decodeTree(odd, 'wbxml').root
  const text = xmlText(tree)
  expect(text).toContain('opaque="base64">AP8Q<')
  expect(text).toContain('<Data opaque="document">')
  expect(text).toContain('text="base64"')
  expect(text).toContain('<UnknownToken token="0:0x30"/>')
  const back = fromPrintable(decodeTree(Buffer.from(text), 'xml').root, (inner) => encodeTree(inner, { encoding: 'wbxml', version: 3 }))
  expect(Buffer.from(encodeTree(back, { encoding: 'wbxml' })).toString('hex')).toBe(odd.toString('hex'))
})

test('every way of writing WBXML decodes to the same XML', async () => {
  const xml = (await dmlab(['decode'], bytes)).text
  for (const words of [
    ['--string-table'],
    ['--strings', 'opaque', '--pages', 'eager'],
    ['--public-id', 'text', '--version', '1.1'],
    ['--version', '1.3'],
  ]) {
    const coded = await dmlab(['encode', ...words], xml)
    expect([words, coded.code]).toEqual([words, 0])
    expect((await dmlab(['decode'], coded.out)).text).toBe(xml)
  }
})

test('wbxml2xml reads what real clients sent as we do, xml2wbxml writes what we can read', async (context) => {
  needs(context, 'xml2wbxml', 'wbxml2xml')
  const out = join(scratch(), 'theirs')
  const folder = needsShared(context, 'corpus/captured-sessions/libdmclient/s04-wbxml-md5chal')
  const sent = readdirSync(folder).filter((name) => /^\d+-client\.wbxml$/.test(name))
  for (const name of sent) {
    execFileSync('wbxml2xml', ['-o', out, join(folder, name)], { stdio: 'ignore' })
    const ours = (await dmlab(['decode', join(folder, name)])).out
    expect(dtd(decodeTree(ours, 'xml').root), name).toEqual(dtd(decodeTree(readFileSync(out), 'xml').root))
  }
  const answers = needsShared(context, 'corpus/captured-sessions/libdmclient/s01-xml-basic')
  const written = readdirSync(answers).filter((name) => /^\d+-server\.xml$/.test(name))
  for (const name of written) {
    const tree = decodeTree(readFileSync(join(answers, name)), 'xml').root
    const clean = join(scratch(), 'clean.xml')
    writeFileSync(clean, encodeTree(tree, { encoding: 'xml' }))
    execFileSync('xml2wbxml', ['-o', out, clean], { stdio: 'ignore' })
    expect(dtd(decodeTree((await dmlab(['decode', out])).out, 'xml').root), name).toEqual(dtd(tree))
  }
  expect([sent.length, written.length].every((count) => count > 2)).toBe(true)
})
