// Ways in which clients put a credential together, right and wrong, each as a formula over its parts.
import { base64, concat, hexOf, utf8Bytes } from '../syncml/text.ts'

/** How one credential is put together from its parts. */
export interface Recipe {
  readonly id: string
  readonly text: string
  readonly fix: string
  /** True where no nonce, no body goes in: those axes are not walked then. */
  readonly plain: boolean
  readonly bodies: boolean
  readonly make: (parts: {
    readonly user: Uint8Array
    readonly password: Uint8Array
    readonly nonce: Uint8Array
    readonly body: Uint8Array
  }) => Uint8Array
}

const ORDER_FIX = 'H(B64(H(user:password)):nonce) is the only order (SEC 5.3)'
const colon = utf8Bytes(':')
const join = (...parts: readonly Uint8Array[]): Uint8Array => concat(parts.flatMap((part, at) => (at === 0 ? [part] : [colon, part])))
const hex = (bytes: Uint8Array): Uint8Array => utf8Bytes(hexOf(bytes))
const b64 = (bytes: Uint8Array): Uint8Array => utf8Bytes(base64(bytes))

/** All ways of putting a credential together; the first of the declared type is the right one. */
export function recipes(hash: (bytes: Uint8Array) => Uint8Array, name: string): Recipe[] {
  const suffix = name === '' ? '' : ` with ${name} instead of MD5`
  const id = (text: string): string => (name === '' ? text : `${text}.${name.toLowerCase()}`)
  const recipe = (
    what: string,
    text: string,
    fix: string,
    make: Recipe['make'],
    takes: { readonly plain?: boolean; readonly bodies?: boolean } = {},
  ): Recipe => ({ id: id(what), text: `${text}${suffix}`, fix, plain: takes.plain === true, bodies: takes.bodies === true, make })
  const body = { bodies: true }
  const inner = (user: Uint8Array, password: Uint8Array): Uint8Array => hash(join(user, password))
  return [
    recipe('algorithm.md5', 'what was sent is the digest of auth-md5', 'use the type that is asked for', ({ user, password, nonce }) =>
      hash(join(b64(inner(user, password)), nonce)),
    ),
    recipe(
      'algorithm.mac',
      'what was sent is the digest of auth-MAC',
      'use the type that is asked for',
      ({ user, password, nonce, body: octets }) => hash(join(b64(inner(user, password)), nonce, b64(hash(octets)))),
      body,
    ),
    recipe('order.nonce-first', 'the nonce stands before the secret', ORDER_FIX, ({ user, password, nonce }) =>
      hash(join(nonce, b64(inner(user, password)))),
    ),
    recipe('order.password-first', 'password and user name are exchanged', ORDER_FIX, ({ user, password, nonce }) =>
      hash(join(b64(inner(password, user)), nonce)),
    ),
    recipe('order.flat', 'user name, password and nonce were hashed at once', ORDER_FIX, ({ user, password, nonce }) =>
      hash(join(user, password, nonce)),
    ),
    recipe('inner.raw', 'the inner digest went in as octets instead of base64', ORDER_FIX, ({ user, password, nonce }) =>
      hash(join(inner(user, password), nonce)),
    ),
    recipe('inner.hex', 'the inner digest went in as hexadecimal instead of base64', ORDER_FIX, ({ user, password, nonce }) =>
      hash(join(hex(inner(user, password)), nonce)),
    ),
    recipe('inner.none', 'the nonce was left out', ORDER_FIX, ({ user, password }) => inner(user, password), { plain: true }),
    recipe('inner.no-colon', 'the colon before the nonce is missing', ORDER_FIX, ({ user, password, nonce }) =>
      hash(concat([b64(inner(user, password)), nonce])),
    ),
    recipe(
      'mac.order',
      'nonce and body digest are exchanged',
      'H(B64(H(user:password)):nonce:B64(H(body)))',
      ({ user, password, nonce, body: octets }) => hash(join(b64(inner(user, password)), b64(hash(octets)), nonce)),
      body,
    ),
    recipe(
      'mac.body-raw',
      'the digest of the body went in as octets instead of base64',
      'base64 the digest of the body',
      ({ user, password, nonce, body: octets }) => hash(join(b64(inner(user, password)), nonce, hash(octets))),
      body,
    ),
    recipe(
      'mac.body-hex',
      'the digest of the body went in as hexadecimal instead of base64',
      'base64 the digest of the body',
      ({ user, password, nonce, body: octets }) => hash(join(b64(inner(user, password)), nonce, hex(hash(octets)))),
      body,
    ),
    recipe(
      'mac.body-whole',
      'the body itself went in instead of its digest',
      'base64 the digest of the body',
      ({ user, password, nonce, body: octets }) => hash(join(b64(inner(user, password)), nonce, octets)),
      body,
    ),
    recipe(
      'mac.rfc2104',
      'a keyed HMAC (RFC 2104) was computed',
      'auth-MAC is a nested digest, no RFC 2104 HMAC (SEC 5.4)',
      ({ user, password, nonce, body: octets }) => keyed(hash, b64(inner(user, password)), join(nonce, b64(hash(octets)))),
      body,
    ),
    recipe(
      'mac.rfc2104-body',
      'a keyed HMAC (RFC 2104) of the body was computed',
      'auth-MAC is a nested digest, no RFC 2104 HMAC (SEC 5.4)',
      ({ password, body: octets }) => keyed(hash, password, octets),
      body,
    ),
  ]
}

/** Ways of putting auth-basic together; the first is the right one. */
export const BASIC: readonly Recipe[] = [
  {
    id: 'algorithm.basic',
    text: 'what was sent are user name and password of auth-basic',
    fix: 'use the type that is asked for',
    plain: true,
    bodies: false,
    make: ({ user, password }) => join(user, password),
  },
  {
    id: 'order.password-first',
    text: 'password and user name are exchanged',
    fix: 'user name, colon, password',
    plain: true,
    bodies: false,
    make: ({ user, password }) => join(password, user),
  },
  {
    id: 'basic.no-colon',
    text: 'the colon between user name and password is missing',
    fix: 'user name, colon, password',
    plain: true,
    bodies: false,
    make: ({ user, password }) => concat([user, password]),
  },
  {
    id: 'basic.separator',
    text: 'another character than a colon stands between user name and password',
    fix: 'user name, colon, password',
    plain: true,
    bodies: false,
    make: ({ user, password }) => concat([user, utf8Bytes(';'), password]),
  },
  {
    id: 'basic.password-only',
    text: 'only the password was sent',
    fix: 'user name, colon, password',
    plain: true,
    bodies: false,
    make: ({ password }) => password,
  },
]

/** RFC 2104 with a block of 64 octets. */
function keyed(hash: (bytes: Uint8Array) => Uint8Array, key: Uint8Array, text: Uint8Array): Uint8Array {
  const block = new Uint8Array(64)
  block.set(key.length > 64 ? hash(key) : key)
  const pad = (octet: number): Uint8Array => block.map((byte) => byte ^ octet)
  return hash(concat([pad(0x5c), hash(concat([pad(0x36), text]))]))
}
