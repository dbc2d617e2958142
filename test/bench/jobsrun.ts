// One lab with many simulated devices, each of which gets a package by flow 5.4.2; tells messages, time and memory. A process of its own, so that memory is its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLab } from '../../core/node/main.ts'
import { readPage } from '../../core/page.ts'

const count = Number(process.argv[2] ?? '100')
const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-jobs-'))
const lab = await startLab({ workspace: join(folder, 'ws'), host: '127.0.0.1', dmPort: 0, uiPort: null, limits: { connections: 4096 } })
const { api } = lab
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const memory = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

try {
  const before = memory()
  const ids = Array.from({ length: count }, (_, i) => `IMEI:BENCH${String(i).padStart(6, '0')}`)
  for (const id of ids) await api.devices.simulate({ id, encoding: 'wbxml', mo: ['scomo'], answers: 'accept' })
  for (;;) {
    const known = await api.devices.list()
    if (known.length === count && known.every(({ activity }) => /completed|failed/.test(activity))) break
    await pause(50)
  }
  await api.catalogue.add('bench-1.0.bin', new Uint8Array(20_000).fill(7), {})
  await api.provider.putGroup({ name: 'all', devices: ids })
  const first = (await api.lab.state()).last + 1
  const began = performance.now()
  await api.jobs.create({ group: 'all', type: 'scomo', op: 'deliver', pkg: 'bench-1.0', mechanism: 'dlota1' })
  let open = count
  for (const end = performance.now() + 600_000; open > 0 && performance.now() < end;) {
    await pause(100)
    open = (await api.jobs.list('')).filter(({ state }) => ['queued', 'waiting', 'running', 'accepted'].includes(state)).length
  }
  const seconds = (performance.now() - began) / 1000
  const after = memory()
  const jobs = await api.jobs.list('')
  let messages = 0
  const { last } = await api.lab.state()
  for (let at = first; at <= last; at += 5000) messages += readPage(await api.trace.rows(at, 5000)).filter(({ kind }) => kind === 'message').length
  process.send?.({ count, done: jobs.filter(({ state }) => state === 'done').length, messages, seconds, bytes: (after - before) / count })
} finally {
  await lab.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
