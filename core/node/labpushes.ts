// What leaves the lab by itself: notifications, bootstrap messages, and what goes to gateways for their devices.
import { Notifier } from '../lab/notifier.ts'
import { Pushes } from '../lab/pushes.ts'
import type { SimulatedDevices } from './devices.ts'
import type { House } from './house.ts'
import { labGateways } from './labgateways.ts'
import type { LabGateways } from './labgateways.ts'
import type { LabWays } from './labways.ts'
import type { LabWork } from './labwork.ts'
import { pushSender } from './push.ts'
import type { PushSender } from '../lab/pushes.ts'

export interface LabPushes {
  readonly sender: PushSender
  readonly pushes: Pushes
  readonly notifier: Notifier
  /** Gateways as the DM Server sees them. */
  readonly behind: LabGateways
}

export function labPushes(house: House, devices: SimulatedDevices, { trust, wireless }: LabWays, { images, jobs, peers }: LabWork): LabPushes {
  const { clock, env, docs, workspace, recorder, recording, origin, doors, options, commit, happened, changed, tell } = house
  const { ledger, trace } = workspace
  const sender = wireless.sender({
    send: async (to, parts) => {
      if (options.broken?.pushes?.() === false) throw new Error(`no way to ${to}: pushes are cut off on purpose`)
      return (doors.push ?? pushSender(clock)).send(to, parts)
    },
  })
  const pushes = new Pushes({
    ledger,
    clock,
    random: env.random,
    recorder,
    sender,
    origin,
    recording,
    serverUri: (device) => trust.addresses.advertised(device, 'dm'),
    door: devices.pushUrl,
    hop: (device, to) => (behind.gateways.towards(device, to) ? 'S-G' : 'S-D'),
    changed,
  })
  const notifier = new Notifier({ ledger, clock, random: env.random, pushes, sender })
  const behind: LabGateways = labGateways({
    clock,
    env,
    docs,
    commit,
    notify: (device, wish) => notifier.notify(device, wish),
    happened,
    queue: (order) => void house.host?.queue(order),
    order: (id) => ledger.order(id),
    images,
    hooks: jobs.hooks,
    trace,
    recording,
    recorder: () => recorder,
    peers,
    own: () => house.gateway,
    tell,
    changed: () => {
      house.lab.heldMoved()
      changed()
    },
  })
  return { sender, pushes, notifier, behind }
}
