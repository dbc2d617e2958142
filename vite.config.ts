// One config, four builds: `--mode renderer | main | preload | lab` (and vitest). Output under dist/, one folder a build.
import { readFileSync, readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const node = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)]

const NATIVE = join(import.meta.dirname, 'node_modules/@serialport/bindings-cpp/prebuilds')

/** Puts the ready-made native parts of the serial port where the bundle looks for them: in `prebuilds` beside its `assets`. */
const native = {
  name: 'native-parts',
  generateBundle(this: { emitFile(file: { type: 'asset'; fileName: string; source: Uint8Array }): string }): void {
    for (const name of readdirSync(NATIVE, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.node') && !name.startsWith('android'))
        this.emitFile({ type: 'asset', fileName: `prebuilds/${name.replaceAll('\\', '/')}`, source: readFileSync(join(NATIVE, name)) })
  },
}

/** Tests of the rooms that know no Node; see docs/architecture.md. */
const ROOMS = `adapters auth bootstrap device dmtree download evidence filter fuzz gateway jobs mirror mo notify replay server session software store syncml`
const PURE = ROOMS.split(' ').map((room) => `test/${room}/**/*.test.ts`)

const server = (entries: Record<string, string>, outDir: string, target: string, format: 'es' | 'cjs') => ({
  build: {
    ssr: true,
    outDir,
    emptyOutDir: true,
    target,
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: entries,
      external: ['electron', /^node:/, ...node],
      output: { format, entryFileNames: format === 'cjs' ? '[name].cjs' : '[name].js' },
    },
  },
  ssr: { noExternal: true as const, external: ['electron'] },
  ...(format === 'es' ? { define: { __dirname: 'import.meta.dirname' }, plugins: [native] } : {}),
})

export default defineConfig(({ mode }) => {
  if (mode === 'main')
    return server({ main: 'electron/main.ts', lab: 'electron/lab.ts', sockets: 'core/node/sockets/thread.ts' }, 'dist/main', 'node24', 'es')
  if (mode === 'preload') return server({ preload: 'electron/preload.ts' }, 'dist/preload', 'chrome156', 'cjs')
  if (mode === 'lab')
    return server({ main: 'core/node/main.ts', cli: 'core/node/cli/cli.ts', sockets: 'core/node/sockets/thread.ts' }, 'dist/lab', 'node22', 'es')
  if (mode === 'test')
    return {
      plugins: [vue()],
      test: {
        environment: 'node',
        // Nobody's telephones: no lab of a test meets the adb server of this machine.
        env: { ANDROID_ADB_SERVER_PORT: '1' },
        // Waits end by what happens; these limits only tell a machine that does much else from one that hangs. The long versions take their time.
        testTimeout: process.env['DM_LAB_SOAK'] === undefined ? 60_000 : 900_000,
        hookTimeout: 120_000,
        expect: { poll: { timeout: 20_000 } },
        reporters: ['default'],
        projects: [
          // No process, no socket, no state of a module: they share workers, one a core. Then the others, a process each, one at a time.
          { extends: true, test: { name: 'pure', include: PURE, isolate: false, maxWorkers: '100%', sequence: { groupOrder: 0 } } },
          {
            extends: true,
            test: {
              name: 'real',
              include: ['test/**/*.test.ts'],
              exclude: PURE,
              maxWorkers: 1,
              sequence: { groupOrder: 1 },
              globalSetup: ['test/support/once.ts'],
            },
          },
        ],
      },
    }
  return {
    root: 'renderer',
    base: './',
    plugins: [vue()],
    build: { outDir: '../dist/renderer', emptyOutDir: true, target: 'chrome130', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  }
})
