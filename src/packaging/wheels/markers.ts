import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { meets, parseVersion } from './versions.ts'

/** What the conditions of a requirement may ask: `python_version`, `sys_platform`, … */
export type Environment = Readonly<Record<string, string>>

/** Longest condition, and how deeply it may be nested. */
const MAX_LENGTH = 4096
const MAX_DEPTH = 32
const TOKEN = /\s*(\(|\)|'[^']*'|"[^"]*"|~=|===|==|!=|<=|>=|<|>|[A-Za-z_][A-Za-z0-9_.]*)/y
/** Names that old packages use. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
}

/**
 * Whether a condition holds somewhere.
 * @param extras parts of the package that are asked for; `extra` is each of them in turn
 * @throws {ServingError} `unsupported` for what is no condition
 * @see PyPA, "Dependency specifiers" (PEP 508)
 */
export function holds(marker: string, environment: Environment, extras: readonly string[] = []): boolean {
  const tokens = tokensOf(marker)
  return ['', ...extras].some((extra) => evaluate(tokens, marker, { ...environment, extra }))
}

function tokensOf(marker: string): string[] {
  if (marker.length > MAX_LENGTH) throw bad(marker)
  const tokens: string[] = []
  for (let at = 0; marker.slice(at).trim() !== '';) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(marker)
    if (match?.[1] === undefined) throw bad(marker)
    tokens.push(match[1])
    at = TOKEN.lastIndex
  }
  return tokens
}

function evaluate(tokens: readonly string[], marker: string, environment: Environment): boolean {
  let at = 0
  function either(depth: number): boolean {
    if (depth > MAX_DEPTH) throw bad(marker)
    let value = both(depth)
    while (tokens[at] === 'or') {
      at++
      const other = both(depth)
      value ||= other
    }
    return value
  }
  function both(depth: number): boolean {
    let value = one(depth)
    while (tokens[at] === 'and') {
      at++
      const other = one(depth)
      value &&= other
    }
    return value
  }
  function one(depth: number): boolean {
    if (tokens[at] === '(') {
      at++
      const value = either(depth + 1)
      if (tokens[at++] !== ')') throw bad(marker)
      return value
    }
    const left = operand()
    let operator = tokens[at++] ?? ''
    if (operator === 'not' && tokens[at] === 'in') operator = `not ${tokens[at++] ?? ''}`
    const right = operand()
    return compare(left, operator, right, marker)
  }
  function operand(): Operand {
    const token = tokens[at++] ?? ''
    if (/^['"]/.test(token)) return { name: '', value: token.slice(1, -1) }
    const name = OLD_NAMES[token] ?? token
    const value = environment[name]
    if (value === undefined) throw bad(marker)
    return { name, value }
  }
  const value = either(0)
  if (at !== tokens.length) throw bad(marker)
  return value
}

interface Operand {
  /** Of what is asked; empty for a text. */
  readonly name: string
  readonly value: string
}

function compare(left: Operand, operator: string, right: Operand, marker: string): boolean {
  if (operator === 'in') return right.value.includes(left.value)
  if (operator === 'not in') return !right.value.includes(left.value)
  if (!['~=', '===', '==', '!=', '<=', '>=', '<', '>'].includes(operator)) throw bad(marker)
  if (left.name === 'extra' || right.name === 'extra') {
    const isSame = normalName(left.value) === normalName(right.value)
    return operator === '==' ? isSame : operator === '!=' && !isSame
  }
  const wanted = right.value.endsWith('.*') ? right.value.slice(0, -2) : right.value
  if (parseVersion(left.value) !== undefined && parseVersion(wanted) !== undefined)
    return meets(left.value, [{ operator, version: right.value }])
  switch (operator) {
    case '==':
    case '===':
      return left.value === right.value
    case '!=':
      return left.value !== right.value
    case '<':
      return left.value < right.value
    case '<=':
      return left.value <= right.value
    case '>':
      return left.value > right.value
    case '>=':
      return left.value >= right.value
    default:
      throw bad(marker)
  }
}

/** A package's name as all ways of writing it are compared: `scikit-learn`. @see PyPA, "Name normalization" */
export function normalName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

function bad(marker: string): ServingError {
  return new ServingError('unsupported', `${quote(marker)} is no condition of a requirement; mend the requirement`)
}
