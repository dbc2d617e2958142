// Detached CMS signatures over manifests (download sheet 8): checked against the anchors of a folder, and made for tests and demonstrations.
import { createHash } from 'node:crypto'
import type { webcrypto } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { wordsOf } from '../syncml/text.ts'

/** What a signature is worth. `why` in words; `reason` chain: the signature fits, its certificate is not trusted. */
export type Signature =
  | { readonly what: 'none' }
  | { readonly what: 'good'; readonly signer: string }
  | { readonly what: 'bad'; readonly reason: 'signature' | 'chain'; readonly why: string }

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsa: '1.2.840.113549.1.1.1',
  rsaSha256: '1.2.840.113549.1.1.11',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  basicConstraints: '2.5.29.19',
  codeSigning: '1.3.6.1.5.5.7.3.3',
} as const

/** Certificates of all PEM files of a folder; none where there is no folder. A file that cannot be read is told by an Error with its name. */
export function anchorsIn(folder: string | undefined): pkijs.Certificate[] {
  if (folder === undefined || !existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => /\.(pem|crt|cer)$/i.test(file))
    .sort()
    .flatMap((file) => {
      try {
        return fromPem(readFileSync(join(folder, file), 'utf8'))
      } catch (error) {
        throw new Error(`${file} is no certificate: ${wordsOf(error)}`, { cause: error })
      }
    })
}

/** Certificates of a PEM text. Throws an Error where one cannot be read. */
export function fromPem(text: string): pkijs.Certificate[] {
  const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)]
  return blocks.map(([, body = '']) => pkijs.Certificate.fromBER(new Uint8Array(Buffer.from(body, 'base64'))))
}

/** Checks a detached signature over `content`. Never rejects. */
export async function checkSignature(content: Uint8Array, der: Uint8Array, anchors: readonly pkijs.Certificate[], at: Date): Promise<Signature> {
  const bad = (why: string, reason: 'signature' | 'chain' = 'signature'): Signature => ({ what: 'bad', reason, why })
  try {
    const info = pkijs.ContentInfo.fromBER(new Uint8Array(der))
    if (info.contentType !== OID.signedData) return bad('it is no SignedData')
    const signed = new pkijs.SignedData({ schema: info.content as asn1js.BaseBlock })
    const form = formTrouble(signed, content)
    if (form !== '') return bad(form)
    const signer = signerOf(signed)
    if (signer === null) return bad('the certificate of the signer does not come along')
    const weak = keyTrouble(signer)
    if (weak !== '') return bad(weak)
    if (!(await signed.verify({ signer: 0, data: exact(content) }))) return bad('the signature does not fit the manifest')
    const chain = await chainTrouble(signed, signer, anchors, at)
    return chain === '' ? { what: 'good', signer: nameOf(signer) } : bad(chain, 'chain')
  } catch (error) {
    return bad(`it cannot be read: ${wordsOf(error)}`)
  }
}

/** What is wrong with the form; '' nothing. */
function formTrouble(signed: pkijs.SignedData, content: Uint8Array): string {
  const { encapContentInfo, signerInfos } = signed
  if (encapContentInfo.eContentType !== OID.data) return 'its content is not plain data'
  if (encapContentInfo.eContent !== undefined) return 'it is not detached'
  if (signerInfos.length !== 1) return `it has ${String(signerInfos.length)} signers; exactly one is taken`
  const info = signerInfos[0] as pkijs.SignerInfo
  if (info.digestAlgorithm.algorithmId !== OID.sha256) return 'its digest is not SHA-256'
  if (!([OID.rsa, OID.rsaSha256, OID.ecdsaSha256] as string[]).includes(info.signatureAlgorithm.algorithmId))
    return 'its algorithm is neither RSA nor ECDSA with SHA-256'
  const attributes = new Map((info.signedAttrs?.attributes ?? []).map((attribute) => [attribute.type, attribute.values[0] as unknown]))
  for (const [name, oid] of [
    ['content-type', OID.contentType],
    ['message-digest', OID.messageDigest],
    ['signing-time', OID.signingTime],
  ] as const)
    if (!attributes.has(oid)) return `its signed attributes have no ${name}`
  const type = attributes.get(OID.contentType)
  if (!(type instanceof asn1js.ObjectIdentifier) || type.valueBlock.toString() !== OID.data) return 'its signed content-type is not plain data'
  const digest = attributes.get(OID.messageDigest)
  const own = createHash('sha256').update(content).digest()
  if (!(digest instanceof asn1js.OctetString) || !own.equals(Buffer.from(digest.valueBlock.valueHexView)))
    return 'its message-digest is not that of the manifest'
  return ''
}

function signerOf(signed: pkijs.SignedData): pkijs.Certificate | null {
  const { sid } = signed.signerInfos[0] as pkijs.SignerInfo
  const all = (signed.certificates ?? []).filter((each) => each instanceof pkijs.Certificate)
  if (!(sid instanceof pkijs.IssuerAndSerialNumber)) return null
  return all.find((each) => each.issuer.isEqual(sid.issuer) && each.serialNumber.isEqual(sid.serialNumber)) ?? null
}

function keyTrouble(signer: pkijs.Certificate): string {
  const key = signer.subjectPublicKeyInfo
  if (key.algorithm.algorithmId === OID.rsa) {
    const modulus = (key.parsedKey as pkijs.RSAPublicKey | undefined)?.modulus.valueBlock.valueHexView
    const length = modulus === undefined ? 0 : modulus.length - (modulus[0] === 0 ? 1 : 0)
    return length * 8 < 2048 ? `its RSA key has ${String(length * 8)} bits; at least 2048 are taken` : ''
  }
  const curve = key.algorithm.algorithmParams as asn1js.ObjectIdentifier | undefined
  return curve?.valueBlock.toString() === '1.2.840.10045.3.1.7' ? '' : 'its key is neither RSA nor on the curve P-256'
}

/** Chain to an anchor, validity, key usage; '' where all is well. */
async function chainTrouble(signed: pkijs.SignedData, signer: pkijs.Certificate, anchors: readonly pkijs.Certificate[], at: Date): Promise<string> {
  if (anchors.length === 0) return 'no anchor for software signing is installed'
  const usage = signer.extensions?.find(({ extnID }) => extnID === OID.keyUsage)?.parsedValue as asn1js.BitString | undefined
  const bits = usage?.valueBlock.valueHexView[0] ?? 0
  if ((bits & 0x80) === 0) return `the certificate of ${nameOf(signer)} is not for digital signatures`
  const extended = signer.extensions?.find(({ extnID }) => extnID === OID.extKeyUsage)?.parsedValue as pkijs.ExtKeyUsage | undefined
  if (extended?.keyPurposes.includes(OID.codeSigning) !== true) return `the certificate of ${nameOf(signer)} is not for software signing`
  const certs = [signer, ...(signed.certificates ?? []).filter((each) => each instanceof pkijs.Certificate && each !== signer)] as pkijs.Certificate[]
  // The engine takes the last certificate for the one to be checked.
  const engine = new pkijs.CertificateChainValidationEngine({ trustedCerts: [...anchors], certs: certs.reverse(), checkDate: at })
  const result = await engine.verify()
  return result.result ? '' : `the certificate of ${nameOf(signer)} leads to no anchor: ${result.resultMessage}`
}

/** Common name of a certificate's subject. */
function nameOf(certificate: pkijs.Certificate): string {
  const common = certificate.subject.typesAndValues.find(({ type }) => type === '2.5.4.3')
  return String(common?.value.valueBlock.value ?? 'an unnamed signer')
}

function exact(bytes: Uint8Array): ArrayBuffer {
  // Not slice(): that of a Buffer is a view of the same memory.
  return new Uint8Array(bytes).buffer
}

// -- making

/** Who signs: a key pair with its certificate; `chain` what goes along. */
export interface Signer {
  readonly keys: webcrypto.CryptoKeyPair
  readonly certificate: pkijs.Certificate
  readonly chain: readonly pkijs.Certificate[]
}

/** How a certificate is made. `purpose` other than code: refused by `checkSignature`. */
export interface CertificateWish {
  readonly name: string
  readonly from: Date
  readonly to: Date
  readonly authority: boolean
  readonly purpose?: 'code' | 'tls'
  readonly serial?: number
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Makes a key pair and its certificate, signed by `issuer`, or by itself. */
export async function makeSigner(wish: CertificateWish, issuer?: Signer): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(P256, true, ['sign', 'verify'])
  const certificate = new pkijs.Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ value: wish.serial ?? 1 })
  const name = (value: string): pkijs.AttributeTypeAndValue =>
    new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value }) })
  certificate.subject.typesAndValues.push(name(wish.name))
  certificate.issuer = issuer?.certificate.subject ?? certificate.subject
  certificate.notBefore.value = wish.from
  certificate.notAfter.value = wish.to
  const constraints = new pkijs.BasicConstraints({ cA: wish.authority })
  const usage = new asn1js.BitString({ valueHex: new Uint8Array([wish.authority ? 0x06 : 0x80]).buffer })
  const extension = (extnID: string, schema: asn1js.BaseBlock, critical = true): pkijs.Extension =>
    new pkijs.Extension({ extnID, critical, extnValue: schema.toBER(false) })
  certificate.extensions = [extension(OID.basicConstraints, constraints.toSchema()), extension(OID.keyUsage, usage)]
  if (!wish.authority) {
    const purposes = new pkijs.ExtKeyUsage({ keyPurposes: [wish.purpose === 'tls' ? '1.3.6.1.5.5.7.3.1' : OID.codeSigning] })
    certificate.extensions.push(extension(OID.extKeyUsage, purposes.toSchema(), false))
  }
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  // Where the types of the DOM are in reach too, they know fewer usages of a key than Node's.
  await certificate.sign((issuer?.keys.privateKey ?? keys.privateKey) as Parameters<typeof certificate.sign>[0], 'SHA-256')
  const chain = issuer === undefined || issuer.certificate.issuer.isEqual(issuer.certificate.subject) ? [] : [issuer.certificate, ...issuer.chain]
  return { keys, certificate: pkijs.Certificate.fromBER(certificate.toSchema(true).toBER(false)), chain }
}

/** PEM of a certificate. */
export function toPem(certificate: pkijs.Certificate): string {
  const body = Buffer.from(certificate.toSchema(true).toBER(false)).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${body.trimEnd()}\n-----END CERTIFICATE-----\n`
}

/** A detached SignedData (DER) over `content`. */
export async function sign(content: Uint8Array, signer: Signer, at: Date): Promise<Uint8Array> {
  const digest = createHash('sha256').update(content).digest()
  const attribute = (type: string, value: asn1js.BaseBlock): pkijs.Attribute => new pkijs.Attribute({ type, values: [value] })
  const { certificate, chain, keys } = signer
  const info = new pkijs.SignerInfo({
    version: 1,
    sid: new pkijs.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
    signedAttrs: new pkijs.SignedAndUnsignedAttributes({
      type: 0,
      attributes: [
        attribute(OID.contentType, new asn1js.ObjectIdentifier({ value: OID.data })),
        attribute(OID.signingTime, new asn1js.UTCTime({ valueDate: at })),
        attribute(OID.messageDigest, new asn1js.OctetString({ valueHex: exact(digest) })),
      ],
    }),
  })
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: OID.data }),
    signerInfos: [info],
    certificates: [certificate, ...chain],
  })
  await signed.sign(keys.privateKey as Parameters<typeof signed.sign>[0], 0, 'SHA-256', exact(content))
  const wrapped = new pkijs.ContentInfo({ contentType: OID.signedData, content: signed.toSchema(true) })
  return new Uint8Array(wrapped.toSchema().toBER(false))
}
