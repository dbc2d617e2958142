// What the device shows after it reported success: the component, its version, its State, its start record (Q1 of the scomo sheet 16.6).
import { undefinedError } from './codes.ts'
import { fail } from './itemend.ts'
import type { Answer, Item, VerifyStep } from './types.ts'
import { fine, look } from './wants.ts'
import type { Scene } from './wants.ts'

/** True where the item may go on; a success that does not show is a failure. */
export function verified(scene: Scene, item: Item, step: VerifyStep): boolean {
  const seen = look(scene, item, step)
  if ('ask' in seen) return false
  const value = (uri: string, name: string): string => answerText(step.answers[`${uri}/${name}`])
  if (seen.uris.length === 0)
    return fail(scene, item, undefinedError(scene.type), `the device reports success, but ${item.component || item.pkg} is not installed`)
  const wanted = step.active ? '20' : '10'
  for (const uri of seen.uris) {
    const version = value(uri, 'Version')
    const own = item.component === '' || value(uri, 'ID') === item.component
    if (own && item.version !== '' && version !== '' && version !== item.version)
      return fail(scene, item, undefinedError(scene.type), `the device reports success, but ${uri} has version ${version}`)
    if (value(uri, 'State') !== wanted)
      return fail(scene, item, undefinedError(scene.type), `the device reports success, but ${uri} has State ${value(uri, 'State') || 'none'}`)
  }
  item.objects = [...seen.uris]
  if (step.active) item.executed = started(item, seen.uris, value)
  item.at += 1
  return true
}

const answerText = (answer: Answer | undefined): string => (answer !== undefined && fine(answer.code) ? answer.data.trim() : '')

/** A start record of the new version: after a successful verification it can only be of this order. No record says nothing (scomo sheet 6, Execution). */
function started(item: Item, uris: readonly string[], value: (uri: string, name: string) => string): boolean | 'unknown' {
  const records = uris.map((uri) => value(uri, 'Ext/LastStart')).filter((text) => text !== '')
  if (records.length === 0) return 'unknown'
  const since = Math.max(0, ...item.steps.map((step) => (step.do === 'exec' ? step.sentAt : 0)))
  return records.some((record) => (item.version === '' || record.includes(item.version)) && startTime(record) >= Math.floor(since / 1000) * 1000)
}

/** Time of a start record: the first ISO 8601 UTC time in it, ms; Infinity where it names none. */
export function startTime(record: string): number {
  const [, y, mo, d, h, mi, s, frac = ''] = /(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(\.\d+)?Z/.exec(record) ?? []
  if (y === undefined) return Infinity
  const year = Number(y) - (Number(mo) <= 2 ? 1 : 0)
  const month = (Number(mo) + 9) % 12
  const day =
    365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + Math.floor((153 * month + 2) / 5) + Number(d) - 1 - 719_468
  return ((day * 24 + Number(h)) * 60 + Number(mi)) * 60_000 + Number(s) * 1000 + (frac === '' ? 0 : Number(frac) * 1000)
}
