// The adb server's list of devices (`host:devices-l`, `host:track-devices-l`) read line by line; a line that cannot be read is told, never lost.
import type { AdbDeviceRow, AdbDeviceWord } from '../../api.ts'

/** One line of the list. */
export interface ListedDevice {
  readonly serial: string
  readonly state: AdbDeviceWord
  /** The server's own words for the state. */
  readonly said: string
  readonly way: AdbDeviceRow['way']
  readonly host: string
  readonly product: string
  readonly model: string
  /** Key of its present connection at the server; 0 where the list has none. It is another one after each reconnection. */
  readonly transportId: number
}

/** A whole list, and the lines nothing could be made of. */
export interface DeviceList {
  readonly devices: readonly ListedDevice[]
  readonly unreadable: readonly string[]
}

/** Words of the server (AOSP adb, ConnectionState) and what we call them. */
const WORDS: Readonly<Record<string, AdbDeviceWord>> = {
  device: 'device',
  offline: 'offline',
  unauthorized: 'unauthorized',
  authorizing: 'authorizing',
  connecting: 'connecting',
  recovery: 'recovery',
  sideload: 'sideload',
  rescue: 'rescue',
  bootloader: 'bootloader',
}

/** `IP:port`, `[IPv6]:port` or a name with a port. */
const TCP = /^(\[[0-9a-fA-F:.%a-z]+\]|[A-Za-z0-9._-]+):\d{1,5}$/
/** Serial of a device found by mDNS: `adb-SERIAL-xxxxxx._adb-tls-connect._tcp`. */
const MDNS = /\._adb(?:-tls-connect)?\._tcp\.?$/
const EMULATOR = /^emulator-\d+$/
/** Serial (it may be the words `(no serial number)`), the state in one or several words, and pairs `key:value`. */
const LINE = /^(\(no serial number\)|\S+)[ \t]+(.+)$/
const PAIRS = /(?:^|[ \t]+)([a-z_]+:\S*)$/

/** How a device of this serial is connected, and its host where that is in the serial. */
export function wayOf(serial: string): Pick<ListedDevice, 'way' | 'host'> {
  if (EMULATOR.test(serial)) return { way: 'emulator', host: '' }
  if (MDNS.test(serial)) return { way: 'wifi', host: '' }
  const tcp = TCP.exec(serial)
  return tcp === null ? { way: 'usb', host: '' } : { way: 'wifi', host: (tcp[1] ?? '').replace(/^\[|\]$/g, '') }
}

/** Serial under which the server lists a device connected at `address` (port 5555 where it names none). */
export function serialOf(address: string): string {
  return /:\d{1,5}$/.test(address) && !/^\[[^\]]*$/.test(address) ? address : `${address}:5555`
}

function readLine(line: string): ListedDevice | null {
  const found = LINE.exec(line)
  if (found === null) return null
  const [, serial = '', rest = ''] = found
  const pairs = new Map<string, string>()
  let said = rest.trim()
  for (let pair = PAIRS.exec(said); pair !== null && !said.endsWith(']'); pair = PAIRS.exec(said)) {
    const [key = '', ...value] = (pair[1] ?? '').split(':')
    pairs.set(key, value.join(':'))
    said = said.slice(0, pair.index).trim()
  }
  if (said === '') return null
  const id = Number(pairs.get('transport_id') ?? 0)
  return {
    serial,
    state: said.startsWith('no permissions') ? 'no permissions' : (WORDS[said] ?? 'other'),
    said,
    ...wayOf(serial),
    product: pairs.get('product') ?? '',
    model: (pairs.get('model') ?? '').replaceAll('_', ' '),
    transportId: Number.isSafeInteger(id) && id > 0 ? id : 0,
  }
}

/** Reads a list as the server sends it, long or short form. Two devices without a serial number cannot be told apart; the later one stands. */
export function readDeviceList(text: string): DeviceList {
  const devices = new Map<string, ListedDevice>()
  const unreadable: string[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue
    const one = readLine(line)
    if (one === null) unreadable.push(line)
    else devices.set(one.serial, one)
  }
  return { devices: [...devices.values()], unreadable }
}
