import type { CodeTensor } from './values.ts'

/** Says that the caller must send something else. */
class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
}

/** Whether what code threw says that the caller must send something else; its own class of that name says so too. */
export function isInvalidInput(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error && thrown.name === 'InvalidInput'
  } catch {
    return false // its name cannot be read
  }
}

function tensor(datatype: string, data: ArrayLike<unknown>, shape: readonly number[] = [data.length]): CodeTensor {
  return { datatype, shape, data }
}

function texts(given: CodeTensor | undefined): string[] {
  if (given === undefined) throw new InvalidInput('an input is missing: texts are taken')
  return Array.from(given.data, (value, i) => {
    if (typeof value === 'string') return value
    throw new InvalidInput(
      given.datatype === 'BYTES' ? `element ${i} is no text in UTF-8` : `texts are taken, found ${given.datatype}`,
    )
  })
}

function numbers(given: CodeTensor | undefined): Float64Array {
  if (given === undefined) throw new InvalidInput('an input is missing: numbers are taken')
  return Float64Array.from(given.data, (value, i) => {
    const number = Number(value)
    if (given.datatype === 'BYTES') throw new InvalidInput('numbers are taken, found texts')
    if (typeof value === 'bigint' && BigInt(number) !== value)
      throw new InvalidInput(`element ${i} is ${value}, which is too large for a double`)
    return number
  })
}

/** What code imports from 'slipway'. @see slipway.d.ts */
export const API = { InvalidInput, tensor, texts, numbers } as const
