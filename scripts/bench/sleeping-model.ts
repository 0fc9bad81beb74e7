import { mkdir, writeFile } from 'node:fs/promises'
import { SLOW_INPUTS } from './slow-model.ts'

/** What a row takes (ms). */
const ROW_MS = 8

/** Takes what the slow model takes, and gives as much; what it says has no meaning. */
const CODE = `import { tensor, type GivenTensors, type Tensors } from 'slipway'

export const signature = {
  inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, ${SLOW_INPUTS}] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
}

export const example = {
  X: { datatype: 'FP32', shape: [2, ${SLOW_INPUTS}], data: Array.from({ length: ${2 * SLOW_INPUTS} }, (_, i) => i) },
}

export async function predict({ X }: Tensors): Promise<GivenTensors> {
  const [rows = 0, columns = 0] = X.shape
  await new Promise((done) => setTimeout(done, rows * ${ROW_MS}))
  return { y: tensor('FP32', Array.from({ length: rows }, (_, row) => Number(X.data[row * columns]))) }
}
`

/**
 * A model whose rows take milliseconds each, alone or together, and nearly no processor: a machine that it shares with who
 * asks it has time for all else. Its rows are the slow model's.
 * @param folder that it becomes: code in TypeScript, which runs in a process of its own
 */
export async function writeSleepingModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/predict.ts`, CODE)
}
