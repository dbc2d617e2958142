// Loaded before a utility process's entry under the double: gives it process.parentPort, with every transferred port carried over the fork's own channel.
import { EventEmitter } from 'node:events'

/** Far end of a port that was handed to this process. Messages wait until start(), as in Electron. */
class Port extends EventEmitter {
  constructor(id) {
    super()
    this.id = id
    this.queue = []
    this.started = false
    this.closed = false
  }
  start() {
    this.started = true
    for (const data of this.queue.splice(0)) this.emit('message', { data, ports: [] })
  }
  arrived(data) {
    if (this.started) this.emit('message', { data, ports: [] })
    else this.queue.push(data)
  }
  postMessage(data) {
    if (!this.closed) process.send({ kind: 'port', id: this.id, data: structuredClone(data) })
  }
  ended() {
    if (this.closed) return
    this.closed = true
    ports.delete(this.id)
    this.emit('close')
  }
  close() {
    if (this.closed) return
    process.send({ kind: 'closed', id: this.id })
    this.ended()
  }
}

const ports = new Map()
const parentPort = new EventEmitter()
parentPort.postMessage = (data) => process.send({ kind: 'message', data: structuredClone(data) })
const early = []
parentPort.on('newListener', (event) => {
  if (event === 'message') queueMicrotask(() => early.splice(0).forEach((message) => parentPort.emit('message', message)))
})
process.on('message', (message) => {
  if (message.kind === 'message') {
    const event = {
      data: message.data,
      ports: message.ports.map((id) => {
        const port = new Port(id)
        ports.set(id, port)
        return port
      }),
    }
    if (parentPort.listenerCount('message') === 0) early.push(event)
    else parentPort.emit('message', event)
  } else if (message.kind === 'port') ports.get(message.id)?.arrived(message.data)
  else if (message.kind === 'closed') ports.get(message.id)?.ended()
})
process.on('disconnect', () => process.exit(3))
Object.defineProperty(process, 'parentPort', { value: parentPort })
