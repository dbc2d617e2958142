// What a job tells its server: the closing report in the form it asked for, interim news, late alerts as they come. Pure.
import { enablerOf, lateCode } from './codes.ts'
import { final } from './job.ts'
import type { Job, Response } from './job.ts'
import type { Aggregation, DeviceResult, LateAlert } from './payloads.ts'

export interface Counters {
  readonly targets: number
  readonly succeeded: number
  readonly failed: number
  readonly pending: number
}

export function counters(job: Job): Counters {
  const succeeded = job.responses.filter(({ state }) => state === 40).length
  const pending = job.responses.filter((response) => !final(response)).length
  return { targets: job.responses.length, succeeded, failed: job.responses.length - succeeded - pending, pending }
}

function resultOf(response: Response, full: boolean): DeviceResult {
  // What the device answered stands in its data already; the gateway's own codes (215) do not.
  const own = response.commands.filter(({ label }) => !response.data.includes(`<Status cmd="${label}" `))
  const statuses = full ? own.flatMap(({ label, name, code }) => (code === null ? [] : [{ cmd: label, name, code }])) : []
  return { deviceId: response.deviceId, code: response.code ?? 202, statuses, late: [], results: full ? response.data : '' }
}

/** The closing report by return format; null for format 0. */
export function closing(job: Job): Aggregation | null {
  if (job.returnFormat === 0) return null
  const summary = counters(job)
  if (job.returnFormat === 1) return { final: true, summary, devices: [], groups: [] }
  if (job.returnFormat === 4) {
    const codes = [...new Set(job.responses.map(({ code }) => code ?? 202))].sort((a, b) => a - b)
    const groups = codes.map((code) => ({
      code,
      devices: job.responses.filter((each) => (each.code ?? 202) === code).map(({ deviceId }) => deviceId),
    }))
    return { final: true, summary, devices: [], groups }
  }
  return { final: true, summary, devices: job.responses.map((response) => resultOf(response, job.returnFormat === 3)), groups: [] }
}

/** News since the last interim report, and the job with them marked as told; null where there are none. */
export function interim(job: Job): { readonly job: Job; readonly report: Aggregation } | null {
  const news = job.responses.filter((response) => final(response) && !response.told)
  if (news.length === 0 || job.returnFormat === 0) return null
  const responses = job.responses.map((response) => (news.includes(response) ? { ...response, told: true } : response))
  const devices = job.returnFormat === 1 ? [] : news.map((response) => resultOf(response, job.returnFormat === 3))
  return { job: { ...job, responses }, report: { final: false, summary: counters(job), devices, groups: [] } }
}

/** A late alert relayed at once as its own report; null where the return format suppresses it. */
export function relayed(job: Job, name: string, alert: LateAlert): Aggregation | null {
  const response = job.responses.find((each) => each.name === name)
  if (response === undefined || job.returnFormat < 2) return null
  const own = lateCode(alert.data, enablerOf(alert.type))
  const device: DeviceResult = { deviceId: response.deviceId, code: own ?? response.code ?? 202, statuses: [], late: [alert], results: '' }
  return { final: false, summary: null, devices: [device], groups: [] }
}
