// What happens off the wire, by fixed names: the table that recorders write by and the referee decides by. A name's meaning never changes.
import type { Note } from '../machine.ts'

/** One kind of happening: who does it to whom, what it means, and which facts its row carries beside `event`. */
export interface HappeningRow {
  readonly from: string
  readonly to: string
  readonly meaning: string
  /** Names of facts; those with `?` may be missing. */
  readonly facts: readonly string[]
}

/**
 * Each is a trace row of kind `event` whose text begins with the name and a colon, and whose first note carries `detail.event` (the name) and the facts.
 * Lanes are named as the documents name them.
 */
export const HAPPENINGS = {
  'emi.request': {
    from: 'External Management Infrastructure',
    to: 'DM Server',
    meaning: 'a job was asked for from outside (API, command line, window) and is kept',
    facts: ['job', 'op', 'origin', 'type', 'pkg?', 'component?', 'target?', 'reason?'],
  },
  'provider.command': {
    from: 'Service Provider',
    to: 'DM Server',
    meaning: "a provider's default set or subscription made a job",
    facts: ['job', 'op', 'origin', 'type', 'pkg?', 'component?', 'reason?'],
  },
  'device.request': {
    from: 'Device',
    to: 'DM Server',
    meaning: "the server understood a device's own request (generic alert) and made a job of it",
    facts: ['job', 'op', 'origin', 'type', 'pkg?', 'component?'],
  },
  'server.chooses': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the server decided for a package or component, or that none fits (`pkg` empty)',
    facts: ['job', 'pkg', 'component?', 'version?'],
  },
  'server.mechanism': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the server decided how the package travels',
    facts: ['job', 'pkg', 'mechanism'],
  },
  'job.condition': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'a pre- or post-condition of the job was judged (P1, P2, P2u, P3, Q1, Q2 of the scomo sheet 16.6)',
    facts: ['job', 'id', 'met'],
  },
  'job.moved': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'a job moved to another state',
    facts: ['job', 'state', 'resultCode'],
  },
  'emi.notified': {
    from: 'DM Server',
    to: 'External Management Infrastructure',
    meaning: 'the outcome of a job was told and taken (an answer 2xx, or a listener on the event channel)',
    facts: ['job', 'state', 'resultCode', 'httpStatus', 'url?'],
  },
  'emi.unreachable': {
    from: 'DM Server',
    to: 'External Management Infrastructure',
    meaning: 'telling the outcome of a job failed; it is tried again',
    facts: ['job', 'httpStatus', 'url', 'tries'],
  },
  'user.asked': {
    from: 'Device',
    to: 'User',
    meaning: "the person in front of a simulated device sees a question (a server's alert, or the device's own before it downloads or installs)",
    facts: ['asker', 'kind'],
  },
  'user.answers': {
    from: 'User',
    to: 'Device',
    meaning: 'that person, or the rule that stands for them, answered; `act` timeout: nobody did',
    facts: ['asker', 'act'],
  },
  'device.performs': {
    from: 'Device',
    to: 'Device',
    meaning: "a line of a simulated device's own log: what truly happened there (download, deliver, install, activate, start, …)",
    facts: ['what'],
  },
  'adb.server': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the adb server of this computer is followed, went away, hangs or is there again',
    facts: ['state', 'was'],
  },
  'adb.device': {
    from: 'Device',
    to: 'Device',
    meaning: 'the adb server lists an Android device in another state than before, or not any more; being listed is no proof of life',
    facts: ['serial', 'state', 'was', 'way'],
  },
  'adb.tunnel': {
    from: 'DM Server',
    to: 'Device',
    meaning: 'a port of this lab can be reached on an Android device under 127.0.0.1 (adb reverse), or could not be made so',
    facts: ['serial', 'port', 'state'],
  },
  'gateway.discovered': {
    from: 'Device',
    to: 'DM Gateway',
    meaning: 'a device appeared, was authenticated and has an address or identifier of the gateway (M.1)',
    facts: ['localId', 'mode', 'state'],
  },
  'gateway.attached': {
    from: 'DM Gateway',
    to: 'DM Gateway',
    meaning: 'a device is registered: its record stands in the Inventory MO (X.1, X.2)',
    facts: ['localId', 'mode'],
  },
  'gateway.detached': { from: 'DM Gateway', to: 'DM Gateway', meaning: 'a registered device is gone', facts: ['localId', 'reason'] },
  'gateway.response': {
    from: 'DM Gateway',
    to: 'DM Gateway',
    meaning: "what a device answered stands in the Fanout MO; `state` as in gwmo's table of responses",
    facts: ['job', 'localId', 'state', 'code'],
  },
  'gateway.job': { from: 'DM Gateway', to: 'DM Gateway', meaning: 'a fan-out ended, with its job code', facts: ['job', 'result'] },
  'gateway.image': {
    from: 'DM Gateway',
    to: 'DM Gateway',
    meaning: 'an image is ready at the gateway, or did not arrive',
    facts: ['image', 'state', 'size', 'url'],
  },
  'gateway.expired': { from: 'DM Gateway', to: 'DM Gateway', meaning: "an image's Expiry is zero: it is void", facts: ['image'] },
  'gateway.adapter': {
    from: 'DM Gateway',
    to: 'Device',
    meaning: "the gateway's adapter and a device that speaks another protocol: `act` wake, command or answer",
    facts: ['protocol', 'act', 'path?', 'code?'],
  },
  'gateway.carries': {
    from: 'DM Gateway',
    to: 'DM Gateway',
    meaning: 'the gateway carries a message between a device and its DM Server without being a party to it',
    facts: ['to', 'octets'],
  },
  'gateway.held': {
    from: 'DM Gateway',
    to: 'DM Server',
    meaning: 'the gateway keeps its session with the DM Server while it waits for devices, or gives that up',
    facts: ['held'],
  },
  'server.relation': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the server stored where a device is: gateway address, device id and address, mode (X.3)',
    facts: ['gateway', 'gatewayAddress', 'address', 'mode', 'attached'],
  },
  'server.fanout': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the server knows more of a fan-out: it is laid down at the gateway, or over',
    facts: ['fanout', 'gateway', 'state', 'result'],
  },
  'server.image': {
    from: 'DM Server',
    to: 'DM Server',
    meaning: 'the server knows more of an image at a gateway',
    facts: ['gateway', 'image', 'state', 'url'],
  },
} as const satisfies Readonly<Record<string, HappeningRow>>

export type HappeningName = keyof typeof HAPPENINGS

export const isHappening = (name: string): name is HappeningName => Object.hasOwn(HAPPENINGS, name)

export type HappeningFacts = Readonly<Record<string, string | number | boolean | null>>

/** The note of a happening; `text` is one sentence without the name. Whoever records it makes an event row of note and `note.text`. */
export function happening(name: HappeningName, device: string, text: string, facts: HappeningFacts): Note {
  return { topic: 'state', text: `${name}: ${text}`, device, sessionId: '', detail: { ...facts, event: name } }
}

/** The happening an event row's notes tell of; undefined where they tell of none. */
export function happeningOf(
  notes: readonly Note[],
): { readonly name: HappeningName; readonly device: string; readonly facts: HappeningFacts } | undefined {
  for (const { device, detail } of notes) {
    const name = detail?.['event']
    if (detail !== undefined && typeof name === 'string' && Object.hasOwn(HAPPENINGS, name))
      return { name: name as HappeningName, device, facts: detail }
  }
  return undefined
}
