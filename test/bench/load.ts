// A load generator on bare sockets: keep-alive connections that send one prepared request after the other and count whole answers.
import { connect } from 'node:net'

/** What one run gave. */
export interface Load {
  readonly answers: number
  readonly seconds: number
  readonly errors: number
}

/** What one connection says. */
export interface Player {
  /** The next request, header block and body; a promise where something has to happen first. */
  next(): Buffer | Promise<Buffer>
  /** True where it may stop here: nothing it began is open. */
  readonly idle: boolean
  /** The body of the answer; false where it is not the one that should have come. */
  heard(body: Buffer): boolean
}

/** Header block of a POST of `length` bytes. */
export function postHead(path: string, contentType: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${contentType}\r\nContent-Length: ${length}\r\n\r\n`
}

/** Lets every player talk over a socket of its own for `ms`, and finish what it began; every answer must be a 200 with a Content-Length. */
export function load(url: URL, players: readonly Player[], ms: number): Promise<Load> {
  return new Promise((resolve) => {
    const count = { answers: 0, errors: 0, open: players.length }
    const start = performance.now()
    for (const player of players) talk(url, player, start + ms, count, () => resolve({ ...count, seconds: (performance.now() - start) / 1000 }))
  })
}

function talk(url: URL, player: Player, end: number, count: { answers: number; errors: number; open: number }, over: () => void): void {
  const socket = connect(Number(url.port), url.hostname)
  socket.setNoDelay(true)
  let buffer: Buffer = Buffer.alloc(0)
  const post = (): void => {
    if (player.idle && performance.now() >= end) return void socket.end()
    const request = player.next()
    if (request instanceof Promise) void request.then((bytes) => socket.write(bytes))
    else socket.write(request)
  }
  socket.on('connect', post)
  socket.on('data', (chunk) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
    const head = buffer.indexOf('\r\n\r\n')
    if (head < 0) return
    const text = buffer.toString('latin1', 0, head)
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN)
    const whole = buffer.length >= head + 4 + length
    if (!whole && text.startsWith('HTTP/1.1 200') && !Number.isNaN(length)) return
    const body = buffer.subarray(head + 4, head + 4 + length)
    buffer = buffer.subarray(head + 4 + length)
    if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(length) || !player.heard(body)) {
      count.errors += 1
      return void socket.destroy()
    }
    count.answers += 1
    post()
  })
  socket.on('error', () => (count.errors += 1))
  socket.on('close', () => {
    count.open -= 1
    if (count.open === 0) over()
  })
}
