import { encodeNpy } from '../../codecs/npy.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { allocate, type NumericTensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'

/** Whether the outputs of a model can stand in one array: there is one, or all of them are numbers. */
export function fitsNpy(outputs: readonly TensorSpec[]): boolean {
  return outputs.length === 1 || outputs.every(({ datatype }) => datatype !== 'BYTES')
}

/**
 * The outputs of a model as one `.npy` file: a single output as it is; several side by side in the order of the
 * signature, as the fields of a CSV line are, in their datatype where they share one, else in FP64.
 * @throws {ServingError} `unsupported`: for an output that does not come in rows; with `details.reason` `accept` for a
 *   64-bit integer that FP64 cannot hold
 */
export function encodeNpyAnswer(outputs: Tensors, rows: number): Uint8Array {
  const [only] = outputs.values()
  if (outputs.size === 1 && only !== undefined) return encodeNpy(only)
  return encodeNpy(sideBySide(outputs, rows))
}

function sideBySide(outputs: Tensors, rows: number): Tensor {
  const columns = [...outputs].map(([name, output]) => columnsOf(name, output, rows))
  const datatypes = new Set(columns.map(({ tensor }) => tensor.datatype))
  const [first] = datatypes
  const datatype: NumericDatatype = datatypes.size === 1 && first !== undefined ? first : 'FP64'
  const width = columns.reduce((sum, column) => sum + column.width, 0)
  const data = allocate(datatype, rows * width) as { [index: number]: number | bigint }
  let from = 0
  for (const { name, tensor, width: own } of columns) {
    const values = tensor.datatype === datatype ? tensor.data : asDoubles(name, tensor)
    for (let i = 0; i < rows * own; i++)
      data[Math.floor(i / own) * width + from + (i % own)] = values[i] as number | bigint
    from += own
  }
  return { datatype, shape: [rows, width], data } as unknown as Tensor
}

function columnsOf(name: string, output: Tensor, rows: number) {
  const { shape } = output
  if (shape[0] !== rows || output.datatype === 'BYTES')
    throw new ServingError(
      'unsupported',
      `output ${quote(name)} has the shape [${shape.join(',')}] and is ${output.datatype}, so it cannot stand beside others in one array of ${rows} rows; ask for application/json`,
      { details: { reason: 'accept', output: name } },
    )
  const tensor: NumericTensor = output
  return { name, tensor, width: shape.slice(1).reduce((product, size) => product * size, 1) }
}

function asDoubles(name: string, { datatype, data }: NumericTensor): ArrayLike<number> {
  if (datatype === 'FP16') return new Float16Array(data.buffer, data.byteOffset, data.length)
  if (datatype === 'BF16') return new Float32Array(Uint32Array.from(data as Uint16Array, (half) => half << 16).buffer)
  if (datatype !== 'INT64' && datatype !== 'UINT64') return data as ArrayLike<number>
  return Float64Array.from(data as BigInt64Array, (value) => {
    const number = Number(value)
    if (BigInt(number) === value) return number
    throw new ServingError(
      'unsupported',
      `output ${quote(name)} has ${value}, which the FP64 array that all outputs share cannot hold; ask for text/csv`,
      { details: { reason: 'accept', output: name } },
    )
  })
}
