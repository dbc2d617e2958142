// What a client says first on a TLS port (ClientHello: RFC 8446 4.1.2, RFC 5246 7.4.1.2), read as far as it goes; and what plain HTTP or rubbish there is. Pure.

/** What a ClientHello offers. Versions and ciphers by their names; numbers in hexadecimal where this table has none. */
export interface ClientHello {
  readonly versions: readonly string[]
  readonly ciphers: readonly string[]
  /** Server name indication; '' where none was sent (clients that were given an address send none). */
  readonly serverName: string
  /** Named curves and groups; empty: the client knows no elliptic curves or does not say. */
  readonly groups: readonly string[]
  /** True where all of it was there to read. */
  readonly whole: boolean
}

/** What the first bytes of a connection are. */
export type Opening =
  | { readonly what: 'tls'; readonly hello: ClientHello | null }
  | { readonly what: 'sslv2' }
  | { readonly what: 'http'; readonly startLine: string }
  | { readonly what: 'other' }

const VERSIONS: Readonly<Record<number, string>> = { 0x0300: 'SSLv3', 0x0301: 'TLSv1', 0x0302: 'TLSv1.1', 0x0303: 'TLSv1.2', 0x0304: 'TLSv1.3' }

/** Names of ciphers seen in clients of these devices, as OpenSSL writes them. Source: IANA TLS Cipher Suites. */
const CIPHERS: Readonly<Record<number, string>> = {
  0x0004: 'RC4-MD5',
  0x0005: 'RC4-SHA',
  0x0009: 'DES-CBC-SHA',
  0x000a: 'DES-CBC3-SHA',
  0x002f: 'AES128-SHA',
  0x0033: 'DHE-RSA-AES128-SHA',
  0x0035: 'AES256-SHA',
  0x0039: 'DHE-RSA-AES256-SHA',
  0x003c: 'AES128-SHA256',
  0x003d: 'AES256-SHA256',
  0x009c: 'AES128-GCM-SHA256',
  0x009d: 'AES256-GCM-SHA384',
  0x1301: 'TLS_AES_128_GCM_SHA256',
  0x1302: 'TLS_AES_256_GCM_SHA384',
  0x1303: 'TLS_CHACHA20_POLY1305_SHA256',
  0xc008: 'ECDHE-ECDSA-DES-CBC3-SHA',
  0xc009: 'ECDHE-ECDSA-AES128-SHA',
  0xc00a: 'ECDHE-ECDSA-AES256-SHA',
  0xc012: 'ECDHE-RSA-DES-CBC3-SHA',
  0xc013: 'ECDHE-RSA-AES128-SHA',
  0xc014: 'ECDHE-RSA-AES256-SHA',
  0xc023: 'ECDHE-ECDSA-AES128-SHA256',
  0xc024: 'ECDHE-ECDSA-AES256-SHA384',
  0xc027: 'ECDHE-RSA-AES128-SHA256',
  0xc028: 'ECDHE-RSA-AES256-SHA384',
  0xc02b: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  0xc02c: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  0xc02f: 'ECDHE-RSA-AES128-GCM-SHA256',
  0xc030: 'ECDHE-RSA-AES256-GCM-SHA384',
  0xcca8: 'ECDHE-RSA-CHACHA20-POLY1305',
  0xcca9: 'ECDHE-ECDSA-CHACHA20-POLY1305',
}

const GROUPS: Readonly<Record<number, string>> = { 0x0017: 'P-256', 0x0018: 'P-384', 0x0019: 'P-521', 0x001d: 'X25519', 0x001e: 'X448' }

const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0').toUpperCase()}`
const named = (table: Readonly<Record<number, string>>, value: number): string => table[value] ?? hex(value)
/** Values that mean nothing: GREASE (RFC 8701) and the signals among cipher suites (RFC 5746, RFC 7507). */
const idle = (value: number): boolean => ((value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)) || value === 0x00ff || value === 0x5600

/** How many bytes the first record has in all; 0 where these are no TLS record; more than there are: wait for the rest. */
export function recordLength(bytes: Uint8Array): number {
  if (bytes[0] !== 0x16) return 0
  if (bytes.length < 5) return 5
  return bytes[1] === 3 ? 5 + (((bytes[3] ?? 0) << 8) | (bytes[4] ?? 0)) : 0
}

/** Says what the first bytes of a connection are. Never throws. */
export function openingOf(bytes: Uint8Array): Opening {
  if (bytes[0] === 0x16 && (bytes.length < 2 || bytes[1] === 3)) return { what: 'tls', hello: helloOf(bytes) }
  // A ClientHello of SSL 2.0: two octets of length with the high bit set, then its type 1.
  if (((bytes[0] ?? 0) & 0x80) !== 0 && bytes[2] === 1) return { what: 'sslv2' }
  const text = String.fromCharCode(...bytes.subarray(0, 512))
  const line = /^([A-Z]{3,20} [\x20-\x7e]{1,400})(?:\r?\n|$)/.exec(text)
  return line === null ? { what: 'other' } : { what: 'http', startLine: line[1] ?? '' }
}

/** Reads on behind its end as zeros, and remembers that. */
class Octets {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number
  short = false
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }
  get left(): number {
    return this.#end - this.#at
  }
  number(octets: number): number {
    let value = 0
    for (let i = 0; i < octets; i++) {
      if (this.#at >= Math.min(this.#end, this.#bytes.length)) this.short = true
      value = value * 256 + (this.#bytes[this.#at++] ?? 0)
    }
    return value
  }
  /** The next `length` octets as a reader of their own. */
  part(length: number): Octets {
    const end = Math.min(this.#at + length, this.#end)
    if (this.#at + length > Math.min(this.#end, this.#bytes.length)) this.short = true
    const part = new Octets(this.#bytes, this.#at, Math.min(end, this.#bytes.length))
    this.#at += length
    return part
  }
  /** All that is left as numbers of `octets` octets. */
  list(octets: number): number[] {
    const out: number[] = []
    while (this.left >= octets) out.push(this.number(octets))
    return out
  }
  text(): string {
    return String.fromCharCode(...this.list(1))
  }
}

/** The ClientHello in these bytes; null where there is none or not even its versions came. */
export function helloOf(bytes: Uint8Array): ClientHello | null {
  const all = new Octets(bytes, 5, Math.min(bytes.length, 5 + 16_384))
  if (all.number(1) !== 1 || all.short) return null
  const body = all.part(all.number(3))
  const legacy = body.number(2)
  if (body.short) return null
  body.part(32)
  body.part(body.number(1))
  const ciphers = body.part(body.number(2)).list(2)
  body.part(body.number(1))
  const extensions = body.left > 0 ? body.part(body.number(2)) : null
  let versions: number[] = []
  let groups: number[] = []
  let serverName = ''
  while (extensions !== null && extensions.left >= 4) {
    const type = extensions.number(2)
    const part = extensions.part(extensions.number(2))
    if (type === 0) serverName = nameIn(part)
    else if (type === 10) groups = part.part(part.number(2)).list(2)
    else if (type === 43) versions = part.part(part.number(1)).list(2)
  }
  // Without the extension a client takes everything up to the version it names.
  const offered =
    versions.length > 0
      ? versions
      : Object.keys(VERSIONS)
          .map(Number)
          .filter((version) => version <= legacy && version >= 0x0301)
  return {
    versions: offered
      .filter((version) => !idle(version))
      .sort((a, b) => a - b)
      .map((version) => named(VERSIONS, version)),
    ciphers: ciphers.filter((cipher) => !idle(cipher)).map((cipher) => named(CIPHERS, cipher)),
    serverName,
    groups: groups.filter((group) => !idle(group)).map((group) => named(GROUPS, group)),
    whole: !all.short && !body.short && extensions?.short !== true,
  }
}

function nameIn(part: Octets): string {
  const list = part.part(part.number(2))
  return list.left > 3 && list.number(1) === 0 ? list.part(list.number(2)).text() : ''
}
