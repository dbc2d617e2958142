// How devices reach the lab, and how it is shown to them: addresses and certificates, SMS and Wi-Fi, cables and tiles.
import { cameBy } from '../lab/came.ts'
import type { Pushes } from '../lab/pushes.ts'
import { labConnect } from './connectlab.ts'
import type { LabConnect } from './connectlab.ts'
import type { SimulatedDevices } from './devices.ts'
import type { House } from './house.ts'
import { labTrust } from './trustlab.ts'
import type { LabTrust } from './trustlab.ts'
import { labWireless } from './wireless.ts'
import type { LabWireless } from './wireless.ts'

export interface LabWays {
  readonly trust: LabTrust
  readonly wireless: LabWireless
  readonly connect: LabConnect
}

export interface LabWaysParts {
  readonly devices: Pick<SimulatedDevices, 'activity'>
  readonly pushes: () => Pushes
}

export function labWays(house: House, { devices, pushes }: LabWaysParts): LabWays {
  const { clock, docs, env, doors, options, workspace, commit, tell } = house
  const { ledger } = workspace
  const simulated = (device: string): boolean => devices.activity(device) !== undefined
  const servers = () => ({ http: doors.dm, https: doors.dms, why: doors.noTls })
  const gateway = (): string => house.gateway?.url ?? ''
  const trust = labTrust({
    dir: house.folder('tls'),
    docs,
    vault: ledger.vault,
    clock,
    host: options.host,
    given: house.advertised,
    servers,
    simulated,
    before: (device) => cameBy(house.recorder, device),
    refused: (refused) => house.host?.refused(refused),
    tell,
  })
  const wireless = labWireless({
    clock,
    random: env.random,
    pushes,
    addresses: () => trust.addresses,
    choose: (device, candidate, scheme) => trust.areas.addresses.choose(device, candidate, scheme),
    urls: () => ({ dm: doors.dm === null ? '' : `${doors.dm.url}/dm`, dms: doors.dms?.url ?? '', gateway: gateway() }),
    tell,
  })
  const connect = labConnect({
    clock,
    docs,
    commit,
    host: options.host,
    adbPort: options.adbPort,
    servers,
    gateway,
    sessions: () => house.recorder.sessions.all(),
    frame: (seq) => house.recorder.frame(seq),
    startedAfter: workspace.trace.last,
    simulated,
    devices: () => ledger.devices().map(({ device }) => device),
    modem: () => house.lab.modem.state(),
    paths: () => wireless.proofs(),
    happened: house.happened,
    tell,
  })
  return { trust, wireless, connect }
}
