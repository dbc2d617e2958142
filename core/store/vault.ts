// Secrets at rest: how a password stands in the ledger, sealed or plain. A sealed text that cannot be opened here is kept as it is, never lost.
import type { Account } from '../server/records.ts'

/** Seals texts. Synchronous: accounts are saved in the middle of a session. Made by the surroundings, which own the key. */
export interface Vault {
  /** The sealed text, without prefix; null where secrets are kept plain. `place` binds it to where it stands. */
  seal(text: string, place: string): string | null
  /** What was sealed; null where this vault cannot tell. */
  open(sealed: string, place: string): string | null
  /** Why it cannot tell, in words. */
  readonly why: string
}

/** Keeps secrets as they are. */
export const NO_VAULT: Vault = { seal: () => null, open: () => null, why: 'no key store is at hand here' }

const SEALED = 'sealed:'
const PLAIN = 'plain:'

/** One secret as it is stored at `place`, which it is bound to. */
export function storedSecret(text: string, place: string, vault: Vault): string {
  const sealed = vault.seal(text, place)
  return sealed === null ? `${PLAIN}${text}` : `${SEALED}${sealed}`
}

/** What was stored; null where it is sealed and this vault cannot open it. */
export function openSecret(stored: string, place: string, vault: Vault): string | null {
  if (stored.startsWith(SEALED)) return vault.open(stored.slice(SEALED.length), place)
  return stored.startsWith(PLAIN) ? stored.slice(PLAIN.length) : stored
}

/** True for a secret that stands sealed. */
export const isSealed = (stored: string): boolean => stored.startsWith(SEALED)

/** An account as it is stored. A locked one keeps the texts it came with. */
export function storedAccount(account: Account, vault: Vault): Account {
  const { locked, kept, ...bare } = account
  void kept
  if (locked !== undefined) return bare
  const stored = (text: string, field: string): string => storedSecret(text, placeOf(account, field), vault)
  return { ...bare, password: stored(bare.password, 'password'), serverPassword: stored(bare.serverPassword, 'serverPassword') }
}

/** The account behind a stored one. `locked` says why its secrets cannot be read; it then holds the sealed texts instead of them. */
export function openAccount(stored: Account, vault: Vault): Account {
  const read = (text: string, field: string): string | null => openSecret(text, placeOf(stored, field), vault)
  const password = read(stored.password, 'password')
  const serverPassword = read(stored.serverPassword, 'serverPassword')
  if (password === null || serverPassword === null)
    return { ...stored, kept: 'sealed', locked: `the secrets of this account are sealed and cannot be opened: ${vault.why}` }
  const kept = stored.password.startsWith(SEALED) ? { kept: 'sealed' as const } : {}
  return { ...stored, password, serverPassword, ...kept }
}

const placeOf = ({ device, userName }: Account, field: string): string => `${device ?? '*'}\n${userName}\n${field}`
