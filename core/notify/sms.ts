// User data of 8-bit SMS that carry a push: user data header with ports, concatenation where it does not fit (notification sheet 2.1).
import { concat } from '../syncml/text.ts'
import { PushError } from './wspvalues.ts'

/** Octets of user data in one SMS. */
const SMS_OCTETS = 140
/** Non-secure connectionless push, registered with IANA as wap-push. */
export const PUSH_PORT = 2948
const SOURCE_PORT = 49154
const PORTS = 0x05
const CONCATENATION = 0x00
const CONCATENATION_16 = 0x08

/** How the parts of a push are marked; absent fields: port 2948, references of one octet. */
export interface SmsForm {
  readonly destination?: number
  readonly references?: 1 | 2
}

/** What one SMS says. `part` 1 of 1 where nothing is concatenated. */
export interface SmsPart {
  readonly destination: number
  readonly source: number
  readonly reference: number
  readonly parts: number
  readonly part: number
  readonly payload: Uint8Array
}

const port = (value: number): number[] => [value >> 8, value & 0xff]

/**
 * User data of the SMS a push needs: one up to 133 octets, else segments of 128, or of 127 with references of two octets (TP-UDHI 1, 8-bit data coding).
 * Throws PushError beyond 255.
 */
export function smsUserData(pdu: Uint8Array, reference = 0, form: SmsForm = {}): Uint8Array<ArrayBuffer>[] {
  const ports = [PORTS, 4, ...port(form.destination ?? PUSH_PORT), ...port(SOURCE_PORT)]
  const link = form.references === 2 ? [CONCATENATION_16, 4, ...port(reference & 0xffff)] : [CONCATENATION, 3, reference & 0xff]
  if (pdu.length <= SMS_OCTETS - 1 - ports.length) return [concat([Uint8Array.of(ports.length, ...ports), pdu])]
  const room = SMS_OCTETS - 1 - ports.length - link.length - 2
  const total = Math.ceil(pdu.length / room)
  if (total > 255) throw new PushError(`${pdu.length} octets need ${total} SMS; 255 is the most`, pdu.length)
  return Array.from({ length: total }, (_, i) =>
    concat([Uint8Array.of(ports.length + link.length + 2, ...ports, ...link, total, i + 1), pdu.subarray(i * room, (i + 1) * room)]),
  )
}

/** Reads the user data of one SMS. Throws PushError. */
export function readSms(data: Uint8Array): SmsPart {
  const length = data[0]
  if (length === undefined) throw new PushError('no user data', 0)
  if (length + 1 > data.length) throw new PushError(`user data header of ${length} octets, but ${data.length - 1} are there`, 0)
  let part = { destination: 0, source: 0, reference: 0, parts: 1, part: 1 }
  for (let at = 1; at < length + 1;) {
    const [id, size] = [data[at] as number, data[at + 1]]
    const end = at + 2 + (size ?? 0)
    if (size === undefined || end > length + 1) throw new PushError(`information element 0x${id.toString(16)} runs over the header's end`, at)
    const octet = (index: number): number => data[at + 2 + index] as number
    if (id === PORTS && size === 4) part = { ...part, destination: (octet(0) << 8) | octet(1), source: (octet(2) << 8) | octet(3) }
    else if (id === CONCATENATION && size === 3) {
      if (octet(1) === 0 || octet(2) === 0 || octet(2) > octet(1)) throw new PushError(`part ${octet(2)} of ${octet(1)}`, at)
      part = { ...part, reference: octet(0), parts: octet(1), part: octet(2) }
    } else if (id === CONCATENATION_16 && size === 4) {
      if (octet(2) === 0 || octet(3) === 0 || octet(3) > octet(2)) throw new PushError(`part ${octet(3)} of ${octet(2)}`, at)
      part = { ...part, reference: (octet(0) << 8) | octet(1), parts: octet(2), part: octet(3) }
    }
    at = end
  }
  return { ...part, payload: data.slice(length + 1) }
}

/** The push that these parts make, in any order. Throws PushError where one is missing or of another message. */
export function joinSms(parts: readonly SmsPart[]): Uint8Array {
  const [first] = parts
  if (first === undefined) throw new PushError('no SMS', 0)
  const ordered = [...parts].sort((a, b) => a.part - b.part)
  if (parts.some((each) => each.reference !== first.reference || each.parts !== first.parts)) throw new PushError('parts of different messages', 0)
  for (let i = 0; i < first.parts; i++)
    if (ordered[i]?.part !== i + 1) throw new PushError(`part ${i + 1} of ${first.parts} is missing or there twice`, 0)
  return concat(ordered.map((each) => each.payload))
}
