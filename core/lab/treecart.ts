// Carts: commands a screen gathered, as the order they become, as the SyncML they will be, and as what came of them.
import type { Cart, CartPreview, CartRemark, OrderRow } from '../api.ts'
import { addressOf } from '../mirror/facts.ts'
import type { Look } from '../mirror/view.ts'
import { whyRefused } from '../mirror/view.ts'
import type { Order, OrderOutcome } from '../server/records.ts'
import { suit } from '../session/chunks.ts'
import { decode, encode } from '../syncml/codec.ts'
import type { Command, Encoding, Message, Request } from '../syncml/message.ts'
import { utf8Text } from '../syncml/text.ts'
import { toCommand } from './commands.ts'

/** The commands of a cart as the server queues them; CmdIDs are ''. */
export function commandsOf({ mode, commands }: Cart): Command[] {
  if (commands.length === 0) throw new Error('the cart is empty')
  const typed = commands.map(toCommand)
  return mode === 'single' ? typed : [{ kind: mode === 'atomic' ? 'Atomic' : 'Sequence', cmdId: '', commands: typed }]
}

/** A whole message with the cart's commands, written as this encoding writes them. CmdIDs begin with 1. */
export function previewOf(cart: Cart, encoding: Encoding, device: string, server: string, remarks: readonly CartRemark[]): CartPreview {
  const numbered = number(commandsOf(cart), { next: 1 })
  const message = (as: Encoding): Message => ({
    header: { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '1', target: { locUri: device }, source: { locUri: server } },
    commands: numbered.map((command) => {
      const entry = suit({ kind: 'command', command: command as Request, tag: 0 }, as)
      return entry.kind === 'command' ? entry.command : command
    }),
    final: true,
  })
  const bytes = encode(message(encoding), { encoding })
  const { start, end } = place(bytes, encoding)
  const xml = encoding === 'xml' ? bytes : encode(message('xml'), { encoding: 'xml' })
  const inXml = encoding === 'xml' ? { start, end } : place(xml, 'xml')
  return { encoding, bytes, start, end, xml: utf8Text(xml.subarray(inXml.start, inXml.end)) ?? '', remarks }
}

function number(commands: readonly Command[], count: { next: number }): Command[] {
  return commands.map((command) => {
    const cmdId = String(count.next++)
    return 'commands' in command ? { ...command, cmdId, commands: number(command.commands, count) } : { ...command, cmdId }
  })
}

function place(bytes: Uint8Array, encoding: Encoding): { readonly start: number; readonly end: number } {
  const { commands } = decode(bytes, encoding).message
  return { start: commands[0]?.start ?? 0, end: commands.at(-1)?.end ?? 0 }
}

/** What came of an order, command by command. */
export function rowOfOrder(order: Order, look: Look, server: string): OrderRow {
  const { id, device, createdAt, state, sessionId, outcomes } = order
  const [first] = order.commands
  const group = order.commands.length === 1 && first !== undefined && 'commands' in first ? first : null
  const list = group === null ? order.commands : group.commands
  const of = (i: number): readonly OrderOutcome[] =>
    outcomes.filter((outcome) => (group === null ? outcome.command === i && outcome.path === undefined : outcome.path?.[0] === i))
  const commands = list.map((command, i) => {
    const [outcome] = of(i)
    const locUri = 'items' in command ? (command.items[0]?.target?.locUri ?? '') : ''
    const code = outcome?.code ?? 0
    const failed = outcome !== undefined && (code === 0 || code >= 300 || code === 215 || code === 216)
    const path = addressOf(locUri)?.path ?? []
    const why = failed ? whyRefused(look, path, command.kind, code, server) : ''
    return {
      kind: command.kind,
      locUri,
      code,
      data:
        of(i)
          .map((each) => each.data)
          .find((data) => data !== '') ?? '',
      why,
    }
  })
  const own = group === null ? undefined : outcomes.find((outcome) => outcome.path === undefined)
  const mode = group === null ? 'single' : group.kind === 'Atomic' ? 'atomic' : 'sequence'
  return { id, device, createdAt, mode, state, sessionId, commands, code: own?.code ?? 0 }
}
