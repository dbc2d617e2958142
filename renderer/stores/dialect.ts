// The dialect file: what is in force, and the draft a person writes. A draft survives a change of screen; nothing is written until asked.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { DialectProblem, DialectState } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const useDialect = defineStore('dialect', () => {
  const world = useWorld()
  const live = useLive<DialectState | null, 'dialect'>(
    null,
    (lab) => lab.dialect.get(),
    'dialect',
    (fact) => fact,
  )
  /** What the person wrote; null where the file is shown as it is. */
  const draft = ref<string | null>(null)
  const problems = shallowRef<readonly DialectProblem[]>([])
  let run = 0

  /** Has the lab read a text without using it. */
  async function check(text: string): Promise<void> {
    const mine = ++run
    const found = await world.attempt('Checking the dialect', (lab) => lab.dialect.check(text))
    if (mine === run && found !== null) problems.value = found
  }
  /** Writes the draft, or the example where there is no file yet; true where it is in force. */
  async function save(): Promise<boolean> {
    const text = draft.value ?? live.value.value?.text
    if (text === undefined) return false
    const state = await world.attempt('Writing the dialect file', (lab) => lab.dialect.put(text))
    if (state === null) return false
    live.value.value = state
    draft.value = null
    problems.value = state.problems
    return true
  }
  const dirty = computed(() => draft.value !== null && draft.value !== live.value.value?.text)
  return { state: live.value, problem: live.problem, draft, problems, dirty, check, save }
})
