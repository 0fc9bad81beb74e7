import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Engine } from './engine.ts'
import { firstLine, OrtError } from './onnxruntime/errors.ts'
import { library } from './onnxruntime/library.ts'
import { labelOf } from './onnxruntime/run-marks.ts'
import { ENGINE_VERSIONS } from './versions.ts'
import { loadKernel } from './named-kernels/load.ts'
import { openSession, openSessionOffLoop } from './onnxruntime/session.ts'
import { OrtStep } from './onnxruntime/step.ts'

/** ONNX Runtime on the CPU, one thread a run: the engine that runs everything. */
export const onnxruntime: Engine = {
  name: 'onnxruntime',
  version: ENGINE_VERSIONS.onnxruntime,
  prepare: () => void library(),
  refusal: ({ kind }) => (kind === 'python' || kind === 'typescript' ? 'it runs no code' : undefined),
  async load(step, read, { isQuick = false, isBackground = false, label } = {}) {
    if (step.kind === 'kernel') return loadKernel(step, read)
    if (step.kind !== 'onnx') throw new Error('ONNX Runtime was given code; this is a bug')
    const graph = read(step.file)
    const optimization = isQuick ? 'off' : step.optimization
    const mark = label === undefined ? undefined : labelOf(label)
    try {
      return new OrtStep(
        isBackground ? await openSessionOffLoop(graph, optimization, mark) : openSession(graph, optimization, mark),
        mark,
      )
    } catch (error) {
      if (!(error instanceof OrtError)) throw error
      throw new ServingError('refused', `ONNX Runtime turned the graph ${quote(step.file)} down: ${firstLine(error)}`, {
        cause: error,
      })
    }
  },
}
