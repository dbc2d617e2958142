// Server messages per second with everything recorded, against a bare node:http echo of the same bytes and against itself with recording off.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from './load.ts'
import { alternate, median } from './rows.ts'
import type { Row } from './rows.ts'
import { player, recordSession, single } from './talk.ts'
import type { Step } from './talk.ts'

const CONNECTIONS = 50
const MS = 2000
const ROUNDS = 5
/** Before anything counts, every server is under load for so long: its code is compiled for what it does by then. */
const WARM_MS = 10_000

/** A server in a process of its own; `order` queues what a device is to get in its next session. */
interface Served {
  readonly url: URL
  readonly lab: boolean
  order(device: number): Promise<void>
  /** µs of CPU that its main thread has used so far. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** Starts a server. */
export async function start(kind: 'lab' | 'lab-silent' | 'echo', workspace: string): Promise<Served> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'serve.ts'), [kind, workspace], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)))
    child.once('exit', (code) => reject(new Error(`the ${kind} server ended with code ${code}`)))
  })
  const ordered = new Map<number, () => void>()
  /** Devices of one turn go together, an octet each: what the two processes say to each other is no part of the load. */
  let asked: number[] = []
  const orders = child.stdio[4] as Socket
  orders.on('data', (devices) => {
    for (const device of devices) ordered.get(device)?.()
  })
  let used: (cpu: number) => void = () => {}
  child.on('message', (message) => used(message as number))
  return {
    url: new URL(url),
    lab: kind !== 'echo',
    order: (device) =>
      new Promise((resolve) => {
        ordered.set(device, resolve)
        if (asked.push(device) > 1) return
        setImmediate(() => {
          orders.write(Uint8Array.from(asked))
          asked = []
        })
      }),
    cpu: () =>
      new Promise((resolve) => {
        used = resolve
        child.send('cpu')
      }),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.send('stop')
      }),
  }
}

/** What one run gave: answers per second, and µs of the server's main thread an answer. */
interface Run {
  readonly rate: number
  readonly cpu: number
}

/** Every device holds these sessions, one after the other; `orders`: each begins with an order in the queue. */
async function run(served: Served, steps: readonly Step[], orders: boolean, ms = MS): Promise<Run> {
  const { url, lab } = served
  const players = Array.from({ length: CONNECTIONS }, (_, device) =>
    player(steps, url, device, lab, orders && lab ? () => served.order(device) : undefined),
  )
  const before = await served.cpu()
  const { answers, errors, seconds } = await load(url, players, ms)
  if (errors > 0) throw new Error(`${errors} errors from ${url.href}`)
  return { rate: answers / seconds, cpu: ((await served.cpu()) - before) / answers }
}

/** Records the session that is played: an order delivered to device 0. */
export async function recorded(served: Served): Promise<Step[]> {
  await served.order(0)
  return recordSession(served.url)
}

/** Rows `server.messages…` and `server.sessions…`. */
export async function server(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-'))
  const servers = await Promise.all([start('lab', join(folder, 'a')), start('lab-silent', join(folder, 'b')), start('echo', '')])
  const [lab] = servers
  const steps = await recorded(lab)
  const size = (list: readonly Step[]): number => Math.round(list.reduce((sum, { body }) => sum + body.length, 0) / list.length)
  const alone = single()
  const runs = `${CONNECTIONS} connections, median of ${ROUNDS} runs of ${MS / 1000} s after ${WARM_MS / 1000} s of the same`
  const whole =
    `sessions of ${steps.length} messages, ${size(steps)} bytes XML in the mean: Package #1 with DevInfo and credentials, then the answers (Status, ` +
    `Results, Alert 1222) to a Get and to an Add of 12 kB in ${steps.length - 1} chunks; ${runs}`
  const rows = [
    ...(await measure('server.messages', servers, steps, true, whole)),
    ...(await measure(
      'server.sessions',
      servers,
      alone,
      false,
      `each message a session of its own: Package #1 of ${size(alone)} bytes XML; ${runs}`,
    )),
  ]
  for (const served of servers) await served.stop()
  rmSync(folder, { recursive: true, force: true })
  return rows
}

async function measure(name: string, servers: readonly Served[], steps: readonly Step[], orders: boolean, note: string): Promise<Row[]> {
  for (const served of servers) await run(served, steps, orders, served.lab ? WARM_MS : MS)
  const cpus = servers.map((): number[] => [])
  const [ours = 0, silent = 0, echo = 0] = await alternate(
    ROUNDS,
    servers.map((served, i) => async () => {
      const { rate, cpu } = await run(served, steps, orders)
      cpus[i]?.push(cpu)
      return rate
    }),
  )
  const [ourCpu = 0, , echoCpu = 0] = cpus.map(median)
  const unit = 'messages/s'
  return [
    { name, ours, theirs: echo, unit, ratio: ours / echo, note: `${note}; theirs: bare node:http echo of the same bytes` },
    {
      name: `${name}.recording`,
      ours,
      theirs: silent,
      unit,
      ratio: ours / silent,
      note: `as ${name}; theirs: our own server with recording off`,
    },
    {
      name: `${name}.cpu`,
      ours: ourCpu,
      theirs: echoCpu,
      unit: 'µs/message',
      ratio: ourCpu / echoCpu,
      note: `as ${name}: CPU of the server's main thread, less is better; theirs: bare node:http echo`,
    },
  ]
}
