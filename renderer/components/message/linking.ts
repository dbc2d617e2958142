// The one thing that decoded, raw and hex share: which bytes are chosen, and which are pointed at.
import { computed, inject, provide, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import type { Element, Range } from '../../../core/syncml/element.ts'
import type { Token } from '../../../core/syncml/offsets.ts'
import { elementByPath, pathAt, tokenAt, tokensOf, type Examined } from '../../model/document.ts'

export interface Linking {
  readonly examined: Readonly<ShallowRef<Examined | null>>
  readonly tokens: ComputedRef<readonly Token[]>
  /** Chosen bytes. */
  readonly focus: Ref<Range | null>
  /** Bytes pointed at. */
  readonly hover: Ref<Range | null>
  /** Bytes the chosen token refers to (string table). */
  readonly linked: ComputedRef<Range | null>
  /** Chosen byte; -1 none. */
  readonly byte: Ref<number>
  readonly token: ComputedRef<Token | null>
  /** Path of the chosen element. */
  readonly path: ComputedRef<readonly number[] | null>
  readonly element: ComputedRef<Element | null>
  /** Chooses a run of bytes (an element, a finding). */
  choose(range: Range): void
  /** Chooses a byte: its innermost element lights up; a byte of none lights its token. */
  chooseByte(offset: number): void
  pointAt(offset: number | null): void
}

const KEY: InjectionKey<Linking> = Symbol('linking')

export function provideLinking(examined: Readonly<ShallowRef<Examined | null>>): Linking {
  const focus = shallowRef<Range | null>(null)
  const hover = shallowRef<Range | null>(null)
  const byte = ref(-1)
  const tokens = computed(() => (examined.value === null ? [] : tokensOf(examined.value.bytes, examined.value.encoding)))
  watch(examined, () => {
    focus.value = null
    hover.value = null
    byte.value = -1
  })
  const token = computed(() => (byte.value < 0 ? null : tokenAt(tokens.value, byte.value)))
  const rangeAt = (offset: number): Range | null => {
    const root = examined.value?.root ?? null
    const path = root === null ? null : pathAt(root, offset)
    const element = root === null || path === null ? null : elementByPath(root, path)
    return element ?? tokenAt(tokens.value, offset)
  }
  const path = computed(() => {
    const root = examined.value?.root ?? null
    const range = focus.value
    if (root === null || range === null) return null
    const whole = pathAt(root, Math.max(0, Math.min(byte.value < 0 ? range.start : byte.value, range.end - 1)))
    if (whole === null) return null
    // The outermost element that is exactly this run, else the innermost one holding its first byte.
    for (let i = 0; i <= whole.length; i++) {
      const element = elementByPath(root, whole.slice(0, i))
      if (element !== null && element.start === range.start && element.end === range.end) return whole.slice(0, i)
    }
    return whole
  })
  const linking: Linking = {
    examined,
    tokens,
    focus,
    hover,
    byte,
    token,
    path,
    linked: computed(() => token.value?.refersTo ?? null),
    element: computed(() => (examined.value?.root && path.value ? elementByPath(examined.value.root, path.value) : null)),
    choose(range) {
      focus.value = { start: range.start, end: range.end }
      byte.value = range.start
    },
    chooseByte(offset) {
      byte.value = offset
      const range = rangeAt(offset)
      focus.value = range === null ? { start: offset, end: offset + 1 } : { start: range.start, end: range.end }
    },
    pointAt(offset) {
      const range = offset === null ? null : rangeAt(offset)
      hover.value = range === null ? null : { start: range.start, end: range.end }
    },
  }
  provide(KEY, linking)
  return linking
}

/** The linking of the inspector around a view. */
export function useLinking(): Linking {
  const linking = inject(KEY)
  if (linking === undefined) throw new Error('a message view stands outside the inspector')
  return linking
}
