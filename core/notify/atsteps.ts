// The commands a modem is given, in order, as data: what each is for, how long it may take, and what follows where it is refused (TS 27.005, 27.007).
import type { AtJob } from './attypes.ts'

/** One command and its answer. */
export interface Step {
  readonly command: string
  /** What it is for, in words. */
  readonly text: string
  readonly ms: number
  /** How often it is said before silence counts. */
  readonly repeat?: number
  /** Name of its answer line; absent: the answer has none. */
  readonly prefix?: string
  /** Where its answer goes. */
  readonly learn?: 'maker' | 'model' | 'signal' | 'operator' | 'centre' | 'sim' | 'stored'
  /** Without it nothing can go on; `failed` says why, with the fix. */
  readonly needed?: boolean
  readonly failed?: (error: string) => string
  /** Said instead where it is refused. */
  readonly otherwise?: Step
  /** Unlocks the SIM where it asks. */
  readonly pin?: Step | undefined
  /** Asked again to see how the modem fares. */
  readonly look?: boolean
  /** No command: nothing need answer it, and what does belongs to it. */
  readonly quiet?: boolean
  /** PDU given at the prompt, and the part of which message it is. */
  readonly pdu?: string
  readonly job?: number
  readonly part?: number
  readonly last?: boolean
}

const QUICK = 3_000
/** The network may be asked. */
const SLOW = 15_000
/** A centre may take its time (TS 27.005 names no bound; modems say 60 s). */
const SENDING = 60_000

/** New messages and reports straight to the port; then forms that fewer modems refuse. */
const TELL: Step = {
  command: 'AT+CNMI=2,2,0,1,0',
  text: 'new messages and reports straight to this port',
  ms: QUICK,
  otherwise: {
    command: 'AT+CNMI=1,2,0,1,0',
    text: 'the same, while nothing else uses the port',
    ms: QUICK,
    otherwise: { command: 'AT+CNMI=2,1,0,2,0', text: 'new messages into the storage, told by their place', ms: QUICK },
  },
}

/** Ends a PDU that is not finished, so that commands are heard again. */
export const TAKE_BACK: Step = { command: '\u001b', text: 'takes back what is not finished', ms: 1_000, quiet: true }

/** Asked when the network does not know the way. */
export const READ_CENTRE: Step = { command: 'AT+CSCA?', text: 'number of the service centre', ms: QUICK, prefix: '+CSCA', learn: 'centre' }

/** The dialogue that makes a modem ready. */
export function opening(pin: string): Step[] {
  const unlock: Step | undefined =
    pin === ''
      ? undefined
      : { command: `AT+CPIN="${pin}"`, text: 'the PIN of the SIM', ms: SLOW, needed: true, failed: (error) => `the PIN was refused: ${error}` }
  return [
    { command: 'AT', text: 'is anybody there?', ms: 1_500, repeat: 3, needed: true },
    { command: 'ATE0', text: 'no echo', ms: QUICK },
    { command: 'AT+CMEE=1', text: 'errors by number', ms: QUICK },
    { command: 'AT+CGMI', text: 'maker', ms: QUICK, learn: 'maker' },
    { command: 'AT+CGMM', text: 'model', ms: QUICK, learn: 'model' },
    { command: 'AT+CPIN?', text: 'state of the SIM', ms: QUICK, prefix: '+CPIN', learn: 'sim', pin: unlock, look: true },
    { command: 'AT+CSQ', text: 'signal', ms: QUICK, prefix: '+CSQ', learn: 'signal', look: true },
    { command: 'AT+COPS?', text: 'network', ms: SLOW, prefix: '+COPS', learn: 'operator', look: true },
    READ_CENTRE,
    {
      command: 'AT+CMGF=0',
      text: 'messages as PDUs',
      ms: QUICK,
      needed: true,
      failed: (error) => `the modem takes no PDUs, only text, and a push does not fit into text (${error})`,
    },
    TELL,
  ]
}

/** Sends the parts one after the other over one link. */
export function sending({ id, parts }: AtJob): Step[] {
  const keep: Step[] = parts.length > 1 ? [{ command: 'AT+CMMS=1', text: 'the link stays open between the parts', ms: QUICK, job: id }] : []
  return [
    ...keep,
    ...parts.map(({ hex, length }, i): Step => {
      const which = parts.length === 1 ? 'an SMS' : `part ${String(i + 1)} of ${String(parts.length)}`
      const last = i === parts.length - 1
      return {
        command: `AT+CMGS=${String(length)}`,
        text: `${which} of ${String(length)} octets`,
        ms: SENDING,
        prefix: '+CMGS',
        pdu: hex,
        job: id,
        part: i,
        last,
      }
    }),
  ]
}

/** Reads a message out of the storage. It stays there: only its owner deletes it. */
export function reading(storage: string, place: number): Step[] {
  return [
    { command: `AT+CPMS="${storage}"`, text: `the storage ${storage}`, ms: QUICK },
    { command: `AT+CMGR=${String(place)}`, text: `the message at place ${String(place)}`, ms: SLOW, prefix: '+CMGR', learn: 'stored' },
  ]
}
