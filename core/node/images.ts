// Objects of the download server in a folder: bytes once under their SHA-256, offers by name beside them.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, writeWhole } from './disk.ts'

/** What the server tells of an object besides its bytes. */
export interface OfferFacts {
  readonly contentType: string
  /** For the descriptor; '' leaves it out. */
  readonly title: string
  readonly vendor: string
  readonly description: string
  readonly installParam: string
  readonly version: string
}

/** An object by name. */
export interface Offer extends OfferFacts {
  readonly name: string
  /** Lower-case hexadecimal. */
  readonly sha256: string
  readonly size: number
  /** Milliseconds since 1970; whole seconds are told. */
  readonly modified: number
}

/** The folder. */
export interface Images {
  /** Takes bytes in; the same name again replaces what it offered. Throws an Error for a name no URL can carry. */
  put(name: string, bytes: Uint8Array, facts?: Partial<OfferFacts>): Offer
  /** As `put`, from a file, which is copied. */
  putFile(name: string, path: string, facts?: Partial<OfferFacts>): Promise<Offer>
  /** By name, or by SHA-256. */
  get(name: string): Offer | undefined
  all(): readonly Offer[]
  /** Takes an offer back; bytes that no other offer names are removed. */
  drop(name: string): void
  /** Where the bytes lie. */
  path(sha256: string): string
}

const NO_FACTS: OfferFacts = { contentType: 'application/octet-stream', title: '', vendor: '', description: '', installParam: '', version: '' }
const SUFFIX = '.offer.json'

/** True for a name that a URL carries as it is and that no descriptor's or report's address can be. */
function isOfferName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) && !/\.dd[2mw]?$/.test(name) && name !== 'notify' && !/^[0-9a-f]{64}$/.test(name)
}

/** Opens the folder; it is made where missing. */
export function imagesIn(folder: string, now: () => number): Images {
  mkdirSync(folder, { recursive: true })
  const path = (sha256: string): string => join(folder, sha256)
  const offerPath = (name: string): string => join(folder, `${name}${SUFFIX}`)
  const check = (name: string): void => {
    if (!isOfferName(name))
      throw new Error(`"${name}" cannot be offered: letters, digits, ".", "_" and "-", at most 128, not ending in .dd, .dd2, .ddm or .ddw`)
  }
  const read = (name: string): Offer | undefined => {
    if (!isOfferName(name) || !existsSync(offerPath(name))) return undefined
    const offer = JSON.parse(readFileSync(offerPath(name), 'utf8')) as Offer
    return existsSync(path(offer.sha256)) ? offer : undefined
  }
  const all = (): Offer[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith(SUFFIX))
      .sort()
      .flatMap((file) => read(file.slice(0, -SUFFIX.length)) ?? [])
  const drop = (name: string): void => {
    const offer = read(name)
    rmSync(offerPath(name), { force: true })
    if (offer !== undefined && !all().some(({ sha256 }) => sha256 === offer.sha256)) rmSync(path(offer.sha256), { force: true })
  }
  const keep = (name: string, sha256: string, size: number, facts: Partial<OfferFacts>): Offer => {
    const before = read(name)
    const offer: Offer = { ...NO_FACTS, ...facts, name, sha256, size, modified: Math.floor(now() / 1000) * 1000 }
    writeWhole(offerPath(name), `${JSON.stringify(offer)}\n`)
    if (before !== undefined && before.sha256 !== sha256 && !all().some((other) => other.sha256 === before.sha256))
      rmSync(path(before.sha256), { force: true })
    return offer
  }
  return {
    put: (name, bytes, facts = {}) => {
      check(name)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      if (!existsSync(path(sha256))) writeWhole(path(sha256), bytes)
      return keep(name, sha256, bytes.length, facts)
    },
    putFile: async (name, from, facts = {}) => {
      check(name)
      const draft = join(folder, `${name}.draft`)
      copyFileSync(from, draft)
      const { sha256, size } = await digestOf(draft)
      renameSync(draft, path(sha256))
      return keep(name, sha256, size, facts)
    },
    get: (name) => {
      if (!/^[0-9a-f]{64}$/.test(name)) return read(name)
      if (!existsSync(path(name))) return undefined
      const { size, mtimeMs } = statSync(path(name))
      return { ...NO_FACTS, name, sha256: name, size, modified: Math.floor(mtimeMs / 1000) * 1000 }
    },
    all,
    drop,
    path,
  }
}
