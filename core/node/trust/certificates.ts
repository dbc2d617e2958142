// X.509 certificates of the lab: an authority of its own, and what it issues to servers and clients (RFC 5280). Made and signed at once, without waiting.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import type { CertificateRow } from '../../api.ts'

/** A certificate with its private key, both PEM. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** What a certificate is to be. Times in ms since 1970; `names`: DNS names and addresses of a server. */
export interface LeafWish {
  readonly use: 'server' | 'client'
  readonly name: string
  readonly names?: readonly string[]
  readonly from: number
  readonly to: number
}

export type KeyKind = 'ec' | 'rsa'

const DAY = 86_400_000
/** What clients that keep to the rules of browsers take (CA/Browser Forum BR 6.3.2: 398 days at most). */
const LEAF_DAYS = 397
const CA_YEARS = 10
/** Clocks of devices on a bench are wrong; what is issued counts from a day ago. */
const BEFORE = DAY

const OID = {
  commonName: '2.5.4.3',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  altName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
} as const

/** Bits of KeyUsage in its first octet (RFC 5280 4.2.1.3). */
const USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04 } as const

/** A fresh private key, PEM (PKCS #8). RSA for clients that know no elliptic curves. */
export function freshKey(kind: KeyKind): string {
  const { privateKey } = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** A fresh authority for ten years. Its name tells it from others of its kind. */
export function makeAuthority(kind: KeyKind, now: number): Issued {
  const key = freshKey(kind)
  const name = `DM Lab authority ${randomBytes(3).toString('hex').toUpperCase()}`
  const to = new Date(now)
  to.setUTCFullYear(to.getUTCFullYear() + CA_YEARS)
  const usage = [
    extension(OID.basicConstraints, new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true),
    extension(OID.keyUsage, bits(USAGE.keyCertSign), true),
  ]
  return { key, cert: certificate({ name, from: now - BEFORE, to: to.getTime(), usage, publicKey: spkiOf(key) }, null, key) }
}

/** Issues a certificate for `publicKey` (or for the key given as PEM). */
export function issue(authority: Issued, wish: LeafWish, key: string): Issued {
  const kind = createPrivateKey(key).asymmetricKeyType
  const usage = [
    extension(OID.basicConstraints, new pkijs.BasicConstraints({ cA: false }).toSchema(), true),
    extension(OID.keyUsage, bits(USAGE.digitalSignature | (kind === 'rsa' ? USAGE.keyEncipherment : 0)), true),
    extension(OID.extKeyUsage, new pkijs.ExtKeyUsage({ keyPurposes: [wish.use === 'server' ? OID.serverAuth : OID.clientAuth] }).toSchema(), false),
    ...((wish.names ?? []).length === 0 ? [] : [extension(OID.altName, altNames(wish.names ?? []).toSchema(), false)]),
  ]
  const { name, from, to } = wish
  return { key, cert: certificate({ name, from, to, usage, publicKey: spkiOf(key) }, authority.cert, authority.key) }
}

/** From a day ago on, for `days` in all. */
export const leafTimes = (now: number, days = LEAF_DAYS): { readonly from: number; readonly to: number } => ({
  from: now - BEFORE,
  to: now - BEFORE + days * DAY,
})

interface Body {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly usage: readonly pkijs.Extension[]
  readonly publicKey: Buffer
}

function certificate(body: Body, issuer: string | null, signer: string): string {
  const made = new pkijs.Certificate()
  const above = issuer === null ? null : pkijs.Certificate.fromBER(exact(new X509Certificate(issuer).raw))
  made.version = 2
  made.serialNumber = new asn1js.Integer({ valueHex: serial() })
  made.subject.typesAndValues.push(attribute(OID.commonName, short(body.name)))
  made.issuer = above?.subject ?? made.subject
  made.notBefore = time(body.from)
  made.notAfter = time(body.to)
  made.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(exact(body.publicKey))
  const own = keyId(made)
  const authority = new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: above === null ? own : keyId(above) }) })
  made.extensions = [
    ...body.usage,
    extension(OID.subjectKey, new asn1js.OctetString({ valueHex: own }), false),
    extension(OID.authorityKey, authority.toSchema(), false),
  ]
  const key = createPrivateKey(signer)
  const algorithm = algorithmOf(key)
  made.signature = algorithm
  made.signatureAlgorithm = algorithm
  const tbs = exact(new Uint8Array(made.encodeTBS().toBER(false)))
  made.tbsView = new Uint8Array(tbs)
  made.signatureValue = new asn1js.BitString({ valueHex: exact(sign('sha256', new Uint8Array(tbs), key)) })
  return toPem(new Uint8Array(made.toSchema(true).toBER(false)))
}

function algorithmOf(key: KeyObject): pkijs.AlgorithmIdentifier {
  return key.asymmetricKeyType === 'rsa'
    ? new pkijs.AlgorithmIdentifier({ algorithmId: OID.rsaSha256, algorithmParams: new asn1js.Null() })
    : new pkijs.AlgorithmIdentifier({ algorithmId: OID.ecdsaSha256 })
}

/** 16 unpredictable octets, positive and without a leading zero (RFC 5280 4.1.2.2). */
function serial(): ArrayBuffer {
  const octets = randomBytes(16)
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40
  return exact(octets)
}

/** SHA-1 over the public key's bits (RFC 5280 4.2.1.2 method 1). */
function keyId(of: pkijs.Certificate): ArrayBuffer {
  return exact(createHash('sha1').update(of.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView).digest())
}

const spkiOf = (key: string): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' })

/** A common name has 64 characters at most (RFC 5280 appendix A). */
const short = (name: string): string => [...name].slice(0, 64).join('')

const attribute = (type: string, value: string): pkijs.AttributeTypeAndValue =>
  new pkijs.AttributeTypeAndValue({ type, value: new asn1js.Utf8String({ value }) })

/** UTCTime to 2049, GeneralizedTime after (RFC 5280 4.1.2.5); whole seconds. */
function time(ms: number): pkijs.Time {
  const value = new Date(Math.floor(ms / 1000) * 1000)
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })
}

const extension = (extnID: string, schema: asn1js.BaseBlock, critical: boolean): pkijs.Extension =>
  new pkijs.Extension({ extnID, critical, extnValue: schema.toBER(false) })

/** A BIT STRING of one octet without its trailing zero bits (DER). */
function bits(octet: number): asn1js.BitString {
  const unusedBits = Math.clz32(octet & -octet) === 32 ? 0 : 31 - Math.clz32(octet & -octet)
  return new asn1js.BitString({ valueHex: new Uint8Array([octet]).buffer, unusedBits })
}

function altNames(names: readonly string[]): pkijs.AltName {
  const altNames = names.map((name) =>
    isIP(name) === 0
      ? new pkijs.GeneralName({ type: 2, value: name })
      : new pkijs.GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: octetsOf(name) }) }),
  )
  return new pkijs.AltName({ altNames })
}

/** An IP address as its octets. */
function octetsOf(address: string): ArrayBuffer {
  if (isIP(address) === 4) return new Uint8Array(address.split('.').map(Number)).buffer
  const host = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)
  const [left = '', right = ''] = host.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => parseInt(word, 16)))
  const [head, tail] = [groups(left), groups(right)]
  const all = host.includes('::') ? [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail] : head
  return new Uint8Array(all.flatMap((word) => [word >> 8, word & 0xff])).buffer
}

/** An IPv6 address in its shortest form; anything else as it is. */
const plain = (name: string): string => (isIP(name) === 6 ? new URL(`http://[${name}]/`).hostname.slice(1, -1) : name)

/** PEM of a DER certificate. */
export function toPem(der: Uint8Array): string {
  const body = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${body.trimEnd()}\n-----END CERTIFICATE-----\n`
}

/** What a list shows of a PEM certificate. Throws where it is none. */
export function rowOf(pem: string): CertificateRow {
  const read = new X509Certificate(pem)
  const names = (read.subjectAltName ?? '')
    .split(', ')
    .flatMap((part) => /^(?:DNS|IP Address):(.*)$/.exec(part)?.[1] ?? [])
    .map(plain)
  return {
    serial: read.serialNumber,
    subject: read.subject.split('\n').reverse().join(', '),
    names,
    fingerprint: read.fingerprint256,
    notBefore: read.validFromDate.getTime(),
    notAfter: read.validToDate.getTime(),
  }
}

function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
