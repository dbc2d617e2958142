// "Why 401?" for a row of the trace: gathers what was known when the message came - account, nonces issued and answered since, other bodies - and lets core/auth explain it.
import type { FrameDetail, Seq, SessionRow, WhyAnswer, WhyNonce } from '../api.ts'
import { explain } from '../auth/why.ts'
import type { Body, Nonce, Person } from '../auth/whyaxes.ts'
import { bodiesOf } from '../auth/whybodies.ts'
import type { OtherHash } from '../auth/whyforms.ts'
import { readings } from '../auth/credentials.ts'
import { sha1 } from '../bootstrap/sha1.ts'
import type { AuthType, Account, Nonces } from '../server/records.ts'
import { shownBy } from '../session/desk.ts'
import type { Ledger } from '../store/ledger.ts'
import type { TraceStore } from '../store/trace.ts'
import { readMessage } from '../syncml/codec.ts'
import type { Chal, Message } from '../syncml/message.ts'
import { same } from '../auth/credentials.ts'
import { base64 } from '../syncml/text.ts'

/** Sessions of a device looked through for nonces, newest first, and nonces kept at the most. */
const SESSIONS = 60
const NONCES = 40
/** Messages before and after whose bodies a MAC may have been computed over. */
const NEIGHBOURS = 4

export interface RefusalParts {
  readonly store: Pick<TraceStore, 'frame' | 'session'>
  readonly ledger: Pick<Ledger, 'account' | 'accounts' | 'nonces' | 'setting'>
  readonly sessions: () => readonly SessionRow[]
  /** Type asked of devices whose account names none; null: basic and md5 alike. */
  readonly auth: AuthType | null
  /** Hashes besides MD5 and SHA-1. */
  readonly hashes?: readonly OtherHash[]
}

/** A nonce found in the trace. */
interface Issued {
  readonly seq: Seq
  readonly at: number
  readonly session: number
  readonly octets: Uint8Array
  /** It came with 401 or 407: it counts in that session only. */
  readonly challenge: boolean
  readonly by: 'server' | 'device'
}

/** Explains the credentials of a message; `asked` is the message, or the answer that refused it. Throws an Error in words where it is neither. */
export function whyOf(parts: RefusalParts, asked: Seq): WhyAnswer {
  const { store, ledger } = parts
  const up = requestOf(store, asked)
  const message = read(up)
  if (message === null) throw new Error(`row ${up.row.seq} is no SyncML message that can be read`)
  const { header } = message
  const device = header.source.locUri
  const answer = answerTo(store, up)
  const reply = answer === null ? null : read(answer)
  const frame = {
    bytes: up.bytes,
    encoding: up.row.encoding === 'wbxml' ? ('wbxml' as const) : ('xml' as const),
    headers: up.headers,
    contentType: '',
    uri: '',
  }
  const shown = shownBy(message, frame)
  const own = ledger.account(device, shown.user) ?? ledger.account(device, undefined)
  const issued = nonceTrail(parts, device, up)
  const known = own === undefined ? undefined : ledger.nonces(device, own.serverId)
  const nonces = ranked(issued, up, known)
  const told = explain({
    message: { cred: header.cred, headers: up.headers, body: up.bytes, locName: header.source.locName ?? '', locUri: device },
    people: own === undefined ? [] : [personOf(own, 'its own account'), ...others(ledger.accounts(), own)],
    wanted: own?.authType ?? parts.auth,
    nonces: nonces.map(({ nonce }) => nonce),
    bodies: [...bodiesOf(up.bytes, frame.encoding), ...neighbours(store, up)],
    hashes: [{ name: 'SHA-1', hash: sha1 }, ...(parts.hashes ?? [])],
    at: up.row.at,
  })
  const code = codeOf(reply)
  return {
    ...told,
    ...afterwards(told, code, own),
    userName: told.userName === '' ? (shown.user ?? '') : told.userName,
    seq: up.row.seq,
    answer: answer?.row.seq ?? null,
    device,
    serverId: own?.serverId ?? '',
    code,
    nonces: nonces.flatMap(({ row }) => (row === null ? [] : [row])).slice(0, NONCES),
  }
}

/** Right now, and yet refused then: what lies between is told. */
function afterwards(
  told: Pick<WhyAnswer, 'verdict' | 'cause'>,
  code: number,
  own: Account | undefined,
): Partial<Pick<WhyAnswer, 'cause' | 'verdict'>> {
  if (told.verdict !== 'right' || (code !== 401 && code !== 407)) return {}
  const text = `the credentials are right for the account${own === undefined ? '' : ` ${own.userName} of ${own.serverId}`} as it is now; it was changed since, or the session was over already`
  return { verdict: 'likely', cause: { id: 'account.changed', text, fix: 'let the device come again' } }
}

function requestOf(store: RefusalParts['store'], asked: Seq): FrameDetail {
  const frame = store.frame(asked)
  if (frame === undefined) throw new Error(`there is no row ${asked}`)
  if (frame.row.kind !== 'message') throw new Error(`row ${asked} is no SyncML message`)
  if (frame.row.direction === 'up') return frame
  const cause = frame.cause === null ? undefined : store.frame(frame.cause)
  if (cause === undefined || cause.row.kind !== 'message') throw new Error(`row ${asked} answers no message of this trace`)
  return cause
}

/** The message that answered this one. */
function answerTo(store: RefusalParts['store'], up: FrameDetail): FrameDetail | null {
  for (const seq of store.session(up.row.session)) {
    if (seq <= up.row.seq) continue
    const frame = store.frame(seq)
    if (frame?.cause === up.row.seq && frame.row.kind === 'message' && frame.row.direction === 'down') return frame
  }
  return null
}

const read = ({ row, bytes }: FrameDetail): Message | null => (row.kind === 'message' ? readMessage(bytes, row.encoding) : null)

/** Status of the SyncHdr in an answer; 0 where there is none. */
function codeOf(reply: Message | null): number {
  const status = reply?.commands.find((command) => command.kind === 'Status' && (command.cmdRef === '0' || command.cmd === 'SyncHdr'))
  return status?.kind === 'Status' ? status.code : 0
}

/** Nonces that passed between this device and the server before `up`, newest first. */
function nonceTrail({ store, sessions }: RefusalParts, device: string, up: FrameDetail): Issued[] {
  const rows = sessions()
    .filter((row) => row.device === device && row.first <= up.row.seq)
    .sort((a, b) => b.first - a.first)
    .slice(0, SESSIONS)
  const found: Issued[] = []
  for (const { session } of rows) {
    const seqs = [...store.session(session)].filter((seq) => seq < up.row.seq).reverse()
    for (const seq of seqs) {
      if (found.length >= NONCES) return found
      const frame = store.frame(seq)
      if (frame !== undefined) found.push(...nonceIn(frame))
    }
  }
  return found
}

function nonceIn(frame: FrameDetail): Issued[] {
  const message = read(frame)
  const found: Issued[] = []
  for (const command of message?.commands ?? []) {
    if (command.kind !== 'Status' || command.chal === undefined) continue
    const octets = octetsOf(command.chal)
    if (octets === null) continue
    const { seq, at, session, direction } = frame.row
    found.push({ seq, at, session, octets, challenge: command.code === 401 || command.code === 407, by: direction === 'down' ? 'server' : 'device' })
  }
  return found
}

function octetsOf({ meta }: Chal): Uint8Array | null {
  return meta.nextNonce === undefined ? null : readings(meta.nextNonce)[0]
}

/** Gives every nonce its part: the expected one first. */
function ranked(issued: readonly Issued[], up: FrameDetail, known: Nonces | undefined): { readonly nonce: Nonce; readonly row: WhyNonce | null }[] {
  const ours = issued.filter(({ by }) => by === 'server')
  const here = ours.find(({ session }) => session === up.row.session)
  const kept = ours.find(({ challenge }) => !challenge)
  const newest = here ?? kept
  const text = (one: Issued, what: string): string => `the nonce of message ${one.seq}${what}`
  const list = ours
    .filter((one) => one !== newest)
    .map((one) => {
      const role = one.challenge ? ('challenge' as const) : ('older' as const)
      const what = text(one, one.challenge ? ', a challenge that counted in its session only' : '')
      return { nonce: { octets: one.octets, role, name: what }, row: { seq: one.seq, at: one.at, role, text: what } }
    })
  const first = newest === undefined ? [] : [placed(newest.octets, { seq: newest.seq, at: newest.at, text: text(newest, '') })]
  const theirs = issued
    .filter(({ by }) => by === 'device')
    .map(({ octets, seq }) => ({ nonce: { octets, role: 'swapped' as const, name: `the nonce the device issued in message ${seq}` }, row: null }))
  return [...byHand(first, ours, known), ...list, ...theirs]
}

type Ranked = ReturnType<typeof ranked>

const placed = (octets: Uint8Array, { seq, at, text }: { readonly seq: Seq; readonly at: number; readonly text: string }): Ranked[number] => ({
  nonce: { octets, role: 'expected', name: text },
  row: { seq, at, role: 'expected', text },
})

/** The nonce in the ledger now: where no message brought it, it was set by hand, came with a bootstrap, or came later. */
function byHand(first: Ranked, ours: readonly Issued[], known: Nonces | undefined): Ranked {
  const now = known?.client
  if (now == null || ours.some(({ octets }) => same(base64(octets), base64(now)))) return first
  const text = 'the nonce that is stored now (set by hand, by a bootstrap, or issued since)'
  if (first.length === 0) return [placed(now, { seq: 0, at: 0, text })]
  const row = { seq: 0, at: 0, role: 'later' as const, text }
  return [...first, { nonce: { octets: now, role: 'later', name: text }, row }]
}

function personOf(account: Account, name: string): Person {
  const { userName, password, serverId, serverPassword, state, locked } = account
  return { userName, password, serverId, serverPassword, state, name, ...(locked === undefined ? {} : { locked }) }
}

function others(accounts: readonly Account[], own: Account): Person[] {
  return accounts
    .filter((account) => account !== own && !(account.device === own.device && account.userName === own.userName))
    .slice(0, 200)
    .map((account) =>
      personOf(account, account.device === null ? `the account ${account.userName} of every device` : `the account of device ${account.device}`),
    )
}

/** Bodies of the device's messages around this one in its session. */
function neighbours(store: RefusalParts['store'], up: FrameDetail): Body[] {
  const seqs = [...store.session(up.row.session)].filter((seq) => seq !== up.row.seq)
  const near = seqs.sort((a, b) => Math.abs(a - up.row.seq) - Math.abs(b - up.row.seq)).slice(0, NEIGHBOURS)
  return near.flatMap((seq) => {
    const frame = store.frame(seq)
    if (frame === undefined || frame.row.kind !== 'message') return []
    return [
      {
        id: 'body.other',
        text: `the MAC is over the body of message ${seq}`,
        fix: 'compute the MAC over the entity it goes with',
        octets: frame.bytes,
      },
    ]
  })
}
