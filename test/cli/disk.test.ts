// What `dmlab` says of a disk that is no help: a file in the way, a folder that cannot be, a file system that is read-only, one that is full.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { TestContext } from 'vitest'
import { expect, test } from 'vitest'
import { has } from '../support/needs.ts'
import { dmlab, root, scratch } from './dmlab.ts'

const cli = join(root, 'core/node/cli/cli.ts')
const PORTS = ['--dm-port', '0', '--ui-port', '0', '--no-tls']
/** A script in a mount namespace of its own. */
const ALONE = ['unshare', '-m', 'sh', '-ec']

function needsMounts(context: TestContext): void {
  const able = has('unshare') && spawnSync('unshare', ['-m', 'sh', '-ec', 'mount -t tmpfs tmpfs /mnt']).status === 0
  if (!able) context.skip('needs mount namespaces: run as root with util-linux')
}

test('a workspace that can be none is refused with its name and the reason', () => {
  const file = join(scratch(), 'file')
  writeFileSync(file, '')
  expect(dmlab(['serve', '--workspace', file, ...PORTS])).toMatchObject({ code: 1, err: `dmlab: ${file}: is there already, and is no folder\n` })
  expect(dmlab(['serve', '--workspace', join(file, 'x'), ...PORTS]).err).toBe(
    `dmlab: ${join(file, 'x')}: cannot be made: what leads to it is no folder\n`,
  )
  if (process.platform === 'linux') expect(dmlab(['serve', '--workspace', '/proc/none/x', ...PORTS]).err).toContain('/proc/none: cannot be made')
}, 30_000)

test('a workspace on a read-only file system is read, and not owned', (context) => {
  needsMounts(context)
  const workspace = join(scratch(), 'w')
  mkdirSync(workspace)
  // Made and closed by an owner, then read where nothing can be written.
  const made = `${process.execPath} --input-type=module -e "const { openWorkspace } = await import('${join(root, 'core/node/workspace.ts')}'); await openWorkspace('${workspace}').close()"`
  const words = `mount --bind ${workspace} ${workspace}; mount -o remount,ro,bind ${workspace}; ${process.execPath} ${cli}`
  const inside = (command: string): { code: number | null; err: string; text: string } => {
    const ran = spawnSync(ALONE[0] as string, [...ALONE.slice(1), `${made}; ${words} ${command}`], { encoding: 'utf8' })
    return { code: ran.status, err: ran.stderr, text: ran.stdout }
  }
  expect(inside(`trace stats --workspace ${workspace} --json`)).toMatchObject({ code: 0, err: '', text: expect.stringContaining('"rows":0') })
  expect(inside(`serve --workspace ${workspace} ${PORTS.join(' ')}`)).toMatchObject({
    code: 1,
    err: `dmlab: ${workspace}: cannot be written: the file system is read-only\n`,
  })
}, 60_000)

test('a disk that is full is told on stderr, and when it is not any more; a device is told 503 and why', { timeout: 90_000 }, async (context) => {
  needsMounts(context)
  const at = scratch()
  const serve = `${process.execPath} ${cli} serve --workspace ${join(at, 'w')} ${PORTS.join(' ')}`
  // What fills the disk is taken away by the same shell, in the same namespace, when it is told to.
  const child = spawn(
    ALONE[0] as string,
    [...ALONE.slice(1), `mount -t tmpfs -o size=4m tmpfs ${at}; (while read line; do eval "$line"; done) <&3 & exec ${serve}`],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  const out = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]()
  const err = createInterface({ input: child.stderr as Readable })[Symbol.asyncIterator]()
  const tell = (line: string): void => void (child.stdio[3] as NodeJS.WritableStream).write(`${line}\n`)
  try {
    const { dm } = JSON.parse(String((await out.next()).value)) as { dm: string }
    tell(`head -c 8000000 /dev/zero > ${at}/fill 2>/dev/null || true; echo filled >&2`)
    expect((await err.next()).value).toBe('filled')
    const full = dmlab(['device', '--server', dm, '--count', '5'])
    expect([full.code, full.text]).toEqual([1, expect.stringContaining('HTTP 503: the ledger cannot be written')])
    expect((await err.next()).value).toMatch(/^dmlab: the trace cannot be written: .*no space left/)
    tell(`rm ${at}/fill`)
    expect((await err.next()).value).toBe('dmlab: the trace is written again')
    expect(dmlab(['device', '--server', dm, '--count', '5']).code).toBe(0)
  } finally {
    child.kill('SIGTERM')
  }
})
