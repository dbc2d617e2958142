// Makes the typed message from the tree: any child order, padding trimmed, what is missing told; only a missing frame is an error.
import type { Element } from './element.ts'
import { CodecError } from './error.ts'
import type {
  Address,
  Alert,
  Chal,
  Command,
  Cred,
  Data,
  Exec,
  Group,
  Item,
  ItemCommand,
  Message,
  Meta,
  NonceText,
  OtherCommand,
  Results,
  Status,
  SyncHdr,
} from './message.ts'
import type { Findings } from './reading.ts'
import { base64, dataText, fromBase64, trim, utf8Lossy } from './text.ts'

type Open<T> = { -readonly [K in keyof T]: T[K] }

/** One message: findings go to `findings`. Throws CodecError where root, SyncHdr or SyncBody is not there. */
export function parseMessage(root: Element, findings: Findings): Message {
  return new Parser(findings).message(root)
}

class Parser {
  private readonly findings: Findings

  constructor(findings: Findings) {
    this.findings = findings
  }

  message(root: Element): Message {
    if (root.name !== 'SyncML') throw new CodecError(`the root element is ${root.name}, not SyncML`, root.start)
    let header: Element | undefined
    let body: Element | undefined
    for (const child of root.children) {
      if (child.name === 'SyncHdr' && header === undefined) header = child
      else if (child.name === 'SyncBody' && body === undefined) body = child
      else this.stray(root, child)
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
      if (name === 'VerDTD' && header.verDtd === '') header.verDtd = this.word(child)
      else if (name === 'VerProto' && header.verProto === '') header.verProto = this.word(child)
      else if (name === 'SessionID' && header.sessionId === '') header.sessionId = this.word(child)
      else if (name === 'MsgID' && header.msgId === '') header.msgId = this.word(child)
      else if (name === 'Target' && target === undefined) header.target = target = this.address(child)
      else if (name === 'Source' && source === undefined) header.source = source = this.address(child)
      else if (name === 'RespURI' && header.respUri === undefined) header.respUri = this.word(child)
      else if (name === 'NoResp') header.noResp = true
      else if (name === 'Cred' && header.cred === undefined) header.cred = this.cred(child)
      else if (name === 'Meta' && header.meta === undefined) header.meta = this.meta(child)
      else header.other = this.keep(element, child, header.other)
    }
    this.need(header.verDtd, element, 'VerDTD')
    this.need(header.verProto, element, 'VerProto')
    this.need(header.sessionId, element, 'SessionID')
    this.need(header.msgId, element, 'MsgID')
    if (target === undefined) this.need('', element, 'Target')
    if (source === undefined) this.need('', element, 'Source')
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
    if (name === 'CmdID' && command.cmdId === '') command.cmdId = this.word(child)
    else if (name === 'NoResp') command.noResp = true
    else if (name === 'Cred' && command.cred === undefined) command.cred = this.cred(child)
    else if (name === 'Meta' && command.meta === undefined) command.meta = this.meta(child)
    else {
      command.other = this.keep(element, child, command.other)
      return false
    }
    return true
  }

  private itemCommand(element: Element, kind: ItemCommand['kind']): ItemCommand {
    const items: Item[] = []
    const command: Open<ItemCommand> = { kind, cmdId: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'Item') items.push(this.item(child))
      else if (name === 'Archive' && kind === 'Delete') command.archive = true
      else if (name === 'SftDel' && kind === 'Delete') command.sftDel = true
      else if (name === 'Lang' && kind === 'Get' && command.lang === undefined) command.lang = this.word(child)
      else this.common(command, element, child)
    }
    this.need(command.cmdId, element, 'CmdID')
    if (items.length === 0) this.need('', element, 'Item')
    return command
  }

  private exec(element: Element): Exec {
    const items: Item[] = []
    const command: Open<Exec> = { kind: 'Exec', cmdId: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.name === 'Item') items.push(this.item(child))
      else if (child.name === 'Correlator' && command.correlator === undefined) command.correlator = textOf(child)
      else this.common(command, element, child)
    }
    this.need(command.cmdId, element, 'CmdID')
    if (items.length !== 1) this.tell('msg.exec.item', 'warn', 'REP', '6.5', `Exec has ${String(items.length)} Items, one is required`, element)
    return command
  }

  private alert(element: Element): Alert {
    const items: Item[] = []
    const command: Open<Alert> = { kind: 'Alert', cmdId: '', code: NaN, items, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.name === 'Item') items.push(this.item(child))
      else if (child.name === 'Data' && command.data === undefined) {
        command.data = this.data(child)
        command.code = codeOf(command.data)
      } else if (child.name === 'Correlator' && command.correlator === undefined) command.correlator = textOf(child)
      else this.common(command, element, child)
    }
    this.need(command.cmdId, element, 'CmdID')
    if (Number.isNaN(command.code)) this.tell('msg.alert.code', 'warn', 'REP', '6.2', 'Alert without a number in Data', element)
    return command
  }

  private group(element: Element, kind: Group['kind']): Group {
    const commands: Command[] = []
    const command: Open<Group> = { kind, cmdId: '', commands, start: element.start, end: element.end }
    for (const child of element.children) {
      if (child.vocabulary === 'syncml' && COMMANDS.has(child.name)) commands.push(this.command(child))
      else this.common(command, element, child)
    }
    this.need(command.cmdId, element, 'CmdID')
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
      if (name === 'CmdID' && status.cmdId === '') status.cmdId = this.word(child)
      else if (name === 'MsgRef' && status.msgRef === '') status.msgRef = this.word(child)
      else if (name === 'CmdRef' && status.cmdRef === '') status.cmdRef = this.word(child)
      else if (name === 'Cmd' && status.cmd === '') status.cmd = this.word(child)
      else if (name === 'Data' && status.data === undefined) {
        status.data = this.data(child)
        status.code = codeOf(status.data)
      } else if (name === 'TargetRef') targetRefs.push(this.word(child))
      else if (name === 'SourceRef') sourceRefs.push(this.word(child))
      else if (name === 'Chal' && status.chal === undefined) status.chal = this.chal(child)
      else if (name === 'Item') items.push(this.item(child))
      else this.common(status, element, child)
    }
    this.need(status.cmdId, element, 'CmdID')
    this.need(status.msgRef, element, 'MsgRef')
    this.need(status.cmdRef, element, 'CmdRef')
    this.need(status.cmd, element, 'Cmd')
    if (Number.isNaN(status.code)) this.tell('msg.status.code', 'warn', 'REP', '6.15', 'Status without a number in Data', element)
    return status
  }

  private results(element: Element): Results {
    const items: Item[] = []
    const results: Open<Results> = { kind: 'Results', cmdId: '', msgRef: '', cmdRef: '', items, start: element.start, end: element.end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'CmdID' && results.cmdId === '') results.cmdId = this.word(child)
      else if (name === 'MsgRef' && results.msgRef === '') results.msgRef = this.word(child)
      else if (name === 'CmdRef' && results.cmdRef === '') results.cmdRef = this.word(child)
      else if (name === 'TargetRef' && results.targetRef === undefined) results.targetRef = this.word(child)
      else if (name === 'SourceRef' && results.sourceRef === undefined) results.sourceRef = this.word(child)
      else if (name === 'Item') items.push(this.item(child))
      else this.common(results, element, child)
    }
    this.need(results.cmdId, element, 'CmdID')
    this.need(results.cmdRef, element, 'CmdRef')
    if (results.msgRef === '') {
      results.msgRef = '1'
      this.tell('msg.results.msgref', 'note', 'SML', '5.8.10', 'Results without MsgRef; read as 1', element)
    }
    return results
  }

  private otherCommand(element: Element): OtherCommand {
    const id = element.children.find((child) => child.name === 'CmdID')
    const cmdId = id === undefined ? '' : this.word(id)
    this.tell('msg.command.other', 'warn', 'REP', '5.1', `${element.name} is no command of OMA DM; kept as it is`, element)
    return { kind: 'Other', cmdId, name: element.name, element, start: element.start, end: element.end }
  }

  private item(element: Element): Item {
    const item: Open<Item> = { start: element.start, end: element.end }
    for (const child of element.children) {
      const name = child.name
      if (name === 'Target' && item.target === undefined) item.target = this.address(child)
      else if (name === 'Source' && item.source === undefined) item.source = this.address(child)
      else if (name === 'Data' && item.data === undefined) item.data = this.data(child)
      else if (name === 'Meta' && item.meta === undefined) item.meta = this.meta(child)
      else if (name === 'MoreData') item.moreData = true
      else if (name === 'SourceParent' && item.sourceParent === undefined) item.sourceParent = this.address(child)
      else if (name === 'TargetParent' && item.targetParent === undefined) item.targetParent = this.address(child)
      else item.other = this.keep(element, child, item.other)
    }
    return item
  }

  private address(element: Element): Address {
    const address: Open<Address> = { locUri: '', start: element.start, end: element.end }
    let found = false
    for (const child of element.children) {
      if (child.name === 'LocURI' && !found) {
        address.locUri = this.word(child)
        found = true
      } else if (child.name === 'LocName' && address.locName === undefined) address.locName = this.word(child)
      else address.other = this.keep(element, child, address.other)
    }
    if (!found) this.need('', element, 'LocURI')
    return address
  }

  private cred(element: Element): Cred {
    const cred: Open<Cred> = { data: '', start: element.start, end: element.end }
    let found = false
    for (const child of element.children) {
      if (child.name === 'Meta' && cred.meta === undefined) cred.meta = this.meta(child)
      else if (child.name === 'Data' && !found) {
        cred.data = this.data(child)
        found = true
      } else this.stray(element, child)
    }
    if (!found) this.need('', element, 'Data')
    return cred
  }

  private chal(element: Element): Chal {
    let meta: Meta | undefined
    for (const child of element.children) {
      if (child.name === 'Meta' && meta === undefined) meta = this.meta(child)
      else this.stray(element, child)
    }
    if (meta === undefined) this.need('', element, 'Meta')
    return { meta: meta ?? {}, start: element.start, end: element.end }
  }

  private meta(element: Element): Meta {
    const meta: Open<Meta> = { start: element.start, end: element.end }
    for (const child of element.children) this.metaChild(element, child, meta)
    return meta
  }

  private metaChild(element: Element, child: Element, meta: Open<Meta>): void {
    const name = child.name
    if (name === 'Format' && meta.format === undefined) meta.format = this.word(child)
    else if (name === 'Type' && meta.type === undefined) meta.type = this.word(child)
    else if (name === 'Size' && meta.size === undefined) this.number(element, child, meta, 'size')
    else if (name === 'MaxMsgSize' && meta.maxMsgSize === undefined) this.number(element, child, meta, 'maxMsgSize')
    else if (name === 'MaxObjSize' && meta.maxObjSize === undefined) this.number(element, child, meta, 'maxObjSize')
    else if (name === 'NextNonce' && meta.nextNonce === undefined) meta.nextNonce = nonce(child)
    else if (name === 'Mark' && meta.mark === undefined) meta.mark = this.word(child)
    else if (name === 'Version' && meta.version === undefined) meta.version = this.word(child)
    else if (name === 'EMI') {
      if (meta.emi === undefined) meta.emi = [textOf(child)]
      else (meta.emi as string[]).push(textOf(child))
    } else if (name === 'FieldLevel') meta.fieldLevel = true
    else if (name === 'Anchor' && meta.anchor === undefined) meta.anchor = anchor(child)
    else if (name === 'MetInf') for (const inner of child.children) this.metaChild(child, inner, meta)
    else meta.other = this.keep(element, child, meta.other)
  }

  private number(element: Element, child: Element, meta: Open<Meta>, field: 'size' | 'maxMsgSize' | 'maxObjSize'): void {
    const value = codeOf(child.text)
    if (!Number.isNaN(value)) meta[field] = value
    else meta.other = this.keep(element, child, meta.other, 'msg.meta.number', `${child.name} holds no number`)
  }

  /** Data as text, octets or elements. */
  private data(element: Element): Data {
    if (element.children.length > 0) {
      if (element.text !== '')
        this.tell('msg.data.mixed', 'warn', 'SML', '5.3.3', 'Data mixes text and elements; the text is kept in the tree only', element)
      return element.children
    }
    if (element.opaque !== undefined && element.text === '') return element.opaque
    return element.text
  }

  /** Text of a field whose surrounding padding means nothing. */
  private word(element: Element): string {
    const text = textOf(element)
    const trimmed = trim(text)
    if (trimmed.length !== text.length) {
      this.tell('msg.padding', 'chat', 'INFERRED', 'INFERRED', `${element.name} has white space or NUL around its value`, element)
    }
    if (element.children.length > 0) this.stray(element, element.children[0] as Element)
    return trimmed
  }

  private need(value: string, element: Element, name: string): void {
    if (value !== '') return
    this.tell(`msg.${name.toLowerCase()}.missing`, 'warn', 'SML', 'DTD', `${element.name} without ${name}`, element)
  }

  private keep(parent: Element, child: Element, other: readonly Element[] | undefined, rule = 'msg.child', text?: string): readonly Element[] {
    this.tell(rule, 'note', 'SML', 'DTD', text ?? `${child.name} does not belong into ${parent.name}, or is there twice; kept as it is`, child)
    if (other === undefined) return [child]
    ;(other as Element[]).push(child)
    return other
  }

  private stray(parent: Element, child: Element): void {
    this.tell('msg.child.ignored', 'note', 'SML', 'DTD', `${child.name} does not belong into ${parent.name}; ignored`, child)
  }

  private tell(rule: string, severity: 'chat' | 'note' | 'warn', document: string, clause: string, text: string, at: Element): void {
    this.findings.add(rule, severity, document, clause, text, at.start, at.end - at.start)
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

/** Text directly inside; octets are read as UTF-8. */
function textOf(element: Element): string {
  return element.opaque !== undefined && element.text === '' ? utf8Lossy(element.opaque) : element.text
}

/** A decimal number of up to 15 digits, NaN for anything else. */
function codeOf(data: Data): number {
  const text = trim(typeof data === 'string' ? data : dataText(data))
  if (text.length === 0 || text.length > 15) return NaN
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}

/** Octets that cannot be base64 text are raw, and `text` is their base64; octets that can be both keep their text (WBXML sheet 7 rule 8). */
function nonce(element: Element): NonceText {
  const octets = element.opaque
  if (octets === undefined) return { text: trim(element.text) }
  const text = trim(element.text)
  return { text: text !== '' && fromBase64(text) !== null && text.length % 4 === 0 ? text : base64(octets), octets }
}

function anchor(element: Element): { last?: string; next?: string } {
  const found: { last?: string; next?: string } = {}
  for (const child of element.children) {
    if (child.name === 'Last') found.last = textOf(child)
    else if (child.name === 'Next') found.next = textOf(child)
  }
  return found
}
