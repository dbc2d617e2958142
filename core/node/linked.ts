// Fetches what a pushed link names on a real disk: the device's own, or for a device without one a folder that is gone afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchLink } from '../software/linked.ts'
import type { LinkHost } from '../software/linked.ts'
import type { SoftwareHost } from '../software/ports.ts'
import { makeDownloads } from './dlclient.ts'
import type { DeliveryClock } from './delivery.ts'

/** Octets a device without a disk of its own takes. */
const ROOM = 1024 ** 3

/** Links of one device. */
export interface Linked {
  /** Fetches one; resolves with what came of it, in a line. Never rejects. */
  take(url: string): Promise<string>
  /** Stops what is under way, and takes the folder away. */
  off(): Promise<void>
}

/** `disk` null: the device has none. */
export function linkedOn(disk: SoftwareHost | null, clock: DeliveryClock, ca?: string): Linked {
  let own: { readonly folder: string; readonly host: LinkHost; readonly close: () => Promise<void> } | null = null
  const hostless = (): LinkHost => {
    if (own !== null) return own.host
    const folder = mkdtempSync(join(tmpdir(), 'dmlab-link-'))
    const downloads = makeDownloads({ folder, clock, ...(ca === undefined ? {} : { ca }) })
    const store = { drop: (name: string) => rmSync(join(folder, 'packages', name), { force: true }), room: () => ROOM }
    own = { folder, host: { store, download: (ask, progress) => downloads.ask(ask, progress), note: () => {} }, close: () => downloads.close() }
    return own.host
  }
  return {
    take: async (url) => (await fetchLink(disk ?? hostless(), url)).text,
    off: async () => {
      await own?.close()
      if (own !== null) rmSync(own.folder, { recursive: true, force: true })
    },
  }
}
