// Append-only segments in memory: the trace of a lab that lives as long as its run. Grows by doubling; bytes once written stay.
import type { Segments } from '../store/ports.ts'

interface Segment {
  bytes: Uint8Array
  size: number
}

export function memorySegments(): Segments {
  const kept = new Map<number, Segment>()
  const of = (segment: number): Segment => {
    const found = kept.get(segment)
    if (found === undefined) throw new Error(`no segment ${String(segment)}`)
    return found
  }
  return {
    list: () => [...kept.keys()].sort((a, b) => a - b),
    size: (segment) => of(segment).size,
    append: (segment, bytes) => {
      const found = kept.get(segment) ?? { bytes: new Uint8Array(4096), size: 0 }
      kept.set(segment, found)
      const offset = found.size
      if (offset + bytes.length > found.bytes.length) {
        const larger = new Uint8Array(Math.max(found.bytes.length * 2, offset + bytes.length))
        larger.set(found.bytes.subarray(0, offset))
        found.bytes = larger
      }
      found.bytes.set(bytes, offset)
      found.size += bytes.length
      return offset
    },
    read: (segment, offset, length) => {
      const { bytes, size } = of(segment)
      if (offset + length > size) throw new Error(`segment ${String(segment)} ends at ${String(size)}`)
      return bytes.slice(offset, offset + length)
    },
    sync: () => {},
    truncate: (segment, size) => {
      of(segment).size = size
    },
    remove: (segment) => void kept.delete(segment),
  }
}
