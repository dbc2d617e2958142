// What modems answer, in words: +CMS ERROR and +CME ERROR by number, SIM states, signal (3GPP TS 27.005 3.2.5, TS 27.007 9.2, 8.3, 8.5).

/** +CMS ERROR: 0 to 127 come from the network (TS 24.011 annex E-2), 128 to 255 from the transport (TS 23.040 9.2.3.22), 300 on from the modem. */
const CMS: ReadonlyMap<number, string> = new Map([
  [1, 'this number is not assigned'],
  [8, 'the operator bars it'],
  [10, 'calls are barred'],
  [21, 'the network rejected it'],
  [27, 'the destination is out of service'],
  [28, 'the network does not know the subscriber'],
  [29, 'the facility was rejected'],
  [30, 'the network does not know the subscriber'],
  [38, 'the network is out of order'],
  [41, 'temporary failure of the network'],
  [42, 'congestion'],
  [47, 'no resources'],
  [50, 'the facility is not subscribed: the contract has no SMS'],
  [69, 'the network does not offer it'],
  [81, 'the short message reference is not valid'],
  [95, 'the message is not valid'],
  [96, 'a mandatory field is not valid'],
  [97, 'the network does not know this message type'],
  [98, 'the message does not fit the state of the exchange'],
  [99, 'the network does not know a field'],
  [111, 'protocol error'],
  [127, 'interworking'],
  [128, 'telematic interworking is not supported'],
  [129, 'short message type 0 is not supported'],
  [130, 'the centre cannot replace the message'],
  [143, 'TP-PID error'],
  [144, 'the data coding scheme is not supported'],
  [145, 'the message class is not supported'],
  [159, 'TP-DCS error'],
  [160, 'the command cannot be carried out'],
  [161, 'the command is not supported'],
  [175, 'TP-Command error'],
  [176, 'the TPDU is not supported'],
  [192, 'the centre is busy'],
  [193, 'the centre has no subscription for this'],
  [194, 'the centre failed'],
  [195, 'the number is not valid for the centre'],
  [196, 'the destination is barred'],
  [197, 'the message was rejected as a duplicate'],
  [198, 'this validity period is not supported'],
  [199, 'this validity period form is not supported'],
  [208, "the SIM's storage is full"],
  [209, 'the SIM stores no SMS'],
  [210, 'error in the device'],
  [211, 'memory exceeded'],
  [212, 'the SIM toolkit is busy'],
  [213, 'the SIM data could not be stored'],
  [255, 'error that nobody specified'],
  [300, 'the device failed'],
  [301, 'SMS service of the device is reserved'],
  [302, 'the operation is not allowed'],
  [303, 'the operation is not supported'],
  [304, 'a PDU parameter is not valid'],
  [305, 'a text parameter is not valid'],
  [310, 'no SIM is in the modem'],
  [311, 'the SIM wants its PIN'],
  [312, 'the SIM wants the phone PIN'],
  [313, 'the SIM failed'],
  [314, 'the SIM is busy'],
  [315, 'the SIM is wrong'],
  [316, 'the SIM wants its PUK'],
  [317, 'the SIM wants PIN2'],
  [318, 'the SIM wants PUK2'],
  [320, 'the message storage failed'],
  [321, 'there is no message at this place'],
  [322, 'the message storage is full'],
  [330, 'the number of the service centre is not known (set it in the SIM, or give smsc=…)'],
  [331, 'no network service: no signal, or not registered'],
  [332, 'the network did not answer in time'],
  [340, 'no acknowledgement was expected'],
  [500, 'an error the modem does not name'],
])

const CME: ReadonlyMap<number, string> = new Map([
  [0, 'the phone failed'],
  [1, 'no connection to the phone'],
  [2, 'the link is reserved'],
  [3, 'the operation is not allowed'],
  [4, 'the operation is not supported'],
  [5, 'the phone PIN is wanted'],
  [10, 'no SIM is in the modem'],
  [11, 'the SIM wants its PIN'],
  [12, 'the SIM wants its PUK'],
  [13, 'the SIM failed'],
  [14, 'the SIM is busy'],
  [15, 'the SIM is wrong'],
  [16, 'the password is wrong'],
  [17, 'the SIM wants PIN2'],
  [18, 'the SIM wants PUK2'],
  [20, 'memory full'],
  [21, 'the place is not valid'],
  [22, 'not found'],
  [23, 'the memory failed'],
  [24, 'the text is too long'],
  [25, 'the text has characters that do not belong there'],
  [26, 'the number is too long'],
  [30, 'no network service'],
  [31, 'the network did not answer in time'],
  [32, 'emergency calls only'],
  [50, 'a parameter is not correct'],
  [100, 'an error the modem does not name'],
])

/** A final result code that is no OK, in words with its number; null for any other line. */
export function errorText(line: string): string | null {
  const match = /^\+(CMS|CME) ERROR:\s*(.*)$/.exec(line)
  if (match === null) return line === 'ERROR' ? 'ERROR: the modem does not say why' : NOTHING.has(line) ? `the modem said ${line}` : null
  const [, kind = '', said = ''] = match
  const words = /^\d+$/.test(said) ? (kind === 'CMS' ? CMS : CME).get(Number(said)) : undefined
  return `+${kind} ERROR ${said}: ${words ?? (/^\d+$/.test(said) ? 'a code of this maker' : 'as the modem says')}`
}

const NOTHING: ReadonlySet<string> = new Set(['NO CARRIER', 'COMMAND NOT SUPPORT', 'TOO MANY PARAMETERS'])

const SIM: ReadonlyMap<string, string> = new Map([
  ['READY', 'ready'],
  ['SIM PIN', 'wants its PIN'],
  ['SIM PUK', 'wants its PUK: three wrong PINs locked it'],
  ['PH-SIM PIN', 'the modem is locked to another SIM'],
  ['PH-NET PIN', 'the modem is locked to another network'],
  ['SIM PIN2', 'wants PIN2'],
  ['SIM PUK2', 'wants PUK2'],
])

/** State of the SIM in words. */
export const simText = (said: string): string => SIM.get(said) ?? said

/** Signal in dBm of +CSQ; null where 99 (not known) or out of range (TS 27.007 8.5). */
export const dbmOf = (rssi: number): number | null => (rssi >= 0 && rssi <= 31 ? -113 + 2 * rssi : null)
