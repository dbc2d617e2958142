// The way to an adb server: connections with a time limit that end when their socket ends, and errors sorted by what they say of the server.
import { AdbServerClient } from '@yume-chan/adb'
import { AdbServerNodeTcpConnector } from '@yume-chan/adb-server-node-tcp'

export interface AdbAddress {
  readonly host: string
  readonly port: number
}

/** How long the adb server may take for an answer of its own, ms; it works in one thread, so some of its answers wait for a device. */
export const ANSWER_WITHIN = 5_000
/** After a socket has closed, how long data read before may take to be looked at, ms. */
const AFTER_CLOSE = 30

/** What happened to a request: nobody there; an answer that is no adb server's; no answer; a refusal in the server's words; something else. */
export class AdbError extends Error {
  readonly kind: 'nobody' | 'foreign' | 'silent' | 'refused' | 'ended'
  readonly code: string

  constructor(kind: AdbError['kind'], message: string, code = '') {
    super(message)
    this.name = 'AdbError'
    this.kind = kind
    this.code = code
  }
}

/** Puts any error of a request into words. */
export function adbError(error: unknown): AdbError {
  if (error instanceof AdbError) return error
  const { message = String(error), code = '', name = '' } = error as { message?: string; code?: string; name?: string }
  if (code === 'ECONNRESET' || code === 'EPIPE') return new AdbError('ended', 'the adb server closed the connection', code)
  if (/^E[A-Z]+$/.test(code)) return new AdbError('nobody', code === 'ECONNREFUSED' ? 'no adb server listens there' : message, code)
  if (name === 'ExactReadableEndedError' || /ExactReadable/.test(message)) return new AdbError('ended', 'the adb server closed the connection')
  if (/^Unexpected response|[Ii]nvalid hex/.test(message)) return new AdbError('foreign', message)
  return new AdbError('refused', message)
}

type Connection = Awaited<ReturnType<AdbServerNodeTcpConnector['connect']>>

interface Next {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

/** The same connection whose readable side ends with its socket, also where that ended with an error. */
function ending(connection: Connection): Connection {
  const reader = connection.readable.getReader()
  // One listener for the whole connection: a race against its end at every read would keep every piece that was read.
  let ended: Next | Error | null = null
  let told: ((end: Next | Error) => void) | null = null
  const end = (what: Next | Error): void => {
    ended = what
    told?.(what)
  }
  connection.closed.then(
    () => void setTimeout(() => end({ done: true }), AFTER_CLOSE),
    (error: unknown) => end(error instanceof Error ? error : new Error(String(error))),
  )
  const read = (): Promise<Next> =>
    new Promise<Next>((resolve, reject) => {
      told = (what) => (what instanceof Error ? reject(what) : resolve(what))
      if (ended !== null) return told(ended)
      reader.read().then((next) => resolve(next as Next), reject)
    }).finally(() => (told = null))
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await read()
        if (next.done || next.value === undefined) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: () => reader.cancel().catch(() => {}),
    },
    { highWaterMark: 0 },
  )
  return {
    readable: readable as unknown as Connection['readable'],
    writable: connection.writable,
    closed: connection.closed,
    close: () => connection.close(),
  }
}

/** A client of the adb server at `address`; `signal` ends all its connections. It starts no server. */
export function adbClient(address: AdbAddress, signal: AbortSignal): AdbServerClient {
  const tcp = new AdbServerNodeTcpConnector({ host: address.host, port: address.port })
  return new AdbServerClient({
    connect: async (options = {}) => {
      signal.throwIfAborted()
      return ending(await tcp.connect({ ...options, signal }))
    },
    // Tunnels lead to ports this lab listens on by itself.
    addReverseTunnel: () => {
      throw new Error('no tunnel is served here')
    },
    removeReverseTunnel: () => {},
    clearReverseTunnels: () => {},
  })
}

/**
 * Runs `task` with a client that is gone when it ends, or after `ms`. Rejects with AdbError. `outer` ends it before.
 */
export async function within<T>(
  address: AdbAddress,
  ms: number,
  what: string,
  task: (client: AdbServerClient, signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let left = (): void => {}
  const given = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AdbError('silent', `${what}: no answer within ${ms / 1000} s`)), ms)
    left = () => reject(new AdbError('ended', `${what}: given up`))
    outer?.addEventListener('abort', left, { once: true })
    if (outer?.aborted === true) left()
  })
  try {
    return await Promise.race([task(adbClient(address, stop.signal), stop.signal), given])
  } catch (error) {
    throw adbError(error)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', left)
    stop.abort()
  }
}
