// What a scenario outside of memory needs besides a lab: its packages as real files, and somebody who takes outcomes.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PackageFacts } from '../api.ts'
import { contentOf } from '../scenario/setup.ts'
import type { SetupPackage } from '../scenario/setup.ts'
import { buildPackage } from './packages.ts'

/** A real package with the set-up's identity, for any model: a start routine, and the content as its one further file. */
export async function packageFile(pkg: SetupPackage): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly facts: PackageFacts }> {
  const { pkgId, version, name, size } = pkg
  const content = contentOf({ size }, (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()))
  const start = (say: string): NonNullable<Parameters<typeof buildPackage>[0]['components'][number]['start']> =>
    pkg.flaw === undefined ? { say: [say] } : { fail: `it breaks at ${pkg.flaw}` }
  const components = pkg.components.map((component) => ({
    ...component,
    name,
    files: { 'content.bin': content },
    start: start(`${component.id} ${component.version} runs`),
  }))
  return { name: `${pkgId}.zip`, bytes: await buildPackage({ pkgId, version, name, components }), facts: { manufacturers: [], models: [] } }
}

/** Takes outcomes and says yes. */
export async function receiver(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((req, res) => {
    req.resume()
    req.on('end', () => res.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${String(port)}/notify`, close }
}
