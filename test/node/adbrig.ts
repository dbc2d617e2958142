// An Android device for tests: it speaks the adb transport protocol over TCP to a real adb server, and an adb server of Debian on a port of its own.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PackageManager } from './adbpm.ts'
import { PATIENCE } from '../support/patience.ts'

const code = (word: string): number => Buffer.from(word, 'latin1').readUInt32LE(0)
const CNXN = code('CNXN')
const AUTH = code('AUTH')
const OPEN = code('OPEN')
const OKAY = code('OKAY')
const WRTE = code('WRTE')
const CLSE = code('CLSE')
/** Protocol version without checksums, and the largest payload. */
const VERSION = 0x01000001
const MAX_DATA = 256 * 1024

/** A stream of the transport, seen from the device. */
export interface Stream {
  write(data: Uint8Array | string): void
  close(): void
  onData: (data: Buffer) => void
  onClose: () => void
  /** The host has answered OPEN (for streams the device opens). */
  onOpen: () => void
}

/** What the device does. */
export interface PhoneOptions {
  /** `open`: asks for no key. `accept`: a signature or key will do. `never`: asks, and says nothing to any answer. */
  auth?: 'open' | 'accept' | 'never'
  features?: string
  serialno?: string
  /** The device's clock less this computer's, ms. */
  clock?: number
  /** logcat of this device does not know `-v epoch`. */
  old?: boolean
  /** Device answers `reverse:` requests. */
  reverse?: boolean
  /** `am start` opens nothing. */
  noBrowser?: boolean
}

/** A device that listens for the adb server on loopback. */
export class Phone {
  readonly options: PhoneOptions
  readonly files = new Map<string, { bytes: Buffer; mode: number; mtime: number }>()
  readonly pm = new PackageManager(this.files)
  readonly shells: string[] = []
  readonly tunnels = new Map<string, string>()
  readonly opened: string[] = []
  /** Streams of logcat that run now. */
  readonly logs = new Set<Stream>()
  /** True: it takes commands and answers none. */
  mute = false
  port = 0
  #server: Server | null = null
  #host: Socket | null = null
  #next = 1
  readonly #streams = new Map<number, { peer: number; stream: Stream; queue: Buffer[]; free: boolean; ending: boolean }>()

  constructor(options: PhoneOptions = {}) {
    this.options = options
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Listens (again on the same port). */
  async plug(): Promise<this> {
    this.#server = createServer((socket) => this.#connected(socket))
    await new Promise<void>((resolve, reject) => {
      this.#server?.once('error', reject)
      this.#server?.listen(this.port, '127.0.0.1', resolve)
    })
    this.port = (this.#server.address() as { port: number }).port
    return this
  }

  /** Gone without a word; does not listen either unless `listening`. */
  async unplug(listening = false): Promise<void> {
    this.#host?.destroy()
    this.#host = null
    this.#drop()
    if (!listening) await new Promise<void>((resolve) => (this.#server === null ? resolve() : this.#server.close(() => resolve())))
  }

  /** A line of its log to everyone who reads it. */
  say(line: string): void {
    for (const log of this.logs) log.write(`${line}\n`)
  }

  /** Stamp of `logcat -v epoch -v usec` for a moment of this computer's clock. */
  stamp(ms: number): string {
    return ((ms + (this.options.clock ?? 0)) / 1000).toFixed(6)
  }

  /** A program on the device connects to a port of the device; what comes back is what the tunnel leads to. */
  async fetch(port: number, path: string, body?: { readonly type: string; readonly text: string }): Promise<string> {
    const local = this.tunnels.get(`tcp:${port}`)
    if (local === undefined) throw new Error(`nothing listens on port ${port} of the device`)
    return new Promise((resolve, reject) => {
      let text = ''
      const stream = this.#stream(0, local)
      const head = `${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n`
      const sent =
        body === undefined ? `GET ${head}\r\n` : `POST ${head}Content-Type: ${body.type}\r\nContent-Length: ${body.text.length}\r\n\r\n${body.text}`
      stream.onOpen = () => stream.write(sent)
      stream.onData = (data) => (text += data.toString('utf8'))
      stream.onClose = () => (text === '' ? reject(new Error('the tunnel was closed')) : resolve(text))
    })
  }

  #drop(): void {
    for (const { stream } of this.#streams.values()) stream.onClose()
    this.#streams.clear()
    this.logs.clear()
    this.tunnels.clear()
  }

  #connected(socket: Socket): void {
    this.#host?.destroy()
    this.#host = socket
    socket.setNoDelay(true)
    let rest = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => this.#host === socket && this.#drop())
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data])
      while (rest.length >= 24 && rest.length >= 24 + rest.readUInt32LE(12)) {
        const size = rest.readUInt32LE(12)
        this.#packet(rest.readUInt32LE(0), rest.readUInt32LE(4), rest.readUInt32LE(8), rest.subarray(24, 24 + size))
        rest = rest.subarray(24 + size)
      }
    })
  }

  #send(command: number, arg0: number, arg1: number, data: Uint8Array = new Uint8Array(0)): void {
    const head = Buffer.alloc(24)
    head.writeUInt32LE(command, 0)
    head.writeUInt32LE(arg0, 4)
    head.writeUInt32LE(arg1, 8)
    head.writeUInt32LE(data.length, 12)
    head.writeUInt32LE(
      data.reduce((sum, byte) => (sum + byte) >>> 0, 0),
      16,
    )
    head.writeUInt32LE((command ^ 0xffffffff) >>> 0, 20)
    this.#host?.write(Buffer.concat([head, data]))
  }

  #welcome(): void {
    const { features = 'shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir' } = this.options
    const banner = `device::ro.product.name=phone7;ro.product.model=Phone_7;ro.product.device=phone7;features=${features}`
    this.#send(CNXN, VERSION, MAX_DATA, Buffer.from(banner))
  }

  #packet(command: number, arg0: number, arg1: number, data: Buffer): void {
    const { auth = 'open' } = this.options
    if (command === CNXN && auth === 'open') this.#welcome()
    else if (command === CNXN) this.#send(AUTH, 1, 0, Buffer.alloc(20, 7))
    // 2: a signature (answered with the next token until the host shows its key), 3: the public key.
    else if (command === AUTH && auth === 'accept') this.#welcome()
    else if (command === AUTH && arg0 === 2) this.#send(AUTH, 1, 0, Buffer.alloc(20, 8))
    else if (command === OPEN) this.#serve(arg0, data.toString('utf8').replace(/\0$/, ''))
    else {
      const open = this.#streams.get(arg1)
      if (open === undefined) return
      if (command === OKAY) {
        const fresh = open.peer === 0
        open.peer = arg0
        open.free = true
        if (fresh) open.stream.onOpen()
        this.#pump(arg1)
      } else if (command === WRTE) {
        this.#send(OKAY, arg1, arg0)
        open.stream.onData(data)
      } else if (command === CLSE) {
        this.#streams.delete(arg1)
        open.stream.onClose()
      }
    }
  }

  #pump(id: number): void {
    const open = this.#streams.get(id)
    if (open === undefined || !open.free || open.peer === 0) return
    const next = open.queue.shift()
    if (next !== undefined) {
      open.free = false
      this.#send(WRTE, id, open.peer, next)
    } else if (open.ending) {
      this.#streams.delete(id)
      this.#send(CLSE, id, open.peer)
    }
  }

  /** A stream to the host's stream `peer`; 0 opens `service` there. */
  #stream(peer: number, service = ''): Stream {
    const id = this.#next++
    const stream: Stream = {
      write: (data) => {
        this.#streams.get(id)?.queue.push(Buffer.from(data as Uint8Array))
        this.#pump(id)
      },
      close: () => {
        const open = this.#streams.get(id)
        if (open !== undefined) open.ending = true
        this.#pump(id)
      },
      onData: () => {},
      onClose: () => {},
      onOpen: () => {},
    }
    this.#streams.set(id, { peer, stream, queue: [], free: peer !== 0, ending: false })
    if (peer === 0) this.#send(OPEN, id, 0, Buffer.from(`${service}\0`))
    else this.#send(OKAY, id, peer)
    return stream
  }

  #serve(peer: number, service: string): void {
    const known = service.startsWith('shell:') || service === 'sync:' || (service.startsWith('reverse:') && this.options.reverse !== false)
    if (!known) return this.#send(CLSE, 0, peer)
    const stream = this.#stream(peer)
    if (this.mute) return
    if (service === 'sync:') this.#sync(stream)
    else if (service.startsWith('reverse:')) this.#reverse(stream, service.slice(8))
    else this.#shell(stream, service.slice(6))
  }

  #reverse(stream: Stream, what: string): void {
    const text = (value: string): string => value.length.toString(16).padStart(4, '0') + value
    const forward = /^forward:(?:norebind:)?(tcp:\d+);(.*)$/.exec(what)
    if (forward !== null) {
      this.tunnels.set(forward[1] ?? '', forward[2] ?? '')
      stream.write(`OKAY${text((forward[1] ?? '').slice(4))}`)
    } else if (what === 'list-forward') stream.write(text([...this.tunnels].map(([at, to]) => `host ${at} ${to}\n`).join('')))
    else if (what.startsWith('killforward:') && this.tunnels.delete(what.slice(12))) stream.write('OKAY')
    else stream.write(`FAIL${text('no such tunnel')}`)
    stream.close()
  }

  #shell(stream: Stream, command: string): void {
    this.shells.push(command)
    const { clock = 0, old = false, serialno = 'R58M123ABC', noBrowser = false } = this.options
    const print = (text: string): void => {
      stream.write(text)
      stream.close()
    }
    if (command === 'getprop')
      print(
        `[ro.product.manufacturer]: [Example]\n[ro.product.model]: [Phone 7]\n[ro.build.version.release]: [15]\n[ro.build.version.sdk]: [35]\n` +
          `[ro.serialno]: [${serialno}]\n[ro.two]: [a\nb]\n[ro.build.fingerprint]: [example/phone7:15/X/1:user/release-keys]\n`,
      )
    else if (command.includes('EPOCHREALTIME'))
      print(`${((Date.now() + clock) / 1000).toFixed(6)}\n${Math.floor((Date.now() + clock) / 1000)}.N\n+0100\n`)
    else if (command.startsWith('logcat')) {
      if (old && command.includes('epoch')) return print('Invalid parameter "epoch" to -v\n')
      stream.write('--------- beginning of main\n')
      this.logs.add(stream)
      stream.onClose = () => void this.logs.delete(stream)
    } else if (command.startsWith('am start')) {
      const url = /-d '([^']*)'/.exec(command)?.[1] ?? ''
      if (noBrowser)
        return print(`Starting: Intent { act=android.intent.action.VIEW dat=${url} }\nError: Activity not started, unable to resolve Intent { x }\n`)
      this.opened.push(url)
      print(`Starting: Intent { act=android.intent.action.VIEW dat=${url} }\n`)
      const { port, pathname, search } = new URL(url)
      this.fetch(Number(port), pathname + search).then(
        (page) => this.pages.push(page),
        () => {},
      )
    } else void this.pm.run(command).then((said) => print(said ?? `/system/bin/sh: ${command.split(' ')[0] ?? ''}: inaccessible or not found\n`))
  }

  /** Pages its browser got. */
  readonly pages: string[] = []

  #sync(stream: Stream): void {
    let rest = Buffer.alloc(0)
    let path = ''
    let mode = 0
    let parts: Buffer[] = []
    const answer = (id: string, text = ''): void => {
      const head = Buffer.alloc(8)
      head.write(id, 0, 'latin1')
      head.writeUInt32LE(text.length, 4)
      stream.write(Buffer.concat([head, Buffer.from(text)]))
    }
    stream.onData = (data) => {
      rest = Buffer.concat([rest, data])
      while (rest.length >= 8) {
        const id = rest.toString('latin1', 0, 4)
        const size = rest.readUInt32LE(4)
        if (id === 'DONE') {
          rest = rest.subarray(8)
          if (path.startsWith('/system/')) answer('FAIL', "couldn't create file: Read-only file system")
          else {
            this.files.set(path, { bytes: Buffer.concat(parts), mode, mtime: size })
            answer('OKAY')
          }
          continue
        }
        if (id === 'QUIT') return stream.close()
        if (rest.length < 8 + size) return
        const body = Buffer.from(rest.subarray(8, 8 + size))
        rest = rest.subarray(8 + size)
        if (id === 'DATA') parts.push(body)
        if (id === 'SEND') {
          const [name = '', bits = '0'] = body.toString('utf8').split(',')
          path = name
          mode = Number(bits) & 0o777
          parts = []
        }
      }
    }
  }
}

/** Debian's adb server on a port of its own, with keys of its own. */
export class AdbServer {
  readonly port: number
  readonly home = mkdtempSync(join(tmpdir(), 'dm-lab-adb-'))
  #child: ChildProcess | null = null
  said = ''

  constructor(port: number) {
    this.port = port
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.home, TMPDIR: this.home, ADB_LOCAL_TRANSPORT_MAX_PORT: '5553' }
  }

  async start(): Promise<void> {
    const child = (this.#child = spawn('adb', ['-P', String(this.port), 'server', 'nodaemon'], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] }))
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (this.said += data.toString('utf8')))
    for (const end = performance.now() + PATIENCE; performance.now() < end;) {
      if (await answers(this.port)) return
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`adb did not come up: ${this.said}`)
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGKILL')
    })
  }

  /** Stops the process, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.home, { recursive: true, force: true })
  }
}

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
