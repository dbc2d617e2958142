// The flows as data: every flow and alternative with the labels the documents print, and every expression in them can be read.
import { describe, expect, it } from 'vitest'
import { rowFilter } from '../../core/filter/rows.ts'
import { HAPPENINGS } from '../../core/scenario/events.ts'
import { scenario, SCENARIOS } from '../../core/scenario/all.ts'
import type { Predicate } from '../../core/scenario/types.ts'

const parts = (predicate: Predicate): Predicate[] =>
  'all' in predicate
    ? predicate.all.flatMap(parts)
    : 'any' in predicate
      ? predicate.any.flatMap(parts)
      : 'then' in predicate
        ? predicate.then.flatMap(parts)
        : [predicate]

describe('flows of the documents', () => {
  const labels = (id: string): string =>
    scenario(id)
      ?.steps.map(({ key, label }) => (key === label ? key : `${key}:${label}`))
      .join(' ') ?? ''

  it('has every flow and alternative, with the printed labels; a number printed twice is split', () => {
    expect(Object.fromEntries(SCENARIOS.map(({ id }) => [id, labels(id)]))).toEqual({
      's1-5.4.1': '1 2 3 4 5 6 7',
      's1-5.4.1-alt1': '1 2 3 4 5 6 7',
      's1-5.4.1-alt2': '1 2 3 2+:2 4 5 6 7',
      's1-5.4.2': '1 2 3 4 5 6a 6b 7 8',
      's1-5.4.2-alt1': '1 2 3 4 5 6a 6b 7 8',
      's1-5.4.2-alt2': '1 2 3 3+:3 4 5 6a 6b 7 8',
      's1-5.4.3': '1 2a 2b 3 4 5',
      's1-5.4.3-alt1': '1 2a 2b 3 4 5',
      's1-5.4.3-alt2': '1 2a 2a+:2 2b 3 4 5',
      's3-5.1': '1 2 3 4 5',
      's3-5.1-alt': '1 2 3 4 5',
      's3-5.2': '1 2 3 4 5',
      's3-5.2-alt': '1 2 3 4 5',
      's0-proxy-direct': '1 2 3 4 5 6 7 8 9 10',
      's0-proxy-indirect': '1 2 3 4 5 6 7 8 9 10',
      's0-proxy-push': '1 2 3 4 5 6 7 8 9 10',
      's0-transparent': '1 2 3 4 5 6',
      's0-transparent-dd': '1 2 3 4 5 6',
      's4-m': 'M.1 M.2 M.3 M.4',
      's4-x-transparent': 'X.1 X.2 X.3',
      's4-x-proxy': 'X.1 X.2 X.3',
      's4-x-adaptation': 'X.1 X.2 X.3',
      's4-y-proxy': 'Y.1 Y.2 Y.3 Y.4',
      's4-y-held': 'Y.1 Y.2 Y.3 Y.4',
      's4-y-adaptation': 'Y.1 Y.2 Y.3 Y.4',
      's4-ya-new': "Y'.1:Y’.1 Y'.2:Y’.2 Y'.3:Y’.3 Y'.4:Y’.4 Y'.5:Y’.5",
      's4-ya-reuse': "Y'.1:Y’.1 Y'.2:Y’.2 Y'.3:Y’.3 Y'.4:Y’.4 Y'.5:Y’.5",
      's4-z': 'Z.1 Z.2',
      's4-za': "Z'.1:Z’.1 Z'.2:Z’.2 Z'.3:Z’.3",
      's4-mxy': 'M.1 M.2 M.3 M.4 X.1a:X.1 X.2a:X.2 X.3a:X.3 X.1b:X.1 X.2b:X.2 X.3b:X.3 Y.1 Y.2 Y.3 Y.4',
    })
  })

  it('hangs alternatives where the text prints them', () => {
    const branches = SCENARIOS.flatMap(({ id, alternativeOf }) => (alternativeOf === null ? [] : [`${id} at ${alternativeOf.step}`]))
    expect(branches).toEqual([
      's1-5.4.1-alt1 at 1',
      's1-5.4.1-alt2 at 2',
      's1-5.4.2-alt1 at 1',
      's1-5.4.2-alt2 at 3',
      's1-5.4.3-alt1 at 1',
      's1-5.4.3-alt2 at 2a',
      's3-5.1-alt at 1',
      's3-5.2-alt at 1',
      's0-proxy-indirect at 2',
      's0-proxy-push at 4',
      's0-transparent-dd at 3',
      's4-y-held at Y.1',
      "s4-ya-reuse at Y'.5",
      's4-za at Z.1',
    ])
    for (const { alternativeOf } of SCENARIOS)
      if (alternativeOf !== null) expect(scenario(alternativeOf.id)?.steps.map(({ key }) => key)).toContain(alternativeOf.step)
  })

  it.each(SCENARIOS.map((flow) => [flow.id, flow] as const))(
    '%s: keys are unique, lanes are among the actors, expressions and events exist',
    (_id, flow) => {
      const keys = flow.steps.map(({ key }) => key)
      expect(new Set(keys).size).toBe(keys.length)
      for (const { from, to } of flow.steps) expect(flow.actors).toEqual(expect.arrayContaining([from, to]))
      const all = [...flow.steps, ...flow.pre, ...flow.post].flatMap(({ decide, fails = [] }) => [decide, ...fails.map(({ when }) => when)])
      for (const part of all.flatMap(parts)) {
        if ('row' in part) expect(() => rowFilter(part.row), part.row).not.toThrow()
        if ('event' in part) expect(Object.keys(HAPPENINGS)).toContain(part.event)
        if ('event' in part) {
          const known = HAPPENINGS[part.event as keyof typeof HAPPENINGS].facts.map((name) => name.replace('?', ''))
          expect(known).toEqual(expect.arrayContaining(Object.keys(part.where ?? {})))
        }
      }
    },
  )

  it.each(SCENARIOS.map((flow) => [flow.id, flow] as const))('%s: a fault for every step that must happen', (_id, { steps, faults }) => {
    const must = steps.filter(({ missing = 'fail' }) => missing === 'fail').map(({ key }) => key)
    expect([...new Set(faults.map(({ step }) => step))].sort()).toEqual([...must].sort())
  })
})
