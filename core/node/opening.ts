// A lab opens: its doors, the DM Server behind them, its own gateway, its devices, the window; in this order.
import { Host } from '../lab/host.ts'
import { paced } from '../lab/treepace.ts'
import { DmServer } from '../server/server.ts'
import { together } from '../server/policy.ts'
import { arrivals } from './arrivals.ts'
import type { ListenOptions } from './facing.ts'
import { startGateway } from './gateway.ts'
import { GATEWAY_IDS } from './gatewayid.ts'
import type { RunningGateway } from './gateway.ts'
import type { House } from './house.ts'
import { windowFolder } from './labparts.ts'
import type { LabWhole } from './labwhole.ts'
import { STRICT } from './labwork.ts'
import { atPort, bothOf } from './trustlab.ts'
import { serveWindow } from './web.ts'

const LOOPBACK = /^(localhost|127\.|::1|\[::1\])/

type Enrolment = 'auto' | 'ask' | 'never'

/** Rejects with one clear Error (port taken); what is open by then is for the caller to close. */
export async function openLab(house: House, whole: LabWhole): Promise<void> {
  const { options, doors, clock } = house
  const { devices, ways, field, jobs, pushes } = whole
  await doors.open(facing(house, whole), options, ways.trust.port, {
    atGateway: (received) => house.gateway?.host.host.received(received),
    told: (text) => void house.recorder.event(clock.now(), clock.mono(), text, 0, null),
  })
  await doors.listenPush({ host: options.host, port: options.pushPort ?? 0, clock, received: (arrived) => pushes.arrived(arrived) })
  const enrol = options.enrol ?? options.server?.enrol ?? field.enrol() ?? (LOOPBACK.test(options.host) ? 'auto' : 'ask')
  const { lab } = house
  house.host = serverHost(house, whole, enrol)
  lab.attach(house.host, house.recorder)
  devices.watch(
    (device) => lab.deviceMoved(device),
    (device, asked, answer, withdrawn) => lab.people.ask(device, asked, answer, withdrawn),
    {
      logged: (device) => whole.boards.logged(device),
      witness: house.witness,
      pushed: (device, arrived) => {
        const seq = pushes.arrived(arrived, device)
        return (text) => pushes.event(`${device} ${text}`, seq)
      },
    },
  )
  house.gateway = ownGateway(house, whole, enrol)
  await house.gateway?.start()
  await field.start()
  await devices.revive(`${doors.dm?.url ?? ''}/dm`)
  if (options.uiPort === null) return
  house.window = await serveWindow({
    api: lab,
    token: house.workspace.token,
    dist: windowFolder(),
    host: '127.0.0.1',
    port: options.uiPort,
    skipped: (rows) => lab.skipped(rows),
    upload: jobs.upload,
  })
}

/** What stands behind the doors. */
function facing(house: House, { ways, downloads }: LabWhole): Omit<ListenOptions, 'port'> {
  const { options, clock } = house
  const others = [ways.trust, ways.wireless, ways.connect, downloads]
  return {
    host: options.host,
    server: 'DM-Lab',
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    clock,
    ...arrivals({
      of: (received) => (house.gateway?.owns(received) === true ? house.gateway.host.host : house.host),
      all: () => [house.host, house.gateway?.host.host],
    }),
    other: (req, res) => others.some((each) => each.handle(req, res)) || house.gateway?.handle(req, res) === true,
    tunnel: (req, socket, head) => house.gateway?.tunnel(req, socket, head) === true,
  }
}

/** The DM Server and its host. */
function serverHost(house: House, { ways, field, jobs, behind, notifier }: LabWhole, enrol: Enrolment): Host {
  const { options, env, clock, lab, recorder, doors } = house
  const { ledger } = house.workspace
  const { gateways } = behind
  const machine = new DmServer({
    serverUri: `${house.base}/dm`,
    answerUri: (device) => ways.trust.addresses.advertised(device, 'dm'),
    settings: { ...(house.security === 'strict' ? STRICT : {}), ...options.server, enrol },
    ledger,
    env,
    notified: (device, id) => notifier.answered(device, id),
    settingsOf: (device) => field.settingsOf(device),
    more: together(field.speaking(jobs.policy), gateways, lab.tree.walks),
  })
  return new Host({
    machine,
    transport: paced(
      bothOf(() => doors.faces),
      lab.tree.walks,
      clock,
    ),
    admission: ways.trust.admission,
    recorder,
    ledger,
    clock,
    hop: (device) => (gateways.isGateway(device) || device === options.gateway?.id || device.startsWith(GATEWAY_IDS) ? 'S-G' : 'S-D'),
    watcher: { held: () => lab.heldMoved(), changed: () => lab.changed(), device: (device) => lab.deviceMoved(device) },
  })
}

/** The gateway that this process plays; null where it plays none. */
function ownGateway(house: House, { devices, ways, sender, behind }: LabWhole, enrol: Enrolment): RunningGateway | null {
  const { options, clock, env, recorder, recording, origin, doors, base } = house
  if (options.gateway === undefined) return null
  const server = options.gateway.server ?? `${base}/dm`
  const here = [base, doors.dm?.url, doors.dms?.url].filter((each) => each !== undefined)
  return startGateway(
    { enrol: enrol === 'auto' ? 'auto' : 'never', ...options.gateway, server },
    {
      dir: house.workspace.dir,
      clock,
      env,
      recorder,
      origin,
      recording,
      transport: bothOf(() => doors.faces),
      sender,
      base: () => doors.gws?.url ?? house.base,
      told: atPort(ways.trust.told, doors.dm?.port ?? 0, doors.gws?.port),
      admission: ways.trust.admission,
      door: devices.pushUrl,
      foreign: !here.some((each) => server.startsWith(`${each}/`)),
      bound: options.host,
      android: ways.connect.android,
      changed: behind.moved,
    },
  )
}
