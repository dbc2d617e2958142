// One modem at its serial port: opened when it is wanted, the dialogue machine's effects carried out, the port given back when nothing is awaited.
import type { ModemLine, ModemOptions, ModemRow } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { SmsBook } from '../lab/smsbook.ts'
import { AtModem } from '../notify/atmodem.ts'
import type { AtEffect, AtInput } from '../notify/attypes.ts'
import { pduHex, tpduLength } from '../notify/pdu.ts'
import { wordsOf } from '../syncml/text.ts'
import { openPort } from './serial.ts'
import type { OpenPort } from './serial.ts'

const BAUD = 115_200
const LINES = 2000
/** How long a port stays open for reports after a message was sent through it. */
const REPORT_MS = 10 * 60_000

export interface StationParts {
  readonly path: string
  readonly clock: Clock
  /** Where messages are written down. */
  readonly book: SmsBook
  readonly changed: () => void
}

export class Station {
  readonly path: string
  /** Lines of the dialogue, the oldest first. */
  readonly lines: ModemLine[] = []
  /** Somebody wants what comes in: the port stays open. */
  listening = false
  readonly #clock: Clock
  readonly #book: SmsBook
  readonly #changed: () => void
  readonly #machine = new AtModem()
  #port: OpenPort | null = null
  #opening: Promise<void> | null = null
  #closing: Promise<void> | null = null
  #trouble = ''
  #lastAt = 0
  #sentAt = 0
  #timer: (() => void) | null = null
  #idle: (() => void) | null = null
  /** Told when the machine is ready, or failed. */
  readonly #ready: ((trouble: string) => void)[] = []
  readonly #jobs = new Map<number, (trouble: string) => void>()

  constructor({ path, clock, book, changed }: StationParts) {
    this.path = path
    this.#clock = clock
    this.#book = book
    this.#changed = changed
  }

  get open(): boolean {
    return this.#port !== null
  }

  /** Open and ready; rejects in words. */
  async ready(options: ModemOptions): Promise<void> {
    this.#idle?.()
    this.#idle = null
    if (this.#port === null) {
      this.#opening ??= this.#open(options).finally(() => (this.#opening = null))
      this.#changed()
      await this.#opening
    }
    const { stage, trouble } = this.#machine.status
    if (stage === 'ready' || stage === 'sending') return
    const told = stage === 'failed' ? trouble : await this.#next()
    if (told !== '') throw new Error(`${this.path}: ${told}`)
  }

  /** Asks an open modem how it fares. */
  async look(): Promise<void> {
    const looked = this.#next()
    this.#feed({ type: 'look' })
    await looked
  }

  /** Sends the parts of message `id` of the book. Resolves with what went wrong; '' nothing. */
  async submit(id: number, pdus: readonly Uint8Array[]): Promise<string> {
    const done = new Promise<string>((resolve) => this.#jobs.set(id, resolve))
    this.#sentAt = this.#clock.now()
    this.#feed({ type: 'send', job: { id, parts: pdus.map((octets) => ({ hex: pduHex(octets), length: tpduLength(octets) })) } })
    const trouble = await done
    this.rest()
    return trouble
  }

  /** Closes what nobody wants any more: at once, or when reports have had their time. */
  rest(): void {
    if (this.listening || this.#port === null || this.#machine.queued > 0) return
    this.#idle?.()
    const now = this.#clock.now()
    const awaits = this.#book.awaits(this.path, now - REPORT_MS) && now - this.#sentAt < REPORT_MS
    this.#idle = awaits ? this.#clock.after(1000, () => this.rest()) : null
    if (this.#idle === null) void this.shut('')
  }

  /** Gives the port back. */
  async shut(reason: string): Promise<void> {
    const port = this.#port
    this.#port = null
    this.listening = false
    this.#trouble = this.#machine.status.trouble
    this.#timer?.()
    this.#idle?.()
    this.#timer = this.#idle = null
    if (port === null) return
    this.#feed({ type: 'gone', reason: reason === '' ? 'the port was closed' : reason })
    this.#closing = port.close()
    await this.#closing
    this.#closing = null
  }

  row(): ModemRow {
    const { stage, maker, model, sim, dbm, operator, trouble } = this.#machine.status
    return {
      path: this.path,
      stage: this.#opening !== null ? 'opening' : stage === 'closed' && this.#trouble !== '' ? 'failed' : stage,
      listening: this.listening,
      name: [maker, model].filter((part) => part !== '').join(' '),
      sim,
      dbm,
      operator,
      trouble: trouble === '' ? this.#trouble : trouble,
      lastAt: this.#lastAt,
      queued: this.#machine.queued,
    }
  }

  async #open({ baud = BAUD, pin = '' }: ModemOptions): Promise<void> {
    await this.#closing
    this.#trouble = ''
    try {
      this.#port = await openPort(this.path, baud, {
        data: (text) => {
          this.#lastAt = this.#clock.now()
          this.#feed({ type: 'data', text })
        },
        gone: (reason) => {
          this.#port = null
          this.listening = false
          this.#trouble = reason
          this.#feed({ type: 'gone', reason })
        },
      })
    } catch (error) {
      this.#trouble = wordsOf(error)
      this.#line('lab', '', this.#trouble)
      this.#changed()
      throw error
    }
    this.#line('lab', '', `opened with ${String(baud)} bits a second`)
    this.#feed({ type: 'open', pin })
  }

  /** The next time it is ready, or why it will not be. */
  #next(): Promise<string> {
    return new Promise((resolve) => this.#ready.push(resolve))
  }

  #feed(input: AtInput): void {
    for (const effect of this.#machine.input(input)) this.#perform(effect)
    const { stage, trouble } = this.#machine.status
    if (stage === 'ready' || stage === 'failed' || stage === 'closed')
      for (const told of this.#ready.splice(0)) told(stage === 'ready' ? '' : trouble || 'the port is closed')
    if (stage === 'failed' && this.#port !== null) void this.shut(trouble)
    this.#changed()
  }

  #perform(effect: AtEffect): void {
    switch (effect.type) {
      case 'write':
        return this.#port?.write(effect.text)
      case 'timer':
        this.#timer?.()
        this.#timer = effect.ms === null ? null : this.#clock.after(effect.ms, () => this.#feed({ type: 'timer' }))
        return
      case 'line':
        return this.#line(effect.direction, effect.text, effect.meaning)
      case 'part':
        return this.#book.part(effect.job, effect.part, effect.state, effect.reference, effect.text)
      case 'done':
        this.#jobs.get(effect.job)?.(effect.trouble)
        this.#jobs.delete(effect.job)
        return
      case 'pdu':
        return this.#book.take(this.path, effect.hex)
      case 'moved':
        // Every input is told to have moved it.
        return
      default:
        return effect satisfies never
    }
  }

  #line(direction: ModemLine['direction'], text: string, meaning: string): void {
    this.lines.push({ at: this.#clock.now(), direction, text, meaning })
    if (this.lines.length > LINES) this.lines.shift()
  }
}
