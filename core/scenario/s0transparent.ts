// Document S0, 8.x.8 image distribution in transparent mode: six steps, the device fetches URL1 by plain HTTP or by its download descriptor. Data only.
import { ED3, SETUP, alerts, all, fault, inOrder, row, skip, step } from './gatewaysteps.ts'
import type { Flow } from './gatewaysteps.ts'
import { deviceIdOf } from './gatewaysetup.ts'
import { configures, direct, expires, fetched, GONE, LATE, PKG1, URL1 } from './s0steps.ts'
import type { Contradiction, Predicate } from './types.ts'

const ID = deviceIdOf('ed3')
/** Life of an image for which no Expiry was set: the gateway's default. */
const DEFAULT_MS = 3_600_000

const orders = (url: string): Predicate =>
  row(
    `hop == S-D && dir == down && device == "${ID}" && any(cmd == Add && uri ~ "/PkgURL$" && data == "${url}") && any(cmd == Exec && uri ~ "/SCOMO/Download/[^/]+/Operations/Download$")`,
  )
const asks = (url: string): string =>
  `kind == http && hop == G-D && dir == up && device == "${ID}" && http.uri == "${url.replace(/^https?:\/\/[^/]+/, '')}"`
/** Only indirect delivery reaches a device that the gateway is transparent for. */
const DATA: Contradiction = {
  when: row(`kind == message && device == "${ID}" && dir == down && any(uri ~ "/Inventory/Delivered/[^/]+/Data$")`),
  reason: 'the image is delivered directly, which cannot be in transparent mode',
}
const FAILED: Contradiction = {
  when: row('kind == http && hop == G-D && dir == down && http.status >= 400'),
  reason: 'the DM Gateway does not serve the image',
}
const BROKEN: Contradiction = {
  when: row('hop == S-D && dir == up && any(alert.code == 1226 && data ~ "ResultCode>1[45][0-9][0-9]<")'),
  reason: 'the device reports that the download failed',
}

interface Way {
  readonly id: string
  readonly title: string
  readonly how: 'plain' | 'descriptor'
  readonly url: string
}

const flow = ({ id, title, how, url }: Way): Flow => ({
  id,
  document: 'S0',
  clause: '8.x.8',
  title,
  actors: ['DM Server', 'DM Gateway', 'Device'],
  steps: [
    configures(null),
    {
      ...direct,
      text: 'The DM Server delivers PKG1 to the DM Gateway, which sets ImageURL to URL1.',
      decide: inOrder(direct.decide, row(alerts('imageReady', `data contains "${URL1}"`))),
    },
    step('3', 'The DM Server initiates the device to retrieve URL1 (indirect delivery).', 'DM Server', 'Device', orders(url), { fails: [DATA] }),
    step('4', 'The device requests URL1, which goes to the DM Gateway.', 'Device', 'DM Gateway', row(asks(url)), { fails: [DATA] }),
    step(
      '5',
      'The DM Gateway sends PKG1, the content of URL1, to the device.',
      'DM Gateway',
      'Device',
      all(row(`${fetched(ID)} && http.type == "application/octet-stream"`), { event: 'device.performs', where: { what: 'download' } }),
      { fails: [FAILED, BROKEN] },
    ),
    expires('6', DEFAULT_MS - 60_000, '2'),
  ],
  pre: [],
  post: [GONE('6')],
  alternativeOf: how === 'plain' ? null : { id: 's0-transparent', step: '3' },
  setup: {
    ...SETUP,
    catalogue: [PKG1],
    devices: [ED3],
    acts: [
      { key: 'image', deed: { do: 'image', imageId: 'PKG1', by: 'replace' } },
      {
        key: 'order',
        deed: { do: 'order', device: 'ed3', what: 'download', image: 'PKG1', url: how },
        when: { event: 'server.image', where: { state: 'ready' } },
        pause: 1000,
      },
      { key: 'notify', deed: { do: 'notify', device: 'ed3' }, pause: 100 },
      LATE,
    ],
  },
  faults: [
    fault('1', 'the DM Gateway may not be managed: its images can only be read', { kind: 'acl', uri: './GwMO/Images/Images', acl: 'Get=*' }),
    fault('2', 'the image store of the DM Gateway is too small', { kind: 'setup', change: (given) => ({ ...given, capacity: 100_000 }) }),
    fault('3', 'the DM Server does not notify the device', skip('notify')),
    fault('4', 'the DM Gateway cannot be reached when the device is to fetch the image', {
      kind: 'cut',
      what: 'gateway',
      when: { event: 'gateway.carries' },
    }),
    how === 'plain'
      ? fault('5', 'the DM Gateway has lost the image', { kind: 'images', flaw: 'missing' })
      : fault('5', 'the DM Gateway sends other bytes than its descriptor says', { kind: 'images', flaw: 'corrupt' }),
    fault('6', 'the DM Server sets an expiry of a day', {
      kind: 'setup',
      change: (given) => ({
        ...given,
        acts: [...given.acts.slice(0, -1), { key: 'longer', deed: { do: 'expire', imageId: 'PKG1', seconds: 86_400 }, pause: 60_000 }],
      }),
    }),
  ],
})

export const S0_TRANSPARENT: readonly Flow[] = [
  flow({ id: 's0-transparent', title: 'Image distribution in transparent mode, by plain HTTP', how: 'plain', url: URL1 }),
  flow({ id: 's0-transparent-dd', title: 'Image distribution in transparent mode, by a download descriptor', how: 'descriptor', url: `${URL1}.dd` }),
]
