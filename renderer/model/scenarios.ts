// Scenarios as the window shows them: the library as a tree, a run as lines of a checklist, verdicts in words. Pure.
import type { ConditionResult, ScenarioInfo, ScenarioRun, ScenarioStepInfo, Seq, StepResult, StepVerdict } from '../../core/api.ts'
import type { RunRows, StepMark } from './ladder.ts'

/** A verdict as shown: its glyph and word always stand together, colour comes third. */
export interface VerdictLook {
  readonly glyph: string
  readonly word: string
  readonly tone: 'good' | 'bad' | 'warn' | 'soft' | 'accent'
}

export const VERDICT: Readonly<Record<StepVerdict, VerdictLook>> = {
  pass: { glyph: '✓', word: 'pass', tone: 'good' },
  fail: { glyph: '✕', word: 'fail', tone: 'bad' },
  inconclusive: { glyph: '?', word: 'inconclusive', tone: 'warn' },
  'not applicable': { glyph: '–', word: 'not applicable', tone: 'soft' },
  'not reached': { glyph: '·', word: 'not reached', tone: 'soft' },
}
const RUNNING: VerdictLook = { glyph: '▸', word: 'running', tone: 'accent' }
const NOT_RUN: VerdictLook = { glyph: '·', word: 'not run', tone: 'soft' }
const WAITING: VerdictLook = { glyph: '·', word: 'waiting', tone: 'soft' }

/** How a run as a whole looks. */
export function runLook(run: ScenarioRun): VerdictLook {
  if (run.state === 'running') return RUNNING
  if (run.state === 'cancelled') return { glyph: '■', word: 'cancelled', tone: 'warn' }
  return run.verdict === '' ? VERDICT.inconclusive : VERDICT[run.verdict]
}

/** Documents in the library, by their short name. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  S0: 'Image distribution through a gateway',
  S1: 'Software components: architecture flows',
  S2: 'Software management: broadcast, suspend, flow control',
  S3: 'Software components: use cases',
  S4: 'Management through a gateway',
}

/** One line of the library; alternatives hang below the flow, at the step where the text prints them. */
export interface LibraryLine {
  readonly key: string
  readonly kind: 'document' | 'flow' | 'alternative'
  readonly text: string
  readonly detail: string
  readonly info: ScenarioInfo | null
  /** Newest run of it; null where there was none. */
  readonly latest: ScenarioRun | null
}

/** A title taken apart: what the flow is about, what this branch of it is about, and what the document calls the branch. */
export function titleOf(info: Pick<ScenarioInfo, 'title' | 'alternativeOf'>): {
  readonly flow: string
  readonly branch: string
  readonly name: string
} {
  const named = /\s*\(((?:Alternative|Alternate)[^)]*)\)\s*$/i.exec(info.title)
  const plain = named === null ? info.title : info.title.slice(0, named.index)
  const at = plain.lastIndexOf(': ')
  const [flow, branch] = at < 0 ? [plain, ''] : [plain.slice(0, at), plain.slice(at + 2)]
  if (info.alternativeOf === null)
    return /^normal flow$/i.test(branch) ? { flow, branch: '', name: 'Normal flow' } : { flow: plain, branch: '', name: 'Normal flow' }
  return { flow, branch: branch === '' ? flow : branch, name: named?.[1] ?? 'Alternative' }
}

/** Alternatives of a flow, in the order in which their steps stand in it. */
export function alternatives(all: readonly ScenarioInfo[], flow: ScenarioInfo): readonly ScenarioInfo[] {
  const place = (info: ScenarioInfo): number => flow.steps.findIndex((step) => step.key === info.alternativeOf?.step)
  return all.filter((one) => one.alternativeOf?.id === flow.id).sort((a, b) => place(a) - place(b))
}

/** The library: documents, their flows, below each flow its alternatives. `find` narrows by any words. */
export function library(all: readonly ScenarioInfo[], runs: readonly ScenarioRun[], find: string): readonly LibraryLine[] {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const fits = (info: ScenarioInfo): boolean => {
    const text = `${info.id} ${info.document} ${info.clause} ${info.title}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
  const latest = (id: string): ScenarioRun | null => runs.find((run) => run.id === id) ?? null
  const ids = new Set(all.map((one) => one.id))
  const out: LibraryLine[] = []
  for (const document of [...new Set(all.map((one) => one.document))].sort()) {
    const lines: LibraryLine[] = []
    for (const flow of all.filter((one) => one.document === document && (one.alternativeOf === null || !ids.has(one.alternativeOf.id)))) {
      const below = alternatives(all, flow).filter((one) => fits(one) || fits(flow))
      if (!fits(flow) && below.length === 0) continue
      lines.push({ key: flow.id, kind: 'flow', text: `${flow.clause} ${titleOf(flow).flow}`, detail: '', info: flow, latest: latest(flow.id) })
      for (const info of below) {
        const step = flow.steps.find((one) => one.key === info.alternativeOf?.step)
        lines.push({
          key: info.id,
          kind: 'alternative',
          text: `${titleOf(info).name}: ${titleOf(info).branch}`,
          detail: step === undefined ? '' : `at step ${step.label}`,
          info,
          latest: latest(info.id),
        })
      }
    }
    if (lines.length === 0) continue
    out.push({ key: document, kind: 'document', text: document, detail: DOCUMENTS[document] ?? '', info: null, latest: null }, ...lines)
  }
  return out
}

/** A branch printed at a step: an alternative that was lived, or not taken. */
export interface Branch {
  readonly info: ScenarioInfo
  readonly lived: boolean
}

/** One line of the checklist. */
export interface CheckLine {
  readonly step: ScenarioStepInfo
  readonly look: VerdictLook
  readonly verdict: StepVerdict
  readonly reason: string
  readonly messages: readonly Seq[]
  /** `0.02 s` on the run's clock; '' where not reached. */
  readonly time: string
  /** It is awaited now. */
  readonly current: boolean
  readonly branches: readonly Branch[]
  /** It stands in this alternative only, or otherwise than in the flow it branches from. */
  readonly own: boolean
}

/** Time on a run's clock: `0.02 s`, `1:02:03`. */
export function runTime(ms: number): string {
  const s = ms / 1000
  if (s < 60) return `${s.toFixed(2)} s`
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  return `${String(Math.floor(s / 3600))}:${two((s % 3600) / 60)}:${two(s % 60)}`
}

/** Rows in short: `#201`, `#202–#204`, `#7 #9`. */
export function seqWords(seqs: readonly Seq[]): string {
  const out: string[] = []
  for (let i = 0; i < seqs.length;) {
    let j = i
    while (j + 1 < seqs.length && (seqs[j + 1] ?? 0) === (seqs[j] ?? 0) + 1) j += 1
    out.push(j === i ? `#${String(seqs[i])}` : `#${String(seqs[i])}–#${String(seqs[j])}`)
    i = j + 1
  }
  return out.length > 4 ? `${out.slice(0, 3).join(' ')} … ${out.at(-1) ?? ''}` : out.join(' ')
}

/** The checklist of a scenario: before a run (`run` null) every step waits; the branches of a flow stand at their steps. */
export function checklist(info: ScenarioInfo, run: ScenarioRun | null, all: readonly ScenarioInfo[]): readonly CheckLine[] {
  const results = new Map<string, StepResult>((run?.steps ?? []).map((one) => [one.key, one]))
  const live = run?.state === 'running'
  const failed = run?.steps.some((one) => one.verdict === 'fail') === true
  const next = live && !failed ? info.steps.find((step) => (results.get(step.key)?.verdict ?? 'not reached') === 'not reached')?.key : undefined
  const below = alternatives(all, info)
  const flow = all.find((one) => one.id === info.alternativeOf?.id)
  return info.steps.map((step) => {
    const result = results.get(step.key)
    const verdict = result?.verdict ?? 'not reached'
    const current = step.key === next
    const look = run === null ? NOT_RUN : current ? RUNNING : verdict === 'not reached' && live && !failed ? WAITING : VERDICT[verdict]
    return {
      step,
      look,
      verdict,
      reason: result?.reason ?? '',
      messages: result?.messages ?? [],
      time: result?.at === null || result?.at === undefined ? '' : runTime(result.at),
      current,
      own: flow !== undefined && !flow.steps.some((one) => one.key === step.key && one.text === step.text),
      branches: below.filter((one) => one.alternativeOf?.step === step.key).map((one) => ({ info: one, lived: run?.id === one.id })),
    }
  })
}

/** The flow a scenario belongs to with its branches: the flow itself first; which one a run lived. */
export function family(all: readonly ScenarioInfo[], info: ScenarioInfo): readonly ScenarioInfo[] {
  const flow = info.alternativeOf === null ? info : (all.find((one) => one.id === info.alternativeOf?.id) ?? info)
  return [flow, ...alternatives(all, flow)]
}

/** Conditions in order: those before the run, then those after it; without a run they wait. */
export function conditions(info: ScenarioInfo, run: ScenarioRun | null): readonly (ConditionResult & { readonly look: VerdictLook })[] {
  const given = run?.conditions ?? []
  const of = (text: string, when: 'before' | 'after'): ConditionResult & { readonly look: VerdictLook } => {
    const found = given.find((one) => one.text === text && one.when === when)
    if (found !== undefined && !(found.verdict === 'not reached' && run?.state === 'running')) return { ...found, look: VERDICT[found.verdict] }
    const look = run === null ? NOT_RUN : run.state === 'running' ? WAITING : VERDICT['not reached']
    return { text, when, verdict: 'not reached', messages: [], reason: '', look }
  }
  const known = [...info.pre.map((text) => of(text, 'before')), ...info.post.map((text) => of(text, 'after'))]
  const told = given.filter((one) => !known.some((line) => line.text === one.text && line.when === one.when))
  return [...known, ...told.map((one) => ({ ...one, look: VERDICT[one.verdict] }))]
}

/** How many steps have which verdict, in words: `7 of 9 pass, 1 fail`. */
export function tally(run: ScenarioRun): string {
  const of = (verdict: StepVerdict): number => run.steps.filter((one) => one.verdict === verdict).length
  const rest = (['fail', 'inconclusive', 'not reached', 'not applicable'] as const).flatMap((verdict) =>
    of(verdict) === 0 ? [] : [`${String(of(verdict))} ${verdict}`],
  )
  return [`${String(of('pass'))} of ${String(run.steps.length)} pass`, ...rest].join(', ')
}

/** The rows of a run for the ladder; `chosen` is the key of the step whose messages are lit. */
export function runRows(info: ScenarioInfo, run: ScenarioRun, chosen: string): RunRows {
  const steps = new Map<Seq, StepMark>()
  for (const { label, verdict, messages } of run.steps) for (const seq of messages) if (!steps.has(seq)) steps.set(seq, { label, verdict })
  return {
    first: run.first,
    last: run.last,
    actors: info.actors,
    steps,
    lit: new Set(run.steps.find((one) => one.key === chosen)?.messages ?? []),
  }
}

/** Runs with one of them replaced or put first; newest first, at most 100. */
export function withRun(runs: readonly ScenarioRun[], run: ScenarioRun): readonly ScenarioRun[] {
  const at = runs.findIndex((one) => one.run === run.run)
  if (at >= 0) return runs.map((one) => (one.run === run.run ? run : one))
  return [run, ...runs].sort((a, b) => b.run - a.run).slice(0, 100)
}
