// What leaves for a device of a fan-out: in which order, in which pieces, and what does not leave because it cannot fit.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEVICE_PROFILES } from '../../core/device/profiles.ts'
import { readFanoutCommand, takenApart } from '../../core/gateway/command.ts'
import { answered, inSession, leaving, nextCommands, startJob } from '../../core/gateway/job.ts'
import { OUR_ROOTS, fanoutCommand, fanoutNodes, fanoutStart, imageData, imageNodes } from '../../core/gateway/orders.ts'
import type { FanoutStep } from '../../core/gateway/orders.ts'
import { readAggregation } from '../../core/gateway/payloads.ts'
import { ALERTS, TOKENS } from '../../core/mo/gwmo.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { World, ed } from './world.ts'
import { TEXT, job, proxied, got, target } from './jobs.ts'

describe('fan-outs', () => {
  const STEPS: readonly FanoutStep[] = [
    { kind: 'Replace', locUri: TEXT, data: 'first' },
    { kind: 'Get', locUri: TEXT },
    { kind: 'Add', locUri: './Vendor/DMLab/Scratch/a', data: '1' },
    { kind: 'Replace', locUri: TEXT, data: 'second' },
    { kind: 'Get', locUri: TEXT },
    { kind: 'Delete', locUri: './Vendor/DMLab/Scratch/a' },
    { kind: 'Get', locUri: './Vendor/DMLab/Scratch/a' },
  ]
  test.each(['xml', 'wbxml'] as const)(
    'gw 52: every device gets the commands in the order of the list, and what it reads proves it, in %s',
    (encoding) => {
      const world = proxied(2, encoding)
      world.order([...fanoutNodes(OUR_ROOTS, job('j', [1, 2], { command: fanoutCommand(STEPS), returnFormat: 3 })), fanoutStart(OUR_ROOTS, 'j', 'c')])
      world.report()
      for (const n of [2, 1]) {
        world.visit(n)
        expect(got(world, n).map((command) => [command.kind, target(command)])).toEqual(STEPS.map(({ kind, locUri }) => [kind, locUri]))
      }
      world.reports()
      const report = readAggregation(world.alerts[0]?.items[0]?.data)
      for (const device of report.devices) {
        expect([...device.results.matchAll(/<Data>(.*?)<\/Data>/g)].map(([, data]) => data)).toEqual(['first', 'second'])
        expect(device.code, 'the node was deleted before it was read').toBe(404)
      }
    },
  )
  test('gw 52: whatever is answered when, what leaves leaves in the order of the list, each command once', () => {
    const kinds = fc.array(fc.constantFrom('Add', 'Replace', 'Exec', 'Get') as fc.Arbitrary<FanoutStep['kind']>, { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(kinds, fc.array(fc.constantFrom(200, 404, 202), { minLength: 8, maxLength: 8 }), (list, codes) => {
        const commands = readFanoutCommand(
          fanoutCommand(list.map((kind, i) => ({ kind, locUri: `./A/b${i % 2 === 0 ? '' : '/Operations/x'}`, data: 'x' }))),
        )
        const targets = [{ name: 'ed1', deviceId: ed(1), code: null }]
        const times = { now: 0, timeoutMs: 1000, intervalMs: 0, returnFormat: 2 }
        let now = inSession(startJob({ name: 'j', server: 's', correlator: '', imageRef: '', targets, commands, ...times }), 'ed1')
        const left: number[] = []
        for (let round = 0; round < 20; round += 1) {
          const response = now.responses[0]
          if (response === undefined || response.state >= 40) break
          const { send, skip } = nextCommands(response, commands)
          if (send.length === 0 && skip.length === 0) break
          left.push(...send)
          now = leaving(now, 'ed1', send)
          for (const index of skip) now = answered(now, 'ed1', index, 215, '', 0)
          for (const index of send) now = answered(now, 'ed1', index, codes[index] ?? 200, '', 0)
        }
        expect(left).toEqual([...new Set(left)].sort((a, b) => a - b))
        const settled = now.responses[0]?.commands.filter(({ code }) => code !== null).length
        expect(settled, 'all of it, or skipped for a reason').toBe(commands.length)
      }),
    )
  })

  const bytes = Uint8Array.from({ length: 150_000 }, (_, i) => (i * 7) & 0xff)
  const at = './Vendor/DMLab/Scratch/PKG1'
  const LARGE: readonly FanoutStep[] = [
    { kind: 'Add', locUri: at, format: 'node' },
    { kind: 'Add', locUri: `${at}/Data`, format: 'bin', type: 'application/octet-stream', data: '' },
    { kind: 'Replace', locUri: `${at}/Data`, format: 'bin', type: 'application/octet-stream', data: TOKENS.data },
    { kind: 'Exec', locUri: './Vendor/DMLab/Ops/Later' },
  ]
  /** A world in which image PKG1 is ready. */
  function withImage(encoding: Encoding): World {
    const world = proxied(1, encoding)
    world.order([imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: null, sha256: '' }), imageData(OUR_ROOTS, 'PKG1', bytes)])
    world.report()
    expect(world.gateway.images.get('PKG1')?.state).toBe(30)
    return world
  }
  function delivered(encoding: Encoding, wrap: 'none' | 'sequence'): World {
    const world = withImage(encoding)
    world.order([
      ...fanoutNodes(OUR_ROOTS, job('j', [1], { imageRef: 'PKG1', command: fanoutCommand(LARGE, wrap) })),
      fanoutStart(OUR_ROOTS, 'j', 'c'),
    ])
    world.report()
    expect(world.visit(1)).toBe('completed')
    return world
  }
  test.each([
    ['none', 'xml'],
    ['none', 'wbxml'],
    ['sequence', 'xml'],
    ['sequence', 'wbxml'],
  ] as const)('gw 99: Adds, chunked Replace, Exec leave in this order and outside of any Sequence (stored: %s, %s)', (wrap, encoding) => {
    const world = delivered(encoding, wrap)
    const commands = got(world, 1)
    expect(commands.map(({ kind }) => kind)).not.toContain('Sequence')
    const chunks = commands.filter(({ kind }) => kind === 'Replace').length
    expect(chunks).toBeGreaterThan(1)
    expect(commands.map(({ kind }) => kind)).toEqual(['Add', 'Add', ...Array.from({ length: chunks }, () => 'Replace'), 'Exec'])
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Scratch', 'PKG1', 'Data'])?.value).toEqual(bytes)
    expect(world.gateway.fanouts.job('j')?.responses[0]).toMatchObject({ state: 35, code: 202 })
  })
  test('gw 99: an Atomic that no message of the device holds is 413 and not sent, one that fits is; the session comes to its end', () => {
    const ask = (octets: number): [number | undefined, string[]] => {
      const world = new World()
      world.device(1, 'gateway', { profile: { ...DEVICE_PROFILES.full, settings: { maxMsgSize: 4000 } } })
      world.visit(1)
      const steps = [octets, 1].map((count): FanoutStep => ({ kind: 'Replace', locUri: TEXT, data: 'x'.repeat(count) }))
      world.order([...fanoutNodes(OUR_ROOTS, job('j', [1], { command: fanoutCommand(steps, 'atomic') })), fanoutStart(OUR_ROOTS, 'j', 'c')])
      world.reports()
      world.wire.length = 0
      world.alerts.length = 0
      expect(world.visit(1)).toBe('completed')
      world.reports()
      return [readAggregation(world.alerts[0]?.items[0]?.data).devices[0]?.code, got(world, 1).map(({ kind }) => kind)]
    }
    expect(ask(6000)).toEqual([413, []])
    expect(ask(1000)).toEqual([200, ['Atomic', 'Replace', 'Replace']])
  })
  test('gw 100: the same number is held against the MaxObjSize of the device: base64 of 8000 octets is 10668, and 413 where 10000 are taken', () => {
    const ask = (encoding: Encoding): [number | undefined, string[]] => {
      const world = new World({ encoding })
      world.device(1, 'gateway', { maxObjSize: 10_000 })
      world.visit(1)
      world.order([
        imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: null, sha256: '' }),
        imageData(OUR_ROOTS, 'PKG1', bytes.subarray(0, 8000)),
        ...fanoutNodes(OUR_ROOTS, job('j', [1], { imageRef: 'PKG1', command: fanoutCommand(LARGE.slice(0, 3)) })),
        fanoutStart(OUR_ROOTS, 'j', 'c'),
      ])
      world.reports()
      world.wire.length = 0
      world.alerts.length = 0
      expect(world.visit(1)).toBe('completed')
      world.reports()
      const report = world.alerts.find(({ items }) => items[0]?.type === ALERTS.aggregation.type)
      return [readAggregation(report?.items[0]?.data).devices[0]?.code, got(world, 1).map(({ kind }) => kind)]
    }
    expect(ask('xml')).toEqual([413, ['Add', 'Add']])
    expect(ask('wbxml')).toEqual([200, ['Add', 'Add', 'Replace']])
  })
  test('gw 99: the server too sends a long command list outside of its Sequence, and it arrives', () => {
    const world = proxied(1)
    const steps = [1, 2, 3].map((n): FanoutStep => ({ kind: 'Replace', locUri: TEXT, data: String(n).repeat(12_000) }))
    const id = world.order([...fanoutNodes(OUR_ROOTS, job('j', [1], { command: fanoutCommand(steps) })), fanoutStart(OUR_ROOTS, 'j', 'c')])
    world.report()
    expect(world.codes(id)).toEqual([200, 200, 202])
    const down = world.wire.filter(({ leg, up }) => leg === 'S-G' && !up).flatMap(({ message }) => message.commands)
    const inside = down.flatMap((command) => (command.kind === 'Sequence' ? command.commands.map(target) : []))
    expect(inside).toContain('./GwMO/Fanout/Fanout/j/TargetDevices/1')
    expect(inside).not.toContain('./GwMO/Fanout/Fanout/j/Command')
    expect(world.visit(1)).toBe('completed')
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).toBe('3'.repeat(12_000))
  })
  test('gw 99: Sequences are taken apart in order, an Atomic stays whole', () => {
    const inner = '<Sequence><CmdID>2</CmdID><Get><CmdID>3</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get></Sequence>'
    const atomic = '<Atomic><CmdID>4</CmdID><Delete><CmdID>5</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Delete></Atomic>'
    const last = '<Get><CmdID>6</CmdID><Item><Target><LocURI>./B</LocURI></Target></Item></Get>'
    const text = `<FanoutCommand><Sequence><CmdID>1</CmdID>${inner}${atomic}</Sequence>${last}</FanoutCommand>`
    expect(takenApart(readFanoutCommand(text)).map(({ kind, cmdId }) => `${kind} ${cmdId}`)).toEqual(['Get 3', 'Atomic 4', 'Get 6'])
  })
  test.each([
    ['xml', 'b64', 200_000],
    ['wbxml', 'bin', 150_000],
  ] as const)('gw 100: Size counts the octets as they travel: in %s %s of %i', (encoding, format, size) => {
    const world = delivered(encoding, 'none')
    const chunks = got(world, 1).flatMap((each) => (each.kind === 'Replace' ? each.items : []))
    const [first, ...later] = chunks
    expect(first).toMatchObject({ moreData: true, meta: { format, size } })
    for (const each of later) expect(each.meta?.size).toBeUndefined()
    expect(chunks.map(({ moreData }) => moreData === true)).toEqual(chunks.map((_, i) => i < chunks.length - 1))
    const travelled = chunks.reduce((sum, { data }) => sum + (typeof data === 'string' || data instanceof Uint8Array ? data.length : 0), 0)
    expect(travelled).toBe(size)
  })
})
