// A redactor for one export: a key of its own, forgotten with it, and the accounts of the workspace as what must not be seen.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { Redactor } from '../evidence/redact.ts'
import type { Ledger } from '../store/ledger.ts'

/** Makes it. Secrets that are sealed and cannot be opened are redacted where they stand in their fields, but not searched for elsewhere. */
export function redactorOf(ledger: Ledger): Redactor {
  const key = randomBytes(32)
  const accounts = ledger.accounts()
  return new Redactor({
    keyed: (text) => createHmac('sha256', key).update(text).digest(),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    secrets: accounts.flatMap(({ password, serverPassword, locked }) => (locked === undefined ? [password, serverPassword] : [])),
    identifiers: accounts.flatMap(({ device }) => (device === null ? [] : [device])),
  })
}

/** How many accounts' secrets cannot be searched for, in words; '' where none. */
export function sealedWords(ledger: Ledger): string {
  const sealed = ledger.accounts().filter(({ locked }) => locked !== undefined).length
  return sealed === 0
    ? ''
    : `the secrets of ${String(sealed)} accounts are sealed: they are redacted where they stand in their fields, not searched for elsewhere`
}
