// The way over Wi-Fi: invitations with their QR codes, what devices found, and mDNS, which is off until asked for.
import { defineStore } from 'pinia'
import type { ConnectInvite, InviteWish, MdnsState, MdnsWish, WifiState } from '../../core/api/wifi.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const useWifi = defineStore('wifi', () => {
  const world = useWorld()
  const live = useLive<WifiState | null, 'wifi'>(
    null,
    (lab) => lab.wifi.state(),
    'wifi',
    (fact) => fact,
  )
  const changed = (mdns: MdnsState | null): boolean => {
    if (mdns === null) return false
    const now = live.value.value
    if (now !== null) live.value.value = { ...now, mdns }
    return true
  }
  /** Makes an invitation; null where no way leads here, which was said. */
  async function invite(wish: InviteWish): Promise<ConnectInvite | null> {
    const made = await world.attempt('Making the QR code', (lab) => lab.wifi.invite(wish))
    if (made !== null) await live.load()
    return made
  }
  async function withdraw(id: string): Promise<void> {
    const state = await world.attempt('Withdrawing the invitation', (lab) => lab.wifi.withdraw(id))
    if (state !== null) live.value.value = state
  }
  const publish = async (wish: MdnsWish | null): Promise<boolean> =>
    changed(await world.attempt('Publishing by mDNS', (lab) => lab.wifi.publish(wish)))
  const browse = async (wish: MdnsWish | null): Promise<boolean> => changed(await world.attempt('Looking by mDNS', (lab) => lab.wifi.browse(wish)))
  return { state: live.value, problem: live.problem, invite, withdraw, publish, browse }
})
