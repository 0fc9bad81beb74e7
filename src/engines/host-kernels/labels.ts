import type { KernelNode } from './kernel.ts'

/** The names of a classifier's classes. */
export interface Labels {
  readonly datatype: 'INT64' | 'BYTES'
  readonly count: number
  /** The label of each chosen class. */
  pick(chosen: Int32Array): BigInt64Array | Uint8Array[]
}

/**
 * Reads a classifier's labels: whole numbers or byte strings.
 * @throws {ServingError} `refused` unless exactly one of the two is given
 */
export function readLabels(node: KernelNode, intsName: string, stringsName: string): Labels {
  const ints = node.bigints(intsName)
  const strings = node.bytesList(stringsName)
  const hasInts = ints !== undefined && ints.length > 0
  const hasStrings = strings !== undefined && strings.length > 0
  if (hasInts === hasStrings)
    throw node.refuse(`has ${hasInts ? 'both integer and text' : 'no'} labels; one kind is covered`)
  if (hasStrings)
    return {
      datatype: 'BYTES',
      count: strings.length,
      pick: (chosen) => Array.from(chosen, (index) => strings[index] as Uint8Array),
    }
  const numbers = ints as BigInt64Array
  return {
    datatype: 'INT64',
    count: numbers.length,
    pick(chosen) {
      const out = new BigInt64Array(chosen.length)
      for (let i = 0; i < out.length; i++) out[i] = numbers[chosen[i] as number] as bigint
      return out
    },
  }
}
