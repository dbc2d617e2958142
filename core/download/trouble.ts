// What goes wrong with a transfer, and what is done about it: waits, beginnings anew, the next server, pauses (download sheet 4, H4 to H12).
import { Ending } from './ending.ts'
import type { Head } from './judge.ts'
import type { Failure } from './moves.ts'
import type { Cause } from '../mo/cause.ts'
import type { Stop } from './types.ts'

export abstract class Trouble extends Ending {
  protected failed(failure: Failure, text: string): void {
    if (this.state === 'report') return this.unreported(text)
    // The body that waited for the user is gone: what is wanted then is asked for anew.
    if (this.state === 'confirm') this.held = false
    if (!['asking', 'object', 'descriptor', 'parts'].includes(this.state)) return
    this.held = false
    const { received, total } = this.now()
    if (this.state === 'object' && total !== null && received === total) return this.hash()
    if (failure === 'disk') return this.fail(901, 'memory', text)
    if (failure === 'too large') return this.fail(906, 'descriptor', text)
    if (failure === 'uri' || failure === 'forbidden') return this.lostServer(952, 'url', text, 0)
    if (failure === 'tls') return this.lostServer(952, 'auth', text, 0)
    if (failure === 'protocol') return this.lostServer(954, 'server', text, 0)
    const first = received === 0 && this.tries === this.refused
    if (first && failure === 'refused') this.refused += 1
    if (first && (failure === 'name' || this.refused > this.settings.refusals)) return this.lostServer(954, 'refused', text, 0)
    if (this.state === 'object') this.save({})
    if (received === 0 && this.nextServer(text)) return
    this.backOff(text, null, 'network')
  }

  /** Automatic resume after network errors (H8). */
  protected backOff(text: string, wait: number | null, cause: 'network' | 'unavailable'): void {
    const { backoff, patience, now } = this.settings
    const ms = wait ?? backoff[Math.min(this.tries, backoff.length - 1)] ?? 0
    this.tries += 1
    if (now() + ms - this.since > patience) {
      const status = cause === 'network' ? 903 : 954
      return this.fail(status, cause, `${text}; nothing came for ${String(Math.round((now() - this.since) / 1000))} s`)
    }
    this.state = 'waiting'
    this.note(`${text}; tried again in ${String(ms / 1000)} s from byte ${String(this.now().received)}`)
    this.effect({ type: 'timer', id: 'again', ms })
  }

  /** 501 and 503 are a pause, not an end (H12). */
  protected wait(text: string, { retryAfter, httpStatus }: Head): void {
    this.busy += 1
    if (this.nextServer(text)) return
    if (this.busy > this.settings.busyTries) return this.fail(954, 'unavailable', `${text}, ${String(this.busy)} times`, httpStatus)
    this.backOff(text, retryAfter === null ? null : retryAfter * 1000, 'unavailable')
  }

  /** Begins again at 0; not for ever. */
  protected again(text: string): void {
    const { restarts } = this.now()
    if (restarts >= this.settings.restarts || (text.startsWith('the server has no byte') && restarts > 0)) return this.tooOften(text)
    this.note(`${text}: begun again`)
    this.cut()
    const anew = this.now().combined ? ({ step: 'open', descriptor: null, combined: null } as const) : {}
    this.save({ received: 0, restarts: restarts + 1, etag: '', lastModified: '', ...anew })
    this.fetch()
  }

  protected tooOften(text = 'the object changes all the time'): void {
    this.close()
    this.lostServer(954, 'mismatch', `${text}; it was begun ${String(this.now().restarts + 1)} times`, 0)
  }

  /** This server cannot be used: the next one, else the end. */
  protected lostServer(status: number, cause: Cause, text: string, httpStatus: number): void {
    if (!this.nextServer(text)) this.fail(status, cause, text, httpStatus)
  }

  protected nextServer(text: string): boolean {
    const { server, combined } = this.now()
    if (combined) return false
    const uris = this.object()?.uris ?? []
    if (server + 1 >= uris.length) return false
    this.note(`${text}; the next server is tried`)
    this.cut()
    this.tries = this.busy = this.refused = 0
    this.save({ server: server + 1, received: 0, etag: '', lastModified: '', restarts: 0 })
    this.fetch()
    return true
  }

  protected stop(by: Stop): void {
    if (this.state === 'idle' || this.state === 'over' || this.state === 'report' || this.state === 'digest') return
    if (this.held || (this.state !== 'paused' && this.state !== 'waiting' && this.state !== 'confirm')) this.close()
    this.held = false
    this.effect({ type: 'timer', id: 'again', ms: null })
    if (by === 'cancel') return this.fail(902, 'stopped', 'the download was cancelled')
    this.state = 'paused'
    this.save({ paused: by })
    this.note(`paused (${by}) at byte ${String(this.now().received)}`)
  }

  protected resume(): void {
    if (this.state !== 'paused') return
    this.tries = this.busy = this.refused = 0
    this.since = this.settings.now()
    this.save({ paused: null })
    this.fetch()
  }
}
