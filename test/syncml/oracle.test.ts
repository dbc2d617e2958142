// Against three independent programs: libwbxml both ways and Wireshark. Every difference is one of docs/wbxml-differences.md, with its count.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodecError, decodeTree, encodeTree } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import { tokens } from '../../core/syncml/offsets.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'
import { pcap } from '../support/pcap.ts'
import { shared } from '../support/shared.ts'
import { W2, W3, W4, W5, W6, W7, W8, W9 } from './samples.ts'

const has = (program: string): boolean => spawnSync('which', [program]).status === 0
const corpus = shared('corpus')
const libwbxml = has('wbxml2xml') && has('xml2wbxml')
const tshark = has('tshark')
const scratch = mkdtempSync(join(tmpdir(), 'dm-lab-oracle-'))
afterAll(() => {
  rmSync(scratch, { recursive: true })
})

const list = (ending: RegExp): string[] =>
  corpus === null
    ? []
    : (readdirSync(corpus, { recursive: true }) as string[])
        .filter((name) => ending.test(name))
        .sort()
        .map((name) => join(corpus, name))
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(file))

/** The table of docs/wbxml-differences.md: id, and the number of corpus documents it is about. */
function documented(): Map<string, number> {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/wbxml-differences.md'), 'utf8')
  return new Map([...text.matchAll(/^\| `([a-z0-9-]+)` \| (\d+) \|/gm)].map(([, id, count]) => [id as string, Number(count)]))
}

const seen = new Map<string, number>()
const count = (id: string): void => void seen.set(id, (seen.get(id) ?? 0) + 1)

/** One line an element, an embedded document taken for children. */
function lines(element: Element, depth = 0): string[] {
  const children = element.embedded === undefined ? element.children : [element.embedded]
  const octets =
    element.opaque !== undefined && element.embedded === undefined && element.text === '' ? ` #${Buffer.from(element.opaque).toString('hex')}` : ''
  const attributes = element.attributes === undefined ? '' : JSON.stringify(element.attributes)
  return [
    `${' '.repeat(depth)}${element.name} ${JSON.stringify(element.text)}${octets}${attributes}`,
    ...children.flatMap((child) => lines(child, depth + 1)),
  ]
}

function run(program: string, args: string[]): Uint8Array | null {
  const { status, stdout } = spawnSync(program, args, { maxBuffer: 1 << 26 })
  return status === 0 ? new Uint8Array(stdout) : null
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((line, i) => line === b[i])

describe.skipIf(corpus === null || !libwbxml)('libwbxml reads what we read (needs the shared corpus and libwbxml2-utils)', () => {
  test.each(list(/\.wbxml$/))('%s', (file) => {
    const theirs = run('wbxml2xml', ['-m', '2', '-o', '-', file])
    const { root, form } = decodeTree(bytesOf(file), 'wbxml')
    if (theirs === null) {
      expect(form?.publicId).toBe(1)
      count('read-public-id')
      return
    }
    if (form?.language === 'unknown') {
      expect([5, 6]).toContain(form.publicId)
      count('read-si-sl')
      return
    }
    let ours = lines(root)
    const expected = lines(decodeTree(theirs, 'xml').root)
    const page2 = form?.language === 'SyncML' ? inlineTreeLines(root) : new Set<number>()
    const apply = (id: string, change: (line: string, index: number) => string): void => {
      if (same(ours, expected)) return
      const changed = ours.map(change)
      if (changed.every((line, i) => line === ours[i])) return
      ours = changed
      count(id)
    }
    apply('read-type', (line) => line.replace(/^( *Type "application\/vnd\.syncml[.-](?:dmtnds|devinf))\+wbxml"/, '$1+xml"'))
    apply('read-line-ends', (line) => line.replaceAll('\\r\\n', '\\n'))
    apply('read-page-2', (line, index) => (page2.has(index) ? line.replace(/[^ ]+/, 'unknown') : line))
    expect(ours).toEqual(expected)
  })
})

/** Which lines of `lines(root)` are elements of page 2 inside a SyncML document. */
function inlineTreeLines(root: Element): Set<number> {
  const found = new Set<number>()
  let index = 0
  const visit = (element: Element, inline: boolean): void => {
    if (inline && element.vocabulary === 'dmddf') found.add(index)
    index++
    if (element.embedded !== undefined) visit(element.embedded, false)
    else for (const child of element.children) visit(child, inline)
  }
  visit(root, true)
  return found
}

/** Data below Add or Replace as OPAQUE, the way libwbxml always writes it. */
function likeLibwbxml(element: Element, inside = false): Element {
  const here = inside || element.name === 'Add' || element.name === 'Replace'
  if (here && element.name === 'Data' && element.vocabulary === 'syncml' && element.children.length === 0 && element.text !== '') {
    return { ...element, text: '', opaque: utf8Bytes(element.text.replaceAll(/\r?\n/g, '\r\n')) }
  }
  return { ...element, children: element.children.map((child) => likeLibwbxml(child, here)) }
}

describe.skipIf(corpus === null || !libwbxml)('libwbxml writes what we write (needs the shared corpus and libwbxml2-utils)', () => {
  test.each(list(/\.(xml|ddf)$/))('%s', (file) => {
    const theirs = run('xml2wbxml', ['-v', '1.2', '-n', '-o', '-', file])
    if (theirs === null) return count('write-refused')
    const { root } = decodeTree(bytesOf(file), 'xml')
    if (Buffer.compare(encodeTree(root, { encoding: 'wbxml' }), theirs) === 0) return count('write-identical')
    if (Buffer.compare(encodeTree(likeLibwbxml(root), { encoding: 'wbxml' }), theirs) === 0) return count('write-data-opaque')
    let expected: Element
    try {
      expected = decodeTree(theirs, 'wbxml').root
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError)
      return count('write-unreadable')
    }
    const ours = decodeTree(encodeTree(likeLibwbxml(root), { encoding: 'wbxml' }), 'wbxml').root
    return count(difference(lines(ours), lines(expected), expected))
  })
})

/** Which of the known reasons explains that two encodings are not the same tree. */
function difference(ours: string[], theirs: string[], root: Element): string {
  if (root.token !== undefined || /^\w+/.exec(ours[0] ?? '')?.[0] !== root.name) return 'write-other-language'
  if (same(ours, theirs)) return 'write-same-tree'
  const type = (all: string[]): string[] =>
    all.map((line) => line.replace(/(Type ")(?:\\n| )*(application\/vnd\.syncml[.-](?:dmtnds|devinf))\+(?:wb)?xml(?:\\n| )*"/, '$1$2"'))
  if (same(type(ours), type(theirs))) return 'write-type'
  const loose = (all: string[]): string[] => type(all).map((line) => line.replace(/\\r|\\n|\\t| /g, ''))
  if (same(loose(ours), loose(theirs))) return 'write-white-space'
  const first = loose(ours).findIndex((line, i) => line !== loose(theirs)[i])
  return `unexplained at ${String(first)}: ${String(ours[first])} / ${String(theirs[first])}`
}

describe.skipIf(corpus === null || !libwbxml)('the table of differences', () => {
  test('docs/wbxml-differences.md has exactly the differences seen', () => {
    expect(Object.fromEntries([...seen].sort())).toEqual(Object.fromEntries([...documented()].sort()))
  })
})

describe.skipIf(!tshark)('Wireshark sees the same tokens (needs tshark)', () => {
  const documents: [string, Uint8Array][] = [
    ...(Object.entries({ W2, W3, W4, W5, W7, W8, W9, ...W6 }) as [string, Uint8Array][]).filter(([name]) => name !== 'b'),
    ...list(/captured-sessions.*\.wbxml$|syncml-xml.*\.wbxml$|dm1[12]-messages.*\.wbxml$/).map((file): [string, Uint8Array] => [file, bytesOf(file)]),
  ]
  let frames: string[] = []

  beforeAll(() => {
    const file = join(scratch, 'all.pcap')
    writeFileSync(file, pcap(documents.map(([, bytes]) => bytes)))
    const text = execFileSync('tshark', ['-r', file, '-V', '-O', 'wbxml', '-d', 'tcp.port==80,http'], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString()
    frames = text.split(/^Frame \d+: /m).slice(1)
  })

  test.each(documents.map(([name, bytes], i) => [name, bytes, i] as const))('%s', (_, bytes, i) => {
    const theirs = (frames[i] ?? '').split('\n').flatMap(theirToken)
    const ours = tokens(bytes, 'wbxml').flatMap((token) => ourToken(token, bytes))
    expect(theirs.length).toBeGreaterThan(5)
    expect(ours).toEqual(theirs)
  })
})

/** `tag 0x2D`, `string`, `end` … from a line of `tshark -V`. */
function theirToken(line: string): string[] {
  const found = /\| (?:Tag|Attr) +\| *([AT] *(?:--> *)?\d*) *\| *(\S.*?) *\|(.*)$/.exec(line)
  if (found === null) return []
  const description = found[2] ?? ''
  const tag = /^Known Tag 0x([0-9A-F]{2})/i.exec(description)
  if (tag !== null) return [`tag 0x${String(tag[1]).toUpperCase()}`]
  const kinds: [RegExp, string][] = [
    [/^END/, 'end'],
    [/^STR_I/, 'string'],
    [/^STR_T/, 'tableRef'],
    [/^OPAQUE/, 'opaque'],
    [/^ENTITY/, 'entity'],
    [/^LITERAL/, 'literal'],
  ]
  if (description.startsWith('SWITCH_PAGE')) return [`page ${(found[1] ?? '').replace(/\D/g, '')}`]
  return [kinds.find(([pattern]) => pattern.test(description))?.[1] ?? description]
}

function ourToken(token: ReturnType<typeof tokens>[number], bytes: Uint8Array): string[] {
  if (token.kind === 'tag') return [`tag 0x${((bytes[token.start] as number) & 0x3f).toString(16).toUpperCase().padStart(2, '0')}`]
  if (token.kind === 'switchPage') return [`page ${String(token.page)}`]
  return ['end', 'string', 'tableRef', 'opaque', 'entity', 'literal'].includes(token.kind) ? [token.kind] : []
}
