import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { KernelStep } from '../../bundle/program.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { BoundRun, LoadedStep, ReadBundleFile } from '../engine.ts'
import { prepareGuarded } from './guard.ts'
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
  const parameters = new Parameters(parse(read(step.file), step.file), quote(step.file))
  const prepared = prepareGuarded(kernel, parameters, step)
  const names = Object.keys(step.inputs).map((_, i) => `in${i}`)
  const bind = (given: readonly string[], wanted: readonly string[]): BoundRun => {
    const places = names.map((name) => {
      const place = given.indexOf(name)
      if (place === -1) throw new ServingError('refused', `the program feeds no ${quote(name)} to a host kernel`)
      return place
    })
    const isInOrder = given.length === names.length && places.every((place, i) => place === i)
    const picks = wanted.map((name) => (/^out\d+$/.test(name) ? Number(name.slice(3)) : -1))
    return (inputs) => {
      const results = prepared.run(isInOrder ? inputs : places.map((place) => inputs[place] as Tensor))
      if (picks.length === 1 && picks[0] === 0 && results.length === 1) return results
      return picks.map((pick, i) => outputAt(results[pick], wanted[i] as string, step))
    }
  }
  return {
    bind,
    run(inputs, wanted) {
      const results = bind([...inputs.keys()], wanted)([...inputs.values()])
      return new Map(wanted.map((name, i) => [name, results[i] as Tensor]))
    },
    release: () => {},
  }
}

function outputAt(tensor: Tensor | undefined, name: string, step: KernelStep): Tensor {
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
