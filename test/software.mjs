// Writes docs/software-matrix.md from the tables of core/mo.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderMatrix } from './support/softwarematrix.ts'

writeFileSync(join(import.meta.dirname, '../docs/software-matrix.md'), renderMatrix())
