// Document S4, 7.2.1 bootstrap procedure: steps M.1 to M.4, with a device that takes its gateway's bootstrap only after its DM Server's. Data only.
import { ED1, SETUP, all, fault, row, skip, step, inOrder } from './gatewaysteps.ts'
import { GATEWAY_PLACES as AT, deviceIdOf } from './gatewaysetup.ts'
import type { Flow, Planted } from './gatewaysteps.ts'
import type { Act } from './gatewaysetup.ts'
import type { Step } from './types.ts'

const ID = deviceIdOf('ed1')
export const bootstrap = (hop: string): string => `kind == push && hop == ${hop} && !(pkg == "#0") && dir == down`

export const M_STEPS: readonly Step[] = [
  step(
    'M.1',
    'The device is discovered and authenticated by the DM Gateway, gets an address or identifier, and initializes the bootstrap.',
    'Device',
    'DM Gateway',
    all(row(`kind == http && hop == G-D && dir == up && device == "${ID}"`), { event: 'gateway.discovered', where: { localId: 'ed1', state: 20 } }),
  ),
  step(
    'M.2',
    'The DM Server bootstraps the device (optional): the device may be bootstrapped by the DM Gateway from now on.',
    'DM Server',
    'Device',
    inOrder(row(`${bootstrap('S-D')} && device == "${ID}"`), row(`hop == S-D && dir == down && device == "${ID}" && auth == accepted`)),
    { missing: 'not applicable' },
  ),
  step(
    'M.3',
    'The DM Server bootstraps the DM Gateway.',
    'DM Server',
    'DM Gateway',
    inOrder(row(`${bootstrap('S-G')} && device == "${AT.id}"`), row(`hop == S-G && dir == down && device == "${AT.id}" && auth == accepted`)),
  ),
  step(
    'M.4',
    'The DM Gateway bootstraps the device.',
    'DM Gateway',
    'Device',
    inOrder(row(`${bootstrap('G-D')} && device == "${ID}"`), row(`hop == G-D && dir == down && device == "${ID}" && auth == accepted`)),
  ),
]

/** M.1, M.2, M.3 and M.4, one after the other. */
export const M_ACTS: readonly Act[] = [
  { key: 'asks', deed: { do: 'ask', device: 'ed1' } },
  { key: 'server', deed: { do: 'bootstrap', device: 'ed1', by: 'server' }, when: { event: 'gateway.discovered' }, pause: 500 },
  { key: 'gateway', deed: { do: 'bootstrap gateway' }, pause: 5000 },
  { key: 'device', deed: { do: 'bootstrap', device: 'ed1', by: 'gateway' }, pause: 5000 },
]

export const M_FAULTS: readonly Planted[] = [
  fault('M.1', 'the device does not know its pairing code', { kind: 'code', device: 'ed1' }),
  fault('M.3', 'the bootstrap of the gateway carries a MAC that is not right', { kind: 'wrong pin', party: 'gateway' }),
  fault('M.4', 'M.2 is left out, and the device insists on it', skip('server')),
]

export const S4_M: readonly Flow[] = [
  {
    id: 's4-m',
    document: 'S4',
    clause: '7.2.1',
    title: 'Bootstrap procedure',
    actors: ['DM Server', 'DM Gateway', 'Device'],
    steps: M_STEPS,
    pre: [],
    post: [],
    alternativeOf: null,
    setup: {
      ...SETUP,
      bootstrapped: false,
      devices: [{ ...ED1, begins: 'unknown', insists: true }],
      acts: M_ACTS,
    },
    faults: M_FAULTS,
  },
]
