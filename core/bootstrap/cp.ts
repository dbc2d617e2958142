// The client provisioning profile: a provisioning document with a w7 application, written, read, and put into a tree all or nothing (ProvCont, STD).
import { formatAcl, parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import type { Tree } from '../dmtree/tree.ts'
import { decodeTree, encodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import { CodecError } from '../syncml/error.ts'
import type { Encoding } from '../syncml/message.ts'
import { base64, fromBase64, utf8Bytes } from '../syncml/text.ts'
import { dropAccounts, freeName, plantAccount } from './account.ts'
import type { AccountCredential, BootAccount } from './account.ts'
import type { Applied } from './dm.ts'

/** AAUTHLEVEL and AAuthLevel of the same credential (dm-protocol 10). */
const LEVELS: readonly (readonly [w7: string, dmAcc: string])[] = [
  ['APPSRV', 'CLCRED'],
  ['CLIENT', 'SRVCRED'],
  ['OBEX', 'OBEX'],
]

/** The provisioning document of an account (B3 of the notification sheet). */
export function cpDocument(account: BootAccount): Element {
  const { serverId, name, address, port, connections, credentials } = account
  const where = [parm('ADDR', address), ...(port === '' ? [] : [characteristic('PORT', [parm('PORTNBR', port)])])]
  return element(
    'wap-provisioningdoc',
    [['version', '1.0']],
    [
      characteristic('APPLICATION', [
        parm('APPID', 'w7'),
        parm('PROVIDER-ID', serverId),
        parm('NAME', name),
        ...connections.map((reference) => parm('TO-NAPID', reference)),
        characteristic('APPADDR', where),
        ...credentials.map(appAuth),
      ]),
    ],
  )
}

/** The document's octets. */
export function encodeCp(root: Element, encoding: Encoding): Uint8Array {
  return encodeTree(root, { encoding, version: 3 })
}

function appAuth({ level, type, name, secret, nonce }: AccountCredential): Element {
  const w7 = LEVELS.find(([, dmAcc]) => dmAcc === level)?.[0] ?? level
  return characteristic('APPAUTH', [
    parm('AAUTHLEVEL', w7),
    parm('AAUTHTYPE', type),
    parm('AAUTHNAME', name),
    parm('AAUTHSECRET', secret),
    ...(nonce === null ? [] : [parm('AAUTHDATA', base64(nonce))]),
  ])
}

function element(name: string, attributes: readonly (readonly [string, string])[], children: readonly Element[]): Element {
  return { vocabulary: 'prov', name, attributes, children, text: '', start: 0, end: 0 }
}

const parm = (name: string, value: string): Element =>
  element(
    'parm',
    [
      ['name', name],
      ['value', value],
    ],
    [],
  )
const characteristic = (type: string, children: readonly Element[]): Element => element('characteristic', [['type', type]], children)

/** What a provisioning document says of DM. */
export interface CpDocument {
  readonly accounts: readonly BootAccount[]
  /** What is of no use here, in words. */
  readonly skipped: readonly string[]
}

/** Reads a provisioning document. Throws CodecError (unreadable, another root) or TreeError 400 (a w7 application that is not whole). */
export function readCp(octets: Uint8Array, encoding: Encoding): CpDocument {
  const { root } = decodeTree(octets, encoding)
  if (root.name !== 'wap-provisioningdoc') throw new CodecError(`the document is ${root.name}, no wap-provisioningdoc`, root.start)
  const accounts: BootAccount[] = []
  const skipped: string[] = []
  for (const part of root.children) {
    if (part.name !== 'characteristic') continue
    const type = attribute(part, 'type').toUpperCase()
    if (type === 'APPLICATION' && value(part, 'APPID').toLowerCase() === 'w7') accounts.push(readAccount(part))
    else skipped.push(`characteristic ${type}${type === 'APPLICATION' ? ` ${value(part, 'APPID')}` : ''} is of no use here`)
  }
  return { accounts, skipped }
}

const attribute = (at: Element, name: string): string => at.attributes?.find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
const parts = (at: Element, type: string): Element[] =>
  at.children.filter((child) => child.name === 'characteristic' && attribute(child, 'type').toUpperCase() === type)
const values = (at: Element, name: string): string[] =>
  at.children.filter((child) => child.name === 'parm' && attribute(child, 'name').toUpperCase() === name).map((child) => attribute(child, 'value'))
const value = (at: Element, name: string): string => values(at, name)[0] ?? ''

function readAccount(at: Element): BootAccount {
  const serverId = value(at, 'PROVIDER-ID')
  if (serverId === '') throw new TreeError(400, `w7 application without PROVIDER-ID (byte ${String(at.start)})`, at.start)
  const [address] = parts(at, 'APPADDR')
  // Small documents write ADDR as a parameter of the application itself.
  const addr = (address === undefined ? '' : value(address, 'ADDR')) || value(at, 'ADDR')
  if (addr === '') throw new TreeError(400, `w7 application without ADDR (byte ${String(at.start)})`, at.start)
  const port = address === undefined ? undefined : parts(address, 'PORT')[0]
  const credentials = parts(at, 'APPAUTH').map(readCredential)
  return {
    serverId,
    name: value(at, 'NAME'),
    address: addr,
    port: port === undefined ? '' : value(port, 'PORTNBR'),
    preferred: credentials.find(({ level }) => level === 'CLCRED')?.type ?? '',
    connections: [...values(at, 'TO-NAPID'), ...values(at, 'TO-PROXY')],
    credentials,
  }
}

function readCredential(at: Element): AccountCredential {
  const level = value(at, 'AAUTHLEVEL').toUpperCase()
  const data = value(at, 'AAUTHDATA')
  return {
    level: LEVELS.find(([w7]) => w7 === level)?.[1] ?? level,
    type: value(at, 'AAUTHTYPE').toUpperCase(),
    name: value(at, 'AAUTHNAME'),
    secret: value(at, 'AAUTHSECRET'),
    nonce: data === '' ? null : (fromBase64(data) ?? utf8Bytes(data)),
  }
}

/** Rights the ServerID gets on what the document creates (BOOT: Get, Replace, Delete; checklist 32). */
const GRANTED = (serverId: string): string => formatAcl(parseAcl(['Delete', 'Get', 'Replace'].map((right) => `${right}=${serverId}`).join('&')))

/** Puts the accounts of a document into a tree, all of them or none; a document without w7 makes none. Throws CodecError or TreeError. */
export function applyCp(tree: Tree, octets: Uint8Array, encoding: Encoding): Applied {
  const { accounts, skipped } = readCp(octets, encoding)
  const made: { serverId: string; node: string }[] = []
  tree.begin(accounts[0]?.serverId ?? 'device')
  try {
    for (const account of accounts) {
      dropAccounts(tree, account.serverId)
      // BOOT: nodes without a name are numbered from 1.
      const node = freeName(tree, '')
      plantAccount(tree, ['DMAcc', node], { ...account, name: account.name === '' ? account.serverId : account.name }, GRANTED(account.serverId))
      made.push({ serverId: account.serverId, node })
    }
    tree.commit()
  } catch (error) {
    tree.rollback()
    throw error
  }
  return { accounts: made, skipped }
}
