// Writes a typed message to a sink in the order of the DTD (SML 1.2.2), whatever order it came in.
import type { Address, Chal, Command, Cred, Data, Item, Message, Meta, SyncHdr } from './message.ts'
import type { Element } from './element.ts'
import { isBare, isClean, isCount } from './plain.ts'
import { type Sink, type Tag, tag } from './sink.ts'

const s = (name: string) => tag('syncml', name)
const m = (name: string) => tag('metinf', name)
const T = {
  ...{ SyncML: s('SyncML'), SyncHdr: s('SyncHdr'), SyncBody: s('SyncBody'), VerDTD: s('VerDTD'), VerProto: s('VerProto'), SessionID: s('SessionID') },
  ...{
    MsgID: s('MsgID'),
    Target: s('Target'),
    Source: s('Source'),
    LocURI: s('LocURI'),
    LocName: s('LocName'),
    RespURI: s('RespURI'),
    NoResp: s('NoResp'),
  },
  ...{
    Cred: s('Cred'),
    Chal: s('Chal'),
    Meta: s('Meta'),
    Data: s('Data'),
    CmdID: s('CmdID'),
    MsgRef: s('MsgRef'),
    CmdRef: s('CmdRef'),
    Cmd: s('Cmd'),
  },
  ...{ TargetRef: s('TargetRef'), SourceRef: s('SourceRef'), Item: s('Item'), MoreData: s('MoreData'), SourceParent: s('SourceParent') },
  ...{ TargetParent: s('TargetParent'), Correlator: s('Correlator'), Final: s('Final'), Archive: s('Archive'), SftDel: s('SftDel'), Lang: s('Lang') },
  ...{ Status: s('Status'), Results: s('Results'), Alert: s('Alert'), Exec: s('Exec'), Atomic: s('Atomic'), Sequence: s('Sequence') },
  ...{ Add: s('Add'), Replace: s('Replace'), Delete: s('Delete'), Get: s('Get'), Copy: s('Copy') },
}
const M = {
  ...{ FieldLevel: m('FieldLevel'), Format: m('Format'), Type: m('Type'), Mark: m('Mark'), Size: m('Size'), Anchor: m('Anchor'), Last: m('Last') },
  ...{ Next: m('Next'), Version: m('Version'), NextNonce: m('NextNonce'), MaxMsgSize: m('MaxMsgSize'), MaxObjSize: m('MaxObjSize'), EMI: m('EMI') },
}

/** An empty message's last element. */
export const FINAL = T.Final

/** Writes one message. Throws EncodeError. */
export function compose(sink: Sink, message: Message, octets: boolean): void {
  const composer = new Composer(sink, octets)
  composer.begin(message.header)
  for (const command of message.commands) composer.command(command)
  composer.end(message.final)
}

/** Above so many commands, or Items of one, a message is none that needs no reading. */
const MANY_COMMANDS = 1000
const MANY_ITEMS = 100

/** Writes a message piece by piece: its beginning, its commands, its end. All throw EncodeError. */
export class Composer {
  /**
   * True while reading what was written would give the same fields and codes, and no finding: nothing came but Status, Alert and commands with
   * Items, in the usual form. What was taken back counts, too: false is always safe. Characters are looked at for WBXML only; a writer of XML
   * meets every odd one by itself.
   */
  plain = true
  private readonly sink: Sink
  private readonly octets: boolean
  private commands = 0

  /** `octets` says whether the sink can carry octets as they are (WBXML). */
  constructor(sink: Sink, octets: boolean) {
    this.sink = sink
    this.octets = octets
  }

  begin(header: SyncHdr): void {
    const { sink } = this
    sink.start(T.SyncML)
    sink.start(T.SyncHdr)
    this.leaf(T.VerDTD, header.verDtd)
    this.leaf(T.VerProto, header.verProto)
    this.leaf(T.SessionID, header.sessionId)
    this.leaf(T.MsgID, header.msgId)
    this.address(T.Target, header.target)
    this.address(T.Source, header.source)
    if (header.respUri !== undefined) this.leaf(T.RespURI, header.respUri)
    if (header.noResp === true) this.rare(T.NoResp)
    this.cred(header.cred)
    this.meta(header.meta)
    this.other(header.other)
    sink.end()
    sink.start(T.SyncBody)
  }

  end(final: boolean): void {
    if (final) this.empty(T.Final)
    this.sink.end()
    this.sink.end()
  }

  command(command: Command): void {
    const { sink } = this
    if (++this.commands > MANY_COMMANDS) this.plain = false
    if (command.kind === 'Other') {
      this.plain = false
      sink.tree(command.element)
      return
    }
    sink.start(T[command.kind])
    this.leaf(T.CmdID, command.cmdId)
    switch (command.kind) {
      case 'Status':
        this.leaf(T.MsgRef, command.msgRef)
        this.leaf(T.CmdRef, command.cmdRef)
        this.leaf(T.Cmd, command.cmd)
        for (const ref of command.targetRefs) this.leaf(T.TargetRef, ref)
        for (const ref of command.sourceRefs) this.leaf(T.SourceRef, ref)
        if (command.noResp === true) this.rare(T.NoResp)
        this.ownCred(command.cred)
        if (command.chal !== undefined) this.chal(command.chal)
        this.meta(command.meta)
        this.code(command.code, command.data)
        this.items(command.items)
        break
      case 'Results':
        this.plain = false
        this.leaf(T.MsgRef, command.msgRef)
        this.leaf(T.CmdRef, command.cmdRef)
        if (command.noResp === true) this.rare(T.NoResp)
        this.cred(command.cred)
        this.meta(command.meta)
        if (command.targetRef !== undefined) this.leaf(T.TargetRef, command.targetRef)
        if (command.sourceRef !== undefined) this.leaf(T.SourceRef, command.sourceRef)
        this.items(command.items)
        break
      default:
        this.request(command)
    }
    this.other(command.other)
    sink.end()
  }

  private request(command: Exclude<Command, { kind: 'Status' | 'Results' | 'Other' }>): void {
    if (command.noResp === true) this.rare(T.NoResp)
    if (command.kind === 'Delete') {
      if (command.archive === true) this.empty(T.Archive)
      if (command.sftDel === true) this.empty(T.SftDel)
    }
    if (command.kind === 'Get' && command.lang !== undefined) this.rare(T.Lang, command.lang)
    this.ownCred(command.cred)
    this.meta(command.meta)
    if (command.kind === 'Alert') this.code(command.code, command.data)
    if ((command.kind === 'Alert' || command.kind === 'Exec') && command.correlator !== undefined) this.rare(T.Correlator, command.correlator)
    if ('commands' in command) {
      this.plain = false
      for (const child of command.commands) this.command(child)
      return
    }
    const { length } = command.items
    if (command.kind === 'Exec' ? length !== 1 : length === 0 && command.kind !== 'Alert') this.plain = false
    this.items(command.items)
  }

  /** `code` decides; `data` is written as it came where it says the same number or where there is no number. */
  private code(code: number, data: Data | undefined): void {
    if (data !== undefined || !isCount(code)) this.plain = false
    if (data !== undefined && (Number.isNaN(code) || (typeof data === 'string' && Number(data) === code))) this.data(data)
    else if (!Number.isNaN(code)) this.sink.leaf(T.Data, String(code))
  }

  private items(items: readonly Item[]): void {
    if (items.length >= MANY_ITEMS) this.plain = false
    for (const item of items) {
      this.sink.start(T.Item)
      if (item.target !== undefined) this.address(T.Target, item.target)
      if (item.source !== undefined) this.address(T.Source, item.source)
      if (item.sourceParent !== undefined) this.parent(T.SourceParent, item.sourceParent)
      if (item.targetParent !== undefined) this.parent(T.TargetParent, item.targetParent)
      this.meta(item.meta)
      if (item.data !== undefined) this.data(item.data)
      if (item.moreData === true) this.empty(T.MoreData)
      this.other(item.other)
      this.sink.end()
    }
  }

  private data(data: Data): void {
    if (typeof data === 'string') {
      if (this.octets && !isClean(data)) this.plain = false
      this.sink.leaf(T.Data, data)
      return
    }
    this.plain = false
    this.sink.start(T.Data)
    if (data instanceof Uint8Array) this.sink.octets(data)
    else for (const element of data) this.sink.tree(element)
    this.sink.end()
  }

  private address(at: Tag, address: Address): void {
    this.sink.start(at)
    this.leaf(T.LocURI, address.locUri)
    if (address.locName !== undefined) this.leaf(T.LocName, address.locName)
    this.other(address.other)
    this.sink.end()
  }

  private parent(at: Tag, address: Address): void {
    this.plain = false
    this.address(at, address)
  }

  /** Cred of a command, which has no place there. */
  private ownCred(cred: Cred | undefined): void {
    if (cred === undefined) return
    this.plain = false
    this.cred(cred)
  }

  private cred(cred: Cred | undefined): void {
    if (cred === undefined) return
    this.sink.start(T.Cred)
    this.meta(cred.meta)
    this.data(cred.data)
    this.sink.end()
  }

  private chal(chal: Chal): void {
    this.sink.start(T.Chal)
    this.meta(chal.meta)
    this.sink.end()
  }

  private meta(meta: Meta | undefined): void {
    if (meta === undefined) return
    const { sink } = this
    sink.start(T.Meta)
    if (meta.fieldLevel === true) this.rare(M.FieldLevel)
    if (meta.format !== undefined) this.leaf(M.Format, meta.format)
    if (meta.type !== undefined) this.leaf(M.Type, meta.type)
    if (meta.mark !== undefined) this.leaf(M.Mark, meta.mark)
    if (meta.size !== undefined) this.count(M.Size, meta.size)
    if (meta.anchor !== undefined) this.anchor(meta.anchor)
    if (meta.version !== undefined) this.leaf(M.Version, meta.version)
    if (meta.nextNonce !== undefined) {
      if (!isBare(meta.nextNonce.text) || !isClean(meta.nextNonce.text)) this.plain = false
      sink.start(M.NextNonce)
      if (this.octets && meta.nextNonce.octets !== undefined) sink.octets(meta.nextNonce.octets)
      else sink.text(meta.nextNonce.text)
      sink.end()
    }
    if (meta.maxMsgSize !== undefined) this.count(M.MaxMsgSize, meta.maxMsgSize)
    if (meta.maxObjSize !== undefined) this.count(M.MaxObjSize, meta.maxObjSize)
    if (meta.emi !== undefined) for (const emi of meta.emi) this.rare(M.EMI, emi)
    this.other(meta.other)
    sink.end()
  }

  private anchor(anchor: NonNullable<Meta['anchor']>): void {
    this.plain = false
    this.sink.start(M.Anchor)
    if (anchor.last !== undefined) this.leaf(M.Last, anchor.last)
    if (anchor.next !== undefined) this.leaf(M.Next, anchor.next)
    this.sink.end()
  }

  private other(elements: readonly Element[] | undefined): void {
    if (elements === undefined) return
    this.plain = false
    for (const element of elements) this.sink.tree(element)
  }

  private leaf(at: Tag, text: string): void {
    if (this.plain && !(isBare(text) && (!this.octets || isClean(text)))) this.plain = false
    this.sink.leaf(at, text)
  }

  private count(at: Tag, value: number): void {
    if (!isCount(value)) this.plain = false
    this.sink.leaf(at, String(value))
  }

  /** What a plain message has not. */
  private rare(at: Tag, text = ''): void {
    this.plain = false
    this.sink.leaf(at, text)
  }

  private empty(at: Tag): void {
    this.sink.leaf(at, '')
  }
}
