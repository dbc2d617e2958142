// HTTP Digest (RFC 7616, MD5 and SHA-256, qop auth) as a server: a challenge whose nonce names its time, and the proof that a client knows a password.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const ALGORITHMS = { MD5: 'md5', 'SHA-256': 'sha256' } as const
type Algorithm = keyof typeof ALGORITHMS

/** How long a nonce holds, ms. */
const HOLDS = 60_000

export interface DigestGate {
  /** Header fields of a 401, the better algorithm first. */
  challenge(): readonly string[]
  /** The user name proven, or null with the reason in words. `password` of a user; undefined for one nobody knows. */
  proven(
    method: string,
    uri: string,
    authorization: string | undefined,
    password: (user: string) => string | undefined,
  ): { readonly user: string } | { readonly user: null; readonly why: string }
}

/** A gate with a key of its own: nonces of another process do not hold. */
export function digestGate(realm: string, now: () => number): DigestGate {
  const key = randomBytes(32)
  const used = new Map<string, number>()
  const seal = (time: string): string => createHmac('sha256', key).update(time).digest('hex').slice(0, 32)
  const nonce = (): string => {
    const time = Math.floor(now()).toString(36)
    return `${time}.${seal(time)}`
  }
  const fresh = (text: string): boolean => {
    const [time = '', mark = ''] = text.split('.')
    const age = now() - parseInt(time, 36)
    return same(mark, seal(time)) && age >= 0 && age < HOLDS
  }
  return {
    challenge: () => {
      const value = nonce()
      return (Object.keys(ALGORITHMS) as Algorithm[])
        .reverse()
        .flatMap((algorithm) => ['WWW-Authenticate', `Digest realm="${realm}", qop="auth", algorithm=${algorithm}, nonce="${value}"`])
    },
    proven: (method, uri, authorization, password) => {
      const fields = read(authorization)
      if (fields === null) return { user: null, why: 'no Digest credentials' }
      const { username = '', nonce: shown = '', response = '', nc = '', cnonce = '', qop = '', uri: told = '' } = fields
      const algorithm = (fields['algorithm'] ?? 'MD5').toUpperCase() as Algorithm
      const name = ALGORITHMS[algorithm]
      if (name === undefined) return { user: null, why: `algorithm ${algorithm} is not offered` }
      if (told !== uri || fields['realm'] !== realm || qop !== 'auth') return { user: null, why: 'the credentials are for something else' }
      if (!fresh(shown)) return { user: null, why: 'the nonce does not hold any more' }
      // A count that was here before is a replay.
      for (const [known, at] of used) if (now() - at > HOLDS) used.delete(known)
      if (used.has(`${shown} ${nc} ${cnonce}`)) return { user: null, why: 'the credentials were here before' }
      const secret = password(username)
      const hash = (text: string): string => createHash(name).update(text).digest('hex')
      const right = hash(`${hash(`${username}:${realm}:${secret ?? ''}`)}:${shown}:${nc}:${cnonce}:${qop}:${hash(`${method}:${uri}`)}`)
      if (!same(response, right) || secret === undefined) return { user: null, why: `${username} did not prove its code` }
      used.set(`${shown} ${nc} ${cnonce}`, now())
      return { user: username }
    },
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function read(header: string | undefined): Readonly<Record<string, string>> | null {
  if (header === undefined || !/^digest\s/i.test(header) || header.length > 4096) return null
  const fields: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [, name = '', quoted, bare = ''] of header.slice(7).matchAll(/([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    fields[name.toLowerCase()] = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1')
  }
  return fields
}
