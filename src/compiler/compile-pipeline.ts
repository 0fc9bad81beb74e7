import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Step } from '../bundle/program.ts'
import type { PipelineFile, PipelineStep } from '../formats/pipeline-file.ts'
import type { CompiledModel, FoundSpec } from './compile-onnx.ts'

/** What is known of a value while the steps are put together. */
interface Value {
  readonly spec: FoundSpec
  /** Who gives it; absent for an input of the pipeline. */
  readonly from?: string
  isRead: boolean
}

interface Draft {
  readonly values: Map<string, Value>
  readonly steps: Step[]
  readonly files: Map<string, Uint8Array>
  readonly metadata: Map<string, string>
  /** What each step of the file reads and gives. */
  readonly links: { readonly where: string; readonly reads: readonly string[]; readonly gives: readonly string[] }[]
  readonly warnings: string[]
}

/**
 * One program of many models: the values between them are tensors that are handed on as they are.
 * @param models each step's model, compiled, in the order of the steps
 * @throws {ServingError} `refused` when names, datatypes or shapes do not meet
 */
export function compilePipeline(file: PipelineFile, models: readonly CompiledModel[]): CompiledModel {
  const draft: Draft = { values: new Map(), steps: [], files: new Map(), metadata: new Map(), links: [], warnings: [] }
  const later = new Set(file.steps.flatMap((step, i) => givenBy(step, models[i])))
  file.steps.forEach((step, i) => {
    const model = models[i]
    if (model === undefined) throw new Error('a step of the pipeline has no model; this is a bug')
    addStep(draft, step, model, i + 1, later)
  })
  const inputs: (FoundSpec & { readonly shape: readonly number[] })[] = []
  for (const { spec, from } of draft.values.values())
    if (from === undefined && spec.shape !== undefined) inputs.push({ ...spec, shape: spec.shape })
  const outputs = outputsOf(file, draft)
  const idle = idleSteps(draft, outputs)
  return {
    format: 'pipeline',
    producer: [...new Set(models.map(({ producer }) => producer))]
      .filter((name) => name !== '')
      .join(', ')
      .slice(0, 1000),
    program: { steps: draft.steps },
    inputs,
    outputs,
    files: draft.files,
    metadata: draft.metadata,
    isQuantized: models.some(({ isQuantized }) => isQuantized),
    warnings: [...draft.warnings, ...idle],
  }
}

function givenBy(step: PipelineStep, model: CompiledModel | undefined): string[] {
  return (model?.outputs ?? []).map(({ name }) => step.outputs.get(name) ?? name)
}

function addStep(draft: Draft, step: PipelineStep, model: CompiledModel, number: number, later: Set<string>): void {
  const where = `step ${number} (${step.model})`
  checkNames(where, 'input', step.inputs, model.inputs)
  checkNames(where, 'output', step.outputs, model.outputs)
  const nameOfInput = new Map(model.inputs.map(({ name }) => [name, step.inputs.get(name) ?? name]))
  const nameOfOutput = new Map(model.outputs.map(({ name }) => [name, step.outputs.get(name) ?? name]))
  for (const spec of model.inputs) readValue(draft, where, spec, nameOfInput.get(spec.name) ?? spec.name, model, later)
  for (const spec of model.outputs) giveValue(draft, where, spec, nameOfOutput.get(spec.name) ?? spec.name)
  draft.links.push({ where, reads: [...nameOfInput.values()], gives: [...nameOfOutput.values()] })
  for (const [path, bytes] of model.files) draft.files.set(`step-${number}/${path}`, bytes)
  for (const part of model.program.steps)
    draft.steps.push({
      ...part,
      file: `step-${number}/${part.file}`,
      inputs: renamed(part.inputs, nameOfInput),
      outputs: renamed(part.outputs, nameOfOutput),
    })
}

function checkNames(
  where: string,
  what: string,
  named: ReadonlyMap<string, string>,
  specs: readonly FoundSpec[],
): void {
  for (const name of named.keys())
    if (!specs.some((spec) => spec.name === name))
      throw refused(`${where} has no ${what} ${quote(name)}; it has ${quoteList(specs.map((spec) => spec.name))}`)
}

function readValue(
  draft: Draft,
  where: string,
  spec: FoundSpec,
  name: string,
  { metadata }: CompiledModel,
  later: Set<string>,
): void {
  const value = draft.values.get(name)
  if (value !== undefined) {
    value.isRead = true
    return fit(where, spec, name, value)
  }
  if (later.has(name)) throw refused(`${where} reads ${quote(name)}, which only a later step gives: change their order`)
  const given = draft.links.flatMap(({ gives }) => gives)
  if (given.length > 0)
    draft.warnings.push(
      `${where} reads ${quote(name)}, which no step gives: it becomes an input of the model (the steps before give ${quoteList(given)})`,
    )
  draft.values.set(name, { spec: { ...spec, name }, isRead: true })
  for (const kind of ['slipway.example', 'slipway.columns']) {
    const text = metadata.get(`${kind}.${spec.name}`)
    if (text !== undefined) draft.metadata.set(`${kind}.${name}`, text)
  }
}

/** @throws {ServingError} `refused` when a value cannot be what an input takes */
function fit(where: string, { name, datatype, shape }: FoundSpec, valueName: string, { spec, from }: Value): void {
  const source = from === undefined ? 'an input of the pipeline' : `given by ${from}`
  const found = `${quote(valueName)}, ${source}, is ${spec.datatype} of shape ${show(spec.shape)}`
  const wanted = `${where}: input ${quote(name)} takes ${datatype} of shape ${show(shape)}`
  if (spec.datatype !== datatype) throw refused(`${wanted}, and ${found}: give one of the models a Cast`)
  if (spec.shape === undefined || shape === undefined) return
  const isSame =
    spec.shape.length === shape.length &&
    shape.every((size, axis) => size === -1 || spec.shape?.[axis] === -1 || size === spec.shape?.[axis])
  if (!isSame) throw refused(`${wanted}, and ${found}`)
}

function giveValue(draft: Draft, where: string, spec: FoundSpec, name: string): void {
  const known = draft.values.get(name)
  if (known !== undefined)
    throw refused(
      `${where} gives ${quote(name)}, which is ${known.from === undefined ? 'an input of the pipeline' : `given by ${known.from}`} already: rename it under "outputs"`,
    )
  draft.values.set(name, { spec: { ...spec, name }, from: where, isRead: false })
}

function renamed(
  names: Readonly<Record<string, string>>,
  values: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  // a model's own values carry the names of its inputs and outputs
  return Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values.get(value) ?? value]))
}

function outputsOf({ outputs }: PipelineFile, { values }: Draft): FoundSpec[] {
  const given = [...values].filter(([, { from }]) => from !== undefined)
  const wanted = outputs ?? given.filter(([, { isRead }]) => !isRead).map(([name]) => name)
  return wanted.map((name) => {
    const value = values.get(name)
    if (value?.from === undefined)
      throw refused(
        `the output ${quote(name)} is given by no step; there ${given.length === 1 ? 'is' : 'are'} ${quoteList(given.map(([known]) => known))}`,
      )
    return value.spec
  })
}

/** A warning for each step that no output needs, directly or through other steps. */
function idleSteps({ links }: Draft, outputs: readonly FoundSpec[]): string[] {
  const needed = new Set(outputs.map(({ name }) => name))
  const idle = links.toReversed().filter(({ reads, gives }) => {
    if (!gives.some((name) => needed.has(name))) return true
    for (const name of reads) needed.add(name)
    return false
  })
  return idle
    .toReversed()
    .map(({ where, gives }) => `${where} gives ${quoteList(gives)}, which no output needs: it is never run`)
}

function show(shape: readonly number[] | undefined): string {
  return shape === undefined ? 'unknown' : `[${shape.join(',')}]`
}

function refused(message: string): ServingError {
  return new ServingError('refused', message, { details: { reason: 'pipeline' } })
}
