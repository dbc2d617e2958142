// Reads captures back: our own NDJSON, or one SyncML body as XML, WBXML or hexadecimal text. All or nothing: every line is checked before the first row is given.
import type { Direction, Seq, TraceRow } from '../api.ts'
import { decode, sniff } from '../syncml/codec.ts'
import { CodecError } from '../syncml/error.ts'
import { gravest } from '../syncml/finding.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Encoding } from '../syncml/message.ts'
import { type Summary, summarise } from '../syncml/summary.ts'
import type { NewEntry } from '../store/entry.ts'
import { fromBase64, wordsOf } from '../syncml/text.ts'
import { fromHex } from './hex.ts'
import { fromRecord } from './record.ts'

/** Bytes that are no capture. `line` counts from 1 (0 where the input has no lines), `offset` from the first byte of the input. */
export class CaptureError extends Error {
  readonly line: number
  readonly offset: number
  readonly reason: string

  constructor(name: string, reason: string, offset: number, line = 0) {
    super(`${name}: ${line > 0 ? `line ${String(line)}, ` : ''}byte ${String(offset)}: ${reason}`)
    this.name = 'CaptureError'
    this.line = line
    this.offset = offset
    this.reason = reason
  }
}

/** What import needs of its surroundings: when "now" is, and how an ISO time reads in ms since the epoch (NaN where it is none). */
export interface CaptureOptions {
  readonly now: number
  readonly ms: (iso: string) => number
}

/**
 * A row to append. `seq`, `entry.cause` and `entry.row.session` are numbers of the workspace it was exported from (`seq` null and session 0
 * for a single body); whoever appends gives them new ones. `original` is what stood there before the stepper edited it.
 */
export interface Imported {
  readonly seq: Seq | null
  readonly entry: NewEntry
  readonly original: Uint8Array | null
}

/** `origin` of rows that come from a single body. */
export const ORIGIN = 'import'

/** The rows of a capture, in order. Throws CaptureError, before the first row. `name` is for messages. */
export function readCapture(name: string, bytes: Uint8Array, options: CaptureOptions): Iterable<Imported> {
  if (bytes.length === 0) throw new CaptureError(name, 'the file is empty', 0)
  if (looksLikeJson(bytes)) {
    for (const imported of records(name, bytes, options)) void imported
    return { [Symbol.iterator]: () => records(name, bytes, options) }
  }
  return [single(name, bytes, options.now)]
}

function looksLikeJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++
  return bytes[at] === 0x7b
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function* records(name: string, bytes: Uint8Array, options: CaptureOptions): Generator<Imported> {
  let line = 0
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start)
    const stop = end < 0 ? bytes.length : end
    line++
    const slice = bytes.subarray(start, stop)
    if (slice.some((octet) => octet > 0x20)) yield record(name, slice, start, line, options)
    start = stop + 1
  }
}

function record(name: string, slice: Uint8Array, start: number, line: number, options: CaptureOptions): Imported {
  let value: unknown
  try {
    value = JSON.parse(UTF8.decode(slice))
  } catch (error) {
    const place = /position (\d+)/.exec(String(error))?.[1]
    throw new CaptureError(name, `no JSON: ${wordsOf(error)}`, start + Number(place ?? 0), line)
  }
  const read = fromRecord(value, options.ms)
  if (typeof read === 'string') throw new CaptureError(name, read, start, line)
  const { original, seq } = read.record
  const before = original === null ? null : fromBase64(original)
  if (original !== null && before === null) throw new CaptureError(name, 'original is no base64', start, line)
  return { seq, entry: read.entry, original: before }
}

/** A body as a file gives it: the octets and their encoding, whether they stood there as they are or in hexadecimal. Throws CaptureError. */
export function readBody(
  name: string,
  bytes: Uint8Array,
  hex = false,
): { readonly bytes: Uint8Array; readonly encoding: Encoding; readonly hex: boolean } {
  if (bytes.length === 0) throw new CaptureError(name, 'the file is empty', 0)
  const direct = hex ? null : sniff(bytes)
  if (direct !== null) return { bytes, encoding: direct, hex: false }
  const octets = fromHex(bytes)
  if (!(octets instanceof Uint8Array)) {
    throw new CaptureError(name, hex ? octets.reason : `neither XML nor WBXML nor hexadecimal text (${octets.reason})`, hex ? octets.offset : 0)
  }
  const encoding = sniff(octets)
  if (encoding === null) throw new CaptureError(name, 'the hexadecimal text holds neither XML nor WBXML', 0)
  return { bytes: octets, encoding, hex: true }
}

function single(name: string, file: Uint8Array, now: number): Imported {
  const { bytes, encoding, hex } = readBody(name, file)
  try {
    const { message, findings } = decode(bytes, encoding)
    const summary = summarise(message)
    const row = rowOf(summary, directionOf(summary), encoding, bytes.length, findings)
    return { seq: null, original: null, entry: { ...EMPTY, row: { ...row, at: now, text: `imported from ${name}` }, bytes, findings } }
  } catch (error) {
    if (error instanceof CodecError)
      throw new CaptureError(
        name,
        hex ? `${error.reason} (byte ${String(error.offset)} of what the hexadecimal text means)` : error.reason,
        hex ? 0 : error.offset,
      )
    throw error
  }
}

const EMPTY = { startLine: '', headers: [], local: '', remote: '', cause: null, origin: ORIGIN, notes: [] } as const

/** A client opens with 1200 or 1201 and speaks to a URL; a server speaks from one. */
function directionOf(summary: Summary): Direction {
  if (summary.package === '#1') return 'up'
  const url = (uri: string): boolean => uri.includes('://')
  if (url(summary.target) !== url(summary.source)) return url(summary.target) ? 'up' : 'down'
  const asks = summary.commands.some((command) => /^(?:Get|Exec|Add|Delete|Copy|Atomic|Sequence)$/.test(command))
  return asks ? 'down' : 'up'
}

function rowOf(
  summary: Summary,
  direction: Direction,
  encoding: Encoding,
  size: number,
  findings: readonly Finding[],
): Omit<TraceRow, 'seq' | 'at' | 'text'> {
  return {
    kind: 'message',
    mono: 0,
    direction,
    hop: 'S-D',
    session: 0,
    sessionId: summary.sessionId,
    device: direction === 'up' ? summary.source : summary.target,
    msgId: summary.msgId,
    package: direction === 'up' ? summary.package : '',
    encoding,
    size,
    commands: summary.commands,
    statuses: summary.statuses,
    target: summary.firstTarget,
    final: summary.final,
    httpStatus: 0,
    findings: findings.length,
    severity: gravest(findings),
    hold: 'no',
  }
}
