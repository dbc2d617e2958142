// The installer with real files: every failure with its code and nothing half installed, versions, dependencies, signatures, quota, starts, restarts.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Installer, InstallerOptions } from '../../core/node/delivery.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { buildPackage } from '../../core/node/packages.ts'
import type { ComponentWish, PackageWish } from '../../core/node/packages.ts'
import { makeSigner, toPem } from '../../core/node/signing.ts'
import type { Signer } from '../../core/node/signing.ts'
import type { FlashAsk, InstallAsk } from '../../core/software/ports.ts'
import { antivir, hash } from './dlrig.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const day = (n: number): Date => new Date(NOW + n * 86_400_000)

let anchor: Signer
let vendor: Signer
beforeAll(async () => {
  anchor = await makeSigner({ name: 'Lab Root', from: day(-10), to: day(1000), authority: true })
  const between = await makeSigner({ name: 'Lab Software', from: day(-10), to: day(1000), authority: true, serial: 2 }, anchor)
  vendor = await makeSigner({ name: 'Mobile Security Forces', from: day(-10), to: day(900), authority: false, serial: 3 }, between)
})

let folder: string
let clock: number
let installer: Installer
const trust = (): string => join(folder, '..', 'trust')
const make = (options: Partial<InstallerOptions> = {}): Installer => makeInstaller({ folder, now: () => (clock += 1), trust: trust(), ...options })

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'dm-lab-inst-'))
  folder = join(root, 'device')
  clock = NOW
  mkdirSync(join(root, 'trust'))
  writeFileSync(join(root, 'trust', 'root.pem'), toPem(anchor.certificate))
  installer = make()
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const scanner = (version: string, more: Partial<ComponentWish> = {}): ComponentWish => ({
  id: 'com.msf.antivir',
  version,
  name: 'AntiVir',
  files: { 'bin/scan': `scanner ${version}`, 'data/signatures.db': 'x'.repeat(5000) },
  start: { say: [`AntiVir ${version} is ready`] },
  ...more,
})
const wish = (version: string, more: Partial<PackageWish> = {}): PackageWish => ({
  pkgId: `antivir-${version}`,
  version,
  envType: 'native.linux.arm64',
  name: 'AntiVir',
  components: [scanner(version)],
  ...more,
})
const signed = (version: string, more: Partial<PackageWish> = {}): PackageWish =>
  wish(version, { signer: { by: vendor, at: new Date(NOW) }, ...more })

let asked = 0
function askOf(bytes: Uint8Array, more: Partial<InstallAsk> = {}): InstallAsk {
  asked += 1
  const file = installer.store.put(`package-${String(asked)}`, bytes)
  return {
    key: `order-${String(asked)}`,
    file,
    pkgId: '',
    envType: '',
    installParams: '',
    active: true,
    man: 'ACME',
    mod: 'X100',
    envTypes: ['native.linux.arm64'],
    security: 'lab',
    digestChecked: true,
    ...more,
  }
}
const install = async (what: PackageWish, more: Partial<InstallAsk> = {}) => installer.install(askOf(await buildPackage(what), more))
const snapshot = (): string =>
  readdirSync(join(folder, 'components'), { recursive: true, encoding: 'utf8' }).sort().join('\n') +
  JSON.stringify(installer.components()) +
  JSON.stringify(installer.starts())

describe('what goes well', () => {
  test('a signed package: its files lie there, it is active, its start is recorded with the digest of what was installed', async () => {
    const answer = await install(signed('2.1'), { pkgId: 'antivir-2.1', security: 'strict' })
    expect(answer).toMatchObject({ code: 1200, findings: [], dataGone: false })
    const [component] = installer.components()
    expect(component).toMatchObject({
      id: 'com.msf.antivir',
      version: '2.1',
      name: 'AntiVir',
      pkgId: 'antivir-2.1',
      envType: 'native.linux.arm64',
      active: true,
    })
    const [start] = installer.starts()
    expect(start).toMatchObject({ id: 'com.msf.antivir', version: '2.1', cause: 'install' })
    expect(component?.lastStart).toBe(`${start?.at ?? ''} 2.1 ${start?.sha256 ?? ''} install`)
    const [version = ''] = readdirSync(join(folder, 'components', 'com.msf.antivir'))
    expect(readFileSync(join(folder, 'components', 'com.msf.antivir', version, 'bin/scan'), 'utf8')).toBe('scanner 2.1')
    expect(installer.log().map(({ what }) => what)).toEqual(['deliver', 'start', 'install', 'start'])
    expect(readdirSync(join(folder, 'scratch'))).toEqual([])
  })

  test('any other bytes are one component: identity from the parameters, the PkgID or the file name; its digest is the package’s', async () => {
    const answer = await installer.install(askOf(antivir(), { installParams: 'id=com.msf.antivir;version=2.1', envType: 'native.linux.arm64' }))
    expect(answer).toMatchObject({ code: 1200, findings: ['unsigned-package', 'no-version-check'] })
    expect(installer.starts()[0]).toMatchObject({ id: 'com.msf.antivir', version: '2.1', sha256: hash(antivir()) })
    expect((await installer.install(askOf(antivir(), { pkgId: 'sigdb-88' }))).components[0]).toMatchObject({ id: 'sigdb', version: '88' })
    const ask = askOf(antivir())
    const file = installer.store.put('player-1.4.bin', antivir())
    expect((await installer.install({ ...ask, file })).components[0]).toMatchObject({ id: 'player', version: '1.4' })
  })

  test('an update replaces in place: one component, the newer files, the old ones gone; nothing in between is inactive', async () => {
    await install(signed('2.0'))
    await install(signed('2.1', { fromVersion: '2.0' }))
    expect(installer.components().map(({ version, active }) => [version, active])).toEqual([['2.1', true]])
    expect(readdirSync(join(folder, 'components', 'com.msf.antivir')).length).toBe(1)
    expect(installer.starts().map(({ version }) => version)).toEqual(['2.0', '2.1'])
  })

  test('several components come together; inactive ones are not started; activate, deactivate, uninstall, discard', async () => {
    const database: ComponentWish = { id: 'com.msf.sigdb', version: '88', files: { 'db.bin': 'signatures' } }
    const ask = askOf(await buildPackage(wish('2.1', { components: [scanner('2.1'), database] })), { active: false })
    expect((await installer.install(ask)).components.map(({ id, active }) => [id, active])).toEqual([
      ['com.msf.antivir', false],
      ['com.msf.sigdb', false],
    ])
    expect(installer.starts()).toEqual([])
    expect(await installer.activate({ key: 'a', id: 'com.msf.antivir' })).toMatchObject({ code: 1200, component: { active: true } })
    expect(installer.starts()).toMatchObject([{ cause: 'activate', key: 'a' }])
    expect(await installer.deactivate({ key: 'b', id: 'com.msf.antivir' })).toMatchObject({ code: 1200, component: { active: false } })
    expect(await installer.uninstall({ key: 'c', id: 'com.msf.antivir' })).toMatchObject({ code: 1200, component: null })
    expect(readdirSync(join(folder, 'components'))).toEqual(['com.msf.sigdb'])
    expect(await installer.discard({ key: 'd', id: ask.file.file })).toMatchObject({ code: 1200 })
    expect(readdirSync(join(folder, 'packages'))).toEqual([])
  })

  test('switched off and on: active components start anew, each once; the answers of orders are kept', async () => {
    const ask = askOf(await buildPackage(signed('2.1')))
    const answer = await installer.install(ask)
    installer = make()
    expect(installer.boot()[0]?.lastStart).toMatch(/ 2\.1 [0-9a-f]{64} boot$/)
    expect(installer.starts().map(({ cause }) => cause)).toEqual(['install', 'boot'])
    expect(await installer.install(ask)).toEqual(answer)
    expect(await installer.outcome(ask.key)).toEqual(answer)
    expect(await installer.outcome('never asked')).toBe(null)
    expect(installer.starts().length).toBe(2)
    installer.boot()
    installer.boot()
    expect(await installer.outcome(ask.key)).toBe(null)
  })

  test('components of the factory are there at once and start at the first boot', () => {
    rmSync(folder, { recursive: true })
    installer = make({ factory: [{ id: 'com.acme.shell', version: '1.0', name: 'Shell', description: '', envType: '', active: true }] })
    expect(installer.components()).toMatchObject([{ id: 'com.acme.shell', active: true, pkgId: '' }])
    installer.boot()
    expect(installer.starts()).toMatchObject([{ id: 'com.acme.shell', cause: 'boot' }])
    installer = make({ factory: [] })
    expect(installer.components().length).toBe(1)
  })
})

describe('what is refused leaves everything as it was', () => {
  const tls = () => makeSigner({ name: 'A web server', from: day(-1), to: day(10), authority: false, purpose: 'tls', serial: 4 }, anchor)
  const old = () => makeSigner({ name: 'Expired', from: day(-100), to: day(-1), authority: false, serial: 5 }, anchor)
  const stranger = async () =>
    makeSigner(
      { name: 'Stranger', from: day(-1), to: day(10), authority: false },
      await makeSigner({ name: 'Elsewhere', from: day(-1), to: day(10), authority: true }),
    )
  const by = async (signer: Promise<Signer>, what = wish('2.1')): Promise<PackageWish> => ({
    ...what,
    signer: { by: await signer, at: new Date(NOW) },
  })

  const CASES: readonly (readonly [
    name: string,
    code: number,
    make: () => PackageWish | Promise<PackageWish>,
    ask?: Partial<InstallAsk>,
    gone?: false,
  ])[] = [
    ['a manifest changed after signing', 1407, () => signed('2.1', { tamper: { after: (text) => text.replace('Version=2.1', 'Version=9.1') } })],
    ['an unknown signer', 1407, () => by(stranger())],
    ['an expired certificate', 1407, () => by(old())],
    ['a TLS certificate', 1407, () => by(tls())],
    ['an unsigned package in strict mode', 1407, () => wish('2.1'), { security: 'strict' }],
    ['another PkgID than ordered', 1407, () => signed('2.1'), { pkgId: 'antivir-2.2' }],
    ['a manifest for other files', 1407, () => signed('2.1', { tamper: { manifest: (text) => text.replace(/SHA-256=.{4}/, 'SHA-256=AAAA') } })],
    ['a manifest with another length', 1407, () => signed('2.1', { tamper: { manifest: (text) => text.replace(/Length=\d+/, 'Length=5') } })],
    ['a manifest that cannot be read', 1407, () => wish('2.1', { tamper: { manifest: () => 'SwM-Manifest=1\nnonsense\n' } })],
    ['a time that is over', 1456, () => signed('2.1', { notAfter: '20261101T000000Z' })],
    ['an unknown environment', 1413, () => signed('2.1', { envType: 'java.midp' })],
    ['another environment than ordered', 1413, () => signed('2.1'), { envType: 'oci.image' }],
    ['another manufacturer', 1455, () => signed('2.1', { manufacturers: ['Other*'] })],
    ['another model', 1455, () => signed('2.1', { models: ['Y*'] })],
    ['an older version', 1455, () => signed('1.9')],
    ['an update of another version', 1455, () => signed('2.1', { fromVersion: '1.5' })],
    ['a dependency that is missing', 1455, () => signed('2.1', { dependencies: [{ id: 'com.msf.sigdb', version: '88' }] })],
    [
      'a dependency that is too old',
      1455,
      () =>
        signed('2.1', {
          dependencies: [{ id: 'com.msf.antivir', version: '3' }],
          components: [{ id: 'com.msf.extra', version: '2.1', files: { a: 'b' } }],
        }),
    ],
    ['firmware', 1455, () => signed('2.1', { kind: 'firmware', envType: '', model: 'X100' })],
    ['a start routine that fails', 1405, () => signed('2.1', { components: [scanner('2.1', { start: { fail: 'no licence' } })] }), {}, false],
  ]
  for (const [name, code, make_, ask = {}, gone = true] of CASES)
    test(`dl 33, 34: ${name}: ${String(code)}`, async () => {
      await install(signed('2.0'))
      const before = snapshot()
      const answer = await install(await make_(), ask)
      expect([answer.code, answer.components, answer.dataGone], answer.text).toEqual([code, [], gone])
      expect(answer.text).not.toBe('')
      expect(snapshot()).toBe(before)
      expect(readdirSync(join(folder, 'packages')).length).toBe(gone ? 1 : 2)
      expect(installer.log().at(-1)).toMatchObject({ what: 'fail' })
    })

  test('dl 33: a flipped byte, a cut end, bytes that were swapped on the disk: 1402', async () => {
    const bytes = await buildPackage(signed('2.1'))
    for (const spoil of [(at: Uint8Array) => at.with(60, (at[60] ?? 0) ^ 1), (at: Uint8Array) => at.subarray(0, -9)]) {
      const ask = askOf(bytes)
      writeFileSync(join(folder, 'packages', ask.file.file), spoil(bytes))
      expect(await installer.install(ask)).toMatchObject({ code: 1402, dataGone: true })
    }
    const ask = askOf(spoilContent(bytes))
    expect((await installer.install(ask)).code).toBe(1402)
    const gone = askOf(bytes)
    installer.store.drop(gone.file.file)
    expect((await installer.install(gone)).code).toBe(1402)
    expect(snapshot()).toBe(`[][]`)
  })

  test('a full disk: 1406, the package is kept; with room it installs', async () => {
    const bytes = await buildPackage(signed('2.1', { components: [scanner('2.1', { files: { big: 'y'.repeat(200_000) } })] }))
    installer = make({ quota: 150_000 })
    const ask = askOf(bytes)
    const answer = await installer.install(ask)
    expect(answer).toMatchObject({ code: 1406, dataGone: false })
    expect(existsSync(join(folder, 'packages', ask.file.file))).toBe(true)
    expect(() => installer.store.put('more', new Uint8Array(150_000))).toThrow(/do not fit/)
    installer = make()
    expect((await installer.install({ ...ask, key: 'again' })).code).toBe(1200)
  })

  test('components that are missing or needed: 1408, 1409, 1410', async () => {
    expect((await installer.uninstall({ key: 'a', id: 'none' })).code).toBe(1408)
    expect((await installer.activate({ key: 'b', id: 'none' })).code).toBe(1409)
    expect((await installer.deactivate({ key: 'c', id: 'none' })).code).toBe(1410)
    await install(signed('2.1', { components: [{ id: 'com.msf.sigdb', version: '88', files: { a: 'b' } }] }))
    await install(signed('2.1', { dependencies: [{ id: 'com.msf.sigdb', version: '80' }] }))
    expect(await installer.uninstall({ key: 'd', id: 'com.msf.sigdb' })).toMatchObject({ code: 1408, component: { id: 'com.msf.sigdb' } })
    await install(wish('2.2', { components: [scanner('2.2', { start: { fail: 'no licence' } })] }), { active: false })
    expect(await installer.activate({ key: 'e', id: 'com.msf.antivir' })).toMatchObject({ code: 1409, component: { active: false } })
  })
})

describe('firmware', () => {
  const flash = async (what: PackageWish | Uint8Array, more: Partial<FlashAsk> = {}) => {
    const { key, file } = askOf(what instanceof Uint8Array ? what : await buildPackage(what))
    return installer.flash({ key, file, man: 'ACME', mod: 'X100', fwv: '1.0', version: '', security: 'lab', digestChecked: true, ...more })
  }
  const image = (version: string, more: Partial<PackageWish> = {}): PackageWish =>
    signed(version, {
      kind: 'firmware',
      envType: '',
      model: 'X100',
      pkgId: `fw-${version}`,
      components: [{ id: 'firmware', version, files: { image: version } }],
      ...more,
    })

  test('a package that fits is written, and the version is that of its manifest', async () => {
    expect(await flash(image('1.1', { fromVersion: '1.0' }), { security: 'strict' })).toMatchObject({ code: 200, fwv: '1.1', findings: [] })
    expect(make().firmware()).toBe('1.1')
    expect(await flash(new Uint8Array([1, 2, 3]))).toMatchObject({ code: 200, findings: ['unsigned-package', 'no-version-check'] })
    // Without one it is what the order's address told; the name of the file is ours and tells nothing.
    expect(await flash(new Uint8Array([1, 2, 4]), { version: '9.1' })).toMatchObject({ code: 200, fwv: '9.1' })
    expect(await flash(new Uint8Array([1, 2, 5]))).toMatchObject({ code: 200, fwv: expect.stringMatching(/^image-[0-9a-f]{8}$/) as string })
  })

  test.each([
    ['another model', 403, () => image('1.1', { model: 'Y1' })],
    ['an update of another version', 403, () => image('1.1', { fromVersion: '0.9' })],
    ['an older version', 405, () => image('0.9')],
    ['software', 405, () => signed('2.1')],
    ['a signature that does not fit', 404, () => image('1.1', { tamper: { after: (text: string) => text.replace('Version=1.1', 'Version=1.2') } })],
  ] as const)('%s: %i', async (_, code, wanted) => {
    expect(await flash(wanted())).toMatchObject({ code, fwv: '1.0', dataGone: true })
    expect(installer.firmware()).toBe('')
  })

  test('damaged 402, no room 502', async () => {
    expect((await flash(spoilContent(await buildPackage(image('1.1'))))).code).toBe(402)
    installer = make({ quota: 1500 })
    expect(await flash(new Uint8Array(1000))).toMatchObject({ code: 502, dataGone: false })
  })
})

/** Changes a byte of the first entry's packed bytes: its CRC does not fit any more. */
function spoilContent(bytes: Uint8Array): Uint8Array {
  const name = new DataView(bytes.buffer, bytes.byteOffset).getUint16(26, true)
  return bytes.with(30 + name + 3, (bytes[30 + name + 3] ?? 0) ^ 0xff)
}
