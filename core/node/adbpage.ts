// The page a device opens to show which one it is: a big label, nothing else. Reached only with a token that was made for it; its fetch is proof of the way.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long such a page can be opened, ms, and how many there are at once. */
const LASTS = 10 * 60_000
const MOST = 64

const PATH = '/identify'

interface Shown {
  readonly label: string
  readonly text: string
  readonly until: number
  fetchedAt: number
  readonly waiting: Set<() => void>
}

export interface AdbPages {
  /** Makes a page and gives its path with the token. */
  make(label: string, text: string): string
  /** When a path of `make` was fetched first; 0 where it was not within `ms`. `late` runs the waiting's timer. */
  fetched(path: string, ms: number, late: (ms: number, call: () => void) => () => void): Promise<number>
  /** Answers requests for such pages; false: not one of them. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

const page = ({ label, text }: Shown): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(label)}</title>
<style>
html { height: 100%; background: #b3261e; color: #fff; font-family: sans-serif; }
body { margin: 0; min-height: 100%; display: grid; place-content: center; text-align: center; padding: 1rem; box-sizing: border-box; }
h1 { font-size: min(40vw, 40vh); line-height: 1; margin: 0; overflow-wrap: anywhere; }
h1.long { font-size: 14vw; }
p { font-size: 1.25rem; margin: 1rem 0 0; overflow-wrap: anywhere; }
</style>
<h1${label.length > 4 ? ' class="long"' : ''}>${escaped(label)}</h1>
<p>${escaped(text)}</p>
</html>
`

/** Makes the pages of one lab. */
export function adbPages(now: () => number): AdbPages {
  const shown = new Map<string, Shown>()
  const tidy = (): void => {
    for (const [path, one] of shown) if (one.until < now() || shown.size > MOST) shown.delete(path)
  }
  return {
    make: (label, text) => {
      tidy()
      const path = `${PATH}?t=${randomBytes(16).toString('hex')}`
      shown.set(path, { label, text, until: now() + LASTS, fetchedAt: 0, waiting: new Set() })
      return path
    },
    fetched: (path, ms, late) =>
      new Promise((resolve) => {
        const one = shown.get(path)
        if (one === undefined || one.fetchedAt !== 0) return resolve(one?.fetchedAt ?? 0)
        const done = (): void => {
          one.waiting.delete(done)
          off()
          resolve(one.fetchedAt)
        }
        const off = late(ms, done)
        one.waiting.add(done)
      }),
    handle: (req, res) => {
      const url = req.url ?? ''
      if (url !== PATH && !url.startsWith(`${PATH}?`)) return false
      if (req.method !== 'GET' && req.method !== 'HEAD') return false
      tidy()
      const one = shown.get(url)
      const body = one === undefined ? 'This page was made for a device and is no longer there.\n' : page(one)
      res.writeHead(one === undefined ? 404 : 200, {
        'Content-Type': one === undefined ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8',
        'Content-Length': Buffer.byteLength(body),
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store',
      })
      res.end(req.method === 'HEAD' ? undefined : body)
      if (one !== undefined && req.method === 'GET') {
        if (one.fetchedAt === 0) one.fetchedAt = now()
        for (const done of [...one.waiting]) done()
      }
      return true
    },
  }
}

/** A, B … Z, A1 … for the first, second … device. */
export function labelOf(index: number): string {
  const letter = String.fromCharCode(65 + (Math.max(0, index) % 26))
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`
}
