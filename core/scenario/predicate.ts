// Predicates at work: each waits for rows that fit and says which ones decided it. They read recorded rows and what follows from them, nothing else.
import type { FrameDetail, Seq } from '../api.ts'
import { compile } from '../filter/evaluate.ts'
import { RowFacts, type Reading } from '../filter/facts.ts'
import { eventOf, ROWS } from '../filter/rows.ts'
import { readPdu } from '../notify/push.ts'
import { PushError } from '../notify/wspvalues.ts'
import { decodeSegment } from '../dmtree/uri.ts'
import { latest, type MirrorNode } from '../mirror/node.ts'
import type { Mirror } from '../mirror/mirror.ts'
import type { Contradiction, Fact, Facts, Predicate, TreePredicate } from './types.ts'

/** Name of the event that tells that a job moved. */
const JOB_MOVED = 'job.moved'

/** What a predicate may look at when a row comes. */
export interface Look {
  /** Null where only time passed, or the run ended. */
  readonly detail: FrameDetail | null
  readonly reading: Reading
  /** Wall clock, ms. */
  readonly at: number
  /** Trees by device, with this row folded in. */
  readonly trees: ReadonlyMap<string, Mirror>
  /** When a step was decided (wall clock, ms); undefined while it was not. */
  decidedAt(step: string): number | undefined
}

/** Since when a predicate waits: only what is newer than this row counts. */
export interface Since {
  readonly seq: Seq
  readonly at: number
}

/** One predicate that waits. `offer` gives the deciding rows (none where only time decided), or null. */
export interface Waiting {
  offer(look: Look): readonly Seq[] | null
}

/** Makes a waiting predicate; the filter in it is compiled once per scenario. Throws FilterError where the data is wrong. */
export type Wait = (since: Since) => Waiting

/** What decides and what contradicts, compiled once per scenario. */
export interface Compiled {
  readonly decide: Wait
  readonly fails: readonly { readonly wait: Wait; readonly reason: string }[]
}

/** The same, waiting. */
export interface Judging {
  readonly decide: Waiting
  readonly fails: readonly { readonly waiting: Waiting; readonly reason: string }[]
}

/** Throws FilterError. */
export function compileJudging(decide: Predicate, fails: readonly Contradiction[]): Compiled {
  return { decide: waitFor(decide), fails: fails.map(({ when, reason }) => ({ wait: waitFor(when), reason })) }
}

/** Begins to wait. */
export function startJudging({ decide, fails }: Compiled, since: Since): Judging {
  return { decide: decide(since), fails: fails.map(({ wait, reason }) => ({ waiting: wait(since), reason })) }
}

/** Compiles a predicate. Throws FilterError. */
export function waitFor(predicate: Predicate): Wait {
  if ('row' in predicate) return onRow(predicate.row, predicate.same)
  if ('event' in predicate) return onEvent(predicate.event, predicate.where ?? {})
  if ('job' in predicate) return onEvent(JOB_MOVED, { ...predicate.where, state: predicate.job })
  if ('tree' in predicate) return onTree(predicate.tree)
  if ('time' in predicate) return onTime(predicate.time)
  if ('then' in predicate) return onThen(predicate.then.map(waitFor))
  return 'all' in predicate ? onAll(predicate.all.map(waitFor)) : onAny(predicate.any.map(waitFor))
}

function onRow(text: string, same: string | undefined): Wait {
  const filter = compile(text, ROWS)
  const offer = ({ detail, reading }: Look): readonly Seq[] | null => {
    if (detail === null || !filter.test(new RowFacts(detail.row, reading))) return null
    if (same === undefined) return [detail.row.seq]
    const { around } = reading
    const wanted = (around.run?.step(same)?.deciding ?? []).flatMap((seq) => around.frame?.(seq) ?? [])
    return wanted.some((each) => each.row.seq !== detail.row.seq && equal(carried(each), carried(detail))) ? [detail.row.seq] : null
  }
  return () => ({ offer })
}

/** What a row carries: of a datagram with a push, its body. */
function carried({ row, startLine, bytes }: FrameDetail): Uint8Array {
  if (row.kind !== 'push' || startLine !== '') return bytes
  try {
    return readPdu(bytes).body
  } catch (error) {
    if (error instanceof PushError) return bytes
    throw error
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

function onEvent(name: string, where: Facts): Wait {
  const wanted = Object.entries(where)
  const offer = ({ detail }: Look): readonly Seq[] | null => {
    if (detail === null || eventOf(detail.row) !== name) return null
    const facts = factsOf(detail)
    return wanted.every(([key, value]) => oneOf(value).includes(facts[key] ?? null)) ? [detail.row.seq] : null
  }
  return () => ({ offer })
}

function oneOf(value: Fact | readonly Fact[]): readonly Fact[] {
  return Array.isArray(value) ? (value as readonly Fact[]) : [value as Fact]
}

/** Facts of a named event: the details of its notes. */
export function factsOf(detail: FrameDetail): Readonly<Record<string, Fact>> {
  return Object.assign({}, ...detail.notes.map((note) => note.detail ?? {})) as Record<string, Fact>
}

function onTime({ afterMs, since }: { readonly afterMs: number; readonly since?: string }): Wait {
  return (from) => ({
    offer({ at, detail, decidedAt }) {
      const start = since === undefined ? from.at : decidedAt(since)
      return start !== undefined && at >= start + afterMs ? (detail === null ? [] : [detail.row.seq]) : null
    },
  })
}

function onTree(wanted: TreePredicate): Wait {
  const names = wanted.uri.split('/').filter((segment) => segment !== '' && segment !== '.')
  return (since) => ({
    offer({ detail, trees }) {
      for (const mirror of trees.values())
        for (const node of matching(mirror.root, names)) {
          if (!stands(node, wanted) || (wanted.already !== true && latest(node).seq <= since.seq)) continue
          return [...new Set([latest(node).seq, ...(wanted.already === true || detail === null ? [] : [detail.row.seq])])].sort((a, b) => a - b)
        }
      return null
    },
  })
}

function* matching(node: MirrorNode, names: readonly string[]): Generator<MirrorNode> {
  const [name, ...rest] = names
  if (name === undefined) {
    yield node
    return
  }
  for (const child of node.children.values()) if (name === '*' || child.segment === name || child.name === decoded(name)) yield* matching(child, rest)
}

function decoded(segment: string): string {
  try {
    return decodeSegment(segment)
  } catch {
    return segment
  }
}

function stands(node: MirrorNode, { is = 'present', value }: TreePredicate): boolean {
  const version = latest(node)
  if (is === 'gone') return node.versions.length > 0 && !version.present
  if (!version.present) return false
  if (is === 'present') return true
  const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
  return version.value !== null && (values.length === 0 || values.includes(version.value))
}

function onAll(parts: readonly Wait[]): Wait {
  return (since) => {
    const waiting = parts.map((part) => part(since))
    const done: (readonly Seq[] | null)[] = parts.map(() => null)
    return {
      offer(look) {
        waiting.forEach((each, i) => (done[i] ??= each.offer(look)))
        return done.every((seqs) => seqs !== null) ? [...new Set(done.flat() as Seq[])].sort((a, b) => a - b) : null
      },
    }
  }
}

function onThen(parts: readonly Wait[]): Wait {
  return (since) => {
    const seqs: Seq[] = []
    let at = 0
    let waiting = parts[0]?.(since)
    return {
      offer(look) {
        const found = waiting?.offer(look) ?? null
        if (found === null) return null
        seqs.push(...found)
        at += 1
        waiting = parts[at]?.({ seq: look.detail?.row.seq ?? since.seq, at: look.at })
        return at < parts.length ? null : [...new Set(seqs)].sort((a, b) => a - b)
      },
    }
  }
}

function onAny(parts: readonly Wait[]): Wait {
  return (since) => {
    const waiting = parts.map((part) => part(since))
    return {
      offer(look) {
        // Each of them sees each row: one that counts must not miss any.
        const found = waiting.map((each) => each.offer(look))
        return found.find((seqs) => seqs !== null) ?? null
      },
    }
  }
}
