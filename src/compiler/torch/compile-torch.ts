import type { ExportedProgram, TorchProgram } from '../../formats/torch/program.ts'
import { GraphBuilder, type OnnxModel } from '../../onnx/index.ts'
import { compileOnnx, type CompiledModel } from '../compile-onnx.ts'
import { compileExported } from './compile-exported.ts'
import { compileScript } from './compile-script.ts'
import { finish } from './finish.ts'
import { Lowering } from './lowering.ts'

/**
 * Compiles a PyTorch program to one ONNX graph. Its inputs are called as in the program; its outputs `output`, or
 * `output_0`, `output_1`, … of a tuple, or the keys of a dict. Sizes that were exported as dynamic stay so; of TorchScript the
 * first one.
 * @throws {ServingError} `unsupported` naming the operator, feature or datatype that is not compiled; `refused` for programs
 *   that contradict themselves
 */
export function compileTorch(program: TorchProgram): CompiledModel {
  const { model, warnings } = program.kind === 'script' ? compileScript(program) : compileGraph(program)
  const compiled = compileOnnx(model)
  return {
    ...compiled,
    format: program.kind === 'script' ? 'torchscript' : 'pt2',
    producer: program.kind === 'script' ? 'torch.jit' : `torch ${program.torchVersion}`.trim(),
    warnings: [...(compiled.warnings ?? []), ...warnings],
  }
}

function compileGraph(program: ExportedProgram): { model: OnnxModel; warnings: readonly string[] } {
  const g = new Lowering(new GraphBuilder({ name: 'torch' }))
  const outputs = compileExported(g, program)
  return { model: finish(g, outputs), warnings: [...g.warnings] }
}
