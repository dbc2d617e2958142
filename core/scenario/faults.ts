// Planted faults that several flows share: what is broken, and which step it turns red. One of them at a time.
import type { Plant, Setup } from './setup.ts'
import type { Fault } from './types.ts'

export type Planted = Fault<Plant>

const fault = (step: string, text: string, plant: Plant): Planted => ({ step, text, plant })

const device = (change: Partial<Setup['device']>): Plant => ({
  kind: 'setup',
  change: (setup) => ({ ...setup, device: { ...setup.device, ...change } }),
})
/** Packages with a flaw. */
const flawed = (flaw: 'install' | 'activate' | 'start'): Plant => ({
  kind: 'setup',
  change: (setup) => ({ ...setup, catalogue: setup.catalogue.map((pkg) => ({ ...pkg, flaw })) }),
})

export const silentEmi = (step: string): Planted => fault(step, 'nobody asks for anything', { kind: 'mute', who: 'emi' })
export const silentDevice = (step: string): Planted => fault(step, 'the device asks for nothing', { kind: 'mute', who: 'device' })
export const noPush = (step: string): Planted => fault(step, 'no way to reach the device is known: it is not called', { kind: 'cut', where: 'push' })
export const noDevInfo = (step: string): Planted => fault(step, 'the device has no ./DevInfo to provide', { kind: 'tree', without: './DevInfo' })
export const wrongModel = (step: string): Planted =>
  fault(step, 'the catalogue has packages for other models only', {
    kind: 'setup',
    change: (setup) => ({ ...setup, catalogue: setup.catalogue.map((pkg) => ({ ...pkg, models: ['another model'] })) }),
  })
export const noChunks = (step: string): Planted =>
  fault(step, 'the device takes no large objects, and nothing but direct delivery was allowed', device({ largeObjects: false, maxObjSize: 4096 }))
export const full = (step: string): Planted => fault(step, 'the device has no room for the package', device({ room: 10_000 }))
export const direct = (step: string): Planted =>
  fault(step, 'direct delivery is insisted on', {
    kind: 'setup',
    change: ({ trigger, ...setup }) => ({
      ...setup,
      mechanism: 'dm-large',
      trigger: trigger.by === 'device' ? trigger : { ...trigger, job: { ...trigger.job, mechanism: 'dm-large' } },
    }),
  })
export const forbidden = (step: string, uri: string): Planted =>
  fault(step, `the server may only read ${uri}`, { kind: 'acl', uris: [uri], acl: 'Get=*' })
export const missing = (step: string): Planted => fault(step, 'the download server answers 404', { kind: 'shop', flaw: 'missing' })
export const corrupt = (step: string): Planted =>
  fault(step, 'the download server sends other bytes than it announced', { kind: 'shop', flaw: 'corrupt' })
export const noEmi = (step: string): Planted => fault(step, 'the External Management Infrastructure cannot be reached', { kind: 'cut', where: 'emi' })
/** Everything may be done to these nodes, but they may not be read. */
export const unreadable = (step: string): Planted =>
  fault(step, 'the server may read neither ./DevDetail nor the inventory', {
    kind: 'acl',
    uris: ['./DevDetail', './SCOMO/Inventory'],
    acl: 'Add=*&Delete=*&Exec=*&Replace=*',
  })
export const noObject = (step: string): Planted => fault(step, 'the device has no component object', { kind: 'tree', without: './SCOMO' })
export const absent = (step: string): Planted => fault(step, 'the component is not installed', device({ components: [] }))
export const unwelcome = (step: string): Planted => fault(step, "the device's credentials are not valid any more", { kind: 'account' })
export const broken = (step: string, flaw: 'install' | 'activate' | 'start'): Planted => fault(step, `the package breaks at ${flaw}`, flawed(flaw))
export const lostReport = (step: string, what: string): Planted =>
  fault(step, 'the DM Server cannot be reached any more when the device is done', {
    kind: 'cut',
    where: 'server',
    when: { event: 'device.performs', where: { what } },
  })
export const unreachable = (step: string): Planted => fault(step, 'the DM Server cannot be reached', { kind: 'cut', where: 'server' })
export const nobody = (step: string): Planted => fault(step, 'the device cannot ask its user', { kind: 'noPeople' })
export const rejects = (step: string): Planted => fault(step, 'the user says no', device({ answers: 'reject' }))
