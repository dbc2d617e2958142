// A capture file with one UDP datagram a packet, so that Wireshark can be asked about a push.

/** Classic pcap (Ethernet, IPv4, UDP) of these datagrams to a port. */
export function pcapOfUdp(datagrams: readonly Uint8Array[], port: number): Buffer {
  const parts: Buffer[] = [Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex')]
  for (const [i, body] of datagrams.entries()) {
    const ip = Buffer.alloc(20)
    ip[0] = 0x45
    ip.writeUInt16BE(28 + body.length, 2)
    ip[8] = 64
    ip[9] = 17
    ip.set([127, 0, 0, 1, 127, 0, 0, 1], 12)
    const udp = Buffer.alloc(8)
    udp.writeUInt16BE(49154, 0)
    udp.writeUInt16BE(port, 2)
    udp.writeUInt16BE(8 + body.length, 4)
    const frame = Buffer.concat([Buffer.from('0000000000000000000000000800', 'hex'), ip, udp, body])
    const record = Buffer.alloc(16)
    record.writeUInt32LE(i, 0)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    parts.push(record, frame)
  }
  return Buffer.concat(parts)
}
