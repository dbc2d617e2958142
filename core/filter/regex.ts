// The pattern engine: Thompson's construction, run in lockstep (Pike). Time grows with text length times pattern length, whatever the pattern.
import { type CharSet, type Node, parsePattern, PatternError } from './regexparse.ts'

export { PatternError } from './regexparse.ts'

/** Instructions a pattern may become. */
const MOST_INSTRUCTIONS = 5000

type Instruction =
  | { readonly op: 'char'; readonly set: CharSet }
  | { readonly op: 'split'; a: number; b: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'assert'; readonly what: 'start' | 'end' | 'word' | 'noword' }
  | { readonly op: 'match' }

/** True where the pattern occurs anywhere in the text. */
export type Matcher = (text: string) => boolean

/** Compiles a pattern. Throws PatternError. */
export function regex(pattern: string): Matcher {
  const { node, ignoreCase } = parsePattern(pattern)
  const plain = ignoreCase ? null : literal(pattern)
  if (plain !== null) return plain
  const program: Instruction[] = []
  emit(program, node)
  add(program, { op: 'match' })
  return machine(program, ignoreCase)
}

/** Patterns without any special character, with or without ^ and $ around them, need no machine. */
function literal(pattern: string): Matcher | null {
  const match = /^(\^?)([^\\^$.|?*+()[\]{}]*)(\$?)$/.exec(pattern)
  if (match === null) return null
  const [, head = '', text = '', tail = ''] = match
  if (head !== '' && tail !== '') return (where) => where === text
  if (head !== '') return (where) => where.startsWith(text)
  return tail === '' ? (where) => where.includes(text) : (where) => where.endsWith(text)
}

function add(program: Instruction[], instruction: Instruction): number {
  if (program.length >= MOST_INSTRUCTIONS) throw new PatternError('the pattern is too large', 0)
  return program.push(instruction) - 1
}

function emit(program: Instruction[], node: Node): void {
  switch (node.type) {
    case 'char':
      add(program, { op: 'char', set: node.set })
      return
    case 'assert':
      add(program, { op: 'assert', what: node.what })
      return
    case 'seq':
      for (const part of node.of) emit(program, part)
      return
    case 'alt':
      return emitAlternatives(program, node.of)
    case 'repeat':
      for (let i = 0; i < node.least; i++) {
        const before = program.length
        emit(program, node.of)
        // What takes nothing is not repeated: a thousand times a thousand nothings would take a while.
        if (program.length === before) break
      }
      if (node.most === null) emitStar(program, node.of)
      else emitOptional(program, node.of, node.most - node.least)
      return
    default:
      node satisfies never
  }
}

function emitAlternatives(program: Instruction[], of: readonly Node[]): void {
  const jumps: { to: number }[] = []
  of.forEach((part, i) => {
    if (i === of.length - 1) return emit(program, part)
    const split = { op: 'split' as const, a: program.length + 1, b: 0 }
    add(program, split)
    emit(program, part)
    const jump = { op: 'jump' as const, to: 0 }
    add(program, jump)
    jumps.push(jump)
    split.b = program.length
  })
  for (const jump of jumps) jump.to = program.length
}

function emitStar(program: Instruction[], of: Node): void {
  const split = { op: 'split' as const, a: program.length + 1, b: 0 }
  const at = add(program, split)
  emit(program, of)
  add(program, { op: 'jump', to: at })
  split.b = program.length
}

function emitOptional(program: Instruction[], of: Node, times: number): void {
  const splits: { b: number }[] = []
  for (let i = 0; i < times; i++) {
    const split = { op: 'split' as const, a: program.length + 1, b: 0 }
    add(program, split)
    splits.push(split)
    emit(program, of)
  }
  for (const split of splits) split.b = program.length
}

const isWord = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)

function holds(what: 'start' | 'end' | 'word' | 'noword', text: string, at: number): boolean {
  if (what === 'start') return at === 0
  if (what === 'end') return at === text.length
  const border = (at > 0 && isWord(text.charCodeAt(at - 1))) !== (at < text.length && isWord(text.charCodeAt(at)))
  return border === (what === 'word')
}

function contains({ ranges, not }: CharSet, code: number): boolean {
  for (const [from, to] of ranges) if (code >= from && code <= to) return !not
  return not
}

/** Whatever the case: a set holds a character where it holds any of its cases. */
function folded(set: CharSet, code: number): boolean {
  const c = String.fromCharCode(code)
  const bare = { ranges: set.ranges, not: false }
  const within = [code, c.toLowerCase().charCodeAt(0), c.toUpperCase().charCodeAt(0)].some((each) => contains(bare, each))
  return within !== set.not
}

/** Runs all threads side by side; `seen` holds for each instruction the step it was last reached at. */
function machine(program: readonly Instruction[], ignoreCase: boolean): Matcher {
  const fits = ignoreCase ? folded : contains
  const seen = new Int32Array(program.length)
  const stack = new Int32Array(program.length * 2 + 2)
  return (text) => {
    seen.fill(-1)
    let now: number[] = []
    let next: number[] = []
    /** Follows everything that takes no character; true where the match is reached. */
    const reach = (from: number, at: number, into: number[]): boolean => {
      let top = 0
      stack[top++] = from
      while (top > 0) {
        const pc = stack[--top] ?? 0
        if (seen[pc] === at) continue
        seen[pc] = at
        const instruction = program[pc]
        if (instruction === undefined || instruction.op === 'match') return true
        if (instruction.op === 'char') into.push(pc)
        else if (instruction.op === 'jump') stack[top++] = instruction.to
        else if (instruction.op === 'split') {
          stack[top++] = instruction.b
          stack[top++] = instruction.a
        } else if (holds(instruction.what, text, at)) stack[top++] = pc + 1
      }
      return false
    }
    for (let at = 0; at <= text.length; at++) {
      if (reach(0, at, now)) return true
      if (at === text.length) return false
      const code = text.charCodeAt(at)
      for (const pc of now) {
        const instruction = program[pc]
        if (instruction?.op === 'char' && fits(instruction.set, code) && reach(pc + 1, at + 1, next)) return true
      }
      ;[now, next] = [next, now]
      next.length = 0
    }
    return false
  }
}
