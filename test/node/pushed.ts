// A simulated device in this process that takes pushes on a real UDP port and holds the sessions they ask for.
import { makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import { LAB_ACCOUNT } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import type { DoorOptions } from '../../core/device/door.ts'
import { runClient } from '../../core/lab/runner.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { listenPush } from '../../core/node/push.ts'
import { PATIENCE } from '../support/patience.ts'

/** The device, its address, and what happened to it. */
export interface PushedDevice {
  readonly client: Client
  readonly url: string
  readonly httpUrl: string
  readonly sessions: SessionOutcome[]
  /** Sentences about pushes that led to no session. */
  readonly refusals: string[]
  /** Datagrams and bodies as they came. */
  readonly arrived: Uint8Array[]
  /** Waits until `good` holds; rejects after ten seconds. */
  until(good: () => boolean): Promise<void>
  close(): Promise<void>
}

const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }

export async function pushedDevice(serverUri: string, setup: Partial<ClientSetup> = {}, door: DoorOptions = {}): Promise<PushedDevice> {
  const client = makeClient({ id: 'IMEI:004999010640777', serverUri, ...LAB_ACCOUNT, auth: 'syncml:auth-md5', encoding: 'wbxml', ...setup }, env)
  const at = new Door(client, door)
  const clock = processClock()
  const out = poster({ timeoutMs: 20_000 })
  const sessions: SessionOutcome[] = []
  const refusals: string[] = []
  const arrived: Uint8Array[] = []
  let queue = Promise.resolve()
  const port = await listenPush({
    host: '127.0.0.1',
    port: 0,
    http: true,
    clock,
    received: (what) => {
      arrived.push(what.bytes)
      queue = queue.then(async () => {
        const entrance = what.push === null ? { what: 'nothing' as const, text: what.trouble } : at.receive(what.push)
        if (entrance.what !== 'session') refusals.push(entrance.text)
        else
          sessions.push(
            await runClient({ machine: client.machine, post: out.post, clock, save: (record) => client.remember(record) }, entrance.start),
          )
      })
    },
  })
  return {
    client,
    url: port.url,
    httpUrl: port.httpUrl,
    sessions,
    refusals,
    arrived,
    until: async (good) => {
      for (const end = performance.now() + PATIENCE; !good(); await new Promise((resolve) => setTimeout(resolve, 5)))
        if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify({ sessions, refusals })}`)
    },
    close: async () => {
      await port.close()
      await queue
      out.close()
    },
  }
}
