// What is said of the connection a message came on: findings about it, and whether its client certificate fits the device that speaks. It changes nothing.
import type { ClientCertificates } from '../api.ts'
import type { Note } from '../machine.ts'
import type { Finding, Severity } from '../syncml/finding.ts'
import type { Path } from './addresses.ts'
import type { Protection, Received } from './ports.ts'

export interface AdmissionParts {
  /** What is asked of clients on the HTTPS port. */
  readonly clientCertificates: () => ClientCertificates
  /** Whose a certificate of that serial number is; undefined: none of this lab's. */
  readonly client: (serial: string) => { readonly device: string; readonly withdrawn: boolean } | undefined
  /** A certificate was shown at the beginning of a session, and fits. */
  readonly seen: (serial: string) => void
  /** The way a message came. */
  readonly came: (device: string, path: Path) => void
}

/** What the lab knows of a message before any machine has it. */
export interface Newcomer {
  /** '' where it cannot be read. */
  readonly device: string
  readonly sessionId: string
  /** True for the first message of its session. */
  readonly first: boolean
}

/** `refusal` '' admits. */
export interface Admitted {
  readonly notes: readonly Note[]
  readonly refusal: string
}

/** Judges every message as it comes in. */
export type Admission = (received: Received, newcomer: Newcomer) => Admitted

const NOTHING: Admitted = { notes: [], refusal: '' }

/** Findings about connections, by id: severity, document, clause, sentence. */
const CONNECTION_RULES = {
  'http.lines': ['note', 'HTTP', 'RFC 9112 2.2', 'The lines of the HTTP header end with LF alone; CRLF is due, and a recipient need not take this'],
  'http.plain': ['warn', 'SEC', '5.1.5', 'The session runs over plain HTTP: whoever is on the way reads and changes it'],
  'http.plain.local': ['note', 'SEC', '5.1.5', 'The session runs over plain HTTP, on this computer or through a cable'],
  'tls.version': ['warn', 'SEC', 'INFERRED', 'The session runs over a TLS version that is no longer safe'],
  'tls.client': ['error', 'SEC', 'INFERRED', 'The client certificate does not fit'],
} as const satisfies Readonly<Record<string, readonly [Severity, string, string, string]>>

/** Makes the judge of one lab. */
export function makeAdmission(parts: AdmissionParts): Admission {
  return (received, { device, sessionId, first }) => {
    const { tls } = received
    parts.came(device, { local: received.local, remote: received.remote, tls: tls !== undefined, host: hostField(received), at: received.at })
    if (tls === undefined && !first) return NOTHING
    const note = (rule: keyof typeof CONNECTION_RULES, text: string): Note => ({
      topic: 'problem',
      text,
      device,
      sessionId,
      finding: findingOf(rule, text),
    })
    const lines = first && received.bare === true ? [note('http.lines', CONNECTION_RULES['http.lines'][3])] : []
    if (tls === undefined) {
      const local = isLocal(received.remote)
      const rule = local ? 'http.plain.local' : 'http.plain'
      return { notes: [...lines, note(rule, CONNECTION_RULES[rule][3])], refusal: '' }
    }
    const refusal = certificateTrouble(parts, tls, device)
    if (refusal !== '') return { notes: [...lines, note('tls.client', refusal)], refusal }
    if (!first) return NOTHING
    if (tls.certificate !== null) parts.seen(tls.certificate.serial)
    const told: Note = { topic: 'auth', text: wordsOf(tls), device, sessionId, detail: { ...detailOf(tls) } }
    const old = tls.version === 'TLSv1' || tls.version === 'TLSv1.1'
    return { notes: [...lines, told, ...(old ? [note('tls.version', `${CONNECTION_RULES['tls.version'][3]}: ${tls.version}`)] : [])], refusal: '' }
  }
}

/** Why a connection may not be used at all, whatever it carries; '' where it may. */
export function connectionTrouble({ clientCertificates, client }: Pick<AdmissionParts, 'clientCertificates' | 'client'>, tls: Protection): string {
  const mode = clientCertificates()
  if (mode === 'off') return ''
  const shown = tls.certificate
  if (shown === null) return mode === 'required' ? 'the client showed no certificate; this lab wants one (client certificates: required)' : ''
  const known = client(shown.serial)
  if (shown.trouble !== '') return `the client certificate ${shown.subject} is not good: ${TROUBLES[shown.trouble] ?? shown.trouble}`
  if (known === undefined) return `the client certificate ${shown.subject} (serial ${shown.serial}) was not issued by this lab`
  return known.withdrawn ? `the client certificate ${shown.subject} (serial ${shown.serial}) was withdrawn` : ''
}

function certificateTrouble(parts: AdmissionParts, tls: Protection, device: string): string {
  const trouble = connectionTrouble(parts, tls)
  if (trouble !== '' || tls.certificate === null || parts.clientCertificates() === 'off') return trouble
  const bound = parts.client(tls.certificate.serial)?.device ?? ''
  if (device === '' || bound === device) return ''
  return `the client certificate (serial ${tls.certificate.serial}) is bound to ${bound}, and the message says it comes from ${device}`
}

/** Node's words for what is wrong with a certificate chain. */
const TROUBLES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "it was not issued by this lab's authority",
  UNABLE_TO_GET_ISSUER_CERT: "it was not issued by this lab's authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "it was not issued by this lab's authority",
  SELF_SIGNED_CERT_IN_CHAIN: "it was not issued by this lab's authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  CERT_SIGNATURE_FAILURE: "its signature is not that of this lab's authority",
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  INVALID_PURPOSE: 'it is not for clients',
}

const findingOf = (rule: keyof typeof CONNECTION_RULES, text: string): Finding => {
  const [severity, document, clause] = CONNECTION_RULES[rule]
  return { rule, severity, document, clause, text, offset: 0, length: 0 }
}

const wordsOf = ({ version, cipher, serverName, certificate }: Protection): string => {
  const name = serverName === '' ? 'no server name' : `server name ${serverName}`
  const client = certificate === null ? 'no client certificate' : `client certificate ${certificate.subject} (serial ${certificate.serial})`
  return `${version}, ${cipher}, ${name}, ${client}`
}

const detailOf = ({ version, cipher, serverName, certificate }: Protection): Record<string, string> => ({
  tls: version,
  cipher,
  serverName,
  certificate: certificate?.serial ?? '',
})

const isLocal = (endpoint: string): boolean => /^(127\.|\[::1\])/.test(endpoint)

function hostField({ headers }: Received): string {
  for (const [name, value] of headers) if (name.length === 4 && name.toLowerCase() === 'host') return value
  return ''
}
