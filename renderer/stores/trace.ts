// The trace as the screens see it: which rows, in which order, which one is chosen. Bursts are taken in once per animation frame.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { FrameDetail, LabApi, LabEvents, LabState, Seq, TraceRow } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import { readFilter } from '../model/filter.ts'
import type { CommandMark } from '../model/document.ts'
import { createOrder, type Scope } from '../model/order.ts'
import { createPages } from '../model/pages.ts'

const FRAMES = 24

export const useTrace = defineStore('trace', () => {
  const pages = createPages()
  let api: LabApi | null = null
  let startedAt = 0
  let workspace = ''
  const first = ref(1)
  const last = ref(0)
  /** Grows whenever rows or the order changed; views depend on it. */
  const version = ref(0)
  const selected = ref<Seq>(0)
  const frame = shallowRef<FrameDetail | null>(null)
  const frameError = ref('')
  const frameLoading = ref(false)
  const filterText = ref('')
  const scope = shallowRef<Scope>({ kind: 'all' })
  const filter = computed(() => readFilter(filterText.value))
  const frames = new Map<Seq, FrameDetail>()
  const asked = new Set<Seq>()

  const order = createOrder({
    row: (seq) => pages.row(seq),
    async load(from, to) {
      if (api === null) return
      if (pages.missing(from, to).length > 0) pages.put(await api.trace.rows(from, to - from + 1))
    },
    session: async (session) => (api === null ? new Float64Array() : api.trace.session(session)),
    async find(expression, from, count) {
      if (api === null) throw new Error('there is no connection to the lab')
      return api.trace.filter(expression, from, count)
    },
    changed: redraw,
  })

  let redrawing = false
  /** While a search runs, its results are drawn about ten times a second, not after every step. */
  function redraw(): void {
    if (redrawing) return
    redrawing = true
    window.setTimeout(
      () => {
        redrawing = false
        version.value += 1
      },
      order.searching() ? 90 : 0,
    )
  }

  function bounds(): void {
    order.bounds(first.value, last.value)
    version.value += 1
  }

  const queue: LabEvents['trace'][] = []
  let due = 0
  function take(fact: LabEvents['trace']): void {
    queue.push(fact)
    // A hidden page gets no animation frames; a timer keeps its queue short.
    if (due === 0) due = document.hidden ? window.setTimeout(flush, 100) : window.requestAnimationFrame(flush)
  }
  function flush(): void {
    due = 0
    const facts = queue.splice(0)
    const changed: TraceRow[] = []
    for (const fact of facts) {
      if (fact.rows === null) pages.forget(fact.first, fact.last)
      else {
        pages.put(fact.rows)
        changed.push(...readPage(fact.rows).filter((row) => row.seq <= last.value))
      }
      for (const seq of frames.keys()) if (seq >= fact.first && seq <= fact.last) frames.delete(seq)
      if (selected.value >= fact.first && selected.value <= fact.last) void loadFrame(selected.value, true)
      last.value = Math.max(last.value, fact.last)
      if (first.value > last.value || first.value === 0) first.value = fact.first
    }
    order.changedRows(changed)
    bounds()
  }

  /** Takes a (new) connection: reads what is missing since the last row seen; another workspace begins afresh. */
  async function begin(lab: LabApi, state: LabState): Promise<void> {
    const known = last.value
    api = lab
    const other = startedAt !== 0 && (state.workspace !== workspace || state.last < known)
    // A restarted lab may have changed hold states of rows seen before: all but their bytes is read again.
    if (other || state.startedAt !== startedAt) pages.forget(1, Number.MAX_SAFE_INTEGER)
    if (other) {
      frames.clear()
      select(0)
      order.reset()
    }
    startedAt = state.startedAt
    workspace = state.workspace
    if (!other && known > 0 && state.last > known) pages.put(await lab.trace.rows(known + 1, 5000))
    first.value = Math.max(1, state.first)
    last.value = other ? state.last : Math.max(state.last, last.value)
    bounds()
  }

  /** The row, if it is here; asks for it otherwise (the view draws again when it comes). */
  function row(seq: Seq): TraceRow | undefined {
    return pages.row(seq)
  }
  /** Makes the rows at these places of the order come. */
  function ensure(from: number, to: number): void {
    const lab = api
    if (lab === null || order.count() === 0) return
    const low = order.seqAt(Math.max(0, from))
    const high = order.seqAt(Math.min(order.count() - 1, to))
    // In a narrowed order the places lie apart: ask for the buckets of each.
    const runs = order.narrowed() ? spread(from, to) : pages.missing(low, high)
    for (const run of runs) ask(lab, run)
  }
  function ask(lab: LabApi, run: { readonly first: Seq; readonly count: number }): void {
    if (asked.has(run.first)) return
    asked.add(run.first)
    lab.trace
      .rows(run.first, run.count)
      .then((page) => pages.put(page))
      .catch(() => undefined)
      .finally(() => {
        asked.delete(run.first)
        version.value += 1
      })
  }
  /** Makes the rows `from … to` come, whatever the order shows. */
  function ensureRows(from: Seq, to: Seq): void {
    const lab = api
    if (lab === null || to < from) return
    for (const run of pages.missing(Math.max(1, from), to)) ask(lab, run)
  }
  function spread(from: number, to: number): { first: Seq; count: number }[] {
    const runs = new Map<Seq, { first: Seq; count: number }>()
    for (let i = Math.max(0, from); i <= Math.min(to, order.count() - 1); i++) {
      const seq = order.seqAt(i)
      for (const run of pages.missing(seq, seq)) runs.set(run.first, run)
    }
    return [...runs.values()]
  }

  function select(seq: Seq): void {
    if (selected.value === seq) return
    selected.value = seq
    void loadFrame(seq, false)
  }
  async function loadFrame(seq: Seq, quiet: boolean): Promise<void> {
    const known = frames.get(seq)
    frameError.value = ''
    if (seq === 0 || known !== undefined) {
      frame.value = known ?? null
      frameLoading.value = false
      return
    }
    if (!quiet) frameLoading.value = true
    try {
      if (api === null) throw new Error('there is no connection to the lab')
      const detail = await api.trace.frame(seq)
      frames.set(seq, detail)
      const oldest = frames.keys().next().value
      if (frames.size > FRAMES && oldest !== undefined) frames.delete(oldest)
      if (selected.value === seq) frame.value = detail
    } catch (error) {
      if (selected.value === seq) {
        frame.value = null
        frameError.value = error instanceof Error ? error.message : String(error)
      }
    } finally {
      if (selected.value === seq) frameLoading.value = false
    }
  }

  function setFilter(text: string): void {
    filterText.value = text
    order.narrow(scope.value, filter.value)
    version.value += 1
  }
  /** Rows at hand, newest first: what suggestions are made from. */
  function* near(count: number): Generator<TraceRow> {
    for (let seq = last.value; seq >= Math.max(first.value, last.value - count); seq--) {
      const one = pages.row(seq)
      if (one !== undefined) yield one
    }
  }
  function setScope(next: Scope): void {
    scope.value = next
    order.narrow(next, filter.value)
    version.value += 1
  }
  /** The command that shall light up in the row shown next; forgotten with the next row. */
  const marked = shallowRef<{ readonly seq: Seq; readonly mark: CommandMark } | null>(null)
  /** Shows a row even if the present filter or session hides it, and where told one of its commands. */
  function reveal(seq: Seq, mark?: CommandMark): void {
    marked.value = mark === undefined ? null : { seq, mark }
    if (order.indexOf(seq) < 0) {
      filterText.value = ''
      setScope({ kind: 'all' })
    }
    select(seq)
  }

  const read = <T>(what: () => T) => computed(() => (void version.value, what()))
  return {
    first,
    last,
    version,
    selected,
    frame,
    frameError,
    frameLoading,
    filterText,
    filter,
    scope,
    count: read(() => order.count()),
    base: read(() => order.base()),
    searching: read(() => order.searching()),
    searched: read(() => order.searched()),
    narrowed: read(() => order.narrowed()),
    seqAt: (index: number) => order.seqAt(index),
    indexOf: (seq: Seq) => order.indexOf(seq),
    take,
    begin,
    row,
    ensure,
    ensureRows,
    select,
    setFilter,
    near,
    setScope,
    reveal,
    marked,
    frames: () => frames.size,
    detail: (seq: Seq) => frames.get(seq),
  }
})
