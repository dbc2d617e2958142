// Pushes that come to a gateway: its own begin a session or a bootstrap, one for an end device goes on to it, octet for octet (flow Z'); and those it sends on.
import type { Seq } from '../api.ts'
import { isPushType } from '../device/door.ts'
import type { Door } from '../device/door.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Wish } from '../gateway/ports.ts'
import { DM_APPLICATION, NOTIFICATION } from '../notify/push.ts'
import type { Push } from '../notify/push.ts'
import { LINK_APPLICATION } from '../notify/si.ts'
import { decodePackage0 } from '../syncml/package0.ts'
import { wordsOf } from '../syncml/text.ts'
import type { NorthSessions, Start } from './northsessions.ts'
import type { Pushes, PushSender } from './pushes.ts'
import type { Whereabouts } from './whereabouts.ts'

/** What becomes of a push: the HTTP status where HTTP carried it. */
export interface PushFate {
  readonly httpStatus: number
  readonly text: string
}

export interface GatewayPushesParts {
  readonly gateway: Gateway
  /** Device id of the gateway itself. */
  readonly id: string
  readonly door: Door
  readonly north: NorthSessions
  readonly whereabouts: Whereabouts
  /** Records what left. */
  readonly pushes: Pushes
  readonly sender: PushSender
  readonly event: (text: string, cause: Seq | null) => void
  readonly settle: () => void
}

export class GatewayPushes {
  readonly #parts: GatewayPushesParts

  constructor(parts: GatewayPushesParts) {
    this.#parts = parts
  }

  /** A push came in row `cause`. */
  take(push: Push, cause: Seq | null): PushFate {
    const { north } = this.#parts
    // Nonces move with an open session: a push for the gateway itself is judged when that is over.
    if (!north.busy || !this.#isOurs(push)) return this.#judged(push, cause)
    north.idle(() => void this.#judged(push, cause))
    return { httpStatus: 202, text: 'a session with the DM Server is open: the push is looked at when it is over' }
  }

  #judged(push: Push, cause: Seq | null): PushFate {
    const fate = this.#foreign(push) ?? this.#forwarded(push) ?? this.#own(push)
    this.#parts.event(fate.text, cause)
    this.#parts.settle()
    return fate
  }

  /** Null for a type that pushes have. */
  #foreign({ contentType }: Push): PushFate | null {
    if (isPushType(contentType)) return null
    const found = contentType === '' ? 'no Content-Type' : `Content-Type ${contentType}`
    return { httpStatus: 415, text: `${found}: pushes are notifications (${NOTIFICATION}), bootstrap documents or links` }
  }

  #isOurs({ endDevice }: Push): boolean {
    return endDevice === null || endDevice === this.#parts.id
  }

  #own(push: Push): PushFate {
    const entrance = this.#parts.door.receive(push)
    if (entrance.what !== 'session') return { httpStatus: entrance.refused ? 403 : 202, text: entrance.text }
    this.#notified(entrance.start)
    return { httpStatus: 202, text: entrance.text }
  }

  /** Flow Y (Style 0, preloaded): jobs that wait for a notification start, and the session waits for their answers; otherwise it begins at once. */
  #notified(start: Start): void {
    const { gateway, north } = this.#parts
    const waits = gateway.fanouts.autoStart(north.client.serverId)
    if (waits && gateway.dialect.flowY === 'preloaded') north.wait(start)
    else north.begin(start)
  }

  /** Null where the gateway itself is meant: it is named, or the device has no server of its own (flow Y). */
  #forwarded(push: Push): PushFate | null {
    const { endDevice } = push
    if (endDevice === null || this.#isOurs(push)) return null
    let serverId = ''
    try {
      serverId = decodePackage0(push.body).serverId
    } catch {
      return { httpStatus: 400, text: `the push for ${endDevice} holds no notification: nothing is forwarded` }
    }
    const what = this.#parts.gateway.forward(endDevice, serverId, push.contentType, push.body)
    switch (what) {
      case 'forwarded':
        return { httpStatus: 202, text: `the notification for ${endDevice} goes on to it, octet for octet` }
      case 'y':
        return null
      case 'unknown':
        return { httpStatus: 404, text: `${endDevice} is not known here: nothing is forwarded` }
      case 'detached':
        return { httpStatus: 404, text: `${endDevice} is detached: nothing is forwarded` }
      case 'not its server':
        return { httpStatus: 403, text: `${endDevice} has not named ${serverId} as its server: nothing is forwarded` }
      default:
        return what satisfies never
    }
  }

  /** Sends an end device a notification that came for it, or the link to an image. The octets are those that came; only the name of the end device is left out. */
  async send(wish: Extract<Wish, { type: 'forward' | 'link' }>): Promise<void> {
    const { gateway, whereabouts, pushes, sender, event } = this.#parts
    const { localId, contentType, body } = wish
    const [application, pkg] = wish.type === 'link' ? [LINK_APPLICATION, ''] : [DM_APPLICATION, '#0']
    const record = gateway.devices.byLocalId(localId)
    const to = record === undefined ? undefined : whereabouts.target(record.deviceId)
    if (record === undefined || to === undefined) return event(`no push address of ${localId} is known: nothing is sent`, null)
    try {
      const sent = await sender.send(to, { contentType, application, body })
      const what = wish.type === 'link' ? `pushed ${wish.url}` : `forwarded ${body.length} octets`
      pushes.sent({ device: record.deviceId, sessionId: '', package: pkg, to, text: `${what} to ${record.deviceId} at ${to}`, sent })
    } catch (error) {
      event(`not sent to ${to}: ${wordsOf(error)}`, null)
    }
  }
}
