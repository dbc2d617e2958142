// A fan-out that somebody cancels: what the gateway's answer means, and how the row stands then. Pure.
import type { FanoutRow } from '../api.ts'
import type { Order } from '../server/records.ts'
import { wordsOf } from '../syncml/text.ts'
import { deviceWords } from './fanoutdevices.ts'
import { badOf } from './fanoutlooks.ts'

/**
 * `taken`: the job ends, its completion tells how; `remove`: it does not run (gwmo sheet 4.4: 403), so its nodes are taken away lest a notification start
 * it; `gone`: there is none; `again`: the answer was lost; `refused`: anything else.
 */
export type CancelHeard = 'taken' | 'remove' | 'gone' | 'again' | 'refused'

/** What the answer to Exec Cancel (`removed` false) or to the Delete of the job means. */
export function cancelHeard(order: Order, removed: boolean): CancelHeard {
  if (order.state === 'unknown') return 'again'
  const code = badOf(order)?.code
  if (code === undefined) return removed ? 'gone' : 'taken'
  if (code === 404) return 'gone'
  return code === 403 && !removed ? 'remove' : 'refused'
}

/** Why an order waits: its gateway cannot be called. */
export const unwoken = (error: unknown): string => `the gateway is not notified: ${wordsOf(error)}; it gets this at its next session`

/** The gateway is being told. */
export const cancelling = (row: FanoutRow): FanoutRow => ({ ...row, reason: 'cancelled: the gateway is told' })

/** Nothing of it was done. */
export function cancelledRow(row: FanoutRow, reason: string): FanoutRow {
  const devices = row.devices.map((device) => (device.code === 0 ? { ...device, code: 214, text: deviceWords(214) } : device))
  return { ...row, state: 'cancelled', result: 214, reason, devices }
}
