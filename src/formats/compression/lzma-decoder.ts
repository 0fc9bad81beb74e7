import type { Output } from './output.ts'
import { damaged } from './problems.ts'
import type { Compression } from './index.ts'

/** How many bits of a byte's place and of the byte before choose the model of a literal, and of a place that of a match. */
export interface LzmaProperties {
  readonly literalContextBits: number
  readonly literalPositionBits: number
  readonly positionBits: number
}

/** The properties as one byte has them; undefined where it has none, or ones that xz refuses (lc + lp over 4). */
export function lzmaProperties(byte: number): LzmaProperties | undefined {
  if (byte >= 9 * 5 * 5) return undefined
  const literalContextBits = byte % 9
  const rest = (byte - literalContextBits) / 9
  const literalPositionBits = rest % 5
  if (literalContextBits + literalPositionBits > 4) return undefined
  return { literalContextBits, literalPositionBits, positionBits: (rest - literalPositionBits) / 5 }
}

const STATES = 12
const MAX_POSITION_STATES = 16
const LENGTH_STATES = 4
/** Distances from this slot on have bits of their own, and from the other on those bits are not modelled. */
const FIRST_MODELLED_SLOT = 4
const FIRST_DIRECT_SLOT = 14
const ALIGN_BITS = 4
const MIN_MATCH = 2
const LITERAL_MODELS = 0x300
const EVEN = 1024

/**
 * Decodes LZMA, the coding inside `.xz` and `.lzma` files: a range coder with adaptive bits, and a machine of twelve
 * states that tells literals, matches and repeated matches apart.
 * @see Igor Pavlov, "LZMA Specification" (the format; the code is ours)
 */
export class LzmaDecoder {
  readonly #compression: Compression
  readonly #output: Output

  // the range coder: 32-bit words without sign, kept as integers with one
  #input: Uint8Array
  #at = 0
  #end = 0
  #range = 0
  #code = 0

  // the models
  #literalContextBits = 0
  #literalMask = 0
  #positionMask = 0
  #literals = new Uint16Array()
  readonly #isMatch = new Uint16Array(STATES * MAX_POSITION_STATES)
  readonly #isRepeat = new Uint16Array(STATES)
  readonly #isOtherRepeat = new Uint16Array(STATES)
  readonly #isThirdRepeat = new Uint16Array(STATES)
  readonly #isFourthRepeat = new Uint16Array(STATES)
  readonly #isLongRepeat = new Uint16Array(STATES * MAX_POSITION_STATES)
  readonly #slots = new Uint16Array(LENGTH_STATES * 64)
  readonly #distances = new Uint16Array(128)
  readonly #align = new Uint16Array(1 << ALIGN_BITS)
  readonly #matchLength = new LengthModel()
  readonly #repeatLength = new LengthModel()

  // the machine
  #state = 0
  #first = 0
  #second = 0
  #third = 0
  #fourth = 0
  #windowBytes = 0
  /** Where in the output the window and the count of places begin. */
  #begin = 0

  /** @param input the file; `decode` says which part */
  constructor(compression: Compression, input: Uint8Array, output: Output) {
    this.#compression = compression
    this.#input = input
    this.#output = output
  }

  /** Forgets what was produced: matches reach back to here at most. @param windowBytes how far they reach at most */
  beginWindow(windowBytes: number): void {
    this.#begin = this.#output.length
    this.#windowBytes = windowBytes
  }

  /** Sets the properties, and the models anew. */
  configure({ literalContextBits, literalPositionBits, positionBits }: LzmaProperties): void {
    this.#literalContextBits = literalContextBits
    this.#literalMask = (1 << literalPositionBits) - 1
    this.#positionMask = (1 << positionBits) - 1
    const size = LITERAL_MODELS << (literalContextBits + literalPositionBits)
    if (this.#literals.length !== size) this.#literals = new Uint16Array(size)
    this.reset()
  }

  /** Sets the models and the machine to where they begin. */
  reset(): void {
    for (const models of [
      this.#literals,
      this.#isMatch,
      this.#isRepeat,
      this.#isOtherRepeat,
      this.#isThirdRepeat,
      this.#isFourthRepeat,
      this.#isLongRepeat,
      this.#slots,
      this.#distances,
      this.#align,
    ])
      models.fill(EVEN)
    this.#matchLength.reset()
    this.#repeatLength.reset()
    this.#state = 0
    this.#first = this.#second = this.#third = this.#fourth = 0
  }

  /**
   * Decodes one run of the range coder.
   * @param from of the input; `to` is where it may not read on
   * @param count how many bytes to produce; undefined where an end mark says it, which else may stand there too
   * @param mayBeMarked whether an end mark may stand where `count` bytes end
   * @returns where in the input the run ends
   * @throws {ServingError} `refused`, `too_large`
   */
  decode(from: number, to: number, count: number | undefined, mayBeMarked: boolean): number {
    this.#at = from
    this.#end = to
    this.#range = -1
    this.#code = 0
    if (this.#next() !== 0) throw this.#damaged('has no range coder where one should begin')
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8) | this.#next()
    const output = this.#output
    const until = count === undefined ? Infinity : output.length + count
    let isMarked = false
    while (output.length < until && !isMarked) isMarked = this.#step(until)
    // a known size, and a mark behind it
    if (!isMarked && mayBeMarked && count !== undefined && this.#code !== 0) isMarked = this.#step(until)
    if (isMarked && output.length < until !== (count === undefined)) throw this.#damaged('ends too early')
    if (isMarked && !mayBeMarked) throw this.#damaged('has an end mark where none may be')
    if (this.#code !== 0) throw this.#damaged('does not end where it should')
    return this.#at
  }

  /** A literal or a match. @returns whether it was the end mark */
  #step(until: number): boolean {
    const output = this.#output
    const place = (output.length - this.#begin) & this.#positionMask
    const state = this.#state
    if (this.#bit(this.#isMatch, (state << 4) + place) === 0) {
      this.#literal(until)
      return false
    }
    let length: number
    if (this.#bit(this.#isRepeat, state) === 0) {
      length = this.#length(this.#matchLength, place)
      const distance = this.#distance(length)
      this.#fourth = this.#third
      this.#third = this.#second
      this.#second = this.#first
      this.#first = distance
      this.#state = state < 7 ? 7 : 10
      if (distance === -1) return true
    } else if (this.#bit(this.#isOtherRepeat, state) === 0) {
      if (this.#bit(this.#isLongRepeat, (state << 4) + place) === 0) {
        this.#state = state < 7 ? 9 : 11
        this.#copy(1, until)
        return false
      }
      length = this.#length(this.#repeatLength, place)
      this.#state = state < 7 ? 8 : 11
    } else {
      let distance: number
      if (this.#bit(this.#isThirdRepeat, state) === 0) distance = this.#second
      else {
        if (this.#bit(this.#isFourthRepeat, state) === 0) distance = this.#third
        else {
          distance = this.#fourth
          this.#fourth = this.#third
        }
        this.#third = this.#second
      }
      this.#second = this.#first
      this.#first = distance
      length = this.#length(this.#repeatLength, place)
      this.#state = state < 7 ? 8 : 11
    }
    this.#copy(length, until)
    return false
  }

  #literal(until: number): void {
    const output = this.#output
    const at = output.length
    if (at >= until) throw this.#damaged('does not end where it should')
    if (at === output.bytes.length) output.reserve(1)
    const { bytes } = output
    const before = at > this.#begin ? (bytes[at - 1] as number) : 0
    const context =
      (((at - this.#begin) & this.#literalMask) << this.#literalContextBits) +
      (before >> (8 - this.#literalContextBits))
    const models = this.#literals
    const base = LITERAL_MODELS * context
    const state = this.#state
    let symbol = 1
    if (state >= 7) {
      // the byte that a match would have copied: it is another one, and tells the bits up to there
      const distance = (this.#first >>> 0) + 1
      let match = at - distance >= this.#begin ? (bytes[at - distance] as number) : 0
      do {
        const expected = (match >> 7) & 1
        match <<= 1
        const bit = this.#bit(models, base + ((1 + expected) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (bit !== expected) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(models, base + symbol)
    bytes[at] = symbol
    output.length = at + 1
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
  }

  #copy(length: number, until: number): void {
    const output = this.#output
    const distance = (this.#first >>> 0) + 1
    if (distance > output.length - this.#begin || distance > this.#windowBytes)
      throw this.#damaged('copies from before its beginning')
    if (output.length + length > until) throw this.#damaged('does not end where it should')
    output.repeat(distance, length)
  }

  #length(model: LengthModel, place: number): number {
    if (this.#bit(model.choice, 0) === 0) return MIN_MATCH + this.#tree(model.low, place << 3, 3)
    if (this.#bit(model.choice, 1) === 0) return MIN_MATCH + 8 + this.#tree(model.middle, place << 3, 3)
    return MIN_MATCH + 16 + this.#tree(model.high, 0, 8)
  }

  /** How far back, less one; -1 for the end mark. */
  #distance(length: number): number {
    const lengthState = Math.min(length - MIN_MATCH, LENGTH_STATES - 1)
    const slot = this.#tree(this.#slots, lengthState << 6, 6)
    if (slot < FIRST_MODELLED_SLOT) return slot
    const bits = (slot >> 1) - 1
    const start = (2 | (slot & 1)) << bits
    if (slot < FIRST_DIRECT_SLOT) return start + this.#reverseTree(this.#distances, start - slot, bits)
    const direct = this.#direct(bits - ALIGN_BITS) << ALIGN_BITS
    return (start + direct + this.#reverseTree(this.#align, 0, ALIGN_BITS)) | 0
  }

  #tree(models: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(models, base + symbol)
    return symbol - (1 << bits)
  }

  #reverseTree(models: Uint16Array, base: number, bits: number): number {
    let node = 1
    let symbol = 0
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(models, base + node)
      node = (node << 1) | bit
      symbol |= bit << i
    }
    return symbol
  }

  #direct(bits: number): number {
    let value = 0
    for (let i = 0; i < bits; i++) {
      this.#range >>>= 1
      const isSet = this.#code >>> 0 >= this.#range
      if (isSet) this.#code = (this.#code - this.#range) | 0
      value = (value << 1) | (isSet ? 1 : 0)
      if (this.#range < 0x100_0000) this.#normalize()
    }
    return value
  }

  #bit(models: Uint16Array, index: number): number {
    const probability = models[index] as number
    const range = this.#range
    const bound = Math.imul(range >>> 11, probability)
    if (this.#code >>> 0 < bound >>> 0) {
      models[index] = probability + ((2048 - probability) >> 5)
      this.#range = bound
      if (bound >>> 0 < 0x100_0000) this.#normalize()
      return 0
    }
    models[index] = probability - (probability >> 5)
    const rest = (range - bound) | 0
    this.#range = rest
    this.#code = (this.#code - bound) | 0
    if (rest >>> 0 < 0x100_0000) this.#normalize()
    return 1
  }

  #normalize(): void {
    this.#range <<= 8
    this.#code = (this.#code << 8) | this.#next()
  }

  #next(): number {
    if (this.#at >= this.#end) throw this.#damaged('ends too early')
    return this.#input[this.#at++] as number
  }

  #damaged(why: string): Error {
    return damaged(this.#compression, why)
  }
}

/** Lengths of matches: short ones by place, and long ones. */
class LengthModel {
  readonly choice = new Uint16Array(2)
  readonly low = new Uint16Array(MAX_POSITION_STATES << 3)
  readonly middle = new Uint16Array(MAX_POSITION_STATES << 3)
  readonly high = new Uint16Array(256)

  reset(): void {
    for (const models of [this.choice, this.low, this.middle, this.high]) models.fill(EVEN)
  }
}
