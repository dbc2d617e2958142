// Which planted faults a run over real sockets can have: those that need no hand inside the device's memory.
import type { Planted } from './faults.ts'
import type { Setup } from './setup.ts'

/** Nodes that a device shows only where it has the object; without it they are not there. */
const OBJECTS = ['./SCOMO']

/** '' where the fault can be planted over sockets, else in words why only in memory. `setup` is that of the flow without the fault. */
export function onlyInMemory({ plant }: Planted, setup: Setup): string {
  switch (plant.kind) {
    case 'cut':
      return plant.where === 'server' ? 'it strikes between two messages of one turn' : ''
    case 'acl':
      return plant.uris.includes('./DevDetail') ? 'no command takes the rights of ./DevDetail from a server' : ''
    case 'shop':
    case 'mute':
    case 'account':
      return ''
    case 'setup': {
      const { device } = plant.change(setup)
      return device.room === undefined ? '' : 'a real disk cannot be made that small'
    }
    case 'tree':
      return OBJECTS.includes(plant.without) ? '' : `a device over sockets always has ${plant.without}`
    default:
      return 'it is made inside the device'
  }
}
