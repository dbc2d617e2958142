// Writes docs/conformance.md from the titles of the tests; ends with 1 where a point has neither test nor reason.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, render } from './support/conformance.ts'

writeFileSync(join(import.meta.dirname, '../docs/conformance.md'), render())
for (const fault of faults()) process.stderr.write(`${fault}\n`)
process.exitCode = faults().length > 0 ? 1 : 0
