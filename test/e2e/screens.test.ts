// Every screen in Chromium, light and dark: nothing is cut off at the smallest window, nothing serious for axe, and the focus can be seen.
import { describe, expect, it } from 'vitest'
import { audit, shot, stage, THERE, WITHOUT } from './stage.ts'
import { TOUR } from './tour.ts'

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
})
