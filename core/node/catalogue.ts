// Files of the catalogue: taken in with their SHA-256, read for what they say of themselves, offered by the download server. Big ones stream through.
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PackageRow } from '../api.ts'
import type { Intake } from '../jobs/catalogue.ts'
import type { Bulk } from '../syncml/message.ts'
import { readPiece } from './disk.ts'
import type { Images } from './images.ts'
import { inspectPackage } from './packages.ts'
import { fileSource } from './zip.ts'

/** A file that lies in the incoming folder. */
export interface Incoming extends Intake {
  readonly path: string
}

export interface CatalogueFiles {
  /** Writes bytes there; the digest is that of what was written. */
  take(name: string, bytes: Uint8Array): Promise<Incoming>
  stream(name: string, body: Readable): Promise<Incoming>
  /** The package gets its offer; gives the name of that. The incoming file is gone then. */
  offer(row: PackageRow, incoming: Intake): Promise<string>
  /** Throws it away. */
  forget(incoming: Intake): void
  /** A handle to the bytes of a package. Throws an Error in words where they are missing. */
  file(sha256: string): Bulk
}

/** `incoming`: a folder of its own, emptied at the start. `trust`: anchors for software signing. */
export function catalogueFiles(options: {
  readonly images: Images
  readonly incoming: string
  readonly trust: string
  readonly now: () => number
}): CatalogueFiles {
  const { images, incoming, trust, now } = options
  mkdirSync(incoming, { recursive: true })
  for (const file of readdirSync(incoming)) rmSync(join(incoming, file), { force: true })
  const read = async (name: string, path: string, size: number, sha256: string): Promise<Incoming> => {
    const fileName = basename(name.replaceAll('\\', '/')) || 'package'
    const source = fileSource(path)
    try {
      return { fileName, path, size, sha256, found: await foundIn(source, fileName) }
    } finally {
      source.close()
    }
  }
  const foundIn = async (source: ReturnType<typeof fileSource>, file: string): Promise<Partial<PackageRow>> => {
    const seen = await inspectPackage(source, { installParams: '', pkgId: '', file }, { trust, at: now() })
    const trouble = seen.problem === null ? [] : [`a device will refuse it with ${String(seen.problem.code)}: ${seen.problem.text}`]
    const remarks = [...seen.remarks, ...trouble]
    const components = seen.components.filter(({ id }) => id !== '').map(({ id, version }) => ({ id, version }))
    const parts = components.length === 0 ? {} : { components }
    const { manifest } = seen
    if (manifest === null) return { ...parts, remarks }
    const { kind, pkgId, version, envType, model, fromVersion, name, description, manufacturers, models, dependencies } = manifest
    const said = { kind, pkgId, version, envType, fromVersion, description, manufacturers, dependencies }
    return {
      ...said,
      ...(kind === 'software' ? parts : { components: [] }),
      ...(name === '' ? {} : { name }),
      models: models.length > 0 ? models : model === '' ? [] : [model],
      signed: seen.signature.what === 'good',
      remarks,
    }
  }
  const pathOf = (intake: Intake): string => (intake as Partial<Incoming>).path ?? ''
  return {
    take: async (name, bytes) => {
      const path = join(incoming, randomUUID())
      writeFileSync(path, bytes)
      return read(name, path, bytes.length, createHash('sha256').update(bytes).digest('hex'))
    },
    stream: async (name, body) => {
      const path = join(incoming, randomUUID())
      const hash = createHash('sha256')
      let size = 0
      try {
        await pipeline(
          body,
          async function* (chunks: AsyncIterable<Uint8Array>) {
            for await (const chunk of chunks) {
              hash.update(chunk)
              size += chunk.length
              yield chunk
            }
          },
          createWriteStream(path),
        )
        return await read(name, path, size, hash.digest('hex'))
      } catch (error) {
        rmSync(path, { force: true })
        throw error
      }
    },
    offer: async (row, intake) => {
      const { name } = await images.putFile(offerName(row), pathOf(intake), {
        contentType: row.pkgType,
        title: row.name,
        description: row.description,
        version: row.version,
      })
      rmSync(pathOf(intake), { force: true })
      return name
    },
    forget: (intake) => rmSync(pathOf(intake), { force: true }),
    file: (sha256) => {
      const path = images.path(sha256)
      const read = <T>(work: () => T): T => {
        try {
          return work()
        } catch (error) {
          throw new Error(`the bytes with SHA-256 ${sha256} are not in the images any more`, { cause: error })
        }
      }
      const { size } = read(() => statSync(path))
      return { name: basename(path), size, sha256, read: (offset, length) => read(() => readPiece(path, offset, length)) }
    },
  }
}

/** A name that a URL carries: the PkgID, with the digest where the PkgID has other characters. */
function offerName({ pkgId, sha256 }: PackageRow): string {
  const name = pkgId
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
  return name === pkgId && !/\.dd2?$/.test(name) && name !== 'notify' ? name : `${name || 'pkg'}-${sha256.slice(0, 8)}`
}
