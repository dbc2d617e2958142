// The DM Server as a machine: many sessions at once, each found by its RespURI token or by Source and SessionID; every frame is answered once.
import { makeNonce } from '../auth/credentials.ts'
import type { AuthName } from '../auth/credentials.ts'
import { Prover } from '../auth/prover.ts'
import { Verifier } from '../auth/verifier.ts'
import type { Effect, Env, Frame, Input, Link, Machine, Note } from '../machine.ts'
import { contentTypeOf } from '../session/contenttype.ts'
import { msgNumber } from '../session/inbox.ts'
import { finding } from '../session/rules.ts'
import { shownBy } from '../session/desk.ts'
import type { SessionEnd } from '../session/desk.ts'
import { ServerSession } from '../session/server.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Message } from '../syncml/message.ts'
import { DeviceDesk } from './desk.ts'
import { afterLoss } from './orders.ts'
import { ordersFirst, together } from './policy.ts'
import type { Policy } from './policy.ts'
import { canEnrol } from './records.ts'
import type { Account, Order, ServerLedger, ServerRecord } from './records.ts'
import { resynchronised, withFresh } from './views.ts'
import { SERVER_SETTINGS } from './settings.ts'
import type { ServerSettings } from './settings.ts'

export type { Policy, SessionView, Work, CommandOutcome } from './policy.ts'
export { ordersFirst, together } from './policy.ts'
export type { ServerSettings } from './settings.ts'

/** Orders to the server besides the inputs every machine knows. */
export type ServerInput =
  | Input
  /** Commands for a device's next session (or for the one that is open). */
  | { readonly type: 'queue'; readonly order: Order }
  /** A decision about a device that waits, or a change of mind. */
  | { readonly type: 'decide'; readonly device: string; readonly state: 'enrolled' | 'refused' }
  /** How unknown devices are met from now on. */
  | { readonly type: 'enrol'; readonly enrol: ServerSettings['enrol'] }
  /** The answer on this link was changed before it left. */
  | { readonly type: 'edited'; readonly link: Link; readonly frame: Frame }

export interface ServerOptions {
  /** Absolute URI devices post to; also Source of SyncHdr. */
  readonly serverUri: string
  /** URI a device is told to post to from its first answer on (RespURI); absent: `serverUri`. */
  readonly answerUri?: (device: string) => string
  readonly settings?: Partial<ServerSettings>
  readonly ledger: ServerLedger
  readonly env: Env
  readonly policy?: Policy
  /** What differs towards one device (its dialect); asked when a session begins. */
  readonly settingsOf?: (device: string) => Partial<ServerSettings> | undefined
  /** Asked after the policy; what it wants is sent behind (a walk over a device's tree). */
  readonly more?: Policy
  /** Asked when a device begins a session with Alert 1200: the notification it answers, if any is outstanding, counts as answered then. */
  readonly notified?: (device: string, sessionId: string) => Notified | null
  /** Where nonces and tokens come from; only fixed vectors need another source than the default. */
  readonly issueNonce?: () => Uint8Array
  readonly issueToken?: () => string
}

/** A notification that a device answers. */
export interface Notified {
  /** Its SessionID in upper-case hexadecimal. */
  readonly sessionId: string
  /** The default nonce it rested on: both sides go on with it, and renew it (NOTI 6.2). Null where the stored one was used. */
  readonly nonce: Uint8Array | null
  /** One sentence for the trace. */
  readonly text: string
}

/** One session in the server's hands. */
interface Live {
  readonly number: number
  /** Name of its timer. */
  readonly timer: string
  readonly key: string
  readonly device: string
  readonly token: string
  readonly desk: DeviceDesk
  readonly session: ServerSession
  link: number
  /** Why the device is thought to have left; '' while it has not. */
  left: string
}

/** What the sessions of one device share. */
interface Mates {
  /** How many of them there are. */
  count: number
  /** Those whose device is thought to have left. */
  readonly left: Set<Live>
  /** Orders in the hands of one of them. */
  readonly held: Set<string>
}

type Save = Effect<ServerRecord>

const NOTHING: readonly Save[] = []

const TOKEN = 'sid'

/** Ended sessions of one device that are kept, so that a lost last answer can be given again. */
const ENDED_KEPT = 4

/** A DM Server. Saves come before the message that depends on them. */
export class DmServer implements Machine<ServerInput, ServerRecord> {
  readonly #options: ServerOptions
  #settings: ServerSettings
  readonly #policy: Policy
  readonly #sessions = new Map<string, Live>()
  readonly #tokens = new Map<string, Live>()
  readonly #links = new Map<number, Live>()
  readonly #ended = new Map<string, Live[]>()
  readonly #numbers = new Map<number, Live>()
  readonly #devices = new Map<string, Mates>()
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
    return this.#numbers.size
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
        const live = this.#links.get(input.link.link)
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
    const effects: Save[] = []
    const live = this.#find(message, frame, effects) ?? this.#begin(message, frame, effects)
    if (live.left !== '') {
      live.left = ''
      this.#devices.get(device)?.left.delete(live)
    }
    if (live.link !== link.link) this.#links.delete(live.link)
    live.link = link.link
    this.#links.set(link.link, live)
    const answer = live.session.receive({ link, frame, message })
    for (const save of this.#flush(live)) effects.push(save)
    for (const effect of answer) effects.push(effect)
    if (!answer.some((effect) => effect.type === 'send' || effect.type === 'close')) {
      effects.push({ type: 'close', link, reason: 'this message is not allowed at this point of the session' })
    }
    effects.push(this.#arm(live, live.session.over ? this.#settings.resendMs : this.#settings.idleMs))
    if (live.session.over) this.#keep(live, effects)
    return effects
  }

  /** An ended session is kept for its last answer; a device that goes on to new ones has only its newest few kept. */
  #keep(live: Live, effects: Save[]): void {
    const ended = this.#ended.get(live.device) ?? []
    if (ended.includes(live)) return
    ended.push(live)
    this.#ended.set(live.device, ended)
    const oldest = ended.length > ENDED_KEPT ? ended[0] : undefined
    if (oldest !== undefined) this.#stop(oldest, { state: 'completed', reason: '' }, effects)
  }

  /** The session a message belongs to; undefined where it begins one. A new #1 under an old SessionID ends the session before. */
  #find(message: Message, frame: Frame, effects: Save[]): Live | undefined {
    const { source, sessionId } = message.header
    const token = tokenOf(frame.uri)
    const byToken = token === '' ? undefined : this.#tokens.get(token)
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
    const live = ours ? byToken : this.#sessions.get(keyOf(message))
    if (live === undefined) return undefined
    const setup = message.commands.some((command) => command.kind === 'Alert' && (command.code === 1200 || command.code === 1201))
    const again = live.session.isResend({ link: { link: 0 }, frame, message })
    // Clients whose sessions all begin with the same octets: what waits for the device now shall not wait for another SessionID.
    if (again && !(setup && live.session.over && this.#policy.waits?.(live.device) === true)) return live
    if (!setup || msgNumber(message.header.msgId) !== 1) return live
    this.#stop(live, { state: 'aborted', reason: 'the device began a new session with the same SessionID' }, effects)
    return undefined
  }

  #begin(message: Message, frame: Frame, effects: Save[]): Live {
    const { env, serverUri } = this.#options
    const { sessionId, source } = message.header
    const device = source.locUri
    const called = message.commands.some((command) => command.kind === 'Alert' && command.code === 1200)
    const notified = called ? (this.#options.notified?.(device, sessionId) ?? null) : null
    const ledger = notified?.nonce == null ? this.#options.ledger : resynchronised(this.#options.ledger, notified.nonce)
    const mates = this.#devices.get(device) ?? { count: 0, left: new Set(), held: new Set() }
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
    const token = settings.respUri ? (this.#options.issueToken?.() ?? hex(env.random(12))) : ''
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
    this.#numbers.set(live.number, live)
    this.#sessions.set(live.key, live)
    mates.count += 1
    this.#devices.set(device, mates)
    if (token !== '') this.#tokens.set(token, live)
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
      respUri: token === '' ? undefined : `${answerUri}${answerUri.includes('?') ? '&' : '?'}${TOKEN}=${token}`,
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
    const live = this.#links.get(link.link)
    if (live === undefined) return []
    this.#links.delete(link.link)
    if (live.session.over) return []
    live.left = reason === '' ? 'connection lost' : reason
    this.#devices.get(live.device)?.left.add(live)
    const text = `the device left (${live.left}); its answer is kept for a while`
    return [
      { type: 'note', note: { topic: 'state', text, device: live.device, sessionId: live.desk.sessionId } },
      this.#arm(live, this.#settings.resendMs),
    ]
  }

  #timer(id: string): Save[] {
    const live = this.#numbers.get(Number(/^session ([0-9]+)$/.exec(id)?.[1] ?? NaN))
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
    this.#numbers.delete(live.number)
    const mates = this.#devices.get(live.device)
    if (mates !== undefined) {
      mates.left.delete(live)
      mates.count -= 1
      if (mates.count === 0) this.#devices.delete(live.device)
    }
    this.#links.delete(live.link)
    if (this.#tokens.get(live.token) === live) this.#tokens.delete(live.token)
    if (this.#sessions.get(live.key) === live) this.#sessions.delete(live.key)
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

/** The session token of a request URI; '' where it has none. */
function tokenOf(uri: string): string {
  const at = uri.indexOf('sid=')
  if (at < 1) return ''
  const before = uri[at - 1]
  const rest = uri.slice(at + 4)
  // The one we issued stands alone and last; any other place is found the slow way.
  if ((before === '?' || before === '&') && isToken(rest)) return rest
  return /[?&]sid=([^&#\s]*)/.exec(uri)?.[1] ?? ''
}

/** True for the digits of a token of ours. */
function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!((c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x66))) return false
  }
  return true
}

function hex(octets: Uint8Array): string {
  let digits = ''
  for (const octet of octets) digits += (octet + 0x100).toString(16).slice(1)
  return digits
}

function problem(text: string, detail?: Note['detail']): Save {
  return { type: 'note', note: { topic: 'problem', text, device: '', sessionId: '', ...(detail === undefined ? {} : { detail }) } }
}
