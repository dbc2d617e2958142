// Creates and opens HTTP servers with our limits; a port that cannot be had is told in words.
import { createServer as createPlain } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { HttpLimits } from './limits.ts'
import type { SecurePort } from './trust/port.ts'
import { portHolder } from './holder.ts'

/** A device-facing server, not yet listening: HTTPS where there is a port for it. */
export function createServer(port: SecurePort | null, limits: HttpLimits): Server | TlsServer {
  const settings = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.checkInterval,
    keepAliveTimeout: limits.keepAlive,
    maxHeaderSize: limits.headerBytes,
    // Deployed clients leave Host out; nothing here depends on it.
    requireHostHeader: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: limits.probe,
  }
  const server = port === null ? createPlain(settings) : createTls({ ...settings, ...secure(port), handshakeTimeout: limits.headersTimeout })
  // No field may be dropped silently; the header block as a whole has its limit.
  server.maxHeadersCount = 0
  server.timeout = 0
  return server
}

/** What a client shows is judged once the connection stands: then it can be told why it is refused. */
function secure(port: SecurePort): TlsOptions {
  return {
    ...port.otherwise().options,
    // A client that names HTTP/1.0 alone (curl --http1.0) is served, too.
    ALPNProtocols: ['http/1.1', 'http/1.0'],
    requestCert: port.asks,
    rejectUnauthorized: false,
    SNICallback: (name, done) => {
      try {
        done(null, port.context(name))
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
  }
}

/** Address and port that are asked for; port 0 picks a free one. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** The way into one HTTP server. */
export interface Door {
  /** Opens it; resolves with the port. Rejects with the system's error. */
  listen(at: Place): Promise<number>
  /** Lets nobody in any more; resolves when that is so, and where the server listens itself when the last connection is closed. */
  close(): Promise<void>
}

/** A server that listens itself. */
export function ownDoor(server: Server): Door {
  return {
    listen: (at) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: at.host, port: at.port }, () => resolve((server.address() as AddressInfo).port))
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this port needs more rights (choose one from 1024 on)',
  EADDRNOTAVAIL: 'this computer does not have that address',
  ENOTFOUND: 'this host name is not known',
}

/** Opens a door; resolves with the port. Rejects in words. */
export async function opened(door: Door, at: Place): Promise<number> {
  try {
    return await door.listen(at)
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const told = (reason: string): Error => new Error(`cannot listen on ${at.host}:${at.port}: ${reason}`, { cause })
    if (code !== 'EADDRINUSE') throw told(WHY[code] ?? message)
    const { pid, text } = await portHolder(at.port)
    throw told(pid === 0 ? 'the port is taken by another program' : `the port is taken: ${text}`)
  }
}

/** A host as it stands in a URL: wildcard addresses are shown as loopback, IPv6 in brackets. */
export function shownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::' || host === '') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
