// Collects the titles of tests that name points of the checklists and writes docs/conformance.md from them; what is missing is told.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { CHECKLISTS } from './checklists.ts'
import type { Point } from './checklists.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** A test that names points. */
export interface Named {
  readonly file: string
  readonly title: string
}

/** A title that begins with points: `dm 4, 15: …`, `dm 17 and 18: …`, `dm 1 to 4: …`, `nb 8, nb 10: …`, `dm 38 (A5): …`. */
const TITLE =
  /(['"`])((?:dm|wbxml|nb|sc|fu|dl|gw) \d+(?:(?:, | and |, and | to )(?:(?:dm|wbxml|nb|sc|fu|dl|gw) )?\d+)*(?: \([A-Z]\d+\))?: (?:(?!\1)[^\n\\]|\\.)*)\1/g

/** Points a title names, as `dm 4`. */
export function pointsOf(title: string): string[] {
  let key = ''
  const points: string[] = []
  for (const [, joint, named, number = ''] of title.slice(0, title.indexOf(':')).matchAll(/(to )?(?:(dm|wbxml|nb|sc|fu|dl|gw) )?(?<![A-Z])(\d+)/g)) {
    key = named ?? key
    const last = joint === undefined ? Number(number) : Number(points.at(-1)?.split(' ')[1]) + 1
    for (let at = last; at <= Number(number); at++) points.push(`${key} ${String(at)}`)
  }
  return points
}

/** Tests by point. */
export function collect(folder = join(ROOT, 'test')): ReadonlyMap<string, readonly Named[]> {
  const found = new Map<string, Named[]>()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && name !== 'conformance.test.ts')
    .sort()
  for (const name of files) {
    const file = relative(ROOT, join(folder, name)).replaceAll('\\', '/')
    for (const [, , raw = ''] of readFileSync(join(folder, name), 'utf8').matchAll(TITLE)) {
      const title = raw.replace(/\\(.)/g, '$1').replace(/\$\{[^}]*\}/g, '…')
      for (const point of pointsOf(title)) found.set(point, [...(found.get(point) ?? []), { file, title: title.slice(title.indexOf(':') + 2) }])
    }
  }
  return found
}

/** What is wrong: points with neither test nor reason, reasons for points that have a test, tests that name points there are none of. */
export function faults(found = collect()): string[] {
  const all = new Map<string, Point>(CHECKLISTS.flatMap(({ key, points }) => points.map((point, i) => [`${key} ${i + 1}`, point] as const)))
  const bare = [...all].flatMap(([name, { without }]) => {
    if (found.has(name)) return without === undefined ? [] : [`${name} has a test, and a reason why it has none`]
    return without === undefined ? [`${name} has neither test nor reason`] : []
  })
  return [...bare, ...[...found.keys()].filter((name) => !all.has(name)).map((name) => `no checklist has a point ${name}`)]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')

/** The document. */
export function render(found = collect()): string {
  const parts = CHECKLISTS.map(({ key, title, points }) => {
    const rows = points.map(({ says, standing = 'CONFIRMED', without }, i) => {
      const tests = (found.get(`${key} ${i + 1}`) ?? []).map(({ file, title: name }) => `${cell(name)} (\`${file.replace('test/', '')}\`)`)
      return `| ${key} ${i + 1} | ${cell(says)} | ${standing} | ${tests.length > 0 ? tests.join('<br>') : `none: ${without ?? ''}`} |`
    })
    return [`## ${title}`, '', '| point | what | standing | tests |', '|---|---|---|---|', ...rows].join('\n')
  })
  const head =
    '# Conformance\n\nEvery point of the checklists with the tests that name it. Made by `node test/conformance.mjs` from the titles of the tests; ' +
    'a test fails while it is stale. CONFIRMED rests on a normative text or a published vector, INFERRED on what implementations do.'
  return `${[head, ...parts].join('\n\n')}\n`
}
