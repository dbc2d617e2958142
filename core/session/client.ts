// The client's half of one session (PRO packages; dm-protocol 4 and 6): sends Package #1, performs what the server asks, ends when nothing is left to say.
import type { Verdict } from '../auth/verifier.ts'
import { keptNonce, nonceOf } from '../auth/kept.ts'
import type { Effect, Link } from '../machine.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Item, Message, NonceText, Request } from '../syncml/message.ts'
import type { ClientSessionOptions, Due, End, KeptSession } from './clientterms.ts'
import { Exchange } from './exchange.ts'
import { OwedAlerts } from './owed.ts'
import type { PutOptions, Received } from './exchangeterms.ts'
import { leadsTo, misaddressed } from './addressed.ts'
import { headerStatus, isRequest, refusals } from './replies.ts'
import { finding } from './rules.ts'
import type { Event } from './states.ts'
import { Work } from './work.ts'
import type { Steps } from './work.ts'

/** The client's half of one session. */
export class ClientSession {
  readonly #x: Exchange
  readonly #options: ClientSessionOptions
  #link: Link = { link: 0 }
  #uri: string
  #end: End | null = null
  /** The server was asked for its credentials in this session. */
  #challenged = false
  #refused: 'refused' | 'server refused' | null = null
  /** A nonce of a server that has not proved itself yet: used, kept only later (SEC). */
  #provisional: NonceText | null = null
  /** A nonce for the server that has not left yet: kept once the message that carries it does. */
  #issued: Uint8Array | null = null
  readonly #work: Work
  /** The question a person is asked, and the steps that wait for the answer. */
  #asking: { readonly id: string; readonly message: Message; readonly steps: Steps; readonly due: Due; readonly collects: boolean } | null = null
  #asked = 0
  readonly #owed: OwedAlerts
  #tags = 0

  constructor(options: ClientSessionOptions) {
    this.#options = options
    this.#x = new Exchange({ ...options, role: 'client' })
    this.#uri = options.peer
    this.#owed = new OwedAlerts(options.reports)
    this.#work = new Work(this.#x, options.performer, options.by)
  }

  get over(): boolean {
    return this.#x.state === 'over'
  }

  /** True where an owed alert left in this session. */
  get reported(): boolean {
    return this.#owed.any
  }

  /** Null where the session cannot go on after a restart: it is over or about to end, or something is half said, half heard, asked or worked on. */
  kept(): KeptSession | null {
    const x = this.#x
    const exchange = this.#end !== null || this.#asking !== null || this.#issued !== null ? null : x.kept()
    if (exchange === null || (x.state !== 'theirs' && x.state !== 'partly')) return null
    const { sessionId } = x
    const own = { uri: this.#uri, challenged: this.#challenged, refused: this.#refused, provisional: keptNonce(this.#provisional) }
    return { sessionId, exchange, ...own, reports: this.#owed.kept(), tags: this.#tags }
  }

  /** Goes on where `kept` stood; `reports` are owed under the same ids again. */
  restore({ exchange, uri, challenged, refused, provisional, reports, tags }: KeptSession): Effect {
    this.#x.restore(exchange)
    this.#uri = uri
    this.#challenged = challenged
    this.#refused = refused
    this.#provisional = nonceOf(provisional)
    this.#tags = tags
    for (const [tag, id] of reports) this.#owed.leaves(id, tag)
    const x = this.#x
    return x.note('session', `session ${x.sessionId} with ${x.options.peer} goes on after a restart, its last message is sent again`, {
      state: 'open',
    })
  }

  /** Package #1 (PRO): Alert 1200 or 1201, Replace of ./DevInfo, further alerts, Final. */
  start(link: Link): Effect[] {
    const x = this.#x
    if (!x.move('start')) return x.illegal('start')
    const text = `session ${x.sessionId} with ${x.options.peer} begins`
    const effects = [x.note('session', text, { state: 'open', server: x.options.peer })]
    this.#setup()
    this.#link = link
    this.#put(effects, 'put.final', { commands: true, final: true, ask: false })
    return effects
  }

  /** The server's answer to our last message. `link` is where our next one goes. */
  receive(received: Received, link: Link): Effect[] {
    const { message } = received
    const x = this.#x
    const event = this.#kind(message)
    const before = x.state
    if (!x.move(event)) return x.illegal(event, message)
    this.#link = link
    const early = before === 'partly' && event === 'get.final' ? [finding('pkg.final.early', message.header)] : []
    const effects = x.hear(received, early)
    if (x.state === 'over') {
      this.#finish(effects, this.#end ?? { state: 'aborted', reason: 'the server aborted the session (Alert 1223)' })
      return effects
    }
    this.#followRespUri(message, effects)
    const findings: Finding[] = []
    const { sessionId, own } = x.options
    const wrong = misaddressed(message, { sessionId, own, strict: this.#options.requireServerAuth }, findings)
    effects.push(...findings.map((one) => x.problem(one)))
    if (wrong !== null) {
      this.#refuse(received, effects, wrong.code, { end: { state: 'failed', reason: wrong.reason }, items: wrong.items })
      return effects
    }
    this.#process(received, effects)
    return effects
  }

  /** No answer came. */
  lost(reason: string, state: 'failed' | 'timed out' = 'failed'): Effect[] {
    const x = this.#x
    if (!x.move('lost')) return x.illegal('lost')
    const effects: Effect[] = []
    this.#finish(effects, this.#end ?? { state, reason })
    return effects
  }

  /** A person's answer to the `ask` of that id; null: nobody can be asked. Null is returned where no such question is open. */
  answer(id: string, value: unknown): Effect[] | null {
    const asking = this.#asking
    if (asking?.id !== id) return null
    const effects: Effect[] = []
    // What came to be owed while a command waited for just that is said in the same message.
    this.#go(asking.collects ? { ...asking, due: this.#owed.due() } : asking, effects, value)
    return effects
  }

  #kind(message: Message): Event {
    if (message.commands.some((command) => command.kind === 'Alert' && command.code === 1223)) return 'get.abort'
    const refused = message.commands.some(
      (command) => command.kind === 'Status' && command.cmdRef === '0' && (command.code === 401 || command.code === 407),
    )
    if (refused) return 'get.final'
    const last = message.commands.findLast(isRequest)
    const chunk = last !== undefined && 'items' in last && last.items.at(-1)?.moreData === true
    return !chunk && (message.final || this.#x.endsUnsaid(message)) ? 'get.final' : 'get.part'
  }

  #setup(): void {
    const { performer, alert, alerts } = this.#options
    const commands: Request[] = [
      { kind: 'Alert', cmdId: '', code: alert, items: [] },
      { kind: 'Replace', cmdId: '', items: performer.devInfo() },
      ...alerts,
    ]
    for (const command of commands) this.#x.outbox.push({ kind: 'command', command, tag: this.#tags++ })
    this.#report(this.#owed.due())
  }

  #report(due: Due): void {
    for (const { id, alert } of due) {
      this.#owed.leaves(id, this.#tags)
      this.#x.outbox.push({ kind: 'command', command: alert, tag: this.#tags++ })
    }
  }

  /** REP RespURI: the next request goes there. */
  #followRespUri({ header }: Message, effects: Effect[]): void {
    if (header.respUri === undefined || header.respUri === '') return
    const uri = leadsTo(header.respUri, this.#uri)
    if (uri !== header.respUri) effects.push(this.#x.problem(finding(uri === null ? 'hdr.respuri' : 'hdr.respuri.relative', header, header.respUri)))
    if (uri !== null) this.#uri = this.#x.peer = uri
  }

  #process(received: Received, effects: Effect[]): void {
    const { message } = received
    const x = this.#x
    const findings: Finding[] = []
    const pairs = x.awaiting.pair(message, findings)
    const header = pairs.find(({ paired, status }) => paired.what === 'header' && (status.msgRef === x.lastSent || status.msgRef === ''))?.status
    const heard = header === undefined ? null : x.heard(header)
    const notes = heard?.effects ?? []
    const next = heard?.heard.next ?? 'go on'
    const verdict = this.#verify(received, notes)
    this.#owed.answered(pairs)
    effects.push(...findings.map((one) => x.problem(one)), ...notes)
    if (heard?.heard.next === 'give up') {
      this.#refused = 'refused'
      return this.#quit(effects, { state: 'failed', reason: `the server refuses this device: ${heard.heard.reason}` })
    }
    if (header !== undefined && next === 'go on' && header.code >= 400) {
      return this.#quit(effects, { state: 'failed', reason: `the server answered ${String(header.code)} for the SyncHdr` })
    }
    if (verdict.code >= 400 && (next !== 'again' || verdict.over)) return this.#challenge(received, effects, verdict)
    if (header !== undefined && next === 'go on') x.established = true
    this.#keepNonces(verdict)
    this.#challenged ||= verdict.code >= 400
    const refs = !x.tight && (message.header.cred !== undefined || verdict.chal !== undefined || verdict.code >= 400)
    x.outbox.front(headerStatus(message, verdict.code, { refs, chal: verdict.chal }))
    if (next === 'again') {
      x.outbox.clear()
      x.awaiting.settle()
      for (const status of refusals(message, verdict.code >= 400 ? verdict.code : 215)) x.outbox.answer({ kind: 'status', status })
      this.#again()
    } else {
      const results = x.outbox.transit?.kind === 'results'
      if (results && pairs.some(({ paired, status }) => paired.what === 'results' && status.code >= 300)) x.outbox.dropTransit()
      // What this very message makes the device owe is said in a later one.
      return this.#go({ message, steps: this.#work.perform(message), due: this.#owed.due() }, effects)
    }
    this.#speak(message, effects, [])
  }

  /** Package #1 once more; owed alerts that left with the first go along again. */
  #again(): void {
    this.#owed.again()
    this.#setup()
  }

  /** Goes on as far as it goes without a person, then says what there is to say. */
  #go(work: { readonly message: Message; readonly steps: Steps; readonly due: Due }, effects: Effect[], value?: unknown): void {
    const step = work.steps.next(value)
    effects.push(...this.#work.takeEffects())
    this.#asking = null
    if (step.done === true) return this.#speak(work.message, effects, work.due)
    const id = `interaction ${String(++this.#asked)}`
    const collects = (step.value as { readonly collects?: boolean } | null)?.collects === true
    this.#asking = { ...work, id, collects }
    effects.push({ type: 'ask', id, topic: 'interaction', question: step.value })
  }

  #verify({ message, frame }: Received, notes: Effect[]): Verdict {
    const { verifier } = this.#x
    const { server } = this.#options
    if (server === null) return { code: 200, over: false, cause: 'no credentials asked', shown: null }
    const { cred, source } = message.header
    const was = verifier.authenticated
    const verdict = verifier.check({ cred, headers: frame.headers, body: frame.bytes, locName: source.locName }, server)
    this.#x.judged(verdict, was, message, notes)
    return verdict
  }

  /** The server is not who it should be: Status only, with a challenge; after the second failure the end (SEC, dm-protocol 8.2). */
  #challenge(received: Received, effects: Effect[], verdict: Verdict): void {
    const { message } = received
    this.#refused = 'server refused'
    if (!message.commands.some(isRequest)) {
      if (this.#challenged) return this.#quit(effects, { state: 'failed', reason: 'the server does not answer the challenge' })
      effects.push(this.#x.problem(finding('auth.challenge.needless', message.header)))
      return this.#quit(effects, { state: 'completed', reason: '' })
    }
    this.#challenged = true
    const end: End | null = verdict.over ? { state: 'failed', reason: `the server is refused: ${verdict.cause}` } : null
    this.#refuse(received, effects, verdict.code, { end, items: [], chal: verdict.chal })
  }

  #refuse(
    { message }: Received,
    effects: Effect[],
    code: number,
    how: { readonly end: End | null; readonly items: readonly Item[]; readonly chal?: Verdict['chal'] },
  ): void {
    const { outbox } = this.#x
    outbox.clear()
    outbox.front(headerStatus(message, code, { refs: true, chal: how.chal, items: how.items }))
    for (const status of refusals(message, code)) outbox.answer({ kind: 'status', status })
    this.#end = how.end
    this.#put(effects, how.end === null ? 'put.challenge' : 'put.refusal', { commands: false, final: true, ask: false })
  }

  /** Nonces are kept once the server has proved itself, or where it need not. */
  #keepNonces(verdict: Verdict): void {
    const { prover, verifier } = this.#x
    const { keep, requireServerAuth, server } = this.#options
    if (verdict.issued !== undefined) this.#issued = verdict.issued
    if (verifier.authenticated) this.#refused = null
    this.#provisional = prover.takeSave() ?? this.#provisional
    const trusted = server === null || verifier.authenticated || !requireServerAuth
    if (this.#provisional === null || !trusted) return
    keep({ received: this.#provisional, reading: prover.reading })
    this.#provisional = null
  }

  /** `due`: owed alerts that go along where anything is said at all; alone they make no message (PRO packages). */
  #speak(message: Message, effects: Effect[], due: Due): void {
    const x = this.#x
    const says = x.outbox.answers || x.outbox.commands || message.commands.some((command) => command.kind === 'Alert' && command.code === 1222)
    if (x.state === 'mine' && !says) return this.#quit(effects, { state: 'completed', reason: '' })
    const busy = message.commands.some((command) => isRequest(command) && command.kind !== 'Alert') || x.outbox.commands || x.outbox.answers
    if (x.endless(busy)) {
      effects.push(x.problem(finding('pkg.endless')))
      x.outbox.answer({ kind: 'alert', alert: { kind: 'Alert', cmdId: '', code: 1223, items: [] } })
      this.#end = { state: 'failed', reason: 'the server kept asking for the next message' }
      return this.#put(effects, 'put.abort', { commands: false, final: true, ask: false })
    }
    if (x.state === 'asked') return this.#put(effects, 'put.part', { commands: x.outbox.commands, final: false, ask: true })
    this.#report(due)
    if (this.#options.performer.keepsOpen?.() === true) return this.#put(effects, 'put.part', { commands: true, final: false, ask: false })
    this.#put(effects, 'put.final', { commands: true, final: true, ask: false })
  }

  #put(effects: Effect[], wanted: Event, options: PutOptions): void {
    const x = this.#x
    let put: ReturnType<Exchange['put']>
    try {
      put = x.put(this.#link, this.#uri, options)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      x.state = 'over'
      return this.#finish(effects, { state: 'failed', reason })
    }
    for (const { entry, reason } of put.packed.dropped) effects.push(x.note('problem', `${entry.kind} not sent: ${reason}`))
    const event: Event = wanted === 'put.final' && !put.packed.message.final ? 'put.part' : wanted
    if (!x.move(event)) effects.push(...x.illegal(event))
    else effects.push(put.send)
    if (this.#issued !== null) this.#options.keep({ issued: this.#issued })
    this.#issued = null
  }

  /** Ends without a further message. */
  #quit(effects: Effect[], end: End): void {
    if (this.#x.move('rest')) this.#finish(effects, end)
    else effects.push(...this.#x.illegal('rest'))
  }

  #finish(effects: Effect[], { state, reason }: End): void {
    const x = this.#x
    // Whoever stood still in the middle of a command learns that nobody goes on.
    this.#asking?.steps.return()
    this.#asking = null
    x.objects.abandon()
    const authentication = this.#refused ?? (x.prover.authenticated ? 'ok' : 'none')
    const text = `session ${x.sessionId} with ${x.options.peer} ${state}${reason === '' ? '' : `: ${reason}`}`
    effects.push(x.note('session', text, { state, reason, server: x.options.peer, messages: x.messages, authentication }))
  }
}
