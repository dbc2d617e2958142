// Which names hide secrets and which name a person or a device; redaction asks here and nowhere else. Rather one value too many than one too few.

/** Found anywhere in the name, lower case, letters and digits only. */
const SECRET_PARTS: readonly string[] = [
  ...['password', 'passwd', 'passphrase', 'passcode', 'secret', 'authdata', 'nonce', 'credential', 'keymaterial', 'accesstoken', 'refreshtoken'],
  ...['presharedkey', 'sharedkey', 'privatekey', 'wepkey', 'wpakey', 'networkkey', 'encryptionkey', 'sessionkey', 'apikey', 'masterkey'],
  ...['userpin', 'netwpin', 'simpin', 'devicepin', 'unlockpin', 'pincode', 'pukcode', 'unlockcode'],
]

/** One word of a name written in camel case, with dashes or with underscores. */
const SECRET_WORDS: ReadonlySet<string> = new Set(['pwd', 'psk', 'pin', 'puk', 'token', 'otp', 'cvv'])

/** The last word of a name; earlier in it they say something about the value instead (`KeyIndex`, `PassThrough`). */
const SECRET_LAST: ReadonlySet<string> = new Set(['key', 'keys', 'pass', 'ki', 'opc', 'cookie'])

/** Whole names of what tells one device or subscriber from all others. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  ...['imei', 'imeisv', 'imsi', 'msisdn', 'iccid', 'meid', 'esn', 'mdn', 'eid', 'udid', 'devid', 'deviceid', 'hwdevid', 'uniquedeviceid'],
  ...[
    'serialnumber',
    'serialno',
    'simserialnumber',
    'phonenumber',
    'line1number',
    'subscriberid',
    'mac',
    'macaddress',
    'wlanmac',
    'wlanmacaddress',
    'btmac',
  ],
])

/** Header fields whose whole value is a secret, or a digest that would confirm a guessed one. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate', 'authentication-info', 'proxy-authentication-info'],
  ...['cookie', 'cookie2', 'set-cookie', 'set-cookie2', 'content-md5', 'digest', 'content-digest', 'repr-digest'],
])

const IDENTIFIER_HEADER = /msisdn|imsi|imei|meid|calling-line|subno|subscriber|device-?id|phone/

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
}

/** True where a leaf, element, parameter or header of this name holds a secret: password, key, PIN, nonce, token. */
export function isSecretName(name: string): boolean {
  if (name === '' || name.length > 200) return false
  const whole = plain(name)
  if (whole.includes('public')) return false
  if (SECRET_PARTS.some((part) => whole.includes(part))) return true
  const all = words(name)
  return all.some((word) => SECRET_WORDS.has(word)) || SECRET_LAST.has(all.at(-1) ?? '')
}

/** True where a leaf or parameter of this name identifies a device or a subscriber. */
export function isIdentifierName(name: string): boolean {
  return IDENTIFIERS.has(plain(name))
}

/** Last segment of a management URI that is a name: `?prop=…`, a closing `/` and numbers (`WepKey/1`) are passed over. */
export function leafName(uri: string): string {
  const segments = (uri.split('?')[0] ?? '').split('/')
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i] ?? ''
    if (segment !== '' && !/^\d+$/.test(segment)) return segment
  }
  return ''
}

export function isSecretHeader(name: string): boolean {
  return SECRET_HEADERS.has(name.toLowerCase()) || (isSecretName(name) && name.toLowerCase() !== 'x-syncml-hmac')
}

export function isIdentifierHeader(name: string): boolean {
  return IDENTIFIER_HEADER.test(name.toLowerCase())
}
