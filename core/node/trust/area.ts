// Area `trust` of LabApi over the lab's trust, and the authority's certificate as files and as a QR code.
import { X509Certificate } from 'node:crypto'
import * as QRCode from 'qrcode'
import type { TrustArea, TrustFile, TrustState } from '../../api.ts'
import type { Trust } from './trust.ts'

/** Media type of a certificate that phones offer to install. */
const CA_TYPE = 'application/x-x509-ca-cert'

/** The area over `trust`; calls reject with an Error in words. */
export function trustArea(trust: Trust): TrustArea {
  const state = (): TrustState => trust.state()
  return {
    state: async () => state(),
    authority: async (format) => {
      const { cert } = trust.authority()
      return format === 'qr' ? qr(state()) : caFile(cert, format)
    },
    settings: async (change) => {
      trust.change(change)
      return state()
    },
    issue: async ({ device, days }) => trust.issue(device, days),
    withdraw: async (serial) => {
      trust.withdraw(serial)
      return state()
    },
    replace: async (key) => {
      trust.replace(key)
      return state()
    },
  }
}

/** The authority's certificate as a file. */
export function caFile(cert: string, format: 'pem' | 'der'): TrustFile {
  if (format === 'pem') return { name: 'dm-lab-ca.pem', type: 'application/x-pem-file', bytes: new TextEncoder().encode(cert) }
  return { name: 'dm-lab-ca.crt', type: CA_TYPE, bytes: new Uint8Array(new X509Certificate(cert).raw) }
}

/** A small QR code: where to fetch the certificate, with the fingerprint behind `#` to compare. */
async function qr({ authority }: TrustState): Promise<TrustFile> {
  if (authority === null) throw new Error('there is no authority yet')
  const print = authority.fingerprint.replaceAll(':', '')
  const text = authority.url === '' ? `SHA256 ${print}` : `${authority.url}#${print}`
  const svg = await QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 })
  return { name: 'dm-lab-ca.svg', type: 'image/svg+xml', bytes: new TextEncoder().encode(svg) }
}
