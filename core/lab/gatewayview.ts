// The calls of area `gateways` that look: inventory with evidence, storyboard, matrix, image cards. Asks the gateway of this process, or the attached lab that plays it.
import type {
  BootstrapStory,
  FanoutMatrix,
  GatewayInside,
  GatewaysArea,
  ImageCard,
  Inventory,
  LabApi,
  MatrixDevice,
  Proof,
  RelationRow,
  Seq,
  SessionRow,
  StoryStep,
  TraceRow,
} from '../api.ts'
import { enablerOf, lateCode } from '../gateway/codes.ts'
import type { ServerFanouts } from './fanouts.ts'
import { inventoryRow } from './gatewaycompare.ts'
import type { LandmarkBook, Landmarks } from './landmarks.ts'

export interface LookParts {
  /** The gateway played here; null none. */
  readonly inside: () => GatewayInside | null
  /** The attached lab that plays a gateway. */
  readonly playing: (gateway: string) => { readonly api: LabApi } | null
  readonly relations: () => readonly RelationRow[]
  readonly fanouts: ServerFanouts
  readonly marks: LandmarkBook
  readonly sessions: () => readonly SessionRow[]
  readonly row: (seq: Seq) => TraceRow | undefined
  readonly rowsOf: (session: number) => Float64Array
}

type Look = Pick<GatewaysArea, 'inside' | 'inventory' | 'stories' | 'matrix' | 'cards'>

/** Sessions of one device looked through for what a mode forbids. */
const SESSIONS = 5

export function gatewayLook(parts: LookParts): Look {
  const asked = async (gateway: string): Promise<{ readonly inside: GatewayInside | null; readonly reach: Inventory['reach'] }> => {
    const own = parts.inside()
    if (own?.id === gateway) return { inside: own, reach: 'own' }
    const peer = parts.playing(gateway)
    const there = peer === null ? null : await peer.api.gateways.inside().catch(() => null)
    return there?.id === gateway ? { inside: there, reach: 'attached' } : { inside: null, reach: 'foreign' }
  }
  return {
    inside: async () => parts.inside(),
    inventory: async (gateway) => {
      const { inside, reach } = await asked(gateway)
      const relations = parts.relations().filter((each) => each.gateway === gateway)
      if (inside === null && relations.length === 0) throw new Error(`nothing is known of a gateway ${gateway}`)
      return { gateway, reach, store: inside?.store ?? null, rows: rowsOf(parts, gateway, inside, relations) }
    },
    stories: async (gateway) => storiesOf(parts, gateway, (await asked(gateway)).inside),
    matrix: async (id) => {
      const { row, wish } = parts.fanouts.kept(id)
      return matrixOf(row, wish, (await asked(row.gateway)).inside)
    },
    cards: async () => {
      const rows = parts.fanouts.images()
      const gateways = [...new Set([...rows.map(({ gateway }) => gateway), ...[parts.inside()?.id ?? []].flat()])]
      const insides = new Map(await Promise.all(gateways.map(async (gateway) => [gateway, (await asked(gateway)).inside] as const)))
      const told = rows.map((row): ImageCard => {
        const there = insides.get(row.gateway)?.images.find(({ imageId }) => imageId === row.imageId)
        const { life = 0, ...rest } = row
        if (there === undefined) return { ...rest, life, digest: '', fetched: [], source: 'server' }
        const { name, ...said } = there
        void name
        return { ...rest, ...said, reason: said.reason || row.reason, life, source: 'gateway' }
      })
      // Images that another server laid down: the gateway has them, this server never asked.
      const others = [...insides].flatMap(([gateway, inside]) =>
        (inside?.images ?? [])
          .filter(({ imageId }) => !rows.some((row) => row.gateway === gateway && row.imageId === imageId))
          .map(({ name, ...said }): ImageCard => (void name, { gateway, ...said, life: 0, source: 'gateway' })),
      )
      return [...told, ...others]
    },
  }
}

function rowsOf(parts: LookParts, gateway: string, inside: GatewayInside | null, relations: readonly RelationRow[]): Inventory['rows'] {
  const legs = legsOf(parts)
  const records = inside?.records ?? []
  const [here, kept] = [new Map(relations.map((each) => [each.deviceId, each])), new Map(records.map((each) => [each.deviceId, each]))]
  /** Where the server has each device. */
  const places = new Map(parts.relations().map((each) => [each.deviceId, each]))
  const ids = new Set([...records.map(({ deviceId }) => deviceId), ...relations.map(({ deviceId }) => deviceId)])
  // Whoever speaks with the gateway and stands nowhere.
  if (inside !== null) for (const [device, leg] of legs) if (leg['G-D'] !== undefined && !places.has(device)) ids.add(device)
  return [...ids].sort().map((deviceId) => {
    const leg = legs.get(deviceId) ?? {}
    const [server, record, place] = [here.get(deviceId) ?? null, kept.get(deviceId) ?? null, places.get(deviceId)]
    const elsewhere = place !== undefined && place.attached && place.gateway !== gateway ? place.gateway : ''
    const [withGateway, withServer] = [begin(leg['G-D'], 'with the gateway'), begin(leg['S-D'], 'with the DM Server')]
    const transparent = (server?.mode ?? record?.mode) === 'transparent'
    const managed = transparent ? managedIn(parts, deviceId) : null
    return inventoryRow({
      deviceId,
      gateway,
      server,
      record,
      elsewhere,
      seen: inside !== null,
      withGateway,
      withServer,
      managed,
      marks: parts.marks.of(deviceId),
    })
  })
}

type Legs = { readonly [K in 'S-D' | 'G-D' | 'S-G']?: SessionRow }

/** The last session of each device on each leg, or its first. */
function legsOf({ sessions, row }: LookParts, first = false): Map<string, Legs> {
  const legs = new Map<string, Legs>()
  for (const session of sessions()) {
    const hop = session.first === 0 ? undefined : row(session.first)?.hop
    if (hop === undefined || session.device === '') continue
    const known = legs.get(session.device) ?? {}
    const other = known[hop]
    if (other === undefined || other.firstAt <= session.firstAt !== first) legs.set(session.device, { ...known, [hop]: session })
  }
  return legs
}

const begin = (session: SessionRow | undefined, whom: string): Proof | null =>
  session === undefined ? null : { seq: session.first, at: session.firstAt, text: `session ${session.sessionId} ${whom}, ${session.state}` }

/** A command beside Status that a gateway sent a device. */
function managedIn({ sessions, row, rowsOf: seqs }: LookParts, device: string): Proof | null {
  const own = sessions()
    .filter((session) => session.device === device && row(session.first)?.hop === 'G-D')
    .sort((a, b) => b.firstAt - a.firstAt)
  for (const { session } of own.slice(0, SESSIONS)) {
    for (const seq of seqs(session)) {
      const one = row(seq)
      if (one?.kind !== 'message' || one.direction !== 'down' || one.hop !== 'G-D') continue
      const [command] = one.commands.filter((each) => !/^(Status|Alert|Results)/.test(each))
      if (command !== undefined) return { seq, at: one.at, text: `${command} ${one.target}` }
    }
  }
  return null
}

const TITLES: Readonly<Record<StoryStep['label'], string>> = {
  'M.1': 'The gateway discovers and authenticates the device, and gives it an address or identifier',
  'M.2': 'The DM Server bootstraps the device (optional)',
  'M.3': 'The DM Server bootstraps the gateway',
  'M.4': 'The gateway bootstraps the device',
}

function storiesOf(parts: LookParts, gateway: string, inside: GatewayInside | null): BootstrapStory[] {
  const legs = legsOf(parts, true)
  const north = legs.get(gateway)?.['S-G']
  const relations = parts.relations().filter((each) => each.gateway === gateway)
  const ids = [
    ...new Set([
      ...(inside?.expected ?? []),
      ...(inside?.records ?? []).map(({ deviceId }) => deviceId),
      ...relations.map(({ deviceId }) => deviceId),
    ]),
  ]
  const stories = ids.map((deviceId): BootstrapStory => {
    const marks = parts.marks.of(deviceId)
    const steps = [
      first(marks, inside?.expected.includes(deviceId) === true, begin(legs.get(deviceId)?.['G-D'], 'with the gateway')),
      second(marks),
      third(parts.marks.of(gateway), north),
      fourth(marks, begin(legs.get(deviceId)?.['G-D'], 'with the gateway')),
    ]
    return { deviceId, gateway, steps }
  })
  const newest = ({ steps }: BootstrapStory): number => Math.max(0, ...steps.map(({ label, proof }) => (label === 'M.3' ? 0 : (proof?.at ?? 0))))
  return stories.sort((a, b) => newest(b) - newest(a))
}

const step = (label: StoryStep['label'], state: StoryStep['state'], proof: Proof | null, text: string): StoryStep => ({
  label,
  title: TITLES[label],
  state,
  proof,
  text,
})

function first({ discovered }: Landmarks, expected: boolean, session: Proof | null): StoryStep {
  if (discovered !== undefined) return step('M.1', 'done', discovered, discovered.text.replace(/^gateway\.discovered: /, ''))
  if (expected) return step('M.1', 'waiting', null, 'expected: its pairing code was told, it has not come yet')
  if (session !== null) return step('M.1', 'done', session, 'found by its first session: it knew an account of the gateway already')
  return step('M.1', 'waiting', null, 'not seen yet')
}

function second({ byServer }: Landmarks): StoryStep {
  if (byServer !== undefined) return step('M.2', 'done', byServer, byServer.text)
  return step('M.2', 'left out', null, 'the server sent this device no bootstrap: its gateway may bootstrap it alone')
}

function third({ byServer }: Landmarks, north: SessionRow | undefined): StoryStep {
  if (byServer !== undefined) return step('M.3', 'done', byServer, byServer.text)
  const session = begin(north, 'of the gateway with the DM Server')
  if (session === null) return step('M.3', 'waiting', null, 'no session of the gateway with the DM Server yet')
  if (north?.state === 'failed') return step('M.3', 'failed', session, north.reason)
  return step('M.3', 'done', session, 'the account was laid down before: its session with the DM Server proves it')
}

function fourth({ byGateway }: Landmarks, session: Proof | null): StoryStep {
  if (byGateway !== undefined) return step('M.4', 'done', byGateway, byGateway.text)
  if (session !== null) return step('M.4', 'done', session, 'the account was laid down before: its session with the gateway proves it')
  return step('M.4', 'waiting', null, 'follows when the device has proven who it is')
}

type Kept = ReturnType<ServerFanouts['kept']>

function matrixOf(fanout: Kept['row'], wish: Kept['wish'], inside: GatewayInside | null): FanoutMatrix {
  const commands = wish.commands.map(({ kind, locUri }, i) => ({ label: String(i + 1), kind, locUri }))
  const job = inside?.jobs.find(({ name }) => name === fanout.id)
  const base = { fanout, commands, image: wish.image ?? '' }
  if (job !== undefined) return { ...base, devices: job.devices, startedAt: job.startedAt, endsAt: job.endsAt, source: 'gateway' }
  const devices = fanout.devices.map(({ deviceId, code, text, statuses = [], late = [], values = [] }): MatrixDevice => {
    const alerts = late.map(({ cmd, type, source, data }) => ({ cmd, type, source, data, code: lateCode(data, enablerOf(type)) }))
    const cells = commands.map(({ label }) => {
      const status = statuses.find(({ cmd }) => cmd === label)
      const after = alerts.findLast(({ cmd }) => cmd === label)
      return status === undefined && after === undefined ? null : { sent: true, code: status?.code ?? null, late: after?.code ?? null }
    })
    return {
      deviceId,
      localId: '',
      state: 0,
      code,
      text,
      notifiedAt: 0,
      endedAt: 0,
      cells,
      late: alerts.map(({ type, source, data, code: own }) => ({ type, source, data, code: own })),
      ...(values.length === 0 ? {} : { values }),
    }
  })
  return { ...base, devices, startedAt: 0, endsAt: 0, source: 'alerts' }
}
