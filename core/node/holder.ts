// Who holds a TCP port of this computer, from /proc where there is one; elsewhere only whether it is taken. Reads, never ends anything.
import { readFile, readdir, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { PortHolder } from '../api.ts'

/** Inodes of sockets whose own end is this port; listening ones first. Source: Linux proc(5), /proc/net/tcp. */
async function inodesOf(port: number): Promise<readonly string[]> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(async (file) => readFile(file, 'utf8').catch(() => '')))
  const rows = tables.flatMap((text) => text.split('\n').slice(1)).map((line) => line.trim().split(/\s+/))
  const own = rows.filter((cells) => cells[1]?.endsWith(`:${wanted}`) === true && cells[9] !== undefined && cells[9] !== '0')
  return own.sort((a, b) => Number(b[3] === '0A') - Number(a[3] === '0A')).map((cells) => cells[9] ?? '')
}

/** Process that has one of these sockets open; null where none can be read (another user's, or gone). */
async function processOf(inodes: readonly string[]): Promise<{ readonly pid: number; readonly program: string } | null> {
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const fd of fds) {
      const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      if (!links.has(link)) continue
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      return { pid: Number(pid), program: line.split('\0')[0] || name.trim() }
    }
  }
  return null
}

/** True where nobody listens on the port of loopback or of all addresses. */
function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Tells who holds a port. Never rejects. */
export async function portHolder(port: number): Promise<PortHolder> {
  const inodes = process.platform === 'linux' ? await inodesOf(port) : []
  const found = inodes.length === 0 ? null : await processOf(inodes).catch(() => null)
  if (found !== null) {
    const own = found.pid === process.pid
    return {
      port,
      taken: true,
      ...found,
      text: own ? `port ${port} is held by this lab` : `port ${port} is held by ${found.program} (process ${found.pid})`,
    }
  }
  const taken = inodes.length > 0 || !(await free(port))
  const text = taken ? `port ${port} is held by a process that cannot be read from here (another user's)` : `port ${port} is free`
  return { port, taken, pid: 0, program: '', text }
}
