// Devices behind the gateway: discovered, authenticated, registered, detached; and what the DM Server is told of them, once for each change (S4 M.1, X.1, X.2).
import { ALERTS } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'
import type { Alert } from '../syncml/message.ts'
import type { Candidate } from './targets.ts'
import { attachText, detachText } from './payloads.ts'
import type { Attach, TypedAddress } from './payloads.ts'
import type { DeviceRecord, GatewayFacts } from './ports.ts'

/** What is learnt of a device. */
export interface Sighting {
  readonly deviceId: string
  readonly mode: Mode
  readonly address: TypedAddress
  readonly protocol?: string
  readonly devInfo?: Readonly<Record<string, string>>
  readonly servers?: readonly string[]
  readonly componentType?: number | null
}

/** A name for a new device: the tail of its id where that is free and can be a node's name, else `ed1`, `ed2` … */
export function freshLocalId(deviceId: string, taken: (localId: string) => boolean): string {
  const tail = /([A-Za-z0-9_-]{1,32})$/.exec(deviceId)?.[1] ?? ''
  if (tail !== '' && !taken(tail)) return tail
  let n = 1
  while (taken(`ed${n}`)) n += 1
  return `ed${n}`
}

export function newRecord(localId: string, sighting: Sighting, state: DeviceRecord['state'], now: number): DeviceRecord {
  return {
    localId,
    deviceId: sighting.deviceId,
    mode: sighting.mode,
    address: sighting.address,
    publicAddress: '',
    state,
    componentType: sighting.componentType ?? 0,
    lastSeen: now,
    protocol: sighting.protocol ?? '',
    devInfo: sighting.devInfo ?? {},
    servers: sighting.servers ?? [],
    reportState: 0,
    told: '',
  }
}

/** The record after a new sighting; a registered device stays what it is, a detached one comes back. */
export function seen(record: DeviceRecord, sighting: Sighting, state: DeviceRecord['state'], now: number): DeviceRecord {
  return {
    ...record,
    mode: sighting.mode,
    address: sighting.address.address === '' ? record.address : sighting.address,
    state: record.state === 30 && state < 30 ? 30 : state,
    lastSeen: now,
    protocol: sighting.protocol ?? record.protocol,
    devInfo: { ...record.devInfo, ...sighting.devInfo },
    servers: sighting.servers ?? record.servers,
  }
}

/** What the server is to know of a record; another text means another alert. */
export function attachOf(record: DeviceRecord, facts: GatewayFacts): Attach {
  const { deviceId, localId, address, mode, componentType } = record
  return { gatewayId: facts.id, gateway: facts.address, deviceId, localId, device: address, mode, componentType }
}

const recordUri = (localId: string): string => `./GwMO/Devices/Inventory/Records/${localId}`

/** `deviceattached`, version 1.1 or 1.0. */
export function attachAlert(record: DeviceRecord, facts: GatewayFacts, version: '1.1' | '1.0'): Alert {
  const attach = attachOf(record, facts)
  const text = attachText(version === '1.1' ? attach : { ...attach, componentType: null })
  return generic(version === '1.1' ? ALERTS.attached.type : ALERTS.attached10.type, 'xml', recordUri(record.localId), text, 'informational')
}

export function detachAlert(record: DeviceRecord, reason: number): Alert {
  return generic(ALERTS.detached.type, 'xml', recordUri(record.localId), detachText({ deviceId: record.deviceId, reason }), 'informational')
}

/** A generic alert (1226) of the gateway. */
export function generic(type: string, format: string, source: string, data: string, mark: string, correlator = ''): Alert {
  const item = { ...(source === '' ? {} : { source: { locUri: source } }), meta: { format, type, mark }, data }
  return { kind: 'Alert', cmdId: '', code: 1226, data: '1226', ...(correlator === '' ? {} : { correlator }), items: [item] }
}

/** A record as a target of fan-outs; `allowed` says whether the starting server may read it. */
export function candidate(record: DeviceRecord, allowed: boolean): Candidate {
  const leaves = new Map<string, string>([
    ['DeviceID', record.deviceId],
    ['LocalID', record.localId],
    ['Mode', String(record.mode)],
    ['Address', record.address.address],
    ['AddressType', record.address.type],
    ['State', String(record.state)],
    ...(record.protocol === '' ? [] : [['Protocol', record.protocol] as const]),
    ...Object.entries(record.devInfo).map(([name, value]) => [`DevInfo/${name}`, value] as const),
  ])
  return { localId: record.localId, deviceId: record.deviceId, mode: record.mode, registered: record.state === 30, allowed, leaves }
}
