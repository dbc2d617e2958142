// A device in a process of its own, to be watched and killed. `download FOLDER URL KEY`, or `install FOLDER PACKAGE KEY`; says how far it is, then its answer and how memory grew.
import { statSync } from 'node:fs'
import { processClock } from '../../core/node/clock.ts'
import { digestOf } from '../../core/node/disk.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { makeInstaller } from '../../core/node/installer.ts'

const [what = '', folder = '', from = '', key = ''] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const clock = processClock()

if (what === 'download') {
  // What lives after a collection, every MiB: what waits to be collected is the engine's own affair.
  let first = 0
  let most = 0
  let at = 0
  const downloads = makeDownloads({ folder, clock, settings: { backoff: [20] } })
  const answer = await downloads.ask({ key, url: from, pkgType: '', room: 1 << 30, anew: false }, ({ received }) => {
    if (received >= at) {
      at = received + (1 << 20)
      globalThis.gc?.()
      const { heapUsed, external } = process.memoryUsage()
      if (first === 0) first = heapUsed + external
      most = Math.max(most, heapUsed + external)
    }
    say(`received ${String(received)}`)
  })
  say(`answer ${JSON.stringify({ ...answer, grown: most - first })}`)
} else {
  const installer = makeInstaller({ folder, now: () => clock.now() })
  say('open')
  const { size } = statSync(`${folder}/packages/${from}`)
  const { sha256 } = await digestOf(`${folder}/packages/${from}`)
  const file = { file: from, size, sha256, contentType: '' }
  const order = {
    pkgId: '',
    envType: '',
    installParams: '',
    active: true,
    man: '',
    mod: '',
    envTypes: [],
    security: 'lab',
    digestChecked: true,
  } as const
  say('begins')
  const answer = await installer.install({ key, file, ...order })
  say(`answer ${JSON.stringify(answer)}`)
}
