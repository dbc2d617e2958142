// Flow 5.4.2 for 100 and 1,000 simulated devices through one lab process: messages a second over real sockets, and memory a device.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Row } from './rows.ts'

interface Told {
  readonly count: number
  readonly done: number
  readonly messages: number
  readonly seconds: number
  readonly bytes: number
}

function run(count: number): Promise<Told> {
  const child = fork(join(import.meta.dirname, 'jobsrun.ts'), [String(count)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', (told) => resolve(told as Told))
    child.once('exit', (code) => reject(new Error(`the lab with ${String(count)} devices ended with code ${String(code)}`)))
  })
}

/** Rows `jobs.100` and `jobs.1000`: nothing comparable runs beside them, so they have no ratio. */
export async function jobs(): Promise<Row[]> {
  const rows: Row[] = []
  for (const count of [100, 1000]) {
    const { done, messages, seconds, bytes } = await run(count)
    if (done !== count) throw new Error(`${String(count - done)} of ${String(count)} jobs did not end well`)
    const note = `${String(count)} simulated devices in the lab's process fetch 20 kB by flow 5.4.2 (Package #0, order, descriptor, object, late alert): ${String(messages)} messages in ${seconds.toFixed(1)} s, all recorded`
    rows.push({ name: `jobs.${String(count)}`, ours: messages / seconds, theirs: null, unit: 'messages/s', ratio: null, note })
    rows.push({
      name: `jobs.${String(count)}.memory`,
      ours: bytes / 1000,
      theirs: null,
      unit: 'kB/device',
      ratio: null,
      note: 'growth of the resident set after the jobs, a device: tree, software, disk, push port, job',
    })
  }
  return rows
}
