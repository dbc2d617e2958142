// Serial modems: ports, how each modem fares, its dialogue, and the messages that left and came.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ModemLine, ModemOptions, ModemState, SmsRow } from '../../core/api/modem.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

/** Dialogue and messages are read at most that often, ms. */
const CALM = 250

export const useModem = defineStore('modem', () => {
  const world = useWorld()
  const live = useLive<ModemState | null, 'modem'>(
    null,
    (lab) => lab.modem.state(),
    'modem',
    (fact) => (soon(), fact),
  )
  const chosen = ref('')
  const lines = shallowRef<readonly ModemLine[]>([])
  const messages = shallowRef<readonly SmsRow[]>([])
  const busy = ref('')
  const path = computed(() => (chosen.value !== '' ? chosen.value : (live.value.value?.modems[0]?.path ?? live.value.value?.ports[0]?.path ?? '')))
  const row = computed(() => live.value.value?.modems.find((one) => one.path === path.value) ?? null)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function read(): Promise<void> {
    const lab = world.api
    const asked = path.value
    if (lab === null) return
    try {
      const [dialogue, sms] = await Promise.all([asked === '' || row.value === null ? [] : lab.modem.dialogue(asked), lab.modem.messages()])
      if (world.api !== lab || asked !== path.value) return
      lines.value = dialogue
      messages.value = sms
    } catch (error) {
      if (world.api === lab) world.say(`Reading the modem: ${error instanceof Error ? error.message : String(error)}`, 'bad')
    }
  }
  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void read()
    }, CALM)
  }
  watch([path, () => world.api], () => void read(), { immediate: true })

  async function doing<T>(what: string, act: (lab: NonNullable<typeof world.api>) => Promise<T>): Promise<T | null> {
    busy.value = what
    const answer = await world.attempt(what, act)
    busy.value = ''
    await Promise.all([live.load(), read()])
    return answer
  }
  return {
    state: live.value,
    problem: live.problem,
    chosen,
    path,
    row,
    lines,
    messages,
    busy,
    look: live.load,
    probe: (options: ModemOptions) => doing(`Asking the modem at ${path.value}`, (lab) => lab.modem.probe(path.value, options)),
    listen: (options: ModemOptions) => doing(`Listening at ${path.value}`, (lab) => lab.modem.listen(path.value, options)),
    close: () => doing(`Closing ${path.value}`, (lab) => lab.modem.close(path.value)),
  }
})
