// The account a bootstrap brings: its fields, fresh secrets for it, and its nodes in a tree (STD DMAcc, dm-protocol 10).
import { makeNonce } from '../auth/credentials.ts'
import { formatAcl, parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { inherited } from '../dmtree/edit.ts'
import type { Node } from '../dmtree/node.ts'
import { DM_ACC } from '../dmtree/objects/dmacc.ts'
import type { Tree } from '../dmtree/tree.ts'
import type { Format, Value } from '../dmtree/value.ts'

/** AAuthType of an account's credentials (STD). */
export type AccountAuth = 'BASIC' | 'DIGEST' | 'HMAC'

/** One AppAuth: who proves what with which secret. */
export interface AccountCredential {
  readonly level: string
  readonly type: string
  readonly name: string
  readonly secret: string
  /** Octets of AAuthData: the nonce to begin with; null: none. */
  readonly nonce: Uint8Array | null
}

/** A DMAcc as bootstrap profiles carry it. */
export interface BootAccount {
  /** AppID; w7 for OMA DM. */
  readonly serverId: string
  /** Display name; also the name the node asks for. */
  readonly name: string
  readonly address: string
  /** Decimal port, '' where the address says it. */
  readonly port: string
  readonly preferred: string
  /** TO-NAPID and TO-PROXY: names of connectivity objects. */
  readonly connections: readonly string[]
  readonly credentials: readonly AccountCredential[]
}

/** What a lab must know to bootstrap a device. */
export interface AccountWish {
  readonly serverId: string
  readonly name?: string | undefined
  readonly address: string
  readonly auth: AccountAuth
  readonly userName: string
  readonly password: string
  readonly serverPassword: string
  readonly clientNonce: Uint8Array | null
  readonly serverNonce: Uint8Array | null
}

/** The account of a wish: CLCRED and SRVCRED, the server's name its ServerID (notification sheet 1.1). */
export function accountOf(wish: AccountWish): BootAccount {
  const { serverId, name, address, auth, userName, password, serverPassword, clientNonce, serverNonce } = wish
  const port = /^https?:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(address)?.[1] ?? (address.startsWith('https:') ? '443' : '80')
  return {
    serverId,
    name: name ?? serverId,
    address,
    port,
    preferred: auth,
    connections: [],
    credentials: [
      { level: 'CLCRED', type: auth, name: userName, secret: password, nonce: clientNonce },
      { level: 'SRVCRED', type: auth, name: serverId, secret: serverPassword, nonce: serverNonce },
    ],
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Fresh secrets: two passwords of 20 characters (120 bits) and a nonce for each direction. */
export function freshSecrets(random: (count: number) => Uint8Array): Pick<AccountWish, 'password' | 'serverPassword'> & {
  readonly clientNonce: Uint8Array
  readonly serverNonce: Uint8Array
} {
  const password = (): string => Array.from(random(20), (octet) => ALPHABET[octet & 63]).join('')
  return { password: password(), serverPassword: password(), clientNonce: makeNonce(random), serverNonce: makeNonce(random) }
}

/** A PIN of `digits` digits, each equally likely. */
export function freshPin(random: (count: number) => Uint8Array, digits = 6): string {
  let pin = ''
  while (pin.length < digits) for (const octet of random(digits)) if (octet < 250 && pin.length < digits) pin += String(octet % 10)
  return pin
}

/** The account's leaves below its node, in the order of DMAcc: path, format, value. */
export function leavesOf(account: BootAccount): readonly (readonly [path: readonly string[], format: Format, value: Value])[] {
  const leaves: [readonly string[], Format, Value][] = [
    [['AppID'], 'chr', 'w7'],
    [['ServerID'], 'chr', account.serverId],
    [['Name'], 'chr', account.name],
  ]
  const [first] = account.connections
  if (first !== undefined) leaves.push([['PrefConRef'], 'chr', first])
  account.connections.forEach((reference, i) => leaves.push([['ToConRef', String(i + 1), 'ConRef'], 'chr', reference]))
  leaves.push([['AppAddr', '1', 'Addr'], 'chr', account.address], [['AppAddr', '1', 'AddrType'], 'chr', 'URI'])
  if (account.port !== '') leaves.push([['AppAddr', '1', 'Port', '1', 'PortNbr'], 'chr', account.port])
  if (account.preferred !== '') leaves.push([['AAuthPref'], 'chr', account.preferred])
  account.credentials.forEach(({ level, type, name, secret, nonce }, i) => {
    const at = ['AppAuth', String(i + 1)]
    leaves.push([[...at, 'AAuthLevel'], 'chr', level], [[...at, 'AAuthType'], 'chr', type])
    if (name !== '') leaves.push([[...at, 'AAuthName'], 'chr', name])
    leaves.push([[...at, 'AAuthSecret'], 'chr', secret])
    if (nonce !== null) leaves.push([[...at, 'AAuthData'], 'bin', nonce])
  })
  return leaves
}

/** Rights of a server on its own account. */
export const ACCOUNT_ACL = (serverId: string): string =>
  formatAcl(parseAcl(['Add', 'Delete', 'Get', 'Replace'].map((right) => `${right}=${serverId}`).join('&')))

/** Writes the account at a path that does not exist yet; with the ACL given on its top node. Throws TreeError. */
export function plantAccount(tree: Tree, path: readonly string[], account: BootAccount, acl: string): Node {
  if (tree.find(path) !== null) throw new TreeError(418, `./${path.join('/')} exists`)
  for (const [below, format, value] of leavesOf(account)) {
    const whole = [...path, ...below]
    whole.forEach((_, i) => {
      const at = whole.slice(0, i + 1)
      if (tree.find(at) !== null) return
      const description = tree.describe(at)
      const parent = tree.find(at.slice(0, -1)) ?? tree.root
      const leaf = i === whole.length - 1
      const type = leaf
        ? format === 'bin'
          ? 'application/octet-stream'
          : 'text/plain'
        : i === path.length - 1
          ? DM_ACC
          : (description?.ddfName ?? '')
      tree.add(parent, at.at(-1) ?? '', { ...inherited(description), format: leaf ? format : 'node', ...(leaf ? { value } : {}), type })
    })
  }
  const node = tree.find(path)
  if (node === null) throw new TreeError(500, 'the account has no node')
  tree.setAcl(node, parseAcl(acl))
  return node
}

/** ServerID of an account's node; '' where it has none. */
function serverIdOf(account: Node | undefined | null): string {
  const value = account?.children?.get('ServerID')?.value
  return typeof value === 'string' ? value : ''
}

/** A free name below ./DMAcc: the one asked for, else with a number after it. Accounts of the same server are taken away first by the caller. */
export function freeName(tree: Tree, wanted: string): string {
  const parent = tree.find(['DMAcc'])
  const base = wanted === '' ? '1' : wanted
  if (parent === null || tree.child(parent, base) === undefined) return base
  for (let n = wanted === '' ? 2 : 1; ; n++) {
    const name = wanted === '' ? String(n) : `${wanted}-${String(n)}`
    if (tree.child(parent, name) === undefined) return name
  }
}

/** Takes away the accounts that ServerID has already: a new bootstrap replaces them (INFERRED). Returns how many. */
export function dropAccounts(tree: Tree, serverId: string): number {
  const there = [...(tree.find(['DMAcc'])?.children?.values() ?? [])].filter((account) => serverIdOf(account) === serverId)
  for (const account of there) tree.remove(account)
  return there.length
}
