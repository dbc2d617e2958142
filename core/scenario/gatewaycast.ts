// The parties of a flow with a gateway, in memory, and the deeds they can do. Who does what when is the director's business; nothing here judges.
import { registrationText } from '../gateway/payloads.ts'
import { generic } from '../gateway/inventory.ts'
import { ServerFanouts } from '../lab/fanouts.ts'
import { Gateways } from '../lab/gateways.ts'
import { ALERTS } from '../mo/gwmo.ts'
import { readPdu } from '../notify/push.ts'
import type { Policy } from '../server/policy.ts'
import type { Command, Encoding } from '../syncml/message.ts'
import { hexOf } from '../syncml/text.ts'
import { answerTo } from './digestdoor.ts'
import { memoryPost } from './front.ts'
import { deviceIdOf, GATEWAY_PLACES as AT } from './gatewaysetup.ts'
import type { Deed, GatewaySetup, SetupEnd } from './gatewaysetup.ts'
import { MemoryDevice } from './memorydevice.ts'
import { MemoryGateway } from './memorygateway.ts'
import { MemoryLamp } from './memorylamp.ts'
import { fieldOf } from './memorynet.ts'
import type { Goods } from './play.ts'
import { PLACES } from './sandbox.ts'
import type { Sandbox, ServerParts } from './sandbox.ts'
import { Shop } from './shop.ts'

export interface CastParts {
  readonly sandbox: Sandbox
  readonly side: ServerSide
  readonly encoding: Encoding
  readonly setup: GatewaySetup
  readonly goods: ReadonlyMap<string, Goods>
}

const TYPE = 'application/octet-stream'
/** Secret of the bootstrap that the server sends the gateway. */
const GATEWAY_PIN = '2906'

/** What a DM Server knows of gateways, and asks of them. */
export interface ServerSide {
  readonly gateways: Gateways
  readonly fanouts: ServerFanouts
}

/** The server's side over the parts of a sandbox; `queue` puts an order into its hands. */
export function serverSide(
  parts: ServerParts,
  goods: ReadonlyMap<string, Goods>,
  queue: (order: Parameters<Sandbox['host']['queue']>[0]) => void,
): ServerSide & { readonly policy: Policy } {
  const { docs, clock, notifier, env, ledger, store, witness } = parts
  const gateways: Gateways = new Gateways({
    docs,
    now: () => clock.now(),
    notify: (device, wish) => notifier.notify(device, wish),
    moved: () => {},
    told: (from, what, alert, item) => fanouts.told(from, what, alert, item),
    ended: (device) => clock.soon(() => fanouts.settle(device)),
    happened: (note) => witness.happened(note),
  })
  const fanouts = new ServerFanouts({
    docs,
    now: () => clock.now(),
    random: (count) => env.random(count),
    queue,
    order: (id) => ledger.order(id),
    notify: (id) => gateways.wake(id),
    package: (id) => {
      const found = goods.get(id)
      return found === undefined ? undefined : { bytes: found.bytes, sha256: found.intake.sha256 }
    },
    seq: () => store.last + 1,
    moved: () => {},
    happened: (note) => witness.happened(note),
  })
  return { gateways, fanouts, policy: gateways }
}

/** Everybody behind and in front of one gateway. */
export class Cast {
  readonly gateway: MemoryGateway
  readonly shop: Shop
  readonly devices = new Map<string, MemoryDevice>()
  readonly lamps = new Map<string, MemoryLamp>()
  /** Whose bootstrap messages carry a MAC that is not right. */
  wrongPin = ''
  /** Who does not know its pairing code. */
  forgetful = ''
  readonly #parts: CastParts
  readonly #codes = new Map<string, string>()

  constructor(parts: CastParts) {
    this.#parts = parts
    const { sandbox, setup, encoding, goods } = parts
    sandbox.pushTo = null
    this.gateway = new MemoryGateway({
      sandbox,
      encoding,
      setup,
      pin: GATEWAY_PIN,
      adapt: (record) => this.lamps.get(nameOf(record.deviceId))?.adapt(record),
      door: (device) => this.devices.get(nameOf(device))?.who.push,
      deviceAt: (remote) => [...this.devices.values()].find(({ who }) => remote.split(':')[0] === who.client)?.who.id ?? '',
    })
    this.shop = new Shop({
      recorder: sandbox.recorder,
      clock: sandbox.clock,
      origin: PLACES.shop,
      ware: (name) => {
        const found = goods.get(name)
        return found === undefined ? undefined : { name, bytes: found.bytes, sha256: found.intake.sha256, contentType: TYPE }
      },
      device: () => AT.id,
      hop: 'S-G',
    })
    sandbox.net.serve(PLACES.shop, (request) => this.shop.serve(request))
    for (const end of setup.devices) this.#enter(end)
  }

  /** The parties stand where the flow begins; virtual time passes. */
  async prepare(): Promise<void> {
    const { setup, sandbox, side } = this.#parts
    const { clock } = sandbox
    if (!setup.bootstrapped) return
    this.gateway.host.push(readPdu((await this.#bootstrapGateway()).pdu), null)
    await clock.run({ limitMs: 20_000 })
    for (const end of setup.devices) await this.#place(end)
    const wanted = setup.devices.filter(({ begins }) => begins === 'registered').map(({ name }) => deviceIdOf(name))
    await clock.run({ limitMs: 60_000, until: () => wanted.every((id) => side.gateways.relations.of(id)?.attached === true) })
    await clock.run({ limitMs: 5000 })
    for (const { name, public: open } of setup.devices)
      if (open === true) side.gateways.relations.reachable(deviceIdOf(name), this.#device(name).who.push)
  }

  async end(): Promise<void> {
    await this.gateway.end()
  }

  /** Does it. What cannot be done fails silently where a real party would, and rejects where the set-up is wrong. */
  async perform(deed: Deed): Promise<void> {
    const { side, sandbox } = this.#parts
    switch (deed.do) {
      case 'bootstrap gateway':
        return void (await this.#bootstrapGateway(AT.push).catch(() => {}))
      case 'ask':
        return this.#ask(this.#device(deed.device))
      case 'bootstrap':
        return this.#bootstrap(this.#device(deed.device), deed.by, true)
      case 'visit':
        return this.#visit(deed.device, deed.to ?? 'gateway', deed.registers === true)
      case 'appear':
        return this.#lamp(deed.device).appear()
      case 'fanout': {
        const { devices, do: _, ...wish } = deed
        void _
        side.fanouts.create({ gateway: AT.id, devices: devices.map(deviceIdOf), ...wish })
        return
      }
      case 'image': {
        const { imageId, by, expiry } = deed
        const from = by === 'replace' ? { pkg: imageId } : { url: `${PLACES.shop}/dl/image/${imageId}` }
        side.fanouts.image({ gateway: AT.id, imageId, ...(expiry === undefined ? {} : { expiry }), ...from })
        return
      }
      case 'expire':
        return void side.fanouts.expire(AT.id, deed.imageId, deed.seconds)
      case 'notify':
        return void (await side.gateways.notify(deviceIdOf(deed.device), {}).catch(() => {}))
      case 'order':
        return this.#order(deed)
      case 'fetch':
        return void (await sandbox.net.ask('192.0.2.99', { method: 'GET', url: `${AT.images}${deed.image}`, headers: [] }).catch(() => {}))
      default:
        return deed satisfies never
    }
  }

  #device(name: string): MemoryDevice {
    const found = this.devices.get(name)
    if (found === undefined) throw new Error(`there is no DM device ${name} in this flow`)
    return found
  }

  #lamp(name: string): MemoryLamp {
    const found = this.lamps.get(name)
    if (found === undefined) throw new Error(`there is no device ${name} of another protocol in this flow`)
    return found
  }

  #enter({ name, mode, insists, room, mo, public: open }: SetupEnd): void {
    const { sandbox, encoding, goods } = this.#parts
    const { clock, recorder, net } = sandbox
    const id = deviceIdOf(name)
    const address = `192.0.2.${String(20 + Number(/\d+$/.exec(name)?.[0] ?? 0))}`
    if (mode === 'adaptation') {
      this.lamps.set(name, new MemoryLamp({ clock, recorder, host: () => this.gateway.host, deviceId: id, address }))
      return
    }
    const code = this.gateway.host.pairing.expect(id)
    this.#codes.set(name, code)
    // A device without an address of its own reaches its DM Server through the gateway only.
    const via = (uri: string): string | undefined => (mode === 'transparent' && open !== true && !uri.startsWith(AT.origin) ? AT.relay : undefined)
    const known = new Map([...goods.values()].map(({ pkg, intake }) => [intake.sha256, pkg]))
    const who = { id, client: address, push: `udp://${address}:2948` }
    const door = { pin: code, ...(insists === true ? { insistsOn: PLACES.serverId } : {}) }
    const setup = { ...(room === undefined ? {} : { room }), ...(mo === undefined ? {} : { mo }) }
    const parts = { sandbox, encoding, setup, known, account: null, people: true, who, door, post: memoryPost(net, address, via) }
    this.devices.set(name, new MemoryDevice(parts))
  }

  async #place({ name, mode, begins, servers }: SetupEnd): Promise<void> {
    const { clock } = this.#parts.sandbox
    if (begins === 'unknown') return
    if (mode === 'adaptation') return begins === 'registered' ? this.#lamp(name).appear() : undefined
    const device = this.#device(name)
    if (mode === 'transparent') {
      await this.#bootstrap(device, 'server', false)
      if (begins === 'registered') void this.#visit(name, 'server', false)
      await clock.run({ limitMs: 5000 })
    }
    await this.#bootstrap(device, 'gateway', false)
    if (begins === 'registered') void this.#visit(name, 'gateway', mode === 'transparent', servers)
    await clock.run({ limitMs: 5000 })
  }

  #bootstrapGateway(to?: string) {
    const { pushes } = this.#parts.sandbox
    const pin = this.wrongPin === 'gateway' ? `${GATEWAY_PIN}0` : GATEWAY_PIN
    const { serverUri, serverId } = PLACES
    const wish = { device: AT.id, profile: 'dm', security: 'USERPIN', auth: 'hmac', name: 'dms', pin, serverId, serverUri } as const
    return pushes.bootstrap({ ...wish, ...(to === undefined ? {} : { to }) })
  }

  /** M.2 and M.4; `sent`: by a push, otherwise it is there already. */
  async #bootstrap(device: MemoryDevice, by: 'server' | 'gateway', sent: boolean): Promise<void> {
    const { pushes } = this.#parts.sandbox
    const { id, push, client } = device.who
    const name = nameOf(id)
    const pin = `${this.#codes.get(name) ?? ''}${this.wrongPin === `${by} to ${name}` ? '0' : ''}`
    const to = sent ? { to: push } : {}
    const { serverUri, serverId } = PLACES
    const made =
      by === 'server'
        ? await pushes.bootstrap({ device: id, profile: 'dm', security: 'USERPIN', auth: 'hmac', name: 'dms', pin, serverId, serverUri, ...to })
        : await this.gateway.host.pairing.bootstrap(id, { type: 'IPv4', address: client }, pin, AT.uri, ...(sent ? [push] : []))
    if (!sent) device.take(readPdu(made.pdu))
  }

  /** M.1: it asks at the gateway's door, is challenged, and proves its pairing code. */
  async #ask(device: MemoryDevice): Promise<void> {
    const { net, env } = this.#parts.sandbox
    const { id, client } = device.who
    const name = nameOf(id)
    const password = this.forgetful === name ? '000000' : (this.#codes.get(name) ?? '')
    const body = new TextEncoder().encode(`id=${encodeURIComponent(id)}&man=Example&mod=EM-1`)
    const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
    const wish = { method: 'POST', url: AT.bootstrap, body }
    const first = await net.ask(client, { ...wish, headers: [form] })
    if (first.status !== 401) return
    const cnonce = Array.from(env.random(4), (octet) => octet.toString(16)).join('')
    const proof = { method: 'POST', uri: '/gw/bootstrap', user: 'device', password, cnonce }
    await net.ask(client, { ...wish, headers: [form, ['Authorization', answerTo(fieldOf(first.headers, 'www-authenticate'), proof)]] })
  }

  async #visit(name: string, to: 'gateway' | 'server', registers: boolean, servers: readonly string[] = [PLACES.serverId]): Promise<void> {
    const { living, who } = this.#device(name)
    const named = this.#parts.setup.devices.find((end) => end.name === name)?.servers ?? servers
    const text = registrationText({ deviceId: who.id, device: { type: 'IPv4', address: who.client }, servers: named })
    const alerts = registers ? [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] : []
    living.client.adopt(to === 'gateway' ? AT.serverId : PLACES.serverId)
    await living.session({ type: 'start', initiated: 'client', alerts })
  }

  /** What the server asks a device itself; the image's address is what the gateway told. */
  #order({ device, what, image = '', url = 'plain' }: Extract<Deed, { do: 'order' }>): void {
    const { side, sandbox } = this.#parts
    const told = side.fanouts.images().find(({ imageId }) => imageId === image)?.url ?? ''
    const commands = what === 'model' ? [MODEL] : downloads(image, url === 'plain' ? told : `${told}.dd`)
    const id = hexOf(sandbox.env.random(8))
    const order = { id, device: deviceIdOf(device), createdAt: sandbox.clock.now(), state: 'queued' as const, sessionId: '', outcomes: [] }
    void sandbox.host.queue({ ...order, commands })
  }
}

const MODEL: Command = { kind: 'Get', cmdId: '', items: [{ target: { locUri: './DevInfo/Mod' } }] }

function downloads(image: string, url: string): Command[] {
  const at = `./SCOMO/Download/${image}`
  const add = (uri: string, data: string): Command => ({ kind: 'Add', cmdId: '', items: [{ target: { locUri: uri }, data }] })
  return [
    { kind: 'Add', cmdId: '', items: [{ target: { locUri: at }, meta: { format: 'node' } }] },
    add(`${at}/PkgID`, image),
    add(`${at}/PkgURL`, url),
    { kind: 'Exec', cmdId: '', correlator: 'c-5', items: [{ target: { locUri: `${at}/Operations/Download` } }] },
  ]
}

/** `ed1` */
const nameOf = (deviceId: string): string => /[^:]*$/.exec(deviceId)?.[0] ?? ''
