// Packages that come as large objects onto a real disk: whole they lie there with their SHA-256, and whatever goes wrong leaves the disk and the tree as they were.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import type { Frame } from '../../core/machine.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { bulkOf } from '../../core/session/bulk.ts'
import { SoftwareAgent } from '../../core/software/agent.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Command, Encoding, ItemCommand, Message } from '../../core/syncml/message.ts'
import { ACCOUNT, fixedEnv, Pair, replace } from '../session/support.ts'
import type { Passed } from '../session/support.ts'
import { SETUP } from '../session/world.ts'
import { DELIVERED, MAIN } from './bench.ts'

const ME = ACCOUNT.serverId
const X = `${DELIVERED}/x`
const bytes = Uint8Array.from({ length: 40_001 }, (_, i) => (i * 37 + (i >> 7)) & 0xff)
const sha256 = createHash('sha256').update(bytes).digest('hex')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dm-lab-spool-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const files = (): string[] => readdirSync(join(folder, 'packages'))
const digest = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(join(folder, 'packages', file)))
    .digest('hex')

interface World {
  readonly pair: Pair
  readonly agent: SoftwareAgent
  read(uri: string): string
  /** Octets the leaf itself holds. */
  held(uri: string): number | undefined
}

function world(encoding: Encoding = 'xml', options: { readonly quota?: number; readonly owner?: string } = {}): World {
  const { quota, owner = ME } = options
  const { store } = makeInstaller({ folder, now: () => 1_700_000_000_000, ...(quota === undefined ? {} : { quota }) })
  const agent = new SoftwareAgent({ store, env: fixedEnv(7), settings: { owner } })
  const { device } = makeClient({ ...SETUP, people: true }, fixedEnv(7), undefined, agent)
  const pair = new Pair({ wire: { encoding }, settings: { maxMsgSize: 1500, maxObjSize: 1 << 28 }, performer: device.performer, deviceId: SETUP.id })
  const read = (uri: string): string => {
    const { statuses, results } = device.performer.perform({ kind: 'Get', cmdId: '1', items: [{ target: { locUri: uri } }] }, { serverId: owner })
    return results === undefined ? `status ${String(statuses[0]?.code)}` : String(results[0]?.data)
  }
  return { pair, agent, read, held: (uri) => device.tree.find(uri.slice(2).split('/'))?.value.length }
}

const add = (locUri: string): Command => ({ kind: 'Add', cmdId: '', items: [{ target: { locUri }, meta: { format: 'node' } }] })
const send = (locUri: string, kind: 'Add' | 'Replace' = 'Replace'): Command => ({
  kind,
  cmdId: '',
  items: [{ target: { locUri }, meta: { format: 'bin' }, bulk: bulkOf('package', bytes) }],
})
function run({ pair }: World, commands: readonly Command[], between?: (passed: Passed) => Frame | null): number[] {
  const id = `o${String(pair.ledger.orderMap.size)}`
  pair.queue(id, commands, SETUP.id)
  pair.run({}, between)
  return pair.order(id).outcomes.map(({ code }) => code)
}

describe.each(['xml', 'wbxml'] as const)('in %s', (encoding) => {
  test('Data of a delivered package: on the disk with its SHA-256, the leaf holds none of it', () => {
    const it = world(encoding)
    expect(run(it, [add(X), send(`${X}/Data`)])).toEqual([200, 200])
    const file = it.agent.state().files[X]
    expect(file).toMatchObject({ size: bytes.length, sha256 })
    expect(files()).toEqual([file?.file])
    expect([digest(file?.file ?? ''), it.read(`${X}/State`), it.held(`${X}/Data`)]).toEqual([sha256, '10', 0])
    // A second one takes the place of the first.
    expect(run(it, [send(`${X}/Data`)])).toEqual([200])
    expect(files()).toEqual([it.agent.state().files[X]?.file])
    expect(files()[0]).not.toBe(file?.file)
  })

  test('an Add of Data that the device made by itself is its first write', () => {
    const it = world(encoding)
    expect(run(it, [add(X), send(`${X}/Data`, 'Add')])).toEqual([200, 200])
    expect([files().length, it.agent.state().files[X]?.sha256]).toEqual([1, sha256])
    expect(run(it, [send(`${X}/Data`, 'Add')])).toEqual([418])
    expect(files().length).toBe(1)
  })

  test('PkgData of a firmware object', () => {
    const it = world(encoding)
    expect(run(it, [send(`${MAIN}/Update/PkgData`)])).toEqual([200])
    expect(it.agent.state().files[MAIN]).toMatchObject({ size: bytes.length, sha256 })
    expect([files().length, it.read(`${MAIN}/State`)]).toEqual([1, '50'])
  })
})

const again = (passed: Passed, message: Message): Frame => ({ ...passed.frame, bytes: encode(message, { encoding: passed.frame.encoding }) })
/** Changes the n-th command that carries a chunk, on its way down. */
function change(n: number, to: (command: ItemCommand) => Command): (passed: Passed) => Frame {
  let seen = 0
  return (passed) => {
    if (passed.up) return passed.frame
    const commands = passed.message.commands.map((command) => {
      if (command.kind !== 'Replace' || ++seen !== n) return command
      return to(command as ItemCommand)
    })
    return again(passed, { ...passed.message, commands })
  }
}

describe('nothing is kept', () => {
  test.each([
    [
      'a wrong Size: 424',
      424,
      change(1, (command) => ({ ...command, items: command.items.map((item) => ({ ...item, meta: { ...item.meta, size: 53_000 } })) })),
    ],
    [
      'a Size too small: 424',
      424,
      change(1, (command) => ({ ...command, items: command.items.map((item) => ({ ...item, meta: { ...item.meta, size: 9000 } })) })),
    ],
    ['what is no base64: 415', 415, change(4, (command) => ({ ...command, items: command.items.map((item) => ({ ...item, data: '****' })) }))],
  ] as const)('%s', (_title, code, between) => {
    const it = world()
    run(it, [add(X)])
    expect(run(it, [send(`${X}/Data`)], between)).toEqual([code])
    expect([files(), it.agent.state().files, it.read(`${X}/State`)]).toEqual([[], {}, 'status 404'])
    // The same once more, left alone.
    expect(run(it, [send(`${X}/Data`)])).toEqual([200])
    expect(it.agent.state().files[X]?.sha256).toBe(sha256)
  })

  test('something else between chunks: Alert 1225', () => {
    const it = world()
    run(it, [add(X)])
    run(
      it,
      [send(`${X}/Data`)],
      change(4, (command) => ({ ...replace('./DevDetail/Ext/none', 'x'), cmdId: command.cmdId }) as Command),
    )
    expect(it.pair.story().some((line) => line.includes('Alert 1225'))).toBe(true)
    expect([files(), it.agent.state().files]).toEqual([[], {}])
  })

  test('the session is lost in the middle', () => {
    const it = world()
    run(it, [add(X)])
    let n = 0
    it.pair.queue('lost', [send(`${X}/Data`)], SETUP.id)
    it.pair.run({}, (passed) => {
      if (passed.up || ++n < 8) return passed.frame
      expect(files()).toEqual([expect.stringMatching(/^\.part-/)])
      return null
    })
    expect([files(), it.agent.state().files]).toEqual([[], {}])
  })

  test('no room: 420 with the first chunk, and the rest is not sent', () => {
    const it = world('xml', { quota: 30_000 })
    run(it, [add(X)])
    const before = it.pair.wire.length
    expect(run(it, [send(`${X}/Data`)])).toEqual([420])
    expect([files(), it.pair.wire.length - before < 10]).toEqual([[], true])
  })

  test('a server without the right, a node that is not there, one that others use: refused with the first chunk', () => {
    const foreign = world('xml', { owner: 'somebody-else' })
    const before = foreign.pair.wire.length
    expect(run(foreign, [send(`${MAIN}/Update/PkgData`)])).toEqual([425])
    expect(foreign.pair.wire.length - before).toBeLessThan(8)
    const it = world()
    expect(run(it, [send(`${DELIVERED}/none/Data`)])).toEqual([404])
    expect(files()).toEqual([])
    expect(run(it, [send(`${MAIN}/Update/PkgData`)])).toEqual([200])
    run(it, [{ kind: 'Exec', cmdId: '', correlator: 'c', items: [{ target: { locUri: `${MAIN}/Update` } }] }])
    const [held] = files()
    expect(run(it, [send(`${MAIN}/Update/PkgData`)])).toEqual([403])
    expect(files()).toEqual([held])
  })

  test('what is no file is gathered in memory, and only as much as any device takes', () => {
    const it = world('wbxml')
    const leaf = './DevDetail/Ext/none'
    const large = { ...bulkOf('large', new Uint8Array((1 << 20) + 1)) }
    expect(run(it, [{ kind: 'Replace', cmdId: '', items: [{ target: { locUri: leaf }, meta: { format: 'bin' }, bulk: large }] }])).toEqual([413])
    expect(files()).toEqual([])
  })

  test('what a process before this one left half done is gone when the device is on again', () => {
    const { store } = makeInstaller({ folder, now: () => 1 })
    store.spool?.('x-1', 1000).append(new Uint8Array(10))
    expect(files()).toEqual(['.part-x-1'])
    makeInstaller({ folder, now: () => 1 })
    expect(files()).toEqual([])
  })
})
