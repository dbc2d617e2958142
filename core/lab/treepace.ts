// Keeps a walk's rate: an answer that carries its Gets waits until it may leave. Other answers pass at once.
import type { Frame } from '../machine.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Clock, Transport } from './ports.ts'
import type { Walks } from './treewalk.ts'

/** The transport, slowed down where a walk says so. A peer that left meanwhile is the transport's business, as ever. */
export function paced(transport: Transport, walks: Walks, clock: Clock): Transport {
  const slow: Transport['respond'] = (link, frame, sent) => {
    const ms = walks.delay(deviceOf(frame))
    if (ms <= 0) transport.respond(link, frame, sent)
    else clock.after(ms, () => transport.respond(link, frame, sent))
  }
  return {
    ...transport,
    respond: (link, frame, sent) => {
      if (walks.pacing) slow(link, frame, sent)
      else transport.respond(link, frame, sent)
    },
    refuse: (link, status, text, sent) => transport.refuse(link, status, text, sent),
  }
}

function deviceOf({ bytes, encoding }: Frame): string {
  try {
    return decode(bytes, encoding).message.header.target.locUri
  } catch (error) {
    // An answer somebody edited into something unreadable waits for nobody.
    if (error instanceof CodecError) return ''
    throw error
  }
}
