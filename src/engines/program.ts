import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Program, Step } from '../bundle/program.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import type { Engine, LoadedStep, LoadOptions, ReadBundleFile } from './engine.ts'

/** A program that is ready to run: each step on an engine that can. */
export interface LoadedProgram {
  /** Engine of each step, in order. */
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

/** The steps that one set of outputs needs, with what each has to compute. */
type Plan = readonly {
  readonly bound: BoundStep
  readonly wanted: readonly string[]
  readonly values: readonly string[]
}[]

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
    engines: names,
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
    const needed = new Set(wanted)
    const plan: Plan[number][] = []
    for (const bound of steps.toReversed()) {
      const values = [...bound.gives.keys()].filter((value) => needed.has(value))
      if (values.length === 0) continue
      for (const [, value] of bound.feeds) needed.add(value)
      plan.unshift({ bound, values, wanted: values.map((value) => bound.gives.get(value) ?? value) })
    }
    plans.set(wanted, plan)
    return plan
  }
}

function runPlan(plan: Plan, inputs: Tensors, wanted: readonly string[], place: Place): Tensors | Promise<Tensors> {
  const only = plan[0]
  // The usual program is one graph whose names are the signature's: nothing to rename or to keep.
  if (plan.length === 1 && only?.bound.keepsNames === true && only.values.length === wanted.length)
    return runStep(only.bound.loaded, inputs, wanted, place)
  return runSteps(plan, 0, new Map(inputs), wanted, place)
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

function runSteps(
  plan: Plan,
  from: number,
  values: Map<string, Tensor>,
  wanted: readonly string[],
  place: Place,
): Tensors | Promise<Tensors> {
  for (let i = from; i < plan.length; i++) {
    const stage = plan[i]
    if (stage === undefined) break
    const feeds = new Map(stage.bound.feeds.map(([input, value]) => [input, need(values, value)]))
    const results = runStep(stage.bound.loaded, feeds, stage.wanted, place)
    if (results instanceof Promise)
      return results.then((settled) => {
        keep(stage, settled, values)
        return runSteps(plan, i + 1, values, wanted, place)
      })
    keep(stage, results, values)
  }
  return new Map(wanted.map((name) => [name, need(values, name)]))
}

function keep(stage: Plan[number], results: Tensors, values: Map<string, Tensor>): void {
  stage.values.forEach((value, i) => values.set(value, need(results, stage.wanted[i] ?? value)))
}

function need(values: Tensors, name: string): Tensor {
  const value = values.get(name)
  if (value === undefined) throw new Error(`the program has no value ${quote(name)}; this is a bug`)
  return value
}
