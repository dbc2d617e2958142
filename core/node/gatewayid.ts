// The name a gateway has towards its DM Server: one of its own for each workspace, kept there, so that two gateways of one server are never taken for one.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How ids of our gateways begin. */
export const GATEWAY_IDS = 'urn:x-dm-lab:gateway:'
/** Of the one that plays beside its server, in one lab. */
export const GATEWAY_ID = `${GATEWAY_IDS}1`

/** The id kept in a workspace; made where there is none. A gateway that is known by the common one from before keeps it. */
export function keptGatewayId(workspace: string): string {
  const folder = join(workspace, 'gateway')
  const file = join(folder, 'id')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const id = existsSync(join(folder, 'gateway.db')) ? GATEWAY_ID : `${GATEWAY_IDS}${randomBytes(4).toString('hex')}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${id}\n`, { mode: 0o600 })
  return id
}
