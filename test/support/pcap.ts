// A capture file with one HTTP request a packet, so that Wireshark can be asked about a body. No handshake, no checksums: it is not asked about those.

/** Classic pcap (Ethernet, IPv4, TCP to port 80) of POST requests that carry these WBXML bodies. */
export function pcap(bodies: readonly Uint8Array[]): Buffer {
  const parts: Buffer[] = [Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex')]
  for (const [i, body] of bodies.entries()) {
    const head = `POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: application/vnd.syncml.dm+wbxml\r\nContent-Length: ${String(body.length)}\r\n\r\n`
    const http = Buffer.concat([Buffer.from(head), body])
    const ip = Buffer.alloc(20)
    ip[0] = 0x45
    ip.writeUInt16BE(40 + http.length, 2)
    ip[8] = 64
    ip[9] = 6
    ip.set([127, 0, 0, 1, 127, 0, 0, 1], 12)
    const tcp = Buffer.alloc(20)
    tcp.writeUInt16BE(10000 + i, 0)
    tcp.writeUInt16BE(80, 2)
    tcp.writeUInt32BE(1, 4)
    tcp.set([0x50, 0x18, 0x20, 0], 12)
    const frame = Buffer.concat([Buffer.from('0000000000000000000000000800', 'hex'), ip, tcp, http])
    const record = Buffer.alloc(16)
    record.writeUInt32LE(i, 0)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    parts.push(record, frame)
  }
  return Buffer.concat(parts)
}
