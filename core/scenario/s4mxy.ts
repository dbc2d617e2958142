// Document S4 in one go: bootstrap M, inventory update X of a proxy and an adapted device, and the synchronous flow Y with both (gwmo sheet 6.8). Data only.
import { ED1, ED4, SETUP, all, fault, related, row, skip, step } from './gatewaysteps.ts'
import type { Flow } from './gatewaysteps.ts'
import { deviceIdOf } from './gatewaysetup.ts'
import { bootstrap, M_ACTS, M_FAULTS, M_STEPS } from './s4m.ts'
import { SESSION, x1, x2, x3 } from './s4x.ts'
import { BOTH, CALLED, COMPLETE, fanout, inside, JOB_LAID, knows, READ_ONLY, RESULT, SERVER_GONE, y1, y2, y3, y4 } from './s4y.ts'
import type { Step } from './types.ts'

/** A step that is there once for each device. */
const of = (which: 'a' | 'b', each: Step): Step => ({ ...each, key: `${each.key}${which}` })

/** What proves the device's account is its session, and that is X.1 already. */
const M4: Step = step(
  'M.4',
  'The DM Gateway bootstraps the device.',
  'DM Gateway',
  'Device',
  row(`${bootstrap('G-D')} && device == "${deviceIdOf('ed1')}"`),
)
const APPEARS: Step = {
  ...x1('The other device is discovered by the DM Gateway by another protocol (adaptation mode).', {
    event: 'gateway.discovered',
    where: { mode: 2 },
  }),
  offWire: true,
}

export const S4_MXY: Flow = {
  id: 's4-mxy',
  document: 'S4',
  clause: '7.2',
  title: 'General management flow in one run: bootstrap, inventory update, synchronous management',
  actors: ['DM Server', 'DM Gateway', 'Device'],
  steps: [
    ...M_STEPS.filter(({ key }) => key !== 'M.4'),
    M4,
    of('a', x1('The device implicitly registers itself by a DM session with the DM Gateway (proxy mode).', SESSION)),
    of('a', x2(1)),
    of('a', x3(1)),
    of('b', APPEARS),
    of('b', x2(2)),
    of('b', x3(2)),
    y1('Y.1', [JOB_LAID]),
    y2('Y.2', BOTH),
    y3('Y.3', BOTH),
    y4(
      'Y.4',
      'The DM Gateway establishes the session with the DM Server, which reflects the responses.',
      row(`${CALLED} && ${inside(RESULT, COMPLETE)}`),
    ),
  ],
  pre: [],
  post: [
    { key: 'Q1', text: 'The DM Server knows where both devices are.', decide: all(related(1), related(2)) },
    { ...knows('Y.4'), key: 'Q2' },
  ],
  alternativeOf: null,
  setup: {
    ...SETUP,
    bootstrapped: false,
    devices: [
      { ...ED1, begins: 'unknown', insists: true },
      { ...ED4, begins: 'unknown' },
    ],
    acts: [
      ...M_ACTS,
      { key: 'appears', deed: { do: 'appear', device: 'ed4' }, when: { event: 'server.relation' }, pause: 1000 },
      { ...fanout(BOTH, { style: 'Y', timeout: 60 }), when: { event: 'server.relation' }, pause: 1000 },
    ],
  },
  faults: [
    ...M_FAULTS.filter(({ step: key }) => key !== 'M.4'),
    fault('M.4', 'the DM Gateway does not bootstrap the device', skip('device')),
    fault('X.1a', 'the bootstrap of the device carries a MAC that is not right', { kind: 'wrong pin', party: 'gateway to ed1' }),
    fault('X.2a', "the gateway's configuration says that devices are not told", { kind: 'config', leaf: 'Alerts/Attach', value: 'false' }),
    fault('X.3a', 'the DM Server does not know such alerts', { kind: 'refuse', type: 'deviceattached' }),
    fault('X.1b', 'the other device is not there', skip('appears')),
    fault('X.2b', 'the DM Server cannot be reached any more', { kind: 'cut', what: 'server', when: { event: 'server.relation' } }),
    fault('X.3b', 'the DM Server takes no devices in adaptation mode', { kind: 'refuse', type: 'deviceattached', holding: '<Mode>2</Mode>' }),
    fault('Y.1', 'the DM Gateway may not be managed: its Fanout MO can only be read', READ_ONLY),
    fault('Y.2', 'the other device does not wake', { kind: 'adapter', device: 'ed4', flaw: 'asleep' }),
    fault('Y.3', 'the other device does not answer its commands', { kind: 'adapter', device: 'ed4', flaw: 'deaf' }),
    fault('Y.4', 'the DM Server cannot be reached when the devices are done', SERVER_GONE),
  ],
}
