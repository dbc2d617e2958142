// Packages as files: what one holds, whether it is what it says, and how one is built. Nothing is unpacked here.
import { createHash } from 'node:crypto'
import { zipSync } from 'fflate'
import { contentList, identityOf, ManifestError, readManifest, writeManifest } from '../download/package.ts'
import type { Manifest, ManifestWish } from '../download/package.ts'
import type { PackageLimits } from './delivery.ts'
import { anchorsIn, checkSignature, sign } from './signing.ts'
import type { Signature, Signer } from './signing.ts'
import { isZip, PACKAGE_LIMITS, readZip, unpack, unpackWhole, ZipError } from './zip.ts'
import type { Source, ZipEntry } from './zip.ts'

const MANIFEST_PATH = 'META/manifest'
const SIGNATURE_PATH = 'META/manifest.p7s'

/** A file of a component; `entry` null: the package's own bytes. */
export interface PackageFile {
  /** Inside the component's folder. */
  readonly path: string
  readonly size: number
  readonly entry: ZipEntry | null
}

export interface PackageComponent {
  readonly id: string
  readonly version: string
  readonly name: string
  /** Path of the start routine; '' none. */
  readonly start: string
  readonly files: readonly PackageFile[]
}

/** What a package holds. Anything wrong with it, up to the chain of its certificate, is `problem`: the first failure in the order of the sheet. */
export interface Inspection {
  readonly form: 'zip' | 'plain'
  readonly manifest: Manifest | null
  readonly signature: Signature
  readonly components: readonly PackageComponent[]
  /** Bytes of all files of all components. */
  readonly unpacked: number
  /** SCOMO code and words; null where nothing is wrong. */
  readonly problem: { readonly code: 1402 | 1405 | 1406 | 1407; readonly text: string } | null
  /** What was guessed or passed over. */
  readonly remarks: readonly string[]
}

/** What is known of a package from outside. */
export interface PackageFactsGiven {
  readonly installParams: string
  readonly pkgId: string
  /** File name, for want of better. */
  readonly file: string
}

export interface InspectOptions {
  /** Folder of anchors; absent: nobody is trusted. */
  readonly trust?: string | undefined
  /** Time certificates are judged at, ms since 1970. */
  readonly at: number
  readonly limits?: Partial<PackageLimits> | undefined
}

/** Reads a package: manifest, its length and digest, signature, chain (download sheet 8). Rejects only where the source cannot be read. */
export async function inspectPackage(source: Source, given: PackageFactsGiven, options: InspectOptions): Promise<Inspection> {
  if (!isZip(source)) return plain(source, given)
  const limits = { ...PACKAGE_LIMITS, ...options.limits }
  try {
    return await zipped(source, given, options, limits)
  } catch (error) {
    if (!(error instanceof ZipError) && !(error instanceof ManifestError)) throw error
    const code = error instanceof ManifestError ? 1407 : error.kind === 'damaged' ? 1402 : error.kind === 'too big' ? 1406 : 1405
    return {
      form: 'zip',
      manifest: null,
      signature: { what: 'none' },
      components: [],
      unpacked: 0,
      problem: { code, text: error.message },
      remarks: [],
    }
  }
}

/** Any other bytes are one component of one file. */
function plain({ size }: Source, given: PackageFactsGiven): Inspection {
  const { id, version, from } = identityOf(given)
  const files: PackageFile[] = [{ path: 'content', size, entry: null }]
  return {
    form: 'plain',
    manifest: null,
    signature: { what: 'none' },
    components: [{ id, version, name: id, start: '', files }],
    unpacked: size,
    problem: null,
    remarks: [`${id} ${version}`.trim() + `: identity from ${from}`],
  }
}

async function zipped(source: Source, given: PackageFactsGiven, options: InspectOptions, limits: PackageLimits): Promise<Inspection> {
  const entries = readZip(source, limits)
  const meta = entries.find(({ path }) => path === MANIFEST_PATH)
  const content = entries.filter(({ path }) => !/^META\//i.test(path))
  const unpacked = content.reduce((sum, { size }) => sum + size, 0)
  if (meta === undefined) {
    const { id, version, from } = identityOf(given)
    const component = { id, version, name: id, start: '', files: content.map((entry) => ({ path: entry.path, size: entry.size, entry })) }
    const remarks = [`no ${MANIFEST_PATH}`, `${id} ${version}`.trim() + `: identity from ${from}`]
    return { form: 'zip', manifest: null, signature: { what: 'none' }, components: [component], unpacked, problem: null, remarks }
  }
  const bytes = await unpackWhole(source, meta, limits.meta)
  const manifest = readManifest(bytes)
  const components = componentsOf(manifest, content)
  const remarks = manifest.ignored.map((key) => `manifest: ${key} passed over`)
  const found = { form: 'zip' as const, manifest, components, unpacked, remarks }
  const unlike = await contentTrouble(source, content, manifest, unpacked)
  if (unlike !== '') return { ...found, signature: { what: 'none' }, problem: { code: 1407, text: unlike } }
  const p7s = entries.find(({ path }) => path === SIGNATURE_PATH)
  if (p7s === undefined) return { ...found, signature: { what: 'none' }, problem: null }
  const der = await unpackWhole(source, p7s, limits.meta)
  const signature = await checkSignature(bytes, der, anchorsIn(options.trust), new Date(options.at))
  return { ...found, signature, problem: signature.what === 'bad' ? { code: 1407, text: signature.why } : null }
}

/** Whether the files are those the manifest was written for; '' where they are. */
async function contentTrouble(source: Source, content: readonly ZipEntry[], manifest: Manifest, unpacked: number): Promise<string> {
  if (unpacked !== manifest.length) return `the manifest says Length=${String(manifest.length)}; the files have ${String(unpacked)} bytes`
  const files: { path: string; size: number; sha256: string }[] = []
  for (const entry of content) {
    const hash = createHash('sha256')
    for await (const piece of unpack(source, entry)) hash.update(piece)
    files.push({ path: entry.path, size: entry.size, sha256: hash.digest('hex') })
  }
  const digest = createHash('sha256').update(contentList(files)).digest('base64')
  return digest === manifest.sha256 ? '' : `the manifest says SHA-256=${manifest.sha256}; the files give ${digest}`
}

function componentsOf(manifest: Manifest, content: readonly ZipEntry[]): PackageComponent[] {
  return manifest.components.map(({ id, version, name, folder, start }) => {
    const files = content.flatMap((entry) =>
      entry.path.startsWith(folder) ? [{ path: entry.path.slice(folder.length), size: entry.size, entry }] : [],
    )
    if (files.length === 0) throw new ZipError(`component ${id} has no file below ${folder === '' ? 'the package' : folder}`)
    if (start !== '' && !files.some(({ path }) => path === start)) throw new ZipError(`component ${id} has no start routine ${start}`)
    return { id, version, name: name === '' ? id : name, start, files }
  })
}

// -- building

/** A component to be packed. Contents as bytes or text. */
export interface ComponentWish {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly files: Readonly<Record<string, Uint8Array | string>>
  /** Lines of its start routine; absent: it has none. */
  readonly start?: { readonly say?: readonly string[]; readonly fail?: string }
}

/** A package to be built. */
export type PackageWish = Omit<Partial<ManifestWish>, 'components' | 'length' | 'sha256'> & {
  readonly pkgId: string
  readonly version: string
  readonly components: readonly ComponentWish[]
  /** False: no META/manifest at all. */
  readonly manifest?: boolean
  readonly signer?: { readonly by: Signer; readonly at: Date }
  /** Changes the manifest before it is signed, or what is signed: for packages that lie. */
  readonly tamper?: { readonly manifest?: (text: string) => string; readonly after?: (text: string) => string }
}

/** Builds a ZIP: the same wish, unsigned, gives the same bytes. Rejects where the manifest cannot carry a value. */
export async function buildPackage(wish: PackageWish): Promise<Uint8Array> {
  const bytesOf = (content: Uint8Array | string): Uint8Array => (typeof content === 'string' ? Buffer.from(content) : content)
  const files = wish.components.flatMap(({ id, files: own, start }) => [
    ...Object.entries(own).map(([path, content]) => ({ path: `${id}/${path}`, bytes: bytesOf(content) })),
    ...(start === undefined ? [] : [{ path: `${id}/START`, bytes: bytesOf(startText(start)) }]),
  ])
  const list = files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }))
  const parts: Record<string, Uint8Array> = {}
  if (wish.manifest !== false) {
    const honest = writeManifest({
      ...wish,
      length: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
      sha256: createHash('sha256').update(contentList(list)).digest('base64'),
      components: wish.components.map(({ id, version, name = '', start }) => ({
        id,
        version,
        folder: `${id}/`,
        name,
        start: start === undefined ? '' : 'START',
      })),
    })
    const text = Buffer.from(honest).toString()
    const manifest = Buffer.from(wish.tamper?.manifest?.(text) ?? text)
    if (wish.signer !== undefined) parts[SIGNATURE_PATH] = await sign(manifest, wish.signer.by, wish.signer.at)
    parts[MANIFEST_PATH] = Buffer.from(wish.tamper?.after?.(manifest.toString()) ?? manifest)
  }
  for (const { path, bytes } of files.sort((a, b) => (a.path < b.path ? -1 : 1))) parts[path] = bytes
  return zipSync(parts, { level: 6, mtime: new Date(1980, 0, 1) })
}

function startText({ say = [], fail = '' }: NonNullable<ComponentWish['start']>): string {
  return ['DM-Lab-Start=1', ...say.map((line) => `Say=${line}`), ...(fail === '' ? [] : [`Fail=${fail}`])].map((line) => `${line}\n`).join('')
}
