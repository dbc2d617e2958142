// Makes our own credentials in one session and learns from the peer's Status of our SyncHdr; the same law for both roles (SEC, dm-protocol 8.2).
import type { Chal, Cred, NonceText } from '../syncml/message.ts'
import type { AuthName } from './credentials.ts'
import { keptNonce, nonceOf } from './kept.ts'
import type { KeptProver } from './kept.ts'
import { authName, basic, formatMacHeader, mac, MAC_HEADER, md5Credential, readings } from './credentials.ts'

/** Which reading of an ambiguous nonce worked for this peer (wbxml 7 rule 8). */
export type Reading = 'text' | 'raw' | null

/** What to do after the peer's Status of our SyncHdr. */
export type Heard =
  | { readonly next: 'go on'; readonly authenticated: boolean }
  /** Repeat the package with the credentials asked for. */
  | { readonly next: 'again'; readonly type: AuthName }
  | { readonly next: 'give up'; readonly reason: string }

/** The proving side of one session. */
export class Prover {
  readonly #user: string
  readonly #password: string
  readonly #types: readonly AuthName[]
  #type: AuthName
  #nonce: NonceText | null
  #reading: Reading
  readonly #silent: boolean
  #state: 'open' | 'accepted' | 'each' | 'over' = 'open'
  #retried = false
  #shown = false
  #save: NonceText | null = null

  /** `types`: what we can do; `type`: what we begin with. `nonce`: what the peer issued last time, or null. */
  constructor(options: {
    readonly user: string
    readonly password: string
    readonly type: AuthName
    readonly types?: readonly AuthName[]
    readonly nonce: NonceText | null
    readonly reading?: Reading
    /** Shows nothing, and cannot answer a challenge. */
    readonly silent?: boolean
  }) {
    this.#user = options.user
    this.#password = options.password
    this.#type = options.type
    this.#silent = options.silent === true
    this.#types = this.#silent ? [] : (options.types ?? ['syncml:auth-basic', 'syncml:auth-md5', 'syncml:auth-MAC'])
    this.#nonce = options.nonce
    this.#reading = options.reading ?? null
  }

  /** True once the peer accepted a credential of ours. */
  get authenticated(): boolean {
    return this.#state === 'accepted' || this.#state === 'each'
  }

  /** True once the peer was given up: nothing more of ours will convince it. */
  get spent(): boolean {
    return this.#state === 'over'
  }

  get reading(): Reading {
    return this.#reading
  }

  /** User id for Source/LocName. */
  get user(): string {
    return this.#user
  }

  get type(): AuthName {
    return this.#type
  }

  /** True where the next message would carry something that proves us. */
  get ready(): boolean {
    return !this.#silent && this.#state !== 'accepted' && (this.#type === 'syncml:auth-basic' || this.#nonce !== null)
  }

  /** Cred of the next message; undefined where none is due (accepted for the session, no nonce yet, auth-MAC). */
  cred(): Cred | undefined {
    if (!this.ready || this.#type === 'syncml:auth-MAC') return undefined
    this.#shown = true
    const data = this.#type === 'syncml:auth-basic' ? basic(this.#user, this.#password) : md5Credential(this.#user, this.#password, this.#octets())
    return { meta: { format: 'b64', type: this.#type }, data }
  }

  /** Transport header fields for a body that is ready to leave: the MAC, where auth-MAC is in use and a nonce is known. */
  headers(body: Uint8Array): readonly (readonly [string, string])[] {
    if (this.#silent || this.#type !== 'syncml:auth-MAC' || this.#nonce === null) return []
    this.#shown = true
    return [[MAC_HEADER, formatMacHeader(this.#user, mac(this.#user, this.#password, this.#octets(), body))]]
  }

  /**
   * The peer's Status of our last SyncHdr. 212: no more credentials. 200 after credentials: the same again, with the next nonce.
   * 401 and 407 with Chal: once more with the type asked for; a second one, an unknown type or no Chal: give up.
   */
  heard(code: number, chal: Chal | undefined): Heard {
    const type = authName(chal?.meta.type)
    const nonce = chal?.meta.nextNonce ?? null
    if (code !== 401 && code !== 407) {
      if (code === 212 && this.#type !== 'syncml:auth-MAC') this.#state = 'accepted'
      else if (this.#shown && code >= 200 && code < 300 && this.#state === 'open') this.#state = 'each'
      if (nonce !== null && (type === undefined || type === this.#type)) this.#nonce = this.#save = nonce
      return { next: 'go on', authenticated: this.authenticated }
    }
    const refused = `${String(code)} for our credentials`
    this.#state = 'open'
    if (this.#retried) return this.#over(`${refused}, after one retry`)
    if (chal === undefined) return this.#over(`${refused}, without a challenge`)
    if (type === undefined || !this.#types.includes(type))
      return this.#over(`${refused}: it asks for ${chal.meta.type ?? 'no type'}, which we cannot do`)
    if (type !== 'syncml:auth-basic' && nonce === null) return this.#over(`${refused}: its challenge has no NextNonce`)
    this.#retried = true
    this.#reread(type, nonce)
    this.#type = type
    if (nonce !== null) this.#nonce = nonce
    return { next: 'again', type }
  }

  /** The nonce to store for the next session, once; null where there is none. A nonce of a challenge is never among them. */
  takeSave(): NonceText | null {
    const save = this.#save
    this.#save = null
    return save
  }

  /** What a session that goes on after a restart needs of it. */
  kept(): KeptProver {
    return {
      type: this.#type,
      nonce: keptNonce(this.#nonce),
      reading: this.#reading,
      state: this.#state,
      retried: this.#retried,
      shown: this.#shown,
    }
  }

  restore({ type, nonce, reading, state, retried, shown }: KeptProver): void {
    this.#type = type
    this.#nonce = nonceOf(nonce)
    this.#reading = reading
    this.#state = state
    this.#retried = retried
    this.#shown = shown
  }

  /** After a refused digest over an ambiguous nonce the other reading is used on the fresh one (wbxml 7 rule 8). */
  #reread(type: AuthName, nonce: NonceText | null): void {
    const ambiguous = this.#nonce !== null && readings(this.#nonce).length > 1
    if (!this.#shown || !ambiguous || nonce === null || type !== this.#type) return
    this.#reading = this.#reading === 'raw' ? 'text' : 'raw'
  }

  #octets(): Uint8Array {
    const [first, second] = readings(this.#nonce ?? { text: '' })
    return this.#reading === 'raw' && second !== undefined ? second : first
  }

  #over(reason: string): Heard {
    this.#state = 'over'
    return { next: 'give up', reason }
  }
}
