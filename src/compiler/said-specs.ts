import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { isDatatype } from '../tensor/datatype.ts'
import type { TensorSpec } from '../tensor/signature.ts'

type Specs = (TensorSpec & { readonly shape: readonly number[] })[]

/**
 * The inputs or outputs that code says it has, checked.
 * @param what `input` or `output`
 * @throws {ServingError} `unsupported` for what no signature can have
 */
export function specsOf(found: unknown, what: 'input' | 'output', language: string): Specs {
  if (!Array.isArray(found) || found.length === 0 || found.length > 4096)
    throw new ServingError(
      'unsupported',
      `the code in ${language} has no ${what}s, or over 4096: a signature takes 1 to 4096`,
    )
  const names = new Set<string>()
  return found.map((spec: unknown) => {
    const { name, datatype, shape, isOptional } = (spec ?? {}) as Readonly<Record<string, unknown>>
    const isWhole =
      typeof name === 'string' &&
      name.length > 0 &&
      name.length <= 256 &&
      typeof datatype === 'string' &&
      isDatatype(datatype) &&
      Array.isArray(shape) &&
      shape.length <= 8 &&
      shape.every((size) => Number.isInteger(size) && size >= -1)
    if (!isWhole || names.has(name))
      throw new ServingError(
        'unsupported',
        `the code in ${language} has an ${what} that no signature can have: ${quote(JSON.stringify(spec) ?? 'none')}`,
      )
    names.add(name)
    return { name, datatype, shape: shape as number[], ...(isOptional === true ? { isOptional } : {}) }
  })
}
