// Why a TLS handshake failed, in words: from OpenSSL's error, from what the client had offered, and from what this lab takes.
import type { TlsSettings } from '../../api.ts'
import type { ClientHello } from './hello.ts'
import { ciphersOf, TLS_VERSIONS } from './settings.ts'

type Fault = Error & { readonly code?: string; readonly reason?: string }

/** What the client's alerts mean (RFC 8446 6.2); OpenSSL names them in its error codes. */
const ALERTS: readonly (readonly [RegExp, string])[] = [
  [/UNKNOWN_CA/, "the client does not trust this lab's authority: it has not been given its certificate (dmlab trust ca)"],
  [/CERTIFICATE_EXPIRED/, 'the client takes the certificate for expired: look at the clock of the device'],
  [/CERTIFICATE_UNKNOWN/, "the client does not take the lab's certificate (alert certificate unknown): most often it does not trust the authority"],
  [/BAD_CERTIFICATE/, "the client does not take the lab's certificate (alert bad certificate)"],
  [/UNSUPPORTED_CERTIFICATE/, 'the client cannot read certificates with this kind of key (an authority with an RSA key may help)'],
  [/ALERT_PROTOCOL_VERSION/, 'the client does not speak the version chosen (alert protocol version)'],
  [/ALERT_HANDSHAKE_FAILURE/, 'the client takes none of what was offered (alert handshake failure)'],
  [/ALERT_ACCESS_DENIED/, 'the client refused access (alert access denied)'],
  [/ALERT_INTERNAL_ERROR/, 'the client failed inside (alert internal error)'],
  [/ALERT_DECRYPT_ERROR/, 'the client could not check a signature (alert decrypt error)'],
]

/** One sentence about a failed handshake; `hello` null where none could be read. */
export function failureWords(error: Fault, hello: ClientHello | null, settings: TlsSettings): string {
  const code = error.code ?? ''
  const ours = `this lab takes ${settings.minVersion} to ${settings.maxVersion}, profile ${settings.profile}`
  const alert = ALERTS.find(([form]) => form.test(code))
  if (alert !== undefined) return alert[1]
  if (/NO_SHARED_CIPHER|NO_SUITABLE_SIGNATURE|NO_SUITABLE_GROUPS|NO_SUITABLE_KEY_SHARE/.test(code))
    return `no shared cipher: ${cipherWords(hello, settings)}; ${ours}`
  if (
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|VERSION_TOO_HIGH|WRONG_VERSION_NUMBER/.test(code) ||
    (hello !== null && hello.versions.every((version) => !takes(settings, version)))
  )
    return `no shared TLS version: the client offers ${hello?.versions.join(', ') ?? 'none that could be read'}; ${ours}`
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'the client did not finish the handshake in time'
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return "the client hung up in the middle of the handshake, without saying why: most often it does not take the lab's certificate"
  if (/PEER_DID_NOT_RETURN/.test(code)) return 'the client showed no certificate'
  return `${error.reason ?? error.message} (${code || error.name})`
}

const takes = ({ minVersion, maxVersion }: TlsSettings, version: string): boolean => {
  const at = TLS_VERSIONS.indexOf(version as TlsSettings['minVersion'])
  return at >= TLS_VERSIONS.indexOf(minVersion) && at <= TLS_VERSIONS.indexOf(maxVersion)
}

function cipherWords(hello: ClientHello | null, settings: TlsSettings): string {
  if (hello === null) return 'what the client offers could not be read'
  const offered = `the client offers ${hello.ciphers.slice(0, 12).join(', ')}${hello.ciphers.length > 12 ? ` and ${String(hello.ciphers.length - 12)} more` : ''}`
  const common = hello.ciphers.filter((name) => ciphersOf(settings).includes(name))
  if (common.length === 0) return offered
  const curves = hello.groups.length === 0 ? 'no elliptic curves' : `the curves ${hello.groups.join(', ')}`
  return `${common.join(', ')} would do, but not with the key of the certificate; the client knows ${curves}`
}

/** One sentence about a client that finished the handshake and then left without a request. `cause`: what its socket said, '' where nothing. */
export function silentWords(cause: string): string {
  const alert = ALERTS.find(([form]) => form.test(cause.toUpperCase().replaceAll(' ', '_')))
  if (alert !== undefined) return alert[1]
  return "the client finished the TLS handshake and hung up without a request: clients that look at the certificate afterwards do so where they do not trust this lab's authority, or its name"
}
