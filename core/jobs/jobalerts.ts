// Alerts about software in a session: the end of an order goes to the item that waits for it, a device's own request becomes a job, a late one is told.
import type { SoftwareRequest } from '../api.ts'
import type { SessionView } from '../server/policy.ts'
import type { AlertRecord } from '../server/records.ts'
import { readAlert } from './alerts.ts'
import type { Completed } from './alerts.ts'
import type { JobBook } from './book.ts'
import { undefinedError } from './codes.ts'
import type { JobDesk } from './desk.ts'
import { knownFrom } from './ports.ts'
import type { JobsPorts } from './ports.ts'
import { belongs, itemOf } from './reading.ts'
import { wishOf } from './requests.ts'
import { sceneOf } from './stage.ts'
import type { Stage } from './stage.ts'
import { advance, alerted } from './steps.ts'
import { DOC, isOver } from './types.ts'
import type { PackageDoc } from './types.ts'

/** Jobs of a device that a late alert may belong to. */
const LOOKED_AT = 1000

/** Takes alerts for the jobs of one lab. */
export class JobAlerts {
  readonly #ports: JobsPorts
  readonly #book: JobBook
  readonly #desk: JobDesk
  readonly #stage: (view: SessionView) => Stage

  constructor(ports: JobsPorts, book: JobBook, desk: JobDesk, stage: (view: SessionView) => Stage) {
    this.#ports = ports
    this.#book = book
    this.#desk = desk
    this.#stage = stage
  }

  /** Status for an alert about software; undefined for any other. */
  alert(view: SessionView, alert: AlertRecord): number | undefined {
    const heard = readAlert(alert)
    switch (heard.what) {
      case 'completed':
        this.#book.turn(() => this.#completed(view, heard.completed))
        return 200
      case 'request':
        return this.#book.turn(() => this.#asked(view, heard.request))
      case 'unknown':
        return 415
      case 'other':
        return undefined
      default:
        return heard satisfies never
    }
  }

  #completed(view: SessionView, completed: Completed): void {
    const { code, objects } = completed
    for (const job of this.#book.open(view.device).filter(({ type }) => type === completed.type)) {
      for (const item of job.items) {
        const at = isOver(item.state) ? -1 : item.steps.findIndex((step) => step.do === 'exec' && belongs(job, item, step, completed))
        if (at < 0) continue
        const scene = sceneOf(job, this.#stage(view))
        const result = code === null ? 'a result that cannot be read' : `result ${String(code)}`
        this.#book.log(job, `alert: ${result}${objects.length === 0 ? '' : `, ${objects.join(', ')}`}`)
        alerted(scene, item, at, code ?? undefinedError(job.type), objects)
        advance(scene, item)
        this.#desk.keep(job)
        return
      }
    }
    this.#late(view.device, completed)
  }

  /** An alert that nobody waits for any more: a job that ended without knowing says so in its log. */
  #late(device: string, { correlator, code }: Completed): void {
    if (correlator === '') return
    for (const job of this.#book.ofDevice(device, LOOKED_AT)) {
      if (!job.items.some((item) => item.steps.some((step) => step.do === 'exec' && step.correlator === correlator))) continue
      this.#book.log(job, `a late alert for ${correlator}: result ${String(code)}; the job had ended`)
      this.#book.save(job)
      return
    }
  }

  /** 200 where something happens in this session, 202 else (SC-42, FU-22). */
  #asked(view: SessionView, request: SoftwareRequest): number {
    if (!view.authenticated) return 202
    const packages = this.#ports.docs.all(DOC.package).map(({ value }) => (value as PackageDoc).row)
    const wish = wishOf(request, knownFrom(this.#ports.device(view.device), view), packages)
    if (wish === null) return 202
    const same = this.#book.open(view.device).find((job) => job.origin === 'device' && JSON.stringify(job.wish) === JSON.stringify(wish))
    if (same === undefined) this.#desk.make(wish, wish.items ?? [itemOf(wish)], view.device, this.#desk.batch(), 'device')
    return 200
  }
}
