// The command list of a fan-out: read once when stored, written anew for every device with its own CmdIDs, Correlators and image tokens (gwmo sheet 4.1, 4.2).
import { CodecError, decode, decodeTree } from '../syncml/codec.ts'
import type { Command, Item, Request } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { TOKENS } from '../mo/gwmo.ts'

/** Why a command list is refused, with the status the server gets. */
export class CommandError extends Error {
  readonly status: 406 | 415 | 500

  constructor(status: 406 | 415 | 500, message: string) {
    super(message)
    this.status = status
  }
}

const utf8 = new TextEncoder()
const HEAD =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>' +
  '<Target><LocURI>x</LocURI></Target><Source><LocURI>x</LocURI></Source></SyncHdr><SyncBody>'

/** The commands of a `FanoutCommand` document, CmdIDs as written (labels). Throws CommandError. */
export function readFanoutCommand(text: string): readonly Request[] {
  const bytes = utf8.encode(text)
  let root
  try {
    ;({ root } = decodeTree(bytes, 'xml'))
  } catch (error) {
    if (error instanceof CodecError) throw new CommandError(415, `the command list does not read: ${error.message}`)
    throw error
  }
  if (root.name !== 'FanoutCommand') throw new CommandError(415, `the command list begins with ${root.name}, not FanoutCommand`)
  const [first] = root.children
  const last = root.children.at(-1)
  if (first === undefined || last === undefined) throw new CommandError(415, 'the command list is empty')
  const inner = new TextDecoder().decode(bytes.subarray(first.start, last.end))
  let commands: readonly Command[]
  try {
    ;({ commands } = decode(utf8.encode(`${HEAD}${inner}</SyncBody></SyncML>`), 'xml').message)
  } catch (error) {
    if (error instanceof CodecError) throw new CommandError(415, `the command list does not read: ${error.reason}`)
    throw error
  }
  return commands.map((command) => legal(command, false))
}

/**
 * The list as it is sent: commands of a Sequence stand by themselves, in their order. Nothing then depends on the room of one message, and no large object is ever inside
 * a group (gwmo sheet 4.4); an Atomic stays whole.
 */
export const takenApart = (commands: readonly Request[]): readonly Request[] =>
  commands.flatMap((command) => (command.kind === 'Sequence' ? takenApart(command.commands as readonly Request[]) : [command]))

function legal(command: Command, inAtomic: boolean): Request {
  switch (command.kind) {
    case 'Get':
      if (inAtomic) throw new CommandError(500, 'Get is not allowed inside Atomic')
      return command
    case 'Add':
    case 'Copy':
    case 'Delete':
    case 'Replace':
    case 'Exec':
      return command
    case 'Atomic':
      if (inAtomic) throw new CommandError(500, 'Atomic is not allowed inside Atomic')
      command.commands.forEach((each) => legal(each, true))
      return command
    case 'Sequence':
      command.commands.forEach((each) => legal(each, inAtomic))
      return command
    case 'Alert':
    case 'Status':
    case 'Results':
      throw new CommandError(406, `${command.kind} cannot be fanned out`)
    case 'Other':
      throw new CommandError(406, `${command.name} cannot be fanned out`)
    default:
      return command satisfies never
  }
}

/** An image as a command may name it. */
export interface ImageFacts {
  readonly url: string
  readonly descriptorUrl: string
  /** Null where the bytes are not at hand: an `{{ImageData}}` then stays a token. */
  readonly data: Uint8Array | null
}

/** The list for one device: fresh Correlators on its Execs (`job.device.label`), tokens replaced. `bin` Data is octets; the session writes it as its encoding wants. */
export function commandsFor(commands: readonly Request[], job: string, localId: string, image: ImageFacts | null): readonly Request[] {
  return commands.map((command): Request => {
    switch (command.kind) {
      case 'Exec':
        return { ...command, correlator: `${job}.${localId}.${command.cmdId}`, items: command.items.map((item) => filled(item, image)) }
      case 'Atomic':
      case 'Sequence':
        return { ...command, commands: commandsFor(command.commands as readonly Request[], job, localId, image) }
      case 'Add':
      case 'Copy':
      case 'Delete':
      case 'Get':
      case 'Replace':
        return { ...command, items: command.items.map((item) => filled(item, image)) }
      default:
        return command
    }
  })
}

function filled(item: Item, image: ImageFacts | null): Item {
  if (image === null || item.data === undefined) return item
  const text = dataText(item.data)
  if (text.trim() === TOKENS.data) return image.data === null ? item : { ...item, data: image.data }
  if (!text.includes('{{')) return item
  return { ...item, data: text.split(TOKENS.url).join(image.url).split(TOKENS.descriptor).join(image.descriptorUrl) }
}

export function targetOf(command: Command): string {
  return 'items' in command ? (command.items[0]?.target?.locUri ?? '') : ''
}

/** For each command of the list: is it a preparing Add - of an interior node, or of a leaf that a later Replace of the list writes? */
export function preparing(commands: readonly Request[]): readonly boolean[] {
  return commands.map((command, at) => {
    if (command.kind !== 'Add') return false
    return command.items.every((item) => {
      const format = item.meta?.format ?? command.meta?.format
      const uri = item.target?.locUri
      return (
        format === 'node' ||
        commands.slice(at + 1).some((later) => later.kind === 'Replace' && later.items.some(({ target }) => target?.locUri === uri))
      )
    })
  })
}

/** True where an Exec needs what an earlier Add or Replace of the list made: it is not sent after that one failed (gwmo sheet 4.4). */
export function needs(exec: Request, failed: Request): boolean {
  if (exec.kind !== 'Exec' || (failed.kind !== 'Add' && failed.kind !== 'Replace')) return false
  const target = targetOf(exec)
  return failed.items.some((item) => {
    const uri = item.target?.locUri ?? ''
    const parent = uri.slice(0, Math.max(0, uri.lastIndexOf('/')))
    return target.startsWith(`${uri}/`) || (parent !== '.' && parent !== '' && (target === parent || target.startsWith(`${parent}/`)))
  })
}
