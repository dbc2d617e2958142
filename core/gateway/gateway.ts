// The gateway itself between its two faces: inventory, fan-outs and images as one state; facts in, wishes out. It knows neither sockets nor sessions.
import { decide } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { ALERTS, DEFAULTS, alertOfType } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'
import type { Alert, Request } from '../syncml/message.ts'
import { commandsFor, readFanoutCommand } from './command.ts'
import type { ImageFacts } from './command.ts'
import { arrived, arriving, elapsedImage, expire, failed, newImage, usable } from './image.ts'
import type { Image } from './image.ts'
import { attachAlert, attachOf, candidate, detachAlert, freshLocalId, generic, newRecord, seen } from './inventory.ts'
import type { Sighting } from './inventory.ts'
import * as fanout from './job.ts'
import type { Job, Response } from './job.ts'
import { GatewayPart } from './part.ts'
import type { Behind, ConfigStart } from './part.ts'
import { aggregationText, attachText, imageReadyText } from './payloads.ts'
import type { Aggregation, LateAlert } from './payloads.ts'
import { DIALECT } from './ports.ts'
import type { DeviceRecord, Dialect, GatewayFacts, ImageStore, Kept, SaveKind, Wish } from './ports.ts'
import { emptyWish, selectTargets } from './targets.ts'

/** What is kept of a job: its nodes, and how it runs; responses are kept one by one. */
interface KeptJob {
  readonly server: string
  readonly leaves: Readonly<Record<string, string>>
  readonly job: (Omit<Job, 'responses'> & { readonly names: readonly string[] }) | null
  readonly reportState: number
}
interface KeptImage {
  readonly image: Image
  readonly leaves: Readonly<Record<string, string>>
  readonly reportState: number
}
interface RunningJob {
  readonly server: string
  job: Job | null
  reportState: number
  /** Interim reports: when the next is due. */
  nextReportAt: number
  commands: readonly Request[]
}

export interface GatewayOptions {
  readonly facts: GatewayFacts
  readonly now: () => number
  readonly store: ImageStore
  readonly config?: Partial<ConfigStart>
  readonly dialect?: Partial<Dialect>
  /** Servers that manage it (M.3). Results and images go to whoever made them, attach and detach to all. */
  readonly servers: readonly string[]
}

export class Gateway implements Behind {
  readonly part: GatewayPart
  readonly dialect: Dialect
  readonly #options: GatewayOptions
  readonly #records = new Map<string, DeviceRecord>()
  readonly #byDevice = new Map<string, string>()
  readonly #jobs = new Map<string, RunningJob>()
  readonly #images = new Map<string, { image: Image; reportState: number; pkgUrl: string }>()
  #wishes: Wish[] = []
  #alarm: number | null = null
  #restoring = false

  constructor(options: GatewayOptions) {
    this.#options = options
    this.dialect = { ...DIALECT, ...options.dialect }
    const { facts } = options
    this.part = new GatewayPart(this, {
      gatewayId: facts.id,
      address: facts.address.address,
      addressType: facts.address.type,
      modes: [0, 1, 2],
      defaultMode: 1,
      style: 1,
      holdTime: DEFAULTS.holdTime,
      capacity: options.store.capacity,
      defaultExpiry: DEFAULTS.imageExpiry,
      ...options.config,
    })
  }

  now(): number {
    return this.#options.now()
  }

  /** What is wanted since the last call, in order. */
  take(): Wish[] {
    const wishes = this.#wishes
    this.#wishes = []
    return wishes
  }

  /** Everything as it was kept; jobs that ran go on, and what was on its way to a device stays sent. Call once the part has entered its tree. */
  restore(kept: Kept): void {
    this.#restoring = true
    for (const { value } of kept.all('gateway.record')) this.#put(value as DeviceRecord)
    for (const { id, value } of kept.all('gateway.group')) this.part.putGroup(id, value as string[])
    for (const { value } of kept.all('gateway.image')) {
      const { image, leaves, reportState } = value as KeptImage
      this.part.restore('image', image.name, image.server, leaves)
      // A transfer that the old process had begun is gone with it.
      const now = image.state === 20 ? failed(image, 'the gateway restarted during the transfer') : elapsedImage(image, this.now())
      this.#images.set(image.name, { image: now, reportState, pkgUrl: leaves['PkgURL'] ?? '' })
      this.#showImage(image.name)
    }
    const responses = new Map(kept.all('gateway.response').map(({ id, value }) => [id, value as Response]))
    for (const { id, value } of kept.all('gateway.job')) {
      const { server, leaves, job, reportState } = value as KeptJob
      this.part.restore('job', id, server, leaves)
      const running: RunningJob = { server, job: null, reportState, nextReportAt: 0, commands: this.#commandsOf(id) }
      if (job !== null) {
        const { names, ...rest } = job
        running.job = { ...rest, responses: names.flatMap((name) => responses.get(`${id}/${name}`) ?? []) }
      }
      this.#jobs.set(id, running)
      if (running.job !== null) this.part.showJob(running.job, reportState)
    }
    for (const [name, value] of Object.entries(this.#keptConfig(kept))) if (this.part.config(name) !== value) this.part.setConfig(name, value)
    this.part.admit(this.#options.servers)
    this.#restoring = false
    for (const [name, { job }] of this.#jobs) if (job?.state === 20) this.#wake(name)
    this.#rearm()
  }

  #keptConfig(kept: Kept): Readonly<Record<string, string>> {
    const [only] = kept.all('gateway.config')
    return (only?.value ?? {}) as Readonly<Record<string, string>>
  }

  // Devices.

  records(): readonly DeviceRecord[] {
    return [...this.#records.values()]
  }
  recordOf(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(this.#byDevice.get(deviceId) ?? '')
  }
  byLocalId(localId: string): DeviceRecord | undefined {
    return this.#records.get(localId)
  }

  /** M.1: a device was discovered (10) or has proven who it is (20). Gives its record. */
  discovered(sighting: Sighting, state: 10 | 20): DeviceRecord {
    return this.#sight(sighting, state)
  }

  /** X.1: the device is registered; the servers are told where something about it is new. */
  registered(sighting: Sighting): DeviceRecord {
    const record = this.#sight(sighting, 30)
    this.#tellAttached(record)
    for (const [name, { job }] of this.#jobs) if (job?.state === 20) this.#wake(name, record.localId)
    return this.recordOf(record.deviceId) ?? record
  }

  #sight(sighting: Sighting, state: DeviceRecord['state']): DeviceRecord {
    const old = this.recordOf(sighting.deviceId)
    const record =
      old === undefined
        ? newRecord(
            freshLocalId(sighting.deviceId, (localId) => this.#records.has(localId)),
            sighting,
            state,
            this.now(),
          )
        : seen(old, sighting, state, this.now())
    this.#save(record)
    return record
  }

  /** The device is gone. Reasons: gwmo table `detach`. */
  detached(deviceId: string, reason: number): void {
    const record = this.recordOf(deviceId)
    if (record === undefined || record.state === 40) return
    const gone: DeviceRecord = { ...record, state: 40, told: '', reportState: this.#wants('Detach') ? 10 : record.reportState }
    this.#save(gone)
    if (this.#wants('Detach')) this.#report(this.#options.servers, detachAlert(gone, reason))
    this.#tell('gateway.detached', `${deviceId} left the gateway`, deviceId)
  }

  /** An administrator took the device out of the inventory for good. */
  forget(deviceId: string): void {
    this.detached(deviceId, 3)
    const record = this.recordOf(deviceId)
    if (record === undefined) return
    this.#records.delete(record.localId)
    this.#byDevice.delete(deviceId)
    this.part.showRecord(record.localId, null)
    this.#keep('gateway.record', record.localId, null)
  }

  #tellAttached(record: DeviceRecord): void {
    const told = attachText(attachOf(record, this.#options.facts))
    if (record.told === told || !this.#wants('Attach')) return
    this.#save({ ...record, told, reportState: 10 })
    this.#tell('gateway.attached', `${record.deviceId} is registered with the gateway`, record.deviceId)
    this.#report(this.#options.servers, attachAlert(record, this.#options.facts, '1.1'))
  }

  #wants(alert: 'Attach' | 'Detach' | 'ImageReady'): boolean {
    return this.part.config(`Alerts/${alert}`) !== 'false'
  }

  #save(record: DeviceRecord): void {
    this.#put(record)
    this.#keep('gateway.record', record.localId, record)
  }
  #put(record: DeviceRecord): void {
    this.#records.set(record.localId, record)
    this.#byDevice.set(record.deviceId, record.localId)
    this.part.showRecord(record.localId, record)
  }

  // Reports upwards.

  #report(servers: readonly string[], alert: Alert): void {
    for (const server of servers) this.#wish({ type: 'report', server, alert })
  }

  /**
   * A DM Server answered an alert, or refused it for good. 415 to the newest attach alert: the older form follows (gwmo sheet 2.5); otherwise what was
   * told is acknowledged or, refused, stays readable.
   */
  answered(server: string, alert: Alert, code: number): void {
    const good = code === 200 || code === 202
    const state = good ? 20 : 30
    const type = alertOfType(alert.items[0]?.meta?.type ?? '')
    const name = (alert.items[0]?.source?.locUri ?? '').split('/').at(-1) ?? ''
    const record = this.#records.get(name)
    const image = this.#images.get(name)
    const running = this.#jobs.get(name)
    if (type === 'attached' && code === 415 && record !== undefined) {
      return this.#wish({ type: 'report', server, alert: attachAlert(record, this.#options.facts, '1.0') })
    }
    if ((type === 'attached' || type === 'attached10' || type === 'detached') && record !== undefined) this.#save({ ...record, reportState: state })
    else if (type === 'imageReady' && image !== undefined) {
      image.reportState = state
      this.#saveImage(name)
    } else if (type === 'completion' && running?.job != null) {
      running.reportState = state
      if (running.job.state === 30) running.job = { ...running.job, state: running.job.cancelled ? 50 : 40 }
      this.#saveJob(name)
      this.part.showJob(running.job, state)
    }
    if (!good) this.#tell('gateway.refused', `${server} refused the alert ${type ?? ''} about ${name} with ${code}`, '')
  }

  // Fan-outs.

  jobAdded(name: string, server: string): void {
    const running = this.#jobs.get(name) ?? { server, job: null, reportState: 0, nextReportAt: 0, commands: [] }
    this.#jobs.set(name, running)
    this.#saveJob(name)
  }
  jobDeleted(name: string): void {
    const running = this.#jobs.get(name)
    for (const response of running?.job?.responses ?? []) this.#keep('gateway.response', `${name}/${response.name}`, null)
    this.#jobs.delete(name)
    this.#keep('gateway.job', name, null)
  }
  jobBusy(name: string): boolean {
    const state = this.#jobs.get(name)?.job?.state
    return state === 20 || state === 30
  }

  jobs(): readonly Job[] {
    return [...this.#jobs.values()].flatMap(({ job }) => job ?? [])
  }
  job(name: string): Job | undefined {
    return this.#jobs.get(name)?.job ?? undefined
  }

  jobStart(name: string, correlator: string, server: string): void {
    const wanted = this.part.job(name)
    if (wanted === null) throw new TreeError(404, `job ${name} does not exist`)
    if (this.jobBusy(name)) throw new TreeError(403, `job ${name} is running`)
    if (wanted.command === '') throw new TreeError(412, `job ${name} has no Command`)
    if (emptyWish(wanted.wish)) throw new TreeError(412, `job ${name} names no target`)
    if (wanted.imageRef !== '' && !usable(this.#imageById(wanted.imageRef)?.image, this.now())) {
      throw new TreeError(412, `image ${wanted.imageRef} is not ready`)
    }
    const commands = readFanoutCommand(wanted.command)
    const targets = selectTargets(
      wanted.wish,
      this.records().map((record) => candidate(record, this.#mayRead(record, server))),
      (group) => this.part.members(group),
    )
    const { imageRef, timeoutMs, intervalMs, returnFormat } = wanted
    const start = { name, server, correlator, now: this.now(), timeoutMs, intervalMs, returnFormat, imageRef, targets, commands }
    this.part.clearResponses(name)
    const old = this.#jobs.get(name)
    for (const response of old?.job?.responses ?? []) this.#keep('gateway.response', `${name}/${response.name}`, null)
    const nextReportAt = intervalMs === 0 ? 0 : this.now() + intervalMs
    this.#jobs.set(name, { server: old?.server ?? server, job: null, reportState: 0, nextReportAt, commands })
    this.#move(name, fanout.startJob(start))
    this.#wake(name)
  }

  #mayRead(record: DeviceRecord, server: string): boolean {
    const node = this.part.recordNode(record.localId)
    return node !== null && decide(node, 'Get', server).allowed
  }

  jobCancel(name: string): void {
    const running = this.#jobs.get(name)
    if (running?.job?.state !== 20) throw new TreeError(403, `job ${name} is not running`)
    this.#move(name, fanout.cancel(running.job, this.now()))
  }

  /** Flow Y: a notification came; jobs that wait for it start. True where one did. */
  autoStart(server: string): boolean {
    const names = this.part
      .jobs()
      .filter((name) => this.part.job(name)?.autoStart === true && !this.jobBusy(name) && this.#jobs.get(name)?.server === server)
    for (const name of names) {
      try {
        this.jobStart(name, '', server)
      } catch (error) {
        if (!(error instanceof TreeError)) throw error
        this.#tell('gateway.job', `job ${name} did not start: ${error.message}`, '')
      }
    }
    return names.length > 0
  }

  /** Notifies the devices a job waits for: all, or one that came back. */
  #wake(name: string, only?: string): void {
    const job = this.#jobs.get(name)?.job
    if (job?.state !== 20) return
    let moved = job
    for (const response of job.responses) {
      const record = this.#records.get(response.name)
      if (response.state > 20 || record === undefined || record.state !== 30 || (only !== undefined && only !== record.localId)) continue
      if (record.mode === 1) {
        moved = fanout.notified(moved, response.name, this.now())
        this.#wish({ type: 'notify', localId: record.localId })
      } else if (record.mode === 2) {
        moved = fanout.notified(moved, response.name, this.now())
        this.#wish({ type: 'adapt', localId: record.localId, job: name })
      }
    }
    this.#move(name, moved)
  }

  /** What a device's session may be given now: commands in order, with the job and the index each stands for. Those whose ground failed are settled here. */
  next(localId: string): readonly { readonly job: string; readonly index: number; readonly command: Request }[] {
    for (const [name, running] of this.#jobs) {
      const response = running.job?.state === 20 ? running.job.responses.find((each) => each.name === localId) : undefined
      if (running.job === null || response === undefined || response.state >= 40) continue
      if (running.job.cancelled && response.state < 30) continue
      const gone = running.job.imageRef !== '' && !usable(this.#imageById(running.job.imageRef)?.image, this.now())
      if (gone && !response.commands.some(({ sent }) => sent)) {
        this.#move(name, fanout.refused(running.job, localId, 410, this.now()))
        continue
      }
      let job = response.state === 35 ? running.job : fanout.inSession(running.job, localId)
      const current = job.responses.find((each) => each.name === localId) ?? response
      const { send, skip } = fanout.nextCommands(current, running.commands)
      for (const index of skip) job = fanout.answered(job, localId, index, 215, '', this.now())
      if (send.length > 0) job = fanout.leaving(job, localId, send)
      this.#move(name, job)
      if (send.length === 0) continue
      const commands = commandsFor(running.commands, name, localId, this.#imageFacts(job.imageRef))
      return send.flatMap((index) => {
        const command = commands[index]
        return command === undefined ? [] : [{ job: name, index, command }]
      })
    }
    return []
  }

  /** A Status came from a device. `data`: Status and Results as XML. */
  status(name: string, localId: string, index: number, code: number, data: string): void {
    const job = this.#jobs.get(name)?.job
    if (job == null || code === 213) return
    this.#move(name, fanout.answered(job, localId, index, code, data, this.now()))
  }

  /** A command that left the gateway's hands never reached the device: it may be sent again. */
  unsent(name: string, localId: string, index: number): void {
    const job = this.#jobs.get(name)?.job
    if (job == null) return
    const responses = job.responses.map((response) =>
      response.name === localId
        ? {
            ...response,
            commands: response.commands.map((command, i) => (i === index && command.code === null ? { ...command, sent: false } : command)),
          }
        : response,
    )
    this.#move(name, { ...job, responses })
  }

  /** A device's session is over. */
  sessionEnded(localId: string): void {
    for (const [name, { job }] of this.#jobs) {
      if (job?.state === 20 && job.responses.some((each) => each.name === localId)) this.#move(name, fanout.sessionEnded(job, localId, this.now()))
    }
  }

  /** The device cannot be served: refused, unreachable, adapter failed. */
  refusedDevice(name: string, localId: string, code: number): void {
    const job = this.#jobs.get(name)?.job
    if (job != null) this.#move(name, fanout.refused(job, localId, code, this.now()))
  }

  /** A generic alert of a device that is none of the gateway's own. Gives the Status for it; stored before that leaves. */
  lateAlert(deviceId: string, correlator: string, alert: Omit<LateAlert, 'cmd' | 'correlator'>, mark: string): number {
    const record = this.recordOf(deviceId)
    if (record === undefined) return 412
    for (const [name, running] of this.#jobs) {
      if (running.job === null) continue
      const at = fanout.matchLate(running.job, deviceId, correlator, alert.source)
      if (at === null) continue
      const cmd = running.commands[at.index]?.cmdId ?? ''
      const late: LateAlert = { cmd, correlator: `${name}.${at.name}.${cmd}`, ...alert }
      const grave = /^(fatal|critical)$/i.test(mark.trim())
      const { job, again } = fanout.lateAlert(running.job, at, late, this.now(), grave ? 500 : 200)
      if (again) return 200
      const report = fanout.relayed(job, at.name, late)
      // Own report first, so that the closing one follows it.
      if (report !== null) this.#aggregate(name, job, report, mark, `./GwMO/Fanout/Fanout/${name}/Responses/${at.name}`)
      this.#move(name, job)
      return 200
    }
    const device = { deviceId, code: 202, statuses: [], late: [{ cmd: '', correlator, ...alert }], results: '' }
    const report: Aggregation = { final: false, summary: null, devices: [device], groups: [] }
    const source = `./GwMO/Devices/Inventory/Records/${record.localId}`
    const servers = this.#options.servers.filter((server) => this.#mayRead(record, server))
    this.#report(servers, generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark))
    return 202
  }

  #aggregate(name: string, job: Job, report: Aggregation, mark: string, source: string = `./GwMO/Fanout/Fanout/${name}`): void {
    const alert = generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark, job.correlator)
    this.#report([job.server], alert)
  }

  #move(name: string, next: Job): void {
    const running = this.#jobs.get(name)
    if (running === undefined) return
    const before = running.job
    if (before === next) return
    running.job = next
    for (const response of next.responses) {
      if (before?.responses.find((each) => each.name === response.name) !== response)
        this.#keep('gateway.response', `${name}/${response.name}`, response)
    }
    if (next.state === 30 && before?.state !== 30) this.#finish(name, next)
    this.#saveJob(name)
    this.part.showJob(next, running.reportState)
    this.#rearm()
  }

  /** The job reports: the collected answers, then that it is complete, in this order. */
  #finish(name: string, job: Job): void {
    const report = fanout.closing(job)
    if (report !== null) this.#aggregate(name, job, report, 'informational')
    const running = this.#jobs.get(name)
    if (running !== undefined) running.reportState = 10
    const mark = job.result === 200 ? 'informational' : 'warning'
    const alert = generic(ALERTS.completion.type, 'int', `./GwMO/Fanout/Fanout/${name}`, String(job.result), mark, job.correlator)
    this.#report([job.server], alert)
    this.#tell('gateway.job', `job ${name} ended with ${job.result ?? 0}`, '')
    this.#wish({ type: 'session', server: job.server, sessionId: null })
  }

  #saveJob(name: string): void {
    const running = this.#jobs.get(name)
    if (running === undefined) return
    const { server, job, reportState } = running
    const rest = job === null ? null : { ...job, responses: undefined, names: job.responses.map((each) => each.name) }
    this.#keep('gateway.job', name, { server, leaves: this.part.written('job', name), job: rest, reportState })
  }

  #commandsOf(name: string): readonly Request[] {
    const text = this.part.job(name)?.command ?? ''
    return text === '' ? [] : readFanoutCommand(text)
  }

  // Images.

  images(): readonly Image[] {
    return [...this.#images.values()].map(({ image }) => elapsedImage(image, this.now()))
  }
  image(name: string): Image | undefined {
    const kept = this.#images.get(name)
    return kept === undefined ? undefined : elapsedImage(kept.image, this.now())
  }
  #imageById(imageId: string): { readonly image: Image } | undefined {
    return [...this.#images.values()].find(({ image }) => (image.imageId || image.name) === imageId)
  }

  #urls(image: Image): { readonly url: string; readonly descriptor: string } {
    const url = `${this.#options.facts.imageBase}${encodeURIComponent(image.name)}`
    return { url, descriptor: `${url}.dd` }
  }
  #imageFacts(imageRef: string): ImageFacts | null {
    const found = imageRef === '' ? undefined : this.#imageById(imageRef)
    if (found === undefined) return null
    const { url, descriptor } = this.#urls(found.image)
    return { url, descriptorUrl: descriptor, data: this.#options.store.get(found.image.file) ?? null }
  }

  imageAdded(name: string, server: string): void {
    this.#images.set(name, { image: newImage(name, server), reportState: 0, pkgUrl: '' })
    this.#saveImage(name)
  }
  imageDeleted(name: string): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    if (kept.image.file !== '') this.#options.store.drop(kept.image.file)
    this.#images.delete(name)
    this.#keep('gateway.image', name, null)
    this.part.showUsed(this.#options.store.used())
    this.#rearm()
  }
  imageExpired(name: string): boolean {
    return this.image(name)?.state === 50
  }
  imageExpiry(name: string, seconds: number): void {
    this.#changeImage(name, (image) => expire(image, seconds, this.now()))
  }
  imageChanged(name: string, leaf: 'ImageID' | 'Digest' | 'PkgURL', value: string): void {
    const kept = this.#images.get(name)
    if (leaf === 'PkgURL' && kept !== undefined) kept.pkgUrl = value
    this.#changeImage(name, (image) => (leaf === 'ImageID' ? { ...image, imageId: value } : leaf === 'Digest' ? { ...image, digest: value } : image))
  }
  /** Direct delivery: all bytes came by Replace. */
  imageArrived(name: string, bytes: Uint8Array): void {
    try {
      const stored = this.#options.store.put(name, bytes)
      this.#landed(name, { ...stored, contentType: 'application/octet-stream' })
    } catch (error) {
      throw new TreeError(420, error instanceof Error ? error.message : String(error))
    }
  }
  imageDownload(name: string, correlator: string, url: string): void {
    if (this.imageExpired(name)) throw new TreeError(403, `image ${name} has expired`)
    if (!/^https?:\/\//i.test(url)) throw new TreeError(406, `the gateway does not fetch ${url.split(':')[0] ?? ''} addresses`)
    if (this.#images.get(name)?.image.state === 20) throw new TreeError(403, `image ${name} is being fetched`)
    this.#changeImage(name, (image) => arriving(image, correlator))
    this.#wish({ type: 'fetch', image: name, url })
  }
  /** The download the gateway asked for is over. */
  fetched(
    name: string,
    result: { readonly file: string; readonly size: number; readonly sha256: string; readonly contentType: string } | { readonly reason: string },
  ): void {
    if (this.#images.get(name)?.image.state !== 20) {
      if ('file' in result) this.#options.store.drop(result.file)
      return
    }
    if ('reason' in result) {
      this.#changeImage(name, (image) => failed(image, result.reason))
      return this.#tell('gateway.image', `image ${name} did not arrive: ${result.reason}`, '')
    }
    this.#landed(name, result)
  }

  #landed(name: string, what: { readonly file: string; readonly size: number; readonly sha256: string; readonly contentType: string }): void {
    const defaultExpiry = Number(this.part.config('ImageStore/DefaultExpiry')) || DEFAULTS.imageExpiry
    this.#changeImage(name, (image) => arrived(image, what, defaultExpiry, this.now()))
    const kept = this.#images.get(name)
    if (kept === undefined) return
    this.part.showUsed(this.#options.store.used())
    if (kept.image.state !== 30) {
      if (kept.image.state === 40) this.#options.store.drop(what.file)
      return this.#tell('gateway.image', `image ${name}: ${kept.image.reason || 'expired before it arrived'}`, '')
    }
    this.#tell('gateway.image', `image ${name} is ready: ${what.size} octets`, '')
    if (!this.#wants('ImageReady')) return
    kept.reportState = 10
    const { imageId, size, server, correlator } = kept.image
    const text = imageReadyText({ imageId: imageId || name, imageUrl: this.#urls(kept.image).url, size })
    this.#report([server], generic(ALERTS.imageReady.type, 'xml', `./GwMO/Images/Images/${name}`, text, 'informational', correlator))
    this.#saveImage(name)
  }

  /** An end device asks for an image. */
  serve(name: string): { readonly status: 200; readonly image: Image } | { readonly status: 404 | 410 } {
    const image = this.image(name)
    if (image === undefined || image.state < 30 || image.state === 40) return { status: 404 }
    return image.state === 50 ? { status: 410 } : { status: 200, image }
  }

  #changeImage(name: string, how: (image: Image) => Image): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    kept.image = how(kept.image)
    this.#saveImage(name)
    this.#rearm()
  }
  #saveImage(name: string): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    this.#showImage(name)
    this.#keep('gateway.image', name, {
      image: kept.image,
      leaves: this.part.written('image', name),
      reportState: kept.reportState,
    } satisfies KeptImage)
  }
  #showImage(name: string): void {
    const kept = this.#images.get(name)
    if (kept !== undefined) this.part.showImage(kept.image, this.#urls(kept.image), kept.reportState)
  }

  // Triggers, modes, groups, configuration.

  trigger(wish: {
    readonly deviceId: string
    readonly notification: Uint8Array | null
    readonly contentType: string
    readonly server: string
  }): number {
    const record = this.recordOf(wish.deviceId)
    if (record === undefined) throw new TreeError(404, `there is no device ${wish.deviceId}`)
    if (record.state === 40) throw new TreeError(403, `${wish.deviceId} is detached`)
    if (!this.#mayRead(record, wish.server)) throw new TreeError(425, `${wish.server} may not read the record of ${wish.deviceId}`)
    if (record.mode === 2) throw new TreeError(406, `${wish.deviceId} does not speak OMA DM`)
    if (wish.notification !== null) {
      this.#wish({ type: 'forward', localId: record.localId, contentType: wish.contentType, body: wish.notification })
      return 200
    }
    if (record.mode === 0) throw new TreeError(412, 'a device in transparent mode needs the finished notification')
    this.#wish({ type: 'notify', localId: record.localId })
    return 200
  }

  /** Z': whom a push with X-Oma-GwMO is for. `y`: the device is not transparent, the notification counts as one for the gateway. */
  forward(deviceId: string, serverId: string, contentType: string, body: Uint8Array): 'forwarded' | 'unknown' | 'detached' | 'not its server' | 'y' {
    const record = this.recordOf(deviceId)
    if (record === undefined) return 'unknown'
    if (record.mode !== 0) return 'y'
    if (record.state !== 30) return 'detached'
    if (!record.servers.includes(serverId)) return 'not its server'
    this.#wish({ type: 'forward', localId: record.localId, contentType, body })
    return 'forwarded'
  }

  modeWish(localId: string, mode: Mode): void {
    const record = this.#records.get(localId)
    if (record === undefined) throw new TreeError(404, `there is no record ${localId}`)
    const names = ['Transparent', 'Proxy', 'Adaptation'] as const
    if ((record.mode === 2) !== (mode === 2) || this.part.config(`Modes/${names[mode]}`) !== 'true') {
      throw new TreeError(403, `${record.deviceId} cannot be served in that mode`)
    }
    const changed = { ...record, mode }
    this.#save(changed)
    this.#tellAttached(changed)
  }

  groupsMoved(): void {
    const now = this.part.groups()
    for (const { name, members } of now) this.#keep('gateway.group', name, members)
  }
  configMoved(): void {
    const names = [
      'Modes/Transparent',
      'Modes/Proxy',
      'Modes/Adaptation',
      'DefaultMode',
      'Session/Style',
      'Session/HoldTime',
      'Alerts/Attach',
      'Alerts/Detach',
    ]
    const all = [...names, 'Alerts/ImageReady', 'ImageStore/DefaultExpiry']
    this.#keep('gateway.config', 'config', Object.fromEntries(all.map((name) => [name, this.part.config(name)])))
  }

  // Time.

  /** The alarm rang: settled records close, jobs time out, images become void, interim reports are due. */
  tick(): void {
    this.#alarm = null
    const now = this.now()
    for (const [name, kept] of this.#images) {
      const next = elapsedImage(kept.image, now)
      if (next === kept.image) continue
      kept.image = next
      this.#tell('gateway.expired', `image ${name} has expired`, '')
      for (const [job, running] of this.#jobs) {
        if (running.job?.state === 20 && running.job.imageRef === (next.imageId || name)) this.#move(job, fanout.imageGone(running.job, now))
      }
      if (this.dialect.imageExpiry === 'delete') {
        this.part.dropImage(name)
        this.imageDeleted(name)
      } else this.#saveImage(name)
    }
    for (const [name, running] of this.#jobs) {
      if (running.job?.state !== 20) continue
      this.#move(name, fanout.elapsed(running.job, now))
      if (running.job?.state !== 20 || running.nextReportAt === 0 || now < running.nextReportAt) continue
      running.nextReportAt = now + running.job.intervalMs
      const news = fanout.interim(running.job)
      if (news === null) continue
      this.#aggregate(name, news.job, news.report, 'informational')
      this.#move(name, news.job)
    }
    this.#rearm()
  }

  /** Before a server reads: leaves that follow the clock are right. */
  refresh(): void {
    for (const { image } of this.#images.values()) this.part.showExpiry(image)
  }

  #rearm(): void {
    if (this.#restoring) return
    const jobs = [...this.#jobs.values()].flatMap(({ job, nextReportAt }) => {
      const due = job === null ? null : fanout.dueAt(job)
      return [...(due === null ? [] : [due]), ...(job?.state === 20 && nextReportAt > 0 ? [nextReportAt] : [])]
    })
    const images = [...this.#images.values()].flatMap(({ image }) =>
      image.expiresAt === null || image.state === 50 || image.state === 20 ? [] : [image.expiresAt],
    )
    const at = jobs.length + images.length === 0 ? null : Math.min(...jobs, ...images)
    if (at === this.#alarm) return
    this.#alarm = at
    this.#wish({ type: 'alarm', at })
  }

  #keep(kind: SaveKind, id: string, value: unknown): void {
    if (!this.#restoring) this.#wish({ type: 'save', kind, id, value })
  }
  #tell(event: string, text: string, device: string): void {
    this.#wish({ type: 'tell', event, text, device })
  }
  #wish(wish: Wish): void {
    if (!this.#restoring) this.#wishes.push(wish)
  }
}
