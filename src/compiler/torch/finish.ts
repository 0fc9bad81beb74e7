import type { OnnxModel } from '../../onnx/index.ts'
import { Dim } from './dim.ts'
import type { Lowering } from './lowering.ts'
import type { NamedOutputs } from './outputs.ts'
import { TensorValue, unsupported } from './values.ts'

/** Declares the outputs and builds the model. */
export function finish(g: Lowering, outputs: NamedOutputs): OnnxModel {
  const inputs = new Set(g.builder.graph().inputs.map((input) => input.name))
  for (const [given, value] of outputs) {
    const name = inputs.has(given) ? `${given}_output` : given
    const tensor = value instanceof TensorValue ? value : scalar(g, value)
    if (tensor.datatype === 'BF16')
      throw unsupported('the model computes in bfloat16; export it in float32: model.float()')
    const shape = tensor.shape.map((dim) => dim.constant ?? dim.key.slice(0, 200))
    g.builder.op('Identity', [tensor.name], {}, { outputs: [name] })
    g.builder.output(name, tensor.datatype, shape)
  }
  return g.builder.build()
}

function scalar(g: Lowering, value: Dim | number | boolean): TensorValue {
  return g.scalar(value, value instanceof Dim ? 'INT64' : typeof value === 'boolean' ? 'BOOL' : 'FP32')
}
