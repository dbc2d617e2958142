// The lab's trust: its authority on disk, what it issued, and TLS contexts by server name; certificates are renewed when they are next needed.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { AuthorityRow, CertificateRow, ClientCertificateRow, TlsSettings, TrustState } from '../../api.ts'
import type { Docs } from '../../store/docs.ts'
import type { Vault } from '../../store/vault.ts'
import { freshKey, issue, leafTimes, makeAuthority, rowOf } from './certificates.ts'
import type { Issued, KeyKind } from './certificates.ts'
import { changed, ciphersOf, contextOf, TLS_SETTINGS, usable } from './settings.ts'

export interface TrustParts {
  /** Folder of the authority: `ca.pem`, `ca.crt`, `ca.key` (mode 600, sealed where the vault seals). */
  readonly dir: string
  readonly docs: Docs
  readonly vault: Vault
  readonly now: () => number
  /** Names and addresses devices know this lab by. */
  readonly names: () => readonly string[]
  /** Base of the HTTPS port, '' where it is not open, and why. */
  readonly port: () => { readonly https: string; readonly why: string }
  /** Where devices fetch the authority's certificate; '' nowhere. */
  readonly url: () => string
  /** Something moved: makes durable what was put, and tells. */
  readonly moved: () => void
}

/** A server certificate as Docs keep it; the key is sealed where the vault seals. */
interface KeptServer {
  readonly cert: string
  readonly key: string
}

interface KeptClient {
  readonly cert: string
  readonly device: string
  readonly withdrawn: boolean
  readonly lastAt: number
}

/** Certificates with less than this left are issued anew, ms. */
export const RENEW_BEFORE = 30 * 86_400_000

const SEALED = 'sealed:'
/** The certificate for clients that name no server, or one this lab does not know. */
const ANY = '*'
const KIND = { settings: 'tls', server: 'tls.server', client: 'tls.client' } as const

/** What is known of a client certificate. */
export interface KnownClient {
  readonly device: string
  readonly withdrawn: boolean
}

/** See the first line. Everything throws one Error in words where the authority's key cannot be opened. */
export class Trust {
  readonly #parts: TrustParts
  readonly #contexts = new Map<string, { readonly cert: string; readonly context: SecureContext }>()
  #settings: TlsSettings
  /** Counts whatever makes contexts outdated. */
  #turn = 0

  constructor(parts: TrustParts) {
    this.#parts = parts
    this.#settings = { ...TLS_SETTINGS, ...(parts.docs.get(KIND.settings, 'settings') as Partial<TlsSettings> | undefined) }
    this.#sealAgain()
  }

  get settings(): TlsSettings {
    return this.#settings
  }

  /** The authority's certificate, PEM; null where there is none yet. */
  get certificate(): string | null {
    const file = join(this.#parts.dir, 'ca.pem')
    return existsSync(file) ? readFileSync(file, 'utf8') : null
  }

  /** The authority, made where there is none. */
  authority(): Issued {
    const cert = this.certificate
    if (cert === null) return this.replace('ec')
    const key = this.#open(readFileSync(join(this.#parts.dir, 'ca.key'), 'utf8'), 'ca.key')
    if (key === null) throw new Error(`the private key of this lab's authority is sealed and cannot be opened: ${this.#parts.vault.why}`)
    return { cert, key }
  }

  /** Makes a new authority; what the one before issued is void. */
  replace(kind: KeyKind): Issued {
    const { dir, docs, now } = this.#parts
    const made = makeAuthority(kind, now())
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    write(join(dir, 'ca.key'), this.#seal(made.key, 'ca.key'), 0o600)
    write(join(dir, 'ca.crt'), new X509Certificate(made.cert).raw, 0o644)
    write(join(dir, 'ca.pem'), made.cert, 0o644)
    for (const list of [KIND.server, KIND.client]) for (const { id } of docs.all(list)) docs.drop(list, id)
    this.#outdated()
    return made
  }

  change(change: Partial<TlsSettings>): void {
    const after = changed(this.#settings, change)
    usable(after)
    this.#settings = after
    this.#parts.docs.put(KIND.settings, 'settings', after)
    this.#outdated()
  }

  /** Options of the context for clients that name no server, and a number that moves with them. */
  otherwise(): { readonly turn: number; readonly options: SecureContextOptions } {
    const names = [...new Set(this.#parts.names())]
    const { cert, key } = this.#server(ANY, names)
    return { turn: this.#turn, options: { ...usable(this.#settings).options, cert, key, ca: this.authority().cert } }
  }

  /** The context for a server name; undefined: the one for clients that name none. */
  context(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase().replace(/\.$/, '')
    if (!this.#parts.names().includes(name)) return undefined
    const { cert, key } = this.#server(name, [name])
    const known = this.#contexts.get(name)
    if (known?.cert === cert) return known.context
    const context = contextOf(this.#settings, { cert, key, ca: this.authority().cert })
    this.#contexts.set(name, { cert, context })
    return context
  }

  /** A client certificate with its key, which is kept nowhere. */
  issue(device: string, days?: number): { readonly row: ClientCertificateRow; readonly cert: string; readonly key: string } {
    const authority = this.authority()
    const kind = createPrivateKey(authority.key).asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
    const made = issue(authority, { use: 'client', name: device, ...leafTimes(this.#parts.now(), days) }, freshKey(kind))
    const kept: KeptClient = { cert: made.cert, device, withdrawn: false, lastAt: 0 }
    const row = clientRow(kept)
    this.#parts.docs.put(KIND.client, row.serial, kept)
    this.#parts.moved()
    return { row, ...made }
  }

  withdraw(serial: string): void {
    const kept = this.#parts.docs.get(KIND.client, serial.toUpperCase()) as KeptClient | undefined
    if (kept === undefined) throw new Error(`this lab issued no client certificate ${serial}`)
    this.#parts.docs.put(KIND.client, serial.toUpperCase(), { ...kept, withdrawn: true })
    this.#parts.moved()
  }

  /** Whose the certificate of that serial number is; undefined: none of this lab's. */
  client(serial: string): KnownClient | undefined {
    return this.#parts.docs.get(KIND.client, serial) as KeptClient | undefined
  }

  /** It was shown just now. */
  seen(serial: string): void {
    const kept = this.#parts.docs.get(KIND.client, serial) as KeptClient | undefined
    if (kept === undefined) return
    this.#parts.docs.put(KIND.client, serial, { ...kept, lastAt: this.#parts.now() })
    this.#parts.moved()
  }

  state(): TrustState {
    const { docs, port } = this.#parts
    const servers = docs.all(KIND.server).map(({ value }) => rowOf((value as KeptServer).cert))
    const clients = docs.all(KIND.client).map(({ value }) => clientRow(value as KeptClient))
    const newest = <T extends CertificateRow>(rows: T[]): T[] => rows.sort((a, b) => b.notBefore - a.notBefore)
    return {
      ...port(),
      authority: this.#authorityRow(),
      servers: newest(servers),
      clients: newest(clients),
      settings: this.#settings,
      ciphers: ciphersOf(this.#settings),
      remark: usable(this.#settings).remark,
    }
  }

  #authorityRow(): AuthorityRow | null {
    const { dir, vault, url } = this.#parts
    const cert = this.certificate
    if (cert === null) return null
    const text = existsSync(join(dir, 'ca.key')) ? readFileSync(join(dir, 'ca.key'), 'utf8') : SEALED
    const locked = this.#open(text, 'ca.key') === null
    const key = new X509Certificate(cert).publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
    const secret = locked ? 'locked' : text.startsWith(SEALED) ? 'sealed' : 'plain'
    return { ...rowOf(cert), key, secret, why: locked ? `its private key cannot be opened: ${vault.why}` : '', url: url() }
  }

  /** The certificate kept under a name, or a new one: where there is none, it ends soon, its names do not do, or another authority signed it. */
  #server(id: string, names: readonly string[]): Issued {
    const { docs, now, moved } = this.#parts
    const kept = docs.get(KIND.server, id) as KeptServer | undefined
    const key = kept === undefined ? null : this.#open(kept.key, `server ${id}`)
    if (kept !== undefined && key !== null && this.#fits(kept.cert, names)) return { cert: kept.cert, key }
    const authority = this.authority()
    const kind = createPrivateKey(authority.key).asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
    const wish = { use: 'server' as const, name: names[0] ?? 'DM Lab', names, ...leafTimes(now()) }
    const made = issue(authority, wish, freshKey(kind))
    docs.put(KIND.server, id, { cert: made.cert, key: this.#seal(made.key, `server ${id}`) } satisfies KeptServer)
    this.#turn += 1
    moved()
    return made
  }

  #fits(cert: string, names: readonly string[]): boolean {
    const { notAfter, names: held } = rowOf(cert)
    return notAfter - this.#parts.now() > RENEW_BEFORE && names.every((name) => held.includes(name))
  }

  #outdated(): void {
    this.#contexts.clear()
    this.#turn += 1
    this.#parts.moved()
  }

  #seal(text: string, place: string): string {
    const sealed = this.#parts.vault.seal(text, `tls\n${place}`)
    return sealed === null ? text : `${SEALED}${sealed}`
  }

  #open(text: string, place: string): string | null {
    return text.startsWith(SEALED) ? this.#parts.vault.open(text.slice(SEALED.length), `tls\n${place}`) : text
  }

  /** A key that lies plain is sealed as soon as there is a key store. */
  #sealAgain(): void {
    const file = join(this.#parts.dir, 'ca.key')
    if (!existsSync(file)) return
    const text = readFileSync(file, 'utf8')
    const sealed = text.startsWith(SEALED) ? text : this.#seal(text, 'ca.key')
    if (sealed !== text) write(file, sealed, 0o600)
  }
}

const clientRow = ({ cert, device, withdrawn, lastAt }: KeptClient): ClientCertificateRow => ({ ...rowOf(cert), device, withdrawn, lastAt })

/** Writes under a temporary name first, so that readers see all of it or nothing. */
function write(path: string, content: string | Uint8Array, mode: number): void {
  const draft = `${path}.${String(process.pid)}`
  writeFileSync(draft, content, { mode })
  renameSync(draft, path)
}
