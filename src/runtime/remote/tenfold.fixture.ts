import { tensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'

/** `x` FP64 [rows, 1]. */
export function column(...values: number[]): Tensors {
  return new Map([['x', tensor('FP64', [values.length, 1], Float64Array.from(values))]])
}

export function numbersOf(tensors: Tensors, name = 'y'): number[] {
  return Array.from(tensors.get(name)?.data as Float64Array)
}

/** A model that gives each row of `x` tenfold as `y`. */
export function tenfold(inputs: Tensors): Tensors {
  const x = inputs.get('x') as Extract<Tensor, { datatype: 'FP64' }>
  return new Map([
    [
      'y',
      tensor(
        'FP64',
        x.shape,
        x.data.map((value) => value * 10),
      ),
    ],
  ])
}
