// One fan-out as a record: targets fixed at the start, what each device answered, late alerts, what is due upwards. Pure: facts in, the next record out.
import type { Request } from '../syncml/message.ts'
import type { LinkType } from '../notify/si.ts'
import { deviceCode, jobCode, judge, lateSuccess } from './codes.ts'
import type { Answer } from './codes.ts'
import { needs, preparing, targetOf } from './command.ts'
import type { LateAlert } from './payloads.ts'
import type { Target } from './targets.ts'

/** A command of one device: its label in the stored list, what came of it. */
export interface SentCommand {
  readonly label: string
  readonly name: string
  readonly target: string
  /** Correlator towards the device; '' where it is no Exec. */
  readonly correlator: string
  readonly preparing: boolean
  /** Left for the device; it is never sent twice. */
  readonly sent: boolean
  /** Null while no Status came. */
  readonly code: number | null
  readonly late: number | null
  readonly enabler: Answer['enabler']
}

/** States of a response: gwmo table `response`. */
export type ResponseState = 10 | 20 | 30 | 35 | 40 | 50 | 60

export interface Response {
  readonly name: string
  readonly deviceId: string
  readonly state: ResponseState
  readonly code: number | null
  readonly commands: readonly SentCommand[]
  /** Status and Results as received, XML. */
  readonly data: string
  readonly late: readonly LateAlert[]
  /** When the last late alert came and the record may close, ms; 0 none. */
  readonly settleAt: number
  /** When it ended, ms since epoch; 0 while open. */
  readonly endedAt: number
  /** Told upwards in an interim report already. */
  readonly told: boolean
  /** Ms at which the device was notified last; 0 never. */
  readonly notifiedAt: number
}

/** States of a job: gwmo table `job`. */
export type JobState = 10 | 20 | 30 | 40 | 50

export interface Job {
  readonly name: string
  /** ServerID that started it; results go there and nowhere else. */
  readonly server: string
  /** Correlator of the starting Exec; '' none. */
  readonly correlator: string
  readonly state: JobState
  readonly result: number | null
  readonly startedAt: number
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly returnFormat: number
  readonly imageRef: string
  /** HTTP with Push: devices are sent a link instead of commands, and are done once they have fetched what it names. */
  readonly push?: PushedLink
  readonly cancelled: boolean
  readonly responses: readonly Response[]
}

/** What such a job pushes: `{{ImageURL}}` or `{{DescriptorURL}}`, and the media type of the body. */
export interface PushedLink {
  readonly token: string
  readonly type: LinkType
}

export interface JobStart {
  readonly name: string
  readonly server: string
  readonly correlator: string
  readonly now: number
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly returnFormat: number
  readonly imageRef: string
  readonly push?: PushedLink
  readonly targets: readonly Target[]
  readonly commands: readonly Request[]
}

/** Nothing more is awaited of this device. */
export const final = ({ state }: Response): boolean => state >= 40

/** A job that begins to run. Targets that get no session are answered at once. */
export function startJob(start: JobStart): Job {
  const prepared = preparing(start.commands)
  const responses = start.targets.map(({ name, deviceId, code }): Response => {
    const commands = start.commands.map((command, i): SentCommand => ({
      label: command.cmdId,
      name: command.kind === 'Other' ? command.name : command.kind,
      target: targetOf(command),
      correlator: command.kind === 'Exec' ? `${start.name}.${name}.${command.cmdId}` : '',
      preparing: prepared[i] ?? false,
      sent: false,
      code: null,
      late: null,
      enabler: 'other',
    }))
    const ended = code !== null
    return {
      name,
      deviceId,
      state: ended ? 50 : 10,
      code,
      commands: ended ? [] : commands,
      data: '',
      late: [],
      settleAt: 0,
      endedAt: ended ? start.now : 0,
      told: false,
      notifiedAt: 0,
    }
  })
  const { name, server, correlator, now, timeoutMs, intervalMs, returnFormat, imageRef, push } = start
  const kind = push === undefined ? {} : { push }
  const base = { name, server, correlator, startedAt: now, timeoutMs, intervalMs, returnFormat, imageRef, ...kind }
  return settle({ ...base, state: 20, result: null, cancelled: false, responses })
}

/** The job with one record changed; where that was the last open one, it is over. */
export function change(job: Job, name: string, how: (response: Response) => Response): Job {
  const responses = job.responses.map((response) => (response.name === name ? how(response) : response))
  return settle({ ...job, responses })
}

/** The device was told to come. */
export function notified(job: Job, name: string, now: number): Job {
  return change(job, name, (response) =>
    final(response) ? response : { ...response, state: response.state === 10 ? 20 : response.state, notifiedAt: now },
  )
}

/** Its session stands: commands not sent yet may leave. */
export function inSession(job: Job, name: string): Job {
  return change(job, name, (response) => (final(response) || response.state === 35 ? response : { ...response, state: 30 }))
}

/** Indices of the commands that may leave now: in order, up to the first Exec whose ground is not laid yet. Those whose ground failed get 215 and are never sent. */
export function nextCommands(
  response: Response,
  commands: readonly Request[],
): { readonly send: readonly number[]; readonly skip: readonly number[] } {
  const send: number[] = []
  const skip: number[] = []
  for (let at = 0; at < commands.length; at += 1) {
    const state = response.commands[at]
    const command = commands[at]
    if (state === undefined || command === undefined || state.sent || state.code !== null) continue
    const ground = commands.slice(0, at).map((each, i) => ({ state: response.commands[i], on: needs(command, each) }))
    if (ground.some(({ state: each, on }) => on && each?.code != null && judge(each.code, each.preparing) === 'failure')) {
      skip.push(at)
      continue
    }
    if (ground.some(({ state: each, on }) => on && (each?.code ?? null) === null)) break
    send.push(at)
  }
  return { send, skip }
}

/** These left for the device; saved before they do, so that nothing is executed twice. */
export function leaving(job: Job, name: string, indices: readonly number[]): Job {
  return change(job, name, (response) => ({
    ...response,
    commands: response.commands.map((command, i) => (indices.includes(i) ? { ...command, sent: true } : command)),
  }))
}

/** A command that never reached the device: it may leave again. */
export function unsent(job: Job, name: string, index: number): Job {
  return change(job, name, (response) => ({
    ...response,
    commands: response.commands.map((command, i) => (i === index && command.code === null ? { ...command, sent: false } : command)),
  }))
}

/** A Status for one command (215 for one that is not sent). `data` is what goes into the record, as XML. */
export function answered(job: Job, name: string, index: number, code: number, data: string, now: number): Job {
  return change(job, name, (response) => {
    const commands = response.commands.map((command, i) => (i === index && command.code === null ? { ...command, code } : command))
    return judged({ ...response, commands, data: response.data + data }, now)
  })
}

/** The session is over or lost. What was sent and got no Status stays open until the time-out: it is not sent again. */
export function sessionEnded(job: Job, name: string, now: number): Job {
  return change(job, name, (response) => {
    const asked = judged(response, now)
    return asked.state === 30 ? { ...asked, state: 20 } : asked
  })
}

/** Sessions did not survive the gateway: who was in one is to come again. */
export function woken(job: Job): Job {
  const responses = job.responses.map((response): Response => (response.state === 30 ? { ...response, state: 20 } : response))
  return { ...job, responses }
}

/** Commands that left for a device and got no Status. */
export const unanswered = ({ commands }: Response): readonly number[] =>
  commands.flatMap(({ sent, code }, index) => (sent && code === null ? [index] : []))

/** The device refused, or the adapter failed: one code for the whole device. */
export function refused(job: Job, name: string, code: number, now: number): Job {
  return change(job, name, (response) => (final(response) ? response : { ...response, state: 50, code, endedAt: now }))
}

/** HTTP with Push: the device has fetched the whole object. */
export function fetched(job: Job, name: string, now: number): Job {
  return change(job, name, (response) => (final(response) ? response : { ...response, state: 40, code: 200, endedAt: now }))
}

/** State and code follow from the answers; a record with late alerts closes when they have settled. */
export function judged(response: Response, now: number): Response {
  // Without commands (HTTP with Push) no answer decides.
  if (final(response) || response.commands.length === 0) return response
  const code = deviceCode(response.commands)
  if (code === null) return response
  if (code === 202) return { ...response, state: 35, code }
  // A failed command does not stop the rest: the record waits until nothing is open.
  const open = response.commands.some((command) => command.code === null || (command.code === 202 && command.late === null))
  if (open)
    return { ...response, code, state: response.commands.some((command) => command.code === 202) && response.state !== 30 ? 35 : response.state }
  if (response.settleAt > now) return { ...response, state: 35, code }
  const good = response.commands.every((command) => goodCommand(command))
  return { ...response, state: good ? 40 : 50, code, endedAt: now }
}

function goodCommand({ code, late, preparing: prepared, enabler }: SentCommand): boolean {
  if (code === null) return false
  const judgement = judge(code, prepared)
  return judgement === 'success' || (judgement === 'pending' && late !== null && lateSuccess(late, enabler))
}

/** Time passed: settled records close, a job beyond its time-out ends with 408 for every target still open. */
export function elapsed(job: Job, now: number): Job {
  if (job.state !== 20) return job
  const over = now >= job.startedAt + job.timeoutMs
  const responses = job.responses.map((response): Response => {
    if (final(response)) return response
    const again = judged(response, now)
    return over && !final(again) ? { ...again, state: 60, code: 408, endedAt: now } : again
  })
  return settle({ ...job, responses })
}

/** Cancel: what is open and not in session ends with 214; devices in session finish their package. */
export function cancel(job: Job, now: number): Job {
  const responses = job.responses.map((response): Response =>
    final(response) || response.state === 30 ? response : { ...response, state: 50, code: 214, endedAt: now },
  )
  return settle({ ...job, cancelled: true, responses })
}

/** The image is void: devices that have not got their commands get 410. */
export function imageGone(job: Job, now: number): Job {
  const responses = job.responses.map((response): Response => {
    const begun = response.commands.some((command) => command.sent)
    return final(response) || begun ? response : { ...response, state: 50, code: 410, endedAt: now }
  })
  return settle({ ...job, responses })
}

/** All targets final: the job reports. */
function settle(job: Job): Job {
  if (job.state !== 20 || !job.responses.every(final)) return job
  const ended = job.responses.map((response) => ({
    code: response.code ?? 500,
    good: response.state === 40,
    resolved: response.code !== 404 || response.commands.length > 0,
  }))
  return { ...job, state: 30, result: jobCode(ended, job.cancelled) }
}

/** When something is due without anybody's doing, ms since epoch; null where nothing is. */
export function dueAt(job: Job): number | null {
  if (job.state !== 20) return null
  const settling = job.responses.flatMap(({ settleAt, state, commands }) =>
    state === 35 && settleAt > 0 && commands.every(({ code, late }) => code !== 202 || late !== null) ? [settleAt] : [],
  )
  return Math.min(job.startedAt + job.timeoutMs, ...settling)
}
