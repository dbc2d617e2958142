// dmlab trace filter, export --filter and scenario: the same expressions and verdicts as in the window, with the contract's shapes and exit codes.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { hasSqlite } from '../support/needs.ts'
import { session } from '../filter/rows.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch, workspaceOf } from './dmlab.ts'

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe.skipIf(!hasSqlite)('with node:sqlite (Node 22.13 or newer)', () => {
  let ws = ''
  beforeAll(async () => {
    ws = await workspaceOf(session().rows)
  })
  const seqs = async (...words: string[]): Promise<unknown[]> =>
    lines((await dmlab(['trace', 'filter', ...words, '--json', '--workspace', ws])).text).map(({ seq }) => seq)

  test('trace filter: NDJSON like trace list, rows chosen by their bytes', async () => {
    expect(await seqs('any(cmd == Exec && uri ~ "/Operations/")')).toEqual([5])
    expect(await seqs('status >= 400 || kind == push')).toEqual([1, 6])
    expect(await seqs('status >= 400 || kind == push', '--kind', 'message')).toEqual([6])
    expect(await seqs('dur == 250 ms || delta > 1.5 s')).toEqual([3, 4])
    expect(await seqs('dir == up', '--from', '3', '--to', '6')).toEqual([4, 6])
    expect(await seqs('correlator == nobody')).toEqual([])
    const [line] = lines((await dmlab(['trace', 'filter', 'seq == 5', '--json', '--workspace', ws])).text)
    const [listed] = lines((await dmlab(['trace', 'list', '--json', '--from', '5', '--to', '5', '--workspace', ws])).text)
    expect(line).toEqual(listed)
    expect((await dmlab(['trace', 'filter', 'cmd == Exec', '--workspace', ws])).text).toContain('./SCOMO/Download/antivir')
  })

  test('a mistake is one line with place and expectation, exit 2, and nothing is written', async () => {
    const file = join(scratch(), 'out.ndjson')
    expect(await dmlab(['trace', 'filter', 'sttaus == 200', '--workspace', ws])).toMatchObject({
      code: 2,
      text: '',
      err: 'dmlab: filter: position 1: there is no field sttaus; expected status\n',
    })
    expect(await dmlab(['export', '--format', 'ndjson', '--filter', 'status = 200', '-o', file, '--workspace', ws])).toMatchObject({
      code: 2,
      text: '',
    })
    expect(() => readFileSync(file)).toThrow()
  })

  test('export --filter writes the rows that pass', () => {
    const run = alone(['export', '--format', 'ndjson', '--filter', 'mo == scomo && dir == down', '--workspace', ws])
    expect(run.code).toBe(0)
    expect(lines(run.text).map(({ seq }) => seq)).toEqual([3, 5])
  })

  test('scenario list and run: the contract’s shapes, a planted fault, files that are not overwritten', async () => {
    const { scenarios } = JSON.parse((await dmlab(['scenario', 'list', '--json'])).text) as { scenarios: Record<string, unknown>[] }
    expect(scenarios.find(({ id }) => id === 's1-5.4.1')).toMatchObject({
      document: 'S1',
      alternativeOf: null,
      labels: ['1', '2', '3', '4', '5', '6', '7'],
    })
    expect(scenarios.find(({ id }) => id === 's1-5.4.1-alt1')).toMatchObject({ alternativeOf: 's1-5.4.1' })
    const dir = scratch()
    const [html, junit] = [join(dir, 'r.html'), join(dir, 'r.xml')]
    const run = await dmlab(['scenario', 'run', 's1-5.4.1', '--encoding', 'both', '--json', '--report', html, '--junit', junit])
    expect(run).toMatchObject({ code: 0, err: '' })
    const { runs } = JSON.parse(run.text) as { runs: { id: string; encoding: string; verdict: string; steps: Record<string, unknown>[] }[] }
    expect(runs.map(({ id, encoding, verdict }) => `${id} ${encoding} ${verdict}`)).toEqual(['s1-5.4.1 xml pass', 's1-5.4.1 wbxml pass'])
    for (const step of runs[0]?.steps ?? []) {
      expect(step).toMatchObject({ verdict: 'pass' })
      expect(step['messages']).not.toEqual([])
    }
    const page = readFileSync(html, 'utf8')
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'`)
    expect(page).not.toMatch(/<script|<link|<img|src=|https?:\/\/(?!www\.w3\.org\/2000\/svg)[^ <"]*\.(?:js|css)/i)
    expect(readFileSync(junit, 'utf8')).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="dmlab" tests="\d+" failures="0" errors="0">/,
    )
    writeFileSync(html, 'mine')
    expect(await dmlab(['scenario', 'run', 's1-5.4.1', '--report', html])).toMatchObject({ code: 2, text: '' })
    expect(readFileSync(html, 'utf8')).toBe('mine')

    const broken = alone(['scenario', 'run', 's1-5.4.1', '--fault', '4'])
    expect(broken.code).toBe(1)
    expect(broken.text).toMatch(/✓ 3 {2}pass[^\n]*\n {2}✗ 4 {2}fail[^\n]*\n[^\n]*\n {2}· 5 {2}not reached/)
    expect(broken.err).toBe('dmlab: 1 of 1 runs did not pass: s1-5.4.1\n')
  })

  test.each([
    [['scenario', 'run'], 'name flows'],
    [['scenario', 'run', 's9'], 's9: there is no such flow'],
    [['scenario', 'run', 's1-5.4.1', '--transport', 'live'], '--transport live wants --device'],
    [['scenario', 'run', 's1-5.4.1', '--device', 'IMEI:1'], '--device wants --workspace'],
    [['scenario', 'run', 's1-5.4.1', '--device', 'IMEI:1', '--workspace', '/nowhere', '--transport', 'memory'], 'live or relayed, not in memory'],
    [['scenario', 'run', 's1-5.4.1', '--device', 'IMEI:1', '--workspace', '/nowhere'], 'no lab with an API runs'],
    [['scenario', 'run', '--all', 's1-5.4.1'], '--all means every flow'],
    [['scenario', 'run', '--all', '--fault', '1'], '--fault wants exactly one flow'],
    [['scenario', 'run', 's1-5.4.1', '--fault', '99'], 's1-5.4.1 has faults for'],
    [['scenario', 'run', 's1-5.4.1', '--seed', 'x'], '--seed x: is no whole number'],
  ])('%j is wrong usage', async (words, text) => {
    const run = await dmlab(words)
    expect(run).toMatchObject({ code: 2, text: '' })
    expect(run.err).toContain(text)
  })
})
