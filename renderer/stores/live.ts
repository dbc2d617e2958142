// One piece of the lab's state kept fresh: read when the lab is there, moved by its event, read again after a lost connection.
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { LabApi, LabEventName, LabEvents } from '../../core/api.ts'
import { useWorld } from './world.ts'

export interface Live<T> {
  readonly value: ShallowRef<T>
  /** Why it could not be read; '' while all is well. */
  readonly problem: Ref<string>
  /** True until the first answer, good or bad. */
  readonly waiting: Ref<boolean>
  load(): Promise<void>
}

/** `read` asks for the whole of it; `take` folds a fact of `event` into what is known. A fact that comes while the lab is asked wins over the older answer. */
export function useLive<T, K extends LabEventName>(
  initial: T,
  read: (lab: LabApi) => Promise<T>,
  event: K,
  take: (fact: LabEvents[K], now: T) => T,
): Live<T> {
  const world = useWorld()
  const value = shallowRef(initial) as ShallowRef<T>
  const problem = ref('')
  const waiting = ref(true)
  let facts = 0
  let off: (() => void) | null = null

  async function load(): Promise<void> {
    const lab = world.api
    if (lab === null) return
    const before = facts
    try {
      const answer = await read(lab)
      if (world.api !== lab) return
      if (facts === before) value.value = answer
      problem.value = ''
    } catch (error) {
      if (world.api !== lab) return
      problem.value = error instanceof Error ? error.message : String(error)
    }
    waiting.value = false
  }
  watch(
    () => world.api,
    (lab) => {
      off?.()
      off =
        lab?.on(event, (fact) => {
          facts += 1
          value.value = take(fact, value.value)
          waiting.value = false
        }) ?? null
      void load()
    },
    { immediate: true },
  )
  return { value, problem, waiting, load }
}
