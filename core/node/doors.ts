// The ports that face devices: HTTP, HTTPS beside it, the gateway's server face, UDP for pushes. They open in order; what cannot be open says why, and all close together.
import type { ListenOptions, Received } from './facing.ts'
import { listen } from './http.ts'
import type { DmHttp } from './http.ts'
import type { LabOptions } from './laboptions.ts'
import { listenPush } from './push.ts'
import type { PushPort } from './push.ts'
import type { SecurePort } from './trust/port.ts'

/** All of them; null while one is not open. */
export class Doors {
  dm: DmHttp | null = null
  dms: DmHttp | null = null
  /** The gateway's server face, where it has a port of its own. */
  gws: DmHttp | null = null
  push: PushPort | null = null
  /** Why there is no HTTPS; '' where there is. */
  noTls = 'no port was asked for'

  /** HTTP doors. */
  get faces(): (DmHttp | null)[] {
    return [this.dm, this.dms, this.gws]
  }

  /** Opens the HTTP doors; rejects with one clear Error. `atGateway` takes what comes to the gateway's own port. */
  async open(facing: Omit<ListenOptions, 'port'>, options: LabOptions, secure: SecurePort, atGateway: (received: Received) => void): Promise<void> {
    const { dmPort, tlsPort, tlsMust, gateway, gatewayPort } = options
    this.dm = await listen({ ...facing, port: dmPort })
    if (tlsPort != null) await this.#openSecure((port) => listen({ ...facing, port, tls: secure }), tlsPort, tlsMust === true)
    if (gateway !== undefined && gatewayPort !== undefined) this.gws = await listen({ ...facing, port: gatewayPort, received: atGateway })
  }

  async listenPush(options: Parameters<typeof listenPush>[0]): Promise<void> {
    this.push = await listenPush(options)
  }

  async close(): Promise<void> {
    await this.push?.close()
    await this.gws?.close()
    await this.dms?.close()
    await this.dm?.close()
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
