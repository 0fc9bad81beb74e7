import { readFileSync, readdirSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { OnnxTensor } from './model.ts'
import { MessageWriter } from './message-writer.ts'
import { readOnnx } from './read.ts'
import { validateOnnx } from './validate.ts'
import { writeOnnx } from './write.ts'

/** A message made by hand, for files that our writer would not write. */
function message(fill: (out: MessageWriter) => void): MessageWriter {
  const out = new MessageWriter()
  fill(out)
  return out
}

const modelWith = (fillGraph: (out: MessageWriter) => void, fillModel: (out: MessageWriter) => void = () => {}) =>
  message((out) => {
    out.integer(1, 8)
    out.message(7, message(fillGraph))
    fillModel(out)
  }).finish()

const fileWithTensor = (fill: (out: MessageWriter) => void) =>
  modelWith((graph) =>
    graph.message(
      5,
      message((tensor) => {
        tensor.text(8, 'w')
        fill(tensor)
      }),
    ),
  )

function readTensor(fill: (out: MessageWriter) => void): OnnxTensor {
  const tensor = readOnnx(fileWithTensor(fill)).graph.initializers.get('w')
  if (tensor === undefined) throw new Error('the tensor is missing')
  return tensor
}

/** Dims and type of a tensor. */
const head = (out: MessageWriter, type: number, ...shape: number[]) => {
  if (shape.length > 0) out.packedInt64(1, shape)
  out.integer(2, type)
}

const entry = (key: string, value: string) =>
  message((out) => {
    out.text(1, key)
    out.text(2, value)
  })

const attributeFile = (fill: (out: MessageWriter) => void) =>
  modelWith((graph) =>
    graph.message(
      1,
      message((node) => node.message(5, message(fill))),
    ),
  )

const readAttribute = (fill: (out: MessageWriter) => void) =>
  readOnnx(attributeFile(fill)).graph.nodes[0]?.attributes.get('a')

test('a file without a graph, an empty one too, is refused', () => {
  expect(() => readOnnx(new Uint8Array(0))).toThrow('there is no graph')
})

test('text, JSON and pickles are refused as no ONNX', () => {
  for (const text of ['hello, world', '{"learner": {}}', '\x80\x05\x95\x10', 'tree\nversion=v4\n', '<html>'])
    expect(() => readOnnx(new TextEncoder().encode(text))).toThrow(ServingError)
})

test('a second graph is refused, not merged with the first', () => {
  const file = modelWith(
    () => {},
    (model) =>
      model.message(
        7,
        message(() => {}),
      ),
  )
  expect(() => readOnnx(file)).toThrow('the model has two graphs')
})

test('a plain field that stands twice counts with its last value', () => {
  const file = modelWith(
    () => {},
    (model) => {
      model.text(2, 'first')
      model.text(2, 'second')
    },
  )
  expect(readOnnx(file).producerName).toBe('second')
})

test('training information, sparse initializers, overloads and devices are refused by name', () => {
  const none = message(() => {})
  const inModel = (field: number) =>
    modelWith(
      () => {},
      (model) => model.message(field, none),
    )
  expect(() => readOnnx(inModel(20))).toThrow(expect.objectContaining({ code: 'unsupported' }))
  expect(() => readOnnx(inModel(26))).toThrow('spread over several devices')
  expect(() => readOnnx(modelWith((graph) => graph.message(15, none)))).toThrow('sparse initializer')
  const overload = message((node) => node.text(8, 'v2'))
  expect(() => readOnnx(modelWith((graph) => graph.message(1, overload)))).toThrow('the function overload "v2"')
})

test('an operator set may be imported twice at one version, not at two', () => {
  const opset = (domain: string, version: number) =>
    message((out) => {
      out.text(1, domain)
      out.integer(2, version)
    })
  const file = (second: number) =>
    modelWith(
      () => {},
      (model) => {
        model.message(8, opset('', 17))
        model.message(8, opset('ai.onnx', second))
      },
    )
  expect(readOnnx(file(17)).opsets).toEqual(new Map([['', 17]]))
  expect(() => readOnnx(file(18))).toThrow('operator set "" is given twice')
})

test('initializers, attributes and metadata of one name are refused', () => {
  const tensor = message((out) => {
    out.text(8, 'w')
    head(out, 1, 0)
  })
  const twice = modelWith((graph) => {
    graph.message(5, tensor)
    graph.message(5, tensor)
  })
  expect(() => readOnnx(twice)).toThrow('initializer "w" is given twice')
  const attribute = message((out) => {
    out.text(1, 'a')
    out.integer(20, 2)
  })
  const node = message((out) => {
    out.message(5, attribute)
    out.message(5, attribute)
  })
  expect(() => readOnnx(modelWith((graph) => graph.message(1, node)))).toThrow('attribute "a" is given twice')
  const metadata = modelWith(
    () => {},
    (model) => {
      model.message(14, entry('k', '1'))
      model.message(14, entry('k', '2'))
    },
  )
  expect(() => readOnnx(metadata)).toThrow('"k" is given twice')
})

test('graphs nested 100,000 deep are refused by a limit, not by the stack', () => {
  // each level: GraphProto.node(1) > NodeProto.attribute(5) > name, type and g(6); lengths from the inside out
  const levels = 100_000
  const size = (n: number) => (n < 128 ? 1 : n < 16_384 ? 2 : n < 2_097_152 ? 3 : 4)
  const sizes: number[][] = []
  let graph = 0
  for (let i = 0; i < levels; i++) {
    const attribute = 3 + 3 + 1 + size(graph) + graph
    const node = 1 + size(attribute) + attribute
    sizes.push([node, attribute, graph])
    graph = 1 + size(node) + node
  }
  const out: number[] = []
  const length = (n: number) => {
    let rest = n
    for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
    out.push(rest)
  }
  out.push(8, 8, 0x3a)
  length(graph)
  for (const [node, attribute, inner] of sizes.reverse()) {
    out.push(0x0a)
    length(node ?? 0)
    out.push(0x2a)
    length(attribute ?? 0)
    out.push(0x0a, 1, 0x67, 0xa0, 0x01, 5, 0x32)
    length(inner ?? 0)
  }
  expect(() => readOnnx(Uint8Array.from(out))).toThrow(
    expect.objectContaining({ code: 'refused', details: expect.objectContaining({ limit: 'graphDepth', found: 17 }) }),
  )
  const limits = { graphDepth: levels, nodes: 3 * levels }
  expect(readOnnx(Uint8Array.from(out), limits).graph.nodes).toHaveLength(1)
})

test('types nested 2,000 deep are refused by a limit, not by the stack', () => {
  let type = message(() => {})
  for (let i = 0; i < 2000; i++) {
    const inner = type
    type = message((out) =>
      out.message(
        4,
        message((sequence) => sequence.message(1, inner)),
      ),
    )
  }
  const file = modelWith((graph) =>
    graph.message(
      11,
      message((value) => value.message(2, type)),
    ),
  )
  expect(() => readOnnx(file)).toThrow('17 or more types inside one another')
  expect(() => readOnnx(file, { typeDepth: 5000 })).toThrow('does not say of what')
})

test('a tensor that claims a huge size allocates nothing for it', () => {
  const before = process.memoryUsage().arrayBuffers
  expect(() => readTensor((out) => head(out, 1, 2 ** 31 - 1))).toThrow('has no data of any kind')
  expect(() => readTensor((out) => head(out, 1, 2 ** 32, 2 ** 32, 2 ** 32))).toThrow(`over ${2 ** 31 - 1} elements`)
  expect(() =>
    readTensor((out) => {
      head(out, 1, 2 ** 31 - 1)
      out.bytes(9, new Uint8Array(4))
    }),
  ).toThrow('needs 8589934588 bytes of raw_data, it has 4')
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
})

test.each<[string, number, number[], (out: MessageWriter) => void, string]>([
  ['a negative size', 1, [-1], () => {}, 'sizes are whole, from 0 up'],
  ['no data', 1, [2], () => {}, 'has no data of any kind'],
  ['too little raw data', 1, [2], (out) => out.bytes(9, new Uint8Array(7)), 'needs 8 bytes of raw_data, it has 7'],
  ['too much raw data', 1, [2], (out) => out.bytes(9, new Uint8Array(9)), 'needs 8 bytes of raw_data, it has 9'],
  ['too few typed numbers', 7, [2], (out) => out.packedInt64(7, [1]), 'should have 2 array elements, it has 1'],
  ['the wrong typed field', 1, [1], (out) => out.packedInt64(7, [1]), 'is FP32, which int64_data cannot hold'],
  ['strings as raw data', 8, [1], (out) => out.bytes(9, new Uint8Array(1)), 'is BYTES, which raw_data cannot hold'],
  ['a BOOL byte of 2', 9, [2], (out) => out.bytes(9, Uint8Array.of(1, 2)), 'its element 1 is 2; 0 and 1 are allowed'],
  ['a typed BOOL of 256', 9, [1], (out) => out.packedInt64(5, [256]), '0 to 1 is allowed'],
  ['an INT8 of 128', 3, [1], (out) => out.packedInt64(5, [128]), '-128 to 127 is allowed'],
  ['an INT32 of 33 bits', 6, [1], (out) => out.packedInt64(5, [2 ** 32 + 1]), 'does not fit 32 bits'],
  ['a half of 17 bits', 10, [1], (out) => out.packedInt64(5, [65536]), '0 to 65535 is allowed'],
  ['a UINT32 of 33 bits', 12, [1], (out) => out.packedInt64(11, [2 ** 32]), 'its element 0 is 4294967296'],
  ['an unknown type', 99, [1], (out) => out.bytes(9, new Uint8Array(1)), 'the data type number 99'],
  ['no type', 0, [1], (out) => out.bytes(9, new Uint8Array(1)), 'the data type number 0, none'],
  [
    'a segment',
    1,
    [1],
    (out) =>
      out.message(
        3,
        message(() => {}),
      ),
    'a segment of a larger one',
  ],
  ['17 dimensions', 1, Array<number>(17).fill(1), () => {}, '17 or more dimensions'],
])('a tensor with %s is refused', (_what, type, shape, fill, expected) => {
  expect(() =>
    readTensor((out) => {
      head(out, type, ...shape)
      fill(out)
    }),
  ).toThrow(expected)
})

test('a tensor with its data twice is refused', () => {
  expect(() =>
    readTensor((out) => {
      head(out, 7, 1)
      out.packedInt64(7, [1])
      out.bytes(9, new Uint8Array(8))
    }),
  ).toThrow('holds its data twice: int64_data and raw_data')
})

test('typed data, packed or not, is read as raw data is', () => {
  const packed = readTensor((out) => {
    head(out, 3, 3)
    out.packedInt64(5, [-128, 0, 127])
  })
  const apart = readTensor((out) => {
    head(out, 3, 3)
    for (const value of [-128n, 0n, 127n]) out.int64(5, value)
  })
  expect(packed.data).toEqual(Int8Array.of(-128, 0, 127))
  expect(apart).toEqual(packed)
  const floats = readTensor((out) => {
    head(out, 1, 3)
    out.float32(4, 1.5)
    out.bytes(4, new Uint8Array(Float32Array.of(-0, Infinity).buffer))
  })
  expect(floats.data).toEqual(Float32Array.of(1.5, -0, Infinity))
})

test('raw data is a view into the file where it is aligned, and right where it is not', () => {
  const values = Float32Array.of(1, 2, 3, 4)
  const file = fileWithTensor((out) => {
    head(out, 1, 4)
    out.bytes(9, new Uint8Array(values.buffer))
  })
  const padded = new Uint8Array(file.length + 8)
  let views = 0
  for (let shift = 0; shift < 4; shift++) {
    const bytes = padded.subarray(shift, shift + file.length)
    bytes.set(file)
    const data = readOnnx(bytes).graph.initializers.get('w')?.data as Float32Array
    expect(data).toEqual(values)
    if (data.buffer === padded.buffer) views++
  }
  expect(views).toBe(1)
})

test.each<[string, [string, string][], string]>([
  ['no location', [['offset', '0']], 'names no location'],
  [
    'an unknown key',
    [
      ['location', 'a'],
      ['basepath', '/'],
    ],
    'the external data key "basepath"',
  ],
  [
    'a negative offset',
    [
      ['location', 'a'],
      ['offset', '-1'],
    ],
    'the external data offset "-1"',
  ],
  [
    'a fraction',
    [
      ['location', 'a'],
      ['length', '1.5'],
    ],
    'the external data length "1.5"',
  ],
  [
    'a length beyond 2^53',
    [
      ['location', 'a'],
      ['length', '99999999999999999999'],
    ],
    'a whole number from 0 up is due',
  ],
])('external data with %s is refused', (_what, entries, expected) => {
  const read = () =>
    readTensor((out) => {
      head(out, 1, 1)
      for (const [key, value] of entries) out.message(13, entry(key, value))
      out.integer(14, 1)
    })
  expect(read).toThrow(expected)
})

test('a tensor is external or in the file, not both and not by half', () => {
  const external = (location: number, raw: boolean) =>
    readTensor((out) => {
      head(out, 1, 1)
      if (raw) out.bytes(9, new Uint8Array(4))
      out.message(13, entry('location', 'a'))
      out.integer(14, location)
    })
  expect(external(1, false).external).toEqual({ location: 'a', offset: 0, length: undefined })
  expect(() => external(1, true)).toThrow('is said to be external, but holds raw_data too')
  expect(() => external(0, true)).toThrow('its data_location is not EXTERNAL')
  expect(() => external(2, false)).toThrow('data_location is 2')
})

test('an attribute holds what its type says, or is refused', () => {
  const named = (type: number, fill: (out: MessageWriter) => void = () => {}) =>
    readAttribute((out) => {
      out.text(1, 'a')
      fill(out)
      if (type !== 0) out.integer(20, type)
    })
  expect(named(2)).toEqual({ type: 'int', value: 0n })
  expect(named(7)).toEqual({ type: 'ints', value: new BigInt64Array(0) })
  expect(() => named(2, (out) => out.float32(2, 1))).toThrow('attribute "a" is declared int, but holds float')
  expect(() => named(4)).toThrow('attribute "a" is declared tensor, but holds none')
  expect(() => named(0, (out) => out.int64(3, 1n))).toThrow('attribute "a" has the type number 0')
  expect(() => named(11)).toThrow('attribute "a" is of type SPARSE_TENSOR')
  const referring = (out: MessageWriter) => out.text(21, 'b')
  expect(named(2, referring)).toEqual({ type: 'reference', value: 'b', of: 2 })
  const both = (out: MessageWriter) => {
    out.int64(3, 1n)
    referring(out)
  }
  expect(() => named(2, both)).toThrow('has a value and refers to "b" too')
})

test('every NaN of an attribute is written as the same one', () => {
  const written = (nan: number) => {
    const file = attributeFile((out) => {
      out.text(1, 'a')
      out.float32(2, Infinity)
      out.integer(20, 1)
    })
    const view = new DataView(file.buffer)
    view.setUint32(file.lastIndexOf(0x7f) - 3, nan, true) // where infinity's last byte stands
    return writeOnnx(readOnnx(file))
  }
  expect(written(0xffa0_0001)).toEqual(written(0x7fc0_0000))
})

test('limits are met before the work that they bound', () => {
  const nodes = modelWith((graph) => {
    for (let i = 0; i < 20; i++)
      graph.message(
        1,
        message((node) => node.text(1, 'x')),
      )
  })
  expect(() => readOnnx(nodes, { nodes: 19 })).toThrow('20 or more nodes')
  expect(() => readOnnx(nodes, { values: 19 })).toThrow('20 or more names of values')
  expect(() => readOnnx(nodes, { fileBytes: 10 })).toThrow(expect.objectContaining({ code: 'too_large' }))
  expect(() => readOnnx(nodes, { nameBytes: 0 })).toThrow('1 or more bytes in one name')
  const numbers = fileWithTensor((out) => {
    head(out, 7, 100)
    out.packedInt64(7, Array<number>(100).fill(1))
  })
  expect(() => readOnnx(numbers, { decodedElements: 99 })).toThrow('100 or more numbers to decode')
  expect(() => readOnnx(numbers, { tensors: 0 })).toThrow('1 or more tensors')
})

test('every default limit is a positive whole number', () => {
  for (const limit of Object.values(DEFAULT_LIMITS)) expect(Number.isSafeInteger(limit) && limit > 0).toBe(true)
})

test(
  'real files with any few bytes changed are read or refused, and nothing else happens',
  { timeout: 120_000 },
  () => {
    const folder = new URL('fixtures/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
    const originals = files.map((name) => readFileSync(new URL(name, folder)))
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (original, changes) => {
          const bytes = Uint8Array.from(original)
          for (const [at, to] of changes) bytes[at % bytes.length] = to
          try {
            validateOnnx(readOnnx(bytes))
          } catch (error) {
            if (!(error instanceof ServingError)) throw error
          }
        },
      ),
      { numRuns: 2000 },
    )
  },
)
