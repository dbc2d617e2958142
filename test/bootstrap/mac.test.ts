// SHA-1, HMAC, semi-octets and the MAC of bootstrap messages: the sheet's values, Node's crypto and the RFC as second opinions.
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkMac, macKeys, macOf, makeMac, semiOctets } from '../../core/bootstrap/mac.ts'
import { hmacSha1, sha1 } from '../../core/bootstrap/sha1.ts'
import { B3, hex, IMSI, PIN, seeded, utf8, W8, W9 } from '../notify/support.ts'

const SECRETS = { imsi: IMSI, pin: PIN }

describe('SHA-1 and HMAC', () => {
  it('agree with Node on every length around the block borders, and on random keys', () => {
    const dice = seeded(1)
    for (let length = 0; length < 200; length++) {
      const octets = dice.octets(length)
      expect(hex(sha1(octets))).toBe(createHash('sha1').update(octets).digest('hex').toUpperCase())
      const key = dice.octets(dice.below(150))
      expect(hex(hmacSha1(key, octets))).toBe(createHmac('sha1', key).update(octets).digest('hex').toUpperCase())
    }
  })

  it('RFC 2202 test case 2, and the sheet’s documents', () => {
    expect(hex(hmacSha1(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe('EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79')
    expect(hex(sha1(W8)).toLowerCase()).toBe('3a4d476acbc91bcbca4acaf63f5708c813a88f92')
    expect(hex(sha1(W9)).toLowerCase()).toBe('e44d5a4d32a7d09ea6b389391cc18ab16e19ac8d')
    expect(hex(sha1(B3)).toLowerCase()).toBe('a6da76803eb986c7f6195f195bc024bd59890fc4')
  })
})

describe('keys and MACs', () => {
  it('nb 30: semi-octets of 14 and 15 digits', () => {
    expect(hex(semiOctets(IMSI) as Uint8Array)).toBe('2926102143658709')
    expect(hex(semiOctets('26201123456789') as Uint8Array)).toBe('21261021436587F9')
    for (const odd of ['', 'ESN-8001', '1234567890123456']) expect(semiOctets(odd)).toBeNull()
  })

  it.each([
    ['dm', 'NETWPIN', W8, '2C858EF24B5BAA773279BD581BC28A3AC7E12479'],
    ['dm', 'USERPIN', W8, '626DB14084D0419EBF4AA4BC7D1AA6C98C11E5FF'],
    ['dm', 'USERNETWPIN', W8, '7A39F1487505880E18CFBD34DD17DA6E29A985C9'],
    ['dm', 'NETWPIN', W9, 'DD3CA54F7C2617762BE37F2D241F9B0AAB55AC84'],
    ['dm', 'USERPIN', W9, '3867E63F530A4EEE18AC99D495B809A3FEE9089B'],
    ['dm', 'USERNETWPIN', W9, '72835CDFF9551CB1AA7A26C5873AD769607B7EFF'],
    ['cp', 'NETWPIN', B3, '4F9C9D49939DDFB40A9540DA1E6C9FED0F6CB1C8'],
    ['cp', 'USERPIN', B3, '844B0722394C4FF0CB3CE57CBD6FF6C3F647D9F1'],
    ['cp', 'USERNETWPIN', B3, '215C27FC8663432E3BAD7A251BBF22EF0A3A8E16'],
  ] as const)('nb 22, nb 30: %s %s gives the listed MAC and is accepted in any case', (profile, security, document, mac) => {
    expect(makeMac(profile, security, SECRETS, document)).toBe(mac)
    expect(checkMac(profile, security, mac, SECRETS, document).ok).toBe(true)
    expect(checkMac(profile, security, mac.toLowerCase(), SECRETS, document).ok).toBe(true)
  })

  it('the DM profile also takes the IMSI in semi-octets, as deployed clients make it', () => {
    const [, semi] = macKeys('dm', 'NETWPIN', SECRETS)
    expect(checkMac('dm', 'NETWPIN', macOf((semi as { key: Uint8Array }).key, W8), SECRETS, W8)).toMatchObject({
      ok: true,
      cause: 'the MAC is right (NETWPIN: IMSI in semi-octets)',
    })
  })

  it('an ESN is taken as its text', () => {
    const esn = { imsi: '8001A0B2' }
    expect(checkMac('cp', 'NETWPIN', macOf(utf8('8001A0B2'), B3), esn, B3).ok).toBe(true)
  })

  it.each([
    [null, 'AB', SECRETS, false, 'names no SEC'],
    ['USERPIN', null, SECRETS, false, 'carries no MAC'],
    ['USERPIN', 'AB', SECRETS, false, 'not 40 hexadecimal digits'],
    ['USERPIN', 'A'.repeat(40), { imsi: IMSI }, false, 'USERPIN needs the PIN'],
    ['USERNETWPIN', 'A'.repeat(40), {}, false, 'USERNETWPIN needs the IMSI and the PIN'],
    ['USERPINMAC', 'A'.repeat(40), SECRETS, false, 'USERPINMAC is not supported'],
    ['USERPIN', 'A'.repeat(40), SECRETS, true, 'wrong secret, or the message was changed'],
    ['NETWPIN', '844B0722394C4FF0CB3CE57CBD6FF6C3F647D9F1', SECRETS, true, 'it would fit SEC USERPIN'],
  ] as const)('nb 23: SEC %s with MAC %s is refused: %#', (security, mac, secrets, wrong, cause) => {
    const verdict = checkMac('cp', security, mac, secrets, B3)
    expect(verdict).toMatchObject({ ok: false, wrong })
    expect(verdict.cause).toContain(cause)
    expect(verdict.cause).not.toContain(PIN)
  })

  it('a MAC cannot be made without its secret', () => {
    expect(() => makeMac('dm', 'USERPIN', { imsi: IMSI }, W8)).toThrow('USERPIN needs the PIN')
    expect(() => makeMac('dm', 'USERPINMAC', SECRETS, W8)).toThrow('USERPINMAC')
  })
})
