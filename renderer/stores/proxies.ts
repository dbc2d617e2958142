// Recording proxies: the ones there are, and opening and closing them.
import { defineStore } from 'pinia'
import type { ProxyRow, ProxyWish } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const useProxies = defineStore('proxies', () => {
  const world = useWorld()
  const rows = useLive<readonly ProxyRow[], 'proxies'>(
    [],
    (lab) => lab.proxies.list(),
    'proxies',
    (fact) => fact.proxies,
  )
  /** Opens one; null where that failed, which was said. */
  async function add(wish: ProxyWish): Promise<ProxyRow | null> {
    const row = await world.attempt('Opening the proxy', (lab) => lab.proxies.add(wish))
    if (row !== null) await rows.load()
    return row
  }
  async function remove(id: string): Promise<void> {
    await world.attempt('Closing the proxy', (lab) => lab.proxies.remove(id))
    await rows.load()
  }
  return { rows: rows.value, problem: rows.problem, waiting: rows.waiting, again: rows.load, add, remove }
})
