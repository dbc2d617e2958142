// The fields of a trace row as a table: the language, its help and its suggestions share it. Cheap knowledge first, bytes only where nothing else says it.
import type { TraceRow } from '../api.ts'
import { itemsOf } from './facts.ts'
import type { RowFacts } from './facts.ts'
import { firstTarget, inside, metas, names, no, noCommand, noStatus, own, some, sources, targets, written } from './fields.ts'
import type { RowField } from './fields.ts'
import { moOf, MO_WORDS } from './mo.ts'
import type { Value } from './schema.ts'

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

/** Every field, in the order in which help lists them. */
export const ROW_FIELDS: readonly RowField[] = [
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
  {
    ...inside(
      'mo',
      'word',
      'management object',
      'management object a node or alert belongs to, by its type or the name of its root',
      moOf,
      noCommand,
    ),
    words: MO_WORDS,
    read: objectsOf,
  },
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

/** Objects of its commands: by types and names, and by the roots that the device's dialect names. */
function objectsOf(facts: RowFacts): Value[] {
  const { row, part, reading } = facts
  if (part === null && (row.kind !== 'message' || row.encoding === '' || noCommand(row))) return []
  const { mo } = reading.around
  return facts.commands().flatMap(({ command }) => {
    const named = moOf(command)
    if (mo === undefined) return named
    const items = itemsOf(command)
    const told = [...targets(items), ...sources(items)].map((uri) => (uri === undefined ? '' : mo(row.device, uri)))
    return [...new Set([...named, ...told.filter((word) => word !== '')])]
  })
}
