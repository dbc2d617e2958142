// The lab between a device and a foreign server: every message is recorded, judged, held where asked, and passed on byte for byte unless somebody changed it.
import type { Direction, Held, Seq, Verdict } from '../api.ts'
import { readings } from '../auth/credentials.ts'
import type { Frame, Headers, Note } from '../machine.ts'
import { Observer } from '../session/observer.ts'
import type { Observed } from '../session/observer.ts'
import { BARE_ROW } from '../store/barerow.ts'
import type { Message } from '../syncml/message.ts'
import type { Passage, Placed } from './recorder.ts'
import { signedAnew } from './relaychange.ts'
import type { Signer } from './relaychange.ts'
import { RELAY_RULES, told, UpstreamError } from './relayports.ts'
import type { RelayAnswer, RelayMessage, RelayParts, RelayReply, RelayRequest, RelayRoute } from './relayports.ts'
import { readMessage } from '../syncml/codec.ts'
import { noteOf, RelayWays } from './relayways.ts'
import type { Passing } from './relayways.ts'

/** Sessions watched at the same time; beyond, the oldest is watched no more. */
const WATCHED = 2000

/** Relays for any number of proxies. */
export class Relay {
  readonly #parts: RelayParts
  readonly #observers = new Map<number, Observer>()
  /** Nonces seen, newest first: those for the device's credentials and those for the server's. */
  readonly #nonces = new Map<string, { readonly up: Uint8Array[]; readonly down: Uint8Array[] }>()
  readonly #ways = new RelayWays()

  constructor(parts: RelayParts) {
    this.#parts = parts
  }

  /** One exchange from request to answer. `gone` resolves with why when the device leaves. Never rejects. */
  async exchange(route: RelayRoute, request: RelayRequest, gone: Promise<string>): Promise<RelayReply> {
    const { recorder, changed } = this.#parts
    const cards = new Set<number>()
    let left: string | null = null
    void gone.then((why) => {
      left = why
      this.#abandon(cards)
    })
    const up = await this.#pass(route, 'up', request, null, cards, gone)
    if (up === 'dropped') return this.#refuse(null, 503, 'dropped by the lab')
    if (up === 'gone') return null
    let answer: RelayAnswer
    try {
      answer = await this.#parts.passOn(route, this.#ways.target(route, request.path), { ...request, bytes: up.bytes, headers: up.headers }, gone)
    } catch (error) {
      if (left !== null) {
        recorder.event(this.#parts.clock.now(), this.#parts.clock.mono(), `peer left: ${String(left)}`, up.placed.session, up.placed.seq)
        return null
      }
      const { status, message } = error instanceof UpstreamError ? error : new UpstreamError(502, String(error))
      this.#failed(route, request, message)
      return this.#refuse(up.placed, status, message)
    }
    const down = await this.#pass(route, 'down', answer, up.placed, cards, gone)
    changed()
    if (down === 'dropped') return this.#refuse(up.placed, 503, 'dropped by the lab')
    if (down === 'gone') return null
    return {
      status: answer.status,
      statusText: answer.statusText,
      headers: this.#ways.located(route, down, (note) => recorder.remark(down.placed.seq, down.placed.session, [note])),
      bytes: down.bytes,
    }
  }

  /** Records one message, lets it be judged and held, and gives what goes on. */
  async #pass(
    route: RelayRoute,
    direction: Direction,
    came: RelayMessage & { readonly status?: number },
    cause: Placed | null,
    cards: Set<number>,
    gone: Promise<string>,
  ): Promise<Passing | 'dropped' | 'gone'> {
    const { recorder, stepper } = this.#parts
    if (came.encoding === null) return this.#other(direction, came, cause)
    const frame: Frame = { bytes: came.bytes, encoding: came.encoding, contentType: came.contentType, headers: came.headers, uri: '' }
    const passage: Passage = {
      direction,
      hop: 'S-D',
      frame,
      at: came.at,
      mono: came.mono,
      startLine: came.startLine,
      headers: came.headers,
      local: came.local,
      remote: came.remote,
      cause: cause?.seq ?? null,
      answers: cause?.row.package ?? '',
      httpStatus: came.status ?? 0,
      hold: 'no',
    }
    const draft = recorder.read(passage)
    const { session } = draft.row
    const message = draft.decoded?.message ?? null
    const notes: Note[] = []
    const observed = message === null ? null : this.#judge(route, session, direction, message, came.bytes, notes)
    const why = stepper.why(session)
    const placed = recorder.write(draft, notes, why === null ? 'no' : 'held')
    if (observed?.end != null) recorder.move(session, observed.end.state, observed.end.reason)
    else if (observed !== null && recorder.sessions.get(session)?.state !== 'open' && direction === 'up') recorder.move(session, 'open', '')
    this.#parts.changed()
    if (why === null) return this.#change(route, direction, { placed, message, bytes: came.bytes, headers: came.headers }, came.bytes, false)
    const verdict = await this.#hold(placed, frame, why, cards, gone)
    if (verdict === 'gone') return 'gone'
    if (verdict.act === 'drop') {
      recorder.hold(placed.seq, 'dropped')
      return 'dropped'
    }
    const bytes = verdict.act === 'edit' ? verdict.bytes : came.bytes
    return this.#change(route, direction, { placed, message, bytes: came.bytes, headers: came.headers }, bytes, true)
  }

  /** Applies what was decided and what the proxy is set to change, and says so at the row. */
  #change(route: RelayRoute, direction: Direction, passing: Passing, decided: Uint8Array, held: boolean): Passing {
    const { recorder, clock } = this.#parts
    const { placed, bytes: before, message } = passing
    const notes: Note[] = []
    const bytes = direction === 'down' && message !== null ? this.#ways.rewritten(route, decided, placed, notes) : decided
    const times = { at: clock.now(), mono: clock.mono() }
    if (bytes === before) {
      recorder.remark(placed.seq, placed.session, notes)
      if (held) recorder.hold(placed.seq, 'released', times)
      return passing
    }
    let { headers } = passing
    if (message !== null) {
      const signed = route.resign ? signedAnew(headers, before, bytes, (user) => this.#signers(direction, placed.row.device, user)) : 'unknown'
      const mac = headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')
      if (typeof signed !== 'string') {
        headers = signed
        notes.push(noteOf(placed, told('proxy.signed')))
      } else if (mac) notes.push(noteOf(placed, told('proxy.mac')))
      const now = readMessage(bytes, placed.row.encoding)
      if (now !== null) this.#observers.get(placed.session)?.passedOn(direction, message, now)
    }
    recorder.hold(placed.seq, 'edited', { ...times, bytes })
    recorder.remark(placed.seq, placed.session, notes)
    return { placed, message, bytes, headers }
  }

  #judge(route: RelayRoute, session: number, direction: Direction, message: Message, bytes: Uint8Array, notes: Note[]): Observed {
    const { header } = message
    const device = direction === 'up' ? header.source.locUri : header.target.locUri
    const about = { device, sessionId: header.sessionId }
    let observer = this.#observers.get(session)
    if (observer === undefined) {
      observer = new Observer()
      this.#observers.set(session, observer)
      const oldest = this.#observers.size > WATCHED ? this.#observers.keys().next().value : undefined
      if (oldest !== undefined) this.#observers.delete(oldest)
      notes.push({ topic: 'state', text: `relayed to ${route.upstream} by proxy ${route.id}`, ...about, detail: { proxy: route.id } })
      if (route.unproved) notes.push({ topic: 'problem', text: RELAY_RULES['proxy.unproved'].text, ...about, finding: told('proxy.unproved') })
    }
    const observed = observer.hear(direction, message, bytes)
    for (const finding of observed.findings) notes.push({ topic: 'problem', text: finding.text, ...about, finding })
    if (observed.nonce !== null) {
      const known = this.#nonces.get(device) ?? { up: [], down: [] }
      this.#nonces.set(device, known)
      const list = direction === 'down' ? known.up : known.down
      list.unshift(...readings(observed.nonce))
      list.splice(8)
    }
    return observed
  }

  #signers(direction: Direction, device: string, user: string): Signer[] {
    const { ledger } = this.#parts
    const account = ledger.account(device, direction === 'up' ? user : undefined)
    if (account === undefined || account.locked !== undefined) return []
    const kept = ledger.nonces(device, account.serverId)
    const seen = this.#nonces.get(device)?.[direction] ?? []
    if (direction === 'up') return [{ password: account.password, nonces: [...seen, ...(kept?.client == null ? [] : [kept.client])] }]
    const server =
      kept?.server == null ? [] : readings({ text: kept.server.text, ...(kept.server.octets === null ? {} : { octets: kept.server.octets }) })
    return [{ password: account.serverPassword, nonces: [...seen, ...server] }]
  }

  // -- holding

  #hold(placed: Placed, frame: Frame, why: string, cards: Set<number>, gone: Promise<string>): Promise<Verdict | 'gone'> {
    const { stepper, ledger, clock, heldMoved } = this.#parts
    const { row, seq, session } = placed
    const id = stepper.nextId()
    const { direction, hop, device, sessionId, commands } = row
    const held: Held = { id, seq, at: clock.now(), direction, hop, device, sessionId, commands, encoding: frame.encoding, why, peerWaits: true }
    cards.add(id)
    ledger.hold({ held, session, bytes: frame.bytes })
    return new Promise((resolve) => {
      stepper.hold(held, session, (verdict) => {
        cards.delete(id)
        resolve(verdict)
      })
      heldMoved()
      void gone.then(() => resolve('gone'))
    })
  }

  /** The device left: what it waited for stays as a draft. */
  #abandon(cards: ReadonlySet<number>): void {
    const { stepper, recorder, heldMoved, changed } = this.#parts
    const abandoned = stepper.abandon((held) => cards.has(held.id))
    for (const { seq } of abandoned) recorder.hold(seq, 'peer gone')
    if (abandoned.length > 0) heldMoved()
    changed()
  }

  // -- rows that are no messages

  #other(direction: Direction, came: RelayMessage & { readonly status?: number }, cause: Placed | null): Passing {
    const { recorder } = this.#parts
    const httpStatus = came.status ?? 0
    const bad = direction === 'down' && httpStatus >= 400
    const row: Placed['row'] = {
      ...BARE_ROW,
      seq: 0,
      at: came.at,
      mono: came.mono,
      direction,
      session: 0,
      size: came.bytes.length,
      httpStatus,
      severity: bad ? 'warn' : '',
      text: direction === 'up' ? `${came.startLine} passed on` : `${came.startLine}${came.contentType === '' ? '' : `, ${came.contentType}`}`,
    }
    const { bytes, startLine, headers, local, remote } = came
    const seq = recorder.import(
      { row, bytes, startLine, headers, local, remote, cause: cause?.seq ?? null, origin: this.#parts.origin, findings: [], notes: [] },
      null,
    )
    this.#parts.changed()
    return { placed: { seq, session: 0, row: { ...row, seq } }, message: null, bytes, headers }
  }

  #failed(route: RelayRoute, request: RelayRequest, text: string): void {
    const { recorder, clock } = this.#parts
    const reason = `proxy ${route.id}: ${text}`
    const { local, remote } = request
    recorder.refused({
      kind: 'connection',
      at: clock.now(),
      mono: clock.mono(),
      httpStatus: 0,
      reason,
      startLine: '',
      headers: [],
      local,
      remote,
      bytes: new Uint8Array(),
      truncated: false,
    })
  }

  /** Our own answer, where the foreign server's does not come or may not leave. */
  #refuse(cause: Placed | null, status: number, text: string): RelayReply {
    const { recorder, clock, changed } = this.#parts
    const headers: Headers = [['Content-Type', 'text/plain; charset=utf-8']]
    const statusText = { 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' }[status] ?? ''
    const what = { at: clock.now(), mono: clock.mono(), startLine: `HTTP/1.1 ${status} ${statusText}`, headers }
    const seq: Seq = cause?.seq ?? 0
    if (seq > 0) recorder.answerError(what, status, text, seq, cause?.session ?? 0)
    changed()
    return { status, statusText, headers, bytes: new TextEncoder().encode(`${text}\n`) }
  }
}
