// One message in one row: who, what, which answers; made from the typed message alone, so direction stays the caller's knowledge.
import { isGroup, itemsOf } from './holds.ts'
import type { Command, Item, Message, Status } from './message.ts'

/** What a list shows of a message. */
export interface Summary {
  readonly sessionId: string
  readonly msgId: string
  /** LocURIs of the SyncHdr. */
  readonly source: string
  readonly target: string
  /** LocName of the Source: the user id or server id where it is given, else ''. */
  readonly locName: string
  /** Commands and Results in document order, those of Atomic and Sequence behind it; alerts with their code: `Alert 1201`. Status is not among them. */
  readonly commands: readonly string[]
  /** Status codes in document order, as text; '' where one has no number. */
  readonly statuses: readonly string[]
  /** First LocURI a command or Results speaks of, '' where none does. */
  readonly firstTarget: string
  readonly final: boolean
  /** `#1` where the message carries Alert 1200 or 1201, else ''; the caller knows the direction and may say more. */
  readonly package: string
}

/** Summary of a message. */
export function summarise(message: Message): Summary {
  const { header } = message
  const found: Found = { commands: [], statuses: [], firstTarget: '', initial: false }
  visit(message.commands, found)
  const { commands, statuses, firstTarget, initial } = found
  return {
    sessionId: header.sessionId,
    msgId: header.msgId,
    source: header.source.locUri,
    target: header.target.locUri,
    locName: header.source.locName ?? '',
    commands,
    statuses,
    firstTarget,
    final: message.final,
    package: initial ? '#1' : '',
  }
}

/** What was found in commands so far. */
interface Found {
  readonly commands: string[]
  readonly statuses: string[]
  firstTarget: string
  initial: boolean
}

function visit(list: readonly Command[], found: Found): void {
  for (const command of list) {
    if (command.kind === 'Status') {
      found.statuses.push(codeText(command))
      continue
    }
    found.commands.push(label(command))
    if (command.kind === 'Alert' && (command.code === 1200 || command.code === 1201)) found.initial = true
    if (isGroup(command)) visit(command.commands, found)
    else if (found.firstTarget === '') found.firstTarget = firstUri(itemsOf(command))
  }
}

function codeText(status: Status): string {
  return Number.isNaN(status.code) ? '' : String(status.code)
}

/** Alerts from 1000 on, as far as codes are defined, and some more: they are named with most messages. */
const ALERTS = Array.from({ length: 300 }, (_, i) => `Alert ${String(1000 + i)}`)

function label(command: Command): string {
  if (command.kind === 'Alert') return Number.isNaN(command.code) ? 'Alert' : (ALERTS[command.code - 1000] ?? `Alert ${String(command.code)}`)
  return command.kind === 'Other' ? command.name : command.kind
}

function firstUri(items: readonly Item[]): string {
  for (const { target, source } of items) {
    const uri = target?.locUri ?? source?.locUri ?? ''
    if (uri !== '') return uri
  }
  return ''
}
