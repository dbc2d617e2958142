// A DM Server or a DM Gateway in a process of its own that does what it is told over IPC, until it is killed: `server WORKSPACE PORT`, `gateway WORKSPACE PORT SERVER-URL`.
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { startLab } from '../../core/node/main.ts'

const [role = '', workspace = '', port = '0', server = ''] = process.argv.slice(2)
const lab = await startLab({
  workspace,
  host: '127.0.0.1',
  dmPort: Number(port),
  uiPort: null,
  enrol: 'auto',
  server: { idleMs: 2000 },
  ...(role === 'gateway' ? { gateway: { server, id: GATEWAY_ID } } : {}),
})

/** `area.call`, with the arguments as JSON. */
async function perform(call: string, args: readonly unknown[]): Promise<unknown> {
  if (call === 'catalogue.add') return lab.api.catalogue.add(String(args[0]), Buffer.from(String(args[1]), 'base64'), {})
  const [area = '', name = ''] = call.split('.')
  const made = lab.api[area as 'gateways'] as unknown as Readonly<Record<string, (...given: unknown[]) => Promise<unknown>>>
  const work = made[name]
  if (work === undefined) throw new Error(`no call ${call}`)
  return work.apply(made, [...args])
}

process.on('message', (message) => {
  const { id, call, args } = message as { id: number; call: string; args: unknown[] }
  perform(call, args).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.send?.({ id: 0, value: { dm: lab.ready.dm, gateway: lab.ready.gateway } })
