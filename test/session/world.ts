// A DM Server in memory and whole simulated devices that come to it: posts are calls, waits are jumps of the clock.
import { makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import { runDevice } from '../../core/lab/runner.ts'
import type { ClientParts, Post, SessionOutcome } from '../../core/lab/runner.ts'
import type { Frame, Note } from '../../core/machine.ts'
import type { ServerOptions } from '../../core/server/serverterms.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Message } from '../../core/syncml/message.ts'
import { ACCOUNT, DEVICE, fixedEnv, Pair, SERVER_URI } from './support.ts'

export const SETUP: ClientSetup = {
  id: DEVICE,
  serverUri: SERVER_URI,
  user: ACCOUNT.userName,
  password: ACCOUNT.password,
  serverId: ACCOUNT.serverId,
  serverPassword: ACCOUNT.serverPassword,
  auth: 'syncml:auth-md5',
  encoding: 'xml',
}

/** A line of the wire: who spoke, the frame, what it says. */
export interface Line {
  readonly up: boolean
  readonly frame: Frame
  readonly message: Message
}

export class World {
  readonly pair: Pair
  readonly wire: Line[] = []
  /** Notes of the device. */
  readonly notes: Note[] = []
  readonly waits: number[] = []
  elapsed = 0
  /** False: posts fail. */
  line = true
  ask: ClientParts['ask']
  readonly env: ReturnType<typeof fixedEnv>
  #links = 0

  constructor(server: Partial<ServerOptions> = {}) {
    this.pair = new Pair({}, server)
    this.env = { ...fixedEnv(7), now: () => 1_700_000_000_000 + this.elapsed }
  }

  client(setup: Partial<ClientSetup> = {}, state?: unknown): Client {
    return makeClient({ ...SETUP, ...setup }, this.env, state)
  }

  /** Holds a session and those the device begins to report its jobs. */
  async hold(client: Client): Promise<SessionOutcome[]> {
    const clock = {
      now: this.env.now,
      mono: () => 0,
      soon: (call: () => void) => queueMicrotask(call),
      after: (ms: number, call: () => void) => {
        this.waits.push(ms)
        // The short waits are those for a job; an answer's own limit never passes here.
        if (ms < 60_000)
          queueMicrotask(() => {
            this.elapsed += ms
            call()
          })
        return () => {}
      },
    }
    const parts = {
      post: this.#post,
      clock,
      save: (record: Parameters<Client['remember']>[0]) => client.remember(record),
      note: (note: Note) => void this.notes.push(note),
      ...(this.ask === undefined ? {} : { ask: this.ask }),
    }
    return runDevice(() => ({ ...parts, machine: client.machine }), { type: 'start', initiated: 'client' })
  }

  #post: Post = async (frame) => {
    if (!this.line) throw new Error('no line')
    this.#pass(true, frame)
    const answer = this.pair.serve({
      type: 'frame',
      link: { link: ++this.#links },
      frame: { ...frame, uri: frame.uri.replace(/^https:\/\/[^/]+/, '') },
    })
    if (answer !== undefined) this.#pass(false, answer)
    return { httpStatus: answer === undefined ? 400 : 200, frame: answer ?? null, text: this.pair.closed }
  }

  #pass(up: boolean, frame: Frame): void {
    this.wire.push({ up, frame, message: decode(frame.bytes, frame.encoding).message })
  }
}
