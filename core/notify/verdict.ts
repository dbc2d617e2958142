// Why the digest of a Package #0 does not hold, as far as it can be told from what is known; no secret appears in what is said.
import { issuedReadings, same } from '../auth/credentials.ts'
import { md5 } from '../auth/md5.ts'
import { base64, utf8Bytes } from '../syncml/text.ts'
import { DEFAULT_NONCES, package0Digest, package0Remarks } from '../syncml/package0.ts'
import type { NonceUsed, Package0, Package0Secret } from '../syncml/package0.ts'

/** Whom the receiver of a notification knows: one account, and what else might have been used by mistake. */
export interface NotifyAccount {
  readonly serverId: string
  /** AAuthName of SRVCRED: some clients hash it in place of the ServerID (notification sheet 1.1). */
  readonly userName?: string
  readonly password: string
  /** The nonce given to the server last; null: none yet. */
  readonly nonce: Uint8Array | null
  /** Nonces that were right once; only to explain a refusal. */
  readonly older?: readonly Uint8Array[]
  /** The other half's secret (CLCRED): only to explain a refusal. */
  readonly clientPassword?: string
}

export interface NotifyVerdict {
  readonly ok: boolean
  /** Which nonce the digest rests on; null where it does not hold. */
  readonly used: NonceUsed | null
  /** Its octets; for a default nonce the session goes on with them (NOTI 6.2). */
  readonly nonce: Uint8Array | null
  /** The digest that the account's own nonce gives. */
  readonly expected: Uint8Array
  /** One sentence: what was found, or why it is refused. */
  readonly cause: string
  /** What is odd besides the digest: version, reserved bits, SessionID 0. */
  readonly remarks: readonly string[]
}

const ZEROS = new Uint8Array(0)

/** Judges a notification by the account of its ServerID. */
export function judgeNotification(received: Package0, account: NotifyAccount): NotifyVerdict {
  const remarks = package0Remarks(received)
  const own = account.nonce ?? ZEROS
  const secret = { identity: account.serverId, password: account.password, nonce: own }
  const expected = package0Digest(received.trigger, secret, md5)
  const names = [...new Set([account.serverId, account.userName ?? account.serverId])]
  const fits = (change: Partial<Package0Secret>): boolean =>
    (change.identity === undefined ? names : [change.identity]).some((identity) =>
      equal(received.digest, package0Digest(received.trigger, { ...secret, ...change, identity }, md5)),
    )
  for (const nonce of account.nonce === null ? [] : issuedReadings(account.nonce)) {
    if (fits({ nonce })) return { ok: true, used: 'stored', nonce: own, expected, cause: 'the digest is right', remarks }
  }
  for (const { used, nonce } of DEFAULT_NONCES) {
    if (fits({ nonce })) return { ok: true, used, nonce, expected, cause: `the digest rests on the default nonce (${used})`, remarks }
  }
  return { ok: false, used: null, nonce: null, expected, cause: causeOf(account, fits, own), remarks }
}

function causeOf(account: NotifyAccount, fits: (change: Partial<Package0Secret>) => boolean, own: Uint8Array): string {
  const older = account.older ?? []
  if (older.some((nonce) => issuedReadings(nonce).some((each) => fits({ nonce: each })))) return 'wrong nonce: the digest rests on an earlier one'
  if (account.nonce !== null && fits({ nonce: utf8Bytes(base64(own)) })) return 'wrong nonce: its base64 text was hashed instead of its octets'
  if (fits({ nonce: ZEROS })) return 'wrong nonce: the digest rests on an empty one'
  const other = account.clientPassword
  const nonces = [own, ...DEFAULT_NONCES.map(({ nonce }) => nonce)]
  if (other !== undefined && nonces.some((nonce) => fits({ password: other, nonce })))
    return "wrong secret: the client's password was used, not the server's"
  if (nonces.some((nonce) => fits({ password: '', nonce }))) return 'wrong secret: the digest rests on an empty password'
  if (nonces.some((nonce) => fits({ identity: '', nonce }))) return 'wrong server id in the digest: it is empty'
  if (nonces.some((nonce) => fits({ identity: account.serverId.toLowerCase(), nonce }) || fits({ identity: account.serverId.toUpperCase(), nonce })))
    return 'wrong server id in the digest: another spelling was hashed'
  return account.nonce === null
    ? 'wrong digest: no nonce was given to this server yet, and no default nonce fits'
    : 'wrong digest: wrong secret, or a nonce that was never given to this server'
}

/** Octets compared without leaving early. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return same(base64(a), base64(b))
}
