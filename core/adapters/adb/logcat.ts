// Lines of logcat: epoch and calendar stamps read, bytes cut into lines, the device's clock measured. What is no log line is kept as text, never lost.
import type { AdbLogFilter, AdbLogLevel } from '../../api.ts'

/** One line as the device wrote it. `at`: ms since 1970 by the device's clock; null where the line has no stamp that can be read. */
export interface ReadLine {
  readonly at: number | null
  readonly pid: number
  readonly tid: number
  readonly level: AdbLogLevel
  readonly tag: string
  readonly text: string
}

/** What a calendar stamp leaves out: the year, and minutes east of UTC. */
export interface Calendar {
  readonly year: number
  readonly zone: number
}

const LEVELS: readonly AdbLogLevel[] = ['V', 'D', 'I', 'W', 'E', 'F']
/** `-v threadtime`, with or without `epoch`, `year`, `usec`, `zone`: stamp, pid, tid, level, tag and text. The uid may stand before the pid (`-v uid`). */
const LINE =
  /^(?:(\d{1,12})\.(\d{3,9})|(?:(\d{4})-)?(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3,9})(?: ([+-])(\d\d)(\d\d))?)\s+(?:\S+\s+)??(\d+)\s+(\d+) ([VDIWEFSA]) (.*)$/s
/** Longest line kept, in characters; the logger of Android itself cuts at about 4,000 bytes. */
export const LONGEST_LINE = 16_384

/** Days from 1970-01-01 to a civil date (proleptic Gregorian). */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

const fraction = (digits: string): number => Number(`0.${digits}`) * 1000

function stampOf(found: RegExpExecArray, calendar: Calendar): number {
  const [, seconds, part, year, month, day, hour, minute, second, calendarPart, sign, zoneHours, zoneMinutes] = found
  if (seconds !== undefined) return Number(seconds) * 1000 + fraction(part ?? '0')
  const days = daysOf(year === undefined ? calendar.year : Number(year), Number(month), Number(day))
  const zone = sign === undefined ? calendar.zone : (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes))
  return days * 86_400_000 + Number(hour) * 3_600_000 + (Number(minute) - zone) * 60_000 + Number(second) * 1000 + fraction(calendarPart ?? '0')
}

/** Reads one line. Lines such as `--------- beginning of main` come back without a stamp, level I, tag `logcat`. */
export function readLogLine(line: string, calendar: Calendar): ReadLine {
  const found = LINE.exec(line)
  if (found === null) return { at: null, pid: 0, tid: 0, level: 'I', tag: 'logcat', text: line.slice(0, LONGEST_LINE) }
  const rest = found[16] ?? ''
  // The tag is padded to eight columns and ends at the first `: `; tags may hold a colon by themselves.
  const colon = /^(.*?)\s*:(?: |$)/s.exec(rest)
  const letter = found[15] ?? 'I'
  return {
    at: stampOf(found, calendar),
    pid: Number(found[13]),
    tid: Number(found[14]),
    // `A` (assert) is what some builds call fatal; `S` never stands before a line.
    level: LEVELS.find((level) => level === letter) ?? (letter === 'A' ? 'F' : 'I'),
    tag: colon === null ? '' : (colon[1] ?? ''),
    text: (colon === null ? rest : rest.slice(colon[0].length)).slice(0, LONGEST_LINE),
  }
}

/** Cuts text into lines; what has no line end yet waits, up to the longest line. */
export class LineCutter {
  #rest = ''

  /** Whole lines in `text` and what waited before it. */
  feed(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > LONGEST_LINE) {
      lines.push(this.#rest)
      this.#rest = ''
    }
    return lines.map((line) => line.replace(/\r+$/, ''))
  }

  /** The last line where the stream ended in the middle of one. */
  end(): string[] {
    const rest = this.#rest
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}

/** The device's clock less ours, ms, and how far that may be off. */
export interface ClockOffset {
  readonly offset: number
  readonly uncertainty: number
}

/** Prints the device's clock as finely as it can: mksh knows EPOCHREALTIME, toybox `%N`; the zone belongs to stamps without one. */
export const CLOCK_COMMAND = 'echo $EPOCHREALTIME; date +%s.%N; date +%z'

/**
 * Reads what CLOCK_COMMAND printed between `sent` and `came` (our clock, ms). The true reading lies somewhere between the two, so half the way is the error;
 * a clock that tells whole seconds adds half a second. null where nothing was a clock.
 */
export function readClock(text: string, sent: number, came: number): (ClockOffset & { readonly zone: number }) | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const fine = lines.map((line) => /^(\d{9,11})\.(\d{3,9})$/.exec(line)).find((found) => found !== null)
  const coarse = lines.map((line) => /^(\d{9,11})(?:\.[^\d].*|\.)?$/.exec(line)).find((found) => found !== null)
  const zone = lines.map((line) => /^([+-])(\d\d)(\d\d)$/.exec(line)).find((found) => found !== null)
  if (fine === undefined && coarse === undefined) return null
  const at = fine === undefined ? Number(coarse?.[1]) * 1000 + 500 : Number(fine[1]) * 1000 + fraction(fine[2] ?? '0')
  return {
    offset: at - (sent + came) / 2,
    uncertainty: (came - sent) / 2 + (fine === undefined ? 500 : 0),
    zone: zone === undefined ? 0 : (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])),
  }
}

/** The command that streams the log from now on. `epoch`: stamps in seconds since 1970 (Android 7 and later). */
export function logCommand(filter: AdbLogFilter, epoch: boolean): string {
  const level = filter.level ?? 'V'
  const tags = filter.tags ?? []
  const specs = tags.length === 0 ? [`*:${level}`] : [...tags.map((tag) => `${tag}:${level}`), '*:S']
  return ['logcat', '-v', 'threadtime', ...(epoch ? ['-v', 'epoch', '-v', 'usec'] : []), '-T', '1', ...specs.map((spec) => `'${spec}'`)].join(' ')
}

/** True where logcat says that it does not know a format asked for. */
export function refusesFormat(line: string): boolean {
  return /invalid (parameter|format)|unrecognized option|Unable to.*format/i.test(line)
}

/** Whether a line passes. */
export function passes(line: Pick<ReadLine, 'level' | 'tag' | 'text'>, filter: AdbLogFilter): boolean {
  const { tags = [], level = 'V', text = '' } = filter
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false
  if (tags.length > 0 && !tags.includes(line.tag)) return false
  return text === '' || `${line.tag} ${line.text}`.toLowerCase().includes(text.toLowerCase())
}
