// The two errors of the codec: CodecError is the only thing decoding throws on bytes from outside, EncodeError the only one of encoding.

/** Bytes that are no document of the asked kind. `offset` counts from the first byte handed in, `reason` is one sentence without the offset. */
export class CodecError extends Error {
  readonly offset: number
  readonly reason: string

  constructor(reason: string, offset: number) {
    super(`byte ${String(offset)}: ${reason}`)
    this.name = 'CodecError'
    this.offset = offset
    this.reason = reason
  }
}

/** A message or tree that the asked encoding cannot carry. `element` names where: `Item/Data`. */
export class EncodeError extends Error {
  readonly element: string
  readonly reason: string

  constructor(reason: string, element: string) {
    super(`${element}: ${reason}`)
    this.name = 'EncodeError'
    this.element = element
    this.reason = reason
  }
}
