// Sessions of the gateway with a DM Server that records nothing here: each message is a row of our own trace, with its answer as the cause's effect.
import type { SessionOutcome } from '../lab/runner.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Frame } from '../machine.ts'
import { wordsOf } from '../syncml/text.ts'
import { keptConnections, post } from './client.ts'
import type { PostOptions, Posted, Poster } from './client.ts'
import { encodingOf } from './media.ts'

export interface NorthParts {
  readonly recorder: Recorder
  readonly clock: { now(): number; mono(): number }
  /** DevId of the gateway. */
  readonly id: string
  readonly options: Omit<PostOptions, 'agents'>
  readonly changed: () => void
}

/** A Poster that records; `ended` closes the session's row. */
export function northPoster({ recorder, clock, id, options, changed }: NorthParts): Poster & { ended(end: SessionOutcome): void } {
  const agents = keptConnections()
  const up = (frame: Frame, posted: Pick<Posted, 'sent' | 'local' | 'remote'>): ReturnType<Recorder['message']> => {
    const { sent, local, remote } = posted
    return recorder.message({ direction: 'up', hop: 'S-G', frame, ...sent, local, remote, cause: null, answers: '', httpStatus: 0, hold: 'no' })
  }
  return {
    close: () => agents.close(),
    ended: ({ sessionId, outcome, reason }) => {
      const session = recorder.sessions.find(id, sessionId)
      if (session !== 0) recorder.move(session, outcome, reason ?? '')
      changed()
    },
    post: async (frame) => {
      const begun = { at: clock.now(), mono: clock.mono() }
      let posted: Posted
      try {
        posted = await post(frame.uri, frame, { ...options, agents, clock })
      } catch (error) {
        const text = wordsOf(error)
        const lost = up(frame, { sent: { startLine: `POST ${frame.uri} HTTP/1.1`, headers: frame.headers, ...begun }, local: '', remote: '' })
        recorder.answerError({ at: clock.now(), mono: clock.mono(), startLine: '', headers: [] }, 0, text, lost.seq, lost.session)
        changed()
        throw error
      }
      const { httpStatus, bytes, contentType, headers, startLine, at, mono, local, remote } = posted
      const asked = up(frame, posted)
      const encoding = encodingOf(contentType)
      if (httpStatus !== 200 || encoding === null) {
        const words = contentType.startsWith('text/') ? new TextDecoder().decode(bytes.subarray(0, 1000)).trim() : ''
        const text = words === '' ? `${bytes.length} bytes of ${contentType || 'no type'}` : words
        recorder.answerError({ at, mono, startLine, headers }, httpStatus, text, asked.seq, asked.session)
        changed()
        return { httpStatus, frame: null, text }
      }
      const answer: Frame = { bytes, encoding, contentType, headers, uri: '' }
      const about = { startLine, headers, local, remote, at, mono, cause: asked.seq, answers: asked.row.package, httpStatus, hold: 'no' as const }
      recorder.message({ direction: 'down', hop: 'S-G', frame: answer, ...about })
      changed()
      return { httpStatus, frame: answer, text: '' }
    },
  }
}
