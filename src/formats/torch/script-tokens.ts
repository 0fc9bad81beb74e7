import { damaged } from './refusals.ts'

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'newline' | 'indent' | 'dedent' | 'end'
  readonly text: string
  readonly line: number
}

/** Most tokens of one file of code. */
const MAX_TOKENS = 5_000_000

const PATTERN =
  /([ \t]+)|(#[^\n]*)|(\r?\n)|([A-Za-z_][A-Za-z0-9_]*)|((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|("(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*')|(\*\*|\/\/|->|==|!=|<=|>=|<<|>>|[-+*/%@&|^~<>=().,:[\]{};])/y

/**
 * Cuts the code of a TorchScript file into tokens; indentation becomes tokens of its own, as in Python.
 * @param name of the file, for messages
 * @throws {ServingError} `refused` for what is no code
 */
export function tokenize(source: string, name: string): Token[] {
  const tokens: Token[] = []
  const indents = [0]
  let line = 1
  let depth = 0
  let isLineStart = true
  const pattern = new RegExp(PATTERN.source, 'y')
  const push = (kind: Token['kind'], text: string) => {
    if (tokens.length >= MAX_TOKENS) throw damaged(`${name} has over ${MAX_TOKENS} tokens`)
    tokens.push({ kind, text, line })
  }
  const indent = (width: number) => {
    isLineStart = false
    if (width > (indents.at(-1) ?? 0)) {
      if (indents.length > 200) throw damaged(`${name}, line ${line}: indented too deep`)
      indents.push(width)
      push('indent', '')
    }
    while (width < (indents.at(-1) ?? 0)) {
      indents.pop()
      push('dedent', '')
    }
    if (width !== indents.at(-1)) throw damaged(`${name}, line ${line}: indented like no line above`)
  }
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(source)
    if (match === null) throw damaged(`${name}, line ${line}: no code`)
    const [text, space, comment, newline, word, number, string, symbol] = match
    if (newline !== undefined) {
      if (depth === 0 && tokens.length > 0 && !isLineStart) push('newline', '')
      line++
      isLineStart = depth === 0
    } else if (space !== undefined) {
      const next = source[at + text.length]
      if (isLineStart && next !== '\n' && next !== '\r' && next !== '#') indent(text.length)
    } else if (comment === undefined) {
      if (isLineStart) indent(0)
      if (word !== undefined) push('name', text)
      else if (number !== undefined) push('number', text)
      else if (string !== undefined) push('string', text)
      else if (symbol !== undefined) {
        if ('([{'.includes(text)) depth++
        if (')]}'.includes(text)) depth = Math.max(0, depth - 1)
        push('symbol', text)
      }
      for (const character of string ?? '') if (character === '\n') line++
    }
  }
  if (!isLineStart) push('newline', '')
  while (indents.length > 1) {
    indents.pop()
    push('dedent', '')
  }
  push('end', '')
  return tokens
}

/** The text that a string token stands for. */
export function unquote(token: string): string {
  const simple: Record<string, string> = {
    n: '\n',
    t: '\t',
    r: '\r',
    a: '\u0007',
    b: '\b',
    f: '\f',
    v: '\v',
    '0': '\0',
  }
  return token.slice(1, -1).replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[^])/g, (_, code: string) => {
    if (/^x[0-9a-fA-F]{2}$/.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if (/^[0-7]{1,3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8))
    return Object.hasOwn(simple, code) ? (simple[code] ?? code) : code
  })
}
