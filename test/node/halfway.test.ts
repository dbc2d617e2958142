// A lab that comes only half way gives back what it has taken: its ports, its devices, its workspace.
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { startLab } from '../../core/node/main.ts'

async function freeUdp(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

it('its window or its door cannot open: the LwM2M port of its gateway and its devices are free for the next try', { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dm-half-'))
  const base = { host: '127.0.0.1', dmPort: 0, uiPort: 0 }
  const first = await startLab({ ...base, workspace: join(dir, 'first') })
  const taken = Number(new URL(first.ready.ui ?? '').port)
  const second = { ...base, workspace: join(dir, 'second'), gateway: { lwm2m: await freeUdp() } }
  try {
    // A simulated device of an earlier life, which comes back with the workspace.
    const before = await startLab(second)
    const { id } = await before.api.devices.simulate({ mo: ['scomo'] })
    await vi.waitFor(async () => expect((await before.api.devices.list())[0]?.activity).toContain('completed'), 20_000)
    await before.stop()
    await expect(startLab({ ...second, uiPort: taken })).rejects.toThrow(`:${taken}: the port is taken`)
    const door = Number(new URL(first.ready.dm).port)
    await expect(startLab({ ...second, dmPort: door })).rejects.toThrow(`:${door}: the port is taken`)
    const next = await startLab(second)
    expect(next.ready.lwm2m).toBe(`coap://127.0.0.1:${second.gateway.lwm2m}`)
    expect((await next.api.devices.list()).filter((device) => device.simulated).map((device) => device.id)).toEqual([id])
    await next.stop()
  } finally {
    await first.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})
