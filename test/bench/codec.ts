// Codec speed against libwbxml in the same run: alternating rounds, medians. Rates are messages a second of one thread.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, decodeTree, encode, encodeTree } from '../../core/syncml/codec.ts'
import { shared } from '../support/shared.ts'
import { E4 } from '../syncml/samples.ts'
import { median, type Row } from './rows.ts'

const ROUNDS = 7
const SECONDS = 0.4

interface Peer {
  readonly xmlToWbxmlPerSec: number
  readonly wbxmlToXmlPerSec: number
}

/** Calls a second over about SECONDS. */
function rate(act: () => unknown): number {
  const start = process.hrtime.bigint()
  let count = 0
  for (;;) {
    for (let i = 0; i < 100; i++) act()
    count += 100
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    if (seconds >= SECONDS) return count / seconds
  }
}

/** Compiles the libwbxml baseline; null with the reason where it cannot be. */
function compile(folder: string): { run: (message: string) => Peer } | { missing: string } {
  const source = shared('tools/wbxml-bench/wbxml-bench.c')
  if (source === null) return { missing: 'shared/tools/wbxml-bench is not there' }
  const program = join(folder, 'wbxml-bench')
  const built = spawnSync('cc', ['-O2', '-I/usr/include/libwbxml-1.0', '-o', program, source, '-lwbxml2'])
  if (built.status !== 0) return { missing: 'libwbxml is not there: apt-get install gcc libwbxml2-dev' }
  return { run: (message) => JSON.parse(execFileSync(program, [message, String(SECONDS), '--no-strtbl']).toString()) as Peer }
}

/** Rows of the codec. Ours makes tree and typed message (decode) or writes from the typed message (encode); libwbxml converts between the two texts. */
export async function codec(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-'))
  try {
    return measure(folder)
  } finally {
    rmSync(folder, { recursive: true })
    await Promise.resolve()
  }
}

function measure(folder: string): Row[] {
  const sample = shared('tools/wbxml-bench/sample-dm-3k.xml')
  const xml = sample === null ? encode(E4, { encoding: 'xml' }) : new Uint8Array(readFileSync(sample))
  const file = join(folder, 'message.xml')
  writeFileSync(file, xml)
  const { root, message } = decode(xml, 'xml')
  const wbxml = encodeTree(root, { encoding: 'wbxml' })
  const cases: [name: string, against: keyof Peer, act: () => unknown, note: string][] = [
    ['codec.decode', 'wbxmlToXmlPerSec', () => decode(wbxml, 'wbxml'), 'WBXML to tree and typed message; libwbxml: WBXML to XML text'],
    ['codec.encode', 'xmlToWbxmlPerSec', () => encode(message, { encoding: 'wbxml' }), 'typed message to WBXML; libwbxml: XML text to WBXML'],
    ['codec.decode.xml', 'xmlToWbxmlPerSec', () => decode(xml, 'xml'), 'XML to tree and typed message; libwbxml: XML text to WBXML'],
    ['codec.encode.xml', 'wbxmlToXmlPerSec', () => encode(message, { encoding: 'xml' }), 'typed message to XML; libwbxml: WBXML to XML text'],
    ['codec.convert.wbxml-xml', 'wbxmlToXmlPerSec', () => encodeTree(decodeTree(wbxml, 'wbxml').root, { encoding: 'xml' }), 'like for like'],
    [
      'codec.convert.xml-wbxml',
      'xmlToWbxmlPerSec',
      () => encodeTree(decodeTree(xml, 'xml').root, { encoding: 'wbxml' }),
      'like for like, no string table',
    ],
  ]
  const peer = compile(folder)
  const theirs: Peer[] = []
  const ours = cases.map((): number[] => [])
  for (const [, , act] of cases) for (let i = 0; i < 3000; i++) act()
  for (let round = 0; round < ROUNDS; round++) {
    if ('run' in peer) theirs.push(peer.run(file))
    for (const [i, [, , act]] of cases.entries()) ours[i]?.push(rate(act))
  }
  return cases.map(([name, against, , note], i) => {
    const own = median(ours[i] ?? [])
    const other = theirs.length === 0 ? null : median(theirs.map((result) => result[against]))
    const why = 'missing' in peer ? `; ${peer.missing}` : ''
    return {
      name,
      ours: Math.round(own),
      theirs: other,
      unit: 'messages/s',
      ratio: other === null ? null : own / other,
      note: `${String(xml.length)} octets of XML, ${String(wbxml.length)} of WBXML; ${note}${why}`,
    }
  })
}
