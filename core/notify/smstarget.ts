// Where an SMS goes, as one address: `sms:+491701234567?port=/dev/ttyUSB0&validity=60`; what it does not know it refuses.
import { VALIDITY_MINUTES } from './pducodes.ts'

/** A number, the modem to use, and how the message is sent. */
export interface SmsTarget {
  readonly number: string
  /** '' where it names none: the only modem there is. */
  readonly port: string
  readonly baud: number | undefined
  readonly smsc: string
  /** Minutes; undefined: the centre decides. */
  readonly validity: number | undefined
  readonly report: boolean
  readonly messageClass: 0 | 1 | 2 | 3 | undefined
  /** Octets of concatenation references: 1 or 2. */
  readonly references: 1 | 2
  /** Port of the device that the push goes to. */
  readonly destination: number
}

const NUMBER = /^\+?[0-9*#]{1,20}$/
/** Names of serial ports; nothing else is ever opened. */
export const SERIAL_PORT = /^(?:\/dev\/(?!.*\.\.)[\w./:+-]{1,200}|(?:\\\\\.\\)?COM\d{1,3})$/i
/** Push port of a device: connectionless push, and the same over WTLS. */
const DESTINATIONS = [2948, 2949]

/** Reads an address. Throws an Error in words. */
export function smsTarget(to: string): SmsTarget {
  const match = /^sms:([^?]*)(?:\?(.*))?$/.exec(to)
  const number = (match?.[1] ?? '').replace(/[ .()-]/g, '')
  if (match === null || !NUMBER.test(number)) throw new Error(`${to} is no sms:NUMBER?port=PORT (the number: + and digits)`)
  const fields = new Map<string, string>()
  for (const part of (match[2] ?? '').split('&').filter((each) => each !== '')) {
    const [name = '', value = ''] = part.split(/=(.*)/s)
    if (!KNOWN.includes(name)) throw new Error(`${to}: ${name} is not known; an SMS has ${KNOWN.join(', ')}`)
    fields.set(name, decoded(to, value))
  }
  const number1 = (name: string, least: number, most: number): number | undefined => {
    const text = fields.get(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`${to}: ${name} is a number from ${String(least)} to ${String(most)}`)
    return value
  }
  const [port, smsc, report] = [fields.get('port') ?? '', fields.get('smsc') ?? '', fields.get('report') ?? 'yes']
  if (port !== '' && !SERIAL_PORT.test(port)) throw new Error(`${to}: ${port} is no serial port (/dev/…, COM1 …)`)
  if (smsc !== '' && !NUMBER.test(smsc)) throw new Error(`${to}: smsc is no number`)
  if (report !== 'yes' && report !== 'no') throw new Error(`${to}: report is yes or no`)
  const destination = number1('to', 1, 65535) ?? 2948
  if (!DESTINATIONS.includes(destination)) throw new Error(`${to}: pushes go to ports ${DESTINATIONS.join(' and ')}`)
  return {
    number,
    port,
    smsc,
    report: report === 'yes',
    destination,
    baud: number1('baud', 300, 4_000_000),
    validity: number1('validity', 1, VALIDITY_MINUTES),
    messageClass: number1('class', 0, 3) as SmsTarget['messageClass'],
    references: (number1('references', 1, 2) ?? 1) as 1 | 2,
  }
}

const KNOWN = ['port', 'baud', 'smsc', 'validity', 'report', 'class', 'references', 'to']

function decoded(to: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error(`${to}: ${text} is badly escaped`)
  }
}
