import type { CompiledModel } from '../compiler/compile-onnx.ts'
import type { Engine } from '../engines/engine.ts'
import { hostKernels } from '../engines/host-kernels/index.ts'
import { ENGINES } from '../engines/index.ts'
import { everyNode, readOnnx } from '../onnx/index.ts'

/** Fewest bytes that a node of a tree takes in a graph: smaller graphs are not looked into. */
const NODE_BYTES = 8

/**
 * Nodes of trees in one model from which on ONNX Runtime is left out: while it loads them it takes over 250 bytes for each,
 * where our own kernels take 80 and answer sooner (2.2 million nodes: 580 MiB and 1.1 s against 190 MiB and 0.5 s).
 */
const MOST_TREE_NODES = 500_000

/** The engines that a compiled model is run by for the first time and measured on, in order of preference. */
export function probationEngines(
  { program, files }: Pick<CompiledModel, 'program' | 'files'>,
  mostTreeNodes = MOST_TREE_NODES,
): readonly Engine[] {
  const read = (path: string) => files.get(path) ?? new Uint8Array()
  let nodes = 0
  for (const step of program.steps) {
    if (step.kind !== 'onnx' || read(step.file).byteLength < NODE_BYTES * mostTreeNodes) continue
    for (const { node } of everyNode(readOnnx(read(step.file)).graph.nodes)) {
      const features = node.attributes.get('nodes_featureids')
      if (features?.type === 'ints') nodes += features.value.length
    }
  }
  if (nodes < mostTreeNodes) return ENGINES
  return program.steps.every((step) => hostKernels.refusal(step, read) === undefined) ? [hostKernels] : ENGINES
}
