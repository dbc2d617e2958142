// Serial modems of a lab: which one a message goes through, in how many parts, and what came of it. Nothing is opened until something is asked of a port.
import type { ModemArea, ModemState, Seq, SmsRow, SmsWish } from '../api.ts'
import { SmsBook, viewOf, viewOfHex } from '../lab/smsbook.ts'
import type { SmsArrived } from '../lab/smsbook.ts'
import type { Clock } from '../lab/ports.ts'
import type { PushArrived, PushSender, PushSent } from '../lab/pushes.ts'
import { encodeSubmit, pduHex } from '../notify/pdu.ts'
import { readPdu as readSmsPdu } from '../notify/pduread.ts'
import { readPdu, toPdu } from '../notify/push.ts'
import type { PushParts } from '../notify/push.ts'
import { smsUserData } from '../notify/sms.ts'
import { smsTarget } from '../notify/smstarget.ts'
import type { SmsTarget } from '../notify/smstarget.ts'
import { PushError } from '../notify/wspvalues.ts'
import { concat, wordsOf } from '../syncml/text.ts'
import { Station } from './modemstation.ts'
import { listPorts } from './serial.ts'

export interface ModemParts {
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  /** A push or another SMS came in: its row. */
  readonly arrived: (arrived: PushArrived) => Seq
  /** A push left by itself, without notification or bootstrap: its row. */
  readonly left: (sent: PushSent, text: string, to: string) => Seq
  /** Something happened to an SMS, caused by the row of its push (0: by none). */
  readonly event: (text: string, cause: Seq) => void
  readonly tell: (state: ModemState) => void
}

export interface LabModems extends PushSender {
  readonly area: ModemArea
  /** Gives all ports back. */
  stop(): Promise<void>
}

/** Facts are told at most this often, ms. */
const TELL_EVERY = 50

/** The modems of one lab. Nothing is opened until something is asked of a port. */
export function labModems(parts: ModemParts): LabModems {
  const { clock, random, event, tell } = parts
  const stations = new Map<string, Station>()
  let ports: ModemState['ports'] = []
  let trouble = ''
  let telling = false
  const state = (): ModemState => ({ ports, modems: [...stations.values()].map((at) => at.row()), trouble })
  const changed = (): void => {
    if (telling) return
    telling = true
    clock.after(TELL_EVERY, () => {
      telling = false
      tell(state())
    })
  }
  const book = new SmsBook({ now: () => clock.now(), arrived: (arrived) => parts.arrived(asArrived(arrived, clock)), reported: event, changed })

  const stationAt = (path: string): Station => {
    const known = stations.get(path)
    if (known !== undefined) return known
    const made = new Station({ path, clock, book, changed })
    stations.set(path, made)
    return made
  }

  const portFor = async ({ port }: SmsTarget): Promise<string> => {
    if (port !== '') return port
    const open = [...stations.values()].filter((at) => at.open)
    if (open.length === 1 && open[0] !== undefined) return open[0].path
    const there = (await listPorts()).filter((row) => row.trouble === '' && row.text !== '')
    if (there.length === 1 && there[0] !== undefined) return there[0].path
    throw new Error(
      `tell the port of the modem (sms:NUMBER?port=/dev/ttyUSB0); ${there.length === 0 ? 'no modem is seen' : `there are ${there.map(({ path }) => path).join(', ')}`}`,
    )
  }

  const pdusOf = (target: SmsTarget, pdu: Uint8Array, reference: number): Uint8Array[] =>
    smsUserData(pdu, reference, target).map((userData) => {
      const { number, report, validity, messageClass, smsc } = target
      const extra = { ...(validity === undefined ? {} : { validity }), ...(messageClass === undefined ? {} : { messageClass }) }
      return encodeSubmit({ number, userData, header: true, report, smsc, ...extra })
    })
  const fresh = ({ references }: SmsTarget): number => {
    const [high = 0, low = 0] = random(2)
    return references === 2 ? (high << 8) | low : low
  }

  const deliver = async ({
    to,
    pdu,
    reference,
  }: SmsWish): Promise<{ readonly id: number; readonly path: string; readonly target: SmsTarget; readonly pdus: readonly Uint8Array[] }> => {
    const target = smsTarget(to)
    const pdus = pdusOf(target, pdu, reference ?? fresh(target))
    const path = await portFor(target)
    const at = stationAt(path)
    await at.ready(target.baud === undefined ? {} : { baud: target.baud })
    const id = book.out(path, target.number, pdus)
    const failure = await at.submit(id, pdus)
    if (failure === '') return { id, path, target, pdus }
    const row = book.row(id)
    const sent = row?.parts.filter(({ state }) => state === 'sent').length ?? 0
    if (sent > 0) event(`an SMS to ${target.number} broke off after ${String(sent)} of ${String(pdus.length)} parts: ${failure}`, 0)
    throw new Error(`${path}: ${failure}`)
  }

  const asSent = ({ id, path, target, pdus }: Awaited<ReturnType<typeof deliver>>, bytes: Uint8Array): PushSent => ({
    bytes,
    startLine: `SMS ${target.number}`,
    headers: pdus.map((octets) => ['SMS-SUBMIT', pduHex(octets)] as const),
    local: path,
    remote: target.number,
    at: clock.now(),
    mono: clock.mono(),
    httpStatus: 0,
    recorded: (seq) => book.recorded(id, seq),
  })

  const look = async (): Promise<ModemState> => {
    try {
      ports = await listPorts()
      trouble = ''
    } catch (error) {
      trouble = wordsOf(error)
    }
    return state()
  }

  const area: ModemArea = {
    state: look,
    probe: async (path, options = {}) => {
      const at = stationAt(path)
      const { open } = at
      await at.ready(options)
      if (open) await at.look()
      const row = at.row()
      at.rest()
      return row
    },
    listen: async (path, options = {}) => {
      const at = stationAt(path)
      await at.ready(options)
      at.listening = true
      changed()
      return at.row()
    },
    close: async (path) => {
      const at = stations.get(path)
      if (at === undefined) throw new Error(`${path} is not open`)
      await at.shut('')
      changed()
      return look()
    },
    dialogue: async (path) => [...(stations.get(path)?.lines ?? [])],
    build: async ({ to, pdu, reference }) => {
      const target = smsTarget(to)
      const number = reference ?? fresh(target)
      const pdus = pdusOf(target, pdu, number).map((octets) => viewOf(readSmsPdu(octets, 'to the network')))
      return { number: target.number, reference: number, parts: pdus.map((view) => ({ command: `AT+CMGS=${String(view.length)}`, pdu: view })) }
    },
    send: async (wish) => {
      const made = await deliver(wish)
      const sent = asSent(made, wish.pdu)
      sent.recorded?.(parts.left(sent, `push to ${wish.to}`, wish.to))
      return book.row(made.id) as SmsRow
    },
    messages: async () => book.rows(),
    decode: async (hex, direction) => viewOfHex(hex, direction),
  }
  return {
    area,
    send: async (to: string, push: PushParts) => {
      const pdu = toPdu(push)
      return asSent(await deliver({ to, pdu }), pdu)
    },
    stop: async () => {
      await Promise.all([...stations.values()].map((at) => at.shut('the lab was stopped')))
    },
  }
}

/** What came in by SMS as a push of the trace. */
function asArrived({ path, number, push, pdus, text }: SmsArrived, clock: Clock): PushArrived {
  const bytes = push ?? concat(pdus)
  const headers = pdus.map((octets) => ['SMS-DELIVER', pduHex(octets)] as const)
  const common = { bytes, startLine: `SMS from ${number}`, headers, local: path, remote: number, at: clock.now(), mono: clock.mono() }
  if (push === null) return { ...common, push: null, trouble: '', told: text }
  try {
    return { ...common, push: readPdu(push), trouble: '' }
  } catch (error) {
    if (!(error instanceof PushError)) throw error
    return { ...common, push: null, trouble: error.message }
  }
}
