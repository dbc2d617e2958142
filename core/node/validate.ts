// Checks the arguments of every LabApi call that comes from a screen or a script: unknown keys are refused, sizes bounded, messages name the argument.
import type { LabApi } from '../api.ts'
import type { Check } from '../rpc.ts'
import { ADB_CALLS, CONNECT_CALLS } from './validateadb.ts'
import { DEVICES_CALLS } from './validatedevices.ts'
import { GATEWAYS_CALLS } from './validategateways.ts'
import { CATALOGUE_CALLS, JOBS_CALLS, PROVIDER_CALLS, SCENARIOS_CALLS, SOFTWARE_CALLS } from './validatejobs.ts'
import { MODEM_CALLS, WIFI_CALLS } from './validatemodem.ts'
import { PEERS_CALLS } from './validatepeers.ts'
import { DIALECT_CALLS, PROXIES_CALLS } from './validateproxies.ts'
import { EVIDENCE_CALLS, LAB_CALLS, STEPPER_CALLS, TRACE_CALLS } from './validatetrace.ts'
import { TREE_CALLS } from './validatetree.ts'
import { ADDRESSES_CALLS, TRUST_CALLS } from './validatetrust.ts'
import { checked } from './validatebase.ts'
import type { Argument, Calls } from './validatebase.ts'

/** By area; a forgotten one is an error of types. */
const AREAS: { readonly [A in Exclude<keyof LabApi, 'on'>]: Calls<A> } = {
  lab: LAB_CALLS,
  trace: TRACE_CALLS,
  stepper: STEPPER_CALLS,
  devices: DEVICES_CALLS,
  evidence: EVIDENCE_CALLS,
  tree: TREE_CALLS,
  jobs: JOBS_CALLS,
  catalogue: CATALOGUE_CALLS,
  provider: PROVIDER_CALLS,
  software: SOFTWARE_CALLS,
  scenarios: SCENARIOS_CALLS,
  gateways: GATEWAYS_CALLS,
  trust: TRUST_CALLS,
  addresses: ADDRESSES_CALLS,
  modem: MODEM_CALLS,
  wifi: WIFI_CALLS,
  proxies: PROXIES_CALLS,
  dialect: DIALECT_CALLS,
  adb: ADB_CALLS,
  connect: CONNECT_CALLS,
  peers: PEERS_CALLS,
}

/** The Check of core/rpc.ts. Throws an Error such as `trace.rows: first: expected int`. */
export const check: Check = (area, method, args) => {
  const areas: Record<string, Record<string, readonly Argument[]>> = AREAS
  const wanted = Object.hasOwn(areas, area) ? areas[area] : undefined
  const list = wanted !== undefined && Object.hasOwn(wanted, method) ? wanted[method] : undefined
  if (list === undefined) throw new Error(`no such call: ${area}.${method}`)
  if (args.length > list.length) throw new Error(`${area}.${method}: ${args.length} arguments where ${list.length} are wanted`)
  // What may be left out and was left out stays out.
  return list.map(([argument, schema], i) => checked(`${area}.${method}`, argument, schema, args[i])).slice(0, args.length)
}
