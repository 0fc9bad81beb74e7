import { versionNumber, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import type { TensorSpec } from '../../tensor/signature.ts'

/**
 * What is known of a model, as far as its callers need it. `versions` has one name for each, as `versionNumber` gives it,
 * under which it answers; all other names of this one stand in its properties.
 * @see Open Inference Protocol v2, "Model Metadata"
 */
export function modelMetadata(model: ServedModel, plane: DataPlane) {
  return {
    name: model.name,
    versions: versionsOf(model.name, plane).map(versionNumber),
    platform: platformOf(model),
    inputs: model.signature.inputs.map(tensorMetadata),
    outputs: model.signature.outputs.map(tensorMetadata),
    properties: propertiesOf(model),
  }
}

/** Every version of a model, the default first. */
export function versionsOf(name: string, plane: DataPlane): ServedModel[] {
  return plane.models().filter((model) => model.name === name)
}

/** The engines that run it, in one word. */
export function platformOf(model: ServedModel): string {
  return `slipway_${model.engines.join('_')}`
}

function tensorMetadata({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape }
}

/** What the protocol has no field for, as text: how it is run and why, and the names of columns. */
export function propertiesOf(model: ServedModel): Record<string, string> {
  const { plan, maxBatchRows } = model.choices
  const properties: Record<string, string> = {
    digest: model.version,
    plan: `${plan.value}: ${plan.reason}`,
    max_batch_rows: `${maxBatchRows.value}: ${maxBatchRows.reason}`,
  }
  const { inputs, defaultOutputs } = model.signature
  const unused = inputs.filter(({ isUnused }) => isUnused === true).map(({ name }) => name)
  const optional = inputs.filter(({ isOptional }) => isOptional === true).map(({ name }) => name)
  const json = inputs.filter(({ isJson }) => isJson === true).map(({ name }) => name)
  if (unused.length > 0) properties['unused_inputs'] = JSON.stringify(unused)
  if (optional.length > 0) properties['optional_inputs'] = JSON.stringify(optional)
  if (json.length > 0) properties['json_inputs'] = JSON.stringify(json)
  if (defaultOutputs !== undefined) properties['default_outputs'] = JSON.stringify(defaultOutputs)
  if (model.labels.length > 0) properties['labels'] = JSON.stringify(model.labels)
  for (const { name, columns } of inputs)
    if (columns !== undefined) properties[`columns.${name}`] = JSON.stringify(columns)
  return properties
}
