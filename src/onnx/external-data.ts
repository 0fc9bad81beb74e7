import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { checkTensor, countElements } from './check-tensor.ts'
import { rawBytes } from './element-types.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './model.ts'
import { draftGraph, type DraftGraph } from './read-context.ts'
import { numbersIn } from './read-tensor.ts'
import { everyTensor } from './walk.ts'

/**
 * The files beside the model file that its tensors lie in, each once, in the model's order.
 * @throws {ServingError} `refused` for a location that is no plain relative name
 */
export function externalFiles(model: OnnxModel): string[] {
  const locations = new Set<string>()
  for (const tensor of everyTensor(model)) if (tensor.external !== undefined) locations.add(checkLocation(tensor))
  return [...locations]
}

/**
 * The model with its external data in place: views into `files` where aligned. Nothing is read from a disk here; that
 * each file is a plain one (no link, nothing shared) is for the caller to see to.
 * @param files contents by location, spelled exactly as the model spells it
 * @throws {ServingError} `refused` for a location that is no plain relative name, and for an offset or length outside
 *   its file or unlike what the tensor's shape needs; `not_found` when a file is missing
 */
export function attachExternalData(model: OnnxModel, files: ReadonlyMap<string, Uint8Array>): OnnxModel {
  if (externalFiles(model).length === 0) return model
  const waiting: { draft: DraftGraph; graph: OnnxGraph }[] = []

  const copyGraph = (graph: OnnxGraph): OnnxGraph => {
    const draft = draftGraph()
    waiting.push({ draft, graph })
    return draft
  }
  const copyAttribute = (attribute: OnnxAttribute): OnnxAttribute => {
    if (attribute.type === 'tensor') return { type: 'tensor', value: attach(attribute.value, files) }
    if (attribute.type === 'tensors')
      return { type: 'tensors', value: attribute.value.map((tensor) => attach(tensor, files)) }
    if (attribute.type === 'graph') return { type: 'graph', value: copyGraph(attribute.value) }
    if (attribute.type === 'graphs') return { type: 'graphs', value: attribute.value.map(copyGraph) }
    return attribute
  }
  const copyAttributes = (attributes: ReadonlyMap<string, OnnxAttribute>) =>
    new Map([...attributes].map(([name, attribute]) => [name, copyAttribute(attribute)]))
  const copyNode = (node: OnnxNode): OnnxNode => ({ ...node, attributes: copyAttributes(node.attributes) })

  const graph = copyGraph(model.graph)
  const functions = model.functions.map((each) => ({
    ...each,
    attributeDefaults: copyAttributes(each.attributeDefaults),
    nodes: each.nodes.map(copyNode),
  }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { draft, graph } = next
    draft.name = graph.name
    draft.docString = graph.docString
    for (const node of graph.nodes) draft.nodes.push(copyNode(node))
    for (const value of graph.inputs) draft.inputs.push(value)
    for (const value of graph.outputs) draft.outputs.push(value)
    for (const value of graph.valueInfos) draft.valueInfos.push(value)
    for (const [name, tensor] of graph.initializers) draft.initializers.set(name, attach(tensor, files))
  }
  return { ...model, graph, functions }
}

function attach(tensor: OnnxTensor, files: ReadonlyMap<string, Uint8Array>): OnnxTensor {
  const { external, ...rest } = tensor
  if (external === undefined) return tensor
  const location = checkLocation(tensor)
  const where = `tensor ${quote(tensor.name)}`
  const file = files.get(location)
  if (file === undefined)
    throw new ServingError(
      'not_found',
      `${where} lies in the file ${quote(location)}, which is not among those given (${quoteList(files.keys())}); put it beside the model`,
      { details: { location } },
    )
  if (tensor.datatype === 'BYTES') throw refused(`${where} holds strings, which cannot be external`)
  const needed = rawBytes(tensor.datatype, countElements(tensor.shape, where, DEFAULT_LIMITS))
  const { offset } = external
  const length = external.length ?? file.byteLength - offset
  const isInside = isWhole(offset) && isWhole(length) && offset <= file.byteLength && length <= file.byteLength - offset
  if (!isInside)
    throw refused(
      `${where} lies at bytes ${offset} to ${offset + length} of ${quote(location)}, which has ${file.byteLength}`,
    )
  if (length !== needed)
    throw refused(
      `${where} of type ${tensor.datatype} and shape [${tensor.shape.join(',')}] needs ${needed} bytes, ${quote(location)} gives it ${length}`,
    )
  const bytes = new Uint8Array(file.buffer, file.byteOffset + offset, length)
  const attached = { ...rest, data: numbersIn(tensor.datatype, bytes) }
  checkTensor(attached, where, DEFAULT_LIMITS)
  return attached
}

/**
 * A tensor's location, when it is a plain relative path: parts parted by `/`, none of them empty, `.` or `..`.
 * Backslashes, colons (drives, streams) and control characters are refused on every system, so that a model means the
 * same everywhere.
 */
function checkLocation(tensor: OnnxTensor): string {
  const location = tensor.external?.location ?? ''
  const parts = location.split('/')
  const isPlain =
    location.length <= 1024 &&
    !/[\\:\p{Cc}]/u.test(location) &&
    location.isWellFormed() &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (!isPlain)
    throw refused(
      `tensor ${quote(tensor.name)} lies in ${quote(location)}; a plain relative file name beside the model is allowed`,
    )
  return location
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}
