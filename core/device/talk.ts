// The session of a device as it is kept, so that it goes on after a restart: with the last message, sent again byte for byte, and what was heard last.
import { octetsOf } from '../auth/kept.ts'
import { md5 } from '../auth/md5.ts'
import type { Frame } from '../machine.ts'
import type { ClientSession } from '../session/client.ts'
import type { KeptSession } from '../session/clientterms.ts'
import type { Encoding } from '../syncml/message.ts'
import { base64 } from '../syncml/text.ts'

/** A session under way, as JSON: where it stands, the message that waits for its answer, MD5 of the server's message before that. */
export interface KeptTalk {
  readonly serverId: string
  readonly session: KeptSession
  readonly frame: {
    readonly bytes: string
    readonly encoding: Encoding
    readonly contentType: string
    readonly headers: readonly (readonly [string, string])[]
    readonly uri: string
  }
  readonly heard: string | null
}

/**
 * Keeps one session from the moment on at which it changed what the device keeps, or reported. Before that a restart loses nothing but the session;
 * from then on a message performed and its answer are durable together, so that nothing is performed twice whoever was killed in between.
 */
export class Talk {
  readonly #serverId: string
  #heard: { readonly bytes: Uint8Array | null; readonly md5: string } | null = null
  #keeping = false
  #kept = false
  #repeats = 0

  constructor(serverId: string) {
    this.#serverId = serverId
  }

  /** Another session begins, or `talk` goes on. */
  begin(talk: KeptTalk | null): void {
    this.#heard = talk?.heard == null ? null : { bytes: null, md5: talk.heard }
    this.#keeping = this.#kept = talk !== null
    this.#repeats = 0
  }

  /** What a message of the server is: new, the last one once more, or that for the second time. */
  hear(bytes: Uint8Array): 'new' | 'again' | 'stuck' {
    const heard = this.#heard
    const same = heard !== null && (heard.bytes === null ? heard.md5 === base64(md5(bytes)) : equal(heard.bytes, bytes))
    if (same) return ++this.#repeats > 1 ? 'stuck' : 'again'
    this.#repeats = 0
    this.#heard = { bytes, md5: '' }
    return 'new'
  }

  /** What is to be kept now; undefined where that has not changed. `moved`: what the device keeps did. `sent`: the message that leaves, if one does. */
  keep(session: ClientSession, moved: boolean, sent: Frame | undefined): KeptTalk | null | undefined {
    this.#keeping ||= moved || session.reported
    const kept = this.#keeping && sent !== undefined && !session.over ? session.kept() : null
    if (session.over) this.#keeping = false
    if (kept === null || sent === undefined) {
      const had = this.#kept
      this.#kept = false
      return had ? null : undefined
    }
    this.#kept = true
    const { encoding, contentType, headers, uri } = sent
    return {
      serverId: this.#serverId,
      session: kept,
      frame: { bytes: base64(sent.bytes), encoding, contentType, headers, uri },
      heard: this.#heard === null ? null : this.#heard.bytes === null ? this.#heard.md5 : base64(md5(this.#heard.bytes)),
    }
  }
}

/** The message that waits for its answer. */
export function frameOf({ frame }: KeptTalk): Frame {
  return { ...frame, bytes: octetsOf(frame.bytes) }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i])
}
