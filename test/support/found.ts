// A filter asked to its end: one call takes a slice of time, however few rows a busy machine finds in it.
import type { LabApi, Seq } from '../../core/api.ts'

/** Numbers of the rows of `first` to `first + count - 1` that pass. */
export async function allFound(api: LabApi, expression: string, first: Seq, count: number): Promise<Seq[]> {
  const all: Seq[] = []
  for (let from = first; from < first + count;) {
    const { found, through } = await api.trace.filter(expression, from, first + count - from)
    all.push(...found)
    from = through + 1
  }
  return all
}
