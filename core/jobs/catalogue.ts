// The catalogue: packages by PkgID. What a person says of a file wins over its manifest, and that over its name; what was guessed is said.
import type { PackageFacts, PackageRow } from '../api.ts'
import type { Docs } from '../store/docs.ts'
import type { PackageDoc } from './types.ts'
import { DOC } from './types.ts'

/** A file that was taken in: its name, size and digest, and what was found in it (a manifest, a type). */
export interface Intake {
  readonly fileName: string
  readonly size: number
  /** Lower-case hexadecimal; the file lies under this name. */
  readonly sha256: string
  /** What the file itself says. */
  readonly found: Partial<PackageRow>
}

/** `antivir-2.1.zip` → antivir, 2.1; null where the name has no version. INFERRED (scomo sheet 10: PkgID has the form `name-version`). */
export function nameAndVersion(fileName: string): { readonly name: string; readonly version: string } | null {
  const stem = fileName.replace(/^.*[/\\]/, '').replace(/\.(zip|apk|jar|bin|img|pkg|dat|dp|swm|tar|gz|fw|hex)$/i, '')
  const match = /^(.+?)[-_ ]v?(\d[\w.+]*(?:-\w[\w.]*)?)$/.exec(stem)
  return match === null ? null : { name: match[1] ?? '', version: match[2] ?? '' }
}

/** Packages of one lab. */
export class Catalogue {
  readonly #docs: Docs
  readonly #now: () => number

  constructor(docs: Docs, now: () => number) {
    this.#docs = docs
    this.#now = now
  }

  /** Oldest first. */
  rows(): readonly PackageRow[] {
    return this.#docs.all(DOC.package).map(({ value }) => (value as PackageDoc).row)
  }

  get(pkgId: string): PackageDoc | undefined {
    return this.#docs.get(DOC.package, pkgId) as PackageDoc | undefined
  }

  /** The row a file gets. Throws an Error in words: its PkgID belongs to other bytes, or it has no identity. */
  check(intake: Intake, facts: PackageFacts): PackageRow {
    const row = this.identify(intake, facts)
    const known = this.get(row.pkgId)
    if (known !== undefined && known.row.sha256 !== row.sha256)
      throw new Error(`${row.pkgId} is in the catalogue with other bytes (SHA-256 ${known.row.sha256}): give this one a PkgID of its own`)
    return row
  }

  /** `fileName`: what the download server offers it by. */
  add(row: PackageRow, fileName: string): void {
    this.#docs.put(DOC.package, row.pkgId, { row, fileName } satisfies PackageDoc)
  }

  /** What a file would be in the catalogue. */
  identify({ fileName, size, sha256, found }: Intake, facts: PackageFacts): PackageRow {
    const remarks = [...(found.remarks ?? [])]
    const guessed = nameAndVersion(fileName)
    const name = facts.name ?? found.name ?? guessed?.name ?? fileName
    const version = facts.version ?? found.version ?? guessed?.version ?? ''
    if (version === '') remarks.push('no version is known: neither told, nor in a manifest, nor in the file name')
    else if (facts.version === undefined && found.version === undefined) remarks.push(`name and version are guessed from the file name ${fileName}`)
    const pkgId = facts.pkgId ?? found.pkgId ?? (version === '' ? name : `${name}-${version}`)
    if (pkgId.trim() === '') throw new Error('a package needs a PkgID')
    const kind = facts.kind ?? found.kind ?? 'software'
    const components = facts.components ?? found.components ?? (kind === 'software' ? [{ id: name, version }] : [])
    if (kind === 'software' && facts.components === undefined && found.components === undefined) remarks.push(`its component is taken to be ${name}`)
    return {
      pkgId,
      kind,
      name,
      version,
      description: facts.description ?? found.description ?? '',
      components,
      envType: facts.envType ?? found.envType ?? '',
      pkgType: facts.pkgType ?? found.pkgType ?? 'application/octet-stream',
      size,
      sha256,
      manufacturers: facts.manufacturers ?? found.manufacturers ?? [],
      models: facts.models ?? found.models ?? [],
      dependencies: facts.dependencies ?? found.dependencies ?? [],
      fromVersion: facts.fromVersion ?? found.fromVersion ?? '',
      signed: found.signed ?? false,
      addedAt: this.#now(),
      remarks,
      withdrawn: false,
    }
  }

  withdraw(pkgId: string): PackageRow {
    const doc = this.get(pkgId)
    if (doc === undefined) throw new Error(`there is no package ${pkgId}`)
    const row = { ...doc.row, withdrawn: true }
    this.#docs.put(DOC.package, pkgId, { ...doc, row } satisfies PackageDoc)
    return row
  }
}
