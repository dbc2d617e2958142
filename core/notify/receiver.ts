// What a device does with a push that may be a notification: whose it is, whether it holds, whether it was here before (NOTI 6.2).
import { decodePackage0, Package0Error, sessionIdText } from '../syncml/package0.ts'
import type { Package0, UiMode } from '../syncml/package0.ts'
import { base64 } from '../syncml/text.ts'
import { DM_APPLICATION, EVERY_APPLICATION, NOTIFICATION, NOTIFICATION_13, pduRemarks } from './push.ts'
import type { Push } from './push.ts'
import { judgeNotification } from './verdict.ts'
import type { NotifyAccount } from './verdict.ts'

/** What became of a push. `text` is one sentence for people. */
export type Reception =
  | {
      readonly what: 'session'
      readonly serverId: string
      /** Upper-case hexadecimal without leading zeros, for SyncHdr. */
      readonly sessionId: string
      readonly uiMode: UiMode
      /** The default nonce both sides go on with; null where the stored one was used. */
      readonly resync: Uint8Array | null
      readonly text: string
    }
  /** Known already: one notification, one session. */
  | { readonly what: 'repeated'; readonly text: string }
  | { readonly what: 'refused'; readonly text: string }
  /** Not for the DM client: another application, another content type, another end device. */
  | { readonly what: 'foreign'; readonly text: string }

export interface ReceiverOptions {
  /** Accounts the device has now, by ServerID. */
  readonly account: (serverId: string) => NotifyAccount | undefined
  /** Refuses what a tolerant client lets pass: unknown versions, reserved bits, SessionID 0, headers out of order. */
  readonly strict?: boolean
  /** The person: asked for ui-mode `user interaction` only; false refuses. */
  readonly consent?: (received: Package0) => boolean
}

/** Digests kept to know a repetition by. */
const HISTORY = 64

/** Receives notifications for one device. */
export class NotificationReceiver {
  readonly #options: ReceiverOptions
  #seen: string[] = []

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** Takes a push whose headers could be read. Never throws. */
  receive(push: Push): Reception {
    if (push.contentType === NOTIFICATION_13) return refused('a notification of DM 1.3; this device speaks 1.2')
    if (push.contentType !== NOTIFICATION) return { what: 'foreign', text: `content type ${push.contentType} is no notification` }
    if (push.application !== '' && push.application !== DM_APPLICATION && push.application !== EVERY_APPLICATION) {
      return { what: 'foreign', text: `push application ${push.application} is not the DM client` }
    }
    if (push.application === '' && this.#options.strict === true) return { what: 'foreign', text: 'the push names no application' }
    let received: Package0
    try {
      received = decodePackage0(push.body)
    } catch (error) {
      if (!(error instanceof Package0Error)) throw error
      return refused(`no Package #0: ${error.message}`)
    }
    return this.#judge(received, pduRemarks(push))
  }

  #judge(received: Package0, odd: readonly string[]): Reception {
    if (received.serverId === '') return refused('the server identifier is empty')
    const account = this.#options.account(received.serverId)
    if (account === undefined) return refused(`wrong server id: no account of a server ${JSON.stringify(received.serverId)}`)
    const verdict = judgeNotification(received, account)
    if (!verdict.ok) return refused(verdict.cause)
    const remarks = [...verdict.remarks, ...odd]
    if (this.#options.strict === true && remarks.length > 0) return refused(remarks.join('; '))
    if (received.sessionId === 0) return refused('session id 0; it must be 1 to 65535')
    const mark = base64(received.digest)
    const sessionId = sessionIdText(received.sessionId)
    if (this.#seen.includes(mark)) return { what: 'repeated', text: `the notification of session ${sessionId} came again` }
    this.#seen = [mark, ...this.#seen].slice(0, HISTORY)
    if (received.uiMode === 'user interaction' && this.#options.consent?.(received) === false) return refused('the person refused the session')
    const resync = verdict.used === 'stored' ? null : verdict.nonce
    const tail = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`
    const text = `${received.serverId} asks for session ${sessionId}: ${verdict.cause}${tail}`
    return { what: 'session', serverId: received.serverId, sessionId, uiMode: received.uiMode, resync, text }
  }
}

function refused(text: string): Reception {
  return { what: 'refused', text }
}
