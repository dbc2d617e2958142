// What the gateway shows below ./GwMO: inventory, running jobs, images. Written by the gateway alone; servers read it.
import { stamp } from '../dmtree/stamp.ts'
import { encodeSegment } from '../dmtree/uri.ts'
import { FANOUT, IMAGES, RECORDS } from './branch.ts'
import type { Branch } from './branch.ts'
import { secondsLeft } from './image.ts'
import type { Image } from './image.ts'
import { counters } from './jobreport.ts'
import type { Job, Response } from './job.ts'
import type { DeviceRecord } from './ports.ts'

/** Facts become nodes. */
export class Shown {
  readonly #branch: Branch
  readonly #now: () => number
  /** Responses as they stand in the tree, by job and device. */
  readonly #responses = new Map<string, Response>()

  constructor(branch: Branch, now: () => number) {
    this.#branch = branch
    this.#now = now
  }

  /** A device's record; null takes it out. */
  record(localId: string, record: DeviceRecord | null): void {
    const path = [...RECORDS, localId]
    if (record === null) return this.#branch.remove(path)
    this.#branch.interior(path)
    const leaf = (name: string, value: string): void => this.#branch.leaf([...path, ...name.split('/')], value)
    leaf('DeviceID', record.deviceId)
    leaf('LocalID', record.localId)
    if (record.componentType !== null) leaf('ComponentType', String(record.componentType))
    leaf('Mode', String(record.mode))
    leaf('Address', record.address.address)
    leaf('AddressType', record.address.type)
    if (record.publicAddress !== '') leaf('PublicAddress', record.publicAddress)
    leaf('State', String(record.state))
    if (record.lastSeen > 0) leaf('LastSeen', stamp(record.lastSeen))
    if (record.protocol !== '') leaf('Protocol', record.protocol)
    if (record.reportState !== 0) leaf('ReportState', String(record.reportState))
    for (const [name, value] of Object.entries(record.devInfo)) leaf(`DevInfo/${encodeSegment(name)}`, value)
    const list = [...path, 'DMSList']
    if (record.servers.length === 0) this.#branch.remove(list)
    else {
      const known = this.#branch.find(list)?.children?.size ?? 0
      for (let n = record.servers.length + 1; n <= known; n += 1) this.#branch.remove([...list, String(n)])
      record.servers.forEach((server, i) => this.#branch.leaf([...list, String(i + 1)], server))
    }
  }

  /** `moved`: the responses that are news; absent: any may be. */
  job(job: Job, reportState: number, moved: readonly Response[] = job.responses): void {
    const path = [...FANOUT, job.name]
    if (this.#branch.find(path) === null) return
    const leaf = (name: string, value: string): void => this.#branch.leaf([...path, ...name.split('/')], value)
    leaf('State', String(job.state))
    if (job.result !== null && job.state >= 40) leaf('Result', String(job.result))
    else this.#branch.remove([...path, 'Result'])
    if (reportState !== 0) leaf('ReportState', String(reportState))
    const { targets, succeeded, failed, pending } = counters(job)
    leaf('Counters/Targets', String(targets))
    leaf('Counters/Succeeded', String(succeeded))
    leaf('Counters/Failed', String(failed))
    leaf('Counters/Pending', String(pending))
    for (const response of moved) this.#response(path, job.name, response)
  }

  #response(path: readonly string[], job: string, response: Response): void {
    const key = `${job}/${response.name}`
    if (this.#responses.get(key) === response) return
    this.#responses.set(key, response)
    const at = [...path, 'Responses', response.name]
    this.#branch.interior(at)
    this.#branch.leaf([...at, 'DeviceID'], response.deviceId)
    this.#branch.leaf([...at, 'State'], String(response.state))
    if (response.code !== null) this.#branch.leaf([...at, 'Code'], String(response.code))
    if (response.data !== '') this.#branch.leaf([...at, 'Data'], response.data)
    const [late] = response.late.slice(-1)
    if (late !== undefined) this.#branch.leaf([...at, 'LateAlert'], response.late.map(({ data }) => data).join(''))
    if (response.endedAt > 0) this.#branch.leaf([...at, 'Time'], stamp(response.endedAt))
  }

  /** The nodes of a job are gone. */
  forget(job: string): void {
    for (const key of [...this.#responses.keys()]) if (key.startsWith(`${job}/`)) this.#responses.delete(key)
  }

  /** A job that starts anew: what the devices said before is gone. */
  clear(job: string): void {
    this.forget(job)
    const path = [...FANOUT, job, 'Responses']
    for (const { name } of this.#branch.children(path)) this.#branch.remove([...path, name])
  }

  image(image: Image, urls: { readonly url: string; readonly descriptor: string } | null, reportState: number): void {
    const path = [...IMAGES, image.name]
    if (this.#branch.find(path) === null) return
    const leaf = (name: string, value: string): void => this.#branch.leaf([...path, name], value)
    leaf('State', String(image.state))
    const left = secondsLeft(image, this.#now())
    if (left !== null) leaf('Expiry', String(left))
    if (image.state === 30 || image.state === 50) {
      if (image.size > 0) leaf('Size', String(image.size))
      if (image.digest !== '') leaf('Digest', image.digest)
    }
    if (urls !== null && image.state === 30) {
      leaf('ImageURL', urls.url)
      leaf('DescriptorURL', urls.descriptor)
    }
    if (image.state < 30 || image.state === 40) for (const name of ['ImageURL', 'DescriptorURL', 'Size']) this.#branch.remove([...path, name])
    if (reportState !== 0) leaf('ReportState', String(reportState))
  }

  /** Seconds left are those of now. */
  expiry(image: Image): void {
    const left = secondsLeft(image, this.#now())
    const path = [...IMAGES, image.name, 'Expiry']
    if (left !== null && this.#branch.find(path.slice(0, -1)) !== null) this.#branch.leaf(path, String(left))
  }

  drop(name: string): void {
    this.#branch.remove([...IMAGES, name])
  }

  used(bytes: number): void {
    this.#branch.leaf(['GwMO', 'Config', 'ImageStore', 'Used'], String(bytes))
  }
}
