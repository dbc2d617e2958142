// A port that stays free while a test needs it: not one of those the system gives to whoever asks for any port, or for none in particular.
import { createServer } from 'node:net'

/** Below the ports that the system hands out by itself (from 32768 on Linux, from 49152 elsewhere), above the well-known services. */
const [FIRST, LAST] = [20_000, 32_000]

/** A TCP port of loopback that nobody listens on, and that nobody gets unless asking for it by number. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await takes(port)) return port
  }
}

function takes(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
