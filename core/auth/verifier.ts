// Checks the peer's credentials in one session and decides the Status of its SyncHdr; the same law for both roles (SEC, dm-protocol 8.4).
import { base64, trim, utf8Bytes } from '../syncml/text.ts'
import type { Chal, Cred } from '../syncml/message.ts'
import type { Headers } from '../machine.ts'
import type { AuthName } from './credentials.ts'
import { octetsOf } from './kept.ts'
import type { KeptVerifier } from './kept.ts'
import { headerValue, issuedReadings, mac, MAC_HEADER, md5Credential, parseBasic, parseMacHeader, readCred, same } from './credentials.ts'

/** What a message shows of its sender. `body` is the entity exactly as it came, before any content coding was undone by us. */
export interface Evidence {
  readonly cred: Cred | undefined
  readonly headers: Headers
  readonly body: Uint8Array
  /** Source/LocName: the user id with md5 and MAC. */
  readonly locName: string | undefined
}

/** Whom we expect. `userNames`: any of them will do (a server may use its id or its AAuthName). `type` null takes basic and md5 alike. */
export interface Secret {
  readonly userNames: readonly string[]
  readonly password: string
  readonly type: AuthName | null
  /** True: a message without any credentials is welcome, whatever the session requires. */
  readonly open?: boolean
}

/** What came of a check. */
export interface Verdict {
  /** For the Status of SyncHdr. */
  readonly code: 200 | 212 | 401 | 407
  /** To send with that Status. */
  readonly chal?: Chal
  /** A nonce issued to a peer that proved itself: to be stored for its next session. Never set by a refusal. */
  readonly issued?: Uint8Array
  /** True where nothing more may be tried: the session ends. */
  readonly over: boolean
  /** Why, in words and without any secret. */
  readonly cause: string
  /** True where the MAC rests on the nonce of the one before in this session, though a newer one was issued. */
  readonly stale?: boolean
  readonly shown: AuthName | null
}

/** Challenges made before a peer is given up (SEC: one more challenge after a failed check; count INFERRED). */
const TRIES = 2

/** The checking side of one session. */
export class Verifier {
  readonly #required: boolean
  readonly #makeNonce: () => Uint8Array
  readonly #accepts: 'session' | 'message'
  /** Nonce a credential must rest on now. */
  #nonce: Uint8Array | null
  /** Nonces that were right once; only to explain a refusal. */
  readonly #older: Uint8Array[] = []
  /** `each`: proved, and to be proved again by every message. */
  #state: 'open' | 'session' | 'each' | 'mac' | 'over' = 'open'
  #failures = 0
  #demanded: AuthName | null = null
  readonly #keeps: boolean
  /** Nonce that the last right MAC of this session rested on. */
  #proved: Uint8Array | null = null
  #stale = false

  /**
   * `nonce`: what we issued last time, or null. `required`: a message without credentials is refused. `accepts`: for how long credentials count.
   * `keeps`: a MAC may rest on the nonce of the one before in the same session; it covers SessionID and MsgID, so nothing can be played again.
   */
  constructor(options: {
    readonly required: boolean
    readonly nonce: Uint8Array | null
    readonly makeNonce: () => Uint8Array
    readonly accepts?: 'session' | 'message'
    readonly keeps?: boolean
  }) {
    this.#keeps = options.keeps ?? false
    this.#accepts = options.accepts ?? 'session'
    this.#required = options.required
    this.#nonce = options.nonce
    this.#makeNonce = options.makeNonce
  }

  /** True once the peer has proved who it is. */
  get authenticated(): boolean {
    return this.#state === 'session' || this.#state === 'each' || this.#state === 'mac'
  }

  /** True once the peer need prove nothing any more in this session: `check` looks at nothing then. */
  get settled(): boolean {
    return this.#state === 'session'
  }

  /** What a session that goes on after a restart needs of it. */
  kept(): KeptVerifier {
    return {
      nonce: this.#nonce === null ? null : base64(this.#nonce),
      state: this.#state,
      failures: this.#failures,
      demanded: this.#demanded,
      proved: this.#proved === null ? null : base64(this.#proved),
    }
  }

  restore({ nonce, state, failures, demanded, proved = null }: KeptVerifier): void {
    this.#nonce = nonce === null ? null : octetsOf(nonce)
    this.#state = state
    this.#failures = failures
    this.#demanded = demanded
    this.#proved = proved === null ? null : octetsOf(proved)
  }

  /** Checks one message. `secret` null: nobody we know; then only a challenge for `demand` (or a plain 401 where that is null) is possible. */
  check(evidence: Evidence, secret: Secret | null, demand: AuthName | null = secret?.type ?? 'syncml:auth-md5', because = 'unknown user'): Verdict {
    if (this.#state === 'session') return { code: 200, over: false, cause: 'authenticated for the session', shown: null }
    const header = headerValue(evidence.headers, MAC_HEADER)
    const cred = evidence.cred === undefined ? null : readCred(evidence.cred)
    const shown = header !== undefined ? 'syncml:auth-MAC' : (cred?.type ?? null)
    if (secret === null) return this.#refuse(header === undefined && cred === null && demand !== null ? 407 : 401, because, demand, shown)
    if (this.#state === 'mac' && header === undefined) return this.#refuse(401, 'no x-syncml-hmac header after auth-MAC began', null, shown)
    if (header === undefined && cred === null) {
      // Whoever showed something wrong does not get in by showing nothing.
      if (this.#state !== 'each' && this.#failures === 0 && (!this.#required || secret.open === true))
        return { code: 200, over: false, cause: 'no credentials shown, none required', shown: null }
      return this.#refuse(407, 'no credentials', demand, null)
    }
    if (shown === null) return this.#refuse(401, `authentication type ${JSON.stringify(cred?.typeText ?? '')} is not known`, demand, null)
    const wanted = secret.type
    if (wanted !== null && wanted !== shown) {
      const cause = this.#demanded === null ? `${shown} shown where ${wanted} is expected` : `challenged for ${wanted}, answered with ${shown}`
      return this.#refuse(401, cause, this.#demanded === null ? demand : null, shown)
    }
    const cause =
      shown === 'syncml:auth-MAC'
        ? this.#checkMac(header ?? '', evidence, secret)
        : shown === 'syncml:auth-basic'
          ? checkBasic(cred?.data ?? '', secret)
          : this.#checkMd5(cred?.data ?? '', evidence.locName, secret)
    return cause === '' ? this.#accept(shown) : this.#refuse(401, cause, demand ?? shown, shown)
  }

  #accept(shown: AuthName): Verdict {
    this.#state = shown === 'syncml:auth-MAC' ? 'mac' : this.#accepts === 'message' ? 'each' : 'session'
    const code = this.#state === 'session' ? 212 : 200
    if (shown === 'syncml:auth-basic') return { code, over: false, cause: 'right user name and password', shown }
    const stale = this.#stale
    const issued = this.#issue()
    return { code, chal: challenge(shown, issued), issued, over: false, cause: 'right digest', shown, ...(stale ? { stale } : {}) }
  }

  #refuse(code: 401 | 407, cause: string, demand: AuthName | null, shown: AuthName | null): Verdict {
    this.#failures += 1
    const wasMac = this.#state === 'mac'
    if (this.#failures >= TRIES || demand === null || wasMac) {
      this.#state = 'over'
      return { code: this.#failures >= TRIES || wasMac ? 401 : code, over: true, cause, shown }
    }
    this.#demanded = demand
    return { code, chal: challenge(demand, demand === 'syncml:auth-basic' ? undefined : this.#issue()), over: false, cause, shown }
  }

  #issue(): Uint8Array {
    if (this.#nonce !== null) this.#older.push(this.#nonce)
    this.#nonce = this.#makeNonce()
    return this.#nonce
  }

  #checkMac(value: string, evidence: Evidence, secret: Secret): string {
    const header = parseMacHeader(value)
    if (header === null) return 'the x-syncml-hmac header lacks user name or mac'
    if (header.algorithm.toUpperCase() !== 'MD5') return `algorithm ${JSON.stringify(header.algorithm)} is not MD5`
    if (evidence.locName !== undefined && evidence.locName !== header.userName) return 'the user name of the header is not that of Source/LocName'
    if (!secret.userNames.includes(header.userName)) return 'wrong user name'
    const fits = (nonce: Uint8Array): boolean => same(mac(header.userName, secret.password, nonce, evidence.body), header.mac)
    const kept = this.#keeps && this.#state === 'mac' ? this.#proved : null
    const cause = this.#explain(fits, '')
    this.#stale = cause !== '' && kept !== null && issuedReadings(kept).some(fits)
    if (cause !== '' && !this.#stale) return cause
    if (!this.#stale) this.#proved = this.#nonce
    return ''
  }

  #checkMd5(data: string, locName: string | undefined, secret: Secret): string {
    const text = trim(data)
    if (/^[0-9a-f]{32}$/i.test(text)) return 'the digest is written in hexadecimal instead of base64'
    if (text === '') return 'the credential is empty'
    const form = /^[A-Za-z0-9+/]{22}==$/.test(text) ? '' : ' (and the digest is no base64 of 16 octets)'
    const fits = (nonce: Uint8Array): boolean => secret.userNames.some((user) => same(md5Credential(user, secret.password, nonce), text))
    const stranger = locName !== undefined && locName !== '' && !secret.userNames.includes(locName) ? 'wrong user name' : ''
    return this.#explain(fits, stranger, form)
  }

  /** '' where the digest rests on the right nonce; otherwise why not, as far as it can be told. */
  #explain(fits: (nonce: Uint8Array) => boolean, stranger: string, form = ''): string {
    const nonce = this.#nonce
    if (nonce !== null && issuedReadings(nonce).some(fits)) return ''
    if (this.#older.some((older) => issuedReadings(older).some(fits))) return 'stale nonce: the digest rests on an earlier one'
    if (nonce !== null && fits(utf8Bytes(base64(nonce)))) return 'the base64 text of the nonce was hashed instead of its octets'
    if (fits(new Uint8Array(0))) return 'stale nonce: the digest rests on an empty one'
    if (stranger !== '') return stranger
    if (nonce === null) return 'no nonce was issued to this peer yet'
    return `wrong password, or a nonce that was never issued here${form}`
  }
}

function checkBasic(data: string, secret: Secret): string {
  if (data === '') return 'the credential is empty'
  const shown = parseBasic(data)
  if (shown === null) return 'the credential is no base64 of user name, colon and password'
  if (!secret.userNames.includes(shown.user)) return 'wrong user name'
  return same(shown.password, secret.password) ? '' : 'wrong password'
}

function challenge(type: AuthName, nonce: Uint8Array | undefined): Chal {
  return { meta: { format: 'b64', type, ...(nonce === undefined ? {} : { nextNonce: { text: base64(nonce) } }) } }
}
