// Redaction on what real devices and servers send: same length, same tree, no credential left; and on broken bytes it never fails.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CodecError, decodeTree, sniff } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { needsShared } from '../support/needs.ts'
import { bodies, redactor } from './canaries.ts'

const names = (element: Element): unknown => [
  element.name,
  element.start,
  element.end,
  element.children.map(names),
  element.embedded && names(element.embedded),
]

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:xml|wbxml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))

const treeOf = (bytes: Uint8Array, encoding: Encoding): Element | null => {
  try {
    return decodeTree(bytes, encoding).root
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

/** Text of every Cred Data and NextNonce that stands in clear in a tree. */
const secretsIn = (element: Element, parent = ''): string[] => [
  ...((element.name === 'Data' && parent === 'Cred') || element.name === 'NextNonce' ? [element.text] : []),
  ...element.children.flatMap((child) => secretsIn(child, element.name)),
]

for (const folder of ['captured-sessions', 'aosp-omadm', 'aosp-verified-vectors', 'devaspot-syncml', 'libwbxml', 'hs20-osu-client', 'syncmldotnet']) {
  test(`corpus/${folder}: every message keeps its length and tree and loses its credentials`, (context) => {
    const root = needsShared(context, `corpus/${folder}`)
    let seen = 0
    let secrets = 0
    for (const file of files(root)) {
      const bytes = new Uint8Array(readFileSync(file))
      const encoding = sniff(bytes)
      const tree = encoding === null ? null : treeOf(bytes, encoding)
      if (encoding === null || tree === null) continue
      const out = redactor().body(bytes, encoding)
      const after = treeOf(out.bytes, encoding)
      expect(out.bytes.length, file).toBe(bytes.length)
      expect(after === null ? null : names(after), file).toEqual(names(tree))
      for (const secret of secretsIn(tree)) {
        if (secret.length < 6) continue
        secrets++
        expect(Buffer.from(out.bytes).includes(secret), `${file}: ${secret}`).toBe(false)
      }
      seen++
    }
    expect(seen).toBeGreaterThan(0)
    if (folder === 'captured-sessions') expect(secrets).toBeGreaterThan(50)
  })
}

test('redacting a redacted body changes nothing but pseudonyms: what is blank stays blank', () => {
  for (const { bytes, encoding } of bodies().values()) {
    const once = redactor('a').body(bytes, encoding)
    const twice = redactor('b').body(once.bytes, encoding)
    expect(twice.bytes.length).toBe(bytes.length)
    expect(twice.whole).toBe(once.whole)
  }
})

/** Small seeded generator, so that a failure comes again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

test('any bytes give a body of the same length and never throw', () => {
  const next = random(20261121)
  const seeds = [...bodies().values()]
  const rounds = process.env['DM_LAB_SOAK'] === undefined ? 1500 : 60_000
  for (let i = 0; i < rounds; i++) {
    const seed = seeds[Math.floor(next() * seeds.length)] as (typeof seeds)[number]
    const bytes = new Uint8Array(seed.bytes)
    for (let edits = 1 + Math.floor(next() * 4); edits > 0; edits--) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256)
    const cut = next() < 0.3 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes
    const out = redactor().body(cut, next() < 0.9 ? seed.encoding : seed.encoding === 'xml' ? 'wbxml' : 'xml')
    expect(out.bytes.length).toBe(cut.length)
  }
})
