// Who asks a gateway in memory to be bootstrapped proves its pairing code by HTTP Digest (RFC 7616, MD5, qop auth): both ends of it.
import { md5 } from '../auth/md5.ts'
import { hexOf } from '../syncml/text.ts'

const REALM = 'dm-gateway'
const utf8 = new TextEncoder()
const digest = (text: string): string => hexOf(md5(utf8.encode(text)))

interface Proof {
  readonly method: string
  readonly uri: string
  readonly user: string
  readonly password: string
  readonly nonce: string
  readonly cnonce: string
}

function response({ method, uri, user, password, nonce, cnonce }: Proof): string {
  return digest(`${digest(`${user}:${REALM}:${password}`)}:${nonce}:00000001:${cnonce}:auth:${digest(`${method}:${uri}`)}`)
}

export const challengeOf = (nonce: string): string => `Digest realm="${REALM}", qop="auth", algorithm=MD5, nonce="${nonce}"`

/** The Authorization field that answers a challenge. Throws an Error in words where the challenge is none of these. */
export function answerTo(challenge: string, proof: Omit<Proof, 'nonce'>): string {
  const nonce = /^Digest .*\bnonce="([^"]*)"/.exec(challenge)?.[1]
  if (nonce === undefined) throw new Error(`not a challenge: ${challenge}`)
  const told = response({ ...proof, nonce })
  return `Digest username="${proof.user}", realm="${REALM}", nonce="${nonce}", uri="${proof.uri}", qop=auth, nc=00000001, cnonce="${proof.cnonce}", algorithm=MD5, response="${told}"`
}

/** True where the field proves that its sender knows the password. */
export function proves(
  authorization: string,
  about: { readonly method: string; readonly uri: string; readonly password: string; readonly nonce: string },
): boolean {
  const field = (name: string): string => new RegExp(`[ ,]${name}="([^"]*)"`).exec(authorization)?.[1] ?? ''
  const proof = { ...about, user: field('username'), cnonce: field('cnonce') }
  return field('nonce') === about.nonce && about.nonce !== '' && field('response') === response(proof)
}
