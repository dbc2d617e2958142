// `dmlab decode`: WBXML or XML to readable XML, to its tokens with their bytes, or to a tree in JSON. Nothing of the input is lost on the way.
import { type Command, Option } from 'commander'
import { xmlText } from '../../evidence/printable.ts'
import { CodecError, decode as decodeMessage, type DecodedTree, EncodeError } from '../../syncml/codec.ts'
import type { Element } from '../../syncml/element.ts'
import { type Token, tokens } from '../../syncml/offsets.ts'
import { base64, hexOf } from '../../syncml/text.ts'
import { type Body, decodeBody, readBodyOf, unreadable } from './input.ts'
import { notificationJson, notificationText, pushText, readNotification } from './notification.ts'
import { Failure, table, visible, write, writeJson, writeResult } from './output.ts'

interface Options {
  readonly offsets?: true
  readonly json?: true
  readonly hex?: true
  readonly compact?: true
  readonly type?: string
  readonly output?: string
  readonly force?: true
}

/** Bytes of a token shown in its line; the range says how many there are. */
const SHOWN = 16

/** Adds the command. */
export function decode(program: Command): void {
  program
    .command('decode')
    .description('WBXML (or XML) to XML text; hexadecimal text is accepted')
    .argument('[file]', 'file to read, - for stdin', '-')
    .option('--offsets', 'one line per token: byte range, bytes, kind, label, element')
    .option('--json', 'the tree with byte ranges and findings, or with --offsets the tokens')
    .option('--hex', 'the input is hexadecimal text (found out by itself otherwise)')
    .option('--compact', 'XML without line breaks')
    .addOption(new Option('--type <type>', 'what the input is, where it is no document: a Package #0').choices(['notification']))
    .option('-o, --output <file>', 'write to a file')
    .option('--force', 'overwrite the file')
    .action(async (file: string, options: Options) => {
      if (options.type === 'notification') await notification(file, options)
      else await run(await readBodyOf(file, options.hex === true), options)
    })
}

async function notification(file: string, options: Options): Promise<void> {
  const { bytes, fields, push } = await readNotification(file, options.hex === true)
  if (options.json === true)
    await writeJson({ ...notificationJson(fields), ...(push === null ? {} : { application: push.application, endDevice: push.endDevice }) })
  else await writeResult(pushText(push) + notificationText(bytes, fields, options.offsets === true), options.output, options.force === true)
}

async function run(body: Body, options: Options): Promise<void> {
  const tree = decodeBody(body)
  if (options.offsets === true) await showTokens(body, tree, options)
  else if (options.json === true) await writeJson(asJson(body, tree))
  else await writeResult(printed(tree, options.compact === true), options.output, options.force === true)
  checkMessage(body, tree)
}

function printed(tree: DecodedTree, compact: boolean): string {
  try {
    return xmlText(tree.root, compact)
  } catch (error) {
    if (error instanceof EncodeError) throw new Failure(1, `cannot be shown as XML: ${error.message}; --json shows it`)
    throw error
  }
}

/** A SyncML root that is no message (no SyncHdr or SyncBody) is shown, and refused. */
function checkMessage(body: Body, tree: DecodedTree): void {
  if (tree.root.name !== 'SyncML') return
  try {
    decodeMessage(body.bytes, body.encoding)
  } catch (error) {
    if (error instanceof CodecError) throw new Failure(1, unreadable(body, error))
    throw error
  }
}

async function showTokens(body: Body, tree: DecodedTree, options: Options): Promise<void> {
  const list = tokens(body.bytes, body.encoding)
  if (options.json === true) {
    const shown = list.map((token) => ({ ...token, element: pathOf(tree.root, token) }))
    await writeJson({ file: body.name, encoding: body.encoding, size: body.bytes.length, tokens: shown })
    return
  }
  const rows = list.map((token) => [range(token), tokenHex(body.bytes, token), token.kind, visible(cut(token.label)), pathOf(tree.root, token)])
  await write(table([['bytes', 'octets', 'kind', 'label', 'element'], ...rows]))
}

const hex4 = (n: number): string => n.toString(16).toUpperCase().padStart(4, '0')

function range({ start, end }: Token): string {
  return `${hex4(start)}-${hex4(end - 1)}`
}

function tokenHex(bytes: Uint8Array, { start, end }: Token): string {
  const shown = hexOf(bytes.subarray(start, Math.min(end, start + SHOWN)))
  return end - start > SHOWN ? `${shown}… (${String(end - start)} octets)` : shown
}

function cut(label: string): string {
  const one = label.replace(/[\r\n\t]+/g, ' ')
  return one.length > 60 ? `${one.slice(0, 60)}… (${String(label.length)} characters)` : one
}

/** `/SyncML/SyncHdr/Target`; '' outside the root. */
function pathOf(root: Element, token: Token): string {
  if (token.path === undefined) return ''
  let element = root
  let path = `/${root.name}`
  for (const index of token.path) {
    const child = element.children[index]
    if (child === undefined) break
    element = child
    path += `/${child.name}`
  }
  return path
}

function asJson(body: Body, tree: DecodedTree): object {
  const { encoding, form, findings } = tree
  return { file: body.name, encoding, size: body.bytes.length, form, tree: elementJson(tree.root), findings }
}

function elementJson(element: Element): object {
  const { name, vocabulary, namespace, start, end, text, opaque, attributes, token, embedded, children } = element
  return {
    name,
    vocabulary,
    ...(namespace === undefined ? {} : { namespace }),
    start,
    end,
    ...(text === '' ? {} : { text }),
    ...(opaque === undefined ? {} : { opaque: base64(opaque) }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(token === undefined ? {} : { token }),
    ...(embedded === undefined ? {} : { embedded: elementJson(embedded) }),
    ...(children.length === 0 ? {} : { children: children.map(elementJson) }),
  }
}
