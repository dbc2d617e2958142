// A device fetches what a pushed link names: the whole object, or the one its descriptor describes; it keeps nothing and reports nothing.
import { wordsOf } from '../syncml/text.ts'
import type { DownloadAnswer, SoftwareHost } from './ports.ts'

/** What fetching needs of a device. */
export interface LinkHost extends Pick<SoftwareHost, 'download' | 'note'> {
  readonly store: Pick<SoftwareHost['store'], 'drop' | 'room'>
}

/** Fetches it; `text` says in a line what came of it, which is in the device's own log too. Never rejects. */
export async function fetchLink(host: LinkHost, url: string): Promise<{ readonly ok: boolean; readonly text: string }> {
  const ask = { key: `push ${url}`, url, pkgType: '', room: host.store.room(), anew: true }
  const answer: Pick<DownloadAnswer, 'status' | 'file' | 'text'> = await host
    .download(ask, () => {})
    .catch((error: unknown) => ({ status: 952, text: wordsOf(error) }))
  const { status, file } = answer
  const ok = status === 900 && file !== undefined
  const text = ok
    ? `${url}, which a push named: ${String(file.size)} octets, SHA-256 ${file.sha256}`
    : `${url}, which a push named, was not fetched: ${answer.text}`
  if (file !== undefined) host.store.drop(file.file)
  host.note(ok ? 'download' : 'fail', text)
  return { ok, text }
}
