// The connect page in a real browser: the QR code is read from the drawn SVG, its page opened, its ways tried, the report taken.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { has } from '../support/needs.ts'
import { readQr } from '../support/qrread.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { launch } from './browser.ts'

const there = has('chromium') || process.env['CHROMIUM'] !== undefined
let lab: RealLab
let browser: Browser | null = null
beforeAll(async () => {
  lab = await realLab()
  if (there) browser = await launch()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await lab.end()
})

test.skipIf(!there)(
  'a code is read, its page tries the ways and the lab knows what worked (needs chromium)',
  async () => {
    if (browser === null) throw new Error('no browser')
    const invite = await lab.api.wifi.invite({ device: 'IMEI:page' })
    const [code] = invite.codes
    if (code === undefined) throw new Error('no code')
    const page = await browser.newPage({ viewport: { width: 412, height: 800 } })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) errors.push(message.text())
    })
    // Drawn by the browser, one module a pixel, and read back from the pixels.
    const side = code.modules + 8
    const pixels = await page.evaluate(
      async ({ svg, side: width }) => {
        const image = new Image(width, width)
        image.src = `data:image/svg+xml;base64,${btoa(svg)}`
        await image.decode()
        const canvas = new OffscreenCanvas(width * 4, width * 4)
        const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
        context.drawImage(image, 0, 0, width * 4, width * 4)
        return [...context.getImageData(0, 0, width * 4, width * 4).data].filter((_, i) => i % 4 === 0)
      },
      { svg: code.svg, side },
    )
    const url = readQr(code.modules, (row, column) => (pixels[((row + 4) * 4 + 2) * side * 4 + (column + 4) * 4 + 2] ?? 255) < 128)
    expect(url).toBe(code.url)
    await page.goto(url)
    await page.getByText(/ways work\. The lab knows/).waitFor()
    expect(await page.locator('li.ours').count()).toBeGreaterThan(0)
    expect(errors).toEqual([])
    const done = (await lab.api.wifi.state()).invites.find(({ id }) => id === invite.id)
    expect(done?.state).toBe('done')
    expect(done?.report?.probes.some(({ result, seen }) => result === 'ours' && seen)).toBe(true)
    expect(done?.report?.userAgent).toContain('Chrome')
    await page.close()
  },
  60_000,
)
