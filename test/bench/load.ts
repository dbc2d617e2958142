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
  /** The body of the answer, `length` octets from `from` on; false where it is not the one that should have come. The octets are others after this call. */
  heard(bytes: Buffer, from: number, length: number): boolean
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

/** Every socket reads into this, one after the other; an answer that is not whole is put aside. */
const READ = Buffer.allocUnsafeSlow(65536)

const OK = Buffer.from('HTTP/1.1 200 ')
const LENGTH = Buffer.from('content-length: ')
const [CR, LF, ZERO, LOWER] = [0x0d, 0x0a, 0x30, 0x20]

/** An answer: where its body begins, how long that is by Content-Length (-1: there was none), and whether the status is 200. */
interface Answer {
  body: number
  length: number
  ok: boolean
}

/** Reads the header block of an answer that begins `bytes`; false where it has not ended within `size` octets. */
function read(bytes: Buffer, size: number, answer: Answer): boolean {
  answer.ok = begins(bytes, 0, OK, 0)
  answer.length = -1
  for (let at = 0; at < size; at += 1) {
    if (bytes[at] !== LF) continue
    if (bytes[at + 1] === CR && at + 2 < size) {
      answer.body = at + 3
      return true
    }
    if (begins(bytes, at + 1, LENGTH, LOWER)) answer.length = number(bytes, at + 1 + LENGTH.length)
  }
  return false
}

function begins(bytes: Buffer, at: number, what: Buffer, lower: number): boolean {
  for (let i = 0; i < what.length; i += 1) if (((bytes[at + i] as number) | lower) !== what[i]) return false
  return true
}

function number(bytes: Buffer, from: number): number {
  let value = 0
  for (let at = from; bytes[at] !== CR; at += 1) value = value * 10 + (bytes[at] as number) - ZERO
  return value
}

function talk(url: URL, player: Player, end: number, count: { answers: number; errors: number; open: number }, over: () => void): void {
  const answer: Answer = { body: 0, length: 0, ok: false }
  /** The beginning of an answer. */
  let begun: Buffer | null = null
  const post = (): void => {
    if (player.idle && performance.now() >= end) return void socket.end()
    const request = player.next()
    if (request instanceof Promise) void request.then((bytes) => socket.write(bytes))
    else socket.write(request)
  }
  const came = (octets: number): boolean => {
    const bytes: Buffer = begun === null ? READ : Buffer.concat([begun, READ.subarray(0, octets)])
    const size = begun === null ? octets : bytes.length
    const headed = read(bytes, size, answer)
    const whole = headed && size >= answer.body + answer.length
    if (!whole && (!headed || (answer.ok && answer.length >= 0))) {
      begun = Buffer.from(bytes.subarray(0, size))
      return true
    }
    begun = null
    // The next request is written when this one is answered whole: nothing may stand behind it.
    if (!answer.ok || answer.length < 0 || size > answer.body + answer.length || !player.heard(bytes, answer.body, answer.length)) {
      count.errors += 1
      socket.destroy()
    } else {
      count.answers += 1
      post()
    }
    return true
  }
  const socket = connect({ port: Number(url.port), host: url.hostname, onread: { buffer: READ, callback: came } })
  socket.setNoDelay(true)
  socket.on('connect', post)
  socket.on('error', () => (count.errors += 1))
  socket.on('close', () => {
    count.open -= 1
    if (count.open === 0) over()
  })
}
