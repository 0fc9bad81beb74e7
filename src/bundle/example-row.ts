import type { Tensor } from '../tensor/tensor.ts'
import { fromJsonTensor } from './json-tensor.ts'
import type { Manifest } from './manifest.ts'

/** A bundle's example, its inputs in the signature's order (the manifest has them by the alphabet); empty where it has none. */
export function exampleRow({ signature, example }: Manifest): Map<string, Tensor> {
  const row = new Map<string, Tensor>()
  for (const { name } of signature.inputs) {
    const recorded = Object.hasOwn(example, name) ? example[name] : undefined
    if (recorded !== undefined) row.set(name, fromJsonTensor(recorded, name))
  }
  return row
}
