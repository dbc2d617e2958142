// Makes the index agree with the segments after a crash. The segments are the truth; what was done is said in plain words.
import type { Seq, SessionRow } from '../api.ts'
import type { Crc32 } from './crc.ts'
import { amended, rowOf } from './entry.ts'
import type { Extent, TraceIndex } from './index.ts'
import type { Db, Segments } from './ports.ts'
import { AMENDMENT, ENTRY, FORMAT, HEAD, metaOf, scan, type Damage, type SegmentRecord } from './record.ts'
import { lostRow } from './barerow.ts'
import { transaction } from './transaction.ts'

/** Rows that stand in for lost ones at the most; a larger hole is no damage, but a folder mixed from two workspaces. */
const LARGEST_HOLE = 1_000_000

/** What recovery works on. */
export interface Recovering {
  readonly db: Db
  readonly index: TraceIndex
  readonly segments: Segments
  readonly crc32: Crc32
}

/**
 * Reads what the index does not know yet, cuts a torn tail of the last segment, removes rows whose bytes are missing at either end and keeps the
 * numbering without gaps in between. Returns a sentence for each thing done; none where all was in order.
 * Throws an Error where the segments are of a newer format.
 */
export function recover(at: Recovering): string[] {
  const { index, segments } = at
  const clean = index.clean
  const present = segments.list()
  const known = new Map(index.extents().map((extent) => [extent.segment, extent]))
  const said = missing(
    at,
    [...known.values()].filter((extent) => !present.includes(extent.segment)),
    present,
  )
  for (const segment of present) {
    const extent = known.get(segment) ?? { segment, bytes: 0, first: 0, last: 0 }
    const last = segment === present.at(-1)
    if (extent.bytes === segments.size(segment) && known.has(segment) && (clean || !last)) continue
    said.push(...readSegment(at, extent, last))
  }
  if (!clean || said.length > 0) said.push(...fillGaps(at))
  return said
}

/** Segments the index knows and the folder lacks: at the ends their rows go, in the middle the rows stay without bytes. */
function missing({ db, index }: Recovering, extents: readonly Extent[], present: readonly number[]): string[] {
  if (extents.length === 0) return []
  return transaction(db, () =>
    extents.flatMap((extent) => {
      const middle = present.some((segment) => segment < extent.segment) && present.some((segment) => segment > extent.segment)
      if (middle) index.lose(extent)
      else index.remove(extent)
      if (extent.first === 0) return []
      const what = middle ? 'stay without their bytes' : 'were removed'
      return [`segment ${extent.segment} is missing: its rows ${extent.first} to ${extent.last} ${what}`]
    }),
  )
}

/** Indexes what is new in a segment and looks at all of it for damage. */
function readSegment(at: Recovering, known: Extent, last: boolean): string[] {
  const { db, index, segments, crc32 } = at
  const size = segments.size(known.segment)
  const buffer = segments.read(known.segment, 0, size)
  const damages: Damage[] = []
  const extent: { -readonly [K in keyof Extent]: Extent[K] } = { ...known, bytes: size }
  let cut = size
  let taken = 0
  let removed = 0
  transaction(db, () => {
    for (const part of scan(buffer, 0, crc32)) {
      if (!('type' in part)) {
        damages.push(part)
        if (part.tail && last) cut = part.start
      } else if (take(at, part, extent)) taken += 1
    }
    extent.bytes = cut
    if (known.bytes > cut) {
      removed = index.cut(known, cut)
      extent.last = Math.min(extent.last, index.ends().last)
      if (extent.last < extent.first) extent.first = extent.last = 0
    }
    index.extent(extent)
  })
  if (cut < size) segments.truncate(known.segment, cut)
  return report(extent.segment, { damages, cut, size, taken, removed })
}

/** Takes one record into the index where it is not there yet; true for a row that was new. */
function take({ index }: Recovering, record: SegmentRecord, extent: { readonly segment: number; first: Seq; last: Seq }): boolean {
  const place = { segment: extent.segment, start: record.start, length: record.end - record.start }
  if (record.type === HEAD) {
    if (record.number > FORMAT)
      throw new Error(`segment ${extent.segment} has format ${record.number} and this program knows ${FORMAT}: open it with a newer DM Lab`)
    return false
  }
  if (record.type === ENTRY) {
    const fresh = index.insert(rowOf(record), place)
    if (fresh || (record.number >= extent.first && record.number <= extent.last)) {
      extent.first = extent.first === 0 ? record.number : Math.min(extent.first, record.number)
      extent.last = Math.max(extent.last, record.number)
    }
    return fresh
  }
  if (record.type === AMENDMENT) {
    const row = index.row(record.number)
    if (row !== undefined && index.amend(record.number, place)) index.update(amended(row, record))
    return false
  }
  index.putSession(metaOf<SessionRow>(record))
  return false
}

/** Rows between the first and the last that nobody has: each gets a row that says so. */
function fillGaps({ db, index }: Recovering): string[] {
  const { first, last } = index.ends()
  const gaps = index.gaps()
  const lost = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0)
  if (lost > LARGEST_HOLE) throw new Error(`frames/ lacks ${lost} rows between ${first} and ${last}: are these segments of two workspaces?`)
  if (lost === 0) return []
  transaction(db, () => {
    for (const gap of gaps)
      for (let seq = gap.first; seq <= gap.last; seq++)
        index.insert(lostRow(seq, 'the record of this row is damaged or missing'), { segment: 0, start: 0, length: 0 })
  })
  return gaps.map((gap) => `${rows(gap.first, gap.last)} lost to damage; a row stands in for each`)
}

const rows = (first: Seq, last: Seq): string => (first === last ? `row ${first} is` : `rows ${first} to ${last} are`)

function report(segment: number, what: { damages: readonly Damage[]; cut: number; size: number; taken: number; removed: number }): string[] {
  const said: string[] = []
  if (what.taken > 0) said.push(`segment ${segment}: ${what.taken} ${what.taken === 1 ? 'row' : 'rows'} taken over that the index did not have yet`)
  for (const { start, end } of what.damages)
    if (start !== what.cut || what.cut === what.size)
      said.push(`segment ${segment}: ${end - start} bytes at offset ${start} are damaged and were passed over`)
  if (what.cut < what.size) said.push(`segment ${segment}: a torn tail of ${what.size - what.cut} bytes was cut at offset ${what.cut}`)
  if (what.removed > 0)
    said.push(
      `segment ${segment}: ${what.removed} ${what.removed === 1 ? 'row was' : 'rows were'} removed, their bytes are missing after offset ${what.cut}`,
    )
  return said
}
