// Steps and set-ups that several flows of S1 and S3 share: the same words in the documents, the same evidence here.
import type { Actor, Contradiction, Predicate, Step } from './types.ts'
import type { Setup, SetupComponent, SetupPackage } from './setup.ts'

/** The package that the sheets use throughout (scomo sheet 16.0): 150,000 bytes, one component. */
export const ANTIVIR: SetupPackage = {
  pkgId: 'antivir-2.1',
  version: '2.1',
  name: 'AntiVir',
  size: 150_000,
  components: [{ id: 'com.msf.antivir', version: '2.1' }],
  manufacturers: ['Example Mobile'],
  models: ['EM-1'],
}
export const COMPONENT = 'com.msf.antivir'
export const DEPLOYED = `./SCOMO/Inventory/Deployed/${COMPONENT}`

/** The same component as it was installed before. */
export const OLD: SetupComponent = { id: COMPONENT, version: '2.0', name: 'AntiVir', pkgId: 'antivir-2.0', active: true }
export const IDLE: SetupComponent = { id: COMPONENT, version: '2.1', name: 'AntiVir', pkgId: 'antivir-2.1', active: false }

/** The job ended otherwise: nothing of the flow comes any more. */
const ENDED: Contradiction = {
  when: {
    job: ['failed', 'partial', 'refused', 'cancelled', 'not_needed', 'not_found', 'not_applicable', 'unknown'],
  },
  reason: 'the job ended before this step',
}
const LOST: Contradiction = { when: { event: 'emi.unreachable' }, reason: 'the External Management Infrastructure could not be reached' }

/** A step; ENDED turns each of them red. */
export function step(key: string, text: string, from: Actor, to: Actor, decide: Predicate, more: Partial<Step> = {}): Step {
  return { key, label: key, text, from, to, decide, ...more, fails: [...(more.fails ?? []), ENDED] }
}

/** Package #0, or Alert 1200 of a device that was called otherwise. */
export const BEGINS: Predicate = { any: [{ row: 'kind == push && pkg == "#0" && dir == down' }, { row: 'alert.code == 1200 && dir == up' }] }

export const asks = (key: string, text: string, op: readonly string[]): Step =>
  step(key, text, 'External Management Infrastructure', 'DM Server', { event: 'emi.request', where: { op } }, { offWire: true, fails: [] })

export const begins = (key: string): Step => step(key, 'The DM Server initiates a session with the device.', 'DM Server', 'Device', BEGINS)

/** Step 2 where the device has opened the session itself: it may not happen at all. */
export const begun = (key: string): Step => ({
  ...step(key, 'The DM Server initiates a session with the device (the device has opened it already).', 'DM Server', 'Device', BEGINS),
  missing: 'not applicable',
  fails: [],
})

export const devInfo = (key: string): Step =>
  step(
    key,
    'The device provides DevInfo to the DM Server.',
    'Device',
    'DM Server',
    { row: 'dir == up && any(cmd == Replace && uri startswith "./DevInfo/")' },
    { sameRow: true },
  )

export const chooses = (key: string): Step =>
  step(
    key,
    'The DM Server determines an appropriate Software Component.',
    'DM Server',
    'DM Server',
    { event: 'server.chooses', where: { pkg: [ANTIVIR.pkgId] } },
    { offWire: true, fails: [{ when: { event: 'server.chooses', where: { pkg: '' } }, reason: 'no package of the catalogue fits the device' }] },
  )

export const notifies = (key: string, what: string): Step =>
  step(
    key,
    `The DM Server notifies the External Management Infrastructure about the results of the ${what}.`,
    'DM Server',
    'External Management Infrastructure',
    { event: 'emi.notified', where: { state: 'done' } },
    { offWire: true, fails: [LOST] },
  )

/** Alternative Flow 2: DevDetail and/or inventory; all that was asked is answered. */
export const reads = (key: string, label: string, what: string): Step => ({
  ...step(key, what, 'DM Server', 'Device', {
    all: [
      { row: 'dir == down && any(cmd == Get && uri ~ "^[.]/DevDetail/|/Inventory")' },
      { row: 'dir == up && any(cmd == Results && uri ~ "^[.]/DevDetail/|/Inventory")' },
    ],
  }),
  label,
})

/** The final alert of the component object with a good result, or a failure that contradicts it. */
const complete = (data: string): string =>
  `dir == up && any(alert.code == 1226 && alert.type ~ "scomo.*OperationComplete|softwarecomponent.OperationComplete" && data ~ "${data}")`
export const DONE: Predicate = { row: complete('ResultCode>12[0-9][0-9]<') }
export const FAILED: Contradiction = {
  when: { row: complete('ResultCode>1[45][0-9][0-9]<') },
  reason: 'the device reports that the operation failed',
}
/** The device's own request, with which it opens a session. */
export const requests = (by: 'UserRequest' | 'DeviceRequest', operation: string): Predicate => ({
  row: `dir == up && alert.code == 1201 && any(alert.code == 1226 && alert.type contains "${by}" && data contains "<Operation>${operation}<")`,
})

export const catalogued = (setup: Omit<Setup, 'catalogue'> & Partial<Pick<Setup, 'catalogue'>>): Setup => ({ catalogue: [ANTIVIR], ...setup })

/** The bytes of a package, not only its descriptor. */
export const OBJECT: Predicate = {
  row: 'kind == http && dir == down && http.status in (200, 206) && http.type != "" && !(http.type contains "vnd.oma.dd") && size > 0',
}
