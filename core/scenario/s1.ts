// Document S1, clause 5.4: download over DM (5.4.1), download by an alternate mechanism (5.4.2), operations of the component object (5.4.3), each with its two alternatives. Data only.
import {
  absent,
  unreadable,
  unwelcome,
  broken,
  corrupt,
  direct,
  forbidden,
  full,
  missing,
  noChunks,
  noDevInfo,
  noEmi,
  noObject,
  noPush,
  silentDevice,
  silentEmi,
  wrongModel,
  lostReport,
} from './faults.ts'
import type { Planted } from './faults.ts'
import type { Plant, Setup } from './setup.ts'
import {
  ANTIVIR,
  asks,
  begins,
  begun,
  catalogued,
  chooses,
  COMPONENT,
  DEPLOYED,
  devInfo,
  DONE,
  FAILED,
  IDLE,
  notifies,
  OBJECT,
  reads,
  requests,
  step,
} from './steps.ts'
import type { Actor, Scenario, Step } from './types.ts'

type Flow = Scenario<Setup, Plant>

const DIRECT_ACTORS: readonly Actor[] = ['External Management Infrastructure', 'DM Server', 'Device']
const ALTERNATE_ACTORS: readonly Actor[] = ['External Management Infrastructure', 'DM Server', 'Download Server', 'Device']

/** The whole of a package, or its last chunk. */
const DATA = 'cmd in (Add, Replace) && uri ~ "/Inventory/Delivered/[^/]+/Data$" && len(data) > 0 && !chunk'

const delivers = (key: string): Step =>
  step(key, 'The DM Server delivers the Software Component over the DM protocol.', 'DM Server', 'Device', {
    row: `dir == down && any(${DATA})`,
  })

const acknowledges = (key: string): Step =>
  step(
    key,
    'The device acknowledges the receipt of the delivery.',
    'Device',
    'DM Server',
    { row: 'any(status == 200 && status.cmd in (Add, Replace)) && answers(step "5")' },
    {
      fails: [
        { when: { row: 'any(status >= 400 && status.cmd in (Add, Replace)) && answers(step "5")' }, reason: 'the device refuses the delivery' },
      ],
    },
  )

const mechanism = (key: string): Step =>
  step(
    key,
    'The DM Server determines an appropriate alternate download mechanism.',
    'DM Server',
    'DM Server',
    { event: 'server.mechanism', where: { mechanism: ['http', 'dlota1', 'dlota1-combined', 'dlota2'] } },
    { offWire: true, fails: [{ when: { event: 'server.mechanism', where: { mechanism: 'dm-large' } }, reason: 'the server chose direct delivery' }] },
  )

const retrieveAsked = (key: string): Step =>
  step(key, 'The DM Server asks the device to retrieve the Software Component by the alternate download mechanism.', 'DM Server', 'Device', {
    all: [
      { row: 'dir == down && any(cmd == Exec && uri ~ "/Download/[^/]+/Operations/Download")' },
      { row: 'dir == up && any(status.cmd == Exec && status in (200, 202, 1200..1299))' },
    ],
  })

const retrieves = (key: string): Step =>
  step(
    key,
    'The device retrieves the Software Component from the Alternate Download Server.',
    'Device',
    'Download Server',
    { all: [{ row: 'kind == http && http.method == GET' }, OBJECT] },
    { fails: [{ when: { row: 'kind == http && dir == down && http.status >= 400' }, reason: 'the download server refuses' }, FAILED] },
  )

const receipt = (key: string): Step =>
  step(key, 'The device acknowledges the receipt of the delivery to the DM Server.', 'Device', 'DM Server', DONE, { fails: [FAILED] })

/** How a device asks instead of the infrastructure; the text prints it at step 1. */
const deviceAsks = (by: 'UserRequest' | 'DeviceRequest', operation: string): Step => ({
  ...step('1', 'The device initiates a session with the DM Server and asks (Alternative Flow 1).', 'Device', 'DM Server', requests(by, operation), {
    fails: [],
  }),
  label: '1',
})

const NONE = { pre: [], post: [] } as const
const DIRECT: Setup = catalogued({
  device: {},
  trigger: { by: 'emi', job: { type: 'scomo', op: 'deliver', pkg: ANTIVIR.pkgId, mechanism: 'dm-large', inventory: false } },
})
const DIRECT_FAULTS: readonly Planted[] = [silentEmi('1'), noPush('2'), noDevInfo('3'), wrongModel('4'), noChunks('5'), full('6'), noEmi('7')]

const s1541: Flow = {
  id: 's1-5.4.1',
  document: 'S1',
  clause: '5.4.1.1',
  title: 'OMA DM download of a Software Component: normal flow',
  actors: DIRECT_ACTORS,
  steps: [
    asks('1', 'The External Management Infrastructure requests the DM Server to download a Software Component to the device.', ['deliver']),
    begins('2'),
    devInfo('3'),
    chooses('4'),
    delivers('5'),
    acknowledges('6'),
    notifies('7', 'download operation'),
  ],
  ...NONE,
  alternativeOf: null,
  setup: DIRECT,
  faults: DIRECT_FAULTS,
}

const [, , ...s1541Rest] = s1541.steps

const s1541a1: Flow = {
  ...s1541,
  id: 's1-5.4.1-alt1',
  clause: '5.4.1.2',
  title: 'OMA DM download of a Software Component: the device asks for it (Alternative Flow 1)',
  steps: [deviceAsks('UserRequest', 'Download'), begun('2'), ...s1541Rest],
  alternativeOf: { id: 's1-5.4.1', step: '1' },
  setup: {
    ...DIRECT,
    mechanism: 'dm-large',
    trigger: { by: 'device', request: { type: 'scomo', by: 'user', operation: 'Download', pkg: ANTIVIR.pkgId } },
  },
  faults: [silentDevice('1'), ...DIRECT_FAULTS.filter(({ step: key }) => key !== '1' && key !== '2')],
}

const s1541a2: Flow = {
  ...s1541,
  id: 's1-5.4.1-alt2',
  clause: '5.4.1.3',
  title: 'OMA DM download of a Software Component: DevDetail and inventory first (Alternative Flow 2)',
  steps: s1541.steps.flatMap((each) =>
    each.key !== '3'
      ? [each]
      : [
          each,
          reads('2+', '2', 'The DM Server retrieves DevDetail and queries the software inventory (Alternative Flow 2; DevInfo has come by then).'),
        ],
  ),
  alternativeOf: { id: 's1-5.4.1', step: '2' },
  setup: { ...DIRECT, trigger: { by: 'emi', job: { type: 'scomo', op: 'deliver', mechanism: 'dm-large', inventory: true } } },
  faults: [...DIRECT_FAULTS, unreadable('2+')],
}

const ALTERNATE: Setup = catalogued({
  device: {},
  trigger: { by: 'emi', job: { type: 'scomo', op: 'deliver', pkg: ANTIVIR.pkgId, mechanism: 'dlota1', inventory: false } },
})
const ALTERNATE_FAULTS: readonly Planted[] = [
  silentEmi('1'),
  noPush('2'),
  noDevInfo('3'),
  wrongModel('4'),
  direct('5'),
  forbidden('6a', './SCOMO/Download'),
  missing('6b'),
  corrupt('7'),
  noEmi('8'),
]

const s1542: Flow = {
  id: 's1-5.4.2',
  document: 'S1',
  clause: '5.4.2.1',
  title: 'Download of a Software Component by an alternate download mechanism: normal flow',
  actors: ALTERNATE_ACTORS,
  steps: [
    asks('1', 'The External Management Infrastructure requests the DM Server to download a Software Component to the device.', ['deliver']),
    begins('2'),
    devInfo('3'),
    chooses('4'),
    mechanism('5'),
    retrieveAsked('6a'),
    retrieves('6b'),
    receipt('7'),
    notifies('8', 'download operation'),
  ],
  ...NONE,
  alternativeOf: null,
  setup: ALTERNATE,
  faults: ALTERNATE_FAULTS,
}

const [, , ...s1542Rest] = s1542.steps

const s1542a1: Flow = {
  ...s1542,
  id: 's1-5.4.2-alt1',
  clause: '5.4.2.2',
  title: 'Download by an alternate mechanism: the device asks for a component (Alternative Flow 1)',
  steps: [deviceAsks('DeviceRequest', 'Download'), begun('2'), ...s1542Rest],
  alternativeOf: { id: 's1-5.4.2', step: '1' },
  setup: {
    ...ALTERNATE,
    mechanism: 'dlota1',
    trigger: { by: 'device', request: { type: 'scomo', by: 'device', operation: 'Download', pkg: ANTIVIR.pkgId } },
  },
  faults: [silentDevice('1'), ...ALTERNATE_FAULTS.filter(({ step: key }) => key !== '1' && key !== '2')],
}

const s1542a2: Flow = {
  ...s1542,
  id: 's1-5.4.2-alt2',
  clause: '5.4.2.3',
  title: 'Download by an alternate mechanism: DevDetail and inventory first (Alternative Flow 2)',
  steps: s1542.steps.flatMap((each) =>
    each.key !== '3' ? [each] : [each, reads('3+', '3', 'The DM Server retrieves DevDetail and the software inventory (Alternative Flow 2).')],
  ),
  alternativeOf: { id: 's1-5.4.2', step: '3' },
  setup: { ...ALTERNATE, trigger: { by: 'emi', job: { type: 'scomo', op: 'deliver', mechanism: 'auto', inventory: true } }, mechanism: 'dlota1' },
  faults: [...ALTERNATE_FAULTS, unreadable('3+')],
}

const OPERATION: Setup = catalogued({
  device: { components: [IDLE] },
  trigger: { by: 'emi', job: { type: 'scomo', op: 'activate', target: DEPLOYED, inventory: false } },
})
const OPERATION_FAULTS: readonly Planted[] = [
  silentEmi('1'),
  noPush('2a'),
  unwelcome('2b'),
  broken('3', 'activate'),
  lostReport('4', 'start'),
  noEmi('5'),
]

const s1543: Flow = {
  id: 's1-5.4.3',
  document: 'S1',
  clause: '5.4.3.1',
  title: 'Server interactions with SCOMO on the device: normal flow',
  actors: DIRECT_ACTORS,
  steps: [
    asks('1', 'The External Management Infrastructure requests the DM Server to perform a SCOMO operation on the device.', ['activate']),
    begins('2a'),
    step('2b', 'The DM Server asks the device to perform the SCOMO operation.', 'DM Server', 'Device', {
      row: `dir == down && any(cmd == Exec && uri contains "/Deployed/${COMPONENT}/Operations/Activate")`,
    }),
    step(
      '3',
      'The device performs the requested SCOMO operation.',
      'Device',
      'Device',
      {
        any: [{ event: 'device.performs', where: { what: ['activate', 'start'] } }, DONE],
      },
      {
        offWire: true,
        fails: [{ when: { event: 'device.performs', where: { what: 'fail' } }, reason: 'the operation failed on the device' }, FAILED],
      },
    ),
    step(
      '4',
      'The device reports the results of the SCOMO operation to the DM Server.',
      'Device',
      'DM Server',
      { any: [DONE, { row: 'any(status.cmd == Exec && status in (200, 1200..1299)) && answers(step "2b")' }] },
      { fails: [FAILED], sameRow: true },
    ),
    notifies('5', 'SCOMO operation'),
  ],
  ...NONE,
  alternativeOf: null,
  setup: OPERATION,
  faults: OPERATION_FAULTS,
}

const s1543a1: Flow = {
  ...s1543,
  id: 's1-5.4.3-alt1',
  clause: '5.4.3.2',
  title: 'Server interactions with SCOMO: the device asks for an operation (Alternative Flow 1)',
  steps: [deviceAsks('UserRequest', 'Activate'), begun('2a'), ...s1543.steps.slice(2)],
  alternativeOf: { id: 's1-5.4.3', step: '1' },
  setup: { ...OPERATION, trigger: { by: 'device', request: { type: 'scomo', by: 'user', operation: 'Activate', component: COMPONENT } } },
  faults: [silentDevice('1'), ...OPERATION_FAULTS.filter(({ step: key }) => key !== '1' && key !== '2a')],
}

const s1543a2: Flow = {
  ...s1543,
  id: 's1-5.4.3-alt2',
  clause: '5.4.3.3',
  title: 'Server interactions with SCOMO: DevDetail and inventory first (Alternative Flow 2)',
  steps: s1543.steps.flatMap((each) =>
    each.key !== '2a'
      ? [each]
      : [each, reads('2a+', '2', 'The DM Server retrieves DevDetail and queries the software inventory (Alternative Flow 2).')],
  ),
  alternativeOf: { id: 's1-5.4.3', step: '2a' },
  setup: { ...OPERATION, trigger: { by: 'emi', job: { type: 'scomo', op: 'activate', component: COMPONENT, inventory: true } } },
  faults: [...OPERATION_FAULTS.filter(({ step: key }) => key !== '2b'), absent('2b'), noObject('2a+')],
}

/** Every flow of S1, alternatives after their flow. */
export const S1: readonly Flow[] = [s1541, s1541a1, s1541a2, s1542, s1542a1, s1542a2, s1543, s1543a1, s1543a2]
