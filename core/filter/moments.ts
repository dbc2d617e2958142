// Tests about when: after, before and within a step, a row or a time, and what answers what. Where a moment is not known, nothing holds.
import type { Expr, Moment } from './ast.ts'
import { compareTime, readTime, scaled } from './literal.ts'
import type { Schema, Test } from './schema.ts'

/** The test of `after()`, `before()`, `within()` or `answers()`. */
export function temporal<S>(expr: Extract<Expr, { type: 'after' | 'before' | 'within' | 'answers' }>, schema: Schema<S>): Test<S> {
  const { moments } = schema
  if (moments === undefined) return { needs: 'row', test: () => false }
  /** Where the thing stands to a moment: negative before, 0 at, positive after; null where nobody knows. */
  const stands = (thing: S, moment: Moment, edge: 'first' | 'last'): number | null => {
    if (moment.type === 'row') return moments.seq(thing) - moment.seq
    if (moment.type === 'time') {
      const written = readTime(moment.value)
      return written === null ? null : compareTime(moments.at(thing), written)
    }
    const step = moments.step(thing, moment.key)
    return step === null ? null : moments.seq(thing) - step[edge]
  }
  const holds = (place: number | null, test: (place: number) => boolean): boolean => place !== null && test(place)
  if (expr.type === 'after') return { needs: 'row', test: (thing) => holds(stands(thing, expr.moment, 'last'), (place) => place > 0) }
  if (expr.type === 'before') return { needs: 'row', test: (thing) => holds(stands(thing, expr.moment, 'first'), (place) => place < 0) }
  if (expr.type === 'answers') {
    const { to } = expr
    return {
      needs: 'message',
      test: (thing) => {
        const seqs = to.type === 'row' ? [to.seq] : to.type === 'step' ? (moments.step(thing, to.key)?.deciding ?? []) : []
        return seqs.some((seq) => moments.answers(thing, seq))
      },
    }
  }
  const { from, to, span } = expr
  if (span !== null && 'unit' in span) {
    const most = scaled(span.value, span.unit)
    return { needs: 'row', test: (thing) => holds(since(thing, from, moments), (ms) => ms >= 0 && ms <= most) }
  }
  return {
    needs: 'row',
    test: (thing) => holds(stands(thing, from, 'first'), (place) => place >= 0) && holds(stands(thing, to ?? from, 'last'), (place) => place <= 0),
  }
}

/** Ms from a moment to the thing. */
function since<S>(thing: S, moment: Moment, moments: NonNullable<Schema<S>['moments']>): number | null {
  const at = moments.at(thing)
  if (moment.type === 'time') {
    const written = readTime(moment.value)
    return written === null ? null : compareTime(at, written)
  }
  const seq = moment.type === 'row' ? moment.seq : moments.step(thing, moment.key)?.deciding.at(-1)
  const then = seq === undefined ? null : moments.rowAt(thing, seq)
  return then === null || (seq !== undefined && moments.seq(thing) < seq) ? null : at - then
}
