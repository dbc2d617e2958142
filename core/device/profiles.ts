// Device profiles: what kinds of clients do differently, as one table; each line says where it was read, and what is INFERRED.
import { CREATOR } from '../dmtree/edit.ts'
import type { Features } from './features.ts'
import type { Habits } from './habits.ts'
import type { ClientSettings } from './terms.ts'

export interface DeviceProfile {
  readonly title: string
  readonly features: Partial<Features>
  readonly settings: Partial<ClientSettings>
  readonly habits: Partial<Habits>
  /** Each difference with its standing. */
  readonly facts: readonly (readonly [standing: 'CONFIRMED' | 'INFERRED', what: string])[]
}

const ALGORITHM_FIRST: Habits['hmac'] = ['algorithm', 'username', 'mac']
const NO_LISTS: Features['lists'] = new Set()
const LIST: Features['lists'] = new Set(['Struct', 'StructData', 'TNDS'])
const COMMON: Features['properties'] = new Set(['ACL', 'Format', 'Name', 'Size', 'Type'])

export const DEVICE_PROFILES = {
  full: { title: 'everything the protocol allows', features: {}, settings: {}, habits: {}, facts: [] },
  strict: {
    title: 'nothing that need not be tolerated',
    features: { implicitAdd: false },
    settings: { requireServerAuth: true },
    habits: {},
    facts: [
      ['CONFIRMED', 'a server without credentials is answered 407 for every command (SEC challenges)'],
      ['CONFIRMED', 'Add below a missing parent is 404 (REP Add: implicit nodes are a MAY)'],
    ],
  },
  lean: {
    title: 'only what a client must support',
    features: {
      copy: false,
      exec: false,
      atomic: false,
      lists: NO_LISTS,
      tnds: false,
      implicitAdd: false,
      alerts: new Set<number>(),
      properties: COMMON,
    },
    settings: { maxMsgSize: 4096, maxObjSize: 4096 },
    habits: { largeObjects: false },
    facts: [['CONFIRMED', 'Atomic, Copy, Exec, MoreData and UI alerts are SHOULD or MAY for a client (REP tables)']],
  },
  symbian: {
    title: 'Symbian and Nokia',
    features: { alerts: new Set([1100, 1101]), properties: COMMON, lists: NO_LISTS, tnds: false },
    settings: {},
    habits: {
      sessionId: 'decimal',
      wire: { strings: 'opaque' },
      nonce: 'five digits',
      headers: [
        ['Accept', '{type}'],
        ['Cache-Control', 'no-store'],
        ['Accept-Charset', 'utf-8'],
        ['Accept-Language', 'en'],
      ],
    },
    facts: [
      ['CONFIRMED', 'SessionID in decimal; every WBXML string OPAQUE'],
      ['CONFIRMED', 'only UI alerts 1100 and 1101; nonces of five decimal digits'],
      ['CONFIRMED', 'properties ACL, Format, Name, Size, Type; others 406'],
      ['CONFIRMED', 'Accept names the very type it sends; Cache-Control no-store, Accept-Charset, Accept-Language'],
    ],
  },
  libdmclient: {
    title: 'libdmclient',
    features: { atomic: false, lists: NO_LISTS, tnds: false, grants: [...CREATOR, 'Get'] },
    settings: {},
    habits: { largeObjects: false, final: 'always' },
    facts: [
      ['CONFIRMED', 'Final in every message'],
      ['CONFIRMED', 'no Atomic, no chunks, list queries 406'],
      ['CONFIRMED', 'a server also gets Get on the interior nodes it adds, beyond the Add, Delete and Replace of TND'],
      ['CONFIRMED', 'ends the session when only the Status of SyncHdr is left to say'],
    ],
  },
  aosp: {
    title: 'Motorola and AOSP',
    features: { lists: LIST, tnds: true },
    settings: {},
    habits: {
      wire: { publicId: 'text' },
      headers: [
        ['Accept', '{type}'],
        ['Accept-Language', 'en'],
        ['Accept-Charset', 'utf-8'],
        ['Cache-Control', 'private'],
        ['User-Agent', 'DM-Lab device (AOSP)'],
        ['Connection', 'Close'],
      ],
      hmac: ALGORITHM_FIRST,
    },
    facts: [
      ['CONFIRMED', 'WBXML public identifier as text'],
      ['CONFIRMED', 'Accept, Accept-Language, Accept-Charset, Cache-Control private, User-Agent; one connection for each message'],
      ['CONFIRMED', 'x-syncml-hmac in the order algorithm, username, mac'],
      ['INFERRED', 'text of User-Agent'],
      ['CONFIRMED', 'TNDS inline on code page 2'],
    ],
  },
  samsung: {
    title: 'Samsung and Obigo',
    features: { lists: LIST, tnds: true },
    settings: {},
    habits: {
      wire: { publicId: 'text', order: { SyncHdr: ['VerDTD', 'VerProto', 'SessionID', 'MsgID', 'RespURI'], Alert: ['CmdID', 'Correlator'] } },
      headers: [
        ['Cache-Control', 'no-store, private'],
        ['Connection', 'Keep-Alive'],
        ['User-Agent', 'DM-Lab device (Samsung)'],
        ['Accept', '{type}'],
        ['Accept-Language', 'en'],
        ['Accept-Charset', 'utf-8'],
        ['Host', '{host:port}'],
        ['Content-Type', '{type}'],
        ['Content-Length', '{length}'],
      ],
    },
    facts: [
      ['CONFIRMED', 'Correlator before Data in an Alert, RespURI before Target'],
      ['CONFIRMED', 'header fields in this order, Host always with its port, x-syncml-hmac last'],
      ['INFERRED', 'values of Cache-Control and User-Agent'],
      ['CONFIRMED', 'accepts list, prop and TNDS'],
      ['CONFIRMED', 'WBXML public identifier as text'],
    ],
  },
  windows: {
    title: 'Windows',
    features: { copy: false, alerts: new Set<number>(), tnds: false },
    settings: { maxMsgSize: null, maxObjSize: null },
    habits: {
      sessionId: 'decimal',
      headers: [['User-Agent', 'MSFT OMA DM Client/1.2.0.1']],
      query: 'mode=Maintenance&Platform=WoA',
    },
    facts: [
      ['CONFIRMED', 'User-Agent MSFT OMA DM Client/1.2.0.1; mode and Platform in the query of the first message'],
      ['INFERRED', 'value of Platform'],
      ['CONFIRMED', 'no Copy, no UI alerts; SessionID in decimal before SyncApplicationVersion 2.0'],
      ['CONFIRMED', 'names no limits in SyncHdr'],
    ],
  },
  wordy: {
    title: 'credentials in every message',
    features: {},
    settings: {},
    habits: { accepts: 'message', plainType: true },
    facts: [
      ['CONFIRMED', 'answers 200 instead of 212, so that the server must prove itself in each message (SEC challenges)'],
      ['INFERRED', 'content type application/vnd.syncml+xml without .dm'],
    ],
  },
  webos: {
    title: 'HP webOS',
    features: {},
    settings: {},
    habits: { hmac: ['algorithm', 'mac', 'username'] },
    facts: [['INFERRED', 'x-syncml-hmac in the order algorithm, mac, username (third-party notes)']],
  },
  examples: {
    title: 'as the published examples are written',
    features: {},
    settings: {},
    habits: { wire: { order: { Status: ['MsgRef', 'CmdID'], Results: ['MsgRef', 'CmdID'], Item: ['Meta', 'Target', 'Source'] } } },
    facts: [['CONFIRMED', 'MsgRef before CmdID, Source after Meta: examples do not keep the order of the DTD']],
  },
} as const satisfies Readonly<Record<string, DeviceProfile>>

export type DeviceProfileName = keyof typeof DEVICE_PROFILES

/** The profile of that name; undefined where there is none. */
export function deviceProfile(name: string): DeviceProfile | undefined {
  return Object.hasOwn(DEVICE_PROFILES, name) ? DEVICE_PROFILES[name as DeviceProfileName] : undefined
}
