import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Program, Step } from '../bundle/program.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import type { BoundRun, Engine, LoadedStep, LoadOptions, ReadBundleFile } from './engine.ts'

/** A program that is ready to run: each step on an engine that can. */
export interface LoadedProgram {
  /** Names of the engines that run its steps, each once. */
  readonly engines: readonly string[]
  /** Whether every graph can run off the event loop, several runs at a time; host kernels stay in the tick. */
  readonly canRunOffLoop: boolean
  /** How many runs processes of its own take at once, where it has such: its runs wait for those, never for this process. */
  readonly processes?: number | undefined
  /** Memory that those hold (MiB). */
  heldMiB?(): Promise<number>
  /**
   * Runs the steps that the wanted values need.
   * @param inputs the program's inputs by name, already checked against the signature
   * @param place `off-loop` to leave the event loop free where the engines can; else in the calling tick
   * @returns the wanted values, in the order asked for; a promise only where an engine works elsewhere
   * @throws {ServingError} `internal` when the model fails on these inputs
   */
  run(inputs: Tensors, wanted: readonly string[], place?: Place, urgency?: Urgency): Tensors | Promise<Tensors>
  release(): void
}

/** How much a run matters to whom it is for, should it have to wait elsewhere. */
export interface Urgency {
  /** When the last of its callers gives up (ms, on the clock of the plane). */
  readonly deadlineMs: number
  /** Of its most urgent caller. */
  readonly priority: 1 | 2 | 3
  /** The key with which all of its callers came, by its uid; undefined where that is not one. */
  readonly key?: string | undefined
}

/** Where a run is computed. */
export type Place = 'in-tick' | 'off-loop'

interface BoundStep {
  readonly step: Step
  readonly loaded: LoadedStep
  /** Graph input and the value that feeds it. */
  readonly feeds: readonly (readonly [string, string])[]
  /** Graph output by the value that it becomes. */
  readonly gives: ReadonlyMap<string, string>
  /** Whether all names in the graph are the program's. */
  readonly keepsNames: boolean
}

/** What one step does for a set of outputs; values are known by their slots. */
interface Stage {
  readonly loaded: LoadedStep
  /** The graph's names of what it takes and gives, and the slots of those. */
  readonly takes: readonly string[]
  readonly from: readonly number[]
  readonly wanted: readonly string[]
  readonly to: readonly number[]
  /** Runs without names, where the engine can. */
  readonly run: BoundRun | undefined
}

/** The steps that one set of outputs needs. */
interface Plan {
  readonly stages: readonly Stage[]
  readonly slots: number
  /** Inputs of the program that are read. */
  readonly inputs: readonly (readonly [string, number])[]
  readonly outputs: readonly (readonly [string, number])[]
  /** The one step whose names are the program's: nothing to rename or to keep. */
  readonly only: LoadedStep | undefined
  /** Whether that is code, which takes all that comes, and may leave out what is optional. */
  readonly isCode: boolean
}

/**
 * Loads every step on the first of the engines that can run it.
 * @param engines in order of preference
 * @throws {ServingError} `unsupported` when no engine runs a step, with each one's reason; `refused`
 */
export async function loadProgram(
  program: Program,
  engines: readonly Engine[],
  read: ReadBundleFile,
  options: LoadOptions = {},
): Promise<LoadedProgram> {
  const bound: BoundStep[] = []
  const names: string[] = []
  try {
    for (const step of program.steps) {
      const engine = chooseEngine(step, engines, read)
      const loaded = await engine.load(step, read, options)
      names.push(engine.name)
      const gives = new Map(Object.entries(step.outputs).map(([output, value]) => [value, output]))
      const feeds = Object.entries(step.inputs)
      const keepsNames = [...feeds, ...gives].every(([name, other]) => name === other)
      bound.push({ step, loaded, feeds, gives, keepsNames })
    }
  } catch (error) {
    for (const { loaded } of bound) loaded.release()
    throw error
  }
  const planOf = createPlanner(bound)
  return {
    engines: [...new Set(names)],
    canRunOffLoop: bound.every(({ step, loaded }) => step.kind === 'kernel' || loaded.runOffLoop !== undefined),
    processes: fewestProcesses(bound),
    heldMiB: async () => {
      const held = await Promise.all(bound.map(({ loaded }) => loaded.heldMiB?.() ?? Promise.resolve(0)))
      return held.reduce((sum, each) => sum + each, 0)
    },
    run: (inputs, wanted, place = 'in-tick') => runPlan(planOf(wanted), inputs, wanted, place),
    release: () => {
      for (const { loaded } of bound) loaded.release()
    },
  }
}

function fewestProcesses(steps: readonly BoundStep[]): number | undefined {
  const counts = steps.flatMap(({ loaded }) => loaded.processes ?? [])
  return counts.length === 0 ? undefined : Math.min(...counts)
}

function chooseEngine(step: Step, engines: readonly Engine[], read: ReadBundleFile): Engine {
  const reasons: string[] = []
  for (const engine of engines) {
    const reason = engine.refusal(step, read)
    if (reason === undefined) return engine
    reasons.push(`${engine.name}: ${reason}`)
  }
  throw new ServingError('unsupported', `no engine runs ${quote(step.file)} (${reasons.join('; ')})`)
}

/** Works out once per set of outputs what must run, walking back from what is wanted. */
function createPlanner(steps: readonly BoundStep[]): (wanted: readonly string[]) => Plan {
  const plans = new WeakMap<readonly string[], Plan>()
  return (wanted) => {
    const known = plans.get(wanted)
    if (known !== undefined) return known
    const plan = makePlan(steps, wanted)
    plans.set(wanted, plan)
    return plan
  }
}

function makePlan(steps: readonly BoundStep[], wanted: readonly string[]): Plan {
  const needed = new Set(wanted)
  const parts: { readonly bound: BoundStep; readonly values: readonly string[] }[] = []
  for (const bound of steps.toReversed()) {
    const values = [...bound.gives.keys()].filter((value) => needed.has(value))
    if (values.length === 0) continue
    for (const [, value] of bound.feeds) needed.add(value)
    parts.unshift({ bound, values })
  }
  const slots = new Map([...needed].map((value, slot) => [value, slot]))
  const slotOf = (value: string): number => slots.get(value) as number
  const made = new Set(parts.flatMap(({ values }) => values))
  const stages = parts.map(({ bound: { loaded, feeds, gives }, values }): Stage => {
    const takes = feeds.map(([input]) => input)
    const names = values.map((value) => gives.get(value) ?? value)
    return {
      loaded,
      takes,
      from: feeds.map(([, value]) => slotOf(value)),
      wanted: names,
      to: values.map(slotOf),
      run: loaded.bind?.(takes, names),
    }
  })
  const only = parts.length === 1 ? parts[0] : undefined
  return {
    stages,
    slots: slots.size,
    inputs: [...slots].filter(([value]) => !made.has(value)),
    outputs: wanted.map((name) => [name, slotOf(name)]),
    only: only?.bound.keepsNames === true && only.values.length === wanted.length ? only.bound.loaded : undefined,
    isCode: only !== undefined && only.bound.step.kind !== 'onnx' && only.bound.step.kind !== 'kernel',
  }
}

function runPlan(plan: Plan, inputs: Tensors, wanted: readonly string[], place: Place): Tensors | Promise<Tensors> {
  // an input that only other outputs need is not for this step
  if (plan.only !== undefined && (plan.isCode || inputs.size === plan.inputs.length))
    return runStep(plan.only, inputs, wanted, place)
  // oxlint-disable-next-line unicorn/no-new-array -- every slot is written before it is read
  const values = new Array<Tensor | undefined>(plan.slots)
  for (const [name, slot] of plan.inputs) values[slot] = need(inputs.get(name), name)
  return runStages(plan, 0, values, place)
}

function runStep(
  step: LoadedStep,
  inputs: Tensors,
  wanted: readonly string[],
  place: Place,
): Tensors | Promise<Tensors> {
  return place === 'off-loop' && step.runOffLoop !== undefined
    ? step.runOffLoop(inputs, wanted)
    : step.run(inputs, wanted)
}

function runStages(
  plan: Plan,
  first: number,
  values: (Tensor | undefined)[],
  place: Place,
): Tensors | Promise<Tensors> {
  for (let i = first; i < plan.stages.length; i++) {
    const stage = plan.stages[i] as Stage
    const { loaded, takes, from, wanted, to, run } = stage
    if (run !== undefined && !(place === 'off-loop' && loaded.runOffLoop !== undefined)) {
      const given: Tensor[] = []
      for (let k = 0; k < from.length; k++) given.push(values[from[k] as number] as Tensor)
      const results = run(given)
      for (let k = 0; k < to.length; k++) values[to[k] as number] = results[k]
      continue
    }
    const feeds = new Map(takes.map((name, k) => [name, values[from[k] as number] as Tensor]))
    const results = runStep(loaded, feeds, wanted, place)
    if (results instanceof Promise)
      return results.then((settled) => {
        keep(stage, settled, values)
        return runStages(plan, i + 1, values, place)
      })
    keep(stage, results, values)
  }
  const tensors = new Map<string, Tensor>()
  for (const [name, slot] of plan.outputs) tensors.set(name, need(values[slot], name))
  return tensors
}

function keep({ wanted, to }: Stage, results: Tensors, values: (Tensor | undefined)[]): void {
  for (const [k, name] of wanted.entries()) values[to[k] as number] = need(results.get(name), name)
}

function need(value: Tensor | undefined, name: string): Tensor {
  if (value === undefined) throw new Error(`the program has no value ${quote(name)}; this is a bug`)
  return value
}
