// The simulated devices of a lab, each with a disk of its own in the workspace; what they do there is written down.
import { makeDownloads } from './dlclient.ts'
import { simulatedDevices } from './devices.ts'
import type { SimulatedDevices } from './devices.ts'
import { wipeDisk } from './field.ts'
import { folderName } from './folder.ts'
import type { House } from './house.ts'
import { makeInstaller } from './installer.ts'
import { openDisk, overheard } from './softwarehost.ts'
import type { DeviceDisk } from './softwarehost.ts'

export interface LabDevicesParts {
  /** PEM of the lab's own authority; null where there is none. */
  readonly ca: () => string | null
  /** A device wrote a line of its own log. */
  readonly logged: (device: string) => void
}

export function labDevices(house: House, { ca, logged }: LabDevicesParts): SimulatedDevices {
  const { clock, env, docs, workspace, commit, security } = house
  const disk = (id: string): DeviceDisk => {
    const certificate = ca()
    const downloads = certificate === null ? {} : { downloads: { ca: certificate } }
    const folder = house.folder('devices', folderName(id))
    const own = openDisk({ folder, clock, makeDownloads, makeInstaller, ...downloads, installer: { trust: house.folder('trust') } })
    return overheard(own, (line) => {
      house.witness.performed(id, line)
      logged(id)
    })
  }
  const taken = (id: string): boolean => workspace.ledger.device(id) !== undefined
  return simulatedDevices(clock, env, taken, { docs, disk, commit, wipe: (id) => wipeDisk(workspace.dir, id), security, ca })
}
