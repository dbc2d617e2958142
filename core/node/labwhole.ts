// A whole lab, not open yet: its parts made one after the other, and LabApi over all of them.
import { basename } from 'node:path'
import { readCapture } from '../evidence/import.ts'
import { besides } from '../lab/holders.ts'
import { Lab, watcherOf } from '../lab/lab.ts'
import { Recorder } from '../lab/recorder.ts'
import { makeWitness } from '../lab/witness.ts'
import { RULES } from '../session/rules.ts'
import type { SimulatedDevices } from './devices.ts'
import type { House } from './house.ts'
import { labDevices } from './labdevices.ts'
import { later } from './labparts.ts'
import { labPushes } from './labpushes.ts'
import type { LabPushes } from './labpushes.ts'
import { labWays } from './labways.ts'
import type { LabWays } from './labways.ts'
import { labWork } from './labwork.ts'
import type { LabWork } from './labwork.ts'
import { redactorOf } from './redactor.ts'
import { labScenarios } from './scenarios.ts'
import { folderShelf } from './shelf.ts'

export interface LabWhole extends LabWork, LabPushes {
  readonly devices: SimulatedDevices
  readonly ways: LabWays
  readonly scenarios: ReturnType<typeof labScenarios>
}

export function wholeLab(house: House): LabWhole {
  const { clock, workspace, recording, origin } = house
  const { trace, ledger } = workspace
  const devices: SimulatedDevices = labDevices(house, { ca: () => ways.trust.trust.certificate, logged: (id) => work.boards.logged(id) })
  const ways: LabWays = labWays(house, { devices, pushes: () => out.pushes })
  const work: LabWork = labWork(house, {
    devices,
    trust: ways.trust,
    notify: (device, wish) => out.behind.gateways.notify(device, wish),
    elsewhere: (device) => out.behind.gateways.elsewhere(device),
  })
  const lab = labOver(house, { devices, ways, ...work }, { out: () => out, scenarios: () => scenarios })
  house.lab = lab
  house.recorder = new Recorder(trace, origin, watcherOf(lab), recording)
  house.witness = makeWitness(house.recorder, clock, house.changed)
  const scenarios = labScenarios({
    clock,
    recorder: house.recorder,
    trace,
    lab: () => lab,
    redactor: () => redactorOf(ledger),
    simulated: (device) => devices.activity(device) !== undefined,
    speech: (device) => work.field.speech(device),
    tell: (run) => house.tell('scenario', run),
    changed: house.changed,
  })
  const out: LabPushes = labPushes(house, devices, ways, work)
  const { boards } = work
  lab.facts.on('trace', (fact) => boards.moved(fact))
  lab.facts.on('wifi', () => ways.connect.moved())
  lab.facts.on('dialect', () => boards.spokenAnew())
  lab.facts.on('sessions', ({ changed }) => ways.connect.sessions(changed))
  lab.facts.on('trace', (fact) => out.behind.traced(fact))
  return { devices, ways, scenarios, ...work, ...out }
}

type Below = LabWork & Pick<LabWhole, 'devices' | 'ways'>

/** LabApi over the parts; `behind` are made after it. */
function labOver(
  house: House,
  { devices, ways, boards, jobs, field, peers }: Below,
  behind: { readonly out: () => LabPushes; readonly scenarios: () => LabWhole['scenarios'] },
): Lab {
  const { clock, workspace, doors, recording, recovery } = house
  return new Lab({
    store: workspace.trace,
    ledger: workspace.ledger,
    clock,
    random: house.env.random,
    facts: {
      name: basename(workspace.dir),
      workspace: workspace.dir,
      recovery: () => (house.trouble === '' ? recovery : `the trace cannot be written: ${house.trouble}`),
      rules: Object.keys(RULES).length,
      recording: () => recording && house.trouble === '',
    },
    addresses: () => ({ dm: `${house.base}/dm`, ui: house.window?.url ?? '' }),
    simulate: (wish) => devices.start(`${doors.dm?.url ?? ''}/dm`, wish),
    activity: devices.activity,
    redactor: () => redactorOf(workspace.ledger),
    shelves: { snapshots: folderShelf(house.folder('snapshots')), ddf: folderShelf(house.folder('ddf')) },
    pushes: {
      notify: (device, wish) => behind.out().behind.gateways.notify(device, wish),
      bootstrap: (wish) => behind.out().pushes.bootstrap(wish),
    },
    areas: {
      ...jobs.areas,
      ...ways.trust.areas,
      ...ways.connect.areas,
      ...ways.wireless.areas,
      ...field.areas,
      gateways: later(() => behind.out().behind.area),
      software: boards,
      peers: peers.area,
      scenarios: later(behind.scenarios),
    },
    holders: () => [...(house.gateway === null ? [] : [besides(house.gateway.host.host)]), peers],
    enrolment: field.enrolment,
    speech: (device) => field.speech(device),
    why: field.why,
    readCapture: (name, bytes) => readCapture(name, bytes, { now: clock.now(), ms: (iso) => Date.parse(iso) }),
  })
}
