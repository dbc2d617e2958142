// Messages of the usual form are read without a tree: what comes out must be what the codec says, and whatever it would remark on is left to it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError, decode, encode } from '../../core/syncml/codec.ts'
import type { Message } from '../../core/syncml/message.ts'
import { usualMessage } from '../../core/syncml/usual.ts'
import { shared } from '../support/shared.ts'
import { E4, E5, E6, E7, textOf, utf8 } from './samples.ts'

/** True where the message is of the usual form; it says then exactly what the codec says, which finds nothing. */
function usual(bytes: Uint8Array): boolean {
  const message = usualMessage(bytes)
  if (message === null) return false
  const decoded = decode(bytes, 'xml')
  expect(decoded.findings).toEqual([])
  expect(message).toStrictEqual(decoded.message)
  return true
}

const written = (message: Message): string => textOf(encode(message, { encoding: 'xml' }))
const E6_TEXT = written(E6)
const META = 'xmlns="syncml:metinf"'

/** A device's answer with everything in it that such messages have. */
const ANSWER = `<?xml version="1.0" encoding="UTF-8"?>
<SyncML xmlns="SYNCML:SYNCML1.2">
  <SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>2</MsgID>
    <Target><LocURI>http://lab.example/dm?sid=0123456789abcdef</LocURI></Target>
    <Source><LocURI>IMEI:490154203237518</LocURI><LocName>lab</LocName></Source>
    <Cred><Meta><Format ${META}>b64</Format><Type xmlns='syncml:metinf'>syncml:auth-md5</Type></Meta><Data>f+G+ZBwxTwM0KDOxlHxcnA==</Data></Cred>
    <Meta><MaxMsgSize ${META}>2048</MaxMsgSize><MaxObjSize ${META}>65536</MaxObjSize></Meta>
  </SyncHdr>
  <SyncBody>
    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>a</TargetRef><TargetRef>b c</TargetRef><SourceRef>c</SourceRef>
      <Chal><Meta><Format ${META}>b64</Format><NextNonce ${META}>bm9uY2U=</NextNonce></Meta></Chal><Data>212</Data></Status>
    <Status><Data>200</Data><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Get</Cmd><Item><Data/></Item><Item><Data> x </Data></Item></Status>
    <Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Meta><Type ${META}>text/plain</Type><Size ${META}>12</Size></Meta>
      <Item><Source><LocURI>./DevDetail/SwV</LocURI></Source><Data>${'zwölf, '.repeat(12)}</Data><MoreData/></Item></Results>
    <Alert><CmdID>4</CmdID><Data>1226</Data><Item><Source><LocURI>./SCM</LocURI></Source><Meta><Mark ${META}>critical</Mark></Meta><Data></Data></Item></Alert>
    <Replace><CmdID>5</CmdID><Meta><Format ${META}>chr</Format></Meta><Item><Target><LocURI>./DevInfo/Lang</LocURI></Target><Data>en</Data></Item></Replace>
    <Final/>
  </SyncBody>
</SyncML>
`

describe('what is usual', () => {
  test.each([
    ['a device that shows and asks everything', ANSWER],
    ['package #1', written(E4)],
    ['package #3', E6_TEXT],
    ['its last message', written(E7)],
    ['what a server sends', written(E5)],
    ['without a declaration', E6_TEXT.replace(/^<\?.*?\?>/, '')],
    ['of SyncML 1.1', E6_TEXT.replace('SYNCML1.2', 'SYNCML1.1')],
  ])('%s', (_, text) => {
    expect(usual(utf8(text))).toBe(true)
  })

  test.each([
    ['nothing at all', ''],
    ['text', 'hello'],
    ['another root', '<MgmtTree xmlns="syncml:dmddf1.2"/>'],
    ['another encoding in the declaration', E6_TEXT.replace('UTF-8', 'ISO-8859-1')],
    ['no namespace', E6_TEXT.replace(/ xmlns="[^"]*"/, '')],
    ['a document type', E6_TEXT.replace('<SyncML', '<!DOCTYPE SyncML><SyncML')],
    ['a comment', E6_TEXT.replace('<SyncBody>', '<SyncBody><!-- -->')],
    ['an entity', E6_TEXT.replace('1A', '&#49;A')],
    ['CDATA', E6_TEXT.replace('<CmdID>1<', '<CmdID><![CDATA[1]]><')],
    ['a prefix', E6_TEXT.replaceAll(/<(\/?)(?=[A-Z])/g, '<$1s:').replace('xmlns=', 'xmlns:s=')],
    ['padding around a name', E6_TEXT.replace('<CmdID>1<', '<CmdID>1 <')],
    ['a NUL in a text', E6_TEXT.replace('<CmdID>1<', '<CmdID>1\0<')],
    ['a NUL behind the end', `${E6_TEXT}\0`],
    ['a blank behind the end', `${E6_TEXT} `],
    ['an element of nobody', E6_TEXT.replace('<CmdID>1<', '<Own>1</Own><CmdID>1<')],
    ['a number that is none', E6_TEXT.replace(/<Data>\d+</, '<Data>OK<')],
    ['the same field twice', E6_TEXT.replace('<MsgID>', '<MsgID>2</MsgID><MsgID>')],
    ['a missing field', E6_TEXT.replace(/<MsgID>.*?<\/MsgID>/, '')],
    ['the header behind the body', E6_TEXT.replace(/(<SyncHdr>.*<\/SyncHdr>)(<SyncBody>.*<\/SyncBody>)/, '$2$1')],
    ['MetInf in the namespace of SyncML', ANSWER.replace(` ${META}>2048`, '>2048')],
    ['markup in Data', ANSWER.replace('<Data> x </Data>', '<Data><b>x</b></Data>')],
    ['a command that clients do not use', ANSWER.replaceAll(/(<\/?)Replace>/g, '$1Exec>')],
    ['the half of it', ANSWER.slice(0, ANSWER.length / 2)],
    ['more than fits', ANSWER.replace('zwölf', 'z'.repeat(65_536))],
  ])('%s is not', (_, text) => {
    expect(usualMessage(utf8(text))).toBeNull()
  })

  test('octets that are no UTF-8 are not', () => {
    const bytes = utf8(ANSWER)
    bytes[ANSWER.indexOf('zwölf') + 2] = 0xf6
    expect(usualMessage(bytes)).toBeNull()
  })
})

describe('whatever comes', () => {
  const PARTS = ANSWER.match(/<[^>]*>|[^<]+/g) ?? []
  const odd = fc.constantFrom(
    '',
    ' ',
    '\n',
    '\r\n',
    '\0',
    '&',
    '&lt;',
    '<',
    '>',
    '/',
    '"',
    'x',
    'ü',
    '1',
    '0',
    '<Final/>',
    '<NoResp/>',
    '<Lang>e</Lang>',
    '<a/>',
    '<!---->',
  )
  const part = fc.nat(PARTS.length - 1)
  const change = fc.oneof(
    fc.tuple(part, part).map(
      ([a, b]) =>
        (parts: string[]) =>
          void parts.splice(a, 1, parts[b] ?? ''),
    ),
    fc.tuple(part, part).map(
      ([a, b]) =>
        (parts: string[]) =>
          void parts.splice(a, 0, ...parts.splice(b, 2)),
    ),
    fc.tuple(part, fc.nat(12), fc.nat(3), odd).map(([a, at, length, text]) => (parts: string[]) => {
      const before = parts[a] ?? ''
      parts[a] = before.slice(0, at) + text + before.slice(at + length)
    }),
    fc.tuple(part, fc.nat(6)).map(
      ([a, length]) =>
        (parts: string[]) =>
          void parts.splice(a, length),
    ),
  )

  test('a message that was changed anywhere says what the codec says, or is left to it', () => {
    let count = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const parts = [...PARTS]
        for (const one of changes) one(parts)
        const bytes = utf8(parts.join(''))
        if (usual(bytes)) count += 1
      }),
      { numRuns: process.env['DM_LAB_SOAK'] === undefined ? 3000 : 100_000 },
    )
    expect(count).toBeGreaterThan(100)
  })
})

const corpus = shared('corpus')

describe.skipIf(corpus === null)('captured sessions (needs the shared corpus)', () => {
  test('each message says what the codec says, or is left to it; most are of the usual form', () => {
    const names = (readdirSync(corpus ?? '', { recursive: true }) as string[]).filter((name) => name.endsWith('.xml')).sort()
    let clients = 0
    let read = 0
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(join(corpus ?? '', name)))
      let well = false
      try {
        well = usual(bytes)
      } catch (error) {
        if (error instanceof CodecError) throw new Error(`${name} is read although the codec refuses it`, { cause: error })
        throw error
      }
      if (!/-client\.xml$/.test(name)) continue
      clients += 1
      if (well) read += 1
    }
    expect(clients).toBeGreaterThan(50)
    expect(read).toBeGreaterThan(clients / 2)
  })
})
