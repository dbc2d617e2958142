// The worked examples of the reference sheets: E4 to E7 as typed messages, W1 to W9 as octets. Data only; the tests give them meaning.
import { createHash } from 'node:crypto'
import type { Element } from '../../core/syncml/element.ts'
import type { Item, Message, Meta, Status } from '../../core/syncml/message.ts'

/** Octets written as hex, white space ignored. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'))
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

export function digest(algorithm: 'md5' | 'sha1', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}

/** A value without `start` and `end`, and octets as plain lists: what two decodings of the same content share. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { octets: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'start' && key !== 'end')
      .map(([key, inner]) => [key, plain(inner)]),
  )
}

/** An element without its place, its embedded document counted as its children. */
export function shape(element: Element): unknown {
  return plain(element)
}

const DEVICE = 'IMEI:490154203237518'
const SERVER = 'https://dm.example.com/dm'
const MD5: Meta = { format: 'b64', type: 'syncml:auth-md5' }
const SIZES: Meta = { maxMsgSize: 16384, maxObjSize: 65536 }
const leaf = (uri: string, data: string): Item => ({ source: { locUri: uri }, data })
const status = (cmdId: string, msgRef: string, cmdRef: string, cmd: string, code: number, rest: Partial<Status> = {}): Status => ({
  ...{ kind: 'Status', cmdId, msgRef, cmdRef, cmd, targetRefs: [], sourceRefs: [], code, items: [] },
  ...rest,
})

/** E4, Package #1. */
export const E4: Message = {
  header: {
    ...{ verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId: '1' },
    target: { locUri: SERVER },
    source: { locUri: DEVICE, locName: 'client-0001' },
    cred: { meta: MD5, data: 'f+G+ZBwxTwM0KDOxlHxcnA==' },
    meta: SIZES,
  },
  commands: [
    { kind: 'Alert', cmdId: '1', code: 1201, items: [] },
    {
      kind: 'Replace',
      cmdId: '2',
      items: [
        leaf('./DevInfo/DevId', DEVICE),
        leaf('./DevInfo/Man', 'Acme'),
        leaf('./DevInfo/Mod', 'M1'),
        leaf('./DevInfo/DmV', '1.2'),
        leaf('./DevInfo/Lang', 'en-US'),
      ],
    },
  ],
  final: true,
}

/** E5, Package #2. */
export const E5: Message = {
  header: {
    ...{ verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId: '1' },
    target: { locUri: DEVICE },
    source: { locUri: SERVER, locName: 'com.example.dm' },
    respUri: `${SERVER}?sid=7f3a`,
    cred: { meta: MD5, data: 'v3DmOzPLy8qk6FgGapGzLQ==' },
    meta: SIZES,
  },
  commands: [
    status('1', '1', '0', 'SyncHdr', 212, {
      targetRefs: [SERVER],
      sourceRefs: [DEVICE],
      chal: { meta: { ...MD5, nextNonce: { text: 'TmV4dE5vbmNlRm9yQzAwMg==' } } },
    }),
    status('2', '1', '1', 'Alert', 200),
    status('3', '1', '2', 'Replace', 200),
    { kind: 'Get', cmdId: '4', items: [{ target: { locUri: './DevDetail/FwV' } }] },
  ],
  final: true,
}

/** E6, Package #3. */
export const E6: Message = {
  header: {
    ...{ verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId: '2' },
    target: { locUri: `${SERVER}?sid=7f3a` },
    source: { locUri: DEVICE, locName: 'client-0001' },
  },
  commands: [
    status('1', '1', '0', 'SyncHdr', 212, {
      targetRefs: [DEVICE],
      sourceRefs: [SERVER],
      chal: { meta: { ...MD5, nextNonce: { text: 'TmV4dE5vbmNlRm9yUzAwMg==' } } },
    }),
    status('2', '1', '4', 'Get', 200, { targetRefs: ['./DevDetail/FwV'] }),
    { kind: 'Results', cmdId: '3', msgRef: '1', cmdRef: '4', items: [leaf('./DevDetail/FwV', '1.0.7')] },
  ],
  final: true,
}

/** E7, Package #4. */
export const E7: Message = {
  header: {
    ...{ verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId: '2' },
    target: { locUri: DEVICE },
    source: { locUri: SERVER, locName: 'com.example.dm' },
  },
  commands: [status('1', '2', '0', 'SyncHdr', 200)],
  final: true,
}

/** W1, the smallest useful document (it is no message: the header has only VerDTD). */
export const W1 = hex('03 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 01 6B 12 01 01')

/** W2, 382 octets. */
export const W2 = hex(`
  02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 31 41 00 01 5B 03 31 00 01 6E 57 03 68 74 74 70 73 3A 2F 2F 64 6D
  2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 00 01 01 67 57 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01 56 03 63 6C 69
  65 6E 74 2D 30 30 30 31 00 01 01 4E 5A 00 01 47 03 62 36 34 00 01 53 03 73 79 6E 63 6D 6C 3A 61 75 74 68 2D 6D 64 35 00 01 01 00 00 4F 03 66 2B
  47 2B 5A 42 77 78 54 77 4D 30 4B 44 4F 78 6C 48 78 63 6E 41 3D 3D 00 01 01 5A 00 01 4C 03 31 36 33 38 34 00 01 55 03 36 35 35 33 36 00 01 01 01
  00 00 6B 46 4B 03 31 00 01 4F 03 31 32 30 31 00 01 01 60 4B 03 32 00 01 54 67 57 03 2E 2F 44 65 76 49 6E 66 6F 2F 44 65 76 49 64 00 01 01 4F 03
  49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01 01 54 67 57 03 2E 2F 44 65 76 49 6E 66 6F 2F 4D 61 6E 00 01 01 4F 03 41 63 6D
  65 00 01 01 54 67 57 03 2E 2F 44 65 76 49 6E 66 6F 2F 4D 6F 64 00 01 01 4F 03 4D 31 00 01 01 54 67 57 03 2E 2F 44 65 76 49 6E 66 6F 2F 44 6D 56
  00 01 01 4F 03 31 2E 32 00 01 01 54 67 57 03 2E 2F 44 65 76 49 6E 66 6F 2F 4C 61 6E 67 00 01 01 4F 03 65 6E 2D 55 53 00 01 01 01 12 01 01`)

/** W3, 487 octets. */
export const W3 = hex(`
  02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 31 41 00 01 5B 03 31 00 01 6E 57 03 49 4D 45 49 3A 34 39 30 31 35
  34 32 30 33 32 33 37 35 31 38 00 01 01 67 57 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 00 01 56 03 63 6F 6D
  2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 61 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 3F 73 69 64 3D 37 66
  33 61 00 01 4E 5A 00 01 47 03 62 36 34 00 01 53 03 73 79 6E 63 6D 6C 3A 61 75 74 68 2D 6D 64 35 00 01 01 00 00 4F 03 76 33 44 6D 4F 7A 50 4C 79
  38 71 6B 36 46 67 47 61 70 47 7A 4C 51 3D 3D 00 01 01 5A 00 01 4C 03 31 36 33 38 34 00 01 55 03 36 35 35 33 36 00 01 01 01 00 00 6B 69 4B 03 31
  00 01 5C 03 31 00 01 4C 03 30 00 01 4A 03 53 79 6E 63 48 64 72 00 01 6F 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F
  64 6D 00 01 68 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01 49 5A 00 01 47 03 62 36 34 00 01 53 03 73 79 6E 63 6D 6C 3A
  61 75 74 68 2D 6D 64 35 00 01 50 03 54 6D 56 34 64 45 35 76 62 6D 4E 6C 52 6D 39 79 51 7A 41 77 4D 67 3D 3D 00 01 01 01 00 00 4F 03 32 31 32 00
  01 01 69 4B 03 32 00 01 5C 03 31 00 01 4C 03 31 00 01 4A 03 41 6C 65 72 74 00 01 4F 03 32 30 30 00 01 01 69 4B 03 33 00 01 5C 03 31 00 01 4C 03
  32 00 01 4A 03 52 65 70 6C 61 63 65 00 01 4F 03 32 30 30 00 01 01 53 4B 03 34 00 01 54 6E 57 03 2E 2F 44 65 76 44 65 74 61 69 6C 2F 46 77 56 00
  01 01 01 01 12 01 01`)

/** W4, 370 octets. */
export const W4 = hex(`
  02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 31 41 00 01 5B 03 32 00 01 6E 57 03 68 74 74 70 73 3A 2F 2F 64 6D
  2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 3F 73 69 64 3D 37 66 33 61 00 01 01 67 57 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35
  31 38 00 01 56 03 63 6C 69 65 6E 74 2D 30 30 30 31 00 01 01 01 6B 69 4B 03 31 00 01 5C 03 31 00 01 4C 03 30 00 01 4A 03 53 79 6E 63 48 64 72 00
  01 6F 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01 68 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F
  6D 2F 64 6D 00 01 49 5A 00 01 47 03 62 36 34 00 01 53 03 73 79 6E 63 6D 6C 3A 61 75 74 68 2D 6D 64 35 00 01 50 03 54 6D 56 34 64 45 35 76 62 6D
  4E 6C 52 6D 39 79 55 7A 41 77 4D 67 3D 3D 00 01 01 01 00 00 4F 03 32 31 32 00 01 01 69 4B 03 32 00 01 5C 03 31 00 01 4C 03 34 00 01 4A 03 47 65
  74 00 01 6F 03 2E 2F 44 65 76 44 65 74 61 69 6C 2F 46 77 56 00 01 4F 03 32 30 30 00 01 01 62 4B 03 33 00 01 5C 03 31 00 01 4C 03 34 00 01 54 67
  57 03 2E 2F 44 65 76 44 65 74 61 69 6C 2F 46 77 56 00 01 01 4F 03 31 2E 30 2E 37 00 01 01 01 12 01 01`)

/** W5, 150 octets. */
export const W5 = hex(`
  02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 31 41 00 01 5B 03 32 00 01 6E 57 03 49 4D 45 49 3A 34 39 30 31 35
  34 32 30 33 32 33 37 35 31 38 00 01 01 67 57 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 00 01 56 03 63 6F 6D
  2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 01 6B 69 4B 03 31 00 01 5C 03 32 00 01 4C 03 30 00 01 4A 03 53 79 6E 63 48 64 72 00 01 4F 03 32 30 30
  00 01 01 12 01 01`)

/** W6A, 150 octets. */
export const W6A = hex(`
  02 A4 01 6A 00 6D 6C 71 C3 03 31 2E 32 01 72 C3 06 44 4D 2F 31 2E 32 01 65 C3 02 31 41 01 5B C3 01 32 01 6E 57 C3 14 49 4D 45 49 3A 34 39 30 31
  35 34 32 30 33 32 33 37 35 31 38 01 01 67 57 C3 19 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F 64 6D 01 56 C3 0E 63 6F
  6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 01 01 01 6B 69 4B C3 01 31 01 5C C3 01 32 01 4C C3 01 30 01 4A C3 07 53 79 6E 63 48 64 72 01 4F C3 03 32 30
  30 01 01 12 01 01`)

/** W7, 142 octets. */
export const W7 = hex(`
  03 00 00 6A 1B 2D 2F 2F 4F 4D 41 2F 2F 44 54 44 2D 44 4D 2D 44 44 46 20 31 2E 32 2F 2F 45 4E 00 00 02 60 77 03 31 2E 32 00 01 64 66 03 45 78 00
  01 6F 5C 25 01 75 51 03 75 72 6E 3A 6F 6D 61 3A 6D 6F 3A 6F 6D 61 2D 64 6D 2D 64 6D 61 63 63 3A 31 2E 30 00 01 01 01 64 66 03 53 65 72 76 65 72
  49 44 00 01 6F 5C 0B 01 75 61 03 74 65 78 74 2F 70 6C 61 69 6E 00 01 01 01 76 03 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 01 01`)

/** W8, 273 octets. */
export const W8 = hex(`
  02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 44 4D 2F 31 2E 32 00 01 65 03 30 00 01 5B 03 30 00 01 6E 57 03 49 4D 45 49 3A 34 39 30 31 35 34
  32 30 33 32 33 37 35 31 38 00 01 01 67 57 03 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 01 6B 45 4B 03 31 00 01 54 6E 57 03 2E 2F 49 6E
  62 6F 78 00 01 01 5A 00 01 47 03 62 69 6E 00 01 53 03 61 70 70 6C 69 63 61 74 69 6F 6E 2F 76 6E 64 2E 73 79 6E 63 6D 6C 2E 64 6D 74 6E 64 73 2B
  77 62 78 6D 6C 00 01 01 00 00 4F 00 02 60 77 03 31 2E 32 00 01 64 66 03 45 78 00 01 6F 5C 25 01 75 51 03 75 72 6E 3A 6F 6D 61 3A 6D 6F 3A 6F 6D
  61 2D 64 6D 2D 64 6D 61 63 63 3A 31 2E 30 00 01 01 01 64 66 03 53 65 72 76 65 72 49 44 00 01 6F 5C 0B 01 75 61 03 74 65 78 74 2F 70 6C 61 69 6E
  00 01 01 01 76 03 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 01 01 01 01 01 01 00 00 12 01 01`)

/** W9: W8 with the tree as an OPAQUE document instead of inline. */
export const W9 = ((): Uint8Array<ArrayBuffer> => {
  const at = Buffer.from(W8).indexOf(Buffer.from(hex('00 00 4F')))
  return Uint8Array.from(Buffer.concat([W8.subarray(0, at + 3), hex('C3 81 0E'), W7, hex('01 01 01 12 01 01')]))
})()

/** Body of W5, from the SyncML tag on. */
export const W5_BODY = W5.subarray(5)

const header = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.concat([hex(text), W5_BODY]))
const FPI = '2D 2F 2F 53 59 4E 43 4D 4C 2F 2F 44 54 44 20 53 79 6E 63 4D 4C 20 31 2E 32 2F 2F 45 4E'

/** Replaces one run of octets in a document; fails where it is not there. */
export function swap(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(bytes).indexOf(Buffer.from(from))
  if (at < 0) throw new Error('octets to replace are not there')
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]))
}

/** W6 a to h: eight other ways to write W5. */
export const W6: Readonly<Record<string, Uint8Array>> = {
  a: W6A,
  b: header(`02 00 00 6A 1D ${FPI}`),
  c: header(`02 00 00 6A 1E ${FPI} 00`),
  d: swap(
    header('03 A4 01 6A 15 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00'),
    hex('57 03 49 4D 45 49 3A 34 39 30 31 35 34 32 30 33 32 33 37 35 31 38 00 01'),
    hex('57 83 00 01'),
  ),
  e: header('03 A4 01 80 6A 00'),
  f: swap(W5, hex('4F 03 32 30 30 00 01'), hex('4F 02 32 02 30 02 30 01')),
  g: swap(W5, hex('4F 03 32 30 30 00 01'), hex('4F 03 32 00 C3 02 30 30 01')),
  h: swap(header('03 A4 01 6A 06 46 69 6E 61 6C 00'), hex('12 01 01'), hex('04 00 01 01')),
}

/** W7 as XML. */
export const TNDS_XML =
  '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>Ex</NodeName><RTProperties><Format><node/></Format><Type>' +
  '<DDFName>urn:oma:mo:oma-dm-dmacc:1.0</DDFName></Type></RTProperties><Node><NodeName>ServerID</NodeName><RTProperties><Format><chr/></Format><Type>' +
  '<MIME>text/plain</MIME></Type></RTProperties><Value>com.example.dm</Value></Node></Node></MgmtTree>'

/** B3, the w7 provisioning document, 256 octets. */
export const B3 = hex(`
  03 0B 6A 00 C5 46 01 C6 00 01 55 01 87 36 00 00 06 03 77 37 00 01 87 00 01 38 00 00 06 03 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 87 07
  06 03 45 78 61 6D 70 6C 65 20 44 4D 00 01 C6 00 01 56 01 87 34 00 00 06 03 68 74 74 70 73 3A 2F 2F 64 6D 2E 65 78 61 6D 70 6C 65 2E 63 6F 6D 2F
  64 6D 00 01 C6 53 01 87 23 06 03 34 34 33 00 01 01 01 C6 00 01 57 01 87 30 00 00 06 00 01 8D 01 87 33 00 00 06 00 01 93 01 87 31 00 00 06 03 63
  6C 69 65 6E 74 2D 30 30 30 31 00 01 87 00 01 32 00 00 06 03 43 6C 31 33 6E 74 53 33 63 72 65 74 00 01 01 C6 00 01 57 01 87 30 00 00 06 03 43 4C
  49 45 4E 54 00 01 87 00 01 33 00 00 06 00 01 93 01 87 31 00 00 06 03 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D 00 01 87 00 01 32 00 00 06 03 53
  33 72 76 33 72 53 33 63 72 65 74 00 01 01 01 01`)
