// Planted faults of a run over sockets: what the download server answers wrongly, who is not reached any more, which rights are taken. One fault at a time.
import type { LabApi } from '../api.ts'
import type { Plant } from '../scenario/setup.ts'
import { plantedFaults } from './dlfaults.ts'
import type { Faults } from './dlfaults.ts'

/** What a lab can be given that breaks it on purpose. */
export interface Broken {
  /** Faults of its download server. */
  readonly downloads?: Faults
  /** False: no push leaves it. */
  readonly pushes?: () => boolean
}

/** A fault made ready for one run. */
export interface PlantedRun {
  /** To start the lab with. */
  readonly broken: Broken
  /** Breaks what is to be broken, when all is set up. `emi` stops the receiver of outcomes. */
  strike(lab: LabApi, device: string, emi: () => void): Promise<void>
}

/** Makes a fault ready; null: nothing is broken. */
export function plantOverSockets(plant: Plant | null): PlantedRun {
  let pushes = true
  const downloads = plantedFaults()
  return {
    broken: { downloads, pushes: () => pushes },
    strike: async (lab, device, emi) => {
      if (plant?.kind === 'shop') downloads.plant({ name: '*', ...SHOP[plant.flaw] })
      else if (plant?.kind === 'account') await lab.devices.setAccount(device, { password: 'another one on purpose', clientNonce: '' })
      else if (plant?.kind === 'acl') await forbid(lab, device, plant)
      else if (plant?.kind !== 'cut') return
      else if (plant.where === 'emi') emi()
      else if (plant.where === 'push') pushes = false
      else downloads.plant({ name: '*', status: 503 })
    },
  }
}

const SHOP = {
  missing: { status: 404 },
  unavailable: { status: 503, retryAfter: 5 },
  corrupt: { body: 'these are not the bytes that were announced' },
} as const

/** The server takes the rights from itself, by a real command of a real session. */
async function forbid(lab: LabApi, device: string, { uris, acl }: Extract<Plant, { kind: 'acl' }>): Promise<void> {
  const before = (await lab.trace.sessions()).length
  await lab.devices.queue(
    device,
    uris.map((uri) => ({ kind: 'Replace' as const, locUri: `${uri}?prop=ACL`, format: 'chr', data: acl })),
  )
  await lab.devices.notify(device, {})
  // Both sides are through with it once nothing more is recorded.
  for (let turn = 0, seen = -1; ; turn += 1) {
    const sessions = await lab.trace.sessions()
    const messages = sessions.reduce((sum, session) => sum + session.messages, 0)
    if (sessions.length > before && messages === seen && sessions.every(({ state }) => state !== 'open')) return
    seen = messages
    if (turn === 200) throw new Error(`the rights of ${uris.join(', ')} could not be taken`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
