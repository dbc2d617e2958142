// A message that is written while it grows: its length is known after every command, and the last one can be taken back.
import { Composer, FINAL } from './compose.ts'
import type { Command, SyncHdr } from './message.ts'
import type { Roll } from './sink.ts'

/** One message, written once. Made by `growing` of codec.ts. */
export class Growing {
  private readonly roll: Roll
  private readonly composer: Composer
  private readonly last: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>

  /** `octets` says whether the roll can carry octets as they are, `last` what is to be done with the bytes in the end. */
  constructor(header: SyncHdr, roll: Roll, octets: boolean, last: Growing['last']) {
    this.roll = roll
    this.last = last
    this.composer = new Composer(roll, octets)
    this.composer.begin(header)
    roll.mark()
  }

  /** True where reading its bytes would tell nothing new: see Composer. */
  get plain(): boolean {
    return this.composer.plain && this.roll.clean
  }

  /** Octets of the message as it is, with Final. */
  get length(): number {
    return this.roll.lengthWith(FINAL)
  }

  /** Adds a command with the CmdIDs it has. Throws EncodeError for what the encoding cannot carry; nothing of it is added then. */
  add(command: Command): void {
    this.roll.mark()
    try {
      this.composer.command(command)
    } catch (error) {
      this.roll.back()
      throw error
    }
  }

  /** Takes back the command that was added last; only once for each. */
  undo(): void {
    this.roll.back()
  }

  /** Its bytes, which are those that `encode` gives; the last call. */
  finish(final: boolean): Uint8Array<ArrayBuffer> {
    this.composer.end(final)
    return this.last(this.roll.result())
  }
}
