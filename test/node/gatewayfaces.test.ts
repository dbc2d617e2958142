// Both faces of a gateway over real sockets: sessions with a foreign DM Server are in the gateway's own trace; devices are judged by their connection and told addresses of the way they came.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runClient } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ACCOUNT, GATEWAY_ID } from '../../core/node/gateway.ts'
import { needsSqlite } from '../store/memory.ts'
import { deviceOf, packageOne, realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { ed, fleetDevice, until } from './gatewayrig.ts'

const open: (() => unknown)[] = []
beforeEach((context) => needsSqlite(context))
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
async function started(options: Parameters<typeof realLab>[0]): Promise<RealLab> {
  const lab = await realLab(options)
  open.push(() => lab.end())
  return lab
}

test('sessions with a foreign server are rows of the gateway, message for message, with the session they belong to', async () => {
  const server = await started({})
  const lab = await started({ gateway: { server: server.ready.dm, encoding: 'wbxml' } })
  const device = await fleetDevice(1, { gateway: lab.ready.gateway ?? '' })
  open.push(() => device.end())
  await device.register()
  await until(async () => (await server.api.gateways.relations()).length === 1)
  const north = (rows: Awaited<ReturnType<RealLab['rows']>>): string[] =>
    rows
      .filter(({ kind, hop }) => kind === 'message' && hop === 'S-G')
      .map((row) => `${row.direction} ${row.sessionId}/${row.msgId} ${row.package} ${String(row.size)}`)
  const sessions = async () => (await lab.api.trace.sessions()).filter(({ device: who }) => who === GATEWAY_ID)
  await until(async () => (await sessions())[0]?.state === 'completed', sessions)
  expect(await sessions()).toHaveLength(1)
  const ours = north(await lab.rows())
  expect(ours.length).toBeGreaterThanOrEqual(4)
  expect(ours).toEqual(north(await server.until((rows) => north(rows).length >= ours.length)))
  const [row] = (await lab.rows()).filter(({ hop, kind }) => hop === 'S-G' && kind === 'message')
  const { bytes, startLine } = await lab.api.trace.frame(row?.seq ?? 0)
  expect([startLine, bytes[0]]).toEqual([`POST ${new URL(server.ready.dm).pathname} HTTP/1.1`, 0x02])
})

test.each([
  ['no secret was agreed: obeyed', {}, 'completed'],
  ['it does not know the secret: refused', { serverPassword: 'agreed' }, 'failed'],
])('a foreign server that proves nothing; %s', async (_, role, outcome) => {
  const server = await started({ server: { serverPassword: 'another' } })
  const lab = await started({ gateway: { server: server.ready.dm, ...role } })
  const device = await fleetDevice(1, { gateway: lab.ready.gateway ?? '' })
  open.push(() => device.end())
  await device.register()
  const ended = async () => (await lab.api.trace.sessions()).filter(({ device: who, state }) => who === GATEWAY_ID && state !== 'open')
  await until(async () => (await ended()).length > 0, ended)
  expect((await ended())[0]).toMatchObject({ state: outcome })
  expect(await server.api.gateways.relations()).toHaveLength(1)
})

test('a device that comes to the gateway by HTTPS is told HTTPS addresses; without the certificate that is wanted it is refused, and a row says so', async () => {
  const lab = await started({ tlsPort: 0, tlsMust: true, gateway: {} })
  const https = (lab.ready.dms ?? '').replace(/\/dm$/, '/gw')
  const ca = new TextDecoder().decode((await lab.api.trust.authority('pem')).bytes)
  const account = { serverId: GATEWAY_ACCOUNT.serverId, serverPassword: GATEWAY_ACCOUNT.serverPassword }
  const session = async (id: string): Promise<unknown> => {
    const out = poster({ timeoutMs: 10_000, ca })
    const client = deviceOf(lab, { id, serverUri: https, auth: 'syncml:auth-md5', ...account })
    try {
      const parts = { machine: client.machine, post: out.post, clock: processClock() }
      return await runClient({ ...parts, save: (record) => client.remember(record) }, { type: 'start', initiated: 'client' })
    } finally {
      out.close()
    }
  }
  expect(await session(ed(1))).toMatchObject({ outcome: 'completed', authentication: 'ok' })
  const rows = await lab.until((all) => all.some(({ hop, direction, device }) => hop === 'G-D' && direction === 'down' && device === ed(1)))
  const answer = rows.find(({ hop, direction }) => hop === 'G-D' && direction === 'down')
  expect(new TextDecoder().decode((await lab.api.trace.frame(answer?.seq ?? 0)).bytes)).toContain(`<RespURI>${https}?`)
  expect((await lab.api.gateways.inside())?.records.map(({ deviceId }) => deviceId)).toEqual([ed(1)])
  await lab.api.trust.settings({ clientCertificates: 'required' })
  expect(await session(ed(2))).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('showed no certificate') })
  expect((await lab.api.gateways.inside())?.records.map(({ deviceId }) => deviceId)).toEqual([ed(1)])
  await lab.until((all) => all.some(({ device, httpStatus }) => device === ed(2) && httpStatus === 403))
})

test('the address that devices are told is the one chosen for them', async () => {
  const lab = await started({ gateway: {}, advertise: 'http://gateway.example:8090' })
  const body = packageOne({ device: ed(1), session: 'A' })
  const port = new URL((await lab.api.addresses.list()).candidates.find(({ kind }) => kind === 'loopback')?.http ?? '').port
  const answer = await fetch(`http://127.0.0.1:${port}/gw`, { method: 'POST', headers: { 'Content-Type': 'application/vnd.syncml.dm+xml' }, body })
  expect(await answer.text()).toContain('<RespURI>http://gateway.example:8090/gw?')
})
