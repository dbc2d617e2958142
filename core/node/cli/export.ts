// `dmlab export`: rows of a workspace as files for others; redacted unless told otherwise, streamed row by row, nothing overwritten.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { FrameDetail } from '../../api.ts'
import { Reading } from '../../filter/facts.ts'
import { toRecord, type TraceRecord } from '../../evidence/record.ts'
import type { Redaction } from '../../evidence/redact.ts'
import { redactorOf, sealedWords } from '../redactor.ts'
import type { Workspace } from '../workspace.ts'
import { iso, OutputFile, Progress, refuse, write } from './output.ts'
import { aroundOf, bounds, readFilter, type Selection, selectionOptions, withWorkspace, workspaceOption } from './workspace.ts'

interface Options extends Selection {
  readonly workspace: string
  readonly format: 'ndjson' | 'raw'
  readonly output?: string
  readonly filter?: string
  readonly unredacted?: true
  readonly force?: true
}

type Exported = FrameDetail & { readonly redaction?: Redaction }

/** Adds the command. */
export function exporting(program: Command): void {
  const command = program
    .command('export')
    .description('recorded rows as NDJSON or as a folder of files; secrets and identifiers are replaced')
    .addOption(workspaceOption())
    .addOption(
      new Option('--format <format>', 'ndjson: one row a line; raw: numbered bodies, headers and an index')
        .choices(['ndjson', 'raw'])
        .makeOptionMandatory(),
    )
    .option('--filter <expression>', 'only rows that pass an expression of the filter language')
    .option('-o, --output <path>', 'file, or folder for raw (default: stdout)')
    .option('--unredacted', 'with all secrets; each row says so')
    .option('--force', 'overwrite')
  for (const option of selectionOptions()) command.addOption(option)
  command.action((options: Options) => withWorkspace(options.workspace, (workspace) => run(workspace, options)))
}

async function run(workspace: Workspace, options: Options): Promise<void> {
  const { first, last, test } = bounds(workspace.trace, options)
  const filter = options.filter === undefined ? null : readFilter(options.filter)
  const reading = new Reading(aroundOf(workspace.trace))
  if (options.format === 'raw' && options.output === undefined) refuse('--format raw writes a folder: name it with -o')
  const redactor = options.unredacted === true ? null : redactorOf(workspace.ledger)
  const sealed = redactor === null ? '' : sealedWords(workspace.ledger)
  if (sealed !== '') process.stderr.write(`${sealed}\n`)
  const progress = new Progress()
  function* rows(): Generator<Exported> {
    let done = 0
    for (const detail of workspace.trace.each(first, last)) {
      progress.show(() => `row ${String(detail.row.seq)} of ${String(last)}, ${String(done)} written`)
      if (!test(detail.row) || filter?.row(detail.row, reading) === false) continue
      done++
      yield redactor === null ? detail : redactor.frame(detail)
    }
  }
  try {
    if (options.output === undefined) for (const detail of rows()) await write(line(detail))
    else if (options.format === 'ndjson') toFile(rows(), options.output, options.force === true)
    else toFolder(rows(), options.output, options.force === true)
  } finally {
    progress.done()
  }
}

function line(detail: Exported): string {
  return `${JSON.stringify(toRecord(detail, iso))}\n`
}

function toFile(rows: Iterable<Exported>, path: string, force: boolean): void {
  const out = new OutputFile(path, force)
  try {
    for (const detail of rows) out.write(line(detail))
  } catch (error) {
    out.abandon()
    throw error
  }
  out.finish()
}

/** `000012-up.wbxml`, `000012-up.headers.txt`, … and `index.ndjson`, whose lines name the files instead of holding the bodies. */
function toFolder(rows: Iterable<Exported>, folder: string, force: boolean): void {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !force) refuse(`${folder}: is there already and not empty; --force writes into it`)
  mkdirSync(folder, { recursive: true })
  const flags = { flag: force ? 'w' : 'wx', mode: 0o600 } as const
  const index = new OutputFile(join(folder, 'index.ndjson'), force)
  try {
    for (const detail of rows) {
      const { row, startLine, headers, original } = detail
      const stem = `${String(row.seq).padStart(6, '0')}-${row.direction}`
      const file = `${stem}.${row.encoding === '' ? 'bin' : row.encoding}`
      writeFileSync(join(folder, file), detail.bytes, flags)
      if (original !== null) writeFileSync(join(folder, `${stem}.original.${row.encoding === '' ? 'bin' : row.encoding}`), original, flags)
      const head = [...(startLine === '' ? [] : [startLine]), ...headers.map(([name, value]) => `${name}: ${value}`)]
      writeFileSync(join(folder, `${stem}.headers.txt`), head.map((text) => `${text}\r\n`).join(''), flags)
      const entry: { -readonly [K in keyof TraceRecord]?: TraceRecord[K] } = { ...toRecord(detail, iso) }
      delete entry.body
      delete entry.original
      index.write(`${JSON.stringify({ ...entry, file, hasOriginal: original !== null })}
`)
    }
  } catch (error) {
    index.abandon()
    throw error
  }
  index.finish()
}
