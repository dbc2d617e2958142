// Devices of a fan-out as its row tells them: what a report adds to what is known, and codes in words. Pure.
import type { FanoutDevice } from '../api.ts'
import type { DeviceResult } from '../gateway/payloads.ts'
import { valuesIn } from '../gateway/results.ts'
import { codeWords } from '../mo/codes.ts'
import { DEVICE_CODES } from '../mo/gwmo.ts'

/** What a report says of a device, beside what is known of it already: Statuses stay, late alerts gather. */
export function heard(known: FanoutDevice | undefined, { deviceId, code, statuses, late, results }: DeviceResult): FanoutDevice {
  const told = statuses.length === 0 ? (known?.statuses ?? []) : statuses.map(({ cmd, code: own }) => ({ cmd, code: own }))
  const fresh = late.map(({ cmd, type, source, data }) => ({ cmd, type, source, data: data.slice(0, 2000) }))
  const alerts = [...(known?.late ?? []), ...fresh].slice(-50)
  const read = valuesIn(results)
  const values = read.length === 0 ? (known?.values ?? []) : read
  return {
    deviceId,
    code,
    text: deviceWords(code),
    ...(told.length === 0 ? {} : { statuses: told }),
    ...(alerts.length === 0 ? {} : { late: alerts }),
    ...(values.length === 0 ? {} : { values }),
  }
}

/** A device code in words: the gateway's own, else the enabler's. */
export function deviceWords(code: number): string {
  if (code === 200) return 'done'
  if (code === 202) return 'accepted, a late alert is awaited'
  return DEVICE_CODES.find(({ value }) => value === code)?.words ?? codeWords(code)
}
