// SMS PDUs written octet by octet: SMS-SUBMIT as AT+CMGS takes it, and what a centre answers with (DELIVER, STATUS-REPORT); 3GPP TS 23.040.
import { concat } from '../syncml/text.ts'
import { packSeptets, septets } from './gsm7.ts'
import { VALIDITY_MINUTES, validityOctet } from './pducodes.ts'

/** A PDU that cannot be read or cannot be; `offset` counts octets from the first one. */
export class PduError extends Error {
  readonly offset: number
  readonly reason: string

  constructor(reason: string, offset: number) {
    super(`octet ${String(offset)}: ${reason}`)
    this.name = 'PduError'
    this.offset = offset
    this.reason = reason
  }
}

/** Octets of user data in one SMS. */
const USER_DATA = 140
/** Data coding: 8-bit data, no class (TS 23.038 4). */
const DCS_8BIT = 0x04

/** One part of a message to send. */
export interface Submit {
  /** `+` and digits (international), or digits, `*`, `#` alone. */
  readonly number: string
  /** At most 140 octets; begins with a user data header where `header`. */
  readonly userData: Uint8Array
  readonly header: boolean
  /** TP-MR; the modem puts its own in its place. Default 0. */
  readonly reference?: number
  /** Minutes; absent: no TP-VP, the centre decides. */
  readonly validity?: number
  /** Asks for a status report. */
  readonly report?: boolean
  /** Message class 0 to 3; absent: none. */
  readonly messageClass?: 0 | 1 | 2 | 3
  /** Service centre; absent: the one the SIM knows. */
  readonly smsc?: string
}

const DIGITS = '0123456789*#abc'

/** A number as an address field: digits, type, semi-octets, low nibble first (TS 23.040 9.1.2.5). Throws PduError. */
export function address(number: string, what = 'TP-DA'): Uint8Array<ArrayBuffer> {
  const digits = number.replace(/^\+/, '')
  if (!/^[0-9*#abc]{1,20}$/.test(digits)) throw new PduError(`${what}: ${number} is no number of at most 20 digits`, 0)
  return concat([Uint8Array.of(digits.length, number.startsWith('+') ? 0x91 : 0x81), semiOctets(digits)])
}

/** A sender by its name, as networks and services have one: 7-bit text, counted in semi-octets. Throws PduError. */
function nameAddress(name: string): Uint8Array<ArrayBuffer> {
  const codes = septets(name)
  if (codes === null || codes.length === 0 || codes.length > 11) throw new PduError(`${name} is no name of at most 11 letters of the GSM alphabet`, 0)
  return concat([Uint8Array.of(Math.ceil((codes.length * 7) / 4), 0xd0), packSeptets(codes)])
}

function semiOctets(digits: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil(digits.length / 2)).fill(0xf0)
  for (let i = 0; i < digits.length; i++) {
    const code = DIGITS.indexOf(digits[i] ?? '')
    out[i >> 1] = i % 2 === 0 ? ((out[i >> 1] as number) & 0xf0) | code : ((out[i >> 1] as number) & 0x0f) | (code << 4)
  }
  return out
}

/** Service centre in front of a TPDU: octets, type, digits; one 0 for the SIM's own (TS 27.005 annex). */
function centre(smsc: string | undefined): Uint8Array<ArrayBuffer> {
  if (smsc === undefined || smsc === '') return Uint8Array.of(0)
  const [, ...rest] = address(smsc, 'SMSC')
  return Uint8Array.of(rest.length, ...rest)
}

/** SMS-SUBMIT with its SMSC field (TS 23.040 9.2.2.2). Throws PduError where a field does not fit. */
export function encodeSubmit(wish: Submit): Uint8Array<ArrayBuffer> {
  const { userData, validity, messageClass } = wish
  if (userData.length > USER_DATA) throw new PduError(`TP-UD: ${String(userData.length)} octets; ${String(USER_DATA)} is the most`, 0)
  if (validity !== undefined && !(validity > 0 && validity <= VALIDITY_MINUTES))
    throw new PduError(`TP-VP: ${String(validity)} minutes; 5 minutes to 63 weeks can be said`, 0)
  const first = 0x01 | (validity === undefined ? 0 : 0x10) | (wish.report === true ? 0x20 : 0) | (wish.header ? 0x40 : 0)
  const dcs = messageClass === undefined ? DCS_8BIT : 0xf4 | messageClass
  const vp = validity === undefined ? [] : [validityOctet(validity)]
  const head = Uint8Array.of(first, (wish.reference ?? 0) & 0xff)
  return concat([centre(wish.smsc), head, address(wish.number), Uint8Array.of(0, dcs, ...vp, userData.length), userData])
}

/** What the centre hands over. `at` as `2026-11-21T16:05:00+01:00`. */
export interface Deliver {
  /** Number, or a name where it is none. */
  readonly from: string
  readonly at: string
  readonly userData: Uint8Array
  readonly header: boolean
  readonly dcs?: number
  /** Septets in TP-UD; for 7-bit text only. */
  readonly septets?: number
  readonly smsc?: string
}

/** SMS-DELIVER with its SMSC field (TS 23.040 9.2.2.1). Throws PduError. */
export function encodeDeliver(wish: Deliver): Uint8Array<ArrayBuffer> {
  const from = /^\+?[0-9*#]+$/.test(wish.from) ? address(wish.from, 'TP-OA') : nameAddress(wish.from)
  const head = Uint8Array.of(0x04 | (wish.header ? 0x40 : 0))
  const length = wish.septets ?? wish.userData.length
  return concat([centre(wish.smsc), head, from, Uint8Array.of(0, wish.dcs ?? DCS_8BIT), timestamp(wish.at), Uint8Array.of(length), wish.userData])
}

/** What became of a message. `at`: when the centre took it; `done`: when it was settled. */
export interface StatusReport {
  readonly reference: number
  readonly number: string
  readonly at: string
  readonly done: string
  /** TP-ST. */
  readonly status: number
  readonly smsc?: string
}

/** SMS-STATUS-REPORT with its SMSC field (TS 23.040 9.2.2.3). Throws PduError. */
export function encodeStatusReport(wish: StatusReport): Uint8Array<ArrayBuffer> {
  const head = Uint8Array.of(0x06, wish.reference & 0xff)
  return concat([centre(wish.smsc), head, address(wish.number, 'TP-RA'), timestamp(wish.at), timestamp(wish.done), Uint8Array.of(wish.status)])
}

/** A time as seven semi-octet pairs, the last one the zone in quarters of an hour (TS 23.040 9.2.3.11). Throws PduError. */
function timestamp(at: string): Uint8Array<ArrayBuffer> {
  const match = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([+-])(\d\d):(\d\d)$/.exec(at)
  if (match === null) throw new PduError(`${at} is no time of the form 2026-11-21T16:05:00+01:00`, 0)
  const quarters = Number(match[8]) * 4 + Math.floor(Number(match[9]) / 15)
  const zone = `${String(quarters).padStart(2, '0')}`
  const out = semiOctets(`${match.slice(1, 7).join('')}${zone}`)
  if (match[7] === '-') out[6] = (out[6] as number) | 0x08
  return out
}

/** Octets of the TPDU behind the SMSC field: what AT+CMGS counts (TS 27.005 4.3). */
export const tpduLength = (pdu: Uint8Array): number => pdu.length - 1 - (pdu[0] ?? 0)

/** Upper-case hexadecimal as modems speak it. */
export const pduHex = (pdu: Uint8Array): string => Array.from(pdu, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('')

/** Octets of hexadecimal; spaces and line ends are passed over. Throws PduError with the octet where it breaks. */
export function pduOctets(hex: string): Uint8Array<ArrayBuffer> {
  const digits = hex.replace(/\s+/g, '')
  const wrong = /[^0-9a-fA-F]/.exec(digits)
  if (wrong !== null) throw new PduError(`${wrong[0]} is no hexadecimal digit`, wrong.index >> 1)
  if (digits.length % 2 !== 0) throw new PduError('half an octet at the end', digits.length >> 1)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
