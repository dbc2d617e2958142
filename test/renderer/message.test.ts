// What the inspector makes of a body: every byte linked to an element and back, in XML and WBXML, and bodies that do not decode.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Element } from '../../core/syncml/element.ts'
import { elementByPath, examine, examineRow, pathAt, tokenAt, tokensOf } from '../../renderer/model/document.ts'
import { fromDraft, toDraft, ways } from '../../renderer/model/draft.ts'
import { address, formatHex, hexRow, parseHex } from '../../renderer/model/hex.ts'
import { derivedLines, wireLines } from '../../renderer/model/lines.ts'
import { ancestors, codeOf, outline } from '../../renderer/model/outline.ts'
import { worked, wbxml, xml, status } from '../support/demo.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const BODIES = worked().flatMap((body) => [
  { bytes: body, encoding: 'xml' as const },
  { bytes: wbxml(body), encoding: 'wbxml' as const },
  { bytes: wbxml(body, 'table'), encoding: 'wbxml' as const },
])
const rootOf = (bytes: Uint8Array, encoding: 'xml' | 'wbxml'): Element => {
  const { root, error } = examine(bytes, encoding)
  if (root === null) throw new Error(error?.reason)
  return root
}

describe('linking', () => {
  it('gives every byte one token, and every byte of an element a path to an element that holds it', () => {
    for (const { bytes, encoding } of BODIES) {
      const root = rootOf(bytes, encoding)
      const all = tokensOf(bytes, encoding)
      for (let offset = 0; offset < bytes.length; offset++) {
        const token = tokenAt(all, offset)
        expect(token, `${encoding} byte ${offset}`).not.toBeNull()
        const path = pathAt(root, offset)
        if (offset < root.start || offset >= root.end) expect(path).toBeNull()
        else {
          const element = elementByPath(root, path ?? [])
          expect(offset >= (element?.start ?? Infinity) && offset < (element?.end ?? 0)).toBe(true)
        }
      }
      expect(tokenAt(all, bytes.length)).toBeNull()
    }
  })
  it('finds the element that a value stands in, in both encodings', () => {
    const body = worked()[2] as Uint8Array
    for (const [bytes, encoding] of [
      [body, 'xml'],
      [wbxml(body), 'wbxml'],
    ] as const) {
      const at = new TextDecoder('latin1').decode(bytes).indexOf('1.0.7')
      const root = rootOf(bytes, encoding)
      expect(elementByPath(root, pathAt(root, at) ?? [])).toMatchObject({ name: 'Data', text: '1.0.7' })
    }
  })
})

describe('outline', () => {
  const root = rootOf(worked()[1] as Uint8Array, 'xml')
  it('explains codes where they stand', () => {
    const rows = outline(root, new Set())
    const words = rows.filter((line) => line.explain !== '').map((line) => `${line.element.name} ${line.value}: ${line.explain}`)
    expect(words).toEqual([
      'CmdRef 0: the SyncHdr itself',
      'Data 212: Authentication accepted',
      'Data 200: OK',
      'Data 200: OK',
      'Final : last message of its package',
    ])
    expect(rows.find((line) => line.element.name === 'Get')?.sense).toBe('./DevDetail/FwV')
    const data = rows.find((line) => line.value === '212')
    expect(codeOf(data?.element as Element, elementByPath(root, (data?.key ?? '').split('.').slice(0, -1).map(Number)) ?? undefined)?.code).toBe(212)
  })
  it('opens and closes, and knows what hides an element', () => {
    const body = outline(root, new Set(['1']))
    expect(body.at(-1)).toMatchObject({ key: '1', open: false, hasChildren: true })
    expect(ancestors([1, 3, 0])).toEqual(['', '1', '1.3'])
  })
  it('begins large trees with commands closed', () => {
    const big = rootOf(xml(Array.from({ length: 300 }, (_, i) => status(i + 1, '1', String(i), 'Get', '200')).join('')), 'xml')
    const rows = outline(big, new Set())
    expect(rows.length).toBeLessThan(320)
    expect(rows.find((line) => line.key === '1.5')).toMatchObject({ open: false, hasChildren: true })
  })
  it('shows an unknown token as such', () => {
    const bytes = wbxml(worked()[3] as Uint8Array).slice()
    bytes[bytes.lastIndexOf(0x12)] = 0x3f
    const odd = outline(rootOf(bytes, 'wbxml'), new Set()).find((line) => line.element.token !== undefined)
    expect(odd).toMatchObject({ tone: 'warn', explain: 'no table names code 0x3F on page 0' })
  })
  it('makes characters visible that would hide or reorder text', () => {
    const rows = outline(rootOf(xml(status(1, '1', '0', 'x\u202Egpj.exe', '200')), 'xml'), new Set())
    expect(rows.find((line) => line.element.name === 'Cmd')?.value).toBe('x⟨U+202E⟩gpj.exe')
  })
})

describe('lines', () => {
  it('give back the wire exactly, at any width', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 300 }),
        fc.constantFrom(...worked(), utf8('<a>grüße\n 中文 &amp; <![CDATA[x]]></a>'), utf8('<broken')),
        (columns, bytes) => {
          const lines = wireLines(bytes, tokensOf(bytes, 'xml'), columns)
          let text = ''
          lines.forEach((line, i) => (text += (i > 0 && line.number !== 0 ? '\n' : '') + line.segments.map((one) => one.text).join('')))
          expect(text).toBe(new TextDecoder().decode(bytes))
          for (const line of lines) expect(line.segments.reduce((sum, one) => sum + one.text.length, 0)).toBeLessThanOrEqual(columns)
        },
      ),
      { numRuns: 60 },
    )
  })
  it('know the bytes of each piece', () => {
    const bytes = worked()[0] as Uint8Array
    for (const line of wireLines(bytes, tokensOf(bytes, 'xml'), 40))
      for (const one of line.segments) expect(new TextDecoder().decode(bytes.subarray(one.start, one.end))).toBe(one.text)
  })
  it('derive the same indented text from XML and WBXML', () => {
    const text = (bytes: Uint8Array, encoding: 'xml' | 'wbxml'): string =>
      derivedLines(rootOf(bytes, encoding), 500)
        .map((line) => line.segments.map((one) => one.text).join(''))
        .join('\n')
    for (const body of worked()) expect(text(wbxml(body), 'wbxml')).toBe(text(body, 'xml'))
    expect(text(worked()[3] as Uint8Array, 'xml')).toContain('    <VerDTD>1.2</VerDTD>\n')
  })
})

describe('hex', () => {
  it('lights what is chosen, pointed at, referred to and at fault, strongest first', () => {
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => i + 60)
    const row = hexRow(bytes, 1, 16, [], { focus: { start: 16, end: 18 }, hover: { start: 17, end: 19 }, linked: { start: 19, end: 20 }, fault: 16 })
    expect(row.cells.map((cell) => `${cell.hex}${cell.char}${cell.glow}`)).toEqual(['4CLfault', '4DMfocus', '4ENhover', '4FOlinked'])
    expect(address(18, 0x12345)).toBe('00012')
  })
  it('reads back what it wrote, and names the position of what is no digit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseHex(formatHex(bytes))).toEqual(bytes)
      }),
    )
    expect(parseHex('0x02, a4 01')).toEqual(Uint8Array.of(2, 0xa4, 1))
    expect(() => parseHex('02 G4')).toThrow('position 4: “G” is no hex digit')
    expect(() => parseHex('02 4')).toThrow('the last byte has one digit only')
  })
})

describe('draft', () => {
  it('gives the same message back when nothing is edited, by every way', () => {
    for (const { bytes, encoding } of BODIES)
      for (const way of ways(bytes, encoding)) {
        const draft = fromDraft(toDraft(bytes, encoding, way), encoding, way, bytes)
        expect(draft.error).toBe('')
        if (way === 'xml') expect(rootOf(draft.bytes as Uint8Array, 'wbxml').children.length).toBe(2)
        else expect(draft.bytes).toEqual(bytes)
      }
  })
  it('keeps the string table of a WBXML body that is edited as XML', () => {
    const bytes = wbxml(worked()[2] as Uint8Array, 'table')
    expect(fromDraft(toDraft(bytes, 'wbxml', 'xml'), 'wbxml', 'xml', bytes).bytes?.length).toBe(bytes.length)
  })
  it('says where an edit is wrong, and still offers the bytes where there are any', () => {
    const text = toDraft(worked()[3] as Uint8Array, 'xml', 'text').replace('</SyncHdr>', '</SyncHd>')
    const draft = fromDraft(text, 'xml', 'text', worked()[3] as Uint8Array)
    expect(draft.error).not.toBe('')
    expect(draft.at).toBeGreaterThan(100)
    expect(draft.bytes).toEqual(utf8(text))
    expect(fromDraft('02 A4 0', 'wbxml', 'hex', Uint8Array.of(1))).toMatchObject({ bytes: null })
    expect(fromDraft('FF FF', 'wbxml', 'hex', Uint8Array.of(1)).error).not.toBe('')
  })
  it('offers only hex where text would change the octets', () => {
    expect(ways(utf8('<a>\r\n</a>'), 'xml')).toEqual(['hex'])
    expect(ways(Uint8Array.of(0x3c, 0xff), 'xml')).toEqual(['hex'])
    expect(ways(Uint8Array.of(2, 0xa4), 'wbxml')).toEqual(['hex'])
  })
})

describe('bodies that do not decode', () => {
  it('give the reason and the byte, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom('xml' as const, 'wbxml' as const), (bytes, encoding) => {
        const { root, error } = examine(bytes, encoding)
        expect((root === null) !== (error === null)).toBe(true)
        tokensOf(bytes, encoding)
      }),
    )
    const cut = wbxml(worked()[1] as Uint8Array).subarray(0, 300)
    expect(examine(cut, 'wbxml').error?.offset).toBeGreaterThan(200)
  })
  it('what came with a refused HTTP exchange is text and no fault, but a message refused for its type is decoded', () => {
    const refused = { kind: 'http', encoding: '' } as const
    expect(examineRow(refused, utf8('no SyncML message: byte 13'))).toMatchObject({ encoding: 'xml', root: null, error: null })
    expect(examineRow(refused, BODIES[0]?.bytes ?? new Uint8Array()).root?.name).toBe('SyncML')
    expect(examineRow({ kind: 'message', encoding: 'xml' }, utf8('<SyncML><oops')).error?.offset).toBe(13)
    expect(examineRow({ kind: 'push', encoding: '' }, Uint8Array.of(1, 2, 3))).toMatchObject({ root: null, error: null })
  })
})
