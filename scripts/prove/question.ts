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
 */
export function askLinear(port: number, model: string, dice: Dice): Asked {
  const [a, b] = [1 + dice(MOST), dice(MOST)]
  const body = `{"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[${a},${b}]}]}`
  const head = `POST /v2/models/${model}/infer HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${body.length}\r\n\r\n`
  return {
    request: head + body,
    versionOf(text) {
      const found = answerOf(text)
      if (found === undefined) return undefined
      const factor = (found - 3 * b - 1) / a
      return Number.isSafeInteger(factor) && factor > 0 ? factor : undefined
    },
  }
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
