import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import { tensor, type Tensors } from '../tensor.ts'
import { DEFAULT_MAX_FRAME_BYTES, HEADER_BYTES, MAX_BYTES_ELEMENTS, type Frame } from './frame.ts'
import { contentsOf } from '../content.fixture.ts'
import { anyRequest, anyTensors, damagedBy, joined, someDamage } from './frames.fixture.ts'
import { createFrameReader } from './read-frame.ts'
import { encodeAnswer, encodeCancel, encodeFailure, encodeGoodbye, encodeRequest, type Pieces } from './write-frame.ts'
import { column } from '../../runtime/remote/tenfold.fixture.ts'

const MAX = DEFAULT_MAX_FRAME_BYTES

/** Reads a stream that arrives in pieces cut at these places. */
function read(stream: Uint8Array, cuts: readonly number[] = [], maxFrameBytes = MAX): Frame[] {
  const frames: Frame[] = []
  const reader = createFrameReader(maxFrameBytes, (frame) => frames.push(frame))
  const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  for (let i = 1; i < edges.length; i++) reader.push(Uint8Array.from(stream.subarray(edges[i - 1], edges[i])))
  return frames
}

/** A frame as plain data. */
function plain(frame: Frame): unknown {
  if (frame.kind === 'request')
    return { ...frame, request: { ...frame.request, inputs: contentsOf(frame.request.inputs) } }
  if (frame.kind === 'answer') return { ...frame, outputs: contentsOf(frame.outputs) }
  return frame.kind === 'failure' ? { ...frame, error: frame.error.toJSON() } : frame
}

const id = fc.nat({ max: 0xffff_ffff })
const cuts = fc.array(fc.nat({ max: 100_000 }), { maxLength: 12 })

/** Any frame: what is sent, and what should come out. */
const anyFrame: fc.Arbitrary<{ pieces: Pieces; expected: unknown }> = fc.oneof(
  fc.tuple(id, anyRequest).map(([id, request]) => ({
    pieces: encodeRequest(id, request, MAX),
    expected: plain({ kind: 'request', id, request }),
  })),
  fc.tuple(id, anyTensors).map(([id, outputs]) => ({
    pieces: encodeAnswer(id, outputs, MAX),
    expected: plain({ kind: 'answer', id, outputs }),
  })),
  fc
    .tuple(id, fc.constantFrom(...ERROR_CODES), fc.string(), fc.dictionary(fc.string(), fc.jsonValue()))
    .map(([id, code, message, details]) => {
      const error = new ServingError(code, message, { details: JSON.parse(JSON.stringify(details)) as typeof details })
      return { pieces: encodeFailure(id, error), expected: { kind: 'failure', id, error: error.toJSON() } }
    }),
  id.map((id) => ({ pieces: encodeCancel(id), expected: { kind: 'cancel', id } })),
  fc.constant({ pieces: encodeGoodbye(), expected: { kind: 'goodbye' } }),
)

describe('frames', () => {
  test('come out as they went in, bit for bit, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), cuts, (frames, cuts) => {
        const stream = joined(...frames.map(({ pieces }) => pieces))
        expect(read(stream, cuts).map(plain)).toEqual(frames.map(({ expected }) => expected))
      }),
      { numRuns: 500 },
    )
  })

  test('come out the same when every byte comes alone', () => {
    const stream = joined(encodeRequest(1, requestOf(column(1, 2, 3)), MAX), encodeCancel(1), encodeGoodbye())
    const everywhere = Array.from(stream, (_, i) => i)
    expect(read(stream, everywhere).map(plain)).toEqual(read(stream).map(plain))
    expect(read(stream)).toHaveLength(3)
  })

  test('with long tensors are views of them, not copies, and come out in memory of their own', () => {
    const data = Float64Array.from({ length: 10_001 }, (_, i) => i)
    const flags = Uint8Array.from({ length: 20_003 }, (_, i) => i & 1)
    const words = Array.from({ length: 3001 }, (_, i) => Buffer.from('w'.repeat(i % 11)))
    const inputs: Tensors = new Map([
      ['flags', tensor('BOOL', [20_003], flags)],
      ['words', tensor('BYTES', [3001], words)],
      ['x', tensor('FP64', [10_001], data)],
    ])
    const pieces = encodeRequest(7, requestOf(inputs), MAX)
    expect(pieces.filter(({ buffer }) => buffer === data.buffer || buffer === flags.buffer)).toHaveLength(2)
    const stream = joined(pieces)
    for (const cuts of [[], [5, 40, 1000, 50_000]]) {
      const [frame] = read(stream, cuts)
      const found = (frame as Extract<Frame, { kind: 'request' }>).request.inputs
      expect(contentsOf(found)).toEqual(contentsOf(inputs))
    }
  })

  test('of any size between what is copied and what is viewed are whole', () => {
    for (let rows = 2030; rows < 2060; rows++) {
      const outputs = new Map([
        ['y', tensor('UINT8', [rows * 8 + (rows % 8)], new Uint8Array(rows * 8 + (rows % 8)).fill(rows))],
      ])
      const [frame] = read(joined(encodeAnswer(1, outputs, MAX)), [rows, 4 * rows])
      expect(contentsOf((frame as Extract<Frame, { kind: 'answer' }>).outputs)).toEqual(contentsOf(outputs))
    }
  })

  test('carry nothing of this process between their parts', () => {
    fc.assert(
      fc.property(anyRequest, anyTensors, (request, outputs) => {
        const encode = () => joined(encodeRequest(1, request, MAX), encodeAnswer(2, outputs, MAX), encodeCancel(1))
        const [one, other] = [0x11, 0xee].map((old) => {
          const memory = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => Buffer.alloc(size, old))
          try {
            return encode()
          } finally {
            memory.mockRestore()
          }
        })
        expect(one).toEqual(other)
      }),
    )
  })

  test('share no memory when they come together', () => {
    const frames = read(joined(encodeAnswer(1, column(1), MAX), encodeAnswer(2, column(2), MAX)))
    const buffers = frames.map((frame) => (frame as Extract<Frame, { kind: 'answer' }>).outputs.get('x')?.data)
    expect((buffers[0] as Float64Array).buffer).not.toBe((buffers[1] as Float64Array).buffer)
  })
})

function requestOf(inputs: Tensors) {
  return { model: 'm', version: undefined, inputs, outputs: ['y'], timeoutMs: 100, priority: undefined }
}

/** What a stream ends in: its frames, or the damage that was found. */
function outcomeOf(stream: Uint8Array, cuts: readonly number[] = [], maxFrameBytes = 1_000_000): unknown {
  try {
    return read(stream, cuts, maxFrameBytes).length
  } catch (error) {
    return error
  }
}

const damage = { code: 'refused', details: { reason: 'damaged_frame' } }

describe('a damaged stream', () => {
  test('is found out or is another valid one; it never breaks the reader, and takes no memory above the limit', () => {
    let found = 0
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 3 }), someDamage, cuts, (frames, mutations, cuts) => {
        const stream = damagedBy(mutations, joined(...frames.map(({ pieces }) => pieces)))
        const outcome = outcomeOf(stream, cuts)
        if (typeof outcome === 'number') return
        found++
        expect(outcome).toMatchObject(damage)
      }),
      { numRuns: 3000 },
    )
    expect(found).toBeGreaterThan(1000)
  })

  test('that is no stream of ours at all ends at its first bytes', () => {
    for (const text of ['GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', '\0'.repeat(40), 'x'.repeat(100_000)])
      expect(outcomeOf(Buffer.from(text))).toMatchObject({
        ...damage,
        message: 'damaged frame: it does not begin as frames do',
      })
  })

  test.each<[string, (frame: Buffer) => void, string]>([
    ['an unknown kind', (frame) => frame.writeUInt32LE(6, 4), 'there is no kind 6'],
    ['a frame above the limit', (frame) => frame.writeUInt32LE(999_976 + 8, 16), 'the most is 1000000'],
    ['a frame of 4 GiB', (frame) => frame.writeUInt32LE(0xffff_fff8, 16), 'the most is 1000000'],
    ['a head above the limit', (frame) => frame.writeUInt32LE(2 ** 20 + 8, 12), 'the most is 1048576'],
    ['a part off the border', (frame) => frame.writeUInt32LE(frame.readUInt32LE(16) - 1, 16), 'not padded'],
    ['more tensors than are there', (frame) => frame.writeUInt16LE(9, HEADER_BYTES), 'its head ends too soon'],
    ['fewer tensors than are there', (frame) => frame.writeUInt16LE(0, HEADER_BYTES), 'longer than'],
    ['an unknown datatype', (frame) => frame.writeUInt8(99, HEADER_BYTES + 5), 'there is no datatype 99'],
    ['a negative size', (frame) => frame.writeDoubleLE(-1, HEADER_BYTES + 7), 'sizes are whole, from 0 up'],
    ['half a row', (frame) => frame.writeDoubleLE(1.5, HEADER_BYTES + 7), 'sizes are whole, from 0 up'],
    ['more rows than are there', (frame) => frame.writeDoubleLE(2 ** 30, HEADER_BYTES + 7), 'shorter than its tensors'],
    ['fewer rows than are there', (frame) => frame.writeDoubleLE(1, HEADER_BYTES + 7), 'longer than its tensors'],
    [
      'too many rows for any tensor',
      (frame) => frame.writeDoubleLE(2 ** 50, HEADER_BYTES + 7),
      'has over 2147483647 elements',
    ],
  ])('with %s is named', (_what, change, message) => {
    const frame = joined(encodeAnswer(1, column(1, 2), MAX))
    change(frame)
    expect(outcomeOf(frame)).toMatchObject({ ...damage, message: expect.stringContaining(message) as string })
  })

  test('whose BYTES elements claim more than is there is found before they are made', () => {
    const words = new Map([['w', tensor('BYTES', [2], [Buffer.from('ab'), Buffer.from('c')])]])
    const frame = joined(encodeAnswer(1, words, MAX))
    const lengths = frame.length - 16
    expect(frame.readUInt32LE(lengths)).toBe(2)
    frame.writeUInt32LE(0xffff_ffff, lengths)
    expect(outcomeOf(frame)).toMatchObject({
      ...damage,
      message: 'damaged frame: its body is shorter than its tensors',
    })
  })

  test('is at its end: a whole frame after the damage is not taken for an answer', () => {
    const taken: Frame[] = []
    const reader = createFrameReader(MAX, (frame) => taken.push(frame))
    expect(() => reader.push(Buffer.from('garbage'.repeat(100)))).toThrow('it does not begin as frames do')
    expect(() => reader.push(joined(encodeAnswer(1, column(1, 2), MAX)))).toThrow('it does not begin as frames do')
    expect(taken).toEqual([])
  })

  test('with two tensors of one name is found', () => {
    const frame = joined(encodeAnswer(1, new Map([...column(1), ['z', tensor('FP64', [1], Float64Array.of(1))]]), MAX))
    frame[frame.indexOf('z')] = 'x'.charCodeAt(0)
    expect(outcomeOf(frame)).toMatchObject({ ...damage, message: 'damaged frame: two tensors have one name' })
  })

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"code":"nonsense","message":"m","details":{}}',
    '{"code":"internal","message":1,"details":{}}',
    '{"code":"internal","message":"m","details":[]}',
  ])('with the failure %j is found', (text) => {
    const frame = joined(encodeFailure(1, new ServingError('internal', 'x'.repeat(100))))
    frame.fill(' ', HEADER_BYTES)
    frame.write(text, HEADER_BYTES)
    expect(outcomeOf(frame)).toMatchObject(damage)
  })
})

describe('what does not cross', () => {
  test("is a frame above the other side's limit", () => {
    const inputs = new Map([['x', tensor('FP64', [1000], new Float64Array(1000))]])
    expect(() => encodeRequest(1, requestOf(inputs), 8000)).toThrow(
      expect.objectContaining({ code: 'too_large', details: { sizeBytes: 8000, maxBytes: 8000 } }),
    )
  })

  test('is more BYTES elements than the other side makes', () => {
    const nothing = new Uint8Array(0)
    const data = Array.from({ length: MAX_BYTES_ELEMENTS + 1 }, () => nothing)
    expect(() => encodeAnswer(1, new Map([['w', tensor('BYTES', [data.length], data)]]), MAX)).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
  })

  test('is a tensor whose shape is not its data', () => {
    const outputs = new Map([['y', { datatype: 'FP64', shape: [3], data: new Float64Array(2) } as const]])
    expect(() => encodeAnswer(1, outputs, MAX)).toThrow('this is a bug')
  })

  test('are details of a failure that are no JSON, and its cause', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const error = new ServingError('internal', 'm'.repeat(9999), { details: circle, cause: new Error('secret') })
    const [frame] = read(joined(encodeFailure(1, error)))
    expect(plain(frame as Frame)).toEqual({
      kind: 'failure',
      id: 1,
      error: { error: { code: 'internal', message: 'm'.repeat(4096), details: {} } },
    })
    const [big] = read(joined(encodeFailure(1, new ServingError('internal', '', { details: { rows: 12n } }))))
    expect((big as Extract<Frame, { kind: 'failure' }>).error.details).toEqual({ rows: '12' })
  })
})
