// The server's half of one session (PRO packages; dm-protocol 4, 6, 8.4): answers each client message, and asks its desk for the next commands.
import { headerValue, MAC_HEADER } from '../auth/credentials.ts'
import type { Verdict } from '../auth/verifier.ts'
import type { Effect, Frame, Link } from '../machine.ts'
import { decode } from '../syncml/codec.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Item, Message } from '../syncml/message.ts'
import { sameBytes } from '../syncml/text.ts'
import { shownBy } from './desk.ts'
import { asksProof, lastWord } from './closing.ts'
import type { Desk, SessionEnd } from './desk.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeOptions, PutOptions, Received } from './exchangeterms.ts'
import { checkSetup, raises, versionCode } from './inbox.ts'
import { Intake } from './intake.ts'
import type { Entry } from './entry.ts'
import { headerStatus, refusals } from './replies.ts'
import { finding } from './rules.ts'
import type { Event } from './states.ts'

/** The server's half of one session. */
export class ServerSession {
  readonly #x: Exchange
  readonly #desk: Desk
  /** Commands given by the desk that are not answered yet, by tag: sent again after a challenge. */
  readonly #given = new Map<number, Entry>()
  readonly #intake: Intake
  #cached: { readonly msgId: string; readonly bytes: Uint8Array; reply: Frame } | null = null
  #admitted = false
  /** Code of the refusal that ended the session; 0 where none did. */
  #refused = 0

  constructor(options: Omit<ExchangeOptions, 'role'>, desk: Desk) {
    this.#x = new Exchange({ ...options, role: 'server' })
    this.#desk = desk
    this.#intake = new Intake(this.#x, desk, this.#given)
  }

  get over(): boolean {
    return this.#x.state === 'over'
  }

  get messages(): number {
    return this.#x.messages
  }

  get authenticated(): boolean {
    return this.#x.verifier.authenticated
  }

  /** True where this is the last message again, byte for byte. */
  isResend(message: Message, frame: Frame): boolean {
    return this.#cached !== null && this.#cached.msgId === message.header.msgId && sameBytes(this.#cached.bytes, frame.bytes)
  }

  /** One message of the client: always one `send` or `close` on its link, save for an illegal move, which is one problem note. */
  receive(received: Received): Effect[] {
    const { message, frame, link } = received
    const x = this.#x
    if (this.isResend(message, frame) && this.#cached !== null) {
      return [x.problem(finding('hdr.resend', message.header)), { type: 'send', link, frame: this.#cached.reply }]
    }
    const event = this.#kind(message)
    const before = x.state
    if (!x.move(event)) return x.illegal(event, message)
    const effects = x.hear(received, this.#remarks(message, before, event))
    const send = this.#answer(received, effects, before)
    if (send !== null) this.#keep(message.header.msgId, frame.bytes, send)
    return effects
  }

  /** The peer is gone for good, or silent for too long. */
  lost(end: SessionEnd): Effect[] {
    return this.#x.move('lost') ? this.#end(end) : this.#x.illegal('lost')
  }

  /** Our last message was changed on its way out: what its commands are now decides what is awaited. */
  edited(frame: Frame): Effect[] {
    if (this.#cached !== null) this.#cached.reply = frame
    try {
      const { message } = decode(frame.bytes, frame.encoding)
      for (const gone of this.#x.awaiting.edited(this.#x.lastSent, message)) {
        this.#given.delete(gone.tag)
        this.#desk.dropped(gone.tag, 'taken out of the message before it left')
      }
    } catch (error) {
      return [this.#x.note('problem', `the message as changed cannot be read: ${error instanceof Error ? error.message : String(error)}`)]
    }
    return []
  }

  /** Keeps the last answer and what it answers. Those of a session that is over stay a while: copies, lest they hold all that came and left with them. */
  #keep(msgId: string, bytes: Uint8Array, reply: Frame): void {
    this.#cached = this.over
      ? { msgId, bytes: new Uint8Array(bytes), reply: { ...reply, bytes: new Uint8Array(reply.bytes) } }
      : { msgId, bytes, reply }
  }

  #kind(message: Message): Event {
    if (raises(message, 1223)) return 'get.abort'
    const chunk = message.commands.some((command) => command.kind === 'Results' && command.items.at(-1)?.moreData === true)
    return !chunk && (message.final || this.#x.endsUnsaid(message)) ? 'get.final' : 'get.part'
  }

  #remarks(message: Message, before: string, event: Event): Finding[] {
    if (before === 'idle') return checkSetup(message)
    if (before === 'over') return asksProof(this.#x, message, this.#refused) === undefined ? [finding('pkg.late', message.header)] : []
    return before === 'partly' && event === 'get.final' ? [finding('pkg.final.early', message.header)] : []
  }

  #answer(received: Received, effects: Effect[], before: string): Frame | null {
    const { message } = received
    const x = this.#x
    if (x.state === 'after') return this.#lastWord(received, effects, before === 'over')
    const version = versionCode(message, 'server')
    if (version !== 200) {
      const items = [{ data: version === 505 ? '1.2' : 'DM/1.2' }]
      const reason = version === 505 ? `VerDTD ${message.header.verDtd} is not supported` : `VerProto ${message.header.verProto} is not supported`
      return this.#refuse(received, effects, version, { items, over: true, reason, prove: false })
    }
    const { verdict, known } = this.#verify(received, effects)
    if (verdict.code === 401 || verdict.code === 407) {
      const prove = known && x.prover.type !== 'syncml:auth-basic'
      return this.#refuse(received, effects, verdict.code, { chal: verdict.chal, over: verdict.over, reason: verdict.cause, prove })
    }
    return this.#process(received, effects, verdict)
  }

  #verify({ message, frame }: Received, effects: Effect[]): { readonly verdict: Verdict; readonly known: boolean } {
    const { header } = message
    const { verifier } = this.#x
    if (verifier.settled)
      return { verdict: verifier.check({ cred: undefined, headers: [], body: frame.bytes, locName: undefined }, null), known: true }
    const evidence = { cred: header.cred, headers: frame.headers, body: frame.bytes, locName: header.source.locName }
    const ident = this.#desk.ident(shownBy(message, frame))
    const was = verifier.authenticated
    const verdict: Verdict =
      ident.secret === null ? verifier.check(evidence, null, ident.demand, ident.because) : verifier.check(evidence, ident.secret, ident.demand)
    this.#x.judged(verdict, was, message, effects)
    return { verdict, known: ident.secret !== null }
  }

  /** Status only, one for each command (SEC challenges); the session goes on with a challenge or ends. */
  #refuse(
    received: Received,
    effects: Effect[],
    code: number,
    how: {
      readonly chal?: Verdict['chal']
      readonly items?: readonly Item[]
      readonly over: boolean
      readonly reason: string
      readonly prove: boolean
    },
  ): Frame | null {
    const { outbox } = this.#x
    outbox.front(headerStatus(received.message, code, { refs: !this.#x.tight, chal: how.chal, items: how.items ?? [] }))
    for (const status of refusals(received.message, code)) outbox.answer({ kind: 'status', status })
    const event: Event = how.over ? 'put.refusal' : 'put.challenge'
    if (how.over) this.#refused = code
    return this.#put(
      received.link,
      effects,
      event,
      { commands: false, final: true, ask: false, prove: how.prove },
      how.over ? { state: 'failed', reason: how.reason } : null,
    )
  }

  /** After an abort or a message too late: see lastWord. */
  #lastWord({ message, link }: Received, effects: Effect[], late: boolean): Frame | null {
    const word = lastWord(this.#x, message, this.#refused)
    effects.push(...word.effects)
    const end: SessionEnd | null = late ? null : { state: 'aborted', reason: 'the device aborted the session (Alert 1223)' }
    return this.#put(link, effects, 'put.close', { commands: false, final: true, ask: false, prove: word.prove }, end)
  }

  #process(received: Received, effects: Effect[], verdict: Verdict): Frame | null {
    const { message, link } = received
    const x = this.#x
    const findings: Finding[] = []
    if (!this.#admitted || verdict.issued !== undefined) this.#desk.admitted(verdict)
    this.#admitted = true
    const pairs = x.awaiting.pair(message, findings)
    const headerOfOurs = pairs.find(
      ({ paired, status }) => paired.what === 'header' && (status.msgRef === x.lastSent || status.msgRef === ''),
    )?.status
    const refs = message.header.cred !== undefined || headerValue(received.frame.headers, MAC_HEADER) !== undefined || x.lastSent === ''
    x.outbox.front(headerStatus(message, verdict.code, { refs: refs && !x.tight, chal: verdict.chal }))
    const heard = headerOfOurs === undefined ? null : x.heard(headerOfOurs)
    if (heard !== null) effects.push(...heard.effects)
    const next = heard?.heard.next ?? 'go on'
    const nonce = x.prover.takeSave()
    if (nonce !== null) this.#desk.received(nonce, x.prover.reading)
    if (next === 'go on') this.#intake.take(message, pairs, findings)
    this.#intake.answer(message, findings)
    for (const one of findings) effects.push(x.problem(one))
    if (headerOfOurs !== undefined && next === 'go on') x.established = true
    if (heard?.heard.next === 'give up')
      return this.#close(link, effects, { state: 'failed', reason: `the device refuses the server: ${heard.heard.reason}` })
    if (headerOfOurs !== undefined && next === 'go on' && headerOfOurs.code >= 400) {
      return this.#close(link, effects, { state: 'failed', reason: `the device answered ${String(headerOfOurs.code)} for the SyncHdr` })
    }
    if (next === 'again') this.#again()
    return this.#speak(received, effects)
  }

  /** After a challenge of the client: everything that is not answered yet is sent once more, with credentials. */
  #again(): void {
    this.#x.outbox.clear().forEach((entry) => {
      if (entry.kind !== 'command') this.#x.outbox.answer(entry)
    })
    this.#x.awaiting.settle()
    this.#x.outbox.push(...this.#given.values())
  }

  #speak(received: Received, effects: Effect[]): Frame | null {
    const x = this.#x
    const { link, message } = received
    const busy =
      message.commands.some(
        (command) => command.kind !== 'Alert' && !(command.kind === 'Status' && (command.cmdRef === '0' || command.cmd === 'Alert')),
      ) || x.outbox.commands
    if (x.endless(busy)) {
      effects.push(x.problem(finding('pkg.endless')))
      return this.#abort(link, effects, { state: 'failed', reason: 'the device kept asking for the next message' })
    }
    if (x.state === 'asked') return this.#put(link, effects, 'put.part', { commands: false, final: false, ask: true }, null)
    if (!x.outbox.commands) {
      const open = x.awaiting.open()
      for (const sent of open) effects.push(x.problem(finding('status.missing', message.header, `${sent.command.kind}, CmdID ${sent.cmdId}`)))
      if (open.length > 0) this.#desk.unanswered(open)
      x.awaiting.settle()
      this.#given.clear()
      for (const entry of this.#desk.next({ maxObjSize: x.maxObjSize, encoding: received.frame.encoding })) {
        if (entry.kind === 'command') this.#given.set(entry.tag, entry)
        x.outbox.push(entry)
      }
    }
    if (!x.outbox.commands) return this.#close(link, effects, { state: 'completed', reason: '' })
    return this.#put(link, effects, 'put.final', { commands: true, final: true, ask: false }, null)
  }

  /** The last message: Status and Final; in the middle of the client's package an abort says that nothing more will come. */
  #close(link: Link, effects: Effect[], end: SessionEnd): Frame | null {
    if (this.#x.state === 'asked') return this.#abort(link, effects, end)
    return this.#put(link, effects, 'put.close', { commands: false, final: true, ask: false }, end)
  }

  #abort(link: Link, effects: Effect[], end: SessionEnd): Frame | null {
    const { outbox } = this.#x
    for (const entry of outbox.clear()) if (entry.kind === 'status') outbox.answer(entry)
    outbox.answer({ kind: 'alert', alert: { kind: 'Alert', cmdId: '', code: 1223, items: [] } })
    return this.#put(link, effects, 'put.abort', { commands: false, final: true, ask: false }, end)
  }

  /** Sends; a message that turned out without Final is a part, one with nothing but Status after all closes the session. */
  #put(link: Link, effects: Effect[], wanted: Event, options: PutOptions, end: SessionEnd | null): Frame | null {
    const x = this.#x
    let put: ReturnType<Exchange['put']>
    try {
      put = x.put(link, '', options)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      x.state = 'over'
      effects.push({ type: 'close', link, reason }, ...this.#end({ state: 'failed', reason }))
      return null
    }
    const { packed, send } = put
    for (const { entry, reason } of packed.dropped) {
      effects.push(x.note('problem', `${entry.kind} not sent: ${reason}`))
      if (entry.kind !== 'command') continue
      this.#given.delete(entry.tag)
      this.#desk.dropped(entry.tag, reason)
    }
    if (wanted === 'put.challenge' || wanted === 'put.refusal') x.outbox.clear()
    const nothing = wanted === 'put.final' && packed.message.final && packed.sent.length === 0 && x.outbox.empty
    const open = (wanted === 'put.final' || (wanted === 'put.close' && x.state === 'mine')) && !packed.message.final
    const event: Event = nothing ? 'put.close' : open ? 'put.part' : wanted
    if (!x.move(event)) {
      effects.push(...x.illegal(event))
      return null
    }
    this.#desk.leaving(packed.sent)
    effects.push(send)
    if (open) return send.type === 'send' ? send.frame : null
    const over = end ?? (nothing ? { state: 'completed' as const, reason: '' } : null)
    if (over !== null) effects.push(...this.#end(over))
    return send.type === 'send' ? send.frame : null
  }

  #end(end: SessionEnd): Effect[] {
    this.#desk.ended(end)
    // What is over waits for a lost last answer only; thousands of those shall weigh little.
    this.#given.clear()
    this.#x.awaiting.clear()
    const { state, reason } = end
    const text = `session ${this.#x.sessionId} of ${this.#x.device} ${state}${reason === '' ? '' : `: ${reason}`}`
    return [this.#x.note('session', text, { state, reason, server: this.#x.options.own, messages: this.#x.messages })]
  }
}
