// Devices behind a gateway for tests over real sockets: software with real files, a push port each, and a receiver of outcomes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { behind } from '../../core/node/cli/behind.ts'
import type { Behind, BehindParts, BehindSetup } from '../../core/node/cli/behind.ts'
import { poster } from '../../core/node/client.ts'
import { GATEWAY_ACCOUNT } from '../../core/node/gateway.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { randomSource } from '../../core/node/random.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { afterEach, beforeEach } from 'vitest'
import { needsSqlite } from '../store/memory.ts'
import { leapClock } from '../support/leapclock.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const env = { now: () => Date.now(), random: randomSource() }

export const ed = (n: number): string => `urn:example:dev:ed${String(n)}`

/** A device that was switched on; `end` switches it off and removes its files. */
export interface FleetDevice extends Behind {
  readonly ends: SessionOutcome[]
  readonly refusals: string[]
  /** What came of links it was pushed. */
  readonly fetches: string[]
  end(): Promise<void>
}

export interface FleetWish {
  readonly gateway: string
  readonly server?: string
  readonly mode?: 'proxy' | 'transparent'
  readonly disk?: NonNullable<BehindParts['disk']>
  readonly setup?: Partial<BehindSetup>
  /** Another way out, for liars and eavesdroppers. */
  readonly post?: (real: BehindParts['post']) => BehindParts['post']
}

/** Switches device `n` on. */
export async function fleetDevice(
  n: number,
  { gateway, server, mode = 'proxy', disk, setup = {}, post = (real) => real }: FleetWish,
): Promise<FleetDevice> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-fleet-'))
  const out = poster({ timeoutMs: 20_000 })
  const ends: SessionOutcome[] = []
  const refusals: string[] = []
  const fetches: string[] = []
  const device = await behind({
    setup: {
      id: ed(n),
      mode,
      gateway: { uri: gateway, serverId: GATEWAY_ACCOUNT.serverId, serverPassword: GATEWAY_ACCOUNT.serverPassword },
      server: server === undefined ? null : { uri: server, serverId: 'dm-lab', serverPassword: 'lab' },
      user: 'lab',
      password: 'lab',
      auth: 'syncml:auth-md5',
      encoding: n % 2 === 0 ? 'wbxml' : 'xml',
      people: false,
      mo: ['scomo'],
      ...setup,
    },
    env,
    post: post(out.post),
    push: { host: '127.0.0.1', port: 0 },
    state: undefined,
    keep: () => {},
    folder,
    ...(disk === undefined ? {} : { disk }),
    told: (end) => ends.push(end),
    refused: (text) => refusals.push(text),
    fetched: (text) => fetches.push(text),
  })
  const end = async (): Promise<void> => {
    await device.off()
    out.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...device, ends, refusals, fetches, end }
}

/** A package of one component, `version` 1.0, about 2000 octets. */
export const smallPackage = (name: string): Promise<Uint8Array> =>
  buildPackage({
    pkgId: `${name}-1.0`,
    version: '1.0',
    components: [{ id: `com.${name}`, version: '1.0', files: { main: 'x'.repeat(2000) } }],
  })

/** How often the component was installed on the device, by its own log. */
export const installs = (device: Pick<Behind, 'disk'>, name: string): number =>
  device.disk.log().filter(({ what, text }) => what === 'install' && text.includes(`com.${name} `)).length

/** Commands of a fan-out: the device fetches the image from the gateway and installs it. */
export const installCommands = (pkg: string): { kind: 'Add' | 'Exec'; locUri: string; data?: string; format?: string }[] => [
  { kind: 'Add', locUri: `./SCOMO/Download/${pkg}`, format: 'node' },
  { kind: 'Add', locUri: `./SCOMO/Download/${pkg}/PkgID`, data: pkg },
  { kind: 'Add', locUri: `./SCOMO/Download/${pkg}/PkgURL`, data: '{{ImageURL}}' },
  { kind: 'Exec', locUri: `./SCOMO/Download/${pkg}/Operations/DownloadInstall` },
]

/** Asks until `good` gives something; rejects after `ms` with what `about` says. */
export async function until<T>(
  good: () => T | undefined | false | Promise<T | undefined | false>,
  about: () => unknown = () => '',
  ms = PATIENCE,
): Promise<T> {
  for (const end = performance.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const found = await good()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(await about(), null, 1)}`)
  }
}

/** A receiver of outcomes on a free port. */
export async function receiver(): Promise<{
  readonly url: string
  readonly heard: { body: string; signature: string; delivery: string }[]
  close(): void
}> {
  const heard: { body: string; signature: string; delivery: string }[] = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      heard.push({ body, signature: String(req.headers['x-dmlab-signature']), delivery: String(req.headers['x-dmlab-delivery']) })
      res.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`, heard, close }
}

/** A real lab with a gateway and a clock that leaps for each test of a file; what a test opens is closed after it, newest first. */
export function gatewayLab(): { readonly clock: ReturnType<typeof leapClock>; readonly open: (() => unknown)[]; readonly lab: RealLab } {
  const clock = leapClock()
  const open: (() => unknown)[] = []
  let lab: RealLab | null = null
  beforeEach(async (context) => {
    needsSqlite(context)
    lab = await realLab({ gateway: {}, clock })
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
    await lab?.end()
    lab = null
  })
  return {
    clock,
    open,
    get lab() {
      if (lab === null) throw new Error('the lab lives in tests only')
      return lab
    },
  }
}
