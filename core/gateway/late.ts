// Alerts that devices send of what they accepted (202) earlier: where they belong, and what they make of the record. Pure.
import { DEFAULTS } from '../mo/gwmo.ts'
import { deviceCode, enablerOf, lateCode, lateSuccess } from './codes.ts'
import { change, final, judged } from './job.ts'
import type { Job, Response } from './job.ts'
import type { LateAlert } from './payloads.ts'

/** Does a late alert belong here: by Correlator, else to the only waiting Exec whose target is, is above or is below its Source. */
export function matchLate(job: Job, deviceId: string, correlator: string, source: string): { readonly name: string; readonly index: number } | null {
  const response = job.responses.find((each) => each.deviceId === deviceId)
  if (response === undefined) return null
  if (correlator !== '') {
    const index = response.commands.findIndex((command) => command.correlator === correlator)
    return index < 0 ? null : { name: response.name, index }
  }
  const waiting = response.commands.flatMap((command, index) => {
    const near = command.target === source || command.target.startsWith(`${source}/`) || source.startsWith(`${command.target}/`)
    return command.code === 202 && command.late === null && near ? [index] : []
  })
  return waiting.length === 1 && waiting[0] !== undefined ? { name: response.name, index: waiting[0] } : null
}

/** Puts a late alert into the record; `again` where the very same one is there already. `plain`: what it counts as where its Data is no code. */
export function lateAlert(
  job: Job,
  at: { readonly name: string; readonly index: number },
  alert: LateAlert,
  now: number,
  plain = 200,
): { readonly job: Job; readonly again: boolean } {
  const response = job.responses.find(({ name }) => name === at.name)
  const same = (each: LateAlert): boolean =>
    each.correlator === alert.correlator &&
    each.type === alert.type &&
    each.source === alert.source &&
    each.data === alert.data &&
    each.target === alert.target
  if (response === undefined || response.late.some(same)) return { job, again: true }
  const enabler = enablerOf(alert.type)
  const code = lateCode(alert.data, enabler) ?? plain
  const closed = final(response)
  const next = change(job, at.name, (each) => {
    const commands = each.commands.map((command, i) => {
      if (i !== at.index) return command
      // The first failure stays; a later success of another component does not cover it.
      const keep = command.late !== null && !lateSuccess(command.late, command.enabler)
      // Its Status was lost: what reports its end was accepted.
      return keep ? command : { ...command, code: command.code ?? 202, late: code, enabler }
    })
    const failed = !lateSuccess(code, enabler)
    const held: Response = { ...each, commands, late: [...each.late, alert], settleAt: failed ? now : now + DEFAULTS.settle, told: false }
    // After the end of the record its code is corrected, the job's result is not.
    return closed ? { ...held, code: deviceCode(commands) ?? held.code } : judged(held, now)
  })
  return { job: next, again: false }
}
