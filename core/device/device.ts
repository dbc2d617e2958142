// The DM client as a machine: one session at a time with one server; the tree behind it is a Performer, its durable part are two nonces.
import { makeNonce } from '../auth/credentials.ts'
import type { AuthName } from '../auth/credentials.ts'
import { Prover } from '../auth/prover.ts'
import type { Reading } from '../auth/prover.ts'
import { Verifier } from '../auth/verifier.ts'
import type { Effect, Env, Input, Link, Machine } from '../machine.ts'
import { ClientSession } from '../session/client.ts'
import { contentTypeOf } from '../session/exchange.ts'
import type { Performer } from '../session/ports.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Wire } from '../syncml/codec.ts'
import type { Alert, NonceText } from '../syncml/message.ts'
import { Asking } from './asking.ts'
import type { Asked } from './asking.ts'
import type { UiAnswer, UiQuestion } from './interaction.ts'
import { dressed } from './dress.ts'
import { isPending } from './features.ts'
import type { Pending } from './features.ts'
import { HABITS } from './profiles.ts'
import type { Habits } from './profiles.ts'
import { ReportBox } from './reports.ts'
import type { StoredReport } from './reports.ts'

/** The account a client has at its server (DMAcc: CLCRED and SRVCRED). */
export interface ClientAccount {
  readonly userName: string
  readonly password: string
  readonly serverId: string
  /** AAuthName of SRVCRED where it differs: the server may call itself either. */
  readonly serverName?: string
  /** '' where the server has none: it is not asked for credentials then. */
  readonly serverPassword: string
  /** Type to begin with (AAuthPref). */
  readonly auth: AuthName
  /** Types a challenge may ask for; all three where absent. */
  readonly types?: readonly AuthName[]
}

/** Nonces a client keeps between sessions. */
export interface ClientNonces {
  /** Issued by the server, for our next credential. */
  readonly client: NonceText | null
  /** Issued by us, for the server's next credential. */
  readonly server: Uint8Array | null
  readonly reading: Reading
}

/** What must survive: saved before the message that depends on it leaves. */
export type ClientRecord =
  | { readonly kind: 'nonces'; readonly nonces: ClientNonces }
  /** All generic alerts owed now. */
  | { readonly kind: 'reports'; readonly reports: readonly StoredReport[] }
  /** What the performer keeps has moved: the tree, and what parts of the device keep besides it. */
  | { readonly kind: 'performer' }
  /** The server took, or for good refused, a generic alert. */
  | { readonly kind: 'answered'; readonly alert: Alert; readonly code: number }

/** Orders to a client besides the inputs every machine knows. */
export type ClientInput =
  | Input
  /** Begins a session. `initiated` server: Alert 1200 with the `sessionId` of the notification. `alerts`: further alerts of Package #1. */
  | { readonly type: 'start'; readonly initiated: 'client' | 'server'; readonly sessionId?: string; readonly alerts?: readonly Alert[] }
  /** A job of the device ended: its generic alert (1226) is owed from `afterMs` on, in the open session or the next one. Its Data is text. */
  | { readonly type: 'report'; readonly alert: Alert; readonly afterMs?: number }

export interface ClientSettings {
  /** What SyncHdr announces; null: nothing. */
  readonly maxMsgSize: number | null
  readonly maxObjSize: number | null
  /** Refuse a server that shows no credentials; one that shows wrong ones is refused anyway. */
  readonly requireServerAuth: boolean
  /** How long to wait for an answer, milliseconds. */
  readonly answerMs: number
  /** How often the same message is sent again, byte for byte, when no answer came. */
  readonly resends: number
  /** How long a question without MAXDT waits for a person, milliseconds (INFERRED). */
  readonly patienceMs: number
  /** What stands for an answer nobody gave: status 408, or the default response where the question has one (PRO allows both). */
  readonly onTimeout: 'timeout' | 'preset'
  readonly habits: Partial<Habits>
}

export const CLIENT_SETTINGS: ClientSettings = {
  maxMsgSize: 16384,
  maxObjSize: 1048576,
  requireServerAuth: false,
  answerMs: 120_000,
  resends: 0,
  patienceMs: 60_000,
  onTimeout: 'timeout',
  habits: {},
}

export interface ClientOptions {
  /** Absolute URI of the DM Server. */
  readonly serverUri: string
  readonly deviceId: string
  readonly account: ClientAccount
  readonly wire: Wire
  readonly performer: Performer
  readonly env: Env
  readonly settings?: Partial<ClientSettings>
  /** What ClientRecord kept last time. */
  readonly nonces?: ClientNonces
  readonly reports?: readonly StoredReport[]
  /** Where nonces come from; only fixed vectors need another source than the default. */
  readonly issueNonce?: () => Uint8Array
}

/** What an `ask` effect of topic `work` carries: the Status of an Exec waits, at most `waitMs`. Answered with its code, or null. */
export interface Awaited {
  readonly pending: string
  readonly waitMs: number
}

const TIMER = 'answer'
const QUESTION = 'question'

/**
 * A DM client. Sends with `frame.uri` as the absolute URI to post to; ends each session with a `session` note. Asks people with `ask` effects of
 * topic `interaction` (Asked); the answer is a UiAnswer, or null where nobody can be asked. Asks of topic `work` (Awaited) wait for a part of the device.
 */
export class DmClient implements Machine<ClientInput, ClientRecord> {
  readonly #options: ClientOptions
  readonly #settings: ClientSettings
  #nonces: ClientNonces
  #session: ClientSession | null = null
  #links = 0
  #waiting = 0
  #resent = 0
  #last: Extract<Effect, { type: 'send' }> | null = null
  #saves: ClientRecord[] = []
  #asking: Asking | null = null
  #awaited: (Awaited & { readonly id: string }) | null = null
  readonly #reports: ReportBox

  constructor(options: ClientOptions) {
    this.#options = options
    this.#settings = { ...CLIENT_SETTINGS, ...options.settings }
    this.#nonces = options.nonces ?? { client: null, server: null, reading: null }
    this.#reports = new ReportBox(() => options.env.now(), options.reports)
  }

  /** When the earliest generic alert owed falls due, milliseconds since 1970; null where none is owed. */
  get owes(): number | null {
    return this.#reports.next
  }

  /** True while a session is open. */
  get busy(): boolean {
    return this.#session !== null
  }

  input(input: ClientInput): Effect<ClientRecord>[] {
    switch (input.type) {
      case 'start':
        return this.#session === null ? this.#run((session, link) => session.start(link), this.#begin(input)) : [note('a session is open already')]
      case 'frame':
        return this.#frame(input)
      case 'gone':
        return this.#gone(input.link, input.reason)
      case 'timer':
        if (input.id === QUESTION && this.#awaited !== null) return this.#reply(this.#awaited.id, null)
        if (input.id === QUESTION) return this.#asking === null ? [] : this.#reply(this.#asking.id, this.#asking.expired())
        return input.id === TIMER ? this.#expired() : [note(`timer ${input.id} is none of ours`)]
      case 'answer':
        return this.#answer(input.id, input.value)
      case 'report':
        this.#reports.owe([{ alert: input.alert, afterMs: input.afterMs ?? 0 }])
        return this.#owed().map((record) => ({ type: 'save', record }))
      default:
        return input satisfies never
    }
  }

  #begin(start: Extract<ClientInput, { type: 'start' }>): ClientSession {
    const { account, deviceId, serverUri, wire, performer, env } = this.#options
    const { maxMsgSize, maxObjSize, requireServerAuth } = this.#settings
    const habits: Habits = { ...HABITS, ...this.#settings.habits }
    const issueNonce =
      this.#options.issueNonce ?? ((): Uint8Array => (habits.nonce === 'long' ? makeNonce((count) => env.random(count)) : fiveDigits(env)))
    const { userName: user, password, auth: type, types } = account
    return new ClientSession({
      own: deviceId,
      peer: serverUri,
      sessionId: start.sessionId === undefined ? randomId(env, habits.sessionId) : printed(start.sessionId, habits.sessionId),
      wire: { ...habits.wire, ...wire },
      contentType: contentTypeOf(wire.encoding, habits.plainType),
      maxMsgSize: maxMsgSize ?? undefined,
      maxObjSize: maxObjSize ?? undefined,
      respUri: undefined,
      largeObjects: habits.largeObjects,
      alwaysFinal: habits.final === 'always',
      prover: new Prover({
        user,
        password,
        type,
        ...(types === undefined ? {} : { types }),
        nonce: this.#nonces.client,
        reading: this.#nonces.reading,
      }),
      verifier: new Verifier({ required: requireServerAuth, nonce: this.#nonces.server, makeNonce: issueNonce, accepts: habits.accepts }),
      env,
      performer,
      by: { serverId: account.serverId },
      server:
        account.serverPassword === ''
          ? null
          : {
              userNames: account.serverName === undefined ? [account.serverId] : [account.serverId, account.serverName],
              password: account.serverPassword,
              type: null,
            },
      requireServerAuth,
      alert: start.initiated === 'server' ? 1200 : 1201,
      alerts: start.alerts ?? [],
      reports: this.#reports,
      keep: (kept) => {
        this.#nonces = 'issued' in kept ? { ...this.#nonces, server: kept.issued } : { ...this.#nonces, client: kept.received, reading: kept.reading }
        this.#saves.push({ kind: 'nonces', nonces: this.#nonces })
      },
    })
  }

  #frame(input: Extract<Input, { type: 'frame' }>): Effect<ClientRecord>[] {
    if (this.#session === null) return [note('a message came while no session is open')]
    if (input.link.link !== this.#waiting) return [note('a message came on a link that is not waited for')]
    try {
      const { message } = decode(input.frame.bytes, input.frame.encoding)
      return this.#run((session, link) => session.receive({ link: input.link, frame: input.frame, message }, link), this.#session)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      return this.#run((session) => session.lost(`the answer cannot be read: ${error.message}`), this.#session)
    }
  }

  #gone(link: Link, reason: string): Effect<ClientRecord>[] {
    if (this.#session === null || link.link !== this.#waiting) return []
    if (this.#last !== null && this.#resent < this.#settings.resends) {
      this.#resent += 1
      const next = { link: ++this.#links }
      this.#waiting = next.link
      this.#last = { ...this.#last, link: next }
      return [note(`${reason}; the same message is sent again`, 'state'), this.#last, { type: 'timer', id: TIMER, ms: this.#settings.answerMs }]
    }
    return this.#run((session) => session.lost(reason), this.#session)
  }

  #expired(): Effect<ClientRecord>[] {
    if (this.#session === null) return []
    const reason = `no answer within ${String(this.#settings.answerMs)} ms`
    return this.#run((session) => session.lost(reason, 'timed out'), this.#session)
  }

  /** A person's answer; one that does not fit leaves the question open. */
  #answer(id: string, value: unknown): Effect<ClientRecord>[] {
    if (this.#awaited?.id === id) return this.#reply(id, value)
    const asking = this.#asking
    if (asking?.id !== id) return [note(`answer ${id} to a question nobody asked`)]
    if (value === null) return this.#reply(id, null)
    const taking = asking.take(value as UiAnswer, this.#options.env.now())
    if (taking.what === 'misfit') return [note(`the answer does not fit the question: ${taking.why}`)]
    return taking.what === 'later' ? [{ type: 'timer', id: QUESTION, ms: taking.ms }] : this.#reply(id, taking.answer)
  }

  #reply(id: string, answer: unknown): Effect<ClientRecord>[] {
    const session = this.#session
    this.#asking = this.#awaited = null
    if (session === null) return []
    return [{ type: 'timer', id: QUESTION, ms: null }, ...this.#run(() => session.answer(id, answer) ?? [], session)]
  }

  /** Lets the session act; saves go before what it sends, the timer after. */
  #run(act: (session: ClientSession, link: Link) => Effect[], session: ClientSession): Effect<ClientRecord>[] {
    this.#session = session
    const link = { link: this.#links + 1 }
    const habits: Habits = { ...HABITS, ...this.#settings.habits }
    const effects = act(session, link).map((effect) => {
      if (effect.type === 'ask') return this.#ask(effect.id, effect.question as UiQuestion | Pending)
      return effect.type === 'send' ? { ...effect, frame: dressed(effect.frame, habits, this.#options.serverUri) } : effect
    })
    const sent = effects.findLast((effect) => effect.type === 'send')
    if (sent !== undefined) {
      this.#links = this.#waiting = sent.link.link
      this.#last = sent
      this.#resent = 0
    }
    if (session.over) {
      this.#session = null
      this.#asking = this.#awaited = null
      this.#last = null
      this.#reports.again()
    }
    const { performer } = this.#options
    this.#reports.owe(performer.takeOwed?.() ?? [])
    if (performer.takeMoved?.() === true) this.#saves.push({ kind: 'performer' })
    const saves = [...this.#saves, ...this.#owed()].map((record): Effect<ClientRecord> => ({ type: 'save', record }))
    this.#saves = []
    const asked = this.#asking !== null || this.#awaited !== null
    const ms = session.over || asked ? null : this.#settings.answerMs
    const timer: Effect<ClientRecord>[] = session.over || asked || sent !== undefined ? [{ type: 'timer', id: TIMER, ms }] : []
    return session.over ? [...saves, ...timer, ...effects] : [...saves, ...effects, ...timer, ...this.#questionTimer()]
  }

  #owed(): ClientRecord[] {
    const answered = this.#reports.takeAnswered().map((each): ClientRecord => ({ kind: 'answered', ...each }))
    const reports = this.#reports.takeSave()
    return reports === null ? answered : [{ kind: 'reports', reports }, ...answered]
  }

  #ask(id: string, question: UiQuestion | Pending): Effect {
    if (isPending(question)) {
      const { pending, waitMs } = question
      this.#awaited = { id, pending, waitMs }
      return { type: 'ask', id, topic: 'work', question: { pending, waitMs } satisfies Awaited }
    }
    const { onTimeout } = this.#settings
    this.#asking = new Asking(id, question, { at: this.#options.env.now(), onTimeout })
    return { type: 'ask', id, topic: 'interaction', question: { question, waitMs: this.#wait(question) } satisfies Asked }
  }

  #wait({ options }: UiQuestion): number {
    return options.maxDt === undefined ? this.#settings.patienceMs : options.maxDt * 1000
  }

  #questionTimer(): Effect<ClientRecord>[] {
    const ms = this.#awaited?.waitMs ?? (this.#asking === null ? null : this.#wait(this.#asking.question))
    return ms === null ? [] : [{ type: 'timer', id: QUESTION, ms }]
  }
}

function note(text: string, topic: 'problem' | 'state' = 'problem'): Effect<ClientRecord> {
  return { type: 'note', note: { topic, text, device: '', sessionId: '' } }
}

/** A 16-bit SessionID, not 0: upper-case hex without leading zeros (PRO session identifiers), or decimal up to 32767 (dm-protocol 14). */
function randomId(env: Env, radix: Habits['sessionId']): string {
  const octets = env.random(2)
  const value = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0)
  return radix === 'hex' ? (value || 1).toString(16).toUpperCase() : String(value & 0x7fff || 1)
}

/** The SessionID of a notification as this client writes it; anything that is no such number stays as it is. */
function printed(sessionId: string, radix: Habits['sessionId']): string {
  return radix === 'decimal' && /^[0-9A-F]{1,4}$/i.test(sessionId) ? String(parseInt(sessionId, 16)) : sessionId
}

/** Five decimal digits (dm-protocol 14). */
function fiveDigits(env: Env): Uint8Array {
  return Uint8Array.from(env.random(5), (octet) => 0x30 + (octet % 10))
}
