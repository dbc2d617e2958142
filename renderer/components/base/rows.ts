// Which of many equally high rows are in view. Works for any count: beyond what a browser can scroll, places are scaled.
import { computed, nextTick, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'

/** Tallest content a browser scrolls reliably, px. */
const TALLEST = 30_000_000
/** Rows drawn beyond either edge. */
const SPARE = 6

/** A row that is drawn: where it stands, what it is known by, and what its id ends with where that is something else. */
export interface Line {
  readonly index: number
  readonly top: number
  readonly key: string | number
  readonly name?: string | number
}

export interface VisibleRows {
  /** The scrolling element, once it stands. */
  readonly scroller: Readonly<Ref<HTMLElement | null>>
  /** Give this to the scrolling element as its `:ref`. */
  attach(element: unknown): void
  readonly width: Ref<number>
  readonly height: Ref<number>
  /** Height of the whole content, px. */
  readonly total: ComputedRef<number>
  /** Indices drawn now, each with its place in px. */
  readonly rows: ComputedRef<readonly { readonly index: number; readonly top: number }[]>
  /** Whole rows that fit. */
  readonly fits: ComputedRef<number>
  /** True where the last look found the place within 5 px of the end. */
  atEnd(): boolean
  toEnd(): void
  /** Scrolls as little as needed to show a row; `centre` puts it in the middle where it was out of sight. */
  show(index: number, centre?: boolean): void
}

/** `head` is the height in px of a sticky head inside the scroller. */
export function useRows(count: () => number, rowHeight: () => number, head = 0): VisibleRows {
  const scroller = shallowRef<HTMLElement | null>(null)
  const top = ref(0)
  const width = ref(0)
  const height = ref(0)
  const full = computed(() => count() * rowHeight())
  const total = computed(() => Math.min(full.value, TALLEST))
  const view = computed(() => Math.max(0, height.value - head))
  const scale = computed(() => (full.value <= TALLEST ? 1 : (full.value - view.value) / (TALLEST - view.value)))
  const rows = computed(() => {
    const at = top.value * scale.value
    const from = Math.max(0, Math.floor(at / rowHeight()) - SPARE)
    const to = Math.min(count() - 1, Math.ceil((at + view.value) / rowHeight()) + SPARE)
    const out: { index: number; top: number }[] = []
    for (let index = from; index <= to; index++) out.push({ index, top: top.value + index * rowHeight() - at })
    return out
  })
  /** Whether the end is in view; read together with the place, before anything is drawn anew: asked later it would cost a layout. */
  let ended = true
  const scrolled = (): void => {
    const here = scroller.value
    top.value = Math.max(0, here?.scrollTop ?? 0)
    ended = here === null || here.scrollHeight - here.clientHeight - here.scrollTop <= 5
  }
  const sizes = new ResizeObserver(() => {
    width.value = scroller.value?.clientWidth ?? 0
    height.value = scroller.value?.clientHeight ?? 0
    scrolled()
    if (wanted >= 0 && height.value > 0) {
      const index = wanted
      void nextTick(() => show(index, true))
    }
  })
  watch(
    scroller,
    (now, before) => {
      before?.removeEventListener('scroll', scrolled)
      sizes.disconnect()
      now?.addEventListener('scroll', scrolled, { passive: true })
      if (now !== null) sizes.observe(now)
      scrolled()
    },
    { flush: 'post' },
  )
  onBeforeUnmount(() => sizes.disconnect())

  /** A row asked for before there was anything to scroll. */
  let wanted = -1
  const go = (place: number): void => {
    if (scroller.value === null) return
    scroller.value.scrollTop = place / scale.value
    scrolled()
  }
  const show = (index: number, centre = false): void => {
    wanted = -1
    if (index < 0) return
    if (scroller.value === null || height.value === 0) {
      wanted = index
      return
    }
    const place = index * rowHeight()
    const at = scroller.value.scrollTop * scale.value
    if (place >= at && place + rowHeight() <= at + view.value) return
    if (centre) go(Math.max(0, place - view.value / 2))
    else go(place < at ? place : place + rowHeight() - view.value)
  }
  return {
    scroller,
    attach: (element) => void (scroller.value = element instanceof HTMLElement ? element : null),
    width,
    height,
    total,
    rows,
    fits: computed(() => Math.max(1, Math.floor(view.value / rowHeight()))),
    atEnd: () => ended,
    toEnd: () => go(full.value),
    show,
  }
}
