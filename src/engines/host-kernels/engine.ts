import { ServingError } from '../../core/errors.ts'
import { isSameList } from '../../core/lists.ts'
import { quote, quoteList } from '../../core/text.ts'
import { readOnnx, validateOnnx } from '../../onnx/index.ts'
import type { Step } from '../../bundle/program.ts'
import { shapeFits } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Engine, LoadedStep, ReadBundleFile } from '../engine.ts'
import { loadKernel } from '../named-kernels/load.ts'
import { ENGINE_VERSIONS } from '../versions.ts'
import { beginRun, endRun, kept } from './arrays.ts'
import { lowerGraph, neededOperations, type LoweredGraph, type LoweredInput, type Operation } from './lower.ts'

/** Sets of wanted outputs whose plans are kept; a graph of many outputs has more sets than are worth keeping. */
const MAX_PLANS = 64

/**
 * Runs ONNX graphs in plain TypeScript, in the calling tick: linear models and trees over [rows, features], where calling
 * out to a native runtime costs more than the model. A graph is taken only when every node that its outputs hang on is
 * covered by a kernel.
 */
export const hostKernels: Engine = {
  name: 'host-kernels',
  version: ENGINE_VERSIONS['host-kernels'],

  refusal(step, read) {
    if (step.kind === 'python' || step.kind === 'typescript') return 'it runs no code'
    try {
      if (step.kind === 'onnx') lowerStep(step, read)
      return undefined
    } catch (error) {
      if (error instanceof ServingError) return error.message
      throw error
    }
  },

  // oxlint-disable-next-line require-await -- engines load in their own time; this one at once
  async load(step, read) {
    if (step.kind === 'kernel') return loadKernel(step, read)
    if (step.kind !== 'onnx') throw new Error('host kernels were given code; this is a bug')
    return loaded(lowerStep(step, read))
  },
}

/**
 * What steps were lowered to, by their files' bytes: a step is asked about and then loaded, and lowering it is most of the
 * work of both. Held weakly, which is as long as the tick in which both happen.
 */
const lowered = new WeakMap<Uint8Array, { readonly step: Step; readonly graph: WeakRef<LoweredGraph> }>()

/** @throws {ServingError} `refused` or `unsupported` when the graph is damaged or not covered */
function lowerStep(step: Step, read: ReadBundleFile): LoweredGraph {
  const bytes = read(step.file)
  const known = lowered.get(bytes)
  const before = known?.step === step ? known.graph.deref() : undefined
  if (before !== undefined) return before
  const model = readOnnx(bytes)
  validateOnnx(model)
  const graph = lowerGraph(model, Object.keys(step.inputs), Object.keys(step.outputs))
  lowered.set(bytes, { step, graph: new WeakRef(graph) })
  return graph
}

/** What a run does for one set of wanted outputs. */
interface Plan {
  readonly wanted: readonly string[]
  readonly inputs: readonly LoweredInput[]
  readonly operations: readonly Operation[]
  /** Where each wanted output lies at the end. */
  readonly outputs: readonly number[]
}

function loaded(graph: LoweredGraph): LoadedStep {
  let current: LoweredGraph | undefined = graph
  let plans: Plan[] = []

  function planFor(wanted: readonly string[]): Plan {
    for (const plan of plans) if (isSameList(plan.wanted, wanted)) return plan
    if (current === undefined) throw new Error('a step ran after its release; this is a bug')
    const plan = makePlan(current, wanted)
    if (plans.length >= MAX_PLANS) plans.shift()
    plans.push(plan)
    return plan
  }

  return {
    run(inputs, wanted) {
      const plan = planFor(wanted)
      const results = runPlan(plan, graph.slots.slice(), (input) => takeInput(input, inputs.get(input.name)))
      const tensors = new Map<string, Tensor>()
      for (let i = 0; i < wanted.length; i++) tensors.set(wanted[i] as string, results[i] as Tensor)
      return tensors
    },
    bind(names, wanted) {
      const plan = planFor(wanted)
      const places = plan.inputs.map(({ name }) => names.indexOf(name))
      return (inputs) => runPlan(plan, graph.slots.slice(), (input, i) => takeInput(input, inputs[places[i] as number]))
    },
    release() {
      current = undefined
      plans = []
    },
  }
}

function makePlan(graph: LoweredGraph, wanted: readonly string[]): Plan {
  const outputs = wanted.map((name) => {
    const slot = graph.outputs.get(name)
    if (slot === undefined)
      throw new ServingError(
        'invalid_argument',
        `the graph has no output ${quote(name)}; it has ${quoteList(graph.outputs.keys())}`,
      )
    return slot
  })
  const operations = neededOperations(graph, wanted)
  const read = new Set([...operations.flatMap((operation) => operation.inputs), ...outputs])
  return { wanted: [...wanted], inputs: graph.inputs.filter(({ slot }) => read.has(slot)), operations, outputs }
}

/**
 * @param take gives what an input of the graph is fed
 * @throws {ServingError} `internal` where a kernel fails
 */
function runPlan(
  plan: Plan,
  slots: (Tensor | undefined)[],
  take: (input: LoweredInput, index: number) => Tensor,
): readonly Tensor[] {
  try {
    beginRun()
    for (let i = 0; i < plan.inputs.length; i++) {
      const input = plan.inputs[i] as LoweredInput
      slots[input.slot] = take(input, i)
    }
    for (const { run, inputs, outputs } of plan.operations) {
      // A kernel reads only the inputs that it was prepared for, so that none of those it reads is missing.
      const results =
        inputs.length === 1
          ? run([slots[inputs[0] as number] as Tensor])
          : inputs.length === 2
            ? run([slots[inputs[0] as number] as Tensor, slots[inputs[1] as number] as Tensor])
            : run(inputs.map((slot) => slots[slot] as Tensor))
      for (let i = 0; i < outputs.length; i++) {
        const slot = outputs[i] as number
        if (slot !== 0) slots[slot] = results[i]
      }
    }
    const results: Tensor[] = []
    for (let i = 0; i < plan.outputs.length; i++) results.push(kept(slots[plan.outputs[i] as number] as Tensor))
    return results
  } catch (error) {
    if (error instanceof ServingError) throw error
    throw new ServingError('internal', 'the model failed on these inputs; the log says why', { cause: error })
  } finally {
    endRun()
  }
}

/** @throws {ServingError} `invalid_argument` for an input that is not what the graph declares */
function takeInput({ name, datatype, shape }: LoweredInput, given: Tensor | undefined): Tensor {
  if (given === undefined) throw new ServingError('invalid_argument', `input ${quote(name)} of the graph is missing`)
  if (given.datatype !== datatype || !shapeFits(given.shape, shape))
    throw new ServingError(
      'invalid_argument',
      `input ${quote(name)} is ${given.datatype} of shape [${given.shape.join(',')}], the graph takes ${datatype} of shape [${shape.join(',')}]`,
    )
  return given
}
