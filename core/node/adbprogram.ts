// The adb program of this computer: where it lies, and starting a server with it when somebody asks. Nothing here runs by itself.
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const START_WITHIN = 20_000
/** Most of what the program prints that is shown. */
const SHOWN = 500

/** Folders the SDK is usually in. */
const sdkFolders = (env: NodeJS.ProcessEnv): string[] => [
  ...[env['ANDROID_HOME'], env['ANDROID_SDK_ROOT']].flatMap((folder) =>
    folder === undefined || folder === '' ? [] : [join(folder, 'platform-tools')],
  ),
  join(homedir(), 'Android', 'Sdk', 'platform-tools'),
  join(homedir(), 'Library', 'Android', 'sdk', 'platform-tools'),
  ...(env['LOCALAPPDATA'] === undefined ? [] : [join(env['LOCALAPPDATA'], 'Android', 'Sdk', 'platform-tools')]),
]

/** Path of the adb program: PATH first, then the usual folders of the SDK; '' where there is none. */
export function adbProgram(env: NodeJS.ProcessEnv = process.env): string {
  const names = process.platform === 'win32' ? ['adb.exe'] : ['adb']
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...sdkFolders(env)]
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(runs) ?? ''
}

/** As `adbProgram`, looked for once in so many ms at the most: every view of the ways to connect asks. */
const LOOK_EVERY = 2000
let looked = { at: Number.NEGATIVE_INFINITY, path: '' }
export function recentAdbProgram(): string {
  const now = performance.now()
  if (now - looked.at >= LOOK_EVERY) looked = { at: now, path: adbProgram() }
  return looked.path
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Runs `adb -P PORT start-server`; rejects with what it printed where it failed. */
export function startAdbServer(program: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-P', String(port), 'start-server'], { stdio: ['ignore', 'pipe', 'pipe'], timeout: START_WITHIN })
    let said = ''
    const heard = (data: Buffer): void => void (said = `${said}${data.toString('utf8')}`.slice(-SHOWN))
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.on('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)))
    // `exit`, not `close`: the server it leaves behind may hold the pipes.
    child.on('exit', (code, signal) => {
      child.stdout.destroy()
      child.stderr.destroy()
      if (code === 0) resolve()
      else
        reject(
          new Error(
            `${program} start-server ${signal === null ? `ended with ${code}` : `was ended by ${signal}`}: ${said.trim().replace(/\s+/g, ' ')}`,
          ),
        )
    })
  })
}
