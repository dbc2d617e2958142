// What a server still says to a device whose session is over: Status and Final, and its credentials where they are asked for. Nothing is performed any more.
import type { Effect } from '../machine.ts'
import type { Message, Status } from '../syncml/message.ts'
import type { Exchange } from './exchange.ts'
import { codeForClient, headerStatus, isRequest, refusals, statusFor } from './replies.ts'

/**
 * The peer's Status of our last SyncHdr that asks for credentials (401, 407; SEC challenges), where we may still answer it: `refused` is the code
 * that ended the session, 0 where it ended well. Undefined where it asks for none.
 */
export function asksProof(x: Exchange, message: Message, refused: number): Status | undefined {
  if (refused !== 0 || x.prover.spent) return undefined
  const { lastSent } = x
  return message.commands.find(
    (command): command is Status =>
      command.kind === 'Status' &&
      command.cmdRef === '0' &&
      (command.msgRef === lastSent || command.msgRef === '') &&
      (command.code === 401 || command.code === 407),
  )
}

/**
 * Fills the outbox for a message after the end (PRO session abort): Status for everything. Whoever was refused with `refused` stays refused;
 * a device that asks who we are, because our closing message did not say, is told (SEC challenges). `prove`: the message may show our credentials.
 */
export function lastWord(x: Exchange, message: Message, refused: number): { readonly effects: Effect[]; readonly prove: boolean } {
  x.outbox.clear()
  x.outbox.front(headerStatus(message, refused === 0 ? 200 : refused, { refs: refused !== 0 }))
  const statuses =
    refused === 0
      ? message.commands.filter(isRequest).map((command) => statusFor(message, command, { code: codeForClient(command) }))
      : refusals(message, refused)
  for (const status of statuses) x.outbox.answer({ kind: 'status', status })
  const asked = asksProof(x, message, refused)
  return { effects: asked === undefined ? [] : x.heard(asked).effects, prove: refused === 0 }
}
