// A real lab on free ports with a simulated device, for the stories about trees.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabApi, OrderRow, QueuedCommand } from '../../core/api.ts'
import { startLab } from '../../core/node/main.ts'
import type { RunningLab } from '../../core/node/main.ts'
import { PATIENCE } from '../support/patience.ts'

export interface TreeLab {
  readonly api: LabApi
  readonly lab: RunningLab
  readonly workspace: string
  /** Lets the device hold one session and waits for its end; gives the session's key. */
  session(id?: string): Promise<{ readonly id: string; readonly session: number }>
  /** Sends a cart, lets the device come, and gives what came of it. */
  send(id: string, commands: readonly QueuedCommand[], mode?: 'single' | 'atomic' | 'sequence'): Promise<OrderRow>
  stop(keep?: boolean): Promise<void>
}

/** Asks until there is an answer other than undefined; five seconds at the most. */
export async function until<T>(ask: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const value = await ask()
    if (value !== undefined) return value
    if (performance.now() > end) throw new Error(`still not so: ${what}`)
  }
}

export async function treeLab(workspace = mkdtempSync(join(tmpdir(), 'trees-'))): Promise<TreeLab> {
  const lab = await startLab({ workspace, host: '127.0.0.1', dmPort: 0, uiPort: null })
  const { api } = lab
  const session: TreeLab['session'] = async (wanted) => {
    const before = (await api.trace.sessions())[0]?.session ?? 0
    const id = await until(async () => {
      try {
        return (await api.devices.simulate(wanted === undefined ? {} : { id: wanted })).id
      } catch (error) {
        // The device still reads its last answer.
        if (/in a session already/.test(String(error))) return undefined
        throw error
      }
    }, 'the device is free')
    const row = await until(
      async () => (await api.trace.sessions()).find((each) => each.session > before && each.state !== 'open'),
      'the session is over',
    )
    return { id, session: row.session }
  }
  return {
    api,
    lab,
    workspace,
    session,
    send: async (id, commands, mode = 'single') => {
      const { order } = await api.tree.send(id, { mode, commands, when: 'next session' })
      await session(id)
      return api.tree.order(order)
    },
    stop: async (keep = false) => {
      await lab.stop()
      if (!keep) rmSync(workspace, { recursive: true, force: true })
    },
  }
}
