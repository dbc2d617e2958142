// Values as they are written: numbers, units, times. Times are UTC; no clock and no locale is asked.

/** Bytes of one unit. */
export const SIZES: Readonly<Record<string, number>> = { B: 1, kB: 1000, KiB: 1024, MB: 1_000_000, MiB: 1 << 20, GB: 1e9, GiB: 2 ** 30 }
/** Milliseconds of one unit. */
export const DURATIONS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** The unit as the tables write it, whatever its case; undefined where there is none. `ms` and `MS` are one. */
export function unitOf(table: Readonly<Record<string, number>>, text: string): string | undefined {
  return Object.keys(table).find((unit) => unit.toLowerCase() === text.toLowerCase())
}

/** Bytes or ms of a literal. */
export function scaled(value: number, unit: string): number {
  return value * (SIZES[unit] ?? DURATIONS[unit] ?? 1)
}

/** A decimal number with an optional unit stuck to it, or a hexadecimal one; null where it is none. */
export function numeral(text: string): { readonly value: number; readonly unit: string } | null {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return { value: Number.parseInt(text.slice(2), 16), unit: '' }
  const match = /^(-?\d{1,15}(?:\.\d{1,6})?)([A-Za-z]*)$/.exec(text)
  return match === null ? null : { value: Number(match[1]), unit: match[2] ?? '' }
}

/** A written time: `day` ms since 1970 at midnight UTC (null: a time of day, on any day) and `ms` into the day. */
export interface WrittenTime {
  readonly day: number | null
  readonly ms: number
}

const TIME = /^(?:(\d{4})-(\d\d)-(\d\d)(?:[T ]|$))?(?:(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?Z?)?$/i

/** `2026-01-31T12:00:00.000Z`, `2026-01-31`, `12:00`, `12:00:03.5`; null where it is none of these. */
export function readTime(text: string): WrittenTime | null {
  const match = text === '' ? null : TIME.exec(text)
  if (match === null) return null
  const [, year, month, date, hour = '0', minute = '0', second = '0', part = '0'] = match
  const ms = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(part.padEnd(3, '0'))
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null
  if (year === undefined) return { day: null, ms }
  const [m, d] = [Number(month), Number(date)]
  const long = [31, leap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m - 1] ?? 0
  return d < 1 || d > long ? null : { day: days(Number(year), m, d) * 86_400_000, ms }
}

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function days(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** A moment compared with a written time: negative before it, 0 at it, positive after it. A time of day is compared within the day. */
export function compareTime(at: number, written: WrittenTime): number {
  if (written.day !== null) return at - (written.day + written.ms)
  return at - Math.floor(at / 86_400_000) * 86_400_000 - written.ms
}
