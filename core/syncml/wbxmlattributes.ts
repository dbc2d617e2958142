// Attribute lists of WBXML: kept for client provisioning, which has tables for them, skipped with every check for all others.
import { hex, type Node, type Recorder } from './reading.ts'
import { provAttribute, provValue } from './prov.ts'
import type { WbxmlCursor } from './wbxmlcursor.ts'

/** Reads attribute lists; the attribute code page is a state of its own (WBXML 5.8.1). */
export class WbxmlAttributes {
  private readonly cursor: WbxmlCursor
  private readonly recorder: Recorder | null
  private page = 0

  constructor(cursor: WbxmlCursor, recorder: Recorder | null) {
    this.cursor = cursor
    this.recorder = recorder
  }

  /** Reads up to and with END. `node` takes the attributes; null skips them. */
  list(at: number, node: Node | null, kind: 'attribute' | 'instruction'): void {
    const { cursor } = this
    let current: [string, string] | null = null
    let count = 0
    for (;;) {
      if (cursor.pos >= cursor.end) cursor.fail(`the document ends inside the ${kind} list`, at)
      const from = cursor.pos
      const octet = cursor.bytes[cursor.pos++] as number
      if (octet === 0x01) break
      if (octet === 0x00) {
        if (cursor.pos >= cursor.end) cursor.fail('the document ends inside SWITCH_PAGE', from)
        this.page = cursor.bytes[cursor.pos++] as number
      } else if (octet < 0x80 && octet !== 0x02 && octet !== 0x03 && (octet < 0x40 || octet > 0x43)) {
        if (++count > cursor.limits.attributes) cursor.fail(`more than ${String(cursor.limits.attributes)} attributes`, from)
        current = this.start(octet, from, node)
      } else {
        const value = this.value(octet, from, node !== null)
        if (current !== null) current[1] += value
        else if (node !== null) cursor.fail('attribute value before any attribute name', from)
      }
    }
    this.recorder?.add(kind, at, cursor.pos, kind === 'attribute' ? 'attributes' : 'processing instruction', this.page)
  }

  private start(octet: number, at: number, node: Node | null): [string, string] | null {
    const { cursor } = this
    let pair: readonly [string, string]
    if (octet === 0x04) {
      const index = cursor.mb('LITERAL index')
      cursor.checkIndex(index, at)
      pair = node === null ? ['', ''] : [cursor.tableText(cursor.tableRange(index, at), at), '']
    } else pair = provAttribute(this.page, octet)
    if (node === null) return null
    cursor.spend(pair[1].length, at)
    const attribute: [string, string] = [pair[0], pair[1]]
    node.attributes ??= []
    node.attributes.push(attribute)
    return attribute
  }

  private value(octet: number, at: number, wanted: boolean): string {
    const { cursor } = this
    if (octet === 0x03) {
      const start = cursor.pos
      const end = cursor.inlineEnd(at)
      return wanted ? cursor.tableText({ start, end }, at) : ''
    }
    // Older provisioning documents write ",", HTTP-, BASIC and DIGEST as 80 to 83, where WBXML has global tokens; without a string table 83 is no STR_T.
    if (this.page === 1 && octet >= 0x80 && octet <= (cursor.tableless ? 0x83 : 0x82)) return provValue(this.page, octet)
    if (octet === 0x83) {
      const index = cursor.mb('string table offset')
      cursor.checkIndex(index, at)
      return wanted ? cursor.tableText(cursor.tableRange(index, at), at) : ''
    }
    if (octet === 0x02) {
      const point = cursor.mb('ENTITY')
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) cursor.fail(`ENTITY ${hex(point)} is no character`, at)
      return String.fromCodePoint(point)
    }
    if (octet === 0xc3) {
      const length = cursor.mb('OPAQUE length')
      if (length > cursor.end - cursor.pos) cursor.fail(`OPAQUE of ${String(length)} octets is longer than the rest of the document`, at)
      cursor.pos += length
      return wanted ? cursor.tableText({ start: cursor.pos - length, end: cursor.pos }, at) : ''
    }
    if ((octet & 0x3f) > 4) return provValue(this.page, octet)
    cursor.skipExtension(octet, at)
    return ''
  }
}
