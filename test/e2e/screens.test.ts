// Every screen in Chromium, light and dark: nothing is cut off at the smallest window, nothing serious for axe, and the focus can be seen.
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { audit, shot, stage, THERE, WITHOUT } from './stage.ts'
import { TOUR } from './tour.ts'

/** No screen has more places for the focus. */
const MOST_TABS = 120
const WIDTH = Number(process.env['DM_LAB_SHOT_WIDTH'] ?? 1280)
const HEIGHT = Number(process.env['DM_LAB_SHOT_HEIGHT'] ?? 720)

describe.skipIf(!THERE)(`screens in Chromium${WITHOUT}`, { timeout: 120_000 }, () => {
  const { open } = stage()
  for (const scheme of ['light', 'dark'] as const)
    it.each(TOUR.map(({ lab, stops }) => [`${stops[0]?.name ?? ''} to ${stops.at(-1)?.name ?? ''}`, lab, stops] as const))(
      `${scheme}: %s`,
      async (_, lab, stops) => {
        const { page } = await open(lab(), { scheme, width: WIDTH, height: HEIGHT })
        const wrong: string[] = []
        for (const stop of stops) {
          await stop.go(page)
          // Two frames: lists measure themselves in the first and draw in the second.
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
          await shot(page, `${scheme}-${stop.name}`)
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          if (over > 0) wrong.push(`${stop.name}: ${String(over)} px wider than the window`)
          wrong.push(...(await audit(page)).map((one) => `${stop.name}: ${one}`))
        }
        expect(wrong).toEqual([])
      },
    )

  it.each(TOUR.map(({ lab, stops }) => [stops[0]?.name ?? '', lab, stops.slice(0, 1)] as const))(
    'Tab goes round %s, and the focus can be seen',
    async (_, lab, stops) => {
      const { page } = await open(lab(), { width: WIDTH, height: HEIGHT })
      for (const stop of stops) await stop.go(page)
      const unseen: string[] = []
      const first = await here(page)
      for (let i = 0; i < MOST_TABS; i++) {
        await page.keyboard.press('Tab')
        const { name, seen } = await here(page)
        if (name === first.name && i > 0) break
        if (!seen) unseen.push(name)
      }
      expect([...new Set(unseen)]).toEqual([])
    },
  )
})

/** The element with the focus, and whether something around it shows that. */
function here(page: Page): Promise<{ name: string; seen: boolean }> {
  return page.evaluate(() => {
    const at = document.activeElement
    if (at === null || at === document.body) return { name: 'body', seen: true }
    const name = `${at.tagName.toLowerCase()}#${at.id}.${[...at.classList].join('.')} ${at.getAttribute('aria-label') ?? at.textContent?.trim().slice(0, 30) ?? ''}`
    for (let one: Element | null = at, up = 0; one !== null && up < 3; one = one.parentElement, up++) {
      const style = getComputedStyle(one)
      if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) return { name, seen: true }
    }
    return { name, seen: false }
  })
}
