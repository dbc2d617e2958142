// Devices a gateway is told to expect, and their bootstrap (S4 M.1, M.4): a code proves who comes, an account of its own goes back.
import type { BootstrapResult } from '../api.ts'
import { freshPin } from '../bootstrap/account.ts'
import type { Devices } from '../gateway/devices.ts'
import type { Docs } from '../store/docs.ts'
import type { Pushes } from './pushes.ts'
import type { Address } from './whereabouts.ts'

const PAIRING = 'gateway.pairing'

export interface PairingParts {
  readonly docs: Docs
  readonly random: (count: number) => Uint8Array
  /** Server id of the gateway in its devices' accounts. */
  readonly serverId: string
  readonly devices: Devices
  /** Configuration (TNDS documents) kept for a device; it goes along with its account. */
  readonly configs: (deviceId: string) => readonly string[]
  readonly pushes: Pushes
  readonly commit: () => void
  /** Devices moved: the gateway's wishes are performed. */
  readonly settle: () => void
  readonly event: (text: string, cause: number) => void
}

export class Pairing {
  readonly #parts: PairingParts

  constructor(parts: PairingParts) {
    this.#parts = parts
  }

  /** M.1: a pairing code for a device that is to come; a code made anew replaces the old one. Told here and kept until the device has used it. */
  expect(deviceId: string): string {
    const code = freshPin(this.#parts.random)
    this.#parts.docs.put(PAIRING, deviceId, { code })
    this.#parts.commit()
    return code
  }

  /** Devices that are expected and have not used their code yet. */
  expected(): readonly string[] {
    return this.#parts.docs.all(PAIRING).map(({ id }) => id)
  }

  /** The code a device must know; undefined for one that is not expected. */
  codeOf(deviceId: string): string | undefined {
    return (this.#parts.docs.get(PAIRING, deviceId) as { readonly code: string } | undefined)?.code
  }

  /** M.1: the device has proven that it knows its code: it gets an identifier and a record, its account comes later. */
  discovered(deviceId: string, address: Address): void {
    this.#parts.devices.discovered({ deviceId, mode: 1, address }, 20)
    this.#parts.settle()
  }

  /** M.1 and M.4: the device has proven that it knows its code. It gets an identifier, an account with secrets of its own, and the document that carries it. */
  async bootstrap(deviceId: string, address: Address, code: string, serverUri: string, to?: string): Promise<BootstrapResult> {
    const { devices, docs, pushes, serverId, commit, event } = this.#parts
    if (devices.recordOf(deviceId) === undefined) this.discovered(deviceId, address)
    const wish = { device: deviceId, profile: 'dm', security: 'USERPIN', pin: code, serverId, serverUri, name: 'gateway' } as const
    const made = await pushes.bootstrap({ ...wish, ...(to === undefined ? {} : { to }) }, this.#parts.configs(deviceId))
    docs.drop(PAIRING, deviceId)
    commit()
    event(`${deviceId} was authenticated and gets its account (M.4)`, made.seq)
    return made
  }
}
