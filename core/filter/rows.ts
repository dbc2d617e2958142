// The fields of a trace row: the table that the language, its help and its suggestions share. Cheap knowledge first, bytes only where nothing else says it.
import type { Element } from '../syncml/element.ts'
import { dataText, utf8Lossy } from '../syncml/text.ts'
import type { Command, Data, Item } from '../syncml/message.ts'
import { itemsOf, Reading, RowFacts, type Around } from './facts.ts'
import { moOf, MO_WORDS } from './mo.ts'
import { type Field, fieldsOf, type FieldType, type Schema, type Value } from './schema.ts'
import { compile, type Filter } from './evaluate.ts'
import type { TraceRow } from '../api.ts'

type RowField = Field<RowFacts>
type More = Partial<Pick<RowField, 'many' | 'needs' | 'words' | 'closed' | 'ordered' | 'normal' | 'quick' | 'whole'>>

const some = (...values: readonly (Value | undefined | null)[]): Value[] =>
  values.filter((v): v is Value => v !== undefined && v !== null && v !== '' && !Number.isNaN(v))

/** A field that the row itself holds. */
function own(name: string, type: FieldType, say: string, about: string, read: (row: TraceRow) => Value | null, extra: More = {}): RowField {
  return { name, type, say, about, many: false, needs: 'row', read: ({ row }) => some(read(row)), ...extra }
}

/** A field of the message's commands; `lacking` tells from the row that it can have no value. */
function inside(
  name: string,
  type: FieldType,
  say: string,
  about: string,
  read: (command: Command, parent: string) => readonly (Value | undefined)[],
  lacking: (row: TraceRow) => boolean,
  extra: More = {},
): RowField {
  const values = (facts: RowFacts): Value[] => facts.commands().flatMap(({ command, parent }) => some(...read(command, parent)))
  const none = ({ row, part }: RowFacts): boolean => part === null && (row.kind !== 'message' || row.encoding === '' || lacking(row))
  return {
    name,
    type,
    say,
    about,
    many: true,
    needs: 'message',
    read: (facts) => (none(facts) ? [] : values(facts)),
    quick: () => [],
    whole: none,
    ...extra,
  }
}

const names = (row: TraceRow): string[] => row.commands.map((text) => text.split(' ')[0] ?? '')
const noCommand = (row: TraceRow): boolean => row.commands.length === 0
const noStatus = (row: TraceRow): boolean => row.statuses.length === 0
const no =
  (...wanted: string[]) =>
  (row: TraceRow): boolean =>
    !names(row).some((name) => wanted.includes(name))
const metas = (command: Command): { format?: string; type?: string; size?: number }[] => [
  ...('meta' in command && command.meta !== undefined ? [command.meta] : []),
  ...itemsOf(command).flatMap(({ meta }) => meta ?? []),
]
const targets = (items: readonly Item[]): (string | undefined)[] => items.map(({ target }) => target?.locUri)
const sources = (items: readonly Item[]): (string | undefined)[] => items.map(({ source }) => source?.locUri)
/** Outside any() the row's first target settles most questions without bytes. */
const firstTarget = ({ row, part }: RowFacts): Value[] => (part === null ? some(row.target) : [])

/** Data as text; elements inside it keep their names, so that a report reads alike whether it came as text or as elements. */
function written(data: Data): string {
  return typeof data === 'string' || data instanceof Uint8Array ? dataText(data) : data.map(markup).join('')
}
function markup({ name, text, opaque, children }: Element): string {
  return `<${name}>${text}${opaque !== undefined && text === '' ? utf8Lossy(opaque) : ''}${children.map(markup).join('')}</${name}>`
}

/** How the SyncHdr was answered (212: accepted for the session, 200: for this message; 401 and 407: refused). */
function authOf(row: TraceRow): string | null {
  const first = row.statuses[0]
  if (first === '212' || first === '200') return 'accepted'
  return first === '401' || first === '407' || first === '402' ? 'refused' : null
}

/** Name of an event row: what stands before the first colon, where that is a name such as `emi.notified`. */
export function eventOf(row: TraceRow): string | null {
  return row.kind === 'event' ? (/^[a-z][\w-]*(?:\.[\w-]+)+(?=:|$)/.exec(row.text)?.[0] ?? null) : null
}

const COMMANDS = ['Add', 'Alert', 'Atomic', 'Copy', 'Delete', 'Exec', 'Get', 'Replace', 'Results', 'Sequence', 'Status']
const SEVERITIES = ['chat', 'note', 'warn', 'error']

const LIST: readonly RowField[] = [
  own('seq', 'number', 'row number', 'number of the row in this workspace', (row) => row.seq),
  own('kind', 'word', 'kind', 'message, http (no SyncML), push, connection, event', (row) => row.kind, {
    words: ['message', 'http', 'push', 'connection', 'event'],
    closed: true,
  }),
  own('dir', 'word', 'direction', 'up is towards the DM Server, down towards the device', (row) => row.direction, {
    words: ['up', 'down'],
    closed: true,
  }),
  own('hop', 'word', 'hop', 'S-D server and device, S-G server and gateway, G-D gateway and end device', (row) => row.hop, {
    words: ['S-D', 'S-G', 'G-D'],
    closed: true,
  }),
  own('device', 'text', 'device', 'id of the device, from the SyncHdr', (row) => row.device),
  own('gateway', 'text', 'gateway', 'id of the gateway, on the hop between server and gateway', (row) => (row.hop === 'S-G' ? row.device : null)),
  own('session', 'text', 'session id', 'SessionID as on the wire', (row) => row.sessionId),
  own('session.key', 'number', 'session key', 'key of the session in this workspace', (row) => (row.session === 0 ? null : row.session)),
  own('msgid', 'number', 'message id', 'MsgID', (row) => (row.msgId === '' ? null : Number(row.msgId))),
  own('pkg', 'word', 'package', 'package of the session: #0 (notification) to #4', (row) => row.package, {
    words: ['#0', '#1', '#2', '#3', '#4'],
    closed: true,
    normal: (text) => text.replace(/^(?:pkg|#)?(?=\d$)/i, '#'),
  }),
  {
    name: 'cmd',
    type: 'word',
    say: 'command',
    about: 'names of its commands, those inside Atomic and Sequence too',
    many: true,
    needs: 'row',
    words: COMMANDS,
    read: ({ row, part }) => (part !== null ? [part.name] : [...names(row), ...(row.statuses.length > 0 ? ['Status'] : [])]),
  },
  inside(
    'cmdid',
    'text',
    'CmdID',
    'CmdID of a command',
    (command) => [command.cmdId],
    (row) => noCommand(row) && noStatus(row),
  ),
  inside('parent', 'word', 'group', 'group a command stands in', (_command, parent) => [parent], no('Atomic', 'Sequence'), {
    words: ['Atomic', 'Sequence'],
    closed: true,
  }),
  inside(
    'uri',
    'text',
    'target or source URI',
    'LocURI of a Target or Source of its items',
    (command) => [...targets(itemsOf(command)), ...sources(itemsOf(command))],
    noCommand,
    { quick: firstTarget },
  ),
  inside('target', 'text', 'target URI', 'LocURI of a Target', (command) => targets(itemsOf(command)), noCommand),
  inside('source', 'text', 'source URI', 'LocURI of a Source', (command) => sources(itemsOf(command)), noCommand),
  {
    name: 'status',
    type: 'number',
    say: 'status',
    about: 'codes of its Status elements, the one for the SyncHdr first',
    many: true,
    needs: 'row',
    read: ({ row, part }) =>
      part === null ? row.statuses.flatMap((code) => (code === '' ? [] : [Number(code)])) : part.kind === 'status' ? some(part.code) : [],
  },
  inside(
    'status.cmd',
    'word',
    'answered command',
    'command that a Status answers',
    (command) => [command.kind === 'Status' ? command.cmd : undefined],
    noStatus,
    { words: [...COMMANDS, 'SyncHdr'] },
  ),
  inside(
    'status.target',
    'text',
    'TargetRef',
    'URI that a Status answers for',
    (command) => (command.kind === 'Status' ? command.targetRefs : []),
    noStatus,
  ),
  {
    name: 'alert.code',
    type: 'number',
    say: 'alert code',
    about: 'codes of its Alerts',
    many: true,
    needs: 'row',
    read: ({ row, part }) =>
      part === null
        ? row.commands.flatMap((text) => (text.startsWith('Alert ') ? [Number(text.slice(6))] : []))
        : part.name === 'Alert'
          ? some(part.code)
          : [],
  },
  inside(
    'alert.type',
    'text',
    'alert type',
    'Meta Type of the items of an Alert',
    (command) => (command.kind === 'Alert' ? metas(command).map(({ type }) => type) : []),
    no('Alert'),
  ),
  inside('mo', 'word', 'management object', 'management object a node or alert belongs to, by its type or the name of its root', moOf, noCommand, {
    words: MO_WORDS,
  }),
  inside('format', 'word', 'format', 'Meta Format of an item', (command) => metas(command).map(({ format }) => format), noCommand, {
    words: ['chr', 'int', 'bool', 'bin', 'node', 'b64', 'xml', 'null', 'date', 'time', 'float'],
  }),
  inside('type', 'text', 'type', 'Meta Type of an item', (command) => metas(command).map(({ type }) => type), noCommand),
  inside(
    'data',
    'text',
    'data',
    'text of the Data of an item; nested elements as <Name>…</Name>',
    (command) => itemsOf(command).map(({ data }) => (data === undefined ? undefined : written(data))),
    (row) => noCommand(row) && noStatus(row),
  ),
  inside(
    'correlator',
    'text',
    'correlator',
    'Correlator of an Exec or Alert',
    (command) => [command.kind === 'Exec' || command.kind === 'Alert' ? command.correlator : undefined],
    no('Exec', 'Alert'),
  ),
  own('size', 'size', 'size', 'bytes of the body', (row) => row.size),
  inside(
    'chunk',
    'flag',
    'chunk',
    'an item is a chunk of a large object that goes on (MoreData)',
    (command) => (itemsOf(command).some(({ moreData }) => moreData === true) ? [true] : []),
    noCommand,
    { many: false },
  ),
  {
    name: 'cred',
    type: 'word',
    say: 'credential',
    about: 'what the message proves itself with: basic, md5 (Cred) or hmac (x-syncml-hmac)',
    many: true,
    needs: 'message',
    words: ['basic', 'md5', 'hmac'],
    read: credOf,
    quick: () => [],
    whole: ({ row }) => row.kind !== 'message',
  },
  own('auth', 'word', 'authentication', 'how the SyncHdr was answered: accepted (200, 212), refused (401, 402, 407)', authOf, {
    words: ['accepted', 'refused'],
    closed: true,
  }),
  own('final', 'flag', 'Final', 'the message ends its package', (row) => row.final),
  own('http.status', 'number', 'HTTP status', 'HTTP status of an answer', (row) => (row.httpStatus === 0 ? null : row.httpStatus)),
  {
    name: 'http.method',
    type: 'word',
    say: 'HTTP method',
    about: 'method of a request',
    many: false,
    needs: 'frame',
    words: ['GET', 'HEAD', 'POST'],
    read: ({ frame }) => some(/^([A-Z]+) \S+ HTTP\//.exec(frame?.startLine ?? '')?.[1]),
  },
  {
    name: 'http.uri',
    type: 'text',
    say: 'request URI',
    about: 'path and query of a request',
    many: false,
    needs: 'frame',
    read: ({ frame }) => some(/^[A-Z]+ (\S+) HTTP\//.exec(frame?.startLine ?? '')?.[1]),
  },
  {
    name: 'http.type',
    type: 'text',
    say: 'HTTP content type',
    about: 'content type of an HTTP body, in lower case and without parameters',
    many: false,
    needs: 'frame',
    read: ({ frame }) => {
      const value = frame?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
      return some(value?.split(';')[0]?.trim().toLowerCase())
    },
  },
  own('codec', 'word', 'encoding', 'xml or wbxml', (row) => row.encoding, { words: ['xml', 'wbxml'], closed: true }),
  own('time', 'time', 'time', 'wall clock at the socket (UTC); a time of day is compared within the day', (row) => row.at),
  {
    name: 'delta',
    type: 'duration',
    say: 'time since the row before',
    about: 'time since the row before in the trace',
    many: false,
    needs: 'frame',
    read: ({ row, reading }) => gap(row, reading.around.row?.(row.seq - 1)),
  },
  {
    name: 'dur',
    type: 'duration',
    say: 'duration',
    about: 'time from the row that caused this one (the request of an answer)',
    many: false,
    needs: 'frame',
    read: (facts) => gap(facts.row, facts.frame?.cause == null ? undefined : facts.reading.around.row?.(facts.frame.cause)),
  },
  {
    name: 'step',
    type: 'text',
    say: 'step',
    about: 'step of the run that this row decided',
    many: true,
    needs: 'row',
    read: ({ row, reading }) => reading.around.run?.decided(row.seq) ?? [],
  },
  {
    name: 'scenario',
    type: 'text',
    say: 'scenario',
    about: 'scenario of the run',
    many: false,
    needs: 'row',
    read: ({ reading }) => some(reading.around.run?.scenario),
  },
  {
    name: 'run',
    type: 'number',
    say: 'run',
    about: 'number of the run',
    many: false,
    needs: 'row',
    read: ({ reading }) => some(reading.around.run?.run),
  },
  {
    name: 'lint.rule',
    type: 'text',
    say: 'finding',
    about: 'ids of the rules of its findings',
    many: true,
    needs: 'frame',
    read: ({ row, frame }) => (row.findings === 0 ? [] : (frame?.findings ?? []).map(({ rule }) => rule)),
    quick: () => [],
    whole: ({ row }) => row.findings === 0,
  },
  {
    name: 'lint.sev',
    type: 'word',
    say: 'severity',
    about: 'severities of its findings: chat, note, warn, error',
    many: true,
    needs: 'frame',
    words: SEVERITIES,
    closed: true,
    ordered: true,
    read: ({ row, frame }) => (row.findings === 0 ? [] : (frame?.findings ?? []).map(({ severity }) => severity)),
    quick: ({ row }) => some(row.severity),
    whole: ({ row }) => row.findings <= 1,
  },
  {
    name: 'note',
    type: 'text',
    say: 'note',
    about: 'what the machines said of it, and notes people wrote',
    many: true,
    needs: 'frame',
    read: ({ row, frame, reading }) => [...(frame?.notes ?? []).map(({ text }) => text), ...(reading.around.notes?.(row.seq) ?? [])],
  },
  {
    name: 'mark',
    type: 'number',
    say: 'mark',
    about: 'marks 1 to 9',
    many: true,
    needs: 'row',
    read: ({ row, reading }) => reading.around.marks?.(row.seq) ?? [],
  },
  own('held', 'word', 'hold state', 'what became of it at the stepper', (row) => (row.hold === 'no' ? null : row.hold), {
    words: ['held', 'released', 'edited', 'dropped', 'peer gone'],
    closed: true,
  }),
  own('edited', 'flag', 'edited', 'it was changed at the stepper', (row) => row.hold === 'edited'),
  own('event', 'word', 'event', 'name of an event of the lab, such as emi.notified', eventOf),
  own('text', 'text', 'text', 'the sentence of a row that is no message, or why a message could not be read', (row) => row.text),
]

function credOf({ message, frame }: RowFacts): Value[] {
  const type = message?.header.cred?.meta?.type ?? ''
  const named = /basic/i.test(type) ? 'basic' : /md5/i.test(type) ? 'md5' : type
  return some(named, frame?.headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac') === true ? 'hmac' : null)
}

function gap(row: TraceRow, before: TraceRow | undefined): Value[] {
  return before === undefined ? [] : [row.at - before.at]
}

function searchText({ row }: RowFacts): string {
  const { seq, kind, hop, device, sessionId, commands, statuses, target, text, httpStatus } = row
  return [
    `#${String(seq)}`,
    kind,
    hop,
    device,
    sessionId,
    row.package,
    ...commands,
    ...statuses,
    target,
    text,
    httpStatus === 0 ? '' : String(httpStatus),
  ]
    .join('\n')
    .toLowerCase()
}

/** Rows of the trace. */
export const ROWS: Schema<RowFacts> = {
  fields: fieldsOf(LIST),
  parts: (facts, needs) => (needs === 'row' ? facts.summary() : facts.parts),
  search: searchText,
  moments: {
    seq: ({ row }) => row.seq,
    at: ({ row }) => row.at,
    step: ({ reading }, key) => reading.around.run?.step(key) ?? null,
    rowAt: ({ reading }, seq) => reading.around.row?.(seq)?.at ?? null,
    answers,
  },
}

/** A Status or Results here names the MsgID of that row's message, in the same session and against its direction. */
function answers(facts: RowFacts, seq: number): boolean {
  const { row, reading } = facts
  const asked = reading.around.row?.(seq)
  if (asked === undefined || asked.session !== row.session || asked.direction === row.direction || asked.seq > row.seq) return false
  return (
    asked.msgId !== '' &&
    facts
      .commands()
      .some(({ command }) => (command.kind === 'Status' || command.kind === 'Results') && command.msgRef === asked.msgId && command.cmdRef !== '0')
  )
}

/** A filter over trace rows. */
export interface RowFilter extends Filter<RowFacts> {
  /** True where the row passes; `reading` gives what the row does not hold. */
  row(row: TraceRow, reading: Reading): boolean
}

/** Reads a filter over trace rows. Throws FilterError. */
export function rowFilter(text: string): RowFilter {
  const filter = compile(text, ROWS)
  return { ...filter, row: (row, reading) => filter.test(new RowFacts(row, reading)) }
}

/** A reading of these surroundings. */
export function reading(around: Around): Reading {
  return new Reading(around)
}
