// Time stamps of nodes: UTC in ISO 8601 basic form (TND 7.7.6). Reckoned here because the pure core has no calendar.

/** `ms` since 1970-01-01T00:00Z as `YYYYMMDDTHHMMSSZ`. */
export function stamp(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const days = Math.floor(seconds / 86400)
  const rest = seconds - days * 86400
  const [year, month, day] = civil(days)
  return `${pad(year, 4)}${pad(month, 2)}${pad(day, 2)}T${pad(Math.floor(rest / 3600), 2)}${pad(Math.floor(rest / 60) % 60, 2)}${pad(rest % 60, 2)}Z`
}

/** `ms` since 1970-01-01T00:00Z as `YYYY-MM-DDTHH:MM:SS.mmmZ`: what is told outside. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms)
  const [, year, month, day, hour, minute, second] = /^(\d+)(..)(..)T(..)(..)(..)Z$/.exec(stamp(whole)) ?? []
  return `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}.${pad(whole - Math.floor(whole / 1000) * 1000, 3)}Z`
}

// Days since the epoch to the Gregorian calendar, counting eras of 400 years from March of year 0.
function civil(days: number): [year: number, month: number, day: number] {
  const shifted = days + 719468
  const era = Math.floor(shifted / 146097)
  const ofEra = shifted - era * 146097
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36524) - Math.floor(ofEra / 146096)) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1]
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
