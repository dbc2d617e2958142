// SMS PDUs read octet by octet: every bit belongs to a named field of the ruler, and what cannot be read is refused with its octet (3GPP TS 23.040 9.2.2).
import { utf16Text } from './ucs2.ts'
import { septetText, unpackSeptets } from './gsm7.ts'
import { pduHex, PduError } from './pdu.ts'
import { PduCursor } from './pducursor.ts'
import type { RulerBit } from './pducursor.ts'
import { addressKind, codingOf, ELEMENTS, fateOf, PORTS, spanText, validityMinutes } from './pducodes.ts'
import type { Coding, Fate } from './pducodes.ts'

/** What the user data header says. */
export interface UserHeader {
  readonly ports: { readonly destination: number; readonly source: number } | null
  readonly concatenation: { readonly reference: number; readonly parts: number; readonly part: number } | null
}

/** A PDU that was read. */
export interface Pdu {
  readonly kind: 'submit' | 'deliver' | 'status report'
  /** As given, SMSC field included where there is one. */
  readonly octets: Uint8Array
  /** Octets of the TPDU. */
  readonly length: number
  /** '' where it names none. */
  readonly smsc: string
  /** Destination, originator or recipient. */
  readonly number: string
  /** TP-MR; null for a DELIVER. */
  readonly reference: number | null
  /** TP-SRR of a SUBMIT. */
  readonly report: boolean
  /** TP-SCTS and TP-DT, '' where it has none. */
  readonly at: string
  readonly done: string
  /** Of a status report. */
  readonly fate: Fate | null
  readonly header: UserHeader
  /** User data behind the header; empty for 7-bit text. */
  readonly payload: Uint8Array
  /** User data as text; null for 8-bit data. */
  readonly text: string | null
  readonly fields: readonly RulerBit[]
  readonly remarks: readonly string[]
}

/** To the network: SUBMIT. From it: DELIVER and STATUS-REPORT. The type indicator means different things each way. */
export type PduDirection = 'to the network' | 'from the network'

/** Reads a PDU with its SMSC field, as modems speak it; without one where it cannot be read so but can without. Throws PduError. */
export function readPdu(octets: Uint8Array, direction: PduDirection): Pdu {
  try {
    return new Reader(octets, direction).read(true)
  } catch (error) {
    if (!(error instanceof PduError)) throw error
    try {
      const bare = new Reader(octets, direction).read(false)
      return bare.remarks.length > 0 ? fail(error) : bare
    } catch (again) {
      if (again instanceof PduError) throw error
      throw again
    }
  }
}

const fail = (error: PduError): never => {
  throw error
}

/** One sentence about a PDU. */
export function pduText(pdu: Pdu): string {
  const { concatenation, ports } = pdu.header
  const part = concatenation === null ? '' : `part ${String(concatenation.part)} of ${String(concatenation.parts)}, `
  const to = ports === null ? '' : `port ${String(ports.destination)}, `
  const what = pdu.text === null ? `${String(pdu.payload.length)} octets` : `text of ${String(pdu.text.length)} characters`
  if (pdu.kind === 'status report') return `status report ${String(pdu.reference)} about ${pdu.number}: ${pdu.fate?.text ?? ''} (${pdu.done})`
  return pdu.kind === 'submit' ? `SMS to ${pdu.number}: ${part}${to}${what}` : `SMS from ${pdu.number} of ${pdu.at}: ${part}${to}${what}`
}

const NO_HEADER: UserHeader = { ports: null, concatenation: null }

class Reader extends PduCursor {
  readonly #direction: PduDirection
  readonly remarks: string[] = []

  constructor(octets: Uint8Array, direction: PduDirection) {
    super(octets)
    this.#direction = direction
  }

  read(withCentre: boolean): Pdu {
    const smsc = withCentre ? this.#centre() : ''
    const start = this.at
    const first = this.next('TP-MTI')
    const kind = this.#kind(first)
    const read = kind === 'submit' ? this.#submit(first) : kind === 'deliver' ? this.#deliver(first) : this.#status(first)
    if (this.at < this.octets.length) throw new PduError(`${String(this.octets.length - this.at)} octets more than the length fields say`, this.at)
    const { length } = this.octets
    return { kind, octets: this.octets, length: length - start, smsc, ...read, fields: this.fields, remarks: this.remarks }
  }

  // -- PDUs

  #kind(first: number): Pdu['kind'] {
    const mti = first & 3
    if (this.#direction === 'to the network') {
      if (mti === 1) return 'submit'
      const name = ['SMS-DELIVER-REPORT', '', 'SMS-COMMAND', 'a reserved type'][mti] ?? ''
      throw new PduError(`TP-MTI ${String(mti)}: ${name}, no SMS-SUBMIT`, this.at - 1)
    }
    if (mti === 0) return 'deliver'
    if (mti === 2) return 'status report'
    throw new PduError(
      `TP-MTI ${String(mti)}: ${mti === 1 ? 'SMS-SUBMIT-REPORT' : 'a reserved type'}, neither SMS-DELIVER nor SMS-STATUS-REPORT`,
      this.at - 1,
    )
  }

  #submit(first: number): Body {
    const format = (first >> 3) & 3
    const [udhi, report] = [(first & 0x40) !== 0, (first & 0x20) !== 0]
    this.split([
      ['TP-RP', 1, reply(first)],
      ['TP-UDHI', 1, udhi ? 'a header begins the user data' : 'no header in the user data'],
      ['TP-SRR', 1, report ? 'a status report is asked for' : 'no status report'],
      ['TP-VPF', 2, ['no validity period', 'validity in the enhanced form', 'relative validity', 'absolute validity'][format] ?? ''],
      ['TP-RD', 1, (first & 4) === 0 ? 'duplicates accepted' : 'duplicates rejected'],
      ['TP-MTI', 2, 'SMS-SUBMIT'],
    ])
    const reference = this.octet('TP-MR', () => 'message reference; the modem puts its own in its place')
    const number = this.#address('TP-DA')
    const coding = this.#coding()
    if (format === 2) this.octet('TP-VP', (value) => `valid for ${spanText(validityMinutes(value))}`)
    else if (format === 3) this.#time('TP-VP', 'valid until')
    else if (format === 1) this.span('TP-VP', 7, (octets) => [pduHex(octets), 'validity in the enhanced form'])
    return { ...NOTHING, number, reference, report, ...this.#userData(udhi, coding) }
  }

  #deliver(first: number): Body {
    const udhi = (first & 0x40) !== 0
    this.split([
      ['TP-RP', 1, reply(first)],
      ['TP-UDHI', 1, udhi ? 'a header begins the user data' : 'no header in the user data'],
      ['TP-SRI', 1, (first & 0x20) === 0 ? 'no status report will be returned' : 'a status report will be returned'],
      ['reserved', 1, ''],
      ['TP-LP', 1, (first & 8) === 0 ? 'not forwarded' : 'forwarded, or by a loop of networks'],
      ['TP-MMS', 1, (first & 4) === 0 ? 'more messages wait at the centre' : 'no more messages wait'],
      ['TP-MTI', 2, 'SMS-DELIVER'],
    ])
    const number = this.#address('TP-OA')
    const coding = this.#coding()
    const at = this.#time('TP-SCTS', 'the centre took it at')
    return { ...NOTHING, number, at, ...this.#userData(udhi, coding) }
  }

  #status(first: number): Body {
    const udhi = (first & 0x40) !== 0
    this.split([
      ['reserved', 1, ''],
      ['TP-UDHI', 1, udhi ? 'a header begins the user data' : 'no header'],
      ['TP-SRQ', 1, (first & 0x20) === 0 ? 'about an SMS-SUBMIT' : 'about an SMS-COMMAND'],
      ['reserved', 1, ''],
      ['TP-LP', 1, (first & 8) === 0 ? 'not forwarded' : 'forwarded, or by a loop of networks'],
      ['TP-MMS', 1, (first & 4) === 0 ? 'more messages wait at the centre' : 'no more messages wait'],
      ['TP-MTI', 2, 'SMS-STATUS-REPORT'],
    ])
    const reference = this.octet('TP-MR', () => 'reference of the message it is about')
    const number = this.#address('TP-RA')
    const at = this.#time('TP-SCTS', 'the centre took it at')
    const done = this.#time('TP-DT', 'settled at')
    const status = this.octet('TP-ST', (value) => fateOf(value).text)
    const report = { ...NOTHING, number, reference, at, done, fate: fateOf(status) }
    if (this.at === this.octets.length) return report
    const says = this.octet('TP-PI', (value) => parameterText(value))
    if ((says & 1) !== 0) this.octet('TP-PID', protocolText)
    const coding = (says & 2) !== 0 ? this.#dcs() : codingOf(0)
    return (says & 4) !== 0 ? { ...report, ...this.#userData(udhi, coding) } : report
  }

  // -- fields

  #centre(): string {
    const length = this.octet('SMSC length', (value) => (value === 0 ? "the service centre of the SIM's own" : 'octets of the service centre'))
    if (length === 0) return ''
    if (length > 12) throw new PduError(`SMSC of ${String(length)} octets; 12 is the most`, this.at - 1)
    const toa = this.octet('SMSC type', addressKind)
    return this.#digits('SMSC', toa, (length - 1) * 2)
  }

  #address(name: string): string {
    const length = this.octet(`${name} length`, () => 'semi-octets of the number')
    if (length > 20) throw new PduError(`${name} of ${String(length)} digits; 20 is the most`, this.at - 1)
    const toa = this.octet(`${name} type`, addressKind)
    if ((toa & 0x80) === 0) this.remarks.push(`${name}: the top bit of its type must be 1`)
    return this.#digits(name, toa, length)
  }

  #digits(name: string, toa: number, count: number): string {
    const kind = (toa >> 4) & 7
    let text = ''
    this.span(name, Math.ceil(count / 2), (octets) => {
      if (kind === 5) text = septetText(unpackSeptets(octets, Math.floor((count * 4) / 7)))
      else {
        const digits = [...octets].flatMap((octet) => [octet & 15, octet >> 4]).map((code) => '0123456789*#abcF'[code] ?? '')
        text = `${kind === 1 ? '+' : ''}${digits.slice(0, count).join('').replace(/F$/, '')}`
      }
      return [text, addressKind(toa)]
    })
    return text
  }

  #coding(): Coding {
    this.octet('TP-PID', protocolText)
    return this.#dcs()
  }

  #dcs(): Coding {
    const coding = codingOf(this.octet('TP-DCS', (value) => codingOf(value).text))
    if (coding.remark !== '') this.remarks.push(coding.remark)
    return coding
  }

  #time(name: string, what: string): string {
    let text = ''
    this.span(name, 7, (octets) => {
      const pairs = [...octets].map((octet) => `${String(octet & 15)}${String(octet >> 4)}`)
      const zone = octets[6] as number
      const quarters = (zone & 7) * 10 + (zone >> 4)
      const [y = '', mo = '', d = '', h = '', mi = '', s = ''] = pairs
      if (octets.subarray(0, 6).some((octet) => (octet & 15) > 9 || octet >> 4 > 9)) this.remarks.push(`${name} has digits above 9`)
      const offset = `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`
      text = `20${y}-${mo}-${d}T${h}:${mi}:${s}${(zone & 8) === 0 ? '+' : '-'}${offset}`
      return [text, `${what} ${text}`]
    })
    return text
  }

  #userData(udhi: boolean, coding: Coding): Pick<Pdu, 'header' | 'payload' | 'text'> {
    const seven = coding.alphabet === '7-bit'
    const length = this.octet('TP-UDL', () => (seven ? 'septets of user data' : 'octets of user data'))
    const most = seven ? 160 : 140
    if (length > most) this.remarks.push(`TP-UDL: ${String(length)}; ${String(most)} is the most`)
    const end = this.at + (seven ? Math.ceil((length * 7) / 8) : length)
    if (end > this.octets.length)
      throw new PduError(`TP-UDL says ${String(length)}, but only ${String(this.octets.length - this.at)} octets follow`, this.at - 1)
    const start = this.at
    const header = udhi ? this.#header(end) : NO_HEADER
    const used = this.at - start
    const rest = this.octets.subarray(this.at, end)
    let text: string | null = null
    if (seven) {
      const taken = Math.ceil((used * 8) / 7)
      text = septetText(unpackSeptets(rest, length - taken, taken * 7 - used * 8))
    } else if (coding.alphabet === 'UCS2') text = utf16Text(rest)
    if (rest.length > 0)
      this.span('TP-UD', rest.length, (octets) => [text ?? pduHex(octets), text === null ? `${String(rest.length)} octets` : coding.alphabet])
    return { header, payload: text === null ? rest.slice() : new Uint8Array(0), text }
  }

  #header(end: number): UserHeader {
    const length = this.octet('UDHL', () => 'octets of the header behind this one')
    const stop = this.at + length
    if (stop > end) throw new PduError(`user data header of ${String(length)} octets, but the user data ends before`, this.at - 1)
    let header = NO_HEADER
    while (this.at < stop) header = this.#element(header, stop)
    return header
  }

  #element(header: UserHeader, stop: number): UserHeader {
    const at = this.at
    const id = this.octet('IEI', (value) => ELEMENTS.get(value) ?? 'an element nobody here knows')
    if (this.at >= stop) throw new PduError(`information element 0x${id.toString(16)} runs over the header's end`, at)
    const size = this.octet('IEI length', () => 'octets')
    if (this.at + size > stop) throw new PduError(`information element 0x${id.toString(16)} runs over the header's end`, at)
    if ((id === 0x00 && size === 3) || (id === 0x08 && size === 4)) {
      const reference = id === 0 ? this.octet('reference', () => 'the same in all parts') : this.word('reference', () => 'the same in all parts')
      const parts = this.octet('parts', () => 'of the whole message')
      const part = this.octet('part', () => 'this one')
      if (parts === 0 || part === 0 || part > parts) throw new PduError(`part ${String(part)} of ${String(parts)}`, at)
      return { ...header, concatenation: { reference, parts, part } }
    }
    if (id === 0x05 && size === 4)
      return { ...header, ports: { destination: this.word('destination port', portText), source: this.word('source port', portText) } }
    if (id === 0x04 && size === 2)
      return { ...header, ports: { destination: this.octet('destination port', portText), source: this.octet('source port', portText) } }
    if (size > 0) this.span('IE data', size, (octets) => [pduHex(octets), 'passed over'])
    return header
  }
}

type Body = Omit<Pdu, 'kind' | 'octets' | 'length' | 'smsc' | 'fields' | 'remarks'>

const NOTHING: Body = {
  number: '',
  reference: null,
  report: false,
  at: '',
  done: '',
  fate: null,
  header: NO_HEADER,
  payload: new Uint8Array(0),
  text: null,
}

const reply = (first: number): string => ((first & 0x80) === 0 ? 'no reply path' : 'reply path set')

const portText = (port: number): string => PORTS.get(port) ?? (port >= 49152 && port <= 65535 ? 'a port free to take' : '')

const protocolText = (pid: number): string =>
  pid === 0
    ? 'plain SMS'
    : (pid & 0xe0) === 0x20
      ? 'telematic interworking'
      : pid === 0x40
        ? 'short message type 0'
        : pid === 0x7f
          ? 'SIM data download'
          : 'another protocol'

const parameterText = (value: number): string =>
  [(value & 1) !== 0 ? 'TP-PID' : '', (value & 2) !== 0 ? 'TP-DCS' : '', (value & 4) !== 0 ? 'TP-UDL' : '']
    .filter((part) => part !== '')
    .join(', ') || 'nothing follows'
