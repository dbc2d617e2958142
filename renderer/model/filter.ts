// The plain filter over trace rows: words and field:value terms, all of which must hold. Replaceable by anything with this `Filter` shape.
import type { TraceRow } from '../../core/api.ts'

/** A filter as the list uses it. */
export interface Filter {
  readonly text: string
  /** What it lets through, as a sentence; '' for the empty filter. */
  readonly words: string
  /** Why it could not be read; '' where it could. */
  readonly error: string
  test(row: TraceRow): boolean
}

/** Fields that a term may name, with what they are called in the sentence. */
export const FIELDS: Readonly<Record<string, { readonly say: string; read(row: TraceRow): string }>> = {
  cmd: { say: 'a command', read: (row) => row.commands.join('\n') },
  status: { say: 'a status', read: (row) => (row.httpStatus >= 300 ? [...row.statuses, String(row.httpStatus)] : row.statuses).join('\n') },
  uri: { say: 'the target', read: (row) => row.target },
  device: { say: 'the device', read: (row) => row.device },
  session: { say: 'the session id', read: (row) => row.sessionId },
  msgid: { say: 'the message id', read: (row) => row.msgId },
  pkg: { say: 'the package', read: (row) => row.package },
  dir: { say: 'the direction', read: (row) => row.direction },
  hop: { say: 'the hop', read: (row) => row.hop },
  codec: { say: 'the encoding', read: (row) => row.encoding },
  kind: { say: 'the kind', read: (row) => row.kind },
  lint: { say: 'the severest finding', read: (row) => row.severity },
  held: { say: 'the hold state', read: (row) => row.hold },
  text: { say: 'the text', read: (row) => row.text },
}

/** Fields compared whole, not by a part. */
const WHOLE = new Set(['dir', 'hop', 'codec', 'kind', 'session', 'msgid', 'pkg'])

const ALL = (row: TraceRow): string =>
  [
    row.commands.join('\n'),
    row.statuses.join('\n'),
    row.target,
    row.device,
    row.sessionId,
    row.package,
    row.text,
    row.hop,
    row.kind,
    `#${row.seq}`,
    row.httpStatus === 0 ? '' : String(row.httpStatus),
  ].join('\n')

interface Term {
  readonly not: boolean
  readonly field: string
  readonly value: string
}

/** Reads a filter. Never throws; an unreadable one lets everything through and says why in `error`. */
export function readFilter(text: string): Filter {
  const terms: Term[] = []
  let error = ''
  const pattern = /([!-]?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giy
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at += 1
      continue
    }
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) {
      error = `Nothing can be read at position ${at + 1}.`
      break
    }
    const [whole, not = '', name = '', quoted, bare] = match
    const field = name.toLowerCase()
    const known = field === '' || Object.hasOwn(FIELDS, field)
    const value = (known ? (quoted ?? bare ?? '') : whole.slice(not.length)).toLowerCase()
    if (quoted !== undefined && !whole.endsWith('"')) error = `The quotation mark at position ${at + whole.indexOf('"') + 1} is not closed.`
    if (value !== '') terms.push({ not: not !== '', field: known ? field : '', value })
    at += whole.length
  }
  const usable = error === '' ? terms : []
  return {
    text,
    error,
    words: usable.length === 0 ? '' : `Rows where ${usable.map(sentence).join(', and ')}.`,
    test: (row) => usable.every((term) => holds(term, row) !== term.not),
  }
}

function holds(term: Term, row: TraceRow): boolean {
  const field = FIELDS[term.field]
  if (field === undefined) return ALL(row).toLowerCase().includes(term.value)
  const value = field.read(row).toLowerCase()
  if (term.field === 'pkg') return value === term.value || value === `#${term.value}`
  if (term.field === 'status') return value.split('\n').some((one) => one.startsWith(term.value.replace(/x+$/, '')) && value !== '')
  return WHOLE.has(term.field) ? value === term.value : value.includes(term.value)
}

function sentence(term: Term): string {
  const field = FIELDS[term.field]
  const value = `“${term.value}”`
  if (field === undefined) return term.not ? `nothing shown contains ${value}` : `anything shown contains ${value}`
  if (term.field === 'status') return `${field.say} ${term.not ? 'never begins' : 'begins'} with ${value.replace(/x+”$/, '”')}`
  const verb = WHOLE.has(term.field) ? (term.not ? 'is not' : 'is') : term.not ? 'does not contain' : 'contains'
  return `${field.say} ${verb} ${value}`
}
