// The bit ruler of a Package #0: every field with its place in bits, its value and what it means.
import { concat } from '../syncml/text.ts'
import { bitFields } from '../syncml/package0.ts'
import type { BitField, Package0 } from '../syncml/package0.ts'

/** A field of the ruler; `start` and `end` count bits of the package, `bits` are its digits where it is not made of octets. */
export interface RulerField extends BitField {
  readonly width: number
  readonly bits: string
  readonly meaning: string
}

const MEANINGS: Readonly<Record<string, (p: Package0) => string>> = {
  digest: () => 'MD5 over secret, nonce and every octet after it',
  version: ({ version }) =>
    version === 11 || version === 10
      ? `notification ${version / 10 === 1 ? '1.0' : '1.1'}`
      : 'a version nobody sends; the layout is read all the same',
  'ui-mode': ({ uiMode }) => MODES[uiMode],
  initiator: ({ initiator }) => (initiator === 'server' ? 'the server wishes the session' : 'the client or its user wishes the session'),
  'future-use': ({ future }) => (future === 0 ? 'reserved, zero as it should be' : 'reserved: it must be zero, receivers ignore it'),
  sessionid: ({ sessionId }) =>
    sessionId === 0 ? 'not permitted: 1 to 65535' : 'SessionID of Package #1, in upper-case hexadecimal without leading zeros',
  'length-identifier': () => 'octets of the server identifier',
  'server-identifier': () => 'ServerID of the account (DMAcc)',
  'vendor-specific': () => "the vendor's own; the digest covers it",
}

const MODES: Readonly<Record<Package0['uiMode'], string>> = {
  'not specified': 'the client decides what the user sees',
  background: 'nothing is shown to the user',
  informative: 'the user is told',
  'user interaction': 'the user is asked first',
}

/** The fields in order, covering every bit once. */
export function ruler(received: Package0): RulerField[] {
  const octets = concat([received.digest, received.trigger])
  return bitFields(received).map((field) => ({
    ...field,
    width: field.end - field.start,
    bits: field.end - field.start > 32 ? '' : digits(octets, field.start, field.end),
    meaning: MEANINGS[field.name]?.(received) ?? '',
  }))
}

function digits(octets: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let bit = start; bit < end; bit++) text += (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1).toString()
  return text
}
