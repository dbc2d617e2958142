// Trust and addresses of a lab with real surroundings: one place that knows its ports, its certificates, and the URL each device is told.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { AddressUse, LabApi, LabEventName, LabEvents } from '../api.ts'
import { Addresses } from '../lab/addresses.ts'
import type { Path } from '../lab/addresses.ts'
import { addressesArea } from '../lab/addressesarea.ts'
import { connectionTrouble, makeAdmission } from '../lab/admission.ts'
import type { Admission } from '../lab/admission.ts'
import type { Clock, Refused, Transport } from '../lab/ports.ts'
import type { Docs } from '../store/docs.ts'
import type { Vault } from '../store/vault.ts'
import { startLineOf } from './exchange.ts'
import type { DmHttp } from './facing.ts'
import { ownAddresses } from './interfaces.ts'
import { pairs } from './media.ts'
import { endsOf } from './peers.ts'
import { makeProbes } from './probe.ts'
import { caFile, trustArea } from './trust/area.ts'
import { protectionOf, securePort } from './trust/port.ts'
import type { SecurePort } from './trust/port.ts'
import { Trust } from './trust/trust.ts'
import { EMPTY } from './wire.ts'

export interface LabTrustParts {
  /** Folder of the authority. */
  readonly dir: string
  readonly docs: Docs
  readonly vault: Vault
  readonly clock: Clock
  /** What the ports are bound to, and --advertise without a trailing slash. */
  readonly host: string
  readonly given: string | undefined
  /** The device-facing servers, where they are open; `why` the HTTPS one is not. */
  readonly servers: () => { readonly http: DmHttp | null; readonly https: DmHttp | null; readonly why: string }
  readonly simulated: (device: string) => boolean
  readonly before: (device: string) => Path | undefined
  readonly refused: (refused: Refused) => void
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
}

export interface LabTrust {
  readonly areas: Pick<LabApi, 'trust' | 'addresses'>
  readonly addresses: Addresses
  readonly trust: Trust
  readonly port: SecurePort
  readonly admission: Admission
  /** URL a device is told for a use; `req`: the request that asks, where one does. */
  told(use: AddressUse, device: string, req?: IncomingMessage): string
  /** The authority's certificate, probes, and refusals of connections that may carry nothing; false for anything else. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Tells nothing any more: the workspace is about to close. */
  stop(): void
}

/** Facts are told at most this often, ms. */
const TELL_EVERY = 16
/** Where devices fetch the authority. */
const CA = { '/ca.crt': 'der', '/ca.pem': 'pem' } as const

export function labTrust(parts: LabTrustParts): LabTrust {
  const { clock, docs, host, servers, tell } = parts
  let untell: (() => void) | null = null
  let stopped = false
  /** Both are told: an address more is a name more for the certificates. */
  const moved = (): void => {
    if (stopped) return
    untell ??= clock.after(TELL_EVERY, () => {
      untell = null
      tell('trust', trust.state())
      tell('addresses', addresses.state())
    })
  }
  const probes = makeProbes(() => trust.certificate)
  const addresses = new Addresses({
    docs,
    interfaces: ownAddresses(() => clock.mono()),
    bound: () => ({ host, http: servers().http?.port ?? 0, https: servers().https?.port ?? 0 }),
    given: parts.given,
    simulated: parts.simulated,
    before: parts.before,
    probe: (url) => probes.test(url),
    moved,
  })
  const trust: Trust = new Trust({
    dir: parts.dir,
    docs,
    vault: parts.vault,
    now: () => clock.now(),
    names: () => addresses.names(),
    port: () => ({ https: servers().https?.url ?? '', why: servers().why }),
    url: () => {
      const { candidate, base } = addresses.choice('')
      const plain = addresses.candidates().find(({ id }) => id === candidate)?.http ?? ''
      const at = plain === '' ? base : plain
      return at === '' ? '' : `${at}/ca.crt`
    },
    moved,
  })
  const gate = { clientCertificates: () => trust.settings.clientCertificates, client: (serial: string) => trust.client(serial) }
  const pathOf = (req: IncomingMessage): Path => ({
    ...endsOf(req.socket),
    tls: req.socket instanceof TLSSocket,
    host: req.headers.host ?? '',
    at: clock.now(),
  })

  /** Refuses a request on a connection that may carry nothing, and leaves a row. */
  function barred(req: IncomingMessage, res: ServerResponse): boolean {
    const reason = req.socket instanceof TLSSocket ? connectionTrouble(gate, protectionOf(req.socket)) : ''
    if (reason === '') return false
    const times = { at: clock.now(), mono: clock.mono() }
    const what = { startLine: startLineOf(req), headers: pairs(req.rawHeaders), bytes: EMPTY, truncated: false }
    parts.refused({ ...times, ...what, httpStatus: 403, reason, ...endsOf(req.socket) })
    req.resume()
    res.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' })
    res.end(`${reason}\n`)
    return true
  }

  function authority(req: IncomingMessage, res: ServerResponse): boolean {
    const path = (req.url ?? '').split('?')[0] ?? ''
    const format = req.method === 'GET' && Object.hasOwn(CA, path) ? CA[path as keyof typeof CA] : null
    const cert = trust.certificate
    if (format === null || cert === null) return false
    const { type, bytes, name } = caFile(cert, format)
    res.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length, 'Content-Disposition': `attachment; filename="${name}"` })
    res.end(bytes)
    return true
  }

  return {
    areas: { trust: trustArea(trust), addresses: addressesArea(addresses) },
    addresses,
    trust,
    port: securePort(trust),
    admission: makeAdmission({ ...gate, seen: (serial) => trust.seen(serial), came: (device, path) => addresses.came(device, path) }),
    told: (use, device, req) => (req === undefined ? addresses.advertised(device, use) : addresses.advertisedAlong(device, pathOf(req), use)),
    handle: (req, res) => authority(req, res) || barred(req, res) || probes.handle(req, res),
    stop: () => {
      stopped = true
      untell?.()
    },
  }
}

/** Answers through whichever server a link came in on: the other one passes it over. */
export function bothOf(servers: () => readonly (DmHttp | null)[]): Transport {
  return {
    respond: (link, frame, sent) => {
      for (const server of servers()) server?.respond(link, frame, sent)
    },
    refuse: (link, status, text, sent) => {
      for (const server of servers()) server?.refuse(link, status, text, sent)
    },
  }
}

/** The same addresses where a use has a port of its own: `from` is the one it would share; absent `to`: nothing changes. */
export function atPort(told: LabTrust['told'], from: number, to: number | undefined): LabTrust['told'] {
  if (to === undefined) return told
  return (use, device, req) => told(use, device, req).replace(new RegExp(`^(http://[^/]*):${String(from)}(?=/|$)`), `$1:${String(to)}`)
}
