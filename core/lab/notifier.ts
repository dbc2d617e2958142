// Sends notifications to devices and waits for the sessions they ask for: ids are kept before they leave, what leaves is recorded, silence is told.
import type { NotifyOptions, NotifyResult, Seq } from '../api.ts'
import { readings } from '../auth/credentials.ts'
import { md5 } from '../auth/md5.ts'
import { issueSessionId, matchSessionId } from '../notify/ids.ts'
import type { MatchedId } from '../notify/ids.ts'
import { DM_APPLICATION, NOTIFICATION, toPdu } from '../notify/push.ts'
import type { PushParts } from '../notify/push.ts'
import { ruler } from '../notify/ruler.ts'
import type { Account } from '../server/records.ts'
import type { Notified } from '../server/serverterms.ts'
import type { Ledger } from '../store/ledger.ts'
import { DEFAULT_NONCES, decodePackage0, encodePackage0, Package0Error, sessionIdText, trigger } from '../syncml/package0.ts'
import { base64, fromBase64, wordsOf } from '../syncml/text.ts'
import type { Clock } from './ports.ts'
import type { PushSender, Pushes } from './pushes.ts'

/** How a client wrote the SessionID, for people. */
const WRITTEN: Readonly<Record<MatchedId['reading'], (text: string) => string>> = {
  hexadecimal: () => '',
  decimal: (text) => ` (written in decimal: ${text})`,
  swapped: (text) => ` (its two octets swapped: ${text})`,
}

/** What a notifier works with. */
export interface NotifierParts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly pushes: Pushes
  readonly sender: PushSender
}

type NonceKind = NonNullable<NotifyOptions['nonce']>

/** A notification that no session has answered yet; kept over restarts. */
interface Outstanding {
  readonly id: number
  readonly at: number
  readonly nonce: NonceKind
}

/** Outstanding ids kept for one device; the oldest is forgotten for one more. */
const KEPT = 64
const WAIT_MS = 30_000
/** What a centre may take besides. */
const SMS_WAIT_MS = 120_000
const DEFAULTS: Readonly<Record<Exclude<NonceKind, 'stored'>, Uint8Array>> = {
  zeros: DEFAULT_NONCES[0]?.nonce ?? new Uint8Array(4),
  text: DEFAULT_NONCES[1]?.nonce ?? new Uint8Array(10),
}

/** Notifications of one lab. */
export class Notifier {
  readonly #parts: NotifierParts
  /** Waits under way, by device and id. */
  readonly #waits = new Map<string, () => void>()
  #stopped = false

  constructor(parts: NotifierParts) {
    this.#parts = parts
  }

  /** Builds, and sends unless told otherwise. Rejects with an Error in words: no account, a field that does not fit, no address, not sent. */
  async notify(device: string, options: NotifyOptions): Promise<NotifyResult> {
    const account = this.#account(device)
    const id = options.sessionId ?? this.#freshId(device)
    const built = this.#build(device, account, id, options, options.nonce ?? 'stored')
    const pdu = toPdu(built.parts)
    const result = { sessionId: sessionIdText(id), package0: built.parts.body, pdu, fields: ruler(decodePackage0(built.parts.body)) }
    if (options.send === false) return { seq: 0, to: options.to ?? this.#parts.pushes.target(device) ?? '', ...result }
    const to = options.to ?? this.#parts.pushes.target(device)
    if (to === null) throw new Error(`no push address of ${device} is known: tell one (udp://host:port)`)
    const seq = await this.#deliver(device, account, id, to, options, built.nonce, built.parts)
    return { seq, to, ...result }
  }

  /** The notification a Package #1 with this SessionID answers; it is outstanding no more. Null where it answers none. */
  answered(device: string, sessionId: string): Notified | null {
    const outstanding = this.#outstanding(device)
    const match = matchSessionId(
      sessionId,
      [...outstanding].reverse().map(({ id }) => id),
    )
    const entry = match === null ? undefined : outstanding.findLast(({ id }) => id === match.id)
    if (match === null || entry === undefined) return null
    this.#keep(
      device,
      outstanding.filter(({ id }) => id !== entry.id),
    )
    this.#forget(device, entry.id)
    const hex = sessionIdText(entry.id)
    const how = WRITTEN[match.reading](sessionId)
    const resync = entry.nonce === 'stored' ? '' : '; both sides go on with the default nonce'
    return {
      sessionId: hex,
      nonce: entry.nonce === 'stored' ? null : DEFAULTS[entry.nonce],
      text: `session ${sessionId} answers notification ${hex}${how}${resync}`,
    }
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#waits.values()) cancel()
    this.#waits.clear()
  }

  /** The newest account of the device's own, else the one for every device. */
  #account(device: string): Account {
    const { ledger } = this.#parts
    const account = ledger.accounts().findLast((each) => each.device === device) ?? ledger.account(device, undefined)
    if (account === undefined) throw new Error(`there is no account for ${device}`)
    if (account.locked !== undefined) throw new Error(account.locked)
    return account
  }

  #freshId(device: string): number {
    const id = issueSessionId(
      this.#outstanding(device).map((each) => each.id),
      this.#parts.random,
    )
    if (id === null) throw new Error(`no SessionID is left that ${device} could not confuse with an outstanding one`)
    return id
  }

  #build(
    device: string,
    account: Account,
    id: number,
    options: NotifyOptions,
    wish: NonceKind,
  ): { readonly parts: PushParts; readonly nonce: NonceKind } {
    const { version, uiMode, initiator, future, vendor, endDevice, flaw } = options
    const stored = wish === 'stored' ? this.#storedNonce(device, account.serverId) : null
    const kind: NonceKind = wish === 'stored' && stored === null ? 'zeros' : wish
    const nonce = flaw === 'nonce' ? this.#parts.random(16) : (stored ?? DEFAULTS[kind === 'stored' ? 'zeros' : kind])
    const octets = vendor === undefined ? undefined : fromBase64(vendor)
    if (octets === null) throw new Error('vendor is no base64')
    const fields = trigger(account.serverId, id, {
      ...(version === undefined ? {} : { version }),
      ...(uiMode === undefined ? {} : { uiMode }),
      ...(initiator === undefined ? {} : { initiator }),
      ...(future === undefined ? {} : { future }),
      ...(octets === undefined ? {} : { vendor: octets }),
    })
    const password = flaw === 'password' ? `${account.serverPassword}?` : account.serverPassword
    try {
      const body = encodePackage0(fields, { identity: account.serverId, password, nonce }, md5)
      if (flaw === 'digest') body[0] = (body[0] ?? 0) ^ 0x80
      return { parts: { contentType: NOTIFICATION, application: DM_APPLICATION, endDevice, body }, nonce: kind }
    } catch (error) {
      if (error instanceof Package0Error) throw new Error(`this notification cannot be: ${error.message}`, { cause: error })
      throw error
    }
  }

  /** The nonce the device gave last, in the reading that worked for it; null where it gave none. */
  #storedNonce(device: string, serverId: string): Uint8Array | null {
    const nonces = this.#parts.ledger.nonces(device, serverId)
    if (nonces?.server == null) return null
    const { text, octets } = nonces.server
    const [first, second] = readings(octets === null ? { text } : { text, octets })
    const nonce = nonces.reading === 'raw' && second !== undefined ? second : first
    // What is kept after a session on the default nonce in which the device gave no other.
    return Object.values(DEFAULTS).some((known) => base64(known) === base64(nonce)) ? null : nonce
  }

  async #deliver(device: string, account: Account, id: number, to: string, options: NotifyOptions, nonce: NonceKind, parts: PushParts): Promise<Seq> {
    const { clock, sender, pushes } = this.#parts
    const others = this.#outstanding(device).filter((each) => each.id !== id)
    this.#keep(device, [...others, { id, at: clock.now(), nonce }])
    const hex = sessionIdText(id)
    let seq: Seq | null = null
    const wait = (): void => this.#wait(device, id, waitOf(to, options), () => this.#silent(device, account, id, to, options, nonce, seq))
    // Set before it leaves, since the session may be here before sending is reported.
    wait()
    try {
      const sent = await sender.send(to, parts)
      const used = nonce === 'stored' ? '' : `, default nonce (${nonce === 'zeros' ? 'four zero octets' : 'text 0x00000000'})`
      seq = pushes.sent({ device, sessionId: hex, package: '#0', to, text: `notification for session ${hex} to ${to}${used}`, sent })
      // A modem takes its time to send: only then the device's begins.
      if (isSms(to) && this.#outstanding(device).some((each) => each.id === id)) wait()
      return seq
    } catch (error) {
      this.#forget(device, id)
      this.#keep(device, others)
      throw new Error(`not sent to ${to}: ${wordsOf(error)}`, { cause: error })
    }
  }

  #silent(device: string, account: Account, id: number, to: string, options: NotifyOptions, nonce: NonceKind, seq: Seq | null): void {
    const seconds = waitOf(to, options) / 1000
    const next: NonceKind | null = options.resync !== true ? null : nonce === 'stored' ? 'zeros' : nonce === 'zeros' ? 'text' : null
    const tail = next === null ? '' : '; it is sent again with the default nonce'
    this.#parts.pushes.event(`no session ${sessionIdText(id)} of ${device} within ${String(seconds)} s of its notification${tail}`, seq)
    if (next === null) return
    const plain = { ...options, nonce: next }
    const { flaw, ...right } = plain
    void flaw
    const { parts } = this.#build(device, account, id, right, next)
    this.#deliver(device, account, id, to, right, next, parts).catch((error: unknown) => {
      this.#parts.pushes.event(wordsOf(error), seq)
    })
  }

  #wait(device: string, id: number, ms: number, silent: () => void): void {
    this.#forget(device, id)
    if (this.#stopped) return
    const key = `${device}\n${String(id)}`
    const cancel = this.#parts.clock.after(ms, () => {
      this.#waits.delete(key)
      silent()
    })
    this.#waits.set(key, cancel)
  }

  #forget(device: string, id: number): void {
    const key = `${device}\n${String(id)}`
    this.#waits.get(key)?.()
    this.#waits.delete(key)
  }

  #outstanding(device: string): readonly Outstanding[] {
    const text = this.#parts.ledger.setting(settingOf(device))
    return text === undefined ? [] : (JSON.parse(text) as Outstanding[])
  }

  #keep(device: string, outstanding: readonly Outstanding[]): void {
    this.#parts.ledger.setSetting(settingOf(device), JSON.stringify(outstanding.slice(-KEPT)))
  }
}

const isSms = (to: string): boolean => to.startsWith('sms:')
const waitOf = (to: string, { waitMs }: NotifyOptions): number => waitMs ?? (isSms(to) ? SMS_WAIT_MS : WAIT_MS)

const settingOf = (device: string): string => `notify.outstanding ${device}`
