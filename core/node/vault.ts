// The workspace's vault: a key of its own, which the desktop's key store keeps sealed, and AES-256-GCM under it for each secret.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Ledger } from '../store/ledger.ts'
import { NO_VAULT } from '../store/vault.ts'
import type { Vault } from '../store/vault.ts'
import { wordsOf } from '../syncml/text.ts'

/** Secrets at rest, kept by the operating system. `available` false: the user must be told that nothing is encrypted. */
export interface Secrets {
  available(): Promise<boolean>
  seal(text: string): Promise<Uint8Array>
  unseal(sealed: Uint8Array): Promise<string>
}

/** Keys of the workspace by name, each sealed by the key store (base64), and the one in use. A key that cannot be opened here stays. */
interface Keys {
  readonly use: string
  readonly sealed: Readonly<Record<string, string>>
}

const SETTING = 'secrets.keys'
const IV = 12
const TAG = 16

/**
 * Gives the ledger its vault and brings plain secrets into it, but for the account `lab`, whose secrets the documentation tells. Returns what people
 * should know, in words; '' where nothing.
 */
export async function guardSecrets(ledger: Ledger, secrets: Secrets | undefined): Promise<string> {
  const { vault, said } = await openVault(ledger, secrets)
  ledger.guard(vault)
  const accounts = ledger.accounts()
  const locked = accounts.filter((account) => account.locked !== undefined).length
  const sealing = vault.seal('', '') !== null
  const plain = sealing ? accounts.filter(({ device, kept, locked: why }) => device !== null && kept === undefined && why === undefined) : []
  if (plain.length > 0) ledger.scrub(() => plain.forEach((account) => ledger.putAccount(account)))
  const trouble = locked === 0 ? '' : `${told(locked)}: ${vault.why}`
  return [said, trouble].filter((text) => text !== '').join('; ')
}

const told = (count: number): string =>
  count === 1
    ? 'the secrets of one account are sealed, and it is refused'
    : `the secrets of ${String(count)} accounts are sealed, and they are refused`

async function openVault(ledger: Ledger, secrets: Secrets | undefined): Promise<{ readonly vault: Vault; readonly said: string }> {
  if (secrets === undefined) return { vault: NO_VAULT, said: '' }
  try {
    if (!(await secrets.available())) return { vault: NO_VAULT, said: 'this system has no key store: secrets lie in the workspace as they are' }
    return { vault: await keyed(ledger, secrets), said: '' }
  } catch (error) {
    const why = `the key store failed: ${wordsOf(error)}`
    return { vault: { ...NO_VAULT, why }, said: `${why}; new secrets lie in the workspace as they are` }
  }
}

/** All keys that open here; the one in use, or a new one where that does not. */
async function keyed(ledger: Ledger, secrets: Secrets): Promise<Vault> {
  const stored = ledger.setting(SETTING)
  const keys: Keys = stored === undefined ? { use: '', sealed: {} } : (JSON.parse(stored) as Keys)
  const open = new Map<string, Buffer>()
  let why = 'they were sealed by another key store'
  for (const [name, sealed] of Object.entries(keys.sealed)) {
    try {
      const key = Buffer.from(await secrets.unseal(new Uint8Array(Buffer.from(sealed, 'base64'))), 'hex')
      if (key.length === 32) open.set(name, key)
    } catch (error) {
      why = `the key store does not open them (${wordsOf(error)})`
    }
  }
  let use = keys.use
  if (!open.has(use)) {
    use = randomBytes(4).toString('hex')
    const key = randomBytes(32)
    const sealed = Buffer.from(await secrets.seal(key.toString('hex'))).toString('base64')
    open.set(use, key)
    ledger.setSetting(SETTING, JSON.stringify({ use, sealed: { ...keys.sealed, [use]: sealed } } satisfies Keys))
  }
  return vaultOf(open, use, why)
}

function vaultOf(keys: ReadonlyMap<string, Buffer>, use: string, why: string): Vault {
  const own = keys.get(use) as Buffer
  return {
    why,
    seal: (text, place) => {
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', own, iv).setAAD(Buffer.from(place))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${use}:${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')}`
    },
    open: (sealed, place) => {
      const [name = '', text = ''] = sealed.split(':')
      const key = keys.get(name)
      const octets = Buffer.from(text, 'base64')
      if (key === undefined || octets.length < IV + TAG) return null
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, octets.subarray(0, IV)).setAAD(Buffer.from(place))
        decipher.setAuthTag(octets.subarray(IV, IV + TAG))
        return Buffer.concat([decipher.update(octets.subarray(IV + TAG)), decipher.final()]).toString('utf8')
      } catch {
        return null
      }
    },
  }
}
