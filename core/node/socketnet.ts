// The network of a sandbox over real sockets: requests by HTTP and pushes by UDP on loopback, names led to ports. While octets travel the sandbox's clock stands still.
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { createServer, request as ask } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Headers } from '../machine.ts'
import { MemoryNet } from '../scenario/memorynet.ts'
import type { NetOptions, NetReceiver, NetRequest, NetResponse, NetServer } from '../scenario/memorynet.ts'

const HOST = '127.0.0.1'
/** A datagram on loopback that has not come by then is lost, ms. */
const LOST_MS = 2000

interface Underway {
  readonly request: NetRequest
  /** The request is whole at its server. */
  readonly arrived: () => void
  /** The answer is whole at its client. */
  answered: () => void
}

/** Origins and push addresses keep their names; what is sent to them passes the kernel. */
export class SocketNet extends MemoryNet {
  readonly #during: <T>(work: Promise<T>) => Promise<T>
  readonly #servers: Server[] = []
  readonly #sockets: Socket[] = []
  readonly #closed = { yes: false }
  /** Requests under way, by the client's port. */
  readonly #underway = new Map<number, Underway>()

  /** `during`: stops the clock while a promise is open. */
  constructor(options: NetOptions, during: <T>(work: Promise<T>) => Promise<T>) {
    super(options)
    this.#during = during
  }

  override serve(origin: string, server: NetServer): void {
    const real = createServer((req, res) => void this.#take(req, res, server))
    this.#servers.push(real)
    const port = new Promise<number>((resolve) => real.listen(0, HOST, () => resolve((real.address() as AddressInfo).port)))
    super.serve(origin, async (request) => this.#over(await port, request))
  }

  override listen(url: string, receiver: NetReceiver): void {
    const socket = createSocket('udp4')
    this.#sockets.push(socket)
    const waiting: { readonly from: string; readonly came: () => void }[] = []
    socket.on('message', (bytes) => {
      const first = waiting.shift()
      receiver(new Uint8Array(bytes), first?.from ?? 'unknown:0')
      first?.came()
    })
    const port = new Promise<number>((resolve) => socket.bind(0, HOST, () => resolve(socket.address().port)))
    super.listen(url, (bytes, from) => {
      void this.#during(
        new Promise<void>((came) => {
          waiting.push({ from, came })
          setTimeout(came, LOST_MS).unref()
          void port.then((to) => {
            const out = createSocket('udp4')
            out.send(bytes, to, HOST, () => out.close())
          })
        }),
      )
    })
  }

  /** Nobody listens any more. */
  override close(): void {
    this.#closed.yes = true
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    for (const socket of this.#sockets) socket.close()
  }

  /** One request over a connection of its own. Rejects with an Error in words where it breaks. */
  #over(port: number, request: NetRequest): Promise<NetResponse> {
    const { method, url, startLine, headers, body } = request
    let arrived = (): void => {}
    void this.#during(new Promise<void>((resolve) => (arrived = resolve)))
    return new Promise((resolve, reject) => {
      const path = startLine.split(' ')[1] ?? url
      const out = ask({ host: HOST, port, method, path, agent: false, headers: headers.flatMap(([name, value]) => [name, value]) }, (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('end', () => {
          resolve({ status: res.statusCode ?? 0, headers: pairs(res.rawHeaders), body: new Uint8Array(Buffer.concat(chunks)) })
          underway.answered()
        })
        res.on('error', fail)
      })
      const underway: Underway = { request, arrived, answered: () => {} }
      const fail = (error: Error): void => {
        arrived()
        underway.answered()
        reject(new Error(`cannot ask ${url}: ${error.message}`))
      }
      out.on('error', fail)
      out.on('socket', (socket) => {
        socket.once('connect', () => this.#underway.set(socket.localPort ?? 0, underway))
      })
      out.end(body)
    })
  }

  async #take(req: IncomingMessage, res: ServerResponse, server: NetServer): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const port = req.socket.remotePort ?? 0
    const underway = this.#underway.get(port)
    this.#underway.delete(port)
    if (underway === undefined || this.#closed.yes) {
      req.socket.destroy()
      return
    }
    const { url, local, remote } = underway.request
    const startLine = `${req.method ?? ''} ${req.url ?? ''} HTTP/${req.httpVersion}`
    const body = new Uint8Array(Buffer.concat(chunks))
    underway.arrived()
    try {
      const {
        status,
        headers,
        body: answer,
      } = await server({ method: req.method ?? '', url, startLine, headers: pairs(req.rawHeaders), body, local, remote })
      void this.#during(new Promise<void>((resolve) => (underway.answered = resolve)))
      res.sendDate = false
      const length: Headers = headers.some(([name]) => name.toLowerCase() === 'content-length') ? [] : [['Content-Length', String(answer.length)]]
      res.writeHead(
        status,
        [...headers, ...length].flatMap(([name, value]) => [name, value]),
      )
      res.end(req.method === 'HEAD' ? undefined : answer)
    } catch {
      // Nobody answers: the connection breaks, as it would between machines.
      req.socket.destroy()
    }
  }
}

function pairs(raw: readonly string[]): Headers {
  const found: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) found.push([raw[i] ?? '', raw[i + 1] ?? ''])
  return found.filter(([name]) => name.toLowerCase() !== 'connection')
}
