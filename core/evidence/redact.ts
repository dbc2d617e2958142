// Redaction on the bytes: same length, same offsets, same tree; what cannot be read is blanked as a whole, and said so.
import type { FrameDetail, TraceRow } from '../api.ts'
import type { Headers } from '../machine.ts'
import { sniff } from '../syncml/codec.ts'
import type { Range } from '../syncml/element.ts'
import type { Encoding } from '../syncml/message.ts'
import { base64, fromBase64 } from '../syncml/text.ts'
import { blankBroken, secretsOfPush, wordsOf } from './broken.ts'
import { judge, type Verdict } from './judge.ts'
import { shapeOf } from './leaves.ts'
import { isIdentifierHeader, isIdentifierName, isSecretHeader, isSecretName } from './names.ts'
import { blank, type KeyedHash, Pseudonyms } from './pseudonym.ts'
import { Known, scrub, type Tally } from './scrub.ts'
import { latin1, View } from './view.ts'

export interface RedactionOptions {
  readonly keyed: KeyedHash
  /** Lower-case hexadecimal SHA-256, for the body as exported. */
  readonly sha256: (bytes: Uint8Array) => string
  /** Devices and passwords of the workspace: replaced wherever they stand in a row. */
  readonly identifiers?: readonly string[]
  readonly secrets?: readonly string[]
}

/** What redaction did to one row. `whole`: the body could not be read, so nothing of it is shown. */
export interface Redaction {
  readonly secrets: number
  readonly identifiers: number
  readonly whole: boolean
}

export interface RedactedBody extends Redaction {
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** One text of a document on its way through redaction. */
interface Part {
  readonly view: View
  readonly verdict: Verdict
  readonly nested: Nested | null
}

/** A document inside a text: as it stands, or in base64. */
interface Nested {
  readonly document: Document
  readonly coded: boolean
}

interface Document {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly parts: readonly Part[]
  /** No structure: already blanked. */
  readonly broken: boolean
}

/** Documents inside documents; deeper ones are blanked. */
const DEPTH = 5
/** Secrets of earlier rows that are searched for in notes, findings and headers. */
const RECENT = 300

/** Redacts rows and bodies; one of these for each export, so that an identifier has one pseudonym in all of it. */
export class Redactor {
  readonly #options: RedactionOptions
  readonly #pseudonyms: Pseudonyms
  /** Secrets of the last rows, oldest first. */
  readonly #recent = new Set<string>()

  constructor(options: RedactionOptions) {
    this.#options = options
    this.#pseudonyms = new Pseudonyms(options.keyed)
  }

  /** A copy of the body without its secrets. `encoding` '' where the body is no SyncML: it is blanked unless it can be read after all. */
  body(bytes: Uint8Array, encoding: Encoding | '', device = ''): RedactedBody {
    const known = this.#known(device)
    const tally = { secrets: 0, identifiers: 0 }
    const document = this.#open(bytes, encoding === '' ? sniff(bytes) : encoding, device, 0)
    learn(document, known)
    this.#close(document, known, tally)
    return { bytes: document.bytes, whole: document.broken && bytes.length > 0, ...tally }
  }

  /** The whole row: body, original, headers, start line, notes, findings and every text derived from them. `sha256` is that of the new body. */
  frame(detail: FrameDetail): FrameDetail & { readonly redaction: Redaction } {
    const { row } = detail
    const known = this.#known(row.device)
    const tally = { secrets: 0, identifiers: 0 }
    const body = this.#openRow(row, detail.bytes)
    const original = detail.original === null ? null : this.#openRow(row, detail.original)
    for (const document of original === null ? [body] : [body, original]) {
      learn(document, known)
      if (document.broken) known.words(wordsOf(document === body ? detail.bytes : (detail.original as Uint8Array)))
    }
    learnHeaders(detail.headers, known)
    this.#close(body, known, tally)
    if (original !== null) this.#close(original, known, tally)
    const spoken = this.#spoken(known)
    const text = (value: string): string => scrub(value, spoken, this.#pseudonyms, tally)
    const said = (value: string, key: string): string => this.#said(value, key, row.device, text)
    const whole = (body.broken && detail.bytes.length > 0) || (original?.broken ?? false)
    return {
      ...detail,
      row: { ...row, device: said(row.device, ''), target: text(row.target), text: text(row.text), commands: row.commands.map(text) },
      bytes: body.bytes,
      original: original?.bytes ?? null,
      startLine: text(detail.startLine),
      headers: detail.headers.map(([name, value]) => [name, this.#header(name, value, text)] as const),
      findings: detail.findings.map((finding) => ({ ...finding, text: text(finding.text) })),
      notes: detail.notes.map((note) => deep(note, said)),
      sha256: this.#options.sha256(body.bytes),
      redaction: { ...tally, whole },
    }
  }

  /** What the texts beside a body may quote: its own secrets, and those of the rows just before it. */
  #spoken(known: Known): Known {
    for (const secret of known.learned) {
      this.#recent.delete(secret)
      this.#recent.add(secret)
    }
    for (const secret of this.#recent) {
      if (this.#recent.size <= RECENT) break
      this.#recent.delete(secret)
    }
    return known.with(this.#recent)
  }

  /** The body of a row: a push, the very sentence the row says (an error answer of ours), or a document. */
  #openRow(row: TraceRow, bytes: Uint8Array): Document {
    if (row.kind === 'push') return this.#push(bytes)
    if (row.kind !== 'message' && latin1(bytes).trim() === row.text.trim()) return plainDocument(bytes)
    return this.#open(bytes, row.encoding === '' ? sniff(bytes) : row.encoding, row.device, 0)
  }

  #said(value: string, key: string, device: string, text: (value: string) => string): string {
    if (value === device) return this.#device(value)
    if (isSecretName(key)) return blank(value)
    return isIdentifierName(key) && !value.includes('://') ? this.#pseudonyms.of(value) : text(value)
  }

  #known(device: string): Known {
    const known = new Known()
    for (const identifier of this.#options.identifiers ?? []) known.identifier(identifier)
    for (const secret of this.#options.secrets ?? []) known.secret(secret)
    if (!device.includes('://')) known.identifier(device)
    return known
  }

  #device(device: string): string {
    return device.includes('://') ? device : this.#pseudonyms.of(device)
  }

  #header(name: string, value: string, text: (value: string) => string): string {
    const low = name.toLowerCase()
    if (low === 'x-syncml-hmac') return text(value).replace(/(\bmac\s*=\s*"?)([^",\s]+)/gi, (_, head: string, mac: string) => head + blank(mac))
    if (isSecretHeader(name)) {
      const scheme = /^(?:Basic|Digest|Bearer|Negotiate|NTLM)\s+/i.exec(value)?.[0] ?? ''
      return scheme + blank(value.slice(scheme.length))
    }
    return isIdentifierHeader(name) ? this.#pseudonyms.of(value) : text(value)
  }

  /** A push body: a document, or a Package #0 whose digest is blanked; anything else as a whole. */
  #push(bytes: Uint8Array): Document {
    const ranges = secretsOfPush(bytes)
    if (ranges === null) return this.#open(bytes, sniff(bytes), '', 0)
    const copy = new Uint8Array(bytes)
    const view = (range: Range): View => new View(copy, [{ ...range, script: 'bytes' }])
    return { bytes: copy, broken: false, parts: ranges.map((range) => ({ view: view(range), verdict: 'secret', nested: null })) }
  }

  #open(bytes: Uint8Array, encoding: Encoding | null, device: string, depth: number): Document {
    const shape = encoding === null || depth > DEPTH ? null : shapeOf(bytes, encoding)
    if (shape === null || encoding === null) return { bytes: blankBroken(bytes, depth > DEPTH ? null : encoding), parts: [], broken: true }
    const copy = new Uint8Array(bytes)
    const done = shape.shared ? new Uint8Array(bytes.length) : null
    const parts = shape.leaves.map((leaf): Part => {
      const view = new View(copy, leaf.pieces, done)
      const verdict = judge(leaf, device)
      return { view, verdict, nested: verdict === 'plain' || verdict === 'identifier' ? this.#nested(view, depth + 1) : null }
    })
    return { bytes: copy, parts, broken: false }
  }

  /** The document a text holds, if it holds one: markup or WBXML as it stands, or either in base64. */
  #nested(view: View, depth: number): Nested | null {
    const { octets } = view
    const encoding = documentIn(octets)
    if (encoding !== null) return { document: this.#open(octets, encoding, '', depth), coded: false }
    const inner = decoded(view)
    if (inner === null) return null
    const within = documentIn(inner)
    if (within !== null) return { document: this.#open(inner, within, '', depth), coded: true }
    if (!/^[\t\n\r -~]{4,}$/.test(latin1(inner.subarray(0, 4096)))) return null
    return { document: plainDocument(inner), coded: true }
  }

  /** Rewrites the document's bytes: secrets first, since texts of a string table share theirs. */
  #close(document: Document, known: Known, tally: Tally): void {
    if (document.broken) tally.secrets++
    for (const { view, verdict } of document.parts) {
      if (verdict !== 'secret' || view.octets.length === 0) continue
      tally.secrets++
      view.write(octetsOf(blank(view.text)))
      view.settle()
    }
    for (const { view, verdict, nested } of document.parts) {
      if (verdict === 'secret' || verdict === 'framing') continue
      const old = view.text
      if (nested !== null) {
        const before = tally.secrets + tally.identifiers
        this.#close(nested.document, known, tally)
        if (tally.secrets + tally.identifiers === before) continue
        view.write(nested.coded ? recoded(view.octets, nested.document.bytes) : nested.document.bytes)
        view.settle()
        continue
      }
      const text = verdict === 'identifier' ? this.#identifier(old, tally) : scrub(old, known, this.#pseudonyms, tally)
      if (text !== old) {
        view.write(octetsOf(text))
        view.settle()
      }
    }
  }

  #identifier(text: string, tally: Tally): string {
    if (text.trim() !== '') tally.identifiers++
    return this.#pseudonyms.of(text)
  }
}

/** Octets that are text and nothing more. */
function plainDocument(bytes: Uint8Array): Document {
  const copy = new Uint8Array(bytes)
  const view = new View(copy, [{ start: 0, end: copy.length, script: 'bytes' }])
  return { bytes: copy, parts: [{ view, verdict: 'plain', nested: null }], broken: false }
}

/** Collects the secrets and identifiers of a document, so that they are found in its other texts too. */
function learn(document: Document, known: Known): void {
  for (const { view, verdict, nested } of document.parts) {
    const { text } = view
    if (verdict === 'secret' && text.length < 1024) {
      known.secret(text)
      const clear = fromBase64(text)
      if (clear !== null && clear.length >= 5 && clear.every((octet) => octet >= 0x20 && octet < 0x7f)) learnClear(latin1(clear), known)
    } else if (verdict === 'identifier' && text.length < 256 && !text.includes('://')) known.identifier(text)
    if (nested !== null) learn(nested.document, known)
  }
}

/** `user:password` of a Basic credential, or a nonce in the clear. */
function learnClear(clear: string, known: Known): void {
  known.secret(clear)
  const colon = clear.indexOf(':')
  if (colon > 0) known.secret(clear.slice(colon + 1))
}

function learnHeaders(headers: Headers, known: Known): void {
  for (const [name, value] of headers) {
    const basic = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(value.trim())
    const clear = isSecretHeader(name) && basic !== null ? fromBase64(basic[1] as string) : null
    if (clear !== null) learnClear(latin1(clear), known)
  }
}

function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i)
  return out
}

/** Encoding of the document these octets look like; null where they look like none. */
function documentIn(octets: Uint8Array): Encoding | null {
  if (octets.length < 8) return null
  const encoding = sniff(octets)
  if (encoding === 'wbxml') return (octets[0] as number) <= 3 ? 'wbxml' : null
  if (encoding === null) return null
  const at = octets.indexOf(0x3c)
  const next = octets[at + 1] ?? 0
  return octets[0] === 0xff || octets[0] === 0xfe || next === 0 || /[A-Za-z_?!]/.test(String.fromCharCode(next)) ? 'xml' : null
}

/** Octets of a base64 text of some length; null where it is none. */
function decoded({ octets, text }: View): Uint8Array | null {
  if (octets.length < 12) return null
  for (let at = 0; at < 12; at++) if (!BASE64.test(text.charAt(at))) return null
  return fromBase64(text)
}

const BASE64 = /[A-Za-z0-9+/=\s]/

/** The base64 text of `inner` laid out like `old`: same line ends, same padding. */
function recoded(old: Uint8Array, inner: Uint8Array): Uint8Array {
  const digits = base64(inner)
  let next = 0
  return old.map((octet) => (octet <= 0x20 ? octet : next < digits.length ? digits.charCodeAt(next++) : octet))
}

/** Every string of a value, at any depth, through `change`; `key` is the field it stands in. */
function deep<T>(value: T, change: (text: string, key: string) => string, key = ''): T {
  if (typeof value === 'string') return change(value, key) as T
  if (Array.isArray(value)) return value.map((item: unknown) => deep(item, change, key)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, deep(inner as unknown, change, name)])) as T
}
