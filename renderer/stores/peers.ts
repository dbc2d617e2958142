// Attached labs: the ones there are, joining, leaving, and holding messages there.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { PeerRow, PeerWish } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const usePeers = defineStore('peers', () => {
  const world = useWorld()
  const live = useLive<readonly PeerRow[], 'peers'>(
    [],
    (lab) => lab.peers.list(),
    'peers',
    (fact) => fact.peers,
  )
  /** Joins a lab; false where that failed, which was said. */
  async function attach(wish: PeerWish): Promise<boolean> {
    const row = await world.attempt('Attaching the lab', (lab) => lab.peers.attach(wish))
    await live.load()
    return row !== null
  }
  async function detach(id: string): Promise<void> {
    await world.attempt('Detaching the lab', (lab) => lab.peers.detach(id))
    await live.load()
  }
  async function hold(id: string, on: boolean): Promise<void> {
    await world.attempt('Switching the breakpoints there', (lab) => lab.peers.hold(id, on))
    await live.load()
  }
  return {
    rows: live.value,
    problem: live.problem,
    waiting: live.waiting,
    /** Labs that were attached and cannot be reached now. */
    lost: computed(() => live.value.value.filter(({ state }) => state === 'lost' || state === 'refused').length),
    attach,
    detach,
    hold,
  }
})
