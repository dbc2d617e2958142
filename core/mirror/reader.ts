// Reads one device's recorded messages in order and says what each proves about its tree. A command counts only with its Status; Atomic is all or nothing.
import type { Seq } from '../api.ts'
import type { Command, Message, Request, Results, Status } from '../syncml/message.ts'
import type { Source, TreeEvent } from './event.ts'
import { copiedFrom, factsOfItem, factsOfResults, factsTold, refusedFact } from './facts.ts'
import { Joiner } from './joiner.ts'

/** One message as the trace has it. */
export interface Recorded {
  readonly seq: Seq
  readonly at: number
  readonly session: number
  readonly direction: 'up' | 'down'
  readonly message: Message
}

/** A command that was sent, until it is answered. */
interface Sent {
  readonly command: Request
  readonly seq: Seq
  readonly by: string
  /** The Atomic it stands in; null outside. */
  readonly atomic: Sent | null
  /** Status of the command itself; 0 while none came. */
  code: number
  /** Children of an Atomic that succeeded and wait for the Atomic's own Status. */
  readonly waiting: { readonly status: Status; readonly sent: Sent }[]
}

interface Place {
  readonly seq: Seq
  readonly at: number
  readonly session: number
  readonly msgId: string
}

/** Sessions whose commands are remembered; an older one gets no Status any more. */
const SESSIONS = 8

/** One reader for one device. */
export class Reader {
  readonly #sessions = new Map<number, Session>()

  /** What this message proves. Messages come in the order of their rows. */
  read(recorded: Recorded): TreeEvent[] {
    let session = this.#sessions.get(recorded.session)
    if (session === undefined) {
      session = new Session()
      this.#sessions.set(recorded.session, session)
      for (const key of this.#sessions.keys()) if (this.#sessions.size > SESSIONS) this.#sessions.delete(key)
    }
    return recorded.direction === 'down' ? session.down(recorded) : session.up(recorded)
  }
}

class Session {
  /** By `MsgID/CmdID` of the server's messages. */
  readonly #sent = new Map<string, Sent>()
  /** What the device told, by `MsgID/CmdID`, until the server takes it. */
  readonly #told = new Map<string, { readonly command: Request; readonly seq: Seq }>()
  readonly #heard = new Set<string>()
  readonly #joinDown = new Joiner()
  readonly #joinUp = new Joiner()

  down({ seq, at, session, message }: Recorded): TreeEvent[] {
    const { header } = message
    const by = header.source.locName ?? header.source.locUri
    const events: TreeEvent[] = []
    const keep = (commands: readonly Command[], atomic: Sent | null): void => {
      for (const raw of commands) {
        if (raw.kind === 'Status') {
          events.push(...this.#taken(raw, { seq, at, session, msgId: header.msgId }))
          continue
        }
        if (raw.kind === 'Results') continue
        const command = this.#joinDown.join(raw)
        if (command === null) continue
        const sent: Sent = { command, seq, by, atomic, code: 0, waiting: [] }
        this.#sent.set(`${header.msgId}/${raw.cmdId}`, sent)
        if ('commands' in command) keep(command.commands, command.kind === 'Atomic' ? sent : atomic)
      }
    }
    keep(message.commands, null)
    return events
  }

  up({ seq, at, session, message }: Recorded): TreeEvent[] {
    const { msgId } = message.header
    // A resend says nothing new; and a device that begins again with MsgID 1 does so in another session.
    if (this.#heard.has(msgId)) return []
    this.#heard.add(msgId)
    const place: Place = { seq, at, session, msgId }
    const events: TreeEvent[] = []
    for (const raw of message.commands) {
      if (raw.kind === 'Status') events.push(...this.#status(raw, place))
      else if (raw.kind === 'Results') events.push(...this.#results(raw, place))
      else if (raw.kind === 'Replace' || raw.kind === 'Alert') {
        const command = this.#joinUp.join(raw)
        if (command !== null) this.#told.set(`${msgId}/${raw.cmdId}`, { command, seq })
      }
    }
    return events
  }

  /** The server's Status for what the device told: only what it took counts. */
  #taken(status: Status, place: Place): TreeEvent[] {
    const key = `${status.msgRef}/${status.cmdRef}`
    const told = this.#told.get(key)
    if (told === undefined) return []
    this.#told.delete(key)
    if (!good(status.code)) return []
    const source: Source = { ...place, commandSeq: told.seq, command: told.command.kind, cmdId: told.command.cmdId, by: 'device', code: status.code }
    return factsTold(told.command).map((fact) => ({ ...fact, ...source }))
  }

  #status(status: Status, place: Place): TreeEvent[] {
    const sent = this.#sent.get(`${status.msgRef}/${status.cmdRef}`)
    if (sent === undefined || status.code === 213 || Number.isNaN(status.code)) return []
    if (sent.command.kind === 'Atomic') {
      sent.code = status.code
      // It is this row that proves them.
      return sent.waiting.splice(0).flatMap((each) => this.#settle(each.status, each.sent, place))
    }
    const { atomic } = sent
    if (atomic !== null && atomic.code === 0 && good(status.code)) {
      atomic.waiting.push({ status, sent })
      return []
    }
    return this.#settle(status, sent, place)
  }

  #settle(status: Status, sent: Sent, place: Place): TreeEvent[] {
    const { command, atomic } = sent
    const source: Source = { ...place, commandSeq: sent.seq, command: command.kind, cmdId: command.cmdId, by: sent.by, code: status.code }
    if (!('items' in command) || command.kind === 'Alert') return []
    const rolledBack = atomic !== null && !good(atomic.code) && atomic.code !== 0
    const refs = status.targetRefs
    const items = command.items.filter((item) => refs.length === 0 || refs.includes(item.target?.locUri ?? ''))
    return items.flatMap((item) => {
      // 200 inside an Atomic that failed as a whole: undone, whatever the child's Status says.
      const facts =
        good(status.code) && !rolledBack ? factsOfItem(command, item, status.code) : refusedFact(item, status.code, copiedFrom(command, item))
      return facts.map((fact): TreeEvent => ({ ...fact, ...source }))
    })
  }

  #results(raw: Results, place: Place): TreeEvent[] {
    const results = this.#joinUp.join(raw)
    if (results === null) return []
    const sent = this.#sent.get(`${results.msgRef}/${results.cmdRef}`)
    if (sent === undefined || sent.command.kind !== 'Get') return []
    const source: Source = { ...place, commandSeq: sent.seq, command: 'Get', cmdId: sent.command.cmdId, by: sent.by, code: 200 }
    return factsOfResults(results, sent.command).map((fact) => ({ ...fact, ...source }))
  }
}

function good(code: number): boolean {
  return code >= 200 && code < 300 && code !== 215 && code !== 216
}
