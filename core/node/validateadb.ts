// What the calls of areas adb and connect accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { AdbFile, AdbLogFilter, AdbLogWish } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import type { Calls, Loose } from './validatebase.ts'

/** Serial of a device as adb writes it. */
export const adbSerial = z.string().min(1).max(255)
export const tcpPort = z.int().min(1).max(65_535)
export const tcpPorts = z.array(tcpPort).min(1).max(32)
/** `host` or `host:port`: no control characters, no space, nothing the adb server would read as another service. */
export const hostAddress = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.%a-z]{2,64}\]|[A-Za-z0-9._-]{1,253})(:\d{1,5})?$/, { error: 'expected host or host:port' })
export const pairingCode = z.string().regex(/^[A-Za-z0-9]{4,64}$/, { error: 'expected the code the device shows' })

/** What `adb.logcat` takes. */
export const adbLogFilter = z.strictObject({
  tags: z
    .array(z.string().regex(/^[^\s:'"`$\\*]{1,128}$/, { error: 'expected a tag without space, colon, quote or star' }))
    .max(64)
    .optional(),
  level: z.enum(['V', 'D', 'I', 'W', 'E', 'F']).optional(),
  text: z.string().max(LIMIT.name).optional(),
})

/** What `adb.log` takes. */
export const adbLogWish = z.strictObject({
  after: z.int().min(0).optional(),
  from: z.number().min(0).optional(),
  until: z.number().min(0).optional(),
  filter: adbLogFilter.optional(),
  count: z.int().min(1).max(5000).optional(),
})

/** What `adb.push` takes. */
export const adbFile = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^\0,]{1,1022}[^\0,/]$/, { error: 'expected a whole path on the device, such as /sdcard/Download/ca.crt, without comma' }),
  bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= LIMIT.capture, { error: `more than ${LIMIT.capture} bytes` }),
  mode: z.int().min(0).max(0o777).optional(),
})
export const adbLabel = z.string().min(1).max(40)

export const ADB_CALLS: Calls<'adb'> = {
  state: [],
  server: [['port', tcpPort]],
  startServer: [],
  probe: [['serial', adbSerial]],
  reconnect: [['serial', adbSerial]],
  reverse: [
    ['serial', adbSerial],
    ['ports', tcpPorts.optional()],
  ],
  unreverse: [
    ['serial', adbSerial],
    ['ports', tcpPorts.optional()],
  ],
  connect: [['address', hostAddress]],
  disconnect: [['address', hostAddress]],
  pair: [
    ['address', hostAddress],
    ['code', pairingCode],
  ],
  push: [
    ['serial', adbSerial],
    ['file', adbFile satisfies z.ZodType<Loose<AdbFile>>],
  ],
  identify: [
    ['serial', adbSerial],
    ['label', adbLabel.optional()],
  ],
  logcat: [
    ['serial', adbSerial],
    ['filter', adbLogFilter.nullable() satisfies z.ZodType<Loose<AdbLogFilter> | null>],
  ],
  log: [
    ['serial', adbSerial],
    ['wish', adbLogWish satisfies z.ZodType<Loose<Omit<AdbLogWish, 'filter'>>>],
  ],
  forget: [['serial', adbSerial]],
}

export const CONNECT_CALLS: Calls<'connect'> = {
  state: [],
  reach: [['address', hostAddress]],
  port: [['port', tcpPort]],
}
