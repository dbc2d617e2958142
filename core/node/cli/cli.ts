// The program `dmlab`: runs what its words ask for, and ends quietly where nobody reads on.
import process from 'node:process'
import { quietPipes } from './output.ts'
import { run } from './program.ts'

quietPipes()
await run(process.argv.slice(2))
