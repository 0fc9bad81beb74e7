import type { Dice } from '../soak/models.ts'

/** One request and what its answer must be. */
export interface Asked {
  readonly request: string
  /** What an answer with status 200 says: which version of the model gave it; undefined when it is wrong. */
  readonly versionOf: (body: string) => number | undefined
}

/** Numbers are drawn below this, so that every answer is exact in FP32. */
const MOST = 1000

/**
 * Asks a linear model whose answer to `[a, b]` is `factor · a + 3b + 1`: numbers of its own for each request, so that an
 * answer tells whose it is and, by the factor, which version gave it.
 * @param key for `Authorization`; none where nobody asks for one
 */
export function askLinear(port: number, model: string, dice: Dice, key?: string): Asked {
  const [a, b] = drawRow(dice)
  const body = `{"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[${a},${b}]}]}`
  const header = key === undefined ? '' : `authorization: Bearer ${key}\r\n`
  const head = `POST /v2/models/${model}/infer HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${header}content-length: ${body.length}\r\n\r\n`
  return { request: head + body, versionOf: (text) => factorOf(answerOf(text), a, b) }
}

export function drawRow(dice: Dice): [number, number] {
  return [1 + dice(MOST), dice(MOST)]
}

/** The factor of the version that answered so; undefined when none did. */
export function factorOf(answer: number | undefined, a: number, b: number): number | undefined {
  if (answer === undefined) return undefined
  const factor = (answer - 3 * b - 1) / a
  return Number.isSafeInteger(factor) && factor > 0 ? factor : undefined
}

/** The one number that a V2 answer holds; undefined for anything else. */
function answerOf(text: string): number | undefined {
  try {
    const { outputs } = JSON.parse(text) as { outputs: readonly { readonly data: readonly number[] }[] }
    const [output] = outputs
    return outputs.length === 1 && output?.data.length === 1 ? output.data[0] : undefined
  } catch {
    return undefined
  }
}
