// Node URIs: text to path and back. Escapes are decoded segment by segment, never over the whole URI (TND 6, dm-protocol 9.1).
import { TreeError } from './error.ts'

/** Limits of ./DevDetail/URI in characters; 0 means unlimited. */
export interface UriLimits {
  readonly maxDepth: number
  readonly maxTotLen: number
  readonly maxSegLen: number
}

export const NO_LIMITS: UriLimits = { maxDepth: 0, maxTotLen: 0, maxSegLen: 0 }

/** Properties of a node that `?prop=` and TNDS name (TND 7.7, dm-protocol 9.3). */
export const PROPERTIES = ['ACL', 'Format', 'Name', 'Size', 'Title', 'TStamp', 'Type', 'VerNo'] as const
export type Property = (typeof PROPERTIES)[number]

/** What a `?list=TNDS` may select: the properties and the value (TND 6.3). */
export type TndsPart = Property | 'Value'

/** `?list=`: `parts` null means everything the device has. */
export interface ListRequest {
  readonly kind: 'Struct' | 'StructData' | 'TNDS'
  readonly parts: ReadonlySet<TndsPart> | null
}

/** A parsed node URI. `path` holds decoded names below the root; `prop` is the name as written, known or not. */
export interface NodeUri {
  readonly text: string
  readonly path: readonly string[]
  readonly prop?: string
  readonly list?: ListRequest
}

const PARTS: readonly TndsPart[] = [...PROPERTIES, 'Value']
/** What a TNDS holds when nobody selects: Name and Size follow from the rest (dm-protocol 9.5). */
export const TNDS_PARTS: ReadonlySet<TndsPart> = new Set(['ACL', 'Format', 'Title', 'TStamp', 'Type', 'VerNo', 'Value'])

// Characters that XML 1.0 cannot carry; a name with one could never be listed.
const UNNAMEABLE = /[\u0000-\u001f\u007f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/**
 * Reads a node URI: `./A/B`, `A/B`, `.`, with `?prop=` or `?list=`.
 * Throws TreeError 400 (malformed, offset in characters), 414 (a limit is exceeded) or 406 (list not known).
 */
export function parseUri(text: string, limits: UriLimits = NO_LIMITS): NodeUri {
  const query = text.indexOf('?')
  const body = query < 0 ? text : text.slice(0, query)
  const path = parsePath(body, limits)
  if (query < 0) return { text, path }
  const suffix = text.slice(query + 1)
  if (suffix.startsWith('prop=')) return { text, path, prop: suffix.slice(5) }
  if (suffix.startsWith('list=')) return { text, path, list: parseList(suffix.slice(5), query + 6) }
  throw new TreeError(400, `URI '${text}': only ?prop= and ?list= may follow a node (character ${query})`, query)
}

/** Reads the part before `?`. Throws as parseUri. */
export function parsePath(body: string, limits: UriLimits = NO_LIMITS): string[] {
  if (limits.maxTotLen > 0 && body.length > limits.maxTotLen) {
    throw new TreeError(414, `URI of ${body.length} characters; MaxTotLen is ${limits.maxTotLen}`, limits.maxTotLen)
  }
  if (body === '.' || body === './') return []
  if (body === '') throw new TreeError(400, 'URI is empty')
  let at = body.startsWith('./') ? 2 : 0
  const path: string[] = []
  for (const segment of body.slice(at).split('/')) {
    if (segment === '') throw new TreeError(400, `URI '${body}': empty segment at character ${at}`, at)
    if (limits.maxSegLen > 0 && segment.length > limits.maxSegLen) {
      throw new TreeError(414, `URI '${body}': segment of ${segment.length} characters; MaxSegLen is ${limits.maxSegLen}`, at)
    }
    path.push(decodeSegment(segment, at))
    at += segment.length + 1
  }
  if (limits.maxDepth > 0 && path.length > limits.maxDepth) {
    throw new TreeError(414, `URI '${body}': ${path.length} segments; MaxDepth is ${limits.maxDepth}`)
  }
  return path
}

/** Decodes one segment into a node name. Throws TreeError 400 with `at` plus the place in the segment. */
export function decodeSegment(segment: string, at = 0): string {
  let name = segment
  if (segment.includes('%')) {
    const bad = /%(?![0-9A-Fa-f]{2})/.exec(segment)
    if (bad) throw new TreeError(400, `URI: '%' without two hex digits at character ${at + bad.index}`, at + bad.index)
    try {
      name = decodeURIComponent(segment)
    } catch {
      const place = at + segment.indexOf('%')
      throw new TreeError(400, `URI: escapes at character ${place} are not UTF-8`, place)
    }
  }
  const refused = nameProblem(name)
  if (refused !== null) throw new TreeError(400, `URI: ${refused} at character ${at}`, at)
  return name
}

/** Why `name` cannot be a node name, or null where it can. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'empty name'
  if (name === '.' || name === '..') return `name '${name}'`
  if (UNNAMEABLE.test(name)) return 'control or unpaired character in a name'
  return null
}

/** Writes one name as a URI segment: escapes what would not survive a URI or a list joined by '/'. */
export function encodeSegment(name: string): string {
  return name.replace(/[\u0000- "#%/<>?\\^`{|}\u007f]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** Writes a path as `./A/B`, or `.` for the root. */
export function formatUri(path: readonly string[]): string {
  return path.length === 0 ? '.' : `./${path.map(encodeSegment).join('/')}`
}

function parseList(text: string, at: number): ListRequest {
  const kind = /^[A-Za-z]*/.exec(text)?.[0] ?? ''
  const rest = text.slice(kind.length)
  if (kind !== 'Struct' && kind !== 'StructData' && kind !== 'TNDS') throw new TreeError(406, `list '${text}' is not known (character ${at})`, at)
  if (rest === '') return { kind, parts: null }
  const sign = rest[0]
  if (kind !== 'TNDS' || (sign !== '+' && sign !== '-')) throw new TreeError(406, `list '${text}' is not known (character ${at})`, at)
  const names = rest.slice(1).split(sign)
  if (names.some((name) => /[+-]/.test(name)))
    throw new TreeError(400, `list '${text}' mixes '+' and '-' (character ${at + kind.length})`, at + kind.length)
  const chosen = new Set<TndsPart>()
  for (const name of names) {
    const part = PARTS.find((known) => known === name)
    if (part === undefined)
      throw new TreeError(406, `list '${text}': property '${name}' is not known (character ${at + kind.length})`, at + kind.length)
    chosen.add(part)
  }
  return { kind, parts: sign === '+' ? chosen : new Set([...TNDS_PARTS].filter((part) => !chosen.has(part))) }
}
