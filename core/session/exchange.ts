// What both ends of a session share: state, identifiers, limits, outbox, what is awaited; every message of ours leaves through `put`.
import { authName, readings } from '../auth/credentials.ts'
import type { Heard, Prover } from '../auth/prover.ts'
import type { Verdict, Verifier } from '../auth/verifier.ts'
import type { Effect, Frame, Link, Note } from '../machine.ts'
import type { Finding } from '../syncml/finding.ts'
import { encode } from '../syncml/codec.ts'
import type { Wire } from '../syncml/codec.ts'
import type { Item, Message, Status, SyncHdr } from '../syncml/message.ts'
import { Awaiting } from './awaiting.ts'
import { TIGHT } from './draft.ts'
import { contentTypeOf, isPlainType, isSyncmlType } from './contenttype.ts'
import { bringsNothing, checkBody, checkHeader, msgNumber, speaks11 } from './inbox.ts'
import { Objects } from './objects.ts'
import { Outbox } from './outbox.ts'
import type { Packed } from './entry.ts'
import type { ExchangeOptions, KeptExchange, PutOptions, Received } from './exchangeterms.ts'
import { finding } from './rules.ts'
import { CLAUSES, nextState } from './states.ts'
import type { Event, State } from './states.ts'

/** The same message with Final. Room for it was kept: a draft is measured with it. */
function closed(packed: Packed, wire: Wire): Packed {
  const message = { ...packed.message, final: true }
  return { ...packed, message, bytes: encode(message, wire) }
}

/** Octets of a message around its one object: SyncHdr, Status, element names (INFERRED, on the safe side). */
const AROUND = 900

/** Messages that bring nothing new before a package counts as complete though no Final was said (INFERRED). */
const QUIET_ROUNDS = 4

/** Messages to and fro that bring nothing new before a session is given up (INFERRED). */
const IDLE_ROUNDS = 40

/** The shared half of a session. */
export class Exchange {
  readonly outbox = new Outbox()
  readonly awaiting = new Awaiting()
  readonly objects: Objects
  readonly prover: Prover
  readonly verifier: Verifier
  readonly options: ExchangeOptions
  state: State = 'idle'
  /** Messages sent and received so far. */
  messages = 0
  /** Where the next message goes (the client's RespURI). */
  peer: string
  /** True once the peer took a message of ours without asking for credentials: Meta and RespURI are not repeated then. */
  established = false
  #wire: Wire
  #contentType: string
  /** Content type of the last request. */
  #asked = ''
  #nonce = ''
  #sent = 0
  #lastMsgId = 0
  #source = ''
  #maxMsgSize: number | undefined
  #maxObjSize: number | undefined
  /** The device speaks DM 1.1.2: it is answered in its own version. */
  #old = false
  #idleRounds = 0

  constructor(options: ExchangeOptions) {
    this.options = options
    this.prover = options.prover
    this.verifier = options.verifier
    this.peer = options.peer
    this.#wire = options.wire
    this.#contentType = options.contentType
    this.objects = new Objects(() => options.maxObjSize)
  }

  get sessionId(): string {
    return this.options.sessionId
  }

  /** The device of this session, whichever end we are. */
  get device(): string {
    return this.options.role === 'client' ? this.options.own : this.options.peer
  }

  get maxObjSize(): number | undefined {
    return this.#maxObjSize
  }

  /** What one object of ours may measure: the peer's MaxObjSize, and where nothing is chunked what one message has room for. */
  get room(): number {
    const message = this.options.largeObjects ? Infinity : (this.#maxMsgSize ?? Infinity) - AROUND
    return Math.min(this.#maxObjSize ?? Infinity, Math.max(0, message))
  }

  /** True where the peer takes so little that everything optional stays out of our messages. */
  get tight(): boolean {
    return this.#maxMsgSize !== undefined && this.#maxMsgSize < TIGHT
  }

  /** MsgID of our last message, '' before the first. */
  get lastSent(): string {
    return this.#sent === 0 ? '' : String(this.#sent)
  }

  /** Null where something is half said or half heard: such a session cannot go on after a restart. */
  kept(): KeptExchange | null {
    if (!this.outbox.empty || this.objects.open) return null
    const { state, messages, peer, established } = this
    return {
      ...{ state, messages, peer, established, nonce: this.#nonce, sent: this.#sent, lastMsgId: this.#lastMsgId, source: this.#source },
      maxMsgSize: this.#maxMsgSize ?? null,
      maxObjSize: this.#maxObjSize ?? null,
      idleRounds: this.#idleRounds,
      awaiting: this.awaiting.kept(),
      prover: this.prover.kept(),
      verifier: this.verifier.kept(),
    }
  }

  restore(kept: KeptExchange): void {
    this.state = kept.state
    this.messages = kept.messages
    this.peer = kept.peer
    this.established = kept.established
    this.#nonce = kept.nonce
    this.#sent = kept.sent
    this.#lastMsgId = kept.lastMsgId
    this.#source = kept.source
    this.#maxMsgSize = kept.maxMsgSize ?? undefined
    this.#maxObjSize = kept.maxObjSize ?? undefined
    this.#idleRounds = kept.idleRounds
    this.awaiting.restore(kept.awaiting)
    this.prover.restore(kept.prover)
    this.verifier.restore(kept.verifier)
  }

  /** Asks the table. Null: the move is not legal, and `illegal` gives the one note that follows. */
  move(event: Event): boolean {
    const next = nextState(this.options.role, this.state, event)
    if (next === null) return false
    this.state = next
    return true
  }

  /** The one problem note of an illegal move. */
  illegal(event: Event, message?: Message): Effect[] {
    const base = finding('state.order', message?.header, `${this.options.role} in state ${this.state}, ${event}`)
    return [this.problem({ ...base, clause: CLAUSES[event] })]
  }

  /** Reads a message's frame: checks it, learns identifiers and limits. */
  hear({ message, frame }: Received, extra: readonly Finding[] = []): Effect[] {
    const { header } = message
    this.messages += 1
    if (this.options.role === 'server') {
      this.#answerAlike(frame)
      this.#old = speaks11(message)
    }
    const findings = checkHeader(message, {
      role: this.options.role,
      sessionId: this.#lastMsgId === 0 && this.options.role === 'server' ? '' : this.sessionId,
      lastMsgId: this.#lastMsgId,
      source: this.#source,
      maxMsgSize: this.options.maxMsgSize,
      size: frame.bytes.length,
    })
    checkBody(message, this.options.role, findings)
    if (this.endsUnsaid(message)) findings.push(finding('pkg.final.missing', header))
    if (this.options.role === 'client' && !isSyncmlType(frame.contentType)) findings.push(finding('http.type', undefined, frame.contentType))
    findings.push(...extra)
    this.#lastMsgId = Math.max(this.#lastMsgId, msgNumber(header.msgId))
    this.#source = header.source.locUri
    if (header.meta?.maxMsgSize !== undefined && header.meta.maxMsgSize > 0) this.#maxMsgSize = header.meta.maxMsgSize
    if (header.meta?.maxObjSize !== undefined && header.meta.maxObjSize > 0) this.#maxObjSize = header.meta.maxObjSize
    return findings.map((one) => this.problem(one))
  }

  /** Learns from the peer's Status of our SyncHdr; findings about its challenge go along (SEC challenges, nonces). */
  heard(status: Status): { readonly heard: Heard; readonly effects: Effect[] } {
    const was = this.prover.authenticated
    const heard = this.prover.heard(status.code, status.chal)
    const effects: Effect[] = []
    const type = authName(status.chal?.meta.type)
    if (status.code === 212 && type === 'syncml:auth-MAC') effects.push(this.problem(finding('auth.mac.212', status)))
    if (status.code === 200 && heard.next === 'go on' && heard.authenticated && !was && type !== 'syncml:auth-MAC')
      effects.push(this.problem(finding('auth.200', status)))
    const nonce = status.chal?.meta.nextNonce
    if (nonce !== undefined) {
      if (nonce.text === this.#nonce) effects.push(this.problem(finding('auth.nonce.reused', status.chal)))
      else if (readings(nonce).length > 1) effects.push(this.problem(finding('auth.nonce.alphabet', status.chal)))
      this.#nonce = nonce.text
    }
    const whose = this.#whose
    if (heard.next === 'again') effects.push(this.note('auth', `${whose} asks for ${heard.type}; once more with it`, { code: status.code }))
    else if (heard.next === 'give up')
      effects.push({ type: 'note', note: { ...this.#bare('auth', heard.reason), finding: finding('auth.refused', status) } })
    else if (heard.authenticated && !was) effects.push(this.note('auth', `${whose} accepted our credentials`, { code: status.code }))
    return { heard, effects }
  }

  /** Tells what became of the peer's credentials in `message`; `was`: they had been accepted before. */
  judged(verdict: Verdict, was: boolean, { header }: Message, effects: Effect[]): void {
    const peer = this.#whose
    if (verdict.code >= 400) {
      const one = finding(verdict.code === 407 ? 'auth.missing' : 'auth.refused', header.cred ?? header, verdict.cause)
      const note = { ...this.#bare('auth', `${peer} is refused: ${verdict.cause}`), detail: { code: verdict.code }, finding: one }
      effects.push({ type: 'note', note })
    } else if (!was && this.verifier.authenticated)
      effects.push(this.note('auth', `${peer} proved itself with ${verdict.shown ?? ''}`, { code: verdict.code, type: verdict.shown }))
    if (verdict.stale === true) effects.push(this.problem(finding('auth.nonce.kept', header)))
  }

  /** Where `command` interrupts an object that is not whole: the finding; Alert 1225 names the object, and nothing of it is committed. */
  interrupted(command: { readonly kind: string; readonly code?: number; readonly items?: readonly Item[] }): Finding | null {
    const item = command.kind === 'Alert' && command.code === 1222 ? null : this.objects.broken(command)
    if (item === null) return null
    const { target, source } = item
    const named: Item = {
      ...(target === undefined ? {} : { target: { locUri: target.locUri } }),
      ...(source === undefined ? {} : { source: { locUri: source.locUri } }),
    }
    this.outbox.answer({ kind: 'alert', alert: { kind: 'Alert', cmdId: '', code: 1225, items: [named] } })
    return finding('obj.broken', item)
  }

  /** True where the exchange goes on without anything new for too long. `busy`: this round brought or brings something. */
  endless(busy: boolean): boolean {
    this.#idleRounds = busy ? 0 : this.#idleRounds + 1
    return this.#idleRounds > IDLE_ROUNDS
  }

  /** True for a message without Final that can only be the last one of its package: nothing new came in some before it, and nothing in it. */
  endsUnsaid(message: Message): boolean {
    return !message.final && this.#idleRounds >= QUIET_ROUNDS && !this.objects.open && bringsNothing(message)
  }

  /** Packs and sends the next message. Throws an Error in words where the peer's limits leave no room for it. */
  put(link: Link, uri: string, options: PutOptions): { readonly packed: Packed; readonly send: Effect } {
    const wire = this.tight ? { ...this.#wire, prolog: false } : this.#wire
    const whole = this.outbox.pack({
      commands: options.commands,
      final: options.final,
      ask: options.ask,
      header: this.#header(options.prove ?? true),
      wire,
      maxMsgSize: this.#maxMsgSize,
      maxObjSize: this.#maxObjSize,
      largeObjects: this.options.largeObjects,
      settled: this.established,
    })
    const packed = this.options.alwaysFinal === true && !whole.message.final ? closed(whole, wire) : whole
    this.awaiting.left(packed.message, packed.sent)
    this.messages += 1
    const headers = this.prover.headers(packed.bytes)
    const frame: Frame = { bytes: packed.bytes, encoding: wire.encoding, contentType: this.#contentType, headers, uri }
    return { packed, send: packed.plain ? { type: 'send', link, frame, message: packed.message } : { type: 'send', link, frame } }
  }

  note(topic: Note['topic'], text: string, detail?: Note['detail']): Effect {
    const note = this.#bare(topic, text)
    return { type: 'note', note: detail === undefined ? note : { ...note, detail } }
  }

  problem(one: Finding): Effect {
    return { type: 'note', note: { ...this.#bare('problem', one.text), finding: one } }
  }

  get #whose(): string {
    return this.options.role === 'client' ? 'the server' : 'the device'
  }

  #bare(topic: Note['topic'], text: string): Note {
    return { topic, text, device: this.device, sessionId: this.sessionId }
  }

  /** A server answers in the encoding of the request, and under the same family of content types. */
  #answerAlike({ encoding, contentType }: Frame): void {
    if (contentType === this.#asked && encoding === this.#wire.encoding) return
    this.#asked = contentType
    this.#wire = { ...this.options.wire, encoding }
    this.#contentType = contentTypeOf(encoding, isPlainType(contentType))
  }

  #header(prove: boolean): SyncHdr {
    const { own, sessionId, maxMsgSize, maxObjSize, respUri } = this.options
    this.#sent += 1
    const cred = prove ? this.prover.cred() : undefined
    const { user } = this.prover
    const header: { -readonly [K in keyof SyncHdr]: SyncHdr[K] } = {
      verDtd: this.#old ? '1.1' : '1.2',
      verProto: this.#old ? 'DM/1.1' : 'DM/1.2',
      sessionId,
      msgId: String(this.#sent),
      target: { locUri: this.peer },
      source: user === '' || (this.tight && cred === undefined) ? { locUri: own } : { locUri: own, locName: user },
    }
    if (this.tight) return cred === undefined ? header : { ...header, cred }
    if (respUri !== undefined && !this.established) header.respUri = respUri
    if (cred !== undefined) header.cred = cred
    if (!this.established && (maxMsgSize !== undefined || maxObjSize !== undefined))
      header.meta = { ...(maxMsgSize === undefined ? {} : { maxMsgSize }), ...(maxObjSize === undefined ? {} : { maxObjSize }) }
    return header
  }
}
