// A thread that moves the write-ahead log into the database and bytes of segments to the disk, once a second, so that no socket waits for it.
import { Worker } from 'node:worker_threads'
import { wordsOf } from '../syncml/text.ts'

/** A running thread. */
export interface Checkpoint {
  /** Ends the thread after its last round; resolves when its connection is closed. */
  stop(): Promise<void>
}

/** Where the thread works. */
export interface CheckpointOptions {
  readonly database: string
  /** Folder of the segment files. */
  readonly segments: string
  /** Rounds are this far apart (ms); default 1000. */
  readonly every?: number
  /** Pages in the log above which it is made to begin anew; default 4096 (16 MiB). */
  readonly frames?: number
  /** Told once, in words, when the thread cannot go on; the owner then checkpoints itself. */
  readonly failed: (reason: string) => void
}

/**
 * Source of the thread. It is text, because a bundle has no second file to start a thread from. A round syncs the last two segments before the log,
 * so that after a power cut the database seldom knows more than the segments; it touches nothing while nothing moved.
 * An owner that never rests would let the log grow for ever: a long log is ended by a RESTART. That holds the owner up, but only for the few pages
 * that came since the short pass before it.
 */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const { join } = require('node:path')
const fs = require('node:fs')
const db = new DatabaseSync(workerData.database)
db.exec('PRAGMA busy_timeout = 1000')
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
const restart = db.prepare('PRAGMA wal_checkpoint(RESTART)')
const synced = new Map()
let seen = ''
function round() {
  const names = fs.readdirSync(workerData.segments).filter((name) => name.endsWith('.seg')).sort().slice(-2)
  for (const name of names) {
    const path = join(workerData.segments, name)
    const size = fs.statSync(path).size
    if (synced.get(name) === size) continue
    const file = fs.openSync(path, 'r+')
    try { fs.fsyncSync(file) } finally { fs.closeSync(file) }
    synced.set(name, size)
  }
  for (const name of synced.keys()) if (!names.includes(name)) synced.delete(name)
  const log = fs.statSync(workerData.database + '-wal', { throwIfNoEntry: false })
  const now = log === undefined ? '' : log.size + ' ' + log.mtimeMs
  if (now === seen) return
  if (checkpoint.get().log > workerData.frames) {
    checkpoint.get()
    restart.get()
  }
  seen = now
}
const timer = setInterval(round, workerData.every)
parentPort.once('message', () => {
  clearInterval(timer)
  try { round() } finally { db.close() }
})
`

/** Starts the thread; it does not keep the process alive. */
export function startCheckpoint(options: CheckpointOptions): Checkpoint {
  const { database, segments, every = 1000, frames = 4096 } = options
  const worker = new Worker(SOURCE, { eval: true, workerData: { database, segments, every, frames }, execArgv: [], name: 'checkpoint' })
  let ended = false
  let stopping = false
  const end = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      ended = true
      resolve()
    })
  })
  worker.once('error', (error) => {
    if (!stopping) options.failed(`the checkpoint thread ended: ${wordsOf(error)}`)
  })
  worker.unref()
  return {
    stop: () => {
      stopping = true
      if (!ended) worker.ref()
      worker.postMessage('stop')
      return end
    },
  }
}
