// `npm run dev`: the lab from its build, the window from Vite's dev server with hot reload; /ws and /api are passed on to the lab.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Starts both and prints the URL to open. Ends with Ctrl+C. */
export async function hot(root, words) {
  const lab = spawn(process.execPath, [join(root, 'core/node/cli/dmlab.mjs'), 'serve', ...words.filter((word) => word !== '--dev')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = await new Promise((done, fail) => {
    let text = ''
    lab.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) done(JSON.parse(text.slice(0, text.indexOf('\n'))))
    })
    lab.on('exit', (code) => fail(new Error(`the lab ended with code ${code}`)))
  })
  const ui = new URL(ready.ui)
  const { createServer } = await import('vite')
  const pass = { target: ui.origin, ws: true, changeOrigin: true, headers: { origin: ui.origin } }
  const vite = await createServer({
    configFile: join(root, 'vite.config.ts'),
    mode: 'renderer',
    server: { host: '127.0.0.1', proxy: { '/ws': pass, '/api': pass } },
  })
  await vite.listen()
  process.stdout.write(`${vite.resolvedUrls.local[0]}?${ui.searchParams}\nDM Server: ${ready.dm}\n`)
  const stop = async () => {
    lab.kill('SIGTERM')
    await vite.close()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}
