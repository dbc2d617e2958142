// What the package manager of a test's Android device does: packages come and go, files it installs must be there. Words as AOSP's pm prints them.

export interface AndroidApp {
  version: number
  enabled: boolean
}

/** Reads a package file: name and version of what it holds, or what pm says of it. */
export type Identify = (bytes: Uint8Array) => { readonly name: string; readonly version: number } | string

/** A package file of a test: `package=NAME version=N` at its beginning. */
export const identify: Identify = (bytes) => {
  const found = /^package=(\S+) version=(\d+)/.exec(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))
  return found === null ? 'INSTALL_PARSE_FAILED_NOT_APK: Failed to parse base.apk' : { name: found[1] ?? '', version: Number(found[2]) }
}

/** Packages of one device. */
export class PackageManager {
  readonly apps = new Map<string, AndroidApp>([['com.android.settings', { version: 35, enabled: true }]])
  /** What truly happened, in order. */
  readonly log: string[] = []
  identify: Identify = identify
  /** An installation takes so long, ms. */
  takes = 0
  readonly #files: Map<string, { readonly bytes: Uint8Array }>

  constructor(files: Map<string, { readonly bytes: Uint8Array }>) {
    this.#files = files
  }

  /** What a command prints; null where it is none of these. */
  async run(command: string): Promise<string | null> {
    const [program, ...words] = command.split(' ')
    if (program === 'rm') {
      for (const word of words.filter((each) => !each.startsWith('-'))) this.#files.delete(word)
      return ''
    }
    if (program !== 'pm') return null
    const [what, ...rest] = words
    const names = rest.filter((each) => !each.startsWith('-') && each !== '0')
    switch (what) {
      case 'install':
        return this.#install(names[0] ?? '')
      case 'uninstall':
        if (!this.apps.delete(names[0] ?? '')) return 'Failure [DELETE_FAILED_INTERNAL_ERROR]\n'
        this.log.push(`uninstalled ${names[0] ?? ''}`)
        return 'Success\n'
      case 'enable':
        return this.#enabled(names[0] ?? '', true)
      case 'disable-user':
        return this.#enabled(names[0] ?? '', false)
      case 'list':
        return [...this.apps]
          .filter(([, { enabled }]) => !rest.includes('-d') || !enabled)
          .map(([name, { version }]) => `package:${name}${rest.includes('--show-versioncode') ? ` versionCode:${version}` : ''}\n`)
          .join('')
      default:
        return `Unknown command: ${what ?? ''}\n`
    }
  }

  async #install(path: string): Promise<string> {
    const file = this.#files.get(path)
    if (file === undefined) return `Error: failed to open file: ${path}\n`
    await new Promise((resolve) => setTimeout(resolve, this.takes))
    const app = this.identify(file.bytes)
    if (typeof app === 'string') return `Failure [${app}]\n`
    this.apps.set(app.name, { version: app.version, enabled: true })
    this.log.push(`installed ${app.name} ${app.version}`)
    return 'Success\n'
  }

  #enabled(name: string, enabled: boolean): string {
    const app = this.apps.get(name)
    if (app === undefined) return `\nError: java.lang.IllegalArgumentException: Unknown package: ${name}\n`
    app.enabled = enabled
    this.log.push(`${enabled ? 'enabled' : 'disabled'} ${name}`)
    return `Package ${name} new state: ${enabled ? 'enabled' : 'disabled-user'}\n`
  }
}
