// Steps that both examples of S0 share: an image is laid down at the gateway, arrives there, and expires. Data only.
import { OUR_ROOTS } from '../gateway/orders.ts'
import { all, inOrder, row, step } from './gatewaysteps.ts'
import { GATEWAY_PLACES as AT } from './gatewaysetup.ts'
import type { Act } from './gatewaysetup.ts'
import type { SetupPackage } from './setup.ts'
import type { Condition, Contradiction, Predicate, Step } from './types.ts'

/** The package of the sheet's example: 150,000 bytes. */
export const PKG1: SetupPackage = {
  pkgId: 'PKG1',
  version: '1.0',
  name: 'Example',
  size: 150_000,
  components: [{ id: 'com.example.pkg1', version: '1.0' }],
}
export const URL1 = `${AT.images}PKG1`
const NODE = `${OUR_ROOTS.images}/Images/PKG1`

/** A leaf of the image that the DM Server adds or replaces. */
const writes = (kind: 'Add' | 'Replace', leaf: string, data?: string): string =>
  `any(cmd == ${kind} && uri == "${NODE}/${leaf}"${data === undefined ? '' : ` && data == "${data}"`})`
const down = (...parts: readonly string[]): Predicate => row(['hop == S-G && dir == down', ...parts].join(' && '))
const answered = (cmd: string, code: number): Predicate => row(`hop == S-G && dir == up && any(status.cmd == ${cmd} && status == ${String(code)})`)

const NOT_STORED: Contradiction = {
  when: { event: 'server.image', where: { state: 'failed' } },
  reason: 'the DM Gateway does not take the image',
}
const NOT_ARRIVED: Contradiction = { when: { event: 'gateway.image', where: { state: [40, 50] } }, reason: 'the image did not arrive' }

/** `expiry` null: none is set. */
export const configures = (expiry: number | null): Step =>
  step(
    '1',
    `The DM Server creates the nodes of the Image Inventory MO in the DM Gateway: ImageID is PKG1${expiry === null ? '' : `, Expiry ${String(expiry)} seconds`}.`,
    'DM Server',
    'DM Gateway',
    inOrder(down(writes('Add', 'ImageID', 'PKG1'), ...(expiry === null ? [] : [writes('Add', 'Expiry', String(expiry))])), answered('Add', 200)),
    {
      fails: [
        NOT_STORED,
        { when: row('hop == S-G && dir == up && any(status.cmd == Add && status >= 300)'), reason: 'the DM Gateway refuses the nodes' },
      ],
    },
  )

const ARRIVED: Predicate = { event: 'gateway.image', where: { image: 'PKG1', state: 30, size: PKG1.size, url: URL1 } }

export const direct: Step = step(
  '2',
  'The DM Server delivers PKG1 to the DM Gateway by DM Replace (direct delivery).',
  'DM Server',
  'DM Gateway',
  all(down(writes('Replace', 'ImageData')), ARRIVED),
  {
    fails: [NOT_STORED, NOT_ARRIVED],
  },
)
export const indirect: Step = step(
  '2',
  'The DM Server has the DM Gateway fetch PKG1 from the download server (indirect delivery).',
  'Download Server',
  'DM Gateway',
  all(row(`kind == http && dir == down && http.status == 200 && device == "${AT.id}" && size > 0`), ARRIVED),
  { fails: [NOT_STORED, NOT_ARRIVED] },
)

export const extended = (seconds: number): Predicate => inOrder(down(writes('Replace', 'Expiry', String(seconds))), answered('Replace', 200))

/** Not before it is due: `afterMs` since the step that set it. */
export const expires = (key: string, afterMs: number, since: string): Step =>
  step(
    key,
    'The Expiry of PKG1 reaches zero: PKG1 and its nodes are not valid any more.',
    'DM Gateway',
    'DM Gateway',
    all({ event: 'gateway.expired', where: { image: 'PKG1' } }, { time: { afterMs, since } }),
    {
      offWire: true,
    },
  )

/** Somebody asks for the image when it is void. */
export const LATE: Act = { key: 'late', deed: { do: 'fetch', image: 'PKG1' }, when: { event: 'gateway.expired' }, pause: 1000 }
export const GONE = (last: string): Condition => ({
  key: 'Q1',
  text: 'PKG1 is not served any more.',
  decide: row('kind == http && hop == G-D && dir == down && http.status == 410'),
  step: last,
})
/** A device fetches it from the gateway. */
export const fetched = (device: string): string =>
  `kind == http && hop == G-D && dir == down && device == "${device}" && http.status in (200, 206) && size > 0`
