// Reads XML messages of the usual form straight into what they say, in one pass and without a tree. Whatever is not usual it leaves to the codec, which knows all.
import { codeOf, type Open } from './parts.ts'
import type { Address, Alert, Chal, Command, Cred, Item, ItemCommand, Message, Meta, Results, Status, SyncHdr } from './message.ts'
import { trim } from './text.ts'
import { UNUSUAL, UsualCursor } from './usualcursor.ts'

/** Octets of the longest message that is looked at; no limit of the codec is reached by fewer. */
const MOST = 65_536

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const DECLARATIONS = ['UTF-8', 'utf-8'].map((name) => octets(`<?xml version="1.0" encoding="${name}"?>`))
const OF_SYNCML = ['SYNCML:SYNCML1.2', 'SYNCML:SYNCML1.1'].map(octets)
const OF_METINF = ['syncml:metinf'].map(octets)

const NOTHING: readonly never[] = Object.freeze([])
/** Takes the place of an address that was not read yet. */
const NOWHERE: Address = { locUri: '' }

/** What the codec decodes these octets to, where it would find nothing to remark; null where it might, or where the message is not of the usual form. */
export function usualMessage(bytes: Uint8Array): Message | null {
  if (bytes.length > MOST) return null
  try {
    return new Usual(bytes).message()
  } catch (error) {
    if (error === UNUSUAL) return null
    throw error
  }
}

/** One message. */
class Usual extends UsualCursor {
  message(): Message {
    for (const declaration of DECLARATIONS) if (this.has(declaration)) this.pos = declaration.length
    if (this.child() !== 'SyncML') throw UNUSUAL
    const start = this.start
    this.namespace(OF_SYNCML)
    this.enter()
    if (this.child() !== 'SyncHdr') throw UNUSUAL
    const header = this.header()
    if (this.child() !== 'SyncBody') throw UNUSUAL
    const body = this.enter()
    const commands: Command[] = []
    let final = false
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'Final') final = this.empty()
      else commands.push(this.command(name))
    }
    this.leave(body)
    if (this.child() !== '') throw UNUSUAL
    this.leave(start)
    const next = this.bytes[this.pos]
    if (next === 0x0a || next === 0x0d) this.blanks()
    if (this.pos !== this.bytes.length) throw UNUSUAL
    return { header, commands, final }
  }

  private header(): SyncHdr {
    const start = this.enter()
    const header: Open<SyncHdr> = { verDtd: '', verProto: '', sessionId: '', msgId: '', target: NOWHERE, source: NOWHERE, start: start - 1, end: 0 }
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'VerDTD' && header.verDtd === '') header.verDtd = this.word()
      else if (name === 'VerProto' && header.verProto === '') header.verProto = this.word()
      else if (name === 'SessionID' && header.sessionId === '') header.sessionId = this.word()
      else if (name === 'MsgID' && header.msgId === '') header.msgId = this.word()
      else if (name === 'Target' && header.target === NOWHERE) header.target = this.address()
      else if (name === 'Source' && header.source === NOWHERE) header.source = this.address()
      else if (name === 'Cred' && header.cred === undefined) header.cred = this.cred()
      else if (name === 'Meta' && header.meta === undefined) header.meta = this.meta()
      else if (name === 'RespURI' && header.respUri === undefined) header.respUri = this.word()
      else throw UNUSUAL
    }
    header.end = this.leave(start)
    if (header.verDtd === '' || header.verProto === '' || header.sessionId === '' || header.msgId === '') throw UNUSUAL
    if (header.target === NOWHERE || header.source === NOWHERE) throw UNUSUAL
    return header
  }

  private command(name: string): Command {
    switch (name) {
      case 'Status':
        return this.status()
      case 'Alert':
        return this.alert()
      case 'Results':
        return this.results()
      case 'Replace':
      case 'Add':
      case 'Get':
      case 'Delete':
      case 'Copy':
        return this.itemCommand(name)
      default:
        throw UNUSUAL
    }
  }

  private status(): Status {
    const start = this.enter()
    let cmdId = ''
    let msgRef = ''
    let cmdRef = ''
    let cmd = ''
    let targetRefs: readonly string[] = NOTHING
    let sourceRefs: readonly string[] = NOTHING
    let items: readonly Item[] = NOTHING
    let data: string | undefined
    let chal: Chal | undefined
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'CmdID' && cmdId === '') cmdId = this.word()
      else if (name === 'MsgRef' && msgRef === '') msgRef = this.word()
      else if (name === 'CmdRef' && cmdRef === '') cmdRef = this.word()
      else if (name === 'Cmd' && cmd === '') cmd = this.word()
      else if (name === 'TargetRef') targetRefs = more(targetRefs, this.word())
      else if (name === 'Data' && data === undefined) data = this.text()
      else if (name === 'SourceRef') sourceRefs = more(sourceRefs, this.word())
      else if (name === 'Item') items = more(items, this.item())
      else if (name === 'Chal' && chal === undefined) chal = this.chal()
      else throw UNUSUAL
    }
    const end = this.leave(start)
    const code = data === undefined ? NaN : codeOf(data)
    if (data === undefined || Number.isNaN(code) || cmdId === '' || msgRef === '' || cmdRef === '' || cmd === '') throw UNUSUAL
    const status: Status = { kind: 'Status', cmdId, msgRef, cmdRef, cmd, targetRefs, sourceRefs, code, items, start: start - 1, end, data }
    return chal === undefined ? status : { ...status, chal }
  }

  private results(): Results {
    const start = this.enter()
    const items: Item[] = []
    const results: Open<Results> = { kind: 'Results', cmdId: '', msgRef: '', cmdRef: '', items, start: start - 1, end: 0 }
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'CmdID' && results.cmdId === '') results.cmdId = this.word()
      else if (name === 'MsgRef' && results.msgRef === '') results.msgRef = this.word()
      else if (name === 'CmdRef' && results.cmdRef === '') results.cmdRef = this.word()
      else if (name === 'TargetRef' && results.targetRef === undefined) results.targetRef = this.word()
      else if (name === 'SourceRef' && results.sourceRef === undefined) results.sourceRef = this.word()
      else if (name === 'Meta' && results.meta === undefined) results.meta = this.meta()
      else if (name === 'Item') items.push(this.item())
      else throw UNUSUAL
    }
    results.end = this.leave(start)
    if (results.cmdId === '' || results.msgRef === '' || results.cmdRef === '') throw UNUSUAL
    return results
  }

  private alert(): Alert {
    const start = this.enter()
    const items: Item[] = []
    let cmdId = ''
    let data: string | undefined
    let meta: Meta | undefined
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'CmdID' && cmdId === '') cmdId = this.word()
      else if (name === 'Data' && data === undefined) data = this.text()
      else if (name === 'Meta' && meta === undefined) meta = this.meta()
      else if (name === 'Item') items.push(this.item())
      else throw UNUSUAL
    }
    const end = this.leave(start)
    const code = data === undefined ? NaN : codeOf(data)
    if (data === undefined || Number.isNaN(code) || cmdId === '') throw UNUSUAL
    const alert: Alert = { kind: 'Alert', cmdId, code, items, start: start - 1, end, data }
    return meta === undefined ? alert : { ...alert, meta }
  }

  private itemCommand(kind: ItemCommand['kind']): ItemCommand {
    const start = this.enter()
    const items: Item[] = []
    const command: Open<ItemCommand> = { kind, cmdId: '', items, start: start - 1, end: 0 }
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'Item') items.push(this.item())
      else if (name === 'CmdID' && command.cmdId === '') command.cmdId = this.word()
      else if (name === 'Meta' && command.meta === undefined) command.meta = this.meta()
      else throw UNUSUAL
    }
    command.end = this.leave(start)
    if (command.cmdId === '' || items.length === 0) throw UNUSUAL
    return command
  }

  private item(): Item {
    const start = this.enter()
    const item: Open<Item> = { start: start - 1, end: 0 }
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'Source' && item.source === undefined) item.source = this.address()
      else if (name === 'Target' && item.target === undefined) item.target = this.address()
      else if (name === 'Data' && item.data === undefined) item.data = this.text()
      else if (name === 'Meta' && item.meta === undefined) item.meta = this.meta()
      else if (name === 'MoreData') item.moreData = this.empty()
      else throw UNUSUAL
    }
    item.end = this.leave(start)
    return item
  }

  private address(): Address {
    const start = this.enter()
    let locUri: string | undefined
    let locName: string | undefined
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'LocURI' && locUri === undefined) locUri = this.word()
      else if (name === 'LocName' && locName === undefined) locName = this.word()
      else throw UNUSUAL
    }
    const end = this.leave(start)
    if (locUri === undefined) throw UNUSUAL
    return locName === undefined ? { locUri, start: start - 1, end } : { locUri, locName, start: start - 1, end }
  }

  private cred(): Cred {
    const start = this.enter()
    let meta: Meta | undefined
    let data: string | undefined
    for (let name = this.child(); name !== ''; name = this.child()) {
      if (name === 'Meta' && meta === undefined) meta = this.meta()
      else if (name === 'Data' && data === undefined) data = this.text()
      else throw UNUSUAL
    }
    const end = this.leave(start)
    if (data === undefined) throw UNUSUAL
    return meta === undefined ? { data, start: start - 1, end } : { data, meta, start: start - 1, end }
  }

  private chal(): Chal {
    const start = this.enter()
    if (this.child() !== 'Meta') throw UNUSUAL
    const meta = this.meta()
    if (this.child() !== '') throw UNUSUAL
    return { meta, start: start - 1, end: this.leave(start) }
  }

  private meta(): Meta {
    const start = this.enter()
    const meta: Open<Meta> = { start: start - 1, end: 0 }
    for (let name = this.child(); name !== ''; name = this.child()) {
      this.namespace(OF_METINF)
      if (name === 'Format' && meta.format === undefined) meta.format = this.word()
      else if (name === 'Type' && meta.type === undefined) meta.type = this.word()
      else if (name === 'Size' && meta.size === undefined) meta.size = this.number()
      else if (name === 'MaxMsgSize' && meta.maxMsgSize === undefined) meta.maxMsgSize = this.number()
      else if (name === 'MaxObjSize' && meta.maxObjSize === undefined) meta.maxObjSize = this.number()
      else if (name === 'NextNonce' && meta.nextNonce === undefined) meta.nextNonce = { text: trim(this.text()) }
      else if (name === 'Mark' && meta.mark === undefined) meta.mark = this.word()
      else throw UNUSUAL
    }
    meta.end = this.leave(start)
    return meta
  }
}

function more<T>(list: readonly T[], one: T): readonly T[] {
  return list === NOTHING ? [one] : [...list, one]
}
