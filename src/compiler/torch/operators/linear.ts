import { float, int, string } from '../../../onnx/index.ts'
import { floatOf, isFloating } from '../datatypes.ts'
import { Dim, product } from '../dim.ts'
import { axisOf, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments } from '../operator.ts'
import { unsupported, type Item, type TensorValue } from '../values.ts'
import { meet, power } from './arithmetic.ts'

/** @throws {ServingError} `unsupported` where torch would want both in one datatype */
export function alike(a: TensorValue, b: TensorValue, name: string): void {
  if (a.datatype !== b.datatype)
    throw unsupported(`${name} of ${a.datatype} and ${b.datatype}; both have to be of one datatype`)
}

/** A matrix product as numpy has it: batches broadcast, vectors are rows or columns. */
export function matmul(g: Lowering, a: TensorValue, b: TensorValue): TensorValue {
  if (a.rank === 0 || b.rank === 0) throw unsupported('a matrix product with a scalar')
  alike(a, b, 'a matrix product')
  const [left, right] = [g.computable(a), g.computable(b)]
  const inner = dimOf(left.shape, left.rank - 1)
  const other = dimOf(right.shape, Math.max(0, right.rank - 2))
  checkInner(g, inner, other)
  const batches = g.broadcast([left.shape.slice(0, -2), right.shape.slice(0, -2)])
  const rows = left.rank > 1 ? [dimOf(left.shape, left.rank - 2)] : []
  const columns = right.rank > 1 ? [dimOf(right.shape, right.rank - 1)] : []
  return g.cast(g.op('MatMul', [left, right], {}, left.datatype, [...batches, ...rows, ...columns]), a.datatype)
}

function checkInner(g: Lowering, inner: Dim, other: Dim): void {
  if (inner.constant !== undefined && other.constant === undefined) g.pin(other, inner.constant)
  if (other.constant !== undefined) g.expect(inner, other.constant, 'a matrix product')
}

/** Input times a matrix of [out, in], plus a bias. */
export function linear(g: Lowering, x: TensorValue, weight: TensorValue, bias: TensorValue | undefined): TensorValue {
  if (weight.rank === 1) {
    const made = matmul(g, x, weight)
    return bias === undefined ? made : g.binary('Add', made, bias)
  }
  if (weight.rank !== 2) throw unsupported(`linear with a weight of rank ${weight.rank}`)
  const [out, inner] = [dimOf(weight.shape, 0), dimOf(weight.shape, 1)]
  alike(x, weight, 'linear')
  if (x.rank === 0 || (x.rank === 1 && g.isGuessing)) throw unsupported('linear of a scalar')
  checkInner(g, dimOf(x.shape, x.rank - 1), inner)
  if (x.rank === 2 && (x.datatype === 'FP32' || x.datatype === 'FP64')) {
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias]
    return g.op('Gemm', inputs, { transB: int(1) }, x.datatype, [dimOf(x.shape, 0), out])
  }
  const made = matmul(g, x, g.transpose(weight, [1, 0]))
  return bias === undefined ? made : g.binary('Add', made, bias)
}

/** beta * self + alpha * product. */
function scaledSum(g: Lowering, a: Arguments, product_: TensorValue): TensorValue {
  const [beta, alpha] = [a.scalar('beta'), a.scalar('alpha')]
  const times = (value: TensorValue, by: Item) =>
    (by instanceof Dim ? by.is(1) : Number(by) === 1) ? value : meet(g, 'Mul', value, by, value.datatype)
  if (beta instanceof Dim ? beta.is(0) : Number(beta) === 0) return times(product_, alpha)
  return meet(g, 'Add', times(a.tensor('self'), beta), times(product_, alpha), product_.datatype)
}

/** Sums of products by letters. @see torch.einsum */
function einsum(g: Lowering, equation: string, operands: readonly TensorValue[]): TensorValue {
  const text = equation.replaceAll(' ', '')
  const [left = '', right] = text.split('->')
  const terms = left.split(',')
  if (terms.length !== operands.length || !/^[A-Za-z.,]*(->[A-Za-z.]*)?$/.test(text))
    throw unsupported(`einsum with the equation ${equation}`)
  const sizes = new Map<string, Dim>()
  let broadcast: Dim[] = []
  for (const [i, term] of terms.entries()) {
    const { shape } = operands[i] as TensorValue
    const [front = '', back] = term.split('...')
    const letters = front.length + (back?.length ?? 0)
    if (back === undefined ? letters !== shape.length : letters > shape.length)
      throw unsupported(`einsum: ${term} for a tensor of rank ${shape.length}`)
    const hidden = shape.slice(front.length, shape.length - (back?.length ?? 0))
    if (back !== undefined) broadcast = g.broadcast([broadcast, hidden])
    const named = front.split('').map((letter, at) => [letter, dimOf(shape, at)] as const)
    const last = (back ?? '')
      .split('')
      .map((letter, at) => [letter, dimOf(shape, shape.length - (back ?? '').length + at)] as const)
    for (const [letter, dim] of [...named, ...last]) {
      const known = sizes.get(letter)
      if (known === undefined || known.is(1)) sizes.set(letter, dim)
      else if (!dim.is(1) && dim.constant !== undefined) g.expect(known, dim.constant, `einsum's ${letter}`)
    }
  }
  const letters = left.split('').filter((letter) => /[A-Za-z]/.test(letter))
  const once = [...new Set(letters)].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort()
  const output = right ?? `${left.includes('...') ? '...' : ''}${once.join('')}`
  const shape: Dim[] = []
  for (const part of output.match(/\.\.\.|[A-Za-z]/g) ?? []) {
    const size = part === '...' ? undefined : sizes.get(part)
    if (part === '...') shape.push(...broadcast)
    else if (size === undefined) throw unsupported(`einsum gives the letter ${part}, which no operand has`)
    else shape.push(size)
  }
  const [first] = operands
  if (first === undefined) throw unsupported('einsum of nothing')
  return g.op('Einsum', operands, { equation: string(`${left}->${output}`) }, first.datatype, shape)
}

/** Sums over pairs of axes. */
function tensordot(
  g: Lowering,
  a: TensorValue,
  b: TensorValue,
  inA: readonly number[],
  inB: readonly number[],
): TensorValue {
  const outer = (value: TensorValue, axes: readonly number[]) =>
    value.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]))
  const [restA, restB] = [outer(a, inA), outer(b, inB)]
  const flatten = (value: TensorValue, order: number[], front: number) => {
    const moved = g.transpose(value, order)
    return g.reshape(moved, [product(moved.shape.slice(0, front)), product(moved.shape.slice(front))])
  }
  const left = flatten(a, [...restA, ...inA], restA.length)
  const right = flatten(b, [...inB, ...restB], inB.length)
  const sizes = (value: TensorValue, axes: number[]) => axes.map((axis) => dimOf(value.shape, axis))
  return g.reshape(matmul(g, left, right), [...sizes(a, restA), ...sizes(b, restB)])
}

/** The p-norm of all differences of rows. */
function distances(g: Lowering, a: TensorValue, b: TensorValue, p: number): TensorValue {
  const difference = g.binary('Sub', g.unsqueeze(a, [a.rank - 1]), g.unsqueeze(b, [b.rank - 2]))
  return vectorNorm(g, difference, p, [difference.rank - 1], false)
}

/** The p-norm along axes. */
export function vectorNorm(
  g: Lowering,
  x: TensorValue,
  p: number,
  axes: readonly number[],
  keep: boolean,
): TensorValue {
  const value = g.cast(x, floatOf(x.datatype))
  const shape = reducedShape(value.shape, axes, keep)
  const reduce = (opType: string, of: TensorValue) =>
    axes.length === 0 ? of : g.op(opType, [of, g.ints(axes)], { keepdims: int(keep ? 1 : 0) }, of.datatype, shape)
  if (p === 2) return g.like('Sqrt', [reduce('ReduceSum', g.binary('Mul', value, value))])
  const sizes = g.like('Abs', [value])
  if (p === 1) return reduce('ReduceSum', sizes)
  if (p === Infinity) return reduce('ReduceMax', sizes)
  if (p === -Infinity) return reduce('ReduceMin', sizes)
  if (p === 0) return reduce('ReduceSum', g.cast(g.cast(value, 'BOOL'), value.datatype))
  return power(g, reduce('ReduceSum', power(g, sizes, p)), 1 / p)
}

/** A shape without some axes, or with 1 in their place. */
export function reducedShape(shape: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  return shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [Dim.of(1)] : []) : [dim]))
}

const column = (g: Lowering, value: TensorValue) => g.unsqueeze(value, [1])

export const LINEAR = [
  operator('linear(input:T, weight:T, bias:T?=None)', (g, a) =>
    linear(g, a.tensor('input'), a.tensor('weight'), a.optionalTensor('bias')),
  ),
  operator('matmul(self:T, other:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('other'))),
  operator('linalg_matmul(self:T, other:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('other'))),
  operator('mm(self:T, mat2:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('mat2'))),
  operator('bmm(self:T, mat2:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('mat2'))),
  operator('mv(self:T, vec:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('vec'))),
  operator('dot(self:T, tensor:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('tensor'))),
  operator('vdot(self:T, other:T)', (g, a) => matmul(g, a.tensor('self'), a.tensor('other'))),
  operator('outer(self:T, vec2:T)', (g, a) => meet(g, 'Mul', column(g, a.tensor('self')), a.tensor('vec2'))),
  operator('ger(self:T, vec2:T)', (g, a) => meet(g, 'Mul', column(g, a.tensor('self')), a.tensor('vec2'))),
  operator('inner(self:T, other:T)', (g, a) => {
    const [self, other] = [a.tensor('self'), a.tensor('other')]
    if (self.rank === 0 || other.rank === 0) return meet(g, 'Mul', self, other)
    return tensordot(g, self, other, [self.rank - 1], [other.rank - 1])
  }),
  operator('addmm(self:T, mat1:T, mat2:T, *, beta:S=1, alpha:S=1)', (g, a) => {
    const [self, mat1, mat2] = [a.tensor('self'), a.tensor('mat1'), a.tensor('mat2')]
    const scalars = [a.number('alpha'), a.number('beta')]
    const [alpha = 1, beta = 1] = scalars
    const isFloat = mat1.datatype === 'FP32' || mat1.datatype === 'FP64'
    if (isFloat && self.rank <= 2 && beta !== 0) {
      checkInner(g, dimOf(mat1.shape, 1), dimOf(mat2.shape, 0))
      const shape = [dimOf(mat1.shape, 0), dimOf(mat2.shape, 1)]
      if (scalars.every((value) => Math.fround(value) === value || mat1.datatype === 'FP32'))
        return g.op('Gemm', [mat1, mat2, self], { alpha: float(alpha), beta: float(beta) }, mat1.datatype, shape)
    }
    return scaledSum(g, a, matmul(g, mat1, mat2))
  }),
  operator('addmv(self:T, mat:T, vec:T, *, beta:S=1, alpha:S=1)', (g, a) =>
    scaledSum(g, a, matmul(g, a.tensor('mat'), a.tensor('vec'))),
  ),
  operator('baddbmm(self:T, batch1:T, batch2:T, *, beta:S=1, alpha:S=1)', (g, a) =>
    scaledSum(g, a, matmul(g, a.tensor('batch1'), a.tensor('batch2'))),
  ),
  operator('einsum(equation:s, tensors:T[], *, path:X?=None)', (g, a) =>
    einsum(g, a.text('equation'), a.tensors('tensors')),
  ),
  operator('bilinear(input1:T, input2:T, weight:T, bias:T?=None)', (g, a) => {
    const made = einsum(g, '...i,oij,...j->...o', [a.tensor('input1'), a.tensor('weight'), a.tensor('input2')])
    const bias = a.optionalTensor('bias')
    return bias === undefined ? made : g.binary('Add', made, bias)
  }),
  operator(
    '_trilinear(i1:T, i2:T, i3:T, expand1:I[], expand2:I[], expand3:I[], sumdim:I[], unroll_dim:I=1)',
    (g, a) => {
      const [x, y, z] = [1, 2, 3].map((i) => {
        const axes = a.ints(`expand${i}`)
        return g.unsqueeze(a.tensor(`i${i}`), axes)
      }) as [TensorValue, TensorValue, TensorValue]
      const all = g.binary('Mul', g.binary('Mul', x, y), z)
      const axes = a.axes('sumdim', all.rank)
      return g.op(
        'ReduceSum',
        [all, g.ints(axes)],
        { keepdims: int(0) },
        all.datatype,
        reducedShape(all.shape, axes, false),
      )
    },
  ),
  operator('tensordot(self:T, other:T, dims_self:I[], dims_other:I[])', (g, a) => {
    const [self, other] = [a.tensor('self'), a.tensor('other')]
    const axes = (name: string, rank: number) => a.dims(name).map((dim) => axisOf(dim, rank))
    return tensordot(g, self, other, axes('dims_self', self.rank), axes('dims_other', other.rank))
  }),
  operator('cdist(x1:T, x2:T, p:F=2, compute_mode:X?=None)', (g, a) =>
    distances(g, a.tensor('x1'), a.tensor('x2'), a.number('p')),
  ),
  operator('_cdist_forward(x1:T, x2:T, p:F, compute_mode:X?)', (g, a) =>
    distances(g, a.tensor('x1'), a.tensor('x2'), a.number('p')),
  ),
  operator('_euclidean_dist(x1:T, x2:T)', (g, a) => distances(g, a.tensor('x1'), a.tensor('x2'), 2)),
  operator('pairwise_distance(x1:T, x2:T, p:F=2, eps:F=1e-6, keepdim:B=False)', (g, a) => {
    const difference = meet(g, 'Add', meet(g, 'Sub', a.tensor('x1'), a.tensor('x2')), a.number('eps'))
    return vectorNorm(g, difference, a.number('p'), [difference.rank - 1], a.boolean('keepdim'))
  }),
  operator('cosine_similarity(x1:T, x2:T, dim:I=1, eps:F=1e-8)', (g, a) => {
    const [x, y] = [a.tensor('x1'), a.tensor('x2')]
    const dot = meet(g, 'Mul', x, y)
    const axis = a.axis('dim', dot.rank)
    const sum = (value: TensorValue) =>
      g.op(
        'ReduceSum',
        [value, g.ints([axis])],
        { keepdims: int(0) },
        value.datatype,
        reducedShape(value.shape, [axis], false),
      )
    const eps = g.scalar(a.number('eps'), dot.datatype)
    const norm = (value: TensorValue) =>
      g.binary('Max', g.like('Sqrt', [sum(g.expand(meet(g, 'Mul', value, value), dot.shape))]), eps)
    return g.binary('Div', sum(dot), g.binary('Mul', norm(x), norm(y)))
  }),
  operator('linalg_cross(self:T, other:T, *, dim:I=-1)', (g, a) =>
    cross(g, a.tensor('self'), a.tensor('other'), a.dim('dim')),
  ),
  operator('cross(self:T, other:T, dim:I?=None)', (g, a) => {
    if (a.isNone('dim')) throw unsupported('cross without an axis; name it')
    return cross(g, a.tensor('self'), a.tensor('other'), a.dim('dim'))
  }),
]

function cross(g: Lowering, a: TensorValue, b: TensorValue, dim: Dim): TensorValue {
  const axis = axisOf(dim, a.rank)
  if (!isFloating(a.datatype)) throw unsupported('cross of whole numbers')
  const turned = (value: TensorValue, order: readonly number[]) =>
    g.op('Gather', [value, g.ints(order)], { axis: int(axis) }, value.datatype, value.shape)
  const part = (left: readonly number[], right: readonly number[]) => g.binary('Mul', turned(a, left), turned(b, right))
  return g.binary('Sub', part([1, 2, 0], [2, 0, 1]), part([2, 0, 1], [1, 2, 0]))
}
