// Outcomes for the External Management Infrastructure: each end of a job or a fan-out is POSTed once to every hook, signed, kept until somebody took it, tried again with growing delay.
import type { FanoutDevice, FanoutRow, HookRow, JobDetail } from '../api.ts'
import { happening } from '../mo/events.ts'
import type { Docs } from '../store/docs.ts'
import { isSealed, NO_VAULT, openSecret, storedSecret } from '../store/vault.ts'
import type { Vault } from '../store/vault.ts'
import { isoTime } from '../dmtree/stamp.ts'
import type { Note } from '../machine.ts'
import { hexOf, wordsOf } from '../syncml/text.ts'
import type { JobRecord } from './types.ts'
import { DOC, rowOf } from './types.ts'

/** What delivery needs from outside. */
export interface HookPorts {
  readonly docs: Docs
  now(): number
  after(ms: number, call: () => void): () => void
  random(count: number): Uint8Array
  /** HMAC-SHA-256 in lower-case hexadecimal. */
  sign(secret: string, body: string): string
  /** HTTP status of the answer; rejects with an Error in words where nobody answered. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<number>
  /** Why this URL may not be told, or null. */
  forbidden(url: string): string | null
  happened(note: Note): void
  /** Seals the secrets of hooks; absent: they are kept as they are. */
  readonly vault?: Vault
}

interface HookDoc {
  readonly id: string
  readonly url: string
  /** As it is stored (core/store/vault.ts). */
  readonly secret: string
  readonly createdAt: number
  lastAt: number
  lastStatus: number
}

/** One outcome for one URL. */
interface OutcomeDoc {
  readonly id: string
  readonly job: string
  readonly device: string
  /** '' for the `notify` of the job itself. */
  readonly hook: string
  readonly url: string
  readonly body: string
  readonly state: string
  readonly resultCode: number
  at: number
  /** When it was owed first, ms; absent in older workspaces. */
  readonly begunAt?: number
  httpStatus: number
  tries: number
  done: boolean
  /** Given up, or the hook is gone. */
  over: boolean
}

/** Header that carries `sha256=` and the HMAC of the body. */
const SIGNATURE = 'X-DMLab-Signature'
/** Equal for every try of one outcome, so that a receiver can tell repetitions. */
export const DELIVERY = 'X-DMLab-Delivery'
/** Waits between tries, ms; the last repeats, for seven days. */
export const WAITS = [1000, 5000, 15_000, 60_000, 300_000, 3_600_000] as const
const GIVE_UP_AFTER = 7 * 86_400_000

export class Hooks {
  readonly #ports: HookPorts
  readonly #timers = new Map<string, () => void>()
  #stopped = false

  constructor(ports: HookPorts) {
    this.#ports = ports
  }

  /** Goes on with what an earlier process left. */
  start(): void {
    this.#seal()
    for (const outcome of this.#outcomes()) if (!outcome.done && !outcome.over) this.#later(outcome.id, 0)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  rows(): readonly HookRow[] {
    const open = this.#outcomes().filter(({ done, over }) => !done && !over)
    return this.#hooks().map(({ id, url, createdAt, lastAt, lastStatus }) => ({
      id,
      url,
      createdAt,
      pending: open.filter(({ hook }) => hook === id).length,
      lastAt,
      lastStatus,
    }))
  }

  /** The secret is told here and nowhere else. Throws an Error in words where the URL may not be told. */
  add(url: string): { readonly hook: HookRow; readonly secret: string } {
    const why = this.#ports.forbidden(url)
    if (why !== null) throw new Error(why)
    const id = `hook-${this.#hex(4)}`
    const secret = this.#hex(24)
    const row = { id, url, createdAt: this.#ports.now(), lastAt: 0, lastStatus: 0 }
    this.#ports.docs.put(DOC.hook, id, { ...row, secret: storedSecret(secret, placeOf(id), this.#vault) } satisfies HookDoc)
    return { hook: { ...row, pending: 0 }, secret }
  }

  get #vault(): Vault {
    return this.#ports.vault ?? NO_VAULT
  }

  /** Secrets that were kept plain are sealed where they can be now. */
  #seal(): void {
    for (const hook of this.#hooks()) {
      const plain = isSealed(hook.secret) ? null : openSecret(hook.secret, placeOf(hook.id), this.#vault)
      const stored = plain === null ? hook.secret : storedSecret(plain, placeOf(hook.id), this.#vault)
      if (isSealed(stored) && stored !== hook.secret) this.#ports.docs.put(DOC.hook, hook.id, { ...hook, secret: stored })
    }
  }

  drop(id: string): void {
    if (this.#ports.docs.get(DOC.hook, id) === undefined) throw new Error(`there is no hook ${id}`)
    this.#ports.docs.drop(DOC.hook, id)
    for (const outcome of this.#outcomes()) if (outcome.hook === id && !outcome.done) this.#put({ ...outcome, over: true })
  }

  /** Throws where a job's own `notify` may not be told. */
  allow(url: string): void {
    const why = this.#ports.forbidden(url)
    if (why !== null) throw new Error(why)
  }

  /** The end of a job: kept with it, told soon. */
  ended(job: JobRecord): void {
    const { id, device, state, resultCode } = job
    this.#owe({ id, job: id, device, state, resultCode, body: bodyOf(job) }, job.wish.notify)
  }

  /** The end of a fan-out with the code of each device; `late`: a device whose code moved after that end. */
  fanoutEnded(row: FanoutRow, late: FanoutDevice | null): void {
    const { id, gateway, state, result } = row
    const told = late === null ? id : `${id}.late-${this.#hex(4)}`
    const body = fanoutBody(row, late, this.#ports.now())
    this.#owe({ id: told, job: id, device: late?.deviceId ?? gateway, state, resultCode: late?.code ?? result, body })
  }

  /** One outcome for every hook, and for `notify`. */
  #owe(what: Pick<OutcomeDoc, 'id' | 'job' | 'device' | 'state' | 'resultCode' | 'body'>, notify?: string): void {
    const whom = [...this.#hooks().map(({ id, url }) => ({ hook: id, url })), ...(notify === undefined ? [] : [{ hook: '', url: notify }])]
    whom.forEach(({ hook, url }, i) => {
      const id = `${what.id}.${String(i + 1)}`
      const begunAt = this.#ports.now()
      this.#put({ ...what, id, hook, url, at: begunAt, begunAt, httpStatus: 0, tries: 0, done: false, over: false })
      this.#later(id, 0)
    })
  }

  told(job: string): JobDetail['told'] {
    return this.#outcomes()
      .filter((outcome) => outcome.job === job)
      .map(({ url, at, httpStatus, tries, done }) => ({ url, at, httpStatus, tries, done }))
  }

  #later(id: string, ms: number): void {
    if (this.#stopped) return
    this.#timers.get(id)?.()
    this.#timers.set(
      id,
      this.#ports.after(ms, () => {
        this.#timers.delete(id)
        void this.#tell(id)
      }),
    )
  }

  async #tell(id: string): Promise<void> {
    const { docs, sign, post, forbidden, now } = this.#ports
    const outcome = docs.get(DOC.outcome, id) as OutcomeDoc | undefined
    if (outcome === undefined || outcome.done || outcome.over) return
    const hook = outcome.hook === '' ? undefined : (docs.get(DOC.hook, outcome.hook) as HookDoc | undefined)
    if (outcome.hook !== '' && hook === undefined) return this.#put({ ...outcome, over: true })
    const { url, body } = outcome
    const secret = hook === undefined ? '' : openSecret(hook.secret, placeOf(hook.id), this.#vault)
    const signed = hook === undefined || secret === null ? {} : { [SIGNATURE]: `sha256=${sign(secret, body)}` }
    let httpStatus = 0
    // Nobody should take an outcome for ours that is not signed as agreed.
    let why = secret === null ? `its secret is sealed and cannot be opened: ${this.#vault.why}` : (forbidden(url) ?? '')
    if (why === '') {
      try {
        httpStatus = await post(url, { 'Content-Type': 'application/json', [DELIVERY]: id, ...signed }, body)
      } catch (error) {
        why = wordsOf(error)
      }
    }
    if (this.#stopped) return
    this.#heard({ ...outcome, at: now(), httpStatus, tries: outcome.tries + 1, done: httpStatus >= 200 && httpStatus < 300 }, why)
  }

  #heard(outcome: OutcomeDoc, why: string): void {
    const { docs, now, happened } = this.#ports
    const { id, job, device, url, httpStatus, tries, done, state, resultCode } = outcome
    const begun = outcome.begunAt ?? (docs.get(DOC.job, job) as JobRecord | undefined)?.updatedAt ?? now()
    const over = !done && now() - begun > GIVE_UP_AFTER
    this.#put({ ...outcome, over })
    const hook = docs.get(DOC.hook, outcome.hook) as HookDoc | undefined
    if (hook !== undefined) docs.put(DOC.hook, hook.id, { ...hook, lastAt: outcome.at, lastStatus: httpStatus })
    if (done) happened(happening('emi.notified', device, `${job} ${state} told to ${url}`, { job, state, resultCode, httpStatus, url }))
    else {
      const answer = httpStatus === 0 ? why : `HTTP ${String(httpStatus)}`
      happened(happening('emi.unreachable', device, `${url}: ${answer}; ${over ? 'given up' : 'tried again'}`, { job, httpStatus, url, tries }))
      if (!over) this.#later(id, WAITS[Math.min(tries, WAITS.length) - 1] ?? WAITS[0])
    }
  }

  #put(outcome: OutcomeDoc): void {
    this.#ports.docs.put(DOC.outcome, outcome.id, outcome)
  }

  #hooks(): HookDoc[] {
    return this.#ports.docs.all(DOC.hook).map(({ value }) => value as HookDoc)
  }

  #outcomes(): OutcomeDoc[] {
    return this.#ports.docs.all(DOC.outcome).map(({ value }) => value as OutcomeDoc)
  }

  #hex(octets: number): string {
    return hexOf(this.#ports.random(octets))
  }
}

const placeOf = (hook: string): string => `webhook\n${hook}`

/** What is POSTed: the shape of the scomo sheet 16.0, and the items. Times as ISO 8601 UTC with milliseconds, as everywhere outside. */
export function bodyOf(job: JobRecord): string {
  const { id, device, state, resultCode, origin, batch, op, type, reason, items } = rowOf(job)
  const objects = items.flatMap((item) => item.objects)
  return JSON.stringify({ job: id, device, state, resultCode, objects, origin, batch, type, op, reason, items, endedAt: isoTime(job.updatedAt) })
}

/** What is POSTed of a fan-out: every device by its id with its code, and the one that spoke after the end. */
function fanoutBody(row: FanoutRow, late: FanoutDevice | null, now: number): string {
  const { id, gateway, style, state, result, reason, summary } = row
  const deviceOf = ({ deviceId, code, text }: FanoutDevice): object => ({ device: deviceId, resultCode: code, text })
  const devices = row.devices.map(deviceOf)
  const told = { type: 'fanout', fanout: id, gateway, style, state, resultCode: result, reason, summary, devices }
  return JSON.stringify({ ...told, late: late === null ? null : deviceOf(late), endedAt: isoTime(now) })
}
