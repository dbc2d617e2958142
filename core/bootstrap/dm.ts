// The DM profile: a WBXML DM message that adds a DMAcc, as TNDS to ./Inbox or as single Add commands; written, and put into a tree all or nothing.
import { parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { addNode } from '../dmtree/edit.ts'
import { addDocument } from '../dmtree/graft.ts'
import type { Placing } from '../dmtree/graft.ts'
import { DM_ACC } from '../dmtree/objects/dmacc.ts'
import { TNDS_WBXML, TNDS_XML, encodeTnds, tndsOfData, toTnds } from '../dmtree/tnds.ts'
import type { TndsDocument, TndsNode } from '../dmtree/tnds.ts'
import { Tree } from '../dmtree/tree.ts'
import { encodeSegment, formatUri, parseUri } from '../dmtree/uri.ts'
import { valueText } from '../dmtree/value.ts'
import { decode, encode } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import type { Command, Item, ItemCommand, Message, Meta } from '../syncml/message.ts'
import { dataText, fromBase64 } from '../syncml/text.ts'
import { ACCOUNT_ACL, dropAccounts, freeName, leavesOf, plantAccount } from './account.ts'
import type { BootAccount } from './account.ts'

/** How the account is written: one Add of TNDS in ./Inbox, its elements inline or as an opaque document, or an Add for every node. */
export type DmStyle = 'inline' | 'opaque' | 'add'

const DM_ACC_ID = DM_ACC.slice(0, DM_ACC.lastIndexOf(':'))
/** Where ./Inbox puts what it knows. */
const PLACINGS: readonly Placing[] = [{ id: DM_ACC_ID, path: ['DMAcc'] }]
/** Properties of a TNDS node that a fresh account does not need. */
const LEFT_OUT = new Set(['VerNo', 'TStamp', 'Title'])

/** The message. SessionID and MsgID mean nothing here (BOOT); `device` is Target, the ServerID is Source. `objects`: TNDS documents (XML) that come along, each at its own Path. */
export function dmBootstrap(account: BootAccount, device: string, style: DmStyle, objects: readonly string[] = []): Message {
  const commands = [...(style === 'add' ? adds(account) : [intoInbox(account, style)]), ...objects.map(beside)]
  return {
    header: { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '0', msgId: '0', target: { locUri: device }, source: { locUri: account.serverId } },
    commands: commands.map((command, i) => ({ ...command, cmdId: String(i + 1) })),
    final: true,
  }
}

/** The message's octets: WBXML, as BOOT demands. */
export function encodeDm(message: Message): Uint8Array {
  return encode(message, { encoding: 'wbxml' })
}

function intoInbox(account: BootAccount, style: 'inline' | 'opaque'): ItemCommand {
  const tree = new Tree()
  const root = lean(toTnds(plantAccount(tree, [account.name], account, ACCOUNT_ACL(account.serverId))))
  const meta: Meta = { format: 'bin', type: TNDS_WBXML }
  const data = style === 'inline' ? [root] : encodeTnds(root, 'wbxml')
  return { kind: 'Add', cmdId: '', items: [{ target: { locUri: './Inbox' }, meta, data }] }
}

/** A document of its own: added at the root, where its Path leads. */
function beside(document: string): ItemCommand {
  return { kind: 'Add', cmdId: '', items: [{ target: { locUri: '.' }, meta: { format: 'xml', type: TNDS_XML }, data: document }] }
}

function lean(element: Element): Element {
  return { ...element, children: element.children.filter((child) => !LEFT_OUT.has(child.name)).map(lean) }
}

function adds(account: BootAccount): ItemCommand[] {
  const base = ['DMAcc', account.name]
  const made = new Set<string>()
  const add = (path: readonly string[], rest: Partial<Item>): ItemCommand => ({
    kind: 'Add',
    cmdId: '',
    items: [{ target: { locUri: formatUri(path) }, ...rest }],
  })
  const commands: ItemCommand[] = []
  for (const [below, format, value] of leavesOf(account)) {
    for (let i = 0; i < below.length; i++) {
      const path = [...base, ...below.slice(0, i)]
      if (made.has(formatUri(path))) continue
      made.add(formatUri(path))
      commands.push(add(path, { meta: { format: 'node' } }))
    }
    const octets = format === 'bin'
    const type = octets ? 'application/octet-stream' : 'text/plain'
    commands.push(add([...base, ...below], { meta: { format: octets ? 'b64' : format, type }, data: valueText(value) }))
  }
  return commands
}

/** What a bootstrap did to the tree. */
export interface Applied {
  /** ServerIDs of the accounts made, and the names of their nodes below ./DMAcc. */
  readonly accounts: readonly { readonly serverId: string; readonly node: string }[]
  /** What was passed over, in words. */
  readonly skipped: readonly string[]
}

/** Puts a DM profile message into a tree, all of it or nothing. Throws CodecError (unreadable) or TreeError (refused), the tree as before. */
export function applyDm(tree: Tree, octets: Uint8Array): Applied {
  const { message } = decode(octets, 'wbxml')
  const commands = message.commands.flatMap(flat)
  if (commands.length === 0) throw new TreeError(400, 'the bootstrap message adds nothing')
  const skipped: string[] = []
  const found = new Set(commands.flatMap((command) => serversOf(command)))
  const serverId = [...found][0] ?? message.header.source.locUri
  tree.begin(serverId)
  try {
    for (const server of found) dropAccounts(tree, server)
    const kept = names(tree)
    const progress: Progress = { skipped, kept, renamed: new Map(), ruled: new Set() }
    for (const command of commands) for (const item of command.items) put(tree, command, item, serverId, progress)
    const accounts = [...names(tree)].filter((name) => !kept.has(name)).map((node) => ({ node, serverId: serverOf(tree, node) }))
    for (const account of accounts) settle(tree, account, progress.ruled)
    tree.commit()
    return { accounts, skipped }
  } catch (error) {
    tree.rollback()
    throw error
  }
}

interface Progress {
  readonly skipped: string[]
  /** Accounts there were before, of other servers. */
  readonly kept: ReadonlySet<string>
  /** Names of accounts that single Adds asked for, and the free ones they got. */
  readonly renamed: Map<string, string>
  /** Accounts whose TNDS says who may do what. */
  readonly ruled: Set<string>
}

const names = (tree: Tree): Set<string> => new Set(tree.find(['DMAcc'])?.children?.keys() ?? [])

function serverOf(tree: Tree, name: string): string {
  const value = tree.find(['DMAcc', name, 'ServerID'])?.value
  return typeof value === 'string' ? value : ''
}

/** An account is whole, and its server may work on it; what the TNDS says of that stands (BOOT). */
function settle(tree: Tree, { node, serverId }: Applied['accounts'][number], ruled: ReadonlySet<string>): void {
  if (serverId === '') throw new TreeError(400, `account ./DMAcc/${node} has no ServerID`)
  const account = tree.find(['DMAcc', node])
  if (account !== null && !ruled.has(node)) tree.setAcl(account, parseAcl(ACCOUNT_ACL(serverId)))
}

/** Adds of a command, groups opened. Anything else has no meaning in a bootstrap (BOOT). */
function flat(command: Command): ItemCommand[] {
  if (command.kind === 'Add') return [command]
  if (command.kind === 'Atomic' || command.kind === 'Sequence') return command.commands.flatMap(flat)
  const name = command.kind === 'Other' ? command.name : command.kind
  throw new TreeError(406, `a bootstrap message holds Add commands; this one holds ${name}`, command.start ?? 0)
}

const metaOf = (command: ItemCommand, item: Item): Meta => ({ ...command.meta, ...item.meta })
const isTnds = (type: string | undefined): boolean => type === TNDS_WBXML || type === TNDS_XML

function serversOf(command: ItemCommand): string[] {
  return command.items.flatMap((item) => {
    const { type, format } = metaOf(command, item)
    if (isTnds(type)) {
      return tndsOfData(item.data, format).nodes.flatMap((node) => {
        const value = known(node) ? node.children.find((child) => child.name === 'ServerID')?.init.value : undefined
        return typeof value === 'string' && value !== '' ? [value] : []
      })
    }
    return /^\.\/DMAcc\/[^/]+\/ServerID$/.test(item.target?.locUri ?? '') ? [dataText(item.data)] : []
  })
}

const known = (node: TndsNode): boolean => (node.init.type ?? '').startsWith(DM_ACC_ID)

function put(tree: Tree, command: ItemCommand, item: Item, by: string, progress: Progress): void {
  if (item.target === undefined) throw new TreeError(412, 'an Item has no Target', item.start ?? 0)
  const uri = parseUri(item.target.locUri)
  const { format, type } = metaOf(command, item)
  if (!isTnds(type)) {
    const path = placeOf(tree, uri.path, progress)
    const account = format === 'node' && path.length === 2 && path[0] === 'DMAcc'
    addNode(tree, { text: formatUri(path), path }, { format: nonce(path, format, item), type: account ? DM_ACC : type, data: item.data }, by, true)
    return
  }
  const document = tndsOfData(item.data, format)
  if (uri.path[0] !== 'Inbox' || uri.path.length > 1) return addDocument(tree, uri.path, document, by, true, PLACINGS)
  const nodes = document.nodes.filter(known)
  for (const node of document.nodes) {
    if (!known(node))
      progress.skipped.push(
        `managed object ${node.init.type === '' || node.init.type === undefined ? `'${node.name}'` : node.init.type} is not known here`,
      )
  }
  if (nodes.length > 0) addDocument(tree, uri.path, moved(tree, { ...document, nodes }, progress.ruled), by, true, PLACINGS)
}

/** AAuthData is bin; deployed servers write it as chr, in base64, and deployed clients take it (INFERRED). */
function nonce(path: readonly string[], format: string | undefined, item: Item): string | undefined {
  if (path.at(-1) !== 'AAuthData' || (format !== 'chr' && format !== undefined) || item.data === undefined) return format
  return fromBase64(dataText(item.data)) === null ? 'bin' : 'b64'
}

/** Single Adds of an account whose name another server has go to a free one. */
function placeOf(tree: Tree, path: readonly string[], { kept, renamed }: Progress): readonly string[] {
  const [first, name, ...rest] = path
  if (first !== 'DMAcc' || name === undefined || !kept.has(name)) return path
  const free = renamed.get(name) ?? freeName(tree, name)
  renamed.set(name, free)
  return [first, free, ...rest]
}

/** The document with free names, and with its ./Inbox/… references pointing to where its objects will be (BOOT; checklist 27). */
function moved(tree: Tree, document: TndsDocument, ruled: Set<string>): TndsDocument {
  const places = new Map<string, string>()
  const taken = new Set<string>()
  const nodes = document.nodes.map((node) => {
    let name = freeName(tree, node.name)
    while (taken.has(name)) name = `${name}-1`
    taken.add(name)
    if (node.init.acl) ruled.add(name)
    if (node.name !== '') places.set(`./Inbox/${encodeSegment(node.name)}`, `./DMAcc/${encodeSegment(name)}`)
    return { ...node, name }
  })
  const rewrite = (node: TndsNode): TndsNode => {
    const { value } = node.init
    const text = typeof value === 'string' ? value : ''
    const from = [...places.keys()].find((place) => text === place || text.startsWith(`${place}/`))
    const init = from === undefined ? node.init : { ...node.init, value: `${places.get(from) ?? ''}${text.slice(from.length)}` }
    return { ...node, init, children: node.children.map(rewrite) }
  }
  return { ...document, nodes: nodes.map(rewrite) }
}
