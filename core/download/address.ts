// Addresses without a host's URL class: reads http and https URLs and resolves relative ones (RFC 3986 clause 5.2), no more.

/** An absolute address in parts; `path` begins with `/` and holds the query; no fragment. */
export interface Address {
  readonly scheme: 'http' | 'https'
  readonly authority: string
  readonly path: string
}

const ABSOLUTE = /^(https?):\/\/([^/?#@]+)(?![^/?#])([^#]*)/i

/** Reads an absolute http or https URL; null where it is none, or carries a user name. */
export function readAddress(text: string): Address | null {
  if (/[\s\x00-\x1f\x7f\\]/.test(text)) return null
  const match = ABSOLUTE.exec(text)
  if (match === null) return null
  const [, scheme = '', authority = '', rest = ''] = match
  if (!/^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(:\d{1,5})?$/.test(authority)) return null
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', authority: authority.toLowerCase(), path }
}

export const showAddress = ({ scheme, authority, path }: Address): string => `${scheme}://${authority}${path}`

/** `reference` as seen from `base`, absolute; null where it leads to nothing that http or https can fetch. */
export function resolveAddress(reference: string, base: string): string | null {
  const own = reference.trim()
  const from = readAddress(base)
  if (/^[a-z][a-z0-9+.-]*:/i.test(own)) {
    const found = readAddress(own)
    return found === null ? null : showAddress(found)
  }
  if (from === null) return null
  if (own.startsWith('//')) return resolveAddress(`${from.scheme}:${own}`, base)
  const [plain = ''] = own.split('#')
  const folder = from.path.replace(/\?.*$/, '').replace(/[^/]*$/, '')
  const path =
    plain === '' ? from.path : plain.startsWith('/') ? plain : plain.startsWith('?') ? from.path.replace(/\?.*$/, '') + plain : folder + plain
  const found = readAddress(`${from.scheme}://${from.authority}${withoutDots(path)}`)
  return found === null ? null : showAddress(found)
}

function withoutDots(path: string): string {
  const [way = '', ...query] = path.split('?')
  const out: string[] = []
  const parts = way.split('/').slice(1)
  parts.forEach((part, i) => {
    if (part === '..') out.pop()
    else if (part !== '.') out.push(part)
    if ((part === '..' || part === '.') && i === parts.length - 1) out.push('')
  })
  return `/${out.join('/')}${query.length === 0 ? '' : `?${query.join('?')}`}`
}
