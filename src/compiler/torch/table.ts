import type { Operator } from './operator.ts'
import { ACTIVATIONS } from './operators/activations.ts'
import { ARRANGEMENTS } from './operators/arrangements.ts'
import { ARITHMETIC } from './operators/arithmetic.ts'
import { ATTENTION } from './operators/attention.ts'
import { CONVOLUTIONS } from './operators/convolution.ts'
import { COPIES } from './operators/copies.ts'
import { CREATION } from './operators/creation.ts'
import { INDEXING } from './operators/indexing.ts'
import { LINEAR } from './operators/linear.ts'
import { LOGIC } from './operators/logic.ts'
import { NORMS } from './operators/norms.ts'
import { POOLS } from './operators/pools.ts'
import { RECURRENT } from './operators/recurrent.ts'
import { REDUCTIONS } from './operators/reductions.ts'
import { RESIZING } from './operators/resizing.ts'
import { SHAPES } from './operators/shapes.ts'
import { SLICES } from './operators/slices.ts'

/** Every operator of ATen that is compiled. */
export const OPERATORS: readonly Operator[] = [
  ...ARITHMETIC,
  ...LOGIC,
  ...ACTIVATIONS,
  ...LINEAR,
  ...CONVOLUTIONS,
  ...NORMS,
  ...POOLS,
  ...SHAPES,
  ...SLICES,
  ...ARRANGEMENTS,
  ...COPIES,
  ...INDEXING,
  ...REDUCTIONS,
  ...CREATION,
  ...RESIZING,
  ...RECURRENT,
  ...ATTENTION,
]

const BY_NAME = new Map<string, Operator[]>()
const BY_OVERLOAD = new Map<string, Operator>()
for (const operator of OPERATORS) {
  const all = BY_NAME.get(operator.name) ?? []
  all.push(operator)
  BY_NAME.set(operator.name, all)
  for (const overload of operator.overloads) {
    const key = `${operator.name}.${overload}`
    if (BY_OVERLOAD.has(key)) throw new Error(`the operator ${key} is in the table twice; this is a bug`)
    BY_OVERLOAD.set(key, operator)
  }
}

/** All operators of a name: code names no overload, its arguments tell. */
export function operatorsNamed(name: string): readonly Operator[] {
  return BY_NAME.get(name) ?? []
}

/** The operator of an exported graph's node. */
export function operatorOf(name: string, overload: string): Operator | undefined {
  return BY_OVERLOAD.get(`${name}.${overload}`)
}
