// A trace row as octets, the same in the index and in the segments: numbers, lengths of its texts, then the texts. Stored numbers never change their meaning.
import type { TraceRow } from '../api.ts'
import type { Headers } from '../machine.ts'

/** Names behind stored numbers: only ever append. */
export const NAMES = {
  kind: ['message', 'http', 'push', 'connection', 'event'],
  direction: ['up', 'down'],
  hop: ['S-D', 'S-G', 'G-D'],
  encoding: ['', 'xml', 'wbxml'],
  severity: ['', 'chat', 'note', 'warn', 'error'],
  hold: ['no', 'held', 'released', 'edited', 'dropped', 'peer gone'],
} as const

/** Number of a name; 0 for one that has none. */
const nameId = (names: readonly string[], name: string): number => Math.max(0, names.indexOf(name))

const FINAL = 1
const HAS_ORIGIN = 2
/** All texts of the row are ASCII: they can be read in one piece. */
const ASCII = 4

const SESSION = 24

/** Session of the packed row that begins at `at`. */
export const sessionAt = (view: DataView, at: number): number => view.getFloat64(at + SESSION)

/** Octets before the lengths of a row's texts. */
const NUMBERS = 52
/** sessionId, device, msgId, package, commands, statuses, target, text, origin. */
const TEXTS = 9

/** Called as a function: a property of texts of many kinds is looked up slowly. */
const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (text: string, at: number) => number

const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { ignoreBOM: true })

/** Octets that grow: what is packed is a view into them, valid until the next `begin`. */
export class Packer {
  #bytes = new Uint8Array(16 << 10)
  #view = new DataView(this.#bytes.buffer)
  #end = 0
  #ascii = true
  readonly #blocks = new WeakMap<Headers, Uint8Array>()

  /** Begins anew. */
  begin(): void {
    this.#end = 0
  }

  /** What was packed since `begin`. */
  get packed(): Uint8Array {
    return this.#bytes.subarray(0, this.#end)
  }

  /** Appends a row, its seq apart; returns its octets' number. */
  row(row: TraceRow): number {
    const { commands, statuses, origin } = row
    const start = this.#end
    this.#room(NUMBERS + 4 * TEXTS)
    const view = this.#view
    view.setUint8(start, nameId(NAMES.kind, row.kind))
    view.setUint8(start + 1, row.direction === 'up' ? 0 : 1)
    view.setUint8(start + 2, nameId(NAMES.hop, row.hop))
    view.setUint8(start + 3, nameId(NAMES.encoding, row.encoding))
    view.setUint8(start + 4, nameId(NAMES.severity, row.severity))
    view.setUint8(start + 5, nameId(NAMES.hold, row.hold))
    view.setFloat64(start + 8, row.at)
    view.setFloat64(start + 16, row.mono)
    view.setFloat64(start + SESSION, row.session)
    view.setFloat64(start + 32, row.size)
    view.setUint32(start + 40, row.httpStatus)
    view.setUint32(start + 44, row.findings)
    view.setUint16(start + 48, commands.length)
    view.setUint16(start + 50, statuses.length)
    this.#ascii = true
    this.#end = start + NUMBERS + 4 * TEXTS
    let at = start + NUMBERS
    at = this.#text(row.sessionId, at)
    at = this.#text(row.device, at)
    at = this.#text(row.msgId, at)
    at = this.#text(row.package, at)
    at = this.#text(listed(commands), at)
    at = this.#text(listed(statuses), at)
    at = this.#text(row.target, at)
    at = this.#text(row.text, at)
    this.#text(origin ?? '', at)
    this.#view.setUint8(start + 6, (row.final ? FINAL : 0) | (origin === undefined ? 0 : HAS_ORIGIN) | (this.#ascii ? ASCII : 0))
    this.#view.setUint8(start + 7, 0)
    return this.#end - start
  }

  /** Appends a number. */
  number(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#end, value)
    this.#end += 8
  }

  /** Appends header fields; those of a block that is known as the same list are packed once. */
  headers(headers: Headers): void {
    let packed = this.#blocks.get(headers)
    if (packed === undefined) {
      const start = this.#end
      this.number(headers.length)
      for (const header of headers) {
        this.text(header[0])
        this.text(header[1])
      }
      packed = this.#bytes.slice(start, this.#end)
      this.#blocks.set(headers, packed)
      return
    }
    this.#room(packed.length)
    this.#bytes.set(packed, this.#end)
    this.#end += packed.length
  }

  /** Appends a text, its length before it. */
  text(value: string): void {
    this.#room(4)
    const at = this.#end
    this.#end += 4
    this.#text(value, at)
  }

  /** Appends a text and writes its length at `at`; returns the place of the next length. */
  #text(value: string, at: number): number {
    if (value === '') {
      this.#view.setUint32(at, 0)
      return at + 4
    }
    const { length } = value
    this.#room(3 * length)
    const bytes = this.#bytes
    const start = this.#end
    let i = 0
    // Nearly all texts are short and plain: a call to an encoder costs more than they do.
    for (; i < length; i++) {
      const code = codeAt(value, i)
      if (code > 0x7f) break
      bytes[start + i] = code
    }
    this.#end = start + i
    if (i < length) {
      this.#ascii = false
      this.#end = start + utf8.encodeInto(value, bytes.subarray(start)).written
    }
    this.#view.setUint32(at, this.#end - start)
    return at + 4
  }

  #room(more: number): void {
    const needed = this.#end + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const listed = (texts: readonly string[]): string => (texts.length === 0 ? '' : texts.length === 1 ? (texts[0] as string) : texts.join('\n'))

/** Reads what a Packer wrote, from the beginning onwards. Throws a RangeError where it ends too early. */
export class Unpacker {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  row(seq: number): TraceRow {
    const view = this.#view
    const at = this.#at
    const flags = view.getUint8(at + 6)
    const lengths = at + NUMBERS
    const read = this.#read(lengths, TEXTS, (flags & ASCII) !== 0)
    const [sessionId = '', device = '', msgId = '', pack = '', commands = '', statuses = '', target = '', said = '', origin = ''] = read
    const row: TraceRow = {
      seq,
      kind: NAMES.kind[view.getUint8(at)] ?? 'event',
      at: view.getFloat64(at + 8),
      mono: view.getFloat64(at + 16),
      direction: NAMES.direction[view.getUint8(at + 1)] ?? 'up',
      hop: NAMES.hop[view.getUint8(at + 2)] ?? 'S-D',
      session: sessionAt(view, at),
      sessionId,
      device,
      msgId,
      package: pack,
      encoding: NAMES.encoding[view.getUint8(at + 3)] ?? '',
      size: view.getFloat64(at + 32),
      commands: view.getUint16(at + 48) === 0 ? [] : commands.split('\n'),
      statuses: view.getUint16(at + 50) === 0 ? [] : statuses.split('\n'),
      target,
      final: (flags & FINAL) !== 0,
      httpStatus: view.getUint32(at + 40),
      findings: view.getUint32(at + 44),
      severity: NAMES.severity[view.getUint8(at + 4)] ?? '',
      hold: NAMES.hold[view.getUint8(at + 5)] ?? 'no',
      text: said,
    }
    return (flags & HAS_ORIGIN) === 0 ? row : { ...row, origin }
  }

  number(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8)
  }

  text(): string {
    return this.#read(this.#at, 1, false)[0] ?? ''
  }

  /** Texts whose lengths stand at `lengths`, and goes behind them. */
  #read(lengths: number, count: number, ascii: boolean): string[] {
    const texts: string[] = []
    let at = lengths + 4 * count
    let total = 0
    for (let i = 0; i < count; i++) total += this.#view.getUint32(lengths + 4 * i)
    if (at + total > this.#bytes.length) throw new RangeError(`packed texts end at ${at + total}, the octets at ${this.#bytes.length}`)
    const whole = ascii ? text.decode(this.#bytes.subarray(at, at + total)) : ''
    let from = 0
    for (let i = 0; i < count; i++) {
      const length = this.#view.getUint32(lengths + 4 * i)
      if (ascii) texts.push(whole.slice(from, from + length))
      else texts.push(length === 0 ? '' : text.decode(this.#bytes.subarray(at, at + length)))
      from += length
      at += length
    }
    this.#at = at
    return texts
  }
}
