// MessageChannelMain and utilityProcess of the double: real message ports, a real child process, and the bridge between them.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort as NodePort } from 'node:worker_threads'

export type Record = (name: string, ...args: unknown[]) => void

/** MessagePortMain: messages wait until start(). `bridge` hands the raw port to whoever carries it further; the port is then used up. */
export class PortMain extends EventEmitter {
  readonly raw: NodePort
  constructor(raw: NodePort) {
    super()
    this.raw = raw
    raw.on('close', () => this.emit('close'))
  }
  start(): void {
    this.raw.on('message', (data: unknown) => this.emit('message', { data, ports: [] }))
  }
  postMessage(data: unknown): void {
    this.raw.postMessage(data)
  }
  close(): void {
    this.raw.close()
  }
}

export class ChannelMain {
  readonly port1: PortMain
  readonly port2: PortMain
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new PortMain(port1)
    this.port2 = new PortMain(port2)
  }
}

type FromChild =
  | { readonly kind: 'message'; readonly data: unknown }
  | { readonly kind: 'port'; readonly id: number; readonly data: unknown }
  | { readonly kind: 'closed'; readonly id: number }

/** A utility process: a forked Node whose entry finds process.parentPort. */
export class Utility extends EventEmitter {
  readonly child: ChildProcess
  readonly #ports = new Map<number, NodePort>()
  #next = 1
  readonly #record: Record
  constructor(entry: string, args: readonly string[], options: object, record: Record) {
    super()
    this.#record = record
    record('utilityProcess.fork', entry, args, options)
    const shim = new URL('./child.mjs', import.meta.url).href
    this.child = fork(entry, [...args], { serialization: 'advanced', execArgv: ['--import', shim], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.child.on('spawn', () => this.emit('spawn'))
    this.child.on('message', (message) => this.#heard(message as unknown as FromChild))
    this.child.on('exit', (code, signal) => {
      for (const port of this.#ports.values()) port.close()
      this.#ports.clear()
      record('utilityProcess.exit', code, signal)
      this.emit('exit', code ?? 137)
    })
  }
  get pid(): number | undefined {
    return this.child.pid
  }
  postMessage(data: unknown, ports: readonly PortMain[] = []): void {
    this.#record('utilityProcess.postMessage', data, ports.length)
    const ids = ports.map((port) => this.#carry(port.raw))
    this.#send({ kind: 'message', data, ports: ids })
  }
  kill(): boolean {
    return this.child.kill()
  }
  #heard(message: FromChild): void {
    if (message.kind === 'message') this.emit('message', message.data)
    else if (message.kind === 'port') this.#ports.get(message.id)?.postMessage(message.data)
    else this.#ports.get(message.id)?.close()
  }
  #carry(raw: NodePort): number {
    const id = this.#next++
    this.#ports.set(id, raw)
    raw.on('message', (data: unknown) => this.#send({ kind: 'port', id, data }))
    raw.on('close', () => {
      this.#ports.delete(id)
      this.#send({ kind: 'closed', id })
    })
    return id
  }
  #send(message: unknown): void {
    if (this.child.connected) this.child.send(message as object, () => {})
  }
}
