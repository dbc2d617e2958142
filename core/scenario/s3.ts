// Document S3, use cases 5.1 (remote installation) and 5.2 (remote update) with confirmation by the user, each with its device-initiated alternative. Data only.
import { lostReport, missing, nobody, noPush, rejects, silentDevice } from './faults.ts'
import type { Planted } from './faults.ts'
import type { Plant, Setup } from './setup.ts'
import { ANTIVIR, BEGINS, catalogued, COMPONENT, DEPLOYED, DONE, FAILED, OBJECT, OLD, requests, step } from './steps.ts'
import type { Actor, Condition, Contradiction, Predicate, Scenario, Step } from './types.ts'

type Flow = Scenario<Setup, Plant>

const ACTORS: readonly Actor[] = ['Service Provider', 'DM Server', 'Download Server', 'Device', 'User']

/** A command to install on the wire: the question for the user, or an Exec that makes the device ask by itself (scomo sheet 16.4). */
const COMMAND: Predicate = {
  row: 'dir == down && (alert.code == 1101 || any(cmd == Exec && uri ~ "/Operations/(DownloadInstall|Install)"))',
}
const REFUSED: Contradiction = {
  when: {
    any: [
      { event: 'user.answers', where: { act: ['no', 'cancel', 'timeout'] } },
      { row: 'dir == up && any(status.cmd == Alert && status in (304, 214, 408, 406))' },
    ],
  },
  reason: 'the user did not consent',
}
const GONE_WRONG: readonly Contradiction[] = [
  FAILED,
  { when: { row: 'kind == http && dir == down && http.status >= 400' }, reason: 'the download server refuses' },
  { when: { event: 'device.performs', where: { what: 'fail' } }, reason: 'the device failed to install' },
]

const commands = (what: string): Step =>
  step('1', `The Service Provider sends, through the DM Server, a command to the device to install ${what}.`, 'Service Provider', 'Device', {
    all: [{ any: [{ event: 'emi.request' }, { event: 'provider.command' }] }, { any: [BEGINS] }, COMMAND],
  })

const asked: Step = step(
  '2',
  'The device requests authorization from the user.',
  'Device',
  'User',
  { event: 'user.asked' },
  { offWire: true, fails: [{ when: { row: 'dir == up && any(status.cmd == Alert && status == 406)' }, reason: 'the device cannot ask its user' }] },
)

const confirmed: Step = step(
  '3',
  'Upon confirmation by the user, the device sends the response to the DM Server.',
  'Device',
  'DM Server',
  { all: [{ event: 'user.answers', where: { act: ['ok', 'text', 'chosen'] } }, { row: 'dir == up && any(status.cmd == Alert && status == 200)' }] },
  { fails: [REFUSED] },
)

/** "Initiates download, installation (or update) and execution": each of the three is seen. */
const carriesOut = (what: string, done: readonly string[]): Step =>
  step(
    '4',
    `The DM Server initiates the application download, ${what} and execution.`,
    'DM Server',
    'Device',
    {
      all: [
        { row: 'dir == down && any(cmd == Exec && uri ~ "/Operations/(DownloadInstall|Install)")' },
        OBJECT,
        { any: [{ event: 'device.performs', where: { what: done } }, DONE] },
        { any: [{ event: 'device.performs', where: { what: 'start' } }, { tree: { uri: `${DEPLOYED}/State`, is: 'value', value: '20' } }] },
      ],
    },
    { fails: GONE_WRONG },
  )

const confirms: Step = step('5', 'The device sends a confirmation back to the DM Server.', 'Device', 'DM Server', DONE, { fails: [FAILED] })

const asksItself = (by: 'UserRequest' | 'DeviceRequest', operation: string, what: string): Step => ({
  ...step(
    '1',
    `The device initiates a session with the DM Server to request ${what} (Alternative Flow).`,
    'Device',
    'DM Server',
    requests(by, operation),
    { fails: [] },
  ),
})

/** The user who asked is not asked again (scomo sheet 16.4 alternative). */
const maybe = (each: Step): Step => ({ ...each, missing: 'not applicable', fails: [] })

const P1: Condition = {
  key: 'P1',
  text: 'The device is capable of interfacing with the Device Management system.',
  decide: { row: 'dir == down && auth == accepted' },
}
const P2: Condition = {
  key: 'P2',
  text: 'Security constraints of the DM Server and of the device are met.',
  decide: { all: [{ row: 'dir == down && auth == accepted' }, { row: 'dir == up && auth == accepted' }] },
}
const P3: Condition = {
  key: 'P3',
  text: 'An installed application is to get more function, or better security or performance.',
  decide: {
    any: [
      { tree: { uri: `${DEPLOYED}/Version`, is: 'value', value: OLD.version, already: true } },
      { event: 'job.condition', where: { id: 'P3', met: true } },
    ],
  },
}
/** What the device says of itself after the work: version and state of the component, read then and not known from before. */
const says = (leaf: string, value: string): Predicate => ({
  row: `dir == up && any(cmd == Results && uri ~ "/Deployed/[^/]+/${leaf}$" && data == "${value}")`,
})
const Q = (key: string, text: string): Condition => ({
  key,
  text,
  step: '4',
  decide: { any: [{ all: [says('Version', ANTIVIR.version), says('State', '20')] }, { event: 'job.condition', where: { id: key, met: true } }] },
  fails: [{ when: { event: 'job.condition', where: { id: key, met: false } }, reason: 'the application is not installed and active' }],
})

const INSTALL: Setup = catalogued({
  device: {},
  trigger: { by: 'provider', job: { type: 'scomo', op: 'install', pkg: ANTIVIR.pkgId, confirm: 'user', mechanism: 'dlota1' } },
})
const FAULTS: readonly Planted[] = [noPush('1'), nobody('2'), rejects('3'), missing('4'), lostReport('5', 'start')]

const s351: Flow = {
  id: 's3-5.1',
  document: 'S3',
  clause: '5.1.5',
  title: 'Remote application installation: normal flow',
  actors: ACTORS,
  steps: [commands('an application'), asked, confirmed, carriesOut('installation', ['install']), confirms],
  pre: [P1, P2],
  post: [Q('Q1', 'The application targeted at the device has been delivered and installed.')],
  alternativeOf: null,
  setup: INSTALL,
  faults: FAULTS,
}

const s351a: Flow = {
  ...s351,
  id: 's3-5.1-alt',
  clause: '5.1.6',
  title: 'Remote application installation: the device asks for it (Alternative Flow)',
  steps: [asksItself('UserRequest', 'Install', 'application installation'), maybe(asked), maybe(confirmed), ...s351.steps.slice(3)],
  alternativeOf: { id: 's3-5.1', step: '1' },
  setup: {
    ...INSTALL,
    mechanism: 'dlota1',
    trigger: { by: 'device', request: { type: 'scomo', by: 'user', operation: 'Install', pkg: ANTIVIR.pkgId } },
  },
  faults: [silentDevice('1'), ...FAULTS.filter(({ step: key }) => key === '4' || key === '5')],
}

const UPDATE: Setup = catalogued({
  device: { components: [OLD] },
  trigger: {
    by: 'provider',
    job: { type: 'scomo', op: 'update', pkg: ANTIVIR.pkgId, component: COMPONENT, confirm: 'user', mechanism: 'dlota1', reason: 'security' },
  },
})

const s352: Flow = {
  id: 's3-5.2',
  document: 'S3',
  clause: '5.2.5',
  title: 'Remote application update: normal flow',
  actors: ACTORS,
  steps: [commands('application upgrades'), asked, confirmed, carriesOut('update', ['update', 'install']), confirms],
  pre: [P1, P2, P3],
  post: [Q('Q2', 'All application updates targeted at the device have been delivered and installed.')],
  alternativeOf: null,
  setup: UPDATE,
  faults: FAULTS,
}

const s352a: Flow = {
  ...s352,
  id: 's3-5.2-alt',
  clause: '5.2.6',
  title: 'Remote application update: the device asks for it (Alternative Flow)',
  steps: [asksItself('DeviceRequest', 'Update', 'application update'), ...s352.steps.slice(1)],
  alternativeOf: { id: 's3-5.2', step: '1' },
  setup: {
    ...UPDATE,
    mechanism: 'dlota1',
    trigger: {
      by: 'device',
      request: { type: 'scomo', by: 'device', operation: 'Update', component: COMPONENT, version: OLD.version, source: DEPLOYED },
    },
  },
  faults: [silentDevice('1'), ...FAULTS.filter(({ step: key }) => key !== '1')],
}

/** Every use case of S3, alternatives after their flow. */
export const S3: readonly Flow[] = [s351, s351a, s352, s352a]
