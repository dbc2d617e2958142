// SMS that left and came: parts settled by reports (matched by reference and number), pushes joined from parts, one sentence for how each stands.
import type { PduView, SmsPartState, SmsRow } from '../api.ts'
import { pduHex, PduError, pduOctets } from '../notify/pdu.ts'
import { pduText, readPdu } from '../notify/pduread.ts'
import type { Pdu, PduDirection } from '../notify/pduread.ts'
import { concat } from '../syncml/text.ts'

type Part = SmsRow['parts'][number]
type Row = Omit<SmsRow, 'parts' | 'text'> & { parts: Part[]; text: string }

/** What came in whole: octets for a push port, or a text. */
export interface SmsArrived {
  readonly path: string
  readonly number: string
  /** Push PDU; null for anything that did not go to a push port. */
  readonly push: Uint8Array | null
  /** Every PDU it came in, in the order of its parts. */
  readonly pdus: readonly Uint8Array[]
  /** One sentence. */
  readonly text: string
}

export interface SmsBookParts {
  readonly now: () => number
  /** A message came in whole. Its row is put into the book with what `recorded` is given. */
  readonly arrived: (arrived: SmsArrived) => number
  /** A report settled a part, or could not be matched: one sentence, and the row it is about. */
  readonly reported: (text: string, seq: number) => void
  readonly changed: () => void
}

/** Messages kept; the oldest is forgotten for one more. */
const KEPT = 500
/** How long parts wait for the rest (ms). */
const PATIENCE = 60 * 60_000
/** Push ports of a device. */
const PUSH_PORTS: readonly number[] = [2948, 2949]

/** A PDU as screens show it. */
export function viewOf(pdu: Pdu): PduView {
  return { kind: pdu.kind, hex: pduHex(pdu.octets), length: pdu.length, fields: pdu.fields, text: pduText(pdu), remarks: pdu.remarks }
}

/** Reads hexadecimal as a PDU. Throws PduError. */
export const viewOfHex = (hex: string, direction: PduDirection): PduView => viewOf(readPdu(pduOctets(hex), direction))

/** The messages of one lab. */
export class SmsBook {
  readonly #parts: SmsBookParts
  readonly #rows: Row[] = []
  #next = 1
  /** Parts that wait for the rest, by sender, reference and count. */
  readonly #pieces = new Map<string, { at: number; readonly parts: Map<number, Pdu> }>()

  constructor(parts: SmsBookParts) {
    this.#parts = parts
  }

  rows(): readonly SmsRow[] {
    return this.#rows.map((row) => ({ ...row, parts: [...row.parts] }))
  }

  row(id: number): SmsRow | undefined {
    return this.rows().find((row) => row.id === id)
  }

  /** True while a report is still to come for something sent through this port after `since`. */
  awaits(path: string, since: number): boolean {
    return this.#rows.some(
      (row) =>
        row.path === path &&
        row.at >= since &&
        row.parts.some(
          ({ state, pdu }) => (state === 'sent' || state === 'pending') && pdu.fields.some(({ name, value }) => name === 'TP-SRR' && value === '1'),
        ),
    )
  }

  /** A message that is to leave; its id. */
  out(path: string, number: string, pdus: readonly Uint8Array[]): number {
    const parts = pdus.map((octets): Part => ({ pdu: viewOf(readPdu(octets, 'to the network')), state: 'waiting', reference: null, text: '' }))
    return this.#add({ direction: 'out', path, number, seq: 0, parts })
  }

  /** How far a part is. */
  part(id: number, index: number, state: SmsPartState, reference: number | null, text: string): void {
    const row = this.#rows.find((each) => each.id === id)
    const part = row?.parts[index]
    if (row === undefined || part === undefined) return
    row.parts[index] = { ...part, state, reference: reference ?? part.reference, text }
    this.#told(row)
  }

  /** Its push row in the trace. */
  recorded(id: number, seq: number): void {
    const at = this.#rows.findIndex((each) => each.id === id)
    const row = this.#rows[at]
    if (row === undefined) return
    this.#rows[at] = { ...row, seq }
    this.#parts.changed()
  }

  /** A PDU came in. What cannot be read is told as such. */
  take(path: string, hex: string): void {
    let pdu: Pdu
    try {
      pdu = readPdu(pduOctets(hex), 'from the network')
    } catch (error) {
      if (!(error instanceof PduError)) throw error
      return this.#parts.reported(`an SMS PDU that cannot be read came in at ${path}: ${error.message} (${hex})`, 0)
    }
    if (pdu.kind === 'status report') this.#report(pdu)
    else this.#piece(path, pdu)
  }

  #report(pdu: Pdu): void {
    const mine = this.#rows.findLast(
      (row) => row.direction === 'out' && sameNumber(row.number, pdu.number) && row.parts.some((part) => open(part, pdu.reference)),
    )
    const index = mine?.parts.findIndex((part) => open(part, pdu.reference)) ?? -1
    const part = mine?.parts[index]
    const fate = pdu.fate ?? { state: 'failed' as const, text: '' }
    if (mine === undefined || part === undefined)
      return this.#parts.reported(
        `a report about an SMS to ${pdu.number} with reference ${String(pdu.reference)} that this lab did not send: ${fate.text}`,
        0,
      )
    this.part(mine.id, index, fate.state, null, `${fate.text} (${pdu.done})`)
    const which = mine.parts.length === 1 ? 'the SMS' : `part ${String(index + 1)} of ${String(mine.parts.length)} of the SMS`
    const outcome = fate.state === 'delivered' ? 'was delivered' : fate.state === 'pending' ? 'is not delivered yet' : 'was not delivered'
    this.#parts.reported(`${which} to ${mine.number} ${outcome}: ${fate.text} (reference ${String(pdu.reference)}, ${pdu.done})`, mine.seq)
  }

  #piece(path: string, pdu: Pdu): void {
    const link = pdu.header.concatenation
    if (link === null || link.parts === 1) return this.#whole(path, [pdu])
    const now = this.#parts.now()
    for (const [key, pieces] of this.#pieces) if (now - pieces.at > PATIENCE) this.#pieces.delete(key)
    const key = `${pdu.number}\n${String(link.reference)}\n${String(link.parts)}`
    const pieces = this.#pieces.get(key) ?? { at: now, parts: new Map<number, Pdu>() }
    pieces.parts.set(link.part, pdu)
    pieces.at = now
    this.#pieces.set(key, pieces)
    if (pieces.parts.size < link.parts) return
    this.#pieces.delete(key)
    this.#whole(
      path,
      [...pieces.parts].sort(([a], [b]) => a - b).map(([, each]) => each),
    )
  }

  #whole(path: string, pdus: readonly Pdu[]): void {
    const [first] = pdus
    if (first === undefined) return
    const port = first.header.ports?.destination ?? 0
    const push = PUSH_PORTS.includes(port) && first.text === null ? concat(pdus.map(({ payload }) => payload)) : null
    const said = pdus.map(({ text }) => text ?? '').join('')
    const text =
      first.text === null
        ? `an SMS from ${first.number} came in${port === 0 ? '' : ` for port ${String(port)}`}`
        : `an SMS from ${first.number} came in: ${said}`
    const seq = this.#parts.arrived({ path, number: first.number, push, pdus: pdus.map(({ octets }) => octets), text })
    const parts = pdus.map((pdu): Part => ({ pdu: viewOf(pdu), state: 'delivered', reference: null, text: '' }))
    this.#add({ direction: 'in', path, number: first.number, seq, parts })
  }

  #add(row: Omit<Row, 'id' | 'at' | 'text'>): number {
    const id = this.#next++
    const made: Row = { ...row, id, at: this.#parts.now(), text: '' }
    this.#rows.push(made)
    if (this.#rows.length > KEPT) this.#rows.shift()
    this.#told(made)
    return id
  }

  #told(row: Row): void {
    row.text = row.direction === 'in' ? (row.parts[0]?.pdu.text ?? '') : standing(row.parts)
    this.#parts.changed()
  }
}

const open = (part: Part, reference: number | null): boolean =>
  part.reference !== null && part.reference === reference && (part.state === 'sent' || part.state === 'pending')

/** The same subscriber, written internationally or not: the last nine digits count. */
function sameNumber(a: string, b: string): boolean {
  const digits = (text: string): string => text.replace(/\D/g, '').slice(-9)
  return digits(a) === digits(b)
}

function standing(parts: readonly Part[]): string {
  const count = (...states: SmsPartState[]): number => parts.filter(({ state }) => states.includes(state)).length
  const all = parts.length
  const failed = parts.find(({ state }) => state === 'failed')
  if (failed !== undefined) return `failed: ${failed.text}`
  if (count('delivered') === all) return 'delivered'
  if (count('sent', 'pending', 'delivered') === all)
    return count('delivered') === 0 ? 'sent' : `sent, ${String(count('delivered'))} of ${String(all)} parts delivered`
  return count('waiting') === all ? 'waiting' : `sending, ${String(count('sent', 'pending', 'delivered'))} of ${String(all)} parts sent`
}
