// Times of day without a calendar of the platform's, held against one.
import { expect, test } from 'vitest'
import { isoTime, stamp } from '../../core/dmtree/stamp.ts'

test('a stamp and a time told outside agree with the calendar, leap days and turns of centuries too', () => {
  const days = ['1970-01-01', '2000-02-29', '2026-11-21', '2100-02-28', '2100-03-01', '2399-12-31']
  for (const text of days.flatMap((day) => [`${day}T00:00:00.000Z`, `${day}T23:59:59.999Z`])) {
    expect(isoTime(Date.parse(text))).toBe(text)
    expect(stamp(Date.parse(text))).toBe(text.replace(/[-:]|\.\d+/g, ''))
  }
  // Clocks tell fractions.
  expect(isoTime(1_795_297_326_345.5732)).toBe(new Date(1_795_297_326_345).toISOString())
})
