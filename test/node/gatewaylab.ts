// A lab in a process of its own that does what it is told over IPC, until it is stopped or killed. Its one argument: options of the lab as JSON. See gatewayprocess.ts.
import { startLab } from '../../core/node/main.ts'
import type { LabOptions } from '../../core/node/main.ts'
import { leapClock } from '../support/leapclock.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<LabOptions> & { readonly workspace: string }
const clock = leapClock()
const lab = await startLab({ clock, host: '127.0.0.1', dmPort: 0, uiPort: null, enrol: 'auto', ...options })

/** `area.call`, with its arguments. */
async function perform(call: string, args: readonly unknown[]): Promise<unknown> {
  if (call === 'stop') return lab.stop()
  if (call === 'leap') return clock.leap(Number(args[0]))
  if (call === 'memory') {
    globalThis.gc?.()
    return process.memoryUsage.rss()
  }
  if (call === 'catalogue.add') return lab.api.catalogue.add(String(args[0]), Buffer.from(String(args[1]), 'base64'), (args[2] ?? {}) as object)
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
