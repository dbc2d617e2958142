// What a client's message brings its server: Status and Results for our commands go to the desk, commands of the client get a Status each.
import type { Finding } from '../syncml/finding.ts'
import type { Message, Request, Results } from '../syncml/message.ts'
import type { Desk } from './desk.ts'
import type { Entry } from './entry.ts'
import type { Exchange } from './exchange.ts'
import { isDevInfo } from './inbox.ts'
import { codeForClient, isRequest, statusFor } from './replies.ts'

/** Alerts that concern the course of the session alone. */
const OF_SESSIONS: ReadonlySet<number> = new Set([1200, 1201, 1222, 1223, 1225])

/** Takes in what a message of the client says, command by command. */
export class Intake {
  readonly #x: Exchange
  readonly #desk: Desk
  /** Commands given by the desk that are not answered yet, by tag. */
  readonly #given: Map<number, Entry>

  constructor(x: Exchange, desk: Desk, given: Map<number, Entry>) {
    this.#x = x
    this.#desk = desk
    this.#given = given
  }

  /** Status and Results for our commands go to the desk; an object the device refused is given up. */
  take(message: Message, pairs: ReturnType<Exchange['awaiting']['pair']>, findings: Finding[]): void {
    const x = this.#x
    for (const { status, paired } of pairs) {
      if (paired.what !== 'command') continue
      const { sent } = paired
      if (sent.part === 'chunk') {
        if (status.code === 213) continue
        if (x.outbox.transit?.kind === 'command' && x.outbox.transit.tag === sent.tag) x.outbox.dropTransit()
      }
      if (sent.path.length === 0) this.#given.delete(sent.tag)
      this.#desk.status(sent, status)
    }
    for (const command of message.commands) if (command.kind === 'Results') this.#results(message, command, findings)
  }

  #results(message: Message, results: Results, findings: Finding[]): void {
    const x = this.#x
    const broken = x.interrupted(results)
    if (broken !== null) findings.push(broken)
    const taken = x.objects.take(results)
    const answer = (code: number): void => x.outbox.answer({ kind: 'status', status: statusFor(message, results, { code }) })
    switch (taken.next) {
      case 'more':
        return answer(213)
      case 'refused':
        findings.push(taken.finding)
        return answer(taken.code)
      case 'whole':
      case 'complete': {
        const sent = x.awaiting.results(results, findings)
        if (sent !== null) this.#desk.results(sent, taken.command)
        return
      }
      default:
        taken satisfies never
    }
  }

  /** A Status for each command of the client; what concerns the device is told to the desk. */
  answer(message: Message, findings: Finding[]): void {
    const x = this.#x
    for (const command of message.commands) {
      if (!isRequest(command)) continue
      const broken = x.interrupted(command)
      if (broken !== null) findings.push(broken)
      const usual = codeForClient(command)
      const code = usual < 300 ? (this.#note(command, message.header.msgId) ?? usual) : usual
      const status = statusFor(message, command, { code })
      if (command.kind === 'Alert' && command.code === 1222) x.outbox.front(status)
      else x.outbox.answer({ kind: 'status', status })
    }
  }

  /** Tells the desk; gives the Status it wants for an alert. */
  #note(command: Request, msgId: string): number | undefined {
    if (command.kind === 'Replace') {
      const meta = command.meta
      const items = command.items.filter(isDevInfo).map((item) => (meta === undefined ? item : { ...item, meta: { ...meta, ...item.meta } }))
      if (items.length > 0) this.#desk.devInfo(items)
    } else if (command.kind === 'Alert' && !OF_SESSIONS.has(command.code)) return this.#desk.alert(command, msgId)
    return undefined
  }
}
