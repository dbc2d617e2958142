// QR codes as SVG text, PNG octets and bare modules; the package is loaded when the first one is wanted.
import { wordsOf } from '../syncml/text.ts'

/** A QR code. */
export interface QrCode {
  readonly svg: string
  readonly png: Uint8Array
  /** Modules on one side, without the quiet zone. */
  readonly modules: number
}

/** Pixels of a module in the PNG. */
const SCALE = 6
/** Light modules around, as readers need them (ISO/IEC 18004 6.3.8). */
const QUIET = 4

/** A code of medium error correction. Rejects in words where the text is too long for any. */
export async function qrCode(text: string): Promise<QrCode> {
  const { default: qr } = await import('qrcode')
  const options = { errorCorrectionLevel: 'M', margin: QUIET } as const
  try {
    const { modules } = qr.create(text, options)
    const [svg, png] = await Promise.all([qr.toString(text, { ...options, type: 'svg' }), qr.toBuffer(text, { ...options, scale: SCALE })])
    return { svg, png: new Uint8Array(png), modules: modules.size }
  } catch (error) {
    throw new Error(`no QR code can be made: ${wordsOf(error)}`, { cause: error })
  }
}

/** A code for a terminal: dark and light half blocks, as scanners read them from a screen. Rejects in words where the text is too long for any. */
export async function qrText(text: string): Promise<string> {
  const { default: qr } = await import('qrcode')
  return qr.toString(text, { errorCorrectionLevel: 'M', type: 'utf8', margin: 2 })
}
