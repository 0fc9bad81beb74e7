import { RESOURCE_SCHEMAS } from '../../api/resource-schemas.ts'
import type { Schema } from '../../api/schema.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'

export interface Problem {
  /** `spec.variants[0].name`. */
  readonly path: string
  readonly message: string
}

/** A document with more wrong in it than this is not looked at further. */
const MAX_PROBLEMS = 20

const PREFIX = '#/components/schemas/'

/** The schema that a `$ref` stands for. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema
  const named = RESOURCE_SCHEMAS[schema.$ref.slice(PREFIX.length)]
  if (named === undefined) throw new Error(`no schema is called ${schema.$ref}: this is a bug`)
  return named
}

/** What of a value does not fit its schema. @param path how messages name the value */
export function problemsOf(schema: Schema, value: unknown, path: string): Problem[] {
  const problems: Problem[] = []
  look(schema, value, path, problems)
  return problems
}

/**
 * Refuses a value that does not fit its schema.
 * @throws {ServingError} `invalid_argument`; `details.problems` lists what is wrong, by path
 */
export function check(schema: Schema, value: unknown, path: string): void {
  const problems = problemsOf(schema, value, path)
  const [first] = problems
  if (first === undefined) return
  const others = problems.length > 1 ? ` (and ${problems.length - 1} more, in details.problems)` : ''
  throw new ServingError('invalid_argument', `${first.path} ${first.message}${others}`, { details: { problems } })
}

function look(reference: Schema, value: unknown, path: string, problems: Problem[]): void {
  if (problems.length >= MAX_PROBLEMS) return
  const schema = resolved(reference)
  const wrong = (message: string) => void problems.push({ path, message })
  if (schema.oneOf !== undefined) return lookAtChoices(schema.oneOf, value, path, problems)
  switch (schema.type) {
    case undefined:
      return
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return wrong(`is ${nameOf(value)}, not an object`)
      return lookAtObject(schema, value as Record<string, unknown>, path, problems)
    case 'array':
      if (!Array.isArray(value)) return wrong(`is ${nameOf(value)}, not a list`)
      if (value.length < (schema.minItems ?? 0))
        return wrong(`has ${value.length} items: it takes ${schema.minItems} or more`)
      if (value.length > (schema.maxItems ?? Infinity))
        return wrong(`has ${value.length} items: it takes ${schema.maxItems} at most`)
      for (const [i, item] of value.entries()) look(schema.items ?? {}, item, `${path}[${i}]`, problems)
      return
    case 'string':
      if (typeof value !== 'string') return wrong(`is ${nameOf(value)}, not text`)
      return lookAtText(schema, value, wrong)
    case 'boolean':
      if (typeof value !== 'boolean') wrong(`is ${nameOf(value)}, not true or false`)
      return
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrong(`is ${nameOf(value)}, not a number`)
      return lookAtNumber(schema, value, wrong)
  }
}

function lookAtObject(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: string,
  problems: Problem[],
): void {
  const { properties = {}, required = [], additionalProperties } = schema
  for (const name of required)
    if (!Object.hasOwn(value, name)) problems.push({ path: join(path, name), message: 'is missing' })
  const names = Object.keys(value)
  if (names.length > (schema.maxProperties ?? Infinity))
    problems.push({ path, message: `has ${names.length} entries: it takes ${schema.maxProperties} at most` })
  for (const name of names) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known !== undefined) look(known, value[name], join(path, name), problems)
    else if (typeof additionalProperties === 'object')
      look(additionalProperties, value[name], join(path, name), problems)
    else if (additionalProperties !== true) {
      const known = quoteList(Object.keys(properties), 30)
      problems.push({ path: join(path, name), message: `is not known here: ${path} takes ${known}` })
    }
    if (problems.length >= MAX_PROBLEMS) return
  }
}

function lookAtText(schema: Schema, value: string, wrong: (message: string) => void): void {
  const { minLength = 0, maxLength = Infinity } = schema
  if (schema.const !== undefined && value !== schema.const)
    return wrong(`is ${quote(value)}, not ${quote(schema.const)}`)
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return wrong(`is ${quote(value)}: it is one of ${quoteList(schema.enum.map(String), 30)}`)
  if (value.length < minLength) return wrong(`has ${value.length} characters: it takes ${minLength} or more`)
  if (value.length > maxLength) return wrong(`has ${value.length} characters: it takes ${maxLength} at most`)
  if (value.includes('\0') || !value.isWellFormed())
    return wrong('holds characters that are none: NUL, or half of a pair')
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    wrong(`is ${quote(value)}: it is ${schema.description ?? `text of the form ${schema.pattern}`}`)
}

function lookAtNumber(schema: Schema, value: number, wrong: (message: string) => void): void {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema
  if (schema.type === 'integer' && !Number.isSafeInteger(value)) return wrong(`is ${value}, not a whole number`)
  if (value < minimum || value > maximum || value <= exclusiveMinimum) {
    const least = schema.exclusiveMinimum === undefined ? `${minimum} to ` : `above ${exclusiveMinimum}, at most `
    wrong(`is ${value}: it is ${least}${maximum}`)
  }
}

/** The choice whose `const` property fits is the one that is meant; else the one with fewest problems. */
function lookAtChoices(choices: readonly Schema[], value: unknown, path: string, problems: Problem[]): void {
  let best: Problem[] | undefined
  for (const choice of choices) {
    const found = problemsOf(choice, value, path)
    if (found.length === 0) return
    if (isMeant(choice, value)) {
      best = found
      break
    }
    if (best === undefined || found.length < best.length) best = found
  }
  problems.push(...(best ?? []))
}

function isMeant(choice: Schema, value: unknown): boolean {
  if (choice.properties === undefined)
    return choice.type === typeof value || (choice.type === 'integer' && typeof value === 'number')
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  return Object.entries(choice.properties).some(
    ([name, { const: fixed }]) => fixed !== undefined && fields[name] === fixed,
  )
}

function join(path: string, name: string): string {
  if (/^[A-Za-z_]\w{0,63}$/.test(name)) return path === '' ? name : `${path}.${name}`
  return `${path}[${quote(name, 40)}]`
}

function nameOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text ${quote(value, 40)}`
  if (typeof value === 'object') return 'an object'
  return JSON.stringify(value)
}
