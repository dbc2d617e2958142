// Undoes base64 chunk by chunk: the group that a chunk cuts in two waits for the next one. White space anywhere is skipped (META b64).
import { fromBase64, latin1Text } from '../syncml/text.ts'

/** Octets of one object's chunks, in order; as they are where `b64` is false. */
export class Unwrap {
  readonly #b64: boolean
  #held = ''
  #ended = false

  constructor(b64: boolean) {
    this.#b64 = b64
  }

  /** What the text ends with where its last group is not padded; null where that is none. */
  rest(): Uint8Array | null {
    return this.#held !== '' && this.#ended ? null : fromBase64(this.#held)
  }

  /** What this chunk brings; null where the text is no base64. */
  take(chunk: Uint8Array): Uint8Array | null {
    if (!this.#b64) return chunk
    const text = this.#held + latin1Text(chunk).replace(/[\t-\r ]+/g, '')
    const whole = text.length - (text.length % 4)
    this.#held = text.slice(whole)
    const groups = text.slice(0, whole)
    if (groups === '') return new Uint8Array(0)
    // After padding nothing may follow.
    if (this.#ended) return null
    this.#ended = groups.endsWith('=')
    return fromBase64(groups)
  }
}
