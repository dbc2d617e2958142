// The lab as one process sees it: opens the workspace, listens, composes server, recorder and window side, and stops cleanly.
import { hostname } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { readCapture } from '../evidence/import.ts'
import { Boards } from '../lab/boards.ts'
import { Host } from '../lab/host.ts'
import { Lab, watcherOf } from '../lab/lab.ts'
import { Notifier } from '../lab/notifier.ts'
import { Pushes } from '../lab/pushes.ts'
import type { PushSender } from '../lab/pushes.ts'
import { Recorder } from '../lab/recorder.ts'
import { makeWitness } from '../lab/witness.ts'
import { cameBy } from '../lab/came.ts'
import { paced } from '../lab/treepace.ts'
import { DmServer, together } from '../server/server.ts'
import { RULES } from '../session/rules.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import { arrivals } from './arrivals.ts'
import { processClock } from './clock.ts'
import { labConnect } from './connectlab.ts'
import { simulatedDevices } from './devices.ts'
import { Doors } from './doors.ts'
import type { LabOptions, Ready, RunningLab } from './laboptions.ts'
import { flushing, later, windowFolder } from './labparts.ts'
import { makeDownloads } from './dlclient.ts'
import { makeDownloadServer } from './dlserver.ts'
import type { DownloadServer } from './dlserver.ts'
import { labField, wipeDisk } from './field.ts'
import type { ListenOptions } from './facing.ts'
import { imagesIn } from './images.ts'
import { makeInstaller } from './installer.ts'
import { labJobs } from './jobs.ts'
import { pushSender } from './push.ts'
import { randomSource } from './random.ts'
import { redactorOf } from './redactor.ts'
import { labScenarios } from './scenarios.ts'
import { folderShelf } from './shelf.ts'
import { openDisk, overheard } from './softwarehost.ts'
import type { DeviceDisk } from './softwarehost.ts'
import { atPort, bothOf, labTrust } from './trustlab.ts'
import { guardSecrets } from './vault.ts'
import { serveWindow } from './web.ts'
import { labWireless } from './wireless.ts'
import { openWorkspace } from './workspace.ts'
import { GATEWAY_ID, startGateway } from './gateway.ts'
import type { RunningGateway } from './gateway.ts'
import { labGateways } from './labgateways.ts'
import type { LabGateways } from './labgateways.ts'
import { besides } from '../lab/holders.ts'
import { Peers } from '../lab/peers.ts'
import { dialLab } from './peerdial.ts'

export type { LabOptions, Ready, RunningLab } from './laboptions.ts'

const LOOPBACK = /^(localhost|127\.|::1|\[::1\])/

/** What the DM Server asks of devices in strict mode (scomo sheet 13, R1). */
const STRICT = { auth: 'syncml:auth-MAC' } as const

/** Starts a lab; rejects with one clear Error (port taken, workspace locked or unreadable). */
export async function startLab(options: LabOptions): Promise<RunningLab> {
  const clock = processClock()
  const workspace = openWorkspace(resolve(options.workspace))
  const { trace, ledger } = workspace
  const sealing = await guardSecrets(ledger, options.secrets).catch(async (error: unknown) => {
    await workspace.close()
    throw error
  })
  const recovery = [workspace.recovery, sealing].filter((text) => text !== '').join('; ')
  const env = { now: clock.now, random: randomSource() }
  /** Documents of this turn are committed with the ledger's records; nobody else would when no message is under way. */
  const commit = (): void => host?.commit()
  const docs = sqlDocs(workspace.db, () => clock.soon(commit))
  const disk = (id: string): DeviceDisk => {
    const folder = join(workspace.dir, 'devices', encodeURIComponent(id))
    const ca = faced.trust.certificate
    const downloads = ca === null ? {} : { downloads: { ca } }
    const own = openDisk({ folder, clock, makeDownloads, makeInstaller, ...downloads, installer: { trust: join(workspace.dir, 'trust') } })
    return overheard(own, (line) => {
      witness.performed(id, line)
      boards.logged(id)
    })
  }
  const devices = simulatedDevices(clock, env, (id) => ledger.device(id) !== undefined, {
    docs,
    disk,
    commit,
    wipe: (id) => wipeDisk(workspace.dir, id),
    security: options.security ?? 'lab',
    ca: () => faced.trust.certificate,
  })
  const doors = new Doors()
  /** Why the last flush failed; '' while all is written. Nothing is lost before memory is: the next flush tries again. */
  let trouble = ''
  let ui: { readonly url: string; readonly port: number; close(): Promise<void> } | null = null
  const base = (): string => options.advertise?.replace(/\/+$/, '') ?? doors.dm?.url ?? ''
  const boards = new Boards({
    store: trace,
    sessions: () => recorder.sessions.all(),
    clock,
    ...devices,
    tell: (fact) => lab.facts.tell('software', fact),
    speech: (device) => field.speech(device),
  })
  const faced = labTrust({
    dir: join(workspace.dir, 'tls'),
    docs,
    vault: ledger.vault,
    clock,
    host: options.host,
    given: options.advertise?.replace(/\/+$/, ''),
    servers: () => ({ http: doors.dm, https: doors.dms, why: doors.noTls }),
    simulated: (device) => devices.activity(device) !== undefined,
    before: (device) => cameBy(recorder, device),
    refused: (refused) => host?.refused(refused),
    tell: (event, fact) => lab.facts.tell(event, fact),
  })
  const wireless = labWireless({
    clock,
    random: env.random,
    pushes: () => pushes,
    addresses: () => faced.addresses,
    choose: (device, candidate, scheme) => faced.areas.addresses.choose(device, candidate, scheme),
    urls: () => ({ dm: doors.dm === null ? '' : `${doors.dm.url}/dm`, dms: doors.dms?.url ?? '', gateway: gateway?.url ?? '' }),
    tell: (event, fact) => lab.facts.tell(event, fact),
  })
  const reached = labConnect({
    clock,
    docs,
    commit: () => commit(),
    host: options.host,
    adbPort: options.adbPort,
    servers: () => ({ http: doors.dm, https: doors.dms }),
    gateway: () => gateway?.url ?? '',
    sessions: () => recorder.sessions.all(),
    frame: (seq) => recorder.frame(seq),
    startedAfter: trace.last,
    simulated: (device) => devices.activity(device) !== undefined,
    devices: () => ledger.devices().map(({ device }) => device),
    modem: () => lab.modem.state(),
    paths: () => wireless.proofs(),
    happened: (note) => witness.happened(note),
    tell: (event, fact) => lab.facts.tell(event, fact),
  })
  const images = imagesIn(join(workspace.dir, 'images'), () => clock.now())
  const portOf = (url: string | undefined): number => (url === undefined ? 0 : Number(new URL(url).port))
  const jobs = labJobs({
    dir: workspace.dir,
    docs,
    ledger,
    clock,
    env,
    images,
    downloads: () => downloads,
    simulated: (device) => devices.activity(device) !== undefined,
    dialect: (device) => field.roots(device),
    notify: (device, wish) => gateways.notify(device, wish),
    happened: (note) => witness.happened(note),
    commit,
    // The row of the message under way is written when the machine has spoken.
    seq: () => (options.record === false ? 0 : trace.last + 1),
    mechanism: options.mechanism,
    security: options.security ?? 'lab',
    secure: (device) => faced.addresses.secure(device),
    ports: () => [portOf(doors.dm?.url), portOf(ui?.url)],
    tell: (event, fact) => lab.facts.tell(event, fact),
  })
  const field = labField({
    dir: workspace.dir,
    trace,
    ledger,
    docs,
    commit,
    clock,
    origin: hostname(),
    recorder: () => recorder,
    lab: () => lab,
    host: () => {
      if (host === null) throw new Error('the lab is not open yet')
      return host
    },
    devices,
    jobs: jobs.areas.jobs,
    bound: options.host,
    control: () => [portOf(ui?.url)],
    secure: () => (doors.dms === null ? null : faced.port),
    auth: options.server?.auth ?? (options.security === 'strict' ? STRICT.auth : null),
    tell: (event, fact) => lab.facts.tell(event, fact),
  })
  const peers = new Peers({
    docs,
    commit,
    vault: ledger.vault,
    clock,
    random: env.random,
    recorder: () => recorder,
    recording: options.record !== false,
    lab: () => lab,
    dial: dialLab,
    tell: (rows) => lab.facts.tell('peers', { peers: rows }),
    changed: () => lab.changed(),
    heldMoved: () => lab.heldMoved(),
  })
  const lab: Lab = new Lab({
    store: trace,
    ledger,
    clock,
    random: env.random,
    facts: {
      name: basename(workspace.dir),
      workspace: workspace.dir,
      recovery: () => (trouble === '' ? recovery : `the trace cannot be written: ${trouble}`),
      rules: Object.keys(RULES).length,
      recording: () => options.record !== false && trouble === '',
    },
    addresses: () => ({ dm: `${base()}/dm`, ui: ui?.url ?? '' }),
    simulate: (wish) => devices.start(`${doors.dm?.url ?? ''}/dm`, wish),
    activity: devices.activity,
    redactor: () => redactorOf(ledger),
    shelves: { snapshots: folderShelf(join(workspace.dir, 'snapshots')), ddf: folderShelf(join(workspace.dir, 'ddf')) },
    pushes: { notify: (device, wish) => gateways.notify(device, wish), bootstrap: (wish) => pushes.bootstrap(wish) },
    areas: {
      ...jobs.areas,
      ...faced.areas,
      ...reached.areas,
      ...wireless.areas,
      ...field.areas,
      gateways: later(() => behind.area),
      software: boards,
      peers: peers.area,
      scenarios: later(() => scenarios),
    },
    holders: () => [...(gateway === null ? [] : [besides(gateway.host.host)]), peers],
    enrolment: field.enrolment,
    speech: (device) => field.speech(device),
    why: field.why,
    readCapture: (name, bytes) => readCapture(name, bytes, { now: clock.now(), ms: (iso) => Date.parse(iso) }),
  })
  lab.facts.on('trace', (fact) => boards.moved(fact))
  lab.facts.on('wifi', () => reached.moved())
  lab.facts.on('dialect', () => boards.spokenAnew())
  lab.facts.on('sessions', ({ changed }) => reached.sessions(changed))
  const recorder: Recorder = new Recorder(trace, hostname(), watcherOf(lab), options.record !== false)
  const witness = makeWitness(recorder, clock, () => lab.changed())
  const scenarios = labScenarios({
    clock,
    recorder,
    trace,
    lab: () => lab,
    redactor: () => redactorOf(ledger),
    simulated: (device) => devices.activity(device) !== undefined,
    speech: (device) => field.speech(device),
    tell: (run) => lab.facts.tell('scenario', run),
    changed: () => lab.changed(),
  })
  const downloads: DownloadServer = makeDownloadServer({
    images,
    base: (device, req) => faced.told('download', device, req),
    server: 'DM-Lab',
    ...(options.broken?.downloads === undefined ? {} : { faults: options.broken.downloads }),
    clock,
    record: (entry) => {
      if (options.record === false) return 0
      const seq = recorder.import({ ...entry, origin: hostname() }, null)
      lab.changed()
      return seq
    },
  })
  const sender: PushSender = wireless.sender({
    send: async (to, parts) => {
      if (options.broken?.pushes?.() === false) throw new Error(`no way to ${to}: pushes are cut off on purpose`)
      return (doors.push ?? pushSender(clock)).send(to, parts)
    },
  })
  const pushes = new Pushes({
    ledger,
    clock,
    random: env.random,
    recorder,
    sender,
    origin: hostname(),
    recording: options.record !== false,
    serverUri: (device) => faced.addresses.advertised(device, 'dm'),
    door: devices.pushUrl,
    hop: (device, to) => (gateways.towards(device, to) ? 'S-G' : 'S-D'),
    changed: () => lab.changed(),
  })
  const notifier = new Notifier({ ledger, clock, random: env.random, pushes, sender })
  let gateway: RunningGateway | null = null
  const behind: LabGateways = labGateways({
    clock,
    env,
    docs,
    commit: () => commit(),
    notify: (device, wish) => notifier.notify(device, wish),
    happened: (note) => witness.happened(note),
    queue: (order) => void host?.queue(order),
    order: (id) => ledger.order(id),
    images,
    hooks: jobs.hooks,
    trace,
    recording: options.record !== false,
    recorder: () => recorder,
    peers,
    own: () => gateway,
    tell: (event, fact) => lab.facts.tell(event, fact),
    changed: () => {
      lab.heldMoved()
      lab.changed()
    },
  })
  const { gateways } = behind
  lab.facts.on('trace', (fact) => behind.traced(fact))
  let host: Host | null = null
  let flusher: { stop(): void } | null = null
  /** Stops whatever runs and closes what is open; also where the lab came only half way. */
  const close = async (): Promise<void> => {
    peers.stop()
    await wireless.stop()
    await scenarios.stop()
    jobs.stop()
    await devices.stop()
    notifier.stop()
    await reached.stop()
    await field.stop()
    await gateway?.stop()
    await doors.close()
    host?.stop()
    witness.stop()
    boards.stop()
    lab.stop()
    faced.stop()
    await ui?.close()
    flusher?.stop()
    // What happened last has its row before the trace is closed.
    recorder.settle()
    await workspace.close()
  }
  try {
    const facing: Omit<ListenOptions, 'port'> = {
      host: options.host,
      server: 'DM-Lab',
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      clock,
      ...arrivals({
        of: (received) => (gateway?.owns(received) === true ? gateway.host.host : host),
        all: () => [host, gateway?.host.host],
      }),
      other: (req, res) =>
        faced.handle(req, res) ||
        wireless.handle(req, res) ||
        reached.handle(req, res) ||
        downloads.handle(req, res) ||
        gateway?.handle(req, res) === true,
      tunnel: (req, socket, head) => gateway?.tunnel(req, socket, head) === true,
    }
    await doors.open(facing, options, faced.port, (received) => gateway?.host.host.received(received))
    const facedBy = bothOf(() => doors.faces)
    await doors.listenPush({ host: options.host, port: options.pushPort ?? 0, clock, received: (arrived) => pushes.arrived(arrived) })
    const enrol = options.enrol ?? options.server?.enrol ?? field.enrol() ?? (LOOPBACK.test(options.host) ? 'auto' : 'ask')
    const machine = new DmServer({
      serverUri: `${base()}/dm`,
      answerUri: (device) => faced.addresses.advertised(device, 'dm'),
      settings: { ...(options.security === 'strict' ? STRICT : {}), ...options.server, enrol },
      ledger,
      env,
      notified: (device, id) => notifier.answered(device, id),
      settingsOf: (device) => field.settingsOf(device),
      more: together(field.speaking(jobs.policy), gateways, lab.tree.walks),
    })
    host = new Host({
      machine,
      transport: paced(facedBy, lab.tree.walks, clock),
      admission: faced.admission,
      recorder,
      ledger,
      clock,
      hop: (device) => (gateways.isGateway(device) || device === options.gateway?.id || device === GATEWAY_ID ? 'S-G' : 'S-D'),
      watcher: { held: () => lab.heldMoved(), changed: () => lab.changed(), device: (device) => lab.deviceMoved(device) },
    })
    lab.attach(host, recorder)
    devices.watch(
      (device) => lab.deviceMoved(device),
      (device, asked, answer, withdrawn) => lab.people.ask(device, asked, answer, withdrawn),
      { logged: (device) => boards.logged(device), witness },
    )
    if (options.gateway !== undefined) {
      const role = { ...options.gateway, server: options.gateway.server ?? `${base()}/dm` }
      const parts = { dir: workspace.dir, clock, env, recorder, origin: hostname(), recording: options.record !== false, transport: facedBy, sender }
      const here = [base(), doors.dm?.url, doors.dms?.url].filter((each) => each !== undefined)
      const foreign = !here.some((each) => role.server.startsWith(`${each}/`))
      const told = atPort(faced.told, doors.dm?.port ?? 0, doors.gws?.port)
      const ways = {
        base: () => doors.gws?.url ?? base(),
        told,
        admission: faced.admission,
        door: devices.pushUrl,
        foreign,
        bound: options.host,
        android: reached.android,
      }
      gateway = startGateway({ enrol: enrol === 'auto' ? 'auto' : 'never', ...role }, { ...parts, ...ways, changed: behind.moved })
      await gateway.start()
    }
    await field.start()
    await devices.revive(`${doors.dm?.url ?? ''}/dm`)
    if (options.uiPort !== null) {
      const dist = windowFolder()
      ui = await serveWindow({
        api: lab,
        token: workspace.token,
        dist,
        host: '127.0.0.1',
        port: options.uiPort,
        skipped: (rows) => lab.skipped(rows),
        upload: jobs.upload,
      })
    }
  } catch (error) {
    await close()
    throw error
  }
  flusher = flushing(trace, (why) => {
    trouble = why
    lab.changed()
  })
  const ready: Ready = {
    dm: `${base()}/dm`,
    dms: doors.dms === null ? null : `${doors.dms.url}/dm`,
    gateway: gateway?.url ?? null,
    lwm2m: gateway?.lwm2m ?? null,
    download: `${base()}/dl/`,
    push: doors.push?.url ?? null,
    ui: ui?.url ?? null,
    api: ui === null ? null : new URL('/api/v1/', ui.url).href,
    pid: process.pid,
  }
  if (ready.api !== null) workspace.announce(ready.api)
  commit()
  jobs.start()
  behind.start()
  peers.start()
  return {
    api: lab,
    ready,
    skipped: (rows) => lab.skipped(rows),
    stop: close,
  }
}
