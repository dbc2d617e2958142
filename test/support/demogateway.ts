// A lab in memory with a gateway to look at: devices of every mode, findings, fan-outs, images, stories, an attached lab.
import type { FanoutMatrix, FanoutRow, ImageRow, InventoryRow, MatrixDevice, RelationRow, StoryStep } from '../../core/api.ts'
import { createFakeLab, type FakeLab } from './fakelab.ts'
import { peerRow } from './fakepeers.ts'

export const GW = 'urn:example:gateway-1'
const MODES = ['proxy', 'proxy', 'transparent', 'adaptation'] as const

/** A device as server and gateway know it. */
export function known(n: number, change: Partial<InventoryRow> = {}): InventoryRow {
  const deviceId = `urn:example:dev-${String(n)}`
  const mode = MODES[n % MODES.length] ?? 'proxy'
  const server: RelationRow = {
    deviceId,
    gateway: GW,
    gatewayAddress: 'http://10.0.0.2:8080/gw/push',
    localId: `dev-${String(n)}`,
    address: `udp://10.1.0.${String(n)}:2948`,
    mode,
    attached: true,
    at: Date.now() - 60_000,
    flow: mode === 'transparent' ? "Z'" : 'Y',
    to: 'http://10.0.0.2:8080/gw/push',
  }
  const record = {
    localId: server.localId,
    deviceId,
    mode,
    address: server.address,
    addressType: 'URI',
    state: 30,
    lastSeen: Date.now() - 30_000,
    protocol: mode === 'adaptation' ? 'adb' : 'OMA-DM',
    devInfo: { Man: 'Acme', Mod: 'CAM7' },
    servers: [],
    reportState: 20,
  }
  return {
    deviceId,
    gateway: GW,
    mode,
    server,
    record,
    withGateway: null,
    withServer: null,
    proofs: [{ seq: 2, at: Date.now() - 50_000, text: `gateway.attached: ${deviceId} is registered` }],
    findings: [],
    ...change,
  }
}

const outcome = (n: number, code: number): MatrixDevice => ({
  deviceId: `urn:example:dev-${String(n)}`,
  localId: `dev-${String(n)}`,
  state: code === 0 ? 20 : 40,
  code,
  text: '',
  notifiedAt: Date.now() - 20_000,
  endedAt: code === 0 || code === 202 ? 0 : Date.now() - 18_000,
  cells: [
    { sent: true, code: 200, late: null },
    { sent: code !== 0, code: code === 0 ? null : 202, late: code >= 1000 ? code : null },
  ],
  late: [],
})

/** A fan-out of `count` devices: every tenth failed with 1405, every eleventh still waits. */
export function fan(id: string, count: number, state: FanoutRow['state'] = 'running'): { row: FanoutRow; matrix: Omit<FanoutMatrix, 'fanout'> } {
  const devices = Array.from({ length: count }, (_, n) => outcome(n, n % 10 === 3 ? 1405 : n % 11 === 5 ? 0 : 1200))
  const row: FanoutRow = {
    id,
    gateway: GW,
    createdAt: Date.now() - 25_000,
    style: "Y'",
    state,
    result: 0,
    reason: '',
    devices: devices.map(({ deviceId, code }) => ({ deviceId, code, text: '' })),
    summary: null,
    seq: 0,
  }
  const commands = [
    { label: '1', kind: 'Add', locUri: './SCOMO/Download/antivir' },
    { label: '2', kind: 'Exec', locUri: './SCOMO/Download/antivir/Operations/DownloadInstall' },
  ]
  return { row, matrix: { commands, devices, startedAt: Date.now() - 22_000, endsAt: Date.now() + 200_000, image: 'PKG1', source: 'gateway' } }
}

const step = (label: StoryStep['label'], state: StoryStep['state'], text: string): StoryStep => ({
  label,
  title: `What ${label} is`,
  state,
  proof: state === 'done' ? { seq: 2, at: Date.now() - 50_000, text } : null,
  text,
})

/** The lab; its gateway has `devices` devices, its newest fan-out as many. */
export function gatewayLab(devices = 8): FakeLab {
  const lab = createFakeLab()
  const session = lab.session('urn:example:dev-0', '1', 'completed')
  lab.add({ kind: 'event', text: 'lab started', device: '' })
  lab.add({ kind: 'event', text: 'gateway.attached: urn:example:dev-0 is registered with the gateway in proxy mode', device: 'urn:example:dev-0' })
  lab.add({ hop: 'S-G', direction: 'down', device: GW, session, sessionId: '1', commands: ['Sequence'] })
  const rows = Array.from({ length: devices }, (_, n) => known(n))
  rows[1] = known(1, { findings: [{ severity: 'error', text: 'address differs', clause: 'S4 X.3', seq: 2 }] })
  rows[2] = known(2, { findings: [{ severity: 'note', text: 'no session seen', clause: 'INFERRED', seq: 0 }] })
  const { gateways } = lab
  gateways.gateways.push({ id: GW, address: 'http://10.0.0.2:8080/gw/push', own: true, devices, lastAt: Date.now() })
  gateways.relations.push(...rows.flatMap(({ server }) => server ?? []))
  gateways.inventories.set(GW, rows)
  for (const [id, count] of [
    ['f1', 3],
    ['f2', devices],
  ] as const) {
    const { row, matrix } = fan(id, count, id === 'f1' ? 'done' : 'running')
    gateways.fanouts.unshift(row)
    gateways.matrices.set(id, matrix)
  }
  const image: ImageRow = {
    gateway: GW,
    imageId: 'PKG1',
    state: 'ready',
    url: 'http://10.0.0.2:8080/gw/image/PKG1',
    size: 4363,
    expiresAt: Date.now() + 300_000,
    reason: '',
  }
  gateways.images.push(image)
  gateways.cards.set('PKG1', {
    life: 600,
    digest: `sha-256:${'ab'.repeat(32)}`,
    fetched: [{ device: 'urn:example:dev-0', at: Date.now() - 5000 }],
    source: 'gateway',
  })
  gateways.stories.set(GW, [
    {
      deviceId: 'urn:example:dev-9',
      gateway: GW,
      steps: [
        step('M.1', 'done', 'authenticated'),
        step('M.2', 'left out', 'none was sent'),
        step('M.3', 'done', 'its session'),
        step('M.4', 'waiting', 'follows'),
      ],
    },
  ])
  lab.peers.peers.push(
    peerRow({ id: 'p1', name: 'cellar', gateway: 'urn:example:gateway-2', rows: 41, offsetMs: 90_000, roundTripMs: 2, attachedAt: Date.now() }),
  )
  return lab
}
