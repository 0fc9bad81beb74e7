import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { checkTensor } from './check-tensor.ts'
import { Budget, limitsWith, type OnnxLimits } from './limits.ts'
import type { OnnxFunction, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './model.ts'
import { checkOperator, isReservedDomain } from './operators.ts'
import { checkCall, checkCalls, checkReference, functionKey, type Functions } from './validate-functions.ts'
import { checkScopes } from './validate-scopes.ts'
import { checkTreeEnsemble } from './validate-trees.ts'
import { graphsIn } from './walk.ts'

/** IR versions that are taken: from the first with operator sets (2017) to the newest that the engine loads. */
export const IR_VERSIONS: readonly [number, number] = [3, 13]

/**
 * Checks that a model is sound enough to be handed to a native runtime: versions, names in order, tensors as their
 * shapes say, functions that neither recurse nor explode, tree ensembles that are trees, and no operator that reaches
 * outside the model. Types and shapes between nodes are not inferred: a runtime refuses those by itself.
 * A model may import operator sets that it does not use, of any domain (onnxruntime's own exports do).
 * @param limits those to replace of the defaults
 * @throws {ServingError} `refused` for what is broken, `unsupported` for operators and attributes that are not taken
 * @see ONNX IR specification
 */
export function validateOnnx(model: OnnxModel, limits?: Partial<OnnxLimits>): void {
  const budget = new Budget(limitsWith(limits))
  const [oldest, newest] = IR_VERSIONS
  if (!(model.irVersion >= oldest && model.irVersion <= newest))
    throw refused(`the model has the IR version ${model.irVersion}; ${oldest} to ${newest} are allowed`)
  checkOpsets(model.opsets, 'the model')
  const functions = checkFunctions(model.functions, budget)
  checkSignature(model)
  checkInitializers(model.graph, budget.limits)
  checkBody(model, undefined, functions, budget)
  for (const each of model.functions) checkBody(model, each, functions, budget)
  checkCalls(model, functions, budget.limits)
}

/** What a caller gives and gets: the main graph's inputs that no initializer fills, and its outputs. */
export function signatureValues(model: OnnxModel): { inputs: OnnxValue[]; outputs: OnnxValue[] } {
  const { inputs, outputs, initializers } = model.graph
  return { inputs: inputs.filter((value) => !initializers.has(value.name)), outputs: [...outputs] }
}

function checkOpsets(opsets: ReadonlyMap<string, number>, where: string): void {
  if (opsets.size === 0) throw refused(`${where} imports no operator set; one per domain that it uses is due`)
  for (const [domain, version] of opsets) {
    if (domain === 'ai.onnx') throw refused(`${where} spells the default domain "ai.onnx"; here it is ""`)
    if (!Number.isSafeInteger(version) || version < 1 || version > 0x7fff_ffff)
      throw refused(`${where} imports version ${version} of the operator set ${quote(domain)}; versions count from 1`)
  }
}

function checkFunctions(all: readonly OnnxFunction[], budget: Budget): Functions {
  const functions = new Map<string, OnnxFunction>()
  budget.spend('functions', all.length)
  for (const each of all) {
    const where = `function ${quote(each.name)} of the domain ${quote(each.domain)}`
    if (each.name === '') throw refused(`${where} has no name`)
    if (isReservedDomain(each.domain))
      throw refused(`${where} would replace an operator of ONNX or its runtime; give it a domain of its own`)
    const key = functionKey(each.domain, each.name)
    if (functions.has(key)) throw refused(`${where} is defined twice`)
    functions.set(key, each)
    checkOpsets(each.opsets, where)
    const names = [...each.attributes, ...each.attributeDefaults.keys()]
    if (new Set(names).size < names.length) throw refused(`${where} declares an attribute twice`)
    for (const [name, attribute] of each.attributeDefaults) {
      if (attribute.type === 'reference' || attribute.type === 'graph' || attribute.type === 'graphs')
        throw refused(`the default of attribute ${quote(name)} of ${where} is a ${attribute.type}; a value is due`)
      if (attribute.type === 'tensor' || attribute.type === 'tensors')
        for (const tensor of tensorsIn(attribute))
          checkAttached(tensor, `attribute ${quote(name)} of ${where}`, budget.limits)
    }
  }
  return functions
}

function checkSignature({ graph }: OnnxModel): void {
  if (graph.outputs.length === 0) throw refused('the main graph has no output')
  for (const value of graph.inputs)
    if (value.type === undefined) throw refused(`the input ${quote(value.name)} of the main graph has no type`)
  const names = new Set<string>()
  for (const { name } of graph.outputs) {
    if (names.has(name)) throw refused(`the main graph has the output ${quote(name)} twice`)
    names.add(name)
  }
}

/** Checks the main graph, or one function, with everything inside it. */
function checkBody(model: OnnxModel, inside: OnnxFunction | undefined, functions: Functions, budget: Budget): void {
  const opsets = inside?.opsets ?? model.opsets
  checkScopes(inside ?? model.graph, budget, (node, where) => {
    if (node.opType === '') throw refused(`${where()} has no operator`)
    if (!opsets.has(node.domain))
      throw refused(`${where()} is of the domain ${quote(node.domain)}, whose operator set is not imported`)
    const callee = functions.get(functionKey(node.domain, node.opType))
    if (callee !== undefined) checkCall(node, callee, where)
    else checkOperator(node, where)
    checkAttributes(node, inside, where, budget.limits)
    checkTreeEnsemble(node, where, budget.limits)
  })
}

function checkAttributes(
  node: OnnxNode,
  inside: OnnxFunction | undefined,
  where: () => string,
  limits: OnnxLimits,
): void {
  for (const [name, attribute] of node.attributes)
    if (name === '') throw refused(`${where()} has an attribute without a name`)
    else if (attribute.type === 'reference') checkReference(attribute, inside, where)
    else if (attribute.type === 'tensor' || attribute.type === 'tensors')
      for (const tensor of tensorsIn(attribute)) checkAttached(tensor, `attribute ${quote(name)} of ${where()}`, limits)
  for (const graph of graphsIn(node)) checkInitializers(graph, limits)
}

function tensorsIn(
  attribute: { type: 'tensor'; value: OnnxTensor } | { type: 'tensors'; value: readonly OnnxTensor[] },
) {
  return attribute.type === 'tensor' ? [attribute.value] : attribute.value
}

function checkInitializers({ initializers }: OnnxModel['graph'], limits: OnnxLimits): void {
  for (const [name, tensor] of initializers) {
    if (name === '' || name !== tensor.name)
      throw refused(`the initializer ${quote(name)} has the name ${quote(tensor.name)}; both must be the same`)
    checkAttached(tensor, `initializer ${quote(name)}`, limits)
  }
}

function checkAttached(tensor: OnnxTensor, where: string, limits: OnnxLimits): void {
  if (tensor.external !== undefined)
    throw refused(
      `${where} lies in the file ${quote(tensor.external.location)}, which has not been attached; give it beside the model`,
    )
  checkTensor(tensor, where, limits)
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}
