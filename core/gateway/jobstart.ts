// How a job starts: what its nodes ask for is checked, its targets are chosen and fixed. Nothing is begun here.
import { decide } from '../dmtree/rights.ts'
import { TreeError } from '../dmtree/error.ts'
import { readFanoutCommand, takenApart } from './command.ts'
import type { Devices } from './devices.ts'
import { usable } from './image.ts'
import type { Images } from './images.ts'
import { candidate } from './inventory.ts'
import type { JobStart, PushedLink } from './job.ts'
import type { DeviceRecord } from './ports.ts'
import { emptyWish, selectTargets } from './targets.ts'
import type { Target } from './targets.ts'
import type { Yard } from './yard.ts'

export interface Grounds {
  readonly yard: Yard
  readonly devices: Devices
  readonly images: Images
}

/** What the server asks for by starting job `name`. Throws TreeError with the Status and why. */
export function jobStart(name: string, correlator: string, server: string, { yard, devices, images }: Grounds): JobStart {
  const { asked } = yard.part
  const wanted = asked.job(name)
  if (wanted === null) throw new TreeError(404, `job ${name} does not exist`)
  const { command, push: token, pushType, imageRef, timeoutMs, intervalMs, returnFormat } = wanted
  const now = yard.now()
  if ((command === '') === (token === '')) throw new TreeError(412, `job ${name} needs either a Command or a Push`)
  if (token !== '' && imageRef === '') throw new TreeError(412, `job ${name} pushes the URL of an image, and has no ImageRef`)
  if (emptyWish(wanted.wish)) throw new TreeError(412, `job ${name} names no target`)
  if (imageRef !== '' && !usable(images.byId(imageRef), now)) throw new TreeError(412, `image ${imageRef} is not ready`)
  const push: PushedLink | null = token === '' ? null : { token, type: pushType }
  const commands = push === null ? takenApart(readFanoutCommand(command)) : []
  const candidates = devices.records().map((record) => candidate(record, mayRead(yard, record, server)))
  const chosen = selectTargets(wanted.wish, candidates, (group) => asked.members(group))
  // A link is for devices that speak HTTP themselves.
  const deaf = (target: Target): boolean => push !== null && target.code === null && devices.byLocalId(target.name)?.mode === 2
  const targets = chosen.map((target) => (deaf(target) ? { ...target, code: 406 as const } : target))
  const kind = push === null ? {} : { push }
  return { name, server, correlator, now, timeoutMs, intervalMs, returnFormat, imageRef, targets, commands, ...kind }
}

/** True where the server may Get the device's record. */
export function mayRead(yard: Yard, record: DeviceRecord, server: string): boolean {
  const node = yard.part.asked.recordNode(record.localId)
  return node !== null && decide(node, 'Get', server).allowed
}
