// One fan-out to 100 and to 1,000 simulated devices behind one gateway: time, messages a second and memory; every device's status accounted for, at most 256 connected at once.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Row } from './rows.ts'

/** What one run gave. */
export interface FleetTold {
  readonly count: number
  readonly done: number
  readonly most: number
  readonly registration: number
  readonly fanout: number
  readonly messages: number
  /** Growth of the resident set of the process that is server and gateway, octets. */
  readonly bytes: number
}

/** Devices in a process, server and gateway in another; tells when all is over. */
export function fleet(count: number): Promise<FleetTold> {
  const child = fork(join(import.meta.dirname, 'gatewayrun.ts'), [String(count)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('message', (told) => resolve(told as FleetTold))
    child.once('exit', (code) => reject(new Error(`the fleet of ${String(count)} devices ended with code ${String(code)}`)))
  })
}

/** Rows `gateway.*`. What 1,000 devices cost is set against what 100 cost: below 1 would be cheaper a device. */
export async function gateway(): Promise<Row[]> {
  const few = await fleet(100)
  const many = await fleet(1000)
  for (const { count, done } of [few, many])
    if (done !== count) throw new Error(`${String(count - done)} of ${String(count)} devices did not end with 200`)
  const each = ({ fanout, count }: FleetTold): number => (fanout * 1000) / count
  const heavy = ({ bytes, count }: FleetTold): number => bytes / 1000 / count
  const note = ({ count, registration, fanout, messages, most }: FleetTold): string =>
    `${String(count)} devices registered in ${registration.toFixed(1)} s; a fan-out of Replace and Get in ${fanout.toFixed(1)} s, ${String(messages)} messages, ${String(most)} connected at most`
  const row = (name: string, ours: number, unit: string, text: string, theirs: number | null = null): Row => ({
    name,
    ours,
    theirs,
    unit,
    ratio: theirs === null ? null : ours / theirs,
    note: text,
  })
  return [
    row('gateway.100', each(few), 'ms/device', note(few)),
    row('gateway.1000', each(many), 'ms/device', `${note(many)}; theirs: the run with 100`, each(few)),
    row(
      'gateway.100.memory',
      heavy(few),
      'kB/device',
      'growth of server and gateway together from before the first registration, their caches and traces included',
    ),
    row('gateway.1000.memory', heavy(many), 'kB/device', 'the same for 1,000; theirs: the run with 100', heavy(few)),
  ]
}
