// Trust as the screen sees it: the lab's own certificate authority, the certificates it issued, and how TLS is spoken. Types only.

/** TLS versions by the names Node uses. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** Which ciphers are offered: `modern` AEAD with forward secrecy only; `compatible` adds CBC and RSA key exchange; `legacy` whatever this program still has. */
export type CipherProfile = 'modern' | 'compatible' | 'legacy'

/**
 * Whether devices are asked for a certificate. `off`: not asked. `optional`: one that is shown must be ours and of the device that speaks. `required`: one must be
 * shown. What does not hold is refused over the finished connection, in words, and is a trace row.
 */
export type ClientCertificates = 'off' | 'optional' | 'required'

export interface TlsSettings {
  readonly profile: CipherProfile
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  readonly clientCertificates: ClientCertificates
}

/** A certificate as lists show it. */
export interface CertificateRow {
  /** Hexadecimal, upper case. */
  readonly serial: string
  readonly subject: string
  /** DNS names and addresses it is for; empty for a client's. */
  readonly names: readonly string[]
  /** SHA-256 over the DER, upper-case pairs with colons. */
  readonly fingerprint: string
  /** ms since 1970. */
  readonly notBefore: number
  readonly notAfter: number
}

/** A client certificate: a session through TLS with it may only be the device it is bound to. */
export interface ClientCertificateRow extends CertificateRow {
  readonly device: string
  /** Withdrawn ones are refused. */
  readonly withdrawn: boolean
  /** When a connection last showed it, ms since 1970; 0 never. */
  readonly lastAt: number
}

/** The lab's certificate authority. */
export interface AuthorityRow extends CertificateRow {
  readonly key: 'ec' | 'rsa'
  /** How its private key lies in the workspace. `locked`: sealed by a key store that does not open it here: nothing can be issued, `why` says why. */
  readonly secret: 'plain' | 'sealed' | 'locked'
  readonly why: string
  /** Where a device fetches it from the lab (DER) by plain HTTP; '' where no such port is open. */
  readonly url: string
}

export interface TrustState {
  /** Base of the HTTPS port, such as `https://127.0.0.1:8443`; '' where it is not open, and `why` says why. */
  readonly https: string
  readonly why: string
  /** null until one was needed. */
  readonly authority: AuthorityRow | null
  /** Newest first. */
  readonly servers: readonly CertificateRow[]
  readonly clients: readonly ClientCertificateRow[]
  readonly settings: TlsSettings
  /** Cipher names offered with these settings. */
  readonly ciphers: readonly string[]
  /** What this program cannot do of the settings, in words; '' where all holds. */
  readonly remark: string
}

/** A file to hand out. */
export interface TrustFile {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

/** What a client certificate is to be: for which device, and for how many days (default 397). */
export interface ClientCertificateWish {
  readonly device: string
  readonly days?: number
}

/** A client certificate with its private key, which is told here and nowhere else, and kept nowhere. */
export interface IssuedClient {
  readonly row: ClientCertificateRow
  readonly cert: string
  readonly key: string
}

export interface TrustArea {
  state(): Promise<TrustState>
  /** The authority's certificate, made where there is none yet: PEM, DER, or a small QR code (SVG) of its URL and fingerprint. Files fit for `adb push`. */
  authority(format: 'pem' | 'der' | 'qr'): Promise<TrustFile>
  /** Changes how TLS is spoken; counts from the next connection on. Rejects in words where it cannot be. */
  settings(change: Partial<TlsSettings>): Promise<TrustState>
  issue(wish: ClientCertificateWish): Promise<IssuedClient>
  /** Takes a client certificate back. */
  withdraw(serial: string): Promise<TrustState>
  /** Makes a new authority; every device has to be given it anew, and all client certificates are void. */
  replace(key: 'ec' | 'rsa'): Promise<TrustState>
}
