// Builds Status and Results (SML Status, dm-protocol 2): refs and names as the message they answer has them. CmdIDs are given when they are packed.
import type { Chal, Command, Item, Message, Request, Results, Status } from '../syncml/message.ts'
import type { Outcome, StatusPart } from './ports.ts'
import { nameOf } from './awaiting.ts'
import { isClearEvent, isWholeEvent } from './inbox.ts'
import type { Entry } from './entry.ts'

/** Status for SyncHdr. Its refs are written while the two are getting to know each other, and with every refusal (section 15 of the sheet). */
export function headerStatus(
  message: Message,
  code: number,
  options: { readonly refs: boolean; readonly chal?: Chal | undefined; readonly items?: readonly Item[] },
): Status {
  const { header } = message
  const { refs, chal, items = [] } = options
  const targetRefs = refs && header.target.locUri !== '' ? [header.target.locUri] : []
  const sourceRefs = refs && header.source.locUri !== '' ? [header.source.locUri] : []
  const status: Status = { kind: 'Status', cmdId: '', msgRef: header.msgId, cmdRef: '0', cmd: 'SyncHdr', targetRefs, sourceRefs, code, items }
  return chal === undefined ? status : { ...status, chal }
}

/** Status for a command of `message`. */
export function statusFor(message: Message, command: Command, part: StatusPart): Status {
  return {
    kind: 'Status',
    cmdId: '',
    msgRef: message.header.msgId,
    cmdRef: command.cmdId,
    cmd: nameOf(command),
    targetRefs: part.targetRef === undefined ? [] : [part.targetRef],
    sourceRefs: part.sourceRef === undefined ? [] : [part.sourceRef],
    code: part.code,
    items: part.items ?? [],
  }
}

/** The refs of a command with one Item: its addresses. None where there are several Items or none. */
export function refsOf(command: Command): Pick<StatusPart, 'targetRef' | 'sourceRef'> {
  if (!('items' in command) || command.items.length !== 1) return {}
  const [item] = command.items
  return {
    ...(item?.target === undefined ? {} : { targetRef: item.target.locUri }),
    ...(item?.source === undefined ? {} : { sourceRef: item.source.locUri }),
  }
}

/** One Status with this code for every command of the message that is owed one; used where nothing is executed (SEC, challenges). */
export function refusals(message: Message, code: number): Status[] {
  return message.commands.filter(isRequest).map((command) => statusFor(message, command, { code }))
}

export function isRequest(command: Command): command is Request {
  return command.kind !== 'Status' && command.kind !== 'Results'
}

/** What an executed command gave, as entries in order: its Status, its Results, then those of its children. */
export function outcomeEntries(message: Message, command: Request, outcome: Outcome): Entry[] {
  const entries: Entry[] = outcome.statuses.map((part) => {
    const alone = outcome.statuses.length === 1 && command.kind !== 'Alert'
    return { kind: 'status', status: statusFor(message, command, alone ? { ...refsOf(command), ...part } : part) }
  })
  if (outcome.results !== undefined && outcome.results.length > 0)
    entries.push({ kind: 'results', results: resultsFor(message, command, outcome.results) })
  if ('commands' in command) {
    command.commands.filter(isRequest).forEach((child, i) => {
      const inner = outcome.children?.[i]
      if (inner !== undefined) entries.push(...outcomeEntries(message, child, inner))
    })
  }
  return entries
}

function resultsFor(message: Message, command: Request, items: readonly Item[]): Results {
  return { kind: 'Results', cmdId: '', msgRef: message.header.msgId, cmdRef: command.cmdId, items }
}

/** Commands of SyncML that DM does not use (REP); anything else unknown is a bad request. */
const UNUSED: ReadonlySet<string> = new Set(['Put', 'Search', 'Sync', 'Map', 'Move'])

/** Status code for a command that neither side executes: no CmdID, no Item, unknown or unused name. 0 where it may be executed. */
export function formCode(command: Request): number {
  if (command.kind === 'Other') return UNUSED.has(command.name) ? 406 : 400
  if (command.cmdId === '' || command.cmdId === '0') return 400
  if (command.kind === 'Alert') return Number.isNaN(command.code) ? 412 : 0
  if ('commands' in command) return 0
  return command.items.length === 0 || (command.kind === 'Exec' && command.items.length > 1) ? 412 : 0
}

/** The server's Status code for a command of a client (PRO commands of the client, REP alert codes; dm-protocol 7). */
export function codeForClient(command: Request): number {
  const form = formCode(command)
  if (form !== 0) return form
  if (command.kind === 'Replace') return 200
  if (command.kind !== 'Alert') return 405
  switch (command.code) {
    case 1200:
    case 1201:
    case 1222:
    case 1223:
    case 1224:
    case 1225:
      return 200
    case 1226:
      return isWholeEvent(command) || isClearEvent(command) ? 200 : 412
    default:
      return 406
  }
}
