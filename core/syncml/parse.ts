// Makes the typed message from the tree: any child order; what is missing is told, only a missing frame is an error.
import type { Element } from './element.ts'
import { CodecError } from './error.ts'
import type {
  Address,
  Alert,
  Command,
  Cred,
  Exec,
  Group,
  Item,
  ItemCommand,
  Message,
  Meta,
  OtherCommand,
  Results,
  Status,
  SyncHdr,
} from './message.ts'
import { codeOf, type Open, Parts, textOf } from './parts.ts'
import type { Findings } from './reading.ts'

/** One message: findings go to `findings`. Throws CodecError where root, SyncHdr or SyncBody is not there. */
export function parseMessage(root: Element, findings: Findings): Message {
  return new Parser(findings).message(root)
}

class Parser {
  private readonly parts: Parts

  constructor(findings: Findings) {
    this.parts = new Parts(findings)
  }

  message(root: Element): Message {
    if (root.name !== 'SyncML') throw new CodecError(`the root element is ${root.name}, not SyncML`, root.start)
    let header: Element | undefined
    let body: Element | undefined
    for (const child of root.children) {
      if (child.name === 'SyncHdr' && header === undefined) header = child
      else if (child.name === 'SyncBody' && body === undefined) body = child
      else this.parts.stray(root, child)
    }
    if (header === undefined) throw new CodecError('SyncML without SyncHdr', root.start)
    if (body === undefined) throw new CodecError('SyncML without SyncBody', root.start)
    const commands: Command[] = []
    let final = false
    for (const child of body.children) {
      if (child.name === 'Final') final = true
      else commands.push(this.command(child))
    }
    return { header: this.header(header), commands, final }
  }

  private header(element: Element): SyncHdr {
    let target: Address | undefined
    let source: Address | undefined
    const header: Open<SyncHdr> = {
      verDtd: '',
      verProto: '',
      sessionId: '',
      msgId: '',
      target: NOWHERE,
      source: NOWHERE,
      start: element.start,
      end: element.end,
    }
    for (const child of element.children) {
      const name = child.name
      if (name === 'VerDTD' && header.verDtd === '') header.verDtd = this.parts.word(child)
      else if (name === 'VerProto' && header.verProto === '') header.verProto = this.parts.word(child)
      else if (name === 'SessionID' && header.sessionId === '') header.sessionId = this.parts.word(child)
      else if (name === 'MsgID' && header.msgId === '') header.msgId = this.parts.word(child)
      else if (name === 'Target' && target === undefined) header.target = target = this.parts.address(child)
      else if (name === 'Source' && source === undefined) header.source = source = this.parts.address(child)
      else if (name === 'RespURI' && header.respUri === undefined) header.respUri = this.parts.word(child)
      else if (name === 'NoResp') header.noResp = true
      else if (name === 'Cred' && header.cred === undefined) header.cred = this.parts.cred(child)
      else if (name === 'Meta' && header.meta === undefined) header.meta = this.parts.meta(child)
      else header.other = this.parts.keep(element, child, header.other)
    }
    this.parts.need(header.verDtd, element, 'VerDTD')
    this.parts.need(header.verProto, element, 'VerProto')
    this.parts.need(header.sessionId, element, 'SessionID')
    this.parts.need(header.msgId, element, 'MsgID')
    if (target === undefined) this.parts.need('', element, 'Target')
    if (source === undefined) this.parts.need('', element, 'Source')
    return header
  }

  private command(element: Element): Command {
    if (element.vocabulary === 'syncml') {
      switch (element.name) {
        case 'Status':
          return this.status(element)
        case 'Results':
          return this.results(element)
        case 'Alert':
          return this.alert(element)
        case 'Add':
        case 'Replace':
        case 'Delete':
        case 'Get':
        case 'Copy':
          return this.itemCommand(element, element.name)
        case 'Exec':
          return this.exec(element)
        case 'Atomic':
        case 'Sequence':
          return this.group(element, element.name)
      }
    }
    return this.otherCommand(element)
  }

  /** Takes the children that all commands have; false where it is none of them. */
  private common(command: Open<Common>, element: Element, child: Element): boolean {
    const name = child.name
    if (name === 'CmdID' && command.cmdId === '') command.cmdId = this.parts.word(child)
    else if (name === 'NoResp') command.noResp = true
    else if (name === 'Cred' && command.cred === undefined) command.cred = this.parts.cred(child)
    else if (name === 'Meta' && command.meta === undefined) command.meta = this.parts.meta(child)
    else {
      command.other = this.parts.keep(element, child, command.other)
      return false
    }
    return true
  }

  private itemCommand(element: Element, kind: ItemCommand['kind']): ItemCommand {
    const items: Item[] = []
    const command: Open<ItemCommand> = { kind, cmdId: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'Item') items.push(this.parts.item(child))
      else if (name === 'Archive' && kind === 'Delete') command.archive = true
      else if (name === 'SftDel' && kind === 'Delete') command.sftDel = true
      else if (name === 'Lang' && kind === 'Get' && command.lang === undefined) command.lang = this.parts.word(child)
      else this.common(command, element, child)
    }
    this.parts.need(command.cmdId, element, 'CmdID')
    if (items.length === 0) this.parts.need('', element, 'Item')
    return command
  }

  private exec(element: Element): Exec {
    const items: Item[] = []
    const command: Open<Exec> = { kind: 'Exec', cmdId: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.name === 'Item') items.push(this.parts.item(child))
      else if (child.name === 'Correlator' && command.correlator === undefined) command.correlator = textOf(child)
      else this.common(command, element, child)
    }
    this.parts.need(command.cmdId, element, 'CmdID')
    if (items.length !== 1)
      this.parts.tell('msg.exec.item', 'warn', 'REP', 'Exec', `Exec has ${String(items.length)} Items, one is required`, element)
    return command
  }

  private alert(element: Element): Alert {
    const items: Item[] = []
    const command: Open<Alert> = { kind: 'Alert', cmdId: '', code: NaN, items, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.name === 'Item') items.push(this.parts.item(child))
      else if (child.name === 'Data' && command.data === undefined) {
        command.data = this.parts.data(child)
        command.code = codeOf(command.data)
      } else if (child.name === 'Correlator' && command.correlator === undefined) command.correlator = textOf(child)
      else this.common(command, element, child)
    }
    this.parts.need(command.cmdId, element, 'CmdID')
    if (Number.isNaN(command.code)) this.parts.tell('msg.alert.code', 'warn', 'REP', 'Alert', 'Alert without a number in Data', element)
    return command
  }

  private group(element: Element, kind: Group['kind']): Group {
    const commands: Command[] = []
    const command: Open<Group> = { kind, cmdId: '', commands, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.vocabulary === 'syncml' && COMMANDS.has(child.name)) commands.push(this.command(child))
      else this.common(command, element, child)
    }
    this.parts.need(command.cmdId, element, 'CmdID')
    return command
  }

  private status(element: Element): Status {
    const targetRefs: string[] = []
    const sourceRefs: string[] = []
    const items: Item[] = []
    const { start, end } = element
    const status: Open<Status> = { kind: 'Status', cmdId: '', msgRef: '', cmdRef: '', cmd: '', targetRefs, sourceRefs, code: NaN, items, start, end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'CmdID' && status.cmdId === '') status.cmdId = this.parts.word(child)
      else if (name === 'MsgRef' && status.msgRef === '') status.msgRef = this.parts.word(child)
      else if (name === 'CmdRef' && status.cmdRef === '') status.cmdRef = this.parts.word(child)
      else if (name === 'Cmd' && status.cmd === '') status.cmd = this.parts.word(child)
      else if (name === 'Data' && status.data === undefined) {
        status.data = this.parts.data(child)
        status.code = codeOf(status.data)
      } else if (name === 'TargetRef') targetRefs.push(this.parts.word(child))
      else if (name === 'SourceRef') sourceRefs.push(this.parts.word(child))
      else if (name === 'Chal' && status.chal === undefined) status.chal = this.parts.chal(child)
      else if (name === 'Item') items.push(this.parts.item(child))
      else this.common(status, element, child)
    }
    this.parts.need(status.cmdId, element, 'CmdID')
    this.parts.need(status.msgRef, element, 'MsgRef')
    this.parts.need(status.cmdRef, element, 'CmdRef')
    this.parts.need(status.cmd, element, 'Cmd')
    if (Number.isNaN(status.code)) this.parts.tell('msg.status.code', 'warn', 'REP', 'Status', 'Status without a number in Data', element)
    return status
  }

  private results(element: Element): Results {
    const items: Item[] = []
    const results: Open<Results> = { kind: 'Results', cmdId: '', msgRef: '', cmdRef: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'CmdID' && results.cmdId === '') results.cmdId = this.parts.word(child)
      else if (name === 'MsgRef' && results.msgRef === '') results.msgRef = this.parts.word(child)
      else if (name === 'CmdRef' && results.cmdRef === '') results.cmdRef = this.parts.word(child)
      else if (name === 'TargetRef' && results.targetRef === undefined) results.targetRef = this.parts.word(child)
      else if (name === 'SourceRef' && results.sourceRef === undefined) results.sourceRef = this.parts.word(child)
      else if (name === 'Item') items.push(this.parts.item(child))
      else this.common(results, element, child)
    }
    this.parts.need(results.cmdId, element, 'CmdID')
    this.parts.need(results.cmdRef, element, 'CmdRef')
    if (results.msgRef === '') {
      results.msgRef = '1'
      this.parts.tell('msg.results.msgref', 'note', 'SML', 'MsgRef', 'Results without MsgRef; read as 1', element)
    }
    return results
  }

  private otherCommand(element: Element): OtherCommand {
    const id = element.children.find((child) => child.name === 'CmdID')
    const cmdId = id === undefined ? '' : this.parts.word(id)
    this.parts.tell('msg.command.other', 'warn', 'REP', 'commands', `${element.name} is no command of OMA DM; kept as it is`, element)
    return { kind: 'Other', cmdId, name: element.name, element, start: element.start, end: element.end }
  }
}

interface Common {
  cmdId: string
  noResp?: boolean
  cred?: Cred
  meta?: Meta
  other?: readonly Element[]
}

const NOWHERE: Address = { locUri: '' }

/** Names that stand for a command, also where DM does not use it. */
const COMMANDS: ReadonlySet<string> = new Set(
  'Add Alert Atomic Copy Delete Exec Get Map Move Put Replace Results Search Sequence Status Sync'.split(' '),
)
