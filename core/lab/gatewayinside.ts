// What a gateway of this process knows, as plain rows: its records, jobs and images. Read only.
import type { GatewayInside, GatewayRecordRow, ImageRow, MatrixDevice } from '../api.ts'
import { enablerOf, lateCode } from '../gateway/codes.ts'
import type { Image } from '../gateway/image.ts'
import type { Job, Response } from '../gateway/job.ts'
import type { DeviceRecord } from '../gateway/ports.ts'
import { modeName, stateWords } from '../mo/gwmo.ts'
import { valuesIn } from '../gateway/results.ts'
import { deviceWords } from './fanoutdevices.ts'
import type { GatewayHost } from './gatewayhost.ts'

/** A gateway played here, as far as it is looked into. */
export interface Looked {
  readonly id: string
  /** Base of the paths below /gw. */
  readonly url: string
  readonly host: Pick<GatewayHost, 'gateway' | 'pairing'>
  readonly fetched: () => readonly { readonly image: string; readonly device: string; readonly at: number }[]
  readonly store: () => { readonly used: number; readonly capacity: number }
}

export function insideOf({ id, url, host, fetched, store }: Looked): GatewayInside {
  const { devices, fanouts, images } = host.gateway
  const taken = fetched()
  return {
    id,
    records: devices.records().map(recordRow),
    expected: host.pairing.expected(),
    store: store(),
    jobs: fanouts.jobs().map((job) => ({ name: job.name, startedAt: job.startedAt, endsAt: job.startedAt + job.timeoutMs, devices: devicesOf(job) })),
    images: images.all().map((image) => ({
      ...imageRow(image, url),
      fetched: taken.filter((each) => each.image === image.name).map(({ device, at }) => ({ device, at })),
    })),
  }
}

function recordRow(record: DeviceRecord): GatewayRecordRow {
  const { localId, deviceId, address, state, lastSeen, protocol, devInfo, servers, reportState } = record
  const at = { address: address.address, addressType: address.type }
  return { localId, deviceId, mode: modeName(record.mode) || 'transparent', ...at, state, lastSeen, protocol, devInfo, servers, reportState }
}

const devicesOf = (job: Job): MatrixDevice[] => job.responses.map(deviceOf)

function deviceOf({ deviceId, name, state, code, notifiedAt, endedAt, commands, late, data }: Response): MatrixDevice {
  const known = code ?? 0
  const values = valuesIn(data)
  return {
    deviceId,
    localId: name,
    state,
    code: known,
    text: known === 0 ? stateWords('response', state) : deviceWords(known),
    notifiedAt,
    endedAt,
    cells: commands.map((command) => ({ sent: command.sent, code: command.code, late: command.late })),
    late: late.map(({ type, source, data: told }) => ({ type, source, code: lateCode(told, enablerOf(type)), data: told.slice(0, 2000) })),
    ...(values.length === 0 ? {} : { values }),
  }
}

const IMAGE: Readonly<Record<Image['state'], ImageRow['state']>> = { 10: 'queued', 20: 'transferring', 30: 'ready', 40: 'failed', 50: 'expired' }

function imageRow(image: Image, url: string): Omit<GatewayInside['images'][number], 'fetched'> {
  const { name, state, size, digest, expiresAt, reason } = image
  const ready = state === 30 ? `${url}/image/${name}` : ''
  return { name, imageId: image.imageId || name, state: IMAGE[state], url: ready, size, digest, expiresAt: expiresAt ?? 0, reason }
}
