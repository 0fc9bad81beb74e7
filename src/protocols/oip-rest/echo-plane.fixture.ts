import { choicesOf } from '../../runtime/choices.fixture.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import { checkInputs, selectOutputs, type Signature, type TensorSpec } from '../../tensor/signature.ts'
import { tensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'

/**
 * A plane of one model, `echo`: an output is the input of its name, or else the first; and what it was asked with.
 */
export function echoPlane(
  specs: readonly TensorSpec[],
  outputs: readonly TensorSpec[] = specs,
): { readonly plane: DataPlane; readonly asked: Tensors[] } {
  const asked: Tensors[] = []
  const signature: Signature = { inputs: specs, outputs }
  const model: ServedModel = {
    name: 'echo',
    version: '0123456789abcdef'.repeat(4),
    signature,
    example: new Map(),
    engines: ['echo'],
    batching: { rowsAreIndependent: false, reason: 'a test says so' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
  }
  const plane: DataPlane = {
    isReady: () => true,
    models: () => [model],
    model: () => model,
    predict(_model, inputs, context) {
      checkInputs(inputs, signature)
      asked.push(inputs)
      const given = [...inputs.values()]
      const names = selectOutputs(context.outputs, signature)
      const outputOf = (name: string): Tensor => inputs.get(name) ?? given[0] ?? tensor('BYTES', [0], [])
      return Promise.resolve({ model, outputs: new Map(names.map((name) => [name, outputOf(name)])) })
    },
  }
  return { plane, asked }
}
