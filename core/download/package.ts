// What a package says of itself: the manifest's lines (download sheet 8) and what stands in for one where there is none. Text in, values out.
import { utf8Bytes, utf8Text } from '../syncml/text.ts'

/** One line a manifest may have, in the order it must have them. */
export interface ManifestKey {
  readonly key: string
  /** `many`: may be repeated. */
  readonly times: 'one' | 'maybe' | 'many'
  readonly says: string
  /** CONFIRMED: a line of the sheet's manifest; INFERRED: ours, so that one package can carry several components. The format as a whole is a product proposal. */
  readonly standing: 'CONFIRMED' | 'INFERRED'
}

const row = (key: string, times: ManifestKey['times'], says: string, standing: ManifestKey['standing'] = 'CONFIRMED'): ManifestKey => ({
  key,
  times,
  says,
  standing,
})

/** All lines. The order of the first ones is fixed by the sheet; ours follow behind them. */
export const MANIFEST_KEYS: readonly ManifestKey[] = [
  row('SwM-Manifest', 'one', 'always 1'),
  row('Kind', 'one', 'software or firmware'),
  row('PkgID', 'one', 'unique for a package build: name-version'),
  row('Version', 'one', 'version of the package; for firmware the version afterwards'),
  row('EnvType', 'maybe', 'runtime the software needs (software)'),
  row('Model', 'maybe', 'model it is for (firmware)'),
  row('FromVersion', 'maybe', 'version that must be installed'),
  row('Length', 'one', 'bytes: of the file, or of all files outside META/ of a package that holds its manifest itself'),
  row('SHA-256', 'one', 'base64: of the file, or of the list of files outside META/ (see contentList)'),
  row('NotAfter', 'maybe', 'YYYYMMDDThhmmssZ: not installed later'),
  row('AllowDowngrade', 'maybe', '1: an older version may replace a newer one'),
  row('Name', 'maybe', 'shown to people', 'INFERRED'),
  row('Description', 'maybe', 'shown to people', 'INFERRED'),
  row('Manufacturer', 'many', 'devices it is for; * at the end matches the rest', 'INFERRED'),
  row('ForModel', 'many', 'models it is for; * at the end matches the rest', 'INFERRED'),
  row('Component', 'many', 'id;version;folder;name: files below the folder belong to the component', 'INFERRED'),
  row('Depends', 'many', 'id;least version: must be installed, or come along', 'INFERRED'),
  row('Start', 'many', 'id;file: start routine of a component (see readStart)', 'INFERRED'),
]

/** A component of a package. */
export interface ManifestComponent {
  readonly id: string
  readonly version: string
  /** Folder of its files in the package, ending in `/`; '' the whole package. */
  readonly folder: string
  readonly name: string
  /** Path of the start routine inside its folder; '' none. */
  readonly start: string
}

/** A manifest. Texts '' where absent. */
export interface Manifest {
  readonly kind: 'software' | 'firmware'
  readonly pkgId: string
  readonly version: string
  readonly envType: string
  readonly model: string
  readonly fromVersion: string
  readonly length: number
  /** Base64. */
  readonly sha256: string
  /** `20271231T000000Z`. */
  readonly notAfter: string
  readonly allowDowngrade: boolean
  readonly name: string
  readonly description: string
  readonly manufacturers: readonly string[]
  readonly models: readonly string[]
  readonly components: readonly ManifestComponent[]
  readonly dependencies: readonly { readonly id: string; readonly version: string }[]
  /** Keys nobody here knows. */
  readonly ignored: readonly string[]
}

/** A manifest that cannot be read; `line` counts from 1. */
export class ManifestError extends Error {
  readonly line: number
  constructor(line: number, reason: string) {
    super(`manifest, line ${String(line)}: ${reason}`)
    this.name = 'ManifestError'
    this.line = line
  }
}

/** Reads a manifest: UTF-8, LF, one Key=Value a line. Throws ManifestError. */
export function readManifest(bytes: Uint8Array): Manifest {
  const text = utf8Text(bytes)
  if (text === null) throw new ManifestError(1, 'not UTF-8')
  if (!text.endsWith('\n')) throw new ManifestError(text.split('\n').length, 'the last line has no end')
  const lines = text.slice(0, -1).split('\n')
  const values = new Map<string, { readonly value: string; readonly line: number }[]>()
  let last = -1
  lines.forEach((raw, i) => {
    const line = i + 1
    const [, key = '', value = ''] = /^([A-Za-z0-9-]+)=([^\r\0]*)$/.exec(raw) ?? []
    if (key === '') throw new ManifestError(line, 'no Key=Value')
    const place = MANIFEST_KEYS.findIndex((known) => known.key === key)
    const standing = MANIFEST_KEYS[place]?.standing
    if (standing === 'CONFIRMED' && place < last) throw new ManifestError(line, `${key} stands too late: the order of lines is fixed`)
    if (standing === 'CONFIRMED') last = place
    const before = values.get(key) ?? []
    if (before.length > 0 && MANIFEST_KEYS[place]?.times !== 'many') throw new ManifestError(line, `a second ${key}`)
    values.set(key, [...before, { value, line }])
  })
  if (lines[0] !== 'SwM-Manifest=1') throw new ManifestError(1, 'it does not begin with SwM-Manifest=1')
  const missing = MANIFEST_KEYS.find(({ key, times }) => times === 'one' && (values.get(key)?.[0]?.value ?? '') === '')
  if (missing !== undefined) throw new ManifestError(lines.length, `${missing.key} is missing`)
  return manifestOf(values)
}

type Values = ReadonlyMap<string, readonly { readonly value: string; readonly line: number }[]>

function manifestOf(values: Values): Manifest {
  const one = (key: string): string => values.get(key)?.[0]?.value ?? ''
  const all = (key: string): readonly string[] => (values.get(key) ?? []).map(({ value }) => value)
  const must = (key: string, form: RegExp, reason: string): string => {
    const found = values.get(key)?.[0]
    if (found !== undefined && !form.test(found.value)) throw new ManifestError(found.line, `${key}: ${reason}`)
    return found?.value ?? ''
  }
  const kind = must('Kind', /^(software|firmware)$/, 'software or firmware') === 'firmware' ? 'firmware' : 'software'
  const starts = new Map((values.get('Start') ?? []).map((each) => cut(each, 'Start', 2)).map(([id = '', file = '']) => [id, file]))
  const components = (values.get('Component') ?? []).map((each) => {
    const [id = '', version = '', folder = '', name = ''] = cut(each, 'Component', 3)
    if (!isComponentId(id)) throw new ManifestError(each.line, `Component: "${id}" is no component ID`)
    return { id, version, folder: folder === '' || folder.endsWith('/') ? folder : `${folder}/`, name, start: starts.get(id) ?? '' }
  })
  const twice = components.find(({ id }, i) => components.findIndex((other) => other.id === id) !== i)
  if (twice !== undefined) throw new ManifestError(values.get('Component')?.[0]?.line ?? 1, `component ${twice.id} stands twice`)
  const stray = [...starts.keys()].find((id) => components.length > 0 && !components.some((component) => component.id === id))
  if (stray !== undefined) throw new ManifestError(values.get('Start')?.[0]?.line ?? 1, `Start: there is no component ${stray}`)
  const dependencies = (values.get('Depends') ?? []).map((each) => {
    const [id = '', version = ''] = cut(each, 'Depends', 1)
    return { id, version }
  })
  return {
    kind,
    pkgId: one('PkgID'),
    version: one('Version'),
    envType: one('EnvType'),
    model: one('Model'),
    fromVersion: one('FromVersion'),
    length: Number(must('Length', /^\d{1,15}$/, 'a whole number')),
    sha256: must('SHA-256', /^[A-Za-z0-9+/]{43}=$/, '32 octets in base64'),
    notAfter: must('NotAfter', /^\d{8}T\d{6}Z$/, 'YYYYMMDDThhmmssZ'),
    allowDowngrade: must('AllowDowngrade', /^[01]$/, '0 or 1') === '1',
    name: one('Name'),
    description: one('Description'),
    manufacturers: all('Manufacturer'),
    models: all('ForModel'),
    components: components.length > 0 ? components : lonely(one('PkgID'), one('Version'), one('Name'), [...starts.values()][0] ?? ''),
    dependencies,
    ignored: [...values.keys()].filter((key) => !MANIFEST_KEYS.some((known) => known.key === key)),
  }
}

/** A package without Component lines is one component, named as the package without its version. */
function lonely(pkgId: string, version: string, name: string, start: string): ManifestComponent[] {
  const id = pkgId.endsWith(`-${version}`) ? pkgId.slice(0, -version.length - 1) : pkgId
  return [{ id: isComponentId(id) ? id : 'component', version, folder: '', name: name === '' ? id : name, start }]
}

function cut({ value, line }: { readonly value: string; readonly line: number }, key: string, least: number): string[] {
  const parts = value.split(';').map((part) => part.trim())
  if (parts.length < least || parts[0] === '') throw new ManifestError(line, `${key}: at least ${String(least)} parts between ";"`)
  return parts
}

/** True for what can be a component's ID and a folder's name alike. */
function isComponentId(id: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/.test(id) && !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(id)
}

/** What a manifest is written from. */
export type ManifestWish = Pick<Manifest, 'pkgId' | 'version' | 'length' | 'sha256'> &
  Partial<Omit<Manifest, 'ignored' | 'components'>> & {
    readonly components?: readonly (Pick<ManifestComponent, 'id' | 'version' | 'folder'> & Partial<ManifestComponent>)[]
  }

/** Writes a manifest, exactly as `readManifest` wants it. Throws an Error for a value that a line cannot carry. */
export function writeManifest(wish: ManifestWish): Uint8Array<ArrayBuffer> {
  const kind = wish.kind ?? 'software'
  const components = wish.components ?? []
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['SwM-Manifest', '1'],
    ['Kind', kind],
    ['PkgID', wish.pkgId],
    ['Version', wish.version],
    ['EnvType', wish.envType],
    ['Model', wish.model],
    ['FromVersion', wish.fromVersion],
    ['Length', String(wish.length)],
    ['SHA-256', wish.sha256],
    ['NotAfter', wish.notAfter],
    ['AllowDowngrade', wish.allowDowngrade === undefined ? undefined : wish.allowDowngrade ? '1' : '0'],
    ['Name', wish.name],
    ['Description', wish.description],
    ...(wish.manufacturers ?? []).map((value) => ['Manufacturer', value] as const),
    ...(wish.models ?? []).map((value) => ['ForModel', value] as const),
    ...components.map(
      ({ id, version, folder, name = '' }) => ['Component', [id, version, folder, ...(name === '' ? [] : [name])].join(';')] as const,
    ),
    ...(wish.dependencies ?? []).map(({ id, version }) => ['Depends', version === '' ? id : `${id};${version}`] as const),
    ...components.flatMap(({ id, start = '' }) => (start === '' ? [] : [['Start', `${id};${start}`] as const])),
  ]
  const text = lines.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [`${key}=${value}\n`]))
  const bad = text.find((line) => /[\r\0]|\n./.test(line))
  if (bad !== undefined) throw new Error(`a manifest cannot carry ${JSON.stringify(bad.trimEnd())}`)
  return utf8Bytes(text.join(''))
}

/** What the digest of a package with its own manifest covers: one line a file outside META/, `<bytes> <sha256 hex> <path>`, by path. INFERRED. */
export function contentList(files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[]): Uint8Array<ArrayBuffer> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  return utf8Bytes(sorted.map(({ path, size, sha256 }) => `${String(size)} ${sha256} ${path}\n`).join(''))
}

/** A start routine: text lines, nothing that is executed. `fail` says why it does not start; `say` goes into the device's log. INFERRED. */
export interface Start {
  readonly say: readonly string[]
  readonly fail: string
}

/** Reads `DM-Lab-Start=1` and its lines `Say=` and `Fail=`. Throws an Error in words for anything else. */
export function readStart(bytes: Uint8Array): Start {
  const text = bytes.length > 4096 ? null : utf8Text(bytes)
  const lines = (text ?? '').split('\n').filter((line) => line !== '')
  if (text === null || lines[0] !== 'DM-Lab-Start=1') throw new Error('the start routine does not begin with DM-Lab-Start=1')
  const said = lines.slice(1).map((line) => /^(Say|Fail)=(.*)$/.exec(line) ?? [])
  if (said.some(([whole]) => whole === undefined)) throw new Error('the start routine has a line that is neither Say= nor Fail=')
  return { say: said.flatMap(([, key, value = '']) => (key === 'Say' ? [value] : [])), fail: said.find(([, key]) => key === 'Fail')?.[2] ?? '' }
}

/** Who a package without manifest is, and how that is known. */
export interface Identity {
  readonly id: string
  readonly version: string
  readonly from: 'install parameters' | 'PkgID' | 'file name' | 'nothing'
}

/** From InstallParams (`id=com.msf.antivir;version=2.1`), else PkgID (`name-version`), else the file's name (`name-version.ext`). */
export function identityOf(facts: { readonly installParams: string; readonly pkgId: string; readonly file: string }): Identity {
  const told = new Map(
    facts.installParams.split(/[;&\n]/).map((part) => {
      const [key = '', ...value] = part.split('=')
      return [key.trim().toLowerCase(), value.join('=').trim()] as const
    }),
  )
  const id = told.get('id') ?? ''
  const named = nameAndVersion(facts.pkgId)
  const filed = nameAndVersion(facts.file.replace(/\.[A-Za-z][A-Za-z0-9]{0,7}$/, ''))
  if (isComponentId(id)) return { id, version: told.get('version') ?? named?.version ?? filed?.version ?? '', from: 'install parameters' }
  if (named !== null) return { ...named, version: told.get('version') ?? named.version, from: 'PkgID' }
  if (filed !== null) return { ...filed, version: told.get('version') ?? filed.version, from: 'file name' }
  const bare = [facts.pkgId, facts.file].find(isComponentId)
  return { id: bare ?? 'component', version: told.get('version') ?? '', from: 'nothing' }
}

/** `antivir-2.1` → antivir, 2.1; null where there is no version at its end. */
function nameAndVersion(text: string): { readonly id: string; readonly version: string } | null {
  const [, id = '', version = ''] = /^(.+)-v?(\d+(?:[._]\d+|[A-Za-z]\d*)*)$/.exec(text) ?? []
  return isComponentId(id) ? { id, version } : null
}
