// One request by CoAP and its answer: blocks out and in (RFC 7959), smaller where the peer wants them, begun anew where it lost them, within its time.
import { OPTION, blockBytes, blockOf, optionOf, same, textsOf, uintBytes, uintOf } from './coap.ts'
import type { CoapOption, Datagram } from './coap.ts'
import type { CoapAnswer, CoapAsk } from './coaptalk.ts'
import type { CoapWire, Fate } from './coapwire.ts'
import { concat, utf8Bytes } from '../../syncml/text.ts'

/** An answer in blocks may have this many octets. */
const ANSWER_MOST = 4 * 1024 * 1024
/** A request without news may take this long, ms. The protocol itself tries for 45 to 93 s. */
export const WITHIN = 60_000
/** More goes in blocks of FIRST octets; smaller ones where the peer wants them, LEAST at the least. */
const IN_ONE = 1024
const FIRST = 512
const LEAST = 64
export const METHODS = { GET: '0.01', POST: '0.02', PUT: '0.03', DELETE: '0.04' } as const
const NONE = new Uint8Array(0)

/** Options of a request, and more of them. */
export function optionsOf({ path, query, format, accept }: CoapAsk, more: readonly CoapOption[]): CoapOption[] {
  const parts = path.split('/').filter((part) => part !== '')
  return [
    ...parts.map((part): CoapOption => [OPTION.uriPath, utf8Bytes(part)]),
    ...(query ?? []).map((part): CoapOption => [OPTION.uriQuery, utf8Bytes(part)]),
    ...(format === undefined ? [] : [[OPTION.contentFormat, uintBytes(format)] as const]),
    ...(accept === undefined ? [] : [[OPTION.accept, uintBytes(accept)] as const]),
    ...more,
  ]
}

/** What an answer says; `payload`: of all its blocks, `before`: the first of them. */
export function answerOf(datagram: Datagram, payload = datagram.payload, before: Datagram = datagram): CoapAnswer {
  const location = textsOf(datagram, OPTION.locationPath)
  const format = optionOf(datagram, OPTION.contentFormat) ?? optionOf(before, OPTION.contentFormat)
  return { code: datagram.code, format: uintOf(format ?? NONE), payload, location: location.length === 0 ? '' : `/${location.join('/')}` }
}

/** One request and its answer. */
export class Exchange {
  readonly #wire: CoapWire
  readonly #ask: CoapAsk
  readonly #token: Uint8Array
  readonly #done: (end: CoapAnswer | Error) => void
  readonly #payload: Uint8Array
  #size = FIRST
  #blocks: boolean
  /** Octets of the payload that were taken. */
  #at = 0
  #messageId = -1
  /** First of several blocks of an answer, and what came so far. */
  #begun: Datagram | null = null
  #parts: Uint8Array[] = []
  #came = 0
  #anew = false
  #over = false
  #cancel: () => void = () => {}

  constructor(wire: CoapWire, ask: CoapAsk, token: Uint8Array, done: (end: CoapAnswer | Error) => void) {
    this.#wire = wire
    this.#ask = ask
    this.#token = token
    this.#payload = ask.payload ?? NONE
    this.#blocks = this.#payload.length > IN_ONE
    this.#done = done
    if (ask.within !== undefined) this.#limit(ask.within)
  }

  fail(why: Error): void {
    this.#end(why)
  }

  send(): void {
    if (this.#ask.within === undefined) this.#limit(WITHIN)
    const length = this.#payload.length
    const blocks = this.#blocks
    const to = blocks ? Math.min(length, this.#at + this.#size) : length
    const block1 = blockBytes({ num: this.#at / this.#size, more: to < length, size: this.#size })
    this.#put(optionsOf(this.#ask, blocks ? [[OPTION.block1, block1]] : []), this.#payload.subarray(this.#at, to))
  }

  #put(options: CoapOption[], payload: Uint8Array): void {
    const message = { code: METHODS[this.#ask.method], token: this.#token, options, payload }
    this.#messageId = this.#wire.confirmable(message, this.#ask, (fate) => this.#fate(fate))
  }

  #fate(fate: Fate): void {
    if (fate === 'reset') this.#end(new Error(`${this.#ask.method} ${this.#ask.path} was reset`))
    if (fate === 'lost') this.#late()
  }

  answered(datagram: Datagram): void {
    if (this.#over) return
    this.#wire.forget(this.#ask, this.#messageId)
    const { code } = datagram
    if (this.#payload.length > 0 && this.#begun === null && this.#sent(datagram)) return
    const block = blockOf(datagram, OPTION.block2)
    if (block === null || !code.startsWith('2.')) return this.#end(answerOf(datagram))
    this.#collect(datagram, block)
  }

  /** A block was taken, or not. True where that was not the answer to the whole. */
  #sent(datagram: Datagram): boolean {
    const { code } = datagram
    const block = blockOf(datagram, OPTION.block1)
    const last = !this.#blocks || this.#at + this.#size >= this.#payload.length
    if (code === '4.13' && this.#at === 0 && this.#smaller(datagram, block?.size)) return true
    if (code === '4.08' && !this.#anew && this.#at > 0) {
      // It has lost what came before.
      this.#anew = true
      this.#at = 0
      this.send()
      return true
    }
    if (!code.startsWith('2.') || last) return false
    if (block === null && code !== '2.31') {
      this.#end(new Error(`${this.#ask.path}: the peer took ${this.#size} octets for all ${this.#payload.length}`))
      return true
    }
    // An answer to a block before this one, which came twice.
    if (block !== null && block.num < this.#at / this.#size) return true
    this.#at += this.#size
    if (block !== null && block.size < this.#size) this.#size = block.size
    this.send()
    return true
  }

  #smaller(datagram: Datagram, wanted: number | undefined): boolean {
    const most = optionOf(datagram, OPTION.size1)
    if (Math.min(this.#size, this.#payload.length) <= LEAST || (most !== undefined && uintOf(most) < this.#payload.length)) return false
    this.#size = Math.max(LEAST, wanted !== undefined && wanted < this.#size ? wanted : this.#size / 2)
    this.#blocks = true
    this.send()
    return true
  }

  #collect(datagram: Datagram, { num, more, size }: { num: number; more: boolean; size: number }): void {
    const { path } = this.#ask
    const etag = optionOf(datagram, OPTION.etag) ?? NONE
    if (this.#begun !== null && !same(etag, optionOf(this.#begun, OPTION.etag) ?? NONE)) {
      if (this.#anew) return this.#end(new Error(`${path} changes while it is read`))
      this.#anew = true
      this.#begun = null
      return this.#next(0, size)
    }
    if (this.#begun === null) [this.#parts, this.#came] = [[], 0]
    if (num * size < this.#came) return
    if (num * size > this.#came) return this.#end(new Error(`${path}: octets ${this.#came} to ${num * size} of the answer did not come`))
    const begun = (this.#begun ??= datagram)
    this.#parts.push(datagram.payload)
    this.#came += datagram.payload.length
    if (this.#came > ANSWER_MOST) return this.#end(new Error(`the answer to ${path} has more than ${ANSWER_MOST} octets`))
    if (!more) return this.#end(answerOf(datagram, concat(this.#parts), begun))
    if (datagram.payload.length !== size) return this.#end(new Error(`${path}: a block of ${datagram.payload.length} octets that says ${size}`))
    this.#next(num + 1, size)
  }

  #next(num: number, size: number): void {
    if (this.#ask.within === undefined) this.#limit(WITHIN)
    const block2: CoapOption = [OPTION.block2, blockBytes({ num, more: false, size })]
    const options = optionsOf(this.#ask, [block2]).filter(([number]) => number !== OPTION.contentFormat)
    this.#put(options, NONE)
  }

  #limit(ms: number): void {
    this.#cancel()
    this.#cancel = this.#wire.parts.after(ms, () => this.#late())
  }
  #late(): void {
    this.#end(new Error(`no answer to ${this.#ask.method} ${this.#ask.path} within ${Math.round((this.#ask.within ?? WITHIN) / 1000)} s`))
  }

  #end(end: CoapAnswer | Error): void {
    if (this.#over) return
    this.#over = true
    this.#cancel()
    this.#wire.forget(this.#ask, this.#messageId)
    this.#done(end)
  }
}
