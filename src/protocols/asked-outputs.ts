import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Call, PredictContext } from '../runtime/plane.ts'
import { selectOutputs, type Signature } from '../tensor/signature.ts'
import type { WireRequest } from './protocol.ts'

/** SageMaker's header for what its runtime passes on to containers as it is. */
const CUSTOM_ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'

/** What stands beside the rows of a request, and may name outputs. */
export interface Beside {
  /** Of the key `parameters` or `params`. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
  /** Of the key `signature_name`, where a protocol has one: the name of an output. */
  readonly signatureName?: string | undefined
}

/**
 * The outputs that a request of rows asks for, in a way that works in every dialect of them: `{"outputs": ["a", "b"]}` in
 * its `parameters` or `params`, `outputs=a,b` in SageMaker's custom attributes, `?outputs=a,b` behind the path. What
 * stands in the body goes before what stands around it.
 * @returns undefined where it names none: the model's default ones
 * @throws {ServingError} `invalid_argument` where it names none though it says it does, or a name that is unknown or there
 *   twice
 */
export function askedOutputs(
  { query, headers }: Pick<WireRequest, 'query' | 'headers'>,
  signature: Signature,
  { parameters, signatureName }: Beside = {},
): readonly string[] | undefined {
  const asked: (readonly string[])[] = []
  const member = parameters?.['outputs']
  if (member !== undefined && member !== null) asked.push(namesOf(member, signature))
  if (signatureName !== undefined) asked.push([signatureName])
  const attributes = headers[CUSTOM_ATTRIBUTES]
  const attribute = attributes === undefined ? undefined : attributeIn(attributes)
  if (attribute !== undefined) asked.push(namesIn(attribute, signature, HEADER))
  const values = query.includes('outputs=') ? new URLSearchParams(query).getAll('outputs') : []
  if (values.length > 0) asked.push(values.flatMap((value) => namesIn(value, signature, QUERY)))
  // a slip is told wherever it stands
  for (const names of asked) selectOutputs(names, signature)
  return asked[0]
}

const QUERY = '"outputs" behind the path'
const HEADER = '"outputs" in the custom attributes'
const PARAMETER = 'the parameter "outputs"'

/** Attributes are anybody's text; most write `a=1,b=2` or `a=1;b=2`. */
function attributeIn(attributes: string): string | undefined {
  const value = /(?:^|[,;\s])outputs=([^;\s]*)/.exec(attributes)?.[1]
  return value?.replace(/,[^,=]*=.*$/, '')
}

function namesOf(value: unknown, signature: Signature): readonly string[] {
  if (typeof value === 'string') return namesIn(value, signature, PARAMETER)
  if (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')) return value
  throw noNames(PARAMETER)
}

/** A name that has a comma itself is known by the model. */
function namesIn(text: string, { outputs }: Signature, where: string): readonly string[] {
  if (outputs.some(({ name }) => name === text)) return [text]
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw noNames(where)
  return names
}

function noNames(where: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `${where} names no outputs; send their names, as ${quote('a,b')} or a list`,
  )
}

/** What the plane is told of a request for these outputs. */
export function asking(outputs: readonly string[] | undefined, call: Call): PredictContext {
  return outputs === undefined ? { call } : { call, outputs }
}
