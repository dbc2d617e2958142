// The DM Server as a machine: many sessions at once, each found by its RespURI token or by Source and SessionID; every frame is answered once.
import { makeNonce } from '../auth/credentials.ts'
import type { AuthName } from '../auth/credentials.ts'
import { Prover } from '../auth/prover.ts'
import { Verifier } from '../auth/verifier.ts'
import type { Effect, Frame, Link, Machine, Note } from '../machine.ts'
import { contentTypeOf } from '../session/contenttype.ts'
import { msgNumber, raises } from '../session/inbox.ts'
import { finding } from '../session/rules.ts'
import { shownBy } from '../session/desk.ts'
import type { SessionEnd } from '../session/desk.ts'
import { ServerSession } from '../session/server.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Message } from '../syncml/message.ts'
import { DeviceDesk } from './desk.ts'
import { LiveSessions } from './live.ts'
import type { Live } from './live.ts'
import { afterLoss } from './orders.ts'
import { ordersFirst, together } from './policy.ts'
import type { Policy } from './policy.ts'
import { canEnrol } from './records.ts'
import type { Account, Order, ServerRecord } from './records.ts'
import type { ServerInput, ServerOptions } from './serverterms.ts'
import { issueToken, tokenOf, withToken } from './token.ts'
import { resynchronised, withFresh } from './views.ts'
import { SERVER_SETTINGS } from './settings.ts'
import type { ServerSettings } from './settings.ts'

type Save = Effect<ServerRecord>

const NOTHING: readonly Save[] = []

/** A DM Server. Saves come before the message that depends on them. */
export class DmServer implements Machine<ServerInput, ServerRecord> {
  readonly #options: ServerOptions
  #settings: ServerSettings
  readonly #policy: Policy
  readonly #live = new LiveSessions()
  /** Orders as saved by the effects of this very input, which the ledger does not show yet. */
  readonly #fresh = new Map<string, Order>()
  #count = 0

  constructor(options: ServerOptions) {
    this.#options = options
    this.#settings = { ...SERVER_SETTINGS, ...options.settings }
    const first = options.policy ?? ordersFirst(withFresh(options.ledger, this.#fresh), this.#settings.greet)
    const { more } = options
    this.#policy = more === undefined ? first : together(first, more)
  }

  /** Sessions that are open or may still ask for their last answer. */
  get sessions(): number {
    return this.#live.size
  }

  input(input: ServerInput): Save[] {
    this.#fresh.clear()
    switch (input.type) {
      case 'frame':
        return this.#frame(input.link, input.frame, input.decoded?.message)
      case 'gone':
        return this.#gone(input.link, input.reason)
      case 'timer':
        return this.#timer(input.id)
      case 'answer':
        return [problem(`answer ${input.id} to a question nobody asked`)]
      case 'queue':
        return [{ type: 'save', record: { kind: 'order', order: input.order } }]
      case 'enrol':
        this.#settings = { ...this.#settings, enrol: input.enrol }
        return []
      case 'decide':
        return this.#decide(input.device, input.state)
      case 'edited': {
        const live = this.#live.ofLink(input.link.link)
        return live === undefined ? [] : [...live.session.edited(input.frame), ...this.#flush(live)]
      }
      default:
        return input satisfies never
    }
  }

  #frame(link: Link, frame: Frame, decoded?: Message): Save[] {
    let message: Message
    try {
      message = decoded ?? decode(frame.bytes, frame.encoding).message
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      const reason = `no SyncML message: byte ${String(error.offset)}: ${error.reason}`
      return [problem(reason, { offset: error.offset }), { type: 'close', link, reason }]
    }
    const device = message.header.source.locUri
    if (device === '') {
      const reason = 'SyncHdr names no Source'
      return [problem(reason), { type: 'close', link, reason }]
    }
    const first: Save[] = []
    const live = this.#find(message, frame, first) ?? this.#begin(message, frame, first)
    this.#live.heard(live, link.link)
    const answer: Save[] = live.session.receive({ link, frame, message })
    const saves = this.#flush(live)
    const effects = first.length === 0 && saves.length === 0 ? answer : [...first, ...saves, ...answer]
    if (!answer.some((effect) => effect.type === 'send' || effect.type === 'close')) {
      effects.push({ type: 'close', link, reason: 'this message is not allowed at this point of the session' })
    }
    effects.push(this.#arm(live, live.session.over ? this.#settings.resendMs : this.#settings.idleMs))
    const oldest = live.session.over ? this.#live.ended(live) : undefined
    if (oldest !== undefined) this.#stop(oldest, { state: 'completed', reason: '' }, effects)
    return effects
  }

  /** The session a message belongs to; undefined where it begins one. A new #1 under an old SessionID ends the session before. */
  #find(message: Message, frame: Frame, effects: Save[]): Live | undefined {
    const { source, sessionId } = message.header
    const token = tokenOf(frame.uri)
    const byToken = token === '' ? undefined : this.#live.ofToken(token)
    const ours = byToken !== undefined && byToken.device === source.locUri && byToken.desk.sessionId === sessionId
    if (byToken !== undefined && !ours) {
      const note: Note = {
        topic: 'problem',
        text: 'token of another session',
        device: byToken.device,
        sessionId: message.header.sessionId,
        finding: finding('hdr.token', message.header),
      }
      effects.push({ type: 'note', note })
    }
    const live = ours ? byToken : this.#live.ofKey(keyOf(message))
    if (live === undefined) return undefined
    if (!raises(message, 1200) && !raises(message, 1201)) return live
    // Clients whose sessions all begin with the same octets: what waits for the device now shall not wait for another SessionID.
    if (live.session.isResend(message, frame) && !(live.session.over && this.#policy.waits?.(live.device) === true)) return live
    if (msgNumber(message.header.msgId) !== 1) return live
    this.#stop(live, { state: 'aborted', reason: 'the device began a new session with the same SessionID' }, effects)
    return undefined
  }

  #begin(message: Message, frame: Frame, effects: Save[]): Live {
    const { env, serverUri } = this.#options
    const { sessionId, source } = message.header
    const device = source.locUri
    const notified = raises(message, 1200) ? (this.#options.notified?.(device, sessionId) ?? null) : null
    const ledger = notified?.nonce == null ? this.#options.ledger : resynchronised(this.#options.ledger, notified.nonce)
    const mates = this.#live.mates(device)
    for (const other of [...mates.left]) this.#stop(other, { state: 'aborted', reason: `the device left: ${other.left}` }, effects)
    for (const order of ledger.orders(device)) {
      const now = this.#fresh.get(order.id) ?? order
      if (now.state !== 'sent' || mates.held.has(order.id)) continue
      const settled = afterLoss(now)
      this.#fresh.set(settled.id, settled)
      effects.push({ type: 'save', record: { kind: 'order', order: settled } })
    }
    const differs = this.#options.settingsOf?.(device)
    const settings = differs === undefined ? this.#settings : { ...this.#settings, ...differs }
    const token = settings.respUri ? (this.#options.issueToken?.() ?? issueToken(env)) : ''
    const policy = notified?.nonce == null ? this.#policy : renewing(this.#policy)
    const account = ledger.account(device, shownBy(message, frame).user) ?? ledger.account(device, undefined)
    const serverId = account?.serverId ?? settings.serverId
    const desk = new DeviceDesk(device, sessionId, { ledger, settings, policy, env, held: mates.held, serverId })
    const number = ++this.#count
    const live: Live = {
      number,
      timer: `session ${String(number)}`,
      key: keyOf(message),
      device,
      token,
      desk,
      session: this.#session(message, frame, desk, token, account, settings),
      link: -1,
      left: '',
    }
    this.#live.add(live, mates)
    const detail = { state: 'open', server: serverUri }
    effects.push({ type: 'note', note: { topic: 'session', text: `session ${sessionId} of ${device} begins`, device, sessionId, detail } })
    if (notified !== null) effects.push({ type: 'note', note: { topic: 'state', text: notified.text, device, sessionId } })
    return live
  }

  #session(message: Message, frame: Frame, desk: DeviceDesk, token: string, account: Account | undefined, settings: ServerSettings): ServerSession {
    const { env, serverUri, ledger } = this.#options
    const { maxMsgSize, maxObjSize, wire, requireAuth, serverId, serverPassword, accepts, keepsNonce, prove } = settings
    const issueNonce = this.#options.issueNonce ?? ((): Uint8Array => makeNonce((count) => env.random(count)))
    const { device, nonces } = desk
    const answerUri = this.#options.answerUri?.(device) ?? serverUri
    const type: AuthName = account?.authType ?? settings.auth ?? 'syncml:auth-md5'
    const nonce =
      nonces.server === null ? null : { text: nonces.server.text, ...(nonces.server.octets === null ? {} : { octets: nonces.server.octets }) }
    const options = {
      own: serverUri,
      peer: device,
      sessionId: message.header.sessionId,
      wire: { ...wire, encoding: frame.encoding },
      contentType: contentTypeOf(frame.encoding),
      maxMsgSize: maxMsgSize ?? undefined,
      maxObjSize: maxObjSize ?? undefined,
      respUri: token === '' ? undefined : withToken(answerUri, token),
      largeObjects: ledger.value(device, './DevDetail/LrgObj')?.data !== 'false',
      prover: new Prover({
        user: account?.serverId ?? serverId,
        password: account?.serverPassword ?? serverPassword,
        type,
        nonce,
        reading: nonces.reading,
        silent: !prove || account?.locked !== undefined,
      }),
      verifier: new Verifier({ required: requireAuth, nonce: nonces.client, makeNonce: issueNonce, accepts, keeps: keepsNonce }),
      env,
    }
    return new ServerSession(options, desk)
  }

  /** The device left before it got its answer: it may come back for it a while, then the session is over. */
  #gone(link: Link, reason: string): Save[] {
    const live = this.#live.ofLink(link.link)
    if (live === undefined) return []
    this.#live.gone(live, reason === '' ? 'connection lost' : reason)
    if (live.session.over) return []
    const text = `the device left (${live.left}); its answer is kept for a while`
    return [
      { type: 'note', note: { topic: 'state', text, device: live.device, sessionId: live.desk.sessionId } },
      this.#arm(live, this.#settings.resendMs),
    ]
  }

  #timer(id: string): Save[] {
    const live = this.#live.ofTimer(id)
    if (live === undefined) return []
    const effects: Save[] = []
    const silent = `no message for ${String(this.#settings.idleMs)} ms`
    this.#stop(
      live,
      live.left === '' ? { state: 'timed out', reason: silent } : { state: 'aborted', reason: `the device left: ${live.left}` },
      effects,
      false,
    )
    return effects
  }

  /** Forgets a session; ends it first where it is open. */
  #stop(live: Live, end: SessionEnd, effects: Save[], armed = true): void {
    if (!live.session.over) {
      const ended = live.session.lost(end)
      effects.push(...this.#flush(live), ...ended)
    }
    if (armed) effects.push(this.#arm(live, null))
    this.#live.drop(live)
  }

  #decide(device: string, state: 'enrolled' | 'refused'): Save[] {
    const account = this.#options.ledger.account(device, undefined)
    if (account?.device !== device) return [problem(`device ${device} has no account to decide about`)]
    const text = `device ${device} ${state} by decision`
    const { learns, ...rest } = account
    const learning = state === 'enrolled' && (learns === true || !canEnrol(account))
    return [
      { type: 'save', record: { kind: 'account', account: { ...rest, state, ...(learning ? { learns: true } : {}) } } },
      { type: 'note', note: { topic: 'auth', text, device, sessionId: '' } },
    ]
  }

  #flush(live: Live): readonly Save[] {
    const { saves, notes } = live.desk.flush()
    if (saves.length === 0 && notes.length === 0) return NOTHING
    for (const record of saves) if (record.kind === 'order') this.#fresh.set(record.order.id, record.order)
    return [...saves.map((record): Save => ({ type: 'save', record })), ...notes.map((note): Save => ({ type: 'note', note }))]
  }

  #arm(live: Live, ms: number | null): Save {
    return { type: 'timer', id: live.timer, ms }
  }
}

/** Asks something in any case: only a device that has to answer can give a new nonce (NOTI 6.2, step 3). */
function renewing(policy: Policy): Policy {
  const question = { kind: 'Get' as const, cmdId: '', items: [{ target: { locUri: './DevInfo/DevId' } }] }
  return {
    ...policy,
    next: (view, outcomes) => {
      const works = policy.next(view, outcomes)
      return view.round === 0 && works.length === 0 ? [{ order: null, commands: [question] }] : works
    },
  }
}

function keyOf({ header }: Message): string {
  return `${header.source.locUri}\n${header.sessionId}`
}

function problem(text: string, detail?: Note['detail']): Save {
  return { type: 'note', note: { topic: 'problem', text, device: '', sessionId: '', ...(detail === undefined ? {} : { detail }) } }
}
