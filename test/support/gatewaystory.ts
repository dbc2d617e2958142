// Devices behind the gateway of a running lab, each in real software with real sockets, and a bootstrap over HTTP; for pictures and tests of the window.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeClient } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import { runClient } from '../../core/lab/runner.ts'
import { behind } from '../../core/node/cli/behind.ts'
import type { Behind } from '../../core/node/cli/behind.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ACCOUNT } from '../../core/node/gateway.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { authorityOf, tunnelled } from '../../core/node/tunnel.ts'
import { readHttp } from '../../core/notify/push.ts'

const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
/** Where devices find the lab and its gateway. */
export interface Ways {
  readonly dm: string
  readonly gateway: string
}

/** A device that registers with the gateway, and stays until `off`. */
export async function deviceBehind(
  { dm, gateway }: Ways,
  id: string,
  more: { readonly mode?: 'proxy' | 'transparent'; readonly mo?: readonly ('scomo' | 'fumo')[]; readonly wbxml?: boolean } = {},
): Promise<Behind> {
  const { mode = 'proxy', mo = [], wbxml = false } = more
  const straight = poster({ timeoutMs: 20_000 })
  const through = poster({ timeoutMs: 20_000 }, tunnelled(gateway))
  const to = authorityOf(gateway)
  const device = await behind({
    setup: {
      id,
      mode,
      mo,
      user: 'lab',
      password: 'lab',
      auth: 'syncml:auth-md5',
      encoding: wbxml ? 'wbxml' : 'xml',
      gateway: { uri: gateway, serverId: GATEWAY_ACCOUNT.serverId, serverPassword: 'lab' },
      server: mode === 'transparent' ? { uri: dm, serverId: 'dm-lab', serverPassword: 'lab' } : null,
    },
    env,
    post: (frame) => (mode === 'proxy' || (authorityOf(frame.uri) === to && /\/gw([/?]|$)/.test(frame.uri)) ? straight : through).post(frame),
    push: { host: '127.0.0.1', port: 0 },
    state: undefined,
    keep: () => {},
    told: () => {},
    refused: () => {},
  })
  const first = await device.register()
  if (first.outcome !== 'completed') throw new Error(`${id}: ${first.reason ?? first.outcome}`)
  if (mode === 'transparent') await device.visit()
  return {
    ...device,
    off: async () => {
      await device.off()
      straight.close()
      through.close()
    },
  }
}

/** M.1 to M.4: asks the gateway for its account with the pairing code (curl), takes it, and registers by its first session. */
export async function bootstrapped(url: string, id: string, code: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-boot-'))
  const file = join(folder, 'answer')
  const words = ['-sS', '--digest', '-u', `device:${code}`, '-o', file, '-w', '%{content_type}', `${url}?id=${encodeURIComponent(id)}`]
  const { stdout: type } = await promisify(execFile)('curl', words)
  const body = new Uint8Array(readFileSync(file))
  rmSync(folder, { recursive: true, force: true })
  const nobody = { serverUri: '', user: '', password: '', serverId: '', serverPassword: '' }
  const client = makeClient({ id, ...nobody, auth: 'syncml:auth-md5', encoding: 'wbxml', bare: true }, env)
  const entrance = new Door(client, { pin: code }).receive(readHttp(type, [], body))
  if (entrance.what !== 'session') throw new Error(entrance.text)
  const out = poster({ timeoutMs: 20_000 })
  try {
    await runClient({ machine: client.machine, post: out.post, clock: processClock(), save: (record) => client.remember(record) }, entrance.start)
  } finally {
    out.close()
  }
}

/** A package for the catalogue. */
export const packageBytes = (pkgId: string, name: string, version: string): Promise<Uint8Array> =>
  buildPackage({
    pkgId,
    version,
    name,
    description: `${name} for every device`,
    components: [
      {
        id: `com.msf.${name.toLowerCase()}`,
        version,
        name,
        files: { 'bin/run': Uint8Array.from({ length: 90_000 }, (_, i) => (i * 2654435761) >>> 24) },
        start: { say: [`${name} ${version} is ready`] },
      },
    ],
  })
