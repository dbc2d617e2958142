// The ports that face devices: HTTP, HTTPS beside it, the gateway's server face, UDP for pushes. They open in order; what cannot be open says why, and all close together.
import type { ListenOptions, Received } from './facing.ts'
import { listen } from './http.ts'
import { startSockets } from './sockets/front.ts'
import type { SocketThread } from './sockets/front.ts'
import type { DmHttp } from './http.ts'
import type { LabOptions } from './laboptions.ts'
import { listenPush } from './push.ts'
import type { PushPort } from './push.ts'
import type { SecurePort } from './trust/port.ts'

/** Who is told what comes to the gateway's own port, and what happens to the doors, in words. */
export interface DoorParts {
  readonly atGateway: (received: Received) => void
  readonly told: (text: string) => void
}

/** All of them; null while one is not open. */
export class Doors {
  dm: DmHttp | null = null
  dms: DmHttp | null = null
  /** The gateway's server face, where it has a port of its own. */
  gws: DmHttp | null = null
  push: PushPort | null = null
  readonly #start: typeof startSockets
  #sockets: SocketThread | null = null
  /** Why there is no HTTPS; '' where there is. */
  noTls = 'no port was asked for'

  /** `start` starts the thread of sockets where one is wanted. */
  constructor(start = startSockets) {
    this.#start = start
  }

  /** HTTP doors. */
  get faces(): (DmHttp | null)[] {
    return [this.dm, this.dms, this.gws]
  }

  /** Opens the HTTP doors; rejects with one clear Error. */
  async open(facing: Omit<ListenOptions, 'port'>, options: LabOptions, secure: SecurePort, { atGateway, told }: DoorParts): Promise<void> {
    const { dmPort, tlsPort, tlsMust, gateway, gatewayPort } = options
    if (options.socketThread === true) await this.#startSockets(facing, told)
    const plain = this.#sockets === null ? facing : { ...facing, sockets: this.#sockets }
    this.dm = await listen({ ...plain, port: dmPort })
    if (tlsPort != null) await this.#openSecure((port) => listen({ ...facing, port, tls: secure }), tlsPort, tlsMust === true)
    if (gateway !== undefined && gatewayPort !== undefined) this.gws = await listen({ ...plain, port: gatewayPort, received: atGateway })
  }

  async listenPush(options: Parameters<typeof listenPush>[0]): Promise<void> {
    this.push = await listenPush(options)
  }

  async close(): Promise<void> {
    await this.push?.close()
    await this.gws?.close()
    await this.dms?.close()
    await this.dm?.close()
    await this.#sockets?.stop()
  }

  /** Without a thread the lab works as well, only with less to spare. */
  async #startSockets({ clock }: Pick<ListenOptions, 'clock'>, told: (text: string) => void): Promise<void> {
    try {
      this.#sockets = await this.#start({ clock, failed: told })
    } catch (error) {
      told(`no thread of their own for sockets: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async #openSecure(opened: (port: number) => Promise<DmHttp>, port: number, must: boolean): Promise<void> {
    this.noTls = ''
    try {
      this.dms = await (must ? opened(port) : opened(port).catch(() => opened(0)))
    } catch (error) {
      this.noTls = error instanceof Error ? error.message : String(error)
      if (must) throw error
    }
  }
}
