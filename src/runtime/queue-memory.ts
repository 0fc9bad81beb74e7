import type { Tensors } from '../tensor/tensor.ts'
import { TEXT_BYTES } from '../tensor/texts.ts'

/** Memory of all inputs that wait in one process, whatever their model: rows may be of any size. */
export interface QueueMemory {
  /** Most that may wait; who finds nobody waiting for the same model is taken all the same. */
  readonly mostBytes: number
  /** What waits now. */
  bytes: number
}

export function createQueueMemory(mostBytes: number): QueueMemory {
  return { mostBytes, bytes: 0 }
}

/** Memory that a request's inputs take while they wait (bytes). */
export function sizeOf(inputs: Tensors): number {
  let bytes = 0
  for (const { datatype, data } of inputs.values()) {
    if (datatype !== 'BYTES') bytes += data.byteLength
    else for (const element of data) bytes += element.byteLength + TEXT_BYTES
  }
  return bytes
}
