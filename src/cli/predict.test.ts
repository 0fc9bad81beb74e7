import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linearModel } from '../../test/support/models.ts'
import { runHere } from './testing.fixture.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-predict-'))
  await writeFile(join(folder, 'linear.onnx'), linearModel())
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function predict(name: string, rows: string) {
  await writeFile(join(folder, name), rows)
  const model = join(folder, 'linear.onnx')
  const ran = await runHere(['predict', model, '--in', join(folder, name), '--data', folder])
  return { ...ran, answer: ran.code === 0 ? (JSON.parse(ran.stdout) as { outputs: { data: number[] }[] }) : undefined }
}

describe('slipway predict', () => {
  test.each([
    ['rows.csv', '1,2\n4,5\n'],
    ['rows.jsonl', '[1,2]\n[4,5]\n'],
    ['rows.json', '{"inputs":[{"name":"X","datatype":"FP32","shape":[2,2],"data":[1,2,4,5]}]}'],
  ])('answers the rows of %s', async (name, rows) => {
    const { answer } = await predict(name, rows)
    expect(answer?.outputs.map(({ data }) => data)).toEqual([[9, 24]])
  })

  test('names the row and the column that are wrong', async () => {
    const { code, stderr } = await predict('bad.csv', '1,2\n4,x\n')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/row 2.*X_1/)])
  })

  test("answers the model's own example when asked nothing", async () => {
    const { code, stdout } = await runHere(['predict', join(folder, 'linear.onnx'), '--data', folder])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ model_name: 'linear' })
  })
})
