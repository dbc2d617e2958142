// docs/conformance.md is what the tests say now, and every point of the checklists has a test or a reason.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faults, pointsOf, render } from './support/conformance.ts'

test('every point has a test that names it, or a reason why not', () => expect(faults()).toEqual([]))

test('docs/conformance.md is up to date (node test/conformance.mjs writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../docs/conformance.md'), 'utf8')).toBe(render())
})

test('titles name points in several ways', () => {
  expect(pointsOf('dm 4, 15: x')).toEqual(['dm 4', 'dm 15'])
  expect(pointsOf('dm 17 and 18: x')).toEqual(['dm 17', 'dm 18'])
  expect(pointsOf('dm 1 to 3: x')).toEqual(['dm 1', 'dm 2', 'dm 3'])
  expect(pointsOf('nb 8, nb 10: x')).toEqual(['nb 8', 'nb 10'])
  expect(pointsOf('dm 38 (A5): x')).toEqual(['dm 38'])
})
