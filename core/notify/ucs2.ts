// UCS2 text of SMS: UTF-16, the high octet first; half a character at the end is told, not hidden.

/** Text of big-endian UTF-16 octets; an odd octet at the end becomes U+FFFD. */
export function utf16Text(octets: Uint8Array): string {
  let text = ''
  for (let at = 0; at + 1 < octets.length; at += 2) text += String.fromCharCode(((octets[at] as number) << 8) | (octets[at + 1] as number))
  return octets.length % 2 === 0 ? text : `${text}\ufffd`
}
