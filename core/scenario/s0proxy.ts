// Document S0, 8.x.7 image distribution in proxy mode: ten steps, the image and its way to the devices direct (by Replace) or indirect (by download). Data only.
import { TOKENS } from '../mo/gwmo.ts'
import type { FanoutCommandWish } from '../api.ts'
import { ED1, ED2, SETUP, alerts, all, failedFanout, fault, inOrder, row, skip, step, storedOf } from './gatewaysteps.ts'
import type { Flow, Planted } from './gatewaysteps.ts'
import { deviceIdOf } from './gatewaysetup.ts'
import type { Act } from './gatewaysetup.ts'
import { configures, direct, expires, extended, fetched, GONE, indirect, LATE, PKG1 } from './s0steps.ts'
import type { Actor, Contradiction, Predicate, Step } from './types.ts'

const DELIVERED = './SCOMO/Inventory/Delivered/PKG1'
const DOWNLOAD = './SCOMO/Download/PKG1'
const TYPE = 'application/octet-stream'

/** One way the image takes to the devices. */
interface Way {
  readonly commands: readonly FanoutCommandWish[]
  readonly delivery?: 'push'
  /** What shows that the gateway gave it to that device, and the device took it. */
  readonly given: (device: string) => readonly Predicate[]
}

const DIRECT: Way = {
  commands: [
    { kind: 'Add', locUri: DELIVERED, format: 'node' },
    { kind: 'Add', locUri: `${DELIVERED}/PkgID`, data: 'PKG1' },
    { kind: 'Add', locUri: `${DELIVERED}/Data`, format: 'bin', type: TYPE, data: '' },
    { kind: 'Replace', locUri: `${DELIVERED}/Data`, format: 'bin', type: TYPE, data: TOKENS.data },
  ],
  given: (name) => [
    row(`hop == G-D && dir == down && device == "${deviceIdOf(name)}" && any(cmd == Replace && uri == "${DELIVERED}/Data")`),
    ...storedOf(name),
  ],
}
const INDIRECT: Way = {
  commands: [
    { kind: 'Add', locUri: DOWNLOAD, format: 'node' },
    { kind: 'Add', locUri: `${DOWNLOAD}/PkgID`, data: 'PKG1' },
    { kind: 'Add', locUri: `${DOWNLOAD}/PkgURL`, data: TOKENS.url },
    { kind: 'Exec', locUri: `${DOWNLOAD}/Operations/Download` },
  ],
  given: (name) => [
    row(`hop == G-D && dir == down && device == "${deviceIdOf(name)}" && any(cmd == Exec && uri ~ "^[.]/SCOMO/Download/")`),
    row(fetched(deviceIdOf(name))),
    ...storedOf(name),
  ],
}

/** Nothing is said in a session: the device fetches what a push names, and the gateway sees it do so. */
const PUSHED: Way = {
  commands: [],
  delivery: 'push',
  given: (name) => [
    row(`kind == push && hop == G-D && dir == down && device == "${deviceIdOf(name)}" && !(pkg == "#0")`),
    row(`kind == http && hop == G-D && dir == up && device == "${deviceIdOf(name)}" && http.method == GET && http.uri ~ "^/gw/image/PKG1[?]"`),
    row(fetched(deviceIdOf(name))),
    ...storedOf(name),
  ],
}

const START = 'any(cmd == Exec && uri ~ "^[.]/GwMO/Fanout/Fanout/[^/]+/Operations/Start$")'
const NOT_ALL: Contradiction = { when: { event: 'gateway.response', where: { state: [50, 60] } }, reason: 'a device did not take the image' }

const fansOut = (key: string, text: string, targets: string): Step =>
  step(
    key,
    text,
    'DM Server',
    'DM Gateway',
    inOrder(row(`hop == S-G && dir == down && ${START} && ${targets}`), row('hop == S-G && dir == up && any(status.cmd == Exec && status == 202)')),
    { fails: [failedFanout] },
  )
const target = (name: string): string => `any(cmd == Add && uri ~ "/TargetDevices/[0-9]+$" && data == "${deviceIdOf(name)}")`

function steps({ given }: Way, second: Step): readonly Step[] {
  return [
    configures(600),
    second,
    fansOut('3', 'The DM Server starts the fanout for distributing PKG1.', `${target('ed1')} && ${target('ed2')}`),
    step('4', 'The DM Gateway distributes PKG1 to each device of the fanout.', 'DM Gateway', 'Device', all(...given('ed1'), ...given('ed2')), {
      fails: [NOT_ALL],
    }),
    step('5', 'A new device is discovered.', 'Device', 'DM Gateway', { event: 'gateway.discovered', where: { localId: 'ed5' } }, { offWire: true }),
    step(
      '6',
      'The DM Gateway sends the Device Attach Alert to the DM Server.',
      'DM Gateway',
      'DM Server',
      row(alerts('attached', `data contains "${deviceIdOf('ed5')}"`)),
    ),
    step('7', 'The DM Server extends the expiry of PKG1, which will be expired soon.', 'DM Server', 'DM Gateway', extended(600)),
    fansOut('8', 'The DM Server starts the fanout to the single new device.', `${target('ed5')} && !(${target('ed1')})`),
    step('9', 'The DM Gateway distributes PKG1 to the single device.', 'DM Gateway', 'Device', all(...given('ed5')), {
      fails: [
        NOT_ALL,
        { when: { event: 'gateway.response', where: { localId: ['ed1', 'ed2'] } }, reason: 'another device than the one that was meant is served' },
      ],
    }),
    expires('10', 590_000, '7'),
  ]
}

const wishOf = ({ commands, delivery }: Way) => ({ commands, ...(delivery === undefined ? {} : { delivery }) })

const acts = (image: Act, way: Way): readonly Act[] => [
  image,
  {
    key: 'fanout',
    deed: { do: 'fanout', devices: ['ed1', 'ed2'], ...wishOf(way), image: 'PKG1', timeout: 120 },
    when: { event: 'server.image', where: { state: 'ready' } },
    pause: 1000,
  },
  { key: 'appears', deed: { do: 'ask', device: 'ed5' }, when: { event: 'server.fanout', where: { state: 'done' } }, pause: 400_000 },
  { key: 'joins', deed: { do: 'bootstrap', device: 'ed5', by: 'gateway' }, when: { event: 'gateway.discovered' }, pause: 1000 },
  {
    key: 'extends',
    deed: { do: 'expire', imageId: 'PKG1', seconds: 600 },
    when: { event: 'server.relation', where: { attached: true } },
    pause: 10_000,
  },
  { key: 'single', deed: { do: 'fanout', devices: ['ed5'], ...wishOf(way), image: 'PKG1', timeout: 120 }, pause: 20_000 },
  LATE,
]

const faults: readonly Planted[] = [
  fault('1', 'the DM Gateway may not be managed: its images can only be read', { kind: 'acl', uri: './GwMO/Images/Images', acl: 'Get=*' }),
  fault('3', 'the DM Server starts no fanout', skip('fanout')),
  fault('4', 'the notification of one device is lost', { kind: 'cut', what: 'device', device: 'ed2' }),
  fault('5', 'no new device comes', skip('appears')),
  fault('6', "the gateway's configuration says that devices are not told", { kind: 'config', leaf: 'Alerts/Attach', value: 'false' }),
  fault('7', 'the DM Server does not extend the expiry', skip('extends')),
  fault('8', 'the DM Server starts no fanout to the new device', skip('single')),
  fault('9', 'the new device cannot be notified once it is registered', {
    kind: 'cut',
    what: 'device',
    device: 'ed5',
    when: { event: 'server.relation' },
  }),
  fault('10', 'the DM Server extends the expiry once more', {
    kind: 'setup',
    change: (setup) => ({
      ...setup,
      acts: [...setup.acts.slice(0, -1), { key: 'again', deed: { do: 'expire', imageId: 'PKG1', seconds: 86_400 }, pause: 60_000 }],
    }),
  }),
]

/** Where nothing is sent in a session, what is lost is the push itself. */
const pushedFaults = faults.map((each): Planted => {
  if (each.step === '4') return { ...each, text: 'the push to one device is lost' }
  return each.step === '9' ? { ...each, text: 'the new device hears no push once it is registered' } : each
})

const ACTORS: readonly Actor[] = ['DM Server', 'DM Gateway', 'Device']
const BASE = { document: 'S0', clause: '8.x.7', pre: [], post: [GONE('10')] } as const
const setup = (first: Act, way: Way): Flow['setup'] => ({
  ...SETUP,
  catalogue: [PKG1],
  devices: [ED1, ED2, { name: 'ed5', mode: 'proxy', begins: 'unknown' }],
  acts: acts(first, way),
})

export const S0_PROXY: readonly Flow[] = [
  {
    ...BASE,
    id: 's0-proxy-direct',
    title: 'Image distribution in proxy mode, direct delivery',
    actors: ACTORS,
    steps: steps(DIRECT, direct),
    alternativeOf: null,
    setup: setup({ key: 'image', deed: { do: 'image', imageId: 'PKG1', by: 'replace', expiry: 600 } }, DIRECT),
    faults: [
      ...faults,
      fault('2', 'the image store of the DM Gateway is too small', { kind: 'setup', change: (given) => ({ ...given, capacity: 100_000 }) }),
    ],
  },
  {
    ...BASE,
    id: 's0-proxy-indirect',
    title: 'Image distribution in proxy mode, indirect delivery',
    actors: ['DM Server', 'Download Server', 'DM Gateway', 'Device'],
    steps: steps(INDIRECT, indirect),
    alternativeOf: { id: 's0-proxy-direct', step: '2' },
    setup: setup({ key: 'image', deed: { do: 'image', imageId: 'PKG1', by: 'download', expiry: 600 } }, INDIRECT),
    faults: [...faults, fault('2', 'the download server cannot be reached', { kind: 'cut', what: 'shop' })],
  },
  {
    ...BASE,
    id: 's0-proxy-push',
    title: 'Image distribution in proxy mode, HTTP with Push',
    actors: ACTORS,
    steps: steps(PUSHED, direct),
    alternativeOf: { id: 's0-proxy-direct', step: '4' },
    setup: setup({ key: 'image', deed: { do: 'image', imageId: 'PKG1', by: 'replace', expiry: 600 } }, PUSHED),
    faults: [
      ...pushedFaults,
      fault('2', 'the image store of the DM Gateway is too small', { kind: 'setup', change: (given) => ({ ...given, capacity: 100_000 }) }),
    ],
  },
]
