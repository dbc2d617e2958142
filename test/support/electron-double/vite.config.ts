// Builds the double's own parts: the test page (`--mode page`) and the tiny lab (`--mode tinylab`). The application itself is built by its own configuration.
import { defineConfig } from 'vite'

export default defineConfig(({ mode }) =>
  mode === 'page'
    ? { root: `${import.meta.dirname}/page`, base: './', build: { target: 'chrome130', modulePreload: { polyfill: false }, assetsInlineLimit: 0 } }
    : {
        build: {
          ssr: true,
          target: 'node22',
          minify: false,
          rolldownOptions: {
            input: { tinylab: `${import.meta.dirname}/tinylab.ts` },
            output: { format: 'es' as const, entryFileNames: '[name].js' },
          },
        },
        ssr: { noExternal: true as const },
      },
)
