// Live follow: sticks to the end only when within 5 px of it, else counts what came. The selection is never moved.
import { computed, nextTick, onBeforeUnmount, ref, watch, type ComputedRef } from 'vue'
import { useTrace } from '../../stores/trace.ts'
import type { VisibleRows } from '../base/rows.ts'

/** Follows `list` over the trace's order, or over what `count` counts; `fresh` is how many rows came below the view. */
export function useFollow(list: VisibleRows, count?: () => number): { readonly fresh: ComputedRef<number>; go(): void } {
  const trace = useTrace()
  const rows = count ?? ((): number => trace.count)
  const sticky = ref(true)
  const seen = ref(rows())
  let moving = false
  const scrolled = (): void => {
    if (moving) return
    sticky.value = list.atEnd()
    if (sticky.value) seen.value = rows()
  }
  watch(
    list.scroller,
    (now, before) => {
      before?.removeEventListener('scroll', scrolled)
      now?.addEventListener('scroll', scrolled, { passive: true })
      if (now !== null) void go()
    },
    { flush: 'post' },
  )
  onBeforeUnmount(() => list.scroller.value?.removeEventListener('scroll', scrolled))
  watch(rows, async (now, before) => {
    if (now < before) {
      // Another filter or session: begin at its end.
      seen.value = now
      sticky.value = true
    }
    if (sticky.value) await go()
  })
  async function go(): Promise<void> {
    moving = true
    sticky.value = true
    seen.value = rows()
    await nextTick()
    list.toEnd()
    moving = false
  }
  return { fresh: computed(() => (sticky.value ? 0 : Math.max(0, rows() - seen.value))), go: () => void go() }
}
