// A report that stands alone: one HTML file without script, network or font, whose own policy forbids them. Bodies come in redacted; their hashes are of what was on the wire.
import type { FrameDetail } from '../api.ts'
import { xmlText } from '../evidence/printable.ts'
import { CodecError, decodeTree, EncodeError } from '../syncml/codec.ts'
import { hexOf } from '../syncml/text.ts'
import { ladderSvg } from './ladder.ts'
import { escaped, GLYPHS, type Reported, seconds } from './report.ts'
import { aboutRow } from './words.ts'

/** A run with its rows. */
export interface Evidence extends Reported {
  readonly rows: readonly FrameDetail[]
}

export interface HtmlOptions {
  /** What a row may show; identity where the reader may see all, and then the report says so. */
  readonly redact: ((detail: FrameDetail) => FrameDetail) | null
  /** Wall clock as ISO 8601 UTC. */
  readonly iso: (ms: number) => string
  /** Version of the program. */
  readonly version: string
}

/** Characters of one body that are shown. */
const MOST_BODY = 20_000

const STYLE = `:root{color-scheme:light dark;--ink:#1a1c20;--soft:#5b616b;--line:#d5d9e0;--back:#fff;--panel:#f5f6f8;--good:#12692f;--bad:#b3261e;--warn:#855300;--accent:#2456b8}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--soft:#a3a9b4;--line:#3a3f48;--back:#16181c;--panel:#1f2227;--good:#6fd08c;--bad:#ff8a80;--warn:#f0b65a;--accent:#8ab4ff}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:24px auto;max-width:1180px;padding:0 20px}
h1{font-size:20px}h2{font-size:17px;margin:32px 0 4px}h3{font-size:14px;margin:18px 0 6px}p{margin:4px 0;color:var(--soft)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:4px 10px 4px 0;border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:600}
.pass{color:var(--good)}.fail{color:var(--bad)}.inconclusive{color:var(--warn)}.soft{color:var(--soft)}.nowrap{white-space:nowrap}
a{color:var(--accent)}pre{background:var(--panel);border:1px solid var(--line);padding:8px;overflow:auto;max-height:420px;font:12px/1.4 ui-monospace,monospace}
details{margin:4px 0}summary{cursor:default}.scroll{overflow:auto}code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}svg .head{font-weight:600;text-anchor:middle}svg .middle{text-anchor:middle}svg .step{text-anchor:end;font-weight:700}
svg line,svg circle{stroke:var(--soft);fill:var(--soft)}svg .lane{stroke:var(--line);stroke-dasharray:3 3}svg .deciding line,svg .deciding circle{stroke:var(--accent);fill:var(--accent);stroke-width:1.8}
svg .tip{fill:var(--soft);stroke:none}svg text.pass{fill:var(--good)}svg text.fail{fill:var(--bad)}
@media print{body{margin:0;max-width:none}pre{max-height:none}}`

/** The report of these runs. */
export function htmlReport(runs: readonly Evidence[], options: HtmlOptions): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
  const title = runs.length === 1 ? `${runs[0]?.run.id ?? ''} ${runs[0]?.run.verdict ?? ''}` : `${String(runs.length)} scenario runs`
  const shown =
    options.redact === null
      ? 'Bodies are shown as they were on the wire, secrets included.'
      : 'Secrets and identifiers in bodies are replaced; hashes are of the bodies on the wire.'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="DM Lab ${escaped(options.version)}">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Scenario report</h1>
<p>${shown}</p>
${runs.length > 1 ? overview(runs) : ''}
${runs.map((each, i) => section(each, i, options)).join('\n')}
</main>
</body>
</html>
`
}

function overview(runs: readonly Evidence[]): string {
  const rows = runs.map(
    ({ info, run }, i) =>
      `<tr><td>${verdict(run.verdict || 'inconclusive')}</td><td><a href="#run${String(i)}">${escaped(run.id)}</a></td><td>${run.encoding}</td><td>${escaped(info.title)}</td></tr>`,
  )
  return `<table><thead><tr><th>Verdict</th><th>Scenario</th><th>Encoding</th><th>Flow</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function verdict(word: string): string {
  const glyph = (GLYPHS as Readonly<Record<string, string>>)[word] ?? ''
  return `<span class="nowrap ${word.replaceAll(' ', '-')}">${glyph} ${escaped(word)}</span>`
}

function section({ info, run, rows }: Evidence, index: number, options: HtmlOptions): string {
  const facts = [
    `${info.document} ${info.clause}`,
    run.encoding,
    run.transport,
    `seed ${String(run.seed)}`,
    seconds(run.duration),
    options.iso(run.startedAt),
    ...(run.fault === '' ? [] : [`planted fault at step ${run.fault}`]),
  ]
  const deciding = new Set([...run.steps, ...run.conditions].flatMap(({ messages }) => messages))
  const link = (seqs: readonly number[]): string => seqs.map((seq) => `<a href="#run${String(index)}-${String(seq)}">#${String(seq)}</a>`).join(' ')
  const steps = run.steps.map((step) => {
    const text = info.steps.find(({ key }) => key === step.key)
    return `<tr><td>${verdict(step.verdict)}</td><td>${escaped(step.key)}</td><td>${escaped(text?.text ?? '')}<br><span class="soft">${escaped(step.reason)}</span>${text?.inferred === undefined ? '' : `<br><span class="inconclusive">INFERRED: ${escaped(text.inferred.join(', '))}</span>`}</td><td class="nowrap">${link(step.messages)}</td><td class="nowrap soft">${step.at === null ? '' : seconds(step.at)}</td></tr>`
  })
  const conditions = run.conditions.map(
    (each) =>
      `<tr><td>${verdict(each.verdict)}</td><td>${each.when}</td><td>${escaped(each.text)}<br><span class="soft">${escaped(each.reason)}</span></td><td class="nowrap">${link(each.messages)}</td><td></td></tr>`,
  )
  const findings = run.findings.map(
    ({ seq, rule, severity, text }) => `<li>${escaped(severity)} #${String(seq)} <code>${escaped(rule)}</code> ${escaped(text)}</li>`,
  )
  const bodies = rows.filter(({ row }) => deciding.has(row.seq)).map((detail) => message(detail, index, options))
  return `<section id="run${String(index)}">
<h2>${escaped(run.id)} ${verdict(run.verdict || 'inconclusive')}</h2>
<p>${escaped(info.title)}</p>
<p>${facts.map(escaped).join(' · ')}</p>
<table><thead><tr><th>Verdict</th><th>Step</th><th>What, and why so</th><th>Rows</th><th>Time</th></tr></thead><tbody>${[...steps, ...conditions].join('')}</tbody></table>
${findings.length === 0 ? '<p>No findings.</p>' : `<h3>Findings</h3><ul>${findings.join('')}</ul>`}
<h3>Messages in order</h3>
<div class="scroll">${ladderSvg(info, run, rows)
    .replaceAll('"tip"', `"tip${String(index)}"`)
    .replaceAll('#tip)', `#tip${String(index)})`)}</div>
<h3>Deciding messages</h3>
${bodies.join('\n')}
</section>`
}

function message(detail: FrameDetail, index: number, { redact, iso }: HtmlOptions): string {
  const shown = redact === null ? detail : redact(detail)
  const { row, startLine, headers, sha256 } = detail
  const fields = shown.headers.map(([name, value]) => `${name}: ${value}`)
  const head = [...(startLine === '' ? [] : [shown.startLine]), ...(headers.length === 0 ? [] : fields)].join('\n')
  const hash = detail.bytes.length === 0 ? '' : `<p>SHA-256 <code>${escaped(sha256)}</code>, ${String(detail.bytes.length)} bytes</p>`
  const body =
    detail.bytes.length === 0
      ? ''
      : `<pre>${escaped(cut(bodyText(shown)))
          .replaceAll('&#10;', '\n')
          .replaceAll('&#9;', '\t')}</pre>`
  return `<details id="run${String(index)}-${String(row.seq)}"><summary>${escaped(aboutRow(shown.row))} <span class="soft">${escaped(iso(row.at))} ${row.hop} ${row.direction}</span></summary>${hash}${head === '' ? '' : `<pre>${escaped(head).replaceAll('&#10;', '\n')}</pre>`}${body}</details>`
}

function cut(text: string): string {
  return text.length <= MOST_BODY ? text : `${text.slice(0, MOST_BODY)}\n… ${String(text.length - MOST_BODY)} further characters are not shown`
}

function bodyText({ row, bytes }: FrameDetail): string {
  try {
    if (row.encoding !== '') return xmlText(decodeTree(bytes, row.encoding).root)
  } catch (error) {
    if (!(error instanceof CodecError || error instanceof EncodeError)) throw error
  }
  return hexOf(bytes)
}
