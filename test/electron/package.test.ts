// Packaging with the project's own electron-builder.yml against stand-in distributions: what is inside, which fuses are set, what is stamped.
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { getRawHeader, listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, build } from '../support/electron-double/stage.ts'
import { standInLinux, standInWindows } from '../support/standin.ts'

const run = promisify(execFile)
/** A fuse that is set reads as the character '1'. */
const ON = 0x31
const MINGW = found('x86_64-w64-mingw32-gcc')
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { devDependencies: { electron: string } }).devDependencies.electron

function found(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(process.platform !== 'linux')('packaging (on Linux)', () => {
  let out: string
  /** The project as the packager sees it; its own copy, for one test breaks it. */
  let project: string
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'dm-lab-package-'))
    project = join(out, 'project')
    cpSync((await build('test page')).folder, project, { recursive: true })
    cpSync(join(ROOT, 'electron-builder.yml'), join(project, 'electron-builder.yml'))
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  const pack = async (platform: 'linux' | 'win'): Promise<string> => {
    const dist = join(out, `${platform}-dist`)
    if (!existsSync(dist)) await (platform === 'linux' ? standInLinux : standInWindows)(dist, VERSION)
    const args = [
      '--dir',
      `--${platform}`,
      '--x64',
      '--publish',
      'never',
      '--projectDir',
      project,
      `-c.electronDist=${dist}`,
      `-c.electronVersion=${VERSION}`,
      `-c.directories.output=${join(out, 'release')}`,
    ]
    const env = { ...process.env, CSC_IDENTITY_AUTO_DISCOVERY: 'false' }
    await run(process.execPath, [join(ROOT, 'node_modules/electron-builder/cli.js'), ...args], { cwd: project, env }).catch(
      (error: { stdout: string; stderr: string }) => {
        throw new Error(`electron-builder: ${error.stdout}${error.stderr}`)
      },
    )
    return join(out, 'release', `${platform}-unpacked`)
  }
  const inside = (folder: string): string[] =>
    listPackage(join(folder, 'resources/app.asar'), { isPack: false }).filter((name) => /\.[a-z]+$/.test(name))
  const fuses = async (program: string): Promise<Record<string, boolean>> => {
    const wire = await getCurrentFuseWire(program)
    const names = Object.keys(FuseV1Options).filter((name) => Number.isNaN(Number(name))) as (keyof typeof FuseV1Options)[]
    return Object.fromEntries(names.map((name) => [name, wire[FuseV1Options[name]] === ON]))
  }
  const WANTED = {
    RunAsNode: false,
    EnableCookieEncryption: true,
    EnableNodeOptionsEnvironmentVariable: false,
    EnableNodeCliInspectArguments: false,
    EnableEmbeddedAsarIntegrityValidation: true,
    OnlyLoadAppFromAsar: true,
    LoadBrowserProcessSpecificV8Snapshot: false,
    GrantFileProtocolExtraPrivileges: false,
  }

  it('for Linux holds the bundles, the page and package.json, native parts beside the archive, no libraries, no sources, no maps', async () => {
    const folder = await pack('linux')
    const names = inside(folder)
    for (const name of ['/package.json', '/dist/main/main.js', '/dist/main/lab.js', '/dist/preload/preload.cjs', '/dist/renderer/index.html'])
      expect(names).toContain(name)
    expect(names.filter((name) => /node_modules|\.map$|\.ts$|\.vue$|\.env|\/test\//.test(name))).toEqual([])
    expect(names.filter((name) => !name.startsWith('/dist/') && name !== '/package.json')).toEqual([])
    const unpacked = readdirSync(join(folder, 'resources/app.asar.unpacked'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.\w+$/.test(name),
    )
    expect(unpacked.length).toBeGreaterThan(3)
    expect(unpacked.filter((name) => !/^dist\/main\/prebuilds\/[^/]+\/[^/]+\.node$/.test(name))).toEqual([])
    expect(existsSync(join(folder, 'dm-lab'))).toBe(true)
    expect(await fuses(join(folder, 'dm-lab'))).toEqual(WANTED)
  }, 60_000)
  it.skipIf(!MINGW)(
    'for Windows is stamped, fused and carries the hash of its archive (needs mingw: apt-get install gcc-mingw-w64-x86-64)',
    async () => {
      const folder = await pack('win')
      const program = join(folder, 'DM Lab.exe')
      expect(await fuses(program)).toEqual(WANTED)
      const bytes = readFileSync(program)
      const holds = (text: string): boolean => bytes.includes(Buffer.from(text, 'utf16le'))
      expect(holds('ELECTRONASAR')).toBe(true)
      expect(holds('DM Lab')).toBe(true)
      expect(holds('0.1.0')).toBe(true)
      const header = getRawHeader(join(folder, 'resources/app.asar')).headerString
      expect(bytes.includes(createHash('sha256').update(header).digest('hex'))).toBe(true)
      expect(inside(folder)).toContain('/dist/main/main.js')
    },
    60_000,
  )
  it('refuses a key that electron-builder does not know, so the file is known to be read as meant', async () => {
    writeFileSync(join(project, 'electron-builder.yml'), `${readFileSync(join(ROOT, 'electron-builder.yml'), 'utf8')}asarUnpak: true\n`)
    await expect(pack('linux')).rejects.toThrow(/asarUnpak/)
  }, 60_000)
})
