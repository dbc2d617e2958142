// mDNS over a real wire: two labs in two network namespaces, a pair of virtual Ethernet ends between them. Skipped by name where none can be made.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import type { MdnsState } from '../../core/api.ts'
import { needs } from '../support/needs.ts'
import type { Told } from './mdnschild.ts'

const SCRIPT = join(import.meta.dirname, 'mdnschild.ts')
const ROOT = process.getuid?.() === 0
/** Words in front of `unshare -n`: an ordinary user is root in a user namespace of his own. */
const OWN = ROOT ? [] : ['-U', '-r']
const JOIN = ROOT ? [] : ['-U', '--preserve-credentials']

interface Lab {
  readonly pid: number
  ask<T>(told: Told): Promise<T>
}

const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) {
    const gone = once(child, 'close')
    child.stdin?.end()
    await gone
  }
})

/** A lab in a new network namespace; `near` shares its user namespace. `unshare` becomes the program, so the process is the lab's. */
async function labIn(near: Lab | null): Promise<Lab> {
  const program = [process.execPath, SCRIPT]
  const words =
    near === null || ROOT ? ['unshare', ...OWN, '-n', ...program] : ['nsenter', '-t', String(near.pid), ...JOIN, 'unshare', '-n', ...program]
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<unknown> => {
    const { done, value } = (await lines.next()) as IteratorResult<string>
    if (done === true) throw new Error('the lab ended')
    return JSON.parse(value)
  }
  expect(await line()).toBe('here')
  return {
    pid: child.pid ?? 0,
    ask: async <T>(told: Told): Promise<T> => {
      child.stdin.write(`${JSON.stringify(told)}\n`)
      const { value, error } = (await line()) as { value: T; error?: string }
      if (error !== undefined) throw new Error(error)
      return value
    },
  }
}

/** Runs `ip` in the namespace of a lab. */
function ip(lab: Lab, ...words: string[]): string {
  const run = spawnSync('nsenter', ['-t', String(lab.pid), ...JOIN, '-n', 'ip', ...words])
  if (run.status !== 0) throw new Error(`ip ${words.join(' ')}: ${run.stderr.toString()}`)
  return run.stdout.toString()
}

test('a lab publishes in one network namespace, another in a second one finds it, its device comes by that URL; the goodbye takes it away', async (context) => {
  needs(context, 'ip', 'unshare', 'nsenter')
  if (spawnSync('unshare', [...OWN, '-n', 'ip', 'link', 'add', 't0', 'type', 'veth', 'peer', 'name', 't1']).status !== 0)
    context.skip('needs network namespaces and virtual Ethernet: root, or user namespaces for everybody')
  const bench = await labIn(null)
  const desk = await labIn(bench)
  ip(bench, 'link', 'add', 'bench0', 'type', 'veth', 'peer', 'name', 'desk0', 'netns', String(desk.pid))
  for (const [lab, name, address] of [
    [bench, 'bench0', '10.77.0.1/24'],
    [desk, 'desk0', '10.77.0.2/24'],
  ] as const) {
    ip(lab, 'link', 'set', 'lo', 'up')
    ip(lab, 'addr', 'add', address, 'dev', name)
    ip(lab, 'link', 'set', name, 'up')
  }
  // A link tells its carrier up to a second late, and an interface without one counts as none.
  for (const lab of [bench, desk]) await expect.poll(() => ip(lab, '-o', 'link', 'show', 'up')).toMatch(/(bench|desk)0.*state UP/)
  const { dm } = await bench.ask<{ dm: string }>({ do: 'start' })
  await desk.ask({ do: 'start' })
  const port = new URL(dm).port
  const services = async (): Promise<MdnsState['services']> => (await desk.ask<MdnsState>({ do: 'state' })).services
  expect(await services()).toEqual([])
  expect(await desk.ask({ do: 'browse', wish: {} })).toMatchObject({ browsing: true, interface: 'desk0', address: '10.77.0.2' })
  expect(await bench.ask({ do: 'publish', wish: { name: 'Bench over there' } })).toMatchObject({
    publishing: true,
    interface: 'bench0',
    address: '10.77.0.1',
    trouble: '',
  })
  const url = `http://10.77.0.1:${port}/dm`
  await expect
    .poll(async () => (await services())[0])
    .toMatchObject({ name: 'Bench over there', type: '_oma-dm._tcp', port: Number(port), own: false, url, txt: { path: '/dm' } })
  expect((await services())[0]?.addresses).toContain('10.77.0.1')
  expect(await desk.ask({ do: 'session', url, device: 'IMEI:over-there' })).toMatchObject({ outcome: 'completed' })
  expect(await bench.ask({ do: 'devices' })).toContain('IMEI:over-there')
  await bench.ask({ do: 'publish', wish: null })
  await expect.poll(services).toEqual([])
  // Who begins to browse later asks for itself.
  await desk.ask({ do: 'browse', wish: null })
  await bench.ask({ do: 'publish', wish: { name: 'Bench again' } })
  await desk.ask({ do: 'browse', wish: {} })
  await expect.poll(async () => (await services())[0]?.name).toBe('Bench again')
}, 90_000)
