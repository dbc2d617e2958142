// SMS through a serial AT modem as the screen sees it: ports, modems, messages that left and came, PDUs octet by octet. Types only.
import type { Seq } from './trace.ts'

/** A serial port of this computer. */
export interface SerialPortRow {
  /** `/dev/ttyUSB0`, `COM3`. */
  readonly path: string
  /** A name that stays when ports are numbered anew (`/dev/serial/by-id/…`); '' where there is none. */
  readonly stable: string
  /** What the port says of itself: maker, product, USB ids; '' where nothing. */
  readonly text: string
  /** Why it cannot be opened now, with the fix (no permission, held by another program and by which); '' where nothing is in the way. */
  readonly trouble: string
}

/** What a modem does now. `failed`: `trouble` says why. */
export type ModemStage = 'closed' | 'opening' | 'asking' | 'ready' | 'sending' | 'failed'

/** A modem this lab opened since its start. */
export interface ModemRow {
  /** Path of its port. */
  readonly path: string
  readonly stage: ModemStage
  /** Stays open, and what comes in is recorded. */
  readonly listening: boolean
  /** Maker and model as the modem says; '' where it does not. */
  readonly name: string
  /** State of its SIM in words; '' while unknown. */
  readonly sim: string
  /** Signal in dBm; null where not known or not detectable. */
  readonly dbm: number | null
  /** Network it is registered with; '' where none. */
  readonly operator: string
  /** What is wrong, in words with the fix; '' where nothing. */
  readonly trouble: string
  /** When it last answered, ms since 1970: the proof that it is there; 0 never. */
  readonly lastAt: number
  /** Messages that wait for it. */
  readonly queued: number
}

/** One line of the dialogue with a modem, newest last. `meaning`: what it says, in words; '' where the line says it itself. */
export interface ModemLine {
  /** ms since 1970. */
  readonly at: number
  /** `out`: to the modem; `in`: from it; `lab`: what the lab noted (opened, timed out, closed). */
  readonly direction: 'out' | 'in' | 'lab'
  readonly text: string
  readonly meaning: string
}

/** One field of a PDU on the ruler; `start` and `end` count bits from its first octet (the SMSC's length). */
export interface PduField {
  /** `TP-MTI`, `TP-UDL`, `IEI 05 ports` … */
  readonly name: string
  readonly start: number
  readonly end: number
  /** As the standard writes it: a number, an address, a time, text. */
  readonly value: string
  /** Binary digits of fields up to 8 bits, '' for longer ones. */
  readonly bits: string
  readonly meaning: string
}

/** A PDU read octet by octet. */
export interface PduView {
  readonly kind: 'submit' | 'deliver' | 'status report'
  readonly hex: string
  /** Octets of the TPDU: what AT+CMGS counts. */
  readonly length: number
  readonly fields: readonly PduField[]
  /** One sentence. */
  readonly text: string
  /** What is odd though readable (length fields, reserved bits, an alphabet nobody uses). */
  readonly remarks: readonly string[]
}

/** What an SMS is to carry: octets to the push port of a device. */
export interface SmsWish {
  /** `sms:+49…`, with `?port=/dev/ttyUSB0` and further fields: `baud`, `smsc`, `validity` (minutes), `report=no`, `class`. Without port: the only modem there is. */
  readonly to: string
  /** The WSP push PDU, as notify and bootstrap give it. */
  readonly pdu: Uint8Array
  /** 0 to 255 (or 65535 with 16-bit references); absent: a fresh one. */
  readonly reference?: number
}

/** The PDUs of a message, built for copying: nothing leaves. */
export interface SmsBuilt {
  readonly number: string
  readonly reference: number
  /** One a part, with the AT command that sends it (`AT+CMGS=…`). */
  readonly parts: readonly { readonly command: string; readonly pdu: PduView }[]
}

/**
 * How far a part of a message is. `sent`: the modem gave it a reference; `delivered`: the report says so; `pending`: the report says that the centre goes on
 * trying; `failed`: refused by the modem, the network or the report.
 */
export type SmsPartState = 'waiting' | 'sending' | 'sent' | 'pending' | 'delivered' | 'failed'

/** A message that left through a modem, or came in. Kept while the lab runs; the trace keeps the rows. */
export interface SmsRow {
  readonly id: number
  readonly direction: 'out' | 'in'
  /** Port of the modem. */
  readonly path: string
  /** The other end: number, or name of a network's own sender. */
  readonly number: string
  /** ms since 1970. */
  readonly at: number
  /** Its push row in the trace; 0 where there is none (yet). */
  readonly seq: Seq
  readonly parts: readonly {
    readonly pdu: PduView
    readonly state: SmsPartState
    /** Message reference the modem gave; null before, and for messages that came in. */
    readonly reference: number | null
    /** In words: why it failed, what the report says and when. */
    readonly text: string
  }[]
  /** One sentence: how it stands as a whole. */
  readonly text: string
}

export interface ModemState {
  readonly ports: readonly SerialPortRow[]
  readonly modems: readonly ModemRow[]
  /** Why this lab has no serial ports at all (its native part cannot be loaded); '' where it has. */
  readonly trouble: string
}

/** How to speak to a modem. */
export interface ModemOptions {
  /** Default 115,200. */
  readonly baud?: number
  /** Told to the modem where its SIM asks; never kept. */
  readonly pin?: string
}

export interface ModemArea {
  /** Looks at the ports anew. */
  state(): Promise<ModemState>
  /** Opens the port, asks the modem how it fares, and closes it again unless it was open. Rejects in words. */
  probe(path: string, options?: ModemOptions): Promise<ModemRow>
  /** Opens the port and stays: what comes in (pushes, reports, other SMS) is recorded. */
  listen(path: string, options?: ModemOptions): Promise<ModemRow>
  /** Gives the port back. */
  close(path: string): Promise<ModemState>
  /** The dialogue with a modem since the lab's start, at most the newest 2,000 lines. */
  dialogue(path: string): Promise<readonly ModemLine[]>
  /** PDUs of a push, for copying or for another sender. Rejects in words where it cannot be. */
  build(wish: SmsWish): Promise<SmsBuilt>
  /** Sends a push; resolves when the modem took all parts. Rejects in words. Reports of delivery come later. */
  send(wish: SmsWish): Promise<SmsRow>
  /** Messages that left and came, oldest first, at most the newest 500. */
  messages(): Promise<readonly SmsRow[]>
  /** Reads a PDU in hexadecimal, with or without the SMSC in front. Rejects with octet and reason. */
  decode(hex: string, direction: 'to the network' | 'from the network'): Promise<PduView>
}
