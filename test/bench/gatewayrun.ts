// Many simulated devices behind one gateway of another process: they register, get a fan-out, and every status is counted. Tells the numbers over IPC.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FanoutRow, RelationRow } from '../../core/api.ts'
import { behind } from '../../core/node/cli/behind.ts'
import type { Behind } from '../../core/node/cli/behind.ts'
import { poster } from '../../core/node/client.ts'
import { GATEWAY_ACCOUNT, GATEWAY_ID } from '../../core/node/gateway.ts'
import { randomSource } from '../../core/node/random.ts'
import { labProcess } from '../node/gatewayprocess.ts'

const count = Number(process.argv[2] ?? '100')
const AT_ONCE = 64
const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-gateway-'))
const lab = await labProcess({ workspace: join(folder, 'ws'), gateway: {}, limits: { connections: 4096 } })
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const env = { now: () => Date.now(), random: randomSource() }
const out = poster({ timeoutMs: 120_000 })
const devices: Behind[] = []
let messages = 0
let connected = 0
let most = 0

async function until(good: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 600_000; !(await good()); await pause(50))
    if (performance.now() > end) throw new Error(`${what}: not within ten minutes`)
}

async function device(n: number): Promise<void> {
  /** A session is open from its first message to the answer that ends it; a device holds one at a time. */
  let open = false
  const made: Behind = await behind({
    setup: {
      id: `urn:x:fleet:${String(n).padStart(5, '0')}`,
      mode: 'proxy',
      gateway: { uri: lab.ready.gateway ?? '', serverId: GATEWAY_ACCOUNT.serverId, serverPassword: GATEWAY_ACCOUNT.serverPassword },
      server: null,
      user: 'lab',
      password: 'lab',
      auth: 'syncml:auth-md5',
      encoding: 'wbxml',
      mo: [],
    },
    env,
    post: (frame) => {
      messages += 2
      if (!open) most = Math.max(most, (connected += 1))
      open = true
      return out.post(frame)
    },
    push: { host: '127.0.0.1', port: 0 },
    state: undefined,
    keep: () => {},
    told: () => {
      if (open) connected -= 1
      open = false
    },
    refused: () => {},
  })
  devices.push(made)
  for (let tries = 0; ; tries += 1) {
    const { outcome, reason } = await made.register()
    if (outcome === 'completed') return
    if (tries > 5) throw new Error(`device ${String(n)} cannot register: ${reason ?? ''}`)
  }
}

try {
  const before = await lab.ask<number>('memory')
  const began = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await device(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
  await until(async () => (await lab.ask<RelationRow[]>('gateways.relations')).length === count, 'relations')
  const registration = (performance.now() - began) / 1000
  messages = most = 0
  const started = performance.now()
  const { id } = await lab.ask<FanoutRow>('gateways.fanout', {
    gateway: GATEWAY_ID,
    all: true,
    timeout: 600,
    commands: [
      { kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'for all' },
      { kind: 'Get', locUri: './DevDetail/FwV' },
    ],
  })
  const row = async (): Promise<FanoutRow | undefined> => (await lab.ask<FanoutRow[]>('gateways.fanouts')).find((each) => each.id === id)
  await until(async () => ((await row())?.result ?? 0) > 0, 'the fan-out')
  const fanout = (performance.now() - started) / 1000
  const ended = await row()
  const good = new Set((ended?.devices ?? []).filter(({ code }) => code === 200).map(({ deviceId }) => deviceId))
  const performed = devices.filter(
    ({ living }) => living.client.device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value === 'for all',
  ).length
  const bytes = (await lab.ask<number>('memory')) - before
  process.send?.({ count, done: Math.min(good.size, performed), most, registration, fanout, messages, bytes })
} finally {
  await Promise.all(devices.map((each) => each.off()))
  out.close()
  await lab.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
