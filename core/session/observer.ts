// Judges a session between two others from its messages alone: the laws of both sides as a passive observer. It says nothing and changes nothing.
import { authName } from '../auth/credentials.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Command, Message, NonceText, Status } from '../syncml/message.ts'
import { Awaiting } from './awaiting.ts'
import { checkBody, checkHeader, checkSetup, msgNumber } from './inbox.ts'
import type { SentCommand } from './entry.ts'
import { isRequest } from './replies.ts'
import { finding } from './rules.ts'
import { CLAUSES, nextState } from './states.ts'
import type { Event, State } from './states.ts'

/** What became of the session by this message. */
export interface Observed {
  readonly findings: readonly Finding[]
  /** null while it goes on. */
  readonly end: { readonly state: 'completed' | 'failed' | 'aborted'; readonly reason: string } | null
  /** A nonce this message issued for the other side's next credential; null where none. */
  readonly nonce: NonceText | null
}

/** One side as the other one hears it. */
interface Side {
  /** Commands of this side that the other one owes a Status. */
  readonly awaiting: Awaiting
  lastMsgId: number
  source: string
  /** MaxMsgSize this side announced: the other one may send no more. */
  maxMsgSize: number | undefined
  last: Uint8Array | null
  nonce: string
}

const side = (): Side => ({ awaiting: new Awaiting(), lastMsgId: 0, source: '', maxMsgSize: undefined, last: null, nonce: '' })

/** One session. `up` is the client's message, `down` the server's. */
export class Observer {
  readonly #client = side()
  readonly #server = side()
  #sessionId = ''
  #state: State = 'idle'

  /** Takes a message in as it came; `passedOn` says what really went on where that differs. Once a message, in order. */
  hear(direction: 'up' | 'down', message: Message, bytes: Uint8Array): Observed {
    const up = direction === 'up'
    const speaker = up ? this.#client : this.#server
    const other = up ? this.#server : this.#client
    if (speaker.last !== null && equal(speaker.last, bytes) && msgNumber(message.header.msgId) === speaker.lastMsgId)
      return { findings: [finding('hdr.resend', message.header)], end: null, nonce: null }
    const first = this.#state === 'idle'
    const findings = [
      ...checkHeader(message, {
        role: up ? 'server' : 'client',
        sessionId: this.#sessionId,
        lastMsgId: speaker.lastMsgId,
        source: speaker.source,
        maxMsgSize: other.maxMsgSize,
        size: bytes.length,
      }),
      ...checkBody(message, up ? 'server' : 'client'),
      ...(up && first ? checkSetup(message) : []),
    ]
    this.#learn(speaker, message, bytes)
    const event = up ? heardKind(message) : this.#saidKind(message)
    pair(message, other, event, findings)
    const nonce = this.#nonce(message, speaker, findings)
    this.#move(event, message, findings)
    this.#sent(message, speaker)
    return { findings, end: endOf(event, this.#state, message), nonce }
  }

  /** A message was changed before it went on: the other side answers what it got. */
  passedOn(direction: 'up' | 'down', before: Message, message: Message): void {
    const speaker = direction === 'up' ? this.#client : this.#server
    speaker.awaiting.edited(before.header.msgId, message)
    this.#sent(message, speaker)
  }

  #learn(speaker: Side, { header }: Message, bytes: Uint8Array): void {
    this.#sessionId = header.sessionId
    speaker.lastMsgId = Math.max(speaker.lastMsgId, msgNumber(header.msgId))
    speaker.source = header.source.locUri
    speaker.last = bytes
    if (header.meta?.maxMsgSize !== undefined && header.meta.maxMsgSize > 0) speaker.maxMsgSize = header.meta.maxMsgSize
  }

  #nonce(message: Message, speaker: Side, findings: Finding[]): NonceText | null {
    const status = headerStatus(message)
    const type = authName(status?.chal?.meta.type)
    if (status?.code === 212 && type === 'syncml:auth-MAC') findings.push(finding('auth.mac.212', status))
    const nonce = status?.chal?.meta.nextNonce
    if (status === null || nonce === undefined) return null
    if (nonce.text === speaker.nonce) findings.push(finding('auth.nonce.reused', status.chal))
    speaker.nonce = nonce.text
    return nonce
  }

  /** The table of the server's side holds for what it hears and says; where a move is none of it, that is told and the session goes on as it goes. */
  #move(event: Event, message: Message, findings: Finding[]): void {
    const next = nextState('server', this.#state, event)
    if (next !== null) {
      this.#state = next
      return
    }
    if (!(event === 'put.close' && this.#state === 'theirs'))
      findings.push({ ...finding('state.order', message.header, `server in state ${this.#state}, ${event}`), clause: CLAUSES[event] })
    this.#state = event.startsWith('get')
      ? event === 'get.part'
        ? 'asked'
        : event === 'get.abort'
          ? 'after'
          : 'mine'
      : event === 'put.part'
        ? 'partly'
        : 'theirs'
  }

  /** What a message of the server is, from what stands in it. */
  #saidKind(message: Message): Event {
    if (isAbort(message)) return 'put.abort'
    const status = headerStatus(message)
    if (this.#state !== 'after' && status !== null && (status.code === 401 || status.code === 407))
      return status.chal === undefined ? 'put.refusal' : 'put.challenge'
    if (!message.final) return 'put.part'
    const asks = message.commands.some((command) => isRequest(command))
    return asks ? 'put.final' : 'put.close'
  }

  #sent(message: Message, speaker: Side): void {
    const sent: SentCommand[] = []
    flat(message.commands, [], (command, path) => {
      if (isRequest(command) && !(command.kind === 'Alert' && (command.code === 1222 || command.code === 1223 || command.code === 1225)))
        sent.push({ tag: 0, cmdId: command.cmdId, command, path, part: 'whole' })
    })
    speaker.awaiting.left(message, sent)
  }
}

/** Pairs what answers the other side, and tells what stayed without an answer when a package is complete. */
function pair(message: Message, other: Side, event: Event, findings: Finding[]): void {
  const header = headerStatus(message)
  other.awaiting.pair(message, findings)
  for (const command of message.commands) if (command.kind === 'Results') other.awaiting.results(command, findings)
  const refused = header !== null && (header.code === 401 || header.code === 407)
  if (refused) return other.awaiting.settle()
  if (!message.final || event === 'get.part' || event === 'get.abort' || event === 'put.abort') return
  for (const sent of other.awaiting.open()) findings.push(finding('status.missing', message.header, `${nameOf(sent.command)}, CmdID ${sent.cmdId}`))
  other.awaiting.settle()
}

const nameOf = (command: Command): string => (command.kind === 'Other' ? command.name : command.kind)

const isAbort = (message: Message): boolean => message.commands.some((command) => command.kind === 'Alert' && command.code === 1223)

function heardKind(message: Message): Event {
  if (isAbort(message)) return 'get.abort'
  const chunk = message.commands.some((command) => command.kind === 'Results' && command.items.at(-1)?.moreData === true)
  return message.final && !chunk ? 'get.final' : 'get.part'
}

function headerStatus(message: Message): Status | null {
  const found = message.commands.find((command) => command.kind === 'Status' && (command.cmdRef === '0' || command.cmd === 'SyncHdr'))
  return found?.kind === 'Status' ? found : null
}

function endOf(event: Event, state: State, message: Message): Observed['end'] {
  if (event === 'put.refusal') return { state: 'failed', reason: `the server refused the credentials (${String(headerStatus(message)?.code ?? 0)})` }
  if (event === 'put.abort') return { state: 'aborted', reason: 'the server ended the session (alert 1223)' }
  if (event === 'get.abort') return { state: 'aborted', reason: 'the device ended the session (alert 1223)' }
  return event === 'put.close' && state === 'over' ? { state: 'completed', reason: '' } : null
}

/** Every command with the indices down to it; none for those of the message itself. */
function flat(commands: readonly Command[], path: readonly number[], visit: (command: Command, path: readonly number[]) => void): void {
  for (const command of commands) {
    visit(command, path)
    if ('commands' in command) command.commands.forEach((child, i) => flat([child], [...path, i], visit))
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i])
}
