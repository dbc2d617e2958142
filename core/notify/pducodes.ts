// What the codes in SMS PDUs mean: statuses, validity, data coding, kinds of numbers, information elements (3GPP TS 23.040, 23.038).

/** TP-Status of a status report (TS 23.040 9.2.3.15). */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [0x00, 'received by the device'],
  [0x01, 'forwarded to the device, which could not confirm it'],
  [0x02, 'replaced by the centre'],
  [0x20, 'congestion'],
  [0x21, 'the device is busy'],
  [0x22, 'no answer from the device'],
  [0x23, 'service rejected'],
  [0x24, 'quality of service not available'],
  [0x25, 'error in the device'],
  [0x40, 'remote procedure error'],
  [0x41, 'incompatible destination'],
  [0x42, 'connection rejected by the device'],
  [0x43, 'not obtainable'],
  [0x44, 'quality of service not available'],
  [0x45, 'no interworking available'],
  [0x46, 'its validity ran out'],
  [0x47, 'deleted by the sender'],
  [0x48, "deleted by the centre's administration"],
  [0x49, 'the message does not exist'],
  [0x60, 'congestion'],
  [0x61, 'the device is busy'],
  [0x62, 'no answer from the device'],
  [0x63, 'service rejected'],
  [0x64, 'quality of service not available'],
  [0x65, 'error in the device'],
])

/** What a TP-Status says of the message. */
export interface Fate {
  readonly state: 'delivered' | 'pending' | 'failed'
  readonly text: string
}

/** Reads a TP-Status; 0x80 to 0xff are reserved and count as `service rejected` (TS 23.040 9.2.3.15). */
export function fateOf(status: number): Fate {
  const text = STATUSES.get(status) ?? `status 0x${status.toString(16).padStart(2, '0')}`
  if (status < 0x20) return { state: 'delivered', text }
  if (status < 0x40) return { state: 'pending', text: `${text}; the centre goes on trying` }
  return { state: 'failed', text: status < 0x60 ? `${text}; for good` : status < 0x80 ? `${text}; the centre gave up` : `${text} (reserved code)` }
}

/** Longest relative validity: 63 weeks. */
export const VALIDITY_MINUTES = 63 * 7 * 24 * 60

/** Relative validity as an octet: the shortest that is not below `minutes` (TS 23.040 9.2.3.12.1). */
export function validityOctet(minutes: number): number {
  if (minutes <= 720) return Math.max(0, Math.ceil(minutes / 5) - 1)
  if (minutes <= 1440) return 143 + Math.ceil((minutes - 720) / 30)
  if (minutes <= 30 * 1440) return 166 + Math.max(2, Math.ceil(minutes / 1440))
  return 192 + Math.min(63, Math.max(5, Math.ceil(minutes / 10080)))
}

/** Minutes that an octet of relative validity means. */
export function validityMinutes(octet: number): number {
  if (octet <= 143) return (octet + 1) * 5
  if (octet <= 167) return 720 + (octet - 143) * 30
  return octet <= 196 ? (octet - 166) * 1440 : (octet - 192) * 10080
}

/** Minutes in words. */
export function spanText(minutes: number): string {
  for (const [size, unit] of [
    [10080, 'week'],
    [1440, 'day'],
    [60, 'hour'],
  ] as const)
    if (minutes >= size && minutes % size === 0) return `${String(minutes / size)} ${unit}${minutes === size ? '' : 's'}`
  return `${String(minutes)} minutes`
}

/** What a data coding scheme says (TS 23.038 4). */
export interface Coding {
  readonly alphabet: '7-bit' | '8-bit' | 'UCS2'
  readonly text: string
  /** '' or what is odd about it. */
  readonly remark: string
}

const CLASSES = ['class 0, shown at once', 'class 1, kept in the device', 'class 2, for the SIM', 'class 3, for attached equipment']
const ALPHABETS = ['7-bit', '8-bit', 'UCS2', '7-bit'] as const

/** Reads a TP-DCS. */
export function codingOf(dcs: number): Coding {
  const group = dcs >> 4
  if (group < 8) {
    const alphabet = ALPHABETS[(dcs >> 2) & 3] ?? '7-bit'
    const said = [`${alphabet} data`]
    if ((dcs & 0x10) !== 0) said.push(CLASSES[dcs & 3] ?? '')
    if ((dcs & 0x20) !== 0) said.push('compressed')
    if ((dcs & 0x40) !== 0) said.push('deleted by itself')
    return { alphabet, text: said.join(', '), remark: ((dcs >> 2) & 3) === 3 ? 'TP-DCS: alphabet 3 is reserved; read as 7-bit' : '' }
  }
  if (group === 0xf) {
    const alphabet = (dcs & 4) === 0 ? '7-bit' : '8-bit'
    return { alphabet, text: `${alphabet} data, ${CLASSES[dcs & 3] ?? ''}`, remark: (dcs & 8) === 0 ? '' : 'TP-DCS: bit 3 must be 0 in this group' }
  }
  if (group >= 0xc) return { alphabet: group === 0xe ? 'UCS2' : '7-bit', text: 'message waiting indication', remark: '' }
  return { alphabet: '7-bit', text: 'reserved', remark: `TP-DCS: group ${group.toString(16)} is reserved; read as 7-bit` }
}

const KINDS = ['unknown', 'international', 'national', 'network specific', 'subscriber', 'alphanumeric', 'abbreviated', 'reserved']
const PLANS: ReadonlyMap<number, string> = new Map([
  [0, 'unknown plan'],
  [1, 'telephone plan E.164'],
  [3, 'data plan X.121'],
  [4, 'telex plan'],
  [8, 'national plan'],
  [9, 'private plan'],
  [10, 'ERMES plan'],
])

/** Type of address in words (TS 23.040 9.1.2.5). */
export function addressKind(toa: number): string {
  return `${KINDS[(toa >> 4) & 7] ?? ''} number, ${PLANS.get(toa & 15) ?? 'reserved plan'}`
}

/** Information elements by identifier (TS 23.040 9.2.3.24). */
export const ELEMENTS: ReadonlyMap<number, string> = new Map([
  [0x00, 'concatenation, 8-bit reference'],
  [0x01, 'special message indication'],
  [0x04, 'ports, 8 bits'],
  [0x05, 'ports, 16 bits'],
  [0x06, 'control parameters of the centre'],
  [0x07, 'source of the header'],
  [0x08, 'concatenation, 16-bit reference'],
  [0x24, 'national language, single shift'],
  [0x25, 'national language, locking shift'],
  [0x70, 'SIM toolkit security header'],
])

/** Ports that mean something here (WDP, registered with IANA). */
export const PORTS: ReadonlyMap<number, string> = new Map([
  [2948, 'wap-push: connectionless push'],
  [2949, 'wap-push-secure: connectionless push over WTLS'],
  [9200, 'connectionless WSP'],
  [9201, 'connection-oriented WSP'],
])
