// Codes of a fan-out: how each answer is judged, what becomes of a device, what becomes of the job (gwmo sheet 4.6, 4.7; INFERRED unless a code is DM's own).

/** What one answer means for its command. */
export type Judgement = 'success' | 'pending' | 'under way' | 'failure'

/** An answer's class. `preparing`: an Add of an interior node, or of a leaf that a later Replace of the same list writes; 418 to it means that the node is there. */
export function judge(code: number, preparing: boolean): Judgement {
  if (code === 202) return 'pending'
  if (code === 213) return 'under way'
  if (code === 200 || (code >= 1200 && code < 1300)) return 'success'
  return code === 418 && preparing ? 'success' : 'failure'
}

/** Enablers whose late alerts carry result codes. */
export type Enabler = 'scomo' | 'fumo' | 'other'

/** True where the code of a late alert tells success, by its enabler's own table. */
export function lateSuccess(code: number, enabler: Enabler): boolean {
  switch (enabler) {
    case 'scomo':
      return code >= 1200 && code < 1300
    case 'fumo':
      return code === 200 || (code >= 250 && code < 300)
    case 'other':
      return (code >= 200 && code < 300) || (code >= 1200 && code < 1300)
    default:
      return enabler satisfies never
  }
}

/** One command's answer as far as it is known. */
export interface Answer {
  /** Status code; null while none came. */
  readonly code: number | null
  readonly preparing: boolean
  /** Result code of the late alert of an Exec answered 202; null while none came. */
  readonly late: number | null
  readonly enabler: Enabler
}

/** The device's code: the first failure in command order; else the last late code, else the last enabler code, else 200; 202 while an answer is pending; null while a Status is missing. */
export function deviceCode(answers: readonly Answer[]): number | null {
  let late: number | null = null
  let own: number | null = null
  let pending = false
  let missing = false
  for (const answer of answers) {
    if (answer.code === null) {
      missing = true
      continue
    }
    const judged = judge(answer.code, answer.preparing)
    if (judged === 'failure') return answer.code
    if (judged === 'under way') missing = true
    if (judged === 'pending') {
      if (answer.late === null) pending = true
      else if (!lateSuccess(answer.late, answer.enabler)) return answer.late
      else late = answer.late
    }
    if (answer.code >= 1200) own = answer.code
  }
  if (missing) return null
  return pending ? 202 : (late ?? own ?? 200)
}

/** What a job knows of one target at its end. */
export interface Ended {
  readonly code: number
  readonly good: boolean
  /** False for a target that named nobody; a device that itself answered 404 is somebody. */
  readonly resolved: boolean
}

/** Job code; the order of the rows is the order of precedence. */
export function jobCode(targets: readonly Ended[], cancelled: boolean): number {
  if (cancelled) return 214
  if (targets.every(({ resolved }) => !resolved)) return 404
  const good = targets.filter((target) => target.good).length
  if (good === targets.length) return 200
  if (good > 0) return 206
  if (targets.some(({ code }) => code === 410)) return 410
  return targets.every(({ code }) => code === 408) ? 408 : 500
}

/** Result code an alert of a device reports; null where its Data holds none. SCOMO: ResultCode; FUMO: the Data itself. */
export function lateCode(data: string, enabler: Enabler): number | null {
  const text = enabler === 'fumo' ? data.trim() : (/<ResultCode>\s*(\d{3,4})\s*<\/ResultCode>/.exec(data)?.[1] ?? data.trim())
  return /^\d{3,4}$/.test(text) ? Number(text) : null
}

/** Enabler of an alert type. */
export function enablerOf(type: string): Enabler {
  if (/:scomo:|softwarecomponent/i.test(type)) return 'scomo'
  return /firmwareupdate|:fumo:/i.test(type) ? 'fumo' : 'other'
}
