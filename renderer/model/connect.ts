// Ways to connect and devices behind adb in words, signs and order; what each proof is worth. Pure.
import type { AdbDeviceRow, AdbDeviceWord, AdbReverseRow, AdbServerWord, ConnectProblem, ConnectTile, DeviceRow, PathProof } from '../../core/api.ts'
import { ago, clock } from './words.ts'

export interface Look {
  readonly word: string
  readonly tone: 'good' | 'warn' | 'bad' | ''
}

export const WAYS: Readonly<Record<ConnectTile['way'], { readonly title: string; readonly icon: string }>> = {
  simulated: { title: 'Simulated device', icon: 'play' },
  adb: { title: 'USB and Android (adb)', icon: 'usb' },
  wifi: { title: 'Wi-Fi', icon: 'wifi' },
  modem: { title: 'Serial modem (SMS)', icon: 'modem' },
  file: { title: 'Capture file', icon: 'folder' },
}

export const CAN: Readonly<Record<ConnectTile['can'], Look>> = {
  working: { word: 'works', tone: 'good' },
  now: { word: 'ready', tone: 'good' },
  step: { word: 'one step missing', tone: 'warn' },
  no: { word: 'not here', tone: '' },
}
const ORDER: readonly ConnectTile['can'][] = ['working', 'now', 'step', 'no']

/** Tiles by what can be done now; equal ones keep the lab's order. */
export const sortTiles = (tiles: readonly ConnectTile[]): readonly ConnectTile[] =>
  [...tiles].sort((a, b) => ORDER.indexOf(a.can) - ORDER.indexOf(b.can))

const GRAVITY = { error: 0, warn: 1, note: 2 } as const
/** Problems, the gravest first. */
export const sortProblems = (problems: readonly ConnectProblem[]): readonly ConnectProblem[] =>
  [...problems].sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity])

/** `First message received at 12:03:44, 4 min ago, from IMEI:…`; '' without a proof. */
export function proofWords(proof: ConnectTile['first'], now: number, which: 'First' | 'Newest'): string {
  if (proof === null) return ''
  return `${which} message received at ${clock(proof.at).slice(0, 8)}, ${ago(proof.at, now)}${proof.device === '' ? '' : `, from ${proof.device}`}`
}

/** `A browser reached http://192.168.1.5:8080 in 12 ms, 4 min ago, from 192.168.1.7 (IMEI:…)`. */
export function pathWords({ base, device, remote, at, ms }: PathProof, now: number): string {
  return `A browser reached ${base} in ${String(Math.round(ms))} ms, ${ago(at, now)}, from ${remote}${device === '' ? '' : ` (${device})`}`
}

export const ADB_STATES: Readonly<Record<AdbDeviceWord, Look>> = {
  device: { word: 'ready', tone: 'good' },
  offline: { word: 'offline', tone: 'bad' },
  unauthorized: { word: 'unauthorised', tone: 'bad' },
  authorizing: { word: 'authorising', tone: 'warn' },
  connecting: { word: 'connecting', tone: 'warn' },
  recovery: { word: 'in recovery', tone: 'warn' },
  sideload: { word: 'sideload', tone: 'warn' },
  rescue: { word: 'rescue', tone: 'warn' },
  bootloader: { word: 'in the bootloader', tone: 'warn' },
  'no permissions': { word: 'no permissions', tone: 'bad' },
  vanished: { word: 'vanished', tone: 'bad' },
  unknown: { word: 'not known', tone: 'warn' },
  other: { word: 'in another state', tone: 'warn' },
}

export const SERVER_STATES: Readonly<Record<AdbServerWord, Look>> = {
  idle: { word: 'not looked for yet', tone: '' },
  connecting: { word: 'looking', tone: 'warn' },
  ready: { word: 'answers', tone: 'good' },
  missing: { word: 'not running', tone: 'bad' },
  old: { word: 'too old', tone: 'bad' },
  foreign: { word: 'something else is there', tone: 'bad' },
  lost: { word: 'gone', tone: 'bad' },
  silent: { word: 'says nothing', tone: 'bad' },
}

export const REVERSES: Readonly<Record<AdbReverseRow['state'], Look>> = {
  wanted: { word: 'waits for the device', tone: 'warn' },
  open: { word: 'open', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
}
const ROLES: Readonly<Record<string, string>> = { dm: 'DM over HTTP', dms: 'DM over HTTPS', download: 'downloads', gateway: 'gateway' }
/** What is behind a port. */
export const roleWords = (role: string): string => ROLES[role] ?? (role === '' ? 'chosen by hand' : role)

/** Maker, model and Android of a device, as far as it told. */
export const adbWords = (one: AdbDeviceRow): string =>
  [one.manufacturer, one.model, one.android === '' ? '' : `Android ${one.android}`].filter((word) => word !== '').join(' ') || 'not told yet'

/** The newest proof that a device lives, whichever way it came, and its age. */
export function lifeProof(row: DeviceRow, adb: AdbDeviceRow | null, now: number): { readonly at: number; readonly text: string } {
  const own = adb === null ? 0 : adb.proofAt
  const at = Math.max(row.lastAt, own)
  if (at === 0) return { at: 0, text: row.sessions > 0 ? 'none accepted yet' : 'none yet' }
  return { at, text: `${own > row.lastAt ? adb?.proof || 'adb' : 'message'} ${ago(at, now)}` }
}

/** What the lab says in half a sentence, as a whole one: a capital first (of a word, not of a name or URL), a full stop last. A lone name stays as it is. */
export function sentence(text: string): string {
  if (text === '') return ''
  const first = /^[a-z]+(?=['’]?[a-z]*[,;:.]?(?:\s|$))/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text
  return /[.!?…:]$/.test(first) || !/\s/.test(first) ? first : `${first}.`
}

/** Where a file for an Android device goes when nobody says otherwise. */
export const pushPath = (name: string): string => `/sdcard/Download/${name.replace(/[^\w.+-]+/g, '_')}`
