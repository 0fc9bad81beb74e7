import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { KernelStep } from '../../bundle/program.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { NamedKernel, Parameters, PreparedKernel } from './kernel.ts'

/**
 * A kernel made ready for a step, with what all kernels rely on checked at each run: inputs of the datatypes that it takes,
 * with one number of rows, and as many rows in what it gives: a row more or less would be another caller's.
 * @throws {ServingError} `refused` for parameters or inputs that are not the kernel's
 */
export function prepareGuarded(kernel: NamedKernel, parameters: Parameters, step: KernelStep): PreparedKernel {
  const names = Object.keys(step.inputs)
  const datatypes = datatypesOf(kernel, names.length)
  if (datatypes === undefined || !names.every((_, i) => Object.hasOwn(step.inputs, `in${i}`)))
    throw refusal(step, `takes ${takenBy(kernel)}, and its step names ${quoteList(names)}`)
  const prepared = prepare(kernel, parameters, step)
  const isOneColumn = kernel.columns === 1
  return {
    run(inputs) {
      const rows = inputs[0]?.shape[0] ?? 0
      for (let i = 0; i < datatypes.length; i++) {
        const { datatype, shape } = inputs[i] as Tensor
        if (!(datatypes[i] as readonly Datatype[]).includes(datatype) || shape.length < 1 || shape.length > 2)
          throw refusal(step, `takes ${takenBy(kernel)}, and is fed ${datatype} of shape [${shape.join(',')}]`)
        if (shape[0] !== rows) throw refusal(step, `is fed ${rows} and ${shape[0]} rows`)
        if (isOneColumn && (shape[1] ?? 1) !== 1) throw refusal(step, `takes one column, and is fed ${shape[1]}`)
      }
      const outputs = run(prepared, inputs, step)
      for (const { shape, data } of outputs)
        if (shape[0] !== rows || data.length !== rows * (shape[1] ?? 1))
          throw new ServingError(
            'internal',
            `the host kernel ${quote(step.kernel)} gave shape [${shape.join(',')}] for ${rows} rows`,
          )
      return outputs
    },
  }
}

/** Datatypes allowed for each input; undefined where that is not how many the kernel takes. */
function datatypesOf({ takes }: NamedKernel, count: number): readonly (readonly Datatype[])[] | undefined {
  if ('each' in takes) return count === 0 ? undefined : Array.from({ length: count }, () => takes.each)
  return count === takes.length ? takes.map((datatype) => [datatype]) : undefined
}

function takenBy({ takes }: NamedKernel): string {
  return 'each' in takes
    ? `inputs of ${takes.each.join(' or ')}, "in0" and so on, of one or two dimensions`
    : `${takes.map((datatype, i) => `"in${i}" of ${datatype}`).join(', ')}, of one or two dimensions`
}

function refusal({ kernel, file }: KernelStep, what: string): ServingError {
  return new ServingError('refused', `${quote(file)}: the host kernel ${quote(kernel)} ${what}`)
}

/** Nothing of a bundle is trusted: what a check has missed is a refusal too, with what was thrown for the log. */
function prepare(kernel: NamedKernel, parameters: Parameters, step: KernelStep): PreparedKernel {
  try {
    return kernel.prepare(parameters)
  } catch (error) {
    if (error instanceof ServingError) throw error
    throw new ServingError('refused', `${quote(step.file)}: the parameters do not fit together`, { cause: error })
  }
}

function run(prepared: PreparedKernel, inputs: readonly Tensor[], step: KernelStep): readonly Tensor[] {
  try {
    return prepared.run(inputs)
  } catch (error) {
    if (error instanceof ServingError) throw error
    const message = `the host kernel ${quote(step.kernel)} failed on these inputs; the log says why`
    throw new ServingError('internal', message, { cause: error })
  }
}
