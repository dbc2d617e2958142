// Runs as text, JSON of the contract, and JUnit XML. What a reader sees here was decided by the referee; nothing is judged again.
import type { ConditionResult, ScenarioInfo, ScenarioRun, StepResult, StepVerdict } from '../api.ts'

/** A run and the scenario it is of. */
export interface Reported {
  readonly info: ScenarioInfo
  readonly run: ScenarioRun
}

/** Glyphs that need no colour to be told apart. */
export const GLYPHS: Readonly<Record<StepVerdict, string>> = { pass: '✓', fail: '✗', inconclusive: '?', 'not applicable': '–', 'not reached': '·' }

/** `scenario list --json`. */
export function listJson(infos: readonly ScenarioInfo[]): object {
  return {
    scenarios: infos.map(({ id, document, title, steps, alternativeOf, clause }) => ({
      id,
      document,
      clause,
      title,
      labels: steps.map(({ label }) => label),
      keys: steps.map(({ key }) => key),
      alternativeOf: alternativeOf?.id ?? null,
      branchesAt: alternativeOf?.step ?? null,
    })),
  }
}

/** `scenario run --json`: fields of the contract first, further ones behind. */
export function runsJson(runs: readonly ScenarioRun[]): object {
  return { runs: runs.map(runJson) }
}

function runJson(run: ScenarioRun): object {
  const { id, encoding, verdict, transport, seed, duration, fault, findings, first, last } = run
  const steps = run.steps.map(({ label, verdict: own, messages, reason, key, at }) => ({
    label,
    verdict: own,
    messages,
    reason: reason === '' ? null : reason,
    key,
    at,
  }))
  const conditions = run.conditions.map(({ text, when, verdict: own, messages, reason }) => ({
    text,
    when,
    verdict: own,
    messages,
    reason: reason === '' ? null : reason,
  }))
  return {
    id,
    encoding,
    verdict: verdict === '' ? 'inconclusive' : verdict,
    steps,
    conditions,
    findings,
    transport,
    seed,
    duration,
    fault: fault === '' ? null : fault,
    first,
    last,
  }
}

/** `s1-5.4.1  xml  seed 1  pass` and a line for each step and condition. */
export function runText({ info, run }: Reported): string {
  const head = [
    run.id,
    run.encoding,
    run.transport,
    `seed ${String(run.seed)}`,
    seconds(run.duration),
    ...(run.fault === '' ? [] : [`fault at ${run.fault}`]),
  ]
  const inferred = [...new Set(info.steps.flatMap((step) => step.inferred ?? []))]
  const widest = Math.max(...run.steps.map(({ key }) => key.length), 1)
  const steps = run.steps.map((step) => {
    const text = info.steps.find(({ key }) => key === step.key)?.text ?? ''
    return resultLines(step.key.padEnd(widest), step, text)
  })
  const conditions = run.conditions.map((condition) => resultLines(condition.when.padEnd(widest), condition, condition.text))
  const findings = run.findings.map(({ seq, rule, severity, text }) => `    ${severity} #${String(seq)} ${rule}: ${text}\n`)
  return [
    `${head.join('  ')}  ${run.verdict.toUpperCase()}\n`,
    `  ${info.document} ${info.clause}  ${info.title}\n`,
    ...steps,
    ...conditions,
    ...(inferred.length === 0 ? [] : [`    INFERRED: ${inferred.join(', ')}\n`]),
    ...findings,
  ].join('')
}

function resultLines(label: string, result: StepResult | ConditionResult, text: string): string {
  const { verdict, messages, reason } = result
  const when = 'at' in result && result.at !== null ? `  ${seconds(result.at)}` : ''
  const rows = messages.length === 0 ? '' : `  ${messages.map((seq) => `#${String(seq)}`).join(' ')}`
  const why = reason !== '' && verdict !== 'pass' ? `\n      ${reason}` : ''
  return `  ${GLYPHS[verdict]} ${label}  ${verdict.padEnd(14)}  ${text}${rows}${when}${why}\n`
}

/** Ms as seconds with milliseconds. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`
}

/** JUnit XML: a suite a run, a case a step or condition. Inconclusive is an error, what was not reached or does not apply is skipped. */
export function junitXml(runs: readonly Reported[]): string {
  const suites = runs.map(suite)
  const sum = (pick: (counts: Counts) => number): number => suites.reduce((total, { counts }) => total + pick(counts), 0)
  const head = `<testsuites name="dmlab" tests="${String(sum(({ tests }) => tests))}" failures="${String(sum(({ failures }) => failures))}" errors="${String(sum(({ errors }) => errors))}">`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${suites.map(({ xml }) => xml).join('')}</testsuites>\n`
}

interface Counts {
  readonly tests: number
  readonly failures: number
  readonly errors: number
  readonly skipped: number
}

function suite({ info, run }: Reported): { readonly xml: string; readonly counts: Counts } {
  let before = 0
  const cases = [
    ...run.steps.map((step) => {
      const time = step.at === null ? 0 : Math.max(0, step.at - before)
      before = step.at ?? before
      return testCase(run, `${step.key} ${info.steps.find(({ key }) => key === step.key)?.text ?? ''}`, step, time)
    }),
    ...run.conditions.map((condition) => testCase(run, `${condition.when}: ${condition.text}`, condition, 0)),
  ]
  const count = (...verdicts: StepVerdict[]): number => [...run.steps, ...run.conditions].filter(({ verdict }) => verdicts.includes(verdict)).length
  const counts = { tests: cases.length, failures: count('fail'), errors: count('inconclusive'), skipped: count('not reached', 'not applicable') }
  const attributes = [
    ['name', `${run.id} ${run.encoding}`],
    ['tests', String(counts.tests)],
    ['failures', String(counts.failures)],
    ['errors', String(counts.errors)],
    ['skipped', String(counts.skipped)],
    ['time', (run.duration / 1000).toFixed(3)],
  ]
  const properties = [
    ['document', info.document],
    ['clause', info.clause],
    ['seed', String(run.seed)],
    ['transport', run.transport],
    ['fault', run.fault],
  ]
  const lines = properties.map(([name = '', value = '']) => `      <property name="${escaped(name)}" value="${escaped(value)}"/>\n`).join('')
  const open = `  <testsuite ${attributes.map(([name = '', value = '']) => `${name}="${escaped(value)}"`).join(' ')}>\n`
  return { xml: `${open}    <properties>\n${lines}    </properties>\n${cases.join('')}  </testsuite>\n`, counts }
}

function testCase(run: ScenarioRun, name: string, result: StepResult | ConditionResult, ms: number): string {
  const head = `    <testcase classname="${escaped(`${run.id}.${run.encoding}`)}" name="${escaped(name)}" time="${(ms / 1000).toFixed(3)}"`
  const rows = result.messages.map((seq) => `#${String(seq)}`).join(' ')
  const text = escaped([result.reason, rows === '' ? '' : `rows ${rows}`].filter((part) => part !== '').join('; '))
  switch (result.verdict) {
    case 'pass':
      return `${head}/>\n`
    case 'fail':
      return `${head}>\n      <failure message="${text}"/>\n    </testcase>\n`
    case 'inconclusive':
      return `${head}>\n      <error message="${text}"/>\n    </testcase>\n`
    case 'not applicable':
    case 'not reached':
      return `${head}>\n      <skipped message="${text === '' ? result.verdict : text}"/>\n    </testcase>\n`
    default:
      return result.verdict satisfies never
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** Text as XML and HTML take it, in content and in attributes; characters that XML forbids become U+FFFD. */
export function escaped(text: string): string {
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, '\ufffd').replace(/[&<>"'\n\t]/g, (c) => ENTITIES[c] ?? c)
}
