// Times, ages, sizes and counts in words. Pure: whoever calls says what time it is.
import type { TraceRow } from '../../core/api.ts'

const two = (n: number): string => String(n).padStart(2, '0')

/** Wall clock of day, local time: `14:02:07.123`. */
export function clock(at: number): string {
  const d = new Date(at)
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`
}

/** `14:02` today, `20 Nov 14:02` on another day. */
export function shortTime(at: number, now: number): string {
  const d = new Date(at)
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`
  if (new Date(now).toDateString() === d.toDateString()) return time
  return `${d.getDate()} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][d.getMonth()]} ${time}`
}

/** Seconds between two moments in ms as `+0.084`; longer ones as `+2:04`. '' for no predecessor. */
export function delta(ms: number | null): string {
  if (ms === null) return ''
  const sign = ms < 0 ? '−' : '+'
  const s = Math.abs(ms) / 1000
  if (s < 100) return `${sign}${s.toFixed(3)}`
  return s < 3600 ? `${sign}${Math.floor(s / 60)}:${two(Math.floor(s % 60))}` : `${sign}${Math.floor(s / 3600)}h ${two(Math.floor((s % 3600) / 60))}m`
}

/** How long something has lasted: `00:41`, `1:02:03`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  return s < 3600 ? `${two(Math.floor(s / 60))}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
}

/** How long ago, honestly rounded down: `4 min ago`. */
export function ago(at: number, now: number): string {
  if (at === 0) return 'never'
  const s = Math.floor((now - at) / 1000)
  if (s < 2) return 'just now'
  if (s < 60) return `${s} s ago`
  if (s < 3600) return `${Math.floor(s / 60)} min ago`
  return s < 86_400 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86_400)} d ago`
}

/** Octets: `382 B`, `1.4 KiB`. */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = n / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `1 message`, `12,431 messages`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`
}

/** A time that a device wrote, as the window writes times; as it stands where it is no time. */
export function toldTime(text: string, now: number): string {
  const at = Date.parse(text)
  return Number.isNaN(at) ? text : shortTime(at, now)
}

/** What a row is about in one line: its commands, or what its status column says, or its sentence. */
export function about(row: TraceRow): string {
  if (row.kind !== 'message') return row.text === '' ? row.kind : row.text
  if (row.commands.length > 0) return fold(row.commands, ', ')
  if (row.text !== '') return row.text
  return row.statuses.length > 0 ? 'Status only' : 'No commands'
}

/** The worst Status code of a row (highest from 300 on, else the last), '' where it has none. */
export function worstStatus(statuses: readonly string[]): string {
  const bad = statuses.filter((code) => Number(code) >= 300 && code !== '407' && code !== '401')
  const auth = statuses.filter((code) => code === '407' || code === '401')
  return [...bad].sort().at(-1) ?? auth[0] ?? statuses.at(-1) ?? ''
}

/** Statuses folded: `212 200 200` becomes `212 200×2`. */
export const foldStatuses = (statuses: readonly string[]): string => fold(statuses, ' ')

/** Statuses for a narrow column: where not all of them fit, those that failed come first; their order is that of the message otherwise. */
export function briefStatuses(statuses: readonly string[], room = 10): string {
  const all = foldStatuses(statuses)
  if (all.length <= room) return all
  const failed = (code: string): boolean => tone(code) === 'bad' || tone(code) === 'ask'
  return foldStatuses([...statuses.filter(failed), ...statuses.filter((code) => !failed(code))])
}

/** Equal neighbours counted: `Add, Add, Get` becomes `Add×2, Get`. */
export function fold(statuses: readonly string[], between: string): string {
  const runs: { code: string; times: number }[] = []
  for (const code of statuses) {
    const run = runs.at(-1)
    if (run?.code === code) run.times += 1
    else runs.push({ code, times: 1 })
  }
  return runs.map((run) => (run.times === 1 ? run.code : `${run.code}×${run.times}`)).join(between)
}

/** Whether a SyncML status means success, an answer in between, or failure. 401/407 ask for credentials. */
export function tone(code: string): 'good' | 'info' | 'ask' | 'bad' | '' {
  const n = Number(code)
  if (code === '' || Number.isNaN(n)) return ''
  if (n === 401 || n === 407) return 'ask'
  return n < 200 ? 'info' : n < 300 ? 'good' : n < 400 ? 'info' : 'bad'
}

/** The telling end of a device id: `…237518`. Whole where it is short. */
export const tailId = (id: string, most = 10): string => (id.length <= most ? id : `…${id.slice(1 - most)}`)

/** A device id shortened in the middle so that its telling end stays: `IMEI:49…7518`. */
export function shortId(id: string, most = 22): string {
  if (id.length <= most) return id
  const tail = Math.floor((most - 1) / 2)
  return `${id.slice(0, most - 1 - tail)}…${id.slice(-tail)}`
}

/** Characters that would hide or reorder text, made visible (bidi controls, C0, C1, zero width). */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (c) => {
    const code = c.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    return code === 0x7f ? '␡' : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}
