// Stand-ins for unpacked Electron distributions, so that packaging can be tried offline: right names, a real fuse wire, no Electron inside.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPackage } from '@electron/asar'

/** Fuse wire as @electron/fuses looks for it: sentinel, version 1, nine states ('0' off, '1' on). */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const STATES = '101010110'

const SHARED = ['LICENSE', 'LICENSES.chromium.html', 'resources.pak', 'icudtl.dat', 'snapshot_blob.bin', 'v8_context_snapshot.bin']

/** Makes `folder` a Linux distribution of `version`; its `electron` is a small ELF program with a fuse wire. */
export async function standInLinux(folder: string, version: string): Promise<void> {
  await frame(folder, version)
  const wire = Buffer.concat([Buffer.alloc(16), Buffer.from(SENTINEL), Buffer.from([1, STATES.length]), Buffer.from(STATES), Buffer.alloc(16)])
  writeFileSync(join(folder, 'electron'), Buffer.concat([readFileSync('/bin/true'), wire]))
  chmodSync(join(folder, 'electron'), 0o755)
  for (const name of ['chrome-sandbox', 'libffmpeg.so']) writeFileSync(join(folder, name), 'x')
}

/** Makes `folder` a Windows distribution of `version`; its electron.exe is a real PE with a version resource. Needs the mingw-w64 compiler. */
export async function standInWindows(folder: string, version: string): Promise<void> {
  await frame(folder, version)
  const at = (name: string): string => join(folder, name)
  const wire = `${SENTINEL}\\x01\\x09" "${STATES}`
  writeFileSync(at('x.c'), `__attribute__((used)) static volatile const char wire[] = "${wire}"; int main() { return wire[0] == 0; }\n`)
  const numbers = `${version.replaceAll('.', ',')},0`
  writeFileSync(
    at('x.rc'),
    `1 VERSIONINFO\nFILEVERSION ${numbers}\nPRODUCTVERSION ${numbers}\nBEGIN BLOCK "StringFileInfo" BEGIN BLOCK "040904b0" BEGIN VALUE "ProductName","Electron" VALUE "FileDescription","Electron" END END BLOCK "VarFileInfo" BEGIN VALUE "Translation",0x409,1200 END END\n`,
  )
  execFileSync('x86_64-w64-mingw32-windres', ['x.rc', 'x.o'], { cwd: folder })
  execFileSync('x86_64-w64-mingw32-gcc', ['-o', 'electron.exe', 'x.c', 'x.o', '-s'], { cwd: folder })
  for (const name of ['x.c', 'x.rc', 'x.o']) rmSync(at(name))
}

async function frame(folder: string, version: string): Promise<void> {
  mkdirSync(join(folder, 'resources'), { recursive: true })
  const source = join(folder, 'default_app')
  mkdirSync(source)
  writeFileSync(join(source, 'main.js'), '// stand-in\n')
  await createPackage(source, join(folder, 'resources/default_app.asar'))
  rmSync(source, { recursive: true })
  for (const name of SHARED) writeFileSync(join(folder, name), 'x')
  writeFileSync(join(folder, 'version'), version)
}
