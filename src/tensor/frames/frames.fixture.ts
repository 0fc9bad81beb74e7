import fc from 'fast-check'
import { DATATYPES, elementSizeBytes } from '../datatype.ts'
import { tensor, viewAs, type Tensor, type Tensors } from '../tensor.ts'
import type { FrameRequest } from './frame.ts'
import type { Pieces } from './write-frame.ts'

/** A tensor of any datatype and any bits. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
  })
  .chain(({ datatype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    if (datatype === 'BYTES')
      return fc
        .array(fc.uint8Array({ maxLength: 9 }), { minLength: count, maxLength: count })
        .map((data) => tensor('BYTES', shape, data))
    const sizeBytes = count * elementSizeBytes(datatype)
    return fc
      .uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
      .map((bytes) => tensor(datatype, shape, viewAs(datatype, Uint8Array.from(bytes))))
  })

export const anyTensors: fc.Arbitrary<Tensors> = fc
  .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('x', '__proto__', 'é', '12')), anyTensor), { maxLength: 4 })
  .map((entries) => new Map(entries))

export const anyRequest: fc.Arbitrary<FrameRequest> = fc.record({
  model: fc.constantFrom(undefined, 'm', 'fraud-ü'),
  version: fc.constantFrom(undefined, '0'.repeat(64)),
  inputs: anyTensors,
  outputs: fc.array(fc.string(), { maxLength: 4 }),
  timeoutMs: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }), { nil: undefined }),
  priority: fc.constantFrom(undefined, 1, 2, 3),
  key: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
})

export function joined(...frames: Pieces[]): Buffer {
  return Buffer.concat(frames.flat())
}

/** A change to a stream's bytes. */
interface Mutation {
  readonly at: number
  readonly how: 'set' | 'cut' | 'insert' | 'huge'
  readonly byte: number
}

export const someDamage: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    at: fc.nat({ max: 100_000 }),
    how: fc.constantFrom<Mutation['how']>('set', 'cut', 'insert', 'huge'),
    byte: fc.nat({ max: 255 }),
  }),
  { minLength: 1, maxLength: 4 },
)

export function damagedBy(mutations: readonly Mutation[], stream: Buffer): Buffer {
  return mutations.reduce(mutate, stream)
}

function mutate(stream: Buffer, { at: place, how, byte }: Mutation): Buffer {
  if (stream.length === 0) return stream
  const at = place % stream.length
  if (how === 'cut') return stream.subarray(0, at)
  if (how === 'insert') return Buffer.concat([stream.subarray(0, at), Buffer.of(byte), stream.subarray(at)])
  const changed = Buffer.from(stream)
  if (how === 'huge' && at + 4 <= stream.length) changed.writeUInt32LE(0xffff_fff8, at)
  else changed[at] = byte
  return changed
}
