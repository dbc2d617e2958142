// A device's own request as a wish (scomo sheet 12, fumo sheet 8): what the server does of itself in the same session, or nothing.
import type { JobOp, JobWish, PackageRow, SoftwareRequest } from '../api.ts'
import { newest, unsuited, versionIn } from './choose.ts'
import type { KnownDevice } from './ports.ts'
import { compareVersions } from './versions.ts'

const OPS: Readonly<Record<SoftwareRequest['operation'], JobOp>> = {
  CheckUpdate: 'update',
  Update: 'update',
  Install: 'install',
  InstallInactive: 'installInactive',
  Remove: 'remove',
  Activate: 'activate',
  Deactivate: 'deactivate',
  Download: 'deliver',
  Resume: 'exec',
}

/**
 * The wish, or null where nothing is to be done now (202). A user who asked is not asked again; a device that asks for an installation or an update has
 * not asked its user yet (scomo sheet 16.4, 16.5). What the request tells need not be read once more.
 */
export function wishOf(request: SoftwareRequest, device: KnownDevice, packages: readonly PackageRow[]): JobWish | null {
  const { type, by, operation, pkg, component = componentIn(request.source), version, source = '' } = request
  const op = OPS[operation]
  const base = { device: device.id, type, op, wake: false }
  if (operation === 'Resume') return source.includes('/Download/') ? { ...base, target: `${source}/Operations/Download`, inventory: false } : null
  const standing = op === 'remove' || op === 'activate' || op === 'deactivate'
  if (standing) {
    if (/\/(Deployed|Delivered)\/[^/]+$/.test(source)) return { ...base, target: source, inventory: false }
    return component === undefined && pkg === undefined ? null : ({ ...base, ...(component === undefined ? { pkg } : { component }) } as JobWish)
  }
  const row = pkg === undefined ? newest(packages, type, device, null, component ?? '') : packages.find(({ pkgId }) => pkgId === pkg)
  if (row === undefined || unsuited(row, type, device, null) !== '') return null
  const has = type === 'fumo' ? device.fwv : (version ?? '')
  if (op === 'update' && has !== '' && compareVersions(type === 'fumo' ? row.version : versionIn(row, component ?? ''), has) <= 0) return null
  const confirm = by === 'device' && (op === 'install' || op === 'installInactive' || op === 'update') ? 'user' : 'none'
  // An update without the version that is installed must look first.
  const blind = op !== 'update' || version !== undefined
  return { ...base, pkg: row.pkgId, ...(component === undefined ? {} : { component }), confirm, inventory: !blind }
}

/** Component named by the node the request is about. */
function componentIn(source: string | undefined): string | undefined {
  return /\/Inventory\/Deployed\/([^/]+)$/.exec(source ?? '')?.[1]
}
