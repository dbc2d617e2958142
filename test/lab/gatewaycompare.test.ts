// Server, gateway and reality side by side: where they do not agree or a rule of the mode is broken there is a finding with the row that shows it, and nowhere else.
import { describe, expect, it } from 'vitest'
import type { GatewayRecordRow, Proof, RelationRow } from '../../core/api.ts'
import { inventoryRow, type Known } from '../../core/lab/gatewaycompare.ts'
import { markOf } from '../../core/lab/landmarks.ts'

const ID = 'urn:example:dev-1'
const GW = 'urn:example:gw-1'
const proof = (seq: number, at: number): Proof => ({ seq, at, text: `row ${String(seq)}` })
const server = (change: Partial<RelationRow> = {}): RelationRow => ({
  deviceId: ID,
  gateway: GW,
  gatewayAddress: 'http://gw/push',
  localId: 'dev-1',
  address: 'udp://10.0.0.1:2948',
  mode: 'proxy',
  attached: true,
  at: 100,
  flow: 'Y',
  to: 'http://gw/push',
  ...change,
})
const record = (change: Partial<GatewayRecordRow> = {}): GatewayRecordRow => ({
  localId: 'dev-1',
  deviceId: ID,
  mode: 'proxy',
  address: 'udp://10.0.0.1:2948',
  addressType: 'URI',
  state: 30,
  lastSeen: 200,
  protocol: '',
  devInfo: {},
  servers: [],
  reportState: 20,
  ...change,
})
const marks = { attached: proof(3, 100), stored: proof(5, 110) }
const known = (change: Partial<Known> = {}): Known => ({
  deviceId: ID,
  gateway: GW,
  server: server(),
  record: record(),
  elsewhere: '',
  seen: true,
  withGateway: proof(9, 300),
  withServer: null,
  managed: null,
  marks,
  ...change,
})
const told = (change: Partial<Known>): string[] =>
  inventoryRow(known(change)).findings.map(({ severity, text, clause, seq }) => `${severity} ${text} | ${clause} #${String(seq)}`)

describe('agreement', () => {
  it('a proxy device that all three know the same of has no finding; its proofs are registration, relation and session', () => {
    const row = inventoryRow(known())
    expect(row.findings).toEqual([])
    expect(row.proofs.map(({ seq }) => seq)).toEqual([3, 5, 9])
    expect(row.mode).toBe('proxy')
  })
  it.each<[string, Partial<Known>, string]>([
    ['the server does not know it', { server: null }, 'warn registered at the gateway, unknown to the server (report acknowledged) | S4 X.2 #3'],
    [
      'its report was refused',
      { server: null, record: record({ reportState: 30 }) },
      'error registered at the gateway, unknown to the server (report refused) | S4 X.2 #3',
    ],
    [
      'it moved',
      { server: null, elsewhere: 'urn:example:gw-2' },
      'error it moved: registered here still, and the server has it behind urn:example:gw-2 | S4 X.3 #5',
    ],
    ['the gateway has no record', { record: null }, 'error the server has it behind this gateway, whose inventory has no record of it | S4 X.3 #5'],
    ['the gateway has it detached', { record: record({ state: 40 }) }, 'error the server has it attached, the gateway has it detached | S4 X.3 #5'],
    [
      'the server has it detached',
      { server: server({ attached: false }) },
      'warn registered at the gateway, detached at the server (report acknowledged) | S4 X.2 #3',
    ],
    [
      'the identifiers differ',
      { server: server({ localId: 'dev-2' }) },
      'error local identifier dev-2 at the server, dev-1 at the gateway | S4 X.3 #5',
    ],
    [
      'the addresses differ',
      { record: record({ address: 'udp://10.0.0.2:2948', reportState: 10 }) },
      'warn address udp://10.0.0.1:2948 at the server, udp://10.0.0.2:2948 at the gateway (report queued) | S4 X.3 #5',
    ],
    [
      'nobody knows it, and it speaks',
      { server: null, record: null },
      'warn it speaks with the gateway, and neither inventory nor server know it | S4 X.1 #9',
    ],
  ])('%s', (_, change, finding) => {
    expect(told(change)).toEqual([finding])
  })
  it('the modes differ', () => {
    expect(told({ record: record({ mode: 'adaptation' }) })).toEqual(['error mode proxy at the server, adaptation at the gateway | S4 X.3 #5'])
  })
  it('of a foreign gateway nothing is said that would need its inventory', () => {
    expect(told({ seen: false, record: null })).toEqual([])
  })
})

describe('rules of the modes', () => {
  it('a proxy or adaptation device that speaks with the server itself, after it was registered, broke them; before, it did not', () => {
    expect(told({ withServer: proof(20, 500) })).toEqual([
      'error it spoke with the DM Server itself, past the gateway that serves it in proxy mode | S4 7.2.3 #20',
    ])
    expect(told({ withServer: proof(1, 50) })).toEqual([])
    const adapted = { server: server({ mode: 'adaptation' }), record: record({ mode: 'adaptation' }) } as const
    expect(told({ ...adapted, withGateway: null })).toEqual([])
    expect(told(adapted)).toEqual(['error it held a SyncML session with the gateway that serves it by another protocol | S4 7.2.3 #9'])
  })
  it('a transparent device that the gateway manages broke them; one that was not seen yet rests on what was told, INFERRED', () => {
    const transparent = { server: server({ mode: 'transparent' }), record: record({ mode: 'transparent' }) } as const
    expect(told({ ...transparent, withServer: proof(20, 500) })).toEqual([])
    expect(told({ ...transparent, managed: proof(30, 600) })).toEqual([
      'error the gateway manages it in a session of its own, which a transparent gateway is no party to | S4 7.2.5 #30',
    ])
    expect(told({ ...transparent, withServer: null })).toEqual([
      'note no session of it with the DM Server was seen yet: its mode rests on what the gateway told | INFERRED #5',
    ])
  })
})

describe('landmarks', () => {
  const event = (text: string, device = ID) => markOf({ kind: 'event', text, hop: 'S-D', direction: 'up', device })
  it('are named events, bootstraps by leg, and the account that M.4 gives, told with the device or by its sentence alone', () => {
    expect(event('gateway.attached: it is registered')).toBe('attached')
    expect(event('gateway.detached: it is gone')).toBe('detached')
    expect(event('server.relation: it is behind it')).toBe('stored')
    expect(event('something else: no')).toBeNull()
    expect(event(`${ID} was authenticated and gets its account (M.4)`, '')).toBe('byGateway')
    expect(event('gateway.attached: it is registered', '')).toBeNull()
    const push = (hop: 'S-D' | 'G-D') => markOf({ kind: 'push', text: 'bootstrap (DM profile)', hop, direction: 'down', device: ID })
    expect([push('S-D'), push('G-D')]).toEqual(['byServer', 'byGateway'])
  })
})
