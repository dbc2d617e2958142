// From a file name to one SyncML document: hexadecimal text undone, encoding found, every failure one line with file, offset and reason.
import { CaptureError, readBody } from '../../evidence/import.ts'
import { CodecError, type DecodedTree, decodeTree } from '../../syncml/codec.ts'
import type { Encoding } from '../../syncml/message.ts'
import { nameOf, readInput, refuse } from './output.ts'

export interface Body {
  readonly name: string
  readonly bytes: Uint8Array
  readonly encoding: Encoding
  /** True where the file was hexadecimal text; offsets then count octets of what it means. */
  readonly hex: boolean
}

/** Reads a body from a file or stdin. Rejects with Failure 2. */
export async function readBodyOf(file: string, hex: boolean): Promise<Body> {
  return bodyFrom(nameOf(file), await readInput(file), hex)
}

/** The body that a file's bytes hold. Throws Failure 2. */
export function bodyFrom(name: string, bytes: Uint8Array, hex: boolean): Body {
  try {
    return { name, ...readBody(name, bytes, hex) }
  } catch (error) {
    if (error instanceof CaptureError) refuse(error.message)
    throw error
  }
}

/** Decodes a body of any root. Throws Failure 2 naming file, offset and reason. */
export function decodeBody(body: Body): DecodedTree {
  try {
    return decodeTree(body.bytes, body.encoding)
  } catch (error) {
    if (error instanceof CodecError) refuse(unreadable(body, error))
    throw error
  }
}

/** The one line about a body that cannot be read. */
export function unreadable(body: Body, error: CodecError): string {
  const where = body.hex ? `byte ${String(error.offset)} of what its hexadecimal text means` : `byte ${String(error.offset)}`
  return `${body.name}: ${where}: ${error.reason}`
}
