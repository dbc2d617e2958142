// A double of an adb server of platform-tools 30 and later, for what Debian's 29 has not: pairing over Wi-Fi. It speaks the smart-socket protocol on TCP:
// four hexadecimal digits and a service, OKAY or FAIL, texts behind their length. It serves no device: everything but lists, pairing and connecting is refused.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

const text = (said: string): string => Buffer.byteLength(said).toString(16).padStart(4, '0') + said

/** The double. Nothing is paired at the beginning. */
export class AdbServerDouble {
  /** Address of the pairing dialog, and the code it shows. */
  readonly dialog: { readonly address: string; readonly code: string }
  /** Serial under which a paired device connects by itself. */
  readonly guid: string
  /** Every service asked for. */
  readonly asked: string[] = []
  /** `text`: a refusal is a text behind OKAY, as adb servers do it; `FAIL`: a status. */
  refusal: 'text' | 'FAIL' = 'text'
  port = 0
  #server: Server | null = null
  #listed = new Map<string, string>()
  readonly #followers = new Set<Socket>()
  readonly #sockets = new Set<Socket>()

  constructor(dialog: { readonly address: string; readonly code: string }, guid = 'adb-R58M123ABC-x1Yz2A') {
    this.dialog = dialog
    this.guid = guid
  }

  async listen(port: number): Promise<this> {
    this.port = port
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      let heard = ''
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket) && this.#followers.delete(socket))
      socket.on('data', (data) => {
        heard += data.toString('latin1')
        const length = parseInt(heard.slice(0, 4), 16)
        if (heard.length < 4 + length) return
        const service = heard.slice(4, 4 + length)
        heard = heard.slice(4 + length)
        this.#serve(socket, service)
      })
    })
    await new Promise<void>((resolve, reject) => this.#server?.once('error', reject).listen(port, '127.0.0.1', resolve))
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => (this.#server === null ? resolve() : this.#server.close(() => resolve())))
  }

  #serve(socket: Socket, service: string): void {
    this.asked.push(service)
    const [, name = '', rest = ''] = /^host:([a-z-]+(?::check)?):?(.*)$/.exec(service) ?? []
    const last = (said: string): void => void socket.end(`OKAY${text(said)}`)
    if (name === 'version') return last('0029')
    if (name === 'mdns:check') return last('mdns daemon version [Openscreen discovery 0.0.0]')
    if (name === 'devices-l') return last(this.#list())
    if (name === 'track-devices-l') {
      this.#followers.add(socket)
      return void socket.write(`OKAY${text(this.#list())}`)
    }
    if (name === 'pair') return this.#pair(socket, rest)
    if (name === 'connect') return last(`failed to connect to ${rest}`)
    socket.end(`FAIL${text(`unknown host service '${service}'`)}`)
  }

  #pair(socket: Socket, wish: string): void {
    const [, code = '', address = ''] = /^([^:]+):(.+)$/.exec(wish) ?? []
    const here = address === this.dialog.address
    const said = !here
      ? 'Failed: Unable to start pairing client.'
      : code === this.dialog.code
        ? ''
        : 'Failed: Wrong password or connection was dropped.'
    if (said !== '') return void socket.end(this.refusal === 'FAIL' ? `OKAYFAIL${text(said)}` : `OKAY${text(said)}`)
    socket.end(`OKAY${text(`Successfully paired to ${address} [guid=${this.guid}]`)}`)
    // The server finds it by mDNS then, and connects by itself.
    this.#listed.set(`${this.guid}._adb-tls-connect._tcp`, 'device')
    for (const follower of this.#followers) follower.write(text(this.#list()))
  }

  #list(): string {
    let id = 0
    return [...this.#listed].map(([serial, state]) => `${serial} ${state} product:phone7 model:Phone_7 transport_id:${String(++id)}\n`).join('')
  }
}
