// Whom a job is for: one device, a group, a device type, or whatever a filter over known devices fits.
import type { DeviceGroup, JobWish } from '../api.ts'
import { compile } from '../filter/evaluate.ts'
import { fieldsOf } from '../filter/schema.ts'
import type { Field, Schema } from '../filter/schema.ts'
import type { KnownDevice } from './ports.ts'

const field = (name: keyof Omit<KnownDevice, 'simulated' | 'id' | 'roots'> | 'device', say: string, uri: string): Field<KnownDevice> => ({
  name,
  type: 'text',
  say,
  about: uri,
  many: false,
  needs: 'row',
  read: (device) => [name === 'device' ? device.id : device[name]],
})

/** Fields of devices for `JobWish.filter`. */
export const DEVICES: Schema<KnownDevice> = {
  fields: fieldsOf<KnownDevice>([
    field('device', 'id of the device', 'Source of SyncHdr'),
    field('man', 'manufacturer', './DevInfo/Man'),
    field('mod', 'model', './DevInfo/Mod'),
    field('fwv', 'firmware version', './DevDetail/FwV'),
    field('swv', 'software version', './DevDetail/SwV'),
    field('hwv', 'hardware version', './DevDetail/HwV'),
    {
      name: 'simulated',
      type: 'flag',
      say: 'simulated here',
      about: 'a simulated device of this lab',
      many: false,
      needs: 'row',
      read: ({ simulated }) => [simulated],
    },
  ]),
  search: (device) => Object.values(device).join('\n').toLowerCase(),
}

/** Ids of the devices a wish names. Throws an Error in words: not exactly one of four, an unknown group, a filter that cannot be read, nobody fits. */
export function whom(wish: JobWish, devices: () => readonly KnownDevice[], group: (name: string) => DeviceGroup | undefined): readonly string[] {
  const named = [wish.device, wish.group, wish.deviceType, wish.filter].filter((each) => each !== undefined)
  if (named.length !== 1) throw new Error('tell exactly one of device, group, deviceType and filter')
  if (wish.device !== undefined) return [wish.device]
  if (wish.group !== undefined) {
    const found = group(wish.group)
    if (found === undefined) throw new Error(`there is no group ${wish.group}`)
    if (found.devices.length === 0) throw new Error(`group ${wish.group} has no devices`)
    return [...new Set(found.devices)]
  }
  const { deviceType } = wish
  const fits = wish.filter === undefined ? (each: KnownDevice) => each.man === deviceType?.man && each.mod === deviceType.mod : filterOf(wish.filter)
  const ids = devices()
    .filter(fits)
    .map(({ id }) => id)
  if (ids.length === 0) throw new Error('no known device fits')
  return ids
}

function filterOf(text: string): (device: KnownDevice) => boolean {
  const filter = compile(text, DEVICES)
  return (device) => filter.test(device)
}
