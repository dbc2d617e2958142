// Moments of a tree: one for each message that changed it, and which of them is looked at.
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { TreeTick } from '../../core/api.ts'
import { useWorld } from './world.ts'

/** The list of moments of a device that talks much is read at most once a second. */
const CALM_TICKS = 1000

export interface TreeTime {
  readonly ticks: Ref<readonly TreeTick[]>
  /** Which moment is looked at; -1 now. */
  readonly moment: Ref<number>
  readonly tick: ComputedRef<TreeTick | null>
  loadTicks(): Promise<void>
  /** The list is read again before long. */
  moved(): void
  /** Goes to a moment: its place among the ticks, -1 now. */
  travel(to: number): void
  /** One message back or forward; false where there is none. */
  step(by: 1 | -1): boolean
}

/** Moments of `device` in `session` (0: all); none of a snapshot. `fail` is told why they could not be read. */
export function treeTime(device: Ref<string>, snapshot: Ref<string>, session: Ref<number>, fail: (problem: unknown) => void): TreeTime {
  const world = useWorld()
  const ticks = shallowRef<readonly TreeTick[]>([])
  const moment = ref(-1)
  const tick = computed(() => ticks.value[moment.value] ?? null)
  let soon: ReturnType<typeof setTimeout> | undefined

  async function loadTicks(): Promise<void> {
    const api = world.api
    if (api === null || device.value === '') return
    const of = `${device.value} ${session.value}`
    try {
      const all = await api.tree.changes(device.value, session.value)
      if (of !== `${device.value} ${session.value}`) return
      // Where the person is by now, not where they were when this was asked.
      const at = tick.value?.seq ?? 0
      ticks.value = all
      if (at !== 0) moment.value = all.findIndex((one) => one.seq === at)
    } catch (problem) {
      if (world.api !== null) fail(problem)
    }
  }
  function moved(): void {
    soon ??= setTimeout(() => {
      soon = undefined
      void loadTicks()
    }, CALM_TICKS)
  }
  function travel(to: number): void {
    moment.value = to < 0 || to >= ticks.value.length ? -1 : to
  }
  function step(by: 1 | -1): boolean {
    if (snapshot.value !== '' || ticks.value.length === 0) return false
    if (soon !== undefined) {
      // Messages came since the list was read: it is read first, so that one step is one message.
      clearTimeout(soon)
      soon = undefined
      void loadTicks().then(() => step(by))
      return true
    }
    const at = moment.value === -1 ? ticks.value.length : moment.value
    if (at + by < 0 || at + by > ticks.value.length) return false
    travel(at + by === ticks.value.length ? -1 : at + by)
    return true
  }
  return { ticks, moment, tick, loadTicks, moved, travel, step }
}
