// What speaks against a device at an address reaching this lab, judged from the addresses of both: other subnet, VPN, loopback only, firewall. Guesses say so.
import type { ConnectProblem, ConnectReach } from '../api.ts'
import { kindOf } from './candidates.ts'
import type { OwnAddress } from './candidates.ts'

/** An interface's address with the length of its network part. */
export interface OwnNetwork extends OwnAddress {
  readonly prefix: number
}

/** Octets of an IPv4 or IPv6 address; null where it is neither. A zone (`%eth0`) is left out, an IPv4 address in IPv6 form is IPv4. */
export function octetsOf(text: string): readonly number[] | null {
  const bare = text
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '')
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(bare)) {
    const parts = bare.split('.').map(Number)
    return parts.every((part) => part <= 255) ? parts : null
  }
  if (!/^[0-9a-f:]+$/i.test(bare) || !bare.includes(':')) return null
  const halves = bare.split('::')
  if (halves.length > 2) return null
  const words = (half: string): string[] => (half === '' ? [] : half.split(':'))
  const [head, tail] = [words(halves[0] ?? ''), words(halves[1] ?? '')]
  const gap = 8 - head.length - tail.length
  if (halves.length === 2 ? gap < 1 : gap !== 0) return null
  const all = [...head, ...Array.from({ length: gap }, () => '0'), ...tail]
  if (!all.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return null
  return all.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255])
}

/** True where both are of one family and agree in the first `prefix` bits. */
export function sameNetwork(a: readonly number[], b: readonly number[], prefix: number): boolean {
  if (a.length !== b.length) return false
  return a.every((octet, i) => {
    const bits = Math.min(8, Math.max(0, prefix - i * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    return (octet & mask) === ((b[i] ?? 0) & mask)
  })
}

/** `host` of `host`, `host:port`, `[v6]:port`, `v6`. */
export function hostOnly(address: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(address)
  if (bracketed !== null) return bracketed[1] ?? ''
  return (address.match(/:/g) ?? []).length === 1 ? (address.split(':')[0] ?? '') : address
}

const isLoopback = (octets: readonly number[]): boolean =>
  octets.length === 4 ? octets[0] === 127 : octets.slice(0, 15).every((octet) => octet === 0) && octets[15] === 1
const isLinkLocal = (octets: readonly number[]): boolean =>
  octets.length === 4 ? octets[0] === 169 && octets[1] === 254 : octets[0] === 0xfe && ((octets[1] ?? 0) & 0xc0) === 0x80
/** 10/8, 172.16/12, 192.168/16 (RFC 1918), 100.64/10 (RFC 6598), fc00::/7 (RFC 4193). */
function isPrivate(octets: readonly number[]): boolean {
  const [a = 0, b = 0] = octets
  if (octets.length === 16) return (a & 0xfe) === 0xfc
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
}

const problem = (id: string, severity: ConnectProblem['severity'], about: string, text: string, cause: string, fix: string): ConnectProblem => ({
  id,
  severity,
  about,
  text,
  cause,
  fix,
  action: null,
})

/** The lab is bound to this computer only. */
export function loopbackProblem(about: string): ConnectProblem {
  return problem(
    'address.loopback',
    'error',
    about,
    'the lab listens on this computer only',
    'it was started on a loopback address, so no connection from a network is taken',
    'Start it with --host 0.0.0.0 (or the address of one interface); over a cable, `adb reverse` needs no network',
  )
}

/** VPNs that are up: they may take the traffic of either side. */
export function vpnProblems(networks: readonly OwnNetwork[]): readonly ConnectProblem[] {
  const names = [...new Set(networks.filter(({ name, internal }) => !internal && kindOf(name) === 'vpn').map(({ name }) => name))]
  if (names.length === 0) return []
  const text = `a VPN is up on this computer (${names.join(', ')}; guessed from the name)`
  return [
    problem(
      'vpn',
      'note',
      names.join(),
      text,
      'many VPNs send traffic for the local network into the tunnel, or refuse it',
      'Allow local network access in the VPN, or end it while testing',
    ),
  ]
}

export interface ReachParts {
  readonly networks: readonly OwnNetwork[]
  readonly loopbackOnly: boolean
  /** Device-facing TCP ports. */
  readonly ports: readonly number[]
}

const listOf = (networks: readonly OwnNetwork[]): string => networks.map(({ name, address, prefix }) => `${name} ${address}/${prefix}`).join(', ')

/** Judges an address. `resolved`: what a host name stands for; [] where it is not known. */
export function reachOf(address: string, resolved: readonly string[], parts: ReachParts): ConnectReach {
  const all = (resolved.length > 0 ? resolved : [hostOnly(address)]).flatMap((text) => {
    const octets = octetsOf(text)
    return octets === null ? [] : [octets]
  })
  const outer = parts.networks.filter(({ internal }) => !internal)
  if (all.length === 0)
    return {
      address,
      interface: '',
      problems: [
        problem(
          'name.unknown',
          'error',
          address,
          `${address} is not known here`,
          'no name server and no hosts file gives an address for it',
          'Use the IP address that the device shows',
        ),
      ],
    }
  if (all.every(isLoopback)) return { address, interface: 'lo', problems: [] }
  const problems: ConnectProblem[] = parts.loopbackOnly ? [loopbackProblem(address)] : []
  const near = outer.find((own) => all.some((octets) => sameNetwork(octets, octetsOf(own.address) ?? [], own.prefix)))
  if (near === undefined) problems.push(farProblem(address, all, outer))
  else if (!parts.loopbackOnly) problems.push(firewallProblem(address, near, parts.ports))
  return { address, interface: near?.name ?? '', problems: [...problems, ...vpnProblems(parts.networks)] }
}

function farProblem(address: string, all: readonly (readonly number[])[], outer: readonly OwnNetwork[]): ConnectProblem {
  const fix = 'Put both into one network, or route between them; a guest network usually keeps its clients apart'
  if (outer.length === 0)
    return problem(
      'network.none',
      'error',
      address,
      'this computer is in no network',
      'no interface but loopback has an address',
      'Switch Wi-Fi or Ethernet on',
    )
  if (all.every(isLinkLocal))
    return problem(
      'address.linklocal',
      'error',
      address,
      `${address} is an address the device gave itself`,
      'it got none from the network (no DHCP answer)',
      'Connect the device to the network anew',
    )
  if (all.some(isPrivate))
    return problem(
      'subnet.other',
      'warn',
      address,
      `${address} is in no network of this computer (${listOf(outer)})`,
      'the device is in another subnet: another Wi-Fi, a guest network, a mobile network',
      fix,
    )
  return problem(
    'address.public',
    'warn',
    address,
    `${address} is a public address; this computer has ${listOf(outer)}`,
    'the device reaches this computer through the internet only, and a router stands before it',
    'Forward the port on the router and enter its name as an address by hand, or use the same Wi-Fi',
  )
}

function firewallProblem(address: string, near: OwnNetwork, ports: readonly number[]): ConnectProblem {
  const list = ports.join(', ')
  return problem(
    'firewall',
    'note',
    address,
    `${address} is in the network of ${near.name}; nothing seen from here speaks against it`,
    'if nothing comes: a firewall of this computer, or an access point that keeps its clients apart',
    `Open TCP ${list} (ufw: \`ufw allow ${ports[0] ?? 0}/tcp\`; firewalld: \`firewall-cmd --add-port=${ports[0] ?? 0}/tcp\`), and switch client isolation off`,
  )
}
