// A real lab in this process on free loopback ports and a workspace of its own, and peers that talk to it over real sockets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TraceRow } from '../../core/api.ts'
import { LAB_ACCOUNT, makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import { runClient } from '../../core/lab/runner.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { startLab } from '../../core/node/main.ts'
import type { LabOptions, RunningLab } from '../../core/node/main.ts'
import { readPage } from '../../core/page.ts'
import { PATIENCE } from './patience.ts'

/** A lab under test. */
export interface RealLab extends RunningLab {
  readonly workspace: string
  /** All rows there are. */
  rows(): Promise<TraceRow[]>
  /** Asks until `good` holds of the rows; rejects after half a minute with what there was. */
  until(good: (rows: TraceRow[]) => boolean): Promise<TraceRow[]>
  /** Stops the lab, keeps the workspace. */
  stop(): Promise<void>
  /** Stops the lab and removes the workspace. */
  end(): Promise<void>
}

/** Starts a lab; `workspace` reopens an earlier one. */
export async function realLab(options: Partial<LabOptions> = {}): Promise<RealLab> {
  const workspace = options.workspace ?? join(mkdtempSync(join(tmpdir(), 'dm-lab-lab-')), 'workspace')
  const lab = await startLab({ host: '127.0.0.1', dmPort: 0, uiPort: null, ...options, workspace })
  const rows = async (): Promise<TraceRow[]> => {
    const all: TraceRow[] = []
    for (;;) {
      const page = readPage(await lab.api.trace.rows(all.length + 1, 5000))
      if (page.length === 0) return all
      all.push(...page)
    }
  }
  return {
    ...lab,
    workspace,
    rows,
    until: async (good) => {
      for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
        const all = await rows()
        if (good(all)) return all
        if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(all, null, 1)}`)
      }
    },
    end: async () => {
      await lab.stop()
      rmSync(join(workspace, '..'), { recursive: true, force: true })
    },
  }
}

const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }

/** A simulated device for this lab, with the lab's own account unless told otherwise. */
export function deviceOf(lab: RunningLab, setup: Partial<ClientSetup> = {}): Client {
  return makeClient(
    { id: 'IMEI:004999010640000', serverUri: lab.ready.dm, ...LAB_ACCOUNT, auth: 'syncml:auth-basic', encoding: 'xml', ...setup },
    env,
  )
}

/** Holds one session. */
export async function session(client: Client, initiated: 'client' | 'server' = 'client', sessionId?: string): Promise<SessionOutcome> {
  const out = poster({ timeoutMs: 20_000 })
  try {
    return await runClient(
      { machine: client.machine, post: out.post, clock: processClock(), save: (record) => client.remember(record) },
      { type: 'start', initiated, ...(sessionId === undefined ? {} : { sessionId }) },
    )
  } finally {
    out.close()
  }
}

/** A Package #1 as text, Basic credentials of the lab's account; `extra` is put before Final. */
export function packageOne(fields: { session?: string; msgId?: string; device?: string; cred?: string; extra?: string } = {}): string {
  const { session: id = '1', msgId = '1', device = 'IMEI:1', cred = btoa('lab:lab'), extra = '' } = fields
  return (
    `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${id}</SessionID><MsgID>${msgId}</MsgID>` +
    `<Target><LocURI>http://127.0.0.1/dm</LocURI></Target><Source><LocURI>${device}</LocURI><LocName>lab</LocName></Source>` +
    `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>${cred}</Data></Cred></SyncHdr>` +
    `<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source>` +
    `<Data>${device}</Data></Item></Replace>${extra}<Final/></SyncBody></SyncML>`
  )
}

/** Posts a body and gives status and text back. */
export async function postBody(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  type = 'application/vnd.syncml.dm+xml',
): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body })
  return { status: answer.status, text: await answer.text() }
}
