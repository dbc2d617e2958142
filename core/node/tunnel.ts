// Sessions that pass a gateway untouched: CONNECT at its port for the servers it permits, and connections of a device that run through it. Nobody here reads what passes.
import { Agent as PlainAgent } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import type { Agents } from './client.ts'
import { endsOf } from './peers.ts'

/** How long a server may take to accept a connection, ms. */
const PATIENCE = 10_000
/** Header block of the answer to CONNECT at most. */
const HEAD_BYTES = 8192

export interface TunnelParts {
  /** `host:port` of servers that may be reached; nothing else is. */
  readonly permitted: () => readonly string[]
  /** What people should know, one sentence each. */
  readonly told: (text: string) => void
}

/** `host:port` of a URL, its scheme's own port where it names none. */
export function authorityOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`
}

/** Takes a CONNECT; a server that is not permitted gets 403, one that does not answer 502. */
export function carry(req: IncomingMessage, socket: Socket, head: Uint8Array, { permitted, told }: TunnelParts): void {
  const target = (req.url ?? '').toLowerCase()
  const { remote } = endsOf(socket)
  socket.on('error', () => socket.destroy())
  const refuse = (status: string, text: string): void => {
    told(text)
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}\n`,
    )
  }
  if (!permitted().includes(target))
    return refuse('403 Forbidden', `${remote} asked for a way to ${target.slice(0, 200)}: not a server of this gateway`)
  const at = target.lastIndexOf(':')
  const out = connect({ host: target.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(target.slice(at + 1)) })
  out.setTimeout(PATIENCE, () => out.destroy(new Error('no answer')))
  out.once('error', (error) => {
    if (out.connecting || !open) refuse('502 Bad Gateway', `no way to ${target}: ${error.message}`)
    else socket.destroy()
  })
  let open = false
  out.once('connect', () => {
    open = true
    out.setTimeout(0)
    told(`a session of ${remote} with ${target} passes through, unread`)
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.length > 0) out.write(head)
    out.pipe(socket)
    socket.pipe(out)
  })
  socket.once('close', () => {
    if (open) told(`the session of ${remote} with ${target} is over: ${out.bytesWritten} octets up, ${out.bytesRead} down`)
    out.destroy()
  })
  out.once('close', () => {
    if (open) socket.end()
  })
}

/** Kept connections whose every one runs through the gateway at this URL. */
export function tunnelled(gateway: string): Agents {
  const settings = { keepAlive: true, maxFreeSockets: 4 }
  const plain = new PlainAgent(settings)
  const tls = new TlsAgent(settings)
  type Made = (error: Error | null, socket: Socket) => void
  const nowhere = undefined as unknown as Socket
  Object.assign(plain, {
    createConnection: (options: { readonly host: string; readonly port: number }, made: Made) => {
      passage(gateway, options).then(
        (socket) => made(null, socket),
        (error: Error) => made(error, nowhere),
      )
    },
  })
  Object.assign(tls, {
    createConnection: (options: ConnectionOptions & { readonly host: string; readonly port: number }, made: Made) => {
      passage(gateway, options).then(
        (socket) => made(null, tlsConnect({ ...options, socket, servername: options.servername ?? options.host })),
        (error: Error) => made(error, nowhere),
      )
    },
  })
  return {
    plain,
    tls,
    close: () => {
      plain.destroy()
      tls.destroy()
    },
  }
}

/** A connection to host:port through the gateway. Rejects with an Error in words. */
function passage(gateway: string, { host, port }: { readonly host: string; readonly port: number }): Promise<Socket> {
  const at = authorityOf(gateway)
  const colon = at.lastIndexOf(':')
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    const socket = connect({ host: at.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(at.slice(colon + 1)) })
    const fail = (text: string): void => {
      socket.destroy()
      reject(new Error(`no way to ${target} through the gateway ${at}: ${text}`))
    }
    socket.setTimeout(PATIENCE, () => fail('no answer'))
    socket.once('error', (error) => fail(error.message))
    socket.once('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`))
    let got = Buffer.alloc(0)
    const read = (chunk: Buffer): void => {
      got = Buffer.concat([got, chunk])
      const end = got.indexOf('\r\n\r\n')
      if (end < 0) return got.length > HEAD_BYTES ? fail('its answer is no HTTP') : undefined
      socket.off('data', read)
      const line = got.subarray(0, got.indexOf('\r\n')).toString('latin1')
      if (!/^HTTP\/1\.[01] 2\d\d/.test(line)) return fail(`it answered ${line}`)
      socket.removeAllListeners('error')
      socket.setTimeout(0)
      // The server speaks only when it was asked: what comes unasked is no answer of its.
      if (got.length > end + 4) return fail('it sent more than its answer')
      resolve(socket)
    }
    socket.on('data', read)
  })
}
