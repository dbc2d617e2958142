// Objects of LwM2M this product speaks of, as tables (OMA-TS-LightweightM2M-V1_0 appendix E; Software Management OMA-TS-LWM2M_SwMgmt-V1_0), and the octets of their values.
import { hexOf, utf8Bytes, utf8Text } from '../../syncml/text.ts'

export type ResourceType = 'string' | 'integer' | 'boolean' | 'opaque' | 'time'
/** Read, write, execute; '' only for the bootstrap server. */
export type Operations = 'R' | 'W' | 'RW' | 'E' | ''

export interface ResourceRow {
  readonly object: number
  readonly id: number
  readonly name: string
  readonly operations: Operations
  readonly type: ResourceType
  readonly multiple: boolean
}

const r = (object: number, id: number, name: string, operations: Operations, type: ResourceType, many = false): ResourceRow => ({
  object,
  id,
  name,
  operations,
  type,
  multiple: many,
})

export const RESOURCES: readonly ResourceRow[] = [
  r(0, 0, 'LWM2M Server URI', '', 'string'),
  r(0, 1, 'Bootstrap-Server', '', 'boolean'),
  r(0, 2, 'Security Mode', '', 'integer'),
  r(0, 3, 'Public Key or Identity', '', 'opaque'),
  r(0, 4, 'Server Public Key', '', 'opaque'),
  r(0, 5, 'Secret Key', '', 'opaque'),
  r(0, 10, 'Short Server ID', '', 'integer'),
  r(0, 11, 'Client Hold Off Time', '', 'integer'),
  r(1, 0, 'Short Server ID', 'R', 'integer'),
  r(1, 1, 'Lifetime', 'RW', 'integer'),
  r(1, 6, 'Notification Storing', 'RW', 'boolean'),
  r(1, 7, 'Binding', 'RW', 'string'),
  r(1, 8, 'Registration Update Trigger', 'E', 'string'),
  r(3, 0, 'Manufacturer', 'R', 'string'),
  r(3, 1, 'Model Number', 'R', 'string'),
  r(3, 2, 'Serial Number', 'R', 'string'),
  r(3, 3, 'Firmware Version', 'R', 'string'),
  r(3, 4, 'Reboot', 'E', 'string'),
  r(3, 11, 'Error Code', 'R', 'integer', true),
  r(3, 13, 'Current Time', 'RW', 'time'),
  r(3, 16, 'Supported Binding and Modes', 'R', 'string'),
  r(3, 17, 'Device Type', 'R', 'string'),
  r(3, 18, 'Hardware Version', 'R', 'string'),
  r(3, 19, 'Software Version', 'R', 'string'),
  r(5, 0, 'Package', 'W', 'opaque'),
  r(5, 1, 'Package URI', 'RW', 'string'),
  r(5, 2, 'Update', 'E', 'string'),
  r(5, 3, 'State', 'R', 'integer'),
  r(5, 5, 'Update Result', 'R', 'integer'),
  r(5, 6, 'PkgName', 'R', 'string'),
  r(5, 7, 'PkgVersion', 'R', 'string'),
  r(5, 8, 'Firmware Update Protocol Support', 'R', 'integer', true),
  r(5, 9, 'Firmware Update Delivery Method', 'R', 'integer'),
  r(9, 0, 'PkgName', 'R', 'string'),
  r(9, 1, 'PkgVersion', 'R', 'string'),
  r(9, 2, 'Package', 'W', 'opaque'),
  r(9, 3, 'Package URI', 'W', 'string'),
  r(9, 4, 'Install', 'E', 'string'),
  r(9, 6, 'Uninstall', 'E', 'string'),
  r(9, 7, 'Update State', 'R', 'integer'),
  r(9, 8, 'Update Supported Objects', 'RW', 'boolean'),
  r(9, 9, 'Update Result', 'R', 'integer'),
  r(9, 10, 'Activate', 'E', 'string'),
  r(9, 11, 'Deactivate', 'E', 'string'),
  r(9, 12, 'Activation State', 'R', 'boolean'),
]

/** Objects with more than one instance. */
export const MANY: readonly number[] = [0, 1, 9]

/** `Firmware Update/State` (5/x/3) and `Update Result` (5/x/5). */
export const FIRMWARE_STATE = { idle: 0, downloading: 1, downloaded: 2, updating: 3 } as const
export const FIRMWARE_RESULT = {
  initial: 0,
  success: 1,
  noFlash: 2,
  noMemory: 3,
  lost: 4,
  integrity: 5,
  type: 6,
  uri: 7,
  failed: 8,
  protocol: 9,
} as const

/** `Software Management/Update State` (9/x/7) and `Update Result` (9/x/9). */
export const SOFTWARE_STATE = { initial: 0, downloading: 1, downloaded: 2, delivered: 3, installed: 4 } as const
export const SOFTWARE_RESULT = {
  initial: 0,
  downloading: 1,
  installed: 2,
  verified: 3,
  noStorage: 50,
  noMemory: 51,
  lost: 52,
  integrity: 53,
  type: 54,
  uri: 56,
  device: 57,
  install: 58,
  uninstall: 59,
} as const

/** CoAP content formats. */
export const FORMATS = {
  text: 0,
  link: 40,
  opaque: 42,
  cbor: 60,
  senmlJson: 110,
  senmlCbor: 112,
  oldText: 1541,
  oldOpaque: 1544,
  tlv: 11542,
  json: 11543,
  lwm2mCbor: 11544,
} as const

/** A path `/3/0/1` as numbers; null where it is none (at most object, instance, resource, resource instance, each up to 65535). */
export function readPath(path: string): readonly number[] | null {
  const parts = path.split('/').filter((part, i) => i > 0 || part !== '')
  if (parts.length === 0 || parts.length > 4 || !parts.every((part) => /^\d{1,5}$/.test(part) && Number(part) <= 0xffff)) return null
  return parts.map(Number)
}

export const resourceRow = (object: number, id: number): ResourceRow | undefined => RESOURCES.find((row) => row.object === object && row.id === id)

/** A value that is none of its type. */
export class ValueError extends Error {}

/** Text of a value: decimal numbers, `true` and `false`, text; opaque in hexadecimal. Unknown resources are text where they are UTF-8. Throws ValueError. */
export function textOf(type: ResourceType | undefined, value: Uint8Array): string {
  switch (type) {
    case 'integer':
    case 'time':
      return String(integerOf(value))
    case 'boolean':
      if (value.length !== 1 || (value[0] as number) > 1) throw new ValueError('a boolean is one octet, 0 or 1')
      return value[0] === 1 ? 'true' : 'false'
    case 'opaque':
      return hexOf(value)
    case 'string': {
      const text = utf8Text(value)
      if (text === null) throw new ValueError('the text is no UTF-8')
      return text
    }
    case undefined:
      return utf8Text(value) ?? hexOf(value)
    default:
      return type satisfies never
  }
}

/** Octets of a value from its text, as TLV holds it. Throws ValueError. */
export function bytesOf(type: ResourceType | undefined, text: string): Uint8Array {
  switch (type) {
    case 'integer':
    case 'time': {
      if (!/^-?\d{1,18}$/.test(text)) throw new ValueError(`${JSON.stringify(text.slice(0, 40))} is no whole number`)
      return integerBytes(BigInt(text))
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false' && text !== '1' && text !== '0')
        throw new ValueError(`${JSON.stringify(text.slice(0, 40))} is neither true nor false`)
      return Uint8Array.of(text === 'true' || text === '1' ? 1 : 0)
    case 'opaque':
    case 'string':
    case undefined:
      return utf8Bytes(text)
    default:
      return type satisfies never
  }
}

function integerOf(value: Uint8Array): bigint {
  if (![1, 2, 4, 8].includes(value.length)) throw new ValueError(`an integer has 1, 2, 4 or 8 octets, not ${value.length}`)
  const raw = value.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
  return BigInt.asIntN(value.length * 8, raw)
}

function integerBytes(value: bigint): Uint8Array {
  const octets = [1, 2, 4, 8].find((size) => BigInt.asIntN(size * 8, value) === value) ?? 8
  const raw = BigInt.asUintN(octets * 8, value)
  return Uint8Array.from({ length: octets }, (_, i) => Number((raw >> BigInt(8 * (octets - 1 - i))) & 0xffn))
}
