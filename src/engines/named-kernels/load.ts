import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { KernelStep } from '../../bundle/program.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import type { LoadedStep, ReadBundleFile } from '../engine.ts'
import { Parameters } from './kernel.ts'
import { NAMED_KERNELS } from './index.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Makes a step of a named kernel ready; every engine runs it the same way, in the calling tick. Its inputs are called
 * `in0`, `in1`, … and its outputs `out0`, `out1`, ….
 * @throws {ServingError} `refused` for a kernel that is not known or parameters that are not its own
 */
export function loadKernel(step: KernelStep, read: ReadBundleFile): LoadedStep {
  const kernel = NAMED_KERNELS.get(step.kernel)
  if (kernel === undefined)
    throw new ServingError(
      'refused',
      `the program names the host kernel ${quote(step.kernel)}; this Slipway has ${quoteList(NAMED_KERNELS.keys())}: update it`,
    )
  const prepared = kernel.prepare(new Parameters(parse(read(step.file), step.file), quote(step.file)))
  const names = Object.keys(step.inputs).map((_, i) => `in${i}`)
  return {
    run(inputs, wanted) {
      const results = prepared.run(names.map((name) => need(inputs, name)))
      return new Map(wanted.map((name) => [name, outputAt(results, name, step)]))
    },
    release: () => {},
  }
}

function need(inputs: Tensors, name: string): Tensor {
  const tensor = inputs.get(name)
  if (tensor === undefined) throw new ServingError('refused', `the program feeds no ${quote(name)} to a host kernel`)
  return tensor
}

function outputAt(results: readonly Tensor[], name: string, step: KernelStep): Tensor {
  const tensor = /^out\d+$/.test(name) ? results[Number(name.slice(3))] : undefined
  if (tensor === undefined)
    throw new ServingError('refused', `the host kernel ${quote(step.kernel)} has no output ${quote(name)}`)
  return tensor
}

function parse(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch (error) {
    throw new ServingError('refused', `${quote(file)} is no JSON in UTF-8`, { cause: error })
  }
}
