import { parameterOf, type ApiRoute } from '../../api/routes.ts'
import type { Schema } from '../../api/schema.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import { check, resolved } from './check.ts'

const WHOLE = /^-?\d{1,16}$/

/** Text of a URL as its schema's type; left alone where it is none, for `check` to say so. */
function typed(schema: Schema, text: string): string | number {
  return resolved(schema).type === 'integer' && WHOLE.test(text) ? Number(text) : text
}

/**
 * What stood in the path, by name, each as its type.
 * @throws {ServingError} `invalid_argument`
 */
export function readParameters(
  route: ApiRoute,
  raw: Readonly<Record<string, string | undefined>>,
): Record<string, string | number> {
  const read: Record<string, string | number> = {}
  for (const [name, text = ''] of Object.entries(raw)) {
    const schema = parameterOf(route, name)
    read[name] = typed(schema, text)
    check(schema, read[name], name)
  }
  return read
}

/**
 * What stood behind `?`, each as its type.
 * @throws {ServingError} `invalid_argument` for what the route does not know, what came twice, and what has the wrong form
 */
export function readQuery(route: ApiRoute, text: string): Record<string, string | number> {
  const properties = route.query?.properties ?? {}
  const read: Record<string, string | number> = {}
  if (text.length > 16_384)
    throw new ServingError('invalid_argument', `the query has ${text.length} characters: it takes 16384 at most`)
  for (const [name, value] of new URLSearchParams(text)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (schema === undefined)
      throw new ServingError(
        'invalid_argument',
        `the query parameter ${quote(name)} is not known here: ${route.name} takes ${quoteList(Object.keys(properties))}`,
      )
    if (Object.hasOwn(read, name))
      throw new ServingError('invalid_argument', `the query parameter ${quote(name)} came twice`)
    read[name] = typed(schema, value)
    check(schema, read[name], name)
  }
  return read
}
