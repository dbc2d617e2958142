// How TLS is spoken: versions and ciphers of each profile, and whether this program can do them. What a profile means stands in one table.
import { createSecureContext, getCiphers } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { CipherProfile, TlsSettings, TlsVersion } from '../../api.ts'
import { wordsOf } from '../../syncml/text.ts'

export const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

export const TLS_SETTINGS: TlsSettings = { profile: 'compatible', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', clientCertificates: 'off' }

const MODERN = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
]
const COMPATIBLE = [
  ...MODERN,
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
  'AES256-SHA256',
  'AES128-SHA256',
  'AES256-SHA',
  'AES128-SHA',
]
const LEGACY = [
  ...COMPATIBLE,
  'DHE-RSA-AES256-SHA',
  'DHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-DES-CBC3-SHA',
  'ECDHE-RSA-DES-CBC3-SHA',
  'DES-CBC3-SHA',
  'RC4-SHA',
  'RC4-MD5',
]
const NAMES: Readonly<Record<CipherProfile, readonly string[]>> = { modern: MODERN, compatible: COMPATIBLE, legacy: LEGACY }

/** The settings with a change; throws an Error in words where they do not go together. A profile brings its lowest version along. */
export function changed(before: TlsSettings, change: Partial<TlsSettings>): TlsSettings {
  const brings: Partial<TlsSettings> = change.profile === undefined ? {} : { minVersion: change.profile === 'legacy' ? 'TLSv1' : 'TLSv1.2' }
  const after = { ...before, ...brings, ...change }
  if (TLS_VERSIONS.indexOf(after.minVersion) > TLS_VERSIONS.indexOf(after.maxVersion))
    throw new Error(`the lowest version ${after.minVersion} is above the highest ${after.maxVersion}`)
  if (after.profile !== 'legacy' && TLS_VERSIONS.indexOf(after.maxVersion) < TLS_VERSIONS.indexOf('TLSv1.2'))
    throw new Error(`${after.maxVersion} at the most goes with the profile legacy only`)
  return after
}

/** Names offered with these settings that this program has. */
export function ciphersOf({ profile, minVersion, maxVersion }: TlsSettings): readonly string[] {
  const own = new Set(getCiphers().map((name) => name.toUpperCase()))
  const since13 = (name: string): boolean => name.startsWith('TLS_')
  return NAMES[profile].filter((name) => own.has(name.toUpperCase()) && (since13(name) ? maxVersion === 'TLSv1.3' : minVersion !== 'TLSv1.3'))
}

/** Options of a TLS context. `level`: take what OpenSSL calls insecure as well (BoringSSL has no such word). */
function optionsOf(settings: TlsSettings, level: boolean): SecureContextOptions {
  const { profile, minVersion, maxVersion } = settings
  const names = ciphersOf(settings).join(':')
  return { minVersion, maxVersion, honorCipherOrder: true, ciphers: profile === 'legacy' && level ? `${names}:@SECLEVEL=0` : names }
}

/** What to make contexts with: the options that work here, and what is lost in words ('' where nothing). */
export function usable(settings: TlsSettings): { readonly options: SecureContextOptions; readonly remark: string } {
  const tries = [true, false].map((level) => optionsOf(settings, level))
  let why = ''
  for (const [i, options] of tries.entries()) {
    try {
      createSecureContext(options)
      const remarks = [i === 0 ? '' : `this program's TLS takes no security level (${why}): old versions may not be spoken`, missing(settings)]
      return { options, remark: remarks.filter((text) => text !== '').join('; ') }
    } catch (error) {
      why = wordsOf(error)
    }
  }
  throw new Error(`TLS cannot be spoken with these settings: ${why}`)
}

function missing(settings: TlsSettings): string {
  if (settings.profile !== 'legacy') return ''
  const own = new Set(getCiphers().map((name) => name.toUpperCase()))
  const gone = LEGACY.filter((name) => !own.has(name.toUpperCase()))
  return gone.length === 0 ? '' : `this program has no ${gone.join(', ')}`
}

/** A context for a certificate with these settings; `ca`: whose client certificates are taken. */
export function contextOf(settings: TlsSettings, { cert, key, ca }: { cert: string; key: string; ca: string }): SecureContext {
  return createSecureContext({ ...usable(settings).options, cert, key, ca })
}
