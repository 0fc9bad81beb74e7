import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeZip } from '../../formats/archives/zip.fixture.ts'
import type { Dice } from '../../core/dice.fixture.ts'
import { readZip } from '../../formats/archives/zip.ts'
import { readTorch } from '../../formats/torch/read-torch.ts'
import { ServingError } from '../../core/errors.ts'
import { compileTorch } from './compile-torch.ts'

const CODES = ['refused', 'unsupported', 'too_large', 'invalid_argument']
const MAX_BYTES = 45_000

/** Files that torch wrote, by the versions that wrote them. */
export const FIXTURES = join(import.meta.dirname, 'fixtures')

const good = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.pt2?$/.test(name))
  .sort()
  .map((name) => readFileSync(join(FIXTURES, name)))
  .filter((bytes) => bytes.length < MAX_BYTES)
  .map((bytes) => {
    const zip = readZip(bytes)
    return [...zip.entries.keys()].map((name) => ({ name, content: Buffer.from(zip.read(name)) }))
  })

const INTS = [
  '-1',
  '0',
  '1',
  '2',
  '3',
  '7',
  '64',
  '-2',
  '4096',
  '1000000007',
  '9223372036854775807',
  '-9223372036854775808',
  '1e308',
]
const TARGETS = 'add.Tensor view.default slice.Tensor select.int cat.default conv2d.default lstm.input split.Tensor'
const KINDS =
  'as_int as_ints as_tensor as_tensors as_none as_float as_sym_int as_graph self dim x __proto__ constructor s0'
const WORDS = [...TARGETS.split(' ').map((name) => `torch.ops.aten.${name}`), ...KINDS.split(' ')]
const CODE = [
  'None',
  'True',
  '[]',
  '()',
  '{}',
  '-1',
  '0',
  '9223372036854775807',
  '1.5',
  'x',
  'self',
  'torch.size(x)',
  'torch.add(x, x)',
  'ops.prim.dtype(x)',
  'torch.tensor([1, 2])',
  'CONSTANTS.c0',
]

/**
 * Reads and compiles a file of torch after changing something in it: its graph or code, a pickle, a weight, or its bytes.
 * @returns whether it was compiled
 * @throws whatever is no refusal in words
 */
export function fuzzTorch(dice: Dice): boolean {
  const bytes = torchMutant(dice)
  try {
    compileTorch(readTorch(bytes, 'model.pt2'))
    return true
  } catch (error) {
    if (error instanceof ServingError && CODES.includes(error.code)) return false
    throw error
  }
}

export function torchMutant(dice: Dice): Buffer {
  const parts: { readonly name: string; content: Buffer }[] = dice.pick(good).map((part) => ({ ...part }))
  if (dice.roll(20) === 0) return changedBytes(dice, makeZip(parts))
  for (let left = dice.pick([1, 1, 2, 4]); left > 0; left--) {
    const texts = parts.filter(({ name }) => /\.(json|py)$/.test(name))
    const part = dice.roll(6) === 0 ? dice.pick(parts) : dice.pick(texts)
    part.content = part.name.endsWith('.json')
      ? changedJson(dice, part.content)
      : part.name.endsWith('.py')
        ? changedCode(dice, part.content)
        : changedBytes(dice, part.content)
  }
  return makeZip(parts)
}

function changedBytes(dice: Dice, bytes: Buffer): Buffer {
  const made = Buffer.from(bytes)
  const count = dice.pick([1, 2, 8])
  for (let i = 0; i < count && made.length > 0; i++) made[dice.roll(made.length)] = dice.roll(256)
  return dice.roll(4) === 0 ? made.subarray(0, dice.roll(made.length + 1)) : made
}

/** One of a text's matches replaced. */
function replaceOne(dice: Dice, text: string, pattern: RegExp, make: (found: string) => string): string {
  const matches = [...text.matchAll(pattern)]
  if (matches.length === 0) return text
  const match = dice.pick(matches)
  return text.slice(0, match.index) + make(match[0]) + text.slice(match.index + match[0].length)
}

function changedJson(dice: Dice, content: Buffer): Buffer {
  const text = content.toString()
  const words = [...text.matchAll(/"[^"\\]{1,60}"/g)].map(([word]) => word)
  switch (dice.roll(6)) {
    case 0:
      return Buffer.from(replaceOne(dice, text, /-?\b\d+(\.\d+)?\b/g, () => dice.pick(INTS)))
    case 1:
      return Buffer.from(replaceOne(dice, text, /"[^"\\]{1,60}"/g, () => (words.length > 0 ? dice.pick(words) : '""')))
    case 2:
      return Buffer.from(replaceOne(dice, text, /"[^"\\]{1,60}"/g, () => JSON.stringify(dice.pick(WORDS))))
    case 3:
      return Buffer.from(
        replaceOne(dice, text, /\[[^[\]]*\]|\{[^{}]*\}/g, () =>
          dice.pick(['null', '[]', '{}', '[null]', '0', '""', 'NaN', '[[[]]]']),
        ),
      )
    case 4:
      return Buffer.from(replaceOne(dice, text, /\{[^{}]*\}, /g, (found) => dice.pick(['', found + found])))
    default:
      return Buffer.from(
        replaceOne(dice, text, /true|false|null/g, () => dice.pick(['true', 'false', 'null', '1', '"a"'])),
      )
  }
}

function changedCode(dice: Dice, content: Buffer): Buffer {
  const text = content.toString()
  const names = [...text.matchAll(/\b[a-z_]\w*\b/g)].map(([name]) => name)
  switch (dice.roll(6)) {
    case 0:
      return Buffer.from(replaceOne(dice, text, /\b\d+\b/g, () => dice.pick(INTS)))
    case 1:
      return Buffer.from(replaceOne(dice, text, /\b[a-z_]\w*\b/g, () => dice.pick(names)))
    case 2:
      return Buffer.from(replaceOne(dice, text, /\b[a-z_]\w*\b|\[[^[\]\n]*\]/g, () => dice.pick(CODE)))
    case 3:
      return Buffer.from(
        replaceOne(dice, text, /, [^,()\n]+/g, () => dice.pick(['', ', None', ', 0', ', x', ', [1, 2]'])),
      )
    case 4:
      return Buffer.from(replaceOne(dice, text, /\n[^\n]+/g, (found) => dice.pick(['', found + found, '\n'])))
    default:
      return Buffer.from(
        replaceOne(dice, text, /[()[\],:=.]/g, () => dice.pick(['', '(', ')', '[', ':', ',', '\n', '"'])),
      )
  }
}
