// `dmlab trace`: reads the recorded messages of a workspace, also while its owner records on.
import { type Command, Option } from 'commander'
import type { FrameDetail, RowKind, TraceRow } from '../../api.ts'
import { toRecord } from '../../evidence/record.ts'
import { xmlText } from '../../evidence/printable.ts'
import { CodecError, decodeTree, EncodeError } from '../../syncml/codec.ts'
import { hexOf } from '../../syncml/text.ts'
import { iso, refuse, stdoutIsTerminal, table, visible, write, writeJson } from './output.ts'
import { readFilter, selected, type Selection, selectionOptions, sifted, whole, withWorkspace, workspaceOption } from './workspace.ts'

interface Options extends Selection {
  readonly workspace: string
  readonly json?: true
}

const KINDS: readonly (RowKind | 'all')[] = ['message', 'http', 'push', 'connection', 'event', 'all']
/** Lines gathered before they are written. */
const BATCH = 500

/** Adds the command. */
export function trace(program: Command): void {
  const group = program.command('trace').description('read the recorded messages of a workspace')
  const reading = (name: string, what: string): Command =>
    group.command(name).description(what).addOption(workspaceOption()).option('--json', 'for scripts')
  const listing = reading('list', 'one line a message; with --json NDJSON')
    .addOption(new Option('--kind <kind>', 'which rows').choices(KINDS).default('message'))
    .action((options: Options) => withWorkspace(options.workspace, ({ trace }) => list(selected(trace, options), options.json === true)))
  const counting = reading('stats', 'counts and sizes; with --json one object')
    .addOption(new Option('--kind <kind>', 'which rows').choices(KINDS).default('all'))
    .action((options: Options) =>
      withWorkspace(options.workspace, async ({ trace }) => {
        const stats = count(selected(trace, options))
        await (options.json === true ? writeJson(stats) : write(statsText(stats)))
      }),
    )
  const filtering = reading('filter', 'the rows that pass an expression of the filter language; with --json NDJSON')
    .argument('<expression>', 'for example: cmd == Exec && uri ~ "/Operations/"')
    .addOption(new Option('--kind <kind>', 'which rows').choices(KINDS).default('all'))
    .action((expression: string, options: Options) => {
      const filter = readFilter(expression)
      return withWorkspace(options.workspace, ({ trace }) => list(sifted(trace, options, filter), options.json === true))
    })
  for (const command of [listing, counting, filtering]) for (const option of selectionOptions()) command.addOption(option)
  reading('show', 'one row: headers and decoded body')
    .argument('<seq>', 'number of the row')
    .option('--raw', 'the body alone, byte for byte')
    .option('--force', 'write binary to a terminal')
    .action((seq: string, options: Options & { readonly raw?: true; readonly force?: true }) =>
      withWorkspace(options.workspace, async ({ trace }) => {
        const detail = trace.frame(whole('row', seq))
        if (detail === undefined) return refuse(`row ${seq}: the trace holds ${String(trace.first)} to ${String(trace.last)}`)
        if (options.raw === true) {
          if (detail.row.encoding !== 'xml' && stdoutIsTerminal() && options.force !== true) refuse('stdout is a terminal: use a pipe, or --force')
          return write(detail.bytes)
        }
        return options.json === true ? writeJson(toRecord(detail, iso)) : write(shown(detail))
      }),
    )
}

/** The line of `trace list --json`, fields in the order of the contract. */
function lineOf(row: TraceRow): object {
  const { seq, mono, direction, hop, sessionId, device, msgId, encoding, size, statuses, findings } = row
  // Rows name an Alert with its code; scripts get the command's name (`trace show --json` has the code).
  const commands = row.commands.map((command) => command.replace(/ .*/, ''))
  return { seq, at: iso(row.at), mono, direction, hop, sessionId, device, msgId, package: row.package, encoding, size, commands, statuses, findings }
}

async function list(rows: Iterable<TraceRow>, json: boolean): Promise<void> {
  let batch: TraceRow[] = []
  let head = true
  const flush = async (): Promise<void> => {
    if (json) await write(batch.map((row) => `${JSON.stringify(lineOf(row))}\n`).join(''))
    else await write(table([...(head ? [HEAD] : []), ...batch.map(cells)]))
    head = false
    batch = []
  }
  for (const row of rows) if (batch.push(row) >= BATCH) await flush()
  if (batch.length > 0 || (head && !json)) await flush()
}

const HEAD = ['seq', 'time', 'dir', 'hop', 'session', 'id/msg', 'pkg', 'device', 'form', 'size', 'what', 'target']

function cells(row: TraceRow): string[] {
  const answers = [...row.statuses, ...row.commands].join(' ')
  const what = row.kind === 'message' && answers !== '' ? answers : `${row.kind}: ${row.text}`
  const id = row.msgId === '' ? '-' : `${row.sessionId}/${row.msgId}`
  const fixed = [
    String(row.seq),
    iso(row.at).slice(11, 23),
    row.direction === 'up' ? '->' : '<-',
    row.hop,
    row.session === 0 ? '-' : String(row.session),
    id,
  ]
  const marks = row.findings > 0 ? ` (${String(row.findings)} findings, ${row.severity})` : ''
  return [...fixed, row.package || '-', row.device || '-', row.encoding || '-', String(row.size), `${what}${marks}`, row.target].map(visible)
}

interface Stats {
  readonly rows: number
  readonly first: number | null
  readonly last: number | null
  readonly from: string | null
  readonly to: string | null
  readonly bytes: number
  readonly sessions: number
  readonly devices: number
  readonly kinds: Record<string, number>
  readonly directions: Record<string, number>
  readonly encodings: Record<string, number>
  readonly commands: Record<string, number>
  readonly statuses: Record<string, number>
  readonly findings: number
  readonly severities: Record<string, number>
}

function count(rows: Iterable<TraceRow>): Stats {
  const tallies = { kinds: tally(), directions: tally(), encodings: tally(), commands: tally(), statuses: tally(), severities: tally() }
  const sessions = new Set<number>()
  const devices = new Set<string>()
  const sums = { rows: 0, bytes: 0, findings: 0 }
  let first: TraceRow | null = null
  let last: TraceRow | null = null
  for (const row of rows) {
    first ??= row
    last = row
    sums.rows++
    sums.bytes += row.size
    sums.findings += row.findings
    if (row.session > 0) sessions.add(row.session)
    if (row.device !== '') devices.add(row.device)
    tallies.kinds.add(row.kind)
    tallies.directions.add(row.direction)
    if (row.encoding !== '') tallies.encodings.add(row.encoding)
    if (row.severity !== '') tallies.severities.add(row.severity)
    row.commands.forEach(tallies.commands.add)
    row.statuses.forEach(tallies.statuses.add)
  }
  const { kinds, directions, encodings, commands, statuses, severities } = tallies
  return {
    rows: sums.rows,
    first: first?.seq ?? null,
    last: last?.seq ?? null,
    from: first === null ? null : iso(first.at),
    to: last === null ? null : iso(last.at),
    bytes: sums.bytes,
    sessions: sessions.size,
    devices: devices.size,
    kinds: kinds.counts(),
    directions: directions.counts(),
    encodings: encodings.counts(),
    commands: commands.counts(),
    statuses: statuses.counts(),
    findings: sums.findings,
    severities: severities.counts(),
  }
}

function tally(): { add: (key: string) => void; counts: () => Record<string, number> } {
  const counts = new Map<string, number>()
  return {
    add: (key) => counts.set(key, (counts.get(key) ?? 0) + 1),
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function statsText(stats: Stats): string {
  const value = (item: unknown): string =>
    typeof item === 'object' && item !== null
      ? Object.entries(item)
          .map(([key, n]) => `${key} ${String(n)}`)
          .join(', ') || '-'
      : String(item ?? '-')
  return visible(table(Object.entries(stats).map(([key, item]) => [key, value(item)])))
}

function shown(detail: FrameDetail): string {
  const { row, startLine, headers, findings, notes } = detail
  const lines = [
    `#${String(row.seq)} ${iso(row.at)} ${row.direction} ${row.hop} ${row.kind}${row.hold === 'no' ? '' : ` (${row.hold})`}`,
    ...(detail.remote === '' ? [] : [`${detail.local} ${row.direction === 'up' ? '<-' : '->'} ${detail.remote}`]),
    ...(row.text === '' ? [] : [row.text]),
    ...findings.map(({ severity, text, rule, offset }) => `${severity}: ${text} [${rule}] at byte ${String(offset)}`),
    ...notes.map(({ topic, text }) => `${topic}: ${text}`),
    '',
    ...(startLine === '' ? [] : [startLine]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(startLine === '' && headers.length === 0 ? [] : ['']),
  ]
  return `${lines.map(visible).join('\n')}\n${bodyText(detail)}`
}

function bodyText({ row, bytes }: FrameDetail): string {
  if (bytes.length === 0) return '(no body)\n'
  try {
    if (row.encoding !== '') return visibleLines(xmlText(decodeTree(bytes, row.encoding).root))
  } catch (error) {
    if (!(error instanceof CodecError || error instanceof EncodeError)) throw error
    return `(cannot be decoded: ${error.message})\n${hexOf(bytes)}\n`
  }
  const text = new TextDecoder().decode(bytes)
  return text.includes('\ufffd') || text.includes('\0') ? `${hexOf(bytes)}\n` : `${visibleLines(text)}\n`
}

const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')
