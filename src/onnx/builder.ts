import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { onnxTensor } from './attributes.ts'
import type {
  OnnxAttribute,
  OnnxDimension,
  OnnxElementType,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxType,
  OnnxValue,
} from './model.ts'
import { validateOnnx } from './validate.ts'

export interface GraphOptions {
  /** Name of the graph. Default: `graph`. */
  readonly name?: string
  /** What made the model. Default: `slipway`. */
  readonly producerName?: string
  readonly producerVersion?: string
  readonly docString?: string
  /** Default: 10, of 2024, the first with `ai.onnx.ml` 5. */
  readonly irVersion?: number
  /** Operator set version by domain. Default: 21 for `''` and 5 for `ai.onnx.ml`. */
  readonly opsets?: ReadonlyMap<string, number>
}

export interface NodeOptions {
  /** Default: `''`, the operators of ONNX itself. */
  readonly domain?: string
  /** How many outputs to name freshly, or their names (`''` leaves one out). Default: 1. */
  readonly outputs?: number | readonly string[]
  /** Name of the node. Default: its operator and a number. */
  readonly name?: string
}

type Attributes = Readonly<Record<string, OnnxAttribute>>

/**
 * Builds a model node by node, in the order in which it is to run. Names that are not asked for are fresh: no other
 * value has them, inside subgraphs neither. The same calls give the same model.
 */
export class GraphBuilder {
  readonly #options: GraphOptions
  readonly #names: Names
  readonly #nodes: OnnxNode[] = []
  readonly #inputs: OnnxValue[] = []
  readonly #outputs: OnnxValue[] = []
  readonly #initializers = new Map<string, OnnxTensor>()
  readonly #metadata = new Map<string, string>()

  constructor(options: GraphOptions = {}, names = new Names()) {
    this.#options = options
    this.#names = names
  }

  /**
   * Declares an input and returns its name.
   * @param shape sizes; a name for a size that may vary but is the same wherever it stands, undefined for any
   */
  input(name: string, datatype: OnnxElementType, shape?: readonly OnnxDimension[]): string {
    return this.inputOf(name, { kind: 'tensor', datatype, shape })
  }

  /** Declares an input of any type (sequences, optionals, maps) and returns its name. */
  inputOf(name: string, type: OnnxType): string {
    this.#names.take(name)
    this.#inputs.push({ name, type, docString: '' })
    return name
  }

  /** Adds a constant and returns its name. The data is not copied. */
  initializer(value: Tensor, name: string = this.#names.fresh('const')): string {
    this.#names.take(name)
    this.#initializers.set(name, onnxTensor(name, value))
    return name
  }

  /** Adds a node and returns the names of its outputs. `inputs` are names of values; `''` leaves an optional one out. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, options: NodeOptions = {}): string[] {
    const { domain = '', outputs = 1, name = this.#names.fresh(opType) } = options
    const made =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, () => this.#names.fresh(`${opType}_out`))
        : [...outputs]
    for (const output of made) if (output !== '') this.#names.take(output)
    this.#nodes.push({
      name,
      domain,
      opType,
      inputs: [...inputs],
      outputs: made,
      attributes: new Map(Object.entries(attributes)),
    })
    return made
  }

  /** Adds a node with one output and returns its name. */
  op(opType: string, inputs: readonly string[], attributes?: Attributes, options?: NodeOptions): string {
    const [output, ...others] = this.node(opType, inputs, attributes, options)
    if (output === undefined || others.length > 0)
      throw new Error(`op(${quote(opType)}) is for one output, this has ${others.length + 1}; this is a bug`)
    return output
  }

  /** Declares a value that a node, an input or an initializer gives as an output of the graph. */
  output(name: string, datatype: OnnxElementType, shape?: readonly OnnxDimension[]): void {
    this.outputOf(name, { kind: 'tensor', datatype, shape })
  }

  /** Declares an output of any type; undefined leaves it to be inferred (in subgraphs). */
  outputOf(name: string, type: OnnxType | undefined): void {
    this.#outputs.push({ name, type, docString: '' })
  }

  /** Adds a metadata entry to the model; a second one of the same key takes its place. */
  metadata(key: string, value: string): void {
    this.#metadata.set(key, value)
  }

  /** A builder for a graph inside this one, for `graphAttribute(it.graph())`. It may read this one's values. */
  subgraph(name: string): GraphBuilder {
    return new GraphBuilder({ ...this.#options, name }, this.#names)
  }

  /** The graph so far, not validated. */
  graph(): OnnxGraph {
    return {
      name: this.#options.name ?? 'graph',
      docString: '',
      nodes: [...this.#nodes],
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      valueInfos: [],
      initializers: new Map(this.#initializers),
    }
  }

  /** The model. @throws {ServingError} as `validateOnnx` does */
  build(): OnnxModel {
    const { producerName = 'slipway', producerVersion = '', docString = '', irVersion = 10, opsets } = this.#options
    const model: OnnxModel = {
      irVersion,
      producerName,
      producerVersion,
      domain: '',
      modelVersion: 0n,
      docString,
      opsets:
        opsets ??
        new Map([
          ['', 21],
          ['ai.onnx.ml', 5],
        ]),
      graph: this.graph(),
      functions: [],
      metadata: new Map(this.#metadata),
    }
    validateOnnx(model)
    return model
  }
}

/** The names of values in a model under construction, shared by its graphs. */
class Names {
  readonly #taken = new Set<string>()
  readonly #counts = new Map<string, number>()
  readonly #promised = new Set<string>()

  /** A name that nothing has, beginning with `stem`. */
  fresh(stem: string): string {
    for (;;) {
      const count = (this.#counts.get(stem) ?? 0) + 1
      this.#counts.set(stem, count)
      const name = `${stem}_${count}`
      if (this.#taken.has(name)) continue
      this.#promised.add(name)
      this.#taken.add(name)
      return name
    }
  }

  /** Marks a name as given. @throws {ServingError} `invalid_argument` when it is given already */
  take(name: string): void {
    if (this.#promised.delete(name)) return
    if (this.#taken.has(name))
      throw new ServingError('invalid_argument', `the value ${quote(name)} is defined already; give it another name`)
    this.#taken.add(name)
  }
}
