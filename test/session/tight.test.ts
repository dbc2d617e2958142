// Peers that take very little: messages shrink to what a session cannot do without, and who asks for less is told how much that is.
import { describe, expect, test } from 'vitest'
import { get, Pair, replace } from './support.ts'

const sizes = (pair: Pair): number[] => pair.wire.filter(({ up }) => !up).map(({ frame }) => frame.bytes.length)

/** A session with a device that announces so much. */
function held(encoding: 'xml' | 'wbxml', maxMsgSize: number): { readonly pair: Pair; readonly why: string; readonly state: unknown } {
  const pair = new Pair({ wire: { encoding }, settings: { maxMsgSize } })
  pair.queue('a', [get('./DevDetail/FwV'), replace('./X', 'one'), get('./X')])
  const end = pair.run()
  return { pair, state: end.detail?.['state'], why: String(end.detail?.['reason'] ?? '') }
}

describe('a device that takes little', () => {
  test.each(['xml', 'wbxml'] as const)('%s: is served from the size on that a refusal names, and never gets more than it takes', (encoding) => {
    const first = held(encoding, 100)
    expect(first.state).toBe('failed')
    const least = Number(/; a session takes (\d+) here$/.exec(first.why)?.[1])
    expect(least).toBeLessThan(encoding === 'xml' ? 710 : 260)
    for (let size = least; size < 1400; size += size < least + 20 ? 1 : 9) {
      const { pair, why } = held(encoding, size)
      expect(why, String(size)).toBe('')
      expect(pair.order('a').state).toBe('done')
      expect(Math.max(...sizes(pair))).toBeLessThanOrEqual(size)
    }
    for (const size of [least - 8, least - 60, least - 150]) {
      const { pair, state, why } = held(encoding, size)
      expect(state).toBe('failed')
      expect(why).toMatch(/MaxMsgSize of \d+; a session takes \d+ here$/)
      for (const octets of sizes(pair)) expect(octets).toBeLessThanOrEqual(size)
    }
  })
})
