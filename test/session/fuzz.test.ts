// Whatever comes, in whatever order: neither machine throws, a server gives each frame exactly one send or close, a client stays bounded.
import { expect, test } from 'vitest'
import type { Frame } from '../../core/machine.ts'
import type { ServerInput } from '../../core/server/serverterms.ts'
import { base64, utf8Bytes } from '../../core/syncml/text.ts'
import { ACCOUNT, exec, get, Pair, replace } from './support.ts'

const ROUNDS = process.env['DM_LAB_SOAK'] === undefined ? 2500 : 100_000

function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Frames of real sessions in both encodings: challenges, chunks, results, an abort. */
function seeds(): { up: Frame[]; down: Frame[] } {
  const up: Frame[] = []
  const down: Frame[] = []
  for (const encoding of ['xml', 'wbxml'] as const) {
    const pair = new Pair({ wire: { encoding }, settings: { maxMsgSize: 1600 } }, { settings: { maxMsgSize: 1600 } })
    pair.device.leaves.set('./Big', 'value '.repeat(500))
    pair.queue('a', [
      get('./Big'),
      replace('./Large', 'x'.repeat(3000)),
      exec('./Run'),
      { kind: 'Sequence', cmdId: '', commands: [get('./A'), replace('./B', '1')] },
    ])
    pair.run({ sessionId: '1A', alerts: [{ kind: 'Alert', cmdId: '', code: 1226, items: [{ meta: { type: 't', format: 'chr' }, data: 'd' }] }] })
    for (const { up: isUp, frame } of pair.wire) (isUp ? up : down).push(frame)
  }
  return { up, down }
}

const PIECES = [
  '<Final/>',
  '<MoreData/>',
  '1222',
  '1223',
  '401',
  '212',
  '<CmdID>0</CmdID>',
  '&#0;',
  '99999999999',
  'DM/1.3',
  '\u0000',
  '<NoResp/>',
].map(utf8Bytes)

function mutate(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes)
  for (let n = below(4); n > 0; n--) {
    const at = below(out.length + 1)
    const cut = below(30)
    const piece = PIECES[below(PIECES.length)] ?? new Uint8Array(0)
    const kind = below(5)
    if (kind === 0 && out.length > 0) out[at % out.length] = below(256)
    else if (kind === 1) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + cut)])
    else if (kind === 2) out = Uint8Array.from([...out.subarray(0, at), ...piece, ...out.subarray(at)])
    else if (kind === 3) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(Math.max(0, at - cut), at), ...out.subarray(at)])
    else out = out.slice(0, Math.max(1, out.length - cut))
  }
  return out
}

test('DM Server: any frames, losses and timers, in any order', { timeout: 600_000 }, () => {
  const below = generator(42)
  const { up, down } = seeds()
  let pair = new Pair()
  for (let i = 0; i < ROUNDS; i++) {
    if (i % 200 === 0) {
      pair = new Pair(
        {},
        { settings: { enrol: (['auto', 'ask', 'never'] as const)[below(3)] ?? 'auto', requireAuth: below(2) === 0 } },
        below(2) === 0 ? ACCOUNT : { ...ACCOUNT, device: null },
      )
      pair.queue('q', [get('./X'), exec('./Run'), replace('./Large', 'y'.repeat(5000))])
    }
    const frame = (below(8) === 0 ? down : up)[below(up.length)] as Frame
    const link = { link: i }
    const inputs: ServerInput[] = [
      { type: 'frame', link, frame: { ...frame, uri: '/dm', bytes: below(4) === 0 ? frame.bytes : mutate(frame.bytes, below) } },
    ]
    if (below(10) === 0) inputs.push({ type: 'gone', link: { link: i - below(3) }, reason: 'reset' })
    if (below(12) === 0) inputs.push({ type: 'timer', id: `session ${String(below(20))}` })
    if (below(20) === 0) inputs.push({ type: 'edited', link, frame: { ...frame, bytes: mutate(frame.bytes, below) } })
    for (const input of inputs) {
      const effects = pair.server.input(input)
      const answers = effects.filter((effect) => effect.type === 'send' || effect.type === 'close')
      expect(answers).toHaveLength(input.type === 'frame' ? 1 : 0)
      for (const effect of effects) if (effect.type === 'save') pair.ledger.save(effect.record)
    }
  }
  expect(pair.server.sessions).toBeLessThan(210)
})

test('DM client: any answers, losses and timers, in any order', { timeout: 600_000 }, () => {
  const below = generator(43)
  const { up, down } = seeds()
  const nonces = { client: { text: base64(utf8Bytes('n-')) }, server: utf8Bytes('s-'), reading: null }
  let pair = new Pair()
  let link = 0
  for (let i = 0; i < ROUNDS; i++) {
    if (!pair.client.busy || i % 50 === 0) {
      pair = new Pair({ nonces, settings: { requireServerAuth: below(3) === 0, resends: below(2) } })
      const sent = pair.client.input({ type: 'start', initiated: 'client', sessionId: '1A' }).find((effect) => effect.type === 'send')
      link = sent?.type === 'send' ? sent.link.link : 0
    }
    const frame = (below(8) === 0 ? up : down)[below(down.length)] as Frame
    const answer = { ...frame, uri: '', bytes: below(3) === 0 ? frame.bytes : mutate(frame.bytes, below) }
    const kind = below(20)
    const effects = pair.client.input(
      kind === 0
        ? { type: 'gone', link: { link }, reason: 'reset' }
        : kind === 1
          ? { type: 'timer', id: 'answer' }
          : { type: 'frame', link: { link }, frame: answer },
    )
    const sends = effects.filter((effect) => effect.type === 'send')
    expect(sends.length).toBeLessThanOrEqual(1)
    if (sends[0]?.type === 'send') link = sends[0].link.link
    if (sends.length === 0 && pair.client.busy) expect(effects.every((effect) => effect.type === 'note')).toBe(true)
  }
})
