// Android devices over Wi-Fi: pairing as adb servers really answer it, and what their refusals mean, with what mends them.
import type { AdbServerClient } from '@yume-chan/adb'
import { AdbError } from './adblink.ts'

/** How a pairing that worked begins (AOSP adb, client/adb_wifi.cpp). */
const PAIRED = /^Successfully paired to /

/**
 * Pairs the computer with the device at `address`, by the six digits it shows. Rejects in the server's words. A server of platform-tools tells a wrong code
 * as a text behind OKAY, like a pairing that worked, so the text decides.
 */
export async function pairWith(client: AdbServerClient, address: string, code: string): Promise<void> {
  const connection = await client.createConnection(`host:pair:${code}:${address}`)
  try {
    const head = new TextDecoder().decode(await connection.readExactly(4))
    const length = head === 'FAIL' ? parseInt(new TextDecoder().decode(await connection.readExactly(4)), 16) : parseInt(head, 16)
    if (Number.isNaN(length)) throw new AdbError('foreign', `Unexpected response: ${head}`)
    const said = new TextDecoder().decode(await connection.readExactly(length))
    if (head === 'FAIL' || !PAIRED.test(said)) throw new AdbError('refused', said.replace(/^failed: /i, ''))
  } finally {
    await connection.dispose()
  }
}

/** What the adb server says of a pairing, with what mends it. */
export function pairing(address: string, error: unknown): never {
  const { message = String(error) } = error as Error
  if (/unknown host service/i.test(message))
    throw new Error(
      'this adb server has no pairing: platform-tools 30 or later have it; without it: `adb tcpip 5555` over the cable once, then connect',
    )
  const mends = /wrong password|connection was dropped/i.test(message)
    ? '. The device shows a new code each time its dialog opens: open "Pair device with pairing code" again, and take the port from that dialog too'
    : /unable to start pairing client|refused|no route|unreachable|timed out/i.test(message)
      ? '. Is the pairing dialog open on the device, and is the port the one that it shows there? It is not the port for connecting'
      : ''
  throw new Error(`no pairing with ${address}: ${message.replace(/[.\s]+$/, '')}${mends}`)
}

/** What the adb server says of a connection over Wi-Fi, with what mends it; returns where the device is connected already. */
export function connecting(address: string, error: unknown): void {
  const { message = String(error) } = error as Error
  if (/^already connected/.test(message)) return
  if (/authenticate/.test(message))
    throw new Error(
      `${address} has not allowed this computer: unlock it and accept "Allow USB debugging?", or pair with it first (Android 11 and later)`,
    )
  // Without a reason behind it, so says a server whose TLS was refused: the device does not know this computer.
  if (message === `failed to connect to ${address}`)
    throw new Error(`${message}: it does not know this computer (pair with it first), or wireless debugging listens on another port now`)
  if (/refused/i.test(message))
    throw new Error(`${message}: nothing listens there. Switch wireless debugging on, or run \`adb tcpip 5555\` over the cable once`)
  if (/no route|unreachable|timed out|timeout/i.test(message))
    throw new Error(`${message}: the device is not in reach. Is it in the same network, without client isolation, a firewall or a VPN between?`)
  if (error instanceof AdbError && error.kind === 'silent') throw new Error(`${address} does not answer`)
  throw new Error(`no connection to ${address}: ${message}`)
}
