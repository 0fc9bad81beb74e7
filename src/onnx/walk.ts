import { DEFAULT_LIMITS, overLimit } from './limits.ts'
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './model.ts'

/** The graphs directly inside nodes: the branches of an If, the body of a Loop. */
export function* graphsOf(nodes: Iterable<OnnxNode>): Generator<OnnxGraph> {
  for (const node of nodes) yield* graphsIn(node)
}

/** The graphs directly inside one node. */
export function* graphsIn(node: OnnxNode): Generator<OnnxGraph> {
  for (const attribute of node.attributes.values())
    if (attribute.type === 'graph') yield attribute.value
    else if (attribute.type === 'graphs') yield* attribute.value
}

/**
 * Every node of a body, those of graphs inside it too, each with the number of graphs around it. Not recursive.
 * @throws {ServingError} `refused` when graphs lie deeper than `graphDepth`
 */
export function* everyNode(
  nodes: readonly OnnxNode[],
  graphDepth = DEFAULT_LIMITS.graphDepth,
): Generator<{ node: OnnxNode; depth: number }> {
  const waiting = [{ nodes, depth: 0 }]
  for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
    const depth = body.depth + 1
    for (const node of body.nodes) {
      yield { node, depth: body.depth }
      for (const graph of graphsIn(node)) {
        if (depth > graphDepth) throw overLimit('graphDepth', depth, graphDepth)
        waiting.push({ nodes: graph.nodes, depth })
      }
    }
  }
}

/** Every tensor of a model: initializers and attributes, in graphs inside graphs and in functions too. */
export function* everyTensor(model: OnnxModel, graphDepth?: number): Generator<OnnxTensor> {
  yield* model.graph.initializers.values()
  for (const body of [model.graph, ...model.functions])
    for (const { node } of everyNode(body.nodes, graphDepth)) {
      for (const attribute of node.attributes.values())
        if (attribute.type === 'tensor') yield attribute.value
        else if (attribute.type === 'tensors') yield* attribute.value
      for (const graph of graphsIn(node)) yield* graph.initializers.values()
    }
  for (const each of model.functions)
    for (const attribute of each.attributeDefaults.values())
      if (attribute.type === 'tensor') yield attribute.value
      else if (attribute.type === 'tensors') yield* attribute.value
}
