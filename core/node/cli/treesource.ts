// Where `dmlab tree` reads and writes: reads beside the owner from the workspace itself, writes through the owner's API.
import { join } from 'node:path'
import type { TreeRef } from '../../api.ts'
import type { Workspace } from '../workspace.ts'
import { Trees } from '../../lab/trees.ts'
import { wordsOf } from '../../syncml/text.ts'
import { redactorOf } from '../redactor.ts'
import { folderShelf } from '../shelf.ts'
import { Failure, refuse } from './output.ts'

const nothing = (): never => refuse('this command only reads')

/** Area `tree` over a workspace; whatever would write through the lab is refused. */
export function treesOf({ trace, ledger, dir }: Workspace): Trees {
  return new Trees({
    store: trace,
    ledger,
    now: () => Date.now(),
    random: nothing,
    snapshots: folderShelf(join(dir, 'snapshots')),
    ddf: folderShelf(join(dir, 'ddf')),
    redactor: () => redactorOf(ledger),
    server: () => '',
    queue: nothing,
    wake: nothing,
    sessions: () => trace.sessions(),
    tell: () => {},
  })
}

/** One call of the owner's API. Throws Failure 2 where no lab runs or it refuses. */
export type Ask = <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<T>

/** The owner's API of a workspace; throws Failure 2 where no lab runs on it. */
export async function ownerOf(dir: string): Promise<Ask> {
  const { readApi } = await import('../workspace.ts')
  const api = readApi(dir)
  if (api === null) return refuse(`${dir}: no lab with an API runs on this workspace; start one with: dmlab serve --workspace ${dir}`)
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const raw = body instanceof Uint8Array
    const response = await fetch(new URL(path, api.url), {
      method,
      headers: {
        authorization: `Bearer ${api.token}`,
        ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: raw ? new Uint8Array(body) : JSON.stringify(body) }),
    }).catch((error: unknown) => refuse(`the lab at ${api.url} does not answer: ${wordsOf(error)}`))
    const text = await response.text()
    const answer = parsed(text)
    if (!response.ok) {
      const { error } = (answer ?? {}) as { readonly error?: { readonly message?: string } }
      throw new Failure(2, error?.message ?? `HTTP ${String(response.status)}: ${text.slice(0, 200)}`)
    }
    return answer as T
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Path of a device's tree below the API. */
export function treePath(device: string, rest: string): string {
  return `devices/${encodeURIComponent(device)}/tree${rest}`
}

/** `snapshot:NAME`, or a device id, with `@SEQ` for the tree after that row. */
export function refOf(text: string): TreeRef {
  if (text.startsWith('snapshot:')) return { snapshot: text.slice(9) }
  const at = /^(.+)@(\d{1,15})$/.exec(text)
  const device = at?.[1] ?? text
  if (device === '') refuse('a tree is named by a device id, DEVICE@ROW or snapshot:NAME')
  return at === null ? { device } : { device, after: Number(at[2]) }
}
