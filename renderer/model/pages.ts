// The trace as the window holds it: column pages in buckets, least recently used ones let go. Rows become objects only when shown.
import type { Seq, TracePage, TraceRow } from '../../core/api.ts'
import { packPage, readPage, readRow } from '../../core/page.ts'

/** Fragments of one bucket before they are packed into one page. */
const FRAGMENTS = 12

/** Pages of rows by sequence number. */
export interface Pages {
  /** Takes rows in; newer pages win over older ones. */
  put(page: TracePage): void
  row(seq: Seq): TraceRow | undefined
  /** Bucket-sized runs between `first` and `last` of which at least one row is not here. */
  missing(first: Seq, last: Seq): { readonly first: Seq; readonly count: number }[]
  /** Lets go of the rows `first … last`, which changed unseen. */
  forget(first: Seq, last: Seq): void
  /** Rows held at present, for the memory test. */
  held(): number
}

interface Bucket {
  fragments: TracePage[]
  present: Uint8Array
}

/** Rows packed into pages without gaps. */
function runsIn(all: readonly TraceRow[]): TracePage[] {
  const runs: TraceRow[][] = []
  for (const row of all) {
    const run = runs.at(-1)
    if (run?.at(-1)?.seq === row.seq - 1) run.push(row)
    else runs.push([row])
  }
  return runs.map(packPage)
}

/** Buckets of `rows` rows, at most `most` of them. */
export function createPages(rows = 512, most = 200): Pages {
  const buckets = new Map<number, Bucket>()
  const bucketOf = (seq: Seq): number => Math.floor((seq - 1) / rows)

  const touch = (key: number): Bucket => {
    const bucket = buckets.get(key) ?? { fragments: [], present: new Uint8Array(rows) }
    buckets.delete(key)
    buckets.set(key, bucket)
    const oldest = buckets.keys().next().value
    if (buckets.size > most && oldest !== undefined) buckets.delete(oldest)
    return bucket
  }

  const find = (bucket: Bucket, seq: Seq): TraceRow | undefined => {
    for (let i = bucket.fragments.length - 1; i >= 0; i--) {
      const page = bucket.fragments[i]
      if (page === undefined || seq < page.first || seq >= page.first + page.count) continue
      const row = readRow(page, seq - page.first)
      if (row.seq === seq) return row
    }
    return undefined
  }

  const pack = (key: number, bucket: Bucket): void => {
    const all: TraceRow[] = []
    for (let i = 0; i < rows; i++) {
      const row = bucket.present[i] === 1 ? find(bucket, key * rows + i + 1) : undefined
      if (row !== undefined) all.push(row)
    }
    bucket.fragments = runsIn(all)
  }

  const putRun = (page: TracePage): void => {
    for (let key = bucketOf(page.first); key <= bucketOf(page.first + page.count - 1); key++) {
      const bucket = touch(key)
      bucket.fragments.push(page)
      const from = Math.max(page.first - key * rows - 1, 0)
      bucket.present.fill(1, from, Math.min(page.first + page.count - key * rows - 1, rows))
      if (bucket.fragments.length > FRAGMENTS) pack(key, bucket)
    }
  }

  return {
    put(page) {
      // A page tells rows in order, but a burst may leave some out (rows that changed): then each run counts for itself.
      const last = page.count === 0 ? 0 : readRow(page, page.count - 1).seq
      for (const run of last === page.first + page.count - 1 ? [page] : runsIn(readPage(page))) putRun(run)
    },
    row(seq) {
      const bucket = buckets.get(bucketOf(seq))
      return bucket === undefined || bucket.present[(seq - 1) % rows] !== 1 ? undefined : find(bucket, seq)
    },
    missing(first, last) {
      const out: { first: Seq; count: number }[] = []
      for (let key = bucketOf(first); key <= bucketOf(last); key++) {
        const bucket = buckets.get(key)
        if (bucket !== undefined) {
          buckets.delete(key)
          buckets.set(key, bucket)
        }
        const from = Math.max(first, key * rows + 1)
        const to = Math.min(last, (key + 1) * rows)
        let lacking = bucket === undefined
        for (let seq = from; !lacking && seq <= to; seq++) lacking = bucket?.present[(seq - 1) % rows] !== 1
        if (lacking) out.push({ first: key * rows + 1, count: rows })
      }
      return out
    },
    forget(first, last) {
      for (const [key, bucket] of buckets) {
        const from = Math.max(first - key * rows - 1, 0)
        const to = Math.min(last - key * rows, rows)
        if (from < to) bucket.present.fill(0, from, to)
      }
    },
    held() {
      let sum = 0
      for (const bucket of buckets.values()) sum += bucket.present.reduce((total, one) => total + one, 0)
      return sum
    },
  }
}
