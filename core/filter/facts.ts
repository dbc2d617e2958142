// One row of the trace as the filter reads it: the summary first; what was recorded beside it and the decoded message only when a field asks, once.
import type { FrameDetail, Seq, TraceRow } from '../api.ts'
import { readMessage } from '../syncml/codec.ts'
import type { Command, Item, Message } from '../syncml/message.ts'

/** What a row cannot say of itself. Everything may be left out: then fields that need it have no value. */
export interface Around {
  /** Everything recorded of a row; undefined where there is none. */
  frame?(seq: Seq): FrameDetail | undefined
  /** A row as lists have it. */
  row?(seq: Seq): TraceRow | undefined
  /** The run the rows belong to. */
  readonly run?: RunFacts
  /** The message as it is to be understood, where that is another than was said: a device's dialect. */
  understood?(row: TraceRow, message: Message): Message
  /** Management object that a URI of a device lies in, where its dialect says so; '' where it says nothing. */
  mo?(device: string, uri: string): string
  /** Marks (1 to 9) somebody set on a row, and notes people wrote. */
  marks?(seq: Seq): readonly number[]
  notes?(seq: Seq): readonly string[]
}

/** A run of a scenario, as far as it has come. */
export interface RunFacts {
  readonly scenario: string
  readonly run: number
  /** First and last row of a step's stretch and the rows that decided it; null where it was not decided. */
  step(key: string): { readonly first: Seq; readonly last: Seq; readonly deciding: readonly Seq[] } | null
  /** Keys of the steps that this row decided. */
  decided(seq: Seq): readonly string[]
}

/** One command of a message, or what its row says of it (`command` null: nothing was decoded). */
export interface Part {
  readonly kind: 'command' | 'status' | 'results'
  readonly name: string
  /** Alert code or Status code; NaN where none. */
  readonly code: number
  readonly command: Command | null
  /** Name of the group it stands in; '' outside. */
  readonly parent: string
}

/** Decoded messages kept, so that `answers()` and neighbours need not decode twice. */
const KEPT = 64

/** Reads frames and messages of one trace for many rows. */
export class Reading {
  readonly around: Around
  readonly #messages = new Map<Seq, Message | null>()

  constructor(around: Around) {
    this.around = around
  }

  frame(seq: Seq): FrameDetail | undefined {
    return this.around.frame?.(seq)
  }

  /** The message of a row; null where it has none that can be read. */
  message(row: TraceRow, detail?: FrameDetail): Message | null {
    if (row.kind !== 'message' || row.encoding === '') return null
    const known = this.#messages.get(row.seq)
    if (known !== undefined) return known
    const frame = detail ?? this.frame(row.seq)
    const said = frame === undefined ? null : readMessage(frame.bytes, row.encoding)
    const message = said === null ? null : (this.around.understood?.(row, said) ?? said)
    this.#messages.set(row.seq, message)
    const oldest = this.#messages.keys().next().value
    if (this.#messages.size > KEPT && oldest !== undefined) this.#messages.delete(oldest)
    return message
  }
}

/** One row, or one command of its message (`part`). */
export class RowFacts {
  readonly row: TraceRow
  readonly reading: Reading
  readonly part: Part | null
  readonly #whole: RowFacts | null
  #frame: FrameDetail | null | undefined
  #message: Message | null | undefined
  #parts: readonly RowFacts[] | undefined

  constructor(row: TraceRow, reading: Reading, part: Part | null = null, whole: RowFacts | null = null) {
    this.row = row
    this.reading = reading
    this.part = part
    this.#whole = whole
  }

  /** Everything recorded; null where it cannot be had. */
  get frame(): FrameDetail | null {
    if (this.#whole !== null) return this.#whole.frame
    if (this.#frame === undefined) this.#frame = this.reading.frame(this.row.seq) ?? null
    return this.#frame
  }

  /** The decoded message; null where there is none. */
  get message(): Message | null {
    if (this.#whole !== null) return this.#whole.message
    if (this.#message === undefined) this.#message = this.reading.message(this.row)
    return this.#message
  }

  /** Its commands, those inside groups too, as the decoded message has them. */
  get parts(): readonly RowFacts[] {
    if (this.part !== null) return [this]
    this.#parts ??= (this.message === null ? [] : flat(this.message.commands, '')).map((part) => new RowFacts(this.row, this.reading, part, this))
    return this.#parts
  }

  /** Its commands as far as the row alone names them. */
  summary(): readonly RowFacts[] {
    if (this.part !== null) return [this]
    const { commands, statuses } = this.row
    const named = commands.map((text): Part => {
      const [name = '', code = ''] = text.split(' ')
      return { kind: name === 'Results' ? 'results' : 'command', name, code: code === '' ? Number.NaN : Number(code), command: null, parent: '' }
    })
    const coded = statuses.map((code): Part => ({
      kind: 'status',
      name: 'Status',
      code: code === '' ? Number.NaN : Number(code),
      command: null,
      parent: '',
    }))
    return [...coded, ...named].map((part) => new RowFacts(this.row, this.reading, part, this))
  }

  /** Commands to look at: the part alone, or all parts. */
  commands(): readonly { readonly command: Command; readonly parent: string }[] {
    const parts = this.part !== null ? [this.part] : this.parts.flatMap(({ part }) => part ?? [])
    return parts.flatMap(({ command, parent }) => (command === null ? [] : [{ command, parent }]))
  }
}

function flat(commands: readonly Command[], parent: string): Part[] {
  return commands.flatMap((command): Part[] => {
    const part = partOf(command, parent)
    return 'commands' in command ? [part, ...flat(command.commands, command.kind)] : [part]
  })
}

function partOf(command: Command, parent: string): Part {
  switch (command.kind) {
    case 'Status':
      return { kind: 'status', name: 'Status', code: command.code, command, parent }
    case 'Results':
      return { kind: 'results', name: 'Results', code: Number.NaN, command, parent }
    case 'Alert':
      return { kind: 'command', name: 'Alert', code: command.code, command, parent }
    case 'Other':
      return { kind: 'command', name: command.name, code: Number.NaN, command, parent }
    default:
      return { kind: 'command', name: command.kind, code: Number.NaN, command, parent }
  }
}

/** Items of a command that has some. */
export function itemsOf(command: Command): readonly Item[] {
  return 'items' in command ? command.items : []
}
