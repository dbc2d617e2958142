// Accounts of devices as people see and change them: who may come, how, and with which secrets, which go in here and never come out.
import type { AccountChange, AccountRow } from '../api.ts'
import type { Account, AuthType, Nonces } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import { base64, fromBase64 } from '../syncml/text.ts'

const TYPES: Readonly<Record<AccountRow['auth'], AuthType | null>> = {
  any: null,
  basic: 'syncml:auth-basic',
  md5: 'syncml:auth-md5',
  hmac: 'syncml:auth-MAC',
}
const NAMES = new Map(Object.entries(TYPES).map(([name, type]) => [type, name as AccountRow['auth']]))

/** The accounts that serve a device: its own, oldest first, or the one for every device. */
export function accountsFor(ledger: Ledger, device: string): AccountRow[] {
  const own = ledger.accounts().filter((account) => account.device === device)
  const served = own.length > 0 ? own : [ledger.account(device, undefined)].flatMap((account) => account ?? [])
  return served.map((account) => row(ledger, device, account))
}

/**
 * Changes an account of a device and gives what it is now. A device that was served by the account for every device gets one of its own, which begins
 * as that one. Throws an Error in words: a nonce that is no base64, a user name that another account of the device has, secrets that stay sealed.
 */
export function changeAccount(ledger: Ledger, device: string, change: AccountChange): AccountRow {
  const own = ledger.accounts().filter((account) => account.device === device)
  const before = change.serverId === undefined ? own.at(-1) : own.findLast(({ serverId }) => serverId === change.serverId)
  const model = before ?? own.at(-1) ?? ledger.account(device, undefined)
  if (model === undefined) throw new Error(`there is no account for ${device} to begin with`)
  const account = changed(device, model, change)
  const other = own.find((each) => each !== before && each.userName === account.userName)
  if (other !== undefined)
    throw new Error(`${device} has the user name ${account.userName} for server ${other.serverId} already: give another userName`)
  const nonces = changedNonces(ledger.nonces(device, account.serverId), device, account.serverId, change)
  ledger.save([{ kind: 'account', account }, ...(nonces === null ? [] : [{ kind: 'nonces' as const, nonces }])])
  if (before !== undefined && before.userName !== account.userName) ledger.dropAccount(device, before.userName)
  return row(ledger, device, accountNow(ledger, device, account.userName) ?? account)
}

const accountNow = (ledger: Ledger, device: string, userName: string): Account | undefined =>
  ledger.accounts().find((account) => account.device === device && account.userName === userName)

function changed(device: string, model: Account, change: AccountChange): Account {
  const { locked, kept, learns, ...rest } = model
  void kept
  const { serverId = model.serverId, userName = model.userName, password, serverPassword, auth, state = model.state } = change
  const whole = password !== undefined && serverPassword !== undefined
  if (locked !== undefined && !whole) throw new Error(`${locked}; give password and serverPassword both`)
  const secrets = { password: password ?? model.password, serverPassword: serverPassword ?? model.serverPassword }
  const learning = learns === true && password === undefined ? { learns } : {}
  return { ...rest, ...learning, ...secrets, device, serverId, userName, state, authType: auth === undefined ? model.authType : TYPES[auth] }
}

/** Null where no nonce is to change. */
function changedNonces(known: Nonces | undefined, device: string, serverId: string, { clientNonce, serverNonce }: AccountChange): Nonces | null {
  if (clientNonce === undefined && serverNonce === undefined) return null
  const before: Nonces = known ?? { device, serverId, client: null, server: null, reading: null }
  const client = clientNonce === undefined ? before.client : octets('clientNonce', clientNonce)
  if (serverNonce === undefined) return { ...before, client }
  const server = octets('serverNonce', serverNonce)
  return { ...before, client, server: server === null ? null : { text: base64(server), octets: null }, reading: null }
}

/** Octets of a nonce, null for ''. */
function octets(name: string, text: string): Uint8Array | null {
  const value = fromBase64(text)
  if (value === null) throw new Error(`${name} is no base64`)
  return value.length === 0 ? null : value
}

function row(ledger: Ledger, device: string, account: Account): AccountRow {
  const { serverId, userName, authType, state, kept, locked } = account
  const nonces = ledger.nonces(device, serverId)
  const has: readonly (readonly [AccountRow['has'][number], boolean])[] = [
    ['password', account.password !== ''],
    ['serverPassword', account.serverPassword !== ''],
    ['clientNonce', nonces?.client != null],
    ['serverNonce', nonces?.server != null],
  ]
  return {
    device: account.device ?? '',
    serverId,
    userName,
    auth: NAMES.get(authType) ?? 'any',
    state,
    secrets: locked !== undefined ? 'locked' : (kept ?? 'plain'),
    why: locked ?? '',
    has: has.flatMap(([name, there]) => (there ? [name] : [])),
  }
}
