// Runs a scenario over real sockets: a lab of its own in a temporary folder, a simulated device with real packages, a receiver for outcomes.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import type { LabApi, PackageFacts, RunWish } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { Flow } from '../scenario/all.ts'
import type { RunWatch } from '../scenario/course.ts'
import { runLive } from '../scenario/live.ts'
import { contentOf } from '../scenario/setup.ts'
import type { SetupComponent, SetupPackage } from '../scenario/setup.ts'
import type { RunRecord } from '../scenario/types.ts'
import { processClock } from './clock.ts'
import { startLab } from './main.ts'
import { buildPackage } from './packages.ts'

/** Silence after which a run over sockets is over, ms, and time for conditions after the last step. */
const PATIENCE_MS = 30_000
const AFTER_MS = 500

/** A real package with the set-up's identity, for any model: a start routine, and the content as its one further file. */
export async function packageFile(pkg: SetupPackage): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly facts: PackageFacts }> {
  const { pkgId, version, name, size } = pkg
  const content = contentOf({ size }, (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()))
  const components = pkg.components.map((component) => ({
    ...component,
    name,
    files: { 'content.bin': content },
    start: { say: [`${component.id} ${component.version} runs`] },
  }))
  return { name: `${pkgId}.zip`, bytes: await buildPackage({ pkgId, version, name, components }), facts: { manufacturers: [], models: [] } }
}

/** Takes outcomes and says yes. */
async function receiver(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((req, res) => {
    req.resume()
    req.on('end', () => res.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { url: `http://127.0.0.1:${String(port)}/notify`, close }
}

/** Runs a flow in a lab of its own. Rejects with an Error in words where it cannot begin. */
export async function runOverSockets(flow: Flow, wish: RunWish, watch: RunWatch = {}): Promise<RunRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-scenario-'))
  const clock = processClock()
  const emi = await receiver()
  const { mechanism } = flow.setup
  const lab = await startLab({
    workspace: join(folder, 'workspace'),
    host: '127.0.0.1',
    dmPort: 0,
    uiPort: null,
    ...(mechanism === undefined ? {} : { mechanism }),
  })
  try {
    await lab.api.provider.addHook(emi.url)
    const { id: device } = await lab.api.devices.simulate({
      encoding: wish.encoding ?? 'xml',
      auth: 'hmac',
      profile: 'strict',
      mo: ['scomo'],
      answers: flow.setup.device.answers ?? 'accept',
    })
    await enrolled(lab.api, clock, device)
    for (const component of flow.setup.device.components ?? []) await preinstall(lab.api, clock, device, component)
    const parts = { lab: lab.api, clock, device, file: packageFile, notify: '', patienceMs: PATIENCE_MS, afterMs: AFTER_MS, simulated: true }
    return await runLive(parts, flow, { ...wish, transport: 'sockets' }, watch)
  } finally {
    await lab.stop()
    await emi.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Asks until it is so; rejects with `what` after ten seconds. */
async function until(clock: Clock, what: string, so: () => Promise<boolean>): Promise<void> {
  for (const end = clock.now() + 10_000; !(await so());) {
    if (clock.now() > end) throw new Error(what)
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
async function preinstall(lab: LabApi, clock: Clock, device: string, component: SetupComponent): Promise<void> {
  const { id, version, name, pkgId, active } = component
  const { name: file, bytes, facts } = await packageFile({ pkgId, version, name, size: 10_000, components: [{ id, version }] })
  await lab.catalogue.add(file, bytes, facts)
  const { jobs } = await lab.jobs.create({ device, type: 'scomo', op: active ? 'install' : 'installInactive', pkg: pkgId, mechanism: 'http' })
  const [job] = jobs
  if (job === undefined) throw new Error(`no job was made for ${pkgId}`)
  await until(clock, `${pkgId} could not be installed before the flow`, async () => (await lab.jobs.get(job.id)).job.state === 'done')
}
