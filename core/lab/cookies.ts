// Cookies of one session: servers behind a load balancer find their session again by them (RFC 6265). They die with the session.
import type { Frame, Headers } from '../machine.ts'

/** Cookies kept for one host, and the length of one, at the most. */
const MOST = 20
const LONGEST = 4096

/** The cookies that a client of one session got, by host. */
export class Cookies {
  readonly #hosts = new Map<string, Map<string, string>>()

  /** The frame with the cookies of the host it goes to; the very frame where there are none, or where it brings its own. */
  dress(frame: Frame): Frame {
    const kept = this.#hosts.get(hostOf(frame.uri))
    if (kept === undefined || kept.size === 0 || frame.headers.some(([name]) => name.toLowerCase() === 'cookie')) return frame
    const value = [...kept].map(([name, text]) => `${name}=${text}`).join('; ')
    return { ...frame, headers: [...frame.headers, ['Cookie', value]] }
  }

  /** Takes what an answer from `uri` sets. Domain, Path and Expires are not looked at: the session posts to one place. */
  take(uri: string, headers: Headers): void {
    for (const [name, value] of headers) if (name.toLowerCase() === 'set-cookie') this.#set(hostOf(uri), value)
  }

  #set(host: string, line: string): void {
    const found = /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*([^;]*?)\s*(?:;(.*))?$/.exec(line)
    const [, name = '', value = '', attributes = ''] = found ?? []
    if (host === '' || name === '' || line.length > LONGEST || !/^[\x20-\x7e]*$/.test(value)) return
    const kept = this.#hosts.get(host) ?? new Map<string, string>()
    this.#hosts.set(host, kept)
    kept.delete(name)
    if (!/(?:^|;)\s*max-age\s*=\s*(?:0|-\d+)\s*(?:;|$)/i.test(attributes) && kept.size < MOST) kept.set(name, value)
  }
}

/** Host and port of an absolute URI, lower case; '' where it has none. A cookie of https is not shown to http. */
function hostOf(uri: string): string {
  return /^https?:\/\/[^/?#]+/i.exec(uri)?.[0].toLowerCase() ?? ''
}
