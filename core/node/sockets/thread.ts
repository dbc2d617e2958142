// The thread that owns the sockets of device-facing ports: it accepts, reads and writes, and tells plain requests whole; of everything else it passes the octets on.
import type { Buffer } from 'node:buffer'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { BLOCKS, LONGEST, plainFinder } from '../plain.ts'
import type { Found } from '../plain.ts'
import { lean } from './lean.ts'
import { ORDER, Packer, TOLD, Unpacker } from './parcel.ts'
import type { Parcel } from './parcel.ts'
import { DUE, HIGH } from './talk.ts'
import type { Asked, Said } from './talk.ts'

if (parentPort === null) throw new Error('this is a thread of the lab, no program')
const port = parentPort

/** A connection. */
interface Line {
  readonly id: number
  readonly socket: Socket
  readonly find: (chunk: Buffer) => Found | null
  /** All that was written is through, or never will be. */
  readonly through: (error: Error | null | undefined) => void
  /** False from the first octet on that was no plain request. */
  plain: boolean
  /** A plain request is not answered yet. */
  busy: boolean
  /** The lab does not want to read it now. */
  paused: boolean
}

const NOTHING = new Uint8Array(0)

const lines = new Map<number, Line>()
const doors = new Map<number, Server>()
const out = new Packer()
/** Numbers of the header blocks that the lab knows. */
const known = new Map<string, number>()
let lastLine = 0
let lastBlock = 0
/** Parcels that the lab has not taken in. */
let due = 0
let flushing = false
/** Connections that wait until there is room to ship. */
let full: Line[] = []

// -- to the lab

const say = (said: Said): void => port.postMessage(said)

/** Ships what happened in this turn, unless the lab has enough before it: then it goes together with what comes until the lab is through. */
function flush(): void {
  flushing = false
  if (due >= DUE || out.empty) return
  due += 1
  const parcel = out.take(0)
  port.postMessage(parcel, [parcel])
  for (const { socket, paused } of full) if (!paused) socket.resume()
  if (full.length > 0) full = []
}

function tell(what: number, id: number, a = 0, b = 0, c = 0, time = 0): void {
  out.put(what, id, a, b, c, time)
  soon()
}

function soon(): void {
  if (flushing || due >= DUE) return
  flushing = true
  setImmediate(flush)
}

function accepted(door: number, find: Line['find'], socket: Socket): void {
  const id = ++lastLine
  const through = (error: Error | null | undefined): void => {
    line.busy = false
    if (error == null) wrote(id)
  }
  const line: Line = { id, socket, find, through, plain: true, busy: false, paused: false }
  lines.set(id, line)
  tell(TOLD.opened, id, door, socket.localPort, socket.remotePort)
  out.text(socket.localAddress ?? '')
  out.text(socket.remoteAddress ?? '')
  socket.on('data', (chunk: Buffer) => came(line, chunk))
  socket.on('end', () => tell(TOLD.ended, id))
  socket.on('timeout', () => tell(TOLD.idle, id))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    tell(TOLD.failed, id)
    out.text(error.code ?? '')
    out.text(error.message)
  })
  socket.on('close', () => {
    lines.delete(id)
    tell(TOLD.closed, id)
  })
}

function came(line: Line, chunk: Buffer): void {
  const found = line.plain && !line.busy ? line.find(chunk) : null
  if (found !== null) plain(line, found)
  else {
    line.plain = false
    tell(TOLD.data, line.id, 0, 0, chunk.length)
    out.bytes(chunk)
  }
  if (out.size < HIGH) return
  line.socket.pause()
  full.push(line)
}

function plain(line: Line, { text, uri, body }: Found): void {
  line.busy = true
  const block = known.get(text) ?? learn(line.id, text)
  tell(TOLD.plain, line.id, block, uri.length, body.length, performance.now())
  out.latin1(uri)
  out.bytes(body)
}

/** Tells a header block once; number 0 is that of a block too long to be remembered. */
function learn(id: number, text: string): number {
  if (known.size >= BLOCKS) {
    known.clear()
    tell(TOLD.forget, id)
  }
  const block = text.length > LONGEST ? 0 : ++lastBlock
  if (block > 0) known.set(text, block)
  tell(TOLD.block, id, block)
  out.text(text)
  return block
}

function wrote(id: number): void {
  tell(TOLD.written, id, 0, 0, 0, performance.now())
}

// -- from the lab

function perform(parcel: Parcel): void {
  const all = new Unpacker(parcel)
  due -= all.taken
  while (all.next()) {
    const bytes = all.what === ORDER.write ? all.buffer(all.c) : null
    const line = lines.get(all.id)
    if (line === undefined) continue
    if (bytes === null) order(line, all.what, all.a)
    else write(line, bytes)
  }
  if (!out.empty) soon()
}

/** Most writes are through at once; the others ask for a word behind them. */
function write(line: Line, bytes: Buffer): void {
  const { socket } = line
  socket.write(bytes)
  if (socket.writableLength > 0) socket.write(NOTHING, line.through)
  else if (socket.writable) line.through(null)
}

function order(line: Line, what: number, a: number): void {
  const { socket, id } = line
  if (what === ORDER.end) socket.end(() => wrote(id))
  else if (what === ORDER.destroy) socket.destroy()
  else if (what === ORDER.timeout) socket.setTimeout(a)
  else if (what === ORDER.pause || what === ORDER.resume) {
    line.paused = what === ORDER.pause
    if (line.paused) socket.pause()
    else socket.resume()
  }
}

function listen({ door, host, port: wanted, limits }: Extract<Asked, { type: 'listen' }>): void {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.probe })
  const find = plainFinder(limits)
  server.on('connection', (socket) => accepted(door, find, lean(socket)))
  server.on('error', (error: NodeJS.ErrnoException) => say({ type: 'refused', door, code: error.code ?? '', message: error.message }))
  server.listen({ host, port: wanted }, () => {
    doors.set(door, server)
    say({ type: 'listens', door, port: (server.address() as AddressInfo).port })
  })
}

function close(door: number): void {
  doors.get(door)?.close()
  doors.delete(door)
  say({ type: 'closed', door })
}

port.on('message', (message: Parcel | Asked) => {
  if (message instanceof ArrayBuffer) perform(message)
  else if (message.type === 'listen') listen(message)
  else if (message.type === 'close') close(message.door)
  else {
    for (const server of doors.values()) server.close()
    for (const { socket } of lines.values()) socket.destroy()
    port.close()
  }
})
say({ type: 'ready', time: performance.now(), hr: Number(process.hrtime.bigint()) / 1e6 })
