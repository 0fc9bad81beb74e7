import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { bytesOfText, check, type Library } from './library.ts'
import { callOffLoop } from './off-loop.ts'
import { readValue } from './read-value.ts'
import type { MarkLabel } from './run-marks.ts'
import { createValue } from './write-value.ts'
import { Words } from './words.ts'

/** Names as C has them, kept for as long as a session: the same ones come with every run. */
export class Names {
  readonly #ort: Library
  readonly #known = new Map<string, { readonly bytes: Uint8Array; readonly address: number }>()

  constructor(ort: Library) {
    this.#ort = ort
  }

  /** @param name of an input or output of the graph: no others come, as many as they like */
  addressOf(name: string): number {
    let known = this.#known.get(name)
    if (known === undefined) {
      const bytes = bytesOfText(name)
      known = { bytes, address: this.#ort.address(bytes) }
      this.#known.set(name, known)
    }
    return known.address
  }
}

/**
 * One run with values made for it: of any datatypes, any shapes. Inputs are read where they lie; what the model gives is
 * copied out.
 */
export class Run {
  readonly #ort: Library
  readonly #session: number
  readonly #wanted: readonly string[]
  /** Kept referenced: the values are over this memory. */
  readonly #inputs: Tensors
  /** Four lists: names of inputs, inputs, names of outputs, outputs. */
  readonly #words: Words
  readonly #made: number[] = []

  /**
   * @param isInTick whether it ends in the calling tick, and can share what such runs share
   * @throws {OrtError}
   */
  constructor(
    ort: Library,
    session: number,
    inputs: Tensors,
    wanted: readonly string[],
    names: Names,
    isInTick: boolean,
  ) {
    this.#ort = ort
    this.#session = session
    this.#wanted = wanted
    this.#inputs = inputs
    const count = 2 * (inputs.size + wanted.length)
    const isShared = isInTick && count <= ort.lists.length
    this.#words = isShared ? ort.lists : new Words(count, ort.address)
    // outputs that the library is to make
    for (let i = 0; i < wanted.length; i++) this.#words.set(count - wanted.length + i, 0)
    try {
      this.#fill(inputs, names)
    } catch (error) {
      this.release()
      throw error
    }
  }

  #fill(inputs: Tensors, names: Names): void {
    let i = 0
    for (const [name, tensor] of inputs) {
      const value = createValue(this.#ort, tensor)
      this.#made.push(value)
      this.#words.set(i, names.addressOf(name))
      this.#words.set(inputs.size + i, value)
      i++
    }
    this.#wanted.forEach((name, j) => this.#words.set(2 * inputs.size + j, names.addressOf(name)))
  }

  /** What `Run` of the library takes. */
  #arguments(options: number): number[] {
    const [inputs, outputs] = [this.#inputs.size, this.#wanted.length]
    const at = (list: number): number => this.#words.addressOf(list)
    return [this.#session, options, at(0), at(inputs), inputs, at(2 * inputs), outputs, at(2 * inputs + outputs)]
  }

  /** Runs in the calling tick. @throws {OrtError} */
  call(): void {
    check(this.#ort, this.#ort.Run(...this.#arguments(0)))
  }

  /**
   * Runs off the event loop.
   * @param options an OrtRunOptions, by which the run can be stopped
   * @param label what is marked as running meanwhile
   * @throws {OrtError} by rejecting
   */
  async callOffLoop(options: number, label: MarkLabel | undefined): Promise<void> {
    check(this.#ort, await callOffLoop(this.#ort.Run, this.#arguments(options), this, label))
  }

  /** What the model gave. @throws {ServingError} `unsupported` @throws {OrtError} */
  results(): Map<string, Tensor> {
    const outputs = new Map<string, Tensor>()
    this.#wanted.forEach((name, i) => outputs.set(name, readValue(this.#ort, this.#output(i), name)))
    return outputs
  }

  #output(i: number): number {
    return this.#words.get(2 * this.#inputs.size + this.#wanted.length + i)
  }

  /** Frees what the run made. */
  release(): void {
    for (const value of this.#made) this.#ort.ReleaseValue(value)
    this.#made.length = 0
    for (let i = 0; i < this.#wanted.length; i++) {
      const output = this.#output(i)
      if (output === 0) continue
      this.#ort.ReleaseValue(output)
      this.#words.set(2 * this.#inputs.size + this.#wanted.length + i, 0)
    }
  }
}
