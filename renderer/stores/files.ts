// Files dropped into the window, read piece by piece so that progress can be told.

/** Reads a file piece by piece; `told` hears how many bytes are there. Rejects where the browser cannot read it. */
export async function readFile(file: File, told: (done: number) => void): Promise<Uint8Array> {
  const out = new Uint8Array(file.size)
  const reader = file.stream().getReader()
  let at = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (at + value.length > out.length) throw new Error('the file grew while it was read')
    out.set(value, at)
    at += value.length
    told(at)
  }
  if (at !== out.length) throw new Error(`the file became shorter while it was read: ${String(at)} of ${String(out.length)} bytes`)
  return out
}
