// Checks a received message against the session it belongs to: findings with byte ranges, tolerant; nothing is refused here.
import type { Alert, Command, Item, Message } from '../syncml/message.ts'
import type { Finding } from '../syncml/finding.ts'
import { isGroup, itemsOf } from '../syncml/holds.ts'
import type { Role } from './states.ts'
import { finding } from './rules.ts'

/** What the session knows before the message is read. */
export interface Expectation {
  /** Our own role. */
  readonly role: Role
  /** '' while nothing is known. */
  readonly sessionId: string
  /** MsgID of the peer's message before; 0 where there was none. */
  readonly lastMsgId: number
  /** Source LocURI of the peer's message before; '' where there was none. */
  readonly source: string
  /** What we announced; undefined where nothing. */
  readonly maxMsgSize: number | undefined
  readonly size: number
}

/** MsgID as a number, 0 where it is no whole number from 1 upwards. */
export function msgNumber(text: string): number {
  if (text.length === 0 || text.length > 9) return 0
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return 0
    value = value * 10 + digit
  }
  return value
}

/** True where the message carries an alert of this code. */
export function raises({ commands }: Message, code: number): boolean {
  for (const command of commands) if (command.kind === 'Alert' && command.code === code) return true
  return false
}

/** True for what a device of DM 1.1.2 sends; a server answers it in its own version (dm-protocol 1, 12). */
export function speaks11({ header }: Message): boolean {
  return header.verDtd === '1.1' && header.verProto === 'DM/1.1'
}

/** Versions we speak. `DM/1.3` is read as `DM/1.2`; a server speaks 1.1 with who begins so (dm-protocol 12). */
export function versionCode(message: Message, role: 'client' | 'server'): 200 | 505 | 513 {
  if (role === 'server' && speaks11(message)) return 200
  if (message.header.verDtd !== '1.2') return 505
  return message.header.verProto === 'DM/1.2' || message.header.verProto === 'DM/1.3' ? 200 : 513
}

/** Checks SyncHdr: versions, SessionID, MsgID order, size (checklist 1, 2, 8, 11). */
export function checkHeader(message: Message, expected: Expectation): Finding[] {
  const { header } = message
  const findings: Finding[] = []
  const old = expected.role === 'server' && speaks11(message)
  if (old) findings.push(finding('hdr.version.11', header))
  if (!old && header.verDtd !== '1.2') findings.push(finding('hdr.verdtd', header, header.verDtd))
  if (header.verProto === 'DM/1.3') findings.push(finding('hdr.verproto.13', header))
  else if (!old && header.verProto !== 'DM/1.2') findings.push(finding('hdr.verproto', header, header.verProto))
  const number = msgNumber(header.msgId)
  if (number === 0) findings.push(finding('hdr.msgid.form', header, header.msgId))
  else if (expected.lastMsgId === 0 && number !== 1) findings.push(finding('hdr.msgid.first', header, header.msgId))
  else if (expected.lastMsgId !== 0 && number === expected.lastMsgId) findings.push(finding('hdr.msgid.reused', header, header.msgId))
  else if (expected.lastMsgId !== 0 && number !== expected.lastMsgId + 1)
    findings.push(finding('hdr.msgid.order', header, `${header.msgId} after ${String(expected.lastMsgId)}`))
  if (header.sessionId === '' || header.sessionId.length > 4) findings.push(finding('hdr.session.form', header, header.sessionId))
  if (expected.sessionId !== '' && header.sessionId !== expected.sessionId)
    findings.push(finding('hdr.session.changed', header, `${header.sessionId} instead of ${expected.sessionId}`))
  if (expected.source !== '' && header.source.locUri !== expected.source) findings.push(finding('hdr.source.changed', header, header.source.locUri))
  if (expected.maxMsgSize !== undefined && expected.size > expected.maxMsgSize) {
    findings.push(finding('hdr.maxmsgsize', undefined, `${String(expected.size)} > ${String(expected.maxMsgSize)}`))
  }
  return findings
}

/** Checks the body by itself: CmdIDs, who may send what, groups, alerts, large objects (checklist 3, 17 to 19, 31, 49, 50). Adds to `findings`, and gives them. */
export function checkBody(message: Message, role: Role, findings: Finding[] = []): Finding[] {
  // CmdIDs that count upwards, as nearly all do, need not be remembered.
  const seen = highest(message.commands, 0) < Infinity ? null : new Set<string>()
  checkCommands(message.commands, null, { final: message.final, role, seen }, findings)
  if (message.final) {
    const chunk = message.commands.find((command) => itemsOf(command).at(-1)?.moreData === true)
    if (chunk !== undefined) findings.push(finding('obj.final', chunk))
  }
  return findings
}

/** The last of CmdIDs that count upwards from above `before`, those of groups too; Infinity where they do not. */
function highest(commands: readonly Command[], before: number): number {
  let last = before
  for (const command of commands) {
    const number = msgNumber(command.cmdId)
    if (number <= last) return Infinity
    last = isGroup(command) ? highest(command.commands, number) : number
  }
  return last
}

/** What holds for all commands of a body; `seen`: CmdIDs so far, null where none can be there twice. */
interface Body {
  readonly final: boolean
  readonly role: Role
  readonly seen: Set<string> | null
}

function checkCommands(commands: readonly Command[], parent: Command | null, body: Body, findings: Finding[]): void {
  const { final, role, seen } = body
  for (const command of commands) {
    if (command.cmdId === '0') findings.push(finding('cmd.cmdid.zero', command))
    else if (command.cmdId !== '' && seen?.has(command.cmdId) === true) findings.push(finding('cmd.cmdid.duplicate', command, command.cmdId))
    seen?.add(command.cmdId)
    if (command.cred !== undefined) findings.push(finding('cmd.cred', command))
    if (command.noResp === true) findings.push(finding('cmd.noresp', command))
    if (itemsOf(command).some(holdsMarkup)) findings.push(finding('cmd.markup', command))
    if (parent !== null) checkChild(command, parent, findings)
    if (role === 'server') checkClientCommand(command, findings)
    else if (command.kind === 'Results') findings.push(finding('cmd.server.results', command))
    if (command.kind === 'Alert') checkAlert(command, final, role, findings)
    if (!isGroup(command)) continue
    if (command.commands.length === 0) findings.push(finding('cmd.group.empty', command))
    checkCommands(command.commands, command, body, findings)
  }
}

/** True where Data holds elements of no vocabulary of ours: markup that was not escaped. */
function holdsMarkup({ data }: Item): boolean {
  return typeof data === 'object' && !(data instanceof Uint8Array) && data.some(({ vocabulary }) => vocabulary === 'other')
}

/** Checks that only a first message of a client is held to (PRO Package #1). */
export function checkSetup(message: Message): Finding[] {
  const findings: Finding[] = []
  const alerts = message.commands.filter((command) => command.kind === 'Alert')
  if (!alerts.some((alert) => alert.code === 1200 || alert.code === 1201)) findings.push(finding('pkg.alert', message.header))
  if (!message.commands.some((command) => command.kind === 'Replace') && message.final) findings.push(finding('pkg.devinfo', message.header))
  return findings
}

function checkChild(command: Command, parent: Command, findings: Finding[]): void {
  if (parent.kind === 'Atomic' && command.kind === 'Get') findings.push(finding('cmd.atomic.get', command))
  if (parent.kind === 'Atomic' && command.kind === 'Atomic') findings.push(finding('cmd.atomic.nested', command))
  if (itemsOf(command).some((item) => item.moreData === true)) findings.push(finding('cmd.moredata.group', command))
}

function checkClientCommand(command: Command, findings: Finding[]): void {
  if (command.kind === 'Replace') {
    if (command.items.some((item) => !isDevInfo(item))) findings.push(finding('cmd.client.replace', command))
  } else if (command.kind !== 'Alert' && command.kind !== 'Status' && command.kind !== 'Results')
    findings.push(finding('cmd.client', command, command.kind))
  if (command.kind === 'Results' && command.items.some((item) => item.source === undefined)) findings.push(finding('results.source', command))
}

/** True for an Item that carries a node of ./DevInfo, whichever of its two addresses names it. */
export function isDevInfo(item: Item): boolean {
  const uri = item.source?.locUri ?? item.target?.locUri ?? ''
  return uri.startsWith('./DevInfo/') || uri.startsWith('DevInfo/') || uri === './DevInfo' || uri === 'DevInfo'
}

/** Defined alert codes and which way they go (REP alert codes; dm-protocol 7.1). 1221 is a legacy code, either way. */
const ALERTS: ReadonlyMap<number, 'up' | 'down' | 'both'> = new Map([
  [1100, 'down'],
  [1101, 'down'],
  [1102, 'down'],
  [1103, 'down'],
  [1104, 'down'],
  [1200, 'up'],
  [1201, 'up'],
  [1221, 'both'],
  [1222, 'both'],
  [1223, 'both'],
  [1224, 'up'],
  [1225, 'both'],
  [1226, 'up'],
])

function checkAlert(alert: Alert, final: boolean, role: Role, findings: Finding[]): void {
  const way = ALERTS.get(alert.code)
  if (way === undefined) findings.push(finding('alert.code', alert, Number.isNaN(alert.code) ? '' : String(alert.code)))
  else if (way !== 'both' && (way === 'up') !== (role === 'server')) findings.push(finding('alert.direction', alert, String(alert.code)))
  if (alert.code === 1223 && !final) findings.push(finding('alert.abort.final', alert))
  if (alert.code === 1226 && !isWholeEvent(alert)) findings.push(finding(isClearEvent(alert) ? 'alert.format' : 'alert.generic', alert))
  if (alert.code === 1224 && !isWholeEvent(alert)) findings.push(finding('alert.event', alert))
}

/** True where each Item of a generic or event alert has Type, Format and Data, and there is one at least. */
export function isWholeEvent(alert: Alert): boolean {
  const whole = (item: Item): boolean => {
    const meta = { ...alert.meta, ...item.meta }
    return meta.type !== undefined && meta.format !== undefined && item.data !== undefined
  }
  return alert.items.length > 0 && alert.items.every(whole)
}

/** Types of alerts whose own documents fix the Format of their Data (FUMO, SCOMO, GwMO). */
const OF_OMA = /^\s*(?:reversed-domain-name:\s*)?(?:org\.openmobilealliance\.(?:dm\.|firmwareupdate\.)|urn:oma:at:)/i

/** True for a generic alert that lacks Format alone and can mean one thing only: its Type says what its Data are. Seen from clients in the field. */
export function isClearEvent(alert: Alert): boolean {
  const clear = (item: Item): boolean => item.data !== undefined && OF_OMA.test(item.meta?.type ?? alert.meta?.type ?? '')
  return alert.items.length > 0 && alert.items.every(clear)
}

/** True for a message that brings nothing: Status of SyncHdr and of alerts, and questions for the next message. */
export function bringsNothing(message: Message): boolean {
  return message.commands.every((command) =>
    command.kind === 'Status' ? command.cmdRef === '0' || command.cmd === 'Alert' : command.kind === 'Alert' && command.code === 1222,
  )
}
