// dmlab lint: the contract's shape, exit codes, several files, all forms of input.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'

const good =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>http://s/</LocURI></Target><Source><LocURI>dev</LocURI></Source></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/></SyncBody></SyncML>'

test('a clean message has no finding; a NUL behind it and a missing CmdID are told with place and clause; what cannot be read is an error', async () => {
  const dir = scratch()
  const paths = ['good.xml', 'odd.xml', 'bad.xml'].map((name) => join(dir, name)) as [string, string, string]
  writeFileSync(paths[0], good)
  writeFileSync(paths[1], `${good.replace('<CmdID>1</CmdID>', '')}\0`)
  writeFileSync(paths[2], good.slice(0, 100))
  expect(await dmlab(['lint', '--json', paths[0]])).toMatchObject({ code: 0, text: '{"findings":[]}\n', err: '' })
  const odd = await dmlab(['lint', '--json', paths[1]])
  const { findings } = JSON.parse(odd.text) as { findings: Record<string, unknown>[] }
  expect(findings.length).toBeGreaterThanOrEqual(2)
  for (const finding of findings)
    expect(Object.keys(finding)).toEqual(['rule', 'severity', 'document', 'clause', 'text', 'offset', 'length', 'seq', 'file'])
  expect(findings.every(({ seq, file }) => seq === null && file === paths[1])).toBe(true)
  expect(odd.code).toBe(findings.some(({ severity }) => severity === 'error') ? 1 : 0)
  const all = alone(['lint', ...paths])
  expect(all.code).toBe(1)
  expect(all.text).toMatch(/bad\.xml:100: error: .*\[codec\.unreadable, SML INFERRED\]|bad\.xml:99: error: .*\[codec\.unreadable, SML INFERRED\]/)
  expect(all.text).toMatch(/3 files, \d+ findings, [1-9]\d* errors\n$/)
})

test('stdin and hexadecimal text; what is neither is unreadable input, not a finding', async () => {
  expect(await dmlab(['lint', '--json', '-'], Buffer.from(good).toString('hex').slice(0, 20))).toMatchObject({ code: 1 })
  expect(await dmlab(['lint', '--json', '-'], good)).toMatchObject({ code: 0 })
  expect(await dmlab(['lint', '-'], 'zzz')).toMatchObject({ code: 2, text: '' })
  expect(await dmlab(['lint', '-'], '{"schema":"other"}\n')).toMatchObject({
    code: 2,
    err: 'dmlab: stdin: line 1, byte 0: is no "dm-lab.trace" object\n',
  })
  expect(await dmlab(['lint'])).toMatchObject({ code: 2 })
})
