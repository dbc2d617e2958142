// CoRE link format (RFC 6690) as LwM2M uses it: objects and instances of a client in its registration. Any text gives links or a LinkError.
import { readPath } from './model.ts'

export interface Link {
  /** `/3/0`, as written. */
  readonly target: string
  /** Attributes, quotes taken off; '' for one without a value. */
  readonly attributes: Readonly<Record<string, string>>
}

export class LinkError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at character ${offset}`)
    this.offset = offset
  }
}

const ATTRIBUTE = /;\s*([!#$&+\-.^_`|~0-9A-Za-z*]+)(?:=("(?:[^"\\]|\\.)*"|[^;,\s"]*))?/y

export function readLinks(text: string): readonly Link[] {
  const links: Link[] = []
  let at = 0
  const space = (): void => {
    while (/\s/.test(text[at] ?? '')) at += 1
  }
  space()
  while (at < text.length) {
    if (text[at] !== '<') throw new LinkError('a link begins with <', at)
    const end = text.indexOf('>', at)
    if (end < 0) throw new LinkError('> is missing', at)
    const target = text.slice(at + 1, end)
    at = end + 1
    const attributes: Record<string, string> = {}
    for (;;) {
      space()
      ATTRIBUTE.lastIndex = at
      const found = ATTRIBUTE.exec(text)
      if (found === null) break
      const raw = found[2] ?? ''
      Object.defineProperty(attributes, found[1] ?? '', {
        value: raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw,
        enumerable: true,
        configurable: true,
        writable: true,
      })
      at = ATTRIBUTE.lastIndex
    }
    links.push({ target, attributes })
    space()
    if (at >= text.length) break
    if (text[at] !== ',') throw new LinkError(`${text[at] ?? ''} cannot stand between links`, at)
    at += 1
    space()
    if (at >= text.length) throw new LinkError('a link is missing behind the comma', at)
  }
  return links
}

export function writeLinks(links: readonly Link[]): string {
  const attribute = ([name, value]: readonly [string, string]): string => {
    if (value === '') return `;${name}`
    return /^\d+(\.\d+)?$/.test(value) && name !== 'rt' ? `;${name}=${value}` : `;${name}="${value.replace(/["\\]/g, '\\$&')}"`
  }
  return links.map(({ target, attributes }) => `<${target}>${Object.entries(attributes).map(attribute).join('')}`).join(',')
}

/** What stands before all paths of a client: the link it names by rt="oma.lwm2m"; '' where that is `/`, or there is none. */
export function rootOf(links: readonly Link[]): string {
  const named = links.find(({ attributes }) => attributes['rt']?.split(/\s+/).includes('oma.lwm2m') === true)
  return named?.target.replace(/\/+$/, '') ?? ''
}

/** Objects and instances a client names: object id to instance ids, below its root path. */
export function objectsOf(links: readonly Link[]): ReadonlyMap<number, readonly number[]> {
  const root = rootOf(links)
  const found = new Map<number, number[]>()
  for (const { target } of links) {
    if (root !== '' && !target.startsWith(`${root}/`)) continue
    const path = readPath(target.slice(root.length))
    if (path === null || path.length > 2 || path[0] === undefined) continue
    const instances = found.get(path[0]) ?? []
    if (path[1] !== undefined && !instances.includes(path[1])) instances.push(path[1])
    found.set(path[0], instances)
  }
  return found
}
