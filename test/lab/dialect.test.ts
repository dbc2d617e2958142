// The dialect file as a text: mistakes with their place, rules folded for a device, names translated there and back through a policy.
import { describe, expect, test } from 'vitest'
import { DIALECT_EXAMPLE, fits, parseDialect, viewOf } from '../../core/lab/dialect.ts'
import { namesOf, speaking } from '../../core/lab/dialectpolicy.ts'
import { SCOMO_COMPLETE } from '../../core/mo/alerts.ts'
import type { Policy, SessionView, Work } from '../../core/server/policy.ts'
import type { AlertRecord } from '../../core/server/records.ts'

const first = (text: string): string => {
  const [problem] = parseDialect(text).problems
  return problem === undefined ? '' : `${problem.line}:${problem.column} ${problem.severity} ${problem.what}`
}

describe('mistakes', () => {
  test.each([
    ['', '1:1 error the text ends where a value is expected'],
    ['[]', '1:1 error expected an object'],
    ['{}', '1:1 error "rules" is missing'],
    ['{ "rules": {} }', '1:12 error expected a list of rules'],
    ['{\n  "rules": [\n    { "roots": { "scomo": "SCM" } }\n  ]\n}', '3:27 error expected the URI of a node'],
    ['{ "rules": [ { "roots": { "skomo": "./SCM" } } ] }', '1:27 error no object is called "skomo"'],
    ['{ "rules": [ { "device": 5, "profile": "lab" } ] }', '1:26 error expected a pattern'],
    ['{ "rules": [ { "profile": "fast" } ] }', '1:27 error expected one of the profiles lab'],
    ['{ "rules": [ { "alerts": { "urn:x": "y" } } ] }', '1:28 error the documents know no alert type "urn:x"'],
    ['{ "rules": [ { "rotos": {} } ] }', '1:16 error unknown name "rotos"'],
    ['{ "rules": [ { "device": "x" } ] }', '1:14 warn this rule says for whom, but not what'],
    ['{ "rules": [ { "nodes": { "scomo:Inventory": "Lager" } } ] }', '1:27 warn node names count below a root'],
    ['{ "rules": [ { "nodes": { "Inventory": "Lager" }, "roots": {} } ] }', '1:27 warn'],
    ['{ "rules": [ ], "rules": [] }', '1:17 error "rules" stands here twice'],
    ['{ "rules": [ ] } x', '1:18 error nothing may follow'],
    ["{ 'rules': [] }", '1:3 error expected a name in double quotes'],
    ['{ "rules": [ true false ] }', '1:19 error'],
    ['{ "rules": [ "unclosed ] }\n', '1:14 error this text is not closed'],
    ['{ /* open', '1:3 error this comment is not closed'],
    [`${'['.repeat(50)}`, '1:34 error nested deeper than 32'],
  ])('%j', (text, expected) => {
    expect(first(text)).toContain(expected)
    expect(parseDialect(text).rules === null).toBe(
      expected.includes('error') || parseDialect(text).problems.some(({ severity }) => severity === 'error'),
    )
  })

  test('the example is a dialect without rules; with its comments opened it has one, without a mistake', () => {
    expect(parseDialect(DIALECT_EXAMPLE)).toEqual({ rules: [], problems: [] })
    const opened = DIALECT_EXAMPLE.replace(/^ {4}\/\/ ?/gm, '    ')
    const parsed = parseDialect(opened)
    expect(parsed.problems).toEqual([])
    expect(parsed.rules).toHaveLength(1)
  })
})

describe('what holds for a device', () => {
  const rules =
    parseDialect(`{ "rules": [
    { "man": "acme*", "roots": { "scomo": "./A", "fumo": "./F" }, "profile": "small" }, // all of them
    { "mod": "X?", "roots": { "scomo": "./B" }, "nodes": { "scomo:Inventory": "Lager", "scomo:Inventory/Deployed": "Da", "scomo:Download/*/PkgURL": "Url" } },
    { "device": "IMEI:1", "profile": "wordy", "alerts": { "${SCOMO_COMPLETE}": "com.acme.done" } },
  ] }`).rules ?? []

  test('rules that fit, from top to bottom, the later wins; case does not matter', () => {
    expect(viewOf(rules, { device: 'IMEI:1', manufacturer: 'ACME Ltd', model: 'x9' })).toMatchObject({
      rules: [0, 1, 2],
      roots: { scomo: './B', fumo: './F' },
      profile: 'wordy',
    })
    expect(viewOf(rules, { device: 'IMEI:2', manufacturer: 'Other', model: 'X' })).toMatchObject({ rules: [], roots: {}, profile: '' })
    expect([fits('a*b*c', 'aXXbYYc'), fits('a*b', 'ab'), fits('*', ''), fits('?', ''), fits('a*b', 'aXc')]).toEqual([true, true, true, false, false])
    const began = performance.now()
    expect(fits('*a'.repeat(200), 'a'.repeat(20_000) + 'b')).toBe(false)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('a policy asks under the names of the device and hears under those of the documents', () => {
    const names = namesOf(viewOf(rules, { device: 'IMEI:1', manufacturer: 'acme', model: 'X1' }), (object) => (object === 'scomo' ? './B' : ''))
    expect(names.toDevice('./B/Inventory/Deployed/c1/State?prop=Type')).toBe('./B/Lager/Da/c1/State?prop=Type')
    expect(names.toDocument('./B/Lager/Da/c1')).toBe('./B/Inventory/Deployed/c1')
    expect(names.toDevice('./B/Download/p1/PkgURL')).toBe('./B/Download/p1/Url')
    expect(names.toDevice('./Other/Inventory')).toBe('./Other/Inventory')

    const asked: Work[] = [{ order: null, commands: [{ kind: 'Get', cmdId: '', items: [{ target: { locUri: './B/Inventory' } }] }] }]
    const heard: unknown[] = []
    const alerts: AlertRecord[] = []
    const policy: Policy = {
      next: (_view, outcomes) => {
        heard.push(...outcomes)
        return outcomes.length > 0 ? [] : asked
      },
      alert: (_view, alert) => void alerts.push(alert),
    }
    const spoken = speaking(policy, () => names)
    const view = { device: 'IMEI:1' } as SessionView
    const [work] = spoken.next(view, [])
    const [said] = work?.commands ?? []
    expect(said).toMatchObject({ items: [{ target: { locUri: './B/Lager' } }] })
    if (said === undefined) throw new Error('nothing was said')
    spoken.next(view, [{ order: null, command: said, outcomes: [{ command: 0, code: 200, uri: './B/Lager', data: 'Da/Other', format: 'node' }] }])
    expect(heard).toEqual([
      {
        order: null,
        command: asked[0]?.commands[0],
        outcomes: [{ command: 0, code: 200, uri: './B/Inventory', data: 'Deployed/Other', format: 'node' }],
      },
    ])
    const item = { source: './B/Lager/Da/c1', type: 'COM.acme.done', format: 'xml', mark: '', data: '' }
    spoken.alert?.(view, { device: 'IMEI:1', sessionId: '1', msgId: '1', at: 0, code: 1226, correlator: '', items: [item] })
    expect(alerts[0]?.items[0]).toMatchObject({ type: SCOMO_COMPLETE, source: './B/Inventory/Deployed/c1' })
  })
})
