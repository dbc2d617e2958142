// Document S4, 7.2.3 and 7.2.4: the synchronous flow Y.1 to Y.4 and the asynchronous flow Y'.1 to Y'.5, in proxy and adaptation mode. Data only.
import {
  ED1,
  ED2,
  ED4,
  SETUP,
  alerts,
  all,
  answersOf,
  failedFanout,
  fault,
  gatewayPush,
  pushTo,
  related,
  row,
  skip,
  step,
  storedOf,
  inOrder,
} from './gatewaysteps.ts'
import type { Flow, Planted } from './gatewaysteps.ts'
import type { Act, GatewayPlant, GatewaySetup, SetupEnd } from './gatewaysetup.ts'
import type { Condition, Contradiction, Predicate, Step } from './types.ts'

/** What the server has all of them do: both kinds of devices have these nodes. */
export const COMMANDS = [
  { kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'on' },
  { kind: 'Get', locUri: './DevInfo/Mod' },
] as const

/** It takes the job and starts it: the end comes later. */
const TAKES = 'hop == S-G && dir == up && any(status.cmd == Exec && status == 202)'
/** A further message of a session, not the first. */
const SAME = 'hop == S-G && dir == up && !(alert.code in (1200, 1201))'
export const READ_ONLY: GatewayPlant = { kind: 'acl', uri: './GwMO/Fanout/Fanout', acl: 'Get=*' }
export const SERVER_GONE: GatewayPlant = { kind: 'cut', what: 'server', when: { event: 'gateway.job' } }

/** What the gateway tells of a whole fan-out: the collected answers, then that it is over. */
export const RESULT = alerts('aggregation', 'data contains "final=\\"true\\""')
export const COMPLETE = alerts('completion', 'data == "200"')
/** The session that the server's notification asked for. */
export const CALLED = 'hop == S-G && dir == up && alert.code == 1200'
export const JOB_LAID = { event: 'server.fanout', where: { state: 'running' } } as const

const NOT_ALL: Contradiction = {
  when: { event: 'gateway.response', where: { state: [50, 60] } },
  reason: 'a device did not do what it was told',
}
const REFUSED: Contradiction = {
  when: row('hop == S-G && dir == up && any(status.cmd == Exec && status >= 300)'),
  reason: 'the DM Gateway refuses to start the fan-out',
}

/** How the devices of a flow are told and answer: by DM (proxy), or by their own protocol (adaptation). */
export interface Ends {
  readonly devices: readonly SetupEnd[]
  readonly told: Predicate
  readonly answered: Predicate
}

const adapter = (act: 'wake' | 'answer'): Predicate => ({ event: 'gateway.adapter', where: { act } })

export const PROXY: Ends = {
  devices: [ED1, ED2],
  told: all(row(pushTo('ed1')), row(pushTo('ed2'))),
  answered: all(row(answersOf('ed1')), row(answersOf('ed2')), ...storedOf('ed1', 'ed2')),
}
export const ADAPTATION: Ends = {
  devices: [ED4],
  told: adapter('wake'),
  answered: all(adapter('answer'), ...storedOf('ed4')),
}
/** One of each. */
export const BOTH: Ends = {
  devices: [ED1, ED4],
  told: all(row(pushTo('ed1')), adapter('wake')),
  answered: all(row(answersOf('ed1')), adapter('answer'), ...storedOf('ed1', 'ed4')),
}

export const y1 = (key: string, before: readonly Predicate[], fails: readonly Contradiction[] = []): Step =>
  step(
    key,
    'The DM Server takes the address of the DM Gateway from the stored relation and sends it a DM Notification.',
    'DM Server',
    'DM Gateway',
    inOrder(...before, row(gatewayPush)),
    { fails },
  )
export const y2 = (key: string, { told }: Ends, fails: readonly Contradiction[] = []): Step =>
  step(
    key,
    'The DM Gateway makes its own DM Notification to the devices (proxy mode), or notifies them by another protocol (adaptation mode).',
    'DM Gateway',
    'Device',
    told,
    { fails },
  )
export const y3 = (key: string, { answered }: Ends): Step =>
  step(key, 'The devices establish sessions with the DM Gateway, which keeps their responses in the Fanout MO.', 'Device', 'DM Gateway', answered, {
    fails: [NOT_ALL],
  })
export const y4 = (key: string, text: string, decide: Predicate): Step =>
  step(key, text, 'DM Gateway', 'DM Server', decide, { fails: [failedFanout] })

const relations = (devices: readonly SetupEnd[]): Condition => ({
  key: 'P1',
  text: 'The DM Server stored where the devices are (X.3).',
  decide: all(
    ...devices.map(({ name, mode }): Predicate => {
      const known = related(mode === 'adaptation' ? 2 : 1)
      return 'event' in known ? { ...known, where: { ...known.where, address: addressOf(name) } } : known
    }),
  ),
})
const addressOf = (name: string): string => `192.0.2.${String(20 + Number(name.slice(2)))}`

export const knows = (last: string): Condition => ({
  key: 'Q1',
  text: 'The DM Server knows that every device did it.',
  decide: { event: 'server.fanout', where: { state: 'done', result: 200 } },
  fails: [failedFanout],
  step: last,
})

export const fanout = (ends: Ends, more: object = {}): Act => ({
  key: 'fanout',
  deed: { do: 'fanout', devices: ends.devices.map(({ name }) => name), commands: COMMANDS, ...more },
})

const asleep = (key: string, { devices }: Ends): Planted =>
  devices.some(({ mode }) => mode === 'adaptation')
    ? fault(key, 'the device does not wake', { kind: 'adapter', device: 'ed4', flaw: 'asleep' })
    : fault(key, 'the job names no device that is registered', {
        kind: 'setup',
        change: (setup: GatewaySetup) => ({
          ...setup,
          acts: setup.acts.map((act) => ({ ...act, deed: { ...act.deed, devices: ['ed9'] } as Act['deed'] })),
        }),
      })
const silent = (key: string, { devices }: Ends): Planted =>
  devices.some(({ mode }) => mode === 'adaptation')
    ? fault(key, 'the device does not answer its commands', { kind: 'adapter', device: 'ed4', flaw: 'deaf' })
    : fault(key, 'the notification of one device is lost', { kind: 'cut', what: 'device', device: 'ed2' })

interface Wanted {
  readonly id: string
  readonly title: string
  readonly ends: Ends
}

function synchronous({ id, title, ends }: Wanted): Flow {
  return {
    id,
    document: 'S4',
    clause: '7.2.3',
    title,
    actors: ['DM Server', 'DM Gateway', 'Device'],
    steps: [
      y1('Y.1', [JOB_LAID], [failedFanout]),
      y2('Y.2', ends),
      y3('Y.3', ends),
      y4(
        'Y.4',
        'The DM Gateway establishes the session with the DM Server, which reflects the responses.',
        row(`${CALLED} && ${inside(RESULT, COMPLETE)}`),
      ),
    ],
    pre: [relations(ends.devices)],
    post: [knows('Y.4')],
    alternativeOf: null,
    setup: { ...SETUP, devices: ends.devices, acts: [fanout(ends, { style: 'Y', timeout: 60 })] },
    faults: [
      fault('Y.1', 'the DM Gateway may not be managed: its Fanout MO can only be read', READ_ONLY),
      asleep('Y.2', ends),
      silent('Y.3', ends),
      fault('Y.4', 'the DM Server cannot be reached when the devices are done', SERVER_GONE),
    ],
  }
}

function asynchronous({ id, title, ends, again }: Wanted & { readonly again: 'new' | 'reuse' }): Flow {
  const reflected = inside(RESULT, COMPLETE)
  const { first, last } =
    again === 'new'
      ? {
          first: 'The DM Gateway establishes the management session with the DM Server, takes the work, and terminates it.',
          last: 'The DM Gateway establishes a new session with the DM Server, which reflects the responses.',
        }
      : {
          first: 'The DM Gateway establishes the management session with the DM Server, takes the work, and keeps it.',
          last: 'The DM Gateway re-uses the session with the DM Server, which reflects the responses.',
        }
  return {
    id,
    document: 'S4',
    clause: '7.2.4',
    title,
    actors: ['DM Server', 'DM Gateway', 'Device'],
    steps: [
      y1("Y'.1", []),
      step("Y'.2", first, 'DM Gateway', 'DM Server', inOrder(row(CALLED), row(TAKES)), { fails: [REFUSED, failedFanout] }),
      y2("Y'.3", ends),
      y3("Y'.4", ends),
      y4("Y'.5", last, row(again === 'new' ? `hop == S-G && dir == up && alert.code == 1201 && ${reflected}` : `${SAME} && ${reflected}`)),
    ],
    pre: [relations(ends.devices)],
    post: [knows("Y'.5")],
    alternativeOf: again === 'new' ? null : { id: 's4-ya-new', step: "Y'.5" },
    setup: {
      ...SETUP,
      ...(again === 'reuse' ? { dialect: { asynchronous: 'reuse' } } : {}),
      devices: ends.devices,
      acts: [fanout(ends, { style: "Y'", timeout: 60 })],
    },
    faults: [
      fault("Y'.1", 'nobody asks for a fan-out', skip('fanout')),
      fault("Y'.2", 'the DM Gateway may not be managed: its Fanout MO can only be read', READ_ONLY),
      asleep("Y'.3", ends),
      silent("Y'.4", ends),
      fault("Y'.5", 'the DM Server cannot be reached when the devices are done', SERVER_GONE),
    ],
  }
}

/** Conditions of two alert rows in one. */
export function inside(...rows: readonly string[]): string {
  return rows.map((each) => each.slice(each.indexOf('any('))).join(' && ')
}

/** The other reading of the synchronous flow: the session that the notification asked for brings the commands, and is held until it takes the answers. */
function held(ends: Ends): Flow {
  const flow = synchronous({ id: 's4-y-held', title: 'Synchronous management flow, the session held for the devices', ends })
  const decide = row(`${SAME} && any(status.cmd == Exec && status == 202) && ${inside(RESULT, COMPLETE)}`)
  return {
    ...flow,
    steps: flow.steps.map((each) => {
      if (each.key === 'Y.1') return y1('Y.1', [])
      return each.key === 'Y.4' ? { ...each, decide } : each
    }),
    alternativeOf: { id: 's4-y-proxy', step: 'Y.1' },
    setup: { ...flow.setup, dialect: { flowY: 'held' }, acts: [fanout(ends, { style: "Y'", timeout: 60 })] },
    faults: [fault('Y.1', 'nobody asks for a fan-out', skip('fanout')), ...flow.faults.filter(({ step: key }) => key !== 'Y.1')],
  }
}

export const S4_Y: readonly Flow[] = [
  synchronous({ id: 's4-y-proxy', title: 'Synchronous management flow in proxy mode', ends: PROXY }),
  held(BOTH),
  synchronous({ id: 's4-y-adaptation', title: 'Synchronous management flow in adaptation mode', ends: ADAPTATION }),
  asynchronous({ id: 's4-ya-new', title: 'Asynchronous management flow, reflected in a new session', ends: BOTH, again: 'new' }),
  asynchronous({ id: 's4-ya-reuse', title: 'Asynchronous management flow, reflected in the re-used session', ends: BOTH, again: 'reuse' }),
]
