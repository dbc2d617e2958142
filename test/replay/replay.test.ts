// Recorded clients reach the recorded end with our DM Server, or end otherwise for a reason that docs/replay.md tells.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REASONS } from './reasons.ts'
import { CORPUS, document, replay, sessions } from './replay.ts'

describe.skipIf(CORPUS === null)('recorded clients (shared material: corpus/captured-sessions)', () => {
  const names = sessions()

  test('there are recordings of all clients', () => {
    expect(names.length).toBeGreaterThan(25)
    expect(new Set(names.map((name) => name.split('/')[0]))).toEqual(
      new Set(['aosp-omadm', 'hs20-osu-client', 'koneki', 'libdmclient', 'pytune-windows']),
    )
  })

  test.each(names)('%s', (name) => {
    const { ours, recorded } = replay(name)
    if (name in REASONS) expect(ours, 'a reason is given, but the session ends as recorded').not.toBe(recorded)
    else expect(ours).toBe(recorded)
    expect(ours).not.toMatch(/^refused/)
  })

  test('no reason is left over for a session there is none of', () => {
    expect(Object.keys(REASONS).filter((name) => !names.includes(name))).toEqual([])
  })

  test('docs/replay.md is up to date (node test/replay/write.mjs writes it)', () => {
    expect(readFileSync(join(import.meta.dirname, '../../docs/replay.md'), 'utf8')).toBe(document(names.map(replay), REASONS))
  })
})
