// The gateway's fan-outs: jobs start, hand commands to devices as they come, collect answers and late alerts, and report.
import { decide } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { ALERTS, stateWords } from '../mo/gwmo.ts'
import type { Request } from '../syncml/message.ts'
import { commandsFor, readFanoutCommand, takenApart } from './command.ts'
import type { Devices } from './devices.ts'
import type { Images } from './images.ts'
import { usable } from './image.ts'
import { candidate, generic } from './inventory.ts'
import type { Finding } from './doubt.ts'
import { Handed, linkFor } from './handed.ts'
import type { Part } from './handed.ts'
import * as fanout from './job.ts'
import type { Job, PushedLink, Response } from './job.ts'
import { aggregationText } from './payloads.ts'
import type { Aggregation, LateAlert } from './payloads.ts'
import type { DeviceRecord, Kept } from './ports.ts'
import { emptyWish, selectTargets } from './targets.ts'
import type { Yard } from './yard.ts'

/** What is kept of a job: its nodes, and how it runs; responses are kept one by one. */
interface KeptJob {
  readonly server: string
  readonly leaves: Readonly<Record<string, string>>
  readonly job: (Omit<Job, 'responses'> & { readonly names: readonly string[] }) | null
  readonly reportState: number
}
interface Running {
  readonly server: string
  job: Job | null
  reportState: number
  /** Interim reports: when the next is due. */
  nextReportAt: number
  commands: readonly Request[]
}

/** A device whose session was lost is called again, not sooner than this after the call before, ms. */
const CALL_AGAIN = 1000

export class Fanouts {
  readonly #yard: Yard
  readonly #devices: Devices
  readonly #images: Images
  readonly #jobs = new Map<string, Running>()
  readonly #handed = new Handed()

  constructor(yard: Yard, devices: Devices, images: Images) {
    this.#yard = yard
    this.#devices = devices
    this.#images = images
  }

  /** Jobs as they were kept; what had left for a device stays sent. */
  restore(kept: Kept): void {
    const responses = new Map(kept.all('gateway.response').map(({ id, value }) => [id, value as Response]))
    for (const { id, value } of kept.all('gateway.job')) {
      const { server, leaves, job, reportState } = value as KeptJob
      this.#yard.part.asked.restore('job', id, server, leaves)
      const running: Running = { server, job: null, reportState, nextReportAt: 0, commands: this.#commandsOf(id) }
      if (job !== null) {
        const { names, ...rest } = job
        running.job = fanout.woken({ ...rest, responses: names.flatMap((name) => responses.get(`${id}/${name}`) ?? []) })
      }
      this.#jobs.set(id, running)
      if (running.job !== null) this.#yard.part.shown.job(running.job, reportState)
    }
  }

  /** Wakes whom running jobs wait for; `only` one that came back. */
  wakeAll(only?: string): void {
    for (const [name, { job }] of this.#jobs) if (job?.state === 20) this.wake(name, only)
  }

  /** The server's word on the completion alert. */
  reported(name: string, state: number): void {
    const running = this.#jobs.get(name)
    if (running?.job == null) return
    running.reportState = state
    if (running.job.state === 30) running.job = { ...running.job, state: running.job.cancelled ? 50 : 40 }
    this.#saveJob(name)
    this.#yard.part.shown.job(running.job, state)
  }

  /** An image is void: jobs that carry it give it to nobody any more. */
  imageGone(imageId: string): void {
    for (const [name, { job }] of this.#jobs)
      if (job?.state === 20 && job.imageRef === imageId) this.#move(name, fanout.imageGone(job, this.#yard.now()))
  }

  /** Time passed: records settle, jobs time out, interim reports are due. */
  tick(): void {
    const now = this.#yard.now()
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
  }

  /** When something is due next, ms since epoch. */
  due(): readonly number[] {
    return [...this.#jobs.values()].flatMap(({ job, nextReportAt }) => {
      const at = job === null ? null : fanout.dueAt(job)
      return [...(at === null ? [] : [at]), ...(job?.state === 20 && nextReportAt > 0 ? [nextReportAt] : [])]
    })
  }

  added(name: string, server: string): void {
    const running = this.#jobs.get(name) ?? { server, job: null, reportState: 0, nextReportAt: 0, commands: [] }
    this.#jobs.set(name, running)
    this.#saveJob(name)
  }
  deleted(name: string): void {
    const running = this.#jobs.get(name)
    for (const response of running?.job?.responses ?? []) {
      this.#handed.forget(`${name}/${response.name}`)
      this.#yard.keep('gateway.response', `${name}/${response.name}`, null)
    }
    this.#jobs.delete(name)
    this.#yard.keep('gateway.job', name, null)
  }
  busy(name: string): boolean {
    const state = this.#jobs.get(name)?.job?.state
    return state === 20 || state === 30
  }

  jobs(): readonly Job[] {
    return [...this.#jobs.values()].flatMap(({ job }) => job ?? [])
  }
  job(name: string): Job | undefined {
    return this.#jobs.get(name)?.job ?? undefined
  }

  start(name: string, correlator: string, server: string): void {
    const wanted = this.#yard.part.asked.job(name)
    if (wanted === null) throw new TreeError(404, `job ${name} does not exist`)
    if (this.busy(name)) throw new TreeError(403, `job ${name} is running`)
    if ((wanted.command === '') === (wanted.push === '')) throw new TreeError(412, `job ${name} needs either a Command or a Push`)
    if (wanted.push !== '' && wanted.imageRef === '') throw new TreeError(412, `job ${name} pushes the URL of an image, and has no ImageRef`)
    if (emptyWish(wanted.wish)) throw new TreeError(412, `job ${name} names no target`)
    if (wanted.imageRef !== '' && !usable(this.#images.byId(wanted.imageRef), this.#yard.now())) {
      throw new TreeError(412, `image ${wanted.imageRef} is not ready`)
    }
    const push: PushedLink | null = wanted.push === '' ? null : { token: wanted.push, type: wanted.pushType }
    const commands = push === null ? takenApart(readFanoutCommand(wanted.command)) : []
    const chosen = selectTargets(
      wanted.wish,
      this.#devices.records().map((record) => candidate(record, this.mayRead(record, server))),
      (group) => this.#yard.part.asked.members(group),
    )
    // A link is for devices that speak HTTP themselves.
    const deaf = (localId: string): boolean => push !== null && this.#devices.byLocalId(localId)?.mode === 2
    const targets = chosen.map((target) => (target.code === null && deaf(target.name) ? { ...target, code: 406 as const } : target))
    const { imageRef, timeoutMs, intervalMs, returnFormat } = wanted
    const kind = push === null ? {} : { push }
    const begin = { name, server, correlator, now: this.#yard.now(), timeoutMs, intervalMs, returnFormat, imageRef, targets, commands, ...kind }
    this.#yard.part.shown.clear(name)
    const old = this.#jobs.get(name)
    for (const response of old?.job?.responses ?? []) this.#yard.keep('gateway.response', `${name}/${response.name}`, null)
    const nextReportAt = intervalMs === 0 ? 0 : this.#yard.now() + intervalMs
    this.#jobs.set(name, { server: old?.server ?? server, job: null, reportState: 0, nextReportAt, commands })
    this.#move(name, fanout.startJob(begin))
    this.wake(name)
  }

  mayRead(record: DeviceRecord, server: string): boolean {
    const node = this.#yard.part.asked.recordNode(record.localId)
    return node !== null && decide(node, 'Get', server).allowed
  }

  cancel(name: string): void {
    const running = this.#jobs.get(name)
    if (running?.job?.state !== 20) throw new TreeError(403, `job ${name} is not running`)
    this.#move(name, fanout.cancel(running.job, this.#yard.now()))
  }

  /** Flow Y: a notification came; jobs that wait for it start. True where one did. */
  autoStart(server: string): boolean {
    const names = this.#yard.part.asked
      .jobs()
      .filter((name) => this.#yard.part.asked.job(name)?.autoStart === true && !this.busy(name) && this.#jobs.get(name)?.server === server)
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
    const job = this.#jobs.get(name)?.job
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
    this.#move(name, moved)
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
    for (const [name, { job }] of this.#jobs) {
      if (job?.state !== 20 || job.push === undefined || job.imageRef !== (found.imageId || found.name)) continue
      if (!this.#handed.add(`${name}/${localId}`, part)) continue
      this.#handed.forget(`${name}/${localId}`)
      this.#move(name, fanout.fetched(job, localId, this.#yard.now()))
    }
  }

  /** What a device's session may be given now: commands in order, with the job and the index each stands for. Those whose ground failed are settled here. */
  next(localId: string): readonly { readonly job: string; readonly index: number; readonly command: Request }[] {
    for (const [name, running] of this.#jobs) {
      const response = running.job?.state === 20 ? running.job.responses.find((each) => each.name === localId) : undefined
      if (running.job === null || response === undefined || response.state >= 40 || running.job.push !== undefined) continue
      if (running.job.cancelled && response.state < 30) continue
      const gone = running.job.imageRef !== '' && !usable(this.#images.byId(running.job.imageRef), this.#yard.now())
      if (gone && !response.commands.some(({ sent }) => sent)) {
        this.#move(name, fanout.refused(running.job, localId, 410, this.#yard.now()))
        continue
      }
      let job = response.state === 35 ? running.job : fanout.inSession(running.job, localId)
      const current = job.responses.find((each) => each.name === localId) ?? response
      const { send, skip } = fanout.nextCommands(current, running.commands)
      for (const index of skip) job = fanout.answered(job, localId, index, 215, '', this.#yard.now())
      if (send.length > 0) job = fanout.leaving(job, localId, send)
      this.#move(name, job)
      if (send.length === 0) continue
      const commands = commandsFor(running.commands, name, localId, this.#images.facts(job.imageRef, response.deviceId))
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
    this.#move(name, fanout.answered(job, localId, index, code, data, this.#yard.now()))
  }

  /** True where a running job still has commands for this device. */
  waits(localId: string): boolean {
    return [...this.#jobs.values()].some(({ job }) =>
      job?.state === 20
        ? job.responses.some(({ name, state, commands }) => name === localId && state < 40 && commands.some(({ code }) => code === null))
        : false,
    )
  }

  /** Commands for this device that left earlier and whose Status never came, as they left. */
  doubts(localId: string): readonly { readonly job: string; readonly index: number; readonly command: Request }[] {
    return [...this.#jobs].flatMap(([name, { job, commands }]) => {
      const response = job?.state === 20 ? job.responses.find((each) => each.name === localId) : undefined
      if (job === null || response === undefined || response.state >= 40) return []
      const open = fanout.unanswered(response)
      if (open.length === 0) return []
      const left = commandsFor(commands, name, localId, this.#images.facts(job.imageRef, response.deviceId))
      return open.flatMap((index) => {
        const command = left[index]
        return command === undefined ? [] : [{ job: name, index, command }]
      })
    })
  }

  /** What reading has shown of such a command: performed, accepted, or never there, so that it goes again. */
  resolved(name: string, localId: string, index: number, finding: Finding): void {
    const response = this.#jobs.get(name)?.job?.responses.find((each) => each.name === localId)
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
      const response = job?.state === 20 ? job.responses.find((each) => each.name === localId) : undefined
      if (job === null || response === undefined) continue
      this.#move(name, fanout.sessionEnded(job, localId, this.#yard.now()))
      // A session that was lost: the device is called again, though not for ever in a circle.
      if (response.state === 30 && this.#yard.now() - response.notifiedAt >= CALL_AGAIN) this.wake(name, localId)
    }
  }

  /** The device cannot be served: refused, unreachable, adapter failed. */
  refusedDevice(name: string, localId: string, code: number): void {
    const job = this.#jobs.get(name)?.job
    if (job != null) this.#move(name, fanout.refused(job, localId, code, this.#yard.now()))
  }

  /** A generic alert of a device that is none of the gateway's own. Gives the Status for it; stored before that leaves. */
  lateAlert(deviceId: string, correlator: string, alert: Omit<LateAlert, 'cmd' | 'correlator'>, mark: string): number {
    const record = this.#devices.recordOf(deviceId)
    if (record === undefined) return 412
    for (const [name, running] of this.#jobs) {
      if (running.job === null) continue
      const at = fanout.matchLate(running.job, deviceId, correlator, alert.source)
      if (at === null) continue
      const cmd = running.commands[at.index]?.cmdId ?? ''
      const late: LateAlert = { cmd, correlator: `${name}.${at.name}.${cmd}`, ...alert }
      const grave = /^(fatal|critical)$/i.test(mark.trim())
      const { job, again } = fanout.lateAlert(running.job, at, late, this.#yard.now(), grave ? 500 : 200)
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
    const servers = this.#yard.options.servers.filter((server) => this.mayRead(record, server))
    this.#yard.report(servers, generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark))
    return 202
  }

  #aggregate(name: string, job: Job, report: Aggregation, mark: string, source: string = `./GwMO/Fanout/Fanout/${name}`): void {
    const alert = generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark, job.correlator)
    this.#yard.report([job.server], alert)
  }

  #move(name: string, next: Job): void {
    const running = this.#jobs.get(name)
    if (running === undefined) return
    const before = running.job
    if (before === next) return
    running.job = next
    const moved: Response[] = []
    next.responses.forEach((response, i) => {
      const old = before?.responses[i]
      if (old === response) return
      moved.push(response)
      this.#yard.keep('gateway.response', `${name}/${response.name}`, response)
      const { name: localId, state, code, deviceId } = response
      if (state >= 35 && old?.state !== state)
        this.#yard.tell('gateway.response', `${deviceId} ${stateWords('response', state)}${code === null ? '' : ` (${code})`}`, deviceId, {
          job: name,
          localId,
          state,
          code,
        })
    })
    if (next.state === 30 && before?.state !== 30) this.#finish(name, next)
    // A job of thousands is not written anew for each of them.
    if (before === null || !sameJob(before, next)) this.#saveJob(name)
    this.#yard.part.shown.job(next, running.reportState, moved)
    this.#yard.rearm()
  }

  /** The job reports: the collected answers, then that it is complete, in this order. */
  #finish(name: string, job: Job): void {
    const report = fanout.closing(job)
    if (report !== null) this.#aggregate(name, job, report, 'informational')
    const running = this.#jobs.get(name)
    if (running !== undefined) running.reportState = 10
    const mark = job.result === 200 ? 'informational' : 'warning'
    const alert = generic(ALERTS.completion.type, 'int', `./GwMO/Fanout/Fanout/${name}`, String(job.result), mark, job.correlator)
    this.#yard.report([job.server], alert)
    this.#yard.tell('gateway.job', `job ${name} ended with ${job.result ?? 0}`, '', { job: name, result: job.result ?? 0 })
    this.#yard.wish({ type: 'session', server: job.server, sessionId: null })
  }

  #saveJob(name: string): void {
    const running = this.#jobs.get(name)
    if (running === undefined) return
    const { server, job, reportState } = running
    const rest = job === null ? null : { ...job, responses: undefined, names: job.responses.map((each) => each.name) }
    this.#yard.keep('gateway.job', name, { server, leaves: this.#yard.part.asked.written('job', name), job: rest, reportState })
  }

  #commandsOf(name: string): readonly Request[] {
    const text = this.#yard.part.asked.job(name)?.command ?? ''
    return text === '' ? [] : takenApart(readFanoutCommand(text))
  }
}

/** True where nothing but responses moved. */
function sameJob(a: Job, b: Job): boolean {
  return (Object.keys(b) as (keyof Job)[]).every((name) => name === 'responses' || a[name] === b[name])
}
