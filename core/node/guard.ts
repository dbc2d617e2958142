// Who may talk to the window's side: names this server answers to, origins, tokens. A web page of somebody else's never gets past here.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { plainAddress } from './media.ts'

/** Names under which this server may be spoken to. */
export interface Guard {
  /** Null if Host and Origin are ours; else why the request is refused. Source: product rules 5.2 (DNS rebinding, CSRF), 5.4. */
  stranger(req: IncomingMessage): string | null
  /** Compares in constant time. */
  knows(token: string): boolean
}

export interface GuardOptions {
  readonly token: string
  /** Address listened on; a wildcard lets the address through on which a connection came in. */
  readonly host: string
  /** Base URL under which the window is reached from elsewhere. */
  readonly advertise?: string
  port(): number
}

export function guardOf(options: GuardOptions): Guard {
  const expected = digest(options.token)
  const advertised = options.advertise !== undefined && URL.canParse(options.advertise) ? new URL(options.advertise).host : null

  const ours = (authority: string, req: IncomingMessage): boolean => {
    if (authority === advertised) return true
    const port = options.port()
    const local = plainAddress(req.socket.localAddress ?? '')
    const names = ['localhost', '127.0.0.1', '[::1]', bracketed(options.host.toLowerCase()), bracketed(local)]
    return names.some((name) => authority === `${name}:${port}` || (port === 80 && authority === name))
  }

  return {
    stranger(req) {
      const host = (req.headers.host ?? '').toLowerCase()
      if (!ours(host, req)) return `Host ${host || '(none)'} is not a name of this lab`
      const { origin } = req.headers
      if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)) return `requests of ${origin} are not taken`
      const site = req.headers['sec-fetch-site']
      const navigation = req.headers['sec-fetch-mode'] === 'navigate' && req.method === 'GET'
      if ((site === 'cross-site' || site === 'same-site') && !navigation) return 'requests of other sites are not taken'
      return null
    },
    knows: (token) => timingSafeEqual(digest(token), expected),
  }
}

/** The token of an `Authorization: Bearer` field; '' where there is none. */
export function bearer(req: IncomingMessage): string {
  return /^Bearer +([^\s]+) *$/i.exec(req.headers.authorization ?? '')?.[1] ?? ''
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** Header fields of every answer of the window's side; `authority` is the checked Host. Source: product rules 5.3 item 7. */
export function securityFields(authority: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    // Some browsers do not count a WebSocket of the same origin as 'self'.
    `connect-src 'self'${authority === '' ? '' : ` ws://${authority} wss://${authority}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types vue',
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  }
}
