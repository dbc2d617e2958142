// The parts that commands share, from their elements: Item, Target, Meta, Cred, Data; padding trimmed, what has no field kept and told.
import type { Element } from './element.ts'
import type { Address, Chal, Cred, Data, Item, Meta, NonceText } from './message.ts'
import type { Findings } from './reading.ts'
import { base64, dataText, fromBase64, trim, utf8Lossy } from './text.ts'

/** A type while its value is being put together. */
export type Open<T> = { -readonly [K in keyof T]: T[K] }

/** Reads parts of one message and takes its findings. */
export class Parts {
  private readonly findings: Findings

  constructor(findings: Findings) {
    this.findings = findings
  }

  /** One Item. */
  item(element: Element): Item {
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

  /** Target or Source. */
  address(element: Element): Address {
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

  /** Credentials. */
  cred(element: Element): Cred {
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

  /** A challenge; without Meta it is empty. */
  chal(element: Element): Chal {
    let meta: Meta | undefined
    for (const child of element.children) {
      if (child.name === 'Meta' && meta === undefined) meta = this.meta(child)
      else this.stray(element, child)
    }
    if (meta === undefined) this.need('', element, 'Meta')
    return { meta: meta ?? {}, start: element.start, end: element.end }
  }

  /** MetInf children of a Meta. */
  meta(element: Element): Meta {
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
  data(element: Element): Data {
    if (element.children.length > 0) {
      if (element.text !== '')
        this.tell('msg.data.mixed', 'warn', 'SML', 'Data', 'Data mixes text and elements; the text is kept in the tree only', element)
      return element.children
    }
    if (element.opaque !== undefined && element.text === '') return element.opaque
    return element.text
  }

  /** Text of a field whose surrounding padding means nothing. */
  word(element: Element): string {
    const text = textOf(element)
    const trimmed = trim(text)
    if (trimmed.length !== text.length) {
      this.tell('msg.padding', 'chat', 'INFERRED', 'INFERRED', `${element.name} has white space or NUL around its value`, element)
    }
    if (element.children.length > 0) this.stray(element, element.children[0] as Element)
    return trimmed
  }

  /** Tells a required part that is missing or empty. */
  need(value: string, element: Element, name: string): void {
    if (value !== '') return
    this.tell(`msg.${name.toLowerCase()}.missing`, 'warn', 'SML', 'DTD', `${element.name} without ${name}`, element)
  }

  /** Adds a child that has no field to those kept, and tells it. */
  keep(parent: Element, child: Element, other: readonly Element[] | undefined, rule = 'msg.child', text?: string): readonly Element[] {
    this.tell(rule, 'note', 'SML', 'DTD', text ?? `${child.name} does not belong into ${parent.name}, or is there twice; kept as it is`, child)
    if (other === undefined) return [child]
    ;(other as Element[]).push(child)
    return other
  }

  /** Tells a child that is left out of the message (the tree has it). */
  stray(parent: Element, child: Element): void {
    this.tell('msg.child.ignored', 'note', 'SML', 'DTD', `${child.name} does not belong into ${parent.name}; ignored`, child)
  }

  /** Adds a finding about an element. */
  tell(rule: string, severity: 'chat' | 'note' | 'warn', document: string, clause: string, text: string, at: Element): void {
    this.findings.add(rule, severity, document, clause, text, at.start, at.end - at.start)
  }
}

/** Text directly inside; octets are read as UTF-8. */
export function textOf(element: Element): string {
  return element.opaque !== undefined && element.text === '' ? utf8Lossy(element.opaque) : element.text
}

/** A decimal number of up to 15 digits, NaN for anything else. */
export function codeOf(data: Data): number {
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
