// `dmlab encode`: XML (or WBXML) to WBXML, in the element order of the input; the marks of `dmlab decode` are understood.
import { type Command, Option } from 'commander'
import { fromPrintable, MarkError } from '../../evidence/printable.ts'
import { EncodeError, encodeTree, type Wire } from '../../syncml/codec.ts'
import type { Element } from '../../syncml/element.ts'
import { hexOf } from '../../syncml/text.ts'
import { type Body, decodeBody, readBodyOf } from './input.ts'
import { toNotification } from './notification.ts'
import { Failure, refuse, stdoutIsTerminal, writeResult } from './output.ts'

interface Options {
  readonly stringTable?: true
  readonly strings?: 'inline' | 'table' | 'opaque'
  readonly version?: '1.1' | '1.2' | '1.3'
  readonly publicId?: 'number' | 'text'
  readonly pages?: 'lazy' | 'eager'
  readonly hex?: true
  readonly type?: string
  readonly output?: string
  readonly force?: true
}

const VERSIONS = { '1.1': 1, '1.2': 2, '1.3': 3 } as const

/** Adds the command. */
export function encode(program: Command): void {
  program
    .command('encode')
    .description('XML to WBXML')
    .argument('[file]', 'file to read, - for stdin', '-')
    .option('--string-table', 'repeated strings go to the string table (--strings table)')
    .addOption(new Option('--strings <form>', 'how texts are written (default: inline)').choices(['inline', 'table', 'opaque']))
    .addOption(new Option('--version <version>', 'WBXML version (default: 1.2)').choices(['1.1', '1.2', '1.3']))
    .addOption(new Option('--public-id <form>', 'public identifier (default: number)').choices(['number', 'text']))
    .addOption(new Option('--pages <style>', 'when the code page is switched back (default: lazy)').choices(['lazy', 'eager']))
    .option('--hex', 'print hexadecimal text')
    .addOption(
      new Option('--type <type>', 'what to build: a Package #0, from JSON as `decode --type notification --json` prints it').choices([
        'notification',
      ]),
    )
    .option('-o, --output <file>', 'write to a file')
    .option('--force', 'write binary to a terminal; overwrite the file')
    .action(async (file: string, options: Options) => {
      if (options.type === 'notification') return emit(await toNotification(file), options)
      const wire = wireOf(options)
      await emit(encoded(await readBodyOf(file, false), wire), options)
    })
}

function wireOf(options: Options): Wire {
  if (options.stringTable === true && options.strings !== undefined && options.strings !== 'table')
    refuse(`--string-table and --strings ${options.strings} contradict each other`)
  return {
    encoding: 'wbxml',
    version: VERSIONS[options.version ?? '1.2'],
    publicId: options.publicId ?? 'number',
    strings: options.stringTable === true ? 'table' : (options.strings ?? 'inline'),
    pages: options.pages ?? 'lazy',
  }
}

function encoded(body: Body, wire: Wire): Uint8Array {
  const { root } = decodeBody(body)
  const document = (inner: Element): Uint8Array => encodeTree(inner, { ...wire, version: 3, strings: 'inline' })
  try {
    return encodeTree(body.encoding === 'xml' ? fromPrintable(root, document) : root, wire)
  } catch (error) {
    if (error instanceof MarkError) refuse(`${body.name}: byte ${String(error.offset)}: ${error.message}`)
    if (error instanceof EncodeError) throw new Failure(1, `${body.name}: cannot be written as WBXML: ${error.message}`)
    throw error
  }
}

async function emit(bytes: Uint8Array, options: Options): Promise<void> {
  if (options.hex === true) return writeResult(`${hexOf(bytes)}\n`, options.output, options.force === true)
  if (options.output === undefined && stdoutIsTerminal() && options.force !== true) {
    refuse('stdout is a terminal: use -o FILE, --hex, a pipe, or --force')
  }
  return writeResult(bytes, options.output, options.force === true)
}
