// Unknown devices that want to talk, and what a person decides about them.
import { defineStore } from 'pinia'
import type { EnrolDecision, WantsToTalk } from '../../core/api.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

const SAID: Readonly<Record<EnrolDecision, (device: string) => string>> = {
  adopt: (device) => `${device} has an account now; its next session is answered.`,
  'adopt always': (device) => `${device} has an account now, and so gets every device that comes unknown from now on.`,
  ignore: (device) => `${device} is refused and makes no card any more.`,
}

export const useWants = defineStore('wants', () => {
  const world = useWorld()
  const open = useLive<readonly WantsToTalk[], 'wants'>(
    [],
    (lab) => lab.devices.wants(),
    'wants',
    (fact) => fact.open,
  )
  async function decide(device: string, decision: EnrolDecision): Promise<boolean> {
    const done = await world.attempt(`Deciding about ${device}`, async (lab) => {
      await lab.devices.decide(device, decision)
      return true
    })
    if (done !== true) return false
    world.say(SAID[decision](device))
    await open.load()
    return true
  }
  return { open: open.value, problem: open.problem, decide }
})
