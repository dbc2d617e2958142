// The lab's end of the thread of sockets: starts it, opens doors in it, and makes of its parcels connections of an HTTP server; what is to be written goes back once a turn.
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { Worker } from 'node:worker_threads'
import { wordsOf } from '../../syncml/text.ts'
import type { HttpLimits } from '../limits.ts'
import { ownDoor } from '../open.ts'
import type { Door, Place } from '../open.ts'
import { Crossing } from './crossing.ts'
import type { Parcel } from './parcel.ts'
import type { Asked, Said } from './talk.ts'

/** A thread that owns sockets. */
export interface SocketThread {
  /** A door in the thread: `server` gets every connection that comes there, as if it listened itself. */
  door(server: Server, limits: HttpLimits): Door
  /** Ends it, and whatever connections it still has. */
  stop(): Promise<void>
}

/** What starting needs. */
export interface ThreadOptions {
  readonly clock: { now(): number; mono(): number }
  /** Told once, in words, where the thread ended by itself; its doors are open in this thread then, connections that it had are lost. */
  readonly failed: (reason: string) => void
  /** File of the thread; absent: the one that belongs to this source, or to the bundle that it is in. */
  readonly file?: URL
}

/** Where the thread's own file is: beside this one, or beside the entry of a bundle. */
function threadFile(): URL {
  const names = import.meta.url.endsWith('.ts') ? ['./thread.ts'] : ['./sockets.js', '../sockets.js']
  const found = names.map((name) => new URL(name, import.meta.url)).find((url) => existsSync(url))
  if (found === undefined) throw new Error('there is no sockets.js beside the program')
  return found
}

/** Starts the thread; rejects where there can be none. */
export async function startSockets({ clock, failed, file }: ThreadOptions): Promise<SocketThread> {
  const worker = new Worker(file ?? threadFile(), { name: 'sockets' })
  const doors = new Map<number, FarDoor>()
  const crossing = new Crossing(
    clock,
    (parcel) => worker.postMessage(parcel, [parcel]),
    (door) => doors.get(door)?.server,
  )
  const ask = (asked: Asked): void => worker.postMessage(asked)
  let lastDoor = 0
  let stopping = false
  let why = ''
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error) => {
      why = wordsOf(error)
      reject(new Error(why, { cause: error }))
    })
    worker.on('message', (message: Parcel | Said) => {
      if (message instanceof ArrayBuffer) return crossing.perform(message)
      if (message.type !== 'ready') return doors.get(message.door)?.said(message)
      crossing.set(Number(process.hrtime.bigint()) / 1e6 - message.hr + message.time)
      resolve()
    })
  })
  void ended.then(() => {
    if (stopping) return
    crossing.end(`the thread of sockets ended: ${why}`)
    for (const door of doors.values()) door.reopen()
    failed(`the thread of sockets ended (${why}): its connections are lost, the ports are open again without it`)
  })
  return {
    door: (server, limits) => {
      const number = ++lastDoor
      const door = new FarDoor(server, limits, number, ask, () => doors.delete(number))
      doors.set(number, door)
      return door
    },
    stop: () => {
      stopping = true
      ask({ type: 'stop' })
      return ended
    },
  }
}

/** A door in the thread. Where the thread is gone the server listens itself. */
class FarDoor implements Door {
  readonly server: Server
  readonly #number: number
  readonly #limits: HttpLimits
  readonly #ask: (asked: Asked) => void
  readonly #closed: () => void
  #said: (said: Said) => void = () => {}
  #at: Place | null = null
  #own: Door | null = null
  #closing: Promise<void> | null = null
  /** Settles who waits for an answer of the thread. */
  #gone: () => void = () => {}

  constructor(server: Server, limits: HttpLimits, number: number, ask: (asked: Asked) => void, closed: () => void) {
    this.server = server
    this.#limits = limits
    this.#number = number
    this.#ask = ask
    this.#closed = closed
  }

  listen({ host, port }: Place): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#gone = () => reject(new Error('the thread of sockets ended'))
      this.#said = (said) => {
        if (said.type === 'refused') reject(Object.assign(new Error(said.message), { code: said.code }))
        else if (said.type === 'listens') {
          this.#at = { host, port: said.port }
          // From now on the server looks after the times of its requests.
          this.server.emit('listening')
          resolve(said.port)
        }
      }
      const { headerBytes, bodyBytes, probe } = this.#limits
      this.#ask({ type: 'listen', door: this.#number, host, port, limits: { headerBytes, bodyBytes, probe } })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Without a connection of its own the server only stops looking at the times of requests. */
  #close(): Promise<void> {
    if (this.#own !== null) return this.#own.close()
    this.server.close(() => {})
    return new Promise((resolve) => {
      const closed = (): void => {
        this.#closed()
        resolve()
      }
      this.#said = (said) => said.type === 'closed' && closed()
      this.#gone = closed
      this.#ask({ type: 'close', door: this.#number })
    })
  }

  /** The thread has answered. */
  said(said: Said): void {
    this.#said(said)
  }

  /** The thread is gone. */
  reopen(): void {
    if (this.#at === null || this.#closing !== null) return this.#gone()
    this.#own = ownDoor(this.server)
    this.#own.listen(this.#at).catch(() => {})
  }
}
