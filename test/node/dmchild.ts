// A lab, or a device of its own, in a process that does what it is told over IPC and watches how its memory grows. Run by dmlarge.test.ts.
import { createCipheriv } from 'node:crypto'
import type { JobWish } from '../../core/api.ts'
import { processClock } from '../../core/node/clock.ts'
import { simulatedDevices } from '../../core/node/devices.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { startLab } from '../../core/node/main.ts'
import { randomSource } from '../../core/node/random.ts'
import { openDisk } from '../../core/node/softwarehost.ts'
import { memoryDocs } from '../../core/store/docs.ts'

type Calls = Readonly<Record<string, (...args: string[]) => unknown>>

const [role = '', folder = '', where = '', quota = ''] = process.argv.slice(2)

/** Growth of the resident set since `mark`, seen every few milliseconds; garbage is collected often, so that it is what is held that counts. */
let first = 0
let most = 0
setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss())
}, 5).unref()
function collect(): void {
  const began = performance.now()
  globalThis.gc?.()
  setTimeout(collect, Math.max(250, 10 * (performance.now() - began))).unref()
}
collect()
const memory: Calls = {
  mark: () => {
    globalThis.gc?.()
    first = most = process.memoryUsage.rss()
  },
  grown: () => most - first,
}

async function lab(): Promise<{ readonly ready: string; readonly calls: Calls }> {
  const { api, ready, stop } = await startLab({ workspace: folder, host: '127.0.0.1', dmPort: Number(where), uiPort: null, enrol: 'auto' })
  const calls: Calls = {
    /** A package of so many octets, that do not repeat; no archive, so that it is made in no time. */
    build: async (name = '', size = '') => {
      const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, 3), Buffer.alloc(16)).update(Buffer.alloc(Number(size)))
      const { pkgId, sha256 } = await api.catalogue.add(`${name}.bin`, bytes, {})
      return { pkgId, size: bytes.length, sha256 }
    },
    create: (wish = '') => api.jobs.create(JSON.parse(wish) as JobWish),
    get: (id = '') => api.jobs.get(id),
    wake: (device = '', to = '') => api.devices.notify(device, { to }),
    stop,
  }
  return { ready: ready.dm, calls }
}

async function device(): Promise<{ readonly ready: string; readonly calls: Calls }> {
  const clock = processClock()
  const installer = quota === '' ? {} : { quota: Number(quota) }
  const disk = (id: string): ReturnType<typeof openDisk> =>
    openDisk({ folder: `${folder}/${encodeURIComponent(id)}`, clock, makeDownloads, makeInstaller, installer })
  const devices = simulatedDevices(clock, { now: clock.now, random: randomSource() }, () => false, { docs: memoryDocs(), disk, commit: () => {} })
  const calls: Calls = {
    start: (options = '') => devices.start(where, JSON.parse(options) as Parameters<typeof devices.start>[1]),
    activity: (id = '') => devices.activity(id),
    url: (id = '') => devices.pushUrl(id),
    log: (id = '') => devices.log(id),
    stop: () => devices.stop(),
  }
  return { ready: '', calls }
}

const { ready, calls } = await (role === 'lab' ? lab() : device())
process.on('message', (message) => {
  const { id, call, args } = message as { id: number; call: string; args: string[] }
  const done = Promise.resolve().then(() => {
    const known = memory[call] ?? calls[call]
    if (known === undefined) throw new Error(`no call ${call}`)
    return known(...args)
  })
  done.then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.send?.({ id: 0, value: ready })
