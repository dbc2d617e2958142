// The gateway's devices: who was seen, who is registered, who left; the DM Server is told once for each change.
import { attachAlert, attachOf, detachAlert, freshLocalId, newRecord, seen } from './inventory.ts'
import type { Sighting } from './inventory.ts'
import { modeName } from '../mo/gwmo.ts'
import { attachText } from './payloads.ts'
import type { DeviceRecord } from './ports.ts'
import type { Yard } from './yard.ts'

export class Devices {
  readonly #yard: Yard
  readonly #records = new Map<string, DeviceRecord>()
  readonly #byDevice = new Map<string, string>()
  /** Told when a registered device is there (again). */
  came: (localId: string) => void = () => {}

  constructor(yard: Yard) {
    this.#yard = yard
  }

  records(): readonly DeviceRecord[] {
    return [...this.#records.values()]
  }
  recordOf(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(this.#byDevice.get(deviceId) ?? '')
  }
  byLocalId(localId: string): DeviceRecord | undefined {
    return this.#records.get(localId)
  }

  /** Somebody tried what is not allowed; nothing came of it but a row. */
  barred(deviceId: string, text: string): void {
    this.#yard.tell('gateway.barred', text, deviceId)
  }

  /** M.1: a device was discovered (10) or has proven who it is (20). Gives its record. */
  discovered(sighting: Sighting, state: 10 | 20): DeviceRecord {
    const record = this.#sight(sighting, state)
    const { deviceId, localId, mode } = record
    const what = state === 10 ? 'was discovered' : `was authenticated and is ${localId} here`
    this.#yard.tell('gateway.discovered', `${deviceId} ${what}`, deviceId, { localId, mode, state: record.state })
    return record
  }

  /** X.1: the device is registered; the servers are told where something about it is new. */
  registered(sighting: Sighting): DeviceRecord {
    const record = this.#sight(sighting, 30)
    this.tellAttached(record)
    this.came(record.localId)
    return this.recordOf(record.deviceId) ?? record
  }

  #sight(sighting: Sighting, state: DeviceRecord['state']): DeviceRecord {
    const old = this.recordOf(sighting.deviceId)
    const record =
      old === undefined
        ? newRecord(
            freshLocalId(sighting.deviceId, (localId) => this.#records.has(localId)),
            sighting,
            state,
            this.#yard.now(),
          )
        : seen(old, sighting, state, this.#yard.now())
    this.save(record)
    return record
  }

  /** The device is gone. Reasons: gwmo table `detach`. */
  detached(deviceId: string, reason: number): void {
    const record = this.recordOf(deviceId)
    if (record === undefined || record.state === 40) return
    const gone: DeviceRecord = { ...record, state: 40, told: '', reportState: this.#yard.wants('Detach') ? 10 : record.reportState }
    this.save(gone)
    if (this.#yard.wants('Detach')) this.#yard.report(this.#yard.options.servers, detachAlert(gone, reason))
    this.#yard.tell('gateway.detached', `${deviceId} left the gateway`, deviceId, { localId: gone.localId, reason })
  }

  /** An administrator took the device out of the inventory for good. */
  forget(deviceId: string): void {
    this.detached(deviceId, 3)
    const record = this.recordOf(deviceId)
    if (record === undefined) return
    this.#records.delete(record.localId)
    this.#byDevice.delete(deviceId)
    this.#yard.part.shown.record(record.localId, null)
    this.#yard.keep('gateway.record', record.localId, null)
  }

  tellAttached(record: DeviceRecord): void {
    const told = attachText(attachOf(record, this.#yard.options.facts))
    if (record.told === told || !this.#yard.wants('Attach')) return
    this.save({ ...record, told, reportState: 10 })
    const { deviceId, localId, mode } = record
    this.#yard.tell('gateway.attached', `${deviceId} is registered with the gateway in ${modeName(mode)} mode`, deviceId, { localId, mode })
    for (const server of this.#yard.options.servers) {
      this.#yard.report([server], attachAlert(record, this.#yard.options.facts, this.#yard.older.has(server) ? '1.0' : '1.1'))
    }
  }

  save(record: DeviceRecord): void {
    this.put(record)
    this.#yard.keep('gateway.record', record.localId, record)
  }
  put(record: DeviceRecord): void {
    this.#records.set(record.localId, record)
    this.#byDevice.set(record.deviceId, record.localId)
    this.#yard.part.shown.record(record.localId, record)
  }
}
