/** The runner's own part in what code is given and gives, asked without a process of its own: what needs numpy. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { runPython } from '../../../test/support/python.ts'

const RUNNER = join(import.meta.dirname, 'runner')

const PREAMBLE = `
import io, json, sys
sys.path.insert(0, ${JSON.stringify(RUNNER)})
import numpy as np
from slipway_runner import arrays, bodies, failures
from slipway_runner.failures import Refusal

def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()

def told(do):
    try:
        value = do()
    except Refusal as refusal:
        return [refusal.code, refusal.message]
    if isinstance(value, arrays.Tensor):
        return [value.datatype, list(value.shape), arrays.to_array(value).tolist()]
    return value.tolist()

def spec(datatype, shape):
    return {"name": "y", "datatype": datatype, "shape": shape}

def given(value, datatype, shape):
    return told(lambda: arrays.as_specified("y", arrays.from_array(value), spec(datatype, shape)))

def read(body, kind):
    return told(lambda: bodies.decode(body, kind))
`

/** What each of some expressions in Python gives. */
async function evaluate(expressions: readonly string[]): Promise<unknown[]> {
  const script = `${PREAMBLE}\nprint(json.dumps([${expressions.join(', ')}]))`
  return JSON.parse(await runPython('models', ['-c', script])) as unknown[]
}

describe.skipIf(!needs('python environment models'))('the runner', () => {
  test('gives outputs as the signature has them where that loses nothing, and refuses all else', async () => {
    const cases: [string, unknown][] = [
      ['given([1, 2], "FP64", [-1])', ['FP64', [2], [1, 2]]],
      ['given(np.float32([0.5]), "FP64", [-1])', ['FP64', [1], [0.5]]],
      ['given([True], "INT64", [-1])', ['INT64', [1], [1]]],
      ['given([2.0], "INT32", [1])', ['INT32', [1], [2]]],
      ['given(np.ma.array([1.0, 2.0], mask=[True, False]) * 1 == 2, "BOOL", [-1])', ['internal', /masked elements/]],
      ['given([2.5], "INT64", [-1])', ['internal', 'the code gave "y" as FP64; its signature has INT64']],
      ['given([float("nan")], "INT64", [-1])', ['internal', /as FP64; its signature has INT64/]],
      ['given([2**53 + 1], "FP64", [-1])', ['internal', /as INT64; its signature has FP64/]],
      ['given([2**63 - 1], "FP64", [-1])', ['internal', /as INT64; its signature has FP64/]],
      ['given([9.3e18], "INT64", [-1])', ['internal', /as FP64; its signature has INT64/]],
      ['given([2.0**63, -1.0], "UINT64", [-1])', ['internal', /as FP64; its signature has UINT64/]],
      ['given([-2.0**63], "INT64", [1])', ['INT64', [1], [-(2 ** 63)]]],
      ['given([300], "UINT8", [-1])', ['internal', /as INT64; its signature has UINT8/]],
      ['given([-1], "UINT64", [-1])', ['internal', /as INT64; its signature has UINT64/]],
      ['given([2], "BOOL", [-1])', ['internal', /as INT64; its signature has BOOL/]],
      ['given(["a"], "FP64", [-1])', ['internal', /as BYTES; its signature has FP64/]],
      ['given([1.0], "BYTES", [-1])', ['internal', /as FP64; its signature has BYTES/]],
      [
        'given([[1.0, 2.0]], "FP64", [-1])',
        ['internal', 'the code gave "y" of the shape [1, 2]; its signature has [-1]'],
      ],
      ['given([[1.0, 2.0]], "FP64", [-1, 3])', ['internal', /of the shape \[1, 2\]/]],
      ['given(5.0, "FP64", [-1])', ['internal', /of the shape \[\]/]],
      ['given([object()], "BYTES", [-1])', ['internal', /an object of the class object/]],
      ['given((i for i in [1]), "BYTES", [])', ['internal', /an object of the class generator/]],
      ['given([{"a": 1}], "BYTES", [-1])', ['internal', /nested lists of unequal lengths, or objects/]],
      ['given([1j], "FP64", [-1])', ['internal', /array of complex128/]],
      ['given(np.array(["a", None, 3], dtype=object), "BYTES", [-1])', ['BYTES', [3], ['a', '', '3']]],
    ]
    const found = await evaluate(cases.map(([expression]) => expression))
    for (const [i, [expression, expected]] of cases.entries()) {
      const [first, second] = expected as [string, unknown]
      if (second instanceof RegExp) expect(found[i], expression).toEqual([first, expect.stringMatching(second)])
      else expect(found[i], expression).toEqual(expected)
    }
  })

  test('says of bodies that cannot be read that the caller is to mend them, and reads no word as a missing number', async () => {
    const json = '"application/json"'
    const csv = '"text/csv"'
    const binary = '"application/x-npy"'
    const cases: [string, RegExp | unknown[]][] = [
      [
        `read(b"1,,nan\\n2,3,4\\n", ${csv}) != None and read(b"1,2\\n3,4\\n", ${csv})`,
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [`read(b"a,b\\n1,2\\n", ${csv})`, /^row 1, column 1 of the body is "a", and no number/],
      [`read(b"1,2\\n3,four\\n", ${csv})`, /^row 2, column 2 of the body is "four"/],
      [`read(b'1,"2"', ${csv})`, /^row 1, column 2/],
      [`read(b"1,2\\n3\\n", ${csv})`, /cannot be read as text\/csv/],
      [`read(b" ", ${csv})`, /^the body is empty/],
      [`read(b"{", ${json})`, /cannot be read as application\/json: .*Expecting/],
      [`read(b"[[1,2],[3]]", ${json})`, /cannot be read as application\/json/],
      [`read(b"[" * 100000, ${json})`, /RecursionError/],
      [`read(npy(np.array([1, "a"], dtype=object)), ${binary})`, /allow_pickle=False/],
      [`read(npy(np.ones(4))[:-3], ${binary})`, /cannot be read as application\/x-npy/],
      [`read(b"junk", ${binary})`, /cannot be read as application\/x-npy/],
    ]
    const found = await evaluate(cases.map(([expression]) => expression))
    for (const [i, [expression, expected]] of cases.entries())
      if (expected instanceof RegExp)
        expect(found[i], expression).toEqual(['invalid_argument', expect.stringMatching(expected)])
      else expect(found[i], expression).toEqual(expected)
  })
})
