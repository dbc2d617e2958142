// Files the user chose in a dialog, and no others: the page never names a path.
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { dialog } from 'electron'
import type { BrowserWindow } from 'electron'
import type { ChosenFile } from './calls.ts'
import { FILE_LIMIT } from './calls.ts'

const CAPTURES = [
  { name: 'Captures', extensions: ['ndjson', 'jsonl', 'har', 'pcap', 'pcapng', 'zip', 'xml', 'wbxml', 'hex', 'txt', 'bin'] },
  { name: 'All files', extensions: ['*'] },
]

/** The files chosen, null where cancelled. Throws where one is too large to pass in one piece, with its size. */
export async function openCapture(window: BrowserWindow): Promise<readonly ChosenFile[] | null> {
  const chosen = await dialog.showOpenDialog(window, { title: 'Open Capture', properties: ['openFile', 'multiSelections'], filters: CAPTURES })
  if (chosen.canceled) return null
  const files: ChosenFile[] = []
  let total = 0
  for (const path of chosen.filePaths) {
    total += (await stat(path)).size
    if (total > FILE_LIMIT) throw new Error(`${basename(path)}: more than ${String(FILE_LIMIT)} bytes do not pass in one piece; use dmlab import`)
    files.push({ name: basename(path), bytes: new Uint8Array(await readFile(path)) })
  }
  return files
}

/** Asks where to, writes beside and renames; the name it got, null where cancelled. */
export async function saveAs(window: BrowserWindow, name: string, bytes: Uint8Array): Promise<string | null> {
  const extension = extname(name).slice(1)
  const chosen = await dialog.showSaveDialog(window, {
    title: 'Save As',
    defaultPath: name,
    filters: [...(extension === '' ? [] : [{ name: extension.toUpperCase(), extensions: [extension] }]), { name: 'All files', extensions: ['*'] }],
  })
  if (chosen.canceled || chosen.filePath === '') return null
  const part = `${chosen.filePath}.part`
  try {
    await writeFile(part, bytes, { mode: 0o600 })
    await rename(part, chosen.filePath)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return basename(chosen.filePath)
}
