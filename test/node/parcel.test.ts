// Parcels between the lab's thread and that of the sockets: what is put in comes out, in its order and to the octet.
import { describe, expect, it } from 'vitest'
import { ORDER, Packer, TOLD, Unpacker } from '../../core/node/sockets/parcel.ts'

describe('a parcel', () => {
  it('carries numbers, octets and texts of every event in their order', () => {
    const packer = new Packer()
    expect(packer.empty).toBe(true)
    packer.put(TOLD.opened, 1, 2, 8080, 50_123)
    packer.text('::1')
    packer.text('fe80::1%ё')
    packer.put(TOLD.block, 1, 7)
    packer.text('')
    packer.put(TOLD.plain, 1, 7, 3, 5, 1234.5678)
    packer.latin1('/é')
    packer.latin1('m')
    packer.bytes(Uint8Array.of(0, 1, 2, 3, 255))
    packer.put(TOLD.ended, 2 ** 31 - 1)
    expect(packer.empty).toBe(false)

    const all = new Unpacker(packer.take(3))
    expect(packer.empty).toBe(true)
    expect(all.taken).toBe(3)
    expect(all.next()).toBe(true)
    expect([all.what, all.id, all.a, all.b, all.c]).toEqual([TOLD.opened, 1, 2, 8080, 50_123])
    expect([all.text(), all.text()]).toEqual(['::1', 'fe80::1%ё'])
    expect([all.next(), all.what, all.a, all.text()]).toEqual([true, TOLD.block, 7, ''])
    expect([all.next(), all.what, all.time]).toEqual([true, TOLD.plain, 1234.5678])
    expect(all.latin1(all.b)).toBe('/ém')
    expect([...all.bytes(all.c)]).toEqual([0, 1, 2, 3, 255])
    expect([all.next(), all.what, all.id, all.time]).toEqual([true, TOLD.ended, 2 ** 31 - 1, 0])
    expect(all.next()).toBe(false)
  })

  it('is one piece of memory that belongs to nobody else, as long as what is in it', () => {
    const packer = new Packer()
    const parcels = Array.from({ length: 3 }, (_, i) => {
      packer.put(ORDER.write, i, 1, 0, 1)
      packer.bytes(Uint8Array.of(i))
      return packer.take(0)
    })
    expect(new Set(parcels).size).toBe(3)
    expect(parcels.map((parcel) => parcel.byteLength)).toEqual([72, 72, 72])
    const moved = structuredClone(parcels[1], { transfer: [parcels[1] as ArrayBuffer] }) as ArrayBuffer
    const all = new Unpacker(moved)
    expect([all.next(), all.id, ...all.bytes(1)]).toEqual([true, 1, 1])
    // What went before it is not touched by what comes behind.
    const first = new Unpacker(parcels[0] as ArrayBuffer)
    expect([first.next(), first.id, ...first.bytes(1)]).toEqual([true, 0, 0])
  })

  it('grows with bodies of any size and with any number of events', () => {
    const packer = new Packer()
    const body = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251)
    packer.put(TOLD.data, 1, 0, 0, body.length)
    packer.bytes(body)
    for (let i = 0; i < 5000; i += 1) packer.put(TOLD.written, i, 0, 0, 0, i / 3)
    const all = new Unpacker(packer.take(0))
    all.next()
    expect(Buffer.compare(all.bytes(all.c), body)).toBe(0)
    for (let i = 0; i < 5000; i += 1) if (!all.next() || all.id !== i || all.time !== i / 3) throw new Error(`event ${i} is ${all.id} at ${all.time}`)
    expect(all.next()).toBe(false)
    packer.put(TOLD.closed, 9)
    const next = packer.take(0)
    expect(next.byteLength).toBe(64)
    expect([new Unpacker(next).next(), packer.empty]).toEqual([true, true])
  })
})
