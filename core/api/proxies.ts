// Recording proxies: the lab between devices and a foreign DM server. Types only.

/** What an HTTPS upstream is believed by. `system`: the authorities of this computer; `ca`: the one given; `none`: anybody, and each session says so as a finding. */
export type UpstreamTrust = 'system' | 'ca' | 'none'

/** What a proxy shall be. */
export interface ProxyWish {
  /** Base of the foreign server, `http://…` or `https://…`; paths of requests are put behind it. Never the lab's own control port. */
  readonly upstream: string
  /** Port devices speak to; absent or 0: a free one. */
  readonly port?: number
  /** Address it is bound to; absent: as the lab's own DM port. */
  readonly host?: string
  /** Devices speak HTTPS to it, with a certificate of the lab's authority. Default false. */
  readonly https?: boolean
  readonly trust?: UpstreamTrust
  /** PEM, with trust `ca`. */
  readonly ca?: string
  /** RespURI of the server's messages, and an absolute Location, are made to name this proxy; each time a finding says so. Default false: bytes stay. */
  readonly rewrite?: boolean
  /** Messages that were edited or rewritten get a new x-syncml-hmac where the account is known. Default true. */
  readonly resign?: boolean
  /** How long the upstream may take for an answer, ms; default 60,000. */
  readonly timeoutMs?: number
}

/** A proxy as lists show it. */
export interface ProxyRow {
  readonly id: string
  /** What devices are told, such as `http://127.0.0.1:9000`; '' while it does not listen. */
  readonly url: string
  readonly upstream: string
  readonly port: number
  readonly https: boolean
  readonly trust: UpstreamTrust
  readonly rewrite: boolean
  readonly resign: boolean
  readonly timeoutMs: number
  readonly state: 'listening' | 'failed'
  /** Why it does not listen; '' while it does. */
  readonly why: string
  /** Requests passed on since the lab's start, and those the upstream did not answer. */
  readonly exchanges: number
  readonly failures: number
  /** ms since 1970, 0 never; what went wrong last, '' nothing. */
  readonly lastAt: number
  readonly lastFailure: string
  readonly createdAt: number
}

export interface ProxiesArea {
  list(): Promise<readonly ProxyRow[]>
  /** Opens a proxy; it is there again after a restart. Rejects in words: no URL, our own control port, port taken. */
  add(wish: ProxyWish): Promise<ProxyRow>
  /** Closes it; what it recorded stays. */
  remove(id: string): Promise<void>
}
