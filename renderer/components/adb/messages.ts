// Rows of one device for the time axis: the newest part of the trace first, earlier ones when asked, new ones as they come. Nothing is left out in silence.
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { LabApi, TraceRow } from '../../../core/api.ts'
import { readPage } from '../../../core/page.ts'
import { useWorld } from '../../stores/world.ts'

/** Rows of the trace looked at in one go. */
const PART = 5_000

export interface Messages {
  /** Rows of the device, by number. */
  readonly rows: ShallowRef<readonly TraceRow[]>
  /** Rows up to this number have not been looked at; 0: all were. */
  readonly before: Ref<number>
  readonly reading: Ref<boolean>
  earlier(): Promise<void>
}

/** Follows the rows of the device that `device` names; '' is none. */
export function useMessages(device: () => string): Messages {
  const world = useWorld()
  const rows = shallowRef<readonly TraceRow[]>([])
  const before = ref(0)
  const reading = ref(false)
  let off: (() => void) | null = null

  const put = (found: readonly TraceRow[]): void => {
    const mine = found.filter((one) => one.device === device())
    if (mine.length === 0) return
    const all = new Map(rows.value.map((one) => [one.seq, one]))
    for (const one of mine) all.set(one.seq, one)
    rows.value = [...all.values()].sort((a, b) => a.seq - b.seq)
  }
  /** Looks at the part that ends with row `last`. */
  async function part(lab: LabApi, last: number): Promise<void> {
    const first = Math.max(1, last - PART + 1)
    reading.value = true
    const page = await world.attempt('Reading rows of the device', () => lab.trace.rows(first, last - first + 1))
    reading.value = false
    if (page === null || world.api !== lab) return
    put(readPage(page))
    before.value = first - 1
  }
  async function begin(lab: LabApi | null): Promise<void> {
    off?.()
    off = null
    rows.value = []
    before.value = 0
    if (lab === null || device() === '') return
    off = lab.on('trace', (fact) => {
      if (fact.rows !== null) put(readPage(fact.rows))
      else
        void lab.trace.rows(fact.first, fact.last - fact.first + 1).then(
          (page) => put(readPage(page)),
          () => {},
        )
    })
    const last = world.state?.last ?? 0
    if (last > 0) await part(lab, last)
  }
  watch([() => world.api, device], ([lab]) => void begin(lab), { immediate: true })
  onBeforeUnmount(() => off?.())
  return {
    rows,
    before,
    reading,
    earlier: async () => {
      if (world.api !== null && before.value > 0) await part(world.api, before.value)
    },
  }
}
