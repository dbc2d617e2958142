// Shared by the notification and bootstrap tests: the sheet's secrets and samples, and octets from hexadecimal text.
import { decodePackage0, encodePackage0, trigger } from '../../core/syncml/package0.ts'
import type { Package0, Trigger } from '../../core/syncml/package0.ts'
import { md5 } from '../../core/auth/md5.ts'
import type { NotifyAccount } from '../../core/notify/verdict.ts'

export const bytes = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
export const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex').toUpperCase()
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

export const SERVER_ID = 'com.example.dm'
export const PASSWORD = 'S3rv3rS3cret'
export const NONCE = utf8('NonceForServer01')
export const IMSI = '262011234567890'
export const PIN = '1234'
export const SECRET = { identity: SERVER_ID, password: PASSWORD, nonce: NONCE }
export const ACCOUNT: NotifyAccount = { serverId: SERVER_ID, userName: SERVER_ID, password: PASSWORD, nonce: NONCE }

/** Package #0 of the sheet 1.3, and the whole SMS user data of 2.1. */
export const PACKAGE0 = bytes('632E75B253474AAD5A14C33B96572DB002D800000000 1A0E636F6D2E6578616D706C652E646D')
export const SMS = bytes(`06 05 04 0B 84 C0 02 01 06 03 C4 AF 87 ${hex(PACKAGE0)}`)

/** A Package #0 with changed fields or secret. */
export function package0(change: Partial<Trigger> = {}, secret: Partial<typeof SECRET> = {}): Uint8Array {
  return encodePackage0(trigger(change.serverId ?? SERVER_ID, change.sessionId ?? 0x1a, change), { ...SECRET, ...secret }, md5)
}

export const read = (octets: Uint8Array): Package0 => decodePackage0(octets)

/** A seeded generator of numbers from 0 to below `limit`, and of octets. */
export function seeded(seed: number): { below(limit: number): number; octets(count: number): Uint8Array<ArrayBuffer> } {
  let state = seed >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 8
  }
  return { below: (limit) => next() % limit, octets: (count) => Uint8Array.from({ length: count }, () => next() & 255) }
}

/** The octets with a few of them changed, cut out or put in. */
export function mutated(original: Uint8Array, dice: ReturnType<typeof seeded>): Uint8Array {
  let out = [...original]
  for (let i = 0; i <= dice.below(4); i++) {
    const at = dice.below(out.length + 1)
    const turn = dice.below(4)
    if (turn === 0 && at < out.length) out[at] = dice.below(256)
    else if (turn === 1) out.splice(at, 1 + dice.below(4))
    else if (turn === 2) out.splice(at, 0, ...dice.octets(1 + dice.below(3)))
    else out = out.slice(0, at)
  }
  return Uint8Array.from(out)
}

export const rounds = process.env['DM_LAB_SOAK'] === undefined ? 4000 : 400_000

/** TNDS alone (W7), the bootstrap message around it inline (W8), and the provisioning document (B3) of the sheets. */
export const W7 = bytes(
  '0300006A1B2D2F2F4F4D412F2F4454442D444D2D44444620312E322F2F454E000002607703312E320001646603457800016F5C250175510375726E3A6F6D613A' +
    '6D6F3A6F6D612D646D2D646D6163633A312E3000010101646603536572766572494400016F5C0B01756103746578742F706C61696E000101017603636F6D2E65' +
    '78616D706C652E646D0001010101',
)
export const W8 = bytes(
  '02A4016A006D6C7103312E3200017203444D2F312E32000165033000015B033000016E5703494D45493A34393031353432303332333735313800010167570363' +
    '6F6D2E6578616D706C652E646D000101016B454B03310001546E57032E2F496E626F780001015A0001470362696E000153036170706C69636174696F6E2F766E' +
    '642E73796E636D6C2E646D746E64732B7762786D6C00010100004F0002607703312E320001646603457800016F5C250175510375726E3A6F6D613A6D6F3A6F6D' +
    '612D646D2D646D6163633A312E3000010101646603536572766572494400016F5C0B01756103746578742F706C61696E000101017603636F6D2E6578616D706C' +
    '652E646D00010101010101010000120101',
)
export const B3 = bytes(
  '030B6A00C54601C600015501873600000603773700018700013800000603636F6D2E6578616D706C652E646D0001870706034578616D706C6520444D0001C600' +
    '01560187340000060368747470733A2F2F646D2E6578616D706C652E636F6D2F646D0001C653018723060334343300010101C600015701873000000600018D01' +
    '873300000600019301873100000603636C69656E742D3030303100018700013200000603436C31336E74533363726574000101C600015701873000000603434C' +
    '49454E5400018700013300000600019301873100000603636F6D2E6578616D706C652E646D000187000132000006035333727633725333637265740001010101',
)
/** W8 with its TNDS as an opaque document (W9). */
export const W9 = bytes(`${hex(W8).slice(0, hex(W8).indexOf('00004F') + 6)}C3810E${hex(W7)}010101120101`)

/** Time a fuzz test may take, ms. */
export const fuzzMs = rounds > 4000 ? 600_000 : 30_000
