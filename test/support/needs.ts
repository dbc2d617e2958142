// Programs and features a test may need; a test without them is skipped by name, with the command that installs them.
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { shared } from './shared.ts'

/** Debian package that has a program. */
const PACKAGES: Readonly<Record<string, string>> = {
  chromium: 'chromium',
  tshark: 'tshark',
  dumpcap: 'wireshark-common',
  xml2wbxml: 'libwbxml2-utils',
  wbxml2xml: 'libwbxml2-utils',
  openssl: 'openssl',
  curl: 'curl',
  wget: 'wget',
  aria2c: 'aria2',
  cc: 'gcc',
  'x86_64-w64-mingw32-gcc': 'gcc-mingw-w64-x86-64',
  python3: 'python3',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
}

const known = new Map<string, boolean>()

/** True where the program is on the PATH. */
export function has(program: string): boolean {
  let there = known.get(program)
  if (there === undefined) known.set(program, (there = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0))
  return there
}

/** Skips the running test, by name, unless every program is there. */
export function needs(context: TestContext, ...programs: string[]): void {
  for (const program of programs) if (!has(program)) context.skip(`needs ${program}: apt-get install ${PACKAGES[program] ?? program}`)
}

/** Skips the running test, by name, unless the shared material is there; returns its path. */
export function needsShared(context: TestContext, path: string): string {
  const found = shared(path)
  if (found === null) context.skip(`needs the shared folder ${path} (DM_LAB_SHARED names where shared/ lies)`)
  return found as string
}

/** True where this Node has node:sqlite (22.13 and newer). */
export const hasSqlite = (() => {
  try {
    return process.getBuiltinModule('node:sqlite') !== undefined
  } catch {
    return false
  }
})()
