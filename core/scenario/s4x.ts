// Document S4, 7.2.2 inventory update flow: steps X.1 to X.3 in each mode of the gateway. Data only.
import { ED1, ED3, ED4, GATEWAY_READY, SETUP, alerts, all, attached, fault, refusedAlert, related, row, skip, step } from './gatewaysteps.ts'
import type { Flow, Planted } from './gatewaysteps.ts'
import { deviceIdOf } from './gatewaysetup.ts'
import type { Act, SetupEnd } from './gatewaysetup.ts'
import { ALERTS } from '../mo/gwmo.ts'
import type { Condition, Predicate, Step } from './types.ts'

export const x1 = (text: string, decide: Predicate): Step => step('X.1', text, 'Device', 'DM Gateway', decide)
export const x2 = (mode: 0 | 1 | 2): Step =>
  step(
    'X.2',
    'The DM Gateway updates its Inventory MO and sends the Device Inventory Alert: gateway address, device id and address, operation mode.',
    'DM Gateway',
    'DM Server',
    all(attached(mode), row(alerts('attached', `data ~ "<Mode>${String(mode)}</Mode>"`))),
  )
export const x3 = (mode: 0 | 1 | 2): Step =>
  step('X.3', 'The DM Server stores gateway address, device id and address, and operation mode.', 'DM Server', 'DM Server', related(mode), {
    offWire: true,
    fails: [refusedAlert],
  })

/** What the gateway says in the same session that the server stored it. */
const TAKEN: Condition = {
  key: 'Q1',
  text: 'The DM Server takes the alert.',
  decide: row('hop == S-G && dir == down && any(status.cmd == Alert && status == 200)'),
  step: 'X.3',
}

const faults = (own: readonly Planted[]): readonly Planted[] => [
  ...own,
  fault('X.2', "the gateway's configuration says that devices are not told", { kind: 'config', leaf: 'Alerts/Attach', value: 'false' }),
  fault('X.3', 'the DM Server does not know such alerts', { kind: 'refuse', type: 'deviceattached' }),
]

interface Mode {
  readonly mode: 0 | 1 | 2
  readonly name: string
  readonly device: SetupEnd
  readonly act: Act
  readonly first: Step
  readonly faults: readonly Planted[]
}

const flow = ({ mode, name, device, act, first, faults: own }: Mode): Flow => ({
  id: `s4-x-${name}`,
  document: 'S4',
  clause: '7.2.2',
  title: `Inventory update flow, ${name} mode`,
  actors: ['DM Server', 'DM Gateway', 'Device'],
  steps: [first, x2(mode), x3(mode)],
  pre: [GATEWAY_READY],
  post: [TAKEN],
  alternativeOf: null,
  setup: { ...SETUP, devices: [device], acts: [act] },
  faults: faults(own),
})

/** A proxy device needs no more than a session. */
export const SESSION = row(`hop == G-D && dir == up && device == "${deviceIdOf('ed1')}" && alert.code in (1200, 1201)`)

const MODES: readonly Mode[] = [
  {
    mode: 0,
    name: 'transparent',
    device: { ...ED3, begins: 'bootstrapped' },
    act: { key: 'registers', deed: { do: 'visit', device: 'ed3', registers: true } },
    first: x1(
      'The device explicitly registers itself by a Device Registration Alert (MUST in transparent mode).',
      row(`hop == G-D && dir == up && any(alert.code == 1226 && alert.type == "${ALERTS.registration.type}")`),
    ),
    faults: [
      fault('X.1', 'the device opens a session without registering', {
        kind: 'setup',
        change: (setup) => ({ ...setup, acts: [{ key: 'registers', deed: { do: 'visit', device: 'ed3' } }] }),
      }),
    ],
  },
  {
    mode: 1,
    name: 'proxy',
    device: { ...ED1, begins: 'bootstrapped' },
    act: { key: 'visits', deed: { do: 'visit', device: 'ed1' } },
    first: x1('The device implicitly registers itself by a DM session with the DM Gateway (MAY in proxy mode).', SESSION),
    faults: [fault('X.1', 'the device opens no session', skip('visits'))],
  },
  {
    mode: 2,
    name: 'adaptation',
    device: { ...ED4, begins: 'bootstrapped' },
    act: { key: 'appears', deed: { do: 'appear', device: 'ed4' } },
    first: {
      ...x1('The device is discovered by the DM Gateway, or registers, by another protocol (adaptation mode).', {
        event: 'gateway.discovered',
        where: { mode: 2 },
      }),
      offWire: true,
    },
    faults: [fault('X.1', 'the device is not there', skip('appears'))],
  },
]

export const S4_X: readonly Flow[] = MODES.map(flow)
