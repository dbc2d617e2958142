// Which messages say in bytes exactly what they say as objects: reading them again would tell nothing new. Anything out of the ordinary is none.
import type { Address, Command, Cred, Encoding, Item, Message, Meta } from './message.ts'

/**
 * True where decoding what `encode` made of this message gives the same header, commands and codes, and no finding. False is always safe: the bytes
 * are to be read then. Data in XML is not looked at: what could not be read back was not written.
 */
export function isPlain({ header, commands }: Message, encoding: Encoding): boolean {
  const { verDtd, verProto, sessionId, msgId, target, source, respUri, noResp, cred, meta, other } = header
  return (
    word(verDtd) &&
    word(verProto) &&
    word(sessionId) &&
    word(msgId) &&
    address(target) &&
    address(source) &&
    wordOrNone(respUri) &&
    noResp === undefined &&
    credentials(cred) &&
    plainMeta(meta) &&
    other === undefined &&
    commands.length < 1000 &&
    every(commands, plainCommand, encoding === 'xml')
  )
}

function every<T>(list: readonly T[], plain: (one: T, xml: boolean) => boolean, xml: boolean): boolean {
  for (const one of list) if (!plain(one, xml)) return false
  return true
}

function plainCommand(command: Command, xml: boolean): boolean {
  if (!word(command.cmdId) || command.noResp !== undefined || command.cred !== undefined || command.other !== undefined) return false
  if (!plainMeta(command.meta)) return false
  switch (command.kind) {
    case 'Status':
      return (
        word(command.msgRef) &&
        word(command.cmdRef) &&
        word(command.cmd) &&
        every(command.targetRefs, word, xml) &&
        every(command.sourceRefs, word, xml) &&
        (command.chal === undefined || plainMeta(command.chal.meta)) &&
        command.data === undefined &&
        count(command.code) &&
        plainItems(command.items, xml)
      )
    case 'Alert':
      return count(command.code) && command.data === undefined && command.correlator === undefined && plainItems(command.items, xml)
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Get':
    case 'Copy':
      return command.lang === undefined && command.items.length > 0 && plainItems(command.items, xml)
    case 'Exec':
      return command.correlator === undefined && command.items.length === 1 && plainItems(command.items, xml)
    default:
      return false
  }
}

function plainItems(items: readonly Item[], xml: boolean): boolean {
  return items.length < 100 && every(items, plainItem, xml)
}

function plainItem({ target, source, sourceParent, targetParent, meta, data, other }: Item, xml: boolean): boolean {
  return (
    (target === undefined || address(target)) &&
    (source === undefined || address(source)) &&
    sourceParent === undefined &&
    targetParent === undefined &&
    other === undefined &&
    plainMeta(meta) &&
    (data === undefined || (typeof data === 'string' && (xml || clean(data))))
  )
}

function address({ locUri, locName, other }: Address): boolean {
  return word(locUri) && wordOrNone(locName) && other === undefined
}

function credentials(cred: Cred | undefined): boolean {
  return cred === undefined || (plainMeta(cred.meta) && typeof cred.data === 'string' && clean(cred.data))
}

function plainMeta(meta: Meta | undefined): boolean {
  if (meta === undefined) return true
  const { fieldLevel, format, type, mark, size, anchor, version, nextNonce, maxMsgSize, maxObjSize, emi, other } = meta
  if (fieldLevel !== undefined || anchor !== undefined || emi !== undefined || other !== undefined) return false
  if (!wordOrNone(format) || !wordOrNone(type) || !wordOrNone(mark) || !wordOrNone(version)) return false
  return countOrNone(size) && countOrNone(maxMsgSize) && countOrNone(maxObjSize) && (nextNonce === undefined || word(nextNonce.text))
}

/** A number that its decimal digits bring back. */
function count(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 1e15
}

function countOrNone(value: number | undefined): boolean {
  return value === undefined || count(value)
}

/** Text of a field: something, and no padding around it. */
function word(text: string): boolean {
  return text.length > 0 && text.charCodeAt(0) > 0x20 && text.charCodeAt(text.length - 1) > 0x20 && clean(text)
}

function wordOrNone(text: string | undefined): boolean {
  return text === undefined || word(text)
}

/** Up to this length a text is looked at character by character. */
const SHORT = 32
const UNCLEAN = /[\0-\x08\x0b-\x1f\ud800-\uffff]/

/** No control character but tab and line feed, and nothing from the surrogates upwards. */
function clean(text: string): boolean {
  if (text.length > SHORT) return !UNCLEAN.test(text)
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 ? c !== 0x09 && c !== 0x0a : c >= 0xd800) return false
  }
  return true
}
