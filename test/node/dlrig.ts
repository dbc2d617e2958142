// A download server on a real socket over a folder of its own, with the rows it writes; and a client with files of its own.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ANTIVIR, payload } from '../../core/download/payload.ts'
import { processClock } from '../../core/node/clock.ts'
import type { DownloadsOptions } from '../../core/node/delivery.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { plantedFaults } from '../../core/node/dlfaults.ts'
import { makeDownloadServer } from '../../core/node/dlserver.ts'
import type { Notified } from '../../core/node/dlserver.ts'
import { imagesIn } from '../../core/node/images.ts'
import type { DownloadAsk } from '../../core/software/ports.ts'
import type { NewEntry } from '../../core/store/entry.ts'

export const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const sha256Bytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
export const antivir = (): Uint8Array<ArrayBuffer> => payload(ANTIVIR.size, sha256Bytes)

export type Row = Omit<NewEntry, 'origin'>

/** Everything; `close` stops it and removes the files. */
export async function rig() {
  const root = mkdtempSync(join(tmpdir(), 'dm-lab-dl-'))
  const clock = processClock()
  const rows: Row[] = []
  const reports: Notified[] = []
  const faults = plantedFaults()
  const images = imagesIn(join(root, 'images'), clock.now)
  let port = 0
  const server = makeDownloadServer({
    images,
    base: () => `http://127.0.0.1:${String(port)}/dl/`,
    server: 'test',
    clock,
    faults,
    record: (entry) => rows.push(entry),
    notified: (report) => void reports.push(report),
  })
  const serve = (): Server =>
    createServer((req, res) => {
      if (!server.handle(req, res)) res.writeHead(404).end()
    })
  let http = serve()
  const listen = (at: number): Promise<void> => new Promise((resolve) => void http.listen(at, '127.0.0.1', () => resolve()))
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      http.close(() => resolve())
      http.closeAllConnections()
    })
  await listen(0)
  port = (http.address() as AddressInfo).port
  const device = join(root, 'device')
  const notes: string[] = []
  const client = (options: Partial<DownloadsOptions> = {}) =>
    makeDownloads({
      folder: device,
      clock: { now: clock.now, after: clock.after },
      note: (text) => notes.push(text),
      ...options,
      settings: { backoff: [20], patience: 5000, reportWaits: [20, 20, 20], ...options.settings },
    })
  return {
    root,
    device,
    images,
    server,
    faults,
    rows,
    reports,
    notes,
    client,
    base: () => `http://127.0.0.1:${String(port)}/dl/`,
    port: () => port,
    /** The server goes away, or comes back at the same port. */
    down,
    up: async () => {
      http = serve()
      await listen(port)
    },
    bytes: (file: string) => new Uint8Array(readFileSync(join(device, 'packages', file))),
    close: async () => {
      await down()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export type Rig = Awaited<ReturnType<typeof rig>>

let asked = 0

/** An order to fetch `url`, with a key of its own. */
export function askFor(url: string, more: Partial<DownloadAsk> = {}): DownloadAsk {
  return { key: `key-${String((asked += 1))}`, url, pkgType: '', room: 1 << 30, anew: false, ...more }
}
