import fc from 'fast-check'
import { exactNumber, type Schema } from './schema.ts'

/** Any value that a schema allows: of the keywords that our documents use. @param find follows a reference */
export function fromSchema(schema: Schema, find: (reference: string) => Schema): fc.Arbitrary<unknown> {
  const any = (inner: unknown): fc.Arbitrary<unknown> => fromSchema(inner as Schema, find)
  if (typeof schema['$ref'] === 'string') return any(find(schema['$ref']))
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  if (Array.isArray(schema['anyOf'])) return fc.oneof(...schema['anyOf'].map(any))
  const { type } = schema
  if (Array.isArray(type)) return fc.oneof(...type.map((each) => any({ ...schema, type: each as string })))
  switch (type) {
    case 'object':
      return objectFrom(schema, any)
    case 'array':
      return arrayFrom(schema, any)
    case 'integer':
      return integerFrom(schema)
    case 'number':
      return numberFrom(schema)
    case 'string':
      return stringFrom(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return 'properties' in schema ? objectFrom(schema, any) : fc.constantFrom(null, 1, 'x', [], {})
  }
}

type Any = (schema: unknown) => fc.Arbitrary<unknown>

function objectFrom(schema: Schema, any: Any): fc.Arbitrary<unknown> {
  const properties = (schema['properties'] ?? {}) as Record<string, unknown>
  const required = (schema['required'] ?? []) as string[]
  const members = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, any(inner)]))
  const known = fc.record(members, { requiredKeys: required.filter((name) => name in members) })
  if (schema['additionalProperties'] === false) return known
  const unknown = fc.constantFrom({}, {}, { 'x-other': 1 }, { 'x-other': [{ a: null }] })
  return fc.tuple(known, unknown).map(([a, b]) => ({ ...b, ...(a as object) }))
}

function arrayFrom(schema: Schema, any: Any): fc.Arbitrary<unknown> {
  const { prefixItems, items = {}, minItems = 0, maxItems } = schema
  if (Array.isArray(prefixItems)) return fc.tuple(...prefixItems.map(any))
  const least = minItems as number
  const most = (maxItems as number | undefined) ?? least + 2
  const lengths = { minLength: least, maxLength: most }
  return schema['uniqueItems'] === true ? fc.uniqueArray(any(items), lengths) : fc.array(any(items), lengths)
}

function integerFrom({ minimum, maximum }: Schema): fc.Arbitrary<unknown> {
  const [min, max] = [BigInt(JSON.stringify(minimum ?? -1000)), BigInt(JSON.stringify(maximum ?? 1000))]
  return fc.oneof(fc.constantFrom(min, max), fc.bigInt({ min, max })).map((value) => exactNumber(String(value)))
}

function numberFrom({ exclusiveMinimum, exclusiveMaximum }: Schema): fc.Arbitrary<unknown> {
  return fc.double({
    noNaN: true,
    noDefaultInfinity: true,
    ...(exclusiveMinimum === undefined ? {} : { min: Number(JSON.stringify(exclusiveMinimum)), minExcluded: true }),
    ...(exclusiveMaximum === undefined ? {} : { max: Number(JSON.stringify(exclusiveMaximum)), maxExcluded: true }),
  })
}

function stringFrom({ pattern, not, contentEncoding, maxLength = 8 }: Schema): fc.Arbitrary<unknown> {
  if (contentEncoding === 'base64') return fc.base64String({ maxLength: 8 })
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern))
  const text = fc.string({ unit: 'binary', maxLength: Math.min(8, maxLength as number) })
  const refused = (not as Schema | undefined)?.['pattern']
  return typeof refused === 'string' ? text.filter((each) => !new RegExp(refused, 'u').test(each)) : text
}
