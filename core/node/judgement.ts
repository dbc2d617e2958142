// Whether a package may be installed on a device: the checks behind length, digest, manifest, signature and chain, in the order of the sheet (download 8, scomo 13).
import type { Manifest } from '../download/package.ts'
import { compareVersions, fits } from '../jobs/versions.ts'
import type { FlashAsk, InstallAsk } from '../software/ports.ts'
import type { Inspection, PackageComponent } from './packages.ts'

/** What a judge says: a code that ends it, or the weak points let through. */
export type Judgement = { readonly code: number; readonly text: string } | { readonly code: 0; readonly findings: readonly string[] }

/** Installed components, as far as judging needs them. */
export type Present = Readonly<Record<string, { readonly id: string; readonly version: string }>>

const no = (code: number, text: string): Judgement => ({ code, text })

/** R2 and R6 of scomo sheet 13: what is weak is let through in `lab`, with a finding. */
function weakness(found: Inspection, ask: { readonly security: 'lab' | 'strict'; readonly digestChecked: boolean }): readonly string[] {
  const signed = found.signature.what === 'good'
  return [
    ...(ask.digestChecked || signed ? [] : ['no-digest']),
    ...(signed ? [] : ['unsigned-package']),
    ...(found.manifest === null ? ['no-version-check'] : []),
  ]
}

/** Software. */
export function judgeSoftware(found: Inspection, ask: InstallAsk, present: Present, now: number): Judgement {
  if (found.problem !== null) return no(found.problem.code, found.problem.text)
  const findings = weakness(found, ask)
  if (ask.security === 'strict' && findings.length > 0) return no(1407, `refused in strict mode: ${findings.join(', ')}`)
  const { manifest } = found
  if (manifest === null) return environment(ask.envType, '', ask.envTypes) ?? { code: 0, findings }
  if (manifest.kind !== 'software') return no(1455, 'the package is firmware')
  if (ask.pkgId !== '' && manifest.pkgId !== ask.pkgId) return no(1407, `the package says it is ${manifest.pkgId}; ordered was ${ask.pkgId}`)
  if (expired(manifest, now)) return no(1456, `not to be installed after ${manifest.notAfter}`)
  return (
    versions(manifest, found.components, present) ??
    needs(manifest, found.components, present) ??
    environment(manifest.envType, ask.envType, ask.envTypes) ??
    device(manifest, ask) ?? { code: 0, findings }
  )
}

/** R5; FromVersion must be what is installed. */
function versions(manifest: Manifest, components: readonly PackageComponent[], present: Present): Judgement | null {
  const over = components.flatMap((component) => {
    const old = present[component.id]
    return old === undefined ? [] : [{ ...component, old: old.version }]
  })
  if (manifest.fromVersion !== '') {
    const wrong = over.find(({ old }) => old !== manifest.fromVersion)
    if (wrong !== undefined || over.length === 0)
      return no(1455, `it is an update of version ${manifest.fromVersion}; installed is ${wrong === undefined ? 'none' : `${wrong.id} ${wrong.old}`}`)
  }
  const older = over.find(({ version, old }) => compareVersions(version, old) < 0)
  if (older === undefined || manifest.allowDowngrade) return null
  return no(1455, `${older.id} ${older.version} is older than the installed ${older.old}`)
}

function needs({ dependencies }: Manifest, components: readonly PackageComponent[], present: Present): Judgement | null {
  const there = (id: string): string | undefined => components.find((component) => component.id === id)?.version ?? present[id]?.version
  const missing = dependencies.find(({ id, version }) => {
    const own = there(id)
    return own === undefined || (version !== '' && compareVersions(own, version) < 0)
  })
  if (missing === undefined) return null
  const own = there(missing.id)
  return no(1455, `it needs ${missing.id} ${missing.version}`.trimEnd() + (own === undefined ? ', which is not installed' : `; installed is ${own}`))
}

function environment(own: string, ordered: string, known: readonly string[]): Judgement | null {
  if (own !== '' && ordered !== '' && own.toLowerCase() !== ordered.toLowerCase())
    return no(1413, `the package is for ${own}; ordered was ${ordered}`)
  const wanted = own === '' ? ordered : own
  if (wanted === '' || known.length === 0 || known.some((each) => each.toLowerCase() === wanted.toLowerCase())) return null
  return no(1413, `this device has no environment ${wanted}; it has ${known.join(', ')}`)
}

function device(manifest: Manifest, { man, mod }: { readonly man: string; readonly mod: string }): Judgement | null {
  if (!fits(manifest.manufacturers, man)) return no(1455, `it is for devices of ${manifest.manufacturers.join(', ')}, not of ${man}`)
  const models = [...manifest.models, ...(manifest.model === '' ? [] : [manifest.model])]
  return fits(models, mod) ? null : no(1455, `it is for the models ${models.join(', ')}, not ${mod}`)
}

function expired({ notAfter }: Manifest, now: number): boolean {
  const [, y = '', m = '', d = '', h = '', min = '', s = ''] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(notAfter) ?? []
  return notAfter !== '' && now > Date.UTC(Number(y), Number(m) - 1, Number(d), Number(h), Number(min), Number(s))
}

/** Firmware, with FUMO's codes (fumo sheet 7 and 10). */
export function judgeFirmware(found: Inspection, ask: FlashAsk, now: number): Judgement {
  if (found.problem !== null) return no({ 1402: 402, 1405: 405, 1406: 502, 1407: 404 }[found.problem.code], found.problem.text)
  const findings = weakness(found, ask)
  if (ask.security === 'strict' && findings.length > 0) return no(404, `refused in strict mode: ${findings.join(', ')}`)
  const { manifest } = found
  if (manifest === null) return { code: 0, findings }
  if (manifest.kind !== 'firmware') return no(405, 'the package is no firmware')
  if (expired(manifest, now)) return no(405, `not to be installed after ${manifest.notAfter}`)
  if (manifest.fromVersion !== '' && manifest.fromVersion !== ask.fwv)
    return no(403, `it is an update of version ${manifest.fromVersion}; installed is ${ask.fwv}`)
  if (compareVersions(manifest.version, ask.fwv) < 0 && !manifest.allowDowngrade)
    return no(405, `version ${manifest.version} is older than the installed ${ask.fwv}`)
  const misfit = device(manifest, ask)
  return misfit === null ? { code: 0, findings } : no(403, 'text' in misfit ? misfit.text : '')
}
