import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { overLimit, type Budget } from './limits.ts'
import type { OnnxFunction, OnnxGraph, OnnxNode } from './model.ts'
import { graphsIn } from './walk.ts'

/** The names of one graph or function, and its nodes. */
interface Body {
  readonly what: string
  readonly inputs: readonly string[]
  readonly initializers: Iterable<string>
  readonly nodes: readonly OnnxNode[]
  readonly outputs: readonly string[]
}

/** A body that is being gone through. */
interface Frame {
  readonly body: Body
  /** Values that this body defines: they go out of sight with it. */
  readonly own: Set<string>
  /** The node that is next. */
  index: number
  /** Graphs of the node before it whose turn has not come; its outputs are defined after them. */
  readonly graphs: OnnxGraph[]
  open: OnnxNode | undefined
}

/**
 * Checks that the names in a graph or function hold together, inside its subgraphs too: every value is defined before
 * it is read, in this graph or one around it; no value is defined twice, nor hides one of a graph around it; every
 * output is made here. `visit` is called with each node in turn. Not recursive.
 * @throws {ServingError} `refused`, naming the node and the value
 * @see ONNX IR specification, "Graphs", "Names Within a Graph"
 */
export function checkScopes(
  root: OnnxGraph | OnnxFunction,
  budget: Budget,
  visit: (node: OnnxNode, where: () => string) => void,
): void {
  const visible = new Set<string>()
  const stack: Frame[] = []
  const { graphDepth } = budget.limits

  const define = (frame: Frame, name: string, by: () => string) => {
    if (visible.has(name))
      throw refused(`${by()} defines the value ${quote(name)}, which is defined already; names are given once`)
    visible.add(name)
    frame.own.add(name)
  }
  const enter = (body: Body) => {
    if (stack.length > graphDepth) throw overLimit('graphDepth', stack.length, graphDepth)
    const frame: Frame = { body, own: new Set(), index: 0, graphs: [], open: undefined }
    stack.push(frame)
    const by = () => `${body.what} in its inputs and initializers`
    for (const name of body.inputs) {
      if (name === '') throw refused(`an input of ${body.what} has no name`)
      define(frame, name, by)
    }
    const inputs = new Set(body.inputs)
    for (const name of body.initializers) if (!inputs.has(name)) define(frame, name, by)
  }

  enter(bodyOf(root))
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { body } = frame
    const graph = frame.graphs.pop()
    if (graph !== undefined) {
      enter(bodyOf(graph))
      continue
    }
    if (frame.open !== undefined) {
      const done = frame.open
      const by = () => describeNode(done, body.what)
      for (const name of done.outputs) if (name !== '') define(frame, name, by)
      frame.open = undefined
      frame.index++
    }
    const node = body.nodes[frame.index]
    if (node === undefined) {
      for (const name of body.outputs)
        if (!frame.own.has(name)) throw refused(`the output ${quote(name)} of ${body.what} is not made in it`)
      for (const name of frame.own) visible.delete(name)
      stack.pop()
      continue
    }
    budget.spend('nodes', 1)
    const where = () => describeNode(node, body.what)
    for (const name of node.inputs)
      if (name !== '' && !visible.has(name))
        throw refused(`${where()} reads the value ${quote(name)}, ${whyUnseen(name, frame)}`)
    visit(node, where)
    frame.open = node
    for (const graph of graphsIn(node)) frame.graphs.unshift(graph)
  }
}

function bodyOf(root: OnnxGraph | OnnxFunction): Body {
  if ('initializers' in root)
    return {
      what: `graph ${quote(root.name)}`,
      inputs: root.inputs.map((value) => value.name),
      initializers: root.initializers.keys(),
      nodes: root.nodes,
      outputs: root.outputs.map((value) => value.name),
    }
  const { inputs, nodes, outputs } = root
  return { what: `function ${quote(root.name)}`, inputs, initializers: [], nodes, outputs }
}

/** A node for an error message: its operator, its name or else its first output, and where it lies. */
export function describeNode(node: OnnxNode, bodyName: string): string {
  const name = node.name === '' ? `that makes ${quote(node.outputs[0] ?? '')}` : quote(node.name)
  return `the ${node.opType === '' ? 'node' : quote(node.opType)} node ${name} in ${bodyName}`
}

function whyUnseen(name: string, { body, index }: Frame): string {
  const maker = body.nodes.findIndex((node, i) => i >= index && node.outputs.includes(name))
  if (maker === index) return 'which it makes itself: a cycle'
  if (maker !== -1) return 'which a later node makes: a cycle, or nodes out of order'
  return 'which nothing before it defines'
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}
