// mDNS of a lab: publishes it and looks for others, on one interface; off until asked for, and said in words where it cannot be.
import { hostname } from 'node:os'
import type { Bonjour, Browser, Service } from 'bonjour-service'
import type { MdnsService, MdnsState, MdnsWish } from '../api.ts'
import { wordsOf } from '../syncml/text.ts'

export interface MdnsParts {
  readonly now: () => number
  /** Interface by name, '' for the one multicast leaves from; null where there is none. */
  readonly interface: (name: string) => { readonly name: string; readonly address: string } | null
  /** What is published now: types and where they are. */
  readonly offers: () => readonly MdnsOffer[]
  readonly moved: () => void
}

/** One service of this lab. */
export interface MdnsOffer {
  /** `oma-dm`, `oma-dm-gw`. */
  readonly type: string
  readonly port: number
  readonly txt: Readonly<Record<string, string>>
}

export interface LabMdns {
  state(): MdnsState
  publish(wish: MdnsWish | null): Promise<MdnsState>
  browse(wish: MdnsWish | null): Promise<MdnsState>
  stop(): Promise<void>
}

const TYPES = ['oma-dm', 'oma-dm-gw'] as const
/** Time for goodbyes to leave before the socket is closed, ms. */
const GOODBYE_MS = 100

/** One use of the multicast port. */
interface Use {
  readonly bonjour: Bonjour
  readonly interface: string
  readonly address: string
}

export function labMdns({ now, interface: interfaceOf, offers, moved }: MdnsParts): LabMdns {
  const base = `DM Lab on ${hostname().split('.')[0] ?? 'this computer'}`
  let name = base
  let published: Use | null = null
  let browsed: (Use & { readonly browsers: readonly Browser[] }) | null = null
  let trouble = ''
  const found = new Map<string, MdnsService>()
  const own = new Set<string>()

  const use = async (wish: MdnsWish): Promise<Use> => {
    const at = interfaceOf(wish.interface ?? '')
    if (at === null)
      throw new Error(
        wish.interface === undefined || wish.interface === ''
          ? 'no network interface can do multicast'
          : `there is no interface ${wish.interface} with an IPv4 address`,
      )
    const { Bonjour: Made } = await import('bonjour-service')
    const failed = (error: unknown): void => {
      trouble = `mDNS on ${at.name}: ${wordsOf(error)}`
      moved()
    }
    // Bound to the port at any address: a socket bound to the interface's own address would hear no multicast.
    const options: object = { interface: at.address, bind: '0.0.0.0', reuseAddr: true, loopback: true }
    const bonjour = new Made(options, failed)
    // The package leaves errors of the socket to whoever looks.
    const { mdns } = (bonjour as unknown as { readonly server: { readonly mdns: { on(event: string, listener: (error: unknown) => void): void } } })
      .server
    mdns.on('error', failed)
    mdns.on('warning', () => {})
    return { bonjour, interface: at.name, address: at.address }
  }

  const end = async ({ bonjour }: Use): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000)
      bonjour.unpublishAll(() => {
        clearTimeout(timer)
        setTimeout(resolve, GOODBYE_MS)
      })
    })
    bonjour.destroy()
  }

  const state = (): MdnsState => {
    const at = published ?? browsed
    const services = [...found.values()].sort((a, b) => a.fqdn.localeCompare(b.fqdn))
    return {
      publishing: published !== null,
      browsing: browsed !== null,
      name,
      interface: at?.interface ?? '',
      address: at?.address ?? '',
      services,
      trouble,
    }
  }

  const unpublish = async (): Promise<void> => {
    const was = published
    published = null
    own.clear()
    if (was !== null) await end(was)
  }
  const unbrowse = async (): Promise<void> => {
    const was = browsed
    browsed = null
    found.clear()
    if (was === null) return
    for (const browser of was.browsers) browser.stop()
    was.bonjour.destroy()
  }

  const up = (service: Service): void => {
    const old = found.get(service.fqdn)
    found.set(service.fqdn, shown(service, old?.firstAt ?? now(), now(), own.has(service.fqdn.toLowerCase())))
    moved()
  }

  return {
    state,
    publish: async (wish) => {
      await unpublish()
      trouble = ''
      if (wish !== null) {
        const made = await use(wish)
        published = made
        name = wish.name ?? base
        for (const { type, port, txt } of offers()) {
          const host = `${(hostname().split('.')[0] ?? '').replace(/[^A-Za-z0-9-]/g, '-') || 'dm-lab'}.local`
          const service = made.bonjour.publish({ name, type, protocol: 'tcp', port, host, txt: { ...txt } })
          own.add(service.fqdn.toLowerCase())
        }
      }
      moved()
      return state()
    },
    browse: async (wish) => {
      await unbrowse()
      trouble = ''
      if (wish !== null) {
        const made = await use(wish)
        const browsers = TYPES.map((type) => {
          const browser = made.bonjour.find({ type, protocol: 'tcp' })
          browser.on('up', up)
          browser.on('txt-update', up)
          browser.on('srv-update', up)
          browser.on('down', (service) => {
            found.delete(service.fqdn)
            moved()
          })
          return browser
        })
        browsed = { ...made, browsers }
      }
      moved()
      return state()
    },
    stop: async () => {
      await unbrowse()
      await unpublish()
    },
  }
}

function shown(service: Service, firstAt: number, lastAt: number, own: boolean): MdnsService {
  const txt = Object.fromEntries(Object.entries((service.txt ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value)]))
  const { fqdn, name, host, port } = service
  const addresses = service.addresses ?? []
  const [first] = [...addresses].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')))
  const shownAt = first === undefined ? host : first.includes(':') ? `[${first}]` : first
  const url = txt['path'] === undefined ? '' : `http://${shownAt}:${String(port)}${txt['path']}`
  return { fqdn, name, type: `_${service.type}._${service.protocol}`, host, port, addresses, txt, firstAt, lastAt, own, url }
}
