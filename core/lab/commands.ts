// A queued command in its text form becomes a typed SyncML command; the session gives it its CmdID.
import type { QueuedCommand, QueuedQuestion } from '../api.ts'
import type { Command, Item, Meta } from '../syncml/message.ts'

/** The alert of a question: options, text, then the choices (PRO 2.5). */
function toAlert({ code, text, choices = [], options = '' }: QueuedQuestion): Command {
  return { kind: 'Alert', cmdId: '', code, items: [options, text, ...choices].map((data) => ({ data })) }
}

/** One Item, Meta only where something differs from the defaults chr and text/plain (META). */
export function toCommand(queued: QueuedCommand | QueuedQuestion): Command {
  if (queued.kind === 'Ask') return toAlert(queued)
  const { kind, locUri, source, format, type, data } = queued
  const meta: Meta | undefined =
    format === undefined && type === undefined ? undefined : { ...(format === undefined ? {} : { format }), ...(type === undefined ? {} : { type }) }
  const carries = kind === 'Add' || kind === 'Replace' || kind === 'Exec'
  const item: Item = {
    target: { locUri },
    ...(kind === 'Copy' && source !== undefined ? { source: { locUri: source } } : {}),
    ...(meta !== undefined && carries ? { meta } : {}),
    ...(data !== undefined && carries ? { data } : {}),
  }
  return { kind, cmdId: '', items: [item] }
}
