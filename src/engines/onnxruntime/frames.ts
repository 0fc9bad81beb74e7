import { ARRAY_OF, type NumericArray, type NumericDatatype } from '../../tensor/datatype.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import type { Library } from './library.ts'
import type { Names } from './run.ts'
import type { SessionInput } from './session.ts'
import { createValue } from './write-value.ts'

/** Inputs and outputs of more than this have no frame: copying takes longer than making values. */
const DESK_BYTES = 64 * 1024

/** Where each tensor begins on the desk: at whole cache lines, as the library's own memory does. */
const ALIGNMENT = 64

/**
 * Memory that every frame's values are over. A run in the tick has it to itself from its first copy to its last, so that
 * the frames of all sessions share one.
 */
let desk: ArrayBuffer | undefined

/** Frames of all sessions together, most, at some 5 KiB each; the oldest go first. */
const MAX_FRAMES = 1024

/** Every frame, the oldest first. */
const shelf = new Set<Frame>()

interface Slot {
  readonly name: string
  readonly nameAddress: number
  readonly datatype: NumericDatatype
  readonly shape: Shape
  readonly data: NumericArray
}

/**
 * A run that has been made ready for inputs of certain shapes: values over memory that stays, which inputs are copied into
 * and outputs out of. It costs one call into the library where a run with new values takes a dozen.
 */
export class Frame {
  readonly #ort: Library
  readonly #session: number
  readonly #inputs: readonly Slot[]
  readonly #outputs: readonly Slot[]
  readonly #values: number[] = []
  readonly #onReleased: () => void

  /**
   * May release the oldest frame of any session.
   * @param inputs as the frame is for, and the `outputs` that they gave; both fit
   * @param onReleased told when the frame is gone
   * @throws {OrtError}
   */
  constructor(ort: Library, session: number, inputs: Tensors, outputs: Tensors, names: Names, onReleased: () => void) {
    this.#ort = ort
    this.#session = session
    this.#onReleased = onReleased
    const next = { offset: 0 }
    this.#inputs = slotsOf(inputs, names, next)
    this.#outputs = slotsOf(outputs, names, next)
    try {
      for (const slots of [this.#inputs, this.#outputs])
        for (const slot of slots) this.#values.push(createValue(ort, slot as unknown as Tensor))
    } catch (error) {
      this.#free()
      throw error
    }
    shelf.add(this)
    if (shelf.size <= MAX_FRAMES) return
    const [oldest] = shelf
    oldest?.release()
  }

  /**
   * Runs in the calling tick.
   * @returns the outputs, in memory of the caller's own; or the status of a run that failed, to be freed
   */
  run(inputs: Tensors): Map<string, Tensor> | number {
    const { lists } = this.#ort
    const [n, m] = [this.#inputs.length, this.#outputs.length]
    for (let i = 0; i < n; i++) {
      const { name, nameAddress, data } = this.#inputs[i] as Slot
      const given = (inputs.get(name) as Tensor).data
      if (given.length !== data.length) throw new Error('a tensor has more or less data than its shape; this is a bug')
      data.set(given as never)
      lists.set(i, nameAddress)
      lists.set(n + i, this.#values[i] as number)
    }
    for (let i = 0; i < m; i++) {
      lists.set(2 * n + i, (this.#outputs[i] as Slot).nameAddress)
      lists.set(2 * n + m + i, this.#values[n + i] as number)
    }
    const at = lists.address
    const status = this.#ort.Run(this.#session, 0, at, at + 8 * n, n, at + 16 * n, m, at + 16 * n + 8 * m)
    if (status !== 0) return status
    const outputs = new Map<string, Tensor>()
    for (const { name, datatype, shape, data } of this.#outputs)
      outputs.set(name, { datatype, shape, data: data.slice() } as Tensor)
    return outputs
  }

  release(): void {
    shelf.delete(this)
    this.#free()
    this.#onReleased()
  }

  #free(): void {
    for (const value of this.#values) this.#ort.ReleaseValue(value)
    this.#values.length = 0
  }
}

/** A place on the desk for each tensor. */
function slotsOf(tensors: Tensors, names: Names, next: { offset: number }): Slot[] {
  desk ??= new ArrayBuffer(DESK_BYTES)
  const memory = desk
  return Array.from(tensors, ([name, tensor]) => {
    if (tensor.datatype === 'BYTES') throw new Error('a frame was made for text; this is a bug')
    const { datatype, shape, data } = tensor
    const place = new ARRAY_OF[datatype](memory, next.offset, data.length)
    next.offset += roomOf(data.byteLength)
    return { name, nameAddress: names.addressOf(name), datatype, shape, data: place }
  })
}

function roomOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT
}

/** Whether a run of these tensors is worth a frame, and can have one. */
export function fitsFrame(ort: Library, inputs: Tensors, outputs: Tensors): boolean {
  if (2 * (inputs.size + outputs.size) > ort.lists.length) return false
  let sizeBytes = 0
  for (const tensors of [inputs, outputs])
    for (const { datatype, data } of tensors.values()) {
      if (datatype === 'BYTES') return false
      sizeBytes += roomOf(data.byteLength)
    }
  if (sizeBytes > DESK_BYTES) return false
  // An output that is an input is not written: the library gives back the input itself.
  for (const name of outputs.keys()) if (inputs.has(name)) return false
  return true
}

/**
 * What tells one frame of a session from another: the shapes of all inputs. Undefined when the inputs are not those that
 * the graph declares.
 */
export function frameKey(inputs: Tensors, declared: readonly SessionInput[]): string | undefined {
  if (inputs.size !== declared.length) return undefined
  let key = ''
  for (const { name, datatype } of declared) {
    const value = inputs.get(name)
    if (value === undefined || value.datatype !== datatype) return undefined
    key += `${value.shape.join()};`
  }
  return key
}
