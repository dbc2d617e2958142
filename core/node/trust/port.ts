// What a device-facing HTTPS server needs to know of TLS: contexts by server name, whether to ask for a certificate, and words for what fails. Types and one maker.
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'
import type { Protection } from '../../lab/ports.ts'
import { failureWords, silentWords } from './failure.ts'
import type { ClientHello } from './hello.ts'
import type { Trust } from './trust.ts'

/** TLS of one server; asked anew at every connection, so that settings count at once. */
export interface SecurePort {
  /** The context for clients that name no server; `turn` moves when it is another one. */
  otherwise(): { readonly turn: number; readonly options: SecureContextOptions }
  /** The context for a server name; undefined: the one above. */
  context(serverName: string): SecureContext | undefined
  /** Whether clients are asked for a certificate. What they show is judged later, in words. */
  readonly asks: boolean
  /** One sentence about a failed handshake. */
  failed(error: Error, hello: ClientHello | null): string
  /** One sentence about a client that left after the handshake without a request. */
  silent(cause: string): string
  /** How a connection is protected, and what its client showed. */
  protection(socket: TLSSocket): Protection
}

/** A port over the lab's trust. */
export function securePort(trust: Trust): SecurePort {
  return {
    otherwise: () => trust.otherwise(),
    context: (name) => trust.context(name),
    get asks() {
      return trust.settings.clientCertificates !== 'off'
    },
    failed: (error, hello) => failureWords(error, hello, trust.settings),
    silent: silentWords,
    protection: protectionOf,
  }
}

/** A port with one certificate for every name, and Node's own settings. */
export function fixedPort(tls: { readonly key: string; readonly cert: string }): SecurePort {
  return {
    otherwise: () => ({ turn: 0, options: tls }),
    context: () => undefined,
    asks: false,
    failed: (error) => error.message,
    silent: silentWords,
    protection: protectionOf,
  }
}

/** What a finished handshake came to. */
export function protectionOf(socket: TLSSocket): Protection {
  const shown = socket.getPeerX509Certificate()
  const { servername } = socket as { readonly servername?: string | false | null }
  const trouble = socket.authorized ? '' : String(socket.authorizationError ?? '')
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    serverName: typeof servername === 'string' ? servername : '',
    certificate:
      shown === undefined
        ? null
        : { serial: shown.serialNumber, subject: shown.subject.split('\n').join(', '), fingerprint: shown.fingerprint256, trouble },
  }
}
