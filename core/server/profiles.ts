// Server profiles: what DM Servers do differently within the protocol, as settings; each line says where it was read, and what is INFERRED.
import type { ServerSettings } from './settings.ts'

export interface ServerProfile {
  readonly title: string
  readonly settings: Partial<ServerSettings>
  /** Each difference with its standing. */
  readonly facts: readonly (readonly [standing: 'CONFIRMED' | 'INFERRED', what: string])[]
}

export const SERVER_PROFILES = {
  lab: { title: 'the lab as it is', settings: {}, facts: [] },
  strict: {
    title: 'refuses who shows no credentials, enrols nobody',
    settings: { enrol: 'never', requireAuth: true, greet: false, keepsNonce: false },
    facts: [
      ['CONFIRMED', 'without credentials 407, with wrong ones 401, then the end (SEC challenges)'],
      ['CONFIRMED', 'a MAC counts with the newest nonce only (SEC auth-MAC)'],
    ],
  },
  plain: {
    title: 'names no limits and no RespURI, proves nothing',
    settings: { respUri: false, maxMsgSize: null, maxObjSize: null, prove: false },
    facts: [
      ['CONFIRMED', 'RespURI and MaxMsgSize are MAY for a server (REP tables)'],
      ['CONFIRMED', 'a server may show no credentials; a client that insists answers 407 (SEC challenges)'],
    ],
  },
  small: {
    title: 'messages of 2 KB',
    settings: { maxMsgSize: 2048, maxObjSize: 65536 },
    facts: [['CONFIRMED', 'MaxMsgSize is the choice of each side (PRO MaxMsgSize)']],
  },
  wordy: {
    title: 'credentials in every message',
    settings: { accepts: 'message' },
    facts: [['CONFIRMED', 'answers 200 instead of 212, so that the device must prove itself in each message (SEC challenges)']],
  },
  mac: {
    title: 'asks for auth-MAC',
    settings: { auth: 'syncml:auth-MAC' },
    facts: [['CONFIRMED', 'a MAC and a new nonce with every message, never 212 (SEC auth-MAC)']],
  },
  opaque: {
    title: 'WBXML strings OPAQUE, public identifier as text',
    settings: { wire: { strings: 'opaque', publicId: 'text' } },
    facts: [['CONFIRMED', 'both forms are legal WBXML and seen in the field']],
  },
} as const satisfies Readonly<Record<string, ServerProfile>>

export type ServerProfileName = keyof typeof SERVER_PROFILES

/** The profile of that name; undefined where there is none. */
export function serverProfile(name: string): ServerProfile | undefined {
  return Object.hasOwn(SERVER_PROFILES, name) ? SERVER_PROFILES[name as ServerProfileName] : undefined
}
