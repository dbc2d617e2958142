// The gateway's fan-outs: jobs start, hand commands to devices as they come, and collect answers and late alerts.
import { TreeError } from '../dmtree/error.ts'
import { ALERTS } from '../mo/gwmo.ts'
import type { Request } from '../syncml/message.ts'
import { commandsFor } from './command.ts'
import type { Devices } from './devices.ts'
import type { Finding } from './doubt.ts'
import { Handed, linkFor } from './handed.ts'
import type { Part } from './handed.ts'
import type { Images } from './images.ts'
import { usable } from './image.ts'
import { generic } from './inventory.ts'
import * as fanout from './job.ts'
import type { Job, PushedLink, Response } from './job.ts'
import { JobBook } from './jobbook.ts'
import { relayed } from './jobreport.ts'
import { jobStart, mayRead } from './jobstart.ts'
import { lateAlert, matchLate } from './late.ts'
import { aggregationText } from './payloads.ts'
import type { Aggregation, LateAlert } from './payloads.ts'
import type { Kept } from './ports.ts'
import type { Yard } from './yard.ts'

/** A device whose session was lost is called again, not sooner than this after the call before, ms. */
const CALL_AGAIN = 1000

/** A command for a device, with the job and the index it stands for. */
interface Due {
  readonly job: string
  readonly index: number
  readonly command: Request
}

export class Fanouts {
  readonly #yard: Yard
  readonly #devices: Devices
  readonly #images: Images
  readonly #book: JobBook
  readonly #handed = new Handed()

  constructor(yard: Yard, devices: Devices, images: Images) {
    this.#yard = yard
    this.#devices = devices
    this.#images = images
    this.#book = new JobBook(yard)
  }

  restore(kept: Kept): void {
    this.#book.restore(kept)
  }

  /** Wakes whom running jobs wait for; `only` one that came back. */
  wakeAll(only?: string): void {
    for (const { name } of this.#book.running()) this.wake(name, only)
  }

  /** The server's word on the completion alert. */
  reported(name: string, state: number): void {
    this.#book.reported(name, state)
  }

  /** An image is void: jobs that carry it give it to nobody any more. */
  imageGone(imageId: string): void {
    for (const { name, job } of this.#book.running()) if (job.imageRef === imageId) this.#book.move(name, fanout.imageGone(job, this.#yard.now()))
  }

  /** True while a device that was begun to be served is still to be given this image. */
  gives(imageId: string): boolean {
    const begun = (response: Response): boolean => !fanout.final(response) && response.commands.some(({ sent }) => sent)
    return [...this.#book.running()].some(({ job }) => job.imageRef === imageId && job.responses.some(begun))
  }

  tick(): void {
    this.#book.tick()
  }
  due(): readonly number[] {
    return this.#book.due()
  }
  added(name: string, server: string): void {
    this.#book.add(name, server)
  }
  deleted(name: string): void {
    for (const response of this.job(name)?.responses ?? []) this.#handed.forget(`${name}/${response.name}`)
    this.#book.drop(name)
  }
  busy(name: string): boolean {
    return this.#book.busy(name)
  }
  jobs(): readonly Job[] {
    return this.#book.jobs()
  }
  job(name: string): Job | undefined {
    return this.#book.job(name)
  }

  start(name: string, correlator: string, server: string): void {
    if (this.busy(name)) throw new TreeError(403, `job ${name} is running`)
    this.#book.begin(jobStart(name, correlator, server, { yard: this.#yard, devices: this.#devices, images: this.#images }))
    this.wake(name)
  }

  cancel(name: string): void {
    const job = this.job(name)
    if (job?.state !== 20) throw new TreeError(403, `job ${name} is not running`)
    this.#book.move(name, fanout.cancel(job, this.#yard.now()))
  }

  /** Flow Y: a notification came; jobs that wait for it start. True where one did. */
  autoStart(server: string): boolean {
    const { asked } = this.#yard.part
    const names = asked.jobs().filter((name) => asked.job(name)?.autoStart === true && !this.busy(name) && this.#book.serverOf(name) === server)
    for (const name of names) {
      try {
        this.start(name, '', server)
      } catch (error) {
        if (!(error instanceof TreeError)) throw error
        this.#yard.tell('gateway.job', `job ${name} did not start: ${error.message}`, '', { job: name, result: 0 })
      }
    }
    return names.length > 0
  }

  /** Notifies the devices a job waits for: all, or one that came back. Who came by a session of DM gets its commands there. */
  wake(name: string, only?: string): void {
    const job = this.job(name)
    if (job?.state !== 20) return
    let moved = job
    for (const response of job.responses) {
      const record = this.#devices.byLocalId(response.name)
      const over = response.state > 20 && (response.state !== 35 || response.commands.every(({ code }) => code !== null))
      if (over || record === undefined || record.state !== 30 || (only !== undefined && only !== record.localId)) continue
      if (job.push !== undefined) {
        if (only === undefined || response.state === 10) moved = this.#push(moved, job.push, response.name)
      } else if (record.mode === 1 && only === undefined) {
        moved = fanout.notified(moved, response.name, this.#yard.now())
        this.#yard.wish({ type: 'notify', localId: record.localId })
      } else if (record.mode === 2) {
        moved = fanout.notified(moved, response.name, this.#yard.now())
        this.#yard.wish({ type: 'adapt', localId: record.localId, job: name })
      }
    }
    this.#book.move(name, moved)
  }

  /** HTTP with Push: the device is sent the link. */
  #push(job: Job, push: PushedLink, localId: string): Job {
    const deviceId = this.#devices.byLocalId(localId)?.deviceId ?? ''
    const facts = this.#images.facts(job.imageRef, deviceId)
    if (facts === null || !usable(this.#images.byId(job.imageRef), this.#yard.now())) return fanout.refused(job, localId, 410, this.#yard.now())
    this.#handed.begin(`${job.name}/${localId}`)
    this.#yard.wish(linkFor(push, localId, job.imageRef, facts))
    return fanout.notified(job, localId, this.#yard.now())
  }

  /** A device was sent octets of an image: who has all of what was pushed to it is done. */
  sent(image: string, deviceId: string, part: Part): void {
    const found = this.#images.get(image)
    const localId = this.#devices.recordOf(deviceId)?.localId
    if (found === undefined || localId === undefined) return
    for (const { name, job } of this.#book.running()) {
      if (job.push === undefined || job.imageRef !== (found.imageId || found.name)) continue
      if (!this.#handed.add(`${name}/${localId}`, part)) continue
      this.#handed.forget(`${name}/${localId}`)
      this.#book.move(name, fanout.fetched(job, localId, this.#yard.now()))
    }
  }

  /** What a device's session may be given now: commands in order. Those whose ground failed are settled here. */
  next(localId: string): readonly Due[] {
    for (const { name, job: running, commands } of this.#book.running()) {
      const response = open(running, localId)
      if (response === undefined || running.push !== undefined || (running.cancelled && response.state < 30)) continue
      const gone = running.imageRef !== '' && !usable(this.#images.byId(running.imageRef), this.#yard.now())
      if (gone && !response.commands.some(({ sent }) => sent)) {
        this.refusedDevice(name, localId, 410)
        continue
      }
      let job = response.state === 35 ? running : fanout.inSession(running, localId)
      const { send, skip } = fanout.nextCommands(recordOf(job, localId) ?? response, commands)
      for (const index of skip) job = fanout.answered(job, localId, index, 215, '', this.#yard.now())
      if (send.length > 0) job = fanout.leaving(job, localId, send)
      this.#book.move(name, job)
      if (send.length > 0) return this.#dues(name, commands, response, job.imageRef, send)
    }
    return []
  }

  /** Commands of a job as one device gets them: its own correlators, its own addresses of the image. */
  #dues(job: string, commands: readonly Request[], { name, deviceId }: Response, imageRef: string, indices: readonly number[]): readonly Due[] {
    const own = commandsFor(commands, job, name, this.#images.facts(imageRef, deviceId))
    return indices.flatMap((index) => {
      const command = own[index]
      return command === undefined ? [] : [{ job, index, command }]
    })
  }

  /** A Status came from a device. `data`: Status and Results as XML. */
  status(name: string, localId: string, index: number, code: number, data: string): void {
    const job = this.job(name)
    if (job === undefined || code === 213) return
    this.#book.move(name, fanout.answered(job, localId, index, code, data, this.#yard.now()))
  }

  /** True where a running job still has commands for this device. */
  waits(localId: string): boolean {
    return [...this.#book.running()].some(({ job }) => open(job, localId)?.commands.some(({ code }) => code === null) ?? false)
  }

  /** Commands for this device that left earlier and whose Status never came, as they left. */
  doubts(localId: string): readonly Due[] {
    return [...this.#book.running()].flatMap(({ name, job, commands }) => {
      const response = open(job, localId)
      const left = response === undefined ? [] : fanout.unanswered(response)
      return response === undefined || left.length === 0 ? [] : this.#dues(name, commands, response, job.imageRef, left)
    })
  }

  /** What reading has shown of such a command: performed, accepted, or never there, so that it goes again. */
  resolved(name: string, localId: string, index: number, finding: Finding): void {
    const response = recordOf(this.job(name), localId)
    const command = response?.commands[index]
    if (response === undefined || command === undefined || command.code !== null) return
    const text = `${response.deviceId}: the Status of ${command.name} ${command.label} of job ${name} was lost; its state says: ${finding}`
    this.#yard.tell('gateway.doubt', text, response.deviceId)
    if (finding === 'open') return this.unsent(name, localId, index)
    const code = finding === 'done' ? 200 : finding === 'taken' ? 202 : null
    if (code !== null) this.status(name, localId, index, code, `<Status cmd="${command.label}" name="${command.name}" read="true">${code}</Status>`)
  }

  /** A command that left the gateway's hands never reached the device: it may be sent again. */
  unsent(name: string, localId: string, index: number): void {
    const job = this.job(name)
    if (job !== undefined) this.#book.move(name, fanout.unsent(job, localId, index))
  }

  /** A device's session is over. */
  sessionEnded(localId: string): void {
    for (const { name, job } of this.#book.running()) {
      const response = recordOf(job, localId)
      if (response === undefined) continue
      this.#book.move(name, fanout.sessionEnded(job, localId, this.#yard.now()))
      // A session that was lost: the device is called again, though not for ever in a circle.
      if (response.state === 30 && this.#yard.now() - response.notifiedAt >= CALL_AGAIN) this.wake(name, localId)
    }
  }

  /** The device cannot be served: refused, unreachable, adapter failed. */
  refusedDevice(name: string, localId: string, code: number): void {
    const job = this.job(name)
    if (job !== undefined) this.#book.move(name, fanout.refused(job, localId, code, this.#yard.now()))
  }

  /** A generic alert of a device that is none of the gateway's own. Gives the Status for it; stored before that leaves. */
  lateAlert(deviceId: string, correlator: string, alert: Omit<LateAlert, 'cmd' | 'correlator'>, mark: string): number {
    const record = this.#devices.recordOf(deviceId)
    if (record === undefined) return 412
    for (const before of this.jobs()) {
      const { name } = before
      const at = matchLate(before, deviceId, correlator, alert.source)
      if (at === null) continue
      const cmd = this.#book.commands(name)[at.index]?.cmdId ?? ''
      const late: LateAlert = { cmd, correlator: `${name}.${at.name}.${cmd}`, ...alert }
      const grave = /^(fatal|critical)$/i.test(mark.trim())
      const { job, again } = lateAlert(before, at, late, this.#yard.now(), grave ? 500 : 200)
      if (again) return 200
      const report = relayed(job, at.name, late)
      // Own report first, so that the closing one follows it.
      if (report !== null) this.#book.aggregate(job, report, mark, `./GwMO/Fanout/Fanout/${name}/Responses/${at.name}`)
      this.#book.move(name, job)
      return 200
    }
    const device = { deviceId, code: 202, statuses: [], late: [{ cmd: '', correlator, ...alert }], results: '' }
    const report: Aggregation = { final: false, summary: null, devices: [device], groups: [] }
    const source = `./GwMO/Devices/Inventory/Records/${record.localId}`
    const servers = this.#yard.options.servers.filter((server) => mayRead(this.#yard, record, server))
    this.#yard.report(servers, generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark))
    return 202
  }
}

const recordOf = (job: Job | undefined, localId: string): Response | undefined => job?.responses.find(({ name }) => name === localId)

/** The record of a device from which something is still awaited. */
function open(job: Job, localId: string): Response | undefined {
  const response = recordOf(job, localId)
  return response === undefined || fanout.final(response) ? undefined : response
}
