// Runs a scenario over real sockets: a lab of its own in a temporary folder, a simulated device with real packages, a receiver for outcomes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceAnswer, DeviceQuestion, LabApi, RunWish } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import { isGatewayFlow } from '../scenario/all.ts'
import type { DeviceFlow, Flow } from '../scenario/all.ts'
import type { RunWatch } from '../scenario/course.ts'
import { runLive } from '../scenario/live.ts'
import { onlyInMemory } from '../scenario/plantable.ts'
import { planned, runInMemory } from '../scenario/runner.ts'
import type { SetupComponent, SetupPackage } from '../scenario/setup.ts'
import type { RunRecord } from '../scenario/types.ts'
import { processClock } from './clock.ts'
import { startLab } from './main.ts'
import { plantOverSockets } from './plantsockets.ts'
import { SANDBOX_PORTS } from './sandboxports.ts'
import { packageFile, receiver } from './scenariogoods.ts'
import { SocketNet } from './socketnet.ts'

/** Silence after which a run over sockets is over, ms, and time for conditions after the last step. */
const PATIENCE_MS = 30_000
const AFTER_MS = 500
/** The same where a fault is planted: what breaks breaks at once, and nothing slower is waited for. */
const FAULT_PATIENCE_MS = 4000

/** Runs a flow in a lab of its own. Rejects with an Error in words where it cannot begin. */
export async function runOverSockets(flow: Flow, wish: RunWish, watch: RunWatch = {}): Promise<RunRecord> {
  if (isGatewayFlow(flow)) return runInMemory({ ...SANDBOX_PORTS, net: (options, during) => new SocketNet(options, during) }, flow, wish, watch)
  return runDeviceFlow(flow, wish, watch)
}

async function runDeviceFlow(flow: DeviceFlow, wish: RunWish, watch: RunWatch): Promise<RunRecord> {
  const { fault = '' } = wish
  const found = flow.faults.find(({ step }) => step === fault)
  const { setup, plant } = planned(flow, fault)
  const why = found === undefined ? '' : onlyInMemory(found, flow.setup)
  if (why !== '') throw new Error(`the fault of step ${fault} can be planted in memory only: ${why}`)
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-scenario-'))
  const clock = processClock()
  const emi = await receiver()
  const planting = plantOverSockets(plant)
  const { mechanism } = setup
  const lab = await startLab({
    workspace: join(folder, 'workspace'),
    host: '127.0.0.1',
    dmPort: 0,
    uiPort: null,
    broken: planting.broken,
    ...(mechanism === undefined ? {} : { mechanism }),
  })
  try {
    await lab.api.provider.addHook(emi.url)
    const device = await deviceOf(lab.api, clock, { ...flow, setup }, wish)
    // Packages are for any device here, but where that is what is wrong with them.
    const models = new Set(flow.setup.catalogue.flatMap((pkg) => pkg.models ?? []))
    const file = async (pkg: SetupPackage): ReturnType<typeof packageFile> => {
      const other = (pkg.models ?? []).filter((model) => !models.has(model))
      const made = await packageFile(pkg)
      return other.length === 0 ? made : { ...made, facts: { ...made.facts, models: other } }
    }
    const patienceMs = fault === '' ? PATIENCE_MS : FAULT_PATIENCE_MS
    const parts = { lab: lab.api, clock, device, file, notify: '', patienceMs, afterMs: AFTER_MS, simulated: true }
    const strike = (): Promise<void> => planting.strike(lab.api, device, () => void emi.close())
    return await runLive({ ...parts, plant: strike }, { ...flow, setup }, { ...wish, transport: 'sockets' }, watch)
  } finally {
    await lab.stop()
    await emi.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The device of a flow, enrolled, with the software it has before the flow begins. */
async function deviceOf(lab: LabApi, clock: Clock, { setup, faults }: DeviceFlow, { encoding = 'xml', fault = '' }: RunWish): Promise<string> {
  const plant = faults.find(({ step }) => step === fault)?.plant
  const { device: wanted, catalogue } = setup
  const { answers = 'accept' } = wanted
  const before = plant?.kind === 'tree' ? [] : (wanted.components ?? [])
  // Who refuses what the flow brings has taken what was there before: a rule cannot, a person can.
  const refuses = before.length > 0 && (answers === 'reject' || answers === 'cancel')
  const { id: device } = await lab.devices.simulate({
    encoding,
    auth: 'hmac',
    profile: 'strict',
    mo: plant?.kind === 'tree' ? [] : ['scomo'],
    answers: refuses ? 'person' : answers,
    ...(wanted.maxObjSize === undefined ? {} : { maxObjSize: wanted.maxObjSize }),
  })
  let says: (kind: DeviceQuestion['kind']) => DeviceAnswer = () => ({ act: 'ok' })
  if (refuses)
    lab.on('questions', ({ open }) => {
      // A question that was withdrawn meanwhile wants no answer.
      for (const { id, kind, device: asking } of open) if (asking === device) lab.devices.answer(id, says(kind)).catch(() => {})
    })
  await enrolled(lab, clock, device)
  for (const component of before) {
    const breaks = catalogue.some((pkg) => pkg.flaw === 'activate' && pkg.components.some(({ id }) => id === component.id))
    await preinstall(lab, clock, device, component, breaks ? { flaw: 'activate' } : {})
  }
  says = (kind) => ({ act: answers === 'reject' && kind === 'confirm' ? 'no' : 'cancel' })
  return device
}

/** Asks until it is so; rejects with `what` after a thousand turns: ten seconds, longer where the machine is busy. */
async function until(clock: Clock, what: string, so: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await so()); turn += 1) {
    if (turn === 1000) throw new Error(what)
    await new Promise<void>((resolve) => clock.after(10, resolve))
  }
}

/** The device's first session is over. */
function enrolled(lab: LabApi, clock: Clock, device: string): Promise<void> {
  return until(clock, `${device} did not end its first session`, async () => {
    const sessions = await lab.trace.sessions()
    return sessions.some((session) => session.device === device && session.state === 'completed')
  })
}

/** What the device has before the flow begins comes as it always does: by a job. */
async function preinstall(lab: LabApi, clock: Clock, device: string, component: SetupComponent, more: Pick<SetupPackage, 'flaw'>): Promise<void> {
  const { id, version, name, pkgId, active } = component
  const { name: file, bytes, facts } = await packageFile({ pkgId, version, name, size: 10_000, components: [{ id, version }], ...more })
  await lab.catalogue.add(file, bytes, facts)
  const { jobs } = await lab.jobs.create({ device, type: 'scomo', op: active ? 'install' : 'installInactive', pkg: pkgId, mechanism: 'http' })
  const [job] = jobs
  if (job === undefined) throw new Error(`no job was made for ${pkgId}`)
  await until(clock, `${pkgId} could not be installed before the flow`, async () => (await lab.jobs.get(job.id)).job.state === 'done')
}
