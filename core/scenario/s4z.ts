// Document S4, 7.2.5 and 7.2.6: the flow in transparent mode Z.1 and Z.2, and the alternative through the gateway Z'.1 to Z'.3. Data only.
import { ED3, SETUP, all, fault, pushTo, related, row, skip, step } from './gatewaysteps.ts'
import type { Flow } from './gatewaysteps.ts'
import { deviceIdOf } from './gatewaysetup.ts'
import type { Act } from './gatewaysetup.ts'
import type { Condition, Contradiction, Predicate } from './types.ts'

const ID = deviceIdOf('ed3')

/** The server has work for the device, and tells it to come. */
const ACTS: readonly Act[] = [
  { key: 'order', deed: { do: 'order', device: 'ed3', what: 'model' } },
  { key: 'notify', deed: { do: 'notify', device: 'ed3' }, pause: 100 },
]
const SESSION: Predicate = row(`hop == S-D && dir == up && device == "${ID}" && alert.code == 1200`)
const CARRIED: Predicate = { event: 'gateway.carries' }
const RELATION: Condition = { key: 'P1', text: 'The DM Server stored where the device is, and that it is transparent (X.3).', decide: related(0) }
const TOLD: Condition = {
  key: 'Q1',
  text: 'The device told its DM Server what it was asked.',
  decide: row(`hop == S-D && dir == up && device == "${ID}" && any(cmd == Results && uri == "./DevInfo/Mod")`),
}
/** Nothing of it is the gateway's business: it is no party to any session. */
const NOT_PARTY: Contradiction = {
  when: row(`kind == message && hop == G-D && device == "${ID}" && alert.code == 1200`),
  reason: 'the device holds its session with the DM Gateway',
}

export const S4_Z: readonly Flow[] = [
  {
    id: 's4-z',
    document: 'S4',
    clause: '7.2.5',
    title: 'Management flow in transparent mode',
    actors: ['DM Server', 'DM Gateway', 'Device'],
    steps: [
      step(
        'Z.1',
        "The DM Server sends the DM Notification directly to the device's publicly routable address.",
        'DM Server',
        'Device',
        row(pushTo('ed3', 'S-D')),
        {
          fails: [{ when: row(pushTo('ed3', 'G-D')), reason: 'the notification goes through the DM Gateway' }],
        },
      ),
      step('Z.2', 'The device establishes the management session with the DM Server, by-passing the DM Gateway.', 'Device', 'DM Server', SESSION, {
        fails: [{ when: CARRIED, reason: 'the session passes through the DM Gateway' }, NOT_PARTY],
      }),
    ],
    pre: [RELATION],
    post: [
      TOLD,
      {
        key: 'Q2',
        text: 'Nothing of it passes through the DM Gateway.',
        decide: TOLD.decide,
        fails: [{ when: CARRIED, reason: 'the session passes through the DM Gateway' }],
        step: 'Z.2',
      },
    ],
    alternativeOf: null,
    setup: { ...SETUP, devices: [{ ...ED3, public: true }], acts: ACTS },
    faults: [
      fault('Z.1', 'the DM Server does not notify the device', skip('notify')),
      fault('Z.2', 'the DM Server cannot be reached by the device', { kind: 'cut', what: 'server' }),
    ],
  },
  {
    id: 's4-za',
    document: 'S4',
    clause: '7.2.6',
    title: 'Alternative management flow in transparent mode',
    actors: ['DM Server', 'DM Gateway', 'Device'],
    steps: [
      step(
        "Z'.1",
        'The DM Server sends the DM Notification to the DM Gateway, with the Device ID in the extended push header.',
        'DM Server',
        'DM Gateway',
        row(`kind == push && hop == S-G && pkg == "#0" && dir == down && device == "${ID}"`),
      ),
      step("Z'.2", 'The DM Gateway forwards the same notification to the device that the Device ID names.', 'DM Gateway', 'Device', {
        row: pushTo('ed3'),
        same: "Z'.1",
      }),
      step(
        "Z'.3",
        'The device establishes the management session with the DM Server via the DM Gateway.',
        'Device',
        'DM Server',
        all(CARRIED, SESSION),
        {
          fails: [NOT_PARTY],
        },
      ),
    ],
    pre: [RELATION],
    post: [TOLD],
    alternativeOf: { id: 's4-z', step: 'Z.1' },
    setup: { ...SETUP, devices: [ED3], acts: ACTS },
    faults: [
      fault("Z'.1", 'the DM Server does not notify the device', skip('notify')),
      fault("Z'.2", 'the device has not named this DM Server as one of its own', {
        kind: 'setup',
        change: (setup) => ({ ...setup, devices: [{ ...ED3, servers: ['other.example'] }] }),
      }),
      fault("Z'.3", 'the DM Gateway carries nothing', { kind: 'cut', what: 'relay' }),
    ],
  },
]
