// Attribute tables of WAP client provisioning (public id 0x0B); everything else we read has no attributes. Source: notification and bootstrap sheet 4.2.

const NAMES0 = `05 name|06 value|45 version|46 version=1.0|50 type|51 type=PXLOGICAL|52 type=PXPHYSICAL|53 type=PORT|54 type=VALIDITY|55 type=NAPDEF
56 type=BOOTSTRAP|57 type=VENDORCONFIG|58 type=CLIENTIDENTITY|59 type=PXAUTHINFO|5A type=NAPAUTHINFO|5B type=ACCESS
07 name=NAME|08 name=NAP-ADDRESS|09 name=NAP-ADDRTYPE|0A name=CALLTYPE|0B name=VALIDUNTIL|0C name=AUTHTYPE|0D name=AUTHNAME|0E name=AUTHSECRET
0F name=LINGER|10 name=BEARER|11 name=NAPID|12 name=COUNTRY|13 name=NETWORK|14 name=INTERNET|15 name=PROXY-ID|16 name=PROXY-PROVIDER-ID
17 name=DOMAIN|18 name=PROVURL|19 name=PXAUTH-TYPE|1A name=PXAUTH-ID|1B name=PXAUTH-PW|1C name=STARTPAGE|1D name=BASAUTH-ID|1E name=BASAUTH-PW
1F name=PUSHENABLED|20 name=PXADDR|21 name=PXADDRTYPE|22 name=TO-NAPID|23 name=PORTNBR|24 name=SERVICE|2A name=TRUST|2B name=MASTER
2F name=PHYSICAL-PROXY-ID|30 name=CLIENT-ID`
const NAMES1 = `05 name|06 value|07 name=NAME|14 name=INTERNET|1C name=STARTPAGE|22 name=TO-NAPID|23 name=PORTNBR|24 name=SERVICE|2E name=AACCEPT
2F name=AAUTHDATA|30 name=AAUTHLEVEL|31 name=AAUTHNAME|32 name=AAUTHSECRET|33 name=AAUTHTYPE|34 name=ADDR|35 name=ADDRTYPE|36 name=APPID
37 name=APROTOCOL|38 name=PROVIDER-ID|39 name=TO-PROXY|3A name=URI|3B name=RULE|50 type|53 type=PORT|55 type=APPLICATION|56 type=APPADDR
57 type=APPAUTH|58 type=CLIENTIDENTITY|59 type=RESOURCE`
const VALUES0 = `85 IPV4|86 IPV6|87 E164|88 ALPHA|89 APN|9A PAP|9B CHAP|9C HTTP-BASIC|9D HTTP-DIGEST|A2 GSM-USSD|A3 GSM-SMS|AA GSM-CSD|AB GSM-GPRS
B9 CDMA2000-1X-SIMPLE-IP|BA CDMA2000-1X-MOBILE-IP|CA CL-WSP|CB CO-WSP|CC CL-SEC-WSP|CD CO-SEC-WSP`
const VALUES1 = `86 IPV6|87 E164|88 ALPHA|8D APPSRV|8E OBEX|90 ,|91 HTTP-|92 BASIC|93 DIGEST|80 ,|81 HTTP-|82 BASIC|83 DIGEST`

function table(text: string): ReadonlyMap<number, string> {
  return new Map(text.split(/[|\n]/).map((row) => [parseInt(row, 16), row.slice(3)] as const))
}

const NAMES = [table(NAMES0), table(NAMES1)]
const VALUES = [table(VALUES0), table(VALUES1)]

/** Name and fixed beginning of the value for an attribute start code; an unknown one is named `?page:0xNN`. */
export function provAttribute(page: number, code: number): readonly [name: string, value: string] {
  const row = NAMES[page]?.get(code)
  if (row === undefined) return [`?${String(page)}:0x${code.toString(16).toUpperCase().padStart(2, '0')}`, '']
  const at = row.indexOf('=')
  return at < 0 ? [row, ''] : [row.slice(0, at), row.slice(at + 1)]
}

/** Text of an attribute value code, '' where the table has none. */
export function provValue(page: number, code: number): string {
  return VALUES[page]?.get(code) ?? ''
}
