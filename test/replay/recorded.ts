// What the recordings rest on: which account each client shows, and what the recorded server asked of it.
import { authName, parseBasic, readCred } from '../../core/auth/credentials.ts'
import type { Headers } from '../../core/machine.ts'
import type { AuthType } from '../../core/server/records.ts'
import type { Chal, Message } from '../../core/syncml/message.ts'
import { fromBase64, utf8Bytes } from '../../core/syncml/text.ts'

/** Accounts of clients that show digests; the others show theirs. */
const ACCOUNTS: Readonly<Record<string, { readonly userName: string; readonly password: string }>> = {
  libdmclient: { userName: 'funambol', password: 'funambol' },
  'aosp-omadm': { userName: 'alice', password: 'secret' },
}

/** The nonce a client's first digest rests on. */
export function nonceOf(name: string): Uint8Array {
  return utf8Bytes(name.startsWith('aosp-omadm/') ? '123' : '')
}

/** Octets of base64 text; those of the text itself where it is none. */
export function base64Octets(text: string): Uint8Array {
  return fromBase64(text) ?? utf8Bytes(text)
}

/** The account to expect, and whether the client shows credentials at all. */
export function shownAs(
  name: string,
  lines: readonly { readonly message: Message | null; readonly headers: Headers }[],
  challenge: Chal | undefined,
): { readonly account: { readonly userName: string; readonly password: string; readonly authType: AuthType | null }; readonly required: boolean } {
  const authType = authName(challenge?.meta.type) ?? null
  const creds = lines.flatMap(({ message }, i) => (i % 2 === 0 && message?.header.cred !== undefined ? [readCred(message.header.cred)] : []))
  const mac = lines.some(({ headers }) => headers.some(([field]) => field.toLowerCase() === 'x-syncml-hmac'))
  const basic = creds.find(({ type }) => type === 'syncml:auth-basic')
  const shown = basic === undefined ? null : parseBasic(basic.data)
  const known = ACCOUNTS[name.split('/')[0] ?? '']
  const account = known ?? (shown === null ? { userName: 'nobody', password: 'nothing' } : { userName: shown.user, password: shown.password })
  return { account: { ...account, authType }, required: challenge !== undefined || mac || creds.some(({ data }) => data !== '') }
}
