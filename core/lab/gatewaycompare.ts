// Server, gateway and reality side by side: what proves a device's mode, and where they do not agree or a rule of the mode was broken (S4 X.1-X.3, Y, Z).
import type { GatewayRecordRow, InventoryFinding, InventoryRow, Proof, RelationRow } from '../api.ts'
import { stateWords } from '../mo/gwmo.ts'
import type { Landmarks } from './landmarks.ts'

/** What is known of one device. */
export interface Known {
  readonly deviceId: string
  readonly gateway: string
  readonly server: RelationRow | null
  readonly record: GatewayRecordRow | null
  /** The gateway that the server has it behind, where that is another one; '' none. */
  readonly elsewhere: string
  /** The gateway's inventory can be seen. */
  readonly seen: boolean
  readonly withGateway: Proof | null
  readonly withServer: Proof | null
  /** A management command that the gateway sent this device in a session of its own. */
  readonly managed: Proof | null
  readonly marks: Landmarks
}

export function inventoryRow(known: Known): InventoryRow {
  const { deviceId, gateway, server, record, withGateway, withServer } = known
  const mode = server?.mode ?? record?.mode ?? ''
  return {
    deviceId,
    gateway,
    mode,
    server,
    record,
    withGateway,
    withServer,
    proofs: proofs(known, mode),
    findings: [...agreement(known), ...rules(known, mode)],
  }
}

function proofs({ marks, withGateway, withServer }: Known, mode: InventoryRow['mode']): Proof[] {
  const session = mode === 'transparent' ? withServer : mode === 'proxy' ? withGateway : (marks.adapted ?? null)
  return [marks.attached, marks.stored, session].filter((proof): proof is Proof => proof != null).sort((a, b) => a.at - b.at)
}

/** The relation of X.3 against the record of X.1 and X.2. */
function agreement({ server, record, seen, elsewhere, marks, withGateway }: Known): InventoryFinding[] {
  const found: InventoryFinding[] = []
  const say = (severity: InventoryFinding['severity'], text: string, clause: string, proof?: Proof | null): void =>
    void found.push({ severity, text, clause, seq: proof?.seq ?? 0 })
  if (!seen) return found
  if (server === null && record !== null && record.state === 30 && elsewhere !== '')
    say('error', `it moved: registered here still, and the server has it behind ${elsewhere}`, 'S4 X.3', marks.stored)
  else if (server === null && record !== null && record.state === 30)
    say(record.reportState === 30 ? 'error' : 'warn', `registered at the gateway, unknown to the server${reported(record)}`, 'S4 X.2', marks.attached)
  if (server !== null && server.attached && (record === null || record.state === 40))
    say(
      'error',
      record === null
        ? 'the server has it behind this gateway, whose inventory has no record of it'
        : 'the server has it attached, the gateway has it detached',
      'S4 X.3',
      marks.stored,
    )
  if (server === null || record === null) {
    if (server === null && record === null && withGateway !== null)
      say('warn', 'it speaks with the gateway, and neither inventory nor server know it', 'S4 X.1', withGateway)
    return found
  }
  if (!server.attached && record.state === 30)
    say('warn', `registered at the gateway, detached at the server${reported(record)}`, 'S4 X.2', marks.attached)
  if (!server.attached || record.state === 40) return found
  if (server.mode !== record.mode) say('error', `mode ${server.mode} at the server, ${record.mode} at the gateway`, 'S4 X.3', marks.stored)
  if (server.localId !== '' && server.localId !== record.localId)
    say('error', `local identifier ${server.localId} at the server, ${record.localId} at the gateway`, 'S4 X.3', marks.stored)
  if (server.address !== '' && server.address !== record.address)
    say('warn', `address ${server.address} at the server, ${record.address} at the gateway${reported(record)}`, 'S4 X.3', marks.stored)
  return found
}

const reported = ({ reportState }: GatewayRecordRow): string => (reportState === 0 ? '' : ` (${stateWords('report', reportState)})`)

/** Rules of the modes, from what happened after the device was registered. */
function rules({ record, server, withGateway, withServer, managed, marks }: Known, mode: InventoryRow['mode']): InventoryFinding[] {
  const since = marks.attached?.at ?? server?.at ?? 0
  const attached = server?.attached ?? record?.state === 30
  if (!attached || mode === '') return []
  const after = (proof: Proof | null): proof is Proof => proof !== null && proof.at > since
  const finding = (severity: InventoryFinding['severity'], text: string, clause: string, proof: Proof): InventoryFinding => ({
    severity,
    text,
    clause,
    seq: proof.seq,
  })
  if (mode === 'transparent') {
    if (managed !== null)
      return [finding('error', 'the gateway manages it in a session of its own, which a transparent gateway is no party to', 'S4 7.2.5', managed)]
    return withServer === null
      ? [
          {
            severity: 'note',
            text: 'no session of it with the DM Server was seen yet: its mode rests on what the gateway told',
            clause: 'INFERRED',
            seq: marks.stored?.seq ?? 0,
          },
        ]
      : []
  }
  const found: InventoryFinding[] = []
  if (after(withServer))
    found.push(finding('error', `it spoke with the DM Server itself, past the gateway that serves it in ${mode} mode`, 'S4 7.2.3', withServer))
  if (mode === 'adaptation' && after(withGateway))
    found.push(finding('error', 'it held a SyncML session with the gateway that serves it by another protocol', 'S4 7.2.3', withGateway))
  if (mode === 'proxy' && withGateway === null)
    found.push({
      severity: 'note',
      text: 'no session of it with the gateway was seen here: its mode rests on what the gateway told',
      clause: 'INFERRED',
      seq: marks.stored?.seq ?? 0,
    })
  return found
}
