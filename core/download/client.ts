// The download client as a machine (download sheet 3.2, 4): one input in, effects out; every byte lies with the host, every `save` is durable before what follows.
import { readAddress } from './address.ts'
import { Combining } from './combining.ts'
import { readHead } from './judge.ts'
import type { Effect, Input } from './moves.ts'
import { fresh } from './transfer.ts'
import type { Phase } from './transfer.ts'
import type { Ask, TransferRecord } from './types.ts'

/** One transfer. */
export class DownloadClient extends Combining {
  /** What it does, in one word. */
  get phase(): Phase {
    return this.state
  }

  /** Takes one input; never throws. What does not fit the phase has no effect. */
  input(input: Input): Effect[] {
    this.effects = []
    const stale = 'id' in input && typeof input.id === 'number' && input.id !== this.id
    if (!stale) this.take(input)
    return this.effects
  }

  protected take(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.state === 'idle' ? this.start(input.ask, input.record, input.size) : undefined
      case 'head':
        return this.head(readHead(input.httpStatus, input.headers))
      case 'chunk':
        return this.state === 'object' ? this.chunk(input.count) : undefined
      case 'body':
        return this.state === 'descriptor' ? this.descriptor(input.bytes) : undefined
      case 'parts':
        return this.state === 'parts' ? this.parts(input) : undefined
      case 'end':
        return this.state === 'object' ? this.end() : undefined
      case 'failed':
        return this.failed(input.failure, input.text)
      case 'digest':
        return this.state === 'digest' ? this.digest(input.size, input.sha256) : undefined
      case 'timer':
        if (input.id === 'again' && this.state === 'waiting') return this.fetch()
        return input.id === 'report' && this.state === 'report' ? this.report() : undefined
      case 'stop':
        return this.stop(input.by)
      case 'resume':
        return this.resume()
      case 'confirmed':
        if (this.state !== 'confirm') return
        return this.confirmed(input.yes)
      default:
        return input satisfies never
    }
  }

  protected confirmed(yes: boolean): void {
    this.agreed = yes
    if (yes) return this.wanted()
    if (this.held) this.close()
    this.fail(902, 'stopped', 'the user did not want the download')
  }

  protected start(ask: Ask, record: TransferRecord | null, size: number): void {
    this.since = this.settings.now()
    this.left = ask.room
    if (record !== null && !ask.anew && record.url === ask.url) return this.goOn(record, size)
    if (record !== null) this.wipe(record)
    this.record = fresh(ask)
    if (readAddress(ask.url) === null) return this.fail(952, 'url', `"${ask.url}" is no http or https address`)
    this.save({})
    this.fetch()
  }

  /** After a restart of the program: what was saved counts, and of the file no more than was saved. */
  protected goOn(record: TransferRecord, size: number): void {
    this.record = record
    const last = record.files.at(-1)
    if (last !== undefined) this.effect({ type: 'keep', file: last.file })
    if (record.answer !== null && record.step === 'over') return this.done(record.answer)
    if (record.answer !== null) return this.report()
    const received = Math.min(record.received, size)
    if (record.total !== null && record.received > record.total) {
      this.wipe(record)
      return this.fail(954, 'mismatch', `${String(record.received)} bytes are stored of an object of ${String(record.total)}`)
    }
    if (size !== received) this.effect({ type: 'truncate', file: this.file(), size: received })
    this.save({ received })
    if (record.paused === 'user') {
      this.state = 'paused'
      return this.note('the user paused this download: it waits for the user')
    }
    this.save({ paused: null })
    if (record.step === 'object' && record.total !== null && received === record.total) return this.hash()
    const asks = this.settings.confirm && received === 0 && record.files.length === 0
    if (asks && record.descriptor !== null) this.confirm(record.descriptor)
    else this.fetch()
  }
}
