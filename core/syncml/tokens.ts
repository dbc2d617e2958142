// The code pages and public identifiers as tables: the codec is driven by them and knows no element name itself. Source: WBXML sheet clauses 3 to 6.
import type { Vocabulary } from './element.ts'

/** One tag code page: what a six-bit code means there. */
export interface CodePage {
  readonly vocabulary: Vocabulary
  /** Name by code 0x00 … 0x3F; '' where the code has none. */
  readonly names: readonly string[]
  /** Code by name. */
  readonly codes: ReadonlyMap<string, number>
}

/** A document type: which public identifiers announce it, and its tag code pages by number. */
export interface Language {
  readonly name: 'SyncML' | 'MetInf' | 'DMDDF' | 'DevInf' | 'PROV' | 'unknown'
  readonly pages: readonly (CodePage | undefined)[]
}

/** A dash marks a reserved code. Codes count from 0x05. */
function page(vocabulary: Vocabulary, words: string): CodePage {
  const names = ['', '', '', '', '', ...words.trim().split(/\s+/)].map((word) => (word === '-' ? '' : word))
  while (names.length < 64) names.push('')
  return { vocabulary, names, codes: new Map(names.flatMap((name, code) => (name === '' ? [] : [[name, code] as const]))) }
}

/** Code page 0 of SyncML 1.0 to 1.2 (SML 1.2.2). 0x30 is reserved. */
export const SYNCML = page(
  'syncml',
  `Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName LocURI Map MapItem Meta MsgID MsgRef
  NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr SyncML Target
  TargetRef - VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType SourceParent TargetParent Move Correlator`,
)

/** Code page 1 of SyncML (META 1.2). */
export const METINF = page(
  'metinf',
  'Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type Version MaxObjSize FieldLevel',
)

/** Code page 2 of SyncML: DDF and TNDS (TND 1.2.1). */
export const DMDDF = page(
  'dmddf',
  `AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete Description DFFormat DFProperties DFTitle DFType
  Dynamic Exec float Format Get int Man MgmtTree MIME Mod Name Node node NodeName null Occurrence One OneOrMore OneOrN Path Permanent Replace
  RTProperties Scope Size time Title TStamp Type Value VerDTD VerNo xml ZeroOrMore ZeroOrN ZeroOrOne`,
)

const devinf = (size: string): string =>
  `CTCap CTType DataStore DataType DevID DevInf DevTyp DisplayName DSMem Ext FwV HwV Man MaxGUIDSize MaxID MaxMem Mod OEM ParamName PropName Rx
  Rx-Pref SharedMem ${size} SourceRef SwV SyncCap SyncType Tx Tx-Pref ValEnum VerCT VerDTD XNam XVal UTC SupportNumberOfChanges SupportLargeObjs
  Property PropParam MaxOccur NoTruncate - Filter-Rx FilterCap FilterKeyword FieldLevel SupportHierarchicalSync`

/** DevInf 1.0 and 1.1, and 1.2 where 0x1C is MaxSize instead of Size. */
export const DEVINF11 = page('devinf', devinf('Size'))
export const DEVINF12 = page('devinf', devinf('MaxSize'))

/** WAP client provisioning, both tag pages (notification and bootstrap sheet 4.2). */
export const PROV0 = page('prov', 'wap-provisioningdoc characteristic parm')
const PROV1 = page('prov', '- characteristic parm')

export const LANGUAGES = {
  syncml: { name: 'SyncML', pages: [SYNCML, METINF, DMDDF] },
  metinf: { name: 'MetInf', pages: [undefined, METINF] },
  dmddf: { name: 'DMDDF', pages: [SYNCML, METINF, DMDDF] },
  devinf11: { name: 'DevInf', pages: [DEVINF11, METINF] },
  devinf12: { name: 'DevInf', pages: [DEVINF12, METINF] },
  prov: { name: 'PROV', pages: [PROV0, PROV1] },
  unknown: { name: 'unknown', pages: [] },
} as const satisfies Record<string, Language>

/** A public identifier: its number (0 where it has only the text), its text, and the language it announces. */
export interface PublicId {
  readonly number: number
  readonly text: string
  readonly language: Language
}

/** All public identifiers we know (OMNA registry; the textual ones from TND and META). */
export const PUBLIC_IDS: readonly PublicId[] = [
  { number: 0x1201, text: '-//SYNCML//DTD SyncML 1.2//EN', language: LANGUAGES.syncml },
  { number: 0x0fd3, text: '-//SYNCML//DTD SyncML 1.1//EN', language: LANGUAGES.syncml },
  { number: 0x0fd1, text: '-//SYNCML//DTD SyncML 1.0//EN', language: LANGUAGES.syncml },
  { number: 0, text: 'SYNCML:SYNCML1.2', language: LANGUAGES.syncml },
  { number: 0, text: 'SYNCML:SYNCML1.1', language: LANGUAGES.syncml },
  { number: 0x1202, text: '-//SYNCML//DTD MetaInf 1.2//EN', language: LANGUAGES.metinf },
  { number: 0, text: '-//SYNCML//DTD MetInf 1.2//EN', language: LANGUAGES.metinf },
  { number: 0, text: '-//SYNCML//DTD MetInf 1.1//EN', language: LANGUAGES.metinf },
  { number: 0, text: '-//SYNCML//DTD MetInf 1.0//EN', language: LANGUAGES.metinf },
  { number: 0x1203, text: '-//SYNCML//DTD DevInf 1.2//EN', language: LANGUAGES.devinf12 },
  { number: 0x0fd4, text: '-//SYNCML//DTD DevInf 1.1//EN', language: LANGUAGES.devinf11 },
  { number: 0x0fd2, text: '-//SYNCML//DTD DevInf 1.0//EN', language: LANGUAGES.devinf11 },
  { number: 0, text: '-//OMA//DTD-DM-DDF 1.2//EN', language: LANGUAGES.dmddf },
  { number: 0x0b, text: '-//WAPFORUM//DTD PROV 1.0//EN', language: LANGUAGES.prov },
]

/** What is known about one element name: the vocabularies that have it, where it may hold only elements, and its bytes. */
export interface KnownName {
  readonly name: string
  readonly bytes: Uint8Array
  /** Bit per vocabulary, see `BIT`. */
  readonly in: number
  /** Same bits: there it holds elements or nothing, so white space in it means nothing. */
  readonly container: number
}

/** Bit of a vocabulary in `KnownName`. */
export const BIT: Readonly<Record<Vocabulary, number>> = { syncml: 1, metinf: 2, dmddf: 4, devinf: 8, prov: 16, other: 0 }

/** XML namespace of each vocabulary; '' where it has none. SyncML itself carries its version. */
export const NAMESPACES: Readonly<Record<Vocabulary, string>> = {
  syncml: 'SYNCML:SYNCML1.2',
  metinf: 'syncml:metinf',
  dmddf: 'syncml:dmddf1.2',
  devinf: 'syncml:devinf',
  prov: '',
  other: '',
}

const CONTAINERS: Readonly<Record<Vocabulary, string>> = {
  syncml: `SyncML SyncHdr SyncBody Add Alert Atomic Chal Copy Cred Delete Exec Final Get Item Map MapItem Meta MoreData NoResp NoResults Put Replace
    Results Search Sequence Source SourceParent Status Sync Target TargetParent Move Archive SftDel Filter`,
  metinf: 'Anchor Mem MetInf SharedMem FieldLevel',
  dmddf: 'MgmtTree Node RTProperties DFProperties AccessType DFFormat DFType Occurrence Scope CaseSense',
  devinf: 'DevInf CTCap DataStore SyncCap DSMem Ext',
  prov: 'wap-provisioningdoc characteristic parm',
  other: '',
}

function knownNames(): ReadonlyMap<string, KnownName> {
  const found = new Map<string, { in: number; container: number }>()
  for (const { vocabulary, codes } of [SYNCML, METINF, DMDDF, DEVINF11, DEVINF12, PROV0, PROV1]) {
    const containers = CONTAINERS[vocabulary].split(/\s+/)
    for (const name of codes.keys()) {
      const entry = found.get(name) ?? { in: 0, container: 0 }
      entry.in |= BIT[vocabulary]
      if (containers.includes(name)) entry.container |= BIT[vocabulary]
      found.set(name, entry)
    }
  }
  const encoder = new TextEncoder()
  return new Map([...found].map(([name, entry]) => [name, { name, bytes: encoder.encode(name), ...entry }]))
}

/** Every element name of every table. */
export const KNOWN_NAMES = knownNames()

/** Whether white space directly inside this element means nothing. */
export function isContainer(vocabulary: Vocabulary, name: string): boolean {
  return ((KNOWN_NAMES.get(name)?.container ?? 0) & BIT[vocabulary]) !== 0
}

/** Where a vocabulary stands inside a SyncML document: page number there, or undefined. */
export function pageOf(language: Language, vocabulary: Vocabulary, name: string): number | undefined {
  const at = language.pages.findIndex((candidate) => candidate?.vocabulary === vocabulary && candidate.codes.has(name))
  return at < 0 ? undefined : at
}
