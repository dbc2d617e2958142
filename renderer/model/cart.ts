// What the change cart holds and how a node's value is typed: commands as data, odd values allowed, advice beside them. Pure.
import type { Cart, OrderRow, QueuedCommand, TreeDescription, TreeNode } from '../../core/api.ts'
import { status } from '../../core/syncml/codes.ts'
import { tone } from './words.ts'

export type Kind = QueuedCommand['kind']
export const KINDS: readonly Kind[] = ['Get', 'Replace', 'Add', 'Delete', 'Exec', 'Copy']
export const FORMATS = ['chr', 'int', 'bool', 'b64', 'bin', 'xml', 'date', 'time', 'float', 'null', 'node'] as const
/** Properties a server may ask for, and those it may replace (TND). */
export const PROPERTIES = ['ACL', 'Format', 'Name', 'Size', 'Title', 'TStamp', 'Type', 'VerNo'] as const
export const WRITABLE: readonly string[] = ['ACL', 'Name', 'Title']

/** A command in the cart, with a key of its own so that it can be moved about. */
export interface Entry {
  readonly key: number
  readonly command: QueuedCommand
}

/** What a command form says. `property` '' means the value itself. */
export interface Form {
  readonly kind: Kind
  readonly uri: string
  readonly property: string
  /** Add: name of the child. Copy: where to. */
  readonly name: string
  readonly format: string
  readonly type: string
  readonly data: string
}

/** Whether a kind of command carries data. */
export const carries = (kind: Kind): boolean => kind === 'Add' || kind === 'Replace' || kind === 'Exec'

/** A segment as it stands in a URI: only what would break it is escaped. */
export const segment = (name: string): string => name.replace(/[%/?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** URI of a child. */
export const childUri = (uri: string, name: string): string => `${uri === '.' ? '.' : uri}/${segment(name)}`

/** The command a form stands for. Nothing is refused: a lab must be able to send wrong things. */
export function commandOf(form: Form): QueuedCommand {
  const property = form.property === '' ? '' : `?prop=${form.property}`
  switch (form.kind) {
    case 'Get':
    case 'Delete':
      return { kind: form.kind, locUri: form.uri + property }
    case 'Copy':
      return { kind: 'Copy', locUri: form.name, source: form.uri }
    case 'Exec':
      return { kind: 'Exec', locUri: form.uri, ...(form.data === '' ? {} : body(form)) }
    case 'Add': {
      const locUri = childUri(form.uri, form.name)
      return form.format === 'node'
        ? { kind: 'Add', locUri, format: 'node', ...(form.type === '' ? {} : { type: form.type }) }
        : { kind: 'Add', locUri, ...body(form) }
    }
    case 'Replace':
      // Properties carry no Meta (TND 7.7).
      return property === ''
        ? { kind: 'Replace', locUri: form.uri, ...body(form) }
        : { kind: 'Replace', locUri: form.uri + property, data: form.data }
  }
}

function body({ format, type, data }: Form): Pick<QueuedCommand, 'format' | 'type' | 'data'> {
  return { ...(format === '' || format === 'chr' ? {} : { format }), ...(type === '' || type === 'text/plain' ? {} : { type }), data }
}

/** A form filled from what is known of a node and what its DDF says. */
export function formFor(kind: Kind, node: TreeNode, description: TreeDescription | null): Form {
  const format = node.format === 'node' && kind !== 'Add' ? 'node' : kind === 'Add' ? 'chr' : node.format || description?.formats[0] || 'chr'
  const whole = node.value !== null && node.value.length === node.size
  return {
    kind,
    uri: node.uri,
    property: kind === 'Replace' && node.kind === 'interior' ? 'ACL' : '',
    name: kind === 'Copy' ? `${node.uri}-copy` : '',
    format,
    type: kind === 'Add' ? '' : node.type || description?.types[0] || '',
    data: kind === 'Replace' && whole ? (node.value ?? '') : '',
  }
}

/** Which input suits a format, or `text` where the value at hand does not fit it. */
export type Widget = 'text' | 'lines' | 'bool' | 'number' | 'date' | 'time' | 'octets' | 'xml' | 'none'

/** The input for a value of this format. */
export function widgetFor(format: string, value: string): Widget {
  switch (format) {
    case 'bool':
      return value === '' || value === 'true' || value === 'false' ? 'bool' : 'text'
    case 'int':
      return value === '' || /^[+-]?\d+$/.test(value) ? 'number' : 'text'
    case 'date':
      return value === '' || toPicker('date', value) !== '' ? 'date' : 'text'
    case 'time':
      return value === '' || toPicker('time', value) !== '' ? 'time' : 'text'
    case 'bin':
    case 'b64':
      return 'octets'
    case 'xml':
      return 'xml'
    case 'null':
    case 'node':
      return 'none'
    default:
      return value.length > 60 || value.includes('\n') ? 'lines' : 'text'
  }
}

/** A date or time of the tree in the spelling of an input of that type; '' where it is none. */
export function toPicker(format: 'date' | 'time', value: string): string {
  const found = format === 'date' ? /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(value) : /^(\d{2}):?(\d{2}):?(\d{2})$/.exec(value)
  if (found === null) return ''
  return `${found[1]}${format === 'date' ? '-' : ':'}${found[2]}${format === 'date' ? '-' : ':'}${found[3]}`
}

/** What an input of type date or time gave, in the spelling the node had before: basic where it was basic. */
export function fromPicker(format: 'date' | 'time', picked: string, before: string): string {
  const whole = format === 'time' && /^\d{2}:\d{2}$/.test(picked) ? `${picked}:00` : picked
  return /^\d+$/.test(before) ? whole.replace(/[-:]/g, '') : whole
}

/** What is odd about a value for its format, in words; '' where nothing is. It is sent all the same. */
export function advice(format: string, data: string): string {
  // Nothing typed yet says nothing; what is missing then is remarked on in the cart.
  if (data === '') return ''
  if (format === 'bool' && data !== 'true' && data !== 'false') return 'A bool is true or false; this is sent as typed.'
  if (format === 'int' && !/^[+-]?\d{1,10}$/.test(data)) return 'An int is a whole number of 32 bits; this is sent as typed.'
  if (format === 'float' && !/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(data)) return 'A float is a decimal number; this is sent as typed.'
  if (format === 'date' && toPicker('date', data) === '') return 'A date is YYYY-MM-DD or YYYYMMDD; this is sent as typed.'
  if (format === 'time' && toPicker('time', data.replace(/Z$/, '')) === '') return 'A time is hh:mm:ss or hhmmss; this is sent as typed.'
  if ((format === 'bin' || format === 'b64') && octets(data) === null) return 'Octets are typed as base64 here; this is sent as typed.'
  if (format === 'null') return 'The format null has no data; this is sent as typed.'
  return ''
}

/** Base64 as octets; null where it is none. */
export function octets(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    const text = atob(base64.replace(/\s+/g, ''))
    return Uint8Array.from(text, (c) => c.charCodeAt(0))
  } catch {
    return null
  }
}

/** Octets as base64. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(text)
}

/** One line for a command: `Replace ./A/B?prop=ACL = Get=*`. */
export function line(command: QueuedCommand): string {
  const from = command.kind === 'Copy' && command.source !== undefined ? `${command.source} to ` : ''
  return `${command.kind} ${from}${command.locUri}`
}

/** The entries with one moved by `step` places. */
export function moved(entries: readonly Entry[], key: number, step: number): readonly Entry[] {
  const at = entries.findIndex((entry) => entry.key === key)
  const to = Math.max(0, Math.min(entries.length - 1, at + step))
  const one = entries[at]
  if (one === undefined || to === at) return entries
  const rest = entries.filter((entry) => entry !== one)
  return [...rest.slice(0, to), one, ...rest.slice(to)]
}

/** What the sending of a cart does, in words. */
export function plan(cart: Cart): string {
  const n = cart.commands.length
  const how = cart.mode === 'atomic' ? 'all or nothing' : cart.mode === 'sequence' ? 'in this order' : n === 1 ? 'by itself' : 'each by itself'
  return `${n} ${n === 1 ? 'command' : 'commands'}, ${how}, ${cart.when === 'wake now' ? 'the device is woken now' : 'at its next session'}`
}

/** What came of one command: a word and a tone for a chip, the code (0 none) and a sentence. */
export interface Outcome {
  readonly kind: string
  readonly word: string
  readonly tone: '' | 'good' | 'warn' | 'bad' | 'accent'
  readonly code: number
  readonly text: string
}

const sentence = (text: string): string => (text === '' ? '' : `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`)

/** The outcome of command `index` of an order. */
export function outcome(order: OrderRow, index: number): Outcome {
  const command = order.commands[index]
  const kind = command?.kind ?? ''
  const code = command?.code ?? 0
  if (code === 0) {
    const word = order.state === 'done' || order.state === 'failed' ? 'no status' : order.state
    const tones = { queued: 'accent', sent: 'accent', done: 'warn', failed: 'bad', unknown: 'warn' } as const
    const text = {
      queued: 'Waits for the next session of the device.',
      sent: 'Sent; its Status has not come yet.',
      done: 'The order is done, but no Status named this command.',
      failed: 'The order failed before a Status named this command.',
      unknown: 'Sent, and the session ended without a Status: what the device did is not known.',
    }[order.state]
    return { kind, word, tone: tones[order.state], code, text: command?.why || text }
  }
  const known = status(code)
  const of = tone(String(code))
  const text = [
    known === undefined ? `${code}: no document defines this code.` : `${code} ${known.name}. ${known.meaning}`,
    sentence((command?.why ?? '').replace(/^\d{3}: /, '')),
  ]
  return {
    kind,
    word: String(code),
    tone: of === 'good' ? 'good' : of === 'bad' ? 'bad' : of === 'ask' ? 'warn' : 'accent',
    code,
    text: text.filter((one) => one !== '').join(' '),
  }
}

/** The newest outcome for each node; a property's command counts for its node. `orders` newest first. */
export function outcomes(orders: readonly OrderRow[]): ReadonlyMap<string, Outcome> {
  const out = new Map<string, Outcome>()
  for (const order of orders) {
    for (let i = order.commands.length - 1; i >= 0; i--) {
      const uri = order.commands[i]?.locUri.split('?')[0] ?? ''
      if (!out.has(uri)) out.set(uri, outcome(order, i))
    }
  }
  return out
}
