// Places of the dialect file: lines and columns of its mistakes as characters of the text. Pure.
import type { DialectProblem, DialectView } from '../../core/api.ts'

/** Where a mistake stands, in characters (UTF-16) from 0; columns count characters as people do. Beyond the text: its end. */
export function place(text: string, problem: Pick<DialectProblem, 'line' | 'column' | 'length'>): { readonly from: number; readonly to: number } {
  let start = 0
  for (let line = 1; line < problem.line; line++) {
    const next = text.indexOf('\n', start)
    if (next < 0) return { from: text.length, to: text.length }
    start = next + 1
  }
  const end = text.indexOf('\n', start)
  const line = Array.from(text.slice(start, end < 0 ? text.length : end))
  const before = line.slice(0, problem.column - 1).join('').length
  // What is meant may go on in the next lines.
  const meant = Array.from(text.slice(start + before, start + before + problem.length * 2))
    .slice(0, problem.length)
    .join('').length
  return { from: start + before, to: Math.min(text.length, start + before + meant) }
}

/** `2 errors, 1 warning`; '' where there are none. */
export function tally(problems: readonly DialectProblem[]): string {
  const errors = problems.filter((one) => one.severity === 'error').length
  const warnings = problems.length - errors
  const words = [
    ...(errors > 0 ? [`${String(errors)} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(warnings > 0 ? [`${String(warnings)} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ]
  return words.join(', ')
}

/** What holds for a device as rows: kind, name of the documents, name of the device. */
export function viewRows(view: DialectView): readonly { readonly kind: string; readonly name: string; readonly own: string }[] {
  const rows = (kind: string, names: Readonly<Record<string, string>>) => Object.entries(names).map(([name, own]) => ({ kind, name, own }))
  return [
    ...rows('Root', view.roots),
    ...rows('Node', view.nodes),
    ...rows('Alert', view.alerts),
    ...(view.profile === '' ? [] : [{ kind: 'Profile', name: 'how the lab speaks to it', own: view.profile }]),
  ]
}
