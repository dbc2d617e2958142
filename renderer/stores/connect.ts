// The connect grid and the Wi-Fi way. The first question makes the lab look for an adb server and serial ports, so it is asked only by a page that shows the answer.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ConnectState, ConnectTile } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const useConnect = defineStore('connect', () => {
  const world = useWorld()
  const live = useLive<ConnectState | null, 'connect'>(
    null,
    (lab) => lab.connect.state(),
    'connect',
    (fact) => fact,
  )
  const reading = ref(false)
  /** Looks anew: at ports, adb server and interfaces. */
  async function look(): Promise<void> {
    reading.value = true
    await live.load()
    reading.value = false
  }
  const tile = (way: ConnectTile['way']): ConnectTile | null => live.value.value?.tiles.find((one) => one.way === way) ?? null
  /** What speaks against a device at an address reaching this lab; null where that could not be asked. */
  const reach = (address: string) => world.attempt(`Looking at ${address}`, (lab) => lab.connect.reach(address))
  return { state: live.value, problem: live.problem, reading, look, tile, reach }
})
