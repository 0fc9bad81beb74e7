import type { Dice } from '../../core/dice.fixture.ts'
import { anyPlace, spliced, SPLICES } from '../../core/splice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { describe } from './describe.ts'
import { numbersIn } from './numbers.ts'
import { isKind } from './refs.ts'
import type { PyValue } from './values.ts'
import { OP } from './opcodes.ts'
import { readPythonFile } from './read-joblib.ts'
import { pickleCases } from './shown.fixture.ts'

/** Most bytes of one pickle that is made. */
const MAX_BYTES = 20_000
const CODES = ['refused', 'unsupported', 'too_large']
const OPCODES = Object.values(OP)
const LENGTHS = [0, 1, 7, 0x7f, 0x80, 0xff, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

const good = pickleCases()
  .flatMap(({ forms }) => Object.values(forms).map((data) => Buffer.from(data, 'base64')))
  .filter((bytes) => bytes.length < MAX_BYTES)

/** Names that mean something to the reader, so that made-up programs get somewhere. */
const NAMES = [
  'numpy\ndtype',
  'numpy\nndarray',
  'numpy._core.multiarray\n_reconstruct',
  'numpy.core.multiarray\nscalar',
  'numpy._core.numeric\n_frombuffer',
  'numpy.ma.core\n_mareconstruct',
  'scipy.sparse._csr\ncsr_matrix',
  'scipy.sparse._coo\ncoo_matrix',
  'scipy.sparse.dok\ndok_matrix',
  'joblib.numpy_pickle\nNumpyArrayWrapper',
  'copyreg\n_reconstructor',
  'copy_reg\n__newobj__',
  'collections\nOrderedDict',
  '_codecs\nencode',
  'builtins\nset',
  'builtins\ngetattr',
  'builtins\nbytearray',
  'sklearn.svm._classes\nSVC',
  'os\nsystem',
]

const TEXTS = 'f8 i4 O U2 V8 S0 latin1 _shape indptr indices data dtype shape order C F K subclass __class__'.split(' ')

/**
 * A pickle that Python wrote, changed in some places, a program of random instructions, or one that makes random values and
 * calls of known names, changed or not.
 */
export function pickleMutant(dice: Dice): Buffer {
  const kind = dice.roll(8)
  if (kind === 0) {
    const program = Array.from({ length: dice.roll(60) }, () => instruction(dice))
    return Buffer.concat([...program, Buffer.of(OP.STOP)])
  }
  let bytes: Buffer = kind < 4 ? Buffer.concat([value(dice, 5), Buffer.of(OP.STOP)]) : Buffer.from(dice.pick(good))
  for (let left = dice.pick(kind < 4 ? [0, 0, 1] : [1, 1, 1, 2, 3, 6]); left > 0; left--) bytes = changed(dice, bytes)
  return bytes
}

const ITEM_BYTES: Readonly<Record<string, number>> = { f8: 8, i4: 4, i8: 8, b1: 1, U2: 8, f4: 4 }

/** Instructions that make one value. */
function value(dice: Dice, depth: number): Buffer {
  const values = (most: number): Buffer[] => dice.some(most, () => value(dice, depth - 1))
  const tuple = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.of(OP.MARK), ...items, Buffer.of(OP.TUPLE)])
  const number = (): Buffer => Buffer.of(OP.BININT1, dice.pick([0, 1, 1, 2, 2, 3, 8]))
  if (depth <= 0) return dice.roll(2) === 0 ? number() : plainValue(dice)
  const type = (): Buffer => {
    const made = Buffer.concat([
      Buffer.from('cnumpy\ndtype\n'),
      tuple([text(dice.pick(['f8', 'i4', 'i8', 'b1', 'O8', 'U2', 'V8', 'S0', 'c8', 'f2', 'M8', 'V3']))]),
      Buffer.of(OP.REDUCE),
    ])
    if (dice.roll(2) === 0) return made
    const order = text(dice.pick(['<', '>', '|']))
    const names = dice.roll(3) === 0 ? tuple([text('a')]) : Buffer.of(OP.NONE)
    const fields = dict([text('a'), tuple([depth > 1 ? type() : plainValue(dice), number()])])
    const inner =
      dice.roll(4) === 0 ? tuple([depth > 1 ? type() : plainValue(dice), tuple([number()])]) : Buffer.of(OP.NONE)
    const rest = [number(), order, inner, names, fields, number(), number(), number()]
    return Buffer.concat([made, tuple(dice.roll(9) === 0 ? values(9) : rest), Buffer.of(OP.BUILD)])
  }
  const array = (): Buffer => {
    const sides = dice.some(3, () => dice.pick([1, 1, 2, 2, 3]))
    const name = dice.pick(['f8', 'i4', 'i4', 'i8', 'b1', 'U2', 'f4'])
    const size = sides.reduce((product, side) => product * side, ITEM_BYTES[name] as number)
    const data = Buffer.from(Array.from({ length: size }, (_, i) => (i % 4 === 0 ? dice.roll(3) : 0)))
    const isFit = dice.roll(4) > 0
    const plainType = Buffer.concat([Buffer.from('cnumpy\ndtype\n'), text(name), Buffer.of(OP.TUPLE1, OP.REDUCE)])
    return Buffer.concat([
      Buffer.from('cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n'),
      Buffer.of(OP.NONE, OP.TUPLE2, OP.REDUCE),
      tuple([
        number(),
        isFit ? tuple(sides.map((side) => Buffer.of(OP.BININT1, side))) : tuple(dice.some(3, number)),
        isFit ? plainType : type(),
        Buffer.of(dice.pick([OP.NEWTRUE, OP.NEWFALSE])),
        isFit
          ? Buffer.concat([Buffer.of(OP.SHORT_BINBYTES, data.length), data])
          : dice.roll(4) === 0
            ? value(dice, depth - 1)
            : someBytes(dice),
      ]),
      Buffer.of(OP.BUILD),
    ])
  }
  switch (dice.roll(10)) {
    case 0:
      return tuple(values(4))
    case 1:
      return Buffer.concat([Buffer.of(OP.EMPTY_LIST, OP.MARK), ...values(5), Buffer.of(OP.APPENDS)])
    case 2:
      return dict(values(3).flatMap((item) => [plainValue(dice), item]))
    case 3:
      return type()
    case 4:
      return array()
    case 5: {
      // a sparse matrix of parts that may fit
      const names = ['_shape', 'indptr', 'indices', 'data', 'row', 'col', 'offsets', 'rows', 'dtype']
      const parts = names.flatMap((name) => [
        text(name),
        name === '_shape' ? tuple([number(), number()]) : name === 'dtype' ? type() : array(),
      ])
      const layout = dice.pick(['csr', 'csc', 'coo', 'dia', 'lil', 'bsr', 'dok'])
      const made = Buffer.from(`cscipy.sparse._${layout}\n${layout}_matrix\n)`)
      return Buffer.concat([made, Buffer.of(OP.NEWOBJ), dict(parts), Buffer.of(OP.BUILD)])
    }
    case 6: {
      const parts = [
        text('shape'),
        tuple([number()]),
        text('order'),
        text(dice.pick(['C', 'F'])),
        text('dtype'),
        type(),
      ]
      const made = Buffer.from('cjoblib.numpy_pickle\nNumpyArrayWrapper\n)')
      const of = Buffer.concat([text('subclass'), Buffer.from('cnumpy\nndarray\n')])
      return Buffer.concat([
        made,
        Buffer.of(OP.NEWOBJ),
        dict([...parts, of]),
        Buffer.of(OP.BUILD),
        someBytes(dice).subarray(2),
      ])
    }
    default: {
      const call = Buffer.concat([
        Buffer.from(`c${dice.pick(NAMES)}\n`),
        tuple(values(4)),
        Buffer.of(dice.pick([OP.REDUCE, OP.NEWOBJ])),
      ])
      if (dice.roll(2) === 0) return call
      return Buffer.concat([
        call,
        dice.roll(2) === 0 ? tuple(values(7)) : dict(values(2).flatMap((item) => [plainValue(dice), item])),
        Buffer.of(OP.BUILD),
      ])
    }
  }
}

function dict(parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(OP.EMPTY_DICT, OP.MARK), ...parts, Buffer.of(OP.SETITEMS)])
}

function plainValue(dice: Dice): Buffer {
  const kind = dice.roll(16)
  if (kind < 12) return instructions[kind % instructions.length]?.(dice) ?? Buffer.of(OP.NONE)
  return Buffer.from(`c${dice.pick(NAMES)}\n`)
}

const instructions: readonly ((dice: Dice) => Buffer)[] = [
  () => Buffer.of(OP.NONE),
  (dice) => Buffer.of(dice.pick([OP.NEWTRUE, OP.NEWFALSE, OP.EMPTY_TUPLE, OP.EMPTY_SET])),
  (dice) => Buffer.of(OP.BININT, ...Array.from({ length: 4 }, () => dice.pick([0, 1, 255, 128]))),
  (dice) => text(dice.pick(TEXTS)),
  someBytes,
]

function someBytes(dice: Dice): Buffer {
  const bytes = Buffer.alloc(dice.pick([0, 1, 2, 4, 8, 16, 24, 32, 64]), dice.pick([0, 1, 2, 255]))
  return Buffer.concat([Buffer.of(OP.SHORT_BINBYTES, bytes.length), bytes])
}

function changed(dice: Dice, bytes: Buffer): Buffer {
  const place = anyPlace(dice, bytes)
  const { at, around } = place
  const kind = dice.roll(9)
  if (kind < SPLICES) return spliced(dice, place, kind, () => dice.pick(good), 200)
  switch (kind) {
    case 4:
      return around(instruction(dice))
    case 5: {
      const length = Buffer.alloc(dice.pick([4, 8]))
      length.writeUInt32LE(dice.pick(LENGTHS))
      return around(length)
    }
    case 6: {
      // a small number in place of another
      const places = [...bytes.keys()].filter((i) => bytes[i] === OP.BININT1 || bytes[i] === OP.BINGET)
      const place = places.length === 0 ? at : dice.pick(places) + 1
      if (place < bytes.length) bytes[place] = dice.roll(2) === 0 ? dice.roll(8) : dice.roll(256)
      return bytes
    }
    default:
      if (at < bytes.length)
        bytes[at] = dice.roll(2) === 0 ? (bytes[at] as number) ^ (1 << dice.roll(8)) : dice.pick(OPCODES)
      return bytes
  }
}

function instruction(dice: Dice): Buffer {
  switch (dice.roll(14)) {
    case 0:
    case 1:
      return Buffer.from(`c${dice.pick(NAMES)}\n`)
    case 2:
      return text(dice.pick(TEXTS))
    case 3:
      return Buffer.of(OP.BININT1, dice.roll(5))
    case 4:
      return Buffer.of(OP.BININT, ...Array.from({ length: 4 }, () => dice.pick([0, 1, 255, 128])))
    case 5:
      return someBytes(dice)
    case 6:
      return Buffer.of(OP.BINPUT, dice.roll(6))
    case 7:
      return Buffer.of(OP.BINGET, dice.roll(6))
    default:
      return Buffer.of(dice.pick(OPCODES))
  }
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(OP.SHORT_BINUNICODE, value.length), Buffer.from(value)])
}

/**
 * Reads one mutant and looks at all that came of it.
 * @returns whether it was read
 * @throws whatever is neither data that can be looked at nor a refusal in words
 */
export function fuzzPickle(dice: Dice): boolean {
  const bytes = pickleMutant(dice)
  try {
    const { root, globals, dangers } = readPythonFile(bytes, { maxBytes: 1 << 20 })
    if (dangers.length > 0 && globals.length === 0) throw new Error('dangers without names')
    let left = 2000
    for (const value of walk(root)) {
      if (left-- === 0) break
      describe(value)
      if (isKind(value, 'ndarray') && value.shape.reduce((product, side) => product * side, 1) <= 10_000) {
        if (value.holds === 'numbers' && 'bf'.includes(value.dtype.code)) numbersIn(value, 'it')
      }
    }
    return true
  } catch (error) {
    if (!(error instanceof ServingError) || !CODES.includes(error.code)) throw error
    // a raw error of JavaScript that was caught in time is still a mistake
    if (error.cause !== undefined) throw error.cause
    const told = JSON.stringify(error.toJSON())
    if (error.message === '' || error.message.length > 1000 || /node:|\.[jt]s\b|\n/.test(error.message))
      throw new Error(`a refusal that tells too much: ${told}`, { cause: error })
    return false
  }
}

/**
 * Every value that can be reached from a value, each object once, without recursion: itself first.
 */
function* walk(root: PyValue): Generator<PyValue> {
  const seen = new Set<PyValue>()
  const open: PyValue[] = [root]
  while (open.length > 0) {
    const value = open.pop() as PyValue
    const isObject = typeof value === 'object' && value !== null
    if (isObject && seen.has(value)) continue
    if (isObject) seen.add(value)
    yield value
    if (!isObject) continue
    for (const inner of insideOf(value)) open.push(inner)
  }
}

function insideOf(value: Exclude<PyValue, null | boolean | number | bigint | string>): PyValue[] {
  if (value instanceof Uint8Array) return []
  switch (value.kind) {
    case 'tuple':
    case 'list':
    case 'set':
      return value.items.toReversed()
    case 'dict':
      return value.entries.flat().reverse()
    case 'object':
      return [
        ...value.args,
        ...(value.keywords === undefined ? [] : [value.keywords]),
        ...value.attributes.values(),
        ...(value.state === undefined ? [] : [value.state]),
        ...value.items,
        ...value.entries.flat(),
        value.class,
      ].reverse()
    case 'ndarray':
      return value.holds === 'objects'
        ? value.data.toReversed()
        : value.holds === 'records'
          ? [...value.fields.values()]
          : []
    case 'scalar':
      return [value.value]
    default:
      return []
  }
}
