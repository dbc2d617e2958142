// Secrets in the ledger: sealed or plain by a prefix, bound to where they stand, and never lost where they cannot be opened.
import { beforeEach, expect, test } from 'vitest'
import type { Account } from '../../core/server/records.ts'
import { Ledger } from '../../core/store/ledger.ts'
import type { Db } from '../../core/store/ports.ts'
import { LAB_ACCOUNT } from '../../core/store/schema.ts'
import type { Vault } from '../../core/store/vault.ts'
import { memoryDb, needsSqlite } from './memory.ts'

beforeEach((context) => needsSqlite(context))

/** Seals by turning round; remembers where. */
function mirror(): Vault & { readonly places: string[] } {
  const turned = (text: string): string => [...text].reverse().join('')
  const places: string[] = []
  const open = (sealed: string, place: string): string | null => (sealed.endsWith(`@${place}`) ? turned(sealed.slice(0, -place.length - 1)) : null)
  return { places, why: 'the mirror is broken', open, seal: (text, place) => (places.push(place), `${turned(text)}@${place}`) }
}
const account = (change: Partial<Account> = {}): Account => ({
  ...LAB_ACCOUNT,
  device: 'D',
  userName: 'u',
  password: 'abc',
  serverPassword: 'xyz',
  ...change,
})
const stored = (db: Db): { password: string; serverPassword: string } =>
  JSON.parse(String(db.prepare("SELECT json FROM account WHERE device = '=D'").get()?.['json'])) as ReturnType<typeof stored>

test('with a vault both secrets are sealed, each bound to its account and field; what is read is what was saved', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db, { remember: true })
  const vault = mirror()
  ledger.guard(vault)
  ledger.putAccount(account())
  expect(stored(db)).toMatchObject({ password: 'sealed:cba@D\nu\npassword', serverPassword: 'sealed:zyx@D\nu\nserverPassword' })
  expect(ledger.account('D', 'u')).toEqual({ ...account(), kept: 'sealed' })
  expect(vault.places).toEqual(['D\nu\npassword', 'D\nu\nserverPassword'])
})

test('without one they are plain by prefix, also where they look sealed themselves', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db)
  for (const password of ['abc', 'sealed:abc', 'plain:abc', '']) {
    ledger.putAccount(account({ password }))
    expect(stored(db).password).toBe(`plain:${password}`)
    expect(ledger.account('D', 'u')).toEqual(account({ password }))
  }
})

test('a sealed account that cannot be opened says why, and saving it again changes nothing of its secrets', () => {
  const db = memoryDb()
  const first = Ledger.open(db)
  first.guard(mirror())
  first.putAccount(account())
  const before = stored(db)
  const ledger = Ledger.open(db)
  const found = ledger.account('D', 'u')
  expect(found?.locked).toBe('the secrets of this account are sealed and cannot be opened: no key store is at hand here')
  ledger.putAccount({ ...(found as Account), state: 'refused' })
  expect(stored(db)).toEqual({ ...before, state: 'refused' })
  ledger.guard(mirror())
  expect(ledger.account('D', 'u')).toEqual({ ...account({ state: 'refused' }), kept: 'sealed' })
})

test('a secret moved to another account does not open', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db)
  ledger.guard(mirror())
  ledger.putAccount(account())
  db.prepare('UPDATE account SET json = replace(json, \'"userName":"u"\', \'"userName":"v"\')').run()
  expect(ledger.accounts().find(({ device }) => device === 'D')?.locked).toContain('the mirror is broken')
})
