import { everyNode, everyTensor, signatureValues, type OnnxModel, type OnnxType } from '../onnx/index.ts'

export interface InspectedGraph {
  readonly producer: string
  readonly irVersion: number
  readonly opsets: readonly { readonly domain: string; readonly version: number }[]
  readonly nodes: number
  /** How many nodes there are of each operator, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>
  readonly weightsBytes: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
}

/** How large a graph is. */
export interface GraphSize {
  readonly nodes: number
  readonly constantBytes: number
}

export function sizeOfGraph(model: OnnxModel): GraphSize {
  let nodes = 0
  for (const _node of everyNode(model.graph.nodes)) nodes++
  return { nodes, constantBytes: constantBytes(model) }
}

function constantBytes(model: OnnxModel): number {
  let bytes = 0
  for (const { data } of everyTensor(model)) if (ArrayBuffer.isView(data)) bytes += data.byteLength
  return bytes
}

/** What a graph takes, gives and computes. */
export function describeGraph(model: OnnxModel): InspectedGraph {
  const counts = new Map<string, number>()
  let nodes = 0
  for (const { node } of everyNode(model.graph.nodes)) {
    nodes++
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const { inputs, outputs } = signatureValues(model)
  return {
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    irVersion: model.irVersion,
    opsets: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    nodes,
    operators: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])),
    weightsBytes: constantBytes(model),
    inputs: inputs.map(({ name, type }) => `${name} ${describeType(type)}`),
    outputs: outputs.map(({ name, type }) => `${name} ${describeType(type)}`),
    metadata: Object.fromEntries(model.metadata),
  }
}

function describeType(type: OnnxType | undefined): string {
  if (type === undefined) return 'of no stated type'
  if (type.kind !== 'tensor') return `a ${type.kind}`
  const shape = type.shape === undefined ? 'of unknown rank' : `[${type.shape.map((size) => size ?? '?').join(', ')}]`
  return `${type.datatype ?? 'of no stated datatype'} ${shape}`
}
