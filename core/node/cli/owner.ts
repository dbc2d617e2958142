// Commands that write go to the process that owns the workspace: its local API, with the token it left there.
import { existsSync } from 'node:fs'
import { wordsOf } from '../../syncml/text.ts'
import { readApi } from '../workspace.ts'
import { Failure, refuse } from './output.ts'

/** Posts JSON to a path of the owner's API and gives its answer. Rejects with Failure: 2 where nobody owns the workspace, 1 where the lab refused. */
export async function askOwner(workspace: string, path: string, body: object): Promise<Record<string, unknown>> {
  if (!existsSync(workspace)) refuse(`${workspace}: no such folder`)
  const api = readApi(workspace)
  if (api === null) return refuse(`${workspace}: no lab runs on this workspace (dmlab serve --workspace ${workspace})`)
  let answer: Response
  try {
    answer = await fetch(new URL(path, api.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${api.token}` },
      body: JSON.stringify(body),
    })
  } catch (error) {
    throw new Failure(1, `the lab of ${workspace} does not answer at ${api.url}: ${wordsOf(error)}`)
  }
  const value = (await answer.json()) as Record<string, unknown> & { error?: { message?: string } }
  if (!answer.ok) throw new Failure(1, value.error?.message ?? `the lab answered ${String(answer.status)}`)
  return value
}
