// The DM client as a machine: one session at a time with one server; the tree behind it is a Performer, its durable part are nonces, reports and the session under way.
import { makeNonce } from '../auth/credentials.ts'
import { Prover } from '../auth/prover.ts'
import { Verifier } from '../auth/verifier.ts'
import type { Effect, Input, Link, Machine } from '../machine.ts'
import { ClientSession } from '../session/client.ts'
import { contentTypeOf } from '../session/contenttype.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Alert } from '../syncml/message.ts'
import { Asking } from './asking.ts'
import type { Asked, UiAnswer, UiQuestion } from './interaction.ts'
import { dressed } from './dress.ts'
import { isPending } from './features.ts'
import type { Pending } from './features.ts'
import { fiveDigits, printed, randomId } from './ids.ts'
import { HABITS } from './habits.ts'
import type { Habits } from './habits.ts'
import { ReportBox } from './reports.ts'
import { frameOf, Talk } from './talk.ts'
import type { KeptTalk } from './talk.ts'
import { CLIENT_SETTINGS } from './terms.ts'
import type { Awaited, ClientInput, ClientNonces, ClientOptions, ClientRecord, ClientSettings } from './terms.ts'

export type { Awaited, ClientAccount, ClientInput, ClientNonces, ClientOptions, ClientRecord, ClientSettings } from './terms.ts'
export { CLIENT_SETTINGS } from './terms.ts'

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
  readonly #talk: Talk
  /** The session an earlier life left. */
  #left: KeptTalk | null
  readonly #reports: ReportBox

  constructor(options: ClientOptions) {
    this.#options = options
    this.#settings = { ...CLIENT_SETTINGS, ...options.settings }
    this.#nonces = options.nonces ?? { client: null, server: null, reading: null }
    this.#reports = new ReportBox(() => options.env.now(), options.reports)
    this.#talk = new Talk(options.account.serverId)
    this.#left = options.talk ?? null
  }

  /** When the earliest generic alert owed falls due, milliseconds since 1970; null where none is owed. */
  get owes(): number | null {
    return this.#reports.next
  }

  /** True where an earlier life left a session that can go on: `resume` does. Another start gives it up. */
  get interrupted(): boolean {
    return this.#left !== null
  }

  /** True while a session is open. */
  get busy(): boolean {
    return this.#session !== null
  }

  input(input: ClientInput): Effect<ClientRecord>[] {
    switch (input.type) {
      case 'start':
        return this.#session === null ? this.#start(input) : [note('a session is open already')]
      case 'resume':
        return this.#resume()
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

  #start(start: Extract<ClientInput, { type: 'start' }>): Effect<ClientRecord>[] {
    const { sessionId: radix } = { ...HABITS, ...this.#settings.habits }
    const id = start.sessionId === undefined ? randomId(this.#options.env, radix) : printed(start.sessionId, radix)
    if (this.#left !== null) this.#saves.push({ kind: 'talk', talk: null })
    this.#left = null
    this.#talk.begin(null)
    return this.#run((session, link) => session.start(link), this.#begin(id, start.initiated === 'server' ? 1200 : 1201, start.alerts ?? []))
  }

  /** The server answers as it did where it knows the message (it is the same, MsgID and all), and performs it where it does not. */
  #resume(): Effect<ClientRecord>[] {
    const talk = this.#left
    if (talk === null || this.#session !== null) return [note('there is no session to go on with')]
    this.#left = null
    this.#talk.begin(talk)
    this.#session = this.#begin(talk.session.sessionId, 1201, [])
    const begun = this.#session.restore(talk.session)
    this.#last = { type: 'send', link: { link: 0 }, frame: frameOf(talk) }
    this.#resent = 0
    return [begun, ...this.#again()]
  }

  /** The last message once more, byte for byte. */
  #again(): Effect<ClientRecord>[] {
    if (this.#last === null) return []
    this.#waiting = ++this.#links
    this.#last = { ...this.#last, link: { link: this.#waiting } }
    return [this.#last, { type: 'timer', id: TIMER, ms: this.#settings.answerMs }]
  }

  #begin(sessionId: string, alert: 1200 | 1201, alerts: readonly Alert[]): ClientSession {
    const { account, deviceId, serverUri, wire, performer, env } = this.#options
    const { maxMsgSize, maxObjSize, requireServerAuth } = this.#settings
    const habits: Habits = { ...HABITS, ...this.#settings.habits }
    const issueNonce =
      this.#options.issueNonce ?? ((): Uint8Array => (habits.nonce === 'long' ? makeNonce((count) => env.random(count)) : fiveDigits(env)))
    const { userName: user, password, auth: type, types } = account
    return new ClientSession({
      own: deviceId,
      peer: serverUri,
      sessionId,
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
      verifier: new Verifier({
        required: requireServerAuth,
        nonce: this.#nonces.server,
        makeNonce: issueNonce,
        accepts: habits.accepts,
        keeps: !requireServerAuth,
      }),
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
      alert,
      alerts,
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
    const came = this.#talk.hear(input.frame.bytes)
    if (came === 'stuck') return this.#run((session) => session.lost('the server sends the same message again and again'), this.#session)
    if (came === 'again') return [note('the same message came again: it is not performed twice, our last one is sent again'), ...this.#again()]
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
      return [note(`${reason}; the same message is sent again`, 'state'), ...this.#again()]
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
    const moved = performer.takeMoved?.() === true
    if (moved) this.#saves.push({ kind: 'performer' })
    const talk = this.#talk.keep(session, moved, sent?.frame)
    if (talk !== undefined) this.#saves.push({ kind: 'talk', talk })
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
