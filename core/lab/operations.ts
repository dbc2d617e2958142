// Long operations of adapters: kept before their 202 leaves, run act by act, told at their end like a device's own late alert; after a restart they go on where nothing is done twice.
import { finish } from '../adapters/command.ts'
import type { Later, Place } from '../adapters/command.ts'
import { resumeAt } from '../adapters/perform.ts'
import type { Adapter } from '../adapters/port.ts'
import { rowFor } from '../adapters/rows.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Docs } from '../store/docs.ts'
import { lateAlert } from './adapted.ts'
import type { Clock } from './ports.ts'

export interface OperationsParts {
  readonly gateway: Gateway
  readonly adapters: readonly Adapter[]
  readonly clock: Clock
  readonly docs: Docs
  readonly settle: () => void
  readonly happened: (text: string) => void
  readonly place: (adapter: Adapter, deviceId: string) => Place
}

/** As it is kept. */
interface Operation extends Later {
  readonly deviceId: string
  readonly at: number
  /** Index of the act under way; -1 before the first. */
  readonly step: number
}

const KIND = 'gateway.operation'
const keyOf = ({ deviceId, uri, correlator }: Operation): string => `${deviceId} ${correlator} ${uri}`

/** The long operations of one gateway. */
export class Operations {
  readonly #parts: OperationsParts
  #stopped = false

  constructor(parts: OperationsParts) {
    this.#parts = parts
  }

  /** What runs now is given up when the gateway stops; its record stays. */
  stop(): void {
    this.#stopped = true
  }

  /** Keeps an operation that was accepted; the call begins it, once its Status is kept, too. */
  kept(later: Later, adapter: Adapter, deviceId: string): () => void {
    const operation: Operation = { ...later, deviceId, at: this.#parts.clock.now(), step: -1 }
    this.#keep(operation)
    return () => void this.#operate(operation, adapter, 0)
  }

  /** True while this Exec's operation has a record. */
  running(deviceId: string, correlator: string): boolean {
    const all = this.#parts.docs.all(KIND).map(({ value }) => value as Operation)
    return all.some((each) => each.deviceId === deviceId && each.correlator === correlator)
  }

  /** Operations that the last process began: `when` calls what it is given once the device is there. */
  resume(when: (adapter: Adapter, deviceId: string, go: () => void) => void): void {
    const { gateway, adapters, docs, happened } = this.#parts
    for (const operation of docs.all(KIND).map(({ value }) => value as Operation)) {
      const { deviceId, uri, step } = operation
      const record = gateway.devices.recordOf(deviceId)
      const adapter = adapters.find(({ protocol }) => protocol === record?.protocol)
      const row = adapter === undefined ? undefined : rowFor(adapter.rows, 'Exec', uri)?.row
      const from = row === undefined ? null : step < 0 ? 0 : resumeAt(row.acts, step)
      if (adapter === undefined || from === null) {
        const unknown = /^\.\/SCOMO\//.test(uri) ? 1412 : 409
        this.#tell(operation, unknown, 'the gateway ended in the middle of it, and nothing tells what became of it')
        continue
      }
      happened(`${deviceId}: ${uri} goes on after the restart`)
      when(adapter, deviceId, () => void this.#operate(operation, adapter, from))
    }
  }

  #keep(operation: Operation): void {
    this.#parts.docs.put(KIND, keyOf(operation), operation)
  }

  async #operate(operation: Operation, adapter: Adapter, from: number): Promise<void> {
    const { place, settle } = this.#parts
    const step = (index: number): void => {
      this.#keep({ ...operation, step: index })
      settle()
    }
    const outcome = await finish(operation, { ...place(adapter, operation.deviceId), step }, from)
    if (!this.#stopped) this.#tell(operation, outcome.code, outcome.text)
  }

  /** Late, as 4.9 has it: stored and relayed like the alert of a DM device. */
  #tell(operation: Operation, code: number, text: string): void {
    const { gateway, docs, settle, happened } = this.#parts
    const { deviceId, uri, correlator } = operation
    const good = (code >= 200 && code < 300) || (code >= 1200 && code < 1300)
    happened(`${deviceId}: ${uri} ended with ${code}${text === '' ? '' : `: ${text}`}`)
    gateway.fanouts.lateAlert(deviceId, correlator, lateAlert(uri, code), good ? 'informational' : 'critical')
    docs.drop(KIND, keyOf(operation))
    settle()
  }
}
