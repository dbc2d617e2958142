// `npm run bench [-- NAME…] [--json]`: measures again and prints the table of docs/benchmarks.md; ratios against something named in the same run.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from '../../core/node/cli/build.mjs'

const root = resolve(import.meta.dirname, '../..')
const words = process.argv.slice(2)
const json = words.includes('--json')
const wanted = words.filter((word) => !word.startsWith('--'))

/** Areas: a module of this folder and the function that gives its rows. */
const AREAS = ['codec', 'server', 'store', 'trace', 'window', 'jobs', 'gateway']

if (!build({ ifNeeded: true, wanted: ['lab', 'renderer'] })) process.exit(1)
const rows = []
for (const area of AREAS) {
  if (!existsSync(join(import.meta.dirname, `${area}.ts`))) continue
  if (wanted.length > 0 && !wanted.some((name) => name.startsWith(area) || area.startsWith(name))) continue
  if (!json) process.stderr.write(`measuring ${area} …\n`)
  const module = await import(`./${area}.ts`)
  rows.push(...(await module[area]()))
}
const shown = rows.filter((row) => wanted.length === 0 || wanted.some((name) => row.name.startsWith(name)))
if (shown.length === 0) {
  process.stderr.write(`nothing is measured under the name ${wanted.join(', ')}; areas: ${AREAS.join(', ')}\n`)
  process.exit(2)
}
if (json) process.stdout.write(`${JSON.stringify(shown)}\n`)
else {
  const number = (value) => (value === null ? '-' : value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3))
  const table = [
    '| name | ours | theirs | unit | ratio | note |',
    '|---|---:|---:|---|---:|---|',
    ...shown.map(
      (r) => `| ${r.name} | ${number(r.ours)} | ${number(r.theirs)} | ${r.unit} | ${r.ratio === null ? '-' : r.ratio.toFixed(2)} | ${r.note} |`,
    ),
  ].join('\n')
  process.stdout.write(`${table}\n`)
  const page = join(root, 'docs/benchmarks.md')
  if (words.includes('--write') && wanted.length === 0 && existsSync(page)) {
    const text = readFileSync(page, 'utf8')
    writeFileSync(page, text.replace(/(<!-- table -->\n)[\s\S]*?(<!-- end -->)/, `$1${table}\n$2`))
  }
}
process.exit(0)
