// Reaches another lab: its LabApi over its screens' WebSocket, with its token; every way to fail has its sentence.
import { WebSocket } from 'ws'
import { Unwelcome } from '../lab/peer.ts'
import type { Dialled } from '../lab/peer.ts'
import { connect } from '../rpc.ts'
import { overSocket } from './channel.ts'

/** How long joining may take, ms; and how long the other end may be silent before it counts as gone. */
const PATIENCE = 5000
const BEAT = 15_000

/** Opens the connection. Rejects in words; with `Unwelcome` where the token or the name is refused. */
export function dialLab(url: string, token: string): Promise<Dialled> {
  const target = new URL('ws', url)
  target.protocol = target.protocol === 'https:' ? 'wss:' : 'ws:'
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(target, { headers: { Authorization: `Bearer ${token}` }, handshakeTimeout: PATIENCE, perMessageDeflate: false })
    const api = connect(overSocket(socket))
    let heard = true
    let why = ''
    const beat = setInterval(() => {
      if (!heard) {
        why = `nothing was heard of it for ${BEAT / 1000} s`
        return socket.terminate()
      }
      heard = false
      if (socket.readyState === socket.OPEN) socket.ping()
    }, BEAT)
    beat.unref()
    const hear = (): void => void (heard = true)
    socket.on('pong', hear)
    socket.on('ping', hear)
    socket.on('message', hear)
    socket.on('close', () => clearInterval(beat))
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      socket.terminate()
      reject(refusal(response.statusCode ?? 0, url))
    })
    socket.once('error', (error: Error & { code?: string }) => {
      why = `${url} cannot be reached: ${error.code ?? error.message}`
      reject(new Error(why))
    })
    socket.once('open', () =>
      resolve({
        api,
        onClose: (listener) => void socket.once('close', (code, reason) => listener(why !== '' ? why : closed(code, reason.toString()))),
        close: () => {
          socket.close(1000)
          setTimeout(() => socket.terminate(), 500).unref()
        },
      }),
    )
  })
}

function refusal(status: number, url: string): Error {
  if (status === 401) return new Unwelcome(`the lab at ${url} does not take this token`)
  if (status === 403)
    return new Unwelcome(`the lab at ${url} does not answer to that name: use the host and port of its own line, through a tunnel to the same port`)
  if (status === 404) return new Unwelcome(`what answers at ${url} is no lab's window (its line names it as ui)`)
  return new Error(`the lab at ${url} answered ${String(status)}`)
}

function closed(code: number, reason: string): string {
  return reason === '' ? `the connection ended (${String(code)})` : reason
}
