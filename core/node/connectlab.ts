// Areas adb and connect of one lab: what they need of the lab's ports, sessions, devices and documents, put together.
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import type { AdbLogFact, LabApi, LabEventName, LabEvents, ModemState, PathProof, SessionRow } from '../api.ts'
import { Connect } from '../lab/connect.ts'
import type { Clock } from '../lab/ports.ts'
import type { Note } from '../machine.ts'
import { adbPort, labAdb } from './adb.ts'
import type { AdbPages } from './adbpage.ts'
import type { WantedPort } from './adbdesk.ts'
import type { DmHttp } from './facing.ts'
import { portHolder } from './holder.ts'
import { addressesOf, ownNetworks } from './networks.ts'
import type { Docs } from '../store/docs.ts'

export interface LabConnectParts {
  readonly clock: Clock
  readonly docs: Docs
  /** What is put into documents is to be made durable. */
  readonly commit: () => void
  /** Address the device-facing ports are bound to. */
  readonly host: string
  /** Port of the adb server; absent: the one chosen last, else what the environment says, else 5037. */
  readonly adbPort?: number | undefined
  readonly servers: () => { readonly http: DmHttp | null; readonly https: DmHttp | null }
  /** URL of the gateway's face to devices; '' where the lab plays none. */
  readonly gateway: () => string
  readonly sessions: () => readonly SessionRow[]
  readonly frame: (seq: number) => { readonly remote: string } | undefined
  /** Last row of the trace at the start. */
  readonly startedAfter: number
  readonly simulated: (device: string) => boolean
  readonly devices: () => readonly string[]
  /** null: this lab has no modems. */
  readonly modem: (() => Promise<ModemState>) | null
  /** A happening for the trace. */
  readonly happened: (note: Note) => void
  /** Paths that devices' browsers proved, newest first. */
  readonly paths: () => readonly PathProof[]
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
}

export interface LabConnect {
  readonly areas: Pick<LabApi, 'adb' | 'connect'>
  readonly handle: AdbPages['handle']
  /** Devices of the adb server for the gateway's adapter. */
  readonly android: AndroidLine
  /** Sessions moved. */
  sessions(changed: readonly SessionRow[]): void
  /** Something that a tile shows moved elsewhere. */
  moved(): void
  stop(): Promise<void>
}

const LOOPBACK = /^(localhost$|127\.|::1$|\[::1\]$)/
const WILD = /^(0\.0\.0\.0|::|\[::\]|)$/
const CHOSEN = { kind: 'adb', id: 'server' } as const

/** Makes both areas. */
export function labConnect(parts: LabConnectParts): LabConnect {
  const { clock, docs } = parts
  const chosen = docs.get(CHOSEN.kind, CHOSEN.id) as { readonly port?: number } | undefined
  const opened = (): readonly WantedPort[] => {
    const { http, https } = parts.servers()
    const gateway = parts.gateway()
    const own = gateway === '' ? 0 : Number(new URL(gateway).port)
    return [
      ...(http === null ? [] : [{ port: http.port, role: 'dm, download' }]),
      ...(https === null ? [] : [{ port: https.port, role: 'dms' }]),
      ...(own === 0 || own === http?.port ? [] : [{ port: own, role: 'gateway' }]),
    ]
  }
  // The adb server's end of a tunnel is 127.0.0.1: a lab bound to another address is not there.
  const ends = LOOPBACK.test(parts.host) || WILD.test(parts.host)
  const adb = labAdb({
    clock,
    port: parts.adbPort ?? chosen?.port ?? adbPort(),
    ports: () => (ends ? opened() : []),
    base: () => parts.servers().http?.url ?? '',
    devices: parts.devices,
    tell: (fact) => {
      parts.tell('adb', fact)
      connect.moved()
    },
    happened: parts.happened,
    lines: (fact: AdbLogFact) => parts.tell('adblog', fact),
    moved: (port) => {
      docs.put(CHOSEN.kind, CHOSEN.id, { port })
      parts.commit()
    },
  })
  const connect: Connect = new Connect({
    clock,
    adb: () => adb.area.state(),
    adbNow: () => adb.now(),
    modem: parts.modem,
    networks: ownNetworks,
    listening: () => {
      const { http, https } = parts.servers()
      return [http, https].flatMap((server) => (server === null ? [] : [`${server.url}/dm`]))
    },
    ports: () => opened().map(({ port }) => port),
    loopbackOnly: () => LOOPBACK.test(parts.host),
    sessions: parts.sessions,
    startedAfter: () => parts.startedAfter,
    remote: (seq) => parts.frame(seq)?.remote,
    simulated: parts.simulated,
    paths: parts.paths,
    resolve: addressesOf,
    holder: portHolder,
    tell: (state) => parts.tell('connect', state),
  })
  return {
    areas: { adb: adb.area, connect: connect.area },
    handle: adb.handle,
    android: adb.line,
    sessions: (changed) => connect.sessions(changed),
    moved: () => connect.moved(),
    stop: async () => {
      connect.stop()
      await adb.stop()
    },
  }
}
