import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../src/compiler/compile-onnx.ts'
import { ENGINES } from '../../src/engines/index.ts'
import { readModel } from '../../src/server/read-model.ts'
import { tensor, type Tensor } from '../../src/tensor/tensor.ts'
import { readJson, toNumber, type CaseArray, type Expectation } from './case.fixture.ts'
import { describe, judgeRefusal, load, MAX_FILE_BYTES, type Verdict } from './check.fixture.ts'
import { compare, Difference } from './compare.fixture.ts'

/** A PyTorch model in several files, and what it answers to a batch and to one of another size. */
interface TorchAbout {
  readonly expect: Readonly<Record<string, Expectation>>
  readonly rtol: number
  readonly atol: number
}

type Outputs = Readonly<Record<string, CaseArray>>

interface TorchRows {
  readonly inputs: readonly CaseArray[]
  readonly outputs: Outputs
  readonly inputs_one_more_row?: readonly CaseArray[]
  readonly outputs_one_more_row?: Outputs
}

/** The files of a PyTorch case that are there, each with what is expected of it. */
export function torchFiles(folder: string): ReadonlyMap<string, Expectation> {
  const { expect } = readJson(folder, 'case.json') as TorchAbout
  return new Map(Object.entries(expect).filter(([file]) => existsSync(join(folder, file))))
}

/** Reads and compiles one file of a PyTorch case and asks it the recorded batches: tensors in the order of its inputs. */
export async function checkTorch(folder: string, file: string): Promise<Verdict> {
  const { expect, rtol, atol } = readJson(folder, 'case.json') as TorchAbout
  const path = join(folder, file)
  let compiled: CompiledModel
  try {
    compiled = (await readModel(path, readFileSync(path), MAX_FILE_BYTES)).compiled
  } catch (error) {
    return judgeRefusal({ expect: expect[file] ?? 'refuse' }, error)
  }
  const rows = readJson(folder, 'io.json') as TorchRows
  const names = compiled.outputs.map(({ name }) => name)
  try {
    const program = await load(compiled, ENGINES)
    let largest = 0
    for (const [inputs, outputs] of [
      [rows.inputs, rows.outputs],
      [rows.inputs_one_more_row, rows.outputs_one_more_row],
    ] as const) {
      if (inputs === undefined || outputs === undefined) continue
      const feeds = new Map(compiled.inputs.map((spec, i) => [spec.name, toTensor(spec.name, inputs[i])]))
      const answers = await program.run(feeds, names)
      for (const [i, wanted] of Object.entries(outputs)) {
        const given = answers.get(names[Number(i)] ?? '')
        if (given === undefined) throw new Error(`output ${i} is missing`)
        largest = Math.max(largest, compare(`output ${i}`, given, wanted, { rtol, atol }))
      }
    }
    program.release()
    return { state: 'right', largest, oneRowUs: {} }
  } catch (error) {
    return { state: error instanceof Difference ? 'wrong' : 'failed', reason: describe(error) }
  }
}

function toTensor(name: string, array: CaseArray | undefined): Tensor {
  switch (array?.dtype) {
    case 'float32':
      return tensor('FP32', array.shape, Float32Array.from(array.data, toNumber))
    case 'float64':
      return tensor('FP64', array.shape, Float64Array.from(array.data, toNumber))
    case 'int64':
      return tensor(
        'INT64',
        array.shape,
        BigInt64Array.from(array.data, (value) => BigInt(toNumber(value))),
      )
    case 'int32':
      return tensor('INT32', array.shape, Int32Array.from(array.data, toNumber))
    case 'bool':
      return tensor('BOOL', array.shape, Uint8Array.from(array.data, toNumber))
    default:
      throw new Error(`no rows for the input ${name}, or of the unknown dtype ${array?.dtype}`)
  }
}
