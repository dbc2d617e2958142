// `dmlab device --lwm2m`: simulated LwM2M clients that register, stay, and do what their server asks; what they truly did is printed line by line.
import process from 'node:process'
import type { Command } from 'commander'
import { wordsOf } from '../../syncml/text.ts'
import { processClock } from '../clock.ts'
import type { LwClient } from '../lwm2mdevice.ts'
import { Failure, refuse, write, writeJson } from './output.ts'

export interface Lwm2mOptions {
  readonly lwm2m?: string
  readonly lwm2mBootstrap?: true
  readonly lifetime: string
  readonly id?: string
  readonly manufacturer?: string
  readonly model?: string
  readonly pushHost: string
  readonly json?: boolean
}

/** Adds the options. */
export function lwm2mOptions(command: Command): Command {
  return command
    .option('--lwm2m <url>', 'is no DM device but a LwM2M client that registers at this URL (coap://host:port), and stays; --id is its endpoint name')
    .option('--lwm2m-bootstrap', 'asks there for its account first')
    .option('--lifetime <seconds>', 'lifetime of its LwM2M registration', '300')
}

/** Runs clients until SIGTERM or SIGINT. Rejects where one could not register at first. */
export async function lwm2mDevices(options: Lwm2mOptions, count: number): Promise<void> {
  const url = options.lwm2m ?? ''
  if (!URL.canParse(url) || new URL(url).protocol !== 'coap:') refuse(`--lwm2m ${url}: not a coap URL`)
  const lifetime = Number(options.lifetime)
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > 864_000)
    refuse(`--lifetime ${options.lifetime}: not a number of seconds from 1 to 864000`)
  const { startLwClient } = await import('../lwm2mdevice.ts')
  const clock = processClock()
  const names = Array.from({ length: count }, (_, i) => `${options.id ?? 'lwm2m'}${count === 1 ? '' : `-${i + 1}`}`)
  const clients: LwClient[] = []
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  let told: Promise<void> = Promise.resolve()
  const log = (endpoint: string, what: string): void => {
    told = told.then(() => (options.json === true ? writeJson({ endpoint, did: what }) : write(`${endpoint}  ${what}\n`)))
  }
  for (const endpoint of names) {
    const { manufacturer, model } = options
    const setup = { endpoint, ...(manufacturer === undefined ? {} : { manufacturer }), ...(model === undefined ? {} : { model }) }
    clients.push(
      await startLwClient({
        setup,
        url,
        bootstrap: options.lwm2mBootstrap === true,
        host: options.pushHost,
        clock,
        lifetime,
        log: (text) => log(endpoint, text),
      }),
    )
  }
  const failed = await Promise.race([
    stopped.then(() => null),
    Promise.all(clients.map(({ registered }) => registered)).then(
      () => null,
      (error: unknown) => error,
    ),
  ])
  if (failed === null) {
    if (options.json === true)
      told = told.then(() => writeJson({ devices: clients.map((each, i) => ({ endpoint: names[i], coap: each.url })), pid: process.pid }))
    await stopped
  }
  await Promise.all(clients.map((client) => client.close()))
  await told
  if (failed !== null) throw new Failure(1, `not registered: ${wordsOf(failed)}`)
}
