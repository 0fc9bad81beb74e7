import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { attributeTypeNumber } from './element-types.ts'
import { overLimit, type OnnxLimits } from './limits.ts'
import type { OnnxAttribute, OnnxFunction, OnnxModel, OnnxNode, OnnxTensor } from './model.ts'
import { everyNode, graphsIn } from './walk.ts'

/** A model's functions by `functionKey`. */
export type Functions = ReadonlyMap<string, OnnxFunction>

/** What a call names: domain and name, in one string that cannot be read two ways. */
export function functionKey(domain: string, name: string): string {
  return JSON.stringify([domain, name])
}

/** What a body comes to once every call in it is replaced by the function's own body. */
interface Inlined {
  readonly nodes: number
  /** Bytes of attributes and of initializers in subgraphs. */
  readonly bytes: number
  /** Attributes that stand for one of the call's, each of which becomes a copy of it. */
  readonly references: number
  /** Graphs and calls inside one another. */
  readonly depth: number
}

/**
 * Checks that functions do not call themselves, by whatever way round, and that the model stays within bounds when a
 * runtime inlines them: 40 functions that each call the next one twice are a small file and 2^40 nodes. It is counted,
 * not inlined, and not recursive.
 * @throws {ServingError} `refused`
 */
export function checkCalls(model: OnnxModel, functions: Functions, limits: OnnxLimits): void {
  const done = new Map<OnnxFunction, Inlined | 'open'>()
  for (const root of functions.values()) {
    const stack = [root]
    for (let each = stack.at(-1); each !== undefined; each = stack.at(-1)) {
      const state = done.get(each)
      if (state === undefined) {
        done.set(each, 'open')
        for (const callee of new Set(calleesOf(each, functions, limits))) {
          const before = done.get(callee)
          if (before === 'open')
            throw refused(`function ${quote(callee.name)} calls itself, by way of ${quote(each.name)}`)
          if (before === undefined) stack.push(callee)
        }
      } else {
        stack.pop()
        if (state === 'open') done.set(each, inlined(each.nodes, functions, done, limits))
      }
    }
  }
  inlined(model.graph.nodes, functions, done, limits)
}

function* calleesOf(each: OnnxFunction, functions: Functions, limits: OnnxLimits): Generator<OnnxFunction> {
  for (const { node } of everyNode(each.nodes, limits.graphDepth)) {
    const callee = functions.get(functionKey(node.domain, node.opType))
    if (callee !== undefined) yield callee
  }
}

function inlined(
  body: readonly OnnxNode[],
  functions: Functions,
  done: ReadonlyMap<OnnxFunction, Inlined | 'open'>,
  limits: OnnxLimits,
): Inlined {
  let nodes = 0
  let bytes = 0
  let references = 0
  let depth = 0
  for (const { node, depth: graphs } of everyNode(body, limits.graphDepth)) {
    let nodeBytes = 0
    let nodeReferences = 0
    for (const attribute of node.attributes.values())
      if (attribute.type === 'reference') nodeReferences++
      else nodeBytes += attributeBytes(attribute)
    for (const graph of graphsIn(node)) for (const tensor of graph.initializers.values()) bytes += tensorBytes(tensor)

    const callee = functions.get(functionKey(node.domain, node.opType))
    const inner = callee === undefined ? undefined : done.get(callee)
    if (inner === 'open') throw new Error('a function was counted before those it calls; this is a bug')
    const copies = 1 + (inner?.references ?? 0)
    nodes += inner?.nodes ?? 1
    bytes += (inner?.bytes ?? 0) + nodeBytes * copies
    references += nodeReferences * copies
    depth = Math.max(depth, graphs + (inner === undefined ? 0 : 1 + inner.depth))
  }
  if (nodes > limits.inlinedNodes) throw overLimit('inlinedNodes', nodes, limits.inlinedNodes)
  if (references > limits.inlinedNodes) throw overLimit('inlinedNodes', references, limits.inlinedNodes)
  if (functions.size > 0 && bytes > limits.inlinedBytes) throw overLimit('inlinedBytes', bytes, limits.inlinedBytes)
  if (depth > limits.callDepth) throw overLimit('callDepth', depth, limits.callDepth)
  return { nodes, bytes, references, depth }
}

function attributeBytes(attribute: OnnxAttribute): number {
  if (attribute.type === 'tensor') return tensorBytes(attribute.value)
  if (attribute.type === 'tensors') return attribute.value.reduce((sum, tensor) => sum + tensorBytes(tensor), 0)
  if (attribute.type === 'string' || attribute.type === 'floats' || attribute.type === 'ints')
    return attribute.value.byteLength
  if (attribute.type === 'strings') return attribute.value.reduce((sum, each) => sum + each.byteLength, 0)
  return 8
}

function tensorBytes({ data }: OnnxTensor): number {
  if ('byteLength' in data) return data.byteLength
  return data.reduce((sum, each) => sum + each.byteLength, 0)
}

/**
 * Checks one call against its function: no more inputs and outputs than it has, and every attribute that it demands.
 * @throws {ServingError} `refused`
 */
export function checkCall(node: OnnxNode, callee: OnnxFunction, where: () => string): void {
  if (node.inputs.length > callee.inputs.length)
    throw refused(`${where()} gives ${node.inputs.length} inputs to a function of ${callee.inputs.length}`)
  if (node.outputs.length > callee.outputs.length)
    throw refused(`${where()} takes ${node.outputs.length} outputs from a function of ${callee.outputs.length}`)
  for (const name of callee.attributes)
    if (!node.attributes.has(name)) throw refused(`${where()} does not give the attribute ${quote(name)}`)
}

/** Whether an attribute of that name may be referred to inside a function, and as which type. */
export function checkReference(
  attribute: Extract<OnnxAttribute, { type: 'reference' }>,
  inside: OnnxFunction | undefined,
  where: () => string,
): void {
  const { value: name, of } = attribute
  if (inside === undefined)
    throw refused(`${where()} refers to the attribute ${quote(name)} of a call, but lies in no function`)
  const fallback = inside.attributeDefaults.get(name)
  if (fallback === undefined && !inside.attributes.includes(name))
    throw refused(
      `${where()} refers to the attribute ${quote(name)}, which function ${quote(inside.name)} does not declare`,
    )
  if (fallback !== undefined && attributeTypeNumber(fallback) !== of)
    throw refused(`${where()} refers to the attribute ${quote(name)} as another type than its default has`)
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}
