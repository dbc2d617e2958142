// Rows a second that the trace list takes: live rows of a lab, sent as fast as the window acknowledges them, in Debian's Chromium.
import { join, resolve } from 'node:path'
import type { LabApi, LabEvents, TraceRow } from '../../core/api.ts'
import { packPage, readPage } from '../../core/page.ts'
import { launch } from '../e2e/browser.ts'
import { createFakeLab } from '../support/fakelab.ts'
import type { FakeLab } from '../support/fakelab.ts'
import { serveWindow } from '../support/fakeserver.ts'
import { demoLab } from '../support/demo.ts'
import { median } from './rows.ts'
import type { Row } from './rows.ts'

const ROWS = 100_000
const BATCH = 500
const ROUNDS = 5

/** Rows `window.rows…`: live rows through the WebSocket into the list, against the same rows read from pages without a window. */
export async function window(): Promise<Row[]> {
  const folder = join(resolve(import.meta.dirname, '../..'), 'dist/renderer')
  const sample = readPage(await demoLab().api.trace.rows(1, 20))
  const rate: number[] = []
  const bare: number[] = []
  const browser = await launch()
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const flood = floodLab()
      const server = await serveWindow(folder, flood.lab)
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
      await page.goto(server.url)
      await page.getByText('Go to the empty trace').click()
      const start = performance.now()
      for (let first = 1; first <= ROWS; first += BATCH) {
        const rows: TraceRow[] = Array.from({ length: BATCH }, (_, i) => ({
          ...(sample[(first + i) % sample.length] as TraceRow),
          seq: first + i,
          session: 0,
        }))
        flood.append(rows)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await page
        .getByRole('grid')
        .filter({ hasText: String(ROWS) })
        .first()
        .waitFor({ timeout: 60_000 })
      rate.push(ROWS / ((performance.now() - start) / 1000))
      await page.close()
      await server.close()
      bare.push(readBare(sample))
    }
  } finally {
    await browser.close()
  }
  const [ours, theirs] = [median(rate), median(bare)]
  const note = `${ROWS} live rows in batches of ${BATCH} over the WebSocket until the last one stands in the list; theirs: the same pages packed and read in Node, no window`
  return [{ name: 'window.rows', ours, theirs, unit: 'rows/s', ratio: ours / theirs, note }]
}

/** A fake lab whose rows come in batches, as the real one tells them. */
function floodLab(): { readonly lab: FakeLab; append(batch: readonly TraceRow[]): void } {
  const lab = createFakeLab()
  const rows: TraceRow[] = []
  const listeners = new Set<(fact: LabEvents['trace']) => void>()
  const api: LabApi = {
    ...lab.api,
    lab: { state: async () => ({ ...(await lab.api.lab.state()), first: 1, last: rows.length }) },
    trace: { ...lab.api.trace, rows: async (first, count) => packPage(rows.slice(first - 1, first - 1 + count)) },
    on: (event, listener) => {
      if (event !== 'trace') return lab.api.on(event, listener)
      const heard = listener as (fact: LabEvents['trace']) => void
      listeners.add(heard)
      return () => listeners.delete(heard)
    },
  }
  const append = (batch: readonly TraceRow[]): void => {
    rows.push(...batch)
    const fact = { first: batch[0]?.seq ?? 0, last: batch.at(-1)?.seq ?? 0, rows: packPage(batch) }
    listeners.forEach((listener) => listener(fact))
  }
  return { lab: { ...lab, api }, append }
}

function readBare(sample: readonly TraceRow[]): number {
  const start = performance.now()
  let sum = 0
  for (let first = 1; first <= ROWS; first += BATCH) {
    const rows: LabEvents['trace']['rows'] = packPage(
      Array.from({ length: BATCH }, (_, i) => ({ ...(sample[(first + i) % sample.length] as TraceRow), seq: first + i, session: 0 })),
    )
    for (const row of readPage(rows)) sum += row.size
  }
  return sum < 0 ? 0 : ROWS / ((performance.now() - start) / 1000)
}
