// A lab in a network namespace of its own, told over stdin what to do: one JSON line in, one JSON line out.
import { createInterface } from 'node:readline'
import type { MdnsWish } from '../../core/api.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

/** What the child can be told. */
export type Told =
  | { readonly do: 'start' }
  | { readonly do: 'publish' | 'browse'; readonly wish: MdnsWish | null }
  | { readonly do: 'state' }
  | { readonly do: 'session'; readonly url: string; readonly device: string }
  | { readonly do: 'devices' }

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)
let lab: RealLab | null = null

async function done(told: Told): Promise<unknown> {
  if (told.do === 'start') {
    lab = await realLab({ host: '0.0.0.0' })
    return { dm: lab.ready.dm }
  }
  if (lab === null) throw new Error('start comes first')
  if (told.do === 'publish') return lab.api.wifi.publish(told.wish)
  if (told.do === 'browse') return lab.api.wifi.browse(told.wish)
  if (told.do === 'state') return (await lab.api.wifi.state()).mdns
  if (told.do === 'session') return session(deviceOf(lab, { id: told.device, serverUri: told.url }))
  return (await lab.rows()).flatMap(({ device, kind }) => (kind === 'message' ? [device] : []))
}

say('here')
for await (const line of createInterface({ input: process.stdin }))
  await done(JSON.parse(line) as Told).then(
    (value) => say({ value }),
    (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
  )
// Set inside a function, which the compiler does not see.
await (lab as RealLab | null)?.end()
