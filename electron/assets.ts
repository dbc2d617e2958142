// Serves dist/renderer under app://lab and nothing else from anywhere: each answer carries the content security policy.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { protocol } from 'electron'
import type { Session } from 'electron'
import { CSP, SCHEME, mayRequest, mayUse, resource } from './desktop.ts'

/** Makes app:// a secure standard scheme. Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }])
}

/** Answers app:// from `folder` for `session`, and refuses every permission and every request that is not ours. */
export function serveOnly(session: Session, folder: string): void {
  session.protocol.handle(SCHEME, (request) => answer(request, folder))
  session.webRequest.onBeforeRequest((details, decide) => decide({ cancel: !mayRequest(details.url) }))
  session.setPermissionRequestHandler((_contents, permission, decide, details) =>
    decide(details.isMainFrame && mayUse(permission, details.requestingUrl)),
  )
  session.setPermissionCheckHandler(
    (_contents, permission, origin, details) => details.isMainFrame && mayUse(permission, details.requestingUrl ?? origin),
  )
  session.setDevicePermissionHandler(() => false)
}

async function answer(request: Request, folder: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only GET')
  const named = resource(request.url)
  if (named === null) return refuse(404, 'not a file of this application')
  try {
    const bytes = await readFile(join(folder, named.path))
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(bytes), { headers: { ...HEADERS, 'content-type': named.type } })
  } catch {
    return refuse(404, `${named.path} is not part of this build`)
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

function refuse(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
}
