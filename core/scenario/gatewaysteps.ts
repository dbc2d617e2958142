// Steps, set-ups and faults that flows of S0 and S4 share: who stands where before they begin, and what proves that a party did its part.
import { GATEWAY_PLACES as AT, deviceIdOf } from './gatewaysetup.ts'
import type { Act, GatewayPlant, GatewaySetup, SetupEnd } from './gatewaysetup.ts'
import { ALERTS } from '../mo/gwmo.ts'
import type { Actor, Condition, Contradiction, Fault, Predicate, Scenario, Step } from './types.ts'

export type Flow = Scenario<GatewaySetup, GatewayPlant>
export type Planted = Fault<GatewayPlant>

export const ED1: SetupEnd = { name: 'ed1', mode: 'proxy', begins: 'registered' }
export const ED2: SetupEnd = { name: 'ed2', mode: 'proxy', begins: 'registered' }
export const ED3: SetupEnd = { name: 'ed3', mode: 'transparent', begins: 'registered' }
export const ED4: SetupEnd = { name: 'ed4', mode: 'adaptation', begins: 'registered' }

export const SETUP: Omit<GatewaySetup, 'devices' | 'acts'> = { stage: 'gateway', bootstrapped: true, catalogue: [] }

/** A step whose printed label is its key, but for the prime: the document prints a typographic one. */
export function step(key: string, text: string, from: Actor, to: Actor, decide: Predicate, more: Partial<Step> = {}): Step {
  return { key, label: key.replace("'", '’'), text, from, to, decide, ...more }
}

export const fault = (key: string, text: string, plant: GatewayPlant): Planted => ({ step: key, text, plant })
export const skip = (act: string): GatewayPlant => ({ kind: 'skip', act })
/** The same acts but one. */
export const changed = (key: string, how: (act: Act) => Act): GatewayPlant => ({
  kind: 'setup',
  change: (setup) => ({ ...setup, acts: setup.acts.map((act) => (act.key === key ? how(act) : act)) }),
})

// What rows tell. Names of alerts come from the table of the object.

export const gatewayPush = 'kind == push && hop == S-G && pkg == "#0" && dir == down'
/** A Package #0 to one device; `hop` tells who made it. */
export const pushTo = (name: string, hop: 'G-D' | 'S-D' = 'G-D'): string =>
  `kind == push && hop == ${hop} && pkg == "#0" && dir == down && device == "${deviceIdOf(name)}"`
/** The gateway tells the DM Server. */
export const alerts = (name: keyof typeof ALERTS, more = ''): string =>
  `hop == S-G && dir == up && any(alert.code == 1226 && alert.type == "${ALERTS[name].type}"${more === '' ? '' : ` && ${more}`})`
/** A message of a device to the gateway that tells how commands went; the first of a session answers nothing. */
export const answersOf = (name: string): string =>
  `hop == G-D && dir == up && device == "${deviceIdOf(name)}" && any(status.cmd in (Add, Replace, Get, Exec, Sequence))`
export const attached = (mode: 0 | 1 | 2): Predicate => ({ event: 'gateway.attached', where: { mode } })
export const related = (mode: 0 | 1 | 2): Predicate => ({
  event: 'server.relation',
  where: { mode, attached: true, gateway: AT.id, gatewayAddress: AT.push },
})
/** The answers of these devices stand in the Fanout MO. */
export const storedOf = (...names: readonly string[]): readonly Predicate[] =>
  names.map((localId): Predicate => ({ event: 'gateway.response', where: { localId, state: 40 } }))
export const all = (...parts: readonly Predicate[]): Predicate => ({ all: parts })
export const inOrder = (...parts: readonly Predicate[]): Predicate => ({ then: parts })
export const row = (text: string): Predicate => ({ row: text })

export const refusedAlert: Contradiction = {
  when: row('hop == S-G && dir == down && any(status.cmd == Alert && status >= 400)'),
  reason: 'the DM Server refuses the alert',
}
/** A fan-out that ended otherwise. */
export const failedFanout: Contradiction = {
  when: { event: 'server.fanout', where: { state: ['failed', 'cancelled'] } },
  reason: 'the fan-out did not succeed',
}

/** What the flows stand on (7.2.1): the gateway has an account at the DM Server that works. */
export const GATEWAY_READY: Condition = {
  key: 'P1',
  text: 'The DM Gateway was bootstrapped by the DM Server.',
  decide: row(`hop == S-G && dir == down && device == "${AT.id}" && auth == accepted`),
}
