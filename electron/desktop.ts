// Pure decisions of the desktop shell: what may be loaded, opened, allowed and where windows go. No Electron here, so every rule has a unit test.

/** Scheme and host of every page we show. Nothing else is ever loaded. */
export const SCHEME = 'app'
export const ORIGIN = 'app://lab'
export const HOME = `${ORIGIN}/index.html`

/** Content security policy of every answer under app://lab (Electron security guide, item 7). Vue makes one Trusted Types policy of its own. */
export const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types vue',
].join('; ')

/** The webPreferences of every window, spelled out although most are defaults: a changed default must not weaken us. */
export const SECURE = {
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  sandbox: true,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
} as const

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
}

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.@~-]*$/

/**
 * Which file below dist/renderer an app:// URL names, with its content type; null where it names none of ours: another host, a name with
 * anything but letters, digits and `_ . @ ~ -`, a leading dot, a step upwards (however it is encoded), or a type we do not ship.
 */
export function resource(url: string): { readonly path: string; readonly type: string } | null {
  const parsed = parse(url)
  if (parsed === null || parsed.protocol !== `${SCHEME}:` || parsed.host !== 'lab' || parsed.username !== '' || parsed.password !== '') return null
  if (/%|\\/.test(parsed.pathname)) return null
  const path = parsed.pathname === '/' ? 'index.html' : parsed.pathname.slice(1)
  const segments = path.split('/')
  if (path.length > 512 || !segments.every((segment) => SEGMENT.test(segment))) return null
  const name = segments.at(-1) ?? ''
  const type = Object.hasOwn(TYPES, extension(name)) ? TYPES[extension(name)] : undefined
  return type === undefined ? null : { path, type }
}

/** True for our own page, whatever its query and fragment: the only document that may call the shell. */
export function isOwnPage(url: string): boolean {
  const parsed = parse(url)
  return parsed !== null && parsed.protocol === `${SCHEME}:` && parsed.host === 'lab' && ['/index.html', '/', ''].includes(parsed.pathname)
}

/** True for a request the session may make at all: our own files, and what never leaves the process. */
export function mayRequest(url: string): boolean {
  const scheme = parse(url)?.protocol ?? ''
  return url === ORIGIN || url.startsWith(`${ORIGIN}/`) || scheme === 'data:' || scheme === 'blob:' || scheme === 'devtools:'
}

/** Hosts of public documentation that a link may lead to, after the user has said yes. */
export const EXTERNAL_HOSTS: readonly string[] = [
  'www.openmobilealliance.org',
  'technical.openmobilealliance.org',
  'omaspecworks.org',
  'www.omaspecworks.org',
  'learn.microsoft.com',
  'datatracker.ietf.org',
  'www.rfc-editor.org',
  'www.w3.org',
]

/** The URL, normalised, if the system browser may open it (https, listed host, standard port, no credentials); null otherwise. */
export function externalUrl(url: string): string | null {
  if (url.length > 2048) return null
  const parsed = parse(url)
  if (parsed === null || parsed.protocol !== 'https:' || parsed.port !== '' || parsed.username !== '' || parsed.password !== '') return null
  return EXTERNAL_HOSTS.includes(parsed.hostname) ? parsed.href : null
}

/** The one permission a page of ours has. Chromium itself asks for a user gesture before it grants clipboard writing. */
export function mayUse(permission: string, pageUrl: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOwnPage(pageUrl)
}

/** Rectangle in device-independent pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What is kept of a window between runs. */
export interface WindowState extends Box {
  readonly maximized: boolean
}

const SMALLEST = { width: 960, height: 600 }

/** Where a window opens: as it was, shrunk and moved so that it lies wholly on the display that shows most of it; centred on the first if none does. */
export function place(saved: Box | null, displays: readonly Box[]): Box {
  const first = displays[0] ?? { x: 0, y: 0, width: 1280, height: 720 }
  const wanted = saved ?? { x: Number.NaN, y: Number.NaN, width: 1440, height: 900 }
  let home = first
  let most = 0
  for (const display of displays) {
    const shown = overlap(wanted, display)
    if (shown > most) {
      most = shown
      home = display
    }
  }
  const width = Math.min(Math.max(wanted.width, SMALLEST.width), home.width)
  const height = Math.min(Math.max(wanted.height, SMALLEST.height), home.height)
  if (most === 0) return { x: home.x + Math.floor((home.width - width) / 2), y: home.y + Math.floor((home.height - height) / 2), width, height }
  return { x: clamp(wanted.x, home.x, home.x + home.width - width), y: clamp(wanted.y, home.y, home.y + home.height - height), width, height }
}

/** Reads saved window states; anything unreadable counts as not saved. Keys are view names, `main` for the first window. */
export function readStates(json: string): Map<string, WindowState> {
  const states = new Map<string, WindowState>()
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return states
  }
  if (typeof value !== 'object' || value === null) return states
  for (const [key, entry] of Object.entries(value)) {
    const e = entry as Partial<WindowState> | null
    const numbers = [e?.x, e?.y, e?.width, e?.height]
    if (e === null || !numbers.every((n) => Number.isSafeInteger(n))) continue
    states.set(key, { x: Number(e.x), y: Number(e.y), width: Number(e.width), height: Number(e.height), maximized: e.maximized === true })
  }
  return states
}

/** How long to wait before the lab is started again: 0.25 s, doubling to 10 s. `deaths` counts those since it last stayed up for a minute. */
export function restartDelay(deaths: number): number {
  return Math.min(250 * 2 ** Math.max(0, deaths - 1), 10_000)
}

/** True if one more crash of a window's page may be mended by reloading: at most three within a minute (times in ms, any clock). */
export function mayReload(crashes: readonly number[], now: number): boolean {
  return crashes.filter((at) => now - at < 60_000).length <= 3
}

/** Options of the lab as the command line gives them. */
export interface LabFlags {
  readonly workspace: string
  readonly host: string
  readonly dmPort: number
  /** For HTTPS; a free one where this is taken, unless asked for. */
  readonly tlsPort: number
  readonly tlsMust?: true
  /** A free one: the local API that `dmlab` commands and scripts use beside the desktop window. */
  readonly uiPort: 0
  /** The whole lab, so its DM Gateway too, for its own DM Server. */
  readonly gateway: Record<string, never>
  readonly advertise?: string
  readonly enrol?: 'auto' | 'ask' | 'never'
}

/**
 * Reads `--workspace DIR --host ADDR --dm-port N --dms-port N --advertise URL --enrol auto|ask|never` (also `--name=value`). Switches of Electron and Chromium
 * pass by. Throws an Error that names the flag and says what it takes.
 */
export function labFlags(argv: readonly string[], workspace: string): LabFlags {
  const flag = (name: string): string | undefined => {
    const at = argv.findIndex((word) => word === name || word.startsWith(`${name}=`))
    if (at < 0) return undefined
    const word = argv[at] ?? ''
    const value = word === name ? argv[at + 1] : word.slice(name.length + 1)
    if (value === undefined || value === '' || value.startsWith('--')) throw new Error(`${name} needs a value`)
    return value
  }
  const port = flag('--dm-port') ?? '8080'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new Error(`--dm-port takes a number from 0 to 65535, not ${port}`)
  const secure = flag('--dms-port')
  if (secure !== undefined && (!/^\d{1,5}$/.test(secure) || Number(secure) > 65535))
    throw new Error(`--dms-port takes a number from 0 to 65535, not ${secure}`)
  const advertise = flag('--advertise')
  if (advertise !== undefined && !/^https?:$/.test(parse(advertise)?.protocol ?? ''))
    throw new Error(`--advertise takes an http or https URL, not ${advertise}`)
  const enrol = flag('--enrol')
  if (enrol !== undefined && enrol !== 'auto' && enrol !== 'ask' && enrol !== 'never')
    throw new Error(`--enrol takes auto, ask or never, not ${enrol}`)
  return {
    workspace: flag('--workspace') ?? workspace,
    host: flag('--host') ?? '127.0.0.1',
    dmPort: Number(port),
    tlsPort: Number(secure ?? '8443'),
    ...(secure === undefined ? {} : { tlsMust: true as const }),
    uiPort: 0,
    gateway: {},
    ...(advertise === undefined ? {} : { advertise }),
    ...(enrol === undefined ? {} : { enrol }),
  }
}

function parse(url: string): URL | null {
  try {
    return new URL(url)
  } catch {
    return null
  }
}

function extension(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return width > 0 && height > 0 ? width * height : 0
}
