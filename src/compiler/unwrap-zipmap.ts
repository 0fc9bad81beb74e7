import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxValue } from '../onnx/index.ts'

export interface UnwrappedModel {
  readonly model: OnnxModel
  /** Class labels of each output that was a list of maps, in the order of its columns. */
  readonly labels: ReadonlyMap<string, readonly string[]>
}

/**
 * Turns outputs that are lists of maps, which scikit-learn converters write unless told otherwise, into the tensors that
 * the maps were made of: one column a class. The output keeps its name; the labels become names of columns.
 * @throws {ServingError} `refused` for a ZipMap without labels
 * @see ONNX operators, ai.onnx.ml.ZipMap
 */
export function unwrapZipMaps(model: OnnxModel): UnwrappedModel {
  const labels = new Map<string, readonly string[]>()
  const isOutput = new Set(model.graph.outputs.map(({ name }) => name))
  const nodes = model.graph.nodes.map((node) => {
    const output = node.outputs[0] ?? ''
    if (node.opType !== 'ZipMap' || node.domain !== 'ai.onnx.ml' || !isOutput.has(output)) return node
    labels.set(output, labelsOf(node))
    return { ...node, domain: '', opType: 'Identity', attributes: new Map<string, OnnxAttribute>() }
  })
  if (labels.size === 0) return { model, labels }
  const outputs = model.graph.outputs.map((value): OnnxValue => {
    const classes = labels.get(value.name)
    if (classes === undefined) return value
    return { ...value, type: { kind: 'tensor', datatype: 'FP32', shape: [rowsOf(model), classes.length] } }
  })
  return { model: { ...model, graph: { ...model.graph, nodes, outputs } }, labels }
}

function labelsOf(node: OnnxNode): string[] {
  const texts = node.attributes.get('classlabels_strings')
  if (texts?.type === 'strings' && texts.value.length > 0)
    return texts.value.map((label) => Buffer.from(label).toString('utf8'))
  const numbers = node.attributes.get('classlabels_int64s')
  if (numbers?.type === 'ints' && numbers.value.length > 0) return Array.from(numbers.value, String)
  throw new ServingError('refused', `the ZipMap ${quote(node.name)} names no class labels`)
}

/** The first dimension of the first input: a converter writes no shape for a list. */
function rowsOf({ graph }: OnnxModel): number | string | undefined {
  const type = graph.inputs[0]?.type
  return type?.kind === 'tensor' ? type.shape?.[0] : undefined
}
