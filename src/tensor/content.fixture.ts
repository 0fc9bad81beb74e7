import { bytesOf, type Tensor, type Tensors } from './tensor.ts'

/** A tensor's whole content, bit for bit, as plain data. */
export function contentOf({ datatype, shape, data }: Tensor): object {
  const bits = Array.isArray(data)
    ? data.map((bytes: Uint8Array) => Buffer.from(bytes).toString('hex'))
    : Buffer.from(bytesOf(data as Float32Array)).toString('hex')
  return { datatype, shape: [...shape], bits }
}

/** Everything about tensors, in order, bit for bit, as plain data. */
export function contentsOf(tensors: Tensors): unknown {
  return [...tensors].map(([name, tensor]) => ({ name, ...contentOf(tensor) }))
}
