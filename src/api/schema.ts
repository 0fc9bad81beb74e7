/** The part of JSON Schema (2020-12) that the API is described and checked by. */
export interface Schema {
  readonly $ref?: string
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  /** `false`: no others; a schema: of every other. */
  readonly additionalProperties?: boolean | Schema
  readonly maxProperties?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly enum?: readonly (string | number)[]
  readonly const?: string
  /** Linear in the text's length: no nested repetition. */
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  /** Objects that are told apart by a `const` property. */
  readonly oneOf?: readonly Schema[]
}

/** An object with these properties and no others; names that end in `?` need not be there. */
export function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  const names = Object.keys(properties)
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), properties[name] ?? {}])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  }
}

/** An object of values alike, by names of the caller's. */
export function mapOf(values: Schema, maxProperties = 1000): Schema {
  return { type: 'object', additionalProperties: values, maxProperties }
}

export function arrayOf(items: Schema, maxItems = 1000): Schema {
  return { type: 'array', items, maxItems }
}

export function oneOfWords(...words: readonly (string | number)[]): Schema {
  return { type: 'string', enum: words }
}

/** Text of a person's: a few lines. */
export function text(maxLength: number, description?: string): Schema {
  return { type: 'string', maxLength, ...(description === undefined ? {} : { description }) }
}

export function integer(minimum: number, maximum: number, description?: string): Schema {
  return { type: 'integer', minimum, maximum, ...(description === undefined ? {} : { description }) }
}

export function number(minimum: number, maximum: number, description?: string): Schema {
  return { type: 'number', minimum, maximum, ...(description === undefined ? {} : { description }) }
}

/** More than `least`. */
export function above(least: number, maximum: number, description?: string): Schema {
  return { type: 'number', exclusiveMinimum: least, maximum, ...(description === undefined ? {} : { description }) }
}

/** One of the schemas that `RESOURCE_SCHEMAS` names. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

export const BOOLEAN: Schema = { type: 'boolean' }
/** Any JSON value. */
export const ANYTHING: Schema = {}
/** ms since 1970; up to the year 9999. */
export const TIME_MS: Schema = {
  type: 'integer',
  minimum: 0,
  maximum: 253_402_300_799_999,
  description: 'ms since 1970',
}
/** As large as a number of JSON can be without a loss. */
export const COUNT: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
export const SHA256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256, in hexadecimal' }
