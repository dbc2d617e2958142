// Patterns: the engine agrees with JavaScript's on what both know, refuses the rest with a place, and no pattern can make it slow.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PatternError, regex } from '../../core/filter/regex.ts'

describe('agreement', () => {
  it.each([
    ['^./SCOMO', './SCOMO/Download', true],
    ['^[.]/SCOMO', 'x./SCOMO', false],
    ['a{2,3}b', 'xaaab', true],
    ['^a{2,3}$', 'aaaa', false],
    ['(foo|ba[rz])+$', 'xfoobaz', true],
    ['\\bExec\\b', 'Exec Status', true],
    ['\\bExec\\b', 'Executes', false],
    ['^$', '', true],
    ['', 'anything', true],
    ['(?i)operationCOMPLETE', 'OperationComplete', true],
    ['(?i)[^a]', 'A', false],
    ['\\u00e9\\x41', 'éA', true],
    ['[\\d\\-x]+\\.', '1-x.', true],
    ['a|', '', true],
    ['(?:ab)*?c', 'ababc', true],
    ['a.c', 'a\nc', false],
  ])('%s in %j: %s', (pattern, text, matches) => {
    expect(regex(pattern)(text)).toBe(matches)
  })

  const piece = fc.constantFrom(
    'a',
    'b',
    'c',
    '.',
    '^',
    '$',
    '|',
    '(',
    ')',
    '(?:',
    '*',
    '+',
    '?',
    '{1,2}',
    '{2}',
    '{0,1}',
    '[ab]',
    '[^b]',
    '[a-c]',
    '\\d',
    '\\w',
    '\\W',
    '\\b',
    '\\B',
    '\\s',
    '1',
    ' ',
    '\\.',
  )
  const pattern = fc.array(piece, { maxLength: 10 }).map((list) => list.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' ', '.', '\n', 'A'), { maxLength: 12 }).map((list) => list.join(''))
  it('with RegExp on small random patterns, with and without case', () => {
    let compared = 0
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (source, subject, fold) => {
        let theirs: RegExp
        try {
          theirs = new RegExp(source, fold ? 'i' : '')
        } catch {
          expect(() => regex(source)).toThrow(PatternError)
          return
        }
        let ours
        try {
          ours = regex(fold ? `(?i)${source}` : source)
        } catch (error) {
          // Stricter than theirs only where an assertion or a repetition would be repeated.
          expect((error as Error).message).toMatch(/nothing to repeat|repetition of a repetition/)
          return
        }
        compared += 1
        expect(ours(subject)).toBe(theirs.test(subject))
      }),
      { numRuns: 4000 },
    )
    expect(compared).toBeGreaterThan(500)
  })
})

describe('refusals', () => {
  it.each([
    ['a(b', 1],
    ['a)b', 1],
    ['[ab', 0],
    ['*a', 0],
    ['a**', 2],
    ['(?=a)', 0],
    ['(?<n>a)', 0],
    ['(a)\\1', 3],
    ['a\\', 1],
    ['\\q', 0],
    ['\\u12', 0],
    ['[b-a]', 1],
    ['[\\d-z]', 1],
    ['a{3,2}', 1],
    ['a{2000}', 1],
    ['((a{900}){900}){900}', 0],
    ['('.repeat(60), 50],
  ])('%s', (pattern, at) => {
    let error: unknown
    try {
      regex(pattern)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(PatternError)
    expect((error as PatternError).at).toBe(at)
  })
})

describe('time', () => {
  it.each([
    ['(a*)*b', 'a'.repeat(20_000)],
    ['(a|a)*b', 'a'.repeat(20_000)],
    ['(a|aa)+$', `${'a'.repeat(20_000)}b`],
    ['(x+x+)+y', 'x'.repeat(20_000)],
    ['((){1000}){1000}b', 'a'.repeat(200)],
    ['(.*)(.*)(.*)(.*)(.*)[^a]', 'a'.repeat(20_000)],
  ])('%s over long text is quick', (pattern, text) => {
    const before = performance.now()
    expect(regex(pattern)(text)).toBe(false)
    expect(performance.now() - before).toBeLessThan(1000)
  })
})
