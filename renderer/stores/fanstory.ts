// The rows of one fan-out: found by time, read once, followed while it lasts. What is not read is said.
import { defineStore } from 'pinia'
import { ref, shallowRef, triggerRef, watch } from 'vue'
import type { FanoutMatrix, LabApi, LabEvents, Seq, TraceRow } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import { belongs } from '../model/bundle.ts'
import { useGateways } from './gateways.ts'
import { useTrace } from './trace.ts'
import { useView } from './view.ts'
import { useWorld } from './world.ts'

/** Rows looked through for one fan-out. */
export const MOST_ROWS = 40_000
const PAGE = 2000
/** Rows of before and after that still belong to it, ms. */
const BEFORE = 1500
const AFTER = 3000

export const useFanStory = defineStore('fanstory', () => {
  const world = useWorld()
  const view = useView()
  const trace = useTrace()
  const gateways = useGateways()
  const rows = shallowRef(new Map<Seq, TraceRow>())
  const reading = ref(false)
  /** First row that was not read because there are too many; 0 none. */
  const cut = ref(0)
  const problem = ref('')
  let of = ''
  let from = 0
  let through = 0
  let run = 0

  const wanted = (): FanoutMatrix | null => (view.screen === 'gateway' && view.fanTab === 'ladder' ? gateways.matrix : null)
  watch(
    () => [wanted()?.fanout.id ?? '', world.api, wanted()?.devices.length ?? 0] as const,
    ([id, lab]) => {
      if (id === '' || lab === null) return
      const matrix = wanted()
      if (matrix !== null) void begin(lab, matrix)
    },
    { immediate: true },
  )
  watch(
    () => trace.last,
    () => {
      const matrix = wanted()
      if (matrix !== null && matrix.fanout.id === of && world.api !== null && !reading.value) void follow(world.api, matrix)
    },
  )
  let off: (() => void) | null = null
  watch(
    () => world.api,
    (lab) => {
      off?.()
      off = lab?.on('trace', changed) ?? null
    },
    { immediate: true },
  )
  /** Rows known here that changed, such as those that were held. */
  function changed(fact: LabEvents['trace']): void {
    if (fact.rows === null || fact.first > through) return
    let hit = false
    for (const row of readPage(fact.rows)) {
      if (!rows.value.has(row.seq)) continue
      rows.value.set(row.seq, row)
      hit = true
    }
    if (hit) triggerRef(rows)
  }

  async function begin(lab: LabApi, matrix: FanoutMatrix): Promise<void> {
    const mine = ++run
    if (of !== matrix.fanout.id) rows.value = new Map()
    of = matrix.fanout.id
    reading.value = true
    problem.value = ''
    cut.value = 0
    try {
      const first = await firstAfter(lab, trace.first, trace.last, matrix.fanout.createdAt - BEFORE)
      if (mine !== run) return
      from = first
      through = first - 1
      await readOn(lab, matrix, () => mine === run)
    } catch (error) {
      if (mine === run) problem.value = error instanceof Error ? error.message : String(error)
    }
    if (mine === run) reading.value = false
  }
  async function follow(lab: LabApi, matrix: FanoutMatrix): Promise<void> {
    const mine = run
    reading.value = true
    await readOn(lab, matrix, () => mine === run).catch(() => undefined)
    if (mine === run) reading.value = false
  }
  async function readOn(lab: LabApi, matrix: FanoutMatrix, still: () => boolean): Promise<void> {
    const ids = new Set(matrix.devices.map(({ deviceId }) => deviceId))
    while (through < trace.last) {
      if (through - from >= MOST_ROWS) {
        cut.value = through + 1
        break
      }
      const page = readPage(await lab.trace.rows(through + 1, PAGE))
      if (!still() || page.length === 0) return
      const end = endOf(matrix)
      for (const row of page) if (row.at <= end && belongs(row, matrix, ids)) rows.value.set(row.seq, row)
      through = page.at(-1)?.seq ?? through
      triggerRef(rows)
      if (page.every(({ at }) => at > end)) break
    }
  }
  return { rows, reading, cut, problem }
})

/** When nothing of it is to come any more; far away while it goes on. */
function endOf({ fanout, devices, endsAt }: FanoutMatrix): number {
  if (fanout.state === 'queued' || fanout.state === 'running') return Number.POSITIVE_INFINITY
  const ended = Math.max(0, ...devices.map((device) => device.endedAt))
  return ended === 0 ? (endsAt === 0 ? Number.POSITIVE_INFINITY : endsAt + AFTER) : ended + AFTER
}

/** Number of the first row at or after a time; rows are in the order of time but for a little. */
async function firstAfter(lab: LabApi, first: Seq, last: Seq, at: number): Promise<Seq> {
  let [low, high] = [Math.max(1, first), last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [row] = readPage(await lab.trace.rows(middle, 1))
    if (row === undefined || row.at >= at) high = middle
    else low = middle + 1
  }
  return low
}
