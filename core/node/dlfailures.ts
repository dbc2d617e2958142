// Why a download's connection failed, from what the system says: a table.
import type { Failure } from '../download/moves.ts'

const CODES: Readonly<Record<string, Failure>> = {
  FORBIDDEN: 'forbidden',
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'name',
  EAI_AGAIN: 'name',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timed out',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ERR_INVALID_CHAR: 'uri',
  ERR_UNESCAPED_CHARACTERS: 'uri',
}

/** The failure of a connection to an address, with a sentence for people. */
export function failureOf(error: NodeJS.ErrnoException, { host }: URL): { readonly failure: Failure; readonly text: string } {
  const code = error.code ?? ''
  const failure = CODES[code] ?? (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code) ? 'tls' : code.startsWith('HPE_') ? 'protocol' : 'reset')
  const words: Partial<Record<Failure, string>> = {
    refused: `nobody listens at ${host} (connection refused)`,
    name: `the host name of ${host} is not known`,
    'timed out': `${host} is silent`,
    reset: `the connection to ${host} was lost`,
  }
  return { failure, text: words[failure] ?? `${host}: ${error.message}` }
}
