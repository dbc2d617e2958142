// Writes docs/replay.md from the recordings.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REASONS } from './reasons.ts'
import { CORPUS, document, replay, sessions } from './replay.ts'

if (CORPUS === null) throw new Error('the recordings are not here (shared material: corpus/captured-sessions)')
writeFileSync(join(import.meta.dirname, '../../docs/replay.md'), document(sessions().map(replay), REASONS))
