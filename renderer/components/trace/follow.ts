// Live follow: sticks to the end only when within 5 px of it, else counts what came. The selection is never moved.
import { computed, nextTick, onBeforeUnmount, ref, watch, type ComputedRef } from 'vue'
import { useTrace } from '../../stores/trace.ts'
import type { VisibleRows } from '../base/rows.ts'

/** Follows `list` over the trace's order; `fresh` is how many rows came below the view. */
export function useFollow(list: VisibleRows): { readonly fresh: ComputedRef<number>; go(): void } {
  const trace = useTrace()
  const sticky = ref(true)
  const seen = ref(trace.count)
  let moving = false
  const scrolled = (): void => {
    if (moving) return
    sticky.value = list.atEnd()
    if (sticky.value) seen.value = trace.count
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
  watch(
    () => trace.count,
    async (now, before) => {
      if (now < before) {
        // Another filter or session: begin at its end.
        seen.value = now
        sticky.value = true
      }
      if (sticky.value) await go()
    },
  )
  async function go(): Promise<void> {
    moving = true
    sticky.value = true
    seen.value = trace.count
    await nextTick()
    list.toEnd()
    moving = false
  }
  return { fresh: computed(() => (sticky.value ? 0 : Math.max(0, trace.count - seen.value))), go: () => void go() }
}
