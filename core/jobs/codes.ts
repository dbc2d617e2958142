// From the Status of a command to a result code of the object, and what a code says of the job. INFERRED where the sheets leave it open.
import type { JobState, JobType } from '../api.ts'
import { codeGood } from '../mo/codes.ts'

/** What an Exec's Status means (scomo sheet 7.1; fumo sheet 5: 200 is accepted too, the alert still comes). */
export function execMeans(type: JobType, code: number): 'accepted' | 'done' | 'refused' | 'unknown' {
  if (code === 0) return 'unknown'
  if (code === 202) return 'accepted'
  if (type === 'fumo') return code === 200 ? 'accepted' : 'refused'
  return code === 200 || (code >= 1200 && code < 1300) ? 'done' : 'refused'
}

const FAILED: readonly (readonly [RegExp, number])[] = [
  [/^Download/, 1402],
  [/^Install/, 1405],
  [/^Remove/, 1408],
  [/^Activate/, 1409],
  [/^Deactiv/, 1410],
]

/** Result code of a command that was refused with a SyncML Status (scomo sheet 8, 9; fumo sheet 7). */
export function refusedCode(type: JobType, status: number, primitive: string): number {
  const scomo = type === 'scomo'
  if (scomo && status >= 1400 && status < 1600) return status
  switch (status) {
    case 404:
    case 405:
    case 406:
      return scomo ? 1411 : 408
    case 401:
    case 403:
    case 407:
    case 425:
      return scomo ? 1400 : 400
    case 413:
    case 420:
      return scomo ? (primitive.startsWith('Install') ? 1406 : 1404) : primitive === 'Update' ? 502 : 501
    default: {
      if (!scomo) return primitive === 'Update' ? 410 : 409
      return FAILED.find(([name]) => name.test(primitive))?.[1] ?? 1412
    }
  }
}

/** Code of a whole that went well. */
export const goodCode = (type: JobType): number => (type === 'scomo' ? 1200 : 200)
export const refusedByUser = (type: JobType): number => (type === 'scomo' ? 1401 : 401)
export const notImplemented = (type: JobType): number => (type === 'scomo' ? 1411 : 408)
export const undefinedError = (type: JobType): number => (type === 'scomo' ? 1412 : 409)

/** End of an item whose operation reported this code. */
export function stateOf(code: number): JobState {
  return codeGood(code) ? 'done' : code === 1401 || code === 401 ? 'refused' : 'failed'
}
