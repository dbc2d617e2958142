// The connect page on the device-facing port: a device's own browser tries every way to this lab and reports; nothing is answered without a live token.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { ConnectInvite } from '../api.ts'
import type { Claim, Invites } from '../lab/invites.ts'
import { PAGE_CSS, PAGE_JS } from './invitefiles.ts'
import { plainAddress } from './media.ts'
import { EMPTY, exact, keep } from './wire.ts'

const PATH = '/connect'
const REPORT_BYTES = 16 * 1024
const TEXT = 200

const report = z.strictObject({
  probes: z
    .array(
      z.strictObject({
        n: z.int().min(0).max(999),
        result: z.enum(['ours', 'other', 'no']),
        ms: z.number().min(0).max(600_000),
        text: z.string().max(TEXT),
      }),
    )
    .max(200),
})

export interface InvitePageParts {
  readonly invites: Invites
  /** Something moved that screens show. */
  readonly moved: () => void
  /** A device reported. */
  readonly reported: (invite: ConnectInvite, choose: boolean) => void
}

/** Answers requests below `/connect`; true means that it does. */
export function invitePage(parts: InvitePageParts): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://lab')
    if (pathname !== PATH && !pathname.startsWith(`${PATH}/`)) return false
    // A token is shown to nobody else, and nothing of this is kept by the device.
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Referrer-Policy', 'no-referrer')
    res.setHeader('X-Content-Type-Options', 'nosniff')
    const token = searchParams.get('t') ?? ''
    const method = req.method ?? ''
    if (pathname === `${PATH}/page.js` && method === 'GET') say(res, 200, 'text/javascript; charset=utf-8', PAGE_JS)
    else if (pathname === `${PATH}/page.css` && method === 'GET') say(res, 200, 'text/css; charset=utf-8', PAGE_CSS)
    else if (pathname === `${PATH}/probe`) probe(parts, token, Number(searchParams.get('n') ?? -1), req, res)
    else if (pathname === PATH && method === 'GET') page(parts, token, req, res)
    else if (pathname === `${PATH}/report` && method === 'POST') void takeReport(parts, token, req, res)
    else say(res, 404, 'text/plain; charset=utf-8', 'there is nothing here\n')
    return true
  }
}

const SPENT = 'This code opens nothing any more: it was used, is too old, or was taken back. Make a new one in the lab.\n'

function say(res: ServerResponse, status: number, type: string, text: string): void {
  const bytes = Buffer.from(text)
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length })
  res.end(bytes)
}

/** What a probe answers with, so that no other lab's answer is taken for ours. */
const markOf = (token: string): string => createHash('sha256').update(`dm-lab ${token}`).digest('hex').slice(0, 16)

function page({ invites, moved }: InvitePageParts, token: string, req: IncomingMessage, res: ServerResponse): void {
  const found = invites.opened(token)
  if (found === null) return say(res, 410, 'text/plain; charset=utf-8', SPENT)
  invites.visited(token, req.headers.host ?? '')
  moved()
  const { ways, device } = found.invite
  const origins = [...new Set(ways.map(({ base }) => new URL(base).origin))].join(' ')
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${origins}`
  res.setHeader('Content-Security-Policy', `${policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
  const data = {
    token,
    mark: markOf(token),
    ways: ways.map(({ base, kind, interface: name }) => ({ base, text: name === '' ? kind : `${kind}, ${name}` })),
  }
  const who = device === '' ? '' : `<p>For <strong>${escaped(device)}</strong>.</p>`
  say(
    res,
    200,
    'text/html; charset=utf-8',
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DM Lab: ways to the lab</title>
<link rel="stylesheet" href="${PATH}/page.css">
<main data-plan="${escaped(JSON.stringify(data))}">
<h1>Ways to the lab</h1>
${who}<p id="state" role="status">Trying…</p>
<ol id="ways"></ol>
<noscript><p>This page needs JavaScript to try the ways. That it opened shows that this one works.</p></noscript>
</main>
<script src="${PATH}/page.js" defer></script>
`,
  )
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${String(letter.charCodeAt(0))};`)

/** A sign of life for the page, whichever way it was opened; other origins may read it. */
function probe({ invites, moved }: InvitePageParts, token: string, n: number, req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('Access-Control-Allow-Origin', '*')
  if (req.method === 'OPTIONS') {
    res.setHeader('Access-Control-Allow-Methods', 'GET')
    // A page of one network may ask another network's address (Private Network Access).
    res.setHeader('Access-Control-Allow-Private-Network', 'true')
    return say(res, 204, 'text/plain; charset=utf-8', '')
  }
  if (req.method !== 'GET' || invites.opened(token) === null) return say(res, 404, 'text/plain; charset=utf-8', 'there is nothing here\n')
  if (invites.probed(token, n, req.headers.host ?? '')) moved()
  say(res, 200, 'application/json; charset=utf-8', JSON.stringify({ lab: 'DM Lab', mark: markOf(token), n }))
}

async function takeReport(parts: InvitePageParts, token: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const no = (status: number, text: string): void => {
    res.setHeader('Connection', 'close')
    say(res, status, 'text/plain; charset=utf-8', text)
  }
  const found = parts.invites.opened(token)
  if (found === null) return no(410, SPENT)
  const bytes = await bodyOf(req)
  if (bytes === null) return no(413, `a report has at most ${String(REPORT_BYTES)} octets\n`)
  let claims: readonly Claim[]
  try {
    claims = report.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).probes
  } catch {
    return no(400, 'this is no report\n')
  }
  const { socket } = req
  const done = parts.invites.report(token, claims, {
    remote: plainAddress(socket.remoteAddress ?? ''),
    local: plainAddress(socket.localAddress ?? ''),
    userAgent: (req.headers['user-agent'] ?? '').slice(0, TEXT),
  })
  if (done === null) return no(410, SPENT)
  say(res, 204, 'text/plain; charset=utf-8', '')
  parts.moved()
  parts.reported(done, found.choose)
}

/** The whole body; null where it is too long, or broke off. */
function bodyOf(req: IncomingMessage): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    let body: Uint8Array = EMPTY
    let size = 0
    req.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > REPORT_BYTES) resolve(null)
      else body = keep(body, size - chunk.length, chunk)
    })
    req.on('end', () => resolve(exact(body, size)))
    req.on('error', () => resolve(null))
  })
}
