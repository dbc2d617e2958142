// Says of one leaf whether it is a secret, an identifier or neither, from its place in the document: DM's own places first, then names.
import type { Element } from '../syncml/element.ts'
import { isIdentifierName, isSecretName, leafName } from './names.ts'
import type { Leaf } from './leaves.ts'

/**
 * `device`: the LocURI of the device in the SyncHdr. `framing`: a value the protocol needs to be read (numbers, codes, formats), never
 * changed. `plain`: anything else.
 */
export type Verdict = 'secret' | 'identifier' | 'framing' | 'plain'

const child = (element: Element | undefined, name: string): Element | undefined => element?.children.find((candidate) => candidate.name === name)

const FRAMING: ReadonlySet<string> = new Set([
  ...['VerDTD', 'VerProto', 'MsgID', 'SessionID', 'CmdID', 'MsgRef', 'CmdRef', 'Cmd', 'Format', 'Mark', 'Size', 'MaxMsgSize', 'MaxObjSize'],
])

/** Judges a leaf. `device` is the device's id where the row knows it, else ''. */
export function judge(leaf: Leaf, device: string): Verdict {
  if (leaf.loose) return 'secret'
  const element = leaf.chain.at(-1) as Element
  if (leaf.attribute !== '') return judgeAttribute(element, leaf.attribute)
  const parent = leaf.chain.at(-2)
  const { name } = element
  if (name === 'NextNonce' || (name === 'Data' && parent?.name === 'Cred')) return 'secret'
  if (element.vocabulary === 'other') return judgeName(labelOf(element))
  if (name === 'Data' && parent?.name === 'Item') return judgeName(itemName(parent))
  if (name === 'Value' && parent?.name === 'Node') return judgeName(nodeName(leaf.chain.slice(0, -1)))
  if (name === 'DefaultValue') return judgeName(nodeName(leaf.chain.slice(0, -2)))
  if (name === 'DevID') return 'identifier'
  if (name === 'LocURI' && leaf.chain.at(-3)?.name === 'SyncHdr') {
    const text = element.text.trim()
    if (device !== '') return text === device ? 'identifier' : 'plain'
    return text.includes('://') ? 'plain' : 'identifier'
  }
  if (element.vocabulary !== 'dmddf' && FRAMING.has(name)) return 'framing'
  return 'plain'
}

function judgeName(name: string): Verdict {
  if (isSecretName(name)) return 'secret'
  return isIdentifierName(name) ? 'identifier' : 'plain'
}

/** `<parm name="AAUTHSECRET" value="…"/>` and the like: the value belongs to the name beside it. */
function judgeAttribute(element: Element, attribute: string): Verdict {
  if (attribute === '*') {
    if (element.vocabulary !== 'prov') return element.name === 'SyncML' || element.name === 'MgmtTree' ? 'plain' : 'secret'
    return judgeName(labelOf(element))
  }
  const own = judgeName(attribute)
  if (own !== 'plain') return own
  return /^(?:value|content|data|text)$/i.test(attribute) ? judgeName(labelOf(element)) : 'plain'
}

/** The name a foreign element goes by: its name, key or id attribute where it has one, else its own. */
function labelOf(element: Element): string {
  const given = element.attributes?.find(([name]) => /^(?:name|key|id)$/i.test(name))?.[1]
  return given !== undefined && given !== '' && !isSecretName(element.name) ? given : element.name
}

function itemName(item: Element): string {
  const uri = child(child(item, 'Target'), 'LocURI')?.text ?? child(child(item, 'Source'), 'LocURI')?.text ?? ''
  return leafName(uri.trim())
}

/** NodeName of the innermost node of the chain that is no mere number. */
function nodeName(chain: readonly Element[]): string {
  for (let i = chain.length - 1; i >= 0; i--) {
    if (chain[i]?.name !== 'Node') continue
    const name = child(chain[i], 'NodeName')?.text.trim() ?? ''
    if (name !== '' && !/^\d+$/.test(name)) return name
  }
  return ''
}
