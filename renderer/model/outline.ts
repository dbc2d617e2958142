// The element tree as a flat list of lines to show, each with a short sense of what it says. Pure.
import type { Element } from '../../core/syncml/element.ts'
import { alert, alertType, status, type Code } from '../../core/syncml/codes.ts'
import { childrenOf } from './document.ts'
import { count, visible } from './words.ts'

export interface OutlineRow {
  /** Child indices joined by dots; '' is the root. */
  readonly key: string
  readonly depth: number
  readonly element: Element
  readonly open: boolean
  readonly hasChildren: boolean
  /** Value of a leaf, ready to show. */
  readonly value: string
  /** What the element amounts to, for containers; in faint type. */
  readonly sense: string
  /** What a code means, in words. */
  readonly explain: string
  readonly tone: string
}

const COMMANDS = new Set(['Add', 'Replace', 'Delete', 'Get', 'Exec', 'Copy', 'Alert', 'Status', 'Results', 'Atomic', 'Sequence'])

const child = (element: Element | undefined, name: string): Element | undefined => element?.children.find((one) => one.name === name)
const text = (element: Element | undefined, ...names: string[]): string => names.reduce<Element | undefined>(child, element)?.text.trim() ?? ''

/** What an element amounts to: `#4 ./DevDetail/FwV` for a Get, `212 for SyncHdr of message 1` for a Status. */
export function sense(element: Element): string {
  const items = element.children.filter((one) => one.name === 'Item')
  const uri = (item: Element | undefined): string => text(item, 'Target', 'LocURI') || text(item, 'Source', 'LocURI')
  switch (element.name) {
    case 'SyncHdr':
      return `session ${text(element, 'SessionID')}, message ${text(element, 'MsgID')}, ${text(element, 'VerProto')}`
    case 'SyncBody':
      return `${count(commandsIn(element), 'command')}${child(element, 'Final') === undefined ? ', no Final: more follow in this package' : ''}`
    case 'Status':
      return `${text(element, 'Data')} for ${text(element, 'Cmd') || 'command'} ${text(element, 'CmdRef')} of message ${text(element, 'MsgRef')}`
    case 'Alert':
      return [text(element, 'Data'), alert(Number(text(element, 'Data')))?.name ?? ''].filter((one) => one !== '').join(' ')
    case 'Item':
      return [uri(element), short(text(element, 'Data'))].filter((one) => one !== '').join(' = ')
    case 'Target':
    case 'Source':
      return text(element, 'LocURI')
    case 'Cred':
    case 'Chal':
      return text(element, 'Meta', 'Type')
    case 'Atomic':
    case 'Sequence':
      return count(commandsIn(element), 'command')
    default:
      if (!COMMANDS.has(element.name)) return ''
      return items.length > 1
        ? `${items.length} items, ${uri(items[0])} …`
        : `${uri(items[0])}${text(items[0], 'Data') === '' ? '' : ` = ${short(text(items[0], 'Data'))}`}`
  }
}

const commandsIn = (element: Element): number => element.children.filter((one) => COMMANDS.has(one.name)).length
const short = (value: string): string => visible(value.length > 60 ? `${value.slice(0, 59)}…` : value)

/** What a code in a leaf means: Status and Alert Data, CmdRef 0, Final and MoreData. */
export function explain(element: Element, parent: Element | undefined): { readonly explain: string; readonly tone: string } {
  const none = { explain: '', tone: '' }
  if (element.name === 'Data' && parent?.name === 'Status') {
    const code = Number(element.text.trim())
    return {
      explain: status(code)?.name ?? 'not a code of the standard',
      tone: code === 401 || code === 407 ? 'ask' : code >= 400 || Number.isNaN(code) ? 'bad' : code >= 200 ? 'good' : 'info',
    }
  }
  if (element.name === 'Data' && parent?.name === 'Alert')
    return { explain: alert(Number(element.text.trim()))?.name ?? 'not a code of the standard', tone: 'info' }
  const type = element.name === 'Type' ? alertType(element.text) : undefined
  if (type !== undefined) return { explain: `${type.enabler}: ${type.meaning}`, tone: 'info' }
  if (element.name === 'CmdRef' && element.text.trim() === '0') return { explain: 'the SyncHdr itself', tone: 'info' }
  if (element.name === 'Final') return { explain: 'last message of its package', tone: 'info' }
  if (element.name === 'MoreData') return { explain: 'a chunk; the object goes on in the next message', tone: 'info' }
  if (element.token !== undefined)
    return { explain: `no table names code 0x${element.token.code.toString(16).toUpperCase()} on page ${element.token.page}`, tone: 'warn' }
  return none
}

/** The code that an element is about, for the card: a Status or Alert, or the Data inside one. */
export function codeOf(element: Element, parent: Element | undefined): Code | undefined {
  const command = element.name === 'Data' ? parent : element
  const number = Number(text(command, 'Data'))
  return command?.name === 'Status' ? status(number) : command?.name === 'Alert' ? alert(number) : undefined
}

function value(element: Element): string {
  if (element.embedded !== undefined) return `embedded document, ${element.opaque?.length ?? 0} bytes`
  if (element.opaque !== undefined)
    return `${element.opaque.length} bytes: ${[...element.opaque.subarray(0, 24)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}${element.opaque.length > 24 ? ' …' : ''}`
  const shown =
    element.text.length > 2000 ? `${element.text.slice(0, 2000)}… (${element.text.length.toLocaleString('en')} characters, all in Raw)` : element.text
  return visible(shown.replace(/\s*\n\s*/g, ' '))
}

/** How many elements a tree has, counted up to `most`. */
export function size(root: Element, most: number): number {
  let n = 0
  const stack = [root]
  while (stack.length > 0 && n < most) {
    n += 1
    stack.push(...childrenOf(stack.pop() as Element))
  }
  return n
}

/**
 * Flattens what is open. `flipped` holds the keys whose state differs from the first one: open, save for commands and what
 * is deeper in trees of more than `large` elements.
 */
export function outline(root: Element, flipped: ReadonlySet<string>, large = 400): readonly OutlineRow[] {
  const out: OutlineRow[] = []
  const big = size(root, large + 1) > large
  const walk = (element: Element, parent: Element | undefined, key: string, depth: number): void => {
    const children = childrenOf(element)
    const open = children.length > 0 && (big && depth >= 2) === flipped.has(key)
    const words = explain(element, parent)
    out.push({
      key,
      depth,
      element,
      open,
      hasChildren: children.length > 0,
      value: children.length > 0 && element.embedded === undefined ? '' : value(element),
      sense: sense(element),
      ...words,
    })
    if (open) children.forEach((one, i) => walk(one, element, key === '' ? String(i) : `${key}.${i}`, depth + 1))
  }
  walk(root, undefined, '', 0)
  return out
}

/** Keys that must be open for the element at `path` to be seen. */
export function ancestors(path: readonly number[]): readonly string[] {
  return path.map((_, i) => path.slice(0, i).join('.'))
}
