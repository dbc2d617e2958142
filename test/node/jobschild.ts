// A lab in a process of its own that does what it is told over IPC, until it is killed. Run by jobskill.test.ts.
import type { JobWish, LabApi } from '../../core/api.ts'
import { startLab } from '../../core/node/main.ts'

const [workspace = '', port = '0'] = process.argv.slice(2)
const lab = await startLab({ workspace, host: '127.0.0.1', dmPort: Number(port), uiPort: null, enrol: 'auto' })

const CALLS: Readonly<Record<string, (api: LabApi, ...args: string[]) => Promise<unknown>>> = {
  add: (api, name = '', bytes = '') => api.catalogue.add(name, Buffer.from(bytes, 'base64'), {}),
  create: (api, wish = '') => api.jobs.create(JSON.parse(wish) as JobWish),
  simulate: (api, id = '') => api.devices.simulate({ id, mo: ['scomo'], answers: 'accept', auth: 'hmac' }),
  log: async (api, id = '') => (await api.software.board(id)).log,
  get: (api, id = '') => api.jobs.get(id),
  wake: (api, device = '', to = '', nonce = 'stored') => api.devices.notify(device, { to, nonce: nonce as 'stored' | 'zeros' }),
}

process.on('message', (message) => {
  const { id, call, args } = message as { id: number; call: string; args: string[] }
  const done = CALLS[call]?.(lab.api, ...args) ?? Promise.reject(new Error(`no call ${call}`))
  done.then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.send?.({ id: 0, value: lab.ready.dm })
