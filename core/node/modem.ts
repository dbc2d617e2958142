// Serial modems of a lab: opens ports when they are wanted, carries the dialogue machine's effects out, and gives ports back when nothing is awaited.
import type { ModemArea, ModemLine, ModemOptions, ModemRow, ModemState, Seq, SmsRow, SmsWish } from '../api.ts'
import { SmsBook, viewOf, viewOfHex } from '../lab/smsbook.ts'
import type { SmsArrived } from '../lab/smsbook.ts'
import type { Clock } from '../lab/ports.ts'
import type { PushArrived, PushSender, PushSent } from '../lab/pushes.ts'
import { AtModem } from '../notify/atmodem.ts'
import type { AtEffect, AtInput } from '../notify/attypes.ts'
import { encodeSubmit, pduHex, tpduLength } from '../notify/pdu.ts'
import { readPdu as readSmsPdu } from '../notify/pduread.ts'
import { readPdu, toPdu } from '../notify/push.ts'
import type { PushParts } from '../notify/push.ts'
import { smsUserData } from '../notify/sms.ts'
import { smsTarget } from '../notify/smstarget.ts'
import type { SmsTarget } from '../notify/smstarget.ts'
import { PushError } from '../notify/wsp.ts'
import { concat } from '../syncml/text.ts'
import { listPorts, openPort } from './serial.ts'
import type { OpenPort } from './serial.ts'

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

const BAUD = 115_200
const LINES = 2000
/** How long a port stays open for reports after a message was sent through it. */
const REPORT_MS = 10 * 60_000
/** Facts are told at most this often, ms. */
const TELL_EVERY = 50

/** One modem at its port. */
interface Station {
  readonly path: string
  readonly machine: AtModem
  port: OpenPort | null
  opening: Promise<void> | null
  closing: Promise<void> | null
  listening: boolean
  trouble: string
  lastAt: number
  sentAt: number
  readonly lines: ModemLine[]
  timer: (() => void) | null
  idle: (() => void) | null
  /** Told when the machine is ready, or failed. */
  readonly ready: ((trouble: string) => void)[]
  readonly jobs: Map<number, (trouble: string) => void>
}

/** The modems of one lab. Nothing is opened until something is asked of a port. */
export function labModems(parts: ModemParts): LabModems {
  const { clock, random, event, tell } = parts
  const stations = new Map<string, Station>()
  let ports: ModemState['ports'] = []
  let trouble = ''
  let telling = false
  const state = (): ModemState => ({ ports, modems: [...stations.values()].map(rowOf), trouble })
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
    const made: Station = {
      path,
      machine: new AtModem(),
      port: null,
      opening: null,
      closing: null,
      listening: false,
      trouble: '',
      lastAt: 0,
      sentAt: 0,
      lines: [],
      timer: null,
      idle: null,
      ready: [],
      jobs: new Map(),
    }
    stations.set(path, made)
    return made
  }

  const feed = (at: Station, input: AtInput): void => {
    for (const effect of at.machine.input(input)) perform(at, effect)
    const { stage, trouble: failure } = at.machine.status
    if (stage === 'ready' || stage === 'failed' || stage === 'closed')
      for (const told of at.ready.splice(0)) told(stage === 'ready' ? '' : failure || 'the port is closed')
    if (stage === 'failed' && at.port !== null) void shut(at, failure)
    changed()
  }

  const line = (at: Station, direction: ModemLine['direction'], text: string, meaning: string): void => {
    at.lines.push({ at: clock.now(), direction, text, meaning })
    if (at.lines.length > LINES) at.lines.shift()
  }

  const perform = (at: Station, effect: AtEffect): void => {
    if (effect.type === 'write') at.port?.write(effect.text)
    else if (effect.type === 'timer') {
      at.timer?.()
      at.timer = effect.ms === null ? null : clock.after(effect.ms, () => feed(at, { type: 'timer' }))
    } else if (effect.type === 'line') line(at, effect.direction, effect.text, effect.meaning)
    else if (effect.type === 'part') book.part(effect.job, effect.part, effect.state, effect.reference, effect.text)
    else if (effect.type === 'done') {
      at.jobs.get(effect.job)?.(effect.trouble)
      at.jobs.delete(effect.job)
    } else if (effect.type === 'pdu') book.take(at.path, effect.hex)
  }

  /** Gives the port back. */
  const shut = async (at: Station, reason: string): Promise<void> => {
    const { port } = at
    at.port = null
    at.listening = false
    at.trouble = at.machine.status.trouble
    at.timer?.()
    at.idle?.()
    at.timer = at.idle = null
    if (port === null) return
    feed(at, { type: 'gone', reason: reason === '' ? 'the port was closed' : reason })
    at.closing = port.close()
    await at.closing
    at.closing = null
  }

  const opened = async (at: Station, { baud = BAUD, pin = '' }: ModemOptions): Promise<void> => {
    await at.closing
    at.trouble = ''
    try {
      at.port = await openPort(at.path, baud, {
        data: (text) => {
          at.lastAt = clock.now()
          feed(at, { type: 'data', text })
        },
        gone: (reason) => {
          at.port = null
          at.listening = false
          at.trouble = reason
          feed(at, { type: 'gone', reason })
        },
      })
    } catch (error) {
      at.trouble = error instanceof Error ? error.message : String(error)
      line(at, 'lab', '', at.trouble)
      changed()
      throw error
    }
    line(at, 'lab', '', `opened with ${String(baud)} bits a second`)
    feed(at, { type: 'open', pin })
  }

  /** Open and ready; rejects in words. */
  const ready = async (at: Station, options: ModemOptions): Promise<void> => {
    at.idle?.()
    at.idle = null
    if (at.port === null) {
      at.opening ??= opened(at, options).finally(() => (at.opening = null))
      changed()
      await at.opening
    }
    const { stage, trouble: failure } = at.machine.status
    if (stage === 'ready' || stage === 'sending') return
    const told = stage === 'failed' ? failure : await new Promise<string>((resolve) => at.ready.push(resolve))
    if (told !== '') throw new Error(`${at.path}: ${told}`)
  }

  /** Closes what nobody wants any more: at once, or when reports have had their time. */
  const rest = (at: Station): void => {
    if (at.listening || at.port === null || at.machine.queued > 0) return
    at.idle?.()
    at.idle = book.awaits(at.path, clock.now() - REPORT_MS) && clock.now() - at.sentAt < REPORT_MS ? clock.after(1000, () => rest(at)) : null
    if (at.idle === null) void shut(at, '')
  }

  const portFor = async ({ port }: SmsTarget): Promise<string> => {
    if (port !== '') return port
    const open = [...stations.values()].filter((at) => at.port !== null)
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
    await ready(at, target.baud === undefined ? {} : { baud: target.baud })
    at.sentAt = clock.now()
    const id = book.out(path, target.number, pdus)
    const failure = await new Promise<string>((resolve) => {
      at.jobs.set(id, resolve)
      feed(at, { type: 'send', job: { id, parts: pdus.map((octets) => ({ hex: pduHex(octets), length: tpduLength(octets) })) } })
    })
    rest(at)
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
      trouble = error instanceof Error ? error.message : String(error)
    }
    return state()
  }
  const rowAt = (path: string): ModemRow => rowOf(stationAt(path))

  const area: ModemArea = {
    state: look,
    probe: async (path, options = {}) => {
      const at = stationAt(path)
      const open = at.port !== null
      await ready(at, options)
      if (open) {
        const looked = new Promise<string>((resolve) => at.ready.push(resolve))
        feed(at, { type: 'look' })
        await looked
      }
      const row = rowAt(path)
      rest(at)
      return row
    },
    listen: async (path, options = {}) => {
      const at = stationAt(path)
      await ready(at, options)
      at.listening = true
      changed()
      return rowAt(path)
    },
    close: async (path) => {
      const at = stations.get(path)
      if (at === undefined) throw new Error(`${path} is not open`)
      await shut(at, '')
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
      await Promise.all([...stations.values()].map((at) => shut(at, 'the lab was stopped')))
    },
  }
}

function rowOf(at: Station): ModemRow {
  const { stage, maker, model, sim, dbm, operator, trouble } = at.machine.status
  return {
    path: at.path,
    stage: at.opening !== null ? 'opening' : stage === 'closed' && at.trouble !== '' ? 'failed' : stage,
    listening: at.listening,
    name: [maker, model].filter((part) => part !== '').join(' '),
    sim,
    dbm,
    operator,
    trouble: trouble === '' ? at.trouble : trouble,
    lastAt: at.lastAt,
    queued: at.machine.queued,
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
