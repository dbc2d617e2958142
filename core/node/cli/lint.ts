// `dmlab lint`: what is to be said about messages, rule by rule with the clause it rests on; ends with 1 if any of it is an error.
import type { Command } from 'commander'
import { CaptureError, readCapture } from '../../evidence/import.ts'
import { CodecError, decodeTree, decode as decodeMessage } from '../../syncml/codec.ts'
import type { Finding } from '../../syncml/finding.ts'
import type { Encoding } from '../../syncml/message.ts'
import { bodyFrom } from './input.ts'
import { nameOf, readInput, refuse, visible, write, writeJson } from './output.ts'

/** A finding as scripts read it. `seq` is the row's number where the file is an export, else null. */
interface Remark extends Finding {
  readonly seq: number | null
  readonly file: string
}

/** Adds the command. */
export function lint(program: Command): void {
  program
    .command('lint')
    .description('findings about messages (XML, WBXML, hexadecimal text) or exported traces (NDJSON)')
    .argument('<files...>', 'files to read, - for stdin')
    .option('--json', 'one JSON document')
    .action(async (files: string[], options: { readonly json?: true }) => {
      const findings: Remark[] = []
      for (const file of files) findings.push(...(await lintFile(file)))
      const errors = findings.filter(({ severity }) => severity === 'error').length
      if (options.json === true) await writeJson({ findings })
      else await write(report(findings, files.length, errors))
      if (errors > 0) process.exitCode = 1
    })
}

async function lintFile(file: string): Promise<Remark[]> {
  const name = nameOf(file)
  const bytes = await readInput(file)
  if (bytes.find((octet) => octet > 0x20) === 0x7b) return lintExport(name, bytes)
  const body = bodyFrom(name, bytes, false)
  return examine(body.bytes, body.encoding).map((finding) => ({ ...finding, seq: null, file: name }))
}

function lintExport(name: string, bytes: Uint8Array): Remark[] {
  try {
    const found: Remark[] = []
    for (const { seq, entry } of readCapture(name, bytes, { now: 0, ms: Date.parse })) {
      if (entry.row.kind !== 'message' || entry.row.encoding === '') continue
      found.push(...examine(entry.bytes, entry.row.encoding).map((finding) => ({ ...finding, seq, file: name })))
    }
    return found
  } catch (error) {
    if (error instanceof CaptureError) refuse(error.message)
    throw error
  }
}

/** The findings of one body; one that cannot be read, or is no message, has a finding that says so. */
function examine(bytes: Uint8Array, encoding: Encoding): readonly Finding[] {
  try {
    const tree = decodeTree(bytes, encoding)
    return tree.root.name === 'SyncML' ? decodeMessage(bytes, encoding).findings : tree.findings
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    const offset = Math.max(0, Math.min(error.offset, bytes.length - 1))
    const document = encoding === 'wbxml' ? 'WBXML' : 'SML'
    return [
      { rule: 'codec.unreadable', severity: 'error', document, clause: 'INFERRED', text: error.reason, offset, length: bytes.length > 0 ? 1 : 0 },
    ]
  }
}

function report(findings: readonly Remark[], files: number, errors: number): string {
  const lines = findings.map(({ file, seq, offset, severity, rule, text, document, clause }) => {
    const where = `${file}${seq === null ? '' : ` #${String(seq)}`}:${String(offset)}`
    return visible(`${where}: ${severity}: ${text} [${rule}, ${document} ${clause}]`)
  })
  lines.push(`${String(files)} ${files === 1 ? 'file' : 'files'}, ${String(findings.length)} findings, ${String(errors)} errors`)
  return lines.map((line) => `${line}\n`).join('')
}
