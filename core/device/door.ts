// Where pushes reach a simulated device: notifications and bootstrap messages become the session to begin, everything else a sentence.
import { BootInbox, isBootstrap } from '../bootstrap/inbox.ts'
import type { Package0 } from '../syncml/package0.ts'
import { EVERY_APPLICATION, NOTIFICATION, NOTIFICATION_13 } from '../notify/push.ts'
import type { Push } from '../notify/push.ts'
import { isLinkType, LINK_APPLICATION, LinkError, readLink } from '../notify/si.ts'
import type { LinkType } from '../notify/si.ts'
import { NotificationReceiver } from '../notify/receiver.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Client } from './client.ts'
import type { ClientInput } from './device.ts'

export interface DoorOptions {
  readonly strict?: boolean
  readonly imsi?: string | undefined
  readonly pin?: string | undefined
  /** Takes bootstrap messages without MAC. */
  readonly unsigned?: boolean
  /** ServerID that must have bootstrapped the device before anybody else may (S4 M.2). */
  readonly insistsOn?: string
  readonly consent?: (received: Package0) => boolean
}

/** What a push led to: a session to begin now, or none and why. `refused` tells a refusal from what was none of our business. */
export type Entrance =
  | { readonly what: 'session'; readonly start: Extract<ClientInput, { type: 'start' }>; readonly text: string }
  /** A link to fetch; nobody is told of it. */
  | { readonly what: 'fetch'; readonly url: string; readonly refused: false; readonly text: string }
  | { readonly what: 'nothing'; readonly refused: boolean; readonly text: string }

/** True for a media type that a push may have here: a notification, a bootstrap document, a link. */
export function isPushType(contentType: string): boolean {
  return contentType === NOTIFICATION || contentType === NOTIFICATION_13 || isBootstrap(contentType) || isLinkType(contentType)
}

/** Takes the pushes of one device. Only to be asked while no session is open. */
export class Door {
  readonly #client: Client
  readonly #options: DoorOptions
  readonly #notifications: NotificationReceiver
  readonly #boot: BootInbox

  constructor(client: Client, options: DoorOptions = {}) {
    this.#client = client
    this.#options = options
    this.#notifications = new NotificationReceiver({ account: (serverId) => client.notifyAccount(serverId), ...options })
    this.#boot = new BootInbox({
      tree: client.device.tree,
      imsi: options.imsi,
      ...(options.unsigned === undefined ? {} : { unsigned: options.unsigned }),
      ...(options.insistsOn === undefined ? {} : { insistsOn: options.insistsOn }),
    })
  }

  receive(push: Push): Entrance {
    if (isLinkType(push.contentType)) return linked(push.contentType, push)
    return isBootstrap(push.contentType) ? this.#bootstrap(push) : this.#notification(push)
  }

  #notification(push: Push): Entrance {
    const reception = this.#notifications.receive(push)
    if (reception.what !== 'session') return { what: 'nothing', refused: reception.what === 'refused', text: reception.text }
    const { serverId, sessionId, resync, text } = reception
    try {
      this.#client.adopt(serverId)
    } catch (error) {
      return { what: 'nothing', refused: true, text: wordsOf(error) }
    }
    if (resync !== null) this.#client.resync(resync)
    return { what: 'session', start: { type: 'start', initiated: 'server', sessionId }, text }
  }

  /** After a bootstrap the device soon opens a session of its own accord (BOOT; checklist 24). */
  #bootstrap(push: Push): Entrance {
    const outcome = this.#boot.receive(push, this.#options.pin)
    if (outcome.what !== 'applied') return { what: 'nothing', refused: true, text: outcome.text }
    const [account] = outcome.accounts
    if (account === undefined) return { what: 'nothing', refused: false, text: outcome.text }
    try {
      this.#client.adopt(account.serverId, true)
    } catch (error) {
      return { what: 'nothing', refused: true, text: wordsOf(error) }
    }
    return { what: 'session', start: { type: 'start', initiated: 'client' }, text: outcome.text }
  }
}

function linked(type: LinkType, { application, body }: Push): Entrance {
  if (application !== '' && application !== LINK_APPLICATION && application !== EVERY_APPLICATION)
    return { what: 'nothing', refused: false, text: `push application ${application} is not the user agent` }
  try {
    const { href } = readLink(type, body)
    return { what: 'fetch', url: href, refused: false, text: `it names ${href} to be fetched` }
  } catch (error) {
    if (error instanceof LinkError) return { what: 'nothing', refused: true, text: `no link: ${error.message}` }
    throw error
  }
}
