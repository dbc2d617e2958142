// The held messages: which one is at hand, what is being edited, and the questions asked before something is lost.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Held } from '../../core/api.ts'
import { useTrace } from './trace.ts'
import { useWorld } from './world.ts'

export const useStepper = defineStore('stepper', () => {
  const world = useWorld()
  const trace = useTrace()
  const chosen = ref(0)
  /** The message whose drop is being asked about. */
  const asking = shallowRef<Held | null>(null)
  const editing = shallowRef<Held | null>(null)
  const busy = ref(new Set<number>())

  /** The one that keys act on: the chosen one, else the oldest. */
  const current = computed(() => world.held.find((one) => one.id === chosen.value) ?? world.held[0] ?? null)

  async function decide(held: Held, act: 'continue' | 'step' | 'drop'): Promise<void> {
    if (busy.value.has(held.id)) return
    busy.value = new Set(busy.value).add(held.id)
    await world.decide(held.id, { act })
    const next = new Set(busy.value)
    next.delete(held.id)
    busy.value = next
  }
  /** Sends `bytes` in place of what was held; true when it went. */
  async function send(held: Held, bytes: Uint8Array): Promise<boolean> {
    const done = await world.attempt('Sending the edited message', async (lab) => {
      await lab.stepper.decide(held.id, { act: 'edit', bytes })
      return true
    })
    if (done === true) editing.value = null
    return done === true
  }
  /** Acts on the current held message; false where nothing is held. Dropping asks first; a peer that left can only be dropped. */
  function act(what: 'continue' | 'step' | 'drop'): boolean {
    const held = current.value
    if (held === null) return false
    if (what === 'drop') asking.value = held
    else if (!held.peerWaits) world.say('The peer has left: this message can be read, copied or dropped, but not sent.')
    else void decide(held, what)
    return true
  }
  /** Holds further messages of the same session only. */
  async function holdSession(held: Held): Promise<void> {
    const row = trace.row(held.seq) ?? (await world.attempt('Finding the session', (lab) => lab.trace.frame(held.seq)))?.row
    if (row === undefined) return
    if (row.session === 0) world.say('This message belongs to no session.', 'bad')
    else await world.setMode({ mode: 'session', session: row.session })
  }
  return { chosen, asking, editing, busy, current, decide, send, act, holdSession }
})
