// The rows of a run as a picture: lanes are actors, arrows are rows, steps stand in the margin. Plain SVG, nothing in it runs or loads.
import type { FrameDetail, ScenarioInfo, ScenarioRun, TraceRow } from '../api.ts'
import { HAPPENINGS, happeningOf } from '../mo/events.ts'
import { escaped } from './report.ts'
import { aboutRow } from './words.ts'

/** Who stands at the ends of a leg, towards the server and towards the device. */
const ENDS = {
  'S-D': { above: 'DM Server', below: 'Device' },
  'S-G': { above: 'DM Server', below: 'DM Gateway' },
  'G-D': { above: 'DM Gateway', below: 'Device' },
} as const

/** From which lane to which a row goes; null where it is no step between actors. */
export function lanesOf({ row, notes }: FrameDetail): { readonly from: string; readonly to: string } | null {
  const up = row.direction === 'up'
  const { above, below } = ENDS[row.hop]
  switch (row.kind) {
    case 'message':
      return up ? { from: below, to: above } : { from: above, to: below }
    case 'push':
      return { from: above, to: below }
    case 'http': {
      // A gateway serves its devices itself; anybody else downloads from the download server.
      const shop = row.hop === 'G-D' ? above : 'Download Server'
      return up ? { from: below, to: shop } : { from: shop, to: below }
    }
    case 'event': {
      const event = happeningOf(notes)
      return event === undefined ? null : HAPPENINGS[event.name]
    }
    case 'connection':
      return null
    default:
      return row.kind satisfies never
  }
}

const ROW = 26
const TOP = 44
const MARGIN = 56
const LANE = 190

/** The ladder of a run. */
export function ladderSvg(info: ScenarioInfo, run: ScenarioRun, rows: readonly FrameDetail[]): string {
  const drawn = rows.flatMap((detail) => {
    const lanes = lanesOf(detail)
    return lanes === null ? [] : [{ detail, ...lanes }]
  })
  const used = new Set(drawn.flatMap(({ from, to }) => [from, to]))
  const lanes = [...info.actors, ...[...used].filter((name) => !info.actors.includes(name))]
  const x = (name: string): number => MARGIN + LANE / 2 + lanes.indexOf(name) * LANE
  const width = MARGIN + lanes.length * LANE
  const height = TOP + drawn.length * ROW + 12
  const heads = lanes.map((name) => {
    const at = String(x(name))
    return `<text class="head" x="${at}" y="18">${escaped(name)}</text><line class="lane" x1="${at}" y1="26" x2="${at}" y2="${String(height)}"/>`
  })
  const arrows = drawn.map(({ detail, from, to }, i) => arrow(detail.row, x(from), x(to), TOP + i * ROW + 14, stepOf(run, detail.row.seq)))
  const label = `Messages of ${info.id} in order; the table of steps names those that decided`
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escaped(label)}" viewBox="0 0 ${String(width)} ${String(height)}" width="${String(width)}" height="${String(height)}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>
${[...heads, ...arrows].join('\n')}
</svg>`
}

function stepOf(run: ScenarioRun, seq: number): { readonly key: string; readonly verdict: string } | null {
  const found = run.steps.filter(({ messages }) => messages.includes(seq))
  const last = found.at(-1)
  return last === undefined ? null : { key: found.map(({ key }) => key).join(','), verdict: last.verdict }
}

function arrow(row: TraceRow, from: number, to: number, y: number, step: ReturnType<typeof stepOf>): string {
  const name = shortened(aboutRow(row))
  const title = `<title>${escaped(aboutRow(row))}</title>`
  const mark =
    step === null
      ? ''
      : `<text class="step ${step.verdict === 'pass' ? 'pass' : 'fail'}" x="${String(MARGIN - 8)}" y="${String(y + 4)}">${escaped(step.key)}</text>`
  const kind = step === null ? row.kind : `${row.kind} deciding`
  if (from === to)
    return `<g class="${kind}">${title}${mark}<circle cx="${String(from)}" cy="${String(y)}" r="4"/><text x="${String(from + 9)}" y="${String(y + 4)}">${escaped(name)}</text></g>`
  const end = to > from ? to - 3 : to + 3
  const line = `<line x1="${String(from)}" y1="${String(y)}" x2="${String(end)}" y2="${String(y)}" marker-end="url(#tip)"/>`
  return `<g class="${kind}">${title}${mark}${line}<text class="middle" x="${String((from + to) / 2)}" y="${String(y - 4)}">${escaped(name)}</text></g>`
}

function shortened(text: string): string {
  return text.length > 44 ? `${text.slice(0, 43)}…` : text
}
